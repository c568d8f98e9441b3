// Three-way merge of one field of one pair. Pure: no clock, no I/O, no logging.
#pragma once
#include <cstdint>
#include "core/model/field.h"
#include "core/model/mapping.h"
#include "core/model/side.h"

namespace tandem {

enum class Verdict : std::uint8_t {
  unchanged,  // nobody edited
  converged,  // both show the same: that becomes the base, nothing is written
  take_ctm,   // CTM's value goes to HighLevel
  take_highlevel,
  absorbed,  // an edit or clear that does not travel: it becomes that side's base, nothing is written
  conflict,  // two different edits and the rule says hold
};

struct FieldMerge {
  Verdict verdict = Verdict::unchanged;
  bool contested = false;  // both sides edited: the value that loses goes to the audit before any write
  bool operator==(const FieldMerge&) const = default;
};

// All values canonical. unknown and absent in `seen` mean "not observed now": that side counts as
// unedited. An unknown base counts as blank, so on first meeting a blank never erases a value.
struct FieldSight {
  PerSide<FieldValue> base, seen;
  PerSide<bool> unconfirmed{};  // may fill a blank, never overwrites, never an edit against a value (P34)
  PerSide<std::int64_t> edited_at_ms{};  // by that side's clock; 0 = none
};

// Total and symmetric: mirrored input gives the mirrored verdict except where the rule or the
// tie-break names a side. Ties of `newest` (within kClockToleranceMs) go to ctm, the fixed order;
// a missing time is a conflict, never a guess.
[[nodiscard]] FieldMerge merge_field(const FieldSight& field, Direction direction, Direction clears,
                                     ConflictRule rule);
}  // namespace tandem
