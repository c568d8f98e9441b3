// When a request may be tried again. Pure.
#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>

namespace tandem::http {

// Of a Retry-After header (seconds or an HTTP date), as a delay. A date is measured against the
// answer's own Date where it has one, so that our clock does not matter. At most a day; nullopt =
// no such header, or one that says nothing. Header names are lower case.
[[nodiscard]] std::optional<std::int64_t> retry_after_ms(const std::map<std::string, std::string>& headers,
                                                         std::int64_t now_ms);

// Pause before attempt `attempt` + 1 (the first attempt is 1): doubles from half a second to eight,
// and lies between half of that and all of it. Same seed and attempt, same pause.
[[nodiscard]] std::int64_t back_off_ms(int attempt, std::uint64_t seed);

// "Sun, 06 Nov 1994 08:49:37 GMT" as Unix ms.
[[nodiscard]] std::optional<std::int64_t> http_date_ms(const std::string& text);
}  // namespace tandem::http
