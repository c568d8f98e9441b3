#include "tests/sim/faults.h"
#include "tests/sim/highlevel_fixture.h"

namespace tandem::sim::highlevel {
namespace {

class OAuth : public HighLevelTest {
 protected:
  static constexpr std::string_view kBack = "http://localhost:8643/oauth/callback";

  // What a person's choice sends the browser to; "" where there is only a page.
  std::string choose(std::string_view more = "&state=s-1") {
    HttpRequest browser{"GET", "", {}, {{"user-agent", "Mozilla/5.0"}}, ""};
    split_target(fmt::format("/v2/oauth/chooselocation?response_type=code&client_id={}&redirect_uri="
                             "http%3A%2F%2Flocalhost%3A8643%2Foauth%2Fcallback&scope=contacts.readonly%20"
                             "locations.readonly%20oauth.write{}",
                             face.oauth().client_id, more),
                 browser);
    const HttpResponse answer = face.handle(browser);
    const auto target = answer.headers.find("location");
    return target == answer.headers.end() ? std::string() : target->second;
  }
  std::string chosen_code() {
    const std::string target = choose();
    const auto from = target.find("code=") + 5;
    return target.substr(from, target.find('&', from) - from);
  }
  HttpRequest token_request(std::string_view rest) const {
    return {"POST",
            "/oauth/token",
            {},
            {{"user-agent", "tandem/0.1"}, {"content-type", "application/x-www-form-urlencoded"}},
            fmt::format("client_id={}&client_secret={}&{}", face_client(), face_secret(), rest)};
  }
  Reply ask(std::string_view rest) { return send(token_request(rest)); }
  Reply exchange(std::string_view code) {
    return ask(
        fmt::format("grant_type=authorization_code&user_type=Location&code={}&redirect_uri=http%3A%2F%2F"
                    "localhost%3A8643%2Foauth%2Fcallback",
                    code));
  }
  static std::string refresh_form(const Reply& pair) {
    return "grant_type=refresh_token&user_type=Location&refresh_token=" + pair.text("refresh_token");
  }
  Reply with(const std::string& access, std::string method, std::string_view target, std::string body = "") {
    auto asked = request(std::move(method), target, std::move(body));
    asked.headers["authorization"] = "Bearer " + access;
    if (!asked.body.empty()) asked.headers["content-type"] = "application/x-www-form-urlencoded";
    return send(asked);
  }
  Reply location_with(const std::string& access) { return with(access, "GET", "/locations/" + here); }
  std::string face_client() const { return const_cast<Face&>(face).oauth().client_id; }
  std::string face_secret() const { return const_cast<Face&>(face).oauth().client_secret; }
};

TEST_F(OAuth, GivesACodeForTheLocationThatWasChosenAndItsStateBack) {
  const std::string target = choose();
  EXPECT_TRUE(target.starts_with(std::string(kBack) + "?code=")) << target;
  EXPECT_TRUE(target.ends_with("&state=s%2D1")) << target;
  const Reply pair = exchange(chosen_code());
  ASSERT_EQ(pair.status(), 200) << pair.http.body;
  EXPECT_EQ(pair.text("userType"), "Location");
  EXPECT_EQ(pair.text("locationId"), here);
  EXPECT_EQ(pair.text("expires_in"), "86399");
  EXPECT_EQ(location_with(pair.text("access_token")).status(), 200);
  EXPECT_EQ(with(pair.text("access_token"), "DELETE", "/contacts/nobody").status(), 401)
      << "scope not asked for";
}

TEST_F(OAuth, ShowsAPageInsteadOfARedirectWhenTheAppIsNotKnown) {
  EXPECT_EQ(choose("&client_id=other").find("error"), std::string::npos);
  face.oauth().redirect_uri = "https://elsewhere.example/";
  EXPECT_EQ(choose(), "");
}

TEST_F(OAuth, MayDropTheStateRefuseOrChooseAnotherLocation) {
  set("oauth.state", "drop");
  EXPECT_EQ(choose().find("state="), std::string::npos);
  set("oauth.chosen", "denied");
  EXPECT_NE(choose().find("?error=access_denied"), std::string::npos);
  set("oauth.chosen", "foreign");
  const Reply pair = exchange(chosen_code());
  EXPECT_NE(pair.text("locationId"), here);
  EXPECT_EQ(location_with(pair.text("access_token")).status(), 403);
}

TEST_F(OAuth, TakesACodeOnceAndOnlyWithItsRedirectUri) {
  const std::string code = chosen_code();
  EXPECT_EQ(ask("grant_type=authorization_code&code=" + code + "&redirect_uri=http%3A%2F%2Fother").status(),
            400);
  EXPECT_EQ(exchange(code).status(), 200);
  EXPECT_EQ(exchange(code).text("error"), "invalid_grant");
}

TEST_F(OAuth, TakesARefreshTokenOnce) {
  const Reply first = exchange(chosen_code());
  const Reply second = ask(refresh_form(first));
  ASSERT_EQ(second.status(), 200);
  EXPECT_NE(second.text("refresh_token"), first.text("refresh_token"));
  const Reply again = ask(refresh_form(first));
  EXPECT_EQ(again.status(), 400);
  EXPECT_EQ(again.text("error"), "invalid_grant");
  EXPECT_EQ(ask(refresh_form(second)).status(), 200) << "the new one is alive";
  EXPECT_EQ(location_with(first.text("access_token")).status(), 200) << "access tokens live on";
}

TEST_F(OAuth, MayTakeAUsedRefreshTokenForAWhileAndMayEndTheAccessTokenBefore) {
  set("oauth.refresh_grace_ms", "1000");
  set("oauth.refresh_kills_access", "on");
  const Reply first = exchange(chosen_code());
  EXPECT_EQ(ask(refresh_form(first)).status(), 200);
  EXPECT_EQ(location_with(first.text("access_token")).status(), 401);
  now += 999;
  EXPECT_EQ(ask(refresh_form(first)).status(), 200);
  now += 1;
  EXPECT_EQ(ask(refresh_form(first)).status(), 400);
}

TEST_F(OAuth, EndsAnAccessTokenAfterItsLifetime) {
  const Reply pair = exchange(chosen_code());
  now += 86'398'999;
  EXPECT_EQ(location_with(pair.text("access_token")).status(), 200);
  now += 1;
  const Reply reply = location_with(pair.text("access_token"));
  EXPECT_EQ(reply.status(), 401);
  EXPECT_EQ(reply.message(), "Invalid token: access token is invalid");
}

TEST_F(OAuth, WordsARefusedGrantInFourWays) {
  for (const auto& [shape, status, path] : {std::tuple{"rfc", 400, "error"}, {"rfc_401", 401, "error"}}) {
    set("oauth.error", shape);
    const Reply reply = ask("grant_type=refresh_token&refresh_token=none");
    EXPECT_EQ(reply.status(), status) << shape;
    EXPECT_EQ(reply.text(path), "invalid_grant") << shape;
  }
  set("oauth.error", "message");
  EXPECT_EQ(ask("grant_type=refresh_token&refresh_token=none").message(),
            "Invalid grant: refresh token is invalid");
  set("oauth.error", "envelope");
  EXPECT_EQ(ask("grant_type=refresh_token&refresh_token=none").text("error", "code"), "invalid_grant");
}

TEST_F(OAuth, RefusesAnotherClient) {
  auto asked = token_request("grant_type=refresh_token&refresh_token=none");
  asked.body = "client_id=" + face_client() + "&client_secret=wrong&grant_type=refresh_token";
  const Reply reply = send(asked);
  EXPECT_EQ(reply.status(), 401);
  EXPECT_EQ(reply.text("error"), "invalid_client");
}

TEST_F(OAuth, ExchangesACompanyTokenForOneOfTheLocation) {
  set("oauth.chosen", "company");
  const Reply pair = exchange(chosen_code());
  EXPECT_EQ(pair.text("userType"), "Company");
  EXPECT_EQ(pair.at("locationId"), nullptr);
  const std::string company = pair.text("access_token");
  EXPECT_EQ(location_with(company).message(), "The token is not authorized for this scope.");
  const std::string form = "companyId=" + pair.text("companyId") + "&locationId=";
  EXPECT_EQ(with(company, "POST", "/oauth/locationToken", form + "other").status(), 403);
  const Reply given = with(company, "POST", "/oauth/locationToken", form + here);
  ASSERT_EQ(given.status(), 200) << given.http.body;
  EXPECT_EQ(given.at("refresh_token"), nullptr);
  EXPECT_EQ(location_with(given.text("access_token")).status(), 200);
  EXPECT_EQ(with(given.text("access_token"), "POST", "/oauth/locationToken", form + here).status(), 401);
}

TEST_F(OAuth, UsesARefreshTokenUpEvenWhenItsAnswerIsLost) {
  const Reply first = exchange(chosen_code());
  Faults faults;
  faults.add({.kind = FaultKind::lost_after, .method = "POST", .path_has = "/oauth/token"});
  const auto asked = token_request(refresh_form(first));
  EXPECT_EQ(faults.deliver(asked, [this](const HttpRequest& r) { return face.handle(r); }).delivery,
            Delivery::dropped);
  EXPECT_EQ(send(asked).text("error"), "invalid_grant");
}
}  // namespace
}  // namespace tandem::sim::highlevel
