// What tandem remembers. One implementation: storage/sqlite. All failures of the store itself are
// exceptions (StoreError): the cycle ends, nothing half written. One thread at a time.
#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>
#include "core/model/audit.h"
#include "core/model/evidence.h"
#include "core/model/pair.h"
#include "core/model/source.h"
#include "core/ports/replica.h"

namespace tandem {

struct StoreError : std::runtime_error {
  enum class Kind : std::uint8_t {
    other,
    busy,
    newer_schema,
    read_only,
    disk_full,
    corrupt,
    foreign,
    fenced
  } kind;
  StoreError(Kind k, const std::string& what) : std::runtime_error(what), kind(k) {}
};

enum class IntentState : std::uint8_t {
  open,      // about to be sent, or sent without an answer
  awaiting,  // accepted; waits until the remote's index shows it
};

// A write about to be done. Rows live from enlist to settle; what was done is in the history.
struct Intent {
  std::int64_t id = 0;  // 0 = not stored yet
  PairId pair;
  Side side = Side::ctm;
  Write write;
  IntentState state = IntentState::open;
  std::string key;    // digest of pair, side, action and values: its name for guard and approval
  FieldMap fields;    // canonical: what is sent
  FieldMap before;    // canonical: what it replaces, as observed by the decision
  FieldEntries also;  // what else it may replace, for the history (P16)
  TagSet tags;        // canonical, of tag_add and tag_remove
  std::map<std::string, std::string, std::less<>> why;  // by field ("" = the action): reason for history
  std::string changed_by;                               // ctm, highlevel, person, rule:NAME
  std::int64_t run = 0;
  std::int64_t enlisted_ms = 0, sent_ms = 0;  // our clock; sent_ms 0 = never sent
  int attempts = 0;
  bool sighted = false;  // the row it made was shown since, not yet with all its values
  bool operator==(const Intent&) const = default;
};

struct HistoryRow {
  std::int64_t run = 0;
  std::int64_t at_ms = 0;
  Side side = Side::ctm;
  std::string action;  // create update tag_add tag_remove remove link unlink ...
  std::string record_id;
  PairId pair;
  std::string field;  // "" = the whole record
  FieldValue old_value, new_value;
  std::string reason;
};

struct PendingMember {
  std::string key;  // Intent::key
  HoldClass cls = HoldClass::update;
  Side side = Side::ctm;
  PairId pair;
  std::string reason;
  std::int64_t since_ms = 0;
};
struct PendingGroup {  // undecided members of one class and side; first_run is one group for both sides
  std::string digest;  // 12 hex letters of the sorted member keys
  HoldClass cls = HoldClass::update;
  std::optional<Side> side;
  std::int64_t count = 0;
  std::string reason;
  std::int64_t since_ms = 0;
};
struct RunRow {
  std::int64_t id = 0;
  std::int64_t started_ms = 0, ended_ms = 0;
  std::string kind;                         // delta full
  std::string outcome;                      // see CycleReport
  PerSide<std::int64_t> reads{}, writes{};  // records
  PerSide<std::int64_t> requests{};
};

struct Census {
  // held: those that need a person; not the ones that a person keeps apart.
  std::int64_t linked = 0, held = 0, ctm_only = 0, highlevel_only = 0, ignored = 0, tombstone = 0;
  std::int64_t dirty = 0, open_conflicts = 0, parked = 0, pending = 0, open_intents = 0;
};

// A source that may be gone (P12). A record counts as deleted only when a complete listing did not show it
// and a direct read said so twice, some minutes apart.
struct Suspect {
  SourceRef ref;
  RecordId person;
  std::int64_t since_ms = 0;  // our clock: first missed, or first said to be gone
  bool absent = false;        // a complete listing did not show it
  bool operator==(const Suspect&) const = default;
};

// What a person said about the matching; it wins over any later match.
struct Ruling {
  enum class Kind : std::uint8_t { link, keep_apart, unlink } kind = Kind::link;
  std::int64_t id = 0;
  RecordId ctm, highlevel;
};

enum class WorkList : std::uint8_t {
  dirty,
  unmatched,
  all
};  // unmatched: ctm_only, highlevel_only and held, dirty ones only

// meta key, "yes" from the opening that found the state restored from a backup until the cycle has drawn
// the consequence (P24).
inline constexpr std::string_view kRestored = "restored";

class StateStore {
 public:
  virtual ~StateStore() = default;

  // Everything inside is one transaction (BEGIN IMMEDIATE), committed when `work` returns, rolled
  // back when it throws. Not nested. Every writing call below must be inside one. Checks the lease:
  // StoreError::fenced when another instance has taken the state over.
  virtual void transact(const std::function<void()>& work) = 0;

  // ---- small facts: cursors, settings' fingerprints, learned facts, first_run
  [[nodiscard]] virtual std::optional<std::string> meta(std::string_view key) = 0;
  virtual void set_meta(std::string_view key, std::string_view value) = 0;

