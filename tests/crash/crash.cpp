// Kills tandem at every numbered step of every scenario, starts it again, and compares the end with that
// of the life that was not killed (P9). A step: a request before the remote acts and after it did, and
// before and after each write, sync, cut, naming and deletion of a file of the state; those of a person's
// command included. See usage().
#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <random>

#include "tests/crash/scenarios.h"

namespace tandem::crash {
namespace {
constexpr const char* kUsage = R"(usage: tandem-crash [OPTION...] [SCENARIO...]
  SCENARIO      part of a scenario's name; none: all of them
  --kill        SIGKILL at every step
  --power       loss of power at every step at which something is not synced
  --twice N     SIGKILL at N pairs of steps: one in the life, one in the life after it
                (none of the three: --kill --power --twice 20)
  --sample N    at most N steps of each scenario, evenly spaced from where the seed says, instead of every step
  --seed N      of the sample, the pairs and of what a loss of power leaves (default 1)
  --step N      only that step, with the log of its cycles; with --power and --keeps 0, 1 or 2
  --steps       only prints the steps
  --part I/N    the scenarios in N parts, the part I, from 1
)";

constexpr std::size_t kShortestLife = 40;  // steps that every life after a death comes to
constexpr int kMostPrinted = 8;            // differences in full, of each scenario

struct Options {
  bool kill = false, power = false, only_print = false;
  int twice = 0, sample = 0, step = 0, keeps = 0;
  std::size_t part = 0, parts = 1;
  unsigned seed = 1;
  std::vector<std::string> names;
};

struct Tally {
  int deaths = 0, same = 0;
};

std::string joined(const std::vector<std::string>& lines) {
  std::string out;
  for (const auto& line : lines) out += line + "\n";
  return out;
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> out;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    out.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return out;
}

std::string content_of(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

class Trial {
 public:
  explicit Trial(const Scenario& scenario) : scenario_(scenario) {
    if (scenario.before) {
      scenario.before(stage_);
      stage_.clock.tick(World::kPastEveryLagMs);
      stage_.live();
    }
    scenario.then(stage_);
    stage_.clock.tick(World::kPastEveryLagMs);
    if (std::filesystem::exists(stage_.state_file())) state_ = content_of(stage_.state_file());
  }

  // The life that is not killed: its end and its steps.
  std::string undisturbed(bool power) {
    const std::string end = apart([&] {
      Death none;
      none.power = power;
      stage_.live(none);
      std::string steps = fmt::format("{}\n", stage_.page().steps.load());
      for (int i = 0; i < stage_.page().steps; ++i)
        steps += fmt::format("{} {}\n", stage_.page().log[i].unsynced, stage_.page().log[i].what);
      return steps + picture();
    });
    const auto all = lines_of(end);
    const auto count = all.empty() ? 0U : static_cast<std::size_t>(std::atoi(all.front().c_str()));
    if (count == 0 || all.size() < count + 1) throw std::runtime_error(end);
    steps_.clear();
    for (std::size_t i = 1; i <= count; ++i)
      steps_.push_back({std::atoi(all[i].c_str()), all[i].substr(all[i].find(' ') + 1)});
    return joined({all.begin() + static_cast<std::ptrdiff_t>(count) + 1, all.end()});
  }

  // "" = the same end; otherwise what differs.
  std::string die(const std::vector<Death>& deaths, const std::string& wanted) {
    return apart([&]() -> std::string {
      for (const Death& death : deaths) {
        if (stage_.live(death)) return fmt::format("    it lived: no step {}\n", death.step);
        const auto at = static_cast<std::size_t>(death.step) - 1;
        if (&death == &deaths.front() && stage_.page().log[at].what != steps_[at].what)
          return fmt::format("    another numbering: it died {}\n", stage_.page().log[at].what);
        // A restart at once meets indexes that lag; a late one does not; after days nothing but where the
        // cursor stood tells what was not read yet.
        constexpr std::int64_t kPauses[] = {2'000, World::kPastEveryLagMs, 3 * World::kDayMs};
        stage_.clock.tick(kPauses[death.step % 3]);
        stage_.only_deltas = death.step % 3 == 2 && !scenario_.needs_listings;
        stage_.look_at_backup();
      }
      stage_.live();
      const std::string found = picture();
      if (std::getenv("CRASH_SAYS") != nullptr) fmt::print("{}", found);
      std::fflush(stdout);
      return difference(wanted, found);
    });
  }

  struct Step {
    int unsynced = 0;
    std::string what;
  };
  [[nodiscard]] const std::vector<Step>& steps() const { return steps_; }
  [[nodiscard]] const Scenario& scenario() const { return scenario_; }

 private:
  void restore() {
    const auto folder = std::filesystem::path(stage_.state_file()).parent_path();
    for (const auto& entry : std::filesystem::directory_iterator(folder))
      std::filesystem::remove(entry.path());
    if (state_) std::ofstream(stage_.state_file(), std::ios::binary) << *state_;
  }

  // A copy of this process, both systems included, in which `work` goes on from the state as it was; the
  // text that it returns.
  template <class Work>
  std::string apart(const Work& work) {
    int ends[2];
    if (pipe(ends) != 0) throw std::runtime_error("no pipe");
    std::fflush(nullptr);
    const pid_t copy = fork();
    if (copy < 0) throw std::runtime_error("no process");
    if (copy == 0) {
      close(ends[0]);
      std::string result;
      try {
        restore();
        result = work();
      } catch (const std::exception& error) {
        result = fmt::format("failed: {}\n", error.what());
      }
      for (std::size_t sent = 0; sent < result.size();) {
        const ssize_t n = write(ends[1], result.data() + sent, result.size() - sent);
        if (n <= 0) _exit(1);
        sent += static_cast<std::size_t>(n);
      }
      _exit(0);
    }
    close(ends[1]);
    std::string result;
    char bytes[8'192];
    for (ssize_t n = 0; (n = read(ends[0], bytes, sizeof bytes)) > 0;)
      result.append(bytes, static_cast<std::size_t>(n));
    close(ends[0]);
    int status = 0;
    waitpid(copy, &status, 0);
    if (status != 0) result += fmt::format("failed: the copy ended with status {}\n", status);
    return result;
  }

  // Both systems and the state; throws when the scenario has something against it.
  std::string picture() {
    stage_.look_at_backup();
    if (scenario_.must_hold)
      if (const std::string wrong = scenario_.must_hold(stage_); !wrong.empty())
        throw std::runtime_error(wrong);
    return joined(stage_.image());
  }

  static std::string difference(const std::string& wanted, const std::string& found) {
    if (wanted == found) return "";
    const auto a = lines_of(wanted), b = lines_of(found);
    std::vector<std::string> less, more;
    std::ranges::set_difference(a, b, std::back_inserter(less));
    std::ranges::set_difference(b, a, std::back_inserter(more));
    std::string out;
    for (const auto& line : less) out += "    not there: " + line + "\n";
    for (const auto& line : more) out += "    instead:   " + line + "\n";
    return out;
  }

  const Scenario& scenario_;
  Stage stage_;
  std::optional<std::string> state_;
  std::vector<Step> steps_;
};

class Report {
 public:
  Report(const Options& options, Trial& trial) : options_(options), trial_(trial) {}

  bool all() {
    const std::string wanted = trial_.undisturbed(false);
    if (options_.only_print) return print_steps();
    if (options_.step > 0) return one(wanted);
    if (options_.kill) kill_everywhere(wanted);
    if (options_.twice > 0) kill_twice(wanted);
    if (options_.power) lose_power(wanted);
    return same_;
  }

 private:
  bool print_steps() {
    for (std::size_t i = 0; i < trial_.steps().size(); ++i)
      fmt::print("{:5} {} {}\n", i + 1, trial_.steps()[i].what, trial_.steps()[i].unsynced);
    return true;
  }

  bool one(const std::string& wanted) {
    setenv("CRASH_SAYS", "1", 1);
    Death death;
    death.step = options_.step;
    death.power = options_.power;
    death.keeps = options_.keeps;
    death.seed = options_.seed;
    if (death.power) trial_.undisturbed(true);
    const std::string differs = trial_.die({death}, wanted);
    fmt::print("{}, killed at step {} ({}): {}\n{}", trial_.scenario().name, death.step, what(death.step),
               differs.empty() ? "same end" : "another end", differs);
    return differs.empty();
  }

  std::string what(int step) const {
    const auto at = static_cast<std::size_t>(step - 1);
    return at < trial_.steps().size() ? trial_.steps()[at].what : "no such step";
  }

  void kill_everywhere(const std::string& wanted) {
    Tally tally;
    for (const int step : chosen(static_cast<int>(trial_.steps().size()))) {
      Death death;
      death.step = step;
      judge(tally, {death}, wanted);
    }
    say("killed", tally);
  }

  void kill_twice(const std::string& wanted) {
    Tally tally;
    std::mt19937 chance(options_.seed);
    for (int i = 0; i < options_.twice; ++i) {
      Death first, second;
      first.step = 1 + static_cast<int>(chance() % trial_.steps().size());
      second.step =
          1 + static_cast<int>(chance() % std::min<std::size_t>(kShortestLife, trial_.steps().size()));
      judge(tally, {first, second}, wanted);
    }
    say("killed twice", tally);
  }

  void lose_power(const std::string& wanted) {
    Tally tally;
    const std::string synced = trial_.undisturbed(true);
    if (synced != wanted) fail("no loss at all, on the disk that loses power", "another end\n");
    std::vector<int> at;
    for (std::size_t i = 0; i < trial_.steps().size(); ++i)
      if (trial_.steps()[i].unsynced > 0) at.push_back(static_cast<int>(i) + 1);
    for (const int index : chosen(static_cast<int>(at.size())))
      for (const int keeps : {0, 1, 2}) {
        Death death;
        death.step = at[static_cast<std::size_t>(index - 1)];
        death.power = true;
        death.keeps = keeps;
        death.seed = options_.seed;
        judge(tally, {death}, wanted);
      }
    say("power lost", tally);
  }

  // 1 to `count`, or the sample of them: evenly spaced, the seed says from where on.
  [[nodiscard]] std::vector<int> chosen(int count) const {
    const int n = options_.sample == 0 ? count : std::min(options_.sample, count);
    const int from = count == 0 ? 0 : static_cast<int>(options_.seed * 7'919U % static_cast<unsigned>(count));
    std::vector<int> out;
    for (int i = 0; i < n; ++i) out.push_back(1 + (i * count + (n == count ? 0 : from)) / n);
    return out;
  }

  void judge(Tally& tally, const std::vector<Death>& deaths, const std::string& wanted) {
    ++tally.deaths;
    const std::string differs = trial_.die(deaths, wanted);
    if (differs.empty()) {
      ++tally.same;
      return;
    }
    std::string at = fmt::format("step {} ({})", deaths[0].step, what(deaths[0].step));
    if (deaths[0].power)
      at += fmt::format(", power lost, --keeps {} --seed {}", deaths[0].keeps, deaths[0].seed);
    if (deaths.size() > 1) at += fmt::format(", then step {}", deaths[1].step);
    fail(at, differs);
  }

  void fail(const std::string& at, const std::string& differs) {
    same_ = false;
    fmt::print("  {}: {}\n", trial_.scenario().name, at);
    if (++printed_ <= kMostPrinted) fmt::print("{}", differs);
  }

  void say(const char* how, const Tally& tally) {
    fmt::print("{}: {} {} of {}, same end {}\n", trial_.scenario().name, how, tally.deaths, tally.deaths,
               tally.same);
    std::fflush(stdout);
    total_deaths += tally.deaths;
    total_same += tally.same;
  }

  const Options& options_;
  Trial& trial_;
  bool same_ = true;
  int printed_ = 0;

 public:
  static inline int total_deaths = 0, total_same = 0;
};

Options read(int count, char** words) {
  Options o;
  const auto number = [&](int& i) {
    if (i + 1 >= count) throw std::runtime_error(fmt::format("{} needs a number", words[i]));
    return std::atoi(words[++i]);
  };
  for (int i = 1; i < count; ++i) {
    const std::string word = words[i];
    if (word == "--kill")
      o.kill = true;
    else if (word == "--power")
      o.power = true;
    else if (word == "--steps")
      o.only_print = true;
    else if (word == "--twice")
      o.twice = number(i);
    else if (word == "--sample")
      o.sample = number(i);
    else if (word == "--seed")
      o.seed = static_cast<unsigned>(number(i));
    else if (word == "--step")
      o.step = number(i);
    else if (word == "--keeps")
      o.keeps = number(i);
    else if (word == "--part") {
      o.part = static_cast<std::size_t>(number(i)) - 1;
      const char* slash = std::strchr(words[i], '/');
      if (slash != nullptr) o.parts = static_cast<std::size_t>(std::atoi(slash + 1));
      if (o.part >= o.parts) throw std::runtime_error("--part is I/N, I from 1 to N");
    } else if (word.starts_with("--"))
      throw std::runtime_error("unknown option " + word + "\n" + kUsage);
    else
      o.names.push_back(word);
  }
  if (!o.kill && !o.power && o.twice == 0) {
    o.kill = o.power = true;
    o.twice = 20;
  }
  return o;
}

int run(const Options& options) {
  bool same = true, any = false;
  std::vector<const Scenario*> all;
  for (const auto list : {scenarios(), decided_scenarios()})
    for (const Scenario& scenario : list) all.push_back(&scenario);
  for (std::size_t i = 0; i < all.size(); ++i) {
    const Scenario& scenario = *all[i];
    const auto named = [&](const std::string& part) {
      return std::strstr(scenario.name, part.c_str()) != nullptr;
    };
    if (i % options.parts != options.part) continue;
    if (!options.names.empty() && std::ranges::none_of(options.names, named)) continue;
    any = true;
    Trial trial(scenario);
    same = Report(options, trial).all() && same;
  }
  if (!any) throw std::runtime_error("no scenario is called that");
  fmt::print("seed {}: killed {} of {}, same end {}\n", options.seed, Report::total_deaths,
             Report::total_deaths, Report::total_same);
  return same ? 0 : 1;
}
}  // namespace
}  // namespace tandem::crash

int main(int count, char** words) {
  try {
    return tandem::crash::run(tandem::crash::read(count, words));
  } catch (const std::exception& error) {
    std::fprintf(stderr, "tandem-crash: %s\n", error.what());
    return 2;
  }
}
