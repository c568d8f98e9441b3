// One cycle of one link: observe, match, plan, guard, enlist, apply, settle, in this order and no
// other. Knows no remote and no database, only the ports.
#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>
#include "core/merge/match.h"
#include "core/merge/plan.h"
#include "core/ports/clock.h"
#include "core/ports/replica.h"
#include "core/ports/state_store.h"
#include "core/rules/policy.h"

namespace tandem {

enum class Severity : std::uint8_t { debug, info, notice, warning, error };

struct CycleHooks {
  std::function<bool()> stop_requested = [] { return false; };  // asked between records; TERM
  std::function<void()> advanced = [] {};  // fed after every page and every batch: the watchdog
  std::function<void(Severity, const std::string&)> say = [](Severity, const std::string&) {
  };  // no contact values
};

struct CycleOptions {
  ReadKind kind = ReadKind::delta;
  bool dry_run = false;       // plan: no write is sent; the caller gives a scratch copy of the state
  bool collect_plan = false;  // fill CycleReport::plan
  bool reread = false;        // full: compare every value, also where a listing looks as before
};

// One planned write as `plan` prints it.
struct PlanItem {
  std::string key;
  Side side = Side::ctm;
  WriteKind kind = WriteKind::update;
  PairId pair;
  std::string record_id;
  std::string field;  // one row per field; "" = the whole record
  FieldValue old_value, new_value;
  std::string reason;
  std::string held;  // "" = would be done; else the brake or class it waits in
  int requests = 0;  // on the first row of a write: what it costs
};

enum class Outcome : std::uint8_t {
  converged,       // exit 0
  awaiting_index,  // exit 0: only waits for a remote's index
  needs_person,    // exit 3
  unreachable,     // exit 75
  unauthorised,    // exit 77
  misconfigured,   // exit 78: the remote contradicts the configuration
  stopped,         // asked to stop; exit 0
};
[[nodiscard]] std::string_view to_text(Outcome outcome);
[[nodiscard]] int exit_code(Outcome outcome);

struct CycleReport {
  std::int64_t run = 0;
  ReadKind kind = ReadKind::delta;
  Outcome outcome = Outcome::converged;
  PerSide<std::optional<Error>> trouble;  // why a side was not read or written completely
  PerSide<std::int64_t> requests{}, read{}, changed{}, written{};
  std::int64_t linked_now = 0, created = 0, conflicts = 0, held = 0, parked = 0, awaiting = 0, remaining = 0;
  std::vector<PlanItem> plan;
  [[nodiscard]] std::string summary() const;  // one line, no contact values
};

class Cycle {
 public:
  // Everything given outlives the cycle.
  Cycle(PerSide<Replica*> replicas, StateStore& store, Clock& clock, const Policy& policy,
        CycleHooks hooks = {});
  // StoreError passes through; nothing half written.
  CycleReport run(const CycleOptions& options);

 private:
  struct Work;
  PerSide<Replica*> replicas_;
  StateStore& store_;
  Clock& clock_;
  const Policy& policy_;
  CycleHooks hooks_;
};
}  // namespace tandem
