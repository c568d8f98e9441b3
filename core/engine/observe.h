// Evidence into pairs: what a reading showed becomes `seen`, new people become pairs. Writes nothing
// remotely and decides nothing; only differing evidence gets here.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>
#include "core/engine/context.h"
#include "core/merge/fold.h"

namespace tandem {

struct Staged {
  PairId pair;           // row 0: nobody (P35)
  bool changed = false;  // something of the pair is other than before
};

class Observer {
 public:
  explicit Observer(Context& context) : c_(context) {}

  // Reads one side to the end of its feed or sweep. False: incomplete, the reason is in the report.
  bool read(Side side, ReadKind kind);

  // Inside a transaction.
  Staged stage(Side side, const Evidence& evidence);
  void mark_gone(Side side, const RecordId& record);

  // Recomputes what a side without records shows of the pair from its fold. True: something changed.
  bool show_fold(PairState& pair, Side side, std::int64_t edited_at_ms, const FieldMap& written = {});
  // The union of tags over the person's sources, aliases included (P45).
  bool show_tags(PairState& pair, Side side);
  [[nodiscard]] Reading reading_of(Side side, const Evidence& evidence) const;

 private:
  Staged stage_record(Side side, const Evidence& evidence);
  Staged stage_source(Side side, const Evidence& evidence);
  bool show(PairState& pair, Side side, const FieldMap& canonical, std::int64_t edited_at_ms);
  void identify(PairState& pair, Side side, const Evidence& evidence);
  bool stage_page(Side side, const std::vector<const Evidence*>& differing);
  void left_the_list(Side side, const std::vector<std::uint64_t>& met);  // sorted
  std::vector<RecordId> keys_of(const PairState& pair, Side side);

  Context& c_;
};

// How a name that is shown whole is split: as it was agreed, or as `over` sent it.
[[nodiscard]] FieldMap known_names(const PairState& pair, Side side, const FieldMap& over = {});

// Canonical tags as one text, for comparing what a source showed.
[[nodiscard]] std::string joined_tags(const std::vector<std::string>& tags);
}  // namespace tandem
