// Time that passes evenly, whatever people or NTP do to the wall clock (P18): lags of the remote indexes and
// the minutes between two proofs are measured by it. Milliseconds; near the wall clock's, not equal to it.
#pragma once
#include <cstdint>
#include <string>
#include "core/ports/clock.h"
#include "core/ports/state_store.h"

namespace tandem {

class Timeline {
 public:
  // Goes on from where the state's last one was.
  Timeline(Clock& clock, StateStore& store);
  // Writes an anchor into the state, if the wall clock was moved since the last one or the machine was
  // started anew. Not within a transaction.
  void keep(StateStore& store) const;
  [[nodiscard]] std::int64_t now_ms() const;

 private:
  Clock* clock_;
  SteadyTime steady_;  // when it was made, and then it was
  std::int64_t at_ms_ = 0, ahead_ms_ = 0;
  bool is_kept_ = false;
};
}  // namespace tandem
