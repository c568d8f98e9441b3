// What every StateStore must do. Include it in one test file per implementation and instantiate:
//   INSTANTIATE_TEST_SUITE_P(Sqlite, StateStoreConformance, testing::Values(&make_mine));
#pragma once
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>
#include <algorithm>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>
#include "core/ports/state_store.h"
#include "tests/conformance/state_generators.h"

namespace tandem {

// One state, which outlives the store object that is open on it.
class StateUnderTest {
 public:
  virtual ~StateUnderTest() = default;
  virtual StateStore& store() = 0;
  virtual void reopen() = 0;
  // As a person rules from the command line.
  virtual void rule(Ruling::Kind kind, const RecordId& ctm, const RecordId& highlevel) = 0;
};
using MakeState = std::unique_ptr<StateUnderTest> (*)();

class StateStoreConformance : public testing::TestWithParam<MakeState> {
 protected:
  std::unique_ptr<StateUnderTest> state_ = GetParam()();
  StateStore& store() { return state_->store(); }
  void in(const std::function<void()>& work) { store().transact(work); }
  PairId put(PairState p) {
    in([&] { store().put_pair(p); });
    return p.id;
  }
  PairId put(PairStatus status, const std::string& ctm, const std::string& highlevel, bool dirty = true) {
    PairState p;
    p.status = status;
    p.record = {{ctm}, {highlevel}};
    p.dirty = dirty;
    return put(p);
  }
  SourceRow activity(const std::string& id, const std::string& person, std::int64_t at_ms) {
    SourceRow row;
    row.ref = {SourceKind::activity, id};
    row.person = {person};
    row.at_ms = at_ms;
    return row;
  }
  PendingMember held(const std::string& key, HoldClass cls, Side side, PairId pair,
                     std::int64_t since_ms = 5) {
    return {key, cls, side, pair, "why " + key, since_ms};
  }
};

using Rows = std::vector<PairId>;
inline constexpr auto kId = Identity::Kind::id;
inline constexpr auto kPhone = Identity::Kind::phone;

inline ConflictRow conflict_of(const std::string& field, const FieldValue& ctm, const FieldValue& highlevel) {
  ConflictRow row;
  row.field = field;
  row.base = FieldValue::absent();
  row.values = {ctm, highlevel};
  row.policy = "hold";
  row.decision = "held";
  return row;
}

TEST_P(StateStoreConformance, ATransactionThatThrowsLeavesNothing) {
  const PairId known = put(PairStatus::linked, "+1", "h1", false);
  const auto before = store().pair(known);
  EXPECT_THROW(in([&] {
                 PairState p = *before;
                 p.reason = "half done";
                 store().put_pair(p);
                 PairState fresh;
                 store().put_pair(fresh);
                 store().put_source(activity("1", "+1", 1));
                 store().set_meta("cursor", "moved");
                 throw std::runtime_error("the network");
               }),
               std::runtime_error);
  EXPECT_EQ(store().pair(known), before);
  EXPECT_EQ(store().work(WorkList::all, {}, 10), Rows{known});
  EXPECT_EQ(store().source_hash(Side::ctm, {SourceKind::activity, "1"}), std::nullopt);
  EXPECT_EQ(store().meta("cursor"), std::nullopt);
  in([&] { store().set_meta("cursor", "next"); });
  EXPECT_EQ(store().meta("cursor"), "next");
}

TEST_P(StateStoreConformance, WritesBelongInOneTransactionThatIsNotNested) {
  EXPECT_THROW(store().set_meta("a", "b"), std::logic_error);
  EXPECT_THROW(in([&] { store().transact([] {}); }), std::logic_error);
  EXPECT_EQ(store().meta("a"), std::nullopt);
}

TEST_P(StateStoreConformance, MetaKeepsTheLastValue) {
  in([&] { store().set_meta("cursor.ctm", "a"); });
  in([&] { store().set_meta("cursor.ctm", ""); });
  EXPECT_EQ(store().meta("cursor.ctm"), "");
  EXPECT_EQ(store().meta("cursor"), std::nullopt);
}

TEST_P(StateStoreConformance, AnyPairComesBackAsItWas) {
  EXPECT_TRUE(rc::check("pairs come back", [&] {
    PairState p = generate::pair();
    put(p);
    in([&] { store().put_pair(p); });
    RC_ASSERT(store().pair(p.id) == p);
    PairState changed = generate::pair();
    changed.id = p.id;
    in([&] { store().put_pair(changed); });
    if (generate::below(10) == 0) state_->reopen();
    RC_ASSERT(store().pair(p.id) == changed);
  }));
}

TEST_P(StateStoreConformance, AnySourceComesBackAsItWas) {
  EXPECT_TRUE(rc::check("sources come back", [&] {
    SourceRow row = generate::source();
    in([&] { store().put_source(row); });
    RC_ASSERT(store().source(row.side, row.ref) == row);
    RC_ASSERT(store().source_hash(row.side, row.ref) == row.hash);
    const auto of_person = store().sources_of(row.side, row.person);
    RC_ASSERT(std::count(of_person.begin(), of_person.end(), row) == 1);
    in([&] { store().drop_source(row.side, row.ref); });
    RC_ASSERT(store().source_hash(row.side, row.ref) == std::nullopt);
  }));
}

TEST_P(StateStoreConformance, AnyIntentComesBackAsItWas) {
  const PairId pair = put(PairStatus::linked, "+1", "h1");
  EXPECT_TRUE(rc::check("intents come back", [&] {
    Intent i = generate::intent(pair);
    in([&] { store().put_intent(i); });
    RC_ASSERT(store().open_intents() == std::vector<Intent>{i});
    Intent later = generate::intent(pair);
    later.id = i.id;
    in([&] { store().put_intent(later); });
    RC_ASSERT(store().open_intents_of(pair) == std::vector<Intent>{later});
    in([&] { store().close_intent(i.id); });
    RC_ASSERT(store().open_intents().empty());
  }));
}

TEST_P(StateStoreConformance, ARecordsValuesAreItsPairsAndNotKeptTwice) {
  SourceRow row;
  row.side = Side::highlevel;
  row.ref = {SourceKind::record, "h1"};
  row.person = {"h1"};
  row.shown["email"] = FieldValue::of("kim@example.net");
  in([&] { store().put_source(row); });
  row.shown.clear();
  EXPECT_EQ(store().source(Side::highlevel, row.ref), row);
}

TEST_P(StateStoreConformance, NoIdIsMistakenForAnother) {
  const std::vector<std::string> ids = {"7",
                                        "07",
                                        "+7",
                                        "+07",
                                        "-7",
                                        "0",
                                        "+0",
                                        "",
                                        "+",
                                        "7 ",
                                        "７",
                                        "7.0",
                                        "7e0",
                                        "0x7",
                                        "999999999999999999",
                                        "+999999999999999999",
                                        "9223372036854775807",
                                        "9223372036854775808",
                                        "-9223372036854775808",
                                        "+9223372036854775808",
                                        "18446744073709551616",
                                        "aZ9",
                                        "az9"};
  std::vector<PairId> pairs;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    SourceRow row = activity(ids[i], "+1" + ids[i], 1);
    row.hash.low = i + 1;
    in([&] { store().put_source(row); });
    pairs.push_back(put(PairStatus::linked, ids[i], "h"));
    in([&] {
      store().set_identities(pairs[i], {{kId, Side::ctm, ids[i], false}, {kPhone, Side::ctm, ids[i], false}});
    });
  }
  for (std::size_t i = 0; i < ids.size(); ++i) {
    SCOPED_TRACE("'" + ids[i] + "'");
    EXPECT_EQ(store().source_hash(Side::ctm, {SourceKind::activity, ids[i]}), (WireHash{i + 1, 0}));
    const auto of_person = store().sources_of(Side::ctm, {"+1" + ids[i]});
    ASSERT_EQ(of_person.size(), 1U);
    EXPECT_EQ(of_person[0].ref.id, ids[i]);
    EXPECT_EQ(store().pair(pairs[i])->record.ctm.text, ids[i]);
    EXPECT_EQ(store().pair_of(Side::ctm, {ids[i]}), pairs[i]);
    EXPECT_EQ(store().pairs_with(kPhone, ids[i]), Rows{pairs[i]});
  }
  std::vector<std::string> visited;
  store().each_source(Side::ctm, SourceKind::activity,
                      [&](const SourceRef& ref, const RecordId&) { visited.push_back(ref.id); });
  EXPECT_TRUE(std::is_permutation(visited.begin(), visited.end(), ids.begin(), ids.end()));
}

