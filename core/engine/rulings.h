// What a person said about the matching: link these two, keep those apart, leave that one alone. In the
// state only; nothing is sent for it.
#pragma once
#include "core/engine/context.h"

namespace tandem {

class Observer;

// Carries out what is new, each in a transaction of its own. One whose records are not known yet, or whose
// pair has a write with an unknown outcome, waits for a later cycle.
void apply_rulings(Context& context, Observer& observer);
}  // namespace tandem
