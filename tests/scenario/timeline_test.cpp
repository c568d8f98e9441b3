// Moving the wall clock moves no lag (P18).
#include "core/engine/timeline.h"

#include <gtest/gtest.h>

#include "tests/scenario/world.h"

namespace tandem {
namespace {
struct MovedClock final : Clock {
  std::int64_t wall_ms = 1'795'600'000'000, steady_ms = 5'000;
  std::string start = "first";
  std::int64_t now_ms() override { return wall_ms; }
  SteadyTime steady() override { return {start, steady_ms}; }
  void sleep_until_ms(std::int64_t when_ms) override { pass(when_ms - wall_ms); }
  void pass(std::int64_t ms) { wall_ms += ms, steady_ms += ms; }
};

struct Passing : testing::Test {
  World world;
  MovedClock clock;
  std::int64_t now() {  // as a cycle begins
    const Timeline timeline(clock, *world.store);
    timeline.keep(*world.store);
    return timeline.now_ms();
  }
  std::string anchor() { return world.store->meta("timeline").value_or(""); }
};

TEST_F(Passing, GoesOnEvenlyWhateverIsDoneToTheWallClock) {
  const std::int64_t began = now();
  EXPECT_EQ(began, clock.wall_ms);
  std::int64_t passed = 0;
  for (const std::int64_t jump : {0LL, 90'000LL, -86'400'000LL, 86'400'000LL, -1LL}) {
    clock.wall_ms += jump;
    clock.pass(7'000);
    passed += 7'000;
    EXPECT_EQ(now() - began, passed) << "after the wall clock was moved by " << jump;
  }
}

TEST_F(Passing, MovesWithinACycleToo) {
  const Timeline timeline(clock, *world.store);
  const std::int64_t began = timeline.now_ms();
  clock.wall_ms -= 3'600'000;
  clock.pass(250);
  EXPECT_EQ(timeline.now_ms() - began, 250);
}

TEST_F(Passing, NeverRunsBackWhenTheMachineStartsAnew) {
  const std::int64_t began = now();
  clock.wall_ms -= 86'400'000;  // was a day ahead, and is put right
  clock.pass(60'000);
  const std::int64_t before = now();
  EXPECT_EQ(before - began, 60'000);
  clock.start = "second";
  clock.steady_ms = 40;
  clock.wall_ms += 120'000;
  EXPECT_EQ(now() - before, 120'000);
  clock.wall_ms -= 7 * 86'400'000LL;  // moved while it was off
  clock.start = "third";
  EXPECT_GE(now(), before);
}

TEST_F(Passing, WritesNothingWhileNothingMoved) {
  now();
  const std::string first = anchor();
  clock.pass(86'400'000);
  now();
  EXPECT_EQ(anchor(), first);
  clock.wall_ms += 5'000;
  now();
  EXPECT_NE(anchor(), first);
}
}  // namespace
}  // namespace tandem
