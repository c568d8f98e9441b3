#include "storage/sqlite/sqlite_store.h"
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include "storage/sqlite/high_water.h"
#include "storage/sqlite/migrate.h"

namespace tandem {
namespace {
using Kind = StoreError::Kind;
using How = Connection::Access;
namespace fs = std::filesystem;

// SQLite gives the -wal and -shm files the mode of the file itself, so that is made first.
void make_private_file(const std::string& path, bool must_be_new) {
  const int descriptor =
      ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | (must_be_new ? O_EXCL : 0), 0600);
  if (descriptor < 0) {
    const int cause = errno;
    throw StoreError(cause == ENOSPC   ? Kind::disk_full
                     : cause == EEXIST ? Kind::other
                                       : Kind::read_only,
                     fmt::format("{}: {}; nothing was written", path, std::strerror(cause)));
  }
  ::close(descriptor);
}

void make_folder(const fs::path& folder) {
  std::error_code error;
  if (folder.empty() || fs::exists(folder, error)) return;
  if (fs::create_directories(folder, error)) fs::permissions(folder, fs::perms::owner_all, error);
  if (error)
    throw StoreError(Kind::read_only,
                     fmt::format("state folder {} cannot be made: {}", folder.string(), error.message()));
}
}  // namespace

SqliteStore::SqliteStore(std::unique_ptr<Connection> connection, Clock* clock)
    : connection_(std::move(connection)), clock_(clock) {}
SqliteStore::~SqliteStore() = default;

std::unique_ptr<SqliteStore> SqliteStore::open(const std::string& path, const LinkIdentity& link,
                                               const std::string& instance, Clock& clock,
                                               const StoreLimits& limits) {
  const fs::path folder = fs::path(path).parent_path();
  make_folder(folder);
  auto lock = std::make_unique<LockFile>((folder / (link.link + ".lock")).string());
  make_private_file(path, false);
  std::unique_ptr<SqliteStore> store(
      new SqliteStore(std::make_unique<Connection>(path, How::write, limits), &clock));
  store->lock_ = std::move(lock);
  Connection& connection = *store->connection_;
  if (check_schema(connection))
    static_cast<void>(check_link(connection, link));  // before anything is changed
  connection.exec("PRAGMA journal_mode = WAL");
  migrate(connection);
  store->prepare_for_writing();
  store->mark_ = (folder / (link.link + ".mark")).string();
  const bool restored = store->is_behind_its_mark();
  connection.begin();
  try {
    adopt_link(connection, link, clock.now_ms());
    store->take_lease(instance);
    if (restored) store->set_meta(kRestored, "yes");
    connection.commit();
  } catch (...) {
    connection.rollback();
    throw;
  }
  write_high_water(store->mark_, store->high_water());
  return store;
}

HighWater SqliteStore::high_water() {
  Query q(
      *connection_,
      "SELECT coalesce((SELECT generation FROM lease), 0), coalesce((SELECT seq FROM sqlite_sequence WHERE "
      "name = 'run'), 0)");
  q.step();
  return {q.number(0), q.number(1)};
}

bool SqliteStore::is_behind_its_mark() {
  const auto mark = read_high_water(mark_);
  const HighWater here = high_water();
  return mark && here.generation > 0 && here < *mark;  // generation 0: a new state, empty anyway
}

std::unique_ptr<SqliteStore> SqliteStore::open_read_only(const std::string& path, const StoreLimits& limits) {
  if (std::error_code error; !fs::exists(path, error))
    throw StoreError(Kind::other,
                     fmt::format("there is no state at {}; the daemon has not run for this link yet", path));
  std::unique_ptr<SqliteStore> store(
      new SqliteStore(std::make_unique<Connection>(path, How::read, limits), nullptr));
  require_current_schema(*store->connection_);
  return store;
}

std::unique_ptr<SqliteStore> SqliteStore::open_scratch(const std::string& path, const LinkIdentity& link,
                                                       Clock& clock, const StoreLimits& limits) {
  std::unique_ptr<SqliteStore> store(
      new SqliteStore(std::make_unique<Connection>(path, How::scratch, limits), &clock));
  Connection& connection = *store->connection_;
  if (std::error_code error; fs::exists(path, error)) {
    Connection source(path, How::read, limits);
    if (check_schema(source)) connection.copy_from(source);
  }
  migrate(connection);
  adopt_link(connection, link, clock.now_ms());
  store->prepare_for_writing();
  return store;
}

