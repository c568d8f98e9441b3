// The commands that look at a state and decide on it, run as programs. No remote is needed.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidjson/document.h>
#include <algorithm>
#include <memory>
#include "daemon/commands/wall_clock.h"
#include "storage/sqlite/sqlite_store.h"
#include "tests/daemon/commands/program.h"

namespace tandem::test {
namespace {
using ::testing::HasSubstr;
using ::testing::Not;

class Records : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_.put("tandem.toml", "[service]\nstate_dir = \"" + (folder_ / "state") + R"("
[[link]]
name = "acme"
[link.ctm]
account_id = 7
credential = "ctm"
list = "Sync"
[link.highlevel]
location_id = "loc"
credential = "hl"
)");
    store_ = SqliteStore::open(folder_ / "state/acme.sqlite", {"acme", "7", "loc"}, "test", clock_);
    store_->transact([&] {
      const std::int64_t run = store_->begin_run("full", 1'000'000'000'000);
      PairState pair;
      pair.status = PairStatus::linked;
      pair.reason = "same phone and name (90)";
      pair.since_ms = 1'000'000'000'000;
      pair.record = {{"+13125550142"}, {"hl0001"}};
      PairField& city = pair.fields["city"];
      city.base = {FieldValue::of("Evanston"), FieldValue::of("Evanston")};
      city.seen = {FieldValue::of("Oak Park"), FieldValue::of("Cicero")};
      city.version = 1;
      city.changed_by = "ctm";
      city.changed_at_ms = 1'000'000'000'000;
      store_->put_pair(pair);
      pair_ = pair.id;
      store_->set_identities(pair_, {{Identity::Kind::id, Side::ctm, "+13125550142", false},
                                     {Identity::Kind::id, Side::highlevel, "hl0001", false},
                                     {Identity::Kind::phone, Side::highlevel, "+13125550142", false},
                                     {Identity::Kind::email, Side::highlevel, "mara@example.org", false}});
      ConflictRow conflict;
      conflict.pair = pair_;
      conflict.field = "city";
      conflict.base = FieldValue::of("Evanston");
      conflict.values = {FieldValue::of("Oak Park"), FieldValue::of("Cicero")};
      conflict.policy = "hold";
      conflict.decision = "held";
      conflict.run = run;
      conflict.at_ms = 1'000'000'000'000;
      store_->sync_conflicts(pair_, {conflict}, run, 1'000'000'000'000);
      store_->put_pending({"key-a", HoldClass::update, Side::ctm, pair_, "more updates than the brake allows",
                           1'000'000'000'000});
      store_->add_history({run, 1'000'000'000'000, Side::ctm, "update", "+13125550142", pair_, "state",
                           FieldValue::of("IL"), FieldValue::of("WI"), "edited in highlevel"});
      store_->set_meta("trouble.ctm", "a page was refused");
      RunRow row;
      row.id = run;
      row.started_ms = 1'000'000'000'000;
      row.ended_ms = 1'000'000'001'000;
      row.kind = "full";
      row.outcome = "needs_person";
      store_->end_run(row);
    });
  }

  // With the configuration; as a user while the daemon holds the state.
  Finished run(std::vector<std::string> arguments) {
    arguments.insert(arguments.end(), {"--config", folder_ / "tandem.toml"});
    return tandem(std::move(arguments));
  }
  rapidjson::Document json(std::vector<std::string> arguments) {
    arguments.emplace_back("--json");
    const Finished finished = run(std::move(arguments));
    EXPECT_EQ(finished.code, 0) << finished.err;
    rapidjson::Document document;
    document.Parse(finished.out.c_str());
    EXPECT_FALSE(document.HasParseError()) << finished.out;
    return document;
  }
  void expect_columns(const rapidjson::Value& object, const std::string& view) {
    ASSERT_TRUE(object.IsObject()) << view;
    std::vector<std::string> keys;
    for (const auto& member : object.GetObject()) keys.emplace_back(member.name.GetString());
    EXPECT_EQ(keys, store_->rows("SELECT * FROM " + view + " LIMIT 0").columns) << view;
  }
  void expect_rows(const rapidjson::Value& array, const std::string& view, rapidjson::SizeType count) {
    ASSERT_TRUE(array.IsArray()) << view;
    ASSERT_EQ(array.Size(), count) << view;
    expect_columns(array[0], view);
  }

