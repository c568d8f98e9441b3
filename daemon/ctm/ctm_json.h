// One answer's JSON, parsed in place, and tolerant readings of it. CTM writes absent, null and ""
// for the same thing, numbers as text and text as numbers (C): every reader here takes them all.
#pragma once
#include <rapidjson/document.h>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include "core/model/field.h"

namespace tandem::ctm {

using Json = rapidjson::Value;

class Body {
 public:
  Body() = default;                                                  // an empty answer: root() is null
  [[nodiscard]] static std::optional<Body> parse(std::string text);  // nullopt: not JSON, or cut off
  [[nodiscard]] const Json& root() const;

 private:
  std::unique_ptr<std::string> text_;  // the document points into it
  std::unique_ptr<rapidjson::Document> document_;
};

[[nodiscard]] const Json* member(const Json& object,
                                 std::string_view key);  // nullptr: no object or no such key
[[nodiscard]] const Json* first_member(const Json& object, std::initializer_list<std::string_view> keys);
[[nodiscard]] std::string text_of(const Json* value);  // "" for null, arrays, objects and nullptr
[[nodiscard]] std::optional<std::int64_t> integer_of(const Json* value);  // numbers and numeric text
[[nodiscard]] bool truth_of(const Json* value);                           // true, 1, "true", "1", "yes", "on"
[[nodiscard]] WireValue wire_value(const Json* value);                    // nullptr = blank
[[nodiscard]] std::string raw_json(const Json& value);  // "" when nested too deeply to be a field value

// The element array of an envelope: under one of `keys`, the root itself, or the only array of
// objects there is. nullptr: none.
[[nodiscard]] const Json* elements(const Json& root, std::initializer_list<std::string_view> keys);
// The object itself where an answer may wrap it, as in {"call":{...}}.
[[nodiscard]] const Json& unwrapped(const Json& root, std::initializer_list<std::string_view> keys);
}  // namespace tandem::ctm
