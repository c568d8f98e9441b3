// Sides that cannot be read, listings that lie, another instance, and what waits for a person.
#include <SQLiteCpp/SQLiteCpp.h>

#include "tests/scenario/world.h"

namespace tandem {
namespace {
sim::Fault fault(sim::FaultKind kind, const std::string& path, int times = 1, std::int64_t param = 0) {
  sim::Fault out;
  out.kind = kind;
  out.path_has = path;
  out.times = times;
  out.param = param;
  return out;
}

void fill(World& world, int people) {
  for (int i = 0; i < people; ++i) {
    sim::PersonCard card;
    card.first_name = "Person";
    card.last_name = "Number" + std::to_string(i);
    card.phone = "+1312555" + std::to_string(2100 + i);
    world.contact(card);
  }
  world.settle();
  ASSERT_EQ(world.cell("SELECT count(*) FROM v_pairs WHERE state = 'linked'"), std::to_string(people));
}

TEST(Absence, OfEverybodyConcludesNothing) {  // P12
  for (const int people : {3, 40})
    for (const Side side : kSides)
      for (const std::int64_t total_too : {0, 1}) {
        SCOPED_TRACE(std::string(to_text(side)) + ", " + std::to_string(people) +
                     (total_too ? " people, the total is 0 as well" : " people"));
        World world;
        fill(world, people);
        const std::size_t writes = world.api_writes();
        world.wire(side).faults.add(fault(
            sim::FaultKind::empty_list, side == Side::ctm ? "/contacts" : "/contacts/search", -1, total_too));
        for (int round = 0; round < 4; ++round) {
          world.clock.tick(World::kHourMs);
          world.cycle(ReadKind::full);
        }
        EXPECT_EQ(world.cell("SELECT count(*) FROM v_pairs WHERE state = 'linked'"), std::to_string(people));
        EXPECT_EQ(world.api_writes(), writes);
        world.wire(side).faults.clear();
        world.settle();
        world.expect_converged();
        world.expect_quiet();
      }
}

TEST(Absence, OfHalfTheListConcludesNothing) {
  for (const auto kind : {sim::FaultKind::skip_page, sim::FaultKind::repeat_page}) {
    World world;
    fill(world, 40);
    for (int round = 0; round < 4; ++round) {
      world.wire(Side::ctm).faults.clear();
      auto shifted = fault(kind, "/contacts");
      shifted.skip = 1;
      world.wire(Side::ctm).faults.add(shifted);
      world.clock.tick(World::kHourMs);
      world.cycle(ReadKind::full);
    }
    EXPECT_EQ(world.cell("SELECT count(*) FROM v_pairs WHERE state = 'linked'"), "40");
    world.wire(Side::ctm).faults.clear();
    world.settle();
    world.expect_converged();
    world.expect_quiet();
  }
}

TEST(Absence, OfOneContactIsProvedTwiceBeforeItCounts) {
  World world;
  const auto id = world.contact(mara());
  world.call(mara().phone, "Mara Lindgren", "", mara().email);
  world.contact(odile());
  world.settle();
  world.highlevel.erase(id, sim::highlevel::Actor::staff);
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(world.state_of(id), "linked");
    world.clock.tick(World::kPastEveryLagMs + World::kMinuteMs);
    world.cycle(ReadKind::full);
  }
  world.clock.tick(World::kHourMs);
  world.settle();
  EXPECT_EQ(world.state_of(id), "tombstone");
  EXPECT_EQ(world.highlevel.contact_count(), 1U) << "no older call resurrects it (P15)";
  world.expect_quiet();
  world.highlevel.restore(id);
  world.settle();
  EXPECT_EQ(world.state_of(id), "linked") << "a restored contact is the same one";
  world.expect_converged();
  world.expect_quiet();
}

TEST(Absence, OfADeletedContactIsNotUndoneByANewCall) {
  World world;
  const auto id = world.contact(mara());
  world.contact(odile());  // a listing that lost everybody is not believed
  world.call(mara().phone, "Mara Lindgren", "", mara().email);
  world.settle();
  world.highlevel.erase(id, sim::highlevel::Actor::staff);
  for (int i = 0; i < 3; ++i) {
    world.settle();
    world.clock.tick(World::kHourMs);
  }
  ASSERT_EQ(world.state_of(id), "tombstone");
  world.call(mara().phone, "Mara Lindgren", "", mara().email);
  world.settle();
  EXPECT_EQ(world.highlevel.contact_count(), 1U) << "after_delete = ask";
  world.expect_quiet();
}

TEST(Sides, OneUnauthorisedTheOtherIsObserved) {
  for (const Side side : kSides) {
    SCOPED_TRACE(to_text(side));
    World world;
    const auto id = world.contact(mara());
    const std::int64_t activity = world.call(mara().phone, "Mara Lindgren", "", mara().email);
    world.settle();
    world.wire(side).revoked = true;
    world.edit_contact(id, "city", "Geneva");
    world.edit_call(activity, "street", "7 Mill Road");
    world.clock.tick(World::kPastEveryLagMs);
    const auto report = world.cycle();
    EXPECT_EQ(report.outcome, Outcome::unauthorised);
    EXPECT_EQ(report.read[side], 0);
    EXPECT_GT(report.read[other(side)], 0);
    const char* seen = side == Side::ctm ? "SELECT seen_highlevel FROM v_fields WHERE field = 'city'"
                                         : "SELECT seen_ctm FROM v_fields WHERE field = 'address1'";
    EXPECT_EQ(world.cell(seen), side == Side::ctm ? "Geneva" : "7 Mill Road");
    world.wire(side).revoked = false;
    world.settle();
    world.expect_converged();
    world.expect_quiet();
  }
}

TEST(Sides, OneThatCannotBeReachedAtFirstCreatesNobodyOnTheOther) {
  for (const Side side : kSides) {
    SCOPED_TRACE(to_text(side));
    World world;
    world.contact(mara());
    world.call(mara().phone, "Mara Lindgren", "", mara().email);
    world.wire(side).answers_lost = true;
    for (int round = 0; round < 3; ++round) {
      world.clock.tick(World::kPastEveryLagMs);
      EXPECT_EQ(world.cycle().outcome, Outcome::unreachable);
    }
    EXPECT_EQ(world.api_writes(), 0U);
    world.wire(side).answers_lost = false;
    world.settle();
    EXPECT_EQ(world.highlevel.contact_count(), 1U);
    world.expect_converged();
    world.expect_quiet();
  }
}

TEST(Sides, AMalformedPageLeavesTheCursor) {
  for (const Side side : kSides) {
    SCOPED_TRACE(to_text(side));
    World world;
    const auto id = world.contact(mara());
    const std::int64_t activity = world.call(mara().phone, "Mara Lindgren", "", mara().email);
    world.settle();
    const std::string key = "cursor." + std::string(to_text(side));
    const auto cursor = world.store->meta(key);
    ASSERT_TRUE(cursor.has_value());
    world.clock.tick(World::kHourMs);
    if (side == Side::ctm)
      world.edit_call(world.call(mara().phone), "city", "Geneva");
    else
      world.edit_contact(id, "city", "Geneva");
    (void)activity;
    world.clock.tick(World::kPastEveryLagMs);
    world.wire(side).faults.add(
        fault(sim::FaultKind::wrong_json, side == Side::ctm ? "/calls" : "/contacts/search"));
    EXPECT_EQ(world.cycle().outcome, Outcome::unreachable);
    EXPECT_EQ(world.store->meta(key), cursor);
    world.settle();
    EXPECT_NE(world.store->meta(key), cursor);
    EXPECT_EQ(world.highlevel_value(id, "city"), "Geneva");
    world.expect_converged();
    world.expect_quiet();
  }
}

TEST(Sides, AConfigurationThatTheRemoteContradictsIsSaid) {
  World world;
  world.contact(mara());
  world.settle();
  world.ctm_staff.rename_list(world.ctm.sync_list(), "Somebody else's");
  world.clock.tick(World::kPastEveryLagMs);
  EXPECT_EQ(world.cycle().outcome, Outcome::misconfigured);
}

// P10: one field that a remote will not have never keeps the others back, named or not.
TEST(Refusals, ThatNameNoFieldAreSoughtFieldByField) {
  for (const Side side : kSides) {
    SCOPED_TRACE(to_text(side));
    World world;
    const auto id = world.contact(mara());
    const std::int64_t activity = world.call(mara().phone, "Mara Lindgren", "", mara().email);
    world.settle();
    const char* values[][3] = {
        {"city", "city", "Geneva"}, {"postal_code", "postal_code", "60134"}, {"state", "state", "WI"}};
    for (const auto& [canonical, native, value] : values) {
      if (side == Side::ctm)
        world.edit_contact(id, canonical, value);
      else
        world.edit_call(activity, native, value);
    }
    sim::Fault no;
    no.kind = sim::FaultKind::json_5xx;
    no.param = 422;
    no.method = side == Side::ctm ? "POST" : "PUT";
    world.wire(side).faults.add(no);  // all three; the city alone is taken
    no.skip = 1;
    no.times = 2;  // the other two; the first of them alone
    world.wire(side).faults.add(no);
    world.settle(12);
    EXPECT_EQ(world.rows("SELECT field FROM v_parked"),
              (std::vector<std::vector<std::string>>{{"postal_code"}}));
    world.expect_converged({"postal_code"});
    world.expect_quiet();
    // Nothing but refusals: each is parked by its own name.
    no.skip = 0;
    no.times = -1;
    world.wire(side).faults.add(no);
    for (const auto& [canonical, native, value] : values) {
      const std::string more = std::string(value) == "60134" ? "60135" : std::string(value) + "ton";
      if (side == Side::ctm)
        world.edit_contact(id, canonical, more);
      else
        world.edit_call(activity, native, more);
    }
    world.settle(12);
    EXPECT_EQ(world.rows("SELECT field FROM v_parked ORDER BY 1"),
              (std::vector<std::vector<std::string>>{{"city"}, {"postal_code"}, {"state"}}));
    world.expect_quiet();
  }
}

TEST(Cycles, TheFirstIsAFullOneWhateverWasAskedFor) {
  World world;
  world.contact(mara());
  world.cycle(ReadKind::delta);
  world.clock.tick(World::kPastEveryLagMs);
  world.cycle(ReadKind::delta);
  EXPECT_EQ(world.rows("SELECT kind FROM v_runs ORDER BY run_id"),
            (std::vector<std::vector<std::string>>{{"full"}, {"delta"}}));
}

TEST(Instances, ASecondOneDoesNotStart) {  // P25
  World world;
  std::optional<StoreError::Kind> kind;
  try {
    (void)SqliteStore::open(world.state_file(), World::link(), "second", world.clock);
  } catch (const StoreError& error) {
    kind = error.kind;
  }
  EXPECT_EQ(kind, StoreError::Kind::busy);
}

TEST(Instances, APausedOneThatWasReplacedIsFencedBeforeItWrites) {
  World world;
  world.contact(mara());
  world.settle();
  world.edit_contact(world.contact_with_phone(mara().phone), "city", "Geneva");
  world.clock.tick(World::kPastEveryLagMs);
  bool replaced = false;
  const auto step = world.wire(Side::ctm).before;
  world.wire(Side::ctm).before = [&](const std::string& method, const std::string& path) {
    step(method, path);
    if (replaced || method != "GET" || path.find("/contacts") == std::string::npos) return;
    replaced = true;  // while we slept another instance took the lease
    SQLite::Database other(world.state_file(), SQLite::OPEN_READWRITE);
    other.exec("UPDATE lease SET instance = 'second', generation = generation + 1");
  };
  const std::size_t writes = world.api_writes();
  try {
    world.cycle();
    ADD_FAILURE() << "the old instance went on";
  } catch (const StoreError& error) {
    EXPECT_EQ(error.kind, StoreError::Kind::fenced);
  }
  EXPECT_TRUE(replaced);
  EXPECT_EQ(world.api_writes(), writes);
  world.reopen();
  world.settle();
  world.expect_converged();
  world.expect_quiet();
}

TEST(FirstRun, WritesNothingUntilItsDigestIsApproved) {
  World world;
  world.policy.first_run_ask = true;
  world.contact(mara());
  world.contact(odile());
  world.call(mara().phone, "Mara Lindgren", "", "m.lindgren@example.com");
  world.call(jonas().phone, "Jonas Abara");
  world.settle();
  EXPECT_EQ(world.api_writes(), 0U);
  EXPECT_EQ(world.last.outcome, Outcome::needs_person);
  const auto groups = world.store->pending_groups();
  ASSERT_EQ(groups.size(), 1U);
  EXPECT_EQ(groups[0].cls, HoldClass::first_run);
  world.call("+13125550166", "Late Caller");  // later members wait in a new group
  world.store->transact([&] {
    EXPECT_TRUE(world.store->decide(groups[0].digest, Decision::approved, world.clock.now_ms()));
    EXPECT_FALSE(world.store->decide("0123456789ab", Decision::approved, world.clock.now_ms()));
  });
  world.cycle();
  EXPECT_GT(world.api_writes(), 0U);
  EXPECT_NE(world.contact_with_phone(jonas().phone), "");
  EXPECT_EQ(world.contact_with_phone("+13125550166"), "") << "nobody approved that one";
  world.settle();  // one approval ends the first run: what came later is the brakes' business
  EXPECT_NE(world.contact_with_phone("+13125550166"), "");
  EXPECT_TRUE(world.store->pending_groups().empty());
  world.expect_converged({"email"});
  world.expect_quiet();
}

TEST(Brake, HoldsAllOfAClassAndEverythingElseGoesOn) {  // P13
  World world;
  fill(world, 30);
  const auto contacts = world.highlevel.contacts();
  for (const auto& contact : contacts) world.edit_contact(contact->id, "first_name", "Renamed");
  world.call(jonas().phone, "Jonas Abara");
  const std::size_t writes = world.api_writes();
  world.settle();
  EXPECT_NE(world.contact_with_phone(jonas().phone), "") << "creates are another class";
  auto groups = world.store->pending_groups();
  ASSERT_EQ(groups.size(), 1U);
  EXPECT_EQ(groups[0].cls, HoldClass::update);
  EXPECT_EQ(groups[0].count, 30);
  EXPECT_LE(world.api_writes() - writes, 10U) << "the creates, no overwrite";
  EXPECT_EQ(world.rows_of(contacts.front()->at(sim::highlevel::Field::phone)).at(0).who.first_name, "Person");
  world.edit_contact(contacts.front()->id, "first_name",
                     "Another");  // changes one member: the digest is void
  world.settle();
  world.store->transact([&] {
    EXPECT_FALSE(world.store->decide(groups[0].digest, Decision::approved, world.clock.now_ms()));
    groups = world.store->pending_groups();
    ASSERT_EQ(groups.size(), 1U);
    EXPECT_TRUE(world.store->decide(groups[0].digest, Decision::approved, world.clock.now_ms()));
  });
  world.settle();
  EXPECT_TRUE(world.store->pending_groups().empty());
  world.expect_converged();
  world.expect_quiet();
}

TEST(Brake, ARejectedWriteIsNotProposedAgainUntilAValueChanges) {
  World world;
  world.policy.brake_updates = {100, 1};
  fill(world, 3);
  const auto contacts = world.highlevel.contacts();
  for (const auto& contact : contacts) world.edit_contact(contact->id, "first_name", "Renamed");
  world.settle();
  const auto groups = world.store->pending_groups();
  ASSERT_EQ(groups.size(), 1U);
  world.store->transact(
      [&] { EXPECT_TRUE(world.store->decide(groups[0].digest, Decision::rejected, world.clock.now_ms())); });
  const std::size_t writes = world.api_writes();
  world.settle();
  EXPECT_TRUE(world.store->pending_groups().empty());
  EXPECT_EQ(world.api_writes(), writes);
  world.expect_quiet();
  world.edit_contact(contacts.front()->id, "first_name", "Another");
  world.settle();
  EXPECT_EQ(world.rows_of(contacts.front()->at(sim::highlevel::Field::phone)).at(0).who.first_name,
            "Another");
  world.expect_quiet();
}

TEST(Brake, WhatItHoldsStaysWhileASideIsAway) {
  World world;
  world.policy.brake_updates = {100, 1};
  fill(world, 3);
  for (const auto& contact : world.highlevel.contacts())
    world.edit_contact(contact->id, "first_name", "Renamed");
  world.settle();
  const auto before = world.rows("SELECT digest, count, since FROM v_pending");
  ASSERT_EQ(before.size(), 1U);
  world.wire(Side::ctm).revoked = true;
  world.clock.tick(World::kPastEveryLagMs);
  world.cycle();
  EXPECT_EQ(world.rows("SELECT digest, count, since FROM v_pending"), before);
  world.wire(Side::ctm).revoked = false;
  world.settle();
  EXPECT_EQ(world.rows("SELECT digest, count, since FROM v_pending"), before);
}

TEST(DryRun, WritesNothingAndEqualsTheNextRealPlan) {  // P29
  World world;
  const auto id = world.contact(mara());
  const std::int64_t activity = world.call(mara().phone, "Mara Lindgren", "", mara().email);
  world.contact(odile());
  world.settle();
  world.edit_contact(id, "city", "Geneva");
  world.edit_call(activity, "street", "7 Mill Road");
  world.tag_contact(id, "vip");
  world.call(jonas().phone, "Jonas Abara");
  world.clock.tick(World::kPastEveryLagMs);
  const auto dump = [&] {
    std::vector<std::vector<std::string>> all;
    for (const char* view : {"v_pairs", "v_fields", "v_conflicts", "v_pending", "v_parked", "v_history",
                             "v_identities", "v_runs"})
      for (auto& row : world.rows("SELECT * FROM " + std::string(view))) all.push_back(std::move(row));
    for (auto& row : world.rows("SELECT * FROM meta")) all.push_back(std::move(row));
    return all;
  };
  const auto before = dump();
  const std::size_t writes = world.api_writes();
  const CycleReport first = world.plan(), second = world.plan();
  EXPECT_EQ(world.api_writes(), writes);
  EXPECT_EQ(dump(), before) << "no row of the state changed";
  const auto key = [](const PlanItem& item) {
    return item.key + "/" + item.field + "/" + item.new_value.text() + "/" + item.reason;
  };
  const auto keys = [&](const CycleReport& report) {
    std::vector<std::string> out;
    for (const auto& item : report.plan) out.push_back(key(item));
    return out;
  };
  EXPECT_EQ(keys(first), keys(second)) << "the same input, the same plan";
  ASSERT_GE(first.plan.size(), 4U);
  for (const auto& item : first.plan) {
    EXPECT_FALSE(item.reason.empty()) << item.field;
    EXPECT_EQ(item.held, "");
  }
  world.cycle();
  std::set<std::string> planned, done;
  for (const auto& item : first.plan)
    if (!item.field.empty())
      planned.insert(std::string(to_text(item.side)) + "/" + std::to_string(item.pair.row) + "/" +
                     item.field + "/" + item.new_value.text());
  for (const auto& row :
       world.rows("SELECT side, pair_id, field, new_value FROM v_history WHERE run_id = ? AND field <> ''",
                  {std::to_string(world.last.run)}))
    done.insert(row[0] + "/" + row[1] + "/" + row[2] + "/" + row[3]);
  EXPECT_EQ(planned, done) << "what was planned is what was done";
  world.settle();
  world.expect_converged();
  world.expect_quiet();
}
}  // namespace
}  // namespace tandem
