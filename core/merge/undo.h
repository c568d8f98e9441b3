// Puts back what a run overwrote, where it is still as the run left it (P28). Pure: from the run's history
// and the pairs as they are to a person's decisions, which the next cycle carries out under the same
// verification, audit and brakes as every other write.
#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>
#include "core/model/pair.h"
#include "core/ports/state_store.h"

namespace tandem {

struct UndoLine {
  PairId pair;
  Side side = Side::ctm;
  std::string field;           // "tags" for one tag; "" = the whole record
  FieldValue left_by_run, to;  // a tag that is to go: left_by_run is the tag, to is blank
  std::string kept;            // why it is left as it is; "" = it is put back
};

struct Undo {
  std::vector<UndoLine> lines;  // every write of the run once, in its order
  std::map<PairId, std::map<std::string, Resolution>> decisions;
};

// `rows`: the run's history in its order. `pair`: as it is now, nullopt where it is gone. An overwritten
// value goes back to both sides; a blank that the run filled is blanked there alone, since the other side's
// value was nobody's mistake.
[[nodiscard]] Undo undo(std::int64_t run, const std::vector<HistoryRow>& rows,
                        const std::function<std::optional<PairState>(PairId)>& pair);
}  // namespace tandem
