#include "tests/sim/ctm_model.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace tandem::sim {
namespace {
struct NamedField {
  std::string_view name;
  std::string CtmIdentity::*member;
};
constexpr std::array kFields = std::to_array<NamedField>({
    {"name", &CtmIdentity::name},
    {"first_name", &CtmIdentity::first_name},
    {"last_name", &CtmIdentity::last_name},
    {"email", &CtmIdentity::email},
    {"street", &CtmIdentity::street},
    {"city", &CtmIdentity::city},
    {"state", &CtmIdentity::state},
    {"postal_code", &CtmIdentity::postal_code},
    {"country", &CtmIdentity::country},
});

// Twelve users, each with a private list: one page of lists is then not all of them.
struct Colleague {
  const char *first, *last, *role;
};
constexpr std::array kColleagues = std::to_array<Colleague>({
    {"Ottilie", "Brandt", "admin"},
    {"Rafael", "Sequeira", "call_manager"},
    {"Noor", "Haddad", "agent"},
    {"Pia", "Lindqvist", "agent"},
    {"Desmond", "Okafor", "agent"},
    {"Yuki", "Tanabe", "agent"},
    {"Carys", "Pugh", "agent"},
    {"Mateo", "Ibarra", "agent"},
    {"Ilse", "Vermeer", "agent"},
    {"Tomasz", "Wilk", "agent"},
    {"Anjali", "Rao", "agent"},
    {"Leon", "Fischer", "agent"},
});
}  // namespace

std::string ctm_value(const CtmIdentity& who, std::string_view field) {
  if (field.starts_with(kCtmCustom)) {
    const auto found = who.custom.find(std::string(field.substr(kCtmCustom.size())));
    return found == who.custom.end() ? "" : found->second;
  }
  const auto* known = std::ranges::find(kFields, field, &NamedField::name);
  return known == kFields.end() ? "" : who.*known->member;
}

void ctm_set(CtmIdentity& who, std::string_view field, const std::string& value) {
  if (field.starts_with(kCtmCustom)) {
    const std::string api_name(field.substr(kCtmCustom.size()));
    if (value.empty())
      who.custom.erase(api_name);
    else
      who.custom[api_name] = value;
    return;
  }
  const auto* known = std::ranges::find(kFields, field, &NamedField::name);
  if (known != kFields.end()) who.*known->member = value;
}

std::vector<std::string> CtmActivity::tags_at(std::int64_t as_of_ms) const {
  std::vector<std::string> seen;
  if (as_of_ms >= ready_ms) seen = final_tags;
  for (const auto& tag : tags) {
    if (std::ranges::find(seen, tag) == seen.end()) seen.push_back(tag);
  }
  return seen;
}

std::int64_t CtmActivity::touched_ms(std::int64_t as_of_ms) const {
  std::int64_t touched = std::max(start_ms, changed_ms);
  for (const std::int64_t stage : {end_ms, ready_ms, transcript_ms}) {
    if (stage <= as_of_ms) touched = std::max(touched, stage);
  }
  return touched;
}

CtmModel::CtmModel(NowMs now, CtmSetup setup)
    : now_(std::move(now)), state_(setup.seed), switches_(ctm_switch_specs()) {
  logging_ = false;
  instant_ = true;
  keys_.push_back({setup.access_key, setup.secret_key, setup.agency_id, setup.account_id});
  accounts_.push_back(std::make_unique<CtmAccount>(*this, setup.account_id, setup.agency_id,
                                                   setup.account_name, setup.timezone));
  CtmAccount& main = account();
  for (const auto& person : kColleagues) {
    CtmUser user{opaque_id("USR", 64), person.first, person.last, "", person.role, "", next_small++};
    user.email = fmt::format("{}@larkspur.example.com", person.first);
    user.email.front() = static_cast<char>(user.email.front() | 0x20);
    user.phone = fmt::format("+1217555{:04}", 110 + main.users.size());
    main.create_list("server", fmt::format("User {} {}", person.first, person.last), "", user.id);
    main.users.push_back(std::move(user));
  }
  for (const auto& [number, label, receiving] :
       {std::tuple{"+12175550160", "Website", false}, std::tuple{"+12175550161", "Search ads", false},
        std::tuple{"+12175550170", "Front desk", true}}) {
    main.numbers.push_back(
        {opaque_id(receiving ? "RPN" : "TPN", 64), number, label, next_small++, receiving});
  }
  main.form_reactors[opaque_id("FRT", 64)] = "Quote request";
  if (!setup.sync_list.empty()) {
    sync_list_ = main.create_list("server", setup.sync_list, "kept in step by tandem").id;
  }
  logging_ = true;
  instant_ = false;
}

