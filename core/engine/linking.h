// Finds partners for people known on one side only, and attaches additional numbers (P30, P44).
#pragma once
#include "core/engine/context.h"

namespace tandem {

class Observer;

// Looks at every unmatched pair that is dirty; each transaction takes whole groups. Returns how many
// pairs were linked or attached.
std::int64_t link_people(Context& context, Observer& observer);

// Carries out what the matching found, or a person said. Inside a transaction. Returns how many were linked
// or attached.
std::int64_t apply_matches(Context& context, Observer& observer, const Matches& found);

// Takes a record of `side` out of its pair, with all that is known of it. Inside a transaction; both are
// saved.
PairState split_off(Context& context, Observer& observer, PairState& pair, Side side, const RecordId& id);

// P39: whose key is the number that the linked pair's other side shows now.
[[nodiscard]] KeyOwner key_owner(Context& context, const PairState& pair);

// The number is another pair's, and a write to one of the two has no known outcome yet: first that.
[[nodiscard]] bool key_is_in_use(Context& context, const PairState& pair);

// Moves a key that its owner no longer shows over to this pair, and exchanges keys that two contacts
// swapped; both in the state only. Inside a transaction. True: the pair was changed and saved.
bool move_key(Context& context, Observer& observer, PairState& pair);
}  // namespace tandem
