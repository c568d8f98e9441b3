// SqliteStore: conflicts, and what waits for a person.
#include <map>
#include "storage/sqlite/pending.h"
#include "storage/sqlite/sqlite_store.h"

namespace tandem {
namespace {
ConflictRow read_conflict(Query& q) {
  ConflictRow c;
  c.id = q.number(0);
  c.pair = {q.number(1)};
  c.field = q.text(2);
  c.base = q.value(3);
  c.values = {q.value(4), q.value(5)};
  c.policy = q.text(6);
  c.decision = q.text(7);
  c.decided_by = q.text(8);
  c.run = q.number(9);
  c.at_ms = q.number(10);
  c.is_open = q.number(11) != 0;
  return c;
}

std::map<std::string, ConflictRow> open_of(Connection& connection, PairId id) {
  std::map<std::string, ConflictRow> out;
  Query q(connection,
          "SELECT id, pair, field, base, ctm, highlevel, policy, decision, decided_by, run, at_ms, is_open "
          "FROM conflict WHERE pair = ? AND is_open = 1",
          id.row);
  while (q.step()) {
    ConflictRow row = read_conflict(q);
    out.emplace(row.field, std::move(row));
  }
  return out;
}

bool same_conflict(const ConflictRow& a, const ConflictRow& b) {
  return a.base == b.base && a.values == b.values && a.policy == b.policy && a.decision == b.decision &&
         a.decided_by == b.decided_by && a.is_open == b.is_open;
}

// The last row that was closed says just this.
bool is_audited(Connection& connection, const ConflictRow& row) {
  Query q(connection,
          "SELECT id, pair, field, base, ctm, highlevel, policy, decision, decided_by, run, at_ms, is_open "
          "FROM conflict WHERE pair = ? AND field = ? AND is_open = 0 ORDER BY id DESC LIMIT 1",
          row.pair.row, row.field);
  return q.step() && same_conflict(read_conflict(q), row);
}

void store_conflict(Connection& connection, const ConflictRow& c) {
  std::optional<std::int64_t> id;
  if (c.id != 0) id = c.id;
  Query(connection, "INSERT OR REPLACE INTO conflict VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", id,
        c.pair.row, c.field, c.base, c.values.ctm, c.values.highlevel, c.policy, c.decision, c.decided_by,
        c.run, c.at_ms, c.is_open)
      .run();
}
}  // namespace

void SqliteStore::sync_conflicts(PairId id, const std::vector<ConflictRow>& open, std::int64_t run,
                                 std::int64_t at_ms) {
  writing();
  auto known = open_of(*connection_, id);
  for (const ConflictRow& given : open) {
    ConflictRow row = given;
    row.pair = id;
    row.run = run;
    row.at_ms = at_ms;
    row.id = 0;
    const auto it = known.find(row.field);
    if (it != known.end()) row.id = it->second.id;
    if (it == known.end() || !same_conflict(it->second, row)) store_conflict(*connection_, row);
    if (it != known.end()) known.erase(it);
  }
  for (const auto& [field, row] : known)
    Query(*connection_,
          "UPDATE conflict SET is_open = 0, decided_by = 'settled', run = ?, at_ms = ? WHERE id = ?", run,
          at_ms, row.id)
        .run();
}

void SqliteStore::add_decided_conflict(const ConflictRow& given) {
  writing();
  ConflictRow row = given;
  const auto open = open_of(*connection_, row.pair);
  const auto it = open.find(row.field);
  row.id = it == open.end() ? 0 : it->second.id;
  row.is_open = false;
  if (is_audited(*connection_, row)) {
    Query(*connection_, "DELETE FROM conflict WHERE id = ?", row.id).run();
    return;
  }
  store_conflict(*connection_, row);
}

std::optional<ConflictRow> SqliteStore::conflict(std::int64_t id) {
  Query q(*connection_,
          "SELECT id, pair, field, base, ctm, highlevel, policy, decision, decided_by, run, at_ms, is_open "
          "FROM conflict WHERE id = ?",
          id);
  if (!q.step()) return std::nullopt;
  return read_conflict(q);
}

std::optional<Decision> SqliteStore::decision(const std::string& key) {
  Query q(*connection_, "SELECT decision FROM pending WHERE key = ? AND decision IS NOT NULL", key);
  if (!q.step()) return std::nullopt;
  return in_row("pending", key, [&] { return q.as<Decision>(0); });
}

void SqliteStore::put_pending(const PendingMember& m) {
  writing();
  Query(*connection_, "INSERT OR IGNORE INTO temp.put_again VALUES (?)", m.key).run();
  Query(*connection_,
        "INSERT INTO pending (key, class, side, pair, reason, since_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON "
        "CONFLICT DO UPDATE SET class = ?2, side = ?3, pair = ?4, reason = ?5 WHERE decision IS NULL AND "
        "(class, side, pair, reason) IS NOT (?2, ?3, ?4, ?5)",
        m.key, m.cls, m.side, m.pair.row, m.reason, m.since_ms)
      .run();
}

void SqliteStore::sweep_pending(std::int64_t run) {
  writing();
  if (run != run_.id) throw std::logic_error("sweep_pending of another run than the one begun last");
  Query(*connection_,
        "DELETE FROM pending WHERE decision IS NULL AND key NOT IN (SELECT key FROM temp.put_again)")
      .run();
  Query(*connection_, "DELETE FROM temp.put_again").run();
  show_groups(*connection_);
}

std::vector<PendingGroup> SqliteStore::pending_groups() { return undecided_groups(*connection_); }

bool SqliteStore::decide(const std::string& digest, Decision decision, std::int64_t at_ms) {
  writing();
  return decide_group(*connection_, digest, decision, at_ms);
}

void SqliteStore::drop_decision(const std::string& key) {
  writing();
  Query(*connection_, "DELETE FROM pending WHERE key = ? AND decision IS NOT NULL", key).run();
}
}  // namespace tandem
