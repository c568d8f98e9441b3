// Names and values of fields in stored JSON. v_fields (storage/schema) knows the same forms.
#pragma once
#include <string>
#include <string_view>
#include <utility>
#include <vector>
#include "core/model/field.h"
#include "storage/sqlite/json_text.h"

namespace tandem {

// One letter for a standard name; any other is itself, after a "=" where it could be mistaken.
[[nodiscard]] std::string code_of(std::string_view name);
[[nodiscard]] std::string name_of(std::string_view code);

// "text", null (cleared), false (absent) or true (unknown).
void write_value(JsonWriter& out, const FieldValue& value);
[[nodiscard]] FieldValue read_value(const JsonValue& value);
// "fAnn" or "f" (cleared) for a standard name, else [code, value].
void write_entry(JsonWriter& out, std::string_view name, const FieldValue& value);
[[nodiscard]] std::pair<std::string, FieldValue> read_entry(const JsonValue& value);
void write_values(JsonWriter& out, const FieldMap& values);  // a list of entries
[[nodiscard]] FieldMap read_values(const JsonValue& value);
template <class Texts>
void write_texts(JsonWriter& out, const Texts& texts) {
  out.open_array();
  for (const auto& text : texts) out.text(text);
  out.close_array();
}
[[nodiscard]] std::vector<std::string> read_texts(const JsonValue& value);
}  // namespace tandem
