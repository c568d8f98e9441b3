// The daemon and the commands that read the remotes, run as programs against the simulators.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidjson/document.h>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <optional>
#include "daemon/commands/output.h"
#include "storage/sqlite/connection.h"
#include "tests/daemon/commands/simulated.h"

namespace tandem::test {
namespace {
using ::testing::HasSubstr;
using ::testing::Not;

class Daemon : public Simulated {
 protected:
  void SetUp() override { start_simulators({"--people", "12", "--seed", "3"}); }
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

TEST_F(Running, HupTakesUpTheLogLevel) {
  ASSERT_NE(manager_->hears("READY=1"), "");
  const auto hup_with = [&](const std::string& level) {
    configure("first_run = \"auto\"\n");
    std::ifstream in(folder_ / "tandem.toml");
    std::string text(std::istreambuf_iterator<char>(in), {});
    text.replace(text.find("\"info\""), 6, "\"" + level + "\"");
    folder_.put("tandem.toml", text);
    daemon_->signal(SIGHUP);
    ASSERT_NE(manager_->hears("RELOADING=1"), "");
    ASSERT_NE(manager_->hears("READY=1"), "");
  };
  hup_with("error");  // says nothing of its own success
  hup_with("loud");
  hup_with("notice");
  daemon_->signal(SIGTERM);
  EXPECT_EQ(daemon_->wait(), 0);
  const std::string& said = daemon_->err();
  EXPECT_THAT(said, HasSubstr("service.log_level"));
  const auto first = said.find("is in force");
  ASSERT_NE(first, std::string::npos) << said;
  EXPECT_EQ(said.find("is in force", first + 1), std::string::npos) << said;
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
  EXPECT_THAT(second.err, Not(HasSubstr("stopping"))) << "nothing was in hand";
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
  ASSERT_GT(pairs.Size(), 10u);
  std::vector<std::string> keys;
  for (const auto& member : pairs[0].GetObject()) keys.emplace_back(member.name.GetString());
  (void)run({"once"});
  EXPECT_EQ(keys, rows("SELECT * FROM v_pairs LIMIT 0").columns);
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
  EXPECT_THAT(run({"plan"}).out, HasSubstr("WAITS: first run"));
  rapidjson::Document plan;
  plan.Parse(run({"plan", "--json"}).out.c_str());
  ASSERT_TRUE(plan.IsArray()) << "not JSON";
  ASSERT_GT(plan.Size(), 0u);
  EXPECT_THAT(plan[0]["held"].GetString(), HasSubstr("first run"));
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
  const Finished once = run({"once"});
  EXPECT_EQ(once.code, 75);
  EXPECT_THAT(once.out, HasSubstr("unreachable"));
  EXPECT_THAT(once.err, Not(HasSubstr("cycle"))) << "what is printed is not logged as well";
  EXPECT_EQ(run({"plan"}).code, 75);
  const Finished match = run({"match"});
  EXPECT_EQ(match.code, 75);
  EXPECT_EQ(match.out,
            "nobody is linked or held\nincomplete: could not be read completely: ctm, highlevel\n");
}

TEST_F(Daemon, StateThatCannotBeWrittenInMidCycleIsExit1NamesTheFileAndGoesOnAfterwards) {
  ASSERT_NE(run({"once", "--full"}).code, 1);
  const auto alter = [&](const char* sql) { Connection(state(), Connection::Access::write, {}).exec(sql); };
  alter("CREATE TRIGGER shut BEFORE UPDATE ON run BEGIN SELECT RAISE(ABORT, 'no'); END");
  const Finished once = run({"once"});
  EXPECT_EQ(once.code, 1) << once.out;
  EXPECT_THAT(once.err, HasSubstr(state()));
  EXPECT_THAT(once.err, HasSubstr("nothing was written"));
  EXPECT_THAT(once.out, Not(HasSubstr("cycle"))) << "no cycle came to its end";
  alter("DROP TRIGGER shut");
  EXPECT_NE(run({"once"}).code, 1);
  EXPECT_EQ(cell(rows("SELECT count(*) AS n FROM v_pairs WHERE state = 'linked'"), 0, "n"), "12");
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
  rapidjson::Document found;
  found.Parse(run({"check", "--online", "--json"}).out.c_str());
  ASSERT_TRUE(found.IsArray());
  ASSERT_GT(found.Size(), 8u);
  for (const char* key : {"link", "item", "result", "detail"}) EXPECT_TRUE(found[0].HasMember(key)) << key;
  EXPECT_FALSE(std::filesystem::exists(folder_ / "state"));
}

TEST_F(Daemon, OneBrokenLinkDoesNotStopTheOther) {
  std::string text;
  {
    std::ifstream in(folder_ / "tandem.toml");
    text.assign(std::istreambuf_iterator<char>(in), {});
  }
  const std::string first = text.substr(text.find("[[link]]"));
  std::string second = first;
  second.replace(second.find("\"acme\""), 6, "\"broken\"");
  second.replace(second.find("account_id = "), 13, "account_id = 9");
  for (const bool broken_first : {true, false}) {  // whichever it is, its code is the first that applies
    folder_.put("tandem.toml",
                text.substr(0, text.find("[[link]]")) + (broken_first ? second + first : first + second));
    const Finished once = run({"once", "--full"});
    EXPECT_THAT(once.out, HasSubstr("acme: full cycle ")) << once.err;
    EXPECT_THAT(once.out, HasSubstr("broken: full cycle ")) << once.err;
    EXPECT_EQ(once.code, 77) << once.out;
  }
  EXPECT_EQ(cell(rows("SELECT count(*) AS n FROM v_pairs WHERE state = 'linked'"), 0, "n"), "12");
  rapidjson::Document both;
  both.Parse(run({"status", "--json"}).out.c_str());
  ASSERT_TRUE(both.IsArray()) << "one object per link";
  EXPECT_EQ(both.Size(), 2u);
  EXPECT_THAT(run({"explain", "1"}).err, HasSubstr("say which with --link: "));
  EXPECT_EQ(run({"explain", "1", "--link", "acme"}).code, 0);
}
}  // namespace
}  // namespace tandem::test