  Folder folder_;
  WallClock clock_;
  std::unique_ptr<SqliteStore> store_;
  PairId pair_;
};

TEST_F(Records, JsonKeysAreTheColumnsOfTheViews) {
  expect_columns(json({"status"}), "v_status");
  expect_rows(json({"conflicts"}), "v_conflicts", 1);
  expect_rows(json({"pending"}), "v_pending", 1);
  expect_rows(json({"history", "hl0001"}), "v_history", 1);
  const auto explained = json({"explain", "hl0001"});
  expect_columns(explained["pair"], "v_pairs");
  expect_rows(explained["identities"], "v_identities", 4);
  expect_rows(explained["fields"], "v_fields", 1);
  expect_rows(explained["conflicts"], "v_conflicts", 1);
  expect_rows(explained["history"], "v_history", 1);
  EXPECT_TRUE(explained["parked"].IsArray());
  EXPECT_TRUE(explained["next"].IsArray());
}

TEST_F(Records, StatusNamesWhatWaitsAndWhatIsWrong) {
  const Finished status = run({"status"});
  EXPECT_EQ(status.code, 0);
  for (const char* text :
       {"link acme", "conflicts         1", "pending           1", "ctm: a page was refused",
        "run 1, full, needs_person", "1 linked", "2001-09-09T01:46:41"}) {
    EXPECT_THAT(status.out, HasSubstr(text));
  }
}

TEST_F(Records, StatusSaysWhatIsHeldAndWhichListingIsNotBelieved) {
  EXPECT_THAT(run({"status"}).out, HasSubstr("1 update in ctm: more updates than the brake allows"));
  EXPECT_THAT(run({"status"}).out, Not(HasSubstr("not believed")));
  store_->transact([&] {
    store_->set_meta("canary.highlevel", std::to_string(clock_.now_ms() - 3 * 3'600'000));
    store_->put_suspect(Side::highlevel, {{SourceKind::record, "hl0001"}, {"hl0001"}, clock_.now_ms(), true});
  });
  const std::string status = run({"status"}).out;
  EXPECT_THAT(status, HasSubstr("not believed      highlevel lost many records at once, 3 h ago"));
  EXPECT_THAT(status, HasSubstr("1 record may be deleted"));
}

TEST_F(Records, ExplainShowsWhatWaitsForAPersonWithItsDigest) {
  const Finished explained = run({"explain", "hl0001"});
  EXPECT_THAT(explained.out, HasSubstr("waits for a person"));
  EXPECT_THAT(explained.out, HasSubstr(store_->pending_groups().at(0).digest));
  EXPECT_THAT(explained.out, HasSubstr("more updates than the brake allows"));
  const auto json = this->json({"explain", "hl0001"});
  expect_rows(json["pending"], "v_pending", 1);
}

TEST_F(Records, ExplainShowsTheNextTryOfAParkedRecord) {
  store_->transact([&] {
    PairState pair = *store_->pair(pair_);
    Parked parked;
    parked.record_id = "+13125550142";
    parked.field = "city";
    parked.reason = "refused";
    parked.since_ms = 1'000'000'000'000;
    parked.retry_ms = 1'000'003'600'000;
    pair.parked.push_back(parked);
    store_->put_pair(pair);
  });
  const std::string explained = run({"explain", "hl0001"}).out;
  EXPECT_THAT(explained, HasSubstr("next_try_at"));
  EXPECT_THAT(explained, HasSubstr("2001-09-09T02:46:40.000Z"));
}

TEST_F(Records, ExplainShowsTheSequenceOfAnOscillation) {
  EXPECT_THAT(run({"explain", "hl0001"}).out, Not(HasSubstr("oscillation")));
  store_->transact([&] {
    ConflictRow conflict = *store_->conflict(1);
    conflict.policy = "oscillation";
    store_->sync_conflicts(pair_, {}, 1, 1'000'000'000'000);
    store_->sync_conflicts(pair_, {conflict}, 1, 1'000'000'000'000);
    for (int i = 0; i < 3; ++i)
      store_->add_history({1, 1'000'000'001'000 + i, Side::ctm, "update", "+13125550142", pair_, "city",
                           FieldValue::of("Cicero"), FieldValue::of("Berwyn " + std::to_string(i)),
                           "edited in highlevel"});
  });
  const std::string explained = run({"explain", "hl0001"}).out;
  const auto begin = explained.find("oscillation: every change of ours was answered"),
             end = explained.find("last changes");
  ASSERT_NE(begin, std::string::npos) << explained;
  const std::string sequence = explained.substr(begin, end - begin);
  for (const char* value : {"Berwyn 0", "Berwyn 1", "Berwyn 2"}) EXPECT_THAT(sequence, HasSubstr(value));
  EXPECT_THAT(sequence, Not(HasSubstr("WI"))) << "other fields are no part of it";
  EXPECT_THAT(run({"conflicts"}).out, HasSubstr("`tandem explain 1` shows them"));
}

