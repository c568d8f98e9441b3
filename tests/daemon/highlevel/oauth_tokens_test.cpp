#include "daemon/highlevel/oauth_tokens.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <barrier>
#include <fstream>
#include <thread>

#include "tests/daemon/highlevel/installed_app.h"

namespace tandem::highlevel {
namespace {
using test::DiaryShelf;
using ::testing::AnyOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

class Tokens : public test::InstalledApp {
 protected:
  // The token given is the one that is kept by now.
  void expect_stored(const Result<std::string>& given_token) {
    ASSERT_TRUE(given_token) << given_token.error().message;
    EXPECT_EQ(*given_token, stored().access);
  }
};

constexpr const char* kAdvice = "run `tandem auth highlevel --link acme`";

TEST_F(Tokens, AreUsedAsStoredUntilTheyAreDueAndNobodyIsAsked) {
  const OAuthPair pair = given(here);
  store(pair);
  diary.clear();
  DiaryShelf shelf(path());
  shelf.diary = &diary;
  OAuthTokens tokens(settings(), shelf, clock);
  EXPECT_EQ(tokens.token().value(), pair.access);
  clock.now += kLifeMs - 300'000 - 1;
  EXPECT_EQ(tokens.token().value(), pair.access);
  EXPECT_THAT(diary, ElementsAre());
  clock.now += 1;
  EXPECT_NE(tokens.token().value(), pair.access);
}

TEST_F(Tokens, AreDurableBeforeTheyAreUsedAndRoomIsTakenBeforeTheOldOneIsSpent) {
  const OAuthPair old = due();
  DiaryShelf shelf(path());
  shelf.diary = &diary;
  OAuthTokens tokens(settings(), shelf, clock);
  const std::string token = tokens.token().value();
  EXPECT_THAT(diary, ElementsAre("lock", "reserve", "POST /oauth/token", "replace"));
  EXPECT_EQ(stored().access, token);
  EXPECT_NE(stored().refresh, old.refresh);
  EXPECT_EQ(stored().location_id, here);
}

TEST_F(Tokens, ThatCouldNotBeKeptAreNotUsedAndKeptFirstNextTime) {
  const OAuthPair old = expired();
  DiaryShelf shelf(path());
  bool broken = true;
  shelf.before = [&](const std::string& what) -> Result<void> {
    if (what == "replace" && broken) return fail(Fault::transient, "no room");
    return {};
  };
  OAuthTokens tokens(settings(), shelf, clock);
  const auto none = tokens.token();
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().fault, Fault::transient);
  EXPECT_EQ(stored().refresh, old.refresh) << "what a crash here would find";
  EXPECT_FALSE(tokens.token()) << "still not kept, still not used";
  broken = false;
  expect_stored(tokens.token());
  EXPECT_NE(stored().refresh, old.refresh);
  EXPECT_EQ(refreshes(), 1) << "the old one was spent once";
}

TEST_F(Tokens, AreNotSpentWhenTheNewOnesWouldFindNoRoom) {
  const OAuthPair old = due();
  DiaryShelf shelf(path());
  shelf.before = [](const std::string& what) -> Result<void> {
    if (what == "reserve") return fail(Fault::transient, "no room");
    return {};
  };
  OAuthTokens tokens(settings(), shelf, clock);
  EXPECT_EQ(tokens.token().value(), old.access) << "it lives for a minute yet";
  clock.now += 120'000;
  EXPECT_FALSE(tokens.token());
  EXPECT_EQ(refreshes(), 0);
}

TEST_F(Tokens, TwoRefreshersAtOnceSpendOneRefreshToken) {
  expired();
  http.add_fault(
      {.kind = sim::FaultKind::stall, .method = "", .path_has = "/oauth/token", .times = -1, .param = 100});
  std::vector<std::string> got(2);
  std::barrier start(2);
  std::vector<std::thread> both;
  for (auto& one : got)
    both.emplace_back([&] {
      DiaryShelf shelf(path());
      OAuthTokens tokens(settings(), shelf, clock);
      start.arrive_and_wait();
      const auto token = tokens.token();
      if (token) one = *token;
    });
  for (auto& thread : both) thread.join();
  EXPECT_EQ(refreshes(), 1);
  EXPECT_EQ(got[0], got[1]);
  EXPECT_EQ(got[0], stored().access);
}

TEST_F(Tokens, WhoseAnswerWasLostBeforeHighLevelSawTheRequestAreRenewedAllTheSame) {
  expired();
  lose(sim::FaultKind::lost_before);
  DiaryShelf shelf(path());
  OAuthTokens tokens(settings(), shelf, clock);
  expect_stored(tokens.token());
}

TEST_F(Tokens, WhoseAnswerWasLostAfterTheEffectNeedAPerson) {
  for (const auto kind : {sim::FaultKind::lost_after, sim::FaultKind::reset, sim::FaultKind::truncated}) {
    expired();
    lose(kind);
    DiaryShelf shelf(path());
    OAuthTokens tokens(settings(), shelf, clock);
    const auto none = tokens.token();
    ASSERT_FALSE(none);
    EXPECT_EQ(none.error().fault, Fault::unauthorised);
    EXPECT_THAT(none.error().message, HasSubstr(kAdvice));
    EXPECT_EQ(refreshes(), 2) << "tried once more, no oftener";
    EXPECT_FALSE(tokens.token());
    EXPECT_EQ(refreshes(), 2) << "a dead token is not tried again";
    store(given(here));  // a person was there
    expect_stored(tokens.token());
  }
}

TEST_F(Tokens, ThatNobodyAnswersForAreTriedAgainLater) {
  expired();
  lose(sim::FaultKind::lost_before, 2);
  DiaryShelf shelf(path());
  OAuthTokens tokens(settings(), shelf, clock);
  const auto none = tokens.token();
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().fault, Fault::transient) << "nothing was done with any record";
  expect_stored(tokens.token());
}

