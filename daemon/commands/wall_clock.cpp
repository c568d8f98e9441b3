#include "daemon/commands/wall_clock.h"
#include <algorithm>
#include <chrono>
#include <thread>

namespace tandem {
using std::chrono::milliseconds;

std::int64_t WallClock::now_ms() {
  return std::chrono::duration_cast<milliseconds>(std::chrono::system_clock::now().time_since_epoch())
      .count();
}

void WallClock::sleep_until_ms(std::int64_t when_ms) {
  const milliseconds left{std::max<std::int64_t>(0, when_ms - now_ms())};
  std::unique_lock lock(mutex_);
  if (stopped_) {  // a caller that loops on the time must not spin
    lock.unlock();
    std::this_thread::sleep_for(std::min(left, milliseconds{20}));
    return;
  }
  stopped_changed_.wait_for(lock, left, [this] { return stopped_; });
}

void WallClock::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
  }
  stopped_changed_.notify_all();
}
}  // namespace tandem
