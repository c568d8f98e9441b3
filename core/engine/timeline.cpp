#include "core/engine/timeline.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <sstream>

namespace tandem {
namespace {
constexpr const char* kKey = "timeline";
constexpr std::int64_t kDriftMs = 1'000;  // beyond it the wall clock was moved

struct Anchor {
  std::string epoch;
  std::int64_t steady_ms = 0, at_ms = 0, ahead_ms = 0;  // ahead of the wall clock by
};

Anchor anchor_in(const std::string& text) {
  Anchor a;
  std::istringstream in(text);
  in >> a.steady_ms >> a.at_ms >> a.ahead_ms >> a.epoch;
  return a;
}
}  // namespace

Timeline::Timeline(Clock& clock, StateStore& store) : clock_(&clock), steady_(clock.steady()) {
  const std::int64_t wall_ms = clock.now_ms();
  const auto kept = store.meta(kKey);
  const Anchor before = anchor_in(kept.value_or(""));
  const bool same_start = kept && before.epoch == steady_.epoch && steady_.ms >= before.steady_ms;
  if (!kept)
    at_ms_ = wall_ms;
  else if (same_start)
    at_ms_ = before.at_ms + (steady_.ms - before.steady_ms);
  else
    at_ms_ = std::max(before.at_ms, wall_ms + before.ahead_ms);
  ahead_ms_ = at_ms_ - wall_ms;
  is_kept_ = same_start && std::abs(ahead_ms_ - before.ahead_ms) <= kDriftMs;
}

void Timeline::keep(StateStore& store) const {
  if (is_kept_) return;
  store.transact([&] {
    store.set_meta(kKey, fmt::format("{} {} {} {}", steady_.ms, at_ms_, ahead_ms_, steady_.epoch));
  });
}

std::int64_t Timeline::now_ms() const { return at_ms_ + (clock_->steady().ms - steady_.ms); }
}  // namespace tandem
