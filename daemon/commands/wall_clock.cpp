#include "daemon/commands/wall_clock.h"
#include <algorithm>
#include <chrono>
#include <ctime>
#include <fstream>
#include <thread>

namespace tandem {
using std::chrono::milliseconds;

std::int64_t WallClock::now_ms() {
  return std::chrono::duration_cast<milliseconds>(std::chrono::system_clock::now().time_since_epoch())
      .count();
}

SteadyTime WallClock::steady() {
  static const std::string epoch = [] {
    std::string id;
    std::ifstream("/proc/sys/kernel/random/boot_id") >> id;
    return id.empty() ? std::string("-") : id;
  }();
  timespec now{};
  clock_gettime(CLOCK_BOOTTIME, &now);
  return {epoch, static_cast<std::int64_t>(now.tv_sec) * 1'000 + now.tv_nsec / 1'000'000};
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
