// How far a state had come, kept in a small file beside it: a state that is behind its own mark was
// restored from a backup, and what was agreed since is not in it (P24).
#pragma once
#include <compare>
#include <cstdint>
#include <optional>
#include <string>

namespace tandem {

struct HighWater {
  std::int64_t generation = 0;  // times the state was opened for writing
  std::int64_t run = 0;         // last run that wrote
  auto operator<=>(const HighWater&) const = default;
};

// nullopt: there is none, or it cannot be read; then nothing is concluded.
[[nodiscard]] std::optional<HighWater> read_high_water(const std::string& file);
// After what it says is durable. A failure is no error: the mark stays behind, which proves nothing.
void write_high_water(const std::string& file, const HighWater& mark) noexcept;
}  // namespace tandem
