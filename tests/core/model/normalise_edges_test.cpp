// The borders of what normalising cuts and reads; each row was once a mutant that no test noticed.
#include <gtest/gtest.h>

#include "core/model/normalise.h"

namespace tandem {
namespace {

TEST(NormaliseEdges, InvisibleMarksEndExactlyWhereTheirRangesDo) {
  for (const char* mark :
       {"\u202A", "\u202C", "\u202E", "\u2066", "\u2068", "\u2069", "\u200B", "\u200E", "\u200F", "\uFEFF"}) {
    SCOPED_TRACE(mark);
    EXPECT_EQ(canonical_text("a" + std::string(mark) + "b"), "ab");
  }
  EXPECT_EQ(canonical_text("a\u202Fb"), "a b") << "a narrow blank is a blank";
  for (const char* kept : {"\u200D", "\u206A", "\u2070"}) {
    SCOPED_TRACE(kept);
    EXPECT_EQ(canonical_text("a" + std::string(kept) + "b"), "a" + std::string(kept) + "b");
  }
}

TEST(NormaliseEdges, DatesReachFromTheFirstYearToTheLast) {
  EXPECT_EQ(canonical_date("1/2/0001"), "0001-01-02");
  EXPECT_EQ(canonical_date("12/31/9999"), "9999-12-31");
  EXPECT_EQ(canonical_date("1/2/0000"), "1/2/0000");
  EXPECT_EQ(canonical_date("-62135596800000"), "0001-01-01");
  EXPECT_EQ(canonical_date("-62135596800001"), "-62135596800001") << "the year before has no form";
  EXPECT_EQ(canonical_date("253402300799999"), "9999-12-31");
  EXPECT_EQ(canonical_date("253402300800000"), "253402300800000");
}

TEST(NormaliseEdges, ATimeOfDayIsOneDigitOrMore) {
  EXPECT_EQ(canonical_date("2026-11-20T9"), "2026-11-20");
  EXPECT_EQ(canonical_date("2026-11-20 9:41"), "2026-11-20");
  EXPECT_EQ(canonical_date("2026-11-20 "), "2026-11-20");
  EXPECT_EQ(canonical_date("2026-11-20T"), "2026-11-20T");
  EXPECT_EQ(canonical_date("2026-11-20 x9"), "2026-11-20 x9");
}

}  // namespace
}  // namespace tandem
