// What only people in HighLevel's UI can do, and the catalogues of a location.
#include <fmt/format.h>

#include <algorithm>

#include "tests/sim/highlevel_model.h"
#include "tests/sim/highlevel_text.h"

namespace tandem::sim::highlevel {
namespace {
std::string key_of(std::string_view name) {
  std::string key;
  for (const char c : lower(name)) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    if (plain)
      key += c;
    else if (!key.empty() && key.back() != '_')
      key += '_';
  }
  while (!key.empty() && key.back() == '_') key.pop_back();
  return key;
}

void add_once(std::vector<std::string>& list, const std::string& value) {
  if (!value.empty() && std::ranges::count(list, value) == 0) list.push_back(value);
}
}  // namespace

// The survivor keeps what it has and takes what it lacks; the other's number and address become additional
// ones, its notes and tasks move over.
Answer<Done> Model::merge(const std::string& survivor, const std::string& gone) {
  if (live(survivor) == nullptr) return not_found(survivor);
  if (live(gone) == nullptr || gone == survivor) return not_found(gone);
  const Contact before = *live(survivor), other = *live(gone);
  Contact next = before;
  for (std::size_t i = 0; i < kFieldCount; ++i) {
    if (next.text[i].empty()) next.text[i] = other.text[i];
  }
  if (next.at(Field::email) != other.at(Field::email))
    add_once(next.additional_emails, other.at(Field::email));
  if (next.at(Field::phone) != other.at(Field::phone))
    add_once(next.additional_phones, other.at(Field::phone));
  for (const auto& email : other.additional_emails) add_once(next.additional_emails, email);
  for (const auto& phone : other.additional_phones) add_once(next.additional_phones, phone);
  for (const auto& tag : other.tags) add_once(next.tags, tag);
  for (const auto& [id, value] : other.custom) next.custom.emplace(id, value);
  log_patch(Actor::staff, "update", before, next, {});
  for (auto& note : notes_[gone]) {
    note.contact_id = survivor;
    notes_[survivor].push_back(note);
  }
  for (auto& task : tasks_[gone]) {
    task.contact_id = survivor;
    tasks_[survivor].push_back(task);
  }
  notes_.erase(gone);
  tasks_.erase(gone);
  drop(gone, Actor::staff, "merged_away");
  store(std::move(next), true);
  return Done{};
}

Answer<ContactPtr> Model::restore(const std::string& id) {
  const auto found = deleted_.find(id);
  if (found == deleted_.end()) return not_found(id);
  Contact contact = *found->second.contact;
  if (switches_.on("restore.new_id")) contact.id = new_id();
  notes_[contact.id] = std::move(found->second.notes);
  tasks_[contact.id] = std::move(found->second.tasks);
  deleted_.erase(found);
  log(Actor::staff, "restore", contact.id, contact.id);
  return store(std::move(contact), true);
}

Answer<Done> Model::add_other_phone(const std::string& id, const std::string& phone) {
  if (live(id) == nullptr) return not_found(id);
  Contact next = *live(id);
  add_once(next.additional_phones, e164(phone, country()).value_or(phone));
  log(Actor::staff, "update", id, id, "additionalPhones",
      to_text(CustomValue::of(live(id)->additional_phones)),
      to_text(CustomValue::of(next.additional_phones)));
  store(std::move(next), true);
  return Done{};
}

Answer<Done> Model::add_other_email(const std::string& id, const std::string& email) {
  if (live(id) == nullptr) return not_found(id);
  Contact next = *live(id);
  add_once(next.additional_emails, email);
  log(Actor::staff, "update", id, id, "additionalEmails",
      to_text(CustomValue::of(live(id)->additional_emails)),
      to_text(CustomValue::of(next.additional_emails)));
  store(std::move(next), true);
  return Done{};
}

void Model::set_dedupe(bool allow_duplicates, std::vector<std::string> identifiers) {
  switches_.set("location.allow_duplicates", allow_duplicates ? "on" : "off");
  switches_.set("location.unique_identifiers", fmt::format("{}", fmt::join(identifiers, ",")));
}

std::vector<std::string> Model::unique_identifiers() const {
  const std::string& set = switches_.text("location.unique_identifiers");
  const auto comma = set.find(',');
  if (comma == std::string::npos) return {set};
  return {set.substr(0, comma), set.substr(comma + 1)};
}

const FieldDefinition* Model::definition(std::string_view wanted) const {
  const auto found = std::ranges::find_if(definitions_, [&](const FieldDefinition& field) {
    return field.id == wanted || field.name == wanted || field.field_key == wanted ||
           (field.field_key.starts_with("contact.") && std::string_view(field.field_key).substr(8) == wanted);
  });
  return found == definitions_.end() ? nullptr : &*found;
}

