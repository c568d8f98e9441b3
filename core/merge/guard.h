// Between plan and apply: brakes on mass overwrites, creates and deletes (P13), and what waits for a
// person in any case. Pure. Fed with every
// planned write of the cycle first (count), asked afterwards (clear), so memory stays small.
#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <tuple>
#include "core/merge/plan.h"
#include "core/rules/policy.h"

namespace tandem {

enum class Clearance : std::uint8_t { go, hold, drop };  // drop: a person rejected exactly this

class Guard {
 public:
  // Per class and side, and per overwritten field; field "" = the whole class.
  using Counts = std::map<std::tuple<HoldClass, Side, std::string>, std::int64_t>;
  // `sent`: what earlier rounds of this run have sent already; it counts as planned.
  Guard(const Policy& policy, std::int64_t linked_pairs, bool first_run_open, Counts sent = {});
  // The canary: every deletion on `side` waits, for this reason, however few they are.
  void hold_deletions(Side side, std::string reason) { canary_[side] = std::move(reason); }
  // Decided keys (approved, rejected) are not counted: pass them with decision set.
  void count(const PlannedWrite& write, std::optional<Decision> decision);
  void sent(const PlannedWrite& write);  // it leaves now
  [[nodiscard]] const Counts& all_sent() const { return sent_; }
  [[nodiscard]] Clearance clear(const PlannedWrite& write, std::optional<Decision> decision) const;
  [[nodiscard]] HoldClass class_of(const PlannedWrite& write) const;
  [[nodiscard]] std::string reason(const PlannedWrite& write) const;  // for v_pending

 private:
  [[nodiscard]] bool over(HoldClass cls, Side side, const std::string& field = {}) const;
  [[nodiscard]] std::int64_t counted(HoldClass cls, Side side, const std::string& field) const;
  // The first overwritten field that is over its brake; nullptr = none.
  [[nodiscard]] const std::string* braked_field(const PlannedWrite& write) const;
  static void add(Counts& counts, HoldClass cls, const PlannedWrite& write);
  PerSide<std::string> canary_;
  Policy policy_;
  std::int64_t linked_pairs_;
  bool first_run_open_;
  Counts sent_, counted_;  // counted_ includes what was sent in earlier rounds
};
}  // namespace tandem