TEST_F(Records, ContactIsFoundByEveryKindOfName) {
  for (const std::string& name :
       {std::to_string(pair_.row), std::string("+13125550142"), std::string("(312) 555-0142"),
        std::string("hl0001"), std::string("Mara@Example.org")}) {
    const Finished explained = run({"explain", name});
    EXPECT_EQ(explained.code, 0) << name << explained.err;
    EXPECT_THAT(explained.out, HasSubstr("linked since")) << name;
    EXPECT_THAT(explained.out, HasSubstr("Oak Park")) << name;
  }
  const Finished unknown = run({"explain", "nobody@example.org"});
  EXPECT_EQ(unknown.code, 1);
  EXPECT_THAT(unknown.err, HasSubstr("no pair answers to that"));
  EXPECT_THAT(unknown.err, Not(HasSubstr("nobody@"))) << "standard error holds no contact's value";
}

TEST_F(Records, SharedPhoneIsAnsweredWithTheChoice) {
  store_->transact([&] {
    PairState other;
    other.status = PairStatus::highlevel_only;
    other.record.highlevel = {"hl0002"};
    store_->put_pair(other);
    store_->set_identities(other.id, {{Identity::Kind::phone, Side::highlevel, "+13125550142", false}});
  });
  const Finished shared = run({"history", "+13125550142"});
  EXPECT_EQ(shared.code, 1);
  EXPECT_THAT(shared.err, HasSubstr("2 pairs answer to that: 1, 2"));
}

TEST_F(Records, ConflictIsShownWithTheCommandThatSettlesIt) {
  const Finished conflicts = run({"conflicts"});
  EXPECT_THAT(conflicts.out, HasSubstr("tandem resolve 1 --take ctm"));
  const Finished resolved = run({"resolve", "1", "--take", "ctm"});
  EXPECT_EQ(resolved.code, 0) << resolved.err;
  const std::string after = run({"conflicts"}).out;
  EXPECT_THAT(after, HasSubstr("decided by a person; done at the next cycle"));
  EXPECT_THAT(after, Not(HasSubstr("tandem resolve"))) << "nothing is left to be done";
  const auto resolution = store_->pair(pair_)->resolutions.at("city");
  EXPECT_EQ(resolution.take, Resolution::Take::ctm);
  EXPECT_EQ(resolution.decided_on.ctm, FieldValue::of("Oak Park"));
  EXPECT_EQ(resolution.decided_on.highlevel, FieldValue::of("Cicero"));
}

TEST_F(Records, ConflictTakesAValueInCanonicalFormOrABlank) {
  EXPECT_EQ(run({"resolve", "1", "--value", "  Forest   Park "}).code, 0);
  EXPECT_EQ(store_->pair(pair_)->resolutions.at("city").take, Resolution::Take::value);
  EXPECT_EQ(store_->pair(pair_)->resolutions.at("city").value, "Forest Park");
  EXPECT_EQ(run({"resolve", "1", "--clear"}).code, 0);
  EXPECT_EQ(store_->pair(pair_)->resolutions.at("city").take, Resolution::Take::clear);
}

TEST_F(Records, ResolveRefusesWhatItCannotMean) {
  EXPECT_THAT(run({"resolve", "1"}).err, HasSubstr("say one of --take ctm"));
  EXPECT_THAT(run({"resolve", "1", "--take", "ctm", "--clear"}).err, HasSubstr("say one of --take ctm"));
  EXPECT_THAT(run({"resolve", "1", "--value", "  "}).err, HasSubstr("say --clear"));
  EXPECT_THAT(run({"resolve", "99", "--clear"}).err, HasSubstr("no conflict 99"));
  EXPECT_EQ(run({"resolve", "1", "--take", "both"}).code, 1);
  EXPECT_TRUE(store_->pair(pair_)->resolutions.empty());
  store_->transact([&] { store_->sync_conflicts(pair_, {}, 1, 1'000'000'000'000); });
  EXPECT_THAT(run({"resolve", "1", "--clear"}).err, HasSubstr("settled already"));
}

