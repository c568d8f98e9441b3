#include "daemon/ctm/ctm_time.h"
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>
#include <cstdio>

namespace tandem::ctm {
namespace {
// The system's own `date` says on which day of that zone each second falls.
std::vector<std::string> days_by_date(const std::string& iana, const std::vector<std::int64_t>& seconds) {
  std::string input;
  for (const std::int64_t s : seconds) input += fmt::format("@{}\\n", s);
  const std::string command = fmt::format("printf '{}' | TZ='{}' date -f - +%F", input, iana);
  FILE* pipe = popen(command.c_str(), "r");
  std::vector<std::string> days;
  char line[64];
  while (pipe != nullptr && fgets(line, sizeof line, pipe) != nullptr)
    days.emplace_back(std::string(line, 10));
  if (pipe != nullptr) pclose(pipe);
  return days;
}

TEST(CtmTime, KnowsRailsAndIanaNames) {
  EXPECT_EQ(iana_of_rails("Pacific Time (US & Canada)"), "America/Los_Angeles");
  EXPECT_EQ(iana_of_rails("America/Los_Angeles"), "");
  const auto rails = Zone::load("Eastern Time (US & Canada)"), iana = Zone::load("America/New_York");
  ASSERT_TRUE(rails && iana);
  EXPECT_EQ(rails->offset_at(1'795'176'000), -5 * 3600);  // November
  EXPECT_EQ(iana->offset_at(1'783'512'000), -4 * 3600);   // July
}

TEST(CtmTime, RefusesWhatIsNoZone) {
  for (const char* name : {"", "Nowhere", "../../etc/passwd", "/etc/localtime", "America", "tzdata.zi"}) {
    EXPECT_FALSE(Zone::load(name)) << name;
  }
}

TEST(CtmTime, EveryRailsZoneIsInstalled) {
  for (const char* name : {"Hawaii", "Newfoundland", "Kathmandu", "Chatham Is.", "Samoa",
                           "International Date Line West", "Kyiv", "Greenland"}) {
    EXPECT_TRUE(Zone::load(name)) << name;
  }
}

// P42: whatever day the server puts an activity on, by the account's zone or by UTC, the first day
// asked for is not later; and not so much earlier that it costs.
RC_GTEST_PROP(CtmTime, TheDayWindowIncludesEveryActivitySinceItsFloor, ()) {
  const auto zone = *rc::gen::element<std::string>(
      "America/Chicago", "Pacific/Apia", "Pacific/Pago_Pago", "Asia/Kathmandu", "Australia/Lord_Howe",
      "Europe/London", "America/St_Johns", "Pacific/Kiritimati", "Africa/Casablanca", "Etc/GMT+12");
  const bool is_known = *rc::gen::arbitrary<bool>();
  const auto floor_s = *rc::gen::inRange<std::int64_t>(1'500'000'000, 2'100'000'000);
  std::vector<std::int64_t> seconds;
  for (int i = 0; i < 12; ++i) seconds.push_back(floor_s + *rc::gen::inRange<std::int64_t>(0, 3 * 86'400));
  seconds.push_back(floor_s);
  const std::string first = to_date(first_day(floor_s, is_known ? Zone::load(zone) : std::nullopt));
  for (const std::string& server_zone : {zone, std::string("UTC")}) {
    const auto days = days_by_date(server_zone, seconds);
    RC_ASSERT(days.size() == seconds.size());
    for (const std::string& day : days) RC_ASSERT(first <= day);
  }
  RC_ASSERT(first >= to_date(floor_s / 86'400 - 3));
}

RC_GTEST_PROP(CtmTime, AgreesWithTheSystemAboutDays, ()) {
  const auto zone = *rc::gen::element<std::string>("America/Chicago", "Europe/London", "Pacific/Apia",
                                                   "Asia/Kathmandu", "America/Sao_Paulo");
  std::vector<std::int64_t> seconds;
  for (int i = 0; i < 12; ++i)
    seconds.push_back(*rc::gen::inRange<std::int64_t>(-1'000'000'000, 2'100'000'000));
  const auto days = days_by_date(zone, seconds);
  RC_ASSERT(days.size() == seconds.size());
  for (std::size_t i = 0; i < days.size(); ++i)
    RC_ASSERT(to_date(Zone::load(zone)->day_of(seconds[i])) == days[i]);
}

TEST(CtmTime, ReadsIsoStamps) {
  EXPECT_EQ(iso_to_unix_ms("2026-11-20T12:00:00Z"), 1'795'176'000'000);
  EXPECT_EQ(iso_to_unix_ms("2026-11-20T06:00:00.250-06:00"), 1'795'176'000'250);
  for (const char* bad :
       {"", "2026-11-20", "2026-13-20T12:00:00Z", "2026-11-20T12:00:00", "yesterday at five o'clock"}) {
    EXPECT_FALSE(iso_to_unix_ms(bad)) << bad;
  }
}
}  // namespace
}  // namespace tandem::ctm
