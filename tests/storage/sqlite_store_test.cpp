#include "storage/sqlite/sqlite_store.h"
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>
#include "storage/sqlite/high_water.h"
#include "storage/sqlite/migrate.h"
#include "tests/storage/state_file.h"
#include "tests/storage/state_folder.h"

namespace tandem {
namespace {
using Kind = StoreError::Kind;

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

TEST(SqliteStore, AFileThatTurnsReadOnlyTakesNothingHalfAndGoesOnWhenItIsWritableAgain) {
  StateFolder f;
  auto store = f.open();
  const PairId id = put_contact(*store, "+1");
  const std::string before = dump(*store);
  for (const bool in_the_middle : {false, true}) {
    SCOPED_TRACE(in_the_middle);
    if (!in_the_middle) static_cast<void>(store->rows("PRAGMA query_only = ON"));
    std::string what;
    EXPECT_EQ(kind_of(
                  [&] {
                    store->transact([&] {
                      if (in_the_middle) store->set_meta("cursor", "moved");
                      static_cast<void>(store->rows("PRAGMA query_only = ON"));
                      PairState p = *store->pair(id);
                      p.reason = "half done";
                      store->put_pair(p);
                    });
                    return 0;
                  },
                  &what),
              Kind::read_only);
    EXPECT_TRUE(has(what, f.file()) && has(what, "nothing was written")) << what;
    EXPECT_TRUE(has(what, "make it writable")) << what;
    EXPECT_EQ(dump(*store), before) << "and reading goes on";
    static_cast<void>(store->rows("PRAGMA query_only = OFF"));
  }
  store->transact([&] { store->set_meta("cursor", "moved"); });
  EXPECT_EQ(store->meta("cursor"), "moved");
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

// What is open stays open: only the mark beside the state cannot follow, and it is never ahead.
TEST(SqliteStore, AFolderThatTurnsReadOnlyLosesNothingOfAnOpenState) {
  StateFolder f;
  std::filesystem::permissions(f.folder(), std::filesystem::perms(0777));
  const std::string own = f.folder() + "/own", file = own + "/acme.sqlite", mark = own + "/acme.mark";
  const auto work = [&] {
    const auto a_run = [](SqliteStore& store, const char* cursor) {
      store.transact([&] {
        static_cast<void>(store.begin_run("delta", 1));
        store.set_meta("cursor", cursor);
      });
    };
    const auto open = [&] { return SqliteStore::open(file, StateFolder::kLink, "one", f.clock); };
    auto store = open();
    a_run(*store, "first");
    const auto first = read_high_water(mark);
    std::filesystem::permissions(own, std::filesystem::perms(0555));
    a_run(*store, "second");
    if (store->meta("cursor") != "second") return 1;
    if (read_high_water(mark) != first) return 2;
    std::filesystem::permissions(own, std::filesystem::perms(0700));
    a_run(*store, "third");
    const auto third = read_high_water(mark);
    if (!first || !third || third->run != first->run + 2) return 3;
    store.reset();
    store = open();
    return store->meta("cursor") == "third" && store->meta(kRestored) != "yes" ? 0 : 4;
  };
  EXPECT_EQ(as_nobody(work), 0);
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
    EXPECT_FALSE(has(bytes_of(entry.path().string()), word)) << "while it is open: " << entry.path();
  store.reset();
  for (const auto& entry : std::filesystem::directory_iterator(f.folder()))
    EXPECT_FALSE(has(bytes_of(entry.path().string()), word)) << entry.path();
  EXPECT_TRUE(f.open()->is_erased(Identity::Kind::id, word + "-id"));
}
}  // namespace
}  // namespace tandem
