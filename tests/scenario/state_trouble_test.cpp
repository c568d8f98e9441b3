// The state's own failures in the middle of a cycle: it ends there, nothing is half written, and the next
// one that has room goes on to the same end.
#include "storage/sqlite/connection.h"
#include "tests/scenario/agreed.h"

namespace tandem {
namespace {
// Opens the state anew with so many pages more than it has.
void allow(World& world, std::int64_t more) {
  world.store.reset();
  const std::int64_t pages =
      Connection(world.state_file(), Connection::Access::read, {}).number("page_count");
  world.reopen();
  world.store.reset();
  StoreLimits limits;
  limits.max_pages = pages + more;
  world.store = SqliteStore::open(world.state_file(), World::link(), "test", world.clock, limits);
}

TEST(StateTrouble, AFullDiskEndsTheCycleAndTheNextOneWithRoomConverges) {
  int failed = 0;
  for (std::int64_t more = 0; more < 12; ++more) {
    SCOPED_TRACE(more);
    Agreed world;
    for (int i = 0; i < 30; ++i) {
      sim::PersonCard card = jonas();
      card.last_name = "Abara " + std::string(1, static_cast<char>('A' + i % 26)) + (i < 26 ? "a" : "b");
      card.email = "jonas" + std::to_string(i) + "@example.com";
      card.phone = "+131255501" + std::to_string(50 + i);
      world.call(card.phone, card.first_name + " " + card.last_name, "", card.email);
    }
    world.edit_contact(world.id, "city", "Geneva");
    world.clock.tick(World::kPastEveryLagMs);
    allow(world, more);
    try {
      world.cycle(ReadKind::full);
    } catch (const StoreError& error) {
      EXPECT_EQ(error.kind, StoreError::Kind::disk_full) << error.what();
      ++failed;
    }
    world.reopen();  // with room
    EXPECT_EQ(world.cell("PRAGMA integrity_check"), "ok");
    world.settle(8);
    EXPECT_EQ(world.newest_call(world.number).city, "Geneva");
    EXPECT_EQ(world.cell("SELECT count(*) FROM v_pairs WHERE state = 'linked'"), "31");
    world.expect_converged({"country"});
    world.expect_quiet();
  }
  EXPECT_GT(failed, 3) << "it was full in some of them";
}

// The state turns read-only at a step (before or after a request, from 1), as on a file system that was
// mounted anew after an error. False: the cycle ended before it came to that step.
bool read_only_from(World& world, int step) {
  int steps = 0;
  for (const Side side : kSides) {
    sim::SimWire& wire = world.wire(side);
    wire.before = wire.after = [&](const std::string&, const std::string&) {
      if (++steps == step) static_cast<void>(world.store->rows("PRAGMA query_only = ON"));
    };
  }
  try {
    world.cycle(ReadKind::full);
  } catch (const StoreError& error) {
    EXPECT_EQ(error.kind, StoreError::Kind::read_only) << error.what();
    EXPECT_NE(std::string(error.what()).find("make it writable"), std::string::npos) << error.what();
  }
  return steps >= step;
}

TEST(StateTrouble, AStateThatTurnsReadOnlyAtAnyStepEndsTheCycleAndLosesNothing) {
  int step = 1;
  for (bool came_to_it = true; came_to_it; ++step) {
    SCOPED_TRACE(step);
    Agreed world;
    world.edit_contact(world.id, "city", "Geneva");
    world.edit_call(world.activity, "street", "7 Mill Road");
    world.tag_contact(world.id, "hot");
    world.call(jonas().phone, "Jonas Abara", "", jonas().email);
    world.clock.tick(World::kPastEveryLagMs);
    came_to_it = read_only_from(world, step);
    if (came_to_it) {
      const std::size_t writes = world.api_writes();
      world.clock.tick(World::kMinuteMs);
      EXPECT_THROW(world.cycle(), StoreError) << "the next one meets the same";
      EXPECT_EQ(world.api_writes(), writes) << "and sends nothing that it could not remember";
    }
    world.reopen();  // writable
    EXPECT_EQ(world.cell("PRAGMA integrity_check"), "ok");
    world.settle(8);
    EXPECT_EQ(world.newest_call(world.number).city, "Geneva");
    EXPECT_EQ(world.highlevel_value(world.id, "address1"), "7 Mill Road");
    EXPECT_EQ(world.tags_of(world.number), std::vector<std::string>{"hot"});
    EXPECT_EQ(world.cell("SELECT count(*) FROM v_pairs WHERE state = 'linked'"), "2");
    world.expect_converged({"country"});
    world.expect_quiet();
  }
  EXPECT_GT(step, 15) << "writes of both sides lie between the first step and the last";
}

TEST(StateTrouble, WhatCannotBeEnlistedIsNotSent) {
  Agreed world;
  world.edit_contact(world.id, "city", "Geneva");
  world.clock.tick(World::kPastEveryLagMs);
  const std::size_t writes = world.api_writes();
  {
    Connection other(world.state_file(), Connection::Access::write, {});
    other.exec("CREATE TRIGGER held BEFORE INSERT ON intent BEGIN SELECT RAISE(ABORT, 'no'); END");
  }
  EXPECT_THROW(world.cycle(), StoreError);
  EXPECT_EQ(world.api_writes(), writes) << "what cannot be enlisted is not sent";
  EXPECT_EQ(world.cell("SELECT count(*) FROM intent"), "0");
  Connection(world.state_file(), Connection::Access::write, {}).exec("DROP TRIGGER held");
  world.reopen();
  world.settle();
  EXPECT_EQ(world.newest_call(world.number).city, "Geneva");
  world.expect_converged();
  world.expect_quiet();
}
}  // namespace
}  // namespace tandem
