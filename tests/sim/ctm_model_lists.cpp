// Contact lists: rows, their keys, and what adding and removing does to the person behind a row.
#include <algorithm>

#include "tests/sim/ctm_model.h"
#include "tests/sim/ctm_phone.h"

namespace tandem::sim {

const CtmList& CtmAccount::create_list(std::string_view actor, const std::string& title,
                                       const std::string& text, const std::string& user_id) {
  lists_.push_back({world_.opaque_id("CLS", 64), title, text, user_id, now(), now()});
  rows_.try_emplace(lists_.back().id);
  log(actor, "create", lists_.back().id, "", "list", "", title);
  return lists_.back();
}

const CtmList* CtmAccount::list(std::string_view list_id) const {
  const auto found = std::ranges::find(lists_, list_id, &CtmList::id);
  return found == lists_.end() ? nullptr : &*found;
}

const CtmList* CtmAccount::list_named(std::string_view title) const {
  const auto found = std::ranges::find(lists_, title, &CtmList::name);
  return found == lists_.end() ? nullptr : &*found;
}

CtmOutcome CtmAccount::change_list(std::string_view actor, const std::string& list_id,
                                   const std::string& title, const std::string& text) {
  const auto found = std::ranges::find(lists_, list_id, &CtmList::id);
  if (found == lists_.end()) return {CtmCode::missing, "list not found", 0};
  if (!title.empty() && title != found->name) {
    log(actor, "update", list_id, "", "list", found->name, title);
    found->name = title;
  }
  if (!text.empty()) found->description = text;
  found->updated_ms = now();
  return {};
}

CtmOutcome CtmAccount::delete_list(std::string_view actor, const std::string& list_id) {
  const auto found = std::ranges::find(lists_, list_id, &CtmList::id);
  if (found == lists_.end()) return {CtmCode::missing, "list not found", 0};
  std::vector<std::int64_t> ids;
  for (const auto& [membership_id, row] : rows_.at(list_id).live) ids.push_back(membership_id);
  for (const std::int64_t membership_id : ids) drop_row(actor, list_id, membership_id);
  log(actor, "delete", list_id, "", "list", found->name);
  lists_.erase(found);
  rows_.erase(list_id);
  return {};
}

void CtmAccount::touch(const std::string& list_id) {
  if (!world_.switches_.on("list_updated_at_moves")) return;
  const auto found = std::ranges::find(lists_, list_id, &CtmList::id);
  if (found != lists_.end()) found->updated_ms = now();
}

const std::vector<CtmAccount::Rows::Entry>& CtmAccount::rows(const std::string& list_id) {
  static const std::vector<Rows::Entry> kNone;
  const auto found = rows_.find(list_id);
  return found == rows_.end() ? kNone : found->second.index.rows(now());
}

std::vector<CtmRow> CtmAccount::live_rows(std::string_view list_id) const {
  std::vector<CtmRow> out;
  const auto found = rows_.find(list_id);
  if (found == rows_.end()) return out;
  for (const auto& [membership_id, row] : found->second.live) {
    const CtmContact& contact = contacts_.at(row.contact_id);
    out.push_back({row, contact.who, contact.caller_name});
  }
  return out;
}

std::int64_t CtmAccount::count(const std::string& list_id) {
  if (world_.switches_.is("list_count", "indexed")) return static_cast<std::int64_t>(rows(list_id).size());
  const auto found = rows_.find(list_id);
  return found == rows_.end() ? 0 : static_cast<std::int64_t>(found->second.live.size());
}

void CtmAccount::index_row(const CtmMembership& row, const CtmContact& contact) {
  rows_.at(row.list_id).index.put(row.id, CtmRow{row, contact.who, contact.caller_name}, due());
}

void CtmAccount::add_row(std::string_view actor, const std::string& list_id, CtmContact& contact,
                         const std::string& number) {
  ListRows& into = rows_.at(list_id);
  const CtmMembership row{world_.next_membership++, list_id, contact.id, number, false};
  into.live[row.id] = row;
  into.by_number[number].push_back(row.id);
  rows_of_[contact.id].emplace(list_id, row.id);
  index_row(row, contact);
  touch(list_id);
  log(actor, "list_add", std::to_string(row.id), number, "list", "", list_id);
}

void CtmAccount::drop_row(std::string_view actor, const std::string& list_id, std::int64_t membership_id) {
  ListRows& from = rows_.at(list_id);
  const auto found = from.live.find(membership_id);
  if (found == from.live.end()) return;
  const CtmMembership row = found->second;
  from.live.erase(found);
  std::erase(from.by_number[row.number], membership_id);
  from.index.erase(membership_id, due());
  rows_of_[row.contact_id].erase({list_id, membership_id});
  touch(list_id);
  log(actor, "list_remove", std::to_string(row.id), row.number, "list", list_id);
  const auto contact = contacts_.find(row.contact_id);
  if (contact != contacts_.end() && contact->second.of_one_row) {
    from.left[row.number] = contact->second.who;  // add_contact_rejoin=keeps_old remembers
    drop_contact(actor, row.contact_id);
  }
}

std::optional<CtmOutcome> CtmAccount::check_new(CtmPatch& patch) const {
  const Switches& sw = world_.switches_;
  std::string number = patch["number"].value_or("");
  if (!ctm_is_e164(number)) {
    const std::string& policy = sw.text("add_contact_bad_number");
    if (policy == "normalise") number = ctm_from_national_us(number);
    const bool usable = (policy == "store" || policy == "normalise") && !number.empty();
    if (!usable) {
      return CtmOutcome{policy == "error200" ? CtmCode::soft : CtmCode::refused,
                        "number is not a valid phone number", 0};
    }
    patch["number"] = number;
  }
  const std::string& unregistered = sw.text("list_custom_unregistered");
  for (auto it = patch.begin(); it != patch.end();) {
    const bool odd = it->first.starts_with(kCtmCustom) && !registered(it->first.substr(kCtmCustom.size()));
    if (odd && unregistered == "error406") {
      return CtmOutcome{CtmCode::refused, "unknown custom field " + it->first.substr(kCtmCustom.size()), 0};
    }
    it = odd && unregistered == "drop" ? patch.erase(it) : std::next(it);
  }
  return std::nullopt;
}

CtmOutcome CtmAccount::add_contact(std::string_view actor, const std::string& list_id,
                                   const CtmPatch& patch) {
  if (list(list_id) == nullptr) return {CtmCode::missing, "list not found", 0};
  CtmPatch given = accepted(actor, patch);
  if (auto refusal = check_new(given)) return *refusal;
  const Switches& sw = world_.switches_;
  const std::string number = *given.at("number");
  const bool shared = sw.on("contact_shared_across_lists");
  ListRows& into = rows_.at(list_id);
  const auto present = into.by_number.find(number);
  const bool here = present != into.by_number.end() && !present->second.empty();
  if (here) {
    const std::string& policy = sw.text("add_contact_existing");
    CtmContact& old = contacts_.at(into.live.at(present->second.front()).contact_id);
    if (policy == "error406") return {CtmCode::refused, "contact is already in the list", old.id};
    if (policy == "upsert") {
      edit_contact(actor, "update", old, given);
      if (actor == "api") contact_panel(actor, number, 0);
    }
    if (policy != "duplicate_row") return {CtmCode::ok, "", old.id};
  }
  // A number that is no key of a contact makes a new one with every add.
  CtmContact* contact = shared && sw.on("number_unique") ? known(number) : nullptr;
  if (contact != nullptr) {
    if (here || sw.is("add_contact_rejoin", "takes_new")) edit_contact(actor, "update", *contact, given);
  } else {
    contact = &new_contact(actor, number, !shared);
    const auto left = into.left.find(number);
    if (!shared && left != into.left.end() && sw.is("add_contact_rejoin", "keeps_old"))
      contact->who = left->second;
    else
      edit_contact(actor, "update", *contact, given);
  }
  add_row(actor, list_id, *contact, number);
  if (actor == "api") contact_panel(actor, number, 0);  // a trigger's echo of our own write, by switch
  return {CtmCode::ok, "", contact->id};
}

CtmOutcome CtmAccount::remove_contacts(std::string_view actor, const std::string& list_id,
                                       std::span<const std::string> wanted) {
  if (list(list_id) == nullptr) return {CtmCode::missing, "list not found", 0};
  const bool whole = world_.switches_.is("remove_scope", "contact");
  bool any = false;
  for (const auto& number : wanted) {
    const ListRows& from = rows_.at(list_id);
    const auto present = from.by_number.find(number);
    if (present == from.by_number.end()) continue;
    const std::vector<std::int64_t> ids = present->second;
    for (const std::int64_t membership_id : ids) {
      const auto row = from.live.find(membership_id);
      if (row == from.live.end()) continue;  // went with its contact
      const std::int64_t contact_id = row->second.contact_id;
      any = true;
      drop_row(actor, list_id, membership_id);
      if (whole) drop_contact(actor, contact_id);
    }
  }
  if (!any && world_.switches_.is("remove_absent", "404")) return {CtmCode::missing, "contact not found", 0};
  return {};
}

CtmOutcome CtmAccount::move_contact(std::string_view actor, const std::string& from_list,
                                    const std::string& to_list, const std::string& number) {
  if (list(from_list) == nullptr || list(to_list) == nullptr) return {CtmCode::missing, "list not found", 0};
  const auto present = rows_.at(from_list).by_number.find(number);
  if (present == rows_.at(from_list).by_number.end() || present->second.empty()) {
    return {CtmCode::missing, "contact not found", 0};
  }
  const std::int64_t membership_id = present->second.front();
  CtmContact& contact = contacts_.at(rows_.at(from_list).live.at(membership_id).contact_id);
  const std::int64_t contact_id = contact.id;
  const bool own = contact.of_one_row;
  contact.of_one_row = false;  // it must outlive the row it leaves
  drop_row(actor, from_list, membership_id);
  contact.of_one_row = own;
  add_row(actor, to_list, contact, number);
  return {CtmCode::ok, "", contact_id};
}
}  // namespace tandem::sim
