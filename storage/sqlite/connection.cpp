#include "storage/sqlite/connection.h"
#include <fmt/format.h>
#include <sqlite3.h>
#include <charconv>

namespace tandem {
namespace {
// Pages kept in memory, in KiB: the whole program has to stay small.
constexpr int kCacheKib = 1'024;
// A reader that stays long lets the log grow; afterwards it is cut back to this.
constexpr int kLogBytes = 8 * 1024 * 1024;

SQLite::Database open_database(const std::string& path, Connection::Access access,
                               const StoreLimits& limits) {
  int flags = SQLite::OPEN_NOMUTEX;
  if (access == Connection::Access::read) flags |= SQLite::OPEN_READONLY;
  if (access == Connection::Access::write) flags |= SQLite::OPEN_READWRITE;
  if (access == Connection::Access::scratch) flags |= SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE;
  try {
    return SQLite::Database(access == Connection::Access::scratch ? std::string() : path, flags,
                            limits.busy_timeout_ms);
  } catch (const SQLite::Exception& e) {
    throw StoreError(
        StoreError::Kind::read_only,
        fmt::format("state {}: cannot be opened ({}); check that it exists and that this user may read and "
                    "write it and its folder",
                    path, e.what()));
  }
}
}  // namespace

Connection::Connection(const std::string& path, Access access, const StoreLimits& limits)
    : path_(access == Access::scratch ? "(scratch copy)" : path),
      database_(open_database(path, access, limits)) {
  exec(fmt::format("PRAGMA cache_size = -{}", kCacheKib));
  exec("PRAGMA foreign_keys = ON");
  if (access == Access::read) exec("PRAGMA query_only = ON");
  if (access == Access::write) {
    exec(limits.survives_power_loss ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = OFF");
    exec(fmt::format("PRAGMA journal_size_limit = {}", kLogBytes));
    // What is deleted is overwritten, whatever the build's default: an erased person must not be left in what
    // was freed long before.
    exec("PRAGMA secure_delete = ON");
  }
  if (access == Access::scratch) exec("PRAGMA synchronous = OFF");
  if (limits.max_pages > 0) exec(fmt::format("PRAGMA max_page_count = {}", limits.max_pages));
}

void Connection::raise(const SQLite::Exception& error) const {
  using Kind = StoreError::Kind;
  const auto say = [&](const char* text) {
    return fmt::format("state {}: {} ({})", path_, text, error.what());
  };
  switch (error.getErrorCode()) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      throw StoreError(Kind::busy, say("another process is writing and did not finish in time; nothing was "
                                       "written, try again"));
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH:
      throw StoreError(Kind::read_only,
                       say("the file, its folder or its file system is read-only; nothing was written, make "
                           "it writable for this user"));
    case SQLITE_CANTOPEN:
      throw StoreError(Kind::read_only,
                       say("it or its -wal and -shm files beside it cannot be opened; a folder this user may "
                           "not write to can be read only while the daemon runs"));
    case SQLITE_FULL:
      throw StoreError(Kind::disk_full, say("the disk is full; nothing was written, free some space"));
    case SQLITE_CORRUPT:
      throw StoreError(Kind::corrupt,
                       say("the file is damaged; nothing was written, stop tandem and restore a backup, or "
                           "move the file away to begin anew"));
    case SQLITE_NOTADB:
      throw StoreError(Kind::foreign,
                       say("this is not a database, or its first page is damaged; move it away or restore a "
                           "backup"));
    default:
      throw StoreError(Kind::other, say("the database failed; nothing was written"));
  }
}

void Connection::exec(const std::string& sql) {
  try {
    database_.exec(sql);
  } catch (const SQLite::Exception& e) {
    raise(e);
  }
}

void Connection::begin() {
  if (in_transaction_) throw std::logic_error("a transaction inside a transaction");
  Query(*this, "BEGIN IMMEDIATE").run();
  in_transaction_ = true;
}

void Connection::commit() {
  Query(*this, "COMMIT").run();
  in_transaction_ = false;
}

void Connection::rollback() noexcept {
  in_transaction_ = false;
  if (sqlite3_get_autocommit(database_.getHandle()) == 0) database_.tryExec("ROLLBACK");
}

std::int64_t Connection::number(const std::string& pragma) {
  Query q(*this, std::string("PRAGMA " + pragma));
  return q.step() ? q.number(0) : 0;
}

bool Connection::file_has_moved() const {
  int moved = 0;
  sqlite3_file_control(database_.getHandle(), "main", SQLITE_FCNTL_HAS_MOVED, &moved);
  return moved != 0;
}

void Connection::copy_from(Connection& source) {
  try {
    SQLite::Backup backup(database_, source.database_);
    backup.executeStep();  // in one step: one moment of the source, whoever writes meanwhile
    if (backup.getRemainingPageCount() != 0)
      throw StoreError(
          StoreError::Kind::busy,
          fmt::format("state {}: another process is writing and did not finish in time; nothing was copied, "
                      "try again",
                      source.path_));
  } catch (const SQLite::Exception& e) {
    raise(e);
  }
}

Query::~Query() {
  if (cached_ == nullptr) return;
  statement_->tryReset();  // an error of the last step was reported then
  cached_->in_use = false;
}

void Query::take(const char* sql) {
  auto& prepared = connection_.prepared_[sql];
  if (prepared.in_use) return prepare(sql);
  if (!prepared.statement) {
    prepare(sql);
    prepared.statement = std::move(own_);
  }
  cached_ = &prepared;
  cached_->in_use = true;
  statement_ = prepared.statement.get();
}

void Query::prepare(const std::string& sql) {
  try {
    own_ = std::make_unique<SQLite::Statement>(connection_.database_, sql);
    statement_ = own_.get();
  } catch (const SQLite::Exception& e) {
    connection_.raise(e);
  }
}

bool Query::step() {
  try {
    return statement_->executeStep();
  } catch (const SQLite::Exception& e) {
    connection_.raise(e);
  }
}

void Query::bind_number(std::int64_t value) { statement_->bind(next_++, value); }
void Query::bind_null() { statement_->bind(next_++); }
void Query::bind_one(const std::string& text) { statement_->bind(next_++, text); }

void Query::bind_one(const FieldValue& value) {
  if (value.is_value())
    bind_one(value.text());
  else if (value.is_cleared())
    bind_null();
  else
    bind_number(value.presence() == Presence::absent ? 0 : 1);
}

void Query::bind_one(const CompactText& compact) {
  const std::string_view text = compact.text;
  const bool plus = text.starts_with('+');
  const std::size_t digits = text.size() - (plus ? 1 : 0);
  std::int64_t number = 0;
  if (digits >= 1 && digits <= 18 && text[plus ? 1 : 0] != '0') {
    const char* end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data() + (plus ? 1 : 0), end, number);
    if (error == std::errc() && stop == end && number > 0) return bind_number(plus ? -number : number);
  }
  bind_one(text);
}

bool Query::is_null(int column) const { return statement_->getColumn(column).isNull(); }
std::int64_t Query::number(int column) const { return statement_->getColumn(column).getInt64(); }

std::string Query::text(int column) const { return statement_->getColumn(column).getString(); }

std::optional<std::string> Query::maybe_text(int column) const {
  if (is_null(column)) return std::nullopt;
  return text(column);
}

std::string Query::compact_text(int column) const {
  const auto found = statement_->getColumn(column);
  if (!found.isInteger()) return found.getString();
  const std::int64_t number = found.getInt64();
  return number < 0 ? fmt::format("+{}", -number) : fmt::format("{}", number);
}

FieldValue Query::value(int column) const {
  const auto found = statement_->getColumn(column);
  if (found.isNull()) return FieldValue::cleared();
  if (found.isText()) return FieldValue::of(found.getString());
  return found.getInt64() == 0 ? FieldValue::absent() : FieldValue();
}
}  // namespace tandem
