#include "daemon/ctm/ctm_cursor.h"
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace tandem::ctm {
namespace {
RC_GTEST_PROP(CtmCursor, ComesBackAsItWas, ()) {
  Cursor c;
  c.phase = *rc::gen::element(Cursor::Phase::idle, Cursor::Phase::activities, Cursor::Phase::rows,
                              Cursor::Phase::records);
  c.kind = *rc::gen::element(ReadKind::delta, ReadKind::full);
  const auto number = rc::gen::inRange<std::int64_t>(-5, 3'000'000'000);
  c.watermark_s = *number;
  c.newest_s = *number;
  c.floor_s = *number;
  c.page = *number;
  c.seen = *number;
  c.total = *number;
  c.attempt = *rc::gen::inRange(0, 3);
  c.pass = *rc::gen::arbitrary<std::uint64_t>();
  for (int i = *rc::gen::inRange(0, 4); i > 0; --i)
    c.windows.push_back({*rc::gen::inRange<Day>(-9, 30'000), *rc::gen::inRange<Day>(0, kOpenEnd)});
  c.hints = *rc::gen::container<std::string>(rc::gen::element('a', '0', 'f'));
  c.next = *rc::gen::container<std::string>(rc::gen::element('/', '|', '?', 'a', ',', '='));
  RC_ASSERT(cursor_from(to_text(c)) == c);
}

RC_GTEST_PROP(CtmCursor, AnythingElseIsAFreshStart, (std::string text)) {
  RC_PRE(!text.starts_with("ctm1|"));
  RC_ASSERT(cursor_from(text) == Cursor{});
}

TEST(CtmCursor, APieceOfACursorIsAFreshStart) {
  Cursor c;
  c.phase = Cursor::Phase::rows;
  c.watermark_s = 99;
  const std::string whole = to_text(c);
  for (std::size_t i = 0; i + 2 < whole.size(); ++i) {
    const Cursor got = cursor_from(whole.substr(0, i));
    EXPECT_TRUE(got == Cursor{} || got == c) << i;
  }
  EXPECT_EQ(cursor_from("ctm1|z|d|0|0|0||0|0|-1|0|0||"), Cursor{});
  EXPECT_EQ(cursor_from("ctm1|r|d|x|0|0||0|0|-1|0|0||"), Cursor{});
}

TEST(CtmCursor, ARestartKeepsWhatWasLearned) {
  Cursor c;
  c.phase = Cursor::Phase::rows;
  c.watermark_s = 99;
  c.hints = "ab";
  c.page = 4;
  c.next = "/x";
  const Cursor r = c.restarted(ReadKind::full);
  EXPECT_EQ(std::tuple(r.phase, r.kind, r.watermark_s, r.hints, r.page, r.next),
            std::tuple(Cursor::Phase::idle, ReadKind::full, std::int64_t{99}, std::string("ab"),
                       std::int64_t{0}, std::string()));
}
}  // namespace
}  // namespace tandem::ctm
