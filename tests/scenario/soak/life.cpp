// The machine of a life: cycles, kills, lost states, and what is watched while requests pass.
#include "tests/scenario/soak/life.h"

#include <fmt/format.h>
#include <stdlib.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <stdexcept>

#include "core/model/digest.h"
#include "tests/scenario/soak/laws.h"

namespace tandem::soak {
namespace {
namespace fs = std::filesystem;
constexpr std::int64_t kRequestMs = 40;
constexpr std::int64_t kPastEveryLagMs = 65'000;
// The last call has ended, and what its flow and the carrier add to it is there.
constexpr std::int64_t kPastEveryStageMs = 20 * 60'000;
constexpr std::int64_t kPastCanaryMs = 25 * 60 * 60'000;  // a listing that lost much is believed after a day
constexpr std::int64_t kPastRetriesMs = 65 * 60'000;  // what was refused once is tried again within the hour
constexpr std::int64_t kBetweenProofsMs = 10 * 60'000;  // of a deletion: twice, some minutes apart
// Faults are over: what is left is agreed within so many cycles that do something, or it never is.
constexpr int kCyclesToSettle = 8;
const LinkIdentity kLink{"acme", "20417", "location"};

StoreLimits no_power_loss() {
  StoreLimits limits;
  limits.survives_power_loss = false;
  return limits;
}

bool is_write(const std::string& method, const std::string& path) {
  return method != "GET" && path.find("/search") == std::string::npos;
}

std::string new_folder() {
  const fs::path memory = "/dev/shm";
  const auto where = fs::is_directory(memory) ? memory : fs::temp_directory_path();
  std::string name = (where / "tandem-soak-XXXXXX").string();
  if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary folder");
  return name;
}

ReadKind kind_of(const std::vector<std::string>& words, std::size_t at) {
  return words.size() > at && words[at] != "delta" ? ReadKind::full : ReadKind::delta;
}

std::int64_t number_in(const std::vector<std::string>& words, std::size_t at) {
  std::int64_t number = 0;
  if (words.size() > at) std::from_chars(words[at].data(), words[at].data() + words[at].size(), number);
  return number;
}
}  // namespace

Life::Life(const Script& script, bool keep_trace)
    : script_(script),
      keep_trace_(keep_trace),
      ctm_([this] { return clock_.true_ms(); },
           [&] {
             sim::CtmSetup setup;
             setup.seed = script.seed;
             return setup;
           }()),
      ctm_staff_(ctm_),
      highlevel_(script.seed + 1, [this] { return clock_.true_ms(); }),
      ledger_(ctm_, highlevel_),
      folder_(new_folder()),
      file_(folder_ + "/acme.sqlite") {
  auto rules = Mapping::standard_rules();
  FieldRule kind;
  kind.name = "custom:project_kind";
  kind.native = {"custom:project_kind", "custom:contact.project_kind"};
  rules.push_back(std::move(kind));
  policy_.mapping = Mapping(std::move(rules), "US");
  policy_.first_run_ask = false;
  ctm_staff_.register_custom_field("Project kind", "project_kind");
  highlevel_.add_custom_field("Project kind", "TEXT");
  open();
}

Life::~Life() {
  store_.reset();
  std::error_code ignored;
  fs::remove_all(folder_, ignored);
}

void Life::open() {
  store_ = SqliteStore::open(file_, kLink, "soak", clock_, no_power_loss());
  ctm_replica_ = std::make_unique<sim::SimCtmReplica>(ctm_, policy_.mapping, clock_);
  highlevel_replica_ = std::make_unique<sim::SimHighLevelReplica>(highlevel_, policy_.mapping, clock_);
  for (const Side s : kSides) {
    wire(s).before = [this, s](const auto& method, const auto& path) { request_begins(s, method, path); };
    wire(s).after = [this, s](const auto& method, const auto& path) { request_done(s, method, path); };
    wire(s).denies = [this, s](const auto& method, const auto& path) {
      const auto until = denied_until_ms_.find(path.substr(path.rfind('/') + 1));
      return s == Side::highlevel && method == "GET" && until != denied_until_ms_.end() &&
             clock_.true_ms() < until->second;
    };
    wire(s).heard = [this, s](const auto& method, const auto& path, const Result<void>& got) {
      if (got && !is_write(method, path)) note_reading(s, method, path);
      if (keep_trace_)
        trace(fmt::format("    {} {} {}: {}", to_text(s), method, path,
                          got ? "ok" : to_text(got.error().fault)));
    };
  }
}

// Faults belong to the network, not to the process that meets them.
void Life::close() {
  store_.reset();
  PerSide<std::unique_ptr<sim::SimWire>> kept;
  auto unmapped = std::move(ctm_replica_->unmapped());
  for (const Side s : kSides) kept[s] = std::make_unique<sim::SimWire>(wire(s));
  open();
  ctm_replica_->unmapped() = std::move(unmapped);
  for (const Side s : kSides) {
    wire(s).faults = kept[s]->faults;
    wire(s).revoked = kept[s]->revoked;
    wire(s).answers_lost = kept[s]->answers_lost;
  }
}

sim::SimWire& Life::wire(Side side) {
  return side == Side::ctm ? ctm_replica_->wire() : highlevel_replica_->wire();
}

void Life::drain(std::int64_t request) {
  const std::size_t from = ledger_.now();
  ledger_.drain(static_cast<int>(tally_.cycles), request);
  for (std::size_t i = from; keep_trace_ && i < ledger_.now(); ++i) {
    const Entry& e = ledger_.entries()[i];
    trace(fmt::format("      [{}] {} {} {} of {} ({}), {}: '{}' -> '{}'{}", i, to_text(e.side), e.actor,
                      e.action, e.record, e.person, e.field, e.old_text, e.new_text,
                      e.unseen ? " unseen" : ""));
  }
}

void Life::trace(const std::string& line) {
  if (keep_trace_) trace_ += line + "\n";
}

void Life::trace_state() {
  if (!keep_trace_) return;
  for (const char* sql :
       {"SELECT 'pair', pair_id, ctm_id, highlevel_id, state, reason FROM v_pairs ORDER BY 2",
        "SELECT 'identity', pair_id, side, kind, value, role FROM v_identities ORDER BY 2",
        "SELECT 'parked', * FROM v_parked", "SELECT 'conflict', * FROM v_conflicts",
        "SELECT 'history', * FROM v_history"})
    for (const auto& row : rows(sql)) trace("  " + fmt::format("{}", fmt::join(row, "|")));
}

void Life::broken(const std::string& law, const std::string& detail) {
  violations_.push_back({law, detail});
  trace("  !! " + law + ": " + detail);
}

void Life::live() {
  for (const auto& step : script_.steps) {
    ++tally_.steps;
    trace("> " + to_text(step));
    try {
      play(step);
    } catch (const std::exception& error) {
      broken("no exception", fmt::format("at '{}': {}", to_text(step), error.what()));
      return;
    }
    drain();
  }
  try {
    settle();
    Laws(*this).at_the_end();
    trace_state();
  } catch (const std::exception& error) {
    broken("no exception", fmt::format("at the end: {}", error.what()));
  }
}

void Life::play(const Step& step) {
  const Words& words = step.words;
  if (words.empty()) return;
  clock_.tick(1'000);  // which of two calls of one second is the newer one, nobody can say
  answer_what_is_due();
  if (!in_cycle_ && play_machine(words)) return;
  if (play_policy(words) || play_highlevel(words) || play_ctm(words) || play_decision(words) ||
      play_responder(words))
    return;
  if (in_cycle_) return;  // a cycle within a cycle
  throw std::runtime_error("no step is called " + words.front());
}

bool Life::play_machine(const Words& words) {
  const std::string& verb = words.front();
  if (verb == "cycle") {
    run_cycle(kind_of(words, 1), 0, 0, words.size() > 1 && words[1] == "reread");
  } else if (verb == "kill") {
    run_cycle(kind_of(words, 2), static_cast<int>(number_in(words, 1)));
  } else if (verb == "stop") {
    run_cycle(kind_of(words, 2), 0, static_cast<int>(number_in(words, 1)));
  } else if (verb == "plan") {
    dry_run(kind_of(words, 1));
  } else if (verb == "restart") {
    close();
  } else if (verb == "lose_state") {
    lose_state();
  } else if (verb == "backup") {
    keep_backup();
  } else if (verb == "restore") {
    restore_backup();
  } else if (verb == "wait") {
    clock_.tick(number_in(words, 1) * 1'000);
  } else if (verb == "skew") {
    clock_.skew(number_in(words, 1) * 1'000);
  } else if (verb == "at" && words.size() > 2) {
    at_.emplace_back(static_cast<int>(number_in(words, 1)), Step{{words.begin() + 2, words.end()}});
  } else if (verb == "before_write" && words.size() > 2) {
    before_write_.emplace_back(words[1] == "ctm" ? Side::ctm : Side::highlevel,
                               Step{{words.begin() + 2, words.end()}});
  } else {
    return false;
  }
  return true;
}

// ---- cycles
CycleReport Life::run_cycle(ReadKind kind, int kill_at, int stop_at, bool reread) {
  answer_what_is_due();
  ++tally_.cycles;
  const auto newest_run = [this] {
    const std::string id = cell("SELECT max(id) FROM run");
    return id.empty() ? 0 : std::stoll(id);
  };
  const std::int64_t earlier_run = newest_run();
  const std::int64_t began_ms = clock_.true_ms();
  cycles_at_ms_.push_back(began_ms);
  cycle_request_ = tally_.requests;
  points_ = 0;
  kill_at_ = kill_at;
  stop_at_ = stop_at;
  const std::size_t from = ledger_.now();
  CycleHooks hooks;
  hooks.say = [this](Severity, const std::string& text) { said_.push_back(text); };
  hooks.stop_requested = [this] { return stop_at_ != 0 && points_ >= stop_at_; };
  Cycle machine({ctm_replica_.get(), highlevel_replica_.get()}, *store_, clock_, policy_, hooks);
  CycleOptions options;
  options.kind = kind;
  options.reread = reread;
  in_cycle_ = true;
  bool died = false;
  try {
    last_ = machine.run(options);
    if (!last_.trouble.ctm && !last_.trouble.highlevel) completed_at_ms_.push_back(began_ms);
    said_.push_back(last_.summary());
    trace("  " + last_.summary());
  } catch (const sim::Killed&) {
    died = true;
  } catch (...) {
    in_cycle_ = false;
    throw;
  }
  in_cycle_ = false;
  kill_at_ = stop_at_ = 0;
  at_.clear();
  before_write_.clear();
  if (died) {
    ++tally_.kills;
    trace(fmt::format("  killed at point {}", kill_at));
    close();
  }
  if (const std::int64_t run = newest_run(); run > earlier_run)
    cycle_of_run_[run] = static_cast<int>(tally_.cycles);
  Laws(*this).after_cycle(from);
  return last_;
}

void Life::dry_run(ReadKind kind) {
  ++tally_.dry_runs;
  const std::string before = dump();
  const std::size_t writes = api_writes();
  auto scratch = SqliteStore::open_scratch(file_, kLink, clock_);
  Cycle machine({ctm_replica_.get(), highlevel_replica_.get()}, *scratch, clock_, policy_);
  CycleOptions options;
  options.kind = kind;
  options.dry_run = options.collect_plan = true;
  dry_ = true;
  const CycleReport report = machine.run(options);
  dry_ = false;
  trace(fmt::format("  dry run: {} rows", report.plan.size()));
  if (api_writes() != writes) broken("P29 dry-run purity", "a dry run wrote to a remote system");
  if (dump() != before) broken("P29 dry-run purity", "a dry run changed the state");
}

// A deletion is proved by reads some minutes apart, and where much is missing at once after a day.
void Life::settle() {
  for (const Side s : kSides) {
    wire(s).faults.clear();
    wire(s).revoked = wire(s).answers_lost = false;
  }
  denied_until_ms_.clear();
  settle_once();
  if (cell("SELECT count(*) FROM v_parked WHERE next_try_at IS NOT NULL") != "0") {
    clock_.tick(kPastRetriesMs);
    settle_once();
  }
  for (const char* key : {"canary.ctm", "canary.highlevel"}) {
    if (store_->meta(key).value_or("").empty()) continue;
    clock_.tick(kPastCanaryMs);
    settle_once();
    return;
  }
}

// Cycles past every lag, delta and full in turn, until two of each sent and saw nothing.
void Life::settle_once() {
  clock_.tick(kPastEveryStageMs);
  int busy = 0;
  for (int idle = 0; idle < 4;) {
    clock_.tick(idle == 0 ? kPastEveryLagMs : kBetweenProofsMs);
    const CycleReport r = run_cycle((busy + idle) % 2 == 0 ? ReadKind::delta : ReadKind::full);
    // What waits for a listing to be believed waits a day.
    const bool canary = !store_->meta("canary.ctm").value_or("").empty() ||
                        !store_->meta("canary.highlevel").value_or("").empty();
    const bool still = r.written.ctm + r.written.highlevel + r.changed.ctm + r.changed.highlevel +
                           r.linked_now + r.awaiting + (canary ? 0 : r.remaining) ==
                       0;
    idle = still ? idle + 1 : 0;
    if (!still && ++busy > kCyclesToSettle) {
      broken("P7 termination", fmt::format("not settled after {} cycles: {}", kCyclesToSettle, r.summary()));
      break;
    }
  }
  tally_.busiest_settling = std::max<std::int64_t>(tally_.busiest_settling, busy);
}

// ---- requests
void Life::request_begins(Side side, const std::string& method, const std::string& path) {
  ++tally_.requests;
  clock_.tick(kRequestMs);
  if (dry_) return;
  answer_what_is_due();
  store_->transact([] {});  // throws if one is open: never a transaction across the network
  interfere(side, true, is_write(method, path));
  drain(tally_.requests);
}

void Life::request_done(Side side, const std::string& method, const std::string& path) {
  if (dry_) return;
  const std::size_t from = ledger_.now();
  drain(tally_.requests);
  answered_ = {ledger_.now(), tally_.requests, clock_.true_ms()};
  if (is_write(method, path)) mark_unseen(from, side, path);
  hear_writes(from);
  Laws(*this).after_request(from, method, path);
  interfere(side, false, false);
  drain(tally_.requests);
}

// People act at a numbered point of the cycle, or right before a write; then the process may die.
void Life::interfere(Side side, bool before, bool writes) {
  const int point = ++points_;
  for (const auto& [at, step] : std::vector(at_)) {
    if (at != point) continue;
    trace("    " + to_text(step));
    play(step);
  }
  if (before && writes) {
    const auto now = std::ranges::find(before_write_, side, &std::pair<Side, Step>::first);
    if (now != before_write_.end()) {
      const Step step = now->second;
      before_write_.erase(now);
      trace("    before the write: " + to_text(step));
      play(step);
    }
  }
  if (point == kill_at_) throw sim::Killed{point};
}

// ---- the state. What is lost with its folder takes the mark along; what is put back from a backup finds it.
void Life::lose_state() {
  store_.reset();
  for (const auto& entry : fs::directory_iterator(folder_))
    if (entry.path().filename().string().starts_with("acme")) fs::remove(entry.path());
  close();
  forgotten_at_ = ledger_.now();
  forgotten_ms_ = clock_.true_ms();
  shown_contacts_.clear();
  forgot_ = true;
  went_back_ = false;
  forget_decisions();
}

// What a person had decided is lost with the state, or may be.
void Life::forget_decisions() {
  said_of_match_.clear();
  forgotten_.clear();
  undone_.clear();
}

void Life::keep_backup() {
  backup_ = folder_ + "/copy.sqlite";
  fs::remove(backup_);
  store_->backup(backup_);
}

void Life::restore_backup() {
  if (backup_.empty()) return;
  store_.reset();
  for (const char* tail : {"", "-wal", "-shm"}) fs::remove(file_ + tail);
  fs::copy_file(backup_, file_);
  close();
  forgotten_at_ = ledger_.now();
  forgotten_ms_ = clock_.true_ms();
  forgot_ = went_back_ = true;
  forget_decisions();
}

std::vector<std::vector<std::string>> Life::rows(const std::string& sql, const Words& binds) {
  std::vector<std::vector<std::string>> out;
  for (const auto& row : store_->rows(sql, binds).rows) {
    out.emplace_back();
    for (const auto& value : row) out.back().push_back(value.value_or(""));
  }
  return out;
}

std::string Life::cell(const std::string& sql, const Words& binds) {
  const auto found = rows(sql, binds);
  return found.size() == 1 ? found.front().front() : "";
}

std::string Life::dump() {
  Digest digest;
  for (const auto& table : rows("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY 1"))
    for (const auto& row : rows("SELECT * FROM " + table[0]))
      for (const auto& value : row) digest.add(value);
  return digest.hex();
}

std::size_t Life::api_writes() const {
  const auto api = [](const sim::WriteEntry& write) { return write.actor == "api"; };
  return static_cast<std::size_t>(std::ranges::count_if(ctm_.writes(), api) +
                                  std::ranges::count_if(highlevel_.writes(), api));
}
}  // namespace tandem::soak