void SqliteStore::prepare_for_writing() {
  // What a run has put again: a table beside the state, so that a cycle that holds the same writes
  // as the one before writes nothing into it.
  connection_->exec("CREATE TEMP TABLE put_again (key TEXT PRIMARY KEY) WITHOUT ROWID");
}

void SqliteStore::take_lease(const std::string& instance) {
  Query q(*connection_,
          "INSERT INTO lease VALUES (1, ?1, 1, ?2) ON CONFLICT DO UPDATE SET instance = ?1, generation = "
          "generation + 1, taken_ms = ?2 RETURNING generation",
          instance, clock_->now_ms());
  q.step();
  lease_ = Lease{instance, q.number(0)};
  q.run();
}

void SqliteStore::check_lease() {
  if (!lease_) return;
  if (connection_->file_has_moved())
    throw StoreError(Kind::fenced,
                     fmt::format("state {} was moved or deleted while open; nothing was written, restart "
                                 "tandem when the file is where it belongs",
                                 connection_->path()));
  Query q(*connection_, "SELECT instance, generation FROM lease");
  const std::string holder = q.step() ? q.text(0) : "nobody";
  if (holder == lease_->instance && q.number(1) == lease_->generation) return;
  throw StoreError(
      Kind::fenced,
      fmt::format("state {} was taken over by another tandem ({}); nothing was written, this one stops",
                  connection_->path(), holder));
}

void SqliteStore::transact(const std::function<void()>& work) {
  if (clock_ == nullptr) throw std::logic_error("a transaction on a state opened for reading");
  connection_->begin();
  const bool row_was_missing = run_row_missing_;
  const std::int64_t run_before = run_.id;
  try {
    check_lease();
    const int before = connection_->total_changes();
    work();
    if (run_row_missing_ && connection_->total_changes() != before) write_run_row();
    connection_->commit();
  } catch (...) {
    connection_->rollback();
    run_row_missing_ = row_was_missing;
    throw;
  }
  // Only now: a mark ahead of its state would say that the state was restored.
  const bool row_is_new = !run_row_missing_ && (row_was_missing || run_.id != run_before);
  if (row_is_new && lease_) write_high_water(mark_, {lease_->generation, run_.id});
  if (log_has_erased_) write_over_the_log();
}

void SqliteStore::writing() const {
  if (!connection_->in_transaction()) throw std::logic_error("a write to the state outside a transaction");
}

std::optional<std::string> SqliteStore::meta(std::string_view key) {
  Query q(*connection_, "SELECT value FROM meta WHERE key = ?", key);
  if (!q.step()) return std::nullopt;
  return q.text(0);
}

void SqliteStore::set_meta(std::string_view key, std::string_view value) {
  writing();
  Query(*connection_,
        "INSERT INTO meta VALUES (?1, ?2) ON CONFLICT DO UPDATE SET value = ?2 WHERE value <> ?2", key, value)
      .run();
}

void SqliteStore::backup(const std::string& file) {
  make_private_file(file, true);
  try {
    Connection copy(file, How::write, {});
    copy.copy_from(*connection_);
    copy.exec("PRAGMA journal_mode = DELETE");  // one file, whole in itself
  } catch (...) {
    std::error_code ignored;
    fs::remove(file, ignored);
    throw;
  }
}

Table SqliteStore::rows(const std::string& sql, const std::vector<std::string>& binds) {
  Query q(*connection_, sql);
  for (const std::string& text : binds) q.bind(text);
  Table out;
  for (int i = 0; i < q.columns(); ++i) out.columns.push_back(q.column_name(i));
  while (q.step()) {
    auto& row = out.rows.emplace_back();
    for (int i = 0; i < q.columns(); ++i) row.push_back(q.maybe_text(i));
  }
  return out;
}

std::string SqliteStore::link_name() {
  Query q(*connection_, "SELECT name FROM link");
  return q.step() ? q.text(0) : std::string();
}

std::int64_t SqliteStore::generation() {
  Query q(*connection_, "SELECT generation FROM lease");
  return q.step() ? q.number(0) : 0;
}
}  // namespace tandem
