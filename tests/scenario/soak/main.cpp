// tandem-soak: many lives of two accounts, each from a seed; or one, from a file.
#include <fmt/format.h>

#include <charconv>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <stdexcept>

#include "tests/scenario/soak/laws.h"
#include "tests/scenario/soak/life.h"
#include "tests/scenario/soak/shrink.h"

namespace tandem::soak {
namespace {
constexpr const char* kUsage =
    "usage: tandem-soak [--runs N] [--seed S] [--save DIR] [--shrink N] [--keep-going] [--at-most N]\n"
    "                   [--trace]\n"
    "       tandem-soak --script FILE [--trace]\n"
    "       tandem-soak --twice [--runs N] [--seed S]\n\n"
    "  --runs N      lives to lead (1000), of the seeds S, S+1, ...\n"
    "  --seed S      the first seed (1)\n"
    "  --save DIR    where shrunk scripts of violations are written (.)\n"
    "  --shrink N    how many scripts are shrunk for each law (2)\n"
    "  --keep-going  to the last run; otherwise it ends after ten that failed\n"
    "  --at-most N   to the last run, and exit 0 when no more than N of them failed\n"
    "  --script FILE plays one script\n"
    "  --print       prints the scripts of the seeds and plays none\n"
    "  --trace       prints every step, request with the class of its answer, and cycle\n"
    "  --twice       each life twice: the traces must be the same, byte for byte (P5)\n\n"
    "Exit: 0 no violation, 1 violations, 2 wrong command line.\n";
constexpr int kFailuresToEnd = 10;

struct Asked {
  std::int64_t runs = 1'000;
  std::uint64_t seed = 1;
  std::string save = ".", script;
  int shrink = 2;
  std::int64_t at_most = 0;
  bool keep_going = false, trace = false, twice = false, print = false, help = false;
};

std::uint64_t number(const std::string& text) {
  std::uint64_t n = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), n);
  if (error != std::errc() || end != text.data() + text.size())
    throw std::invalid_argument("not a number: " + text);
  return n;
}

Asked asked_for(int argc, char** argv) {
  Asked asked;
  for (int i = 1; i < argc; ++i) {
    const std::string option = argv[i];
    const auto next = [&] {
      if (i + 1 >= argc) throw std::invalid_argument(option + " needs a value");
      return std::string(argv[++i]);
    };
    if (option == "--runs")
      asked.runs = static_cast<std::int64_t>(number(next()));
    else if (option == "--seed")
      asked.seed = number(next());
    else if (option == "--save")
      asked.save = next();
    else if (option == "--shrink")
      asked.shrink = static_cast<int>(number(next()));
    else if (option == "--script")
      asked.script = next();
    else if (option == "--at-most") {
      asked.at_most = static_cast<std::int64_t>(number(next()));
      asked.keep_going = true;
    } else if (option == "--keep-going")
      asked.keep_going = true;
    else if (option == "--trace")
      asked.trace = true;
    else if (option == "--twice")
      asked.twice = true;
    else if (option == "--help" || option == "-h")
      asked.help = true;
    else if (option == "--print")
      asked.print = true;
    else
      throw std::invalid_argument("unknown option " + option);
  }
  return asked;
}

std::vector<Violation> counted(const std::vector<Violation>& all) {
  std::vector<Violation> out;
  for (const auto& v : all)
    if (!is_not_yet(v.law)) out.push_back(v);
  return out;
}

bool breaks(const Script& script, const std::string& law) {
  Life life(script);
  life.live();
  for (const auto& v : life.violations())
    if (v.law == law) return true;
  return false;
}

