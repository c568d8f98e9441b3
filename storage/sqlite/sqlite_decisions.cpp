#include "storage/sqlite/sqlite_decisions.h"
#include <fmt/format.h>
#include <filesystem>
#include "storage/sqlite/encode.h"
#include "storage/sqlite/migrate.h"
#include "storage/sqlite/pending.h"
#include "storage/sqlite/put_ruling.h"

namespace tandem {
namespace {
const std::string& existing(const std::string& path) {
  if (std::error_code error; !std::filesystem::exists(path, error))
    throw StoreError(StoreError::Kind::other,
                     fmt::format("there is no state at {}; the daemon has not run for this link yet", path));
  return path;
}
}  // namespace

SqliteDecisions::SqliteDecisions(const std::string& path, const StoreLimits& limits)
    : connection_(existing(path), Connection::Access::write, limits) {
  require_current_schema(connection_);
}

template <class Work>
auto SqliteDecisions::transact(const Work& work) {
  connection_.begin();
  try {
    if constexpr (std::is_void_v<decltype(work())>) {
      work();
      connection_.commit();
    } else {
      const auto out = work();
      connection_.commit();
      return out;
    }
  } catch (...) {
    connection_.rollback();
    throw;
  }
}

bool SqliteDecisions::decide(const std::string& digest, Decision decision, std::int64_t at_ms) {
  return transact([&] { return decide_group(connection_, digest, decision, at_ms); });
}

bool SqliteDecisions::set_resolution(PairId id, const std::string& field, const Resolution& resolution) {
  return transact([&] {
    PairState pair;
    {
      Query q(connection_, "SELECT resolutions FROM pair WHERE id = ?", id.row);
      if (!q.step()) return false;
      if (!q.is_null(0)) in_row("pair", id.row, [&] { decode_resolutions(q.text(0), pair); });
    }
    pair.resolutions.insert_or_assign(field, resolution);
    Query(connection_, "UPDATE pair SET resolutions = ?, dirty = 1, touched = touched + 1 WHERE id = ?",
          encode_resolutions(pair.resolutions), id.row)
        .run();
    return true;
  });
}

bool SqliteDecisions::set_dirty(PairId id) {
  return transact([&] {
    Query(connection_, "UPDATE pair SET dirty = 1, touched = touched + 1 WHERE id = ?", id.row).run();
    return connection_.changes() > 0;
  });
}

void SqliteDecisions::add_ruling(Ruling::Kind kind, const RecordId& ctm, const RecordId& highlevel,
                                 std::int64_t at_ms) {
  transact([&] { put_ruling(connection_, kind, ctm, highlevel, at_ms); });
}

void SqliteDecisions::set_meta(std::string_view key, std::string_view value) {
  if (!key.starts_with("command.")) throw std::logic_error("a command may only set its own keys");
  transact([&] {
    Query(connection_, "INSERT INTO meta VALUES (?1, ?2) ON CONFLICT DO UPDATE SET value = ?2", key, value)
        .run();
  });
}
}  // namespace tandem
