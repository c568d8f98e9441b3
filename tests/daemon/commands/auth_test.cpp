// `tandem auth highlevel` and what follows from it, as a person and a browser would do it.
#include <arpa/inet.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <rapidjson/document.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include <csignal>
#include <filesystem>
#include <fstream>
#include "daemon/commands/redirect_listener.h"
#include "daemon/commands/wall_clock.h"
#include "daemon/http/rate_gate.h"
#include "daemon/http/transport.h"
#include "tests/daemon/commands/simulated.h"

namespace tandem::test {
namespace {
using ::testing::HasSubstr;
using ::testing::Not;

int free_port() {
  const int one = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  ::bind(one, reinterpret_cast<sockaddr*>(&address), sizeof address);
  ::getsockname(one, reinterpret_cast<sockaddr*>(&address), &size);
  ::close(one);
  return ntohs(address.sin_port);
}

class Auth : public Simulated {
 protected:
  void SetUp() override {
    start_simulators({"--people", people_, "--seed", "5"});
    rapidjson::Document ports;
    ports.Parse(simulators_->out().c_str());
    client_ = ports["highlevel"]["oauth_client"].GetString();
    folder_.put("hl", client_);
    configure("first_run = \"auto\"\n");
    std::ifstream in(folder_ / "tandem.toml");
    std::string text(std::istreambuf_iterator<char>(in), {});
    const std::string here = "[link.highlevel]\n";
    text.insert(text.find(here) + here.size(), "auth_url = \"" + highlevel_url_ + "\"\n");
    folder_.put("tandem.toml", text);
    back_ = fmt::format("http://127.0.0.1:{}/back", free_port());
  }
  static http::Answer get(const std::string& url) {
    const auto slash = url.find('/', std::string("http://").size());
    http::Settings settings;
    settings.base_url = url.substr(0, slash);
    settings.headers = {"User-Agent: Mozilla/5.0"};
    http::RateGate gate({});
    WallClock clock;
    http::Transport transport(std::move(settings), gate, clock);
    http::Request request;
    request.path = url.substr(slash);
    auto answer = transport.send(request);
    EXPECT_TRUE(answer) << url << ": " << answer.error().message;
    return answer ? *answer : http::Answer{};
  }
  Program begin(std::vector<std::string> more = {}) {
    std::vector<std::string> arguments{"auth", "highlevel", "--redirect-uri", back_};
    arguments.insert(arguments.end(), more.begin(), more.end());
    arguments = with_config(std::move(arguments));
    arguments.insert(arguments.begin(), TANDEM_PROGRAM);
    return Program(arguments, environment());
  }
  // Where the browser is sent after the choice.
  std::string choose(Program& auth) {
    EXPECT_TRUE(auth.says("Waiting for the browser")) << auth.err();
    const auto from = auth.out().find(highlevel_url_ + "/v2/oauth/chooselocation");
    const std::string address = auth.out().substr(from, auth.out().find('\n', from) - from);
    return get(address).headers["location"];
  }
  void authorise() {
    Program auth = begin();
    EXPECT_EQ(get(choose(auth)).status, 200);
    EXPECT_EQ(auth.wait(), 0) << auth.err();
    EXPECT_THAT(auth.out(), HasSubstr("authorised for sub-account " + location_));
  }
  std::string token_file() { return folder_ / "state/acme.highlevel-token"; }
  std::string kept() {
    std::ifstream in(token_file());
    return {std::istreambuf_iterator<char>(in), {}};
  }
  std::int64_t times(const std::string& route) {
    rapidjson::Document stats;
    stats.Parse(get(highlevel_url_ + "/_sim/stats").body.c_str());
    if (!stats.IsObject() || !stats["routes"].HasMember(route.c_str())) return 0;
    return stats["routes"][route.c_str()].GetInt64();
  }
  void make_due() {
    std::string text = kept();
    const auto from = text.find("\"expires_at_ms\":") + 16;
    text.replace(from, text.find(',', from) - from, "1");
    folder_.put("state/acme.highlevel-token", text);
  }
  void expect_no_secret(const std::string& said) {
    rapidjson::Document pair;
    pair.Parse(kept().c_str());
    for (const char* name : {"access_token", "refresh_token"})
      EXPECT_THAT(said, Not(HasSubstr(pair[name].GetString())));
    EXPECT_THAT(said, Not(HasSubstr(client_.substr(client_.find(':') + 1))));
  }