CtmAccount* CtmModel::account(std::int64_t account_id) {
  const auto found = std::ranges::find_if(accounts_, [&](const auto& a) { return a->id == account_id; });
  return found == accounts_.end() ? nullptr : found->get();
}

CtmAccount& CtmModel::add_account(const std::string& title, const std::string& timezone,
                                  std::int64_t agency_id) {
  const std::int64_t account_id = accounts_.back()->id + 7;
  accounts_.push_back(std::make_unique<CtmAccount>(*this, account_id, agency_id, title, timezone));
  return *accounts_.back();
}

std::string CtmModel::sync_list() const { return accounts_.front()->list(sync_list_) ? sync_list_ : ""; }

const CtmKey* CtmModel::key(std::string_view access) const {
  const auto found =
      std::ranges::find_if(keys_, [&](const CtmKey& k) { return k.enabled && k.access == access; });
  return found == keys_.end() ? nullptr : &*found;
}

CtmKey CtmModel::make_key(std::int64_t agency_id, std::int64_t account_id) {
  keys_.push_back({opaque_id("a", 33), opaque_id("s", 41), agency_id, account_id});
  return keys_.back();
}

CtmKey CtmModel::reset_key(const std::string& access) {
  for (auto& key : keys_) {
    if (key.access != access) continue;
    key.access = opaque_id("a", 33);
    key.secret = opaque_id("s", 41);
    return key;
  }
  return {};
}

std::uint64_t CtmModel::random() {  // splitmix64
  std::uint64_t z = (state_ += 0x9e3779b97f4a7c15ULL);
  z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9ULL;
  z = (z ^ (z >> 27U)) * 0x94d049bb133111ebULL;
  return z ^ (z >> 31U);
}

std::string CtmModel::opaque_id(std::string_view prefix, std::size_t length) {
  std::string id(prefix);
  while (id.size() < length) id += fmt::format("{:016X}", random());
  id.resize(length);
  return id;
}

CtmAccount::CtmAccount(CtmModel& world, std::int64_t account_id, std::int64_t agency, std::string title,
                       const std::string& timezone)
    : id(account_id),
      agency_id(agency),
      name(std::move(title)),
      created_ms(world.now()),
      world_(world),
      timezone_(timezone),
      zone_(timezone) {}

void CtmAccount::set_timezone(const std::string& rails_or_iana) {
  zone_ = CtmZone(rails_or_iana);
  timezone_ = rails_or_iana;
}

std::int64_t CtmAccount::now() const { return world_.now(); }

std::int64_t CtmAccount::due() const {
  return now() + (world_.instant_ ? 0 : world_.switches_.number("index_lag_ms"));
}

std::int64_t CtmAccount::index_time() const { return now() - world_.switches_.number("index_lag_ms"); }

void CtmAccount::log(std::string_view actor, std::string_view action, std::string record_id,
                     std::string person, std::string_view field, std::string old_value,
                     std::string new_value) {
  if (!world_.logging_) return;
  world_.writes_.push_back({now(), std::string(actor), std::string(action), std::move(record_id),
                            std::move(person), std::string(field), std::move(old_value),
                            std::move(new_value)});
}

bool CtmAccount::registered(std::string_view api_name) const {
  return std::ranges::find(custom_fields, api_name, &CtmCustomField::api_name) != custom_fields.end();
}

CtmPatch CtmAccount::accepted(std::string_view actor, const CtmPatch& patch) const {
  if (actor != "api") return patch;  // a person who empties a box means it
  CtmPatch kept;
  for (const auto& [field, value] : patch) {
    if (!value) {
      if (world_.switches_.on("clear_by_null")) kept[field] = "";
    } else if (!value->empty() || world_.switches_.on("clear_by_empty_string")) {
      kept[field] = value;
    }
  }
  return kept;
}

