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

#include "core/engine/learned.h"
#include "core/model/phone.h"
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

void cycles_until_rest(Tandem& tandem, const Policy& policy, Clock& clock, Page& page, bool only_deltas) {
  for (int idle = 0; idle < 2;) {
    if (page.cycles > 0) clock.sleep_until_ms(clock.now_ms() + World::kPastEveryLagMs);
    if (page.cycles > kMostCycles) throw std::runtime_error("not at rest after many cycles");
    Cycle machine({&tandem.ctm, &tandem.highlevel}, tandem.store, clock, policy);
    CycleOptions options;
    options.kind = only_deltas || page.cycles % 2 == 0 ? ReadKind::delta : ReadKind::full;
    const CycleReport report = machine.run(options);
    if (getenv("CRASH_SAYS") != nullptr) std::fprintf(stderr, "%s\n", report.summary().c_str());
    idle = is_still(report) ? idle + 1 : 0;
    ++page.cycles;
  }
}
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
  page_.begin(death.step);
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
  if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL && death.step != 0) {
    if (death.power) spoil_log_index(state_file());
    return false;
  }
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
    throw std::runtime_error(fmt::format("the process failed (status {}) after step {}, \"{}\"", status,
                                         page_.steps.load(), page_.log[std::max(0, page_.steps - 1)].what));
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
    if (task == Task::backup) {
      SqliteStore::open_read_only(state_file())->backup(backup_file());
    } else {
      store = SqliteStore::open(state_file(), link(), fmt::format("process {}", getpid()), time);
      Tandem tandem(*this, server_, highlevel_face_.token(), *store, time);
      cycles_until_rest(tandem, policy, time, page_, only_deltas);
    }
    store.reset();
    write_back();
    _exit(0);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "the process under test: %s\n", error.what());
  }
  _exit(3);
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
}  // namespace tandem::crash
