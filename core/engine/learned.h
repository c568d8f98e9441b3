// Facts that a replica learned by doing, kept with the state between runs.
#pragma once
#include <map>
#include <string>
#include "core/ports/replica.h"
#include "core/ports/state_store.h"

namespace tandem {
[[nodiscard]] std::map<std::string, std::string> kept_learned(StateStore& store, Side side);
// A transaction of its own, and only when something changed.
void keep_learned(StateStore& store, Side side, const Replica& replica);
}  // namespace tandem
