#include "tests/sim/ctm_zone.h"

#include <gtest/gtest.h>

#include <stdexcept>

namespace tandem::sim {
namespace {
std::int64_t utc(int y, int mo, int d, int h = 0, int mi = 0) {
  return ctm_day_number(y, mo, d) * 86'400 + h * 3600 + mi * 60;
}

TEST(CtmZone, KnowsRailsNamesAndIanaNames) {
  EXPECT_EQ(CtmZone("Pacific Time (US & Canada)").iana(), "America/Los_Angeles");
  EXPECT_EQ(CtmZone("America/Chicago").offset_s(utc(2026, 1, 15)), -6 * 3600);
  EXPECT_THROW(CtmZone("Middle-earth"), std::invalid_argument);
  EXPECT_THROW(CtmZone("../../etc/passwd"), std::invalid_argument);
}

TEST(CtmZone, ChangesItsOffsetAtTheSecondTheClocksChange) {
  const CtmZone zone("Central Time (US & Canada)");
  EXPECT_EQ(zone.offset_s(utc(2026, 3, 8, 7, 59)), -6 * 3600);
  EXPECT_EQ(zone.offset_s(utc(2026, 3, 8, 8, 0)), -5 * 3600);
  EXPECT_EQ(zone.offset_s(utc(2026, 11, 1, 6, 59)), -5 * 3600);
  EXPECT_EQ(zone.offset_s(utc(2026, 11, 1, 7, 0)), -6 * 3600);
}

TEST(CtmZone, KnowsYearsBeyondItsTable) {
  const CtmZone north("America/New_York");
  EXPECT_EQ(north.offset_s(utc(2063, 7, 1)), -4 * 3600);
  EXPECT_EQ(north.offset_s(utc(2063, 12, 24)), -5 * 3600);
  const CtmZone south("Sydney");  // summer spans the new year
  EXPECT_EQ(south.offset_s(utc(2063, 1, 1)), 11 * 3600);
  EXPECT_EQ(south.offset_s(utc(2063, 7, 1)), 10 * 3600);
}

TEST(CtmZone, TellsLocalTimeWithWeekday) {
  const CtmLocalTime t = CtmZone("America/Los_Angeles").local(utc(2026, 11, 20, 2, 30));
  EXPECT_EQ(t.day, 19);
  EXPECT_EQ(t.hour, 18);
  EXPECT_EQ(t.minute, 30);
  EXPECT_EQ(t.weekday, 4);  // a Thursday
}

TEST(CtmZone, DaysOfChangesHave23And25Hours) {
  const CtmZone zone("America/Chicago");
  const std::int64_t spring = ctm_day_number(2026, 3, 8);
  const std::int64_t autumn = ctm_day_number(2026, 11, 1);
  EXPECT_EQ(zone.day_start(spring + 1) - zone.day_start(spring), 23 * 3600);
  EXPECT_EQ(zone.day_start(autumn + 1) - zone.day_start(autumn), 25 * 3600);
}

TEST(CtmZone, DayStartsAreMidnightInEveryZoneOfTheList) {
  for (const char* name :
       {"Hawaii", "Newfoundland", "London", "New Delhi", "Kathmandu", "Auckland", "UTC", "Lisbon"}) {
    const CtmZone zone(name);
    for (std::int64_t day = ctm_day_number(2026, 1, 1); day < ctm_day_number(2027, 1, 1); ++day) {
      const CtmLocalTime t = zone.local(zone.day_start(day));
      ASSERT_EQ(t.hour * 3600 + t.minute * 60 + t.second, 0) << name << " day " << day;
      ASSERT_EQ(ctm_day_number(t.year, t.month, t.day), day) << name;
    }
  }
}

TEST(CtmZone, DayWithoutMidnightStartsWhenItsFirstSecondExists) {
  const CtmZone zone("America/Santiago");  // clocks jump from 24:00 to 01:00
  const std::int64_t day = ctm_day_number(2025, 9, 7);
  EXPECT_EQ(zone.local(zone.day_start(day)).hour, 1);
  EXPECT_EQ(zone.local(zone.day_start(day)).day, 7);
}

TEST(CtmZone, ReadsOnlyWholeDates) {
  std::int64_t day = 0;
  EXPECT_TRUE(ctm_parse_day("2026-02-28", day));
  EXPECT_EQ(day, ctm_day_number(2026, 2, 28));
  for (const char* wrong : {"2026-02-30", "2026-2-03", "20260203", "", "2026-02-03T00"}) {
    EXPECT_FALSE(ctm_parse_day(wrong, day)) << wrong;
  }
}
}  // namespace
}  // namespace tandem::sim
