// How HighLevel reads and writes single values. Pure functions.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tandem::sim::highlevel {

[[nodiscard]] std::string lower(std::string_view utf8);  // Latin, Greek and Cyrillic letters
[[nodiscard]] std::string trimmed(std::string_view text);
[[nodiscard]] std::string title_case(std::string_view text);
[[nodiscard]] std::string truncated(std::string_view utf8, std::size_t letters);
[[nodiscard]] std::size_t letters(std::string_view utf8);

// E.164 for anything libphonenumber can parse, valid or not (live data holds impossible numbers);
// nullopt when it cannot.
[[nodiscard]] std::optional<std::string> e164(std::string_view input, std::string_view country);
[[nodiscard]] bool is_email(std::string_view text);
[[nodiscard]] bool is_country(std::string_view text);  // ISO 3166 alpha-2, upper case
[[nodiscard]] bool is_timezone(std::string_view text);
[[nodiscard]] const std::vector<std::string>& timezones();

[[nodiscard]] std::string iso_time(std::int64_t unix_ms);  // 2026-11-02T14:03:22.117Z
[[nodiscard]] std::optional<std::int64_t> parse_iso_time(
    std::string_view text);  // with Z, an offset, or a bare date
[[nodiscard]] std::optional<std::string> birth_date(
    std::string_view text);                         // any accepted form -> YYYY-MM-DD
[[nodiscard]] bool is_date(std::string_view text);  // YYYY-MM-DD, possibly with a time
[[nodiscard]] std::string plain_text(std::string_view html);
[[nodiscard]] bool glob(std::string_view pattern, std::string_view text);  // * and ?
}  // namespace tandem::sim::highlevel