TEST_P(StateStoreConformance, SourcesOfAPersonComeNewestFirst) {
  SourceRow row = activity("row", "+1", 20);
  row.ref.kind = SourceKind::row;
  in([&] {
    store().put_source(activity("9", "+1", 20));
    store().put_source(activity("10", "+1", 20));
    store().put_source(activity("c", "+1", 30));
    store().put_source(activity("d", "+1", 10));
    store().put_source(row);
    store().put_source(activity("e", "+2", 99));
  });
  std::vector<std::string> order;
  for (const auto& source : store().sources_of(Side::ctm, {"+1"})) order.push_back(source.ref.id);
  EXPECT_EQ(order, (std::vector<std::string>{"c", "row", "10", "9", "d"}));
  EXPECT_TRUE(store().sources_of(Side::highlevel, {"+1"}).empty());
}

TEST_P(StateStoreConformance, EachSourceVisitsOneKindOfOneSideAndTheVisitorMayDrop) {
  constexpr int kMany = 700;
  in([&] {
    for (int i = 0; i < kMany; ++i) store().put_source(activity(std::to_string(i), "+1", i));
    SourceRow row = activity("7", "+1", 1);
    row.ref.kind = SourceKind::row;
    store().put_source(row);
  });
  int visited = 0;
  in([&] {
    store().each_source(Side::ctm, SourceKind::activity, [&](const SourceRef& ref, const RecordId& person) {
      EXPECT_EQ(ref.kind, SourceKind::activity);
      EXPECT_EQ(person.text, "+1");
      ++visited;
      store().drop_source(Side::ctm, ref);
    });
  });
  EXPECT_EQ(visited, kMany);
  store().each_source(Side::ctm, SourceKind::activity, [](const auto&, const auto&) { FAIL() << "dropped"; });
  EXPECT_TRUE(store().source_hash(Side::ctm, {SourceKind::row, "7"}).has_value());
}

