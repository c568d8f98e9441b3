// The state of one link in one SQLite file: core/ports/state_store.h, the ways to open it, and the
// views for whoever reads along. One thread; other processes may read, and decide
// (sqlite_decisions.h), at any time.
#pragma once
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>
#include "core/ports/clock.h"
#include "core/ports/state_store.h"
#include "storage/sqlite/connection.h"
#include "storage/sqlite/high_water.h"
#include "storage/sqlite/lock.h"

namespace tandem {

// Which account and location a state belongs to. It is never used with another.
struct LinkIdentity {
  std::string link, ctm_account, highlevel_location;
};

struct Table {
  std::vector<std::string> columns;
  std::vector<std::vector<std::optional<std::string>>> rows;  // nullopt = NULL
};

class SqliteStore final : public StateStore {
 public:
  // The one writer. Makes the folder (0700) and the file (0600) where there is none, migrates an older
  // one, takes `<link>.lock` beside it and the lease in it. StoreError: busy (somebody has it),
  // newer_schema, foreign (another program's file, or another account or location), read_only.
  // `instance` names this process in the lease. `clock` outlives the store.
  [[nodiscard]] static std::unique_ptr<SqliteStore> open(const std::string& path, const LinkIdentity& link,
                                                         const std::string& instance, Clock& clock,
                                                         const StoreLimits& limits = {});
  // For status, explain and the like: transact throws. Works whether or not a daemon runs.
  // StoreError::other when there is no state yet or it is older than this program.
  [[nodiscard]] static std::unique_ptr<SqliteStore> open_read_only(const std::string& path,
                                                                   const StoreLimits& limits = {});
  // For a dry run: a private copy of the state as it is at this moment, migrated if older; empty where
  // there is none. The state itself is only read. No lock, no lease.
  [[nodiscard]] static std::unique_ptr<SqliteStore> open_scratch(const std::string& path,
                                                                 const LinkIdentity& link, Clock& clock,
                                                                 const StoreLimits& limits = {});
  ~SqliteStore() override;

  // A consistent copy while everything goes on. `file` must not exist; 0600. It is there whole or not at
  // all: until then it is called `file`.part.
  void backup(const std::string& file);
  // SQL that only reads, `binds` for its ? in order.
  [[nodiscard]] Table rows(const std::string& sql, const std::vector<std::string>& binds = {});
  // In the order it was made.
  [[nodiscard]] std::vector<HistoryRow> history_of(std::int64_t run);
  // What a command's SqliteDecisions does to the state itself, for a dry run on a copy. Inside a transaction.
  void add_ruling(Ruling::Kind kind, const RecordId& ctm, const RecordId& highlevel);
  [[nodiscard]] std::string link_name();
  // Counts the times the state was opened for writing.
  [[nodiscard]] std::int64_t generation();

  void transact(const std::function<void()>& work) override;
  std::optional<std::string> meta(std::string_view key) override;
  void set_meta(std::string_view key, std::string_view value) override;

  std::optional<WireHash> source_hash(Side side, const SourceRef& ref) override;
  std::optional<SourceRow> source(Side side, const SourceRef& ref) override;
  std::vector<SourceRow> sources_of(Side side, const RecordId& person) override;
  // The visitor may write, and may drop what it is shown.
  void each_source(Side side, SourceKind kind,
                   const std::function<void(const SourceRef&, const RecordId&)>& visit) override;
  void put_source(const SourceRow& row) override;  // of a record: `shown` is not kept
  void drop_source(Side side, const SourceRef& ref) override;
  std::int64_t prune_activities(std::int64_t older_than_ms) override;

  std::optional<PairState> pair(PairId id) override;
  std::optional<PairId> pair_of(Side side, const RecordId& record) override;
  std::vector<PairId> pairs_with(Identity::Kind kind, const std::string& value) override;
  std::vector<Identity> identities(PairId id) override;
  std::vector<PairId> work(WorkList list, PairId after, int limit) override;
  Census census() override;
  // Its records become identities of the pair, taken over from others. What a person decided after the
  // pair was read stays, and the pair stays dirty.
  void put_pair(PairState& pair) override;
  void set_dirty(PairId id, bool dirty) override;
  void set_identities(PairId id, const std::vector<Identity>& all) override;
  void join_pairs(PairId into, PairId from) override;
  void wake_parked(std::int64_t now_ms) override;

  std::vector<Suspect> suspects(Side side) override;
  std::optional<Suspect> suspect(Side side, const SourceRef& ref) override;
  void put_suspect(Side side, const Suspect& suspect) override;
  void drop_suspect(Side side, const SourceRef& ref) override;
  void erase_pair(PairId id) override;
  bool has_erased() override;
  bool is_erased(Identity::Kind kind, const std::string& value) override;

  std::vector<Ruling> new_rulings() override;
  void close_ruling(std::int64_t id) override;
  bool kept_apart(const RecordId& ctm, const RecordId& highlevel) override;
  bool kept_together(const RecordId& ctm, const RecordId& highlevel) override;

  std::vector<Intent> open_intents() override;
  std::vector<Intent> open_intents_of(PairId id) override;
  void put_intent(Intent& intent) override;
  void close_intent(std::int64_t id) override;
  void add_history(const HistoryRow& row) override;

  void sync_conflicts(PairId id, const std::vector<ConflictRow>& open, std::int64_t run,
                      std::int64_t at_ms) override;
  void add_decided_conflict(const ConflictRow& row) override;  // an open one of that field becomes it
  std::optional<ConflictRow> conflict(std::int64_t id) override;
  std::optional<Decision> decision(const std::string& key) override;
  void put_pending(const PendingMember& member) override;
  void sweep_pending(std::int64_t run) override;  // of the run begun last
  std::vector<PendingGroup> pending_groups() override;
  bool decide(const std::string& digest, Decision decision, std::int64_t at_ms) override;
  void drop_decision(const std::string& key) override;

  // The row is written with the first other change of the run, or at its end.
  std::int64_t begin_run(const std::string& kind, std::int64_t at_ms) override;
  void end_run(const RunRow& run) override;
  std::int64_t compact(std::int64_t before_ms, int most) override;

 private:
  struct Lease {
    std::string instance;
    std::int64_t generation = 0;
  };
  SqliteStore(std::unique_ptr<Connection> connection, Clock* clock);
  void prepare_for_writing();
  [[nodiscard]] HighWater high_water();
  [[nodiscard]] bool is_behind_its_mark();
  void take_lease(const std::string& instance);
  void check_lease();
  void empty_log() noexcept;
  void write_run_row();
  void writing() const;  // std::logic_error outside a transaction
  void claim_record(PairId id, Side side, const RecordId& record);
  void put_parked(PairId id, const std::vector<Parked>& parked);
  [[nodiscard]] std::int64_t touched(PairId id) const;
  [[nodiscard]] std::string erased_digest(Identity::Kind kind, const std::string& value);

  std::unique_ptr<LockFile> lock_;  // released last
  std::unique_ptr<Connection> connection_;
  Clock* clock_;  // nullptr: opened for reading
  std::optional<Lease> lease_;
  std::map<std::int64_t, std::int64_t> touched_;  // pair.touched as last read, where it is not 0
  bool log_holds_erased_ = false;                 // what erase_pair took out is in the log still
  RunRow run_;                                    // begun last
  bool run_row_missing_ = false;                  // run_ is not in the file yet
  std::string mark_;                              // where the HighWater is kept; "" = nowhere
};
}  // namespace tandem
