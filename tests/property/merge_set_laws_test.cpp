// P17 and the union part of P45: tags as sets, over one cycle and many.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>

#include "core/merge/merge_set.h"

namespace tandem {
namespace {

rc::Gen<TagSet> tags() {
  return rc::gen::map(
      rc::gen::container<std::vector<std::string>>(rc::gen::element<std::string>("a", "b", "c", "d", "e")),
      [](const std::vector<std::string>& v) { return TagSet(v.begin(), v.end()); });
}

PerSide<TagSet> two() { return {*tags(), *tags()}; }

TagSet applied(TagSet seen, const SetMerge& m, Side s) {
  for (const auto& tag : m.remove[s]) seen.erase(tag);
  seen.insert(m.add[s].begin(), m.add[s].end());
  return seen;
}

TagSet united(const TagSet& a, const TagSet& b) {
  TagSet out = a;
  out.insert(b.begin(), b.end());
  return out;
}

// The law of LAWS.md, tag by tag.
bool stays(const std::string& tag, const PerSide<TagSet>& base, const PerSide<TagSet>& seen) {
  bool added = false, removed = false, known = false;
  for (const Side s : kSides) {
    added = added || (seen[s].contains(tag) && !base[s].contains(tag));
    removed = removed || (base[s].contains(tag) && !seen[s].contains(tag));
    known = known || base[s].contains(tag);
  }
  return added || (known && !removed);
}

RC_GTEST_PROP(TagLaws, TheResultIsTheBasesPlusAddsMinusRemovesAndAddsWin, ()) {
  const auto base = two(), seen = two();
  const SetMerge m = merge_set(base, seen, Direction::both);
  for (const char* tag : {"a", "b", "c", "d", "e"})
    RC_ASSERT(m.result.contains(tag) == stays(tag, base, seen));
}

RC_GTEST_PROP(TagLaws, MergingIsCommutative, ()) {
  const auto base = two(), seen = two();
  const SetMerge one = merge_set(base, seen, Direction::both);
  const SetMerge two_way = merge_set({base.highlevel, base.ctm}, {seen.highlevel, seen.ctm}, Direction::both);
  RC_ASSERT(one.result == two_way.result);
  for (const Side s : kSides) {
    RC_ASSERT(one.add[s] == two_way.add[other(s)]);
    RC_ASSERT(one.remove[s] == two_way.remove[other(s)]);
  }
}

RC_GTEST_PROP(TagLaws, ASecondCycleHasNothingToDo, ()) {
  const auto base = two(), seen = two();
  const SetMerge m =
      merge_set(base, seen, *rc::gen::element(Direction::both, Direction::to_ctm, Direction::off));
  const PerSide<TagSet> now{applied(seen.ctm, m, Side::ctm), applied(seen.highlevel, m, Side::highlevel)};
  const SetMerge again = merge_set(now, now, Direction::both);
  RC_ASSERT(again.add == PerSide<TagSet>{});
  RC_ASSERT(again.remove == PerSide<TagSet>{});
  RC_ASSERT(again.result == united(now.ctm, now.highlevel));
}

RC_GTEST_PROP(TagLaws, FromEqualBasesBothSidesEndAtTheResult, ()) {
  const TagSet base = *tags();
  const auto seen = two();
  const SetMerge m = merge_set({base, base}, seen, Direction::both);
  for (const Side s : kSides) RC_ASSERT(applied(seen[s], m, s) == m.result);
}

RC_GTEST_PROP(TagLaws, DeltasNameOnlyWhatChangesThere, ()) {
  const auto base = two(), seen = two();
  const SetMerge m = merge_set(base, seen, Direction::both);
  for (const Side s : kSides) {
    for (const auto& tag : m.add[s]) RC_ASSERT(!seen[s].contains(tag));
    for (const auto& tag : m.remove[s]) {
      RC_ASSERT(seen[s].contains(tag));
      RC_ASSERT(base[s].contains(tag));  // never a tag that was just added there
    }
  }
}

// Edits of different tags may be merged in one cycle or spread over two: the end is the same.
RC_GTEST_PROP(TagLaws, CyclesMayBeSplitAnywhere, ()) {
  const TagSet base = *tags(), first = *tags();
  const auto later = two();
  const auto step = [&](bool now, const PerSide<TagSet>& seen) {
    PerSide<TagSet> partial;
    for (const Side s : kSides)
      for (const auto& tag : united(united(base, later[s]), seen[s]))
        if (first.contains(tag) == now ? later[s].contains(tag) : seen[s].contains(tag))
          partial[s].insert(tag);
    return partial;
  };
  const SetMerge whole = merge_set({base, base}, later, Direction::both);
  const SetMerge one = merge_set({base, base}, step(true, {base, base}), Direction::both);
  const SetMerge two_steps =
      merge_set({one.result, one.result}, step(false, {one.result, one.result}), Direction::both);
  RC_ASSERT(two_steps.result == whole.result);
}

// P45: a person's set is the union over the activities; taking a delta to them keeps the law.
RC_GTEST_PROP(TagLaws, AUnionOverActivitiesTakesDeltasLikeASet, ()) {
  auto activities = *rc::gen::nonEmpty(rc::gen::container<std::vector<TagSet>>(tags()));
  const auto whole = [&] {
    TagSet all;
    for (const auto& a : activities) all.insert(a.begin(), a.end());
    return all;
  };
  const TagSet base = *tags(), there = *tags(), seen = whole();
  const SetMerge m = merge_set({base, base}, {seen, there}, Direction::both);
  for (auto& a : activities)
    for (const auto& tag : m.remove.ctm) a.erase(tag);           // from every activity that has it
  activities.back().insert(m.add.ctm.begin(), m.add.ctm.end());  // to the newest
  RC_ASSERT(whole() == m.result);
}

// A tag that a third party adds between our reading and our writing survives: deltas, never a whole set.
RC_GTEST_PROP(TagLaws, AThirdPartysTagSurvivesOurDeltas, ()) {
  const auto base = two(), seen = two();
  const SetMerge m = merge_set(base, seen, Direction::both);
  for (const Side s : kSides) {
    TagSet now = seen[s];
    now.insert("from a workflow");
    RC_ASSERT(applied(now, m, s).contains("from a workflow"));
  }
}

}  // namespace
}  // namespace tandem
