#pragma once
#include <functional>

#include "tests/scenario/soak/script.h"

namespace tandem::soak {
// The smallest script found that still fails, by leaving out ever smaller runs of steps (ddmin); `fails`
// is asked at most `most` times. The script given fails.
[[nodiscard]] Script shrunk(Script script, const std::function<bool(const Script&)>& fails, int most = 1'500);
}  // namespace tandem::soak
