#include <gtest/gtest.h>

#include "daemon/highlevel/highlevel_replica.h"
#include "tests/daemon/highlevel/fake_location.h"
#include "tests/daemon/http/step_clock.h"

namespace tandem {
namespace {
using test::FakeLocation;
using test::Reply;
using test::ScriptedServer;
using test::Seen;
using test::StepClock;

constexpr std::int64_t kDayMs = 24 * 3'600'000;

WireValue text(std::string t) {
  WireValue v;
  v.blank = t.empty();
  v.text = std::move(t);
  return v;
}
Write create(WireFields whole) {
  Write w;
  w.kind = WriteKind::create;
  w.whole = std::move(whole);
  return w;
}
Write update(std::string id, WireFields set) {
  Write w;
  w.record.text = std::move(id);
  w.set = std::move(set);
  return w;
}
Write tags(WriteKind kind, std::string id, std::vector<std::string> all) {
  Write w;
  w.kind = kind;
  w.record.text = std::move(id);
  w.tags = std::move(all);
  return w;
}

struct HighLevelApply : testing::Test {
  StepClock clock;
  FakeLocation location;
  ScriptedServer server{[this](const Seen& s) { return location(s); }};
  HighLevelReplica replica{settings(), clock};

  HighLevelSettings settings() {
    HighLevelSettings s;
    s.base_url = server.base_url();
    s.location_id = "loc1";
    s.token = "pit-one";
    s.native_names = {"first_name", "email", "phone", "company", "country", "custom:contact.budget"};
    s.budget = {};
    return s;
  }
  void SetUp() override { ASSERT_TRUE(replica.open()); }

