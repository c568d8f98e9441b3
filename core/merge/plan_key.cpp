#include "core/merge/planner.h"

namespace tandem {
void Planner::plan_phone() {
  const FieldRule* rule = policy_.mapping.find(kPhone);
  if (!rule || rule->direction == Direction::off) return;
  const PairField& f = field(kPhone);
  if (resolved(*rule, f)) return;
  const FieldMerge m = merge_field(sight_of(f, false), rule->direction, rule->clears, rule->conflict);
  for (const Side keyed : kSides) {
    if (!can(keyed).keyed_by_phone) continue;
    const Side source = other(keyed);
    const Verdict take_source = source == Side::ctm ? Verdict::take_ctm : Verdict::take_highlevel;
    if (m.verdict == take_source)
      return is_oscillation(f, source) ? hold_oscillation(*rule, f) : rekey(*rule, f, keyed);
    // Two numbers at first meeting: proved one person by another key, so both stay as they are.
    if (m.verdict == Verdict::conflict && !f.base[keyed].is_observed() && !f.base[source].is_observed())
      return settle_without_write(*rule, f, Verdict::absorbed);
  }
  follow(*rule, f, m);
}

void Planner::rekey(const FieldRule& rule, const PairField& f, Side keyed) {
  const FieldValue& number = f.seen[other(keyed)];
  // A contact without a usable number keeps its old key.
  if (!number.is_value() || number.text().front() != '+' || in_.new_key == KeyOwner::nobody)
    return settle_without_write(rule, f, Verdict::absorbed);
  if (in_.new_key == KeyOwner::taken) {
    park(keyed, rule, "the new number is the key of another linked contact");
    return;
  }
  if (is_parked(keyed, kPhone)) return;
  const bool removes = pair_.made_by_us[keyed] && newest(keyed, SourceKind::row) != nullptr;
  if (in_.new_key == KeyOwner::own_alias) {
    if (!removes)
      out_.adopt_key = RecordId{number.text()};  // else first the row, which is found by the old key
  } else {
    if (!can(keyed).create || !policy_.create[keyed]) {
      park(keyed, rule, "the surface cannot add the new number");
      return;
    }
    if (!in_.writable[keyed]) return unavailable();
    add_new_key(keyed, number);
  }
  if (removes && !in_.writable[keyed]) return unavailable();
  if (removes) {
    PlannedWrite w;
    w.side = keyed;
    w.write.kind = WriteKind::remove;
    w.write.record = pair_.record[keyed];
    w.write.target = newest(keyed, SourceKind::row)->ref;
    w.why[""] = "the row of the old number was made by tandem";
    w.changed_by = to_text(other(keyed));
    w.rekey = true;
    out_.writes.push_back(std::move(w));
  }
}

void Planner::add_new_key(Side keyed, const FieldValue& number) {
  FieldMap fields;
  for (const auto& r : policy_.mapping.rules())
    if (flows_to(r.direction, keyed) && !r.native[keyed].empty())
      if (const FieldValue& v = field(r.name).seen[other(keyed)]; v.is_value()) fields[r.name] = v;
  fields[std::string(kPhone)] = number;
  PlannedWrite w = write_of(keyed, WriteKind::create, fields);
  w.write.record = RecordId{number.text()};
  // What was edited under the old number is on its way to the other side.
  for (const auto& r : policy_.mapping.rules()) {
    const PairField& f = field(r.name);
    if (r.name != kPhone && f.seen[keyed].is_value() && f.seen[keyed] != f.base[keyed] &&
        !f.seen[other(keyed)].is_value() && !r.native[keyed].empty())
      fields[r.name] = f.seen[keyed];
  }
  w.write.whole = policy_.mapping.to_native(keyed, fields, fields, can(keyed));
  w.why[""] =
      "the phone was changed in " + std::string(to_text(other(keyed))) + ": a new number is a new key";
  w.changed_by = to_text(other(keyed));
  w.rekey = true;
  out_.writes.push_back(std::move(w));
}
}  // namespace tandem
