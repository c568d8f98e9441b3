// What every StateStore must do about deletions, erasure, rulings, second tries and retention; part of
// state_store_conformance.h.
#pragma once
#include "tests/conformance/state_store_conformance.h"

namespace tandem {
inline constexpr auto kEmail = Identity::Kind::email;

TEST_P(StateStoreConformance, ASuspectIsRememberedPerSourceUntilItIsDropped) {
  const SourceRef row{SourceKind::row, "7"}, record{SourceKind::record, "7"};
  const Suspect missed{row, {"+1"}, 10, true}, said_gone{record, {"7"}, 20, false};
  in([&] {
    store().put_suspect(Side::ctm, missed);
    store().put_suspect(Side::ctm, said_gone);
    store().put_suspect(Side::highlevel, said_gone);
  });
  EXPECT_EQ(store().suspects(Side::ctm), (std::vector<Suspect>{said_gone, missed})) << "by ref";
  EXPECT_EQ(store().suspects(Side::highlevel), std::vector<Suspect>{said_gone});
  EXPECT_EQ(store().suspect(Side::ctm, row), missed);
  EXPECT_EQ(store().suspect(Side::highlevel, row), std::nullopt);
  const Suspect confirmed{row, {"+2"}, 30, false};
  in([&] { store().put_suspect(Side::ctm, confirmed); });
  state_->reopen();
  EXPECT_EQ(store().suspect(Side::ctm, row), confirmed);
  in([&] { store().drop_suspect(Side::ctm, row); });
  EXPECT_EQ(store().suspect(Side::ctm, row), std::nullopt);
  EXPECT_EQ(store().suspects(Side::ctm), std::vector<Suspect>{said_gone});
  EXPECT_EQ(store().suspects(Side::highlevel), std::vector<Suspect>{said_gone});
}

// A linked person with something in every table; what hangs on the pair is named after `name`.
inline PairId put_whole_person(StateUnderTest& state, const std::string& name, const std::string& number) {
  StateStore& store = state.store();
  PairState p;
  p.status = PairStatus::linked;
  p.record = {{number}, {"h-" + name}};
  p.fields["email"].base =
      p.fields["email"].seen = {FieldValue::of(name + "@example.org"), FieldValue::of(name + "@example.org")};
  p.parked = {{Side::ctm, number, "city", name + " was refused", 1, 1, "x"}};
  store.transact([&] {
    store.put_pair(p);
    store.set_identities(p.id, {{kId, Side::ctm, number, false},
                                {kId, Side::ctm, number + "9", true},
                                {kId, Side::highlevel, "h-" + name, false},
                                {kPhone, Side::ctm, number, false},
                                {kEmail, Side::highlevel, name + "@example.org", false}});
    for (const auto& [id, person] :
         {std::pair(name + "-call", number), std::pair(name + "-old", number + "9")}) {
      SourceRow row;
      row.ref = {SourceKind::activity, id};
      row.person = {person};
      row.shown["name"] = FieldValue::of(name);
      store.put_source(row);
    }
    SourceRow record;
    record.side = Side::highlevel;
    record.ref = {SourceKind::record, "h-" + name};
    record.person = {"h-" + name};
    store.put_source(record);
    store.put_suspect(Side::highlevel, {record.ref, record.person, 1, true});
    store.put_suspect(Side::ctm, {{SourceKind::row, name + "-row"}, {number + "9"}, 1, true});
    Intent intent;
    intent.pair = p.id;
    intent.fields["email"] = FieldValue::of(name);
    store.put_intent(intent);
    ConflictRow open{0, p.id, "city", {}, {FieldValue::of(name), {}}, "hold", "held", "", 0, 0, true};
    store.sync_conflicts(p.id, {open}, 1, 1);
    ConflictRow closed = open;
    closed.field = "state";
    closed.is_open = false;
    store.add_decided_conflict(closed);
    const auto run = store.begin_run("delta", 1);
    store.put_pending({name + "-key", HoldClass::update, Side::ctm, p.id, "why", 1});
    store.add_history({run, 1, Side::ctm, "update", number, p.id, "email", {}, FieldValue::of(name), "why"});
  });
  state.rule(Ruling::Kind::link, {number}, {"h-" + name});
  state.rule(Ruling::Kind::keep_apart, {number + "9"}, {"somebody"});
  return p.id;
}

TEST_P(StateStoreConformance, AnErasedPersonIsGoneFromEverywhereAndKnownAgain) {
  const PairId kept = put_whole_person(*state_, "kim", "+11");
  const PairState kim = *store().pair(kept);
  const auto kims = store().identities(kept);
  const auto sources = store().sources_of(Side::ctm, {"+11"});
  const PairId gone = put_whole_person(*state_, "lee", "+12");
  EXPECT_FALSE(store().is_erased(kId, "h-lee")) << "not yet";
  in([&] { store().erase_pair(gone); });
  state_->reopen();
  EXPECT_EQ(store().pair(gone), std::nullopt);
  EXPECT_TRUE(store().identities(gone).empty());
  EXPECT_EQ(store().pair_of(Side::highlevel, {"h-lee"}), std::nullopt);
  EXPECT_TRUE(store().pairs_with(kEmail, "lee@example.org").empty());
  for (const char* number : {"+12", "+129"})
    EXPECT_TRUE(store().sources_of(Side::ctm, {number}).empty()) << number;
  EXPECT_TRUE(store().sources_of(Side::highlevel, {"h-lee"}).empty()) << "a record is its own person";
  EXPECT_TRUE(store().open_intents_of(gone).empty());
  EXPECT_EQ(store().conflict(3), std::nullopt);
  EXPECT_EQ(store().conflict(4), std::nullopt) << "a closed one, too";
  EXPECT_EQ(store().suspects(Side::highlevel).size(), 1U);
  EXPECT_EQ(store().suspects(Side::ctm).size(), 1U);
  EXPECT_EQ(store().new_rulings().size(), 2U);
  for (const auto& [kind, value] : {std::pair(kId, "+12"), std::pair(kId, "+129"), std::pair(kId, "h-lee"),
                                    std::pair(kPhone, "+12"), std::pair(kEmail, "lee@example.org")})
    EXPECT_TRUE(store().is_erased(kind, value)) << value;
  EXPECT_FALSE(store().is_erased(kEmail, "+12")) << "a number is no address";
  for (const auto& [kind, value] : {std::pair(kId, "+11"), std::pair(kId, "h-kim"), std::pair(kPhone, "+11"),
                                    std::pair(kEmail, "kim@example.org"), std::pair(kEmail, "")})
    EXPECT_FALSE(store().is_erased(kind, value)) << value;

  EXPECT_EQ(store().pair(kept), kim) << "another person is not touched";
  EXPECT_EQ(store().identities(kept), kims);
  EXPECT_EQ(store().sources_of(Side::ctm, {"+11"}), sources);
  EXPECT_EQ(store().sources_of(Side::highlevel, {"h-kim"}).size(), 1U);
  EXPECT_EQ(store().open_intents_of(kept).size(), 1U);
  EXPECT_TRUE(store().conflict(1) && store().conflict(2));
  const Census c = store().census();
  EXPECT_EQ(c.linked, 1);
  EXPECT_EQ(c.parked, 1);
  EXPECT_EQ(c.pending, 1);
  EXPECT_EQ(c.open_intents, 1);
  EXPECT_EQ(c.open_conflicts, 1);
}

TEST_P(StateStoreConformance, AnErasureThatIsRolledBackForgetsNobody) {
  const PairId id = put_whole_person(*state_, "kim", "+11");
  EXPECT_THROW(in([&] {
                 store().erase_pair(id);
                 throw std::runtime_error("stop");
               }),
               std::runtime_error);
  EXPECT_TRUE(store().pair(id).has_value());
  EXPECT_FALSE(store().is_erased(kId, "+11"));
}

TEST_P(StateStoreConformance, ARulingIsNewUntilItIsCarriedOutAndForbidsFromThenOn) {
  state_->rule(Ruling::Kind::keep_apart, {"+1"}, {"h1"});
  state_->rule(Ruling::Kind::link, {"+2"}, {"h2"});
  state_->rule(Ruling::Kind::unlink, {"+3"}, {"h3"});
  const auto given = store().new_rulings();
  ASSERT_EQ(given.size(), 3U);
  EXPECT_EQ(given[0].kind, Ruling::Kind::keep_apart);
  EXPECT_EQ(given[0].ctm.text, "+1");
  EXPECT_EQ(given[0].highlevel.text, "h1");
  EXPECT_EQ(given[1].kind, Ruling::Kind::link);
  EXPECT_EQ(given[2].kind, Ruling::Kind::unlink);
  EXPECT_TRUE(store().kept_apart({"+1"}, {"h1"})) << "from the moment it was said";
  in([&] {
    store().close_ruling(given[0].id);
    store().close_ruling(given[2].id);
  });
  state_->reopen();
  ASSERT_EQ(store().new_rulings().size(), 1U);
  EXPECT_EQ(store().new_rulings()[0].id, given[1].id);
  EXPECT_TRUE(store().kept_apart({"+1"}, {"h1"}));
  EXPECT_FALSE(store().kept_together({"+1"}, {"h1"}));
  EXPECT_TRUE(store().kept_together(given[1].ctm, given[1].highlevel));
  EXPECT_TRUE(store().kept_apart({"+3"}, {"h3"})) << "what was unlinked is not linked again by itself";
  EXPECT_FALSE(store().kept_apart({"+2"}, {"h2"}));
  EXPECT_FALSE(store().kept_apart({"+1"}, {"h2"}));
}

TEST_P(StateStoreConformance, ALaterRulingReplacesTheEarlierOneOfTheSameTwo) {
  state_->rule(Ruling::Kind::keep_apart, {"+1"}, {"h1"});
  state_->rule(Ruling::Kind::link, {"+2"}, {"h2"});
  in([&] {
    for (const Ruling& r : store().new_rulings()) store().close_ruling(r.id);
  });
  state_->rule(Ruling::Kind::link, {"+1"}, {"h1"});
  EXPECT_FALSE(store().kept_apart({"+1"}, {"h1"}));
  ASSERT_EQ(store().new_rulings().size(), 1U) << "new again";
  EXPECT_EQ(store().new_rulings()[0].kind, Ruling::Kind::link);
  state_->rule(Ruling::Kind::unlink, {"+1"}, {"h1"});
  ASSERT_EQ(store().new_rulings().size(), 1U) << "before it was carried out";
  EXPECT_EQ(store().new_rulings()[0].kind, Ruling::Kind::unlink);
}

TEST_P(StateStoreConformance, ParkedPairsWakeWhenTheirTimeHasCome) {
  const auto parked_until = [&](const std::string& ctm, std::vector<std::int64_t> retries) {
    PairState p;
    p.status = PairStatus::linked;
    p.record.ctm.text = ctm;
    p.dirty = false;
    for (const std::int64_t retry : retries) {
      Parked parked;
      parked.field = "field " + std::to_string(p.parked.size());
      parked.retry_ms = retry;
      p.parked.push_back(parked);
    }
    return put(p);
  };
  const PairId now = parked_until("+1", {100}), later = parked_until("+2", {101});
  const PairId never = parked_until("+3", {0}), one_of_two = parked_until("+4", {0, 500, 99});
  in([&] { store().wake_parked(100); });
  EXPECT_EQ(store().work(WorkList::dirty, {}, 10), (Rows{now, one_of_two}));
  in([&] { store().wake_parked(101); });
  EXPECT_EQ(store().work(WorkList::dirty, {}, 10), (Rows{now, later, one_of_two}));
  EXPECT_FALSE(store().pair(never)->dirty) << "never by time alone";
  EXPECT_EQ(store().pair(now)->parked.at(0).retry_ms, 100);
}

TEST_P(StateStoreConformance, HeldApartByAPersonNeedsNobody) {
  PairState apart;
  apart.status = PairStatus::held;
  apart.left_alone = true;
  put(apart);
  PairState aside;
  aside.status = PairStatus::ignored;
  aside.left_alone = true;
  put(aside);
  PairState told_of_a_deletion;  // something is known of its fate, and it is not that it is left alone
  told_of_a_deletion.status = PairStatus::held;
  told_of_a_deletion.deleted_ms.ctm = 5;
  put(told_of_a_deletion);
  put(PairStatus::held, "+9", "");
  EXPECT_EQ(store().census().held, 2);
  EXPECT_EQ(store().census().ignored, 1);
}

TEST_P(StateStoreConformance, CompactingDropsRunsAndHistoryOfOldAndKeepsTheYoung) {
  const PairId a = put(PairStatus::linked, "+1", "h1");
  const auto run_at = [&](std::int64_t at_ms, bool writes) {
    RunRow run;
    in([&] {
      run.id = store().begin_run("delta", at_ms);
      if (writes)
        store().add_history(
            {run.id, at_ms, Side::ctm, "update", "+1", a, "city", {}, FieldValue::of("B"), ""});
    });
    run.started_ms = run.ended_ms = at_ms;
    run.kind = "delta";
    run.outcome = "converged";
    in([&] { store().end_run(run); });
  };
  run_at(10, true);
  run_at(20, false);
  run_at(30, true);
  run_at(40, false);
  std::int64_t dropped = 0;
  in([&] { dropped = store().compact(30, 100); });
  EXPECT_EQ(dropped, 3) << "two runs and one history row";
  in([&] { dropped = store().compact(30, 100); });
  EXPECT_EQ(dropped, 0);
  in([&] { dropped = store().compact(1'000, 100); });
  EXPECT_EQ(dropped, 2) << "the last run stays: ids go on from it";
  std::int64_t next = 0;
  in([&] { next = store().begin_run("delta", 2'000); });
  EXPECT_EQ(next, 5);
}

TEST_P(StateStoreConformance, CompactingDropsClosedConflictsByTheTimeTheyWereClosed) {
  const PairId a = put(PairStatus::linked, "+1", "h1");
  const auto open = [&](const std::string& field) {
    return conflict_of(field, FieldValue::of("Bonn"), FieldValue::of("Ulm"));
  };
  in([&] {
    store().sync_conflicts(a, {open("city"), open("state"), open("email")}, 1, 10);
  });                                                                            // ids by field
  in([&] { store().sync_conflicts(a, {open("city"), open("email")}, 2, 20); });  // state settled
  in([&] { store().sync_conflicts(a, {open("city")}, 3, 500); });  // email: long open, settled lately
  const auto left = [&] {
    std::vector<std::string> fields;
    for (std::int64_t id = 1; id <= 3; ++id)
      if (const auto row = store().conflict(id)) fields.push_back(row->field);
    return fields;
  };
  in([&] { store().compact(20, 100); });
  EXPECT_EQ(left(), (std::vector<std::string>{"city", "state", "email"}));
  in([&] { store().compact(21, 100); });
  EXPECT_EQ(left(), (std::vector<std::string>{"city", "email"}));
  in([&] { store().compact(501, 100); });
  EXPECT_EQ(left(), (std::vector<std::string>{"city"})) << "an open one stays, however old";
}

TEST_P(StateStoreConformance, CompactingDropsDecisionsThatWereNeverUsedAndNoOthers) {
  const PairId a = put(PairStatus::linked, "+1", "h1", false);
  const PairId b = put(PairStatus::linked, "+2", "h2", false);
  const auto decide_at = [&](const std::string& key, PairId pair, std::int64_t at_ms) {
    in([&] {
      store().begin_run("delta", 1'000);
      store().put_pending(held(key, HoldClass::update, Side::ctm, pair));
      EXPECT_TRUE(store().decide(store().pending_groups().at(0).digest, Decision::approved, at_ms));
      static_cast<void>(store().pair(pair));  // only what was read with the decision in it gets clean
      store().set_dirty(pair, false);
    });
  };
  decide_at("old", a, 10);
  decide_at("young", a, 20);
  decide_at("planned", b, 10);
  in([&] {
    store().put_pending(held("waits", HoldClass::update, Side::ctm, a, 1));
    store().set_dirty(b, true);  // the next plan may still use it
    EXPECT_EQ(store().compact(20, 100), 1);
  });
  EXPECT_EQ(store().decision("old"), std::nullopt);
  EXPECT_EQ(store().decision("young"), Decision::approved);
  EXPECT_EQ(store().decision("planned"), Decision::approved);
  EXPECT_EQ(store().pending_groups().at(0).count, 1) << "nobody decided: it waits";
}

TEST_P(StateStoreConformance, CompactingDropsATombstoneOnlyWhenNobodyShowsItsPersonAnyMore) {
  const auto tombstone = [&](const std::string& ctm, const std::string& highlevel, std::int64_t since_ms) {
    PairState p;
    p.status = PairStatus::tombstone;
    p.record = {{ctm}, {highlevel}};
    p.since_ms = since_ms;
    return put(p);
  };
  tombstone("+1", "h1", 10);
  const PairId young = tombstone("+2", "h2", 20);
  const PairId called = tombstone("+3", "", 10), shown = tombstone("", "h4", 10);
  const PairId by_alias = tombstone("+5", "", 10), in_hand = tombstone("+6", "", 10);
  const PairId alive = put(PairStatus::ignored, "+7", "");
  SourceRow record;
  record.side = Side::highlevel;
  record.ref = {SourceKind::record, "h4"};
  record.person = {"h4"};
  in([&] {
    store().put_source(activity("c", "+3", 1));
    store().put_source(record);
    store().set_identities(by_alias, {{kId, Side::ctm, "+5", false}, {kId, Side::ctm, "+59", true}});
    store().put_source(activity("d", "+59", 1));
    Intent i;
    i.pair = in_hand;
    store().put_intent(i);
    EXPECT_EQ(store().compact(20, 100), 1);
  });
  EXPECT_EQ(store().work(WorkList::all, {}, 10), (Rows{young, called, shown, by_alias, in_hand, alive}));
  EXPECT_EQ(store().pair_of(Side::ctm, {"+1"}), std::nullopt);
}

TEST_P(StateStoreConformance, CompactingTakesNoMoreAtOnceThanItIsAllowed) {
  constexpr int kMany = 7;
  in([&] {
    store().begin_run("delta", 1);
    for (int i = 0; i < kMany; ++i) {
      PairState p;
      p.status = PairStatus::tombstone;
      p.since_ms = 1;
      store().put_pair(p);
      store().add_history({1, 1, Side::ctm, "delete", "+1", p.id, "", {}, {}, ""});
    }
    for (const int expected : {6, 6, 2, 0}) EXPECT_EQ(store().compact(10, 3), expected);
  });
}
}  // namespace tandem
