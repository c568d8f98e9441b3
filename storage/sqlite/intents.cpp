// SqliteStore: the outbox and the history of what was written.
#include "storage/sqlite/encode.h"
#include "storage/sqlite/sqlite_store.h"

namespace tandem {
namespace {
static_assert(static_cast<int>(IntentState::open) == 0 && static_cast<int>(IntentState::awaiting) == 1);
static_assert(static_cast<int>(WriteKind::create) == 0 && static_cast<int>(WriteKind::update) == 1 &&
              static_cast<int>(WriteKind::tag_add) == 2 && static_cast<int>(WriteKind::tag_remove) == 3 &&
              static_cast<int>(WriteKind::remove) == 4);

std::optional<std::string> text_of(const FieldValue& value) {
  if (!value.is_value()) return std::nullopt;
  return value.text();
}

std::vector<Intent> read_intents(Query& q) {
  std::vector<Intent> out;
  while (q.step()) {
    Intent i;
    i.id = q.number(0);
    in_row("intent", i.id, [&] {
      i.pair = {q.number(1)};
      i.side = q.as<Side>(2);
      i.state = q.as<IntentState>(3);
      i.key = q.text(4);
      i.changed_by = q.text(5);
      i.run = q.number(6);
      i.enlisted_ms = q.number(7);
      i.sent_ms = q.number(8);
      i.attempts = q.as<int>(9);
      decode_body(q.text(10), i);
    });
    out.push_back(std::move(i));
  }
  return out;
}
}  // namespace

std::vector<Intent> SqliteStore::open_intents() {
  Query q(
      *connection_,
      "SELECT id, pair, side, state, key, changed_by, run, enlisted_ms, sent_ms, attempts, body FROM intent "
      "ORDER BY id");
  return read_intents(q);
}

std::vector<Intent> SqliteStore::open_intents_of(PairId id) {
  Query q(
      *connection_,
      "SELECT id, pair, side, state, key, changed_by, run, enlisted_ms, sent_ms, attempts, body FROM intent "
      "WHERE pair = ? ORDER BY id",
      id.row);
  return read_intents(q);
}

void SqliteStore::put_intent(Intent& i) {
  writing();
  std::optional<std::int64_t> id;
  if (i.id != 0) id = i.id;
  Query(*connection_, "INSERT OR REPLACE INTO intent VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", id,
        i.pair.row, i.side, i.state, i.key, i.changed_by, i.run, i.enlisted_ms, i.sent_ms, i.attempts,
        encode_body(i))
      .run();
  if (i.id == 0) i.id = connection_->last_id();
}

void SqliteStore::close_intent(std::int64_t id) {
  writing();
  Query(*connection_, "DELETE FROM intent WHERE id = ?", id).run();
}

void SqliteStore::add_history(const HistoryRow& row) {
  writing();
  Query(*connection_, "INSERT INTO history VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", row.run, row.at_ms,
        row.side, row.action, row.record_id, row.pair.row, row.field, text_of(row.old_value),
        text_of(row.new_value), row.reason)
      .run();
}

std::vector<HistoryRow> SqliteStore::history_of(std::int64_t run) {
  Query q(*connection_,
          "SELECT id, at_ms, side, action, record_id, pair, field, old_value, new_value, reason FROM history "
          "WHERE "
          "run = ? ORDER BY id",
          run);
  std::vector<HistoryRow> out;
  while (q.step())
    out.push_back({run,
                   q.number(1),
                   in_row("history", q.number(0), [&] { return q.as<Side>(2); }),
                   q.text(3),
                   q.text(4),
                   {q.number(5)},
                   q.text(6),
                   q.value(7),
                   q.value(8),
                   q.text(9)});
  return out;
}
}  // namespace tandem
