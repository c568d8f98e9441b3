// JSON as it comes from a remote: parsed in place, never deeper than a contact can be.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <rapidjson/document.h>

namespace tandem::highlevel {

using Json = rapidjson::Value;

// False for anything but one complete JSON value, and for one nested deeper than 64. `body` is
// altered, holds the strings of `document` and must outlive it.
[[nodiscard]] bool parse_in_place(std::string& body, rapidjson::Document& document);

[[nodiscard]] inline std::string_view text_of(const Json& value) {
  return {value.GetString(), value.GetStringLength()};
}
// nullptr where `object` is none or has no such member.
[[nodiscard]] const Json* member(const Json& object, std::string_view name);
// "" where it is missing or no text.
[[nodiscard]] std::string_view text_member(const Json& object, std::string_view name);
// Text as it is, numbers and booleans as the shortest text, null as ""; nullopt = array or object.
[[nodiscard]] std::optional<std::string> scalar_text(const Json& value);

// "2026-11-20T09:41:05.880Z", with an offset or a date alone, or epoch ms as a number; 0 = no time.
[[nodiscard]] std::int64_t time_ms(const Json& value);
[[nodiscard]] std::int64_t iso_ms(std::string_view text);
[[nodiscard]] std::string iso_text(std::int64_t unix_ms);
}  // namespace tandem::highlevel
