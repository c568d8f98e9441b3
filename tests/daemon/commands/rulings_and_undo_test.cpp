// The commands by which a person looks behind the daemon or overrules it: undo, verify, link, unlink,
// keep-apart, forget. Run as programs against the simulators.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidjson/document.h>
#include <csignal>
#include <fstream>
#include "daemon/commands/output.h"
#include "tests/daemon/commands/simulated.h"

namespace tandem::test {
namespace {
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kNumber = "+13125550142";

class Overruled : public Simulated {
 protected:
  void SetUp() override {
    start_simulators({"--people", "0", "--set", "highlevel.index_lag_ms=20", "--set",
                      "highlevel.delete_lag_ms=20", "--set", "highlevel.quota=off", "--set",
                      "ctm.index_lag_ms=20", "--set", "ctm.rate=off"});
    id_ = tell(Side::highlevel, "staff/create",
               R"({"firstName":"Mara","lastName":"Okafor","email":"mara@example.org","phone":"+13125550142",)"
               R"("city":"Evanston","address1":"12 Canal Street","tags":["vip"]})");
    tell(Side::ctm, "staff/call", R"({"number":"+13125550142","name":"Mara Okafor"})");
    tell(Side::ctm, "staff/add_to_list", R"({"number":"+13125550142"})");
    sync();
    ASSERT_EQ(state_of("ctm_id", kNumber), "linked");
    ASSERT_EQ(run({"verify"}).code, 0) << run({"verify"}).out;
  }

