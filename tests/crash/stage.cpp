#include "tests/crash/stage.h"

#include <curl/curl.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "core/engine/learned.h"
#include "core/merge/undo.h"
#include "core/model/phone.h"
#include "core/tuning.h"
#include "daemon/ctm/ctm_replica.h"
#include "daemon/highlevel/highlevel_replica.h"
#include "storage/sqlite/sqlite_decisions.h"
#include "tests/crash/disk.h"

namespace tandem::crash {
namespace {
constexpr int kMostCycles = 30;

class SharedClock final : public Clock {
 public:
  explicit SharedClock(Page& page) : page_(page) {}
  std::int64_t now_ms() override { return page_.now_ms; }
  void sleep_until_ms(std::int64_t when_ms) override {
    page_.now_ms = std::max(page_.now_ms.load(), when_ms);
  }

 private:
  Page& page_;
};

bool is_still(const CycleReport& r) {
  return !r.trouble.ctm && !r.trouble.highlevel &&
         r.written.ctm + r.written.highlevel + r.changed.ctm + r.changed.highlevel + r.linked_now +
                 r.awaiting + r.remaining ==
             0;
}

bool suspects_anybody(SqliteStore& store) {
  return !store.suspects(Side::ctm).empty() || !store.suspects(Side::highlevel).empty();
}

// The bytes by which a number may lie in a file of SQLite: as text, and as the integer that ids are kept as.
std::vector<std::string> forms_of(const std::string& text) {
  std::vector<std::string> forms{text};
  const Phone phone = parse_phone(text, "US");
  if (phone.kind != PhoneKind::number) return forms;
  forms.push_back(text.substr(2));  // without +1
  const auto number = std::stoll(text.substr(1));
  for (const std::int64_t stored : {number, -number}) {
    std::string bytes;
    for (int shift = 40; shift >= 0; shift -= 8) bytes.push_back(static_cast<char>(stored >> shift));
    forms.push_back(std::move(bytes));
  }
  return forms;
}

// As daemon/commands wires it, but for the size of a page and one request at a time.
struct Tandem {
  SqliteStore& store;
  http::RateGate ctm_gate{CtmSettings{}.budget}, highlevel_gate{HighLevelSettings{}.budget};
  CtmReplica ctm;
  HighLevelReplica highlevel;

  Tandem(Stage& stage, const Server& server, const std::string& token, SqliteStore& state, Clock& clock)
      : store(state),
        ctm(ctm_settings(stage, server), clock),
        highlevel(highlevel_settings(stage, server, token), clock, &highlevel_gate) {}

  CtmSettings ctm_settings(Stage& stage, const Server& server) {
    CtmSettings at;
    at.base_url = server.base_url(Side::ctm);
    at.account_id = stage.ctm.account().id;
    at.credential = stage.ctm.account_key().access + ":" + stage.ctm.account_key().secret;
    at.list = stage.ctm.account().list(stage.ctm.sync_list())->name;
    at.default_country = stage.policy.mapping.default_country();
    at.shared_gate = &ctm_gate;
    at.native_names = stage.policy.mapping.native_names(Side::ctm);
    at.mapping_fingerprint = stage.policy.mapping.fingerprint();
    at.save_learned = [this] { keep_learned(store, Side::ctm, ctm); };
    return at;
  }
  static HighLevelSettings highlevel_settings(Stage& stage, const Server& server, const std::string& token) {
    HighLevelSettings at;
    at.base_url = server.base_url(Side::highlevel);
    at.location_id = stage.highlevel.location().id;
    at.token = token;
    at.native_names = stage.policy.mapping.native_names(Side::highlevel);
    at.mapping_fingerprint = stage.policy.mapping.fingerprint();
    at.page_size = 5;
    at.in_flight = 1;  // the numbering of the steps is not left to chance
    return at;
  }
};

}  // namespace

Stage::Stage() : ctm_face_(ctm), highlevel_face_(highlevel) {
  // Tables of libraries, read once instead of by each process that is forked.
  curl_global_init(CURL_GLOBAL_DEFAULT);
  for (const auto& person : {mara(), odile()}) static_cast<void>(parse_phone(person.phone, "US"));
  store.reset();
  const auto folder = std::filesystem::path(state_file()).parent_path();
  for (const auto& entry : std::filesystem::directory_iterator(folder)) std::filesystem::remove(entry.path());
}

bool Stage::live(const Death& death) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
  page_.begin(death.step, acts_done_);
  page_.now_ms = clock.now_ms();
  std::fflush(nullptr);
  const pid_t child = fork();
  if (child < 0) throw std::runtime_error("no process");
  if (child == 0) {
    close(ends[0]);
    be_tandem(death);
  }
  close(ends[1]);
  server_.serve_until_closed(
      ends[0], [this] { return page_.now_ms.load(); },
      [&](Side side, const sim::HttpRequest& request) { return answer(side, request, child); });
  close(ends[0]);
  int status = 0;
  waitpid(child, &status, 0);
  clock.sleep_until_ms(page_.now_ms);
  acts_done_ = page_.acts;
  if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL && death.step != 0) {
    if (death.power) spoil_log_index(state_file());
    return false;
  }
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
    throw std::runtime_error(fmt::format("the process failed (status {}) after step {}, \"{}\": {}", status,
                                         page_.steps.load(), page_.log[std::max(0, page_.steps - 1)].what,
                                         page_.failure));
  commands.clear();
  acts_done_ = 0;
  throw_if_not_erased();
  return true;
}

