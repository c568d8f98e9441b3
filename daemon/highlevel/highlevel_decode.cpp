#include <fmt/format.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>
#include <xxhash.h>

#include <algorithm>
#include <array>

#include "daemon/highlevel/highlevel_codec.h"
#include "daemon/highlevel/standard_fields.h"

namespace tandem::highlevel {
namespace {
constexpr std::size_t kIdMax = 128;

void sort_unique(std::vector<std::string>& items) {
  std::sort(items.begin(), items.end());
  items.erase(std::unique(items.begin(), items.end()), items.end());
}

// nullopt for what no mapped field can hold (objects: files, signatures, text lists).
std::optional<WireValue> wire_value(const Json& value) {
  WireValue out;
  if (value.IsArray()) {
    for (const auto& item : value.GetArray())
      if (auto text = scalar_text(item); text && !text->empty()) out.items.push_back(std::move(*text));
    sort_unique(out.items);  // a set: its order says nothing
    out.blank = out.items.empty();
    return out;
  }
  auto text = scalar_text(value);
  if (!text) return std::nullopt;
  out.text = std::move(*text);
  out.blank = out.text.empty();
  return out;
}

// additionalPhones and additionalEmails: a list of objects, or of plain texts.
std::vector<std::string> extra(const Json* list, std::string_view key) {
  std::vector<std::string> out;
  if (list == nullptr || !list->IsArray()) return out;
  for (const auto& item : list->GetArray()) {
    const auto text = item.IsString() ? text_of(item) : text_member(item, key);
    if (!text.empty()) out.emplace_back(text);
  }
  return out;
}

void put(std::string& image, std::string_view text) {
  const auto size = static_cast<std::uint32_t>(text.size());
  image.append(reinterpret_cast<const char*>(&size), sizeof size);
  image.append(text);
}
void put(std::string& image, const std::vector<std::string>& items) {
  const auto count = static_cast<std::uint32_t>(items.size());
  image.append(reinterpret_cast<const char*>(&count), sizeof count);
  for (const auto& item : items) put(image, item);
}
void put_sorted(std::string& image, const std::vector<std::string>& items) {
  if (items.size() < 2) return put(image, items);
  auto sorted = items;
  sort_unique(sorted);
  put(image, sorted);
}

tl::unexpected<Error> malformed(const char* what) {
  return fail(Fault::malformed, fmt::format("HighLevel's answer is not what this route gives: {}", what));
}
}  // namespace

// Members of a contact that are looked at: the standard fields, then these.
struct Codec::Parts {
  enum Other : std::size_t { kId, kLocation, kUpdated, kTags, kCustom, kPhones, kEmails, kAfter, kOthers };
  std::array<const Json*, kStandardFields.size() + kOthers> found{};
  [[nodiscard]] const Json* standard(int index) const { return found[static_cast<std::size_t>(index)]; }
  [[nodiscard]] const Json* other(Other which) const { return found[kStandardFields.size() + which]; }
  [[nodiscard]] std::string_view text(Other which) const {
    const Json* value = other(which);
    return value != nullptr && value->IsString() ? text_of(*value) : std::string_view();
  }
};

namespace {
constexpr std::array<std::string_view, 8> kOtherMembers{
    "id",           "locationId",       "dateUpdated",      "tags",
    "customFields", "additionalPhones", "additionalEmails", "searchAfter"};

// Where a member goes, by the length of its name: a row has four times the members that count.
struct Slots {
  struct Slot {
    std::string_view name;
    std::size_t at;
  };
  std::array<std::vector<Slot>, 17> by_length;

