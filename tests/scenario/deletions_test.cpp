// Deletions: proof before belief, edit beats delete, nothing comes back by itself (P12-P15, P22).
#include <fmt/format.h>

#include "tests/scenario/world.h"

namespace tandem {
namespace {
using sim::highlevel::Actor;

// Six people on both sides; of four of them the row at CTM is tandem's, two are callers.
struct Two : World {
  Two() {
    for (int i = 0; i < 4; ++i) others.push_back(contact(other_one(i)));
    gone = contact(mara());
    call(odile().phone, "Odile Marchetti", "", odile().email);
    caller = contact(odile());
    settle();
    EXPECT_EQ(cell("SELECT count(*) FROM v_pairs WHERE state = 'linked'"), "6");
  }
  static sim::PersonCard other_one(int n) {
    sim::PersonCard card;
    card.first_name = "Person";
    card.last_name = "Number" + std::to_string(n);
    card.phone = fmt::format("+163055501{:02}", 20 + n);
    return card;
  }
  // Past the proof: two complete sweeps and the reading some minutes later.
  void prove() {
    for (int i = 0; i < 3; ++i) {
      clock.tick(6 * kMinuteMs);
      cycle(ReadKind::full);
    }
  }
  void erase(const std::string& id) { highlevel.erase(id, Actor::staff); }
  std::string pending(const std::string& cls = "delete") {
    return cell("SELECT coalesce(sum(count), 0) FROM v_pending WHERE decision IS NULL AND class = ?", {cls});
  }
  std::vector<std::string> others;
  std::string gone, caller;
};

TEST(Deletion, WaitsForAPersonAndApprovalRemovesOurRow) {
  Two world;
  world.erase(world.gone);
  world.prove();
  EXPECT_EQ(world.pending(), "1");
  EXPECT_EQ(world.rows_of(mara().phone).size(), 1U) << "nothing is removed before it is approved";
  EXPECT_EQ(world.last.outcome, Outcome::needs_person);
  ASSERT_TRUE(world.answer_pending("delete", Decision::approved));
  world.settle();
  EXPECT_EQ(world.rows_of(mara().phone).size(), 0U);
  EXPECT_EQ(world.state_of(world.gone), "tombstone");
  EXPECT_EQ(world.highlevel.contact_count(), 5U);
  const std::string pair = std::to_string(world.pair_of(world.gone).row);
  const char* deleted = "SELECT count(*) FROM v_history WHERE action = 'delete' AND pair_id = ? AND field";
  EXPECT_EQ(world.cell(std::string(deleted) + " = ''", {pair}), "1");
  EXPECT_EQ(world.cell(std::string(deleted) + " = 'city' AND old_value IS NOT NULL", {pair}), "1")
      << "what went with the row stays in the history (P16)";
  world.expect_quiet();
}

TEST(Deletion, IsDroppedForGoodWhenAPersonRejectsIt) {
  Two world;
  world.erase(world.gone);
  world.prove();
  ASSERT_TRUE(world.answer_pending("delete", Decision::rejected));
  world.settle();
  EXPECT_EQ(world.rows_of(mara().phone).size(), 1U);
  EXPECT_EQ(world.state_of(world.gone), "tombstone");
  world.edit_row(mara().phone, "city", "Geneva");
  world.settle();
  EXPECT_EQ(world.highlevel.contact_count(), 5U) << "an edit of what was kept brings nothing back (P15)";
  world.expect_quiet();
}

TEST(Deletion, PropagatesOrIsKeptAsThePolicySays) {
  for (const OnDelete policy : {OnDelete::propagate, OnDelete::keep}) {
    Two world;
    world.policy.on_delete.highlevel = policy;
    world.erase(world.gone);
    world.prove();
    world.settle();
    EXPECT_EQ(world.rows_of(mara().phone).size(), policy == OnDelete::propagate ? 0U : 1U);
    EXPECT_EQ(world.state_of(world.gone), "tombstone");
    EXPECT_EQ(world.pending(), "0");
    world.expect_quiet();
  }
}

TEST(Deletion, OfACallerLeavesTheActivitiesAlone) {
  Two world;
  world.erase(world.caller);
  world.prove();
  EXPECT_EQ(world.state_of(world.caller), "tombstone");
  EXPECT_EQ(world.pending(), "0") << "there is no row of ours to remove";
  world.expect_quiet();
}

TEST(Deletion, IsNotProvedByOneReadingOrOneListing) {
  Two world;
  world.policy.on_delete.highlevel = OnDelete::propagate;
  world.erase(world.gone);
  world.clock.tick(World::kHourMs);
  world.cycle(ReadKind::full);  // absent, and gone by its id: once
  world.clock.tick(2 * World::kMinuteMs);
  world.cycle();
  EXPECT_EQ(world.rows_of(mara().phone).size(), 1U) << "two minutes are not some minutes";
  world.highlevel.restore(world.gone);
  world.clock.tick(World::kHourMs);
  world.cycle(ReadKind::full);
  world.settle();
  EXPECT_EQ(world.state_of(world.gone), "linked");
  EXPECT_EQ(world.rows_of(mara().phone).size(), 1U);
  EXPECT_EQ(world.cell("SELECT count(*) FROM v_history WHERE action = 'gone'"), "0");
  world.expect_converged();
  world.expect_quiet();
}

TEST(Deletion, MetByAWriteIsASuspicionUntilASweepMissesTheRecordToo) {
  Two world;
  world.policy.on_delete.highlevel = OnDelete::propagate;
  world.erase(world.gone);
  world.edit_row(mara().phone, "city", "Geneva");
  for (int i = 0; i < 4; ++i) {
    world.clock.tick(10 * World::kMinuteMs);
    world.cycle();
  }
  EXPECT_EQ(world.cell("SELECT count(*) FROM v_history WHERE action = 'gone'"), "0")
      << "no complete listing has missed it";
  world.prove();
  world.settle();
  EXPECT_EQ(world.rows_of(mara().phone).size(), 1U) << "the edit beats the deletion (P14)";
  const std::string again = world.contact_with_phone(mara().phone);
  ASSERT_FALSE(again.empty());
  EXPECT_EQ(world.highlevel_value(again, "city"), "Geneva");
  EXPECT_EQ(world.state_of(again), "linked");
  world.expect_converged();
  world.expect_quiet();
}

TEST(Deletion, OnBothSidesIsSilent) {
  Two world;
  world.erase(world.gone);
  world.ctm_staff.remove_from_list(world.ctm.sync_list(), mara().phone);
  world.prove();
  world.settle();
  EXPECT_NE(world.state_of(world.gone), "linked");
  EXPECT_EQ(world.pending(), "0");
  EXPECT_EQ(world.rows_of(mara().phone).size(), 0U);
  EXPECT_EQ(world.highlevel.contact_count(), 5U);
  world.expect_quiet();
}

TEST(Deletion, ThatIsUndoneBeforeItsApprovalIsNotCarriedOut) {
  Two world;
  world.erase(world.gone);
  world.prove();
  ASSERT_TRUE(world.answer_pending("delete", Decision::approved));
  world.highlevel.restore(world.gone);
  world.cycle();  // no listing has shown it yet: the reading right before the removal does
  EXPECT_EQ(world.rows_of(mara().phone).size(), 1U);
  world.settle();
  EXPECT_EQ(world.state_of(world.gone), "linked");
  world.expect_converged();
  world.expect_quiet();
}

TEST(Deletion, OfEverybodyAtOnceIsNotBelievedForADay) {
  Two world;
  world.policy.on_delete.highlevel = OnDelete::propagate;
  for (const auto& id : world.others) world.erase(id);
  world.erase(world.gone);
  world.erase(world.caller);
  world.prove();
  EXPECT_EQ(world.cell("SELECT count(*) FROM v_pairs WHERE state = 'linked'"), "6");
  EXPECT_TRUE(std::any_of(world.said.begin(), world.said.end(), [](const std::string& line) {
    return line.find("lost 6 of 6 known records") != std::string::npos;
  }));
  world.clock.tick(World::kDayMs);
  world.prove();
  world.settle();
  EXPECT_EQ(world.cell("SELECT count(*) FROM v_pairs WHERE state = 'tombstone'"), "6");
}

TEST(Deletion, TheCanaryStopsEvenOnesThatWereProvedBefore) {
  Two world;
  world.erase(world.gone);
  world.prove();
  world.policy.on_delete.highlevel = OnDelete::propagate;
  for (const auto& id : world.others) world.erase(id);
  world.clock.tick(World::kHourMs);
  world.cycle(ReadKind::full);
  EXPECT_EQ(world.rows_of(mara().phone).size(), 1U);
  EXPECT_EQ(world.pending(), "1");
  for (const auto& id : world.others) world.highlevel.restore(id);
  world.clock.tick(World::kHourMs);
  world.cycle(ReadKind::full);
  world.settle();
  EXPECT_EQ(world.rows_of(mara().phone).size(), 0U) << "the cause is gone, and so is what it held";
}

TEST(Deletion, OfManyWaitsForTheBrakeAndGoesWithOneApproval) {
  Two world;
  world.policy.on_delete.highlevel = OnDelete::propagate;
  world.policy.brake_deletes = {100, 1};
  world.erase(world.others[0]);
  world.erase(world.others[1]);
  world.edit_contact(world.others[2], "city", "Geneva");
  world.prove();
  EXPECT_EQ(world.pending(), "2");
  EXPECT_EQ(world.rows_of(Two::other_one(0).phone).size() + world.rows_of(Two::other_one(1).phone).size(), 2U)
      << "none of the class is done (P13)";
  ASSERT_EQ(world.rows_of(Two::other_one(2).phone).size(), 1U);
  EXPECT_EQ(world.rows_of(Two::other_one(2).phone)[0].who.city, "Geneva") << "all else goes on";
  ASSERT_TRUE(world.answer_pending("delete", Decision::approved));
  world.settle();
  EXPECT_EQ(world.rows_of(Two::other_one(0).phone).size() + world.rows_of(Two::other_one(1).phone).size(),
            0U);
  world.expect_quiet();
}

TEST(Deletion, IsAnsweredByANewCallAsThePolicySays) {
  for (const AfterDelete policy : {AfterDelete::ask, AfterDelete::create, AfterDelete::never}) {
    Two world;
    world.policy.after_delete = policy;
    world.erase(world.caller);
    world.prove();
    ASSERT_EQ(world.state_of(world.caller), "tombstone");
    world.clock.tick(World::kMinuteMs);
    world.call(odile().phone, "Odile Marchetti", "", odile().email);
    world.settle();
    EXPECT_EQ(world.pending("create"), policy == AfterDelete::ask ? "1" : "0");
    EXPECT_EQ(world.contact_with_phone(odile().phone).empty(), policy != AfterDelete::create);
    if (policy == AfterDelete::ask) {
      ASSERT_TRUE(world.answer_pending("create", Decision::approved));
      world.settle();
      EXPECT_FALSE(world.contact_with_phone(odile().phone).empty());
    }
    world.expect_quiet();
  }
}

TEST(Deletion, IsNotAnsweredByAnOldCallThatIsSeenLate) {
  Two world;
  world.policy.after_delete = AfterDelete::create;
  world.erase(world.caller);
  world.prove();
  ASSERT_EQ(world.state_of(world.caller), "tombstone");
  sim::CtmNewActivity late;
  late.number = odile().phone;
  late.name = "Odile Marchetti";
  late.start_ms = world.clock.now_ms() - World::kDayMs;
  world.ctm_staff.call(late);
  world.clock.tick(World::kHourMs);
  world.cycle(ReadKind::full);
  world.settle();
  EXPECT_EQ(world.state_of(world.caller), "tombstone");
  EXPECT_TRUE(world.contact_with_phone(odile().phone).empty()) << "no old call brings it back (P15)";
  world.expect_quiet();
}

TEST(Deletion, ThatWasAMergeKeepsThePairAndSendsNoDelete) {
  Two world;
  world.policy.on_delete.highlevel = OnDelete::propagate;
  world.highlevel.merge(world.caller, world.gone);
  world.prove();
  world.settle();
  EXPECT_EQ(world.pair_of(mara().phone), world.pair_of(odile().phone));
  EXPECT_EQ(world.pair_of(world.gone), world.pair_of(world.caller)) << "the loser's id is an alias";
  EXPECT_EQ(world.state_of(world.caller), "linked");
  EXPECT_EQ(world.rows_of(mara().phone).size(), 1U);
  world.expect_quiet();
}

TEST(Deletion, LeavesNothingHalfDoneWhenItDiesAtAnyStep) {
  for (int step = 1;; ++step) {
    SCOPED_TRACE(step);
    Two world;
    world.erase(world.gone);
    world.prove();
    world.answer_pending("delete", Decision::approved);
    world.clock.tick(World::kPastEveryLagMs);
    const bool died = world.crash_at(step);
    world.settle();
    EXPECT_EQ(world.rows_of(mara().phone).size(), 0U);
    EXPECT_EQ(world.state_of(world.gone), "tombstone");
    world.expect_quiet();
    if (!died) break;
  }
}

TEST(Forget, ErasesOnBothSidesAndInTheStateAfterApproval) {
  Two world;
  world.edit_contact(world.gone, "city", "Geneva");
  world.settle();
  world.decide(world.gone, std::string(Resolution::kForget), Resolution::Take::clear);
  world.settle();
  EXPECT_EQ(world.pending(), "2") << "one record on each side";
  EXPECT_EQ(world.highlevel.contact_count(), 6U);
  ASSERT_TRUE(world.answer_pending("delete", Decision::approved));
  world.settle();
  EXPECT_EQ(world.highlevel.contact_count(), 5U);
  EXPECT_EQ(world.rows_of(mara().phone).size(), 0U);
  for (const char* table : {"v_pairs", "v_fields", "v_history", "v_identities", "v_conflicts", "v_pending"})
    for (const auto& row : world.rows(fmt::format("SELECT * FROM {}", table)))
      for (const auto& text : row)
        for (const std::string& value : {mara().last_name, mara().phone, mara().email, std::string("Geneva")})
          EXPECT_EQ(text.find(value), std::string::npos) << table << " still knows " << value;
  world.contact(mara());
  world.call(mara().phone, "Mara Lindgren", "", mara().email);
  world.settle();
  EXPECT_EQ(world.cell("SELECT count(*) FROM v_identities WHERE value = ?", {mara().phone}), "0")
      << "known again by its digest, and left alone";
}
}  // namespace
}  // namespace tandem