std::optional<sim::Delivered> Stage::answer(Side side, const sim::HttpRequest& request, int child) {
  clock.sleep_until_ms(page_.now_ms);
  const auto dies = [&](const char* when) {
    if (!page_.step(fmt::format("{} {} {}", when, request.method, request.path))) return false;
    kill(child, SIGKILL);
    return true;
  };
  if (dies("before")) return std::nullopt;
  auto delivered = faults[side].deliver(request, [&](const sim::HttpRequest& r) {
    return side == Side::ctm ? ctm_face_.handle(r) : highlevel_face_.handle(r);
  });
  if (dies("after")) return std::nullopt;
  return delivered;
}

// A process of its own, made by fork: of the one before nothing is left but the files.
void Stage::be_tandem(const Death& death) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  try {
    put_disk_under_sqlite(page_, death);
    SharedClock time(page_);
    while (page_.acts < acts_to_do()) {
      clock.sleep_until_ms(page_.now_ms);
      const int act = page_.acts;
      if (act % 2 == 1 || commands.empty())
        rest(time, death.power);
      else if (const auto& command = commands[static_cast<std::size_t>(act / 2)])
        command();
      ++page_.acts;
    }
    write_back();
    _exit(0);
  } catch (const std::exception& error) {
    page_.fail(error.what());
  }
  _exit(3);
}

// Until two cycles did nothing, and nobody may be gone.
void Stage::rest(Clock& time, bool power) {
  store = SqliteStore::open(state_file(), link(), fmt::format("process {}", getpid()), time);
  {
    Tandem tandem(*this, server_, highlevel_face_.token(), *store, time);
    int idle = 0;
    for (int cycles = 0; idle < 2; ++cycles) {
      const bool proves = suspects_anybody(*store);
      if (cycles > 0)
        time.sleep_until_ms(time.now_ms() +
                            (proves ? tuning::kDeletionProofMs + World::kMinuteMs : World::kPastEveryLagMs));
      if (cycles > kMostCycles) throw std::runtime_error("not at rest after many cycles");
      Cycle machine({&tandem.ctm, &tandem.highlevel}, *store, time, policy);
      CycleOptions options;
      options.kind = only_deltas || page_.cycles % 2 == 0 ? ReadKind::delta : ReadKind::full;
      const CycleReport report = machine.run(options);
      if (getenv("CRASH_SAYS") != nullptr) std::fprintf(stderr, "%s\n", report.summary().c_str());
      idle = is_still(report) && !suspects_anybody(*store) ? idle + 1 : 0;
      ++page_.cycles;
    }
    const bool is_last = page_.acts + 1 == acts_to_do();
    if (is_last && !power) throw_if_not_erased();  // while it runs on, with its log beside it
  }
  store.reset();
}

// Every file of the state, free pages and log included.
void Stage::throw_if_not_erased() const {
  if (erased.empty()) return;
  for (const auto& entry :
       std::filesystem::directory_iterator(std::filesystem::path(state_file()).parent_path())) {
    std::ifstream in(entry.path(), std::ios::binary);
    const std::string content{std::istreambuf_iterator<char>(in), {}};
    for (const std::string& text : erased)
      for (const std::string& form : forms_of(text))
        if (content.find(form) != std::string::npos)
          throw std::runtime_error(fmt::format("{} still holds {}", entry.path().filename().string(), text));
  }
}

void Stage::decide(const std::string& any_id, const std::string& field, Resolution::Take take) {
  const PairId id = pair_of(any_id);
  const auto seen = SqliteStore::open_read_only(state_file())->pair(id)->fields[field].seen;
  if (!SqliteDecisions(state_file()).set_resolution(id, field, Resolution{take, "", seen}))
    throw std::runtime_error("no such pair");
}

void Stage::approve_all() {
  for (const auto& row : rows("SELECT digest FROM v_pending WHERE decision IS NULL"))
    if (!SqliteDecisions(state_file()).decide(row.front(), Decision::approved, clock.now_ms()))
      throw std::runtime_error("no such group");
}

void Stage::ask_to_forget(const std::string& any_id) {
  Resolution request;
  request.take = Resolution::Take::clear;
  if (!SqliteDecisions(state_file())
           .set_resolution(pair_of(any_id), std::string(Resolution::kForget), request))
    throw std::runtime_error("no such pair");
}

void Stage::undo_run(std::int64_t run) {
  const auto reader = SqliteStore::open_read_only(state_file());
  const Undo found = undo(run, reader->history_of(run), [&](PairId id) { return reader->pair(id); });
  SqliteDecisions decisions(state_file());
  for (const auto& [pair, fields] : found.decisions)
    for (const auto& [field, decision] : fields)
      if (!decisions.set_resolution(pair, field, decision)) throw std::runtime_error("no such pair");
}

void Stage::rule(Ruling::Kind kind, const std::string& number, const std::string& contact_id) {
  SqliteDecisions(state_file()).add_ruling(kind, {number}, {contact_id}, clock.now_ms());
}

// The file is there when the command was killed after it was done: the person looks, and takes it.
void Stage::back_up() {
  if (!std::filesystem::exists(backup_file()))
    SqliteStore::open_read_only(state_file())->backup(backup_file());
}

void Stage::look_at_backup() const {
  if (!std::filesystem::exists(backup_file())) return;
  for (const char* more : {"-journal", "-wal"})
    if (std::filesystem::exists(backup_file() + more)) throw std::runtime_error("half a backup: with a log");
  SQLite::Database copy("file:" + backup_file() + "?immutable=1", SQLite::OPEN_READONLY | SQLite::OPEN_URI);
  const std::string damage = copy.execAndGet("PRAGMA integrity_check").getString();
  const int tables = copy.execAndGet("SELECT count(*) FROM sqlite_schema").getInt();
  if (damage != "ok" || tables == 0 || copy.execAndGet("SELECT count(*) FROM v_pairs").getInt() != 2)
    throw std::runtime_error("half a backup: " + (tables == 0 ? "nothing in it" : damage));
}
}  // namespace tandem::crash
