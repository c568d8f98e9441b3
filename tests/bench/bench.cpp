// What a full sweep costs in which nothing changed: tandem beside the floor (floor.cpp), both against
// simulators in a process of their own, quotas off. Prints CPU seconds (user + system, as the kernel
// accounts them), peak memory and requests as ratios; asserts nothing.
//   tandem-bench [--people N] [--runs N]       the programs are looked for beside this one
#include <fcntl.h>
#include <fmt/format.h>
#include <rapidjson/document.h>
#include <sqlite3.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

namespace fs = std::filesystem;

namespace {
struct Cost {
  double cpu_s = 0, wall_s = 0;
  long peak_kb = 0;
  int status = -1;
  std::string out;
};

std::string slurp(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

pid_t start(const std::vector<std::string>& args, const fs::path& out) {
  const pid_t pid = fork();
  if (pid != 0) return pid;
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  const int fd = open(out.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  dup2(fd, 1);
  dup2(fd, 2);
  std::vector<char*> argv;
  argv.reserve(args.size() + 1);
  for (const auto& a : args) argv.push_back(const_cast<char*>(a.c_str()));
  argv.push_back(nullptr);
  execv(argv[0], argv.data());
  _exit(127);
}

Cost run(const std::vector<std::string>& args, const fs::path& out) {
  const auto begin = std::chrono::steady_clock::now();
  const pid_t pid = start(args, out);
  Cost cost;
  rusage usage{};
  wait4(pid, &cost.status, 0, &usage);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
  };
  cost.cpu_s = seconds(usage.ru_utime) + seconds(usage.ru_stime);
  cost.peak_kb = usage.ru_maxrss;
  cost.wall_s = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  cost.out = slurp(out);
  cost.status = WIFEXITED(cost.status) ? WEXITSTATUS(cost.status) : -1;
  return cost;
}

double median(std::vector<double> all) {
  std::sort(all.begin(), all.end());
  return all[all.size() / 2];
}

std::string base64(const std::string& text) {
  static const char* const kLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  for (std::size_t i = 0; i < text.size(); i += 3) {
    unsigned bits = 0;
    for (std::size_t k = 0; k < 3; ++k)
      bits = bits << 8U | (i + k < text.size() ? static_cast<unsigned char>(text[i + k]) : 0U);
    for (std::size_t k = 0; k < 4; ++k)
      out += i + k > text.size() ? '=' : kLetters[bits >> (18 - 6 * k) & 63U];
  }
  return out;
}

// Rows per table and a sum over their text, to see what a sweep wrote.
std::map<std::string, std::string> fingerprint(const fs::path& state) {
  std::map<std::string, std::string> out;
  sqlite3* db = nullptr;
  sqlite3_open_v2(state.c_str(), &db, SQLITE_OPEN_READONLY, nullptr);
  std::vector<std::string> tables;
  const auto each = [&](const std::string& sql, auto visit) {
    sqlite3_stmt* q = nullptr;
    sqlite3_prepare_v2(db, sql.c_str(), -1, &q, nullptr);
    while (sqlite3_step(q) == SQLITE_ROW) visit(q);
    sqlite3_finalize(q);
  };
  each("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name", [&](sqlite3_stmt* q) {
    tables.emplace_back(reinterpret_cast<const char*>(sqlite3_column_text(q, 0)));
  });
  for (const auto& table : tables) {
    std::size_t sum = 0, rows = 0;
    each("SELECT * FROM " + table, [&](sqlite3_stmt* q) {
      std::string row;
      for (int i = 0; i < sqlite3_column_count(q); ++i)
        if (const auto* text = sqlite3_column_text(q, i))
          row += std::string(reinterpret_cast<const char*>(text)) + '\x1f';
      sum += std::hash<std::string>{}(row);
      ++rows;
    });
    out[table] = fmt::format("{}/{:x}", rows, sum);
  }
  sqlite3_close(db);
  return out;
}

std::string query(const fs::path& state, const std::string& sql) {
  sqlite3* db = nullptr;
  sqlite3_open_v2(state.c_str(), &db, SQLITE_OPEN_READONLY, nullptr);
  sqlite3_stmt* q = nullptr;
  std::string out;
  if (sqlite3_prepare_v2(db, sql.c_str(), -1, &q, nullptr) == SQLITE_OK && sqlite3_step(q) == SQLITE_ROW)
    if (const auto* text = sqlite3_column_text(q, 0)) out = reinterpret_cast<const char*>(text);
  sqlite3_finalize(q);
  sqlite3_close(db);
  return out;
}
}  // namespace

int main(int argc, char** argv) {
  std::string people = "10000";
  int runs = 5;
  for (int i = 1; i + 1 < argc; i += 2) {
    if (std::string(argv[i]) == "--people") people = argv[i + 1];
    if (std::string(argv[i]) == "--runs") runs = std::max(1, std::stoi(argv[i + 1]));
  }
  const fs::path bin = fs::canonical("/proc/self/exe").parent_path();
  std::string folder = (fs::temp_directory_path() / "tandem-bench-XXXXXX").string();
  if (mkdtemp(folder.data()) == nullptr) return 1;
  const fs::path dir = folder;
  const fs::path port_file = dir / "ports.json", config = dir / "tandem.toml",
                 state = dir / "state/bench.sqlite";
  const pid_t sim =
      start({(bin / "tandem-sim").string(), "--highlevel-port", "0", "--ctm-port", "0", "--port-file",
             port_file.string(), "--seed", "1", "--people", people, "--set", "ctm.rate=off", "--set",
             "highlevel.quota=off", "--set", "highlevel.quota.headers=off"},
            dir / "sim.log");
  for (int i = 0; i < 600 && !fs::exists(port_file); ++i) {
    if (waitpid(sim, nullptr, WNOHANG) != 0) {
      fmt::print(stderr, "tandem-sim ended: {}\n", slurp(dir / "sim.log"));
      return 1;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
  rapidjson::Document ports;
  ports.Parse(slurp(port_file).c_str());
  const auto text = [&](const char* side, const char* key) -> std::string {
    const auto& v = ports[side][key];
    return v.IsString() ? v.GetString() : std::to_string(v.GetInt64());
  };
  const auto secret = [&](const char* name, const std::string& value) {
    std::ofstream(dir / name) << value << '\n';
    chmod((dir / name).c_str(), 0600);
    return (dir / name).string();
  };
  std::ofstream(config) << fmt::format(R"([service]
state_dir = "{0}/state"
listen = ""
[[link]]
name = "bench"
first_run = "auto"
[link.ctm]
base_url = "{1}"
account_id = {2}
credential_file = "{3}"
contact_surface = "list+activity"
list = "{4}"
[link.highlevel]
base_url = "{5}"
location_id = "{6}"
credential_file = "{7}"
[link.brake]
updates = {{ percent = 100, count = 1000000 }}
creates = {{ count = 1000000 }}
[link.budget]
highlevel = {{ per_10s = 1000000, per_day = 1000000000, reserve_percent = 0 }}
ctm = {{ per_second = 1000000 }}
)",
                                       dir.string(), text("ctm", "base_url"), text("ctm", "account_id"),
                                       secret("ctm.key", text("ctm", "key")), text("ctm", "list"),
                                       text("highlevel", "base_url"), text("highlevel", "location_id"),
                                       secret("hl.key", text("highlevel", "token")));
  const std::vector<std::string> once{(bin / "tandem").string(), "once", "--full", "--config",
                                      config.string()};
  fmt::print("first linking of {} people on each side ...\n", people);
  std::fflush(stdout);
  auto first = once;
  first.insert(first.end(), {"--wait", "300s"});
  const Cost linking = run(first, dir / "first.log");
  fmt::print("  {} linked pairs, {:.1f} s wall, {:.1f} s CPU, {:.1f} MB peak, exit {}\n",
             query(state, "SELECT pairs FROM v_status"), linking.wall_s, linking.cpu_s,
             static_cast<double>(linking.peak_kb) / 1024, linking.status);
  run(once, dir / "settle.log");

  const std::string highlevel_page =
      std::getenv("TANDEM_BENCH_PAGE") ? std::getenv("TANDEM_BENCH_PAGE") : "100";
  const std::vector<std::string> floor_args{(bin / "tandem-floor").string(),
                                            state.string(),
                                            text("highlevel", "base_url"),
                                            text("highlevel", "token"),
                                            text("highlevel", "location_id"),
                                            highlevel_page,
                                            text("ctm", "base_url"),
                                            base64(text("ctm", "key")),
                                            text("ctm", "account_id"),
                                            text("ctm", "list"),
                                            "366"};
  std::vector<double> cpu, floor_cpu, ratio, peak, floor_peak;
  const auto before = fingerprint(state);
  for (int i = 0; i < runs; ++i) {
    const Cost t = run(once, dir / "sweep.log");
    const Cost f = run(floor_args, dir / "floor.log");
    if (f.status != 0 || (t.status != 0 && t.status != 3)) {
      fmt::print(stderr, "a run failed: tandem {} floor {}\n{}\n{}\n", t.status, f.status, t.out, f.out);
      kill(sim, SIGTERM);
      return 1;
    }
    cpu.push_back(t.cpu_s);
    floor_cpu.push_back(f.cpu_s);
    ratio.push_back(t.cpu_s / f.cpu_s);
    peak.push_back(static_cast<double>(t.peak_kb) / 1024);
    floor_peak.push_back(static_cast<double>(f.peak_kb) / 1024);
  }
  const auto after = fingerprint(state);
  fmt::print("full sweep, nothing changed, median of {} runs\n", runs);
  fmt::print("  {:<8} {:>8} {:>10}\n", "", "CPU s", "peak MB");
  fmt::print("  {:<8} {:>8.3f} {:>10.1f}\n", "tandem", median(cpu), median(peak));
  fmt::print("  {:<8} {:>8.3f} {:>10.1f}   {}", "floor", median(floor_cpu), median(floor_peak),
             slurp(dir / "floor.log"));
  fmt::print("  ratio    {:>8.2f}   (target: at most 2.00; peak at most 24 MB)\n", median(ratio));
  fmt::print("  tandem says: {}", slurp(dir / "sweep.log"));
  fmt::print("  tables that changed in {} sweeps:", runs);
  for (const auto& [table, print] : after)
    if (const auto was = before.find(table); was == before.end() || was->second != print)
      fmt::print(" {}({} -> {})", table,
                 was == before.end() ? "-" : was->second.substr(0, was->second.find('/')),
                 print.substr(0, print.find('/')));
  fmt::print("\n");
  kill(sim, SIGTERM);
  waitpid(sim, nullptr, 0);
  std::error_code ignored;
  fs::remove_all(dir, ignored);
  return 0;
}
