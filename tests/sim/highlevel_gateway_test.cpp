#include "tests/sim/highlevel_fixture.h"

namespace tandem::sim::highlevel {
namespace {
using Gateway = HighLevelTest;

TEST_F(Gateway, RefusesARequestWithoutVersion) {
  auto asked = request("GET", "/locations/" + here);
  asked.headers.erase("version");
  const Reply reply = send(asked);
  EXPECT_EQ(reply.status(), 401);
  EXPECT_EQ(reply.message(), "version header was not found.");
}

TEST_F(Gateway, RefusesAnUnknownVersionAndTakesEveryPublishedOne) {
  for (const auto& [version, status] : {std::pair{"2020-01-01", 401},
                                        {"2021-04-15", 200},
                                        {"2021-07-28", 200},
                                        {"2023-02-21", 200},
                                        {"v3", 200}}) {
    auto asked = request("GET", "/locations/" + here);
    asked.headers["version"] = version;
    const Reply reply = send(asked);
    EXPECT_EQ(reply.status(), status) << version;
    if (status == 401) {
      EXPECT_EQ(reply.message(), "version header is invalid");
    }
  }
}

TEST_F(Gateway, WordsABadTokenByItsKind) {
  for (const auto& [token, message] : {std::pair{"Bearer pit-nobody", "Invalid Private Integration token"},
                                       {"Bearer eyJrubbish", "Invalid token: access token is invalid"},
                                       {"", "Invalid token: access token is invalid"}}) {
    auto asked = request("GET", "/locations/" + here);
    asked.headers["authorization"] = token;
    const Reply reply = send(asked);
    EXPECT_EQ(reply.status(), 401);
    EXPECT_EQ(reply.message(), message);
  }
}

TEST_F(Gateway, BansARequestWithoutUserAgentWithAPageThatIsNotJson) {
  for (const auto agent : {"", "Python-urllib/3.11"}) {
    auto asked = request("GET", "/locations/" + here);
    asked.headers["user-agent"] = agent;
    const Reply reply = send(asked);
    EXPECT_EQ(reply.status(), 403);
    EXPECT_NE(reply.http.body.find("1010"), std::string::npos);
    EXPECT_TRUE(reply.json.HasParseError());
  }
}

TEST_F(Gateway, AnswersAnUnknownRouteWithCannot) {
  const Reply reply = send("GET", "/contact/abc");
  EXPECT_EQ(reply.status(), 404);
  EXPECT_EQ(reply.message(), "Cannot GET /contact/abc");
}

TEST_F(Gateway, WantsTheTrailingSlashOfTheDescription) {
  EXPECT_EQ(send("POST", "/contacts", "{}").status(), 404);
  set("trailing_slash", "lax");
  EXPECT_EQ(send("POST", "/contacts", "{}").status(), 422);
}

TEST_F(Gateway, RefusesATokenWithoutTheScope) {
  set("token.scopes", "contacts.readonly locations.readonly");
  EXPECT_EQ(send("GET", "/locations/" + here).status(), 200);
  const Reply reply = create(R"("email":"a@example.org")");
  EXPECT_EQ(reply.status(), 401);
  EXPECT_EQ(reply.message(), "The token is not authorized for this scope.");
}

TEST_F(Gateway, RefusesAnAgencyTokenOnContacts) {
  face.add_credential({Credential::Kind::agency_pit, "pit-agency", here, "other", {}, 0});
  auto asked = request("GET", "/contacts/?locationId=" + here);
  asked.headers["authorization"] = "Bearer pit-agency";
  const Reply reply = send(asked);
  EXPECT_EQ(reply.status(), 401);
  EXPECT_EQ(reply.message(), "The token is not authorized for this scope.");
}

TEST_F(Gateway, ForbidsAForeignLocationAndAForgottenOne) {
  const std::vector<Reply> replies = [&] {
    std::vector<Reply> all;
    all.push_back(send("GET", "/locations/SomebodyElse00000000"));
    all.push_back(send("GET", "/contacts/?limit=10"));
    all.push_back(send("POST", "/contacts/search", R"({"locationId":"SomebodyElse00000000","pageLimit":1})"));
    return all;
  }();
  for (const auto& reply : replies) {
    EXPECT_EQ(reply.status(), 403);
    EXPECT_EQ(reply.message(), "The token does not have access to this location.");
  }
}

TEST_F(Gateway, KeepsAnOldTokenAliveForSevenDaysWhenRotatedLater) {
  const auto old_asks = request("GET", "/locations/" + here);
  face.rotate_token(true);
  EXPECT_EQ(send("GET", "/locations/" + here).status(), 200);
  EXPECT_EQ(send(old_asks).status(), 200);
  now += 7 * 86'400'000LL;
  EXPECT_EQ(send(old_asks).status(), 401);
}

TEST_F(Gateway, CountsABurstWindowThatOpensWithItsFirstRequest) {
  set("quota", "on");
  for (int i = 0; i < 100; ++i) {
    const Reply reply = send("GET", "/locations/" + here);
    ASSERT_EQ(reply.status(), 200) << i;
    EXPECT_EQ(reply.http.headers.at("x-ratelimit-remaining"), std::to_string(99 - i));
  }
  now += 9'999;
  Reply reply = send("GET", "/locations/" + here);
  EXPECT_EQ(reply.status(), 429);
  EXPECT_EQ(reply.message(), "Too Many Requests");
  EXPECT_EQ(reply.http.headers.count("retry-after"), 0U) << "not documented, so not there";
  EXPECT_EQ(reply.http.headers.at("x-ratelimit-remaining"), "0");
  now += 1;
  EXPECT_EQ(send("GET", "/locations/" + here).status(), 200);
  EXPECT_EQ(model.quota().busiest(10'000), 101);
}

TEST_F(Gateway, ShowsSixQuotaHeaders) {
  const Reply reply = send("GET", "/locations/" + here);
  const auto& headers = reply.http.headers;
  EXPECT_EQ(headers.at("x-ratelimit-max"), "100");
  EXPECT_EQ(headers.at("x-ratelimit-interval-milliseconds"), "10000");
  EXPECT_EQ(headers.at("x-ratelimit-limit-daily"), "200000");
  EXPECT_EQ(headers.at("x-ratelimit-daily-remaining"), "199999");
  EXPECT_EQ(headers.at("x-ratelimit-daily-reset"), "86400000") << "milliseconds, not seconds";
  set("quota.headers", "off");
  EXPECT_EQ(send("GET", "/locations/" + here).http.headers.count("x-ratelimit-max"), 0U);
}

TEST_F(Gateway, LetsADayEndTwentyFourHoursAfterItsFirstRequest) {
  set("quota", "on");
  set("quota.daily", "2");
  set("quota.retry_after", "on");
  EXPECT_EQ(send("GET", "/locations/" + here).status(), 200);
  now += 20'000;
  EXPECT_EQ(send("GET", "/locations/" + here).status(), 200);
  now += 20'000;
  const Reply reply = send("GET", "/locations/" + here);
  EXPECT_EQ(reply.status(), 429);
  EXPECT_EQ(reply.http.headers.at("x-ratelimit-daily-remaining"), "0");
  EXPECT_EQ(reply.http.headers.at("x-ratelimit-daily-reset"), "86360000");
  EXPECT_EQ(reply.http.headers.at("retry-after"), "86360");
  now += 86'360'000;
  EXPECT_EQ(send("GET", "/locations/" + here).status(), 200);
}

TEST_F(Gateway, CountsRequestsPerRoute) {
  send("GET", "/locations/" + here);
  send("GET", "/contacts/nobody");
  EXPECT_EQ(face.counters().at("GET /locations/:locationId 200"), 1);
  EXPECT_EQ(face.counters().at("GET /contacts/:id 400"), 1);
}
}  // namespace
}  // namespace tandem::sim::highlevel
