// The system's time. Sleepers wake early once stopped, so that a waiting request gives up soon.
#pragma once
#include <condition_variable>
#include <mutex>
#include "core/ports/clock.h"

namespace tandem {

class WallClock final : public Clock {
 public:
  [[nodiscard]] std::int64_t now_ms() override;
  [[nodiscard]] SteadyTime steady() override;  // since the machine was started, sleep included
  void sleep_until_ms(std::int64_t when_ms) override;
  void stop();  // for good; any thread

 private:
  std::mutex mutex_;
  std::condition_variable stopped_changed_;
  bool stopped_ = false;
};
}  // namespace tandem
