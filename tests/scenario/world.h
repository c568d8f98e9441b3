// Both simulated systems, a virtual clock, a state on disk and the cycle between them: what every
// scenario starts from. Staff act on either side through the models; the laws are checked by looking
// at the models and at the views, never at what the engine believes.
#pragma once
#include <gtest/gtest.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/engine/cycle.h"
#include "storage/sqlite/sqlite_store.h"
#include "tests/sim/ctm_ui.h"
#include "tests/sim/people.h"
#include "tests/sim/sim_replica_ctm.h"
#include "tests/sim/sim_replica_highlevel.h"

namespace tandem {

class VirtualClock final : public Clock {
 public:
  std::int64_t now_ms() override { return now_ms_; }
  void sleep_until_ms(std::int64_t when_ms) override { now_ms_ = std::max(now_ms_.load(), when_ms); }
  void tick(std::int64_t ms) { now_ms_ += ms; }

 private:
  // One thread moves it; simulators that serve HTTP read it from theirs.
  std::atomic<std::int64_t> now_ms_ = 1'795'600'000'000;  // 2026-11-25, about ten in the morning in Chicago
};

class World {
 public:
  static constexpr std::int64_t kPastEveryLagMs = 65'000;
  static constexpr std::int64_t kMinuteMs = 60'000, kHourMs = 60 * kMinuteMs, kDayMs = 24 * kHourMs;

  explicit World(std::uint64_t seed = 1);
  virtual ~World();
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  VirtualClock clock;
  sim::CtmModel ctm;
  sim::CtmUi ctm_staff;
  sim::highlevel::Model highlevel;
  Policy policy;  // first_run_ask off; standard rules and custom:project_kind
  std::unique_ptr<SqliteStore> store;
  std::vector<std::string> said;  // what the cycles logged
  CycleReport last;               // of the last cycle

  // ---- the machine
  [[nodiscard]] sim::SimWire& wire(Side side);
  virtual CycleReport cycle(ReadKind kind = ReadKind::delta);
  CycleReport resync();                               // what SIGUSR1 starts
  CycleReport plan(ReadKind kind = ReadKind::delta);  // dry run on a scratch copy
  // Cycles past every lag, delta and full in turn, until one of each sent and saw nothing; the number
  // of cycles that did something, more than `most` is a failure.
  int settle(int most = 6);
  // A cycle that dies at the numbered step (before or after each request, from 1); the state is opened
  // again. False: the cycle ended before it came to that step.
  bool crash_at(int step, ReadKind kind = ReadKind::delta);
  void reopen();  // as after a restart
  void forget();  // the state file is lost
  void rule(const std::string& field, const std::function<void(FieldRule&)>& change);
  [[nodiscard]] const std::string& state_file() const { return file_; }
  [[nodiscard]] static LinkIdentity link() { return {"acme", "20417", "location"}; }

  // ---- people at HighLevel
  std::string contact(const sim::PersonCard& card);  // its id
  void edit_contact(const std::string& id, const std::string& field,
                    const std::string& value);  // canonical name
  void tag_contact(const std::string& id, const std::string& tag, bool add = true);
  [[nodiscard]] const sim::highlevel::Contact& at_highlevel(const std::string& id);
  [[nodiscard]] std::string contact_with_phone(const std::string& number);  // "" = none
  [[nodiscard]] std::string highlevel_value(const std::string& id, const std::string& field);

  // ---- people at CTM
  std::int64_t call(const std::string& number, const std::string& name = "", const std::string& cnam = "",
                    const std::string& email = "");
  void row(const sim::PersonCard& card);  // typed into the sync list
  void edit_call(std::int64_t id, const std::string& key, const std::string& value) {
    ctm_staff.edit_activity(id, key, value);
  }
  void edit_row(const std::string& number, const std::string& key, const std::string& value);
  [[nodiscard]] std::vector<sim::CtmRow> rows_of(const std::string& number);
  [[nodiscard]] const sim::CtmIdentity& newest_call(const std::string& number);  // its identity
  [[nodiscard]] std::vector<std::string> tags_of(const std::string& number);     // the union, sorted

  // ---- the state
  [[nodiscard]] std::vector<std::vector<std::string>> rows(const std::string& sql,
                                                           const std::vector<std::string>& binds = {});
  [[nodiscard]] std::string cell(const std::string& sql,
                                 const std::vector<std::string>& binds = {});  // "" unless one
  [[nodiscard]] std::string state_of(const std::string& any_id);  // v_pairs.state by either id or an alias
  [[nodiscard]] PairId pair_of(const std::string& any_id);
  // Approves or rejects what waits of that class ("delete", "create" ...); false: nothing does.
  bool answer_pending(const std::string& cls, Decision decision);
  void rule_on_match(Ruling::Kind kind, const std::string& number, const std::string& contact_id);
  void decide(const std::string& any_id, const std::string& field, Resolution::Take take,
              const std::string& value = "");

  // ---- the laws
  // Every mapped field and the tags of every linked pair are equal in the two models (P4), but for
  // `except` and, by HighLevel's id, for the fields in `apart`.
  void expect_converged(const std::set<std::string>& except = {},
                        const std::map<std::string, std::set<std::string>>& apart = {});
  // P3: a delta and a full cycle more send nothing and change no base. Then the audit (P1, P2, P16), the
  // log (P31), and one record per person (P8, P30).
  void expect_quiet();
  void expect_audited();
  [[nodiscard]] std::vector<std::string> unaudited();  // values we overwrote that no history row names
  [[nodiscard]] std::size_t api_writes() const;        // entries in both models' logs

 protected:
  [[nodiscard]] Replica& replica(Side side);  // straight on the model
  CycleReport run(PerSide<Replica*> replicas, ReadKind kind, bool reread = false);

 private:
  void open();
  void expect_no_duplicates();
  void expect_silent_log();
  void compare(const std::string& pair, const std::string& number, const std::string& id,
               const std::set<std::string>& except);
  void compare_tags(const std::string& pair, const std::string& id);
  [[nodiscard]] bool audited(Side side, const sim::WriteEntry& write);

  std::string folder_, file_;
  std::unique_ptr<sim::SimCtmReplica> ctm_replica_;
  std::unique_ptr<sim::SimHighLevelReplica> highlevel_replica_;
  int steps_ = 0, stop_at_ = 0;
};

// Invented people; numbers that libphonenumber calls valid.
[[nodiscard]] sim::PersonCard mara();
[[nodiscard]] sim::PersonCard jonas();
[[nodiscard]] sim::PersonCard odile();
}  // namespace tandem