// "P4 convergence" and 17 -> p4-convergence-17.soak
std::string file_name(const std::string& law, std::uint64_t seed) {
  std::string name;
  for (const char c : lowered(law)) name += (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ? c : '-';
  return fmt::format("{}-{}.soak", name, seed);
}

class Soak {
 public:
  explicit Soak(Asked asked) : asked_(std::move(asked)) {}

  int run() {
    const std::clock_t from = std::clock();
    for (std::int64_t i = 0; i < asked_.runs; ++i) {
      one(asked_.seed + static_cast<std::uint64_t>(i));
      if (failed_ >= kFailuresToEnd && !asked_.keep_going) break;
    }
    const double seconds = static_cast<double>(std::clock() - from) / CLOCKS_PER_SEC;
    report(seconds);
    return failed_ > asked_.at_most ? 1 : 0;
  }

 private:
  void one(std::uint64_t seed) {
    const Script script = make_script(seed);
    Life life(script, asked_.trace || asked_.twice);
    life.live();
    ++runs_;
    last_ = seed;
    add(life.tally());
    if (asked_.trace) fmt::print("{}", life.trace());
    if (asked_.twice) {
      Life again(script, true);
      again.live();
      if (again.trace() != life.trace()) {
        ++by_law_["P5 determinism"];
        ++failed_;
        fmt::print("seed {}: P5 determinism: a second life with this seed left another trace\n", seed);
      }
    }
    std::map<std::string, std::string> broken;  // each law once
    for (const auto& v : life.violations()) {
      if (is_not_yet(v.law)) {
        ++not_yet_[v.law];
        continue;
      }
      if (broken.emplace(v.law, v.detail).second) ++by_law_[v.law];
    }
    if (broken.empty()) return;
    ++failed_;
    for (const auto& [law, detail] : broken) {
      fmt::print("seed {}: {}: {}\n", seed, law, detail);
      if (shrunk_[law]++ < asked_.shrink) save(script, law);
    }
    std::fflush(stdout);
  }

  void save(const Script& script, const std::string& law) {
    const Script less = shrunk(script, [&](const Script& s) { return breaks(s, law); });
    Life life(less);
    life.live();
    std::string text = fmt::format("# {}\n", law);
    for (const auto& v : life.violations())
      if (v.law == law) text += "# " + v.detail + "\n";
    text += to_text(less);
    const auto file = std::filesystem::path(asked_.save) / file_name(law, script.seed);
    std::filesystem::create_directories(asked_.save);
    std::ofstream(file) << text;
    fmt::print("  {} of {} steps are enough, in {}:\n{}", less.steps.size(), script.steps.size(),
               file.string(), text);
  }

  void add(const Tally& t) {
    sum_.steps += t.steps;
    sum_.cycles += t.cycles;
    sum_.requests += t.requests;
    sum_.writes += t.writes;
    sum_.kills += t.kills;
    sum_.dry_runs += t.dry_runs;
    sum_.unseen_writes += t.unseen_writes;
    sum_.unseen_cascades += t.unseen_cascades;
    sum_.unseen_twins += t.unseen_twins;
    sum_.busiest_settling = std::max(sum_.busiest_settling, t.busiest_settling);
  }

  void report(double seconds) {
    fmt::print(
        "{} runs, seeds {} to {}: {} steps, {} cycles, {} killed, {} dry runs, {} requests, {} entries "
        "written\n",
        runs_, asked_.seed, last_, sum_.steps, sum_.cycles, sum_.kills, sum_.dry_runs, sum_.requests,
        sum_.writes);
    fmt::print(
        "P2: edits after the last reading that were overwritten: {} by our write, {} by what it cascades "
        "to\n",
        sum_.unseen_writes, sum_.unseen_cascades);
    fmt::print("P8: contacts made beside one that no search could show yet: {}\n", sum_.unseen_twins);
    fmt::print("settled in at most {} cycles that did something\n", sum_.busiest_settling);
    for (const auto& [law, n] : not_yet_) fmt::print("not yet: {}: {}\n", law, n);
    for (const auto& [law, n] : by_law_) fmt::print("violation: {}: in {} runs\n", law, n);
    fmt::print("{} runs with violations; {:.1f} s of one core, {:.0f} runs an hour\n", failed_, seconds,
               seconds > 0 ? static_cast<double>(runs_) / seconds * 3600 : 0);
  }

  Asked asked_;
  Tally sum_;
  std::int64_t runs_ = 0, failed_ = 0;
  std::uint64_t last_ = 0;
  std::map<std::string, int> by_law_, not_yet_, shrunk_;
};

int play(const Asked& asked) {
  std::ifstream in(asked.script);
  if (!in) throw std::runtime_error("cannot read " + asked.script);
  std::ostringstream text;
  text << in.rdbuf();
  const Script script = script_from(text.str());
  Life life(script, asked.trace);
  life.live();
  if (asked.trace) fmt::print("{}", life.trace());
  for (const auto& v : life.violations())
    fmt::print("{}{}: {}\n", is_not_yet(v.law) ? "not yet: " : "", v.law, v.detail);
  const auto real = counted(life.violations());
  fmt::print("{}: {} steps, {} violations\n", asked.script, script.steps.size(), real.size());
  return real.empty() ? 0 : 1;
}
}  // namespace
}  // namespace tandem::soak

int main(int argc, char** argv) {
  using namespace tandem::soak;
  try {
    const Asked asked = asked_for(argc, argv);
    if (asked.help) {
      fmt::print("{}", kUsage);
      return 0;
    }
    if (!asked.script.empty()) return play(asked);
    if (asked.print) {
      for (std::int64_t i = 0; i < asked.runs; ++i)
        fmt::print("{}\n", to_text(make_script(asked.seed + static_cast<std::uint64_t>(i))));
      return 0;
    }
    return Soak(asked).run();
  } catch (const std::invalid_argument& error) {
    fmt::print(stderr, "tandem-soak: {}\n{}", error.what(), kUsage);
    return 2;
  } catch (const std::exception& error) {
    fmt::print(stderr, "tandem-soak: {}\n", error.what());
    return 1;
  }
}
