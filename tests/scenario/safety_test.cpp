// What stops tandem: somebody who answers every write, a refusal, a state from the past, too much at once.
#include <filesystem>

#include "tests/scenario/agreed.h"

namespace tandem {
namespace {

// A workflow in HighLevel that puts a city of its own back whenever it is changed, and one in CTM.
void workflows_answer(Agreed& world, int rounds) {
  for (int i = 0; i < rounds; ++i) {
    world.clock.tick(World::kPastEveryLagMs);
    world.cycle();
    if (world.highlevel_value(world.id, "city") == "Geneva") world.edit_contact(world.id, "city", "Aurora");
    world.clock.tick(World::kPastEveryLagMs);
    world.cycle();
    if (world.newest_call(world.number).city == "Aurora") world.edit_call(world.activity, "city", "Geneva");
  }
}

TEST(Oscillation, IsHeldAfterABoundedNumberOfRounds) {
  Agreed world;
  world.edit_call(world.activity, "city", "Geneva");
  workflows_answer(world, 12);
  EXPECT_EQ(world.cell("SELECT policy FROM v_conflicts WHERE field = 'city' AND is_open = 1"), "oscillation");
  const std::size_t writes = world.api_writes();
  workflows_answer(world, 6);
  EXPECT_EQ(world.api_writes(), writes) << "nothing is sent any more";
  EXPECT_LE(std::stoi(world.cell("SELECT count(*) FROM v_history WHERE field = 'city'")), 7);
  // A person ends it, and the field moves again.
  world.decide(world.id, "city", Resolution::Take::value, "Batavia");
  world.settle();
  EXPECT_EQ(world.highlevel_value(world.id, "city"), "Batavia");
  EXPECT_EQ(world.newest_call(world.number).city, "Batavia");
  world.edit_contact(world.id, "city", "Elgin");
  world.settle();
  EXPECT_EQ(world.newest_call(world.number).city, "Elgin");
  world.expect_converged();
  world.expect_quiet();
}

TEST(Oscillation, IsNotWhatTwoPeopleDoOverADay) {
  Agreed world;
  for (int i = 0; i < 8; ++i) {
    world.edit_call(world.activity, "city", "Geneva " + std::to_string(i));
    world.clock.tick(3 * World::kHourMs);
    world.settle();
    world.edit_contact(world.id, "city", "Aurora " + std::to_string(i));
    world.clock.tick(3 * World::kHourMs);
    world.settle();
  }
  EXPECT_EQ(world.newest_call(world.number).city, "Aurora 7");
  world.expect_converged();
}

TEST(Oscillation, OfTagsIsHeldToo) {
  Agreed world;
  world.tag_contact(world.id, "hot");
  for (int i = 0; i < 10; ++i) {
    world.settle();
    if (!world.tags_of(world.number).empty()) world.ctm_staff.untag(world.activity, "hot");
    world.settle();
    if (world.at_highlevel(world.id).tags.empty()) world.tag_contact(world.id, "hot");
  }
  EXPECT_EQ(world.cell("SELECT count(*) FROM v_parked WHERE field = 'tags' AND reason LIKE 'oscillation%'"),
            "1");
}

TEST(Quarantine, TriesAgainAfterGrowingDelaysAndAtOnceWhenAValueChanges) {
  Agreed world;
  sim::Fault refused;
  refused.kind = sim::FaultKind::quoting;
  refused.param = 422;
  refused.method = "PUT";
  refused.times = 1000;
  world.wire(Side::highlevel).faults.add(refused);
  world.edit_call(world.activity, "city", "Geneva");
  const auto left = [&] { return world.wire(Side::highlevel).faults.waiting().front().times; };
  const auto tries_within = [&](std::int64_t ms) {
    const int before = left();
    for (std::int64_t t = 0; t < ms; t += 10 * World::kMinuteMs) {
      world.clock.tick(10 * World::kMinuteMs);
      world.cycle();
    }
    return before - left();
  };
  world.clock.tick(World::kPastEveryLagMs);
  world.cycle();
  ASSERT_EQ(world.cell("SELECT attempts FROM v_parked"), "1");
  EXPECT_EQ(tries_within(40 * World::kMinuteMs), 0);
  EXPECT_EQ(tries_within(30 * World::kMinuteMs), 1) << "after an hour";
  EXPECT_EQ(tries_within(3 * World::kHourMs), 0);
  EXPECT_EQ(tries_within(80 * World::kMinuteMs), 1) << "after four more";
  EXPECT_EQ(world.cell("SELECT attempts FROM v_parked"), "3");
  world.edit_call(world.activity, "city", "Elgin");
  EXPECT_EQ(tries_within(20 * World::kMinuteMs), 1) << "another value is another try";
  world.wire(Side::highlevel).faults.clear();
  EXPECT_EQ(world.highlevel_value(world.id, "city"), "Aurora");
  world.clock.tick(2 * World::kHourMs);
  world.settle();
  EXPECT_EQ(world.highlevel_value(world.id, "city"), "Elgin");
  EXPECT_EQ(world.cell("SELECT parked FROM v_status"), "0");
  world.expect_converged();
  world.expect_quiet();
}

TEST(FieldBrake, HoldsOverwritesOfOneFieldWhileOthersGoOn) {
  World world;
  world.policy.brake_updates = {100, 0};
  world.policy.brake_field = {100, 3};
  std::vector<std::string> ids;
  for (int i = 0; i < 8; ++i) {
    sim::PersonCard card;
    card.first_name = "Person";
    card.last_name = std::string("Letter") + static_cast<char>('A' + i);
    card.phone = "+1630555012" + std::to_string(i);
    card.city = "Aurora";
    card.address1 = "1 Road";
    ids.push_back(world.contact(card));
  }
  world.settle();
  for (int i = 0; i < 5; ++i) world.edit_contact(ids[static_cast<std::size_t>(i)], "city", "Geneva");
  world.edit_contact(ids[6], "address1", "2 Road");
  world.settle();
  EXPECT_EQ(world.cell("SELECT count FROM v_pending WHERE class = 'update'"), "5");
  EXPECT_NE(world.cell("SELECT reason FROM v_pending").find("of the field city"), std::string::npos);
  EXPECT_EQ(world.rows_of("+16305550126")[0].who.street, "2 Road");
  world.edit_contact(ids[0], "city", "Aurora");
  world.edit_contact(ids[1], "city", "Aurora");
  world.settle();
  EXPECT_EQ(world.cell("SELECT count(*) FROM v_pending"), "0") << "three are no mass edit: the brake lets go";
  EXPECT_EQ(world.rows_of("+16305550124")[0].who.city, "Geneva");
  world.expect_converged({"country"});
  world.expect_quiet();
}

void put_back(World& world, const std::string& copy) {
  world.store.reset();
  std::filesystem::copy_file(copy, world.state_file(), std::filesystem::copy_options::overwrite_existing);
  for (const char* more : {"-wal", "-shm"}) std::filesystem::remove(world.state_file() + more);
  world.reopen();
}

TEST(RestoredState, IsNoticedAndOverwritesNothingThatDiffers) {
  Agreed world;
  const std::string copy = world.state_file() + ".backup";
  world.store->backup(copy);
  world.edit_contact(world.id, "city", "Geneva");
  world.edit_call(world.activity, "street", "7 Mill Road");
  world.settle();
  world.edit_contact(world.id, "city", "Elgin");  // pending when the state is put back
  put_back(world, copy);
  const std::size_t writes = world.api_writes();
  world.settle();
  EXPECT_EQ(world.api_writes(), writes) << "0 deletes, 0 overwrites of values that differ (P23, P24)";
  EXPECT_EQ(world.cell("SELECT field FROM v_conflicts WHERE is_open = 1"), "city");
  EXPECT_TRUE(std::any_of(world.said.begin(), world.said.end(), [](const std::string& line) {
    return line.find("restored from a backup") != std::string::npos;
  }));
  world.decide(world.id, "city", Resolution::Take::highlevel);
  world.settle();
  EXPECT_EQ(world.newest_call(world.number).city, "Elgin");
  world.expect_converged();
  EXPECT_EQ(world.settle(), 0);
}

// By the old base only HighLevel would have edited, and its value would go over the newer one at CTM.
TEST(RestoredState, HoldsAnEditBackToWhatTheBackupKnew) {
  Agreed world;
  const std::string copy = world.state_file() + ".backup";
  world.store->backup(copy);
  world.edit_contact(world.id, "city", "Geneva");
  world.settle();
  world.edit_call(world.activity, "city", "Aurora");
  put_back(world, copy);
  world.settle();
  EXPECT_EQ(world.newest_call(world.number).city, "Aurora");
  EXPECT_EQ(world.highlevel_value(world.id, "city"), "Geneva");
  EXPECT_EQ(world.cell("SELECT field FROM v_conflicts WHERE is_open = 1"), "city");
}

TEST(RestoredState, IsNotWhatARestartLooksLike) {
  Agreed world;
  for (int i = 0; i < 3; ++i) {
    world.edit_contact(world.id, "city", "Geneva " + std::to_string(i));
    world.settle();
    world.reopen();
  }
  world.settle();
  EXPECT_TRUE(std::none_of(world.said.begin(), world.said.end(), [](const std::string& line) {
    return line.find("restored from a backup") != std::string::npos;
  }));
}

TEST(Retention, DropsWhatIsOlderThanItIsKept) {
  Agreed world;
  world.policy.keep_history_ms = 30 * World::kDayMs;
  for (int i = 0; i < 20; ++i) {
    world.edit_contact(world.id, "city", "Geneva " + std::to_string(i));
    world.clock.tick(5 * World::kDayMs);
    world.settle();
  }
  EXPECT_LE(std::stoi(world.cell("SELECT count(*) FROM v_history")), 8);
  EXPECT_LE(std::stoi(world.cell("SELECT count(*) FROM v_runs")), 40);
  EXPECT_EQ(world.cell("SELECT count(*) FROM v_history WHERE new_value = 'Geneva 19'"), "1");
  world.expect_converged();
}

TEST(Resync, RereadsWhatLooksAsBeforeAndFindsNothing) {
  Agreed world;
  const std::size_t writes = world.api_writes();
  world.clock.tick(World::kHourMs);
  const auto report = world.resync();
  EXPECT_EQ(report.changed.ctm + report.changed.highlevel, 0);
  EXPECT_EQ(world.api_writes(), writes);
  world.expect_quiet();
}

TEST(Resync, FindsWhatTheStateRemembersWrongly) {
  Agreed world;
  PairState pair = *world.store->pair(world.pair_of(world.id));
  pair.fields["city"].seen.highlevel = FieldValue::of("Nowhere");  // an old defect, or a damaged file
  world.store->transact([&] { world.store->put_pair(pair); });
  world.clock.tick(World::kHourMs);
  world.cycle(ReadKind::full);
  EXPECT_EQ(world.store->pair(pair.id)->fields["city"].seen.highlevel.text(), "Nowhere");
  world.resync();
  EXPECT_EQ(world.store->pair(pair.id)->fields["city"].seen.highlevel.text(), "Aurora");
}
}  // namespace
}  // namespace tandem
