#include "daemon/config/duration.h"
#include <fmt/format.h>
#include <array>
#include <charconv>
#include <utility>

namespace tandem::config {
namespace {
constexpr std::array<std::pair<std::string_view, std::int64_t>, 5> kUnits{
    {{"d", 86'400'000}, {"h", 3'600'000}, {"m", 60'000}, {"s", 1'000}, {"ms", 1}}};
constexpr std::int64_t kLongest = 3650 * kUnits[0].second;
}  // namespace

std::optional<std::int64_t> duration_ms(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || number < 0) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  for (const auto& [unit, ms] : kUnits) {
    if (text != unit) continue;
    if (number > kLongest / ms) return std::nullopt;
    return number * ms;
  }
  return std::nullopt;
}

std::string duration_text(std::int64_t ms) {
  for (const auto& [unit, unit_ms] : kUnits) {
    if (ms != 0 && ms % unit_ms == 0) return fmt::format("{}{}", ms / unit_ms, unit);
  }
  return "0s";
}
}  // namespace tandem::config
