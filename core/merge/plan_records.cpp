#include <algorithm>

#include "core/merge/fold.h"
#include "core/merge/planner.h"

namespace tandem {
void Planner::plan_create(Side on) {
  const Side from = other(on);
  const bool was_deleted = pair_.deleted_ms[on] != 0;  // a new call from somebody who was deleted there (P15)
  if (was_deleted && policy_.after_delete == AfterDelete::never)
    return note("it was deleted there: create.after_delete is \"never\"");
  if (!policy_.create[on]) return note("creating there is switched off");
  if (!can(on).create) return note("that surface cannot create: waits for a first call");
  FieldMap fields;
  for (const auto& rule : policy_.mapping.rules()) {
    if (!flows_to(rule.direction, on) || rule.native[on].empty() || rule.native[from].empty()) continue;
    const PairField& f = field(rule.name);
    if (!f.seen[from].is_value() || (f.unconfirmed[from] && !policy_.caller_id_names_fill)) continue;
    if (rule.name != kPhone && is_parked(on, rule.name))
      continue;  // a refused field does not block the rest (P10)
    fields[rule.name] = f.seen[from];
  }
  const FieldValue& phone = field(kPhone).seen[from];
  if (can(on).keyed_by_phone) {
    if (!phone.is_value() || phone.text().front() != '+')
      return note("no phone number: the other side keys people by number");
    fields[std::string(kPhone)] = phone;
  }
  if (fields.count("email") == 0 && fields.count(kPhone) == 0) return note("neither phone nor e-mail");
  for (const auto& p : out_.parked)
    if (p.side == on && !p.is_due(in_.now_ms) && (p.field.empty() || p.field == kPhone)) return;
  if (!in_.writable[on]) return unavailable();
  PlannedWrite w = write_of(on, WriteKind::create, fields);
  w.write.whole = policy_.mapping.to_native(on, fields, fields, can(on));
  w.write.record = can(on).keyed_by_phone ? RecordId{phone.text()} : RecordId{};
  w.why[""] = "new in " + std::string(to_text(from));
  if (was_deleted) {
    w.why[""] = "called again after it was deleted in " + std::string(to_text(on));
    if (policy_.after_delete == AfterDelete::ask) w.ask = w.why[""] + ": create.after_delete = \"ask\"";
  }
  w.changed_by = to_text(from);
  out_.writes.push_back(std::move(w));
}

void Planner::plan_corrections() {
  for (const Side s : kSides) {
    if (can(s).has_records || !policy_.correct_stale_identity) continue;
    const FieldMap agreed = agreed_native(s);
    for (const SourceKind kind : {SourceKind::activity, SourceKind::row}) {
      const SourceRow* source = newest(s, kind);
      if (!source || is_drafted(s, source->ref)) continue;
      if (kind == SourceKind::row && in_.row_is_missing[s]) continue;
      FieldMap canonical;
      FieldMap shown;
      FieldMap wrong = stale_fields(*source, agreed);
      if (kind == SourceKind::row) wrong.merge(lost_fields(s, *source, agreed));
      for (const auto& [native, value] : wrong) {
        if (value_of(agreed, native).is_cleared() && !was_replaced(s, native, value)) continue;
        shown[native] = value;
        for (const auto& rule : policy_.mapping.rules()) {
          const bool hit =
              rule.native[s] == native || (native == "name" && can(s).joined_name && is_name_part(rule.name));
          if (hit && flows_to(rule.direction, s) && !is_parked(s, rule.name) &&
              can_write(access(s, kind, rule)))
            canonical[rule.name] = agreed_value(s, rule.name);
        }
      }
      if (canonical.empty()) continue;
      if (source->lag_until_ms != 0) {
        out_.unsettled = true;
        continue;
      }
      if (!in_.writable[s]) {
        unavailable();
        continue;
      }
      PlannedWrite w = write_of(s, WriteKind::update, canonical);
      w.write.target = source->ref;
      w.before = policy_.mapping.project(s, shown, {});
      w.also = shown_elsewhere(s, w);
      for (const auto& [name, value] : canonical) w.why[name] = "shows a value that was replaced";
      w.changed_by = kCorrection;
      w.correction = true;
      out_.writes.push_back(std::move(w));
    }
  }
}

// A row that was made anew without them, and what said them is gone: nobody cleared anything.
FieldMap Planner::lost_fields(Side s, const SourceRow& row, const FieldMap& agreed) const {
  FieldMap out;
  for (const auto& entry : agreed) {
    const auto& [native, value] = entry;
    const FieldValue& shown = value_of(row.shown, native);
    const bool is_said =
        std::any_of(in_.sources[s].begin(), in_.sources[s].end(),
                    [&](const SourceRow& source) { return value_of(source.shown, entry.first).is_value(); });
    if (value.is_value() && shown.is_cleared() && !is_said &&
        !row.corrected.contains(correction_key(native, shown)))
      out.emplace(native, shown);
  }
  return out;
}

// By a write of ours, and not said by anybody since: what still shows it lags behind.
bool Planner::was_replaced(Side s, const std::string& native, const FieldValue& value) const {
  const auto it = pair_.fold[s].find(native);
  if (it == pair_.fold[s].end()) return false;
  const auto& replaced = it->second.replaced;
  return std::find(replaced.begin(), replaced.end(), value) != replaced.end();
}

bool Planner::is_drafted(Side s, const SourceRef& ref) const {
  for (const auto& w : out_.writes)
    if (w.side == s && w.write.target == ref) return true;
  return false;
}

// The base, as this very plan leaves it.
const FieldValue& Planner::agreed_value(Side s, std::string_view name) const {
  for (const auto& change : out_.bases)
    if (change.field == name) return change.base[s];
  return field(name).base[s];
}

FieldMap Planner::agreed_native(Side s) const {
  FieldMap agreed;
  for (const auto& rule : policy_.mapping.rules()) {
    if (rule.native[s].empty() || rule.name == kPhone || !flows_to(rule.direction, s)) continue;
    const FieldValue& base = agreed_value(s, rule.name);
    if (!base.is_observed() || base != field(rule.name).seen[s] || in_conflict(rule.name)) continue;
    if (drafted_value(s, rule.name) != nullptr) continue;  // another value is on its way: corrected after it
    if (can(s).joined_name && is_name_part(rule.name)) continue;
    if (base.is_cleared()) {
      if (flows_to(rule.clears, s)) agreed[rule.native[s]] = FieldValue::cleared();
      continue;
    }
    const WireFields wire = policy_.mapping.to_native(s, {{rule.name, base}}, {}, can(s));
    const FieldMap canonical_native = policy_.mapping.normalise(s, wire);
    for (const auto& [native, value] : canonical_native) agreed[native] = value;
  }
  const FieldValue &first = agreed_value(s, kFirst), &last = agreed_value(s, kLast);
  const bool settled = first == field(kFirst).seen[s] && last == field(kLast).seen[s];
  const bool drafted = drafted_value(s, kFirst) != nullptr || drafted_value(s, kLast) != nullptr;
  const auto flows = [&](std::string_view half) {
    const FieldRule* rule = policy_.mapping.find(half);
    return rule != nullptr && flows_to(rule->direction, s);
  };
  if (can(s).joined_name && flows(kFirst) && flows(kLast) && settled && !drafted && !in_conflict(kFirst) &&
      !in_conflict(kLast)) {
    const std::string whole = join_name(first.text(), last.text());
    if (!whole.empty()) agreed["name"] = FieldValue::of(whole);
  }
  return agreed;
}

bool Planner::in_conflict(std::string_view name) const {
  for (const auto& c : out_.conflicts)
    if (c.field == name) return true;
  return false;
}
}  // namespace tandem