  void sync() {
    tell(Side::highlevel, "staff/settle_index", "{}");
    const Finished once = run({"once", "--full", "--wait", "10s"});
    EXPECT_THAT(once.code, testing::AnyOf(0, 3)) << once.out << once.err;
  }
  void edit(const std::string& field, const std::string& value) {
    tell(Side::highlevel, "staff/edit",
         R"({"id":")" + id_ + R"(","field":")" + field + R"(","value":")" + value + R"("})");
  }
  std::string state_of(const std::string& column, const std::string& id) {
    return cell(rows("SELECT state FROM v_pairs WHERE " + column + " = '" + id + "'"), 0, "state");
  }
  std::string seen(const std::string& field, const std::string& column) {
    return cell(rows("SELECT " + column + " FROM v_fields WHERE field = '" + field + "'"), 0, column);
  }
  std::string run_that_wrote(const std::string& field, const std::string& value) {
    return cell(rows("SELECT run_id FROM v_history WHERE action = 'update' AND field = '" + field +
                     "' AND new_value = '" + value + "' ORDER BY at DESC LIMIT 1"),
                0, "run_id");
  }
  std::string rulings() { return cell(rows("SELECT count(*) AS n FROM ruling"), 0, "n"); }
  std::string bytes_of_state() {
    std::ifstream in(state(), std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  std::string write_logs() { return ask(Side::ctm, "writes") + ask(Side::highlevel, "writes"); }

  static rapidjson::Document parsed(const Finished& finished) {
    rapidjson::Document document;
    document.Parse(finished.out.c_str());
    EXPECT_FALSE(document.HasParseError()) << finished.out << finished.err;
    return document;
  }
  static std::vector<std::string> keys_of(const rapidjson::Document& array) {
    std::vector<std::string> keys;
    if (!array.IsArray() || array.Empty()) return keys;
    for (const auto& member : array[0].GetObject()) keys.emplace_back(member.name.GetString());
    return keys;
  }

  std::string id_;
};

TEST_F(Overruled, UndoPutsARunBackOnBothSidesAndKeepsWhatWasEditedSince) {
  edit("city", "Aurora");
  edit("address1", "14 Canal Street");
  sync();
  const std::string number = run_that_wrote("city", "Aurora");
  ASSERT_NE(number, "");
  ASSERT_EQ(run_that_wrote("address1", "14 Canal Street"), number);
  edit("address1", "16 Canal Street");
  sync();

  const std::string before = write_logs();
  const Finished plan = run({"undo", number, "--plan"});
  EXPECT_EQ(plan.code, 0) << plan.err;
  EXPECT_THAT(plan.out,
              AllOf(HasSubstr("Evanston"), HasSubstr("changed since"), HasSubstr("can be put back")));
  EXPECT_EQ(write_logs(), before) << "a plan writes nothing";
  EXPECT_THAT(keys_of(parsed(run({"undo", number, "--plan", "--json"}))),
              ElementsAre("pair_id", "side", "field", "value_now", "put_back", "kept"));

  EXPECT_THAT(keys_of(parsed(run({"undo", number, "--json"}))).size(), 6u) << "the lines and nothing else";
  sync();
  for (const char* side : {"seen_ctm", "seen_highlevel"}) {
    EXPECT_EQ(seen("city", side), "Evanston") << side;
    EXPECT_EQ(seen("address1", side), "16 Canal Street") << side;
  }
  EXPECT_THAT(run({"history", id_}).out, HasSubstr("undo of run " + number));
  EXPECT_THAT(run({"undo", number}).out, HasSubstr("0 of ")) << "it is done";
}

TEST_F(Overruled, UndoIsLeftToTheDaemonThatRuns) {
  edit("city", "Aurora");
  sync();
  const std::string number = run_that_wrote("city", "Aurora");
  auto arguments = with_config({"run"});
  arguments.insert(arguments.begin(), TANDEM_PROGRAM);
  Program daemon(arguments, environment());
  ASSERT_TRUE(daemon.says("acme: delta cycle")) << daemon.err();
  const Finished undone = run({"undo", number});
  EXPECT_EQ(undone.code, 0) << undone.err;
  EXPECT_THAT(undone.out, HasSubstr("tandem is running"));
  for (int cycle = 0; cycle < 10 && seen("city", "seen_ctm") != "Evanston"; ++cycle) {
    daemon.forget();
    ASSERT_TRUE(daemon.says("acme: delta cycle")) << daemon.err();
  }
  EXPECT_EQ(seen("city", "seen_ctm"), "Evanston");
  EXPECT_EQ(seen("city", "seen_highlevel"), "Evanston");
  daemon.signal(SIGTERM);
  EXPECT_EQ(daemon.wait(), 0);
}

TEST_F(Overruled, UndoOfARunThatWroteNothingSaysSo) {
  const Finished unknown = run({"undo", "9999"});
  EXPECT_EQ(unknown.code, 1);
  EXPECT_THAT(unknown.err, HasSubstr("run 9999 has no history"));
}

TEST_F(Overruled, VerifyFindsDriftAndTouchesNothing) {
  edit("city", "Aurora");
  tell(Side::highlevel, "staff/settle_index", "{}");
  const std::string state_before = bytes_of_state(), writes_before = write_logs();
  const Finished drift = run({"verify"});
  EXPECT_EQ(drift.code, 3) << drift.out << drift.err;
  EXPECT_THAT(drift.out, AllOf(HasSubstr("highlevel changed since the last cycle"), HasSubstr("Aurora"),
                               HasSubstr("tandem plan --full")));
  const Finished json = run({"verify", "--json"});
  EXPECT_EQ(json.code, 3);
  EXPECT_THAT(keys_of(parsed(json)),
              ElementsAre("pair_id", "field", "drift", "base_ctm", "base_highlevel", "ctm", "highlevel"));
  EXPECT_EQ(bytes_of_state(), state_before);
  EXPECT_EQ(write_logs(), writes_before);
}

TEST_F(Overruled, VerifyCountsATagAndARecordThatIsGoneAsDrift) {
  tell(Side::highlevel, "staff/add_tag", R"({"id":")" + id_ + R"(","tag":"roof"})");
  tell(Side::highlevel, "staff/settle_index", "{}");
  const Finished tag = run({"verify"});
  EXPECT_EQ(tag.code, 3) << tag.out;
  EXPECT_THAT(tag.out, AllOf(HasSubstr("tags"), HasSubstr("roof"), HasSubstr("1 difference\n")));
  sync();
  tell(Side::highlevel, "staff/delete", R"({"id":")" + id_ + R"("})");
  tell(Side::highlevel, "staff/settle_index", "{}");
  const Finished gone = run({"verify"});
  EXPECT_EQ(gone.code, 3) << gone.out << gone.err;
  EXPECT_THAT(gone.out, AnyOf(HasSubstr("highlevel does not show its record any more"),
                              HasSubstr("highlevel lost so many records at once")));
}

TEST_F(Overruled, DeletionThatIsNotProvedIsShownByExplainAndStatus) {
  tell(Side::highlevel, "staff/create", R"({"firstName":"Ines","phone":"+13125550143"})");
  sync();
  tell(Side::highlevel, "staff/delete", R"({"id":")" + id_ + R"("})");
  sync();
  const Finished explained = run({"explain", id_});
  EXPECT_EQ(explained.code, 0) << explained.err;
  EXPECT_THAT(explained.out, AllOf(HasSubstr("not shown any more"), HasSubstr("not found by its id"),
                                   HasSubstr("nothing is written until that is proved")));
  EXPECT_THAT(run({"status"}).out, HasSubstr("1 record may be deleted"));
  const auto json = parsed(run({"explain", id_, "--json"}));
  ASSERT_TRUE(json["missing"].IsArray());
  ASSERT_EQ(json["missing"].Size(), 1u);
  EXPECT_STREQ(json["missing"][0]["record_id"].GetString(), id_.c_str());
}

TEST_F(Overruled, UnlinkIsShownFirstAndDoneAtTheNextCycleAndLinkJoinsAgain) {
  const Finished plan = run({"unlink", kNumber, "--plan"});
  EXPECT_EQ(plan.code, 0) << plan.err;
  EXPECT_THAT(plan.out, AllOf(HasSubstr("what is:"), HasSubstr("what would be:"), HasSubstr("ignored"),
                              HasSubstr("nothing was decided")));
  EXPECT_EQ(rulings(), "0");
  const Finished unlinked = run({"unlink", kNumber});
  EXPECT_THAT(unlinked.out, AllOf(HasSubstr("what would be:"), HasSubstr("decided; done at the next cycle")));
  EXPECT_EQ(state_of("ctm_id", kNumber), "linked") << "not before the cycle";
  sync();
  EXPECT_EQ(state_of("ctm_id", kNumber), "ignored");
  EXPECT_EQ(state_of("highlevel_id", id_), "ignored");
  const Finished again = run({"unlink", kNumber});
  EXPECT_EQ(again.code, 1);

  const Finished json = run({"link", kNumber, id_, "--plan", "--json"});
  EXPECT_EQ(json.code, 0);
  EXPECT_EQ(keys_of(parsed(json)), rows("SELECT * FROM v_pairs LIMIT 0").columns);
  EXPECT_EQ(state_of("ctm_id", kNumber), "ignored");
  EXPECT_THAT(run({"link", "(312) 555-0142", id_}).out, HasSubstr("linked by a person"));
  sync();
  EXPECT_EQ(state_of("ctm_id", kNumber), "linked");
  EXPECT_EQ(state_of("highlevel_id", id_), "linked");
}

TEST_F(Overruled, KeepApartPartsTwoInEitherOrderAndHoldsAgainstTheMatching) {
  EXPECT_THAT(run({"keep-apart", id_, kNumber, "--plan"}).out, HasSubstr("a person keeps it apart"));
  EXPECT_EQ(rulings(), "0");
  const Finished apart = run({"keep-apart", id_, kNumber});
  EXPECT_EQ(apart.code, 0) << apart.err;
  sync();
  sync();
  EXPECT_NE(state_of("ctm_id", kNumber), "linked");
  EXPECT_NE(state_of("highlevel_id", id_), "linked");
}

TEST_F(Overruled, UnknownPeopleAreRefusedWithoutRepeatingWhatWasTyped) {
  for (const std::vector<std::string>& typed : {std::vector<std::string>{"link", "+13125550199", id_},
                                                {"link", kNumber, "Zorblat"},
                                                {"keep-apart", "Zorblat", "+13125550199"},
                                                {"unlink", "zorblat@example.org"},
                                                {"forget", "+13125550199"}}) {
    const Finished refused = run(typed);
    EXPECT_EQ(refused.code, 1) << typed[0];
    EXPECT_NE(refused.err, "") << typed[0];
    EXPECT_THAT(refused.out + refused.err, AllOf(Not(HasSubstr("orblat")), Not(HasSubstr("5550199"))));
  }
  EXPECT_EQ(rulings(), "0");
}

TEST_F(Overruled, ForgetWaitsForApprovalAndThenNothingAnswersToThePerson) {
  const Finished asked = run({"forget", id_});
  EXPECT_EQ(asked.code, 0) << asked.err;
  EXPECT_THAT(asked.out, AllOf(HasSubstr("is to be forgotten"), HasSubstr("tandem approve")));
  sync();
  EXPECT_EQ(state_of("highlevel_id", id_), "linked") << "nothing without approval";
  const Table groups = rows("SELECT digest, class FROM v_pending WHERE decision IS NULL");
  ASSERT_FALSE(groups.rows.empty());
  EXPECT_THAT(run({"explain", id_}).out, AllOf(HasSubstr("waits for a person"), HasSubstr("asked to forget"),
                                               HasSubstr(cell(groups, 0, "digest"))));
  EXPECT_THAT(run({"status"}).out, HasSubstr("delete in "));
  for (std::size_t row = 0; row < groups.rows.size(); ++row) {
    EXPECT_EQ(cell(groups, row, "class"), "delete");
    EXPECT_EQ(run({"approve", cell(groups, row, "digest")}).code, 0);
  }
  for (int cycle = 0; cycle < 4 && run({"explain", id_}).code == 0; ++cycle) sync();
  for (const std::string& name : {id_, std::string(kNumber), std::string("mara@example.org")}) {
    const Finished explained = run({"explain", name});
    EXPECT_EQ(explained.code, 1) << explained.out;
    EXPECT_THAT(explained.err, HasSubstr("no pair answers to that"));
  }
  EXPECT_EQ(cell(rows("SELECT count(*) AS n FROM v_history WHERE new_value = 'Evanston'"), 0, "n"), "0");
}
}  // namespace
}  // namespace tandem::test
