// The store's process is killed at random moments; what is found afterwards is whole transactions.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>
#include "tests/storage/state_folder.h"

namespace tandem {
namespace {
// One transaction: a pair, its source, an intent, a history row, and the count of all in the cursor.
void step(SqliteStore& store, std::int64_t n) {
  store.transact([&] {
    PairState p;
    p.status = PairStatus::linked;
    p.record.ctm.text = "+" + std::to_string(n);
    p.reason = std::string(static_cast<std::size_t>(n % 50) * 100, 'r');
    store.put_pair(p);
    SourceRow row;
    row.ref = {SourceKind::row, p.record.ctm.text};
    row.person = p.record.ctm;
    store.put_source(row);
    Intent intent;
    intent.pair = p.id;
    store.put_intent(intent);
    store.add_history({1, n, Side::ctm, "create", p.record.ctm.text, p.id, "", {}, {}, ""});
    store.set_meta("cursor", std::to_string(n));
  });
}

[[noreturn]] void write_until_killed(StateFolder& folder, std::int64_t from, int pipe_end) {
  try {
    auto store = folder.open();
    for (std::int64_t n = from;; ++n) {
      step(*store, n);
      const char committed = '.';
      if (write(pipe_end, &committed, 1) != 1) _exit(2);
    }
  } catch (...) {
    _exit(3);
  }
}

TEST(Crash, AKilledWriterLeavesWholeTransactions) {
  StateFolder folder;
  std::int64_t known = 0;
  for (const int commits : {0, 1, 2, 3, 7, 20, 1, 90, 5}) {
    int ends[2];
    ASSERT_EQ(pipe2(ends, O_CLOEXEC), 0);
    const pid_t child = fork();
    if (child == 0) write_until_killed(folder, known + 1, ends[1]);
    close(ends[1]);
    char byte = 0;
    for (int i = 0; i < commits; ++i) ASSERT_EQ(read(ends[0], &byte, 1), 1) << "the writer died by itself";
    kill(child, SIGKILL);
    int status = 0;
    waitpid(child, &status, 0);
    ASSERT_TRUE(WIFSIGNALED(status)) << WEXITSTATUS(status);
    std::int64_t reported = commits;
    while (read(ends[0], &byte, 1) == 1) ++reported;
    close(ends[0]);

    auto store = folder.open();  // the dead process's lock is free
    const std::int64_t found = std::stoll(store->meta("cursor").value_or("0"));
    EXPECT_GE(found, known + reported) << "a committed transaction is gone";
    EXPECT_LE(found, known + reported + 1);
    EXPECT_EQ(store->census().linked, found);
    EXPECT_EQ(store->census().open_intents, found);
    EXPECT_EQ(
        one_row(
            *store,
            "SELECT count(*), (SELECT count(*) FROM source), (SELECT count(*) FROM identity) FROM v_history"),
        (std::vector<std::string>(3, std::to_string(found))));
    EXPECT_EQ(one_row(*store, "PRAGMA integrity_check"), std::vector<std::string>{"ok"});
    EXPECT_EQ(one_row(*store, "SELECT count(*) FROM pragma_foreign_key_check"),
              std::vector<std::string>{"0"});
    known = found;
  }
  EXPECT_GE(known, 120);
}
}  // namespace
}  // namespace tandem