TEST_P(StateStoreConformance, PruningKeepsTheNewestTheTaggedAndTheYoung) {
  SourceRow tagged = activity("tagged", "+1", 2);
  tagged.tags = {"VIP"};
  SourceRow row = activity("row", "+2", 99);  // no activity: its person's newest is another
  row.ref.kind = SourceKind::row;
  in([&] {
    for (const auto& source :
         {activity("oldest", "+1", 1), tagged, activity("old", "+1", 3), activity("young", "+1", 50),
          activity("newest", "+1", 60), activity("only", "+2", 1), activity("9", "+3", 4),
          activity("10", "+3", 4), row})
      store().put_source(source);
    EXPECT_EQ(store().prune_activities(50), 3);
  });
  const auto there = [&](const char* id) {
    return store().source_hash(Side::ctm, {SourceKind::activity, id}).has_value();
  };
  EXPECT_FALSE(there("oldest"));
  EXPECT_FALSE(there("old"));
  EXPECT_FALSE(there("9")) << "of two at the same moment the first in order is the newest";
  for (const char* kept : {"tagged", "young", "newest", "only", "10"}) EXPECT_TRUE(there(kept)) << kept;
  EXPECT_TRUE(store().source_hash(Side::ctm, {SourceKind::row, "row"}).has_value());
}

TEST_P(StateStoreConformance, APairIsFoundByItsRecordsAndAliases) {
  const PairId a = put(PairStatus::linked, "+1", "h1");
  EXPECT_EQ(store().pair_of(Side::ctm, {"+1"}), a);
  EXPECT_EQ(store().pair_of(Side::highlevel, {"h1"}), a);
  EXPECT_EQ(store().pair_of(Side::highlevel, {"+1"}), std::nullopt);
  const std::vector<Identity> all = {{kId, Side::ctm, "+1", false},
                                     {kId, Side::ctm, "+2", true},
                                     {kId, Side::highlevel, "h1", false},
                                     {kPhone, Side::ctm, "+1", false}};
  in([&] { store().set_identities(a, {all.rbegin(), all.rend()}); });
  EXPECT_EQ(store().identities(a), all);
  EXPECT_EQ(store().pair_of(Side::ctm, {"+2"}), a);
  in([&] { store().set_identities(a, {all[0], all[2]}); });
  EXPECT_EQ(store().pair_of(Side::ctm, {"+2"}), std::nullopt);
}