TEST_F(Tokens, ThatAreStillGoodAreUsedWhileARefreshFailsAndNotAskedForEveryTime) {
  const OAuthPair old = due();
  http.add_fault({.kind = sim::FaultKind::html_5xx, .method = "", .path_has = "/oauth/token", .times = -1});
  DiaryShelf shelf(path());
  OAuthTokens tokens(settings(), shelf, clock);
  for (int i = 0; i < 5; ++i) EXPECT_EQ(tokens.token().value(), old.access);
  EXPECT_EQ(http.requests(), 1 + 2);
  http.clear_faults();
  clock.now += 30'000;
  EXPECT_NE(tokens.token().value(), old.access);
}

TEST_F(Tokens, AreReadAgainWhenSomebodyWithoutOurLockWasFaster) {
  expired();
  DiaryShelf shelf(path());
  shelf.before = [&](const std::string& what) -> Result<void> {
    if (what != "reserve") return {};
    OAuthEndpoint other(place(), clock);
    auto next = other.refresh(stored());
    EXPECT_TRUE(next);
    std::ofstream(path()) << to_json(*next);
    return {};
  };
  OAuthTokens tokens(settings(), shelf, clock);
  expect_stored(tokens.token());
  EXPECT_EQ(asked("POST /oauth/token 400"), 1);
}

TEST_F(Tokens, ThatAreRefusedNeedAPersonHoweverHighLevelWordsIt) {
  for (const char* shape : {"rfc", "rfc_401", "message", "envelope"}) {
    model.switches().set("oauth.error", shape);
    expired();
    face.oauth().refresh_tokens.clear();
    DiaryShelf shelf(path());
    OAuthTokens tokens(settings(), shelf, clock);
    const auto none = tokens.token();
    ASSERT_FALSE(none) << shape;
    EXPECT_EQ(none.error().fault, Fault::unauthorised) << shape;
    EXPECT_THAT(none.error().message, HasSubstr(kAdvice)) << shape;
    EXPECT_EQ(refreshes(), 1) << shape;
  }
}

