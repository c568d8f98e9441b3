#include <set>

#include "core/merge/merge_set.h"
#include "core/merge/planner.h"

namespace tandem {
const TagSet* Planner::tags_seen(Side s) const {
  static const TagSet none;
  if (pair_.seen_tags[s]) return &*pair_.seen_tags[s];
  return can(s).tags_on_activities ? &none : nullptr;  // nobody called yet: no tags
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

void Planner::plan_tag_write(Side to, WriteKind kind, const TagSet& tags) {
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
}  // namespace tandem
