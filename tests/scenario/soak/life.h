// One life of two accounts: both models, two clocks, a state on disk, the cycle between them, and the
// script that is played to them. After the last step faults end, everything settles, and the laws are
// checked; what breaks one is a Violation, and nothing is thrown.
#pragma once
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
#include "tests/scenario/soak/ledger.h"
#include "tests/scenario/soak/script.h"
#include "tests/sim/ctm_ui.h"
#include "tests/sim/sim_replica_ctm.h"
#include "tests/sim/sim_replica_highlevel.h"

namespace tandem::soak {

struct Violation {
  std::string law;  // "P4 convergence"
  std::string detail;
};

struct Tally {
  std::int64_t steps = 0, cycles = 0, requests = 0, writes = 0, kills = 0, dry_runs = 0;
  // P2: edits that came after the last reading and were overwritten by us: by the write itself, or by what
  // the system carries on to other records of that person.
  std::int64_t unseen_writes = 0, unseen_cascades = 0;
  std::int64_t unseen_twins = 0;      // contacts made beside one that no search could show yet (P8)
  std::int64_t busiest_settling = 0;  // cycles that did something after the script's end
};

// The remote systems' time, and what the daemon's clock makes of it.
class SkewedClock final : public Clock {
 public:
  std::int64_t now_ms() override { return true_ms_ + skew_ms_; }
  SteadyTime steady() override { return {"-", true_ms_}; }
  void sleep_until_ms(std::int64_t when_ms) override { true_ms_ = std::max(true_ms_, when_ms - skew_ms_); }
  void tick(std::int64_t ms) { true_ms_ += ms; }
  void skew(std::int64_t ms) { skew_ms_ = ms; }
  [[nodiscard]] std::int64_t true_ms() const { return true_ms_; }

 private:
  std::int64_t true_ms_ = 1'795'600'000'000, skew_ms_ = 0;
};

// What a person said of two records and the matching, the last of each two; carried out by a cycle.
struct Said {
  Ruling::Kind kind = Ruling::Kind::link;
  std::string number, contact;
  std::size_t seq = 0;  // of the ledger
  bool done = false;
};

struct Forgotten {
  PairId pair;
  std::size_t asked = 0, done = 0;  // of the ledger; done 0 = waits, or was rejected
  std::set<std::string> numbers, contacts;
};

// One field of a contact that an undone run had overwritten (P28).
struct Undone {
  std::int64_t run = 0;
  std::size_t written = 0, asked = 0;  // of the ledger
  std::string contact, field, wire;
  std::set<std::string> was, left;  // before the run, and by it
  bool unknown = false;  // the history cannot have the old value, or a person must say which one it was
};

// How each side calls a canonical field.
[[nodiscard]] std::string ctm_key(const std::string& field);
[[nodiscard]] sim::highlevel::Patch patch_of(const std::string& field, const std::string& value);

// A workflow, or a second tool: every write of ours to that field is answered there.
struct Responder {
  Side side = Side::ctm;
  std::string field, suffix;
};
struct Answer {
  std::int64_t due_ms = 0;
  Responder by;
  std::string record, person, text;
  bool to_activity = false, removes = false;
};

class Life {
 public:
  explicit Life(const Script& script, bool keep_trace = false);
  ~Life();
  Life(const Life&) = delete;
  Life& operator=(const Life&) = delete;

  void live();
  [[nodiscard]] const std::vector<Violation>& violations() const { return violations_; }
  [[nodiscard]] const std::string& trace() const { return trace_; }
  [[nodiscard]] const Tally& tally() const { return tally_; }

 private:
  friend class Laws;
  using Words = std::vector<std::string>;
  struct Reading {  // of one record, or of all rows of the list
    std::size_t seq = 0;
    std::int64_t request = 0, at_ms = 0;
  };

  // ---- life.cpp: the machine
  void open();
  void close();
  void play(const Step& step);
  bool play_machine(const Words& words);
  CycleReport run_cycle(ReadKind kind, int kill_at = 0, int stop_at = 0, bool reread = false);
  void dry_run(ReadKind kind);
  void lose_state();
  void keep_backup();
  void restore_backup();
  void forget_decisions();
  void settle();
  void settle_once();
  void request_begins(Side side, const std::string& method, const std::string& path);
  void request_done(Side side, const std::string& method, const std::string& path);
  void interfere(Side side, bool before, bool writes);
  void note_listing(const Reading& reading);
  void note_reading(Side side, const std::string& method, const std::string& path);
  void mark_unseen(std::size_t from, Side side, const std::string& path);
  [[nodiscard]] bool came_after_the_reading(const Entry& cascade, std::size_t from,
                                            std::size_t rows_read) const;
  void trace(const std::string& line);
  void trace_state();
  void broken(const std::string& law, const std::string& detail);
  void drain(std::int64_t request = 0);
  [[nodiscard]] sim::SimWire& wire(Side side);
  [[nodiscard]] std::string dump();  // the state, logically
  [[nodiscard]] std::size_t api_writes() const;
  [[nodiscard]] std::vector<std::vector<std::string>> rows(const std::string& sql, const Words& binds = {});
  [[nodiscard]] std::string cell(const std::string& sql, const Words& binds = {});

