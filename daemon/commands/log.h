// What goes to the log: ids, counts, reasons. A contact's value is never passed here (P31). Under
// systemd the journal gets the link and the run as fields of their own; elsewhere standard error
// gets one line per message. Thread-safe.
#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include "core/engine/cycle.h"

namespace spdlog {
class logger;
}

namespace tandem {

void set_log_level(Severity least);  // of all logs, at once

class Log {
 public:
  explicit Log(std::string link = {});  // "" = the daemon itself
  void say(Severity severity, std::string_view text, std::int64_t run = 0) const;

 private:
  std::shared_ptr<spdlog::logger> logger_;
};
}  // namespace tandem
