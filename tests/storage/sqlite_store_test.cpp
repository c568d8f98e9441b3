#include "storage/sqlite/sqlite_store.h"
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <fstream>
#include <sstream>
#include "storage/sqlite/migrate.h"
#include "storage/sqlite/schema.h"
#include "tests/storage/state_folder.h"

namespace tandem {
namespace {
using Kind = StoreError::Kind;
using testing::Test;

std::string bytes_of(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  std::stringstream out;
  out << in.rdbuf();
  return out.str();
}

unsigned mode_of(const std::string& file) {
  struct stat found {};
  return stat(file.c_str(), &found) == 0 ? found.st_mode & 0777U : 0U;
}

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

// Another process's change to the file, behind the store's back.
void alter(const std::string& file, const std::string& sql) {
  Connection(file, Connection::Access::write, {}).exec(sql);
}

PairId put_contact(SqliteStore& store, const std::string& ctm) {
  PairState p;
  p.status = PairStatus::linked;
  p.record.ctm.text = ctm;
  p.fields["city"].base = p.fields["city"].seen = {FieldValue::of("Bonn"), FieldValue::of("Bonn")};
  store.transact([&] { store.put_pair(p); });
  return p.id;
}

TEST(SqliteStore, MakesAPrivateFolderAndFile) {
  StateFolder f;
  const std::string file = f.folder() + "/deep/er/acme.sqlite";
  const auto store = SqliteStore::open(file, StateFolder::kLink, "one", f.clock);
  EXPECT_EQ(mode_of(file), 0600U);
  EXPECT_EQ(mode_of(file + "-wal"), 0600U);
  EXPECT_EQ(mode_of(f.folder() + "/deep/er/acme.lock"), 0600U);
  EXPECT_EQ(mode_of(f.folder() + "/deep/er"), 0700U);
  EXPECT_EQ(store->link_name(), "acme");
  EXPECT_EQ(store->rows("PRAGMA journal_mode").rows.at(0).at(0), "wal");
  EXPECT_EQ(store->rows("PRAGMA synchronous").rows.at(0).at(0), "2");
  EXPECT_EQ(store->rows("PRAGMA foreign_keys").rows.at(0).at(0), "1");
}

TEST(SqliteStore, ASecondInstanceIsToldWhoHasTheLock) {
  StateFolder f;
  auto store = f.open();
  std::string what;
  EXPECT_EQ(kind_of([&] { return f.open(); }, &what), Kind::busy);
  EXPECT_TRUE(has(what, std::to_string(getpid()))) << what;
  EXPECT_TRUE(has(what, f.lock())) << what;
  store.reset();
  EXPECT_EQ(kind_of([&] { return f.open(); }), std::nullopt);
}

TEST(SqliteStore, AnInstanceThatLostItsLeaseWritesNothingMore) {
  StateFolder f;
  auto store = f.open({}, "one");
  put_contact(*store, "+1");
  alter(f.file(), "UPDATE lease SET instance = 'other'");
  std::string what;
  EXPECT_EQ(kind_of([&] { store->transact([&] { store->set_meta("cursor", "late"); }); }, &what),
            Kind::fenced);
  EXPECT_TRUE(has(what, "other")) << what;
  EXPECT_EQ(store->meta("cursor"), std::nullopt);
  EXPECT_TRUE(store->pair({1}).has_value()) << "reading goes on";
}

TEST(SqliteStore, ARestartedInstanceOfTheSameNameFencesItsPredecessor) {
  StateFolder f;
  auto paused = f.open({}, "same");
  std::filesystem::remove(f.lock());  // what a careless hand does
  auto fresh = f.open({}, "same");
  EXPECT_EQ(fresh->generation(), 2);
  EXPECT_EQ(kind_of([&] { paused->transact([] {}); }), Kind::fenced);
  EXPECT_EQ(kind_of([&] { fresh->transact([&] { fresh->set_meta("a", "b"); }); }), std::nullopt);
}

TEST(SqliteStore, AFileMovedAwayIsNotWrittenAnyMore) {
  StateFolder f;
  auto store = f.open();
  std::filesystem::rename(f.file(), f.file() + ".old");
  std::string what;
  EXPECT_EQ(kind_of([&] { store->transact([&] { store->set_meta("a", "b"); }); }, &what), Kind::fenced);
  EXPECT_TRUE(has(what, "moved")) << what;
}

TEST(SqliteStore, ANewerSchemaIsRefusedByEveryWayOfOpening) {
  StateFolder f;
  f.open().reset();
  const std::string newer = std::to_string(newest_schema() + 1);
  alter(f.file(), "PRAGMA user_version = " + newer);
  const std::string before = bytes_of(f.file());
  std::string what;
  EXPECT_EQ(kind_of([&] { return f.open(); }, &what), Kind::newer_schema);
  EXPECT_TRUE(has(what, newer) && has(what, std::to_string(newest_schema()))) << what;
  EXPECT_EQ(kind_of([&] { return SqliteStore::open_read_only(f.file()); }), Kind::newer_schema);
  EXPECT_EQ(kind_of([&] { return f.open_scratch(); }), Kind::newer_schema);
  EXPECT_EQ(bytes_of(f.file()), before);
}

TEST(SqliteStore, AnotherProgramsFileIsLeftAlone) {
  StateFolder f;
  std::ofstream(f.file()) << "";
  alter(f.file(), "CREATE TABLE theirs (a)");
  const std::string before = bytes_of(f.file());
  EXPECT_EQ(kind_of([&] { return f.open(); }), Kind::foreign);
  EXPECT_EQ(kind_of([&] { return f.open_scratch(); }), Kind::foreign);
  EXPECT_EQ(bytes_of(f.file()), before);
}

TEST(SqliteStore, AFileThatIsNoDatabaseIsLeftAlone) {
  StateFolder f;
  std::ofstream(f.file()) << std::string(5000, 'x');
  EXPECT_EQ(kind_of([&] { return f.open(); }), Kind::foreign);
  EXPECT_EQ(bytes_of(f.file()), std::string(5000, 'x'));
}

TEST(SqliteStore, AnotherAccountsStateIsRefusedWithBothIds) {
  StateFolder f;
  f.open().reset();
  LinkIdentity other = StateFolder::kLink;
  other.highlevel_location = "location-2";
  std::string what;
  EXPECT_EQ(kind_of([&] { return SqliteStore::open(f.file(), other, "one", f.clock); }, &what),
            Kind::foreign);
  for (const char* id : {"12345", "location-1", "location-2"}) EXPECT_TRUE(has(what, id)) << what;
  EXPECT_EQ(kind_of([&] { return SqliteStore::open_scratch(f.file(), other, f.clock); }), Kind::foreign);
}

TEST(SqliteStore, ADamagedFileIsSaidToBeDamaged) {
  StateFolder f;
  {
    auto store = f.open();
    for (int i = 0; i < 300; ++i) put_contact(*store, "+" + std::to_string(i));
  }
  {
    std::fstream file(f.file(), std::ios::in | std::ios::out | std::ios::binary);
    const auto size = std::filesystem::file_size(f.file());
    for (std::uintmax_t page = 4096; page < size; page += 4096) {
      file.seekp(static_cast<std::streamoff>(page));
      file << std::string(64, '\xff');
    }
  }
  std::string what;
  EXPECT_EQ(kind_of(
                [&] {
                  auto store = f.open();
                  static_cast<void>(store->census());
                },
                &what),
            Kind::corrupt);
  EXPECT_TRUE(has(what, "backup")) << what;
}

TEST(SqliteStore, AFullDiskWritesNothingAndTheStoreGoesOnWhenThereIsRoom) {
  StateFolder f;
  f.open().reset();
  const std::int64_t pages = Connection(f.file(), Connection::Access::read, {}).number("page_count");
  auto store = f.open({5'000, pages + 3});
  PairState big;
  std::string what;
  EXPECT_EQ(kind_of(
                [&] {
                  store->transact([&] {
                    store->set_meta("cursor", "moved");
                    big.reason = std::string(100'000, 'r');
                    store->put_pair(big);
                  });
                },
                &what),
            Kind::disk_full);
  EXPECT_TRUE(has(what, "nothing was written")) << what;
  EXPECT_EQ(store->meta("cursor"), std::nullopt);
  EXPECT_TRUE(store->work(WorkList::all, {}, 10).empty());
  store->transact([&] { store->set_meta("cursor", "moved"); });
  EXPECT_EQ(store->meta("cursor"), "moved");
}

TEST(SqliteStore, TheSecondWriterWaitsAndThenGivesUp) {
  StateFolder f;
  auto store = f.open({1, 0});
  Connection other(f.file(), Connection::Access::write, {});
  other.begin();
  EXPECT_EQ(kind_of([&] { store->transact([] {}); }), Kind::busy);
  other.rollback();
  EXPECT_EQ(kind_of([&] { store->transact([] {}); }), std::nullopt);
}

// File modes do not hold for root: the work is done by a child that is nobody.
int as_nobody(const std::function<int()>& work) {
  const pid_t child = fork();
  if (child == 0) {
    if (getuid() == 0 && (setgid(65534) != 0 || setuid(65534) != 0)) _exit(99);
    _exit(work());
  }
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

template <class Work>
int answer(const Work& work) {
  const auto kind = kind_of(work);
  return kind ? 10 + static_cast<int>(*kind) : 0;
}

TEST(SqliteStore, AReadOnlyFolderIsRefusedForWriting) {
  StateFolder f;
  std::filesystem::permissions(f.folder(), std::filesystem::perms(0555));
  EXPECT_EQ(as_nobody([&] { return answer([&] { return f.open(); }); }),
            10 + static_cast<int>(Kind::read_only));
  EXPECT_FALSE(std::filesystem::exists(f.file()));
}

TEST(SqliteStore, AReadOnlyFileIsRefusedForWriting) {
  StateFolder f;
  f.open().reset();
  std::filesystem::permissions(f.folder(), std::filesystem::perms(0777));
  std::filesystem::permissions(f.lock(), std::filesystem::perms(0666));
  std::filesystem::permissions(f.file(), std::filesystem::perms(0444));
  EXPECT_EQ(as_nobody([&] { return answer([&] { return f.open(); }); }),
            10 + static_cast<int>(Kind::read_only));
}

TEST(SqliteStore, AStateInAReadOnlyFolderIsReadableWhileTheDaemonRunsAndElseSaysWhy) {
  StateFolder f;
  auto daemon = f.open();
  put_contact(*daemon, "+1");
  std::filesystem::permissions(f.folder(), std::filesystem::perms(0555));
  for (const char* end : {"", "-wal", "-shm"})
    std::filesystem::permissions(f.file() + end, std::filesystem::perms(0444));
  const auto read = [&] {
    return answer([&] {
      const auto store = SqliteStore::open_read_only(f.file());
      if (store->census().linked != 1) throw StoreError(Kind::other, "not there");
    });
  };
  EXPECT_EQ(as_nobody(read), 0);
  daemon.reset();
  ASSERT_FALSE(std::filesystem::exists(f.file() + "-shm"));
  EXPECT_EQ(as_nobody(read), 10 + static_cast<int>(Kind::read_only));
}

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

TEST(SqliteStore, RowsBindTextAndKeepColumnNames) {
  StateFolder f;
  auto store = f.open();
  put_contact(*store, "+1");
  put_contact(*store, "+2");
  const Table table = store->rows("SELECT pair_id, highlevel_id FROM v_pairs WHERE ctm_id = ?", {"+2"});
  EXPECT_EQ(table.columns, (std::vector<std::string>{"pair_id", "highlevel_id"}));
  ASSERT_EQ(table.rows.size(), 1U);
  EXPECT_EQ(table.rows[0][0], "2");
  EXPECT_EQ(table.rows[0][1], std::nullopt);
}

std::string dump(SqliteStore& store) {
  std::string out;
  for (const char* table :
       {"link", "meta", "pair", "parked", "identity", "source", "intent", "history", "conflict", "pending",
        "pending_group", "run", "lease", "suspect", "ruling", "erased"})
    for (const auto& row : store.rows("SELECT * FROM " + std::string(table)).rows)
      for (const auto& cell : row) out += cell.value_or("NULL") + "|";
  return out;
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

TEST(SqliteStore, ACycleThatFindsNothingWritesOnlyItsRun) {
  StateFolder f;
  auto store = f.open();
  put_contact(*store, "+1");
  SourceRow row;
  row.ref = {SourceKind::row, "r1"};
  row.person = {"+1"};
  store->transact([&] {
    store->put_source(row);
    store->set_meta("cursor", "here");
  });
  const auto pairs = store->identities({1});
  const auto log = std::filesystem::file_size(f.file() + "-wal");
  const auto size_of_log = [&] { return std::filesystem::file_size(f.file() + "-wal"); };
  RunRow run;
  store->transact([&] { run.id = store->begin_run("full", 5); });
  static_cast<void>(store->source_hash(Side::ctm, row.ref));
  static_cast<void>(store->pair({1}));
  store->transact([&] {
    store->set_meta("cursor", "here");
    store->set_identities({1}, pairs);
    store->set_dirty({1}, true);
    store->sync_conflicts({1}, {}, run.id, 5);
  });
  store->transact([&] { store->sweep_pending(run.id); });
  EXPECT_EQ(size_of_log(), log);
  EXPECT_TRUE(store->rows("SELECT * FROM v_runs").rows.empty());
  run.outcome = "converged";
  store->transact([&] { store->end_run(run); });
  EXPECT_GT(size_of_log(), log);
  EXPECT_EQ(one_row(*store, "SELECT run_id, outcome FROM v_runs"),
            (std::vector<std::string>{"1", "converged"}));
}

TEST(SqliteStore, ARunsRowIsThereBeforeAnythingThatNamesIt) {
  StateFolder f;
  auto store = f.open();
  store->transact([&] { store->begin_run("delta", 5); });
  EXPECT_THROW(store->transact([&] {
    store->set_meta("a", "b");
    throw std::runtime_error("stop");
  }),
               std::runtime_error);
  EXPECT_TRUE(store->rows("SELECT * FROM run").rows.empty());
  store->transact([&] { store->add_history({1, 5, Side::ctm, "link", "+1", {1}, "", {}, {}, ""}); });
  EXPECT_EQ(one_row(*store, "SELECT count(*) FROM v_history JOIN v_runs USING (run_id)"),
            std::vector<std::string>{"1"});
}

TEST(SqliteStore, OfAnErasedPersonNotAByteIsLeftInTheFile) {
  StateFolder f;
  auto store = f.open();
  const std::string word = "Quillhaven";
  const std::string number = "+13125559876";
  PairState p;
  p.status = PairStatus::linked;
  p.record = {{number}, {word + "-id"}};
  p.fields["city"].base = p.fields["city"].seen = {FieldValue::of(word), FieldValue::of(word)};
  p.parked = {{Side::ctm, number, "city", word, 1, 1, word}};
  store->transact([&] {
    store->put_pair(p);
    const auto run = store->begin_run("delta", 1);
    SourceRow row;
    row.ref = {SourceKind::activity, "1"};
    row.person = {number};
    row.shown["city"] = FieldValue::of(word);
    store->put_source(row);
    Intent intent;
    intent.pair = p.id;
    intent.fields["city"] = FieldValue::of(word);
    store->put_intent(intent);
    store->put_suspect(Side::highlevel, {{SourceKind::record, word + "-id"}, {word + "-id"}, 1, true});
    store->add_ruling(Ruling::Kind::keep_apart, {number}, {word + "-id"});
    store->add_history(
        {run, 1, Side::ctm, "update", number, p.id, "city", FieldValue::of(word), FieldValue::of("x"), word});
    store->sync_conflicts(
        p.id, {ConflictRow{0, p.id, "city", {}, {FieldValue::of(word), {}}, "hold", "held", "", 0, 0, true}},
        run, 1);
  });
  store.reset();
  EXPECT_TRUE(has(bytes_of(f.file()), word));
  store = f.open();
  store->transact([&] { store->erase_pair(p.id); });
  EXPECT_FALSE(has(dump(*store), word));
  EXPECT_TRUE(store->is_erased(Identity::Kind::id, number));
  for (const auto& entry : std::filesystem::directory_iterator(f.folder()))
    EXPECT_FALSE(has(bytes_of(entry.path().string()), word)) << entry.path() << ", while the daemon runs on";
  store.reset();
  for (const auto& entry : std::filesystem::directory_iterator(f.folder()))
    EXPECT_FALSE(has(bytes_of(entry.path().string()), word)) << entry.path();
  EXPECT_TRUE(f.open()->is_erased(Identity::Kind::id, word + "-id"));
}
}  // namespace
}  // namespace tandem
