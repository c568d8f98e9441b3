// A state that was put back from a backup is noticed, and nothing else is taken for one (P24).
#include "storage/sqlite/high_water.h"
#include <gtest/gtest.h>
#include <fstream>
#include "tests/storage/state_folder.h"

namespace tandem {
namespace {
namespace fs = std::filesystem;

std::string mark_of(const StateFolder& f) { return f.folder() + "/acme.mark"; }

void a_run_that_writes(SqliteStore& store, int n) {
  RunRow run;
  store.transact([&] {
    run.id = store.begin_run("delta", n);
    store.set_meta("cursor", std::to_string(n));
  });
  store.transact([&] { store.end_run(run); });
}

bool restored(SqliteStore& store) { return store.meta(kRestored) == "yes"; }

// The file as a person saves it and puts it back: without its log.
void put_back(const StateFolder& f, const std::string& copy) {
  fs::copy_file(copy, f.file(), fs::copy_options::overwrite_existing);
  for (const char* end : {"-wal", "-shm"}) fs::remove(f.file() + end);
}

TEST(HighWater, ComesBackAsWrittenAndGoesByGenerationThenRun) {
  StateFolder f;
  const std::string file = f.folder() + "/a.mark";
  EXPECT_EQ(read_high_water(file), std::nullopt);
  write_high_water(file, {3, 77});
  EXPECT_EQ(read_high_water(file), (HighWater{3, 77}));
  write_high_water(file, {12, 5});
  EXPECT_EQ(read_high_water(file), (HighWater{12, 5}));
  EXPECT_FALSE(fs::exists(file + ".new"));
  EXPECT_LT((HighWater{3, 77}), (HighWater{12, 5}));
  EXPECT_LT((HighWater{3, 7}), (HighWater{3, 8}));
  for (const char* damaged : {"", "x", "7", "seven 8"}) {
    std::ofstream(file) << damaged;
    EXPECT_EQ(read_high_water(file), std::nullopt) << damaged;
  }
  write_high_water(f.folder() + "/no/such/folder.mark", {1, 1});  // is no error
}

TEST(HighWater, FollowsTheStateAtOpeningAndWithTheRunsThatWrite) {
  StateFolder f;
  auto store = f.open();
  EXPECT_EQ(read_high_water(mark_of(f)), (HighWater{1, 0}));
  a_run_that_writes(*store, 1);
  EXPECT_EQ(read_high_water(mark_of(f)), (HighWater{1, 1}));
  EXPECT_THROW(store->transact([&] {
    store->begin_run("delta", 2);
    store->set_meta("cursor", "2");
    throw std::runtime_error("stop");
  }),
               std::runtime_error);
  EXPECT_EQ(read_high_water(mark_of(f)), (HighWater{1, 1})) << "never ahead of what is durable";
  store.reset();
  store = f.open();
  EXPECT_EQ(read_high_water(mark_of(f)), (HighWater{2, 1}));
}

TEST(Restored, AnOlderFilePutBackIsNoticedAndSaidUntilTheCycleHasDrawnTheConsequence) {
  StateFolder f;
  auto store = f.open();
  a_run_that_writes(*store, 1);
  const std::string copy = f.folder() + "/copy";
  store->backup(copy);
  a_run_that_writes(*store, 2);
  store.reset();
  put_back(f, copy);
  store = f.open();
  EXPECT_TRUE(restored(*store));
  store.reset();
  store = f.open();
  EXPECT_TRUE(restored(*store)) << "the cycle has not seen it yet";
  store->transact([&] { store->set_meta(kRestored, ""); });
  a_run_that_writes(*store, 3);
  store.reset();
  EXPECT_FALSE(restored(*f.open())) << "once per restoring";
}

TEST(Restored, ACopyFromBeforeTheLastRestartIsNoticedThoughNoRunFollowed) {
  StateFolder f;
  auto store = f.open();
  a_run_that_writes(*store, 1);
  const std::string copy = f.folder() + "/copy";
  store->backup(copy);
  store.reset();
  f.open().reset();
  put_back(f, copy);
  EXPECT_TRUE(restored(*f.open()));
}

TEST(Restored, IsNotWhatARestartANewStateOrALostMarkLooksLike) {
  StateFolder f;
  for (int i = 1; i < 4; ++i) {
    auto store = f.open();
    EXPECT_FALSE(restored(*store)) << i;
    a_run_that_writes(*store, i);
  }
  fs::remove(mark_of(f));
  EXPECT_FALSE(restored(*f.open())) << "no mark proves nothing";
  std::ofstream(mark_of(f)) << "damaged";
  EXPECT_FALSE(restored(*f.open()));
  for (const char* end : {"", "-wal", "-shm"}) fs::remove(f.file() + end);
  EXPECT_FALSE(restored(*f.open())) << "an empty state is new, whatever the mark says";
}

TEST(Restored, IsNotWhatACrashBeforeTheMarkWasWrittenLooksLike) {
  StateFolder f;
  auto store = f.open();
  a_run_that_writes(*store, 1);
  const auto early = *read_high_water(mark_of(f));
  a_run_that_writes(*store, 2);
  store.reset();
  write_high_water(mark_of(f), early);  // the state's commit came through, the mark did not
  EXPECT_FALSE(restored(*f.open()));
  write_high_water(mark_of(f), {1, 2});  // nor that of the opening
  EXPECT_FALSE(restored(*f.open()));
}
}  // namespace
}  // namespace tandem