  // ---- life_people.cpp: what people do
  bool play_policy(const Words& words);
  bool play_highlevel(const Words& words);
  bool play_ctm(const Words& words);
  void add_contact(const Words& words);
  void note_merged(const std::string& id);
  void add_call(const Words& words);
  void note_row(const std::string& number);
  void note_repeated(const std::string& record, const std::string& number, const sim::CtmIdentity& shown);
  [[nodiscard]] std::string contact_id(const std::string& ref);  // "" = none now
  [[nodiscard]] std::string number_of(const std::string& word) const;
  [[nodiscard]] const sim::CtmActivity* newest(const std::string& number);
  void rule(const std::string& field, const std::function<void(FieldRule&)>& change);

  // ---- life_decisions.cpp: what people decide
  bool play_decision(const Words& words);
  void note_wanted(Side side, const PairState& pair, const std::string& field, const std::string& was,
                   const std::string& is);
  void overrule(const Words& words);
  void ask_to_forget(const std::string& ref);
  void undo_run(int nth);
  void note_undo(std::int64_t run);

  // ---- life_responder.cpp: who answers our writes
  bool play_responder(const Words& words);
  void hear_writes(std::size_t from);
  void answer_what_is_due();
  void carry_out(const Answer& answer);

  const Script& script_;
  bool keep_trace_;
  SkewedClock clock_;
  sim::CtmModel ctm_;
  sim::CtmUi ctm_staff_;
  sim::highlevel::Model highlevel_;
  Policy policy_;
  Ledger ledger_;
  std::string folder_, file_, backup_;
  std::unique_ptr<SqliteStore> store_;
  std::unique_ptr<sim::SimCtmReplica> ctm_replica_;
  std::unique_ptr<sim::SimHighLevelReplica> highlevel_replica_;
  std::map<std::string, std::string>
      contacts_;  // a script's name of a contact -> id, of the living and the gone

  std::vector<Violation> violations_;
  std::string trace_;
  Tally tally_;
  std::vector<std::string> said_;
  CycleReport last_;
  bool in_cycle_ = false, approved_ = false, dry_ = false;
  int points_ = 0, kill_at_ = 0, stop_at_ = 0;  // numbered moments of a cycle: before and after each request
  std::vector<std::pair<int, Step>> at_;        // at that point of the next cycle
  std::vector<std::pair<Side, Step>> before_write_;  // right before the next write to that side
  std::map<std::string, Reading> readings_;          // "h:ID", "a:ACTIVITY"
  std::vector<Reading> list_readings_;
  std::set<Side> holed_listings_;         // whose pages were skipped
  std::set<std::string> shown_contacts_;  // CTM's contacts that were in the list when it was read
  std::int64_t cycle_request_ = 0;        // requests before this cycle
  Reading answered_;                      // what the answer under way can show
  std::vector<std::int64_t> cycles_at_ms_, completed_at_ms_;  // when each began
  std::int64_t forgotten_ms_ = 0;
  std::size_t forgotten_at_ = 0;  // ledger: the state was lost or went back here, last
  bool forgot_ = false, went_back_ = false;
  std::map<std::string, std::size_t> agreed_;  // HighLevel's deleted contacts: the ledger when it was proved
  std::set<std::string> allowed_;              // "c:NUMBER", "h:ID": a person approved something of theirs
  std::vector<Said> said_of_match_;
  std::vector<Forgotten> forgotten_;
  std::vector<Undone> undone_;
  std::set<std::pair<std::string, std::string>> undo_writes_;  // field, value: what undoing may write
  std::set<std::pair<std::string, std::string>> blanked_;  // contact, field: blank again on that side alone
  std::map<std::int64_t, int> cycle_of_run_;
  std::set<std::string> ruled_;  // fields whose conflicts a rule decides, or did at some time
  std::map<std::string, std::int64_t> denied_until_ms_;  // contacts whose reading by id says 404
  std::vector<Responder> responders_;
  std::vector<Answer> answers_;
};
}  // namespace tandem::soak
