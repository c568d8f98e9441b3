#include "daemon/commands/supervisor.h"
#include <gtest/gtest.h>

namespace tandem {
namespace {
using Phase = LaneView::Phase;

TEST(Watchdog, IsFedOnlyWhileTheLaneCanBeBelievedToGetOn) {
  const struct {
    const char* name;
    Phase phase;
    std::int64_t progress_ms, wake_ms;
    bool alive;
  } cases[] = {
      {"cycling, just got on", Phase::cycling, 9'500, 0, true},
      {"cycling, stuck", Phase::cycling, 9'000, 0, false},
      {"opening, stuck", Phase::opening, 1'000, 0, false},
      {"waiting for a time to come", Phase::waiting, 0, 20'000, true},
      {"waiting, and just late", Phase::waiting, 0, 9'500, true},
      {"waiting, and overslept", Phase::waiting, 0, 9'000, false},
      {"state failed, will try again", Phase::failed, 0, 20'000, true},
      {"state failed, and never tries", Phase::failed, 0, 1'000, false},
      {"ended", Phase::ended, 0, 0, true},
  };
  for (const auto& c : cases) {
    LaneView view;
    view.phase = c.phase;
    view.progress_ms = c.progress_ms;
    view.wake_ms = c.wake_ms;
    EXPECT_EQ(is_alive(view, 10'000, 1'000), c.alive) << c.name;
  }
}
}  // namespace
}  // namespace tandem
