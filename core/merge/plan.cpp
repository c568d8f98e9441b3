#include "core/merge/plan.h"

#include <set>
#include <utility>

#include "core/merge/fold.h"
#include "core/merge/merge_set.h"
#include "core/model/digest.h"

namespace tandem {
namespace {
constexpr std::string_view kPhone = "phone";
constexpr std::string_view kFirst = "first_name";
constexpr std::string_view kLast = "last_name";

void add_value(Digest& digest, const FieldValue& v) {
  digest.add(std::to_string(static_cast<int>(v.presence()))).add(v.text());
}

bool is_name(std::string_view field) { return field == kFirst || field == kLast; }

FieldSight sight_of(const PairField& field, bool ignore_unconfirmed) {
  FieldSight sight{field.base, field.seen, field.unconfirmed, field.edited_at_ms};
  if (ignore_unconfirmed)
    for (const Side s : kSides)
      if (field.unconfirmed[s]) sight.seen[s] = FieldValue::absent();
  return sight;
}

class Planner {
 public:
  Planner(const PlanInput& input, const Policy& policy) : in_(input), pair_(*input.pair), policy_(policy) {
    out_.pair = pair_.id;
  }

  PairPlan make() {
    keep_parked();
    if (pair_.status == PairStatus::linked) {
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

 private:
  enum class Place : std::uint8_t { none, record, activity, row, new_row };
  struct Draft {
    std::optional<SourceRef> target;
    FieldMap fields, before;
    std::map<std::string, std::string, std::less<>> why;
    std::string changed_by;
    bool overwrites = false;
  };

  const Capabilities& can(Side s) const { return *in_.capabilities[s]; }
  const PairField& field(std::string_view name) const {
    static const PairField none;
    const auto it = pair_.fields.find(name);
    return it == pair_.fields.end() ? none : it->second;
  }

  Access access(Side s, SourceKind kind, const FieldRule& rule) const {
    const Access own = can(s).access(kind, rule.native[s]);
    if (!can(s).joined_name || !is_name(rule.name)) return own;
    const Access joined = can(s).access(kind, "name");
    const bool read = can_read(own) || can_read(joined), write = can_write(own) || can_write(joined);
    return read ? (write ? Access::read_write : Access::read_only)
                : (write ? Access::write_only : Access::none);
  }

  const SourceRow* newest(Side s, SourceKind kind) const {
    for (const auto& source : in_.sources[s])
      if (source.ref.kind == kind && !source.redacted) return &source;
    return nullptr;
  }

  // Where a value for `rule` is written: the record; else the newest activity, else our row, else a
  // new row. A linked caller joins the list only for what its newest activity cannot take.
  Place place(Side s, const FieldRule& rule) const {
    if (can(s).has_records)
      return can_write(access(s, SourceKind::record, rule)) ? Place::record : Place::none;
    if (newest(s, SourceKind::activity) && can_write(access(s, SourceKind::activity, rule)))
      return Place::activity;
    if (!can_write(access(s, SourceKind::row, rule))) return Place::none;
    if (newest(s, SourceKind::row)) return Place::row;
    return can(s).create && policy_.create[s] ? Place::new_row : Place::none;
  }

  static SourceKind kind_of(Place p) {
    return p == Place::record     ? SourceKind::record
           : p == Place::activity ? SourceKind::activity
                                  : SourceKind::row;
  }

  // ---- parked: kept while what was refused is still what would be sent
  void keep_parked() {
    for (const auto& p : pair_.parked) {
      const std::string now = p.field.empty() ? record_input(pair_, in_.policy_digest)
                                              : field_input(pair_, p.field, in_.policy_digest);
      if (p.input == now) out_.parked.push_back(p);
    }
  }
  bool is_parked(Side s, std::string_view name) const {
    for (const auto& p : out_.parked)
      if (p.side == s && (p.field.empty() || p.field == name)) return true;
    return false;
  }
  void park(Side s, const FieldRule& rule, std::string reason) {
    if (is_parked(s, rule.name)) return;
    Parked p;
    p.side = s;
    p.record_id = pair_.record[s].text;
    p.field = rule.name;
    p.reason = std::move(reason);
    p.input = field_input(pair_, rule.name, in_.policy_digest);
    out_.parked.push_back(std::move(p));
  }

  // ---- fields
  void plan_field(const FieldRule& rule) {
    if (rule.direction == Direction::off || rule.native.ctm.empty() || rule.native.highlevel.empty()) return;
    const PairField& f = field(rule.name);
    if (resolved(rule, f)) return;
    const FieldMerge m =
        merge_field(sight_of(f, !policy_.caller_id_names_fill), rule.direction, rule.clears, rule.conflict);
    switch (m.verdict) {
      case Verdict::unchanged:
        return;
      case Verdict::converged:
      case Verdict::absorbed:
        settle_without_write(rule, f, m.verdict);
        return;
      case Verdict::take_ctm:
        take(rule, f, Side::ctm, m.contested);
        return;
      case Verdict::take_highlevel:
        take(rule, f, Side::highlevel, m.contested);
        return;
      case Verdict::conflict:
        out_.conflicts.push_back(conflict_row(rule, f, "held", ""));
        return;
    }
  }

  void settle_without_write(const FieldRule& rule, const PairField& f, Verdict verdict) {
    BaseChange change{rule.name, f.base, verdict == Verdict::converged, {}};
    for (const Side s : kSides) {
      if (!f.seen[s].is_observed()) continue;
      // An unconfirmed name that fills nothing is remembered as seen, so that it is asked about once.
      if (f.seen[s] != f.base[s] && change.changed_by.empty()) change.changed_by = to_text(s);
      change.base[s] = f.seen[s];
    }
    if (change.base != f.base) out_.bases.push_back(std::move(change));
  }

  ConflictRow conflict_row(const FieldRule& rule, const PairField& f, std::string decision,
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

  bool resolved(const FieldRule& rule, const PairField& f) {
    const auto it = pair_.resolutions.find(rule.name);
    if (it == pair_.resolutions.end()) return false;
    out_.used_resolutions.push_back(rule.name);
    const Resolution& r = it->second;
    if (r.decided_on != f.seen) return false;  // either side moved on: the decision is void
    using Take = Resolution::Take;
    if (r.take == Take::ctm || r.take == Take::highlevel) {
      const Side winner = r.take == Take::ctm ? Side::ctm : Side::highlevel;
      out_.decided.push_back(conflict_row(rule, f, std::string(to_text(winner)), "person"));
      draft(rule, f, other(winner), f.seen[winner], "a person took " + std::string(to_text(winner)),
            "person");
      return true;
    }
    out_.decided.push_back(conflict_row(rule, f, "value", "person"));
    const FieldValue value = r.take == Take::clear ? FieldValue::cleared() : FieldValue::of(r.value);
    for (const Side s : kSides)
      if (f.seen[s] != value) draft(rule, f, s, value, "a person decided the value", "person");
    return true;
  }

  void take(const FieldRule& rule, const PairField& f, Side from, bool contested) {
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

  void draft(const FieldRule& rule, const PairField& f, Side to, const FieldValue& value, std::string why,
             std::string changed_by) {
    if (is_parked(to, rule.name)) return;
    const Place where = place(to, rule);
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

  // What the write takes away, for the audit (P16): the target may show another value than the side as a
  // whole does. Where nothing is shown, what was sent last.
  FieldValue replaced(Side s, Place where, const FieldRule& rule, const PairField& f) const {
    if (where == Place::activity || where == Place::row) {
      const FieldMap known{{std::string(kFirst), field(kFirst).base[s]},
                           {std::string(kLast), field(kLast).base[s]}};
      const FieldMap shown = policy_.mapping.project(s, newest(s, kind_of(where))->shown, known);
      if (const FieldValue& theirs = value_of(shown, rule.name); theirs.is_value()) return theirs;
    }
    return f.seen[s].is_observed() ? f.seen[s] : f.base[s];
  }

  // What the whole record should show on `s` after `changed`: for a replace, which loses what it
  // does not send. What that side cannot show comes from its base, else from the other side.
  FieldMap image(Side s, const FieldMap& changed) const {
    FieldMap whole;
    for (const auto& rule : policy_.mapping.rules()) {
      if (rule.native[s].empty()) continue;
      const PairField& f = field(rule.name);
      if (const auto it = changed.find(rule.name); it != changed.end())
        whole[rule.name] = it->second;
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

  PlannedWrite write_of(Side s, WriteKind kind, const FieldMap& fields) const {
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

  void flush_drafts() {
    for (auto& [at, d] : drafts_) {
      const auto& [side, where] = at;
      if (!in_.writable[side]) {
        unavailable();
        continue;
      }
      PlannedWrite w =
          write_of(side, where == Place::new_row ? WriteKind::create : WriteKind::update, d.fields);
      w.write.target = d.target;
      w.before = std::move(d.before);
      w.why = std::move(d.why);
      if (where == Place::new_row) w.why[""] = "joins the list: its newest activity cannot take the value";
      w.changed_by = std::move(d.changed_by);
      w.overwrites = d.overwrites;
      out_.writes.push_back(std::move(w));
    }
  }

  // ---- the key (P39)
  void plan_phone() {
    const FieldRule* rule = policy_.mapping.find(kPhone);
    if (!rule || rule->direction == Direction::off) return;
    const PairField& f = field(kPhone);
    if (resolved(*rule, f)) return;
    const FieldMerge m = merge_field(sight_of(f, false), rule->direction, rule->clears, rule->conflict);
    for (const Side keyed : kSides) {
      if (!can(keyed).keyed_by_phone) continue;
      const Side source = other(keyed);
      const Verdict take_source = source == Side::ctm ? Verdict::take_ctm : Verdict::take_highlevel;
      if (m.verdict == take_source) return rekey(*rule, f, keyed);
      // Two numbers at first meeting: proved one person by another key, so both stay as they are.
      if (m.verdict == Verdict::conflict && !f.base[keyed].is_observed() && !f.base[source].is_observed())
        return settle_without_write(*rule, f, Verdict::absorbed);
    }
    switch (m.verdict) {
      case Verdict::unchanged:
        return;
      case Verdict::converged:
      case Verdict::absorbed:
        settle_without_write(*rule, f, m.verdict);
        return;
      case Verdict::conflict:
        out_.conflicts.push_back(conflict_row(*rule, f, "held", ""));
        return;
      case Verdict::take_ctm:
        take(*rule, f, Side::ctm, m.contested);
        return;
      case Verdict::take_highlevel:
        take(*rule, f, Side::highlevel, m.contested);
        return;
    }
  }

  void rekey(const FieldRule& rule, const PairField& f, Side keyed) {
    const FieldValue& number = f.seen[other(keyed)];
    if (!number.is_value() || number.text().front() != '+') {
      settle_without_write(rule, f,
                           Verdict::absorbed);  // a contact without a usable number keeps its old key
      return;
    }
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
      FieldMap fields;
      for (const auto& r : policy_.mapping.rules())
        if (flows_to(r.direction, keyed) && !r.native[keyed].empty())
          if (const FieldValue& v = field(r.name).seen[other(keyed)]; v.is_value()) fields[r.name] = v;
      fields[std::string(kPhone)] = number;
      PlannedWrite w = write_of(keyed, WriteKind::create, fields);
      w.write.record = RecordId{number.text()};
      w.write.whole = policy_.mapping.to_native(keyed, fields, fields, can(keyed));
      w.why[""] =
          "the phone was changed in " + std::string(to_text(other(keyed))) + ": a new number is a new key";
      w.changed_by = to_text(other(keyed));
      w.rekey = true;
      out_.writes.push_back(std::move(w));
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

  // ---- create
  void plan_create(Side on) {
    const Side from = other(on);
    if (!policy_.create[on]) return note("creating there is switched off");
    if (!can(on).create) return note("that surface cannot create: waits for a first call");
    FieldMap fields;
    std::string why;
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
      if (p.side == on && (p.field.empty() || p.field == kPhone)) return;
    if (!in_.writable[on]) return unavailable();
    PlannedWrite w = write_of(on, WriteKind::create, fields);
    w.write.whole = policy_.mapping.to_native(on, fields, fields, can(on));
    w.write.record = can(on).keyed_by_phone ? RecordId{phone.text()} : RecordId{};
    w.why[""] = "new in " + std::string(to_text(from));
    w.changed_by = to_text(from);
    out_.writes.push_back(std::move(w));
  }

  // ---- stale sources (P33)
  void plan_corrections() {
    for (const Side s : kSides) {
      if (can(s).has_records || !policy_.correct_stale_identity) continue;
      const FieldMap agreed = agreed_native(s);
      for (const SourceKind kind : {SourceKind::activity, SourceKind::row}) {
        const SourceRow* source = newest(s, kind);
        if (!source || is_drafted(s, source->ref)) continue;
        FieldMap canonical;
        FieldMap shown;
        for (const auto& [native, value] : stale_fields(*source, agreed)) {
          shown[native] = value;
          for (const auto& rule : policy_.mapping.rules()) {
            const bool hit =
                rule.native[s] == native || (native == "name" && can(s).joined_name && is_name(rule.name));
            if (hit && flows_to(rule.direction, s) && !is_parked(s, rule.name) &&
                can_write(access(s, kind, rule)))
              canonical[rule.name] = field(rule.name).base[s];
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
        for (const auto& [name, value] : canonical) w.why[name] = "shows a value that was replaced";
        w.changed_by = "tandem";
        w.correction = true;
        out_.writes.push_back(std::move(w));
      }
    }
  }

  bool is_drafted(Side s, const SourceRef& ref) const {
    for (const auto& w : out_.writes)
      if (w.side == s && w.write.target == ref) return true;
    return false;
  }

  // Native values that both the side as a whole and its base show, and that nobody contests.
  FieldMap agreed_native(Side s) const {
    FieldMap agreed;
    for (const auto& rule : policy_.mapping.rules()) {
      if (rule.native[s].empty() || rule.name == kPhone || !flows_to(rule.direction, s)) continue;
      const PairField& f = field(rule.name);
      if (!f.base[s].is_value() || f.base[s] != f.seen[s] || in_conflict(rule.name)) continue;
      if (can(s).joined_name && is_name(rule.name)) continue;
      const WireFields wire = policy_.mapping.to_native(s, {{rule.name, f.base[s]}}, {}, can(s));
      const FieldMap canonical_native = policy_.mapping.normalise(s, wire);
      for (const auto& [native, value] : canonical_native) agreed[native] = value;
    }
    const PairField &first = field(kFirst), &last = field(kLast);
    const bool settled = first.base[s] == first.seen[s] && last.base[s] == last.seen[s];
    if (can(s).joined_name && settled && !in_conflict(kFirst) && !in_conflict(kLast)) {
      const std::string whole = join_name(first.base[s].text(), last.base[s].text());
      if (!whole.empty()) agreed["name"] = FieldValue::of(whole);
    }
    return agreed;
  }

  bool in_conflict(std::string_view name) const {
    for (const auto& c : out_.conflicts)
      if (c.field == name) return true;
    return false;
  }

  // ---- tags
  const TagSet* tags_seen(Side s) const {
    static const TagSet none;
    if (pair_.seen_tags[s]) return &*pair_.seen_tags[s];
    return can(s).tags_on_activities ? &none : nullptr;  // nobody called yet: no tags
  }

  void plan_tags() {
    if (policy_.tags == Direction::off) return;
    PerSide<TagSet> base, seen;
    for (const Side s : kSides) {
      const TagSet* now = tags_seen(s);
      if (!now || !can(s).tags) return;
      seen[s] = *now;
      if (pair_.base_tags[s]) base[s] = *pair_.base_tags[s];
    }
    const SetMerge merged = merge_set(base, seen, policy_.tags);
    PerSide<TagSet> next = seen;  // bases once every delta below is settled, minus those still to do
    for (const Side to : kSides) {
      for (const auto& tag : merged.add[to]) next[other(to)].erase(tag);
      for (const auto& tag : merged.remove[to]) next[other(to)].insert(tag);
      plan_tag_write(to, WriteKind::tag_add, merged.add[to]);
      plan_tag_write(to, WriteKind::tag_remove, merged.remove[to]);
    }
    for (const Side s : kSides)
      if (!pair_.base_tags[s] || *pair_.base_tags[s] != next[s]) out_.base_tags[s] = next[s];
  }

  void plan_tag_write(Side to, WriteKind kind, const TagSet& tags) {
    if (tags.empty() || is_parked(to, "tags")) return;
    PlannedWrite w;
    w.side = to;
    w.write.kind = kind;
    w.write.record = pair_.record[to];
    w.tags = tags;
    if (!can(to).tags_on_activities) {
      w.write.tags.assign(tags.begin(), tags.end());
    } else if (kind == WriteKind::tag_add) {
      const SourceRow* activity = newest(to, SourceKind::activity);
      if (!activity) return note("tags wait for a first call");
      w.write.tags.assign(tags.begin(), tags.end());
      w.write.tag_sources.push_back(activity->ref);
    } else {
      std::set<std::string> spelled;
      for (const auto& source : in_.sources[to]) {
        const std::size_t at = w.write.tag_sources.size();
        for (const auto& tag : source.tags) {
          if (tags.count(canonical_tag(tag)) == 0) continue;
          spelled.insert(tag);
          if (w.write.tag_sources.size() == at) w.write.tag_sources.push_back(source.ref);
        }
      }
      w.write.tags.assign(spelled.begin(), spelled.end());
      if (w.write.tag_sources.empty()) return;
    }
    if (!in_.writable[to]) return unavailable();
    w.why["tags"] =
        (kind == WriteKind::tag_add ? "added in " : "removed in ") + std::string(to_text(other(to)));
    w.changed_by = to_text(other(to));
    out_.writes.push_back(std::move(w));
  }

  void unavailable() {
    note("that side is not available now");
    out_.unsettled = true;
  }

  void note(std::string text) {
    if (out_.note.empty()) out_.note = std::move(text);
  }

  std::string key_of(const PlannedWrite& w) const {
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

  const PlanInput& in_;
  const PairState& pair_;
  const Policy& policy_;
  PairPlan out_;
  std::map<std::pair<Side, Place>, Draft> drafts_;
};
}  // namespace

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
