#include <algorithm>
#include <iterator>

#include "core/merge/planner.h"
#include "core/tuning.h"

namespace tandem {
void Planner::plan_field(const FieldRule& rule) {
  if (rule.direction == Direction::off || rule.native.ctm.empty() || rule.native.highlevel.empty()) return;
  const PairField& f = field(rule.name);
  if (resolved(rule, f)) return;
  const FieldMerge m =
      merge_field(sight_of(f, !policy_.caller_id_names_fill), rule.direction, rule.clears, rule.conflict);
  follow(rule, f, m);
}

// Our writes to that side have been answered there, again and again: a workflow or another tool, not a
// person. The sequence is in the history.
bool Planner::is_oscillation(const PairField& f, Side from) {
  return f.answers >= tuning::kAnswersHeld && f.changed_by == to_text(other(from));
}

void Planner::hold_oscillation(const FieldRule& rule, const PairField& f) {
  out_.conflicts.push_back(conflict_row(rule, f, "held", ""));
  out_.conflicts.back().policy = "oscillation";
}

void Planner::follow(const FieldRule& rule, const PairField& f, const FieldMerge& merge) {
  for (const Side s : kSides)
    if (merge.verdict == (s == Side::ctm ? Verdict::take_ctm : Verdict::take_highlevel) &&
        is_oscillation(f, s))
      return hold_oscillation(rule, f);
  switch (merge.verdict) {
    case Verdict::unchanged:
      for (const Side to : kSides)
        if (fills_at_last(rule, f, to)) return take(rule, f, other(to), false);
      return remember_blank(rule, f);
    case Verdict::converged:
    case Verdict::absorbed:
      settle_without_write(rule, f, merge.verdict);
      return;
    case Verdict::take_ctm:
      take(rule, f, Side::ctm, merge.contested);
      return;
    case Verdict::take_highlevel:
      take(rule, f, Side::highlevel, merge.contested);
      return;
    case Verdict::conflict:
      out_.conflicts.push_back(conflict_row(rule, f, "held", ""));
      return;
  }
}

// Not written at first meeting, because that side could not show the field; now it can, and shows none.
bool Planner::fills_at_last(const FieldRule& rule, const PairField& f, Side to) const {
  const Side from = other(to);
  if (f.base[to].is_observed() || f.seen[to].is_value() || !f.seen[from].is_value() ||
      !f.base[from].is_value() || !flows_to(rule.direction, to))
    return false;
  const Place where = place(to, rule);
  return where == Place::activity && can_read(access(to, kind_of(where), rule));
}

// A blank that the other side could never show: what is entered there later is an edit, not a first meeting.
void Planner::remember_blank(const FieldRule& rule, const PairField& f) {
  for (const Side from : kSides) {
    if (f.base[from].is_observed() || !f.seen[from].is_cleared()) continue;
    const Place where = place(other(from), rule);
    if (where == Place::none || can_read(access(other(from), kind_of(where), rule))) continue;
    BaseChange change{rule.name, f.base, false, {}};
    change.base[from] = f.seen[from];
    out_.bases.push_back(std::move(change));
  }
}

void Planner::settle_without_write(const FieldRule& rule, const PairField& f, Verdict verdict) {
  BaseChange change{rule.name, f.base, verdict == Verdict::converged, {}};
  for (const Side s : kSides) {
    if (!f.seen[s].is_observed()) continue;
    // An unconfirmed name that fills nothing is remembered as seen, so that it is asked about once.
    if (f.seen[s] != f.base[s] && change.changed_by.empty()) change.changed_by = to_text(s);
    change.base[s] = f.seen[s];
  }
  if (change.base != f.base) out_.bases.push_back(std::move(change));
}

ConflictRow Planner::conflict_row(const FieldRule& rule, const PairField& f, std::string decision,
                                  std::string by) const {
  ConflictRow row;
  row.pair = pair_.id;
  row.field = rule.name;
  row.base = f.base.highlevel.is_observed() ? f.base.highlevel : f.base.ctm;
  row.values = f.seen;
  row.policy = to_text(rule.conflict);
  row.is_open = decision == "held";
  row.decision = std::move(decision);
  row.decided_by = std::move(by);
  return row;
}

bool Planner::resolved(const FieldRule& rule, const PairField& f) {
  const auto it = pair_.resolutions.find(rule.name);
  if (it == pair_.resolutions.end()) return false;
  out_.used_resolutions.push_back(rule.name);
  const Resolution& r = it->second;
  const auto why = [&](const std::string& usual) { return r.why.empty() ? usual : r.why; };
  if (r.decided_on != f.seen) return false;  // either side moved on: the decision is void
  using Take = Resolution::Take;
  if (r.take == Take::ctm || r.take == Take::highlevel) {
    const Side winner = r.take == Take::ctm ? Side::ctm : Side::highlevel;
    if (f.seen.ctm == f.seen.highlevel) return false;  // decided before: they agree by now
    out_.decided.push_back(conflict_row(rule, f, std::string(to_text(winner)), "person"));
    draft(rule, f, other(winner), f.seen[winner], why("a person took " + std::string(to_text(winner))),
          "person");
    return true;
  }
  const FieldValue value = r.take == Take::clear ? FieldValue::cleared() : FieldValue::of(r.value);
  const bool half_done = !r.only && std::any_of(kSides.begin(), kSides.end(), [&](Side s) {
    return f.seen[s] == value && f.base[s] == value;
  });
  if (!half_done)  // audited with the first of the two writes
    out_.decided.push_back(conflict_row(rule, f, "value", "person"));
  if (r.only) {
    if (f.seen[*r.only] != value) draft(rule, f, *r.only, value, why("a person decided the value"), "person");
    BaseChange change{rule.name, f.base, false, {}};
    change.base[other(*r.only)] = f.seen[other(*r.only)];
    if (change.base != f.base) out_.bases.push_back(std::move(change));
    return true;
  }
  for (const Side s : kSides) {
    if (f.seen[s] == value || in_.writable[s]) continue;
    unavailable();  // both or none: what one side has alone would count as its edit
    return true;
  }
  for (const Side s : kSides)
    if (f.seen[s] != value) draft(rule, f, s, value, why("a person decided the value"), "person");
  return true;
}

void Planner::take(const FieldRule& rule, const PairField& f, Side from, bool contested) {
  const Side to = other(from);
  const bool first_meeting = !f.base.ctm.is_observed() && !f.base.highlevel.is_observed();
  const Place where = place(to, rule);
  // A field that side never shows is not rewritten for every pair at first meeting: it may well
  // hold the value. It is written once per change from then on (P37).
  if (first_meeting && where != Place::none && !can_read(access(to, kind_of(where), rule))) {
    BaseChange change{rule.name, f.base, false, {}};
    change.base[from] = f.seen[from];
    out_.bases.push_back(std::move(change));
    return;
  }
  std::string why;
  if (contested) {
    out_.decided.push_back(conflict_row(rule, f, std::string(to_text(from)), "policy"));
    why = "edited on both sides, the rule prefers " + std::string(to_text(from));
  } else if (first_meeting) {
    why = "fills a blank from " + std::string(to_text(from));
  } else {
    why = (f.seen[from].is_cleared() ? "cleared in " : "edited in ") + std::string(to_text(from));
  }
  draft(rule, f, to, f.seen[from], std::move(why), std::string(to_text(from)));
}

void Planner::draft(const FieldRule& rule, const PairField& f, Side to, const FieldValue& value,
                    std::string why, std::string changed_by) {
  if (is_parked(to, rule.name)) return;
  const Place where = place(to, rule);
  if (in_.row_is_missing[to] && (where == Place::row || where == Place::new_row))
    return note("its row may have left the list: looked at again first");
  if (where == Place::none) {
    park(to, rule, "this surface takes no writes of the field");
    return;
  }
  Draft& d = drafts_[{to, where}];
  if (where == Place::activity) d.target = newest(to, SourceKind::activity)->ref;
  if (where == Place::row) d.target = newest(to, SourceKind::row)->ref;
  d.fields[rule.name] = value;
  d.before[rule.name] = replaced(to, where, rule, f);
  d.why[rule.name] = std::move(why);
  d.overwrites = d.overwrites || (f.seen[to].is_value() && f.seen[to] != value);
  if (d.changed_by.empty()) d.changed_by = std::move(changed_by);
}

FieldValue Planner::replaced(Side s, Place where, const FieldRule& rule, const PairField& f) const {
  if (where == Place::activity || where == Place::row) {
    const FieldMap known{{std::string(kFirst), field(kFirst).base[s]},
                         {std::string(kLast), field(kLast).base[s]}};
    const FieldMap shown = policy_.mapping.project(s, newest(s, kind_of(where))->shown, known);
    if (const FieldValue& theirs = value_of(shown, rule.name); theirs.is_value()) return theirs;
  }
  return f.seen[s].is_observed() ? f.seen[s] : f.base[s];
}

const FieldValue* Planner::drafted_value(Side s, std::string_view name) const {
  for (const auto& [at, d] : drafts_) {
    if (at.first != s) continue;
    if (const auto it = d.fields.find(name); it != d.fields.end()) return &it->second;
  }
  return nullptr;
}

FieldMap Planner::image(Side s, const FieldMap& changed) const {
  FieldMap whole;
  for (const auto& rule : policy_.mapping.rules()) {
    if (rule.native[s].empty()) continue;
    const PairField& f = field(rule.name);
    const FieldValue* drafted = drafted_value(s, rule.name);
    if (const auto it = changed.find(rule.name); it != changed.end())
      whole[rule.name] = it->second;
    else if (drafted != nullptr)  // another write of this plan brings it: a replace must not take it back
      whole[rule.name] = *drafted;
    else if (is_name_part(rule.name) &&
             f.unconfirmed[s])  // a half of the carrier's name does not go with ours
      whole[rule.name] = f.seen[other(s)].is_value() && flows_to(rule.direction, s) ? f.seen[other(s)]
                                                                                    : FieldValue::cleared();
    else if (f.seen[s].is_observed())
      whole[rule.name] = f.seen[s];
    else if (f.base[s].is_value())
      whole[rule.name] = f.base[s];
    else if (f.seen[other(s)].is_value() && flows_to(rule.direction, s))
      whole[rule.name] = f.seen[other(s)];
  }
  if (can(s).keyed_by_phone && !pair_.record[s].text.empty())
    whole[std::string(kPhone)] = FieldValue::of(pair_.record[s].text);
  return whole;
}

PlannedWrite Planner::write_of(Side s, WriteKind kind, const FieldMap& fields) const {
  PlannedWrite w;
  w.side = s;
  w.write.kind = kind;
  w.write.record = pair_.record[s];
  w.fields = fields;
  const FieldMap whole = image(s, fields);
  w.write.set = policy_.mapping.to_native(s, fields, whole, can(s));
  if (!can(s).has_records || kind == WriteKind::create)
    w.write.whole = policy_.mapping.to_native(s, whole, whole, can(s));
  return w;
}

// One field was refused among several without its name: the first of those that are left, alone, tells.
void Planner::keep_first(Draft& d) {
  d.fields.erase(std::next(d.fields.begin()), d.fields.end());
  d.before.erase(std::next(d.before.begin()), d.before.end());
}

FieldEntries Planner::shown_elsewhere(Side s, const PlannedWrite& write) const {
  FieldEntries out;
  if (can(s).has_records) return out;
  FieldMap sent = write.fields;
  if (can(s).joined_name && (sent.count(kFirst) != 0 || sent.count(kLast) != 0))
    sent.merge(image(s, write.fields));  // the other half goes along
  const auto add = [&](const std::string& name, const FieldValue& value) {
    if (sent.count(name) == 0 || (!is_name_part(name) && write.fields.count(name) == 0)) return;
    if (!value.is_value() || value == sent.at(name) || value == value_of(write.before, name)) return;
    if (std::find(out.begin(), out.end(), std::pair(name, value)) == out.end()) out.emplace_back(name, value);
  };
  for (const auto& [name, value] : sent) add(name, field(name).seen[s]);
  for (const SourceKind kind : {SourceKind::activity, SourceKind::row}) {
    const SourceRow* source = newest(s, kind);
    if (source == nullptr) continue;
    const bool is_target = source->ref == write.write.target;  // what it shows of the fields is `before`
    for (const auto& [name, value] : policy_.mapping.project(s, source->shown, {}))
      if (!is_target || write.fields.count(name) == 0) add(name, value);
  }
  return out;
}

void Planner::flush_drafts() {
  for (const Side s : kSides) {
    const bool any =
        std::any_of(drafts_.begin(), drafts_.end(), [s](const auto& d) { return d.first.first == s; });
    if (!any)  // each was found to be refused by itself, or nothing is left to write
      std::erase_if(out_.parked,
                    [s](const Parked& p) { return p.side == s && p.field == Parked::kOneOfSeveral; });
  }
  for (auto& [at, d] : drafts_) {
    const auto& [side, where] = at;
    if (d.fields.size() > 1 && is_parked(side, Parked::kOneOfSeveral)) {
      keep_first(d);
      out_.unsettled = true;  // the others, and what was decided on them, are still to come
    }
    if (!in_.writable[side]) {
      unavailable();
      continue;
    }
    PlannedWrite w =
        write_of(side, where == Place::new_row ? WriteKind::create : WriteKind::update, d.fields);
    w.write.target = d.target;
    w.before = std::move(d.before);
    w.also = shown_elsewhere(side, w);
    w.why = std::move(d.why);
    if (where == Place::new_row) w.why[""] = "joins the list: its newest activity cannot take the value";
    w.changed_by = std::move(d.changed_by);
    w.overwrites = d.overwrites;
    out_.writes.push_back(std::move(w));
  }
}
}  // namespace tandem
