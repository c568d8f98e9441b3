#include <gtest/gtest.h>
#include "daemon/ctm/ctm_replica.h"
#include "fake_ctm.h"

namespace tandem::ctm {
namespace {
struct CtmSetup : testing::Test {
  FakeCtm ctm;
  ManualClock clock{kNoon * 1000};
  CtmSettings settings = ctm.settings();
  std::unique_ptr<CtmReplica> replica;

  Result<void> open() {
    replica = std::make_unique<CtmReplica>(settings, clock);
    return replica->open();
  }
  void say(const std::string& path, int status, const std::string& body) {
    ctm.instead = [=](const Asked& a) -> std::optional<Said> {
      if (a.path.substr(0, a.path.find('?')) == path) return Said{status, body};
      return std::nullopt;
    };
  }
};

TEST_F(CtmSetup, CollectsTheAccountsOwnNumbersAsFarAsTheKeyMayRead) {
  ctm.numbers =
      R"([{"id":"TPN1","number":"+16305550100"},{"id":"TPN2","number":{"number":"(630) 555-0101"}},{"id":"TPN3","phone_number":"+16305550102"}])";
  ASSERT_TRUE(open());
  EXPECT_EQ(replica->own_numbers(), (std::set<std::string, std::less<>>{"+16305550100", "+16305550101",
                                                                        "+16305550102", "+16305550177"}));
}

TEST_F(CtmSetup, OwnNumbersThatCannotBeReadForAMomentAreNotNone) {
  say("/numbers", 500, "<html>");
  EXPECT_EQ(open().error().fault, Fault::transient);
}

TEST_F(CtmSetup, NamesTheKeyOrTheAccountWhenRefused) {
  const struct {
    int status;
    const char* body;
  } cases[] = {{401, "{}"}, {403, "{}"}, {404, R"({"error":"not found"})"}};
  for (const auto& c : cases) {
    say("", c.status, c.body);
    const auto refused = open();
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().fault, Fault::unauthorised) << c.status;
    EXPECT_NE(refused.error().message.find("[link.ctm]"), std::string::npos) << refused.error().message;
  }
  say("", 200, R"({"id":8})");
  EXPECT_EQ(open().error().fault, Fault::malformed);
}

TEST_F(CtmSetup, SaysEverythingThatIsWrongAtOnce) {
  settings.native_names = {"name", "custom:kind", "custom:gone", "custom:lost"};
  settings.list = "No such list";
  const auto refused = open();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().fault, Fault::rejected);
  for (const char* part : {"gone", "lost", "No such list"})
    EXPECT_NE(refused.error().message.find(part), std::string::npos) << part;
  EXPECT_EQ(refused.error().message.find("kind"), std::string::npos);
}

TEST_F(CtmSetup, FindsTheListByIdOrNameAndNeverAUsers) {
  ctm.lists =
      R"([{"id":"CL9","name":"Sync","user_owned":true,"user_id":"USR1"},{"id":"CL1","name":"Sync","user_owned":false},{"id":"CL3","name":"Twice"},{"id":"CL2","name":"Twice"}])";
  EXPECT_TRUE(open());
  settings.list = "CL1";
  EXPECT_TRUE(open());
  for (const auto& [list, part] :
       {std::pair{"CL9", "private"}, std::pair{"Twice", "CL2, CL3"}, std::pair{"Other", "Other"}}) {
    settings.list = list;
    const auto refused = open();
    ASSERT_FALSE(refused) << list;
    EXPECT_EQ(refused.error().fault, Fault::rejected);
    EXPECT_NE(refused.error().message.find(part), std::string::npos) << refused.error().message;
  }
}

TEST_F(CtmSetup, LooksForTheListOnEveryPage) {
  ctm.instead = [](const Asked& a) -> std::optional<Said> {
    if (!a.path.starts_with("/lists?")) return std::nullopt;
    EXPECT_NE(a.path.find("per_page=10"), std::string::npos) << "more loses lists silently";
    if (a.path.ends_with("page=1"))
      return Said{200, R"({"lists":[{"id":"CL5","name":"A"}],"total_entries":2,"next_page":2})"};
    return Said{200, R"({"lists":[{"id":"CL1","name":"Sync"}],"total_entries":2,"next_page":false})"};
  };
  EXPECT_TRUE(open());
}

TEST_F(CtmSetup, AListThatIsReadTwiceForACountThatIsWrongIsOne) {
  say("/lists", 200, R"({"contact_lists":[{"id":"CL1","name":"Sync"}],"total_entries":9,"next_page":null})");
  EXPECT_TRUE(open());
}

TEST_F(CtmSetup, AListThatMayBeOnALostPageIsNotMissing) {
  say("/lists", 200, R"({"contact_lists":[{"id":"CL5","name":"A"}],"total_entries":9,"next_page":null})");
  EXPECT_EQ(open().error().fault, Fault::transient);
}

TEST_F(CtmSetup, IsCheapWhenNothingIsDue) {
  ASSERT_TRUE(open());
  ctm.forget();
  clock.pass(30 * 60'000);
  ASSERT_TRUE(replica->open());
  EXPECT_TRUE(ctm.log.empty());
  clock.pass(31 * 60'000);
  ASSERT_TRUE(replica->open());
  EXPECT_FALSE(ctm.log.empty());
  ctm.forget();
  replica->set_credential("new:pair");
  ASSERT_TRUE(replica->open());
  EXPECT_FALSE(ctm.log.empty());
}

TEST_F(CtmSetup, CapabilitiesFollowTheSurface) {
  const struct {
    ContactSurface surface;
    bool create, tags, records, by_phone;
  } cases[] = {{ContactSurface::list_and_activity, true, true, false, true},
               {ContactSurface::list, true, false, false, true},
               {ContactSurface::activity, false, true, false, true},
               {ContactSurface::account, true, false, true, false}};
  for (const auto& c : cases) {
    settings.contact_surface = c.surface;
    ASSERT_TRUE(open()) << to_text(c.surface);
    const Capabilities& got = replica->capabilities();
    EXPECT_EQ(std::tuple(got.create, got.tags, got.has_records, got.keyed_by_phone),
              std::tuple(c.create, c.tags, c.records, c.by_phone))
        << to_text(c.surface);
    EXPECT_FALSE(got.direct_proof);
  }
}

TEST_F(CtmSetup, AutoTakesTheFirstSurfaceThatAnswersAndStaysWithIt) {
  settings.contact_surface = ContactSurface::automatic;
  ASSERT_TRUE(open());
  EXPECT_EQ(replica->surface(), "list+activity");
  say("/calls", 403, "{}");
  ASSERT_TRUE(open());
  EXPECT_EQ(replica->surface(), "list");
  settings.list.clear();
  ctm.instead = [](const Asked& a) -> std::optional<Said> {
    if (a.path.starts_with("/contacts")) return Said{200, R"({"contacts":[],"total_entries":0})"};
    return std::nullopt;
  };
  ASSERT_TRUE(open());
  EXPECT_EQ(replica->surface(), "account");
  const auto facts = replica->learned();
  ctm.instead = nullptr;
  ASSERT_TRUE(open());
  EXPECT_EQ(replica->surface(), "activity");
  replica = std::make_unique<CtmReplica>(settings, clock);
  replica->recall(facts);
  ASSERT_TRUE(replica->open());
  EXPECT_EQ(replica->surface(), "account");
  for (const Asked& a : ctm.log) EXPECT_EQ(a.method, "GET");
}
}  // namespace
}  // namespace tandem::ctm
