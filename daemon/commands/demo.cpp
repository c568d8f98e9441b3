#include <fmt/format.h>
#include <poll.h>
#include <array>
#include <csignal>
#include <cstdio>
#include <map>
#include <set>
#include "daemon/commands/commands.h"
#include "daemon/commands/demo_stage.h"
#include "daemon/commands/output.h"
#include "daemon/commands/signals.h"
#include "daemon/config/duration.h"

namespace tandem {
namespace {
constexpr int kPeople = 200;
constexpr std::int64_t kFirstLinkingPatienceMs = 120'000;
constexpr std::int64_t kQuietPatienceMs =
    90'000;  // a HighLevel write is believed after its index has caught up
constexpr std::int64_t kLookMs = 400, kStaffMs = 1'500;

struct Interrupted {};

void say(const std::string& text) {
  print(text);
  std::fflush(stdout);
}

class Tour {
 public:
  explicit Tour(std::int64_t staff_ms)
      : staff_ms_(staff_ms), signals_({SIGINT, SIGTERM}), stage_(clock_, kPeople) {}

  void show() {
    try {
      first_linking();
      staff_at_work();
      quiet();
      full_resync();
    } catch (const Interrupted&) {
      say("\nstopped");
    }
    stage_.clear();
    last_lines();
  }

 private:
  // Looks at the state until `done`; false when patience ends first.
  template <class Done>
  bool watch(std::int64_t patience_ms, const Done& done) {
    const std::int64_t give_up_ms = clock_.now_ms() + patience_ms;
    while (clock_.now_ms() < give_up_ms) {
      if (const auto store = stage_.state(); store != nullptr && done(*store)) return true;
      pollfd source{signals_.descriptor(), POLLIN, 0};
      if (poll(&source, 1, static_cast<int>(kLookMs)) > 0) throw Interrupted{};
      stage_.check_alive();
    }
    return false;
  }

  void first_linking() {
    say(
        fmt::format("Both systems are simulated on this machine; {} people exist, most of them in both.\n"
                    "Everything of this demo is in {}\n\n"
                    "1. Who is who: the first linking",
                    kPeople, stage_.folder()));
    stage_.start_daemon();
    const bool linked = watch(kFirstLinkingPatienceMs, [](SqliteStore& store) {
      return !store.rows("SELECT 1 FROM v_runs WHERE outcome IS NOT NULL AND kind = 'full'").rows.empty();
    });
    if (!linked)
      throw Exit{kExitFailed,
                 fmt::format("the first cycle took too long; see {}/tandem.log", stage_.folder())};
    const auto store = stage_.state();
    say(text_columns(pairs_by_reason(*store)));
    // Staff will edit people whose address both sides agree on, so that every line below is an edit.
    const Table people = store->rows(
        "SELECT pair_id, ctm_id, highlevel_id FROM v_pairs WHERE state = 'linked' AND reason LIKE 'same "
        "phone%' "
        "AND pair_id IN (SELECT pair_id FROM v_fields WHERE field = 'city' AND base_ctm IS NOT NULL) "
        "AND pair_id IN (SELECT pair_id FROM v_fields WHERE field = 'address1' AND base_ctm IS NOT NULL) "
        "AND pair_id NOT IN (SELECT pair_id FROM v_conflicts WHERE is_open = 1) ORDER BY CAST(pair_id AS "
        "INTEGER)");
    for (const auto& row : people.rows) people_.push_back({row[1].value_or(""), row[2].value_or("")});
    const Table differing = store->rows("SELECT conflict_id FROM v_conflicts WHERE is_open = 1");
    for (const auto& row : differing.rows) shown_conflicts_.insert(row[0].value_or(""));
    seen_changes_ = changes(*store);
    const Table written = store->rows("SELECT count(*) AS n FROM v_history WHERE action <> 'link'");
    say(
        fmt::format("{} values were written to bring both sides in step. {} fields differ, and nobody can "
                    "tell which side is\n"
                    "right: they are held (tandem conflicts), the rest goes on.",
                    cell(written, 0, "n"), differing.rows.size()));
  }

  static std::size_t changes(SqliteStore& store) {
    return static_cast<std::size_t>(
        std::stoul(store.rows("SELECT count(*) FROM v_history").rows.at(0).at(0).value()));
  }

