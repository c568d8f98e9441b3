#include "storage/sqlite/field_code.h"
#include <array>
#include <utility>

namespace tandem {
namespace {
// Stored: never change a letter. v_fields holds the same list.
constexpr std::array<std::pair<std::string_view, char>, 12> kCodes{{
    {"first_name", 'f'},
    {"last_name", 'l'},
    {"name", 'n'},
    {"email", 'e'},
    {"phone", 'p'},
    {"company", 'c'},
    {"address1", 'a'},
    {"city", 't'},
    {"state", 's'},
    {"postal_code", 'z'},
    {"country", 'y'},
    {"website", 'w'},
}};
}  // namespace

std::string code_of(std::string_view name) {
  for (const auto& [known, letter] : kCodes)
    if (name == known) return std::string(1, letter);
  if (name.size() <= 1 || name.front() == '=') return "=" + std::string(name);
  return std::string(name);
}

std::string name_of(std::string_view code) {
  if (code.size() == 1)
    for (const auto& [known, letter] : kCodes)
      if (code.front() == letter) return std::string(known);
  if (!code.empty() && code.front() == '=') return std::string(code.substr(1));
  return std::string(code);
}

void write_value(JsonWriter& out, const FieldValue& value) {
  switch (value.presence()) {
    case Presence::value:
      return out.text(value.text());
    case Presence::cleared:
      return out.null();
    case Presence::absent:
      return out.boolean(false);
    case Presence::unknown:
      return out.boolean(true);
  }
}

FieldValue read_value(const JsonValue& value) {
  if (value.type == JsonValue::Type::null) return FieldValue::cleared();
  if (value.type == JsonValue::Type::boolean) return value.truth ? FieldValue() : FieldValue::absent();
  return FieldValue::of(value.as_text());
}

void write_entry(JsonWriter& out, std::string_view name, const FieldValue& value) {
  const std::string code = code_of(name);
  if (code.size() == 1 && code != "=" && value.is_observed()) return out.text(code + value.text());
  out.open_array();
  out.text(code);
  write_value(out, value);
  out.close_array();
}

std::pair<std::string, FieldValue> read_entry(const JsonValue& value) {
  if (value.type == JsonValue::Type::text && !value.text.empty())
    return {name_of(std::string_view(value.text).substr(0, 1)), FieldValue::of(value.text.substr(1))};
  const auto& parts = value.as_array(2);
  return {name_of(parts[0].as_text()), read_value(parts[1])};
}

void write_values(JsonWriter& out, const FieldMap& values) {
  out.open_array();
  for (const auto& [name, value] : values) write_entry(out, name, value);
  out.close_array();
}

FieldMap read_values(const JsonValue& value) {
  FieldMap out;
  for (const JsonValue& entry : value.as_array()) out.insert(read_entry(entry));
  return out;
}

std::vector<std::string> read_texts(const JsonValue& value) {
  std::vector<std::string> out;
  for (const JsonValue& item : value.as_array()) out.push_back(item.as_text());
  return out;
}
}  // namespace tandem
