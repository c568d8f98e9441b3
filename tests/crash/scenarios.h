// What happens while tandem is killed.
#pragma once
#include <functional>
#include <span>
#include <string>

#include "tests/crash/stage.h"

namespace tandem::crash {

struct Scenario {
  const char* name;
  std::function<void(Stage&)> before;  // then a life comes to rest, unless nothing was set up
  std::function<void(Stage&)> then;    // then the life whose every step is a death
  // What must be so at the end, killed or not; "" = it is.
  std::function<std::string(Stage&)> must_hold = {};
  // A life after a death that reads changes only would not hear of what was deleted.
  bool needs_listings = false;
};
[[nodiscard]] std::span<const Scenario> scenarios();  // edits, links and creates
// Deletions, and what a person says with `forget`, `undo`, `link`, `unlink`, `keep-apart` and `backup`.
[[nodiscard]] std::span<const Scenario> decided_scenarios();

// The contact with the person's number; throws when there is none.
[[nodiscard]] std::string contact_of(Stage& stage, const sim::PersonCard& person);
[[nodiscard]] std::int64_t call_of(Stage& stage, const sim::PersonCard& person);  // the newest
// Mara called and is a contact, Odile is a contact with a row that tandem makes.
void mara_and_odile(Stage& stage);
}  // namespace tandem::crash
