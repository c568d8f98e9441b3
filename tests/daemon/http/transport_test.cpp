#include "daemon/http/transport.h"

#include <gtest/gtest.h>

#include <atomic>
#include <set>

#include "daemon/http/rate_gate.h"
#include "tests/daemon/http/scripted_server.h"
#include "tests/daemon/http/step_clock.h"

namespace tandem::http {
namespace {
using test::Reply;
using test::ScriptedServer;
using test::Seen;
using test::StepClock;

struct TransportTest : testing::Test {
  StepClock clock;
  RateGate gate{Budget{}};

  Settings settings_for(const ScriptedServer& server) {
    Settings s;
    s.base_url = server.base_url();
    s.headers = {"Authorization: Bearer secret", "User-Agent: tester/1"};
    s.request_timeout_ms = 5'000;
    return s;
  }
};

Request effect(std::string method, bool repeatable, std::string path = "/things/7?token=hidden") {
  Request r;
  r.method = std::move(method);
  r.path = std::move(path);
  r.body = "{\"a\":1}";
  r.headers = {"Content-Type: application/json"};
  r.effect = true;
  r.repeatable = repeatable;
  return r;
}
Request get(std::string path) {
  Request r;
  r.path = std::move(path);
  return r;
}

TEST_F(TransportTest, OneConnectionServesRequestsOneAfterAnother) {
  ScriptedServer server([](const Seen&) { return Reply::json("{}"); });
  Transport transport(settings_for(server), gate, clock);
  for (int i = 0; i < 5; ++i) ASSERT_EQ(transport.send(get("/a"))->status, 200);
  const auto seen = server.seen();
  ASSERT_EQ(seen.size(), 5u);
  for (const auto& s : seen) EXPECT_EQ(s.connection, 0);
  EXPECT_EQ(transport.requests_sent(), 5);
}

TEST_F(TransportTest, EveryMethodCarriesItsHeadersAndItsBody) {
  ScriptedServer server([](const Seen&) { return Reply::json("{}"); });
  Transport transport(settings_for(server), gate, clock);
  for (const char* method : {"POST", "PUT", "DELETE"}) {
    ASSERT_TRUE(transport.send(effect(method, true)));
    const Seen s = server.seen().back();
    EXPECT_EQ(s.method, method);
    EXPECT_EQ(s.target, "/things/7?token=hidden");
    EXPECT_EQ(s.body, "{\"a\":1}");
    EXPECT_EQ(s.headers.at("content-type"), "application/json");
    EXPECT_EQ(s.headers.at("authorization"), "Bearer secret");
    EXPECT_EQ(s.headers.at("user-agent"), "tester/1");
    EXPECT_FALSE(s.headers.contains("expect"));
  }
  ASSERT_TRUE(transport.send(get("/after")));
  const Seen after = server.seen().back();
  EXPECT_EQ(after.method, "GET");
  EXPECT_EQ(after.body, "");
  EXPECT_FALSE(after.headers.contains("content-type")) << "headers of another request linger";
  EXPECT_NE(after.headers.at("accept-encoding").find("gzip"), std::string::npos);

  Request bare;
  bare.method = "DELETE";
  bare.path = "/x";
  bare.effect = bare.repeatable = true;
  ASSERT_TRUE(transport.send(bare));
  EXPECT_EQ(server.seen().back().method, "DELETE");
  EXPECT_EQ(server.seen().back().body, "");
}

TEST_F(TransportTest, ARotatedCredentialIsUsedFromTheNextRequestOn) {
  ScriptedServer server([](const Seen&) { return Reply::json("{}"); });
  Transport transport(settings_for(server), gate, clock);
  ASSERT_TRUE(transport.send(get("/a")));
  transport.set_headers({"Authorization: Bearer fresh"});
  ASSERT_TRUE(transport.send(get("/b")));
  EXPECT_EQ(server.seen().back().headers.at("authorization"), "Bearer fresh");
}

TEST_F(TransportTest, HeadersOfAnAnswerHaveLowerCaseNames) {
  ScriptedServer server([](const Seen&) { return Reply::json("{}").with("X-RateLimit-Max", " 100 "); });
  Transport transport(settings_for(server), gate, clock);
  const auto answer = transport.send(get("/a"));
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->headers.at("x-ratelimit-max"), "100");
}

TEST_F(TransportTest, AGzippedAnswerIsUnpacked) {
  const unsigned char packed[] = {0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x03, 0xab, 0x56,
                                  0x2a, 0x48, 0x4c, 0xce, 0x4e, 0x4d, 0x51, 0xb2, 0x2a, 0x29, 0x2a, 0x4d,
                                  0xad, 0x05, 0x00, 0x89, 0xe0, 0xb5, 0xdc, 0x0f, 0x00, 0x00, 0x00};
  ScriptedServer server([&](const Seen&) {
    return Reply::json(std::string(reinterpret_cast<const char*>(packed), sizeof packed))
        .with("Content-Encoding", "gzip");
  });
  Transport transport(settings_for(server), gate, clock);
  const auto answer = transport.send(get("/a"));
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer->body, "{\"packed\":true}");
}

