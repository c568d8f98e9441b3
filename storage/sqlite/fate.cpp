// SqliteStore: deletions and their proof, erasure, and a person's rulings on the matching.
#include <fmt/format.h>
#include <xxhash.h>
#include <random>
#include "storage/sqlite/put_ruling.h"
#include "storage/sqlite/sqlite_store.h"

namespace tandem {
namespace {
static_assert(static_cast<int>(Ruling::Kind::link) == 0 && static_cast<int>(Ruling::Kind::keep_apart) == 1 &&
              static_cast<int>(Ruling::Kind::unlink) == 2);
constexpr const char* kSalt = "erased.salt";

Suspect read_suspect(Query& q, Side side) {
  return in_row(
      "suspect", [&] { return source_row_name(side, q.number(0), q.compact_text(1)); },
      [&] {
        return Suspect{
            {q.as<SourceKind>(0), q.compact_text(1)}, {q.compact_text(2)}, q.number(3), q.number(4) != 0};
      });
}
}  // namespace

std::vector<Suspect> SqliteStore::suspects(Side side) {
  Query q(*connection_, "SELECT kind, id, person, since_ms, absent FROM suspect WHERE side = ?", side);
  std::vector<Suspect> out;
  while (q.step()) out.push_back(read_suspect(q, side));
  return out;
}

std::optional<Suspect> SqliteStore::suspect(Side side, const SourceRef& ref) {
  Query q(*connection_,
          "SELECT kind, id, person, since_ms, absent FROM suspect WHERE side = ? AND kind = ? AND id = ?",
          side, ref.kind, CompactText{ref.id});
  if (!q.step()) return std::nullopt;
  return read_suspect(q, side);
}

void SqliteStore::put_suspect(Side side, const Suspect& s) {
  writing();
  Query(
      *connection_,
      "INSERT INTO suspect VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT DO UPDATE SET person = ?4, since_ms = "
      "?5, absent = ?6 WHERE (person, since_ms, absent) IS NOT (?4, ?5, ?6)",
      side, s.ref.kind, CompactText{s.ref.id}, CompactText{s.person.text}, s.since_ms, s.absent)
      .run();
}

void SqliteStore::drop_suspect(Side side, const SourceRef& ref) {
  writing();
  Query(*connection_, "DELETE FROM suspect WHERE side = ? AND kind = ? AND id = ?", side, ref.kind,
        CompactText{ref.id})
      .run();
}

std::string SqliteStore::erased_digest(Identity::Kind kind, const std::string& value) {
  const std::string text = fmt::format("{} {} {}", meta(kSalt).value_or(""), static_cast<int>(kind), value);
  const XXH128_hash_t hash = XXH3_128bits(text.data(), text.size());
  return fmt::format("{:016x}{:016x}", hash.high64, hash.low64);
}

void SqliteStore::erase_pair(PairId id) {
  writing();
  if (!meta(kSalt)) {
    std::random_device random;
    set_meta(kSalt, fmt::format("{:08x}{:08x}{:08x}{:08x}", random(), random(), random(), random()));
  }
  const std::vector<Identity> all = identities(id);
  for (const Identity& i : all) {
    Query(*connection_, "INSERT OR IGNORE INTO erased VALUES (?, ?)", erased_digest(i.kind, i.value),
          clock_->now_ms())
        .run();
    if (i.kind != Identity::Kind::id) continue;
    Query(*connection_, "DELETE FROM source WHERE side = ? AND coalesce(person, id) = ?", i.side,
          CompactText{i.value})
        .run();
    Query(*connection_, "DELETE FROM suspect WHERE side = ? AND person = ?", i.side, CompactText{i.value})
        .run();
    Query(*connection_, "DELETE FROM ruling WHERE (?1 = 0 AND ctm_id = ?2) OR (?1 = 1 AND highlevel_id = ?2)",
          i.side, CompactText{i.value})
        .run();
  }
  for (const char* sql : {"DELETE FROM history WHERE pair = ?", "DELETE FROM conflict WHERE pair = ?",
                          "DELETE FROM pending WHERE pair = ?", "DELETE FROM intent WHERE pair = ?"})
    Query(*connection_, sql, id.row).run();
  Query(*connection_, "DELETE FROM pair WHERE id = ?", id.row).run();
  touched_.erase(id.row);
  log_holds_erased_ = true;
}

bool SqliteStore::has_erased() {
  Query q(*connection_, "SELECT 1 FROM erased LIMIT 1");
  return q.step();
}

bool SqliteStore::is_erased(Identity::Kind kind, const std::string& value) {
  if (value.empty()) return false;
  Query q(*connection_, "SELECT 1 FROM erased WHERE digest = ?", erased_digest(kind, value));
  return q.step();
}

void put_ruling(Connection& connection, Ruling::Kind kind, const RecordId& ctm, const RecordId& highlevel,
                std::int64_t at_ms) {
  Query(connection,
        "INSERT OR REPLACE INTO ruling (kind, ctm_id, highlevel_id, at_ms, is_new) VALUES (?, ?, ?, ?, 1)",
        kind, CompactText{ctm.text}, CompactText{highlevel.text}, at_ms)
      .run();
}

void SqliteStore::add_ruling(Ruling::Kind kind, const RecordId& ctm, const RecordId& highlevel) {
  writing();
  put_ruling(*connection_, kind, ctm, highlevel, clock_->now_ms());
}

std::vector<Ruling> SqliteStore::new_rulings() {
  Query q(*connection_, "SELECT kind, id, ctm_id, highlevel_id FROM ruling WHERE is_new = 1 ORDER BY id");
  std::vector<Ruling> out;
  while (q.step())
    out.push_back({in_row("ruling", q.number(1), [&] { return q.as<Ruling::Kind>(0); }),
                   q.number(1),
                   {q.compact_text(2)},
                   {q.compact_text(3)}});
  return out;
}

void SqliteStore::close_ruling(std::int64_t id) {
  writing();
  Query(*connection_, "UPDATE ruling SET is_new = 0 WHERE id = ?", id).run();
}

bool SqliteStore::kept_apart(const RecordId& ctm, const RecordId& highlevel) {
  Query q(*connection_, "SELECT 1 FROM ruling WHERE ctm_id = ? AND highlevel_id = ? AND kind <> 0",
          CompactText{ctm.text}, CompactText{highlevel.text});
  return q.step();
}

bool SqliteStore::kept_together(const RecordId& ctm, const RecordId& highlevel) {
  Query q(*connection_, "SELECT 1 FROM ruling WHERE ctm_id = ? AND highlevel_id = ? AND kind = 0",
          CompactText{ctm.text}, CompactText{highlevel.text});
  return q.step();
}
}  // namespace tandem
