// List rows: fields that can be written and not shown (P37), and replacing without a hole (P38).
#include <fmt/format.h>

#include "tests/scenario/world.h"

namespace tandem {
namespace {
// A contact that is a row of the list and has never called.
struct Switch {
  const char *name, *value;
};
struct Listed : World {
  explicit Listed(std::initializer_list<Switch> switches = {}) {
    for (const auto& [name, value] : switches) ctm.switches().set(name, value);
    sim::PersonCard card = mara();
    card.custom["project_kind"] = "Kitchen";
    id = contact(card);
    other_id = contact(odile());
    settle();
    EXPECT_EQ(rows_of(number).size(), 1U);
    others_before = ctm.account().live_rows(ctm.sync_list()).size() - 1;
  }
  // Requests to CTM whose path holds `part`, from here on.
  void watch(const std::string& part) {
    const auto step = wire(Side::ctm).before;
    wire(Side::ctm).before = [this, step, part](const std::string& method, const std::string& path) {
      step(method, path);
      if (path.find(part) != std::string::npos) ++seen;
    };
  }
  void expect_others_untouched() {
    ASSERT_EQ(rows_of(odile().phone).size(), 1U);
    EXPECT_EQ(rows_of(odile().phone)[0].who.name, "Odile Marchetti");
    EXPECT_EQ(ctm.account().live_rows(ctm.sync_list()).size() - 1, others_before)
        << "no other row is touched";
  }
  std::string number = mara().phone, id, other_id;
  std::size_t others_before = 0;
  int seen = 0;
};

TEST(BlindFields, AreWrittenOncePerChangeAndNeverCompared) {
  Listed world;
  EXPECT_EQ(world.rows_of(world.number).at(0).who.email, mara().email);
  world.watch("/add_contact");
  world.edit_contact(world.id, "email", "m.lindgren@example.com");
  world.settle();
  EXPECT_EQ(world.rows_of(world.number).at(0).who.email, "m.lindgren@example.com");
  EXPECT_EQ(world.seen, 1) << "once";
  EXPECT_EQ(world.cell("SELECT count(*) FROM v_conflicts"), "0");
  world.expect_converged();
  world.expect_quiet();
}

TEST(BlindFields, AreNotClearedByTheReplaceOfAnotherField) {
  Listed world;
  world.edit_contact(world.id, "city", "Geneva");
  world.settle();
  EXPECT_EQ(world.rows_of(world.number).at(0).who.email, mara().email);
  EXPECT_EQ(world.rows_of(world.number).at(0).who.city, "Geneva");
  world.expect_converged();
  world.expect_quiet();
}

TEST(BlindFields, AreComparedOnceTheyAreShown) {
  Listed world;
  world.ctm.switches().set("list_row_email", "present");
  world.settle();
  EXPECT_EQ(world.cell("SELECT count(*) FROM v_conflicts"), "0");
  world.edit_row(world.number, "email", "m.lindgren@example.com");
  world.settle();
  EXPECT_EQ(world.highlevel_value(world.id, "email"), "m.lindgren@example.com");
  world.expect_converged();
  world.expect_quiet();
}

TEST(Replace, KeepsEverythingElseOfTheRow) {
  Listed world;
  world.edit_contact(world.id, "first_name", "Marianne");
  world.settle();
  const auto row = world.rows_of(world.number).at(0);
  EXPECT_EQ(row.who.name, "Marianne Lindgren");
  EXPECT_EQ(row.who.street, "12 Elm Street");
  EXPECT_EQ(row.who.custom.at("project_kind"), "Kitchen");
  world.expect_others_untouched();
  world.expect_converged();
  world.expect_quiet();
}

TEST(Replace, SurvivesACrashBetweenItsHalves) {
  for (const char* shared : {"on", "off"}) {
    SCOPED_TRACE(shared);
    Listed world({{"contact_shared_across_lists", shared}});
    world.edit_contact(world.id, "city", "Geneva");
    world.clock.tick(World::kPastEveryLagMs);
    const auto step = world.wire(Side::ctm).after;
    world.wire(Side::ctm).after = [&](const std::string& method, const std::string&) {
      if (method == "DELETE") throw sim::Killed{};
    };
    EXPECT_THROW(world.cycle(), sim::Killed);
    world.reopen();
    EXPECT_EQ(world.rows_of(world.number).size(), 0U) << "the hole";
    world.settle();
    ASSERT_EQ(world.rows_of(world.number).size(), 1U);
    EXPECT_EQ(world.rows_of(world.number)[0].who.city, "Geneva");
    EXPECT_EQ(world.rows_of(world.number)[0].who.email, mara().email);
    EXPECT_EQ(world.rows_of(world.number)[0].who.custom.at("project_kind"), "Kitchen");
    EXPECT_EQ(world.state_of(world.id), "linked");
    world.expect_others_untouched();
    world.expect_converged();
    world.expect_quiet();
  }
}

TEST(Replace, SurvivesALostAnswerOfEitherHalf) {
  for (const char* path : {"/remove_contacts", "/add_contact"})
    for (const auto kind :
         {sim::FaultKind::lost_before, sim::FaultKind::lost_after, sim::FaultKind::html_5xx}) {
      SCOPED_TRACE(std::string(path) + " " + std::string(sim::name_of(kind)));
      Listed world;
      world.edit_contact(world.id, "city", "Geneva");
      sim::Fault fault;
      fault.kind = kind;
      fault.path_has = path;
      world.wire(Side::ctm).faults.add(fault);
      world.settle();
      ASSERT_EQ(world.rows_of(world.number).size(), 1U);
      EXPECT_EQ(world.rows_of(world.number)[0].who.city, "Geneva");
      world.expect_others_untouched();
      world.expect_converged();
      world.expect_quiet();
    }
}

TEST(Replace, ARefusedAddPutsTheOldRowBack) {
  Listed world;
  world.edit_contact(world.id, "city", "Geneva");
  sim::Fault refusal;
  refusal.kind = sim::FaultKind::json_5xx;
  refusal.param = 406;
  refusal.path_has = "/add_contact";
  world.wire(Side::ctm).faults.add(refusal);
  world.settle();
  ASSERT_EQ(world.rows_of(world.number).size(), 1U);
  EXPECT_EQ(world.rows_of(world.number)[0].who.city, "Aurora");
  EXPECT_EQ(world.rows_of(world.number)[0].who.name, "Mara Lindgren");
  EXPECT_EQ(world.state_of(world.id), "linked");
  EXPECT_EQ(world.cell("SELECT field FROM v_parked"), "city");
  EXPECT_EQ(world.highlevel_value(world.id, "city"), "Geneva");
  world.expect_others_untouched();
  world.expect_quiet();
}

TEST(Replace, WorksUnderEveryReadingOfAddContact) {
  for (const char* existing : {"keep_old", "upsert", "duplicate_row", "error406"})
    for (const char* shared : {"on", "off"})
      for (const char* scope : {"membership", "contact"}) {
        SCOPED_TRACE(std::string(existing) + ", shared " + shared + ", removes the " + scope);
        Listed world({{"add_contact_existing", existing},
                      {"contact_shared_across_lists", shared},
                      {"remove_scope", scope}});
        world.edit_contact(world.id, "city", "Geneva");
        world.settle();
        world.edit_row(world.number, "street", "7 Mill Road");
        world.settle();
        ASSERT_EQ(world.rows_of(world.number).size(), 1U);
        EXPECT_EQ(world.rows_of(world.number)[0].who.city, "Geneva");
        EXPECT_EQ(world.highlevel_value(world.id, "address1"), "7 Mill Road");
        world.expect_others_untouched();
        world.expect_converged();
        world.expect_quiet();
      }
}

TEST(Replace, RemovesNothingWhereTheAddAloneIsKnownToUpdate) {
  Listed world({{"add_contact_existing", "upsert"}});
  world.store->transact([&] { world.store->set_meta("learned.ctm", "add_alone=updates\n"); });
  world.watch("/remove_contacts");
  world.edit_contact(world.id, "city", "Geneva");
  world.settle();
  EXPECT_EQ(world.seen, 0);
  EXPECT_EQ(world.rows_of(world.number).at(0).who.city, "Geneva");
  world.expect_others_untouched();
  world.expect_converged();
  world.expect_quiet();
}

TEST(Replace, AServerThatKeepsTheOldValuesIsReportedAndLeftWithoutALoop) {
  for (const char* shared : {"on", "off"}) {
    SCOPED_TRACE(shared);
    Listed world({{"add_contact_rejoin", "keeps_old"}, {"contact_shared_across_lists", shared}});
    world.watch("/add_contact");
    world.edit_contact(world.id, "city", "Geneva");
    world.settle();
    EXPECT_EQ(world.seen, 1) << "tried once";
    EXPECT_EQ(world.rows_of(world.number).at(0).who.city, "Aurora");
    EXPECT_EQ(world.highlevel_value(world.id, "city"), "Geneva") << "not undone either";
    EXPECT_EQ(world.cell("SELECT field FROM v_parked"), "city");
    EXPECT_EQ(world.last.outcome, Outcome::needs_person);
    world.expect_others_untouched();
    world.expect_quiet();
    // Another value is another try.
    world.ctm.switches().set("add_contact_rejoin", "takes_new");
    world.edit_contact(world.id, "city", "Batavia");
    world.settle();
    EXPECT_EQ(world.rows_of(world.number).at(0).who.city, "Batavia");
    EXPECT_EQ(world.cell("SELECT count(*) FROM v_parked"), "0");
    world.expect_converged();
    world.expect_quiet();
  }
}

TEST(Replace, AStaffEditOfTheRowMeanwhileIsNotLost) {
  Listed world;
  world.edit_contact(world.id, "city", "Geneva");
  world.cycle();  // replaced; the index does not show it yet
  world.edit_row(world.number, "street", "7 Mill Road");
  world.settle();
  EXPECT_EQ(world.highlevel_value(world.id, "address1"), "7 Mill Road");
  EXPECT_EQ(world.rows_of(world.number).at(0).who.city, "Geneva");
  world.expect_converged();
  world.expect_quiet();
}

TEST(Rows, SplitNamesAreTakenAsTheyAre) {
  Listed world({{"list_row_name", "joined_plus_split"}, {"list_row_email", "present"}});
  world.edit_contact(world.id, "first_name", "Mara Sofia");
  world.settle();
  EXPECT_EQ(world.rows_of(world.number).at(0).who.first_name, "Mara Sofia");
  EXPECT_EQ(world.highlevel_value(world.id, "first_name"), "Mara Sofia");
  world.edit_row(world.number, "last_name", "Berg");
  world.settle();
  EXPECT_EQ(world.highlevel_value(world.id, "last_name"), "Berg");
  world.call(world.number, "Mara Holm");
  world.settle();
  EXPECT_EQ(world.highlevel_value(world.id, "last_name"), "Holm") << "a new name on a call is an edit";
  world.expect_converged();
  world.expect_quiet();
}

TEST(Rows, ARowThatStaffTakeOffTheListIsIgnoredAndNotAddedAgain) {
  Listed world;
  const std::size_t writes = world.api_writes();
  world.ctm_staff.remove_from_list(world.ctm.sync_list(), world.number);
  world.settle();
  world.edit_contact(world.id, "city", "Geneva");
  world.settle();
  EXPECT_EQ(world.state_of(world.id), "ignored");
  EXPECT_EQ(world.rows_of(world.number).size(), 0U);
  EXPECT_EQ(world.highlevel.contact_count(), 2U) << "nothing is deleted";
  EXPECT_EQ(world.api_writes(), writes);
  world.expect_quiet();
  world.row(mara());
  world.settle();
  EXPECT_EQ(world.state_of(world.id), "linked") << "a person added it";
  world.expect_quiet();
}

TEST(Rows, OfManyOnlyTheOneThatLeftIsIgnored) {
  World world;
  std::vector<std::string> ids;
  for (int i = 0; i < 24; ++i) {
    sim::PersonCard card = mara();
    card.phone = fmt::format("+131255502{:02}", i);
    card.email = fmt::format("caller{}@example.org", i);
    ids.push_back(world.contact(card));
  }
  world.settle();
  world.cycle(ReadKind::full);
  world.clock.tick(World::kHourMs);
  world.cycle(ReadKind::full);
  EXPECT_LT(world.last.requests.ctm, world.last.read.ctm) << "whoever is there is not asked for";
  world.ctm_staff.remove_from_list(world.ctm.sync_list(), "+13125550207");
  world.settle();
  world.cycle(ReadKind::full);
  EXPECT_EQ(world.state_of(ids.at(7)), "ignored");
  EXPECT_EQ(world.cell("SELECT count(*) FROM v_pairs WHERE state = 'linked'"), "23");
  world.expect_quiet();
}
}  // namespace
}  // namespace tandem
