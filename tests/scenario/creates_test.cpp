// Exactly once (P8): whatever happens to a create, there is one record afterwards.
#include "tests/scenario/world.h"

namespace tandem {
namespace {
struct Trouble {
  const char* name;
  sim::FaultKind kind;
  bool effect;
  std::int64_t param;
};
constexpr Trouble kTroubles[] = {{"lost before", sim::FaultKind::lost_before, false, 0},
                                 {"lost after", sim::FaultKind::lost_after, false, 0},
                                 {"cut", sim::FaultKind::reset, false, 0},
                                 {"502 and not done", sim::FaultKind::html_5xx, false, 502},
                                 {"502 and done", sim::FaultKind::html_5xx, true, 502},
                                 {"429", sim::FaultKind::too_many, false, 0},
                                 {"422 and stored", sim::FaultKind::stored_but_422, false, 0},
                                 {"truncated", sim::FaultKind::truncated, false, 0},
                                 {"another answer, done", sim::FaultKind::wrong_json, true, 0},
                                 {"another answer, not done", sim::FaultKind::wrong_json, false, 0}};

void add_fault(World& world, Side side, const Trouble& trouble, const char* path) {
  sim::Fault fault;
  fault.kind = trouble.kind;
  fault.effect = trouble.effect;
  fault.param = trouble.param;
  fault.method = "POST";
  fault.path_has = path;
  world.wire(side).faults.add(fault);
}

TEST(Creates, OfAContactHappenOnceWhateverBecomesOfTheAnswer) {
  for (const auto& trouble : kTroubles)
    for (const char* reads : {"primary", "index"})
      for (const int times : {1, 2}) {
        SCOPED_TRACE(std::string(trouble.name) + ", duplicates are sought in the " + reads + ", times " +
                     std::to_string(times));
        World world;
        world.highlevel.switches().set("duplicate_search.reads", reads);
        world.highlevel.switches().set("index_lag_ms", "20000");
        world.settle();
        world.call(jonas().phone, "Jonas Abara", "", jonas().email);
        int left = times;
        const auto step = world.wire(Side::highlevel).before;
        world.wire(Side::highlevel).before = [&](const std::string& method, const std::string& path) {
          step(method, path);
          if (method != "POST" || path != "/contacts/" || left-- <= 0) return;  // searches are POSTs too
          add_fault(world, Side::highlevel, trouble, path.c_str());
        };
        world.settle(8);
        EXPECT_EQ(world.highlevel.contact_count(), 1U);
        EXPECT_EQ(world.state_of(jonas().phone), "linked");
        world.expect_converged();
        world.expect_quiet();
      }
}

TEST(Creates, OfARowHappenOnceWhateverBecomesOfTheAnswer) {
  for (const auto& trouble : kTroubles)
    for (const char* lag : {"2000", "45000"})
      for (const char* existing : {"keep_old", "duplicate_row"}) {
        SCOPED_TRACE(std::string(trouble.name) + ", index lag " + lag + ", an existing number: " + existing);
        World world;
        world.ctm.switches().set("index_lag_ms", lag);
        world.ctm.switches().set("add_contact_existing", existing);
        world.settle();
        const auto id = world.contact(odile());
        add_fault(world, Side::ctm, trouble, "/add_contact");
        world.settle(8);
        EXPECT_EQ(world.rows_of(odile().phone).size(), 1U);
        EXPECT_EQ(world.state_of(id), "linked");
        world.expect_converged();
        world.expect_quiet();
      }
}

TEST(Creates, AContactThatSomebodyMadeMeanwhileIsAdopted) {
  World world;
  world.settle();
  world.call(jonas().phone, "Jonas Abara");
  std::string id;
  const auto step = world.wire(Side::highlevel).before;
  world.wire(Side::highlevel).before = [&](const std::string& method, const std::string& path) {
    step(method, path);
    if (method == "POST" && path == "/contacts/" && id.empty()) id = world.contact(jonas());
  };
  world.settle();
  EXPECT_NE(id, "") << "the create was tried";
  EXPECT_EQ(world.highlevel.contact_count(), 1U) << "refused as a duplicate, with its id";
  EXPECT_EQ(world.pair_of(id), world.pair_of(jonas().phone));
  EXPECT_EQ(world.state_of(id), "linked");
  world.expect_converged();
  world.expect_quiet();
}

TEST(Creates, AnEmailThatALinkedContactHasIsNotUsedTwice) {
  World world;
  const auto id = world.contact(mara());
  world.call(mara().phone, "Mara Lindgren", "", mara().email);
  world.settle();
  world.call(jonas().phone, "Jonas Abara", "", mara().email);  // her husband gives her address
  world.settle();
  EXPECT_EQ(world.highlevel.contact_count(), 1U);
  EXPECT_EQ(world.state_of(jonas().phone), "held");
  EXPECT_EQ(world.highlevel_value(id, "first_name"), "Mara");
  world.expect_converged();
  world.expect_quiet();
}

TEST(Creates, ARefusedFieldIsParkedWithTheRemotesWordsAndBlocksNothingElse) {
  World world;
  world.settle();
  const std::int64_t activity = world.call(jonas().phone, "Jonas Abara", "", "not an address");
  world.settle();
  const auto id = world.contact_with_phone(jonas().phone);
  ASSERT_NE(id, "");
  EXPECT_EQ(world.highlevel_value(id, "first_name"), "Jonas");
  EXPECT_EQ(world.cell("SELECT field FROM v_parked"), "email");
  EXPECT_NE(world.cell("SELECT reason FROM v_parked").find("must be an email"), std::string::npos);
  EXPECT_EQ(world.last.outcome, Outcome::needs_person);
  world.expect_converged({"email"});
  world.expect_quiet();
  world.edit_call(activity, "email", jonas().email);
  world.settle();
  EXPECT_EQ(world.highlevel_value(id, "email"), jonas().email);
  EXPECT_EQ(world.cell("SELECT count(*) FROM v_parked"), "0");
  world.expect_converged();
  world.expect_quiet();
}

TEST(Creates, AreNotDoneWhereTheConfigurationSaysSo) {
  World world;
  world.policy.create = {false, false};
  world.call(jonas().phone, "Jonas Abara");
  world.contact(odile());
  world.settle();
  EXPECT_EQ(world.api_writes(), 0U);
  EXPECT_EQ(world.last.outcome, Outcome::converged);
  world.expect_quiet();
}

TEST(Creates, OneRefusedRecordNeverStopsTheOthers) {  // P10
  World world;
  world.settle();
  world.call("+13125550151", "Bad Address", "", "not an address");
  for (int i = 0; i < 40; ++i)
    world.call("+1312555" + std::to_string(2100 + i), "Caller Number" + std::to_string(i));
  world.settle();
  EXPECT_EQ(world.highlevel.contact_count(), 41U);
  EXPECT_EQ(world.cell("SELECT count(*) FROM v_parked"), "1");
  world.expect_converged({"email"});
  world.expect_quiet();
}
}  // namespace
}  // namespace tandem