  Result<Receipt> apply(const Write& write) { return replica.apply(std::span(&write, 1)).front(); }
  void answer(std::string method, std::string target, Reply reply) {
    location.first = [method = std::move(method), target = std::move(target),
                      reply = std::move(reply)](const Seen& s) -> std::optional<Reply> {
      if (s.method == method && s.target == target) return reply;
      return std::nullopt;
    };
  }
  std::string last_body(const std::string& method) {
    std::string body;
    for (const auto& s : server.seen())
      if (s.method == method) body = s.body;
    return body;
  }
};

const WireValue* value(const Evidence& e, std::string_view name) {
  for (const auto& [native, wire] : e.fields)
    if (native == name) return &wire;
  return nullptr;
}

TEST_F(HighLevelApply, ACreateIsReadBack) {
  const auto receipt = apply(create({{"first_name", text("Nora")}, {"phone", text("+13125550142")}}));
  ASSERT_TRUE(receipt) << receipt.error().message;
  EXPECT_EQ(receipt->record.text, "new0");
  ASSERT_EQ(receipt->shown.size(), 1u);
  EXPECT_EQ(value(receipt->shown[0], "first_name")->text, "Nora");
  EXPECT_FALSE(receipt->awaiting_index);
  EXPECT_EQ(last_body("POST"), R"({"locationId":"loc1","firstName":"Nora","phone":"+13125550142"})");
  EXPECT_EQ(server.count("GET", "/contacts/new0"), 1);
}

TEST_F(HighLevelApply, ACreateThatMayHaveHappenedIsInDoubtAndSentOnce) {
  const std::pair<const char*, Reply> cases[] = {{"server error", Reply::json("<html>", 502)},
                                                 {"lost answer", Reply::hang_up()},
                                                 {"an answer without the contact", Reply::json("{}", 201)},
                                                 {"a page of HTML", Reply::json("<html>")}};
  for (const auto& [name, reply] : cases) {
    SCOPED_TRACE(name);
    const int before = server.count("POST", "/contacts/");
    answer("POST", "/contacts/", reply);
    const auto receipt = apply(create({{"phone", text("+13125550142")}}));
    ASSERT_FALSE(receipt);
    EXPECT_EQ(receipt.error().fault, Fault::ambiguous) << receipt.error().message;
    EXPECT_EQ(server.count("POST", "/contacts/"), before + 1);
  }
}

TEST_F(HighLevelApply, ARefusalOfCustomFieldsMeansTheOnlyOneSent) {
  location.add("c1", 1, 1).phone = "+13125550142";
  answer(
      "PUT", "/contacts/c1",
      Reply::json(R"({"message":["customFields.field_value should not be empty"],"statusCode":422})", 422));
  const auto receipt =
      apply(update("c1", {{"first_name", text("Nola")}, {"custom:contact.budget", text("")}}));
  ASSERT_FALSE(receipt);
  EXPECT_EQ(receipt.error().fault, Fault::rejected);
  EXPECT_EQ(receipt.error().field, "custom:contact.budget");
}

TEST_F(HighLevelApply, AnAnswerThatDoesNotSayWhatWasDoneIsInDoubt) {
  for (const auto& [method, target, write] :
       {std::tuple{"PUT", "/contacts/c1", update("c1", {{"first_name", text("Nola")}})},
        {"POST", "/contacts/c1/tags", tags(WriteKind::tag_add, "c1", {"vip"})}}) {
    for (const char* body : {R"({"status":"ok"})", R"({"succeded":false})", R"({"succeded":tr)"}) {
      SCOPED_TRACE(std::string(target) + " " + body);
      answer(method, target, Reply::json(body));
      const auto receipt = apply(write);
      ASSERT_FALSE(receipt);
      EXPECT_EQ(receipt.error().fault, Fault::ambiguous);
    }
  }
}

TEST_F(HighLevelApply, ARefusedCreateIsRejectedWithWhatTheRemoteNames) {
  answer("POST", "/contacts/",
         Reply::json(R"({"statusCode":400,"message":"This location does not allow duplicated contacts.",
    "meta":{"contactId":"c9","matchingField":"phone","contactName":"Nora"}})",
                     400));
  auto error = apply(create({{"phone", text("+13125550142")}})).error();
  EXPECT_EQ(error.fault, Fault::rejected);
  EXPECT_EQ(error.existing_id, "c9");
  EXPECT_EQ(error.field, "phone");
  answer("POST", "/contacts/",
         Reply::json(R"({"statusCode":422,"message":["email must be an email"]})", 422));
  error = apply(create({{"email", text("nora@")}})).error();
  EXPECT_EQ(error.fault, Fault::rejected);
  EXPECT_EQ(error.field, "email");
  EXPECT_EQ(server.count("POST", "/contacts/"), 2);
}

TEST_F(HighLevelApply, ACreateThatCannotBeReadBackStillGivesItsId) {
  answer("GET", "/contacts/new0", Reply::json("<html>", 500));
  const auto receipt = apply(create({{"first_name", text("Nora")}}));
  ASSERT_TRUE(receipt) << "an id that is lost here is a duplicate later";
  EXPECT_EQ(receipt->record.text, "new0");
  ASSERT_EQ(receipt->shown.size(), 1u);
  EXPECT_EQ(value(receipt->shown[0], "first_name")->text, "Nora");
}

TEST_F(HighLevelApply, AnUpdateSendsTheChangedKeysAndShowsWhatIsThereAfterwards) {
  location.add("c1", 1, 1).phone = "+13125550142";
  const auto receipt = apply(update("c1", {{"first_name", text("Nola")}}));
  ASSERT_TRUE(receipt);
  EXPECT_EQ(last_body("PUT"), R"({"firstName":"Nola"})");
  EXPECT_EQ(receipt->record.text, "c1");
  EXPECT_EQ(value(receipt->shown.at(0), "first_name")->text, "Nola");
  EXPECT_EQ(value(receipt->shown.at(0), "phone")->text, "+13125550142");
}

TEST_F(HighLevelApply, ABlankClears) {
  location.add("c1", 1, 1).email = "nora@tiles.example";
  const auto receipt = apply(update("c1", {{"email", text("")}}));
  EXPECT_EQ(last_body("PUT"), R"({"email":null})");
  EXPECT_TRUE(value(receipt->shown.at(0), "email")->blank);
}