std::vector<std::string> CtmAccount::apply(std::string_view actor, std::string_view action,
                                           const std::string& record_id, const std::string& person,
                                           CtmIdentity& who, const CtmPatch& patch) {
  CtmIdentity next = who;
  bool halves = false;
  for (const auto& [field, value] : patch) {
    if (!value) continue;
    ctm_set(next, field, *value);
    halves = halves || field == "first_name" || field == "last_name";
  }
  if (halves) {
    next.name =
        next.first_name + (next.first_name.empty() || next.last_name.empty() ? "" : " ") + next.last_name;
  } else if (next.name != who.name) {  // the server's own split: a client may think otherwise
    const std::size_t gap = next.name.find(' ');
    next.first_name = next.name.substr(0, gap);
    next.last_name = gap == std::string::npos ? "" : next.name.substr(gap + 1);
  }
  std::vector<std::string> changed;
  const auto note = [&](const std::string& field) {
    std::string before = ctm_value(who, field);
    std::string after = ctm_value(next, field);
    if (before == after) return;
    changed.push_back(field);
    log(actor, action, record_id, person, field, std::move(before), std::move(after));
  };
  for (const auto& known : kFields) {
    // The halves are noted only where the name they make up does not tell.
    const bool half = known.name == "first_name" || known.name == "last_name";
    if (!half || next.name == who.name) note(std::string(known.name));
  }
  for (const auto& [field, value] : patch) {
    if (field.starts_with(kCtmCustom)) note(field);
  }
  who = std::move(next);
  return changed;
}

CtmOutcome CtmAccount::register_custom_field(std::string_view actor, const CtmCustomField& field) {
  constexpr std::array kTypes =
      std::to_array<std::string_view>({"text", "textarea", "number", "email", "date", "float"});
  const bool plain =
      !field.api_name.empty() &&
      field.api_name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_") == std::string::npos;
  if (!plain) return {CtmCode::refused, "api_name is invalid", 0};
  if (field.name.empty()) return {CtmCode::refused, "name can't be blank", 0};
  if (registered(field.api_name)) return {CtmCode::refused, "api_name has already been taken", 0};
  if (std::ranges::find(kTypes, field.field_type) == kTypes.end()) {
    return {CtmCode::refused, "field_type is not included in the list", 0};
  }
  if (field.object_type != "Call" && !world_.switches_.on("custom_object_contact")) {
    return {CtmCode::refused, "object_type is not included in the list", 0};
  }
  custom_fields.push_back(field);
  custom_fields.back().id = world_.next_small++;
  log(actor, "create", std::to_string(custom_fields.back().id), "", "custom_field", "", field.api_name);
  return {CtmCode::ok, "", custom_fields.back().id};
}

CtmOutcome CtmAccount::opt_out(std::string_view actor, const std::string& number, bool out) {
  const bool was = opt_outs.contains(number);
  if (out)
    opt_outs.insert(number);
  else
    opt_outs.erase(number);
  if (was != out)
    log(actor, "update", number, number, "opt_out", was ? "true" : "false", out ? "true" : "false");
  return {};
}

void CtmAccount::event(std::int64_t at_ms, std::string_view position, std::int64_t activity_id) {
  if (!webhooks.empty()) events_.emplace(at_ms, CtmEvent{at_ms, std::string(position), activity_id});
}

std::vector<CtmEvent> CtmAccount::take_events(std::int64_t until_ms) {
  std::vector<CtmEvent> taken;
  const auto end = events_.upper_bound(until_ms);
  for (auto it = events_.begin(); it != end; ++it) taken.push_back(it->second);
  events_.erase(events_.begin(), end);
  return taken;
}

void CtmAccount::contact_panel(std::string_view actor, const std::string& number, std::int64_t activity_id) {
  const auto& fires = world_.switches_.text("trigger.contact_panel");
  if (fires == "off" || (actor == "api" && fires != "api_too")) return;
  if (activity_id == 0) {
    const CtmActivity* newest = newest_of(number);
    if (newest == nullptr) return;  // the payload is an activity: without one there is nothing to send
    activity_id = newest->id;
  }
  event(now(), "contact_panel", activity_id);
}
}  // namespace tandem::sim
