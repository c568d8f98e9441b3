#include "daemon/ctm/ctm_codec.h"
#include <xxhash.h>
#include <algorithm>
#include <array>
#include <cstring>
#include "core/model/normalise.h"
#include "daemon/ctm/ctm_time.h"

namespace tandem::ctm {
namespace {
constexpr std::string_view kCustomPrefix = "custom:";
constexpr std::array<std::pair<std::string_view, std::string_view>, 5> kAddressKeys{
    {{"address1", "street"},
     {"city", "city"},
     {"state", "state"},
     {"postal_code", "postal_code"},
     {"country", "country"}}};

bool has_digit(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](unsigned char c) { return c >= '0' && c <= '9'; });
}

// A number is flat text on some routes and an object or an array of them on others (C).
std::string number_text(const Json* value) {
  if (value == nullptr) return {};
  if (value->IsArray()) return value->Empty() ? std::string{} : number_text(&(*value)[0]);
  if (value->IsObject()) return text_of(first_member(*value, {"number", "phone_number", "value"}));
  return text_of(value);
}

std::string first_number(const Json& object, std::initializer_list<std::string_view> keys) {
  for (const std::string_view key : keys) {
    if (std::string text = number_text(member(object, key)); has_digit(text)) return text;
  }
  return {};
}

bool is_outgoing(std::string_view direction) { return direction.find("outbound") != direction.npos; }

// The outside person: the caller of what came in, the callee of what went out; never the account's
// own number on the same activity.
std::string person_of(const Json& activity) {
  if (!is_outgoing(text_of(member(activity, "direction")))) {
    return first_number(activity,
                        {"caller_number_complete", "caller_number", "contact_number", "caller_number_bare"});
  }
  const std::string tracking = number_text(member(activity, "tracking_number"));
  const std::string business = number_text(member(activity, "business_number"));
  for (const std::string_view key :
       {"contact_number", "caller_number_complete", "caller_number", "alternative_number"}) {
    std::string text = number_text(member(activity, key));
    if (has_digit(text) && text != tracking && text != business) return text;
  }
  return {};
}

const Json* address_part(const Json& object, std::string_view key) {
  const Json* address = member(object, "address");
  if (address != nullptr && address->IsObject()) {
    if (const Json* part = member(*address, key); part != nullptr) return part;
  }
  return member(object, key);
}

// custom_fields is an object by api_name, or an array that names each field (C, one script).
const Json* custom_part(const Json& object, std::string_view api_name) {
  const Json* fields = member(object, "custom_fields");
  if (fields == nullptr) return nullptr;
  if (!fields->IsArray()) return member(*fields, api_name);
  for (const Json& field : fields->GetArray()) {
    for (const std::string_view key : {"api_name", "name", "label", "id"}) {
      if (text_of(member(field, key)) == api_name) return first_member(field, {"value", "values"});
    }
  }
  return nullptr;
}

WireValue name_of(const Json& object) {
  WireValue name = wire_value(member(object, "name"));
  if (name.blank) {
    name.text = join_name(text_of(member(object, "first_name")), text_of(member(object, "last_name")));
    name.blank = name.text.empty();
  }
  return name;
}

bool has_name(const Json& object) {
  return member(object, "name") != nullptr || member(object, "first_name") != nullptr ||
         member(object, "last_name") != nullptr;
}

void read_tags(const Json& object, Evidence& out) {
  const Json* tags = member(object, "tag_list");
  if (tags == nullptr || tags->IsNull()) return;
  out.shows_tags = true;
  WireValue value = wire_value(tags);
  if (!value.text.empty()) value.items.push_back(std::move(value.text));
  out.tags = std::move(value.items);
}

// Identity is gone for good: nothing of it is a value any more, the placeholder text included (P46).
void forget_identity(Evidence& evidence) {
  evidence.redacted = true;
  evidence.fields.clear();
  evidence.tags.clear();
  evidence.shows_tags = false;
  evidence.caller_id_name.clear();
}

RowDetail detail_of(const Json& row) {
  RowDetail detail;
  detail.standard.emplace_back("name", name_of(row));
  for (const std::string_view key : {"first_name", "last_name", "email"}) {
    if (const Json* value = member(row, key); value != nullptr)
      detail.standard.emplace_back(key, wire_value(value));
  }
  for (const auto& [native, key] : kAddressKeys)
    detail.standard.emplace_back(native, wire_value(address_part(row, key)));
  const Json* fields = member(row, "custom_fields");
  if (fields == nullptr) return detail;
  const auto keep = [&detail](std::string name, const Json& value) {
    if (std::string raw = raw_json(value); !name.empty() && !value.IsNull() && !raw.empty()) {
      detail.custom.emplace_back(std::move(name), std::move(raw));
    }
  };
  if (fields->IsObject()) {
    for (const auto& entry : fields->GetObject()) keep(text_of(&entry.name), entry.value);
  } else if (fields->IsArray()) {
    for (const Json& field : fields->GetArray()) {
      const Json* value = first_member(field, {"value", "values"});
      if (value != nullptr) keep(text_of(first_member(field, {"api_name", "name", "label", "id"})), *value);
    }
  }
  return detail;
}