  // What arrived on the other side since the last look, one line per record.
  void show_arrivals(SqliteStore& store) {
    const Table rows = store.rows(fmt::format(
        "SELECT pair_id, side, action, field, reason FROM v_history LIMIT -1 OFFSET {}", seen_changes_));
    seen_changes_ += rows.rows.size();
    std::map<std::string, std::set<std::string>> lines;  // fields by "pair, action, side"
    for (std::size_t row = 0; row < rows.rows.size(); ++row) {
      const std::string action = cell(rows, row, "action"), side = cell(rows, row, "side");
      if (action == "link") continue;
      const auto from = to_text(other(side_from(side).value_or(Side::ctm)));
      const std::string pair = cell(rows, row, "pair_id");
      std::string key = fmt::format("   pair {} · {{}} · {} -> {}", pair, from, side);
      if (action == "create") key = fmt::format("   pair {} · new caller · created in {}", pair, side);
      if (cell(rows, row, "reason") == "shows a value that was replaced") {
        key = fmt::format("   pair {} · {{}} · {}: a call that still showed the old value was corrected",
                          pair, side);
      }
      lines[key].insert(cell(rows, row, "field"));
    }
    for (const auto& [key, fields] : lines) {
      const auto slot = key.find("{}");
      std::string line = key;
      if (slot != std::string::npos) line.replace(slot, 2, fmt::format("{}", fmt::join(fields, ", ")));
      say(line);
    }
    const Table conflicts =
        store.rows("SELECT conflict_id, pair_id, field FROM v_conflicts WHERE is_open = 1");
    for (std::size_t row = 0; row < conflicts.rows.size(); ++row) {
      const std::string id = cell(conflicts, row, "conflict_id");
      if (!shown_conflicts_.insert(id).second) continue;
      say(fmt::format(
          "   pair {} · {} · both sides changed it: held. To settle it:\n"
          "      tandem resolve {} --take ctm --config {}",
          cell(conflicts, row, "pair_id"), cell(conflicts, row, "field"), id, stage_.config_file()));
    }
  }

  void staff_at_work() {
    say(fmt::format("\n2. Staff edit on both sides for {}; what arrives on the other side, field by field",
                    config::duration_text(staff_ms_)));
    const std::int64_t end_ms = clock_.now_ms() + staff_ms_;
    for (int step = 0; clock_.now_ms() < end_ms; ++step) {
      act(step);
      const std::int64_t next_ms = clock_.now_ms() + kStaffMs;
      watch(kStaffMs, [&](SqliteStore& store) {
        show_arrivals(store);
        return clock_.now_ms() >= next_ms;
      });
    }
  }

  // One thing a person does. People take turns, so that no edit hides another.
  void act(int step) {
    if (people_.empty()) return;
    const auto person = [&](int offset) -> const Person& {
      return people_[static_cast<std::size_t>(step * 3 + offset) % people_.size()];
    };
    constexpr std::array kCities{"Evanston", "Oak Park", "Cicero", "Skokie", "Elgin", "Aurora"};
    const std::string city = kCities[static_cast<std::size_t>(step) % kCities.size()];
    const auto at_highlevel = [&](const Person& who, const char* field, const std::string& value) {
      stage_.tell(Side::highlevel, "staff/edit",
                  fmt::format(R"({{"id":"{}","field":"{}","value":"{}"}})", who.highlevel, field, value));
    };
    const auto at_ctm = [&](const Person& who, const char* field, const std::string& value) {
      stage_.tell(Side::ctm, "staff/edit_contact",
                  fmt::format(R"({{"number":"{}","field":"{}","value":"{}"}})", who.ctm, field, value));
    };
    switch (step % 6) {
      case 0:
        at_highlevel(person(0), "city", city);
        break;
      case 1:
        at_ctm(person(0), "postal_code", fmt::format("60{:03}", 100 + step));
        break;
      case 2:  // the same field on both sides before anybody has looked
        at_highlevel(person(0), "city", city + " North");
        at_ctm(person(0), "city", city + " South");
        break;
      case 3:
        stage_.tell(Side::ctm, "staff/call",
                    fmt::format(R"({{"number":"+1312555{:04}","name":"New Caller {}"}})", 1200 + step, step));
        break;
      case 4:
        stage_.tell(Side::ctm, "staff/tag",
                    fmt::format(R"({{"number":"{}","tag":"spring mailing"}})", person(0).ctm));
        break;
      default:
        at_highlevel(person(0), "address1", fmt::format("{} Canal Street", 100 + step));
        at_ctm(person(1), "city", city);
        break;
    }
  }

