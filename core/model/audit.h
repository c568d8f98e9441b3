// Conflicts, and what waits for or got a person's decision.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include "core/model/field.h"
#include "core/model/ids.h"
#include "core/model/side.h"

namespace tandem {

struct ConflictRow {  // open, or decided at once by policy (the audit of R5)
  std::int64_t id = 0;
  PairId pair;
  std::string field;
  FieldValue base;
  PerSide<FieldValue> values;
  std::string policy;      // hold ctm highlevel newest
  std::string decision;    // held ctm highlevel value
  std::string decided_by;  // policy, person, "" while held
  std::int64_t run = 0, at_ms = 0;
  bool is_open = true;
};

enum class HoldClass : std::uint8_t { first_run, remove, update, create };
[[nodiscard]] std::string_view to_text(HoldClass c);  // first_run delete update create
enum class Decision : std::uint8_t { approved, rejected };
}  // namespace tandem