  std::string client_, back_, people_ = "3";
};

class AuthWithNobody : public Auth {  // whose cycles come to nothing but their own outcome
 protected:
  AuthWithNobody() { people_ = "0"; }
};

TEST_F(Auth, LeadsThroughTheBrowserKeepsThePairAndTheNextCycleUsesIt) {
  const Finished before = run({"once"});
  EXPECT_EQ(before.code, 77);
  EXPECT_THAT(before.err, HasSubstr("run `tandem auth highlevel --link acme`"));
  authorise();
  struct stat st {};
  ASSERT_EQ(stat(token_file().c_str(), &st), 0);
  EXPECT_EQ(st.st_mode & 07777u, 0600u);
  const Finished after = run({"once", "--verbose"});
  EXPECT_NE(after.code, 77) << after.err;
  EXPECT_THAT(after.out, Not(HasSubstr("unauthorised")));
  EXPECT_GT(times("POST /contacts/search 200"), 0);
  expect_no_secret(before.out + before.err + after.out + after.err);
}

TEST_F(Auth, TakesNobodysVisitForTheBrowsers) {
  Program auth = begin();
  const std::string target = choose(auth);
  EXPECT_EQ(get(back_.substr(0, back_.rfind('/')) + "/favicon.ico").status, 404);
  EXPECT_EQ(get(back_ + "?code=forged&state=forged").status, 400);
  EXPECT_EQ(get(back_ + "?code=forged").status, 400);
  EXPECT_FALSE(std::filesystem::exists(token_file()));
  EXPECT_EQ(get(target).status, 200) << "still waiting for the right one";
  EXPECT_EQ(auth.wait(), 0) << auth.err();
}

TEST_F(Auth, KeepsNothingOfAnotherLocationOrOfARefusal) {
  tell(Side::highlevel, "switches", R"({"oauth.chosen":"foreign"})");
  {
    Program auth = begin();
    (void)get(choose(auth));
    EXPECT_EQ(auth.wait(), 77);
    EXPECT_THAT(auth.err(), HasSubstr("link acme is configured for " + location_));
  }
  tell(Side::highlevel, "switches", R"({"oauth.chosen":"denied"})");
  {
    Program auth = begin();
    EXPECT_THAT(get(choose(auth)).body, HasSubstr("Access was not allowed"));
    EXPECT_EQ(auth.wait(), 77);
    EXPECT_THAT(auth.err(), HasSubstr("access was not allowed"));
  }
  EXPECT_FALSE(std::filesystem::exists(token_file()));
  EXPECT_FALSE(std::filesystem::exists(token_file() + ".new"));
}

TEST_F(Auth, ExchangesAnAgencysTokenForTheLocations) {
  tell(Side::highlevel, "switches", R"({"oauth.chosen":"company"})");
  Program auth = begin({"--agency"});
  EXPECT_EQ(get(choose(auth)).status, 200);
  EXPECT_EQ(auth.wait(), 0) << auth.err();
  EXPECT_EQ(run({"check", "--online"}).code, 0);
}

TEST_F(Auth, TakesACodeThatIsGivenOrPastedWithoutATerminal) {
  const std::string elsewhere = "https://agency.example/back";
  const auto code = [&] {
    const std::string target =
        get(highlevel_url_ + "/oauth/chooselocation?response_type=code&client_id=" +
            client_.substr(0, client_.find(':')) + "&redirect_uri=" + http::encode(elsewhere) +
            "&scope=contacts.readonly%20contacts.write%20locations.readonly%20locations%2FcustomFields."
            "readonly")
            .headers["location"];
    return target.substr(target.find("code=") + 5);
  };
  const Finished given = run({"auth", "highlevel", "--redirect-uri", elsewhere, "--code", code()});
  EXPECT_EQ(given.code, 0) << given.err;
  std::filesystem::remove(token_file());
  const Finished used = run({"auth", "highlevel", "--redirect-uri", elsewhere, "--code", "used"});
  EXPECT_EQ(used.code, 77);
  EXPECT_THAT(used.err, HasSubstr("A code can be used once"));
  EXPECT_FALSE(std::filesystem::exists(token_file()));
  Program pasted({"/bin/sh", "-c",
                  "printf '\\n" + elsewhere +
                      "?code=x&state=forged\\n%s\\n' \"$0\" | \"$1\" auth highlevel --config "
                      "\"$2\" --redirect-uri " +
                      elsewhere,
                  code(), TANDEM_PROGRAM, folder_ / "tandem.toml"},
                 environment());
  EXPECT_EQ(pasted.wait(), 0) << pasted.err();
  EXPECT_THAT(pasted.out(), HasSubstr("Not accepted: this does not belong to the address"));
  EXPECT_TRUE(std::filesystem::exists(token_file()));
}

TEST_F(Auth, SaysWhatIsNotGranted) {
  Program auth = begin();
  std::string target = choose(auth);  // and once more, for less
  target = get(highlevel_url_ + "/oauth/chooselocation?response_type=code&client_id=" +
               client_.substr(0, client_.find(':')) + "&redirect_uri=" + http::encode(back_) +
               "&scope=contacts.readonly&state=" + target.substr(target.find("state=") + 6))
               .headers["location"];
  EXPECT_EQ(get(target).status, 200);
  EXPECT_EQ(auth.wait(), 0) << auth.err();
  EXPECT_THAT(auth.out(), HasSubstr("note: not granted: contacts.write, locations.readonly, "));
}

TEST_F(Auth, FilesThatOthersCanReadAndWrongCredentialsAreConfigurationErrors) {
  authorise();
  std::filesystem::permissions(token_file(), std::filesystem::perms::group_read,
                               std::filesystem::perm_options::add);
  for (const char* command : {"once", "check"}) {
    const Finished open = run({command});
    EXPECT_EQ(open.code, 78);
    EXPECT_THAT(open.err + open.out, HasSubstr("acme.highlevel-token can be read by others; chmod 0600 it"));
  }
  folder_.put("hl", token_);
  const Finished needless = run({"auth", "highlevel"});
  EXPECT_EQ(needless.code, 78);
  EXPECT_THAT(needless.err, HasSubstr("needs no authorisation"));
  EXPECT_EQ(run({"auth", "ctm"}).code, 1);
}

TEST_F(Auth, TwoProcessesAtOnceSpendOneRefreshToken) {
  authorise();
  make_due();
  tell(Side::highlevel, "faults", R"({"kind":"stall","path_has":"/oauth/token","times":-1,"param":300})");
  const auto before = times("POST /oauth/token");
  auto arguments = with_config({"check", "--online"});
  arguments.insert(arguments.begin(), TANDEM_PROGRAM);
  Program one(arguments, environment()), other(arguments, environment());
  EXPECT_EQ(one.wait(), 0) << one.out();
  EXPECT_EQ(other.wait(), 0) << other.out();
  EXPECT_EQ(times("POST /oauth/token") - before, 1);
}

TEST_F(AuthWithNobody, RunningDaemonTakesUpAnInstallationAndRotatedCredentialsOfBothSidesOnHup) {
  folder_.put("hl", token_);
  auto arguments = with_config({"run", "--verbose"});
  arguments.insert(arguments.begin(), TANDEM_PROGRAM);
  Program daemon(arguments, environment());
  ASSERT_TRUE(daemon.says("full cycle 1:")) << daemon.err();
  const auto hup = [&](const std::string& then) {
    daemon.forget();
    daemon.signal(SIGHUP);
    ASSERT_TRUE(daemon.says("is in force")) << daemon.err();
    daemon.forget();
    ASSERT_TRUE(daemon.says(then)) << daemon.err();
  };
  folder_.put("hl", client_);
  hup("tandem auth highlevel");
  authorise();  // no HUP: it looks by itself
  daemon.forget();
  ASSERT_TRUE(daemon.says("converged")) << daemon.err();
  folder_.put("ctm", "a1wrong:s1wrong");
  hup("unauthorised");
  folder_.put("ctm", key_);
  hup("converged");
  daemon.signal(SIGTERM);
  EXPECT_EQ(daemon.wait(), 0);
  expect_no_secret(daemon.out() + daemon.err());
  EXPECT_THAT(daemon.err(), Not(HasSubstr("s1wrong")));
}

TEST(LoopbackUri, IsThisMachineWithoutTls) {
  EXPECT_EQ(loopback_uri("http://localhost:8643/oauth/callback?x=1")->path, "/oauth/callback");
  EXPECT_EQ(loopback_uri("http://localhost:8643/oauth/callback")->port, 8643);
  EXPECT_EQ(loopback_uri("http://127.0.0.1")->port, 80);
  EXPECT_TRUE(loopback_uri("http://[::1]:9/")->is_v6);
  for (const char* other : {"https://localhost/", "http://localhost.example/", "http://192.0.2.1/",
                            "http://localhost:x/", "http://localhost:0/", "localhost:80", ""}) {
    EXPECT_FALSE(loopback_uri(other)) << other;
  }
}
}  // namespace
}  // namespace tandem::test
