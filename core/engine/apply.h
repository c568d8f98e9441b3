// From cleared plans to remote effects: verify by reading, enlist, apply, settle, batch by batch.
#pragma once
#include <vector>
#include "core/engine/context.h"
#include "core/engine/observe.h"
#include "core/engine/settle.h"
#include "core/merge/guard.h"

namespace tandem {

class Applier {
 public:
  Applier(Context& context, Observer& observer, Settler& settler)
      : c_(context), observer_(observer), settler_(settler) {}

  // One of its records may be deleted: nothing is written until that is proved, or it shows itself.
  [[nodiscard]] bool is_suspected(const PairState& pair) const;
  // Plans one pair afresh from the store.
  [[nodiscard]] PairPlan plan_of(const PairState& pair);
  // What a plan settles without any remote write: bases, conflicts, parked, resolutions, a new key.
  // Inside a transaction; saves the pair, unless it is erased. `live`: some write of the plan may still be
  // done.
  void settle_plan(PairState& pair, const PairPlan& plan, bool live);
  // A removal that a person rejected: the pair is left as it is. Inside a transaction.
  void keep_after_all(PairState& pair, const PlannedWrite& write);
  // Performs the cleared writes of these pairs. Returns how many remote writes were sent.
  std::int64_t perform(const std::vector<PairId>& pairs, Guard& guard);

 private:
  struct Ready {
    PairId pair;
    PlannedWrite write;
    std::vector<ConflictRow> decided;
  };
  std::int64_t perform_batch(std::vector<Ready> batch, Guard& guard);
  // Reads again what the batch is about to change and stages it; drops what is no longer planned.
  void verify(std::vector<Ready>& batch);
  bool absent(const Ready& ready);
  bool is_still_deleted(const Ready& ready);
  void outcome(Intent& intent, Result<Receipt>& answer);
  void adopt(Intent& intent, const Error& error);
  bool was_done(Intent& intent);
  void stop_side(Side side, const Error& error);

  Context& c_;
  Observer& observer_;
  Settler& settler_;
};
}  // namespace tandem
