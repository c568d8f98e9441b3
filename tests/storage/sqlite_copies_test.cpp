// A state beside the daemon's own: read-only readers, the scratch copy of a dry run, a backup.
#include <gtest/gtest.h>
#include "storage/sqlite/migrate.h"
#include "storage/sqlite/schema.h"
#include "tests/storage/state_file.h"
#include "tests/storage/state_folder.h"

namespace tandem {
namespace {
using Kind = StoreError::Kind;

TEST(SqliteStore, ReadOnlyReadsWithAndWithoutADaemonAndNeverWrites) {
  StateFolder f;
  auto daemon = f.open();
  const PairId id = put_contact(*daemon, "+1");
  auto reader = SqliteStore::open_read_only(f.file());
  EXPECT_EQ(reader->pair(id), daemon->pair(id));
  put_contact(*daemon, "+2");
  EXPECT_EQ(reader->census().linked, 2) << "what was committed since";
  EXPECT_THROW(reader->transact([] {}), std::logic_error);
  EXPECT_EQ(kind_of([&] { return reader->rows("DELETE FROM pair"); }), Kind::read_only);
  reader.reset();
  daemon.reset();
  const std::string before = bytes_of(f.file());
  reader = SqliteStore::open_read_only(f.file());
  EXPECT_EQ(reader->census().linked, 2);
  reader.reset();
  EXPECT_EQ(bytes_of(f.file()), before);
}

TEST(SqliteStore, ReadingBeforeTheFirstRunSaysSo) {
  StateFolder f;
  std::string what;
  EXPECT_EQ(kind_of([&] { return SqliteStore::open_read_only(f.file()); }, &what), Kind::other);
  EXPECT_TRUE(has(what, "has not run")) << what;
  EXPECT_FALSE(std::filesystem::exists(f.file()));
}
TEST(SqliteStore, AScratchCopyIsEqualAndLeavesTheOriginalByteIdentical) {
  StateFolder f;
  auto daemon = f.open();
  const PairId id = put_contact(*daemon, "+1");
  const std::string file = bytes_of(f.file()), log = bytes_of(f.file() + "-wal");
  auto scratch = f.open_scratch();
  EXPECT_EQ(dump(*scratch), dump(*daemon));
  scratch->transact([&] {
    PairState p = *scratch->pair(id);
    p.reason = "planned";
    scratch->put_pair(p);
    scratch->end_run({scratch->begin_run("full", 1), 1, 2, "full", "converged", {}, {}});
  });
  EXPECT_EQ(scratch->pair(id)->reason, "planned");
  EXPECT_EQ(daemon->pair(id)->reason, "");
  scratch.reset();
  EXPECT_EQ(bytes_of(f.file()), file);
  EXPECT_EQ(bytes_of(f.file() + "-wal"), log);
}

TEST(SqliteStore, AScratchWithoutAStateIsEmptyAndMakesNoFile) {
  StateFolder f;
  auto scratch = f.open_scratch();
  EXPECT_EQ(scratch->census().linked, 0);
  put_contact(*scratch, "+1");
  EXPECT_EQ(scratch->census().linked, 1);
  scratch.reset();
  EXPECT_TRUE(std::filesystem::is_empty(f.folder()));
}

void make_first_schema(const StateFolder& f, const std::string& location) {
  std::ofstream(f.file()) << "";
  Connection old(f.file(), Connection::Access::write, {});
  old.exec(migrations().front().sql);
  old.exec("PRAGMA application_id = " + std::to_string(kApplicationId));
  old.exec("PRAGMA user_version = 1");
  old.exec("INSERT INTO link VALUES (1, 'acme', '12345', '" + location + "', 1)");
}

TEST(SqliteStore, AnotherAccountsOlderStateIsNotEvenMigrated) {
  StateFolder f;
  make_first_schema(f, "location-2");
  const std::string before = bytes_of(f.file());
  EXPECT_EQ(kind_of([&] { return f.open(); }), Kind::foreign);
  EXPECT_EQ(bytes_of(f.file()), before);
}

TEST(SqliteStore, AScratchMigratesItsCopyOnly) {
  StateFolder f;
  make_first_schema(f, "location-1");
  const std::string before = bytes_of(f.file());
  EXPECT_EQ(f.open_scratch()->rows("SELECT * FROM v_pairs").rows.size(), 0U);
  EXPECT_EQ(bytes_of(f.file()), before);
  std::string what;
  EXPECT_EQ(kind_of([&] { return SqliteStore::open_read_only(f.file()); }, &what), Kind::other);
  EXPECT_TRUE(has(what, "schema 1")) << what;
  EXPECT_EQ(f.open()->rows("PRAGMA user_version").rows.at(0).at(0), std::to_string(newest_schema()));
}

TEST(SqliteStore, MigrationsAreNumberedWithoutGaps) {
  int expected = 0;
  for (const auto& migration : migrations()) EXPECT_EQ(migration.number, ++expected) << migration.name;
  EXPECT_EQ(newest_schema(), expected);
}

TEST(SqliteStore, ABackupIsOneWholeFileTakenWhileTheDaemonRuns) {
  StateFolder f;
  auto daemon = f.open();
  const PairId id = put_contact(*daemon, "+1");
  const std::string copy = f.folder() + "/copy.sqlite";
  daemon->backup(copy);
  put_contact(*daemon, "+2");
  EXPECT_EQ(mode_of(copy), 0600U);
  EXPECT_FALSE(std::filesystem::exists(copy + "-wal"));
  EXPECT_EQ(bytes_of(copy).at(18), 1) << "no log needed to read it";
  const auto read = SqliteStore::open_read_only(copy);
  EXPECT_EQ(read->pair(id), daemon->pair(id));
  EXPECT_EQ(read->census().linked, 1);
  EXPECT_EQ(kind_of([&] { daemon->backup(copy); }), Kind::other) << "never over something";
  EXPECT_EQ(read->census().linked, 1);
}

TEST(SqliteStore, ABackupTakesThePlaceOfOneThatWasCutShort) {
  StateFolder f;
  auto daemon = f.open();
  const PairId id = put_contact(*daemon, "+1");
  const std::string copy = f.folder() + "/copy.sqlite";
  for (const char* left : {".part", ".part-journal"}) std::ofstream(copy + left) << "half of it";
  daemon->backup(copy);
  EXPECT_EQ(mode_of(copy), 0600U);
  EXPECT_EQ(SqliteStore::open_read_only(copy)->pair(id), daemon->pair(id));
  for (const char* left : {".part", ".part-journal"}) EXPECT_FALSE(std::filesystem::exists(copy + left));
}
}  // namespace
}  // namespace tandem
