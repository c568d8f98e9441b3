// Who wins, what may be created, and how much may happen at once: the configuration of one link as
// the core sees it.
#pragma once
#include <cstdint>
#include <set>
#include <string>
#include "core/model/mapping.h"

namespace tandem {

struct Brake {  // a class of writes waits above `count`, or above `percent` of the linked pairs and 10
  double percent = 100;
  std::int64_t count = 0;  // 0 = no limit by count
};

// What a proved deletion (P12) does to the other side's record: remove it, wait for `approve`, leave it.
enum class OnDelete : std::uint8_t { propagate, ask, keep };

enum class AfterDelete : std::uint8_t { ask, create, never };

struct Policy {
  Mapping mapping;
  Direction tags = Direction::both;
  PerSide<bool> create{true, true};  // may an unmatched record be created ON this side
  AfterDelete after_delete = AfterDelete::ask;
  PerSide<OnDelete> on_delete{OnDelete::ask, OnDelete::ask};  // by the side it was deleted on
  bool caller_id_names_fill = true;                           // unconfirmed names: fill a blank | ignore
  bool correct_stale_identity = true;
  bool first_run_ask = true;
  Brake brake_deletes{5, 25}, brake_updates{20, 200}, brake_creates{100, 10'000};
  Brake brake_field{10, 0};  // overwrites of one and the same field
  std::int64_t keep_history_ms = 400LL * 86'400'000;
};
}  // namespace tandem
