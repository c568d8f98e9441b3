// Two things at once: edits while a write waits, decisions while a side is away.
#include "tests/scenario/agreed.h"

namespace tandem {
namespace {
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

TEST(Together, AStaffEditOfANewRowThatTheIndexDoesNotShowYetReachesHighLevel) {
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

TEST(Together, ABlankFilledAtHighLevelWhileTheNewRowWaitsReachesCtm) {
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

TEST(Together, ABlankFilledByStaffOnARowWhoseReplaceWaitsReachesHighLevel) {
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

TEST(Together, ADecidedValueReachesBothSidesThoughOneWasAway) {
  for (const Side away : kSides)
    for (const bool clear : {false, true}) {
      SCOPED_TRACE(std::string(to_text(away)) + (clear ? " clear" : " value"));
      Agreed world;
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

TEST(Together, ADecidedValueReachesBothSidesThoughOneRefusedForNow) {
  for (const Side side : kSides) {
    SCOPED_TRACE(to_text(side));
    Agreed world;
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

TEST(Together, AContactMadeAgainAfterItsDeletionIsRelinked) {
  for (const bool row : {true, false}) {
    SCOPED_TRACE(row ? "row" : "caller");
    World world;
    const auto id = world.contact(odile());
    world.contact(mara());  // a listing that lost everybody is not believed
    if (!row) world.call(odile().phone, "Odile Marchetti", "", odile().email);
    world.settle();
    world.highlevel.erase(id, sim::highlevel::Actor::staff);
    for (int i = 0; i < 4; ++i) {
      world.clock.tick(World::kHourMs);
      world.cycle(ReadKind::full);
    }
    EXPECT_EQ(world.state_of(odile().phone), row ? "linked" : "tombstone");
    EXPECT_EQ(world.cell("SELECT count(*) FROM v_pending WHERE class = 'delete'"), row ? "1" : "0");
    const auto again = world.contact(odile());
    world.settle();
    EXPECT_EQ(world.state_of(again), "linked");
    world.expect_converged();
    world.expect_quiet();
  }
}

TEST(Together, EditsOfTheTwoHalvesOfANameBothSurviveUpToTheVerifyingRead) {
  for (int step = 1;; ++step) {
    Agreed world;
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
    if (during.find("/modify") != std::string::npos) break;  // from here on it is P2's window
    EXPECT_TRUE(world.unaudited().empty()) << testing::PrintToString(world.unaudited());
    EXPECT_EQ(world.newest_call(world.number).name, "Mara Sofia Berg");
    EXPECT_EQ(world.highlevel_value(world.id, "last_name"), "Berg");
  }
}

TEST(Together, EditsOfTheTwoHalvesOfANameBothSurvive) {
  Agreed world;
  world.edit_contact(world.id, "first_name", "Mara Sofia");
  world.edit_call(world.activity, "name", "Mara Berg");
  world.settle();
  EXPECT_EQ(world.newest_call(world.number).name, "Mara Sofia Berg");
  EXPECT_EQ(world.highlevel_value(world.id, "first_name"), "Mara Sofia");
  EXPECT_EQ(world.highlevel_value(world.id, "last_name"), "Berg");
  world.expect_converged();
  world.expect_quiet();
}

TEST(Together, ARowEditSeenByTheVerifyingReadIsNotReplacedByAnOlderImage) {
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
    if (step > 4) break;  // from here on it is P2's window
    if (!world.unaudited().empty()) ADD_FAILURE() << testing::PrintToString(world.unaudited());
    EXPECT_EQ(world.highlevel_value(id, "address1"), "1 Station Way");
  }
}

TEST(Together, CreatingThatIsSwitchedOnLaterIsDone) {
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

TEST(Together, TagsThatAreSwitchedOnLaterAreUnited) {
  Agreed world;
  world.policy.tags = Direction::off;
  world.tag_contact(world.id, "vip");
  world.settle();
  world.policy.tags = Direction::both;
  world.settle();
  EXPECT_EQ(world.tags_of(world.number), (std::vector<std::string>{"vip"}));
}

TEST(Together, AConflictRuleThatIsChangedLaterDecidesHeldConflicts) {
  Agreed world;
  world.edit_call(world.activity, "city", "Elgin");
  world.edit_contact(world.id, "city", "Geneva");
  world.settle();
  world.rule("city", [](FieldRule& r) { r.conflict = ConflictRule::ctm; });
  world.settle();
  EXPECT_EQ(world.highlevel_value(world.id, "city"), "Elgin");
}

TEST(Together, AnActivityRedactedDuringOurWriteClearsNothing) {
  for (const char* style : {"blank", "placeholder"})
    for (const bool before : {false, true}) {
      SCOPED_TRACE(std::string(style) + (before ? " before" : " after"));
      Agreed world;
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
}  // namespace
}  // namespace tandem
