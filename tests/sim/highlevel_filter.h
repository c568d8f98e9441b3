// The filters of /contacts/search: judged once, then asked per contact.
#pragma once
#include <cstdint>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "tests/sim/highlevel_model.h"

namespace tandem::sim::highlevel {

using Predicate = std::function<bool(const Contact&)>;
struct TimeRange {
  std::int64_t from_ms = std::numeric_limits<std::int64_t>::min() / 2;  // both inclusive
  std::int64_t to_ms = std::numeric_limits<std::int64_t>::max() / 2;
};

// Refuses what the live validator refuses: unknown fields 400, operators that do not fit the field 422.
[[nodiscard]] Answer<Predicate> compile(const Filter& filter, const Model& model);
// The range of a condition on a date field, for callers that can seek instead of asking each contact.
[[nodiscard]] Answer<TimeRange> time_range(const Filter& filter, const Model& model);
[[nodiscard]] Predicate free_text(const std::string& query);
}  // namespace tandem::sim::highlevel
