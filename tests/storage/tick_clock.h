// A clock that stands still until it is told to move.
#pragma once
#include "core/ports/clock.h"

namespace tandem {

class TickClock final : public Clock {
 public:
  std::int64_t now_ms() override { return now_ms_; }
  void sleep_until_ms(std::int64_t when_ms) override { now_ms_ = when_ms; }

 private:
  std::int64_t now_ms_ = 1'795'500'706'123;
};
}  // namespace tandem
