// What every StateStore must do about what needs a person: conflicts, pending writes and their decisions;
// part of state_store_conformance.h.
#pragma once
#include "tests/conformance/state_store_conformance.h"

namespace tandem {

TEST_P(StateStoreConformance, AConflictKeepsItsIdWhileItIsOpen) {
  const PairId a = put(PairStatus::linked, "+1", "h1");
  const auto ann = FieldValue::of("Ann"), anna = FieldValue::of("Anna");
  in([&] { store().sync_conflicts(a, {conflict_of("first_name", ann, anna)}, 3, 30); });
  ConflictRow row = *store().conflict(1);
  EXPECT_EQ(row.pair, a);
  EXPECT_EQ(row.field, "first_name");
  EXPECT_EQ(row.base, FieldValue::absent());
  EXPECT_EQ(row.values, (PerSide<FieldValue>{ann, anna}));
  EXPECT_EQ(row.run, 3);
  EXPECT_EQ(row.at_ms, 30);
  EXPECT_TRUE(row.is_open);
  in([&] { store().sync_conflicts(a, {conflict_of("first_name", ann, anna)}, 4, 40); });
  EXPECT_EQ(store().conflict(1)->at_ms, 30) << "nothing changed: held since then";
  in([&] {
    store().sync_conflicts(
        a, {conflict_of("first_name", ann, FieldValue::cleared()), conflict_of("city", ann, anna)}, 5, 50);
  });
  EXPECT_EQ(store().conflict(1)->values.highlevel, FieldValue::cleared());
  EXPECT_EQ(store().conflict(1)->run, 5);
  EXPECT_EQ(store().conflict(2)->field, "city");
  EXPECT_EQ(store().census().open_conflicts, 2);
  in([&] { store().sync_conflicts(a, {conflict_of("city", ann, anna)}, 6, 60); });
  EXPECT_FALSE(store().conflict(1)->is_open);
  EXPECT_EQ(store().conflict(1)->decided_by, "settled");
  EXPECT_TRUE(store().conflict(2)->is_open);
  EXPECT_EQ(store().conflict(3), std::nullopt);
}

TEST_P(StateStoreConformance, ADecidedConflictClosesTheOpenOneOfItsField) {
  const PairId a = put(PairStatus::linked, "+1", "h1");
  ConflictRow decided = conflict_of("city", FieldValue::of("Bonn"), FieldValue::of("Köln"));
  decided.pair = a;
  decided.decision = "ctm";
  decided.decided_by = "person";
  decided.run = 9;
  decided.at_ms = 90;
  in([&] {
    store().sync_conflicts(a, {conflict_of("city", FieldValue::of("Bonn"), FieldValue::of("Köln"))}, 1, 10);
    store().add_decided_conflict(decided);
  });
  const ConflictRow closed = *store().conflict(1);
  EXPECT_FALSE(closed.is_open);
  EXPECT_EQ(closed.decision, "ctm");
  EXPECT_EQ(closed.decided_by, "person");
  EXPECT_EQ(closed.run, 9);
  decided.decided_by = "policy";
  in([&] { store().add_decided_conflict(decided); });
  EXPECT_EQ(store().conflict(2)->decided_by, "policy");
  EXPECT_EQ(store().conflict(1)->decided_by, "person") << "what was decided is not overwritten";
  in([&] {
    store().sync_conflicts(a, {conflict_of("city", FieldValue::of("Bonn"), FieldValue::of("Köln"))}, 3, 30);
    store().add_decided_conflict(decided);
    store().add_decided_conflict(decided);
  });
  EXPECT_FALSE(store().conflict(3)) << "the same decision, sent again";
  decided.values.ctm = FieldValue::of("Trier");
  in([&] { store().add_decided_conflict(decided); });
  EXPECT_TRUE(store().conflict(4)) << "another one";
}

TEST_P(StateStoreConformance, AGivenClosedConflictSaysHowItWasClosed) {
  const PairId a = put(PairStatus::linked, "+1", "h1");
  ConflictRow row = conflict_of("city", FieldValue::of("Bonn"), FieldValue::of("Köln"));
  in([&] { store().sync_conflicts(a, {row}, 1, 10); });
  row.is_open = false;
  row.decision = "highlevel";
  row.decided_by = "policy";
  in([&] { store().sync_conflicts(a, {row}, 2, 20); });
  EXPECT_FALSE(store().conflict(1)->is_open);
  EXPECT_EQ(store().conflict(1)->decision, "highlevel");
  EXPECT_EQ(store().conflict(1)->decided_by, "policy");
}

TEST_P(StateStoreConformance, HeldWritesAreGroupedByClassAndSide) {
  const PairId a = put(PairStatus::linked, "+1", "h1");
  in([&] {
    store().begin_run("delta", 1);
    store().put_pending(held("c", HoldClass::update, Side::ctm, a, 7));
    store().put_pending(held("a", HoldClass::update, Side::ctm, a, 6));
    store().put_pending(held("b", HoldClass::update, Side::highlevel, a));
    store().put_pending(held("x", HoldClass::first_run, Side::ctm, a));
    store().put_pending(held("y", HoldClass::first_run, Side::highlevel, a));
  });
  const auto groups = store().pending_groups();
  ASSERT_EQ(groups.size(), 3U);
  EXPECT_EQ(groups[0].cls, HoldClass::first_run);
  EXPECT_EQ(groups[0].side, std::nullopt);
  EXPECT_EQ(groups[0].count, 2);
  EXPECT_EQ(groups[1].side, Side::ctm);
  EXPECT_EQ(groups[1].count, 2);
  EXPECT_EQ(groups[1].since_ms, 6);
  EXPECT_EQ(groups[1].reason, "why a") << "the oldest says why";
  EXPECT_EQ(groups[2].side, Side::highlevel);
  for (const auto& group : groups) {
    EXPECT_EQ(group.digest.size(), 12U);
    EXPECT_EQ(group.digest.find_first_not_of("0123456789abcdef"), std::string::npos);
  }
}

TEST_P(StateStoreConformance, ADigestNamesExactlyItsMembers) {
  const PairId a = put(PairStatus::linked, "+1", "h1");
  const auto digest_of = [&](const std::vector<std::string>& keys) {
    in([&] {
      const auto run = store().begin_run("delta", 1);
      for (const auto& key : keys) store().put_pending(held(key, HoldClass::create, Side::ctm, a));
      store().sweep_pending(run);
    });
    return store().pending_groups().at(0).digest;
  };
  const std::string two = digest_of({"k1", "k2"});
  EXPECT_EQ(digest_of({"k2", "k1"}), two);
  EXPECT_NE(digest_of({"k1", "k2", "k3"}), two);
  EXPECT_NE(digest_of({"k1", "k3"}), two);
  EXPECT_NE(digest_of({"k1k2"}), two);
  EXPECT_EQ(digest_of({"k1", "k2"}), two);
}

TEST_P(StateStoreConformance, ApprovalReleasesTheMembersOfNowAndNoLaterOne) {
  const PairId a = put(PairStatus::linked, "+1", "h1", false);
  const PairId b = put(PairStatus::linked, "+2", "h2", false);
  in([&] {
    store().begin_run("delta", 1);
    store().put_pending(held("k1", HoldClass::update, Side::ctm, a));
    store().put_pending(held("other", HoldClass::update, Side::highlevel, b));
  });
  const std::string digest = store().pending_groups().at(0).digest;
  in([&] {
    EXPECT_FALSE(store().decide("000000000000", Decision::approved, 50));
    EXPECT_TRUE(store().decide(digest, Decision::approved, 50));
    EXPECT_FALSE(store().decide(digest, Decision::rejected, 50)) << "nothing undecided is left in it";
  });
  EXPECT_EQ(store().decision("k1"), Decision::approved);
  EXPECT_EQ(store().decision("other"), std::nullopt);
  EXPECT_EQ(store().decision("nobody"), std::nullopt);
  EXPECT_TRUE(store().pair(a)->dirty) << "planned again";
  EXPECT_FALSE(store().pair(b)->dirty);
  in([&] {
    store().put_pending(held("k1", HoldClass::update, Side::ctm, a));
    store().put_pending(held("k2", HoldClass::update, Side::ctm, a));
  });
  EXPECT_EQ(store().decision("k1"), Decision::approved) << "a decision stands";
  EXPECT_EQ(store().decision("k2"), std::nullopt);
  EXPECT_EQ(store().census().pending, 2);
  in([&] { EXPECT_TRUE(store().decide(store().pending_groups().at(0).digest, Decision::rejected, 60)); });
  EXPECT_EQ(store().decision("k2"), Decision::rejected);
  EXPECT_EQ(store().decision("k1"), Decision::approved) << "of an earlier group";
  in([&] { store().drop_decision("k1"); });
  EXPECT_EQ(store().decision("k1"), std::nullopt);
}

TEST_P(StateStoreConformance, TheFirstRunIsDecidedAsOneForBothSides) {
  const PairId a = put(PairStatus::linked, "+1", "h1");
  in([&] {
    store().begin_run("full", 1);
    store().put_pending(held("x", HoldClass::first_run, Side::ctm, a));
    store().put_pending(held("y", HoldClass::first_run, Side::highlevel, a));
  });
  const std::string digest = store().pending_groups().at(0).digest;
  in([&] { EXPECT_TRUE(store().decide(digest, Decision::rejected, 2)); });
  EXPECT_EQ(store().decision("x"), Decision::rejected);
  EXPECT_EQ(store().decision("y"), Decision::rejected);
}

TEST_P(StateStoreConformance, WhatARunDoesNotHoldAgainIsDroppedUnlessDecided) {
  const PairId a = put(PairStatus::linked, "+1", "h1");
  std::int64_t run = 0;
  in([&] {
    run = store().begin_run("delta", 1);
    store().put_pending(held("stays", HoldClass::update, Side::ctm, a, 5));
    store().put_pending(held("goes", HoldClass::update, Side::ctm, a));
    store().put_pending(held("decided", HoldClass::create, Side::ctm, a));
    store().sweep_pending(run);
  });
  EXPECT_EQ(store().census().pending, 3);
  in([&] { EXPECT_TRUE(store().decide(store().pending_groups().at(1).digest, Decision::rejected, 2)); });
  in([&] { run = store().begin_run("delta", 9); });
  in([&] { store().put_pending(held("stays", HoldClass::update, Side::ctm, a, 9)); });
  in([&] { store().sweep_pending(run); });
  ASSERT_EQ(store().pending_groups().size(), 1U);
  EXPECT_EQ(store().pending_groups()[0].count, 1);
  EXPECT_EQ(store().pending_groups()[0].since_ms, 5) << "since is kept";
  EXPECT_EQ(store().decision("decided"), Decision::rejected);
}
}  // namespace tandem
