// Between plan and apply: brakes on mass overwrites, creates and deletes (P13). Pure. Fed with every
// planned write of the cycle first (count), asked afterwards (clear), so memory stays small.
#pragma once
#include <cstdint>
#include <map>
#include <string>
#include "core/merge/plan.h"
#include "core/rules/policy.h"

namespace tandem {

enum class Clearance : std::uint8_t { go, hold, drop };  // drop: a person rejected exactly this

class Guard {
 public:
  Guard(const Policy& policy, std::int64_t linked_pairs, bool first_run_open);
  // Decided keys (approved, rejected) are not counted: pass them with decision set.
  void count(const PlannedWrite& write, std::optional<Decision> decision);
  [[nodiscard]] Clearance clear(const PlannedWrite& write, std::optional<Decision> decision) const;
  [[nodiscard]] HoldClass class_of(const PlannedWrite& write) const;
  [[nodiscard]] std::string reason(const PlannedWrite& write) const;  // for v_pending

 private:
  [[nodiscard]] bool over(HoldClass cls, Side side) const;
  Policy policy_;
  std::int64_t linked_pairs_;
  bool first_run_open_;
  std::map<std::pair<HoldClass, Side>, std::int64_t> counted_;
};
}  // namespace tandem
