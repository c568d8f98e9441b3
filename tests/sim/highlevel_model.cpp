#include "tests/sim/highlevel_model.h"

#include <fmt/format.h>

#include <algorithm>

#include "tests/sim/highlevel_text.h"

namespace tandem::sim::highlevel {
namespace {
constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
constexpr std::int64_t kDayMs = 86'400'000;

std::string uuid(std::mt19937_64& engine) {
  const std::uint64_t a = engine(), b = engine();
  return fmt::format("{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}", a >> 32U, (a >> 16U) & 0xFFFFU, a & 0xFFFU,
                     0x8000U | ((b >> 48U) & 0x3FFFU), b & 0xFFFFFFFFFFFFU);
}

std::string_view name_of(Actor actor) {
  return actor == Actor::api ? "api" : actor == Actor::staff ? "staff" : "server";
}

std::string join(const std::vector<std::string>& items) { return to_text(CustomValue::of(items)); }
}  // namespace

Model::Model(std::uint64_t seed, NowMs now)
    : now_(std::move(now)),
      switches_(switch_specs()),
      quota_(switches_),
      ids_(seed),
      jitter_(seed ^ 0x1DEA),
      traces_(seed ^ 0x7ACE) {
  location_ = {new_id(),
               new_id(),
               "Harbour Tile & Stone",
               "office@example.com",
               "+13125550100",
               "1 Quay Street",
               "Chicago",
               "IL",
               "60601",
               "https://example.com"};
  for (const auto& [first, last, role] :
       {std::array{"Ann", "Ferris", "admin"}, std::array{"Tobias", "Lund", "user"},
        std::array{"Irene", "Castillo", "user"}}) {
    users_.push_back({new_id(), first, last, lower(fmt::format("{}.{}@example.com", first, last)), "", role});
  }
  for (const auto& field : sample_fields()) add_custom_field(field.name, field.data_type, field.options);
}

std::string Model::new_id(std::size_t length) {
  std::string id;
  for (std::size_t i = 0; i < length; ++i) id += kAlphabet[ids_() % kAlphabet.size()];
  return id;
}
std::string Model::new_uuid() { return uuid(ids_); }
std::string Model::new_trace_id() { return uuid(traces_); }

Refusal Model::not_found(const std::string& id) const {
  const bool is_404 = switches_.is("missing_status", "404");
  return {is_404 ? 404 : 400,
          {fmt::format("Contact not found for id:{}", id)},
          false,
          is_404 ? "Not Found" : "Bad Request",
          {},
          {},
          {},
          false};
}

void Model::load_people(std::span<const Person> people) {
  const std::int64_t start_ms = now_() - 730 * kDayMs;
  const auto known = std::ranges::count_if(people, [](const Person& p) { return p.highlevel.has_value(); });
  std::int64_t made = 0;
  for (const auto& person : people) {
    if (!person.highlevel) continue;
    const PersonCard& card = *person.highlevel;
    Contact contact;
    contact.id = new_id();
    contact.at(Field::first_name) = card.first_name;
    contact.at(Field::last_name) = card.last_name;
    contact.at(Field::email) = card.email;
    contact.at(Field::phone) = card.phone;
    contact.at(Field::company_name) = card.company;
    contact.at(Field::address1) = card.address1;
    contact.at(Field::city) = card.city;
    contact.at(Field::state) = card.state;
    contact.at(Field::postal_code) = card.postal_code;
    contact.at(Field::country) = card.country;
    contact.at(Field::type) = "lead";
    contact.tags = stored_tags(card.tags);
    for (const auto& [name, value] : card.custom) {
      const FieldDefinition* field = definition(name);
      if (field == nullptr) continue;
      contact.custom[field->id] = field->data_type == "NUMERICAL" ? CustomValue::of(std::stod(value))
                                  : field->data_type == "MULTIPLE_OPTIONS"
                                      ? CustomValue::of(std::vector<std::string>{value})
                                      : CustomValue::of(value);
    }
    contact.date_added_ms = start_ms + made * (729 * kDayMs / std::max<std::int64_t>(known, 1)) +
                            static_cast<std::int64_t>(jitter_() % 60'000);
    contact.date_updated_ms = contact.date_added_ms;
    contact.created_by = {"WEB_USER", "APP", users_.front().id, contact.date_added_ms};
    contact.index_stamp_ms = contact.date_updated_ms;
    contact.version = ++versions_;
    ++made;
    const auto stored = std::make_shared<const Contact>(std::move(contact));
    identities_.add(*stored);
    contacts_[stored->id] = stored;
    index_.enqueue(0, stored->id, stored->version, stored);
  }
  index_.settle(0);
}

const Contact* Model::live(const std::string& id) const {
  const auto found = contacts_.find(id);
  return found == contacts_.end() ? nullptr : found->second.get();
}

std::vector<ContactPtr> Model::contacts() const {
  std::vector<ContactPtr> all;
  all.reserve(contacts_.size());
  for (const auto& [id, contact] : contacts_) all.push_back(contact);
  return all;
}

Answer<ContactPtr> Model::read(const std::string& id) const {
  const auto found = contacts_.find(id);
  if (found == contacts_.end()) return not_found(id);
  return found->second;
}

Answer<ContactPtr> Model::create(const Patch& patch, Actor actor) {
  Answer<Contact> next = applied(nullptr, patch, Route::create, actor);
  if (!next) return next.refusal;
  if (auto refusal = duplicate(*next, patch, "")) return *refusal;
  const std::string id = new_id();
  next.value->id = id;
  insert(std::move(*next.value), actor, patch);
  return contacts_.at(id);
}

void Model::insert(Contact contact, Actor actor, const Patch& patch) {
  const bool staff = actor == Actor::staff;
  contact.date_added_ms = now_();
  contact.created_by = {staff ? "WEB_USER" : "INTEGRATION", staff ? "APP" : "OAUTH",
                        staff ? users_.front().id : "tandem-app", now_()};
  log(actor, "create", contact.id, contact.id);
  Contact blank;
  log_patch(actor, "init", blank, contact, patch);
  store(std::move(contact), true);
}

Answer<ContactPtr> Model::update(const std::string& id, const Patch& patch, Actor actor) {
  const Contact* before = live(id);
  if (before == nullptr) return not_found(id);
  Answer<Contact> next = applied(before, patch, Route::update, actor);
  if (!next) return next.refusal;
  if (auto refusal = duplicate(*next, patch, id)) return *refusal;
  log_patch(actor, "update", *before, *next, patch);
  const bool same = before->text == next->text && before->tags == next->tags &&
                    before->custom == next->custom && before->dnd == next->dnd &&
                    before->dnd_settings == next->dnd_settings &&
                    before->inbound_dnd_settings == next->inbound_dnd_settings;
  return store(std::move(*next.value), !same || switches_.on("bump.noop_write"));
}

Answer<Upserted> Model::upsert(const Patch& patch, bool new_if_allowed) {
  if (new_if_allowed && switches_.on("location.allow_duplicates")) {
    const auto made = create(patch);
    if (!made) return made.refusal;
    return Upserted{*made, true};
  }
  Answer<Contact> probe =
      applied(nullptr, patch, Route::upsert, Actor::api);  // judges the body, normalises the keys
  if (!probe) return probe.refusal;
  Patch rest = patch;
  std::string matched;
  for (const auto& kind : unique_identifiers()) {
    const Field field = kind == "email" ? Field::email : Field::phone;
    const std::string owner = identities_.find(kind, probe->at(field), "", true);
    if (owner.empty()) continue;
    if (matched.empty()) matched = owner;
    // The second identifier belongs to somebody else: dropped without a word.
    else if (owner != matched)
      rest.text.erase(field);
  }
  if (matched.empty()) {
    const auto made = create(patch);
    if (!made) return made.refusal;
    return Upserted{*made, true};
  }
  const Contact& before = *live(matched);
  rest.text.erase(Field::gender);  // accepted, ignored on an existing contact
  if (!switches_.on("upsert.replaces_primary_email") &&
      std::ranges::count(before.additional_emails, probe->at(Field::email)) > 0) {
    rest.text.erase(Field::email);
  }
  Answer<Contact> next = applied(&before, rest, Route::upsert, Actor::api);
  if (!next) return next.refusal;
  log_patch(Actor::api, "update", before, *next, rest);
  return Upserted{store(std::move(*next.value), true), false};
}

Answer<Done> Model::erase(const std::string& id, Actor actor) {
  if (live(id) == nullptr) return not_found(id);
  drop(id, actor, "delete");
  return Done{};
}

void Model::drop(const std::string& id, Actor actor, std::string_view action) {
  const ContactPtr gone = contacts_.at(id);
  log(actor, action, id, id);
  identities_.remove(*gone);
  contacts_.erase(id);
  deleted_[id] = {gone, std::move(notes_[id]), std::move(tasks_[id])};
  notes_.erase(id);
  tasks_.erase(id);
  index_.enqueue(now_() + lag("delete_lag_ms", 0, 200), id, ++versions_, {});
}

// A store always goes on from the version in place, so the identity maps and the index stay with it.
ContactPtr Model::store(Contact next, bool bump) {
  if (const auto before = contacts_.find(next.id); before != contacts_.end())
    identities_.remove(*before->second);
  next.version = ++versions_;
  if (bump) {
    const auto spread =
        static_cast<std::uint64_t>(std::max<std::int64_t>(0, switches_.number("index_stamp_ms")));
    next.date_updated_ms = now_();
    next.index_stamp_ms =
        next.date_updated_ms + static_cast<std::int64_t>(next.version * 7919 % (spread + 1));
  }
  const auto stored = std::make_shared<const Contact>(std::move(next));
  identities_.add(*stored);
  contacts_[stored->id] = stored;
  index_.enqueue(now_() + lag("index_lag_ms", 67, 167), stored->id, stored->version, stored);
  return stored;
}

void Model::lose_from_index(const std::string& id, std::int64_t until_ms) {
  const auto found = contacts_.find(id);
  if (found == contacts_.end()) return;
  index_.enqueue(now_(), id, ++versions_, {});
  index_.enqueue(until_ms, id, ++versions_, found->second);
}

std::int64_t Model::lag(std::string_view name, std::int64_t low_percent, std::int64_t high_percent) {
  const std::int64_t base = switches_.number(name);
  if (base <= 0 || !switches_.on("index_lag_spread")) return base;
  const auto span = static_cast<std::uint64_t>(base * (high_percent - low_percent) / 100 + 1);
  return base * low_percent / 100 + static_cast<std::int64_t>(jitter_() % span);
}

void Model::settle_index() { index_.settle(index_.settled_at_ms()); }

void Model::touch(const std::string& id, std::string_view bump_switch) {
  const Contact* contact = switches_.on(bump_switch) ? live(id) : nullptr;
  if (contact != nullptr) store(*contact, true);
}

std::optional<Refusal> Model::duplicate(const Contact& next, const Patch& patch,
                                        std::string_view except) const {
  if (switches_.on("location.allow_duplicates")) return std::nullopt;
  for (const auto& kind : unique_identifiers()) {
    const Field field = kind == "email" ? Field::email : Field::phone;
    if (!patch.text.contains(field)) continue;
    const std::string owner =
        identities_.find(kind, next.at(field), except, switches_.on("duplicate.match_additional"));
    if (owner.empty()) continue;
    return Refusal{400,
                   {"This location does not allow duplicated contacts."},
                   false,
                   "",
                   owner,
                   kind,
                   contacts_.at(owner)->full_name()};
  }
  return std::nullopt;
}

ContactPtr Model::find_duplicate(const std::string& email, const std::string& number, std::string& found_by) {
  const auto order = switches_.on("location.allow_duplicates") ? std::vector<std::string>{"email", "phone"}
                                                               : unique_identifiers();
  for (const auto& kind : order) {
    std::string value = kind == "email" ? email : number;
    // An unencoded plus arrives as a blank; such a number is nobody's.
    if (kind == "phone" && !value.empty() && value[0] != ' ') value = e164(value, country()).value_or(value);
    const std::string owner = identities_.find(kind, value, "", switches_.on("duplicate.match_additional"));
    if (owner.empty()) continue;
    if (switches_.is("duplicate_search.reads", "index")) {
      index_.settle(now_());
      if (index_.find(owner) == nullptr) continue;
    }
    found_by = kind;
    return contacts_.at(owner);
  }
  return nullptr;
}

void Model::log(Actor actor, std::string_view action, const std::string& record, const std::string& person,
                std::string_view field, std::string old_value, std::string new_value) {
  writes_.push_back({now_(), std::string(name_of(actor)), std::string(action), record, person,
                     std::string(field), std::move(old_value), std::move(new_value)});
}

// Every field the request carried, changed or not: a needless write is a write.
void Model::log_patch(Actor actor, std::string_view action, const Contact& before, const Contact& after,
                      const Patch& patch) {
  const auto note = [&](std::string_view field, const std::string& was, const std::string& is) {
    log(actor, action, after.id, after.id, field, was, is);
  };
  for (std::size_t i = 0; i < kFieldCount; ++i) {
    const auto field = static_cast<Field>(i);
    if (patch.text.contains(field) || before.at(field) != after.at(field))
      note(wire_name(field), before.at(field), after.at(field));
  }
  if (patch.tags) note("tags", join(before.tags), join(after.tags));
  if (patch.dnd) note("dnd", before.dnd ? "true" : "false", after.dnd ? "true" : "false");
  const auto dnd_text = [](const DndSettings& settings) {
    std::string text;
    for (const auto& [channel, setting] : settings)
      text += fmt::format("{}{}={}", text.empty() ? "" : ",", channel, setting.status);
    return text;
  };
  if (patch.dnd_settings) note("dndSettings", dnd_text(before.dnd_settings), dnd_text(after.dnd_settings));
  if (patch.inbound_dnd_settings)
    note("inboundDndSettings", dnd_text(before.inbound_dnd_settings), dnd_text(after.inbound_dnd_settings));
  for (const auto& write : patch.custom) {
    const FieldDefinition* field = definition(write.id.empty() ? write.key : write.id);
    if (field == nullptr) continue;
    const auto value_in = [&](const Contact& contact) {
      const auto found = contact.custom.find(field->id);
      return found == contact.custom.end() ? std::string{} : to_text(found->second);
    };
    note("customFields." + field->id, value_in(before), value_in(after));
  }
}
}  // namespace tandem::sim::highlevel
