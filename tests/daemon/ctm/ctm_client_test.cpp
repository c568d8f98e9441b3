#include "daemon/ctm/ctm_client.h"
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>
#include "daemon/ctm/ctm_errors.h"
#include "fake_ctm.h"

namespace tandem::ctm {
namespace {
struct CtmClient : testing::Test {
  FakeCtm ctm;
  ManualClock clock{kNoon * 1000};
  http::RateGate gate{http::Budget{}};
  std::unique_ptr<Client> client = std::make_unique<Client>(ctm.settings(), gate, clock);

  Fault fault_of(int status, const std::string& body) {
    ctm.instead = [=](const Asked&) { return Said{status, body}; };
    return client->read("/calls/5", "activity 5").error().fault;
  }
};

TEST(CtmGuard, LetsOnlyTheRoutesOfTheSyncThrough) {
  const std::pair<const char*, const char*> allowed[] = {{"GET", ""},
                                                         {"GET", "?x=1"},
                                                         {"GET", "/calls?page=2"},
                                                         {"GET", "/calls/search?search=x"},
                                                         {"GET", "/calls/5.json"},
                                                         {"GET", "/lists/CL1/contacts"},
                                                         {"GET", "/contacts.json?page=1"},
                                                         {"GET", "/users"},
                                                         {"GET", "/numbers"},
                                                         {"POST", "/calls/5/modify"},
                                                         {"PUT", "/calls/5/modify"},
                                                         {"POST", "/calls/5/tag"},
                                                         {"DELETE", "/calls/5/tag"},
                                                         {"POST", "/lists/CL1/add_contact"},
                                                         {"DELETE", "/lists/CL1/remove_contacts"},
                                                         {"POST", "/contacts.json"},
                                                         {"PUT", "/contacts/5.json"},
                                                         {"PATCH", "/contacts/5"},
                                                         {"DELETE", "/contacts/5"}};
  for (const auto& [method, tail] : allowed) EXPECT_TRUE(is_allowed(method, tail)) << method << tail;
  const std::pair<const char*, const char*> refused[] = {{"POST", "/calls"},
                                                         {"POST", "/calls/"},
                                                         {"POST", "/calls.json"},
                                                         {"POST", "/calls?x=/modify"},
                                                         {"POST", "/calls/search"},
                                                         {"POST", "//calls"},
                                                         {"POST", "/sms"},
                                                         {"POST", "/sms.json"},
                                                         {"GET", "/sms"},
                                                         {"POST", "/formreactor/FRT1"},
                                                         {"GET", "/formreactor/FRT1"},
                                                         {"POST", "/../../formreactor/FRT1"},
                                                         {"POST", "/calls/../sms"},
                                                         {"POST", "/calls/%2e%2e/modify"},
                                                         {"POST", "/calls/5/modify/../.."},
                                                         {"POST", "/calls//modify"},
                                                         {"PUT", "/calls/5"},
                                                         {"DELETE", "/calls/5"},
                                                         {"POST", "/calls/5/sale"},
                                                         {"POST", "/lists"},
                                                         {"DELETE", "/lists/CL1"},
                                                         {"POST", "/lists/CL1/remove_contacts"},
                                                         {"PUT", "/lists/CL1/add_contact"},
                                                         {"POST", "/dialers/1/contacts"},
                                                         {"POST", "/contacts/5"},
                                                         {"DELETE", "/contacts"},
                                                         {"POST", ""},
                                                         {"GET", "calls"},
                                                         {"post", "/calls"},
                                                         {"POST", "/call_settings"}};
  for (const auto& [method, tail] : refused) EXPECT_FALSE(is_allowed(method, tail)) << method << tail;
}

RC_GTEST_PROP(CtmGuard, NoRequestThatDialsTextsOrSubmitsIsEverAllowed, ()) {
  const auto method = *rc::gen::element<std::string>("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD");
  const auto parts = *rc::gen::container<std::vector<std::string>>(
      rc::gen::element<std::string>("calls", "sms", "sms.json", "formreactor", "..", ".", "", "5", "modify",
                                    "CL1", "lists", "contacts", "%2e%2e", "calls.json"));
  std::string tail;
  for (const std::string& part : parts) tail += "/" + part;
  if (!is_allowed(method, tail)) return;
  RC_ASSERT(tail.find("sms") == tail.npos);
  RC_ASSERT(tail.find("formreactor") == tail.npos);
  RC_ASSERT(tail.find("..") == tail.npos);
  RC_ASSERT(method == "GET" || (tail != "/calls" && tail != "/calls.json" && tail != "/calls/"));
}

TEST_F(CtmClient, ARefusedRequestNeverLeaves) {
  EXPECT_EQ(client->write("POST", "/calls", "{}", Effect::once, "x").error().fault, Fault::unsupported);
  EXPECT_EQ(client->write("POST", "/sms", "{}", Effect::once, "x").error().fault, Fault::unsupported);
  EXPECT_EQ(client->read("/formreactor/FRT1", "x").error().fault, Fault::unsupported);
  EXPECT_TRUE(ctm.log.empty());
}

TEST_F(CtmClient, SendsBasicCredentialsAndTakesNewOnes) {
  ASSERT_TRUE(client->read("", "account"));
  EXPECT_EQ(ctm.authorisation, "Basic a2V5OnNlY3JldA==");
  client->set_credential("a:b");
  ASSERT_TRUE(client->read("", "account"));
  EXPECT_EQ(ctm.authorisation, "Basic YTpi");
}

TEST(CtmBase64, PadsAsItShould) {
  EXPECT_EQ(base64(""), "");
  EXPECT_EQ(base64("f"), "Zg==");
  EXPECT_EQ(base64("fo"), "Zm8=");
  EXPECT_EQ(base64("foo"), "Zm9v");
  EXPECT_EQ(base64("\xff\xfe\xfd"), "//79");
}

TEST_F(CtmClient, SortsReadingsByWhatToDoNext) {
  EXPECT_EQ(fault_of(401, R"({"error":"bad key"})"), Fault::unauthorised);
  EXPECT_EQ(fault_of(403, "{}"), Fault::unauthorised);
  EXPECT_EQ(fault_of(404, R"({"status":"error","reason":"call not found"})"), Fault::gone);
  EXPECT_EQ(fault_of(404, "<html>not found</html>"), Fault::malformed) << "a proxy's page proves nothing";
  EXPECT_EQ(fault_of(404, "{}"), Fault::malformed);
  EXPECT_EQ(fault_of(410, ""), Fault::gone);
  EXPECT_EQ(fault_of(400, R"({"error":"per_page limit is 150"})"), Fault::rejected);
  EXPECT_EQ(fault_of(500, "<html>oops</html>"), Fault::transient);
  EXPECT_EQ(fault_of(302, ""), Fault::malformed);
  EXPECT_EQ(fault_of(200, "<html>log in</html>"), Fault::malformed);
  EXPECT_EQ(fault_of(200, R"({"id":5)"), Fault::malformed);
  EXPECT_EQ(fault_of(200, ""), Fault::malformed);
  EXPECT_EQ(fault_of(200, R"({"status":"error","message":"try later"})"), Fault::malformed);
}

TEST_F(CtmClient, ReadsAreTriedAgainAndAddsAreNot) {
  ctm.instead = [](const Asked&) { return Said{503, "<html></html>"}; };
  EXPECT_FALSE(client->read("/calls/5", "activity 5"));
  EXPECT_GT(ctm.log.size(), 1U);
  ctm.forget();
  EXPECT_EQ(client->write("POST", "/lists/CL1/add_contact", "{}", Effect::once, "a row").error().fault,
            Fault::ambiguous);
  EXPECT_EQ(ctm.log.size(), 1U);
}

TEST_F(CtmClient, AnAddWithoutAUsableAnswerMayHaveHappened) {
  for (const Said& said :
       {Said{200, "<html>"}, Said{200, R"({"status":)"}, Said{500, ""}, Said{200, "", true}}) {
    ctm.instead = [&](const Asked&) { return said; };
    const auto reply = client->write("POST", "/lists/CL1/add_contact", "{}", Effect::once, "a row");
    ASSERT_FALSE(reply) << said.body;
    EXPECT_EQ(reply.error().fault, Fault::ambiguous) << said.body;
  }
  ctm.instead = [](const Asked&) { return Said{201, ""}; };
  EXPECT_TRUE(client->write("POST", "/lists/CL1/add_contact", "{}", Effect::once, "a row"))
      << "an empty answer is one";
}

TEST_F(CtmClient, RefusalsCarryTheRemotesWordsButNotInTheMessage) {
  ctm.instead = [](const Asked&) {
    return Said{406, R"({"status":"error","reason":"+1312 is not valid","errors":{"email":["bad"]}})"};
  };
  const auto reply = client->write("POST", "/lists/CL1/add_contact", "{}", Effect::once, "a row");
  ASSERT_TRUE(reply);
  const auto error = client->refusal(*reply, "a row");
  ASSERT_TRUE(error);
  EXPECT_EQ(error->fault, Fault::rejected);
  EXPECT_EQ(error->remote_words, "+1312 is not valid");
  EXPECT_EQ(error->message.find("1312"), std::string::npos);
  ctm.instead = [](const Asked&) { return Said{200, R"({"status":"error","reason":"no"})"}; };
  EXPECT_EQ(
      client->refusal(*client->write("POST", "/calls/5/tag", "{}", Effect::repeatable, "x"), "x")->fault,
      Fault::rejected)
      << "a soft error";
}

TEST(CtmErrors, FindsTheWordsUnderEveryKey) {
  const struct {
    const char* text;
    const char* words;
    const char* field;
    bool is_error;
  } cases[] = {
      {R"({"status":"error","reason":"a","error":"b"})", "a", "", true},
      {R"({"error":"b","message":"c"})", "b", "", true},
      {R"({"success":false,"message":"c"})", "c", "", true},
      {R"({"errors":{"street":["too long"]}})", "street: too long", "address1", true},
      {R"({"errors":["x","y"]})", "x; y", "", true},
      {R"({"status":"success","message":"done"})", "done", "", false},
      {R"({"id":5,"status":"failed"})", "", "", false},
      {R"({"calls":[],"error":null})", "", "", false},
  };
  for (const auto& c : cases) {
    const Refusal refusal = refusal_of(Body::parse(c.text)->root());
    EXPECT_EQ(refusal.words, c.words) << c.text;
    EXPECT_EQ(refusal.field, c.field) << c.text;
    EXPECT_EQ(refusal.is_error, c.is_error) << c.text;
  }
}

TEST_F(CtmClient, FollowsNextPagesOnlyOnItsOwnHostAndRoute) {
  const auto next = [&](const std::string& url) {
    Envelope e;
    e.next = {Next::Kind::url, url, 0};
    return client->following(e, {"/calls", "per_page=5&", 1, 5, 5});
  };
  EXPECT_EQ(next(ctm.url() + "/api/v1/accounts/7/calls?after=1,2&page=2"), "/calls?after=1,2&page=2");
  EXPECT_EQ(next(ctm.url() + "/api/v1/accounts/7/calls.json?after=x"), "/calls.json?after=x");
  EXPECT_EQ(next("/api/v1/accounts/7/calls?after=y"), "/calls?after=y");
  for (const char* elsewhere :
       {"https://evil.example/api/v1/accounts/7/calls?page=2", "//evil.example/api/v1/accounts/7/calls"}) {
    EXPECT_EQ(next(elsewhere), "/calls?per_page=5&page=2") << elsewhere;
  }
  EXPECT_EQ(next(ctm.url() + "/api/v1/accounts/8/calls?page=2"), "/calls?per_page=5&page=2")
      << "another account";
  EXPECT_EQ(next(ctm.url() + "/api/v1/accounts/7/sms?page=2"), "/calls?per_page=5&page=2");
  EXPECT_EQ(next(ctm.url() + ".evil.example/api/v1/accounts/7/calls?page=2"), "/calls?per_page=5&page=2");
}

TEST_F(CtmClient, EndsAListingWhereItEnds) {
  const auto next = [&](Next::Kind kind, std::int64_t page, std::int64_t total_pages, std::int64_t total,
                        std::int64_t rows) {
    Envelope e;
    e.next = {kind, "", page};
    e.total_pages = total_pages;
    e.total_entries = total;
    return client->following(e, {"/calls", "", 2, rows, 20});
  };
  EXPECT_EQ(next(Next::Kind::end, 0, 9, 99, 10), "");
  EXPECT_EQ(next(Next::Kind::page, 3, -1, -1, 10), "/calls?page=3");
  EXPECT_EQ(next(Next::Kind::page, 2, -1, -1, 10), "") << "not forward";
  EXPECT_EQ(next(Next::Kind::unsaid, 0, 3, -1, 10), "/calls?page=3");
  EXPECT_EQ(next(Next::Kind::unsaid, 0, 2, -1, 10), "");
  EXPECT_EQ(next(Next::Kind::unsaid, 0, -1, 21, 10), "/calls?page=3");
  EXPECT_EQ(next(Next::Kind::unsaid, 0, -1, 20, 10), "");
  EXPECT_EQ(next(Next::Kind::unsaid, 0, 9, -1, 0), "") << "an empty page";
}
}  // namespace
}  // namespace tandem::ctm
