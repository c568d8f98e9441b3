// The daemon and the commands that read the remotes, run as programs against the simulators.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidjson/document.h>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include "daemon/commands/output.h"
#include "storage/sqlite/sqlite_store.h"
#include "tests/daemon/commands/program.h"

namespace tandem::test {
namespace {
using ::testing::HasSubstr;
using ::testing::Not;

class Daemon : public ::testing::Test {
 protected:
  void SetUp() override { start_simulators({}); }

  void start_simulators(std::vector<std::string> options) {
    options.insert(options.begin(), {TANDEM_SIM_PROGRAM, "--people", "12", "--seed", "3"});
    simulators_.emplace(options);
    ASSERT_TRUE(simulators_->says("}}\n")) << simulators_->err();
    rapidjson::Document ports;
    ports.Parse(simulators_->out().c_str());
    ctm_url_ = ports["ctm"]["base_url"].GetString();
    highlevel_url_ = ports["highlevel"]["base_url"].GetString();
    account_ = std::to_string(ports["ctm"]["account_id"].GetInt64());
    location_ = ports["highlevel"]["location_id"].GetString();
    list_ = ports["ctm"]["list"].GetString();
    token_ = ports["highlevel"]["token"].GetString();
    folder_.put("ctm", ports["ctm"]["key"].GetString());
    folder_.put("hl", token_);
    configure();
  }

  void configure(const std::string& more_of_link = "first_run = \"auto\"\n",
                 const std::string& state = "state") {
    folder_.put("tandem.toml", "[service]\nstate_dir = \"" + (folder_ / state) +
                                   "\"\nlisten = \"\"\nlog_level = \"info\"\n[[link]]\nname = \"acme\"\n" +
                                   more_of_link + "poll_interval = \"1s\"\n[link.ctm]\nbase_url = \"" +
                                   ctm_url_ + "\"\naccount_id = " + account_ +
                                   "\ncredential = \"ctm\"\nlist = \"" + list_ +
                                   "\"\n[link.highlevel]\nbase_url = \"" + highlevel_url_ +
                                   "\"\nlocation_id = \"" + location_ + "\"\ncredential = \"hl\"\n");
  }
  Environment environment() { return {{"CREDENTIALS_DIRECTORY", folder_ / ""}}; }
  std::vector<std::string> with_config(std::vector<std::string> arguments) {
    arguments.insert(arguments.end(), {"--config", folder_ / "tandem.toml"});
    return arguments;
  }
  Finished run(std::vector<std::string> arguments) {
    return tandem(with_config(std::move(arguments)), environment());
  }
  std::string state() { return folder_ / "state/acme.sqlite"; }
  Table rows(const std::string& sql) { return SqliteStore::open_read_only(state())->rows(sql); }