  void quiet() {
    say("\n3. Staff go home; tandem finishes what is on its way");
    const bool calm = watch(kQuietPatienceMs, [&](SqliteStore& store) {
      show_arrivals(store);
      return store.census().open_intents == 0 && two_quiet_cycles(store);
    });
    if (!calm) say("   something still waits for a remote's index; the resync below will find it");
  }

  static bool two_quiet_cycles(SqliteStore& store) {
    const Table runs = store.rows(
        "SELECT writes_ctm + writes_highlevel AS writes FROM v_runs WHERE outcome IS NOT NULL "
        "ORDER BY CAST(run_id AS INTEGER) DESC LIMIT 2");
    return runs.rows.size() == 2 && cell(runs, 0, "writes") == "0" && cell(runs, 1, "writes") == "0";
  }

  void full_resync() {
    say(fmt::format("\n4. kill -USR1 {}: a full resync, everything is read and compared",
                    stage_.daemon().pid()));
    const auto last_run = [](SqliteStore& store) {
      return std::stoll(
          store.rows("SELECT coalesce(max(CAST(run_id AS INTEGER)), 0) FROM v_runs").rows[0][0].value());
    };
    const auto store = stage_.state();
    const std::int64_t before = store == nullptr ? 0 : last_run(*store);
    stage_.daemon().signal(SIGUSR1);
    const bool done = watch(kFirstLinkingPatienceMs, [&](SqliteStore& now) {
      const Table run = now.rows(
          "SELECT * FROM v_runs WHERE kind = 'full' AND outcome IS NOT NULL AND CAST(run_id AS INTEGER) > ?",
          {std::to_string(before)});
      if (run.rows.empty()) return false;
      const std::int64_t writes =
          std::stoll(cell(run, 0, "writes_ctm")) + std::stoll(cell(run, 0, "writes_highlevel"));
      say(fmt::format("   run {}: read {} at ctm and {} at highlevel, {}", cell(run, 0, "run_id"),
                      cell(run, 0, "reads_ctm"), cell(run, 0, "reads_highlevel"),
                      writes == 0 ? "nothing to do" : fmt::format("{} late writes", writes)));
      return true;
    });
    if (!done) say(fmt::format("   it did not end in time; see {}/tandem.log", stage_.folder()));
  }

  void last_lines() const {
    say(fmt::format(
        "\n5. Everything is in one file:\n"
        "   sqlite3 {0} \"select * from v_status\"\n"
        "   sqlite3 {0} \"select pair_id, field, ctm, highlevel from v_conflicts where is_open = 1\"\n"
        "   sqlite3 {0} \"select at, side, pair_id, field, old_value, new_value, reason from v_history order "
        "by at desc limit 10\"",
        stage_.state_file()));
  }

  struct Person {
    std::string ctm, highlevel;
  };
  const std::int64_t staff_ms_;
  WallClock clock_;
  Signals signals_;
  DemoStage stage_;
  std::vector<Person> people_;
  std::size_t seen_changes_ = 0;
  std::set<std::string> shown_conflicts_;
};
}  // namespace

void add_demo(CLI::App& app, Invocation& invocation) {
  CLI::App* command = app.add_subcommand("demo", "the whole job on simulated systems, in about a minute");
  auto how_long = std::make_shared<std::string>("20s");
  command->add_option("--for", *how_long, "how long the simulated staff work")
      ->capture_default_str()
      ->check([](const std::string& text) {
        return config::duration_ms(text) ? std::string() : std::string("must be like 30s or 2m");
      });
  command->group(kSetUpGroup);
  command->footer("Starts tandem-sim and the daemon as processes of their own; nothing leaves this machine.");
  command->callback([&invocation, how_long] {
    invocation.action = [how_long] {
      Tour(config::duration_ms(*how_long).value()).show();
      return kExitDone;
    };
  });
}
}  // namespace tandem
