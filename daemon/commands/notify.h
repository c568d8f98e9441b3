// What systemd is told; nothing happens where no service manager listens.
#pragma once
#include <cstdint>
#include <string>

namespace tandem {
void notify_ready(const std::string& status);
void notify_status(const std::string& status);
void notify_reloading();  // followed by notify_ready
void notify_stopping();
void notify_watchdog();
[[nodiscard]] std::int64_t watchdog_ms();  // 0 = no watchdog asked for
}  // namespace tandem
