// The staff of each simulated system: a StaffSide over its model.
#pragma once
#include "tests/sim/ctm_model.h"
#include "tests/sim/highlevel_model.h"
#include "tests/sim/staff.h"

namespace tandem::sim {
// Each call locks the model's guard.
[[nodiscard]] StaffSide crew_of(highlevel::Model& model);
[[nodiscard]] StaffSide crew_of(CtmModel& model);
}  // namespace tandem::sim
