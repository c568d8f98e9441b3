// What holds for all writes of one plan together: their order decides nothing (P6), and nothing that belongs
// to a contact is written for a pair that is no pair, or to a record that is to go (P27).
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <map>
#include <numeric>
#include <set>
#include <tuple>

#include "tests/core/merge/plan_table.h"

namespace tandem {
namespace {

// A side as its system keeps it: records and sources with their fields and tags.
struct Kept {
  std::map<std::string, std::map<std::string, std::string>> fields;
  std::map<std::string, std::set<std::string>> tags;
  bool operator==(const Kept&) const = default;
};
using Systems = PerSide<Kept>;

std::string text(const WireValue& value) { return value.blank ? "(blank)" : value.text; }
std::string place(const SourceRef& ref) { return std::to_string(static_cast<int>(ref.kind)) + " " + ref.id; }

void perform(Systems& systems, const PlannedWrite& w) {
  Kept& there = systems[w.side];
  const Write& write = w.write;
  const std::string record = "record " + write.record.text;
  switch (write.kind) {
    case WriteKind::create:
      for (const auto& [name, value] : write.whole) there.fields[record][name] = text(value);
      return;
    case WriteKind::update:
      for (const auto& [name, value] : write.set)
        there.fields[write.target ? place(*write.target) : record][name] = text(value);
      return;
    case WriteKind::remove:
      there.fields.erase(write.target ? place(*write.target) : record);
      return;
    case WriteKind::tag_add:
    case WriteKind::tag_remove: {
      std::vector<std::string> places{record};
      if (!write.tag_sources.empty()) places.clear();
      for (const SourceRef& ref : write.tag_sources) places.push_back(place(ref));
      for (const std::string& at : places)
        for (const std::string& tag : write.tags)
          write.kind == WriteKind::tag_add ? static_cast<void>(there.tags[at].insert(tag))
                                           : static_cast<void>(there.tags[at].erase(tag));
      return;
    }
  }
}

Systems start(const Table& t) {
  Systems systems;
  for (const auto& source : t.input.sources.ctm)
    systems.ctm.tags[place(source.ref)] = {source.tags.begin(), source.tags.end()};
  if (t.pair.seen_tags.highlevel)
    systems.highlevel.tags["record " + t.pair.record.highlevel.text] = {t.pair.seen_tags.highlevel->begin(),
                                                                        t.pair.seen_tags.highlevel->end()};
  return systems;
}

// Also a second activity, a row, and a number that HighLevel has changed.
Table any_busy_table() {
  Table t = any_table();
  t.policy.correct_stale_identity = *rc::gen::arbitrary<bool>();
  if (*rc::gen::arbitrary<bool>()) t.activity("a2", {"B", "d"});
  if (*rc::gen::arbitrary<bool>()) t.row("r1");
  for (auto& source : t.input.sources.ctm)
    if (*rc::gen::arbitrary<bool>()) source.shown["city"] = *any_value();
  t.pair.made_by_us.ctm = *rc::gen::arbitrary<bool>();
  if (*rc::gen::inRange(0, 4) == 0) t.pair.fields["phone"].seen.highlevel = FieldValue::of("+13125550144");
  return t;
}

RC_GTEST_PROP(PlanLaws, P6TheWritesOfOnePlanMayBeDoneInAnyOrder, ()) {
  const Table t = any_busy_table();
  const auto p = t.make();
  RC_CLASSIFY(p.writes.size() > 2);
  std::vector<std::size_t> order(p.writes.size());
  std::iota(order.begin(), order.end(), 0U);
  Systems as_planned = start(t);
  for (const auto& write : p.writes) perform(as_planned, write);
  int tried = 0;
  do {
    Systems other_way = start(t);
    for (const std::size_t i : order) perform(other_way, p.writes[i]);
    RC_ASSERT(other_way == as_planned);
  } while (std::next_permutation(order.begin(), order.end()) && ++tried < 1'000);
}

RC_GTEST_PROP(PlanLaws, P27OnlyALinkedPairThatStaysGetsTags, ()) {
  Table t = any_busy_table();
  t.pair.status = *rc::gen::element(PairStatus::linked, PairStatus::held, PairStatus::ctm_only,
                                    PairStatus::highlevel_only, PairStatus::ignored, PairStatus::tombstone);
  if (t.pair.status == PairStatus::ctm_only) t.pair.record.highlevel = {};
  if (t.pair.status == PairStatus::highlevel_only) t.pair.record.ctm = {};
  if (*rc::gen::inRange(0, 3) == 0) t.pair.deleted_ms[*rc::gen::element(Side::ctm, Side::highlevel)] = 5;
  if (*rc::gen::inRange(0, 5) == 0)
    t.pair.resolutions[std::string(Resolution::kForget)] = Resolution{Resolution::Take::clear, "", {}};
  const auto p = t.make();
  std::set<Side> leaving;
  for (const auto& write : p.writes)
    if (write.deletion) leaving.insert(write.side);
  for (const auto& write : p.writes) {
    if (write.write.kind != WriteKind::tag_add && write.write.kind != WriteKind::tag_remove) continue;
    RC_ASSERT(t.pair.status == PairStatus::linked);
    RC_ASSERT(!t.pair.record[write.side].text.empty());
    RC_ASSERT(!leaving.contains(write.side));
  }
}
}  // namespace
}  // namespace tandem