  // ---- sources. source_hash is the hot path of a sweep: one prepared look-up, no copy of values.
  [[nodiscard]] virtual std::optional<WireHash> source_hash(Side side, const SourceRef& ref) = 0;
  [[nodiscard]] virtual std::optional<SourceRow> source(Side side, const SourceRef& ref) = 0;
  [[nodiscard]] virtual std::vector<SourceRow> sources_of(
      Side side, const RecordId& person) = 0;  // newest at_ms first, rows before activities, then id
  virtual void each_source(Side side, SourceKind kind,
                           const std::function<void(const SourceRef&, const RecordId&)>& visit) = 0;
  virtual void put_source(const SourceRow& row) = 0;
  virtual void drop_source(Side side, const SourceRef& ref) = 0;
  // Activities older than this that are not their person's newest and carry no tags (P32).
  virtual std::int64_t prune_activities(std::int64_t older_than_ms) = 0;

  // ---- pairs
  [[nodiscard]] virtual std::optional<PairState> pair(PairId id) = 0;
  [[nodiscard]] virtual std::optional<PairId> pair_of(Side side,
                                                      const RecordId& record) = 0;  // primary or alias
  [[nodiscard]] virtual std::vector<PairId> pairs_with(Identity::Kind kind,
                                                       const std::string& value) = 0;          // ascending
  [[nodiscard]] virtual std::vector<Identity> identities(PairId id) = 0;                       // sorted
  [[nodiscard]] virtual std::vector<PairId> work(WorkList list, PairId after, int limit) = 0;  // ascending
  [[nodiscard]] virtual Census census() = 0;
  virtual void put_pair(PairState& pair) = 0;  // id.row 0: inserts and sets it. Keeps parked rows in step
  virtual void set_dirty(PairId id, bool dirty) = 0;
  virtual void set_identities(PairId id,
                              const std::vector<Identity>& all) = 0;  // takes an id over from another pair
  // `from` is joined into `into`: its sources, history and ids (as aliases) follow; `from` is gone.
  virtual void join_pairs(PairId into, PairId from) = 0;
  // Pairs with something parked whose time to be tried again has come become dirty.
  virtual void wake_parked(std::int64_t now_ms) = 0;

  // ---- deletions
  [[nodiscard]] virtual std::vector<Suspect> suspects(Side side) = 0;  // by ref
  [[nodiscard]] virtual std::optional<Suspect> suspect(Side side, const SourceRef& ref) = 0;
  virtual void put_suspect(Side side, const Suspect& suspect) = 0;
  virtual void drop_suspect(Side side, const SourceRef& ref) = 0;
  // Everything known of the pair goes, history included; a salted digest of each id, phone and e-mail
  // stays, by which is_erased knows the person again.
  virtual void erase_pair(PairId id) = 0;
  [[nodiscard]] virtual bool has_erased() = 0;  // anybody at all; asked before anything is parsed for it
  [[nodiscard]] virtual bool is_erased(Identity::Kind kind, const std::string& value) = 0;

  // ---- rulings
  [[nodiscard]] virtual std::vector<Ruling> new_rulings() = 0;  // not yet carried out, in the order given
  virtual void close_ruling(std::int64_t id) = 0;  // carried out; what it forbids stays forbidden
  [[nodiscard]] virtual bool kept_apart(const RecordId& ctm, const RecordId& highlevel) = 0;
  [[nodiscard]] virtual bool kept_together(const RecordId& ctm, const RecordId& highlevel) = 0;

  // ---- writes
  [[nodiscard]] virtual std::vector<Intent> open_intents() = 0;  // by id
  [[nodiscard]] virtual std::vector<Intent> open_intents_of(PairId id) = 0;
  virtual void put_intent(Intent& intent) = 0;  // id 0: inserts and sets it
  virtual void close_intent(std::int64_t id) = 0;
  virtual void add_history(const HistoryRow& row) = 0;

  // ---- what needs a person
  // Makes the open conflicts of the pair exactly `open` (by field): new ones get an id, changed ones
  // keep theirs, others are closed with `decision` and `decided_by` of the given row or as settled.
  virtual void sync_conflicts(PairId id, const std::vector<ConflictRow>& open, std::int64_t run,
                              std::int64_t at_ms) = 0;
  // Closes the open row of its field, or adds one; nothing remains of it when the last one closed says the
  // same, because its write is sent again.
  virtual void add_decided_conflict(const ConflictRow& row) = 0;
  [[nodiscard]] virtual std::optional<ConflictRow> conflict(std::int64_t id) = 0;
  [[nodiscard]] virtual std::optional<Decision> decision(const std::string& key) = 0;
  virtual void put_pending(const PendingMember& member) = 0;  // idempotent by key; since is kept
  // Undecided members that this run did not put again are dropped: their cause is gone.
  virtual void sweep_pending(std::int64_t run) = 0;
  [[nodiscard]] virtual std::vector<PendingGroup> pending_groups() = 0;
  // False: no undecided group has this digest now. Otherwise decides exactly its present members.
  virtual bool decide(const std::string& digest, Decision decision, std::int64_t at_ms) = 0;
  virtual void drop_decision(const std::string& key) = 0;  // done, or its values changed

  // ---- runs
  virtual std::int64_t begin_run(const std::string& kind, std::int64_t at_ms) = 0;
  virtual void end_run(const RunRow& run) = 0;
  // Drops at most `most` rows of each kind that ended before `before_ms`: runs and their history, closed
  // conflicts, decisions that were never used, tombstones of people no side shows any more (P32).
  // Returns how many.
  virtual std::int64_t compact(std::int64_t before_ms, int most) = 0;
};
}  // namespace tandem
