#include "core/merge/guard.h"

#include <fmt/format.h>

#include "core/tuning.h"

namespace tandem {
namespace {

const Brake& brake_of(const Policy& policy, HoldClass cls) {
  if (cls == HoldClass::remove) return policy.brake_deletes;
  return cls == HoldClass::create ? policy.brake_creates : policy.brake_updates;
}

// Filling a blank and adding a tag replace nothing: no brake ever waits for them.
bool has_brake(const PlannedWrite& write) {
  switch (write.write.kind) {
    case WriteKind::create:
    case WriteKind::remove:
      return true;
    case WriteKind::update:
      return write.overwrites;
    case WriteKind::tag_add:
    case WriteKind::tag_remove:
      return false;
  }
  return true;
}

bool has_share(const Brake& brake) { return brake.percent < 100; }  // all of the pairs is no limit

bool overwrites(const PlannedWrite& write, const std::string& field) {
  const FieldValue& before = value_of(write.before, field);
  return write.overwrites && before.is_value() && before != value_of(write.fields, field);
}

std::string_view plural(HoldClass cls) {
  switch (cls) {
    case HoldClass::create:
      return "creates";
    case HoldClass::remove:
      return "deletes";
    case HoldClass::update:
    case HoldClass::first_run:
      break;
  }
  return "overwrites of existing values";
}

}  // namespace

Guard::Guard(const Policy& policy, std::int64_t linked_pairs, bool first_run_open, Counts sent)
    : policy_(policy),
      linked_pairs_(linked_pairs),
      first_run_open_(first_run_open),
      sent_(std::move(sent)),
      counted_(sent_) {}

void Guard::add(Counts& counts, HoldClass cls, const PlannedWrite& write) {
  ++counts[{cls, write.side, ""}];
  for (const auto& [field, value] : write.fields)
    if (overwrites(write, field)) ++counts[{cls, write.side, field}];
}

void Guard::count(const PlannedWrite& write, std::optional<Decision> decision) {
  if (decision || !write.ask.empty() || !has_brake(write)) return;
  add(counted_, class_of(write), write);
}

void Guard::sent(const PlannedWrite& write) {
  if (has_brake(write)) add(sent_, class_of(write), write);
}

const std::string* Guard::braked_field(const PlannedWrite& write) const {
  for (const auto& [field, value] : write.fields)
    if (overwrites(write, field) && over(HoldClass::update, write.side, field)) return &field;
  return nullptr;
}

Clearance Guard::clear(const PlannedWrite& write, std::optional<Decision> decision) const {
  if (decision) return *decision == Decision::approved ? Clearance::go : Clearance::drop;
  if (first_run_open_ || !write.ask.empty()) return Clearance::hold;
  if (write.deletion && !canary_[write.side].empty()) return Clearance::hold;
  if (!has_brake(write)) return Clearance::go;
  return over(class_of(write), write.side) || braked_field(write) != nullptr ? Clearance::hold
                                                                             : Clearance::go;
}

HoldClass Guard::class_of(const PlannedWrite& write) const {
  if (first_run_open_) return HoldClass::first_run;
  switch (write.write.kind) {
    case WriteKind::create:
      return HoldClass::create;
    case WriteKind::remove:
      return HoldClass::remove;
    case WriteKind::update:
    case WriteKind::tag_add:
    case WriteKind::tag_remove:
      break;
  }
  return HoldClass::update;
}

std::int64_t Guard::counted(HoldClass cls, Side side, const std::string& field) const {
  const auto it = counted_.find({cls, side, field});
  return it == counted_.end() ? 0 : it->second;
}

bool Guard::over(HoldClass cls, Side side, const std::string& field) const {
  const std::int64_t n = counted(cls, side, field);
  const Brake& brake = field.empty() ? brake_of(policy_, cls) : policy_.brake_field;
  if (brake.count > 0 && n > brake.count) return true;
  return has_share(brake) && n > tuning::kBrakeFloor &&
         static_cast<double>(n) * 100 > brake.percent * static_cast<double>(linked_pairs_);
}

std::string Guard::reason(const PlannedWrite& write) const {
  if (first_run_open_) return "first run: everything waits for one approval";
  if (!write.ask.empty()) return write.ask;
  if (write.deletion && !canary_[write.side].empty()) return canary_[write.side];
  const HoldClass cls = class_of(write);
  const std::string* field = over(cls, write.side) ? nullptr : braked_field(write);
  const Brake& brake = field == nullptr ? brake_of(policy_, cls) : policy_.brake_field;
  std::string limit = brake.count > 0 ? fmt::format("{}", brake.count) : "";
  if (has_share(brake))
    limit += fmt::format("{}{}% of {} linked pairs and {}", limit.empty() ? "" : ", or ", brake.percent,
                         linked_pairs_, tuning::kBrakeFloor);
  return fmt::format("{} {}{} planned in {} in one run; the brake waits above {}",
                     counted(cls, write.side, field == nullptr ? std::string() : *field), plural(cls),
                     field == nullptr ? "" : " of the field " + *field, to_text(write.side), limit);
}

}  // namespace tandem
