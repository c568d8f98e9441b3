#include "tests/scenario/soak/shrink.h"

#include <algorithm>

namespace tandem::soak {
namespace {
// Words that may go one by one: the KEY=VALUE parts of a step.
bool drop_words(Script& script, const std::function<bool(const Script&)>& fails, int& left) {
  bool any = false;
  for (std::size_t s = 0; s < script.steps.size(); ++s) {
    for (std::size_t w = script.steps[s].words.size(); w-- > 2 && left > 0;) {
      if (script.steps[s].words[w].find('=') == std::string::npos) continue;
      Script less = script;
      auto& words = less.steps[s].words;
      words.erase(words.begin() + static_cast<std::ptrdiff_t>(w));
      --left;
      if (!fails(less)) continue;
      script = std::move(less);
      any = true;
    }
  }
  return any;
}
}  // namespace

Script shrunk(Script script, const std::function<bool(const Script&)>& fails, int most) {
  int left = most;
  std::size_t run = std::max<std::size_t>(1, script.steps.size() / 2);
  bool again = true;
  while (again && left > 0) {
    again = false;
    for (; run >= 1 && left > 0; run /= 2) {
      for (std::size_t at = 0; at < script.steps.size() && left > 0;) {
        Script less = script;
        const auto from = less.steps.begin() + static_cast<std::ptrdiff_t>(at);
        less.steps.erase(from, from + static_cast<std::ptrdiff_t>(std::min(run, script.steps.size() - at)));
        --left;
        if (fails(less)) {
          script = std::move(less);
          again = true;
        } else {
          at += run;
        }
      }
      if (run == 1) break;
    }
    run = 1;
    if (drop_words(script, fails, left)) again = true;
  }
  return script;
}
}  // namespace tandem::soak
