// A clock that stands still, except that sleeping moves it to when the sleeper wants to wake.
#pragma once
#include <algorithm>
#include <vector>

#include "core/ports/clock.h"

namespace tandem::test {
class StepClock final : public Clock {
 public:
  std::int64_t now = 1'800'000'000'000;
  bool stop = false;               // sleepers wake at once, as when asked to stop
  std::vector<std::int64_t> naps;  // how long each sleep was
  std::int64_t now_ms() override { return now; }
  void sleep_until_ms(std::int64_t when_ms) override {
    if (stop) return;
    naps.push_back(when_ms - now);
    now = std::max(now, when_ms);
  }
};

// A clock on which every look takes a while: for what must end although nothing happens.
class TickClock final : public Clock {
 public:
  std::int64_t now = 1'800'000'000'000;
  std::int64_t tick_ms = 2'500;
  std::int64_t now_ms() override { return now += tick_ms; }
  void sleep_until_ms(std::int64_t when_ms) override { now = std::max(now, when_ms); }
};
}  // namespace tandem::test
