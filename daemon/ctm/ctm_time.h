// The account's calendar. CTM filters activities by calendar days of the account's time zone (C), and
// names zones the Rails way or by IANA (D). Pure but for reading /usr/share/zoneinfo once per zone.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tandem::ctm {

// Days since 1970-01-01.
using Day = std::int64_t;

class Zone {
 public:
  // IANA ("America/Chicago") or Rails ("Central Time (US & Canada)") name. nullopt: no such zone.
  [[nodiscard]] static std::optional<Zone> load(std::string_view name);
  // Seconds east of UTC at that moment. After the last listed transition its offset stands: wrong by
  // an hour at most, which first_day's margin covers.
  [[nodiscard]] std::int64_t offset_at(std::int64_t unix_s) const;
  [[nodiscard]] Day day_of(std::int64_t unix_s) const;

 private:
  std::vector<std::int64_t> at_;      // transitions, ascending
  std::vector<std::int64_t> offset_;  // one more than at_: before the first, after each
};

// "" when the name is no Rails name.
[[nodiscard]] std::string_view iana_of_rails(std::string_view rails);

// The start_date that shows everything since `unix_s`: the account's day less one, because it is not
// proven that the filter uses the account's zone; zone unknown: the UTC day less two.
[[nodiscard]] Day first_day(std::int64_t unix_s, const std::optional<Zone>& zone);

[[nodiscard]] std::string to_date(Day day);  // YYYY-MM-DD
[[nodiscard]] std::optional<std::int64_t> iso_to_unix_ms(
    std::string_view text);  // with Z or an offset; else nullopt
}  // namespace tandem::ctm
