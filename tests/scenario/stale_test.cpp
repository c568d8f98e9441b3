// Stale is not news (P33): a value that a write of ours replaced and that comes back with a new call.
// And caller-ID is not a name (P34).
#include "tests/scenario/world.h"

namespace tandem {
namespace {
constexpr const char* kScopes[] = {"contact_and_future", "activity_only", "contact_and_all"};

// A caller whom HighLevel renamed: CTM's own record may or may not have followed.
struct Renamed : World {
  explicit Renamed(const char* scope, bool correct = true) {
    ctm.switches().set("modify.scope", scope);
    policy.correct_stale_identity = correct;
    sim::PersonCard card = mara();
    card.email = "";
    id = contact(card);
    first = call(number, "Mara Lindgren");
    settle();
    edit_contact(id, "first_name", "Marianne");
    settle();
    EXPECT_EQ(newest_call(number).name, "Marianne Lindgren");
  }
  std::int64_t call_later(const std::string& name) {
    clock.tick(kHourMs);
    const std::int64_t activity = call(number, name);
    settle();
    return activity;
  }
  std::size_t writes_to(std::int64_t activity) {
    return static_cast<std::size_t>(std::ranges::count_if(ctm.writes(), [&](const sim::WriteEntry& write) {
      return write.actor == "api" && write.action == "modify" &&
             write.record_id == std::to_string(activity) && write.field == "name";
    }));
  }
  std::string number = mara().phone, id;
  std::int64_t first = 0;
};

TEST(Stale, ANewCallThatRepeatsTheOldNameIsNotNewsAndIsCorrectedOnce) {
  for (const char* scope : kScopes) {
    SCOPED_TRACE(scope);
    Renamed world(scope);
    const std::int64_t again = world.call_later("Mara Lindgren");
    EXPECT_EQ(world.highlevel_value(world.id, "first_name"), "Marianne");
    EXPECT_EQ(world.newest_call(world.number).name, "Marianne Lindgren");
    EXPECT_EQ(world.writes_to(again), 1U) << "at most once per activity";
    world.expect_converged();
    world.expect_quiet();
  }
}

TEST(Stale, ACorrectionThatDoesNotLastIsNotRepeated) {
  for (const char* scope : kScopes) {
    SCOPED_TRACE(scope);
    Renamed world(scope);
    const std::int64_t again = world.call_later("Mara Lindgren");
    // Something at CTM puts the old name back on that activity: a person's edit of a known source.
    world.edit_call(again, "name", "Mara Lindgren");
    world.settle();
    EXPECT_EQ(world.highlevel_value(world.id, "first_name"), "Mara")
        << "a change of a source against itself is an edit";
    EXPECT_EQ(world.writes_to(again), 1U);
    world.expect_converged();
    world.expect_quiet();
  }
}

TEST(Stale, ANewCallThatRepeatsOurNameIsNoNews) {
  for (const char* scope : kScopes) {
    SCOPED_TRACE(scope);
    Renamed world(scope);
    const std::int64_t again = world.call_later("Marianne Lindgren");
    EXPECT_EQ(world.writes_to(again), 0U);
    world.expect_converged();
    world.expect_quiet();
  }
}

TEST(Stale, ANewCallWithAnUnseenNameIsAnEdit) {
  for (const char* scope : kScopes) {
    SCOPED_TRACE(scope);
    Renamed world(scope);
    const std::int64_t again = world.call_later("Marianne Berg");
    EXPECT_EQ(world.highlevel_value(world.id, "last_name"), "Berg");
    EXPECT_EQ(world.writes_to(again), 0U);
    world.expect_converged();
    world.expect_quiet();
  }
}

TEST(Stale, LeftAloneWhereTheConfigurationSaysSo) {
  for (const char* scope : kScopes) {
    SCOPED_TRACE(scope);
    Renamed world(scope, false);
    const std::int64_t again = world.call_later("Mara Lindgren");
    EXPECT_EQ(world.highlevel_value(world.id, "first_name"), "Marianne");
    EXPECT_EQ(world.writes_to(again), 0U);
    world.expect_quiet();
  }
}

TEST(Stale, AHistoricCallSeenLateIsHistory) {
  Renamed world("contact_and_future");
  sim::CtmNewActivity old;
  old.number = world.number;
  old.name = "Mary L";
  old.start_ms = world.clock.now_ms() - 300 * World::kDayMs;
  world.ctm_staff.call(old);
  world.settle();
  EXPECT_EQ(world.highlevel_value(world.id, "first_name"), "Marianne");
  EXPECT_EQ(world.highlevel_value(world.id, "last_name"), "Lindgren");
  world.expect_converged();
  world.expect_quiet();
}

// A person who is a row of the list and has called, renamed at HighLevel.
struct Listed : World {
  Listed(const char* scope, const char* shared, const char* rejoin = "takes_new") {
    ctm.switches().set("modify.scope", scope);
    ctm.switches().set("contact_shared_across_lists", shared);
    ctm.switches().set("add_contact_rejoin", rejoin);
    sim::PersonCard card = mara();
    id = contact(card);
    settle();  // becomes a row
    clock.tick(kHourMs);
    call(number, "Mara Lindgren");
    settle();
    edit_contact(id, "first_name", "Marianne");
    settle();
  }
  std::string number = mara().phone, id;
};

TEST(Stale, ARowThatDoesNotFollowOurWriteIsNoEditAndIsPutRight) {
  for (const char* scope : kScopes)
    for (const char* shared : {"on", "off"}) {
      SCOPED_TRACE(std::string(scope) + ", shared " + shared);
      Listed world(scope, shared);
      EXPECT_EQ(world.highlevel_value(world.id, "first_name"), "Marianne");
      EXPECT_EQ(world.rows_of(world.number).at(0).who.name, "Marianne Lindgren");
      world.clock.tick(World::kHourMs);
      world.call(world.number, "Mara Lindgren");
      world.settle();
      EXPECT_EQ(world.highlevel_value(world.id, "first_name"), "Marianne");
      world.expect_converged();
      world.expect_quiet();
    }
}

TEST(Stale, ARowThatCannotBeChangedIsReportedAndLeft) {
  for (const char* scope : kScopes) {
    SCOPED_TRACE(scope);
    Listed world(scope, "off", "keeps_old");
    EXPECT_EQ(world.highlevel_value(world.id, "first_name"), "Marianne");
    world.expect_quiet();
  }
}

TEST(Stale, APersonWhoSetsTheOldNameBackInTheListMeansIt) {
  for (const char* scope : kScopes)
    for (const char* shared : {"on", "off"}) {
      SCOPED_TRACE(std::string(scope) + ", shared " + shared);
      Listed world(scope, shared);
      world.edit_row(world.number, "name", "Mara Lindgren");
      world.settle();
      EXPECT_EQ(world.highlevel_value(world.id, "first_name"), "Mara");
      world.expect_converged();
      world.expect_quiet();
    }
}

TEST(CallerId, NeverOverwritesAndYieldsSilently) {
  World world;
  sim::PersonCard card = mara();
  card.email = "";
  const auto id = world.contact(card);
  world.call(card.phone, "", "LINDGREN MARA S");
  world.settle();
  EXPECT_EQ(world.state_of(id), "linked");
  EXPECT_EQ(world.highlevel_value(id, "first_name"), "Mara");
  EXPECT_EQ(world.newest_call(card.phone).name, "Mara Lindgren") << "the better name replaces the carrier's";
  EXPECT_EQ(world.cell("SELECT count(*) FROM v_conflicts"), "0");
  world.expect_converged();
  world.expect_quiet();
}

TEST(CallerId, FillsABlankAndIsReplacedByARealName) {
  World world;
  const std::int64_t first = world.call(jonas().phone, "", "ABARA JONAS");
  world.settle();
  const auto id = world.contact_with_phone(jonas().phone);
  ASSERT_NE(id, "");
  EXPECT_EQ(world.highlevel_value(id, "first_name") + " " + world.highlevel_value(id, "last_name"),
            "ABARA JONAS");
  world.edit_contact(id, "first_name", "Jonas");
  world.edit_contact(id, "last_name", "Abara");
  world.settle();
  EXPECT_EQ(world.ctm.account().activity(first)->who.name, "Jonas Abara");
  world.clock.tick(World::kHourMs);
  sim::CtmNewActivity again;
  again.number = jonas().phone;
  again.name = again.cnam = "ABARA JONAS";
  world.ctm_staff.call(again);
  world.settle();
  EXPECT_EQ(world.highlevel_value(id, "first_name"), "Jonas");
  world.expect_converged();
  world.expect_quiet();
}

TEST(CallerId, IsIgnoredWhereTheConfigurationSaysSo) {
  World world;
  world.policy.caller_id_names_fill = false;
  world.call(jonas().phone, "", "ABARA JONAS");
  world.settle();
  const auto id = world.contact_with_phone(jonas().phone);
  ASSERT_NE(id, "");
  EXPECT_EQ(world.highlevel_value(id, "first_name"), "");
  world.expect_quiet();
}

TEST(CallerId, APlaceOrANumberIsNoNameInAnyOrderOfArrival) {
  for (const bool contact_first : {true, false})
    for (const char* shown : {"Joliet Il", "Joliet", "IL Joliet", "3125550143"}) {
      SCOPED_TRACE(std::string(shown) + (contact_first ? ", contact first" : ", call first"));
      World world;
      sim::PersonCard card = jonas();
      card.email = "";
      sim::CtmNewActivity made;
      made.number = card.phone;
      made.name = shown;
      made.city = "Joliet";
      made.state = "IL";
      std::string id;
      if (contact_first) id = world.contact(card);
      if (contact_first) world.settle();
      world.ctm_staff.call(made);
      if (!contact_first) id = world.contact(card);
      world.settle();
      EXPECT_EQ(world.state_of(id), "linked");
      EXPECT_EQ(world.highlevel_value(id, "first_name"), "Jonas");
      world.expect_converged();
      world.expect_quiet();
    }
}
}  // namespace
}  // namespace tandem
