// Time is a port: tests tick it, nothing sleeps.
#pragma once
#include <cstdint>

namespace tandem {
class Clock {
 public:
  virtual ~Clock() = default;
  [[nodiscard]] virtual std::int64_t now_ms() = 0;        // Unix ms, UTC
  virtual void sleep_until_ms(std::int64_t when_ms) = 0;  // may return early when asked to stop
};
}  // namespace tandem