tl::unexpected<Error> foreign(std::string_view what) {
  return fail(Fault::malformed,
              std::string("CTM answered with ") + std::string(what) +
                  " of another account; nothing of that page was used, it is read again in the next cycle");
}
tl::unexpected<Error> shapeless(std::string_view what) {
  return fail(Fault::malformed, std::string("CTM's answer holds no ") + std::string(what) +
                                    "; nothing of that page was used, it is read again in the next cycle");
}
}  // namespace

Envelope envelope_of(const Json& root) {
  Envelope out;
  out.page = integer_of(member(root, "page")).value_or(-1);
  out.total_entries = integer_of(first_member(root, {"total_entries", "total_count", "total"})).value_or(-1);
  out.total_pages = integer_of(member(root, "total_pages")).value_or(-1);
  const Json* next = member(root, "next_page");
  if (next == nullptr) return out;
  out.next.kind = Next::Kind::end;
  if (const auto page = integer_of(next); page && *page > 0) {
    out.next.kind = Next::Kind::page;
    out.next.page = *page;
  } else if (next->IsString() && next->GetStringLength() > 0 && !page) {
    out.next.kind = Next::Kind::url;
    out.next.url = text_of(next);
  }
  return out;
}

ListInfo list_info(const Json& list) {
  ListInfo out;
  out.id = text_of(member(list, "id"));
  out.name = text_of(member(list, "name"));
  out.updated_at = text_of(member(list, "updated_at"));
  out.account_id = integer_of(member(list, "account_id")).value_or(0);
  out.contacts_count = integer_of(first_member(list, {"contacts_count", "contact_count"})).value_or(-1);
  const Json* owned = member(list, "user_owned");
  const std::string user = text_of(member(list, "user_id"));
  // Without the flag: a user's private list carries the user and a name of that form (C).
  out.user_owned =
      owned != nullptr ? truth_of(owned) : !user.empty() && user != "0" && out.name.starts_with("User ");
  return out;
}

Codec::Codec(const std::vector<std::string>& native_names, std::uint64_t fingerprint, std::int64_t account_id)
    : fingerprint_(fingerprint), account_id_(account_id) {
  for (const std::string& name : native_names) {
    Native native{name, Native::Kind::address, name};
    if (name == "name")
      native.kind = Native::Kind::name;
    else if (name == "first_name" || name == "last_name")
      native.kind = Native::Kind::split;
    else if (name == "email")
      native.kind = Native::Kind::email;
    else if (name == "phone")
      native.kind = Native::Kind::phone;
    else if (name.starts_with(kCustomPrefix)) {
      native.kind = Native::Kind::custom;
      native.key = name.substr(kCustomPrefix.size());
      custom_names_.push_back(native.key);
    } else {
      const auto* known = std::find_if(kAddressKeys.begin(), kAddressKeys.end(),
                                       [&](const auto& k) { return k.first == name; });
      if (known == kAddressKeys.end()) continue;  // CTM has no such field: never observed
      native.key = known->second;
    }
    natives_.push_back(std::move(native));
  }
}

void Codec::read_fields(const Json& object, Shows shows, std::string_view number, bool with_split,
                        WireFields& out) const {
  out.reserve(natives_.size());
  for (const Native& native : natives_) {
    const Json* value = nullptr;
    bool always = shows == Shows::always;
    switch (native.kind) {
      case Native::Kind::name:
        if (!with_split && (always || has_name(object))) out.emplace_back(native.name, name_of(object));
        continue;
      case Native::Kind::split:
        if (!with_split) continue;
        value = member(object, native.key);
        break;
      case Native::Kind::phone:
        out.emplace_back(native.name, WireValue{number.empty(), std::string(number), {}});
        continue;
      case Native::Kind::email:
        value = member(object, native.key);
        always = false;
        break;
      case Native::Kind::address:
        value = address_part(object, native.key);
        break;
      case Native::Kind::custom:
        value = custom_part(object, native.key);
        break;
    }
    if (value != nullptr || always) out.emplace_back(native.name, wire_value(value));
  }
}

bool Codec::is_foreign(const Json& object) const {
  const auto account = integer_of(member(object, "account_id"));
  return account_id_ != 0 && account && *account != account_id_;
}

bool Codec::read_activity(const Json& object, Evidence& out) const {
  out.source = {SourceKind::activity, text_of(member(object, "id"))};
  if (out.source.id.empty()) return false;
  out.person = person_of(object);
  out.at_ms = integer_of(member(object, "unix_time")).value_or(0) * 1000;
  if (truth_of(member(object, "redacted"))) {
    forget_identity(out);
  } else {
    read_fields(object, Shows::present_keys, out.person, false, out.fields);
    read_tags(object, out);
    out.caller_id_name = text_of(member(object, "cnam"));
  }
  out.hash = hash_of(out);
  return true;
}

