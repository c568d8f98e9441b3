// Local time of an account, with daylight saving, from the system's zone files. Thread-safe (the C
// library's own conversion hangs on one process-wide TZ variable).
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tandem::sim {

struct CtmLocalTime {
  int year = 1970, month = 1, day = 1, hour = 0, minute = 0, second = 0;
  int weekday = 4;            // 0 = Sunday
  std::int64_t offset_s = 0;  // east of UTC
};

class CtmZone {
 public:
  // A Rails name ("Pacific Time (US & Canada)") or an IANA one. Throws std::invalid_argument.
  explicit CtmZone(std::string_view rails_or_iana = "UTC");
  [[nodiscard]] const std::string& iana() const { return iana_; }
  [[nodiscard]] std::int64_t offset_s(std::int64_t unix_s) const;
  [[nodiscard]] CtmLocalTime local(std::int64_t unix_s) const;
  // The first second of a calendar day, given as days since 1970-01-01. Where a change of clocks
  // skips midnight, the first second that exists.
  [[nodiscard]] std::int64_t day_start(std::int64_t day) const;

 private:
  struct Rule {  // "M3.2.0/2": the nth weekday of a month, at a local second
    int month = 0, week = 0, weekday = 0;
    std::int64_t second = 7200;
  };
  void read(const std::string& bytes);
  void read_footer(std::string_view posix);
  [[nodiscard]] std::int64_t ruled_offset(std::int64_t unix_s) const;

  std::string iana_;
  std::vector<std::int64_t> changes_;  // Unix seconds, ascending
  std::vector<std::int64_t> offsets_;  // offsets_[i] holds from changes_[i]
  std::int64_t first_offset_ = 0;
  bool has_footer_ = false, has_dst_ = false;  // what the file says about the time after its last change
  std::int64_t std_offset_ = 0, dst_offset_ = 0;
  Rule dst_begin_, dst_end_;
};

// Days since 1970-01-01 of a "YYYY-MM-DD"; false when it is none.
[[nodiscard]] bool ctm_parse_day(std::string_view text, std::int64_t& day);
[[nodiscard]] std::int64_t ctm_day_number(int year, int month, int day);
}  // namespace tandem::sim
