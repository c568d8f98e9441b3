#include "daemon/config/duration.h"
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace tandem::config {
namespace {
TEST(Duration, TakesOneNumberAndOneUnit) {
  EXPECT_EQ(duration_ms("250ms"), 250);
  EXPECT_EQ(duration_ms("60s"), 60'000);
  EXPECT_EQ(duration_ms("15m"), 900'000);
  EXPECT_EQ(duration_ms("6h"), 21'600'000);
  EXPECT_EQ(duration_ms("2d"), 172'800'000);
  EXPECT_EQ(duration_ms("0s"), 0);
}

TEST(Duration, RefusesEverythingElse) {
  for (const char* text : {"", "60", "s", "60 s", "-1s", "1.5h", "6H", "1w", "1h30m", "99999999999999999999s",
                           "4000d", "9223372036854775807d"}) {
    EXPECT_EQ(duration_ms(text), std::nullopt) << text;
  }
}

RC_GTEST_PROP(Duration, TextOfADurationReadsBackAsItself, ()) {
  const auto ms = *rc::gen::inRange<std::int64_t>(0, 3650LL * 86'400'000);
  RC_ASSERT(duration_ms(duration_text(ms)) == ms);
}
}  // namespace
}  // namespace tandem::config
