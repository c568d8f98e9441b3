// Two things at once: keys that move, stops, first runs, and edits in quick succession under lag.
#include "storage/sqlite/sqlite_decisions.h"
#include "tests/scenario/agreed.h"

namespace tandem {
namespace {
TEST(Moments, NumbersSwappedWhileAWriteHasNoAnswerMixNobodyUp) {
  World world;
  const auto one = world.contact(mara()), two = world.contact(jonas());
  world.call(mara().phone, "Mara Lindgren", "", mara().email);
  world.call(jonas().phone, "Jonas Abara", "", jonas().email);
  world.settle();
  world.edit_contact(one, "city", "Geneva");
  sim::Fault fault;
  fault.kind = sim::FaultKind::lost_after;
  fault.method = "POST";
  fault.path_has = "/modify";
  world.wire(Side::ctm).faults.add(fault);
  world.clock.tick(World::kPastEveryLagMs);
  world.cycle();
  world.edit_contact(one, "phone", "");
  world.edit_contact(two, "phone", mara().phone);
  world.edit_contact(one, "phone", jonas().phone);
  fault.kind = sim::FaultKind::lost_before;
  fault.method = "GET";
  fault.path_has = "/calls/";
  world.wire(Side::ctm).faults.add(fault);
  world.clock.tick(World::kPastEveryLagMs);
  world.cycle();
  world.settle(10);
  EXPECT_EQ(world.highlevel_value(one, "city"), "Geneva");
  EXPECT_EQ(world.highlevel_value(two, "city"), "Joliet");
  EXPECT_EQ(world.highlevel_value(one, "first_name"), "Mara");
  EXPECT_EQ(world.highlevel_value(two, "first_name"), "Jonas");
  world.expect_converged();
  const std::size_t writes = world.api_writes();
  world.settle();
  EXPECT_EQ(world.api_writes(), writes);
}

TEST(Moments, AContactThatAPersonMadeWhileOurCreateWasLostIsAFirstMeeting) {
  World world;
  world.settle();
  const auto activity = world.call(mara().phone, "Mara Lindgren", "", mara().email);
  world.edit_call(activity, "city", "Elgin");
  sim::Fault fault;
  fault.kind = sim::FaultKind::lost_before;
  fault.method = "POST";
  fault.path_has = "/contacts/";
  const auto step = world.wire(Side::highlevel).before;
  bool armed = true;
  world.wire(Side::highlevel).before = [&](const std::string& method, const std::string& path) {
    step(method, path);
    if (!armed || method != "POST" || path != "/contacts/") return;
    armed = false;
    world.wire(Side::highlevel).faults.add(fault);
  };
  world.clock.tick(World::kPastEveryLagMs);
  world.cycle();
  sim::PersonCard card = mara();
  card.city = "Geneva";
  const auto id = world.contact(card);
  world.settle();
  EXPECT_EQ(world.state_of(id), "linked");
  EXPECT_EQ(world.newest_call(mara().phone).city, "Elgin") << "nobody decided";
  EXPECT_EQ(world.highlevel_value(id, "city"), "Geneva");
  EXPECT_EQ(world.newest_call(mara().phone).street, "12 Elm Street") << "a blank is filled";
  EXPECT_EQ(world.cell("SELECT count(*) FROM v_conflicts WHERE is_open"), "1");
  world.expect_quiet();
}

TEST(Moments, APhoneChangedToTheAccountsOwnNumberCreatesNothing) {
  for (const bool caller : {false, true}) {
    World world;
    const std::string own = world.ctm.account().numbers.front().number;
    const auto id = world.contact(mara());
    if (caller) world.call(mara().phone, "Mara Lindgren", "", mara().email);
    world.settle();
    world.edit_contact(id, "phone", own);
    world.settle();
    EXPECT_TRUE(world.rows_of(own).empty()) << "nobody is nobody";
    world.expect_quiet();
  }
}

TEST(Moments, AStopAtAnyMomentLosesNothing) {
  for (int at = 1;; ++at) {
    Agreed world;
    const auto two = world.contact(odile());
    world.edit_call(world.activity, "city", "Elgin");
    world.edit_contact(world.id, "address1", "7 Mill Road");
    world.tag_contact(world.id, "vip");
    world.call("+13125550188", "Pia Sand");
    world.clock.tick(World::kPastEveryLagMs);
    sim::SimCtmReplica ctm(world.ctm, world.policy.mapping, world.clock);
    sim::SimHighLevelReplica hl(world.highlevel, world.policy.mapping, world.clock);
    int asked = 0;
    CycleHooks hooks;
    hooks.stop_requested = [&] { return ++asked >= at; };
    Cycle machine({&ctm, &hl}, *world.store, world.clock, world.policy, hooks);
    const auto report = machine.run({});
    if (asked < at) break;
    EXPECT_EQ(report.outcome, Outcome::stopped);
    world.settle(8);
    EXPECT_EQ(world.highlevel_value(world.id, "city"), "Elgin");
    EXPECT_EQ(world.newest_call(world.number).street, "7 Mill Road");
    EXPECT_EQ(world.state_of(two), "linked");
    world.expect_converged();
    world.expect_quiet();
  }
}

TEST(Moments, APhoneAndAnotherFieldChangedAtOnceThereAndBackIsAgreedOrListed) {
  World world;
  const auto id = world.contact(mara());
  world.call(mara().phone, "Mara Lindgren", "", mara().email);
  world.settle();
  world.edit_contact(id, "phone", "+13125550199");
  world.edit_contact(id, "city", "Geneva");
  world.settle();
  world.call("+13125550199", "Mara Lindgren");
  world.settle();
  world.edit_contact(id, "phone", mara().phone);
  world.edit_contact(id, "city", "Elgin");
  world.settle(8);
  EXPECT_EQ(world.highlevel_value(id, "city"), "Elgin");
  // What the old number's call shows meets the contact again: agreed, or a conflict that is listed.
  const bool held = world.cell("SELECT count(*) FROM v_conflicts WHERE is_open AND field = 'city'") == "1";
  EXPECT_TRUE(held || world.newest_call(mara().phone).city == "Elgin");
  world.expect_converged({"city"});
  world.expect_quiet();
}

TEST(Moments, ABlankFilledWhileANewNumbersRowWaitsReachesCtm) {
  World world;
  world.ctm.switches().set("index_lag_ms", "45000");
  const auto id = world.contact(odile());
  world.settle();
  world.edit_contact(id, "phone", "+16305550199");
  world.clock.tick(World::kPastEveryLagMs);
  world.cycle();
  world.edit_contact(id, "postal_code", "60532");
  for (int i = 0; i < 8; ++i) {
    world.clock.tick(10'000);
    world.cycle();
  }
  world.settle();
  EXPECT_EQ(world.rows_of("+16305550199").at(0).who.postal_code, "60532");
  EXPECT_TRUE(world.rows_of(odile().phone).empty());
  world.expect_converged();
  world.expect_quiet();
}

TEST(Moments, AnEditAfterTheApprovalOfTheFirstRunIsNotOverwritten) {
  World world;
  world.policy.first_run_ask = true;
  const auto id = world.contact(mara());
  const auto activity = world.call(mara().phone, "Mara Lindgren", "", mara().email);
  const auto two = world.contact(odile());
  world.settle();
  const std::string digest = world.cell("SELECT digest FROM v_pending");
  ASSERT_FALSE(digest.empty());
  EXPECT_EQ(world.api_writes(), 0U);
  {
    SqliteDecisions person(world.state_file());
    ASSERT_TRUE(person.decide(digest, Decision::approved, world.clock.now_ms()));
  }
  world.edit_call(activity, "city", "Elgin");
  world.clock.tick(World::kPastEveryLagMs);
  world.cycle();
  EXPECT_EQ(world.newest_call(mara().phone).city, "Elgin");
  EXPECT_EQ(world.highlevel_value(id, "city"), "Aurora");
  world.settle();
  EXPECT_EQ(world.rows_of(odile().phone).size(), 1U);
  EXPECT_EQ(world.cell("SELECT count(*) FROM v_conflicts WHERE is_open AND field = 'city'"), "1");
  EXPECT_EQ(world.state_of(two), "linked");
  world.expect_converged({"city"});
  world.expect_quiet();
}

TEST(Moments, AnEditTakenBackWhileTheOtherSideWasAwayIsNone) {
  for (const Side away : kSides) {
    SCOPED_TRACE(to_text(away));
    Agreed world;
    world.wire(away).revoked = true;
    world.edit_call(world.activity, "city", "Elgin");
    world.edit_contact(world.id, "address1", "7 Mill Road");
    world.clock.tick(World::kPastEveryLagMs);
    world.cycle();
    world.edit_call(world.activity, "city", "Aurora");
    world.edit_contact(world.id, "address1", "12 Elm Street");
    world.clock.tick(World::kPastEveryLagMs);
    world.cycle();
    world.wire(away).revoked = false;
    world.settle();
    EXPECT_EQ(world.highlevel_value(world.id, "city"), "Aurora");
    EXPECT_EQ(world.newest_call(world.number).street, "12 Elm Street");
    world.expect_converged();
    world.expect_quiet();
  }
}

TEST(Moments, QuickEditsAndTagsUnderAnIndexThatLagsAllArrive) {
  Agreed world;
  world.ctm.switches().set("index_lag_ms", "45000");
  const char* cities[] = {"Elgin", "Geneva", "Batavia", "Wheaton"};
  for (const char* city : cities) {
    world.edit_contact(world.id, "city", city);
    world.tag_contact(world.id, std::string("t-") + city);
    world.clock.tick(5'000);
    world.cycle();
    world.edit_contact(world.id, "address1", std::string("1 ") + city);
    world.clock.tick(5'000);
    world.cycle(ReadKind::full);
    EXPECT_EQ(world.highlevel_value(world.id, "city"), city);
  }
  for (int i = 0; i < 20; ++i) {
    world.clock.tick(5'000);
    world.cycle(i % 3 == 0 ? ReadKind::full : ReadKind::delta);
  }
  EXPECT_EQ(world.highlevel_value(world.id, "city"), "Wheaton");
  EXPECT_EQ(world.newest_call(world.number).city, "Wheaton");
  EXPECT_EQ(world.newest_call(world.number).street, "1 Wheaton");
  EXPECT_EQ(world.highlevel_value(world.id, "address1"), "1 Wheaton");
  EXPECT_EQ(world.tags_of(world.number).size(), 4U);
  EXPECT_EQ(world.at_highlevel(world.id).tags.size(), 4U);
  world.expect_converged();
  world.expect_quiet();
}

TEST(Moments, QuickEditsOfARowUnderAnIndexThatLagsAllArrive) {
  for (const char* existing : {"keep_old", "upsert"}) {
    SCOPED_TRACE(existing);
    World world;
    world.ctm.switches().set("add_contact_existing", existing);
    world.ctm.switches().set("index_lag_ms", "45000");
    const auto id = world.contact(odile());
    world.settle();
    for (const char* city : {"Elgin", "Geneva", "Batavia", "Wheaton"}) {
      world.edit_contact(id, "city", city);
      world.clock.tick(5'000);
      world.cycle();
      world.edit_contact(id, "address1", std::string("1 ") + city);
      world.clock.tick(5'000);
      world.cycle(ReadKind::full);
      EXPECT_EQ(world.highlevel_value(id, "city"), city);
    }
    for (int i = 0; i < 40; ++i) {
      world.clock.tick(5'000);
      world.cycle(i % 3 == 0 ? ReadKind::full : ReadKind::delta);
    }
    EXPECT_EQ(world.highlevel_value(id, "city"), "Wheaton");
    EXPECT_EQ(world.highlevel_value(id, "address1"), "1 Wheaton");
    ASSERT_EQ(world.rows_of(odile().phone).size(), 1U);
    EXPECT_EQ(world.rows_of(odile().phone)[0].who.city, "Wheaton");
    EXPECT_EQ(world.rows_of(odile().phone)[0].who.street, "1 Wheaton");
    world.expect_converged();
    world.expect_quiet();
  }
}

TEST(Moments, ATagRemovedAtCtmWhileHighLevelWasAwayIsRemovedThere) {
  Agreed world;
  world.tag_contact(world.id, "vip");
  world.settle();
  EXPECT_EQ(world.tags_of(world.number).size(), 1U);
  world.wire(Side::highlevel).revoked = true;
  world.ctm_staff.untag(world.activity, "vip");
  world.clock.tick(World::kPastEveryLagMs);
  world.cycle();
  world.call(world.number, "Mara Lindgren");
  world.clock.tick(World::kPastEveryLagMs);
  world.cycle();
  world.wire(Side::highlevel).revoked = false;
  world.settle();
  EXPECT_TRUE(world.at_highlevel(world.id).tags.empty());
  world.expect_converged();
  world.expect_quiet();
}

TEST(Moments, AConflictOfOneHalfOfANameHoldsWhileTheOtherHalfTravels) {
  Agreed world;
  world.edit_call(world.activity, "name", "Mara Berg");
  world.edit_contact(world.id, "last_name", "Holm");
  world.settle();
  EXPECT_EQ(world.cell("SELECT count(*) FROM v_conflicts WHERE is_open"), "1");
  world.edit_contact(world.id, "first_name", "Marit");
  world.settle();
  EXPECT_EQ(world.newest_call(world.number).name, "Marit Berg");
  EXPECT_EQ(world.highlevel_value(world.id, "last_name"), "Holm");
  EXPECT_EQ(world.cell("SELECT count(*) FROM v_conflicts WHERE is_open"), "1");
  EXPECT_EQ(world.cell("SELECT ctm FROM v_conflicts WHERE is_open"), "Berg");
  world.decide(world.id, "last_name", Resolution::Take::highlevel);
  world.settle();
  EXPECT_EQ(world.newest_call(world.number).name, "Marit Holm");
  world.expect_converged();
  world.expect_quiet();
}

TEST(Moments, AStaffEditOfARowWhoseReplaceHasNoAnswerIsKept) {
  for (const auto kind : {sim::FaultKind::lost_after, sim::FaultKind::lost_before}) {
    World world;
    const auto id = world.contact(odile());
    world.settle();
    world.edit_contact(id, "city", "Wheaton");
    sim::Fault fault;
    fault.kind = kind;
    fault.method = "POST";
    fault.path_has = "/add_contact";
    world.wire(Side::ctm).faults.add(fault);
    world.clock.tick(World::kPastEveryLagMs);
    world.cycle();
    if (kind == sim::FaultKind::lost_after) world.edit_row(odile().phone, "postal_code", "60187");
    if (kind == sim::FaultKind::lost_after) world.edit_row(odile().phone, "street", "7 Mill Road");
    for (int i = 0; i < 8; ++i) {
      world.clock.tick(10'000);
      world.cycle();
    }
    world.settle();
    if (kind == sim::FaultKind::lost_after) {
      EXPECT_EQ(world.highlevel_value(id, "postal_code"), "60187");
      EXPECT_EQ(world.highlevel_value(id, "address1"), "7 Mill Road");
    }
    EXPECT_EQ(world.rows_of(odile().phone).at(0).who.city, "Wheaton");
    world.expect_converged();
    world.expect_quiet();
  }
}
}  // namespace
}  // namespace tandem
