// SqliteStore: second tries, and what has been kept long enough.
#include "storage/sqlite/sqlite_store.h"

namespace tandem {
void SqliteStore::wake_parked(std::int64_t now_ms) {
  writing();
  Query(
      *connection_,
      "UPDATE pair SET dirty = 1 WHERE dirty = 0 AND id IN (SELECT pair FROM parked WHERE retry_ms <> 0 AND "
      "retry_ms <= ?)",
      now_ms)
      .run();
}

std::int64_t SqliteStore::compact(std::int64_t before_ms, int most) {
  writing();
  std::int64_t dropped = 0;
  const auto drop = [&](const char* sql) {
    Query(*connection_, sql, before_ms, most).run();
    dropped += connection_->changes();
  };
  drop("DELETE FROM history WHERE id IN (SELECT id FROM history WHERE at_ms < ?1 ORDER BY id LIMIT ?2)");
  drop(
      "DELETE FROM run WHERE id IN (SELECT id FROM run WHERE started_ms < ?1 AND id < (SELECT max(id) FROM "
      "run) AND NOT EXISTS (SELECT 1 FROM history WHERE history.run = run.id) ORDER BY id LIMIT ?2)");
  drop(
      "DELETE FROM conflict WHERE id IN (SELECT id FROM conflict WHERE is_open = 0 AND at_ms < ?1 ORDER BY "
      "id "
      "LIMIT ?2)");
  drop(
      "DELETE FROM pending WHERE key IN (SELECT key FROM pending WHERE decision IS NOT NULL AND decided_ms < "
      "?1 AND NOT EXISTS (SELECT 1 FROM pair WHERE pair.id = pending.pair AND pair.dirty = 1) LIMIT ?2)");
  // A tombstone keeps its person from coming back while some side may still show it.
  drop(
      "DELETE FROM pair WHERE id IN (SELECT p.id FROM pair AS p WHERE p.status = 5 AND p.since_ms < ?1 AND "
      "NOT "
      "EXISTS (SELECT 1 FROM identity AS i JOIN source AS s ON s.side = i.side AND s.person = i.value WHERE "
      "i.pair = p.id AND i.kind = 0) AND NOT EXISTS (SELECT 1 FROM identity AS i JOIN source AS s ON s.side "
      "= "
      "i.side AND s.kind = 0 AND s.id = i.value WHERE i.pair = p.id AND i.kind = 0) AND NOT EXISTS (SELECT 1 "
      "FROM intent WHERE intent.pair = p.id) LIMIT ?2)");
  return dropped;
}
}  // namespace tandem
