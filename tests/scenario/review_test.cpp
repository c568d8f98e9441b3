// Two things at once: edits while a write waits, decisions while a side is away, numbers that are nobody's.
#include "storage/sqlite/sqlite_decisions.h"
#include "tests/scenario/world.h"

namespace tandem {
namespace {
// A caller and a contact that are one person and agree.
struct Caller : World {
  Caller() {
    sim::PersonCard card = mara();
    card.custom["project_kind"] = "Kitchen";
    id = contact(card);
    activity = call(card.phone, "Mara Lindgren", "", card.email);
    settle();
    EXPECT_EQ(state_of(id), "linked");
    expect_converged();
  }
  std::string number = mara().phone, id;
  std::int64_t activity = 0;
};

// Runs `act` once, before (or after) the request that matches.
void once_at(World& world, Side side, bool before, const std::string& method, const std::string& part,
             std::function<void()> act) {
  auto& hook = before ? world.wire(side).before : world.wire(side).after;
  const auto inner = hook;
  auto done = std::make_shared<bool>(false);
  hook = [=](const std::string& m, const std::string& path) {
    inner(m, path);
    if (*done || m != method || path.find(part) == std::string::npos) return;
    *done = true;
    act();
  };
}

// ---- S1
TEST(Review, S1EditOfAFieldThatWasSentOnTheNewRowBeforeTheIndexShowsIt) {
  for (const char* lag : {"2000", "20000", "45000"})
    for (const char* was : {"", "Kitchen"}) {
      SCOPED_TRACE(std::string(lag) + " was '" + was + "'");
      World world;
      world.ctm.switches().set("index_lag_ms", lag);
      world.settle();
      sim::PersonCard card = odile();
      if (*was != '\0') card.custom["project_kind"] = was;
      const auto id = world.contact(card);
      world.clock.tick(World::kPastEveryLagMs);
      world.cycle();
      world.edit_row(card.phone, "custom_fields.project_kind", "Roof");
      for (int i = 0; i < 8; ++i) {
        world.clock.tick(7'000);
        world.cycle();
      }
      world.settle();
      EXPECT_EQ(world.highlevel_value(id, "custom:project_kind"), "Roof");
      EXPECT_EQ(world.rows_of(card.phone).at(0).who.custom.at("project_kind"), "Roof");
      world.expect_converged();
      world.expect_quiet();
    }
}

// ---- S2
TEST(Review, S2HighLevelFillsABlankWhileTheRowWaits) {
  World world;
  world.ctm.switches().set("index_lag_ms", "45000");
  world.settle();
  sim::PersonCard card = odile();
  card.city = "";
  const auto id = world.contact(card);
  world.clock.tick(World::kPastEveryLagMs);
  world.cycle();
  world.edit_contact(id, "city", "Lisle");
  for (int i = 0; i < 8; ++i) {
    world.clock.tick(10'000);
    world.cycle();
  }
  world.settle();
  EXPECT_EQ(world.rows_of(card.phone).at(0).who.city, "Lisle");
  world.expect_converged();
  world.expect_quiet();
}

// ---- S4
TEST(Review, S4StaffFillABlankOfARowWhoseReplaceWaits) {
  for (const char* lag : {"2000", "45000"}) {
    SCOPED_TRACE(lag);
    World world;
    world.ctm.switches().set("index_lag_ms", lag);
    const auto id = world.contact(odile());
    world.settle();
    world.edit_contact(id, "city", "Wheaton");
    world.clock.tick(World::kPastEveryLagMs);
    world.cycle();
    world.edit_row(odile().phone, "custom_fields.project_kind", "Roof");
    world.edit_row(odile().phone, "postal_code", "60187");
    for (int i = 0; i < 8; ++i) {
      world.clock.tick(10'000);
      world.cycle();
    }
    world.settle();
    EXPECT_EQ(world.highlevel_value(id, "postal_code"), "60187");
    EXPECT_EQ(world.highlevel_value(id, "custom:project_kind"), "Roof");
    world.expect_converged();
    world.expect_quiet();
  }
}

// ---- S9
TEST(Review, S9ADecidedValueReachesBothSidesThoughOneWasAway) {
  for (const Side away : kSides)
    for (const bool clear : {false, true}) {
      SCOPED_TRACE(std::string(to_text(away)) + (clear ? " clear" : " value"));
      Caller world;
      world.edit_call(world.activity, "city", "Elgin");
      world.edit_contact(world.id, "city", "Geneva");
      world.settle();
      if (clear)
        world.decide(world.id, "city", Resolution::Take::clear);
      else
        world.decide(world.id, "city", Resolution::Take::value, "Batavia");
      world.wire(away).revoked = true;
      world.clock.tick(World::kPastEveryLagMs);
      world.cycle();
      world.wire(away).revoked = false;
      world.settle();
      const std::string want = clear ? "" : "Batavia";
      EXPECT_EQ(world.highlevel_value(world.id, "city"), want);
      EXPECT_EQ(world.newest_call(world.number).city, want);
      world.expect_converged();
      world.expect_quiet();
    }
}

TEST(Review, S9bADecidedValueReachesBothSidesThoughOneAnswerWas429) {
  for (const Side side : kSides) {
    SCOPED_TRACE(to_text(side));
    Caller world;
    world.edit_call(world.activity, "city", "Elgin");
    world.edit_contact(world.id, "city", "Geneva");
    world.settle();
    world.decide(world.id, "city", Resolution::Take::value, "Batavia");
    sim::Fault fault;
    fault.kind = sim::FaultKind::too_many;
    fault.method = side == Side::ctm ? "POST" : "PUT";
    world.wire(side).faults.add(fault);
    world.settle();
    EXPECT_EQ(world.highlevel_value(world.id, "city"), "Batavia");
    EXPECT_EQ(world.newest_call(world.number).city, "Batavia");
    world.expect_converged();
    world.expect_quiet();
  }
}

// ---- S13
TEST(Review, S13AContactMadeAgainAfterItsDeletionIsRelinked) {
  for (const bool row : {true, false}) {
    SCOPED_TRACE(row ? "row" : "caller");
    World world;
    const auto id = world.contact(odile());
    if (!row) world.call(odile().phone, "Odile Marchetti", "", odile().email);
    world.settle();
    world.highlevel.erase(id, sim::highlevel::Actor::staff);
    for (int i = 0; i < 4; ++i) {
      world.clock.tick(World::kHourMs);
      world.cycle(ReadKind::full);
    }
    EXPECT_EQ(world.state_of(odile().phone), "tombstone");
    const auto again = world.contact(odile());
    world.settle();
    EXPECT_EQ(world.state_of(again), "linked");
    world.expect_converged();
    world.expect_quiet();
  }
}

// ---- S25
TEST(Review, S25EditsOfTheTwoHalvesOfANameBothSurviveAtAnyMoment) {
  for (int step = 1;; ++step) {
    Caller world;
    world.edit_contact(world.id, "first_name", "Mara Sofia");
    world.clock.tick(World::kPastEveryLagMs);
    int at = 0;
    std::string during;
    for (const Side side : kSides) {
      const auto inner = world.wire(side).before;
      world.wire(side).before = [&, inner](const std::string& method, const std::string& path) {
        inner(method, path);
        if (++at != step) return;
        during = method + " " + path;
        world.edit_call(world.activity, "name", "Mara Berg");
      };
    }
    world.cycle();
    at = 1'000'000;
    if (during.empty()) break;
    SCOPED_TRACE("before " + during);
    world.settle();
    if (during.find("/modify") != std::string::npos) continue;  // P2's window
    EXPECT_TRUE(world.unaudited().empty()) << testing::PrintToString(world.unaudited());
    EXPECT_EQ(world.newest_call(world.number).name, "Mara Sofia Berg");
    EXPECT_EQ(world.highlevel_value(world.id, "last_name"), "Berg");
  }
}

// ---- S24
TEST(Review, S24ARowEditSeenByTheVerifyingReadIsNotReplacedByAnOlderImage) {
  for (int step = 1;; ++step) {
    World world;
    world.ctm.switches().set("index_lag_ms", "0");
    const auto id = world.contact(odile());
    world.settle();
    world.edit_contact(id, "city", "Wheaton");
    world.clock.tick(World::kPastEveryLagMs);
    int at = 0;
    std::string during;
    std::vector<std::string> all;
    const auto inner = world.wire(Side::ctm).before;
    world.wire(Side::ctm).before = [&, inner](const std::string& method, const std::string& path) {
      inner(method, path);
      all.push_back(method + " " + path);
      if (++at != step) return;
      during = method + " " + path;
      world.ctm_staff.edit_row(world.ctm.sync_list(), odile().phone, "street", "1 Station Way");
    };
    world.cycle();
    at = 1'000'000;
    if (during.empty()) break;
    SCOPED_TRACE("before " + std::to_string(step) + " " + during + " of " + testing::PrintToString(all));
    world.settle();
    if (!world.unaudited().empty()) ADD_FAILURE() << testing::PrintToString(world.unaudited());
    EXPECT_EQ(world.highlevel_value(id, "address1"), "1 Station Way");
  }
}

// ---- S28
TEST(Review, S28CreatingSwitchedOnLaterIsDone) {
  World world;
  world.policy.create.ctm = false;
  const auto id = world.contact(odile());
  world.settle();
  EXPECT_EQ(world.rows_of(odile().phone).size(), 0U);
  world.policy.create.ctm = true;
  world.settle();
  EXPECT_EQ(world.rows_of(odile().phone).size(), 1U);
  EXPECT_EQ(world.state_of(id), "linked");
}
TEST(Review, S28bTagsSwitchedOnLaterAreUnited) {
  Caller world;
  world.policy.tags = Direction::off;
  world.tag_contact(world.id, "vip");
  world.settle();
  world.policy.tags = Direction::both;
  world.settle();
  EXPECT_EQ(world.tags_of(world.number), (std::vector<std::string>{"vip"}));
}
TEST(Review, S28cAConflictRuleChangedLaterDecidesHeldConflicts) {
  Caller world;
  world.edit_call(world.activity, "city", "Elgin");
  world.edit_contact(world.id, "city", "Geneva");
  world.settle();
  world.rule("city", [](FieldRule& r) { r.conflict = ConflictRule::ctm; });
  world.settle();
  EXPECT_EQ(world.highlevel_value(world.id, "city"), "Elgin");
}

// ---- S31
TEST(Review, S31AnActivityRedactedDuringOurWriteClearsNothing) {
  for (const char* style : {"blank", "placeholder"})
    for (const bool before : {false, true}) {
      SCOPED_TRACE(std::string(style) + (before ? " before" : " after"));
      Caller world;
      world.ctm.switches().set("redaction_style", style);
      world.edit_contact(world.id, "city", "Geneva");
      once_at(world, Side::ctm, before, "POST", "/modify", [&] { world.ctm_staff.redact(world.activity); });
      world.settle();
      EXPECT_EQ(world.highlevel_value(world.id, "city"), "Geneva");
      EXPECT_EQ(world.highlevel_value(world.id, "first_name"), "Mara");
      EXPECT_EQ(world.highlevel_value(world.id, "address1"), "12 Elm Street");
      EXPECT_EQ(world.highlevel_value(world.id, "custom:project_kind"), "Kitchen");
      world.cycle();
      world.settle();
      EXPECT_EQ(world.highlevel_value(world.id, "city"), "Geneva");
    }
}

// ---- S34
TEST(Review, S34NumbersSwappedWhileAWriteHasNoAnswer) {
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
  world.expect_quiet();
}

// ---- S35
TEST(Review, S35AContactThatAPersonMadeWhileOurCreateWasLostIsAFirstMeeting) {
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

// ---- S43
TEST(Review, S43APhoneChangedToTheAccountsOwnNumberCreatesNothing) {
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

// ---- stop
TEST(Review, S6AStopAtAnyMomentLosesNothing) {
  for (int at = 1;; ++at) {
    Caller world;
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

// ---- alias combos
TEST(Review, S33APhoneAndAnotherFieldChangedAtOnceToAnAlias) {
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
  EXPECT_EQ(world.newest_call(mara().phone).city, "Elgin");
  EXPECT_EQ(world.cell("SELECT count(*) FROM v_conflicts WHERE is_open"), "0");
  world.expect_converged();
  world.expect_quiet();
}

// ---- held conflict survives a new number's row waiting
TEST(Review, S21AConflictOutlivesANewNumberWhoseRowWaits) {
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
}  // namespace
}  // namespace tandem