TEST_F(HighLevelApply, AnUpdateThatCannotBeSentSaysWhichField) {
  location.add("c1", 1, 1);
  const auto receipt = apply(update("c1", {{"country", text("")}}));
  EXPECT_EQ(receipt.error().fault, Fault::rejected);
  EXPECT_EQ(receipt.error().field, "country");
  EXPECT_EQ(server.count("PUT"), 0);
}

TEST_F(HighLevelApply, RefusedUpdatesAreSorted) {
  location.add("c1", 1, 1);
  Reply cut;
  cut.end = Reply::End::cut_short;
  const struct {
    const char* name;
    Reply reply;
    Fault want;
    const char *field, *existing;
    int sent;
  } cases[] = {
      {"duplicate", Reply::json(R"({"message":"no","meta":{"contactId":"c9","matchingField":"email"}})", 400),
       Fault::rejected, "email", "c9", 1},
      {"custom value", Reply::json(R"({"message":"Invalid Custom Field Value \"x\" for \"cfBudget\""})", 400),
       Fault::rejected, "custom:contact.budget", "", 1},
      {"deleted", Reply::json(R"({"message":"Contact not found for id:c1"})", 400), Fault::gone, "", "", 1},
      {"scope", Reply::json(R"({"message":"The token is not authorized for this scope."})", 401),
       Fault::unauthorised, "", "", 1},
      {"server error", Reply::json("<html>", 502), Fault::ambiguous, "", "", 3},
      {"cut answer", cut, Fault::ambiguous, "", "", 3},
      {"too many requests", Reply::json("{}", 429).with("Retry-After", "3600"), Fault::rate_limited, "", "",
       1},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.name);
    clock.now += kDayMs / 12;
    const int before = server.count("PUT");
    answer("PUT", "/contacts/c1", c.reply);
    const auto receipt = apply(update("c1", {{"first_name", text("Nola")}}));
    ASSERT_FALSE(receipt);
    EXPECT_EQ(receipt.error().fault, c.want) << receipt.error().message;
    EXPECT_EQ(receipt.error().field, c.field);
    EXPECT_EQ(receipt.error().existing_id, c.existing);
    EXPECT_EQ(server.count("PUT"), before + c.sent);
    if (c.want == Fault::unauthorised) {
      EXPECT_NE(receipt.error().message.find("contacts.write"), std::string::npos);
    }
  }
}

TEST_F(HighLevelApply, AnUpdateThatCannotBeReadBackIsInDoubt) {
  location.add("c1", 1, 1);
  answer("GET", "/contacts/c1", Reply::json("<html>", 502));
  EXPECT_EQ(apply(update("c1", {{"first_name", text("Nola")}})).error().fault, Fault::ambiguous);
}

TEST_F(HighLevelApply, CompanyIsLeftOutWhereItIsRefusedAndThatIsRemembered) {
  location.add("c1", 1, 1);
  location.first = [](const Seen& s) -> std::optional<Reply> {
    if (s.method == "PUT" && s.body.find("companyName") != std::string::npos)
      return Reply::json(R"({"statusCode":422,"message":["property companyName should not exist"]})", 422);
    return std::nullopt;
  };
  const WireFields both{{"company", text("Tiles")}, {"first_name", text("Nola")}};
  ASSERT_TRUE(apply(update("c1", both)));
  EXPECT_EQ(server.count("PUT"), 2);
  EXPECT_EQ(last_body("PUT"), R"({"firstName":"Nola"})");
  EXPECT_EQ(replica.capabilities().access(SourceKind::record, "company"), Access::read_only);
  ASSERT_TRUE(apply(update("c1", both)));
  EXPECT_EQ(server.count("PUT"), 3) << "known by now";
  EXPECT_EQ(apply(update("c1", {{"company", text("Tiles")}})).error().field, "company");
  EXPECT_EQ(server.count("PUT"), 3);

  HighLevelReplica next(settings(), clock);
  next.recall(replica.learned());
  EXPECT_EQ(next.capabilities().access(SourceKind::record, "company"), Access::read_only);
  clock.now += 8 * kDayMs;
  ASSERT_TRUE(next.open());
  EXPECT_EQ(next.capabilities().access(SourceKind::record, "company"), Access::read_write)
      << "asked again after a week";
  ASSERT_TRUE(replica.open());
  const Write alone = update("c1", {{"company", text("Tiles")}});
  EXPECT_EQ(replica.apply(std::span(&alone, 1)).front().error().field, "company")
      << "refused, and nothing else to send";
}

