// SqliteStore: sources.
#include <algorithm>
#include <limits>
#include <tuple>
#include "storage/sqlite/encode.h"
#include "storage/sqlite/sqlite_store.h"

namespace tandem {
namespace {
static_assert(static_cast<int>(SourceKind::record) == 0 && static_cast<int>(SourceKind::row) == 1 &&
              static_cast<int>(SourceKind::activity) == 2);
constexpr int kVisitBatch = 256;  // keys read ahead of the visitor

bool is_the_person(const SourceRow& row) {
  return row.ref.kind == SourceKind::record && row.ref.id == row.person.text;
}

SourceRow read_source(Query& q, Side side) {
  return in_row(
      "source", [&] { return source_row_name(side, q.number(0), q.compact_text(1)); },
      [&] {
        SourceRow row;
        row.side = side;
        row.ref = {q.as<SourceKind>(0), q.compact_text(1)};
        row.person.text = q.is_null(2) ? row.ref.id : q.compact_text(2);
        row.at_ms = q.number(3);
        row.hash = {q.as<std::uint64_t>(4), q.as<std::uint64_t>(5)};
        if (!q.is_null(6)) row.shown = decode_values(q.text(6));
        if (!q.is_null(7)) row.tags = decode_texts(q.text(7));
        if (!q.is_null(8)) decode_more(q.text(8), row);
        return row;
      });
}
}  // namespace

std::optional<WireHash> SqliteStore::source_hash(Side side, const SourceRef& ref) {
  Query q(*connection_, "SELECT hash_low, hash_high FROM source WHERE side = ? AND kind = ? AND id = ?", side,
          ref.kind, CompactText{ref.id});
  if (!q.step()) return std::nullopt;
  return WireHash{q.as<std::uint64_t>(0), q.as<std::uint64_t>(1)};
}

std::optional<SourceRow> SqliteStore::source(Side side, const SourceRef& ref) {
  Query q(*connection_,
          "SELECT kind, id, person, at_ms, hash_low, hash_high, shown, tags, more FROM source WHERE side = ? "
          "AND kind = ? AND id = ?",
          side, ref.kind, CompactText{ref.id});
  if (!q.step()) return std::nullopt;
  return read_source(q, side);
}

std::vector<SourceRow> SqliteStore::sources_of(Side side, const RecordId& person) {
  // Named, because SQLite would walk all sources of the side along the primary key.
  Query q(*connection_,
          "SELECT kind, id, person, at_ms, hash_low, hash_high, shown, tags, more FROM source INDEXED BY "
          "source_person WHERE side = ?1 AND person = ?2 UNION ALL SELECT kind, id, person, at_ms, hash_low, "
          "hash_high, shown, tags, "
          "more FROM source WHERE side = ?1 AND kind = 0 AND id = ?2 AND person IS NULL",
          side, CompactText{person.text});
  std::vector<SourceRow> out;
  while (q.step()) out.push_back(read_source(q, side));
  std::sort(out.begin(), out.end(), [](const SourceRow& a, const SourceRow& b) {
    return std::tie(b.at_ms, a.ref) < std::tie(a.at_ms, b.ref);
  });
  return out;
}

void SqliteStore::each_source(Side side, SourceKind kind,
                              const std::function<void(const SourceRef&, const RecordId&)>& visit) {
  // In batches, so that no statement is open while the visitor works.
  std::vector<std::pair<std::string, std::string>> batch;
  do {
    const std::string last = batch.empty() ? std::string() : batch.back().first;
    const bool begins = batch.empty();
    batch.clear();
    {
      Query q(*connection_,
              "SELECT id, coalesce(person, id) FROM source WHERE side = ? AND kind = ? AND id > ? ORDER BY "
              "id LIMIT ?",
              side, kind);
      if (begins)
        q.bind(std::numeric_limits<std::int64_t>::min());  // before any id, number or text
      else
        q.bind(CompactText{last});
      q.bind(kVisitBatch);
      while (q.step()) batch.emplace_back(q.compact_text(0), q.compact_text(1));
    }
    for (const auto& [id, person] : batch) visit({kind, id}, {person});
  } while (batch.size() == kVisitBatch);
}

void SqliteStore::put_source(const SourceRow& row) {
  writing();
  std::optional<CompactText> person;
  if (!is_the_person(row)) person = CompactText{row.person.text};
  const Encoded shown = row.ref.kind == SourceKind::record ? std::nullopt : encode_values(row.shown);
  Query(*connection_, "INSERT OR REPLACE INTO source VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", row.side,
        row.ref.kind, CompactText{row.ref.id}, person, row.at_ms, row.hash.low, row.hash.high, shown,
        encode_texts(row.tags), encode_more(row))
      .run();
}

void SqliteStore::drop_source(Side side, const SourceRef& ref) {
  writing();
  Query(*connection_, "DELETE FROM source WHERE side = ? AND kind = ? AND id = ?", side, ref.kind,
        CompactText{ref.id})
      .run();
}

std::int64_t SqliteStore::prune_activities(std::int64_t older_than_ms) {
  writing();
  // Newest as in sources_of: by time, then the smaller id as text.
  Query(*connection_,
        "DELETE FROM source AS old WHERE kind = 2 AND at_ms < ? AND tags IS NULL AND EXISTS (SELECT 1 FROM "
        "source AS n WHERE n.side = old.side AND n.person = old.person AND n.kind = 2 AND (n.at_ms > "
        "old.at_ms OR (n.at_ms = old.at_ms AND CAST(n.id AS TEXT) < CAST(old.id AS TEXT))))",
        older_than_ms)
      .run();
  return connection_->changes();
}
}  // namespace tandem
