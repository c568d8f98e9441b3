// What happens while tandem is killed.
#pragma once
#include <functional>
#include <span>
#include <vector>

#include "tests/crash/stage.h"

namespace tandem::crash {

struct Scenario {
  const char* name;
  std::function<void(Stage&)> before;  // then a life comes to rest, unless nothing was set up
  std::function<void(Stage&)> then;    // then the life whose every step is a death
  // A difference that is known and waits to be mended: each of its lines holds one of these.
  std::vector<const char*> known = {};
};
[[nodiscard]] std::span<const Scenario> scenarios();
}  // namespace tandem::crash
