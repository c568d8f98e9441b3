// SqliteStore: runs.
#include "storage/sqlite/pending.h"
#include "storage/sqlite/sqlite_store.h"

namespace tandem {
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
  Query(*connection_, "INSERT INTO run VALUES (?, ?, 0, ?, '', 0, 0, 0, 0, 0, 0)", run_.id, run_.started_ms,
        run_.kind)
      .run();
  run_row_missing_ = false;
}

void SqliteStore::end_run(const RunRow& run) {
  writing();
  if (run_row_missing_ && run.id == run_.id) write_run_row();
  Query(*connection_,
        "UPDATE run SET started_ms = ?, ended_ms = ?, kind = ?, outcome = ?, reads_ctm = ?, reads_highlevel "
        "= ?, writes_ctm = ?, writes_highlevel = ?, requests_ctm = ?, requests_highlevel = ? WHERE id = ?",
        run.started_ms, run.ended_ms, run.kind, run.outcome, run.reads.ctm, run.reads.highlevel,
        run.writes.ctm, run.writes.highlevel, run.requests.ctm, run.requests.highlevel, run.id)
      .run();
  show_groups(*connection_);
}

}  // namespace tandem