TEST_F(HighLevelApply, TagsAreAddedAndRemovedByThemselves) {
  location.add("c1", 1, 1).tags = {"old"};
  auto receipt = apply(tags(WriteKind::tag_add, "c1", {"vip", "tile"}));
  ASSERT_TRUE(receipt);
  EXPECT_EQ(server.seen().at(server.seen().size() - 2).target, "/contacts/c1/tags");
  EXPECT_EQ(last_body("POST"), R"({"tags":["vip","tile"]})");
  EXPECT_EQ(receipt->shown.at(0).tags, (std::vector<std::string>{"old", "tile", "vip"}));
  receipt = apply(tags(WriteKind::tag_remove, "c1", {"old"}));
  EXPECT_EQ(last_body("DELETE"), R"({"tags":["old"]})");
  EXPECT_EQ(receipt->shown.at(0).tags, (std::vector<std::string>{"tile", "vip"}));
  EXPECT_EQ(apply(tags(WriteKind::tag_add, "lost", {"vip"})).error().fault, Fault::gone);
}

TEST_F(HighLevelApply, RemovingWhatIsGoneIsDone) {
  location.add("c1", 1, 1);
  ASSERT_TRUE(apply(tags(WriteKind::remove, "c1", {})));
  EXPECT_TRUE(location.contacts.empty());
  const auto again = apply(tags(WriteKind::remove, "c1", {}));
  ASSERT_TRUE(again);
  EXPECT_EQ(again->record.text, "c1");
  EXPECT_TRUE(again->shown.empty());
}

TEST_F(HighLevelApply, ABatchAnswersEachWriteForItself) {
  location.add("c1", 1, 1);
  location.add("c2", 1, 1);
  const std::vector<Write> writes{update("c1", {{"first_name", text("Ann")}}),
                                  create({{"phone", text("+13125550142")}}),
                                  update("lost", {{"first_name", text("Bo")}}),
                                  tags(WriteKind::tag_add, "c2", {"vip"}), tags(WriteKind::remove, "c2", {})};
  location.first = [](const Seen& s) -> std::optional<Reply> {  // the removal is not to overtake the tag
    if (s.method == "DELETE") return Reply::json(R"({"succeded":true})");
    return std::nullopt;
  };
  const auto receipts = replica.apply(writes);
  ASSERT_EQ(receipts.size(), 5u);
  EXPECT_EQ(value(receipts[0]->shown.at(0), "first_name")->text, "Ann");
  EXPECT_TRUE(receipts[1]->record.text.starts_with("new"));
  EXPECT_EQ(receipts[2].error().fault, Fault::gone);
  EXPECT_EQ(receipts[3]->shown.at(0).tags, (std::vector<std::string>{"vip"}));
  EXPECT_TRUE(receipts[4]);
  EXPECT_TRUE(replica.apply({}).empty());
}

TEST_F(HighLevelApply, NoMessageHoldsAValue) {
  location.add("c1", 1, 1);
  answer("PUT", "/contacts/c1",
         Reply::json(R"({"statusCode":422,"message":["phone +13125550142 is not valid for Nora"]})", 422));
  const auto error = apply(update("c1", {{"phone", text("+13125550142")}})).error();
  EXPECT_EQ(error.message.find("3125550142"), std::string::npos) << error.message;
  EXPECT_EQ(error.message.find("Nora"), std::string::npos);
  EXPECT_EQ(error.message.find("pit-one"), std::string::npos);
  EXPECT_NE(error.message.find("c1"), std::string::npos);
}
}  // namespace
}  // namespace tandem
