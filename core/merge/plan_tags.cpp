#include <set>

#include "core/merge/merge_set.h"
#include "core/merge/planner.h"
#include "core/tuning.h"

namespace tandem {
const TagSet* Planner::tags_seen(Side s) const {
  static const TagSet none;
  if (pair_.seen_tags[s]) return &*pair_.seen_tags[s];
  return can(s).tags_on_activities ? &none : nullptr;  // nobody called yet: no tags
}

// What a person decided on a tag goes to both sides, whoever edited it.
void Planner::apply_tag_decisions(const PerSide<TagSet>& seen, SetMerge& merged) {
  for (const auto& [name, decision] : pair_.resolutions) {
    if (!name.starts_with(Resolution::kTagPrefix)) continue;
    out_.used_resolutions.push_back(name);
    const std::string tag = name.substr(Resolution::kTagPrefix.size());
    const bool wanted = decision.take == Resolution::Take::value;
    for (const Side s : kSides) {
      merged.add[s].erase(tag);
      merged.remove[s].erase(tag);
      if (wanted != (seen[s].count(tag) != 0)) (wanted ? merged.add : merged.remove)[s].insert(tag);
      if (merged.add[s].count(tag) + merged.remove[s].count(tag) != 0)
        tag_why_ = decision.why.empty() ? "a person decided" : decision.why;
    }
  }
}

void Planner::plan_tags() {
  if (policy_.tags == Direction::off) return;
  PerSide<TagSet> base, seen;
  for (const Side s : kSides) {
    const TagSet* now = tags_seen(s);
    if (!now || !can(s).tags) return;
    seen[s] = *now;
    if (pair_.base_tags[s]) base[s] = *pair_.base_tags[s];
  }
  SetMerge merged = merge_set(base, seen, policy_.tags);
  apply_tag_decisions(seen, merged);
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

// As is_oscillation, for the tags as a whole.
bool Planner::tags_oscillate(Side from) const {
  return pair_.tags_answers >= tuning::kAnswersHeld && pair_.tags_changed_by == to_text(other(from));
}

// Another number of the same person (P44, P45).
const SourceRow* Planner::newest_of_alias(Side s) const {
  const SourceRow* best = nullptr;
  for (const auto& source : in_.sources[s])
    if (source.ref.kind == SourceKind::activity && source.person != pair_.record[s] &&
        (best == nullptr || source.at_ms > best->at_ms))
      best = &source;
  return best;
}

void Planner::plan_tag_write(Side to, WriteKind kind, const TagSet& tags) {
  if (tags.empty() || is_parked(to, "tags")) return;
  if (tags_oscillate(other(to))) {
    Parked p;
    p.side = to;
    p.record_id = pair_.record[to].text;
    p.field = "tags";
    p.reason =
        "oscillation: every change of ours is answered with another one there; nothing is sent until "
        "the tags change or a person changes them on the other side";
    p.input = field_input(pair_, "tags", in_.policy_digest);
    out_.parked.push_back(std::move(p));
    return;
  }
  PlannedWrite w;
  w.side = to;
  w.write.kind = kind;
  w.write.record = pair_.record[to];
  w.tags = tags;
  if (!can(to).tags_on_activities) {
    w.write.tags.assign(tags.begin(), tags.end());
  } else if (kind == WriteKind::tag_add) {
    const SourceRow* activity = newest(to, SourceKind::activity);
    if (!activity) activity = newest_of_alias(to);
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
  if (!tag_why_.empty()) {
    w.why["tags"] = tag_why_;
    w.changed_by = "person";
  }
  out_.writes.push_back(std::move(w));
}
}  // namespace tandem