TEST_F(Tokens, OfAWrongClientNameTheCredentialFile) {
  expired();
  auto wrong = settings();
  wrong.place.client.secret = "wrong";
  DiaryShelf shelf(path());
  OAuthTokens tokens(wrong, shelf, clock);
  const auto none = tokens.token();
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().fault, Fault::unauthorised);
  EXPECT_THAT(none.error().message, HasSubstr("CLIENT_ID:CLIENT_SECRET"));
  EXPECT_EQ(asked("POST /oauth/token 400"), 0) << "the refresh token was not spent";
}

TEST_F(Tokens, ThatAreMissingDamagedOrOfAnotherPlaceSaySo) {
  const auto message = [&] {
    DiaryShelf shelf(path());
    OAuthTokens tokens(settings(), shelf, clock);
    const auto none = tokens.token();
    if (none) return std::string("a token");
    EXPECT_EQ(none.error().fault, Fault::unauthorised);
    return none.error().message;
  };
  EXPECT_THAT(message(), AllOf(HasSubstr("no token of HighLevel is stored"), HasSubstr(kAdvice)));
  OAuthPair pair = given(here);
  pair.location_id = "other";
  store(pair);
  EXPECT_THAT(message(), HasSubstr("is one of location other, not of " + here));
  pair.location_id = here;
  pair.client_id = "other";
  store(pair);
  EXPECT_THAT(message(), HasSubstr("was given to another OAuth client"));
  std::ofstream(path()) << R"({"access_token":"half)";
  EXPECT_THAT(message(), HasSubstr("is damaged"));
  std::filesystem::permissions(path(),
                               std::filesystem::perms::owner_all | std::filesystem::perms::group_read);
  EXPECT_THAT(message(), HasSubstr("chmod 0600"));
}

TEST_F(Tokens, RefusedByHighLevelAreRenewedButNotSpentOneByOne) {
  store(given(here));
  DiaryShelf shelf(path());
  OAuthTokens tokens(settings(), shelf, clock);
  const std::string first = tokens.token().value();
  const std::string second = tokens.renew(first).value();
  EXPECT_NE(second, first);
  EXPECT_EQ(tokens.renew(second).value(), second) << "nothing better is to be had";
  clock.now += 600'000;
  EXPECT_NE(tokens.renew(second).value(), second);
}

TEST_F(Tokens, RefusedBecauseAnotherProcessRenewedThemAreReadAndNotRenewed) {
  model.switches().set("oauth.refresh_kills_access", "on");
  store(given(here));
  DiaryShelf shelf(path()), others(path());
  OAuthTokens tokens(settings(), shelf, clock), other(settings(), others, clock);
  const std::string first = tokens.token().value();
  const std::string second = other.renew(first).value();
  face.clear_counters();
  EXPECT_EQ(tokens.renew(first).value(), second);
  EXPECT_EQ(refreshes(), 0);
}

TEST_F(Tokens, OfACompanyAreExchangedForTheLocation) {
  store(given("", "oauth.write contacts.readonly"));
  face.clear_counters();
  DiaryShelf shelf(path());
  OAuthTokens tokens(settings(), shelf, clock);
  const std::string first = tokens.token().value();
  EXPECT_NE(first, stored().access);
  EXPECT_EQ(tokens.token().value(), first);
  EXPECT_EQ(asked("POST /oauth/locationToken"), 1);
  const std::string second = tokens.renew(first).value();
  EXPECT_NE(second, first);
  EXPECT_EQ(refreshes(), 0) << "the company's own token is good";
  face.end_access();
  EXPECT_NE(tokens.renew(second).value(), second);
  EXPECT_EQ(refreshes(), 1) << "the company's own token had ended as well";
  auto elsewhere = settings();
  elsewhere.location_id = "other";
  OAuthTokens wrong(elsewhere, shelf, clock);
  const auto none = wrong.token();
  ASSERT_FALSE(none);
  EXPECT_THAT(none.error().message, AllOf(HasSubstr("location other"), HasSubstr("not installed there")));
}

