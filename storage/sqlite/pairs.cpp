// SqliteStore: pairs, their identities and parked records.
#include <fmt/format.h>
#include <algorithm>
#include <array>
#include "storage/sqlite/encode.h"
#include "storage/sqlite/sqlite_store.h"

namespace tandem {
namespace {
// Stored as numbers: a new one goes to the end.
static_assert(static_cast<int>(PairStatus::linked) == 0 && static_cast<int>(PairStatus::held) == 1 &&
              static_cast<int>(PairStatus::ctm_only) == 2 &&
              static_cast<int>(PairStatus::highlevel_only) == 3 &&
              static_cast<int>(PairStatus::ignored) == 4 && static_cast<int>(PairStatus::tombstone) == 5);
static_assert(static_cast<int>(Side::ctm) == 0 && static_cast<int>(Side::highlevel) == 1);
static_assert(static_cast<int>(Identity::Kind::id) == 0 && static_cast<int>(Identity::Kind::phone) == 1 &&
              static_cast<int>(Identity::Kind::email) == 2);
static_assert(static_cast<int>(Resolution::Take::ctm) == 0 &&
              static_cast<int>(Resolution::Take::highlevel) == 1 &&
              static_cast<int>(Resolution::Take::value) == 2 &&
              static_cast<int>(Resolution::Take::clear) == 3);

auto of_pair(PairId id) {
  return [id] { return fmt::format("of pair {}", id.row); };
}

std::optional<CompactText> null_if_blank(const std::string& text) {
  if (text.empty()) return std::nullopt;
  return CompactText{text};
}

std::vector<Parked> parked_of(Connection& connection, PairId id) {
  Query q(
      connection,
      "SELECT side, record_id, field, reason, since_ms, attempts, input, retry_ms FROM parked WHERE pair = "
      "? ORDER BY position",
      id.row);
  std::vector<Parked> out;
  while (q.step())
    out.push_back(in_row("parked", of_pair(id), [&] {
      return Parked{q.as<Side>(0), q.text(1),    q.text(2), q.text(3),
                    q.number(4),   q.as<int>(5), q.text(6), q.number(7)};
    }));
  return out;
}

std::vector<PairId> ids(Query& q) {
  std::vector<PairId> out;
  while (q.step()) out.push_back({q.number(0)});
  return out;
}
}  // namespace

std::optional<PairState> SqliteStore::pair(PairId id) {
  Query q(*connection_,
          "SELECT status, dirty, touched, made_by_us, since_ms, ctm_id, highlevel_id, reason, fields, tags, "
          "fold, resolutions, fate FROM pair WHERE id = ?",
          id.row);
  if (!q.step()) return std::nullopt;
  PairState p;
  p.id = id;
  in_row("pair", id.row, [&] {
    p.status = q.as<PairStatus>(0);
    p.dirty = q.number(1) != 0;
    if (q.number(2) != 0) touched_[id.row] = q.number(2);
    p.made_by_us = {(q.number(3) & 1) != 0, (q.number(3) & 2) != 0};
    p.since_ms = q.number(4);
    p.record = {{q.compact_text(5)}, {q.compact_text(6)}};
    p.reason = q.text(7);
    if (!q.is_null(8)) decode_fields(q.text(8), p);
    if (!q.is_null(9)) decode_tags(q.text(9), p);
    if (!q.is_null(10)) decode_fold(q.text(10), p);
    if (!q.is_null(11)) decode_resolutions(q.text(11), p);
    if (!q.is_null(12)) decode_fate(q.text(12), p);
  });
  p.parked = parked_of(*connection_, id);
  return p;
}

std::int64_t SqliteStore::touched(PairId id) const {
  const auto it = touched_.find(id.row);
  return it == touched_.end() ? 0 : it->second;
}

// A command may have stored a decision after this pair was read and before it is put back. Its mark
// (`touched`) differs from the one that was read: then the decision stays and the pair stays dirty.
void SqliteStore::put_pair(PairState& p) {
  writing();
  const std::int64_t made = (p.made_by_us.ctm ? 1 : 0) + (p.made_by_us.highlevel ? 2 : 0);
  const auto ctm_id = null_if_blank(p.record.ctm.text);
  const auto highlevel_id = null_if_blank(p.record.highlevel.text);
  if (p.id.row == 0) {
    Query(*connection_,
          "INSERT INTO pair (status, dirty, made_by_us, since_ms, ctm_id, highlevel_id, reason, fields, "
          "tags, fold, resolutions, fate) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
          p.status, p.dirty, made, p.since_ms, ctm_id, highlevel_id, p.reason, encode_fields(p),
          encode_tags(p), encode_fold(p), encode_resolutions(p.resolutions), encode_fate(p))
        .run();
    p.id.row = connection_->last_id();
  } else {
    Query(*connection_,
          "UPDATE pair SET status = ?1, dirty = CASE touched WHEN ?2 THEN ?3 ELSE 1 END, resolutions = CASE "
          "touched WHEN ?2 THEN ?4 ELSE resolutions END, touched = CASE touched WHEN ?2 THEN 0 ELSE touched "
          "END, made_by_us = ?5, since_ms = ?6, ctm_id = ?7, highlevel_id = ?8, reason = ?9, fields = ?10, "
          "tags = ?11, fold = ?12, fate = ?13 WHERE id = ?14",
          p.status, touched(p.id), p.dirty, encode_resolutions(p.resolutions), made, p.since_ms, ctm_id,
          highlevel_id, p.reason, encode_fields(p), encode_tags(p), encode_fold(p), encode_fate(p), p.id.row)
        .run();
    if (connection_->changes() == 0)
      throw StoreError(StoreError::Kind::other,
                       fmt::format("pair {} is not in the state any more; nothing was written", p.id.row));
    touched_.erase(p.id.row);
  }
  for (const Side side : kSides) claim_record(p.id, side, p.record[side]);
  put_parked(p.id, p.parked);
}

void SqliteStore::claim_record(PairId id, Side side, const RecordId& record) {
  if (record.text.empty()) return;
  {
    Query q(*connection_, "SELECT pair, alias FROM identity WHERE value = ? AND side = ? AND kind = 0",
            CompactText{record.text}, side);
    if (q.step() && q.number(0) == id.row && q.number(1) == 0) return;
  }
  Query(*connection_, "DELETE FROM identity WHERE value = ? AND side = ? AND kind = 0 AND pair <> ?",
        CompactText{record.text}, side, id.row)
      .run();
  Query(*connection_, "INSERT INTO identity VALUES (?, 0, ?, ?, 0, ?) ON CONFLICT DO UPDATE SET alias = 0",
        id.row, side, CompactText{record.text}, clock_->now_ms())
      .run();
}

void SqliteStore::put_parked(PairId id, const std::vector<Parked>& parked) {
  if (parked_of(*connection_, id) == parked) return;
  Query(*connection_, "DELETE FROM parked WHERE pair = ?", id.row).run();
  for (std::size_t i = 0; i < parked.size(); ++i) {
    const Parked& p = parked[i];
    Query(*connection_, "INSERT INTO parked VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", id.row, i, p.side,
          p.record_id, p.field, p.reason, p.since_ms, p.attempts, p.input, p.retry_ms)
        .run();
  }
}

std::optional<PairId> SqliteStore::pair_of(Side side, const RecordId& record) {
  Query q(*connection_, "SELECT pair FROM identity WHERE value = ? AND side = ? AND kind = 0",
          CompactText{record.text}, side);
  if (!q.step()) return std::nullopt;
  return PairId{q.number(0)};
}

std::vector<PairId> SqliteStore::pairs_with(Identity::Kind kind, const std::string& value) {
  Query q(
      *connection_,
      kind == Identity::Kind::id
          ? "SELECT DISTINCT pair FROM identity WHERE value = ?1 AND kind = 0 ORDER BY pair"
          : "SELECT DISTINCT pair FROM identity WHERE value = ?1 AND kind = ?2 AND kind <> 0 ORDER BY pair",
      CompactText{value});
  if (kind != Identity::Kind::id) q.bind(kind);
  return ids(q);
}

std::vector<Identity> SqliteStore::identities(PairId id) {
  Query q(*connection_, "SELECT kind, side, value, alias FROM identity WHERE pair = ?", id.row);
  std::vector<Identity> out;
  while (q.step())
    out.push_back(in_row("identity", of_pair(id), [&] {
      return Identity{q.as<Identity::Kind>(0), q.as<Side>(1), q.compact_text(2), q.number(3) != 0};
    }));
  std::sort(out.begin(), out.end());
  return out;
}

void SqliteStore::set_identities(PairId id, const std::vector<Identity>& all) {
  writing();
  const auto key = [](const Identity& i) { return std::tie(i.kind, i.side, i.value); };
  std::vector<Identity> wanted = all;
  std::sort(wanted.begin(), wanted.end());  // of one value given as both, the primary stands first
  wanted.erase(std::unique(wanted.begin(), wanted.end(),
                           [&](const Identity& a, const Identity& b) { return key(a) == key(b); }),
               wanted.end());
  const std::vector<Identity> present = identities(id);
  if (present == wanted) return;
  const auto same_key = [&](const Identity& one) {
    return [&](const Identity& two) { return key(one) == key(two); };
  };
  for (const Identity& old : present)
    if (std::none_of(wanted.begin(), wanted.end(), same_key(old)))
      Query(*connection_, "DELETE FROM identity WHERE pair = ? AND kind = ? AND side = ? AND value = ?",
            id.row, old.kind, old.side, CompactText{old.value})
          .run();
  for (const Identity& i : wanted) {
    const auto known = std::find_if(present.begin(), present.end(), same_key(i));
    if (known != present.end() && known->alias == i.alias) continue;
    if (i.kind == Identity::Kind::id)
      Query(*connection_, "DELETE FROM identity WHERE value = ? AND side = ? AND kind = 0 AND pair <> ?",
            CompactText{i.value}, i.side, id.row)
          .run();
    Query(*connection_,
          "INSERT INTO identity VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET alias = excluded.alias",
          id.row, i.kind, i.side, CompactText{i.value}, i.alias, clock_->now_ms())
        .run();
  }
}

std::vector<PairId> SqliteStore::work(WorkList list, PairId after, int limit) {
  const char* sql = "";
  switch (list) {
    case WorkList::all:
      sql = "SELECT id FROM pair WHERE id > ? ORDER BY id LIMIT ?";
      break;
    case WorkList::dirty:
      sql = "SELECT id FROM pair WHERE dirty = 1 AND id > ? ORDER BY id LIMIT ?";
      break;
    case WorkList::unmatched:
      sql = "SELECT id FROM pair WHERE dirty = 1 AND id > ? AND status IN (1, 2, 3) ORDER BY id LIMIT ?";
      break;
  }
  Query q(*connection_, sql, after.row, limit);
  return ids(q);
}

Census SqliteStore::census() {
  Census c;
  Query statuses(*connection_, "SELECT status, count(*), min(id) FROM pair GROUP BY status");
  const std::array<std::int64_t*, 6> by_status{&c.linked,         &c.held,    &c.ctm_only,
                                               &c.highlevel_only, &c.ignored, &c.tombstone};
  while (statuses.step()) {
    const auto status = in_row("pair", statuses.number(2), [&] { return statuses.as<PairStatus>(0); });
    *by_status.at(static_cast<std::size_t>(status)) = statuses.number(1);
  }
  Query others(*connection_,
               "SELECT (SELECT count(*) FROM pair WHERE dirty = 1), (SELECT count(*) FROM conflict WHERE "
               "is_open = 1), (SELECT count(*) FROM parked), (SELECT count(*) FROM pending WHERE decision IS "
               "NULL), (SELECT count(*) FROM intent)");
  others.step();
  c.dirty = others.number(0);
  c.open_conflicts = others.number(1);
  c.parked = others.number(2);
  c.pending = others.number(3);
  c.open_intents = others.number(4);
  Query ruled(
      *connection_,
      "SELECT count(*) FROM pair WHERE status = 1 AND fate IS NOT NULL AND json_extract(fate, '$[3]')");
  ruled.step();
  c.held -= ruled.number(0);
  return c;
}

void SqliteStore::set_dirty(PairId id, bool dirty) {
  writing();
  Query(*connection_, "UPDATE pair SET dirty = ?1 WHERE id = ?2 AND dirty <> ?1 AND (?1 = 1 OR touched = ?3)",
        dirty, id.row, touched(id))
      .run();
}

void SqliteStore::join_pairs(PairId into, PairId from) {
  writing();
  if (into == from) throw std::logic_error("a pair joined with itself");
  // Ids, phones and e-mails that `into` has already stay as they are there.
  Query(*connection_, "UPDATE OR IGNORE identity SET pair = ?1, alias = 1 WHERE pair = ?2", into.row,
        from.row)
      .run();
  Query(*connection_, "UPDATE history SET pair = ? WHERE pair = ?", into.row, from.row).run();
  Query(*connection_, "UPDATE intent SET pair = ? WHERE pair = ?", into.row, from.row).run();
  sync_conflicts(from, {}, 0, 0);
  Query(*connection_, "UPDATE conflict SET pair = ? WHERE pair = ?", into.row, from.row).run();
  Query(*connection_, "DELETE FROM pending WHERE pair = ?", from.row).run();  // their keys name `from`
  Query(*connection_, "DELETE FROM pair WHERE id = ?", from.row).run();  // identities and parked go along
  touched_.erase(from.row);
  set_dirty(into, true);
}
}  // namespace tandem
