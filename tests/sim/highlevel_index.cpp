#include "tests/sim/highlevel_index.h"

#include "tests/sim/highlevel_text.h"

namespace tandem::sim::highlevel {
namespace {
std::string owner_key(std::string_view kind, const std::string& value) {
  return std::string(kind) + ":" + (kind == "email" ? lower(value) : value);
}
}  // namespace

void SearchIndex::enqueue(std::int64_t visible_ms, const std::string& id, std::uint64_t version,
                          ContactPtr contact) {
  coming_.emplace(visible_ms, Coming{id, version, std::move(contact)});
}

void SearchIndex::settle(std::int64_t now_ms) {
  while (!coming_.empty() && coming_.begin()->first <= now_ms) {
    show(std::move(coming_.begin()->second));
    coming_.erase(coming_.begin());
  }
}

std::int64_t SearchIndex::settled_at_ms() const { return coming_.empty() ? 0 : coming_.rbegin()->first; }

const Contact* SearchIndex::find(const std::string& id) const {
  const auto found = shown_.find(id);
  return found == shown_.end() ? nullptr : found->second.contact.get();
}

void SearchIndex::show(Coming coming) {
  Shown& shown = shown_[coming.id];
  if (coming.version <= shown.version) return;
  if (shown.contact) {
    by_updated_.erase(TimeKey{shown.contact->index_stamp_ms, coming.id});
    by_added_.erase(TimeKey{shown.contact->date_added_ms, coming.id});
  }
  shown.version = coming.version;
  shown.contact = std::move(coming.contact);
  if (!shown.contact) return;
  by_updated_.insert({TimeKey{shown.contact->index_stamp_ms, coming.id}, shown.contact.get()});
  by_added_.insert({TimeKey{shown.contact->date_added_ms, coming.id}, shown.contact.get()});
}

void Identities::add(const Contact& contact) {
  const auto own = [&](std::string_view kind, const std::string& value, bool primary) {
    if (value.empty()) return;
    bool& is_primary = owners_[owner_key(kind, value)][contact.id];
    is_primary = is_primary || primary;
  };
  own("email", contact.at(Field::email), true);
  own("phone", contact.at(Field::phone), true);
  for (const auto& email : contact.additional_emails) own("email", email, false);
  for (const auto& phone : contact.additional_phones) own("phone", phone, false);
}

void Identities::remove(const Contact& contact) {
  const auto disown = [&](std::string_view kind, const std::string& value) {
    const auto found = owners_.find(owner_key(kind, value));
    if (found == owners_.end()) return;
    found->second.erase(contact.id);
    if (found->second.empty()) owners_.erase(found);
  };
  disown("email", contact.at(Field::email));
  disown("phone", contact.at(Field::phone));
  for (const auto& email : contact.additional_emails) disown("email", email);
  for (const auto& phone : contact.additional_phones) disown("phone", phone);
}

std::string Identities::find(std::string_view kind, const std::string& value, std::string_view except,
                             bool additional) const {
  if (value.empty()) return {};
  const auto found = owners_.find(owner_key(kind, value));
  if (found == owners_.end()) return {};
  std::string second;
  for (const auto& [id, primary] : found->second) {
    if (id == except) continue;
    if (primary) return id;
    if (second.empty()) second = id;
  }
  return additional ? second : std::string{};
}
}  // namespace tandem::sim::highlevel