TEST_F(Records, PendingGroupIsApprovedByItsDigestOnly) {
  const std::string digest = store_->pending_groups().at(0).digest;
  EXPECT_THAT(run({"pending"}).out, HasSubstr("tandem approve " + digest));
  const Finished wrong = run({"approve", "000000000000"});
  EXPECT_EQ(wrong.code, 1);
  EXPECT_THAT(wrong.err, HasSubstr("no waiting group"));
  EXPECT_EQ(store_->decision("key-a"), std::nullopt);
  EXPECT_EQ(run({"approve", digest}).code, 0);
  EXPECT_EQ(store_->decision("key-a"), Decision::approved);
  EXPECT_THAT(run({"pending"}).out, HasSubstr("nothing waits"));
}

TEST_F(Records, PendingGroupIsRejected) {
  EXPECT_EQ(run({"reject", store_->pending_groups().at(0).digest}).code, 0);
  EXPECT_EQ(store_->decision("key-a"), Decision::rejected);
}

TEST_F(Records, BackupIsAStateOfItsOwnAndNeverOverwrites) {
  EXPECT_EQ(run({"backup", folder_ / "copy.sqlite"}).code, 0);
  EXPECT_EQ(SqliteStore::open_read_only(folder_ / "copy.sqlite")->rows("SELECT * FROM v_pairs").rows.size(),
            1u);
  EXPECT_EQ(run({"backup", folder_ / "copy.sqlite"}).code, 1);
}

TEST_F(Records, LookingChangesNothing) {
  const Table before =
      store_->rows("SELECT * FROM v_pairs, v_fields, v_conflicts, v_pending, v_history, v_runs");
  for (const char* command : {"status", "conflicts", "pending"}) EXPECT_EQ(run({command}).code, 0);
  EXPECT_EQ(run({"explain", "hl0001"}).code, 0);
  EXPECT_EQ(run({"history", "hl0001"}).code, 0);
  EXPECT_EQ(store_->rows("SELECT * FROM v_pairs, v_fields, v_conflicts, v_pending, v_history, v_runs").rows,
            before.rows);
  EXPECT_FALSE(before.rows.empty());
}

TEST(Commands, MissingStateSaysWhatToDo) {
  Folder folder;
  folder.put("tandem.toml", "[service]\nstate_dir = \"" + (folder / "state") +
                                "\"\n[[link]]\nname = \"acme\"\n[link.ctm]\n"
                                "account_id = 7\ncredential = \"ctm\"\nlist = "
                                "\"Sync\"\n[link.highlevel]\nlocation_id = \"loc\"\ncredential = \"hl\"\n");
  for (const std::vector<std::string>& command : {std::vector<std::string>{"status"},
                                                  {"conflicts"},
                                                  {"explain", "1"},
                                                  {"resolve", "1", "--clear"},
                                                  {"approve", "0123456789ab"}}) {
    auto arguments = command;
    arguments.insert(arguments.end(), {"--config", folder / "tandem.toml"});
    const Finished finished = tandem(arguments);
    EXPECT_EQ(finished.code, 1) << command[0];
    EXPECT_THAT(finished.err, HasSubstr("there is no state")) << command[0];
  }
  EXPECT_FALSE(std::filesystem::exists(folder / "state"));
}

TEST(Commands, EveryMistakeOfTheConfigurationIsListedWithExit78) {
  Folder folder;
  folder.put("bad.toml", "[[link]]\nname = 7\n[link.ctm]\naccount_id = \"x\"\n");
  for (const char* command : {"run", "once", "plan", "status", "check", "match", "pending"}) {
    const Finished finished = tandem({command, "--config", folder / "bad.toml"});
    EXPECT_EQ(finished.code, 78) << command;
    const std::string said = finished.out + finished.err;
    EXPECT_THAT(said, HasSubstr("bad.toml:2: link.name: ")) << command;
    EXPECT_THAT(said, HasSubstr("bad.toml:4: link.ctm.account_id: ")) << command;
  }
}