  explicit Slots(bool row) {
    std::size_t at = 0;
    for (const auto& field : kStandardFields) add(row ? field.row : field.wire, at++);
    for (const auto name : kOtherMembers) add(name, at++);
  }
  void add(std::string_view name, std::size_t at) { by_length.at(name.size()).push_back({name, at}); }
};
}  // namespace

Codec::Parts Codec::parts_of(const Json& contact, Shape shape) {
  static_assert(kOtherMembers.size() == Parts::kOthers);
  static const Slots row(true), by_id(false);
  const Slots& slots = shape == Shape::row ? row : by_id;
  Parts parts;
  for (const auto& m : contact.GetObject()) {
    const auto name = text_of(m.name);
    if (name.size() >= slots.by_length.size()) continue;
    for (const auto& slot : slots.by_length[name.size()])
      if (slot.name == name) parts.found[slot.at] = &m.value;
  }
  return parts;
}

Evidence Codec::evidence_of(const Parts& parts, Shape shape) const {
  Evidence e;
  e.source = {SourceKind::record, std::string(parts.text(Parts::kId))};
  e.person = e.source.id;
  if (const Json* updated = parts.other(Parts::kUpdated)) e.at_ms = time_ms(*updated);
  const Json* custom = parts.other(Parts::kCustom);
  e.fields.reserve(mapped_.size());
  for (const auto& field : mapped_) {
    const Json* value = nullptr;
    bool shown = false;
    if (field.standard >= 0) {
      value = parts.standard(field.standard);
      shown = value != nullptr || shape == Shape::by_id;
    } else if (!field.custom_id.empty() && custom != nullptr && custom->IsArray()) {
      shown = true;
      for (const auto& item : custom->GetArray()) {
        if (text_member(item, "id") != field.custom_id) continue;
        for (const char* key : {"value", "fieldValue", "field_value"})
          if (value == nullptr) value = member(item, key);
      }
    }
    if (!shown) continue;
    if (value == nullptr) {
      e.fields.emplace_back(field.native, WireValue{});
    } else if (auto wire = wire_value(*value)) {
      e.fields.emplace_back(field.native, std::move(*wire));
    }
  }
  if (const Json* tags = parts.other(Parts::kTags); tags != nullptr && tags->IsArray()) {
    e.shows_tags = true;
    for (const auto& tag : tags->GetArray())
      if (tag.IsString() && tag.GetStringLength() > 0) e.tags.emplace_back(text_of(tag));
    sort_unique(e.tags);
  }
  e.more_phones = extra(parts.other(Parts::kPhones), "phone");
  e.more_emails = extra(parts.other(Parts::kEmails), "email");
  e.hash = hash_of(e);
  return e;
}

// Over what the evidence says and nothing else, so that a search row and a read by id which say the
// same hash the same.
WireHash Codec::hash_of(const Evidence& e) const {
  image_.clear();
  put(image_, e.source.id);
  for (const auto& [name, value] : e.fields) {
    put(image_, name);
    put(image_, value.text);
    put(image_, value.items);
  }
  image_ += e.shows_tags ? '\3' : '\2';
  put(image_, e.tags);
  put_sorted(image_, e.more_phones);
  put_sorted(image_, e.more_emails);
  const XXH128_hash_t hash = XXH3_128bits_withSeed(image_.data(), image_.size(), fingerprint_);
  return {hash.low64, hash.high64};
}

Result<SearchPage> Codec::search_page(std::string& body) const {
  rapidjson::Document document;
  if (!parse_in_place(body, document)) return malformed("no complete JSON");
  const Json* contacts = member(document, "contacts");
  if (contacts == nullptr || !contacts->IsArray()) return malformed("no list of contacts");
  SearchPage page;
  if (const Json* total = member(document, "total"); total != nullptr && total->IsInt64())
    page.total = total->GetInt64();
  page.rows.reserve(contacts->Size());
  for (const auto& contact : contacts->GetArray()) {
    if (!contact.IsObject()) return malformed("a row that is no contact");
    const Parts parts = parts_of(contact, Shape::row);
    const auto id = parts.text(Parts::kId), location = parts.text(Parts::kLocation);
    if (id.empty() || id.size() > kIdMax) return malformed("a row without an id");
    if (!location.empty() && location != location_id_) return malformed("a row of another location");
    SearchRow& row = page.rows.emplace_back();
    row.evidence = evidence_of(parts, Shape::row);
    const Json* after = parts.other(Parts::kAfter);
    if (after == nullptr || !after->IsArray() || after->Empty()) continue;
    if (const Json& key = (*after)[0]; key.IsNumber()) row.key = time_ms(key);
    if (page.rows.size() < contacts->Size()) continue;
    rapidjson::StringBuffer buffer;
    rapidjson::Writer<rapidjson::StringBuffer> writer(buffer);
    after->Accept(writer);
    page.after.assign(buffer.GetString(), buffer.GetSize());
  }
  return page;
}

Result<Contact> Codec::contact(std::string& body) const {
  rapidjson::Document document;
  if (!parse_in_place(body, document)) return malformed("no complete JSON");
  const Json* found = member(document, "contact");
  if (found == nullptr || !found->IsObject()) return malformed("no contact");
  const Parts parts = parts_of(*found, Shape::by_id);
  const auto id = parts.text(Parts::kId);
  if (id.empty() || id.size() > kIdMax) return malformed("a contact without an id");
  Contact out;
  out.evidence = evidence_of(parts, Shape::by_id);
  out.location_id = parts.text(Parts::kLocation);
  out.phone = text_member(*found, "phone");
  out.email = text_member(*found, "email");
  return out;
}

Result<std::string> Codec::duplicate_id(std::string& body) {
  rapidjson::Document document;
  if (!parse_in_place(body, document) || !document.IsObject()) return malformed("no complete JSON");
  const Json* found = member(document, "contact");
  if (found == nullptr) return malformed("no contact, not even null");
  if (found->IsNull()) return std::string();
  const auto id = text_member(*found, "id");
  if (id.empty() || id.size() > kIdMax) return malformed("a contact without an id");
  return std::string(id);
}

bool Codec::says_done(std::string& body) {
  rapidjson::Document document;
  if (!parse_in_place(body, document) || !document.IsObject()) return false;
  for (const std::string_view key : {"succeded", "succeeded"}) {  // both spellings are about (C)
    const Json* flag = member(document, key);
    if (flag != nullptr && flag->IsBool()) return flag->GetBool();
  }
  const Json* contact = member(document, "contact");
  const Json* tags = member(document, "tags");
  return (contact != nullptr && contact->IsObject()) || (tags != nullptr && tags->IsArray());
}

Result<Location> Codec::location(std::string& body) {
  rapidjson::Document document;
  if (!parse_in_place(body, document)) return malformed("no complete JSON");
  const Json* found = member(document, "location");
  if (found == nullptr || !found->IsObject()) return malformed("no location");
  Location out;
  out.id = text_member(*found, "id");
  out.timezone = text_member(*found, "timezone");
  out.country = text_member(*found, "country");
  out.phone = text_member(*found, "phone");
  if (const Json* settings = member(*found, "settings")) {
    if (const Json* allow = member(*settings, "allowDuplicateContact"))
      out.allows_duplicates = allow->IsTrue();
    if (const Json* by = member(*settings, "contactUniqueIdentifiers"); by != nullptr && by->IsArray()) {
      out.identifiers.clear();
      for (const auto& item : by->GetArray())
        if (item.IsString()) out.identifiers.emplace_back(text_of(item));
    }
  }
  return out;
}

Result<std::vector<CustomField>> Codec::custom_fields(std::string& body) {
  rapidjson::Document document;
  if (!parse_in_place(body, document)) return malformed("no complete JSON");
  const Json* list = member(document, "customFields");
  if (list == nullptr || !list->IsArray()) return malformed("no list of custom fields");
  std::vector<CustomField> out;
  for (const auto& item : list->GetArray()) {
    const auto id = text_member(item, "id"), key = text_member(item, "fieldKey");
    if (!id.empty() && !key.empty())
      out.push_back({std::string(id), std::string(key), std::string(text_member(item, "dataType"))});
  }
  return out;
}

Refusal refusal_of(const std::string& body) {
  Refusal out;
  std::string copy = body;
  rapidjson::Document document;
  if (!parse_in_place(copy, document) || !document.IsObject()) return out;
  out.is_json = true;
  if (const Json* message = member(document, "message")) {
    if (message->IsString()) out.message = text_of(*message);
    if (message->IsArray())
      for (const auto& part : message->GetArray())
        if (part.IsString()) out.message.append(out.message.empty() ? "" : "; ").append(text_of(part));
  }
  if (const Json* meta = member(document, "meta")) {
    out.existing_id = text_member(*meta, "contactId");
    out.matching = text_member(*meta, "matchingField");
  }
  return out;
}
}  // namespace tandem::highlevel
