// What a person decides from the command line while the daemon goes on: short transactions in a
// second connection, without lock and lease. The daemon finds them at its next cycle.
#pragma once
#include <memory>
#include <string>
#include <string_view>
#include "core/model/pair.h"
#include "core/ports/state_store.h"
#include "storage/sqlite/connection.h"

namespace tandem {

class SqliteDecisions {
 public:
  // StoreError::other where there is no state yet or it is older than this program; never migrates.
  explicit SqliteDecisions(const std::string& path, const StoreLimits& limits = {});

  // Each is one transaction of its own; StoreError::busy when the daemon did not yield in time.
  // As StateStore::decide.
  [[nodiscard]] bool decide(const std::string& digest, Decision decision, std::int64_t at_ms);
  // False: no such pair. Replaces an earlier one for that field.
  [[nodiscard]] bool set_resolution(PairId id, const std::string& field, const Resolution& resolution);
  [[nodiscard]] bool set_dirty(PairId id);  // false: no such pair
  // Replaces what was said about these two before.
  void add_ruling(Ruling::Kind kind, const RecordId& ctm, const RecordId& highlevel, std::int64_t at_ms);
  // Keys that begin with "command." only (std::logic_error): the others are the daemon's.
  void set_meta(std::string_view key, std::string_view value);

 private:
  template <class Work>
  auto transact(const Work& work);
  Connection connection_;
};
}  // namespace tandem
