// Edits of one person: on one side, on both, of different fields and of the same one; and clears.
#include "tests/scenario/agreed.h"

namespace tandem {
namespace {
TEST(Edits, OfDifferentFieldsOnBothSidesBothSurvive) {
  Agreed world;
  world.edit_call(world.activity, "city", "Elgin");
  world.edit_contact(world.id, "address1", "7 Mill Road");
  world.settle();
  EXPECT_EQ(world.highlevel_value(world.id, "city"), "Elgin");
  EXPECT_EQ(world.newest_call(world.number).street, "7 Mill Road");
  world.expect_converged();
  world.expect_quiet();
}

TEST(Edits, OfEveryFieldTravelBothWays) {
  const struct {
    const char *field, *key, *one, *two;
  } cases[] = {{"email", "email", "m.lindgren@example.com", "lindgren@example.org"},
               {"address1", "street", "7 Mill Road", "1 Station Way"},
               {"city", "city", "Elgin", "Geneva"},
               {"state", "state", "WI", "IN"},
               {"postal_code", "postal_code", "60120", "60134"},
               {"custom:project_kind", "custom_fields.project_kind", "Roof", "Garden"}};
  for (const auto& c : cases) {
    SCOPED_TRACE(c.field);
    Agreed world;
    world.edit_call(world.activity, c.key, c.one);
    world.settle();
    EXPECT_EQ(world.highlevel_value(world.id, c.field), c.one);
    world.edit_contact(world.id, c.field, c.two);
    world.settle();
    EXPECT_EQ(sim::ctm_value(world.newest_call(world.number), c.key), c.two);
    world.expect_converged();
    world.expect_quiet();
  }
}

TEST(Edits, OfANameTravelBothWaysAndTheSplitStands) {
  Agreed world;
  world.edit_contact(world.id, "first_name", "Mara Sofia");
  world.edit_contact(world.id, "last_name", "de la Cruz");
  world.settle();
  EXPECT_EQ(world.newest_call(world.number).name, "Mara Sofia de la Cruz");
  EXPECT_EQ(world.highlevel_value(world.id, "first_name"), "Mara Sofia")
      << "no second split of our own write";
  EXPECT_EQ(world.highlevel_value(world.id, "last_name"), "de la Cruz");
  world.edit_call(world.activity, "name", "Mara Berg");
  world.settle();
  EXPECT_EQ(world.highlevel_value(world.id, "first_name"), "Mara");
  EXPECT_EQ(world.highlevel_value(world.id, "last_name"), "Berg");
  world.expect_converged();
  world.expect_quiet();
}

TEST(Edits, ToTheSameValueOnBothSidesWriteNothing) {
  Agreed world;
  const std::size_t writes = world.api_writes();
  world.edit_call(world.activity, "city", "Elgin");
  world.edit_contact(world.id, "city", "Elgin");
  world.settle();
  EXPECT_EQ(world.api_writes(), writes);
  EXPECT_EQ(world.cell("SELECT count(*) FROM v_conflicts"), "0");
  world.expect_converged();
  world.expect_quiet();
}

TEST(Edits, ThereAndBackWithinOneCycleAreNone) {
  Agreed world;
  const std::size_t writes = world.api_writes();
  world.edit_contact(world.id, "city", "Elgin");
  world.edit_contact(world.id, "city", "Aurora");
  world.settle();
  EXPECT_EQ(world.api_writes(), writes);
  world.expect_converged();
  world.expect_quiet();
}

TEST(Conflicts, AreHeldWithBothValuesAndTheOtherFieldsGoOn) {
  Agreed world;
  world.edit_call(world.activity, "city", "Elgin");
  world.edit_contact(world.id, "city", "Geneva");
  world.edit_contact(world.id, "address1", "7 Mill Road");
  world.settle();
  const auto open =
      world.rows("SELECT field, base, ctm, highlevel, policy, decision FROM v_conflicts WHERE is_open");
  ASSERT_EQ(open.size(), 1U);
  EXPECT_EQ(open[0], (std::vector<std::string>{"city", "Aurora", "Elgin", "Geneva", "hold", "held"}));
  EXPECT_EQ(world.newest_call(world.number).city, "Elgin");
  EXPECT_EQ(world.highlevel_value(world.id, "city"), "Geneva");
  EXPECT_EQ(world.newest_call(world.number).street, "7 Mill Road");
  EXPECT_EQ(world.last.outcome, Outcome::needs_person);
  world.expect_converged({"city"});
  world.expect_quiet();
}

TEST(Conflicts, EndWhenAPersonDecides) {
  const struct {
    const char* name;
    Resolution::Take take;
    const char *value, *want;
  } cases[] = {{"for CTM", Resolution::Take::ctm, "", "Elgin"},
               {"for HighLevel", Resolution::Take::highlevel, "", "Geneva"},
               {"for a third value", Resolution::Take::value, "Batavia", "Batavia"},
               {"for a blank", Resolution::Take::clear, "", ""}};
  for (const auto& c : cases) {
    SCOPED_TRACE(c.name);
    Agreed world;
    world.edit_call(world.activity, "city", "Elgin");
    world.edit_contact(world.id, "city", "Geneva");
    world.settle();
    world.decide(world.id, "city", c.take, c.value);
    world.settle();
    EXPECT_EQ(world.highlevel_value(world.id, "city"), c.want);
    EXPECT_EQ(world.newest_call(world.number).city, c.want);
    EXPECT_EQ(world.cell("SELECT count(*) FROM v_conflicts WHERE is_open"), "0");
    EXPECT_EQ(world.cell("SELECT decided_by FROM v_conflicts"), "person");
    EXPECT_EQ(world.cell("SELECT ctm FROM v_conflicts") + world.cell("SELECT highlevel FROM v_conflicts"),
              "ElginGeneva");
    world.expect_converged();
    world.expect_quiet();
  }
}

TEST(Conflicts, ADecisionWaitsForASideThatIsAway) {
  for (const Side away : kSides) {
    SCOPED_TRACE(to_text(away));
    Agreed world;
    world.edit_call(world.activity, "city", "Elgin");
    world.edit_contact(world.id, "city", "Geneva");
    world.settle();
    world.decide(world.id, "city", away == Side::ctm ? Resolution::Take::highlevel : Resolution::Take::ctm);
    world.wire(away).revoked = true;
    for (int i = 0; i < 2; ++i) {
      world.clock.tick(World::kPastEveryLagMs);
      world.cycle();
    }
    EXPECT_EQ(world.cell("SELECT count(*) FROM v_conflicts WHERE is_open"), "1");
    world.wire(away).revoked = false;
    world.settle();
    EXPECT_EQ(world.cell("SELECT decided_by FROM v_conflicts"), "person");
    EXPECT_EQ(world.highlevel_value(world.id, "city"), away == Side::ctm ? "Geneva" : "Elgin");
    world.expect_converged();
    world.expect_quiet();
  }
}

TEST(Edits, ThatOnlyAddToTheOldValueAreNotBelievedWhenTheirWriteWasLost) {
  for (const bool at_ctm : {false, true}) {
    SCOPED_TRACE(at_ctm ? "written at CTM" : "written at HighLevel");
    Agreed world;
    sim::Fault fault;
    fault.kind = sim::FaultKind::lost_before;
    fault.method = at_ctm ? "POST" : "PUT";
    world.wire(at_ctm ? Side::ctm : Side::highlevel).faults.add(fault);
    if (at_ctm)
      world.edit_contact(world.id, "city", "Aurora-on-the-Fox");
    else
      world.edit_call(world.activity, "city", "Aurora-on-the-Fox");
    world.settle();
    EXPECT_EQ(world.newest_call(world.number).city, "Aurora-on-the-Fox");
    EXPECT_EQ(world.highlevel_value(world.id, "city"), "Aurora-on-the-Fox");
    world.expect_converged();
    world.expect_quiet();
  }
}

TEST(Conflicts, ADecisionIsVoidWhenASideHasMovedOn) {
  Agreed world;
  world.edit_call(world.activity, "city", "Elgin");
  world.edit_contact(world.id, "city", "Geneva");
  world.settle();
  world.decide(world.id, "city", Resolution::Take::ctm);
  world.edit_contact(world.id, "city", "Batavia");
  world.settle();
  EXPECT_EQ(world.highlevel_value(world.id, "city"), "Batavia") << "nobody has decided about this value";
  EXPECT_EQ(world.cell("SELECT highlevel FROM v_conflicts WHERE is_open"), "Batavia");
  world.expect_quiet();
}

TEST(Conflicts, EndByThemselvesWhenTheSidesCometoAgree) {
  Agreed world;
  world.edit_call(world.activity, "city", "Elgin");
  world.edit_contact(world.id, "city", "Geneva");
  world.settle();
  world.edit_contact(world.id, "city", "Elgin");
  world.settle();
  EXPECT_EQ(world.cell("SELECT count(*) FROM v_conflicts WHERE is_open"), "0");
  world.expect_converged();
  world.expect_quiet();
}

TEST(Conflicts, ARuleDecidesAndTheLoserIsInTheAudit) {
  const struct {
    ConflictRule rule;
    bool ctm_last;
    const char *want, *loser;
  } cases[] = {{ConflictRule::ctm, false, "Elgin", "Geneva"},
               {ConflictRule::highlevel, true, "Geneva", "Elgin"},
               {ConflictRule::newest, false, "Geneva", "Elgin"},
               {ConflictRule::newest, true, "Elgin", "Geneva"}};
  for (const auto& c : cases) {
    SCOPED_TRACE(std::string(to_text(c.rule)) + (c.ctm_last ? ", CTM last" : ", HighLevel last"));
    Agreed world;
    world.rule("city", [&](FieldRule& rule) { rule.conflict = c.rule; });
    world.settle();
    // At CTM the edit comes with a call: only activities carry a time there.
    const auto at_ctm = [&] {
      sim::CtmNewActivity made;
      made.number = world.number;
      world.edit_call(world.ctm_staff.call(made), "city", "Elgin");
    };
    const auto at_highlevel = [&] { world.edit_contact(world.id, "city", "Geneva"); };
    world.clock.tick(World::kHourMs);
    if (c.ctm_last)
      at_highlevel();
    else
      at_ctm();
    world.clock.tick(World::kHourMs);
    if (c.ctm_last)
      at_ctm();
    else
      at_highlevel();
    world.settle();
    EXPECT_EQ(world.highlevel_value(world.id, "city"), c.want);
    EXPECT_EQ(world.newest_call(world.number).city, c.want);
    const auto audit = world.rows("SELECT ctm, highlevel, decision, decided_by, is_open FROM v_conflicts");
    ASSERT_EQ(audit.size(), 1U);
    EXPECT_EQ(audit[0][0], "Elgin");
    EXPECT_EQ(audit[0][1], "Geneva");
    EXPECT_EQ(audit[0][3], "policy");
    EXPECT_EQ(audit[0][4], "0");
    EXPECT_EQ(world.cell("SELECT count(*) FROM v_history WHERE field = 'city' AND old_value = ?", {c.loser}),
              "1");
    world.expect_converged();
    world.expect_quiet();
  }
}

TEST(Clears, OfHighLevelTravelToCtmByDefault) {
  Agreed world;
  world.edit_contact(world.id, "city", "");
  world.settle();
  EXPECT_EQ(world.newest_call(world.number).city, "");
  EXPECT_EQ(
      world.cell(
          "SELECT old_value FROM v_history WHERE field = 'city' AND side = 'ctm' AND new_value IS NULL"),
      "Aurora");
  world.expect_converged();
  world.expect_quiet();
}

TEST(Clears, OfCtmStayThereByDefaultAndNothingIsWrittenBack) {
  World world;
  const auto id = world.contact(odile());
  world.settle();  // a row
  const std::size_t writes = world.api_writes();
  world.edit_row(odile().phone, "city", "");
  world.settle();
  EXPECT_EQ(world.highlevel_value(id, "city"), "Lisle");
  EXPECT_EQ(world.rows_of(odile().phone).at(0).who.city, "");
  EXPECT_EQ(world.api_writes(), writes);
  world.expect_converged({"city"});
  world.expect_quiet();
  world.edit_contact(id, "city", "Wheaton");
  world.settle();
  EXPECT_EQ(world.rows_of(odile().phone).at(0).who.city, "Wheaton") << "a new value travels as before";
  world.expect_converged();
  world.expect_quiet();
}

TEST(Clears, TravelBothWaysWhereTheFieldSaysSo) {
  World world;
  world.rule("city", [](FieldRule& rule) { rule.clears = Direction::both; });
  const auto id = world.contact(odile());
  world.settle();
  world.edit_row(odile().phone, "city", "");
  world.settle();
  EXPECT_EQ(world.highlevel_value(id, "city"), "");
  world.expect_converged();
  world.expect_quiet();
}

TEST(Clears, OfABlankActivityAreNone) {
  Agreed world;
  world.rule("city", [](FieldRule& rule) { rule.clears = Direction::both; });
  world.settle();
  world.edit_call(world.activity, "city", "");
  world.settle();
  EXPECT_EQ(world.highlevel_value(world.id, "city"), "Aurora") << "activities never clear";
  world.expect_converged({"city"});
  world.expect_quiet();
}

TEST(Clears, OfARedactedActivityAreNone) {  // P46
  Agreed world;
  world.ctm_staff.redact(world.activity);
  world.settle();
  EXPECT_EQ(world.highlevel_value(world.id, "city"), "Aurora");
  EXPECT_EQ(world.highlevel_value(world.id, "first_name"), "Mara");
  EXPECT_EQ(world.highlevel_value(world.id, "custom:project_kind"), "Kitchen");
  world.expect_quiet();
}

TEST(Mapping, ValuesAreTranslatedBothWays) {
  World world;
  world.rule("custom:project_kind", [](FieldRule& rule) { rule.values = {{"Bath", "Bathroom"}}; });
  sim::PersonCard card = mara();
  card.custom["project_kind"] = "Bathroom";
  const auto id = world.contact(card);
  world.settle();
  EXPECT_EQ(world.rows_of(card.phone).at(0).who.custom.at("project_kind"), "Bath");
  world.edit_row(card.phone, "custom_fields.project_kind", "Roof");
  world.settle();
  EXPECT_EQ(world.highlevel_value(id, "custom:project_kind"), "Roof");
  world.edit_row(card.phone, "custom_fields.project_kind", "Bath");
  world.settle();
  EXPECT_EQ(world.highlevel_value(id, "custom:project_kind"), "Bathroom");
  world.expect_converged();
  world.expect_quiet();
}

TEST(Mapping, AOneWayFieldIsNotWrittenBack) {
  Agreed world;
  world.rule("city", [](FieldRule& rule) { rule.direction = Direction::to_highlevel; });
  world.settle();
  world.edit_contact(world.id, "city", "Geneva");
  world.settle();
  EXPECT_EQ(world.newest_call(world.number).city, "Aurora");
  world.edit_call(world.activity, "city", "Elgin");
  world.settle();
  EXPECT_EQ(world.highlevel_value(world.id, "city"), "Elgin");
  world.expect_converged();
  world.expect_quiet();
}
}  // namespace
}  // namespace tandem