FieldDefinition& Model::add_custom_field(const std::string& name, const std::string& data_type,
                                         std::vector<std::string> options, const std::string& model) {
  std::string key = fmt::format("{}.{}", model, key_of(name));
  for (int n = 1; std::ranges::count(definitions_, key, &FieldDefinition::field_key) > 0; ++n)
    key = fmt::format("{}.{}_{}", model, key_of(name), n);
  const int position = 50 * (1 + static_cast<int>(definitions_.size()));
  return definitions_.emplace_back(
      FieldDefinition{new_id(), name, key, data_type, "", model, std::move(options), position, now_()});
}

bool Model::rename_custom_field(const std::string& id, const std::string& name) {
  const auto found = std::ranges::find(definitions_, id, &FieldDefinition::id);
  if (found == definitions_.end()) return false;
  found->name = name;
  return true;
}

// The values stay in the store, unread: every read goes by the definitions there are.
bool Model::remove_custom_field(const std::string& id) {
  return std::erase_if(definitions_, [&](const FieldDefinition& field) { return field.id == id; }) > 0;
}

Tag& Model::tag_called(const std::string& name) {
  const auto found = std::ranges::find(tags_, name, &Tag::name);
  return found != tags_.end() ? *found : tags_.emplace_back(Tag{new_id(), name});
}

Business* Model::business(std::string_view id) {
  const auto found = std::ranges::find(businesses_, id, &Business::id);
  return found == businesses_.end() ? nullptr : &*found;
}

Business& Model::add_business(const std::string& name) {
  std::string id;
  while (id.size() < 24) id += "0123456789abcdef"[ids_() % 16];
  return businesses_.emplace_back(Business{id, name, {}, now_(), now_()});
}

Answer<Changed> Model::change_tags(const std::string& id, const std::vector<std::string>& tags, bool add,
                                   Actor actor) {
  if (live(id) == nullptr) return not_found(id);
  Contact next = *live(id);
  Changed out;
  // Removing an unknown tag must not put it into the catalogue.
  std::vector<std::string> wanted;
  if (add)
    wanted = stored_tags(tags);
  else
    for (const auto& tag : tags) add_once(wanted, lower(trimmed(tag)));
  for (const auto& tag : wanted) {
    const bool has = std::ranges::count(next.tags, tag) > 0;
    log(actor, add ? "tag_add" : "tag_remove", id, id, "tags", has ? tag : "", add ? tag : "");
    if (has == add) continue;
    if (add)
      next.tags.push_back(tag);
    else
      std::erase(next.tags, tag);
    out.changed.push_back(tag);
  }
  out.all = next.tags;
  if (!out.changed.empty()) store(std::move(next), switches_.on("bump.tag"));
  return out;
}

std::vector<BulkTags> Model::bulk_tags(const std::vector<std::string>& ids,
                                       const std::vector<std::string>& tags, bool add, bool all) {
  std::vector<BulkTags> out;
  for (const auto& id : ids) {
    const bool plausible =
        id.size() == 20 && std::ranges::all_of(id, [](unsigned char c) { return std::isalnum(c) != 0; });
    if (!plausible || live(id) == nullptr) {
      out.push_back({id,
                     !plausible              ? "contact id is not a valid firebase id"
                     : deleted_.contains(id) ? "contact is deleted"
                                             : "contact does not belong to location",
                     {},
                     {}});
      continue;
    }
    const std::vector<std::string> old = live(id)->tags;
    const auto done = change_tags(id, all ? old : tags, add);
    out.push_back({id, "", old, done->changed});
  }
  return out;
}

Answer<Changed> Model::change_followers(const std::string& id, const std::vector<std::string>& users,
                                        bool add) {
  if (live(id) == nullptr) return not_found(id);
  Contact next = *live(id);
  Changed out;
  for (const auto& user : users) {
    const bool has = std::ranges::count(next.followers, user) > 0;
    if (has == add) continue;
    if (add)
      next.followers.push_back(user);
    else
      std::erase(next.followers, user);
    out.changed.push_back(user);
    log(Actor::api, "update", id, id, "followers", add ? "" : user, add ? user : "");
  }
  out.all = next.followers;
  if (!out.changed.empty()) store(std::move(next), switches_.on("bump.follower"));
  return out;
}

Answer<std::vector<std::string>> Model::link_business(const std::vector<std::string>& ids,
                                                      const std::string& business_id) {
  if (!business_id.empty() && business(business_id) == nullptr) {
    return Refusal{
        400, {fmt::format("Business not found for id:{}", business_id)}, false, "Bad Request", {}, {}, {}};
  }
  std::vector<std::string> linked;
  for (const auto& id : ids) {
    if (live(id) == nullptr) continue;
    Contact next = *live(id);
    log(Actor::api, "update", id, id, "businessId", next.at(Field::business_id), business_id);
    next.at(Field::business_id) = business_id;
    store(std::move(next), switches_.on("bump.business"));
    linked.push_back(id);
  }
  return linked;
}
}  // namespace tandem::sim::highlevel
