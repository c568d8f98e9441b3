// Time is a port: tests tick it, nothing sleeps.
#pragma once
#include <cstdint>
#include <string>

namespace tandem {
struct SteadyTime {
  std::string epoch = "-";  // of the machine's start: only times of one epoch can be compared. No blanks
  std::int64_t ms = 0;
};

class Clock {
 public:
  virtual ~Clock() = default;
  [[nodiscard]] virtual std::int64_t now_ms() = 0;                       // Unix ms, UTC; people may move it
  [[nodiscard]] virtual SteadyTime steady() { return {"-", now_ms()}; }  // nobody moves it
  virtual void sleep_until_ms(std::int64_t when_ms) = 0;  // may return early when asked to stop
};
}  // namespace tandem