Result<ActivityPage> Codec::activities(const Json& root) const {
  const Json* list = elements(root, {"calls", "activities"});
  if (list == nullptr) return shapeless("activities");
  ActivityPage page;
  page.envelope = envelope_of(root);
  page.activities.reserve(list->Size());
  for (const Json& entry : list->GetArray()) {
    const Json& object = unwrapped(entry, {"call"});
    if (is_foreign(object)) return foreign("activities");
    if (Evidence evidence; read_activity(object, evidence)) page.activities.push_back(std::move(evidence));
  }
  return page;
}

Result<Evidence> Codec::activity(const Json& root) const {
  const Json& object = unwrapped(root, {"call", "activity"});
  if (is_foreign(object)) return foreign("an activity");
  Evidence evidence;
  if (!read_activity(object, evidence)) return shapeless("activity");
  return evidence;
}

Result<RowPage> Codec::rows(const Json& root, bool with_details) const {
  const Json* list = elements(root, {"contacts", "list_contacts"});
  if (list == nullptr) return shapeless("list rows");
  RowPage page;
  page.envelope = envelope_of(root);
  page.rows.reserve(list->Size());
  for (const Json& row : list->GetArray()) {
    if (is_foreign(row)) return foreign("list rows");
    Evidence evidence;
    evidence.person = first_number(row, {"number", "phone_number", "caller_number"});
    evidence.source = {SourceKind::row, text_of(first_member(row, {"id", "contact_id"}))};
    if (evidence.source.id.empty()) return shapeless("row id");
    if (truth_of(member(row, "redacted")))
      forget_identity(evidence);
    else
      read_fields(row, Shows::always, evidence.person, false, evidence.fields);
    evidence.hash = hash_of(evidence);
    page.shows_email = page.shows_email || member(row, "email") != nullptr;
    page.rows.push_back(std::move(evidence));
    if (with_details) page.details.push_back(detail_of(row));
  }
  return page;
}

bool Codec::read_record(const Json& object, RecordPage& page) const {
  Evidence out;
  out.source = {SourceKind::record, text_of(first_member(object, {"id", "contact_id"}))};
  if (out.source.id.empty()) return false;
  out.person = out.source.id;
  const bool split = member(object, "first_name") != nullptr && member(object, "last_name") != nullptr;
  const Json* stamp = member(object, "updated_at");
  page.shows_split = page.shows_split || split;
  page.shows_stamp = page.shows_stamp || stamp != nullptr;
  page.flat_address =
      page.flat_address || (member(object, "street") != nullptr && member(object, "address") == nullptr);
  out.at_ms = iso_to_unix_ms(text_of(stamp)).value_or(0);
  const std::string number = first_number(
      object, {"number", "phone_number", "caller_number", "contact_numbers", "numbers", "phone_numbers"});
  if (const Json* more = first_member(object, {"contact_numbers", "numbers", "phone_numbers"});
      more != nullptr && more->IsArray()) {
    for (const Json& entry : more->GetArray()) {
      std::string text = number_text(&entry);
      if (has_digit(text) && text != number) out.more_phones.push_back(std::move(text));
    }
  }
  if (truth_of(member(object, "redacted")))
    forget_identity(out);
  else
    read_fields(object, Shows::present_keys, number, split, out.fields);
  out.hash = hash_of(out);
  page.records.push_back(std::move(out));
  return true;
}

Result<RecordPage> Codec::records(const Json& root) const {
  const Json* list = elements(root, {"contacts"});
  if (list == nullptr) return shapeless("contacts");
  RecordPage page;
  page.envelope = envelope_of(root);
  page.records.reserve(list->Size());
  for (const Json& object : list->GetArray()) {
    if (is_foreign(object)) return foreign("contacts");
    if (!read_record(object, page)) return shapeless("contact id");
  }
  return page;
}

Result<RecordPage> Codec::record(const Json& root) const {
  const Json& object = unwrapped(root, {"contact"});
  if (is_foreign(object)) return foreign("a contact");
  RecordPage page;
  if (!read_record(object, page)) return shapeless("contact");
  return page;
}

WireHash Codec::hash_of(const Evidence& evidence) const {
  scratch_.clear();
  const auto number = [this](std::size_t value) {  // lengths keep "ab","c" apart from "a","bc"
    const auto narrow = static_cast<std::uint32_t>(value);
    char bytes[sizeof narrow];
    std::memcpy(bytes, &narrow, sizeof narrow);
    scratch_.append(bytes, sizeof narrow);
  };
  const auto text = [&](std::string_view value) {
    number(value.size());
    scratch_.append(value);
  };
  const auto texts = [&](const std::vector<std::string>& values) {
    number(values.size());
    for (const std::string& value : values) text(value);
  };
  text(evidence.person);
  number(evidence.fields.size());
  for (const auto& [name, value] : evidence.fields) {
    text(name);
    number(value.blank ? 1 : 0);
    text(value.text);
    texts(value.items);
  }
  number(evidence.shows_tags ? 1 : 0);
  texts(evidence.tags);
  texts(evidence.more_phones);
  texts(evidence.more_emails);
  text(evidence.caller_id_name);
  number(evidence.redacted ? 1 : 0);
  const XXH128_hash_t hash = XXH3_128bits_withSeed(scratch_.data(), scratch_.size(), fingerprint_);
  return {hash.low64, hash.high64};
}
}  // namespace tandem::ctm