  Folder folder_;
  std::optional<Program> simulators_;
  std::string ctm_url_, highlevel_url_, account_, location_, list_, token_;
};

class Running : public Daemon {
 protected:
  void SetUp() override {
    Daemon::SetUp();
    manager_.emplace(folder_ / "notify");
    Environment all = environment();
    all["NOTIFY_SOCKET"] = folder_ / "notify";
    all["WATCHDOG_USEC"] = "4000000";
    auto arguments = with_config({"run"});
    arguments.insert(arguments.begin(), TANDEM_PROGRAM);
    daemon_.emplace(arguments, all);
  }
  std::optional<NotifySocket> manager_;
  std::optional<Program> daemon_;
};

TEST_F(Running, IsReadyAfterTheFirstOpenFeedsTheWatchdogAndStopsOnTerm) {
  ASSERT_THAT(manager_->hears("READY=1"), HasSubstr("STATUS=acme: "));
  EXPECT_NE(manager_->hears("WATCHDOG=1"), "");
  EXPECT_NE(manager_->hears("last cycle"), "");
  const auto before = std::chrono::steady_clock::now();
  daemon_->signal(SIGTERM);
  EXPECT_EQ(daemon_->wait(), 0);
  EXPECT_LT(std::chrono::steady_clock::now() - before, std::chrono::seconds(11));
  EXPECT_NE(manager_->hears("STOPPING=1"), "");
}

TEST_F(Running, Usr1IsAFullResyncHoweverOftenItIsSent) {
  ASSERT_TRUE(daemon_->says("full cycle 1:")) << daemon_->err();
  ASSERT_TRUE(daemon_->says("delta cycle")) << daemon_->err();
  daemon_->signal(SIGSTOP);  // so that both are there before either is taken
  daemon_->signal(SIGUSR1);
  daemon_->signal(SIGUSR1);
  daemon_->forget();
  daemon_->signal(SIGCONT);
  ASSERT_TRUE(daemon_->says("acme: full cycle")) << daemon_->err();
  daemon_->forget();
  ASSERT_TRUE(daemon_->says("acme: delta cycle")) << daemon_->err();
  daemon_->signal(SIGTERM);
  EXPECT_EQ(daemon_->wait(), 0);
  EXPECT_THAT(daemon_->err(), HasSubstr("a full resync was asked for"));
  EXPECT_EQ(cell(rows("SELECT count(*) AS n FROM v_runs WHERE kind = 'full'"), 0, "n"), "2");
}

TEST_F(Running, HupTakesAGoodConfigurationAndRefusesTheRest) {
  ASSERT_NE(manager_->hears("READY=1"), "");
  configure("first_run = \"maybe\"\n");
  daemon_->signal(SIGHUP);
  ASSERT_TRUE(daemon_->says("is refused, the old one stays")) << daemon_->err();
  EXPECT_THAT(daemon_->err(), HasSubstr("link.first_run"));
  configure("first_run = \"auto\"\n", "elsewhere");
  daemon_->signal(SIGHUP);
  ASSERT_TRUE(daemon_->says("service.state_dir cannot change while running")) << daemon_->err();
  std::filesystem::remove(folder_ / "hl");
  configure();
  daemon_->signal(SIGHUP);
  ASSERT_TRUE(daemon_->says("link.highlevel.credential")) << daemon_->err();
  folder_.put("hl", token_);
  daemon_->signal(SIGHUP);
  ASSERT_TRUE(daemon_->says("the configuration was read again and is in force")) << daemon_->err();
  EXPECT_NE(manager_->hears("RELOADING=1"), "");
  daemon_->signal(SIGTERM);
  EXPECT_EQ(daemon_->wait(), 0);
}

TEST_F(Running, HupTakesUpARotatedCredential) {
  ASSERT_TRUE(daemon_->says("full cycle 1:"));
  folder_.put("hl", "pit-wrong");
  daemon_->signal(SIGHUP);
  ASSERT_TRUE(daemon_->says("unauthorised")) << "the new one is in use: " << daemon_->err();
  folder_.put("hl", token_);
  daemon_->signal(SIGHUP);
  ASSERT_NE(manager_->hears("last cycle unauthorised"), "");
  daemon_->forget();
  EXPECT_TRUE(daemon_->says("cycle")) << daemon_->err();
  EXPECT_NE(manager_->hears(", last cycle "), "") << "another outcome than before";
  daemon_->signal(SIGTERM);
  EXPECT_EQ(daemon_->wait(), 0);
}

TEST_F(Running, Usr2LogsASummaryOfCountsOnly) {
  ASSERT_TRUE(daemon_->says("full cycle 1:"));
  daemon_->signal(SIGUSR2);
  EXPECT_TRUE(daemon_->says("calls_today_highlevel")) << daemon_->err();
}

TEST_F(Running, SecondInstanceOfALinkIsRefused) {
  ASSERT_NE(manager_->hears("READY=1"), "");
  const Finished second = run({"run"});
  EXPECT_EQ(second.code, 1);
  EXPECT_THAT(second.err, HasSubstr("another tandem works on this link"));
  const Finished once = run({"once"});
  EXPECT_EQ(once.code, 1);
  EXPECT_EQ(run({"status"}).code, 0) << "looking is always possible";
}

TEST_F(Daemon, PlanWritesNowhereAndPricesEveryWrite) {
  const Finished plan = run({"plan"});
  EXPECT_THAT(plan.out, HasSubstr("requests to ctm")) << plan.err;
  EXPECT_FALSE(std::filesystem::exists(folder_ / "state"));
  rapidjson::Document items;
  items.Parse(run({"plan", "--json"}).out.c_str());
  ASSERT_TRUE(items.IsArray());
  ASSERT_GT(items.Size(), 0u);
  std::vector<std::string> keys;
  for (const auto& member : items[0].GetObject()) keys.emplace_back(member.name.GetString());
  EXPECT_THAT(keys, testing::ElementsAre("side", "action", "record_id", "pair_id", "field", "old_value",
                                         "new_value", "reason", "held", "requests"));
  EXPECT_GT(items[0]["requests"].GetInt(), 0);
}

TEST_F(Daemon, MatchShowsLinksWithReasonsAndWritesNowhere) {
  const Finished match = run({"match"});
  EXPECT_THAT(match.out, HasSubstr("same phone and")) << match.err;
  EXPECT_FALSE(std::filesystem::exists(folder_ / "state"));
  rapidjson::Document pairs;
  pairs.Parse(run({"match", "--json"}).out.c_str());
  ASSERT_TRUE(pairs.IsArray());
  EXPECT_GT(pairs.Size(), 10u);
}

TEST_F(Daemon, FirstRunAsksAndAnApprovedOneIsWritten) {
  configure("first_run = \"ask\"\n");
  const Finished first = run({"once"});
  EXPECT_EQ(first.code, 3) << first.err;
  EXPECT_THAT(first.out, HasSubstr("tandem pending"));
  EXPECT_EQ(cell(rows("SELECT count(*) AS n FROM v_history WHERE action <> 'link'"), 0, "n"), "0")
      << "nothing is written";
  const Table pending = rows("SELECT * FROM v_pending");
  ASSERT_EQ(pending.rows.size(), 1u);
  EXPECT_EQ(cell(pending, 0, "class"), "first_run");
  EXPECT_THAT(run({"pending"}).out, HasSubstr("tandem approve " + cell(pending, 0, "digest")));
  EXPECT_EQ(run({"approve", cell(pending, 0, "digest")}).code, 0);
  (void)run({"once"});
  EXPECT_NE(cell(rows("SELECT count(*) AS n FROM v_history WHERE action <> 'link'"), 0, "n"), "0");
  EXPECT_EQ(cell(rows("SELECT count(*) AS n FROM v_pending WHERE decision IS NULL"), 0, "n"), "0");
}

TEST_F(Daemon, WrongKeyIsNamedWithExit77AndTheOtherSideIsObserved) {
  folder_.put("hl", "pit-wrong");
  const Finished once = run({"once"});
  EXPECT_EQ(once.code, 77) << once.out;
  EXPECT_THAT(once.err, HasSubstr("highlevel: "));
  EXPECT_THAT(once.err, Not(HasSubstr("pit-wrong")));
  EXPECT_EQ(run({"check", "--online"}).code, 77);
  EXPECT_NE(cell(rows("SELECT reads_ctm FROM v_runs"), 0, "reads_ctm"), "0");
  EXPECT_THAT(run({"status"}).out, HasSubstr("trouble           highlevel: "));
}

TEST_F(Daemon, RemotesThatAreGoneAreExit75) {
  simulators_.reset();
  EXPECT_EQ(run({"once"}).code, 75);
}

TEST_F(Daemon, ListThatDoesNotExistIsExit78) {
  list_ = "No such list";
  configure();
  EXPECT_EQ(run({"once"}).code, 78);
  EXPECT_EQ(run({"check", "--online"}).code, 78);
}

TEST_F(Daemon, OnlineCheckSaysWhatItFound) {
  const Finished check = run({"check", "--online"});
  EXPECT_EQ(check.code, 0) << check.out << check.err;
  for (const char* item :
       {"ctm key and scopes: accepted", "highlevel key and scopes: accepted", "ctm clock: agrees",
        "highlevel clock: agrees", "highlevel zone: America/Chicago",
        "highlevel duplicate policy: no duplicates", "ctm contact surface: list+activity"}) {
    EXPECT_THAT(check.out, HasSubstr(item));
  }
  EXPECT_FALSE(std::filesystem::exists(folder_ / "state"));
}

TEST_F(Daemon, OneBrokenLinkDoesNotStopTheOther) {
  std::string text;
  {
    std::ifstream in(folder_ / "tandem.toml");
    text.assign(std::istreambuf_iterator<char>(in), {});
  }
  std::string second = text.substr(text.find("[[link]]"));
  second.replace(second.find("\"acme\""), 6, "\"broken\"");
  second.replace(second.find("account_id = "), 13, "account_id = 9");
  folder_.put("tandem.toml", text + second);
  const Finished once = run({"once"});
  EXPECT_THAT(once.out, HasSubstr("acme: delta cycle 1: needs_person")) << once.err;
  EXPECT_THAT(once.out, HasSubstr("broken: delta cycle 1: "));
  EXPECT_TRUE(once.code == 77 || once.code == 78 || once.code == 75) << once.code;
}
}  // namespace
}  // namespace tandem::test
