// A folder for one test's state, removed afterwards, and a store on it.
#pragma once
#include <stdlib.h>
#include <filesystem>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>
#include "storage/sqlite/sqlite_store.h"
#include "tests/storage/tick_clock.h"

namespace tandem {

class StateFolder {
 public:
  StateFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "tandem-state-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary folder");
    folder_ = name;
  }
  ~StateFolder() {
    std::error_code ignored;
    std::filesystem::permissions(folder_, std::filesystem::perms::owner_all, ignored);
    std::filesystem::remove_all(folder_, ignored);
  }
  StateFolder(const StateFolder&) = delete;
  StateFolder& operator=(const StateFolder&) = delete;

  [[nodiscard]] std::string folder() const { return folder_; }
  [[nodiscard]] std::string file() const { return folder_ + "/acme.sqlite"; }
  [[nodiscard]] std::string lock() const { return folder_ + "/acme.lock"; }
  [[nodiscard]] std::unique_ptr<SqliteStore> open(const StoreLimits& limits = {},
                                                  const char* instance = "test") {
    return SqliteStore::open(file(), kLink, instance, clock, limits);
  }
  [[nodiscard]] std::unique_ptr<SqliteStore> open_scratch() {
    return SqliteStore::open_scratch(file(), kLink, clock);
  }

  inline static const LinkIdentity kLink{"acme", "12345", "location-1"};
  TickClock clock;

 private:
  std::string folder_;
};

// What kind of StoreError the work ends in, if any.
template <class Work>
std::optional<StoreError::Kind> kind_of(const Work& work, std::string* what = nullptr) {
  try {
    static_cast<void>(work());
  } catch (const StoreError& e) {
    if (what != nullptr) *what = e.what();
    return e.kind;
  }
  return std::nullopt;
}

// The only row of a query, as text; NULL is "NULL".
inline std::vector<std::string> one_row(SqliteStore& store, const std::string& sql) {
  const Table table = store.rows(sql);
  std::vector<std::string> out;
  if (table.rows.size() != 1) return {std::to_string(table.rows.size()) + " rows"};
  for (const auto& cell : table.rows[0]) out.push_back(cell.value_or("NULL"));
  return out;
}
}  // namespace tandem
