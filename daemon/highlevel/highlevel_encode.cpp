#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <algorithm>

#include "daemon/highlevel/highlevel_codec.h"
#include "daemon/highlevel/standard_fields.h"

namespace tandem::highlevel {
namespace {
using Writer = rapidjson::Writer<rapidjson::StringBuffer>;

bool is_number(std::string_view type) { return type == "NUMERICAL" || type == "FLOAT" || type == "MONETORY"; }
bool is_several(std::string_view type) { return type == "MULTIPLE_OPTIONS" || type == "CHECKBOX"; }
bool is_text(std::string_view type) { return type == "TEXT" || type == "LARGE_TEXT" || type == "PHONE"; }
bool is_unsyncable(std::string_view type) {
  return type == "FILE_UPLOAD" || type == "SIGNATURE" || type == "TEXTBOX_LIST";
}

void text(Writer& w, std::string_view value) {
  w.String(value.data(), static_cast<rapidjson::SizeType>(value.size()));
}
void key(Writer& w, std::string_view name) {
  w.Key(name.data(), static_cast<rapidjson::SizeType>(name.size()));
}
void pair(Writer& w, std::string_view name, std::string_view value) {
  key(w, name);
  text(w, value);
}
void blank(Writer& w, Blank form) { form == Blank::null_value ? w.Null() : w.String(""); }
std::string done(const rapidjson::StringBuffer& buffer) { return {buffer.GetString(), buffer.GetSize()}; }

// As JSON writes one, without an exponent: no leading zero, no plus, a digit on either side of the point.
bool is_json_number(std::string_view value) {
  if (value.starts_with('-')) value.remove_prefix(1);
  const auto is_digits = [](std::string_view part) {
    return !part.empty() && part.find_first_not_of("0123456789") == std::string_view::npos;
  };
  const auto point = value.find('.');
  const auto whole = value.substr(0, point);
  return is_digits(whole) && (whole == "0" || whole.front() != '0') &&
         (point == std::string_view::npos || is_digits(value.substr(point + 1)));
}

void equals(Writer& w, std::string_view field, std::string_view value) {
  w.StartObject();
  pair(w, "field", field);
  pair(w, "operator", "eq");
  pair(w, "value", value);
  w.EndObject();
}
}  // namespace

Codec::Codec(std::string location_id, std::vector<std::string> native_names, std::uint64_t fingerprint,
             ClearForms clears)
    : location_id_(std::move(location_id)), fingerprint_(fingerprint), clears_(clears) {
  for (auto& native : native_names) {
    Mapped& m = mapped_.emplace_back();
    for (std::size_t i = 0; i < kStandardFields.size(); ++i)
      if (kStandardFields[i].native == native) m.standard = static_cast<int>(i);
    if (native.starts_with(kCustomPrefix)) m.custom_key = native.substr(kCustomPrefix.size());
    m.native = std::move(native);
  }
}

bool Codec::needs_definitions() const {
  return std::any_of(mapped_.begin(), mapped_.end(), [](const Mapped& m) { return !m.custom_key.empty(); });
}

std::vector<std::string> Codec::define(const std::vector<CustomField>& all) {
  std::vector<std::string> problems;
  for (auto& m : mapped_) {
    if (m.custom_key.empty()) continue;
    m.custom_id.clear();
    const auto it = std::find_if(all.begin(), all.end(), [&](const CustomField& f) {
      return f.key == m.custom_key || f.key == "contact." + m.custom_key;
    });
    if (it == all.end()) {
      problems.push_back(m.native + " does not exist");
    } else if (is_unsyncable(it->type)) {
      problems.push_back(m.native + " is of type " + it->type + ", which cannot be kept in step");
    } else {
      m.custom_id = it->id;
      m.custom_type = it->type;
    }
  }
  return problems;
}

const Codec::Mapped* Codec::find(std::string_view native) const {
  const auto it =
      std::find_if(mapped_.begin(), mapped_.end(), [&](const Mapped& m) { return m.native == native; });
  return it == mapped_.end() ? nullptr : &*it;
}

bool Codec::can_send(const Mapped& field, const WireValue& value, bool with_blanks, bool with_company) const {
  if (value.blank && !with_blanks) return false;
  if (field.standard < 0) return !field.custom_id.empty();
  if (field.native == "company") return with_company;
  return field.native != "country" || !value.blank;  // the country cannot be emptied
}

template <class W>
void Codec::write_custom(W& w, const Mapped& field, const WireValue& value) const {
  w.StartObject();
  pair(w, "id", field.custom_id);
  key(w, "field_value");
  if (is_several(field.custom_type)) {
    w.StartArray();
    for (const auto& item : value.items) text(w, item);
    if (value.items.empty() && !value.text.empty()) text(w, value.text);
    w.EndArray();
  } else if (value.blank) {
    blank(w, is_text(field.custom_type) ? clears_.custom_text : clears_.custom_value);
  } else if (is_number(field.custom_type) && is_json_number(value.text)) {
    w.RawValue(value.text.data(), value.text.size(), rapidjson::kNumberType);
  } else {
    text(w, value.text);  // a number that is none: the remote's refusal says so
  }
  w.EndObject();
}

// True when something was written.
template <class W>
bool Codec::write_fields(W& w, const WireFields& fields, bool with_blanks, bool with_company) const {
  bool any = false, any_custom = false;
  for (const auto& [native, value] : fields) {
    const Mapped* field = find(native);
    if (field == nullptr || !can_send(*field, value, with_blanks, with_company)) continue;
    any = true;
    if (field->standard < 0) {
      any_custom = true;
      continue;
    }
    key(w, kStandardFields[static_cast<std::size_t>(field->standard)].wire);
    if (value.blank)
      blank(w, field->native == "postal_code" ? clears_.postal_code : clears_.standard);
    else
      text(w, value.text);
  }
  if (!any_custom) return any;
  key(w, "customFields");
  w.StartArray();
  for (const auto& [native, value] : fields) {
    const Mapped* field = find(native);
    if (field != nullptr && field->standard < 0 && can_send(*field, value, with_blanks, with_company))
      write_custom(w, *field, value);
  }
  w.EndArray();
  return any;
}

std::string Codec::create_body(const Write& write) const {
  rapidjson::StringBuffer buffer;
  Writer w(buffer);
  w.StartObject();
  pair(w, "locationId", location_id_);
  (void)write_fields(w, write.whole.empty() ? write.set : write.whole, false, true);
  if (!write.tags.empty()) {
    key(w, "tags");
    w.StartArray();
    for (const auto& tag : write.tags) text(w, tag);
    w.EndArray();
  }
  w.EndObject();
  return done(buffer);
}

std::optional<std::string> Codec::update_body(const WireFields& set, bool with_company) const {
  rapidjson::StringBuffer buffer;
  Writer w(buffer);
  w.StartObject();
  const bool any = write_fields(w, set, true, with_company);
  w.EndObject();
  if (!any) return std::nullopt;
  return done(buffer);
}

std::string Codec::tags_body(const std::vector<std::string>& tags) {
  rapidjson::StringBuffer buffer;
  Writer w(buffer);
  w.StartObject();
  key(w, "tags");
  w.StartArray();
  for (const auto& tag : tags) text(w, tag);
  w.EndArray();
  w.EndObject();
  return done(buffer);
}

std::string Codec::search_body(const Search& search) const {
  rapidjson::StringBuffer buffer;
  Writer w(buffer);
  w.StartObject();
  pair(w, "locationId", location_id_);
  key(w, "pageLimit");
  w.Int(search.limit);
  if (!search.after.empty()) {
    key(w, "searchAfter");
    w.RawValue(search.after.data(), search.after.size(), rapidjson::kArrayType);
  }
  const bool by_phone = !search.phone.empty(),
             by_email = !search.email.empty() && search.email.size() <= kFilterValueMax;
  if (search.since_ms > 0 || by_phone || by_email) {
    key(w, "filters");
    w.StartArray();
    if (search.since_ms > 0) {
      w.StartObject();
      pair(w, "field", "dateUpdated");
      pair(w, "operator", "range");
      key(w, "value");
      w.StartObject();
      key(w, "gte");
      search.form == DateForm::iso ? text(w, iso_text(search.since_ms))
                                   : static_cast<void>(w.Int64(search.since_ms));
      w.EndObject();
      w.EndObject();
    }
    if (by_phone && by_email) {
      w.StartObject();
      pair(w, "group", "OR");
      key(w, "filters");
      w.StartArray();
      equals(w, "phone", search.phone);
      equals(w, "email", search.email);
      w.EndArray();
      w.EndObject();
    } else if (by_phone || by_email) {
      equals(w, by_phone ? "phone" : "email", by_phone ? search.phone : search.email);
    }
    w.EndArray();
  }
  key(w, "sort");
  w.StartArray();
  w.StartObject();
  pair(w, "field", search.sort);
  pair(w, "direction", search.newest_first ? "desc" : "asc");
  w.EndObject();
  w.EndArray();
  w.EndObject();
  return done(buffer);
}

std::string Codec::field_in(std::string_view message) const {
  constexpr std::string_view kBadCustom = "Invalid Custom Field Value", kProperty = "property ";
  if (message.starts_with(kBadCustom)) {
    for (const auto& m : mapped_)
      if (!m.custom_id.empty() && message.find('"' + m.custom_id + '"') != std::string_view::npos)
        return m.native;
    return "";
  }
  if (message.starts_with(kProperty)) message.remove_prefix(kProperty.size());
  const auto word = message.substr(0, message.find(' '));
  for (const auto& field : kStandardFields)
    if (field.wire == word) return std::string(field.native);
  return "";
}
}  // namespace tandem::highlevel