TEST_F(TransportTest, AnAnswerBeyondTheBoundIsMalformedAndAnEffectIsInDoubt) {
  ScriptedServer server([](const Seen&) { return Reply::json(std::string(2'000, 'x')); });
  auto settings = settings_for(server);
  settings.body_max = 1'999;
  Transport tight(settings, gate, clock);
  EXPECT_EQ(tight.send(get("/a")).error().fault, Fault::malformed);
  EXPECT_EQ(tight.send(effect("PUT", true)).error().fault, Fault::ambiguous);
  EXPECT_EQ(server.seen().size(), 2u) << "asking again does not make it smaller";
  settings.body_max = 2'000;
  Transport roomy(settings, gate, clock);
  EXPECT_TRUE(roomy.send(get("/a")));
}

TEST_F(TransportTest, HeadersWithoutEndAreMalformedToo) {
  ScriptedServer server([](const Seen&) {
    Reply reply = Reply::json("{}");
    for (int i = 0; i < 10; ++i) reply.with("X-Long-" + std::to_string(i), std::string(10'000, 'x'));
    return reply;
  });
  Transport transport(settings_for(server), gate, clock);
  EXPECT_EQ(transport.send(get("/a")).error().fault, Fault::malformed);
}

TEST_F(TransportTest, ARedirectIsAnAnswerAndTheCredentialStaysHere) {
  ScriptedServer elsewhere([](const Seen&) { return Reply::json("{}"); });
  ScriptedServer server(
      [&](const Seen&) { return Reply::json("", 302).with("Location", elsewhere.base_url() + "/trap"); });
  Transport transport(settings_for(server), gate, clock);
  EXPECT_EQ(transport.send(get("/a"))->status, 302);
  EXPECT_EQ(elsewhere.seen().size(), 0u);
}

TEST(BaseUrl, PlainHttpIsForLoopbackOnly) {
  const struct {
    const char* url;
    bool allowed;
  } cases[] = {
      {"https://services.leadconnectorhq.com", true},
      {"https://api.example.org/api/v1", true},
      {"http://127.0.0.1:80", true},
      {"http://127.9.9.9", true},
      {"http://localhost:8080", true},
      {"http://[::1]:80", true},
      {"http://example.org", false},
      {"http://10.0.0.1", false},
      {"http://127.0.0.1.example.org", false},
      {"http://localhost.example.org", false},
      {"http://[::2]", false},
      {"ftp://127.0.0.1", false},
      {"https://user:pw@example.org", false},
      {"https://example.org?x=1", false},
      {"example.org", false},
      {"", false},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.url);
    std::string why;
    EXPECT_EQ(is_allowed_base_url(c.url, &why), c.allowed);
    EXPECT_EQ(why.empty(), c.allowed);
  }
}

TEST_F(TransportTest, ARefusedBaseUrlSendsNothing) {
  Settings settings;
  settings.base_url = "http://192.0.2.1";
  Transport transport(settings, gate, clock);
  const auto answer = transport.send(get("/a"));
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().fault, Fault::unauthorised);
  EXPECT_EQ(transport.requests_sent(), 0);
}

TEST(Encoding, AQueryValueKeepsOnlyWhatNeedsNoEscape) {
  EXPECT_EQ(encode("+1 (312)"), "%2B1%20%28312%29");
  EXPECT_EQ(encode("a-b.c_d~E9"), "a-b.c_d~E9");
  EXPECT_EQ(encode("\xC3\xA9&="), "%C3%A9%26%3D");
}

TEST_F(TransportTest, AReadIsTriedAgainAfterAServerErrorAndPausesInBetween) {
  int calls = 0;
  ScriptedServer server([&](const Seen&) { return Reply::json("<html>", ++calls < 3 ? 502 : 200); });
  Transport transport(settings_for(server), gate, clock);
  EXPECT_EQ(transport.send(get("/a"))->status, 200);
  EXPECT_EQ(calls, 3);
  ASSERT_EQ(clock.naps.size(), 2u);
  EXPECT_GE(clock.naps[0], 250);
  EXPECT_LE(clock.naps[0], 500);
  EXPECT_GE(clock.naps[1], 500);
  EXPECT_LE(clock.naps[1], 1'000);
}

TEST_F(TransportTest, AServerErrorThatStaysIsTheAnswer) {
  ScriptedServer server([](const Seen&) { return Reply::json("no", 503); });
  Transport transport(settings_for(server), gate, clock);
  EXPECT_EQ(transport.send(get("/a"))->status, 503);
  EXPECT_EQ(server.seen().size(), 3u);
}

TEST_F(TransportTest, AServerErrorOfACreateIsNeverSentTwice) {
  ScriptedServer server([](const Seen&) { return Reply::json("no", 500); });
  Transport transport(settings_for(server), gate, clock);
  EXPECT_EQ(transport.send(effect("POST", false))->status, 500);
  EXPECT_EQ(server.seen().size(), 1u);
  EXPECT_EQ(transport.send(effect("PUT", true))->status, 500);
  EXPECT_EQ(server.count("PUT"), 3) << "what may be repeated is";
}

TEST_F(TransportTest, ALostAnswerIsAskedForAgainOnlyWhereThatIsSafe) {
  ScriptedServer server([](const Seen&) { return Reply::hang_up(); });
  Transport transport(settings_for(server), gate, clock);
  EXPECT_EQ(transport.send(get("/a")).error().fault, Fault::transient);
  EXPECT_EQ(server.count("GET"), 3);
  EXPECT_EQ(transport.send(effect("PUT", true)).error().fault, Fault::ambiguous);
  EXPECT_EQ(server.count("PUT"), 3);
  EXPECT_EQ(transport.send(effect("POST", false)).error().fault, Fault::ambiguous);
  EXPECT_EQ(server.count("POST"), 1);
}

// libcurl itself repeats a request whose kept-alive connection dies without a byte of answer. For a
// create that would make two contacts.
TEST_F(TransportTest, ACreateOnAConnectionThatDiesIsNotRepeatedByTheLibraryEither) {
  ScriptedServer server(
      [](const Seen& s) { return s.method == "POST" ? Reply::hang_up() : Reply::json("{}"); });
  Transport transport(settings_for(server), gate, clock);
  ASSERT_TRUE(transport.send(get("/warm")));
  const auto answer = transport.send(effect("POST", false));
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().fault, Fault::ambiguous);
  EXPECT_EQ(server.count("POST"), 1);
  EXPECT_EQ(server.seen().back().connection, 0) << "the case at hand: the connection was in use before";
}

TEST_F(TransportTest, ARepeatByTheLibraryDrawsOnTheBudgetToo) {
  ScriptedServer server([](const Seen& s) {
    return s.connection == 0 && s.target == "/b" ? Reply::hang_up() : Reply::json("{}");
  });
  RateGate small{Budget{3, 10'000, 0, 0}};
  Transport transport(settings_for(server), small, clock);
  ASSERT_TRUE(transport.send(get("/a")));
  ASSERT_TRUE(transport.send(get("/b")));
  EXPECT_EQ(server.seen().size(), 3u);
  EXPECT_EQ(transport.requests_sent(), 3);
  EXPECT_NE(small.admit(clock.now), 0) << "three calls were made, three are counted";
}

TEST_F(TransportTest, ACutAnswerIsNoAnswer) {
  ScriptedServer server([](const Seen&) {
    Reply r;
    r.end = Reply::End::cut_short;
    return r;
  });
  Transport transport(settings_for(server), gate, clock);
  EXPECT_EQ(transport.send(get("/a")).error().fault, Fault::transient);
  EXPECT_EQ(transport.send(effect("POST", false)).error().fault, Fault::ambiguous);
  EXPECT_EQ(server.count("POST"), 1);
}

TEST_F(TransportTest, WhatNeverLeftIsTransientEvenForACreate) {
  Settings settings;
  {
    ScriptedServer gone([](const Seen&) { return Reply::json("{}"); });
    settings = settings_for(gone);
  }
  Transport transport(settings, gate, clock);
  EXPECT_EQ(transport.send(effect("POST", false)).error().fault, Fault::transient);
  EXPECT_EQ(clock.naps.size(), 2u) << "and is tried again, for nothing was sent";
  EXPECT_EQ(transport.requests_sent(), 0);
}

TEST_F(TransportTest, SilenceEndsWithTheTimeOut) {
  ScriptedServer server([](const Seen&) { return Reply::silence(); });
  auto settings = settings_for(server);
  settings.request_timeout_ms = 150;
  settings.read_attempts = 1;
  Transport transport(settings, gate, clock);
  EXPECT_EQ(transport.send(get("/a")).error().fault, Fault::transient);
  EXPECT_EQ(transport.send(effect("POST", false)).error().fault, Fault::ambiguous);
}

TEST_F(TransportTest, TooManyRequestsWaitsAsLongAsItIsToldAndTriesAgain) {
  int calls = 0;
  ScriptedServer server([&](const Seen&) {
    return ++calls == 1 ? Reply::json("{}", 429).with("Retry-After", "7") : Reply::json("{}", 201);
  });
  Transport transport(settings_for(server), gate, clock);
  const std::int64_t before = clock.now;
  EXPECT_EQ(transport.send(effect("POST", false))->status, 201) << "a refused create was not made";
  EXPECT_EQ(calls, 2);
  EXPECT_GE(clock.now, before + 7'000);
}

TEST_F(TransportTest, BeingHeldBackUsesUpNoAttempt) {
  int calls = 0;
  ScriptedServer server([&](const Seen&) {
    ++calls;
    if (calls <= 3) return Reply::json("{}", 429).with("Retry-After", "1");
    return Reply::json("{}", calls < 6 ? 502 : 200);
  });
  Transport transport(settings_for(server), gate, clock);
  EXPECT_EQ(transport.send(get("/a"))->status, 200);
}

TEST_F(TransportTest, TooManyRequestsBeyondPatienceIsGivenBackWithItsTime) {
  ScriptedServer server([&](const Seen&) { return Reply::json("{}", 429).with("Retry-After", "60"); });
  Transport transport(settings_for(server), gate, clock);
  const auto answer = transport.send(effect("POST", false));
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().fault, Fault::rate_limited);
  EXPECT_EQ(answer.error().retry_at_ms, clock.now + 60'000);
  EXPECT_EQ(server.seen().size(), 1u);
  EXPECT_EQ(transport.send(get("/b")).error().fault, Fault::rate_limited);
  EXPECT_EQ(server.seen().size(), 1u) << "the gate is shut for everybody";
  transport.set_patience_ms(90'000);
  EXPECT_EQ(transport.send(get("/b")).error().fault, Fault::rate_limited)
      << "it asks once, and is sent away again";
  EXPECT_EQ(server.seen().size(), 2u);
}

TEST_F(TransportTest, AWriteThatMayBeDoneStaysInDoubtWhenItsRepeatIsHeldBack) {
  int calls = 0;
  ScriptedServer server([&](const Seen&) {
    return ++calls == 1 ? Reply::hang_up() : Reply::json("{}", 429).with("Retry-After", "3600");
  });
  Transport transport(settings_for(server), gate, clock);
  EXPECT_EQ(transport.send(effect("PUT", true)).error().fault, Fault::ambiguous);
}

TEST_F(TransportTest, ABudgetThatIsUsedUpHoldsTheNextRequestBack) {
  ScriptedServer server([](const Seen&) { return Reply::json("{}"); });
  RateGate small{Budget{2, 10'000, 0, 0}};
  Transport transport(settings_for(server), small, clock);
  const std::vector<Request> three(3, get("/a"));
  for (const auto& answer : transport.send_all(three)) EXPECT_TRUE(answer);
  ASSERT_EQ(clock.naps.size(), 1u);
  EXPECT_GE(clock.naps[0], 10'000);
}

TEST_F(TransportTest, AskedToStopItSendsNothingMore) {
  ScriptedServer server([](const Seen&) { return Reply::json("no", 502); });
  Transport transport(settings_for(server), gate, clock);
  clock.stop = true;
  EXPECT_EQ(transport.send(get("/a")).error().fault, Fault::transient);
  EXPECT_EQ(server.seen().size(), 1u);
}

TEST_F(TransportTest, WhenTheServiceStopsWhatIsUnderWayIsNotWaitedForLong) {
  std::atomic<bool> stop{false};
  ScriptedServer server([&](const Seen&) {
    stop = true;
    return Reply::silence();
  });
  test::TickClock ticking;
  auto settings = settings_for(server);
  settings.request_timeout_ms = 3'600'000;
  settings.in_flight = 2;
  settings.stop_requested = [&] { return stop.load(); };
  Transport transport(settings, gate, ticking);
  const std::vector<Request> requests{get("/a"), effect("PUT", true), get("/c")};
  const auto answers = transport.send_all(requests);
  EXPECT_EQ(answers[0].error().fault, Fault::transient);
  EXPECT_EQ(answers[1].error().fault, Fault::ambiguous) << "it may have been done";
  EXPECT_NE(answers[1].error().message.find("it may have been done"), std::string::npos);
  EXPECT_EQ(answers[2].error().fault, Fault::transient);
  EXPECT_EQ(server.count("GET", "/c"), 0) << "nothing new is sent";
  EXPECT_FALSE(transport.send(get("/d")));
  EXPECT_EQ(server.count("GET", "/d"), 0);
}

TEST_F(TransportTest, WhatIsUnderWayMayStillFinishWhenTheServiceStops) {
  std::atomic<bool> stop{false};
  ScriptedServer server([&](const Seen&) {
    stop = true;
    return Reply::json("{}", 201);
  });
  auto settings = settings_for(server);
  settings.stop_requested = [&] { return stop.load(); };
  Transport transport(settings, gate, clock);
  EXPECT_EQ(transport.send(effect("POST", false))->status, 201);
}

TEST_F(TransportTest, RequestsOverlapAndKeepTheirOrder) {
  ScriptedServer server([](const Seen& s) { return Reply::json("\"" + s.target + "\""); });
  auto settings = settings_for(server);
  settings.in_flight = 3;
  Transport transport(settings, gate, clock);
  std::vector<Request> requests;
  for (int i = 0; i < 20; ++i) requests.push_back(get("/" + std::to_string(i)));
  const auto answers = transport.send_all(requests);
  ASSERT_EQ(answers.size(), 20u);
  for (std::size_t i = 0; i < 20; ++i) EXPECT_EQ(answers[i]->body, "\"/" + std::to_string(i) + "\"");
  std::set<int> connections;
  for (const auto& s : server.seen()) connections.insert(s.connection);
  EXPECT_EQ(connections.size(), 3u) << "as many at once as allowed, no more";
}

TEST_F(TransportTest, OneFailureLeavesTheOthersAlone) {
  ScriptedServer server(
      [](const Seen& s) { return s.target == "/bad" ? Reply::hang_up() : Reply::json("{}"); });
  Transport transport(settings_for(server), gate, clock);
  const std::vector<Request> requests{get("/a"), get("/bad"), get("/c")};
  const auto answers = transport.send_all(requests);
  EXPECT_TRUE(answers[0]);
  EXPECT_FALSE(answers[1]);
  EXPECT_TRUE(answers[2]);
}

TEST_F(TransportTest, AMessageNamesRouteAndHostAndNothingOfTheQueryOrTheBody) {
  ScriptedServer server([](const Seen&) { return Reply::hang_up(); });
  Transport transport(settings_for(server), gate, clock);
  const std::string message = transport.send(effect("POST", false)).error().message;
  EXPECT_NE(message.find("POST /things/7 at 127.0.0.1"), std::string::npos) << message;
  EXPECT_EQ(message.find("hidden"), std::string::npos);
  EXPECT_EQ(message.find("secret"), std::string::npos);
}
}  // namespace
}  // namespace tandem::http
