// One connection to a state file: settings, cached statements, and SQLite's errors turned into
// StoreError. One thread.
#pragma once
#include <SQLiteCpp/Backup.h>
#include <SQLiteCpp/SQLiteCpp.h>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <unordered_map>
#include "core/model/field.h"
#include "core/ports/state_store.h"
#include "storage/sqlite/damage.h"

namespace tandem {

struct StoreLimits {
  int busy_timeout_ms = 5'000;  // a command's transaction takes milliseconds; longer means a stuck process
  std::int64_t max_pages = 0;   // 0 = as far as the disk goes
  bool survives_power_loss = true;  // false: nothing is forced to the disk; for tests that lose no power
};

// An id, number or address as it is stored: plain digits as a number, digits after a "+" as a
// negative one, anything else as text. Half the bytes for most ids, and they are stored many times.
struct CompactText {
  std::string_view text;
};

class Connection {
 public:
  enum class Access : std::uint8_t {
    read,     // never writes
    write,    // an existing file
    scratch,  // a private database without a name; spills to disk, gone when closed
  };
  // path is ignored for scratch. Nothing is read yet: a file that is no database shows at first use.
  Connection(const std::string& path, Access access, const StoreLimits& limits);

  void exec(const std::string& sql);
  // A transaction that may write from its first statement on, so that it cannot fail in the middle
  // because somebody else wrote.
  void begin();
  void commit();
  void rollback() noexcept;  // harmless when SQLite has rolled back by itself
  [[nodiscard]] bool in_transaction() const { return in_transaction_; }

  // What `PRAGMA name` shows now.
  [[nodiscard]] std::int64_t number(const std::string& pragma);
  [[nodiscard]] std::int64_t last_id() const { return database_.getLastInsertRowid(); }
  [[nodiscard]] int changes() const { return database_.getChanges(); }
  [[nodiscard]] int total_changes() const { return database_.getTotalChanges(); }
  // The file has another name by now, or none: writing to it would be lost.
  [[nodiscard]] bool file_has_moved() const;
  void copy_from(Connection& source);  // everything, replacing what is here (online backup)

  [[nodiscard]] const std::string& path() const { return path_; }
  [[noreturn]] void raise(const SQLite::Exception& error) const;

 private:
  friend class Query;
  struct Prepared {
    std::unique_ptr<SQLite::Statement> statement;
    bool in_use = false;
  };
  std::string path_;
  SQLite::Database database_;
  std::unordered_map<const char*, Prepared> prepared_;  // by the literal's address
  bool in_transaction_ = false;
};

// One use of a statement; put back when it goes out of scope. Columns count from 0, binds in order.
class Query {
 public:
  // `sql` is a string literal: its address is the key of the cache. Text is copied.
  template <class... Args>
  Query(Connection& connection, const char* sql, const Args&... args) : connection_(connection) {
    take(sql);
    bind(args...);
  }
  // Not cached.
  Query(Connection& connection, const std::string& sql) : connection_(connection) { prepare(sql); }
  ~Query();
  Query(const Query&) = delete;
  Query& operator=(const Query&) = delete;

  template <class... Args>
  void bind(const Args&... args) {
    (bind_one(args), ...);
  }

  bool step();  // true: a row is there
  void run() {
    while (step()) {
    }
  }

  [[nodiscard]] bool is_null(int column) const;
  [[nodiscard]] std::int64_t number(int column) const;
  template <class T>
  [[nodiscard]] T as(int column) const {  // an enumeration: StoreError::corrupt when it has no such member
    if constexpr (std::is_enum_v<T>)
      return stored_as<T>(number(column));
    else
      return static_cast<T>(number(column));
  }
  [[nodiscard]] std::string text(int column) const;  // "" for NULL
  [[nodiscard]] std::optional<std::string> maybe_text(int column) const;
  [[nodiscard]] FieldValue value(int column) const;          // bound as FieldValue
  [[nodiscard]] std::string compact_text(int column) const;  // bound as CompactText
  [[nodiscard]] int columns() const { return statement_->getColumnCount(); }
  [[nodiscard]] std::string column_name(int column) const { return statement_->getColumnName(column); }

 private:
  void take(const char* sql);
  void prepare(const std::string& sql);
  void bind_number(std::int64_t value);
  void bind_null();
  void bind_one(const std::string& text);
  void bind_one(const char* text) { bind_one(std::string(text)); }
  void bind_one(std::string_view text) { bind_one(std::string(text)); }
  void bind_one(const FieldValue& value);
  void bind_one(const CompactText& compact);
  template <class T>
  void bind_one(const std::optional<T>& value) {
    if (value)
      bind_one(*value);
    else
      bind_null();
  }
  template <class T>
  requires(std::is_integral_v<T> || std::is_enum_v<T>) void bind_one(T value) {
    bind_number(static_cast<std::int64_t>(value));
  }

  Connection& connection_;
  Connection::Prepared* cached_ = nullptr;
  std::unique_ptr<SQLite::Statement> own_;
  SQLite::Statement* statement_ = nullptr;
  int next_ = 1;
};
}  // namespace tandem
