// "500ms", "60s", "15m", "6h", "2d": one whole number and one unit.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tandem::config {
// Milliseconds; nullopt for anything else, a negative number or more than 3650 days included.
[[nodiscard]] std::optional<std::int64_t> duration_ms(std::string_view text);
// The shortest such text: 90000 -> "90s", 7200000 -> "2h".
[[nodiscard]] std::string duration_text(std::int64_t ms);
}  // namespace tandem::config
