#include "core/merge/plan.h"

#include "core/merge/planner.h"
#include "core/tuning.h"

namespace tandem {
void add_value(Digest& digest, const FieldValue& value) {
  digest.add(std::to_string(static_cast<int>(value.presence()))).add(value.text());
}

FieldSight sight_of(const PairField& field, bool ignore_unconfirmed) {
  FieldSight sight{field.base, field.seen, field.unconfirmed, field.edited_at_ms};
  if (ignore_unconfirmed)
    for (const Side s : kSides)
      if (field.unconfirmed[s]) sight.seen[s] = FieldValue::absent();
  return sight;
}

PairPlan Planner::make() {
  keep_parked();
  if (pair_.resolutions.count(Resolution::kForget) != 0) {
    plan_forget();
  } else if (pair_.status == PairStatus::linked &&
             (pair_.deleted_ms.ctm != 0 || pair_.deleted_ms.highlevel != 0)) {
    plan_deletion(pair_.deleted_ms.ctm != 0 ? Side::ctm : Side::highlevel);
  } else if (pair_.status == PairStatus::linked) {
    plan_phone();
    for (const auto& rule : policy_.mapping.rules())
      if (rule.name != kPhone) plan_field(rule);
    flush_drafts();
    plan_corrections();
    plan_tags();
  } else if (pair_.status == PairStatus::ctm_only || pair_.status == PairStatus::highlevel_only) {
    plan_create(pair_.status == PairStatus::ctm_only ? Side::highlevel : Side::ctm);
  }
  for (auto& write : out_.writes) write.key = key_of(write);
  return std::move(out_);
}

const PairField& Planner::field(std::string_view name) const {
  static const PairField none;
  const auto it = pair_.fields.find(name);
  return it == pair_.fields.end() ? none : it->second;
}

Access Planner::access(Side s, SourceKind kind, const FieldRule& rule) const {
  const Access own = can(s).access(kind, rule.native[s]);
  if (!can(s).joined_name || !is_name_part(rule.name)) return own;
  const Access joined = can(s).access(kind, "name");
  const bool read = can_read(own) || can_read(joined), write = can_write(own) || can_write(joined);
  return read ? (write ? Access::read_write : Access::read_only)
              : (write ? Access::write_only : Access::none);
}

const SourceRow* Planner::newest(Side s, SourceKind kind) const {
  for (const auto& source : in_.sources[s])
    if (source.ref.kind == kind && !source.redacted) return &source;
  return nullptr;
}

Planner::Place Planner::place(Side s, const FieldRule& rule) const {
  if (can(s).has_records) return can_write(access(s, SourceKind::record, rule)) ? Place::record : Place::none;
  if (newest(s, SourceKind::activity) && can_write(access(s, SourceKind::activity, rule)))
    return Place::activity;
  if (!can_write(access(s, SourceKind::row, rule))) return Place::none;
  if (newest(s, SourceKind::row)) return Place::row;
  return can(s).create && policy_.create[s] ? Place::new_row : Place::none;
}

SourceKind Planner::kind_of(Place p) {
  return p == Place::record     ? SourceKind::record
         : p == Place::activity ? SourceKind::activity
                                : SourceKind::row;
}

void Planner::keep_parked() {
  for (const auto& p : pair_.parked) {
    const std::string now = parked_input(pair_, p.field, in_.policy_digest);
    if (p.input == now) out_.parked.push_back(p);
  }
}

bool Planner::is_parked(Side s, std::string_view name) const {
  for (const auto& p : out_.parked)
    if (p.side == s && !p.is_due(in_.now_ms) && (p.field.empty() || p.field == name)) return true;
  return false;
}

void Planner::park(Side s, const FieldRule& rule, std::string reason) {
  if (is_parked(s, rule.name)) return;
  Parked p;
  p.side = s;
  p.record_id = pair_.record[s].text;
  p.field = rule.name;
  p.reason = std::move(reason);
  p.input = field_input(pair_, rule.name, in_.policy_digest);
  std::erase_if(out_.parked, [&](const Parked& old) { return old.side == s && old.field == rule.name; });
  // Whose number it is may change without anything of this pair changing.
  if (rule.name == kPhone) p.retry_ms = in_.now_ms + tuning::kRetryFirstMs;
  out_.parked.push_back(std::move(p));
}

void Planner::unavailable() {
  note("that side is not available now");
  out_.unsettled = true;
}

void Planner::note(std::string text) {
  if (out_.note.empty()) out_.note = std::move(text);
}

std::string Planner::key_of(const PlannedWrite& w) const {
  Digest d;
  d.add(std::to_string(pair_.id.row))
      .add(to_text(w.side))
      .add(to_text(w.write.kind))
      .add(w.write.record.text);
  if (w.write.target) d.add(std::to_string(static_cast<int>(w.write.target->kind))).add(w.write.target->id);
  for (const auto& [name, value] : w.fields) {
    d.add(name);
    add_value(d, value);
    add_value(d, value_of(w.before, name));
  }
  for (const auto& tag : w.tags) d.add("tag").add(tag);
  return d.hex();
}

PairPlan plan(const PlanInput& input, const Policy& policy) { return Planner(input, policy).make(); }

std::string field_input(const PairState& pair, std::string_view field, std::string_view policy_digest) {
  Digest d;
  d.add(policy_digest).add(field);
  if (field == "tags") {
    for (const Side s : kSides)
      if (pair.seen_tags[s])
        for (const auto& tag : *pair.seen_tags[s]) d.add(to_text(s)).add(tag);
    return d.hex();
  }
  const auto it = pair.fields.find(field);
  if (it != pair.fields.end())
    for (const Side s : kSides) add_value(d, it->second.seen[s]);
  return d.hex();
}

std::string parked_input(const PairState& pair, std::string_view parked_field,
                         std::string_view policy_digest) {
  const bool whole = parked_field.empty() || parked_field == Parked::kOneOfSeveral;
  return whole ? record_input(pair, policy_digest) : field_input(pair, parked_field, policy_digest);
}

std::string record_input(const PairState& pair, std::string_view policy_digest) {
  Digest d;
  d.add(policy_digest);
  for (const auto& [name, field] : pair.fields) {
    d.add(name);
    for (const Side s : kSides) add_value(d, field.seen[s]);
  }
  return d.add(field_input(pair, "tags", policy_digest)).hex();
}
}  // namespace tandem
