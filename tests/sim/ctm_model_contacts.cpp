// Account-level contacts: the record that shared list rows and calls of a number show.
#include <algorithm>

#include "tests/sim/ctm_model.h"
#include "tests/sim/ctm_phone.h"

namespace tandem::sim {

CtmContact& CtmAccount::new_contact(std::string_view actor, const std::string& number, bool of_one_row) {
  const std::int64_t contact_id = world_.next_contact++;
  CtmContact& made = contacts_[contact_id];
  made.id = contact_id;
  made.numbers = {number};
  made.of_one_row = of_one_row;
  made.created_ms = made.updated_ms = now();
  if (!of_one_row) by_number_[number].push_back(contact_id);
  log(actor, "create", std::to_string(contact_id), number);
  contact_index_.put(contact_id, made, due());
  return made;
}

CtmContact* CtmAccount::known(std::string_view number) {
  const auto found = by_number_.find(std::string(number));
  return found == by_number_.end() || found->second.empty() ? nullptr : &contacts_.at(found->second.back());
}

const CtmContact* CtmAccount::contact_of(std::string_view number) const {
  const auto found = by_number_.find(std::string(number));
  return found == by_number_.end() || found->second.empty() ? nullptr : &contacts_.at(found->second.back());
}

const CtmContact* CtmAccount::contact(std::int64_t contact_id) const {
  const auto found = contacts_.find(contact_id);
  return found == contacts_.end() ? nullptr : &found->second;
}

const std::vector<CtmAccount::Contacts::Entry>& CtmAccount::contact_rows() {
  return contact_index_.rows(now());
}

void CtmAccount::reindex(const CtmContact& contact) {
  contact_index_.put(contact.id, contact, due());
  const auto rows = rows_of_.find(contact.id);
  if (rows == rows_of_.end()) return;
  for (const auto& [list_id, membership_id] : rows->second) {
    index_row(rows_.at(list_id).live.at(membership_id), contact);
  }
}

void CtmAccount::edit_contact(std::string_view actor, std::string_view action, CtmContact& contact,
                              const CtmPatch& patch) {
  const std::string number = contact.numbers.empty() ? "" : contact.numbers.front();
  const auto changed = apply(actor, action, std::to_string(contact.id), number, contact.who, patch);
  if (changed.empty()) return;
  contact.updated_ms = now();
  reindex(contact);
  // Where activities show the one record of a person, an edit of it is seen in all of them.
  if (world_.switches_.is("modify.scope", "contact_and_all") && !contact.of_one_row)
    spread(actor, contact, changed);
}

void CtmAccount::spread(std::string_view actor, const CtmContact& contact,
                        const std::vector<std::string>& fields) {
  CtmPatch patch;
  for (const auto& field : fields) patch[field] = ctm_value(contact.who, field);
  for (const auto& number : contact.numbers) {
    for (const std::int64_t activity_id : activities_of(number)) {
      CtmActivity& activity = *find(activity_id);
      const auto changed = apply(actor, "cascade", std::to_string(activity_id), number, activity.who, patch);
      if (changed.empty()) continue;
      activity.changed_ms = now();
      reindex(activity);
    }
  }
}

void CtmAccount::log_lost(std::string_view actor, const CtmContact& contact) {
  const std::string record = std::to_string(contact.id);
  const std::string number = contact.numbers.empty() ? "" : contact.numbers.front();
  for (const char* field : {"name", "email", "street", "city", "state", "postal_code", "country"}) {
    const std::string value = ctm_value(contact.who, field);
    if (!value.empty()) log(actor, "delete", record, number, field, value);
  }
  for (const auto& [api_name, value] : contact.who.custom) {
    log(actor, "delete", record, number, std::string(kCtmCustom) + api_name, value);
  }
  log(actor, "delete", record, number);
}

void CtmAccount::drop_contact(std::string_view actor, std::int64_t contact_id) {
  const auto found = contacts_.find(contact_id);
  if (found == contacts_.end()) return;
  found->second.of_one_row = false;  // so that drop_row does not come back here
  const auto rows = rows_of_[contact_id];
  for (const auto& [list_id, membership_id] : rows) drop_row(actor, list_id, membership_id);
  rows_of_.erase(contact_id);
  log_lost(actor, found->second);
  for (const auto& number : found->second.numbers) std::erase(by_number_[number], contact_id);
  contacts_.erase(found);
  contact_index_.erase(contact_id, due());
}

CtmOutcome CtmAccount::create_contact(std::string_view actor, const CtmPatch& patch) {
  CtmPatch given = accepted(actor, patch);
  if (auto refusal = check_new(given)) return *refusal;
  const std::string number = *given.at("number");
  if (const CtmContact* old = known(number); old != nullptr && world_.switches_.on("number_unique")) {
    return {CtmCode::refused, "number has already been taken", old->id};
  }
  CtmContact& made = new_contact(actor, number, false);
  edit_contact(actor, "update", made, given);
  contact_panel(actor, number, 0);
  return {CtmCode::ok, "", made.id};
}

bool CtmAccount::rekey(std::string_view actor, CtmContact& contact, const std::string& number) {
  const std::string old = contact.numbers.front();
  if (old == number) return true;
  if (known(number) != nullptr && world_.switches_.on("number_unique") && !contact.of_one_row) return false;
  log(actor, "update", std::to_string(contact.id), old, "number", old, number);
  contact.numbers.front() = number;
  contact.updated_ms = now();
  if (!contact.of_one_row) {
    std::erase(by_number_[old], contact.id);
    by_number_[number].push_back(contact.id);
  }
  for (const auto& [list_id, membership_id] : rows_of_[contact.id]) {
    ListRows& in = rows_.at(list_id);
    CtmMembership& row = in.live.at(membership_id);
    if (row.number != old) continue;
    row.number = number;
    std::erase(in.by_number[old], membership_id);
    in.by_number[number].push_back(membership_id);
  }
  reindex(contact);
  return true;
}

CtmOutcome CtmAccount::change_contact(std::string_view actor, std::int64_t contact_id,
                                      const CtmPatch& patch) {
  const auto found = contacts_.find(contact_id);
  if (found == contacts_.end()) return {CtmCode::missing, "contact not found", 0};
  CtmContact& contact = found->second;
  CtmPatch given = accepted(actor, patch);
  if (const auto number = given.find("number"); number != given.end()) {
    CtmPatch probe = {{"number", number->second}};
    if (auto refusal = check_new(probe)) return *refusal;
    if (!rekey(actor, contact, *probe.at("number")))
      return {CtmCode::refused, "number has already been taken", 0};
    given.erase(number);
  }
  edit_contact(actor, "update", contact, given);
  contact_panel(actor, contact.numbers.front(), 0);
  return {CtmCode::ok, "", contact_id};
}

CtmOutcome CtmAccount::delete_contact(std::string_view actor, std::int64_t contact_id) {
  if (!contacts_.contains(contact_id)) return {CtmCode::missing, "contact not found", 0};
  drop_contact(actor, contact_id);
  return {};
}

// One contact_id goes. Where contacts have several numbers the survivor gets the loser's, and its list
// rows; where they have one, the loser's number is nobody's until it calls again.
CtmOutcome CtmAccount::merge_contacts(std::string_view actor, std::int64_t survivor, std::int64_t loser) {
  if (!contacts_.contains(survivor) || !contacts_.contains(loser) || survivor == loser) {
    return {CtmCode::missing, "contact not found", 0};
  }
  CtmContact& kept = contacts_.at(survivor);
  CtmContact& gone = contacts_.at(loser);
  CtmPatch fill;  // what the survivor lacks it takes from the other
  for (const char* field : {"name", "email", "street", "city", "state", "postal_code", "country"}) {
    if (ctm_value(kept.who, field).empty()) fill[field] = ctm_value(gone.who, field);
  }
  for (const auto& [api_name, value] : gone.who.custom) {
    if (!kept.who.custom.contains(api_name)) fill[std::string(kCtmCustom) + api_name] = value;
  }
  std::vector<std::pair<std::string, std::string>> rows;  // list, number
  const bool several = world_.switches_.on("multi_number_contacts");
  const std::vector<std::string> gained = gone.numbers;
  if (several) {
    for (const auto& [list_id, membership_id] : rows_of_[loser]) {
      rows.emplace_back(list_id, rows_.at(list_id).live.at(membership_id).number);
    }
  }
  drop_contact(actor, loser);
  if (several) {
    for (const auto& number : gained) {
      if (std::ranges::find(kept.numbers, number) == kept.numbers.end()) kept.numbers.push_back(number);
      by_number_[number].push_back(survivor);
    }
    log(actor, "merge", std::to_string(survivor), kept.numbers.front(), "number", "", gained.front());
    for (const auto& [list_id, number] : rows) add_row(actor, list_id, kept, number);
  }
  edit_contact(actor, "merge", kept, fill);
  reindex(kept);
  return {CtmCode::ok, "", survivor};
}
}  // namespace tandem::sim
