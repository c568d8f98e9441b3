#include "daemon/commands/log.h"
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <spdlog/logger.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <sys/stat.h>
#define SD_JOURNAL_SUPPRESS_LOCATION  // it would be this file, for every message
#include <systemd/sd-journal.h>
#include <unistd.h>
#include <cstdlib>

namespace tandem {
namespace {
// spdlog has no "notice"; its five lower levels in our order.
spdlog::level::level_enum level_of(Severity severity) {
  switch (severity) {
    case Severity::debug:
      return spdlog::level::trace;
    case Severity::info:
      return spdlog::level::debug;
    case Severity::notice:
      return spdlog::level::info;
    case Severity::warning:
      return spdlog::level::warn;
    case Severity::error:
      break;
  }
  return spdlog::level::err;
}

std::string_view word_of(spdlog::level::level_enum level) {
  switch (level) {
    case spdlog::level::trace:
      return "debug";
    case spdlog::level::debug:
      return "info";
    case spdlog::level::info:
      return "notice";
    case spdlog::level::warn:
      return "warning";
    default:
      return "error";
  }
}

int priority_of(spdlog::level::level_enum level) {  // syslog's numbers
  switch (level) {
    case spdlog::level::trace:
      return 7;
    case spdlog::level::debug:
      return 6;
    case spdlog::level::info:
      return 5;
    case spdlog::level::warn:
      return 4;
    default:
      return 3;
  }
}

thread_local std::int64_t run_of_message = 0;  // spdlog carries no fields of one's own

class JournalSink final : public spdlog::sinks::base_sink<std::mutex> {
  void sink_it_(const spdlog::details::log_msg& msg) override {
    const std::string_view text(msg.payload.data(), msg.payload.size());
    const std::string_view link(msg.logger_name.data(), msg.logger_name.size());
    std::string fields[] = {fmt::format("MESSAGE={}{}{}", link, link.empty() ? "" : ": ", text),
                            fmt::format("PRIORITY={}", priority_of(msg.level)), "SYSLOG_IDENTIFIER=tandem",
                            fmt::format("TANDEM_LINK={}", link),
                            fmt::format("TANDEM_RUN={}", run_of_message)};
    struct iovec parts[std::size(fields)];
    int count = 3;
    if (!link.empty()) ++count;
    if (count == 4 && run_of_message != 0) ++count;
    for (int i = 0; i < count; ++i) parts[i] = {fields[i].data(), fields[i].size()};
    sd_journal_sendv(parts, count);
  }
  void flush_() override {}
};

class PlainFormatter final : public spdlog::custom_flag_formatter {
 public:
  void format(const spdlog::details::log_msg& msg, const std::tm&, spdlog::memory_buf_t& out) override {
    const std::string_view link(msg.logger_name.data(), msg.logger_name.size());
    fmt::format_to(fmt::appender(out), "{:%Y-%m-%dT%H:%M:%SZ} {:7} {}{}{}",
                   fmt::gmtime(std::chrono::system_clock::to_time_t(msg.time)), word_of(msg.level), link,
                   link.empty() ? "" : ": ", std::string_view(msg.payload.data(), msg.payload.size()));
  }
  [[nodiscard]] std::unique_ptr<custom_flag_formatter> clone() const override {
    return std::make_unique<PlainFormatter>();
  }
};

// systemd names the journal's socket as device:inode of standard error.
bool stderr_is_journal() {
  const char* stream = std::getenv("JOURNAL_STREAM");
  struct stat st {};
  if (stream == nullptr || fstat(STDERR_FILENO, &st) != 0) return false;
  return fmt::format("{}:{}", st.st_dev, st.st_ino) == stream;
}

std::shared_ptr<spdlog::sinks::sink> make_sink() {
  if (stderr_is_journal()) return std::make_shared<JournalSink>();
  auto sink = std::make_shared<spdlog::sinks::stderr_sink_mt>();
  auto formatter = std::make_unique<spdlog::pattern_formatter>();
  formatter->add_flag<PlainFormatter>('*').set_pattern("%*");
  sink->set_formatter(std::move(formatter));
  return sink;
}

std::shared_ptr<spdlog::sinks::sink>& the_sink() {
  static std::shared_ptr<spdlog::sinks::sink> sink = make_sink();
  return sink;
}
}  // namespace

void set_log_level(Severity least) { the_sink()->set_level(level_of(least)); }

Log::Log(std::string link) : logger_(std::make_shared<spdlog::logger>(std::move(link), the_sink())) {
  logger_->set_level(spdlog::level::trace);  // the sink decides
}

void Log::say(Severity severity, std::string_view text, std::int64_t run) const {
  run_of_message = run;
  logger_->log(level_of(severity), text);
}
}  // namespace tandem