TEST_F(Tokens, AreInNoMessageWhateverTheEndpointAnswers) {
  using sim::FaultKind;
  for (const auto& [kind, status] : {std::pair{FaultKind::quoting, 400},
                                     {FaultKind::quoting, 401},
                                     {FaultKind::quoting, 403},
                                     {FaultKind::quoting, 404},
                                     {FaultKind::quoting, 422},
                                     {FaultKind::quoting, 502},
                                     {FaultKind::json_5xx, 500},
                                     {FaultKind::truncated, 0},
                                     {FaultKind::wrong_json, 0},
                                     {FaultKind::lost_after, 0},
                                     {FaultKind::too_many, 0}}) {
    const OAuthPair pair = expired();
    http.add_fault({.kind = kind, .method = "", .path_has = "/oauth/token", .times = -1, .param = status});
    DiaryShelf shelf(path());
    OAuthTokens tokens(settings(), shelf, clock);
    const auto none = tokens.token();
    OAuthEndpoint endpoint(place(), clock);  // what `tandem auth` prints
    const auto refused = endpoint.refresh(pair);
    http.clear_faults();
    http.add_fault(
        {.kind = kind, .method = "", .path_has = "/oauth/locationToken", .times = -1, .param = status});
    const auto no_exchange = endpoint.location_token(pair, here);
    http.clear_faults();
    ASSERT_FALSE(none) << name_of(kind) << status;
    ASSERT_FALSE(refused) << name_of(kind) << status;
    ASSERT_FALSE(no_exchange) << name_of(kind) << status;
    std::string said;
    for (const Error& error : {none.error(), refused.error(), no_exchange.error()})
      said += error.message + error.remote_words;
    EXPECT_THAT(none.error().fault, AnyOf(Fault::transient, Fault::unauthorised, Fault::rate_limited));
    for (const std::string& secret : {pair.access, pair.refresh, face.oauth().client_secret})
      EXPECT_THAT(said, Not(HasSubstr(secret))) << name_of(kind) << status;
  }
}

TEST_F(Tokens, AreNotRenewedAnyMoreWhenAskedToStop) {
  expired();
  auto stopped = settings();
  stopped.stop_requested = [] { return true; };
  DiaryShelf shelf(path());
  OAuthTokens tokens(stopped, shelf, clock);
  EXPECT_FALSE(tokens.token());
  EXPECT_EQ(refreshes(), 0);
}

TEST(OAuth, RenewalIsDueInTheLastTwentiethButNeverMoreThanFiveMinutesBefore) {
  EXPECT_EQ(renewal_due_ms(0, 86'399'000), 86'399'000 - 300'000);
  EXPECT_EQ(renewal_due_ms(0, 3'600'000), 3'600'000 - 180'000);
  EXPECT_EQ(renewal_due_ms(0, 300'000), 300'000 - 30'000);
  EXPECT_EQ(renewal_due_ms(0, 4'000), 3'000) << "a short life is not all due time";
}

TEST(OAuth, CredentialWithAColonIsAClient) {
  EXPECT_FALSE(oauth_client("pit-1234"));
  EXPECT_EQ(oauth_client("id-1:secret")->id, "id-1");
  EXPECT_EQ(oauth_client("id-1:sec:ret")->secret, "sec:ret");
}

TEST(OAuth, WhatTheBrowserBroughtIsReadFromAnAddressAQueryOrABareCode) {
  using Values = std::map<std::string, std::string>;
  EXPECT_EQ(brought_back("https://x.example/back?code=a%2Bb&state=s#top"),
            (Values{{"code", "a+b"}, {"state", "s"}}));
  EXPECT_EQ(brought_back("/back?error=access_denied"), (Values{{"error", "access_denied"}}));
  EXPECT_EQ(brought_back("  abc \r\n"), (Values{{"code", "abc"}}));
  EXPECT_EQ(brought_back(" \n"), Values{});
}

TEST(OAuth, AddressAsksForWhatTandemNeeds) {
  EXPECT_EQ(
      authorise_address("https://m.example", "id", "http://localhost:1/a", true, "s"),
      "https://m.example/v2/oauth/chooselocation?response_type=code&client_id=id&redirect_uri=http%3A%2F%2F"
      "localhost%3A1%2Fa&scope=contacts.readonly%20contacts.write%20locations.readonly%20locations%2F"
      "customFields.readonly%20oauth.readonly%20oauth.write&state=s");
}
}  // namespace
}  // namespace tandem::highlevel