TEST_P(StateStoreConformance, AnIdBelongsToOnePairAndAPhoneToMany) {
  const PairId a = put(PairStatus::linked, "+1", "h1");
  const PairId b = put(PairStatus::linked, "+2", "h2");
  in([&] {
    store().set_identities(a, {{kId, Side::ctm, "+1", false}, {kPhone, Side::ctm, "+9", false}});
    store().set_identities(b, {{kId, Side::ctm, "+2", false},
                               {kId, Side::ctm, "+1", true},
                               {kPhone, Side::ctm, "+9", true},
                               {kPhone, Side::highlevel, "+9", false}});
  });
  EXPECT_EQ(store().pair_of(Side::ctm, {"+1"}), b);
  EXPECT_EQ(store().identities(a), (std::vector<Identity>{{kPhone, Side::ctm, "+9", false}}));
  EXPECT_EQ(store().pairs_with(kPhone, "+9"), (Rows{a, b}));
  EXPECT_EQ(store().pairs_with(kId, "+1"), Rows{b});
  EXPECT_TRUE(store().pairs_with(Identity::Kind::email, "+9").empty());
  PairState again = *store().pair(a);
  in([&] { store().put_pair(again); });
  EXPECT_EQ(store().pair_of(Side::ctm, {"+1"}), a) << "a pair's own record is its own";
  in([&] { store().set_identities(a, {{kId, Side::ctm, "+1", true}}); });
  in([&] { store().put_pair(again); });
  EXPECT_FALSE(store().identities(a).at(0).alias) << "and no alias";
}

TEST_P(StateStoreConformance, WorkListsAreAscendingAndPaged) {
  const PairId linked = put(PairStatus::linked, "+1", "h1", true);
  const PairId clean = put(PairStatus::ctm_only, "+2", "", false);
  const PairId left = put(PairStatus::ctm_only, "+3", "", true);
  const PairId right = put(PairStatus::highlevel_only, "", "h4", true);
  const PairId held = put(PairStatus::held, "+5", "", true);
  const PairId gone = put(PairStatus::tombstone, "+6", "", true);
  EXPECT_EQ(store().work(WorkList::all, {}, 10), (Rows{linked, clean, left, right, held, gone}));
  EXPECT_EQ(store().work(WorkList::dirty, {}, 10), (Rows{linked, left, right, held, gone}));
  EXPECT_EQ(store().work(WorkList::unmatched, {}, 10), (Rows{left, right, held}));
  EXPECT_EQ(store().work(WorkList::dirty, left, 2), (Rows{right, held}));
  in([&] {
    store().set_dirty(left, false);
    store().set_dirty(clean, true);
  });
  EXPECT_EQ(store().work(WorkList::unmatched, {}, 10), (Rows{clean, right, held}));
  EXPECT_FALSE(store().pair(left)->dirty);
}

TEST_P(StateStoreConformance, TheCensusCountsWhatIsThere) {
  const PairId a = put(PairStatus::linked, "+1", "h1", false);
  put(PairStatus::held, "+2", "", true);
  PairState refused;
  refused.status = PairStatus::tombstone;
  refused.parked = {Parked{}, Parked{Side::highlevel, "h", "email", "no", 1, 2, "x"}};
  put(refused);
  in([&] {
    Intent i;
    i.pair = a;
    store().put_intent(i);
    store().sync_conflicts(a, {ConflictRow{0, a, "email", {}, {}, "hold", "held", "", 0, 0, true}}, 1, 1);
    store().begin_run("delta", 1);
    store().put_pending(held("k", HoldClass::create, Side::ctm, a));
  });
  const Census c = store().census();
  EXPECT_EQ(c.linked, 1);
  EXPECT_EQ(c.held, 1);
  EXPECT_EQ(c.tombstone, 1);
  EXPECT_EQ(c.ctm_only + c.highlevel_only + c.ignored, 0);
  EXPECT_EQ(c.dirty, 2);
  EXPECT_EQ(c.open_conflicts, 1);
  EXPECT_EQ(c.parked, 2);
  EXPECT_EQ(c.pending, 1);
  EXPECT_EQ(c.open_intents, 1);
}

