#include "daemon/commands/notify.h"
#include <fmt/format.h>
#include <systemd/sd-daemon.h>
#include <ctime>

namespace tandem {
void notify_ready(const std::string& status) {
  sd_notify(0, fmt::format("READY=1\nSTATUS={}", status).c_str());
}
void notify_status(const std::string& status) { sd_notify(0, fmt::format("STATUS={}", status).c_str()); }
void notify_reloading() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  sd_notify(
      0,
      fmt::format("RELOADING=1\nMONOTONIC_USEC={}", now.tv_sec * 1'000'000LL + now.tv_nsec / 1'000).c_str());
}
void notify_stopping() { sd_notify(0, "STOPPING=1"); }
void notify_watchdog() { sd_notify(0, "WATCHDOG=1"); }

std::int64_t watchdog_ms() {
  std::uint64_t usec = 0;
  if (sd_watchdog_enabled(0, &usec) <= 0) return 0;
  return static_cast<std::int64_t>(usec / 1'000);
}
}  // namespace tandem