TEST(Commands, CredentialsAreAskedForOnlyWhereTheyAreNeeded) {
  Folder folder;
  folder.put("tandem.toml",
             "[[link]]\nname = \"acme\"\n[link.ctm]\naccount_id = 7\ncredential = \"ctm\"\nlist = \"Sync\"\n"
             "[link.highlevel]\nlocation_id = \"loc\"\ncredential = \"hl\"\n");
  for (const char* command : {"run", "once", "plan", "match", "check"}) {
    const Finished finished = tandem({command, "--config", folder / "tandem.toml"});
    EXPECT_EQ(finished.code, 78) << command;
    EXPECT_THAT(finished.out + finished.err, HasSubstr("link.ctm.credential: \"ctm\" is looked up"))
        << command;
    EXPECT_THAT(finished.out + finished.err, HasSubstr("link.highlevel.credential: ")) << command;
  }
}

TEST(Commands, SampleConfigurationIsAcceptedOnceItsCredentialsExist) {
  Folder folder;
  folder.put("acme-ctm", "A:B\n");
  folder.put("acme-highlevel", "pit-1\n");
  const Finished finished = tandem({"check", "--config", TANDEM_SOURCE "/systemd/tandem.toml"},
                                   {{"CREDENTIALS_DIRECTORY", folder / ""}});
  EXPECT_EQ(finished.code, 0) << finished.out << finished.err;
  EXPECT_THAT(finished.out, Not(HasSubstr("PROBLEM")));
  EXPECT_THAT(finished.out, HasSubstr("OK"));
}

TEST(Commands, VersionAndHelpAreForPeople) {
  EXPECT_THAT(tandem({"--version"}).out, HasSubstr("tandem 0."));
  const Finished help = tandem({"--help"});
  EXPECT_EQ(help.code, 0);
  for (const char* command :
       {"run",        "once",   "plan",    "match",   "status", "conflicts", "pending", "explain",
        "history",    "verify", "resolve", "approve", "reject", "undo",      "link",    "unlink",
        "keep-apart", "forget", "check",   "auth",    "backup", "demo"}) {
    EXPECT_THAT(help.out, HasSubstr(std::string("\n  ") + command + " ")) << command;
    const Finished own = tandem({command, "--help"});
    EXPECT_EQ(own.code, 0) << command;
    EXPECT_THAT(own.out, HasSubstr("--config, --link, --json, --verbose")) << command;
    EXPECT_THAT(own.out, Not(HasSubstr("all of it, on simulated systems")))
        << command << ": the examples of another command";
  }
}

TEST(Commands, WrongCommandLineSaysWhatIsWrongAndNotWhatWasTyped) {
  const struct {
    std::vector<std::string> typed;
    const char* answer;
  } cases[] = {
      {{}, "a command is needed"},
      {{"nonsense"}, "there is no such command"},
      {{"--nonsense", "status"}, "status has no option --nonsense;"},
      {{"--nonsense"}, "tandem has no option --nonsense;"},
      {{"once", "--ful=Mara"}, "once has no option --ful;"},
      {{"explain", "Mara", "O'Neil"}, "explain takes fewer words"},
      {{"explain", "+1", "312", "555", "0142"}, "explain takes fewer words"},
      {{"explain"}, "CONTACT is required; see `tandem explain --help`"},
      {{"resolve", "Mara", "--clear"}, "ID must be a number"},
      {{"resolve", "1", "--take", "Mara"}, "--take: must be ctm or highlevel"},
      {{"once", "--wait", "Mara"}, "--wait: must be like 60s"},
      {{"status", "--json=Mara"}, "--json has a value that it does not take"},
  };
  for (const auto& c : cases) {
    const Finished finished = tandem(c.typed);
    EXPECT_EQ(finished.code, 1) << c.answer;
    EXPECT_THAT(finished.err, HasSubstr(c.answer));
    EXPECT_THAT(finished.err, HasSubstr("--help")) << c.answer;
    EXPECT_THAT(finished.out + finished.err, Not(HasSubstr("Mara"))) << c.answer;
    EXPECT_THAT(finished.out + finished.err, Not(HasSubstr("0142"))) << c.answer;
  }
}

TEST(Commands, ConfigurationMayBeNamedByTheEnvironment) {
  const Finished finished = tandem({"status"}, {{"TANDEM_CONFIG", "/no/such/file.toml"}});
  EXPECT_EQ(finished.code, 78);
  EXPECT_THAT(finished.err, HasSubstr("/no/such/file.toml: cannot be read"));
}
}  // namespace
}  // namespace tandem::test
