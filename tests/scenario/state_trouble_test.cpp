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