TEST_P(StateStoreConformance, AJoinedPairsIdsFollowAsAliasesAndItsNumberIsNotUsedAgain) {
  const PairId into = put(PairStatus::ctm_only, "+1", "", false);
  const PairId from = put(PairStatus::highlevel_only, "", "h1");
  in([&] {
    store().set_identities(into, {{kId, Side::ctm, "+1", false}, {kPhone, Side::highlevel, "+9", false}});
    store().set_identities(from, {{kId, Side::highlevel, "h1", false},
                                  {kPhone, Side::highlevel, "+1", false},
                                  {kPhone, Side::highlevel, "+9", true}});
    SourceRow row;
    row.side = Side::highlevel;
    row.ref = {SourceKind::record, "h1"};
    row.person = {"h1"};
    store().put_source(row);
    Intent i;
    i.pair = from;
    store().put_intent(i);
    store().sync_conflicts(from, {ConflictRow{0, from, "email", {}, {}, "hold", "held", "", 0, 0, true}}, 1,
                           1);
    store().begin_run("delta", 1);
    store().put_pending(held("k", HoldClass::create, Side::ctm, from));
    store().join_pairs(into, from);
  });
  EXPECT_EQ(store().pair(from), std::nullopt);
  EXPECT_EQ(store().identities(into), (std::vector<Identity>{{kId, Side::ctm, "+1", false},
                                                             {kId, Side::highlevel, "h1", true},
                                                             {kPhone, Side::highlevel, "+1", true},
                                                             {kPhone, Side::highlevel, "+9", false}}));
  EXPECT_EQ(store().pairs_with(kPhone, "+9"), Rows{into});
  EXPECT_EQ(store().sources_of(Side::highlevel, {"h1"}).size(), 1U);
  EXPECT_EQ(store().open_intents_of(into).size(), 1U);
  EXPECT_EQ(store().census().open_conflicts, 0);
  EXPECT_EQ(store().census().pending, 0);
  EXPECT_TRUE(store().pair(into)->dirty);
  EXPECT_GT(put(PairStatus::ctm_only, "+7", ""), from);
}

TEST_P(StateStoreConformance, IntentsComeInTheOrderTheyWereEnlisted) {
  const PairId a = put(PairStatus::linked, "+1", "h1");
  const PairId b = put(PairStatus::linked, "+2", "h2");
  Intent first, second, third;
  first.pair = third.pair = b;
  second.pair = a;
  in([&] {
    for (Intent* i : {&first, &second, &third}) store().put_intent(*i);
  });
  EXPECT_EQ(store().open_intents(), (std::vector<Intent>{first, second, third}));
  EXPECT_EQ(store().open_intents_of(b), (std::vector<Intent>{first, third}));
  in([&] { store().close_intent(third.id); });
  Intent next;
  next.pair = a;
  in([&] { store().put_intent(next); });
  EXPECT_GT(next.id, third.id);
}

TEST_P(StateStoreConformance, RunsHaveAscendingIds) {
  std::int64_t last = 0;
  for (int i = 0; i < 3; ++i) {
    RunRow run;
    in([&] { run.id = store().begin_run("delta", 10); });
    EXPECT_GT(run.id, last);
    last = run.id;
    if (i == 1) in([&] { store().set_meta("cursor", "moved"); });
    run.started_ms = 10;
    run.ended_ms = 20;
    run.kind = "delta";
    run.outcome = "converged";
    in([&] { store().end_run(run); });
    if (i == 1) state_->reopen();
  }
}

TEST_P(StateStoreConformance, EverythingSurvivesReopening) {
  PairState p;
  p.status = PairStatus::linked;
  p.record = {{"+1"}, {"h1"}};
  p.resolutions["city"] = {Resolution::Take::value, "Bonn", {FieldValue::of("B"), FieldValue::cleared()}};
  p.parked = {{Side::ctm, "+1", "city", "refused", 4, 2, "digest"}};
  put(p);
  p = *store().pair(*store().pair_of(Side::ctm, {"+1"}));
  in([&] {
    store().set_meta("cursor", "c");
    store().put_source(activity("1", "+1", 1));
  });
  state_->reopen();
  EXPECT_EQ(store().pair(p.id), p);
  EXPECT_EQ(store().meta("cursor"), "c");
  EXPECT_EQ(store().source(Side::ctm, {SourceKind::activity, "1"}), activity("1", "+1", 1));
}
}  // namespace tandem

#include "tests/conformance/state_fate_conformance.h"  // more of it; both need what is above
#include "tests/conformance/state_person_conformance.h"
