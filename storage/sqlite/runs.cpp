// SqliteStore: runs and the count of requests.
#include "storage/sqlite/pending.h"
#include "storage/sqlite/sqlite_store.h"

namespace tandem {
namespace {
constexpr std::int64_t kDayMs = 86'400'000;
}

std::int64_t SqliteStore::begin_run(const std::string& kind, std::int64_t at_ms) {
  writing();
  Query(*connection_, "DELETE FROM temp.put_again").run();
  Query q(*connection_, "SELECT coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'run'), 0) + 1");
  q.step();
  run_ = RunRow{};
  run_.id = q.number(0);
  run_.started_ms = at_ms;
  run_.kind = kind;
  run_row_missing_ = true;
  return run_.id;
}

void SqliteStore::write_run_row() {
  Query(*connection_, "INSERT INTO run VALUES (?, ?, 0, ?, '', 0, 0, 0, 0)", run_.id, run_.started_ms,
        run_.kind)
      .run();
  run_row_missing_ = false;
}

void SqliteStore::end_run(const RunRow& run) {
  writing();
  if (run_row_missing_ && run.id == run_.id) write_run_row();
  Query(*connection_,
        "UPDATE run SET started_ms = ?, ended_ms = ?, kind = ?, outcome = ?, reads_ctm = ?, reads_highlevel "
        "= ?, writes_ctm = ?, writes_highlevel = ? WHERE id = ?",
        run.started_ms, run.ended_ms, run.kind, run.outcome, run.reads.ctm, run.reads.highlevel,
        run.writes.ctm, run.writes.highlevel, run.id)
      .run();
  show_groups(*connection_);
}

void SqliteStore::count_calls(Side side, std::int64_t calls, std::int64_t at_ms) {
  writing();
  if (calls == 0) return;
  Query(*connection_, "INSERT INTO calls VALUES (?1, ?2, ?3) ON CONFLICT DO UPDATE SET calls = calls + ?3",
        at_ms / kDayMs, side, calls)
      .run();
}
}  // namespace tandem
