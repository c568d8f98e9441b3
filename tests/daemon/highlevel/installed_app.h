// A simulated location with an OAuth app installed in it, under a clock that the test moves, and the
// file that keeps its tokens.
#pragma once
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "daemon/highlevel/oauth_tokens.h"
#include "storage/file/secret_file.h"
#include "tests/sim/highlevel_face.h"
#include "tests/sim/http_face.h"

namespace tandem::test {

// Sleepers only let others go first: the time is the test's.
class SharedClock final : public Clock {
 public:
  std::atomic<std::int64_t> now{1'795'000'000'000};
  std::int64_t now_ms() override { return now; }
  void sleep_until_ms(std::int64_t) override { std::this_thread::yield(); }
};

// A file, with a diary, and a place where a test may step in.
class DiaryShelf final : public highlevel::TokenShelf {
 public:
  std::vector<std::string>* diary = nullptr;
  std::function<Result<void>(const std::string& what)> before;  // an error is what happens instead

  explicit DiaryShelf(std::string path) : file_(std::move(path)) {}
  Result<std::string> read() override { return file_.read(); }
  Result<bool> try_lock() override {
    auto locked = file_.try_lock();
    if (locked && *locked) (void)note("lock");
    return locked;
  }
  void unlock() override { file_.unlock(); }
  Result<void> reserve() override {
    if (auto in_between = note("reserve"); !in_between) return in_between;
    return file_.reserve();
  }
  Result<void> replace(std::string_view content) override {
    if (auto in_between = note("replace"); !in_between) return in_between;
    return file_.replace(content);
  }

 private:
  Result<void> note(const std::string& what) {
    if (diary != nullptr) diary->push_back(what);
    return before ? before(what) : Result<void>{};
  }
  SecretFile file_;
};

class InstalledApp : public testing::Test {
 protected:
  static constexpr std::int64_t kLifeMs = 86'399'000;

  SharedClock clock;
  sim::HighLevelModel model{7, [this] { return clock.now.load(); }};
  sim::HighLevelFace face{model};
  std::vector<std::string> diary;  // of the shelf and of the requests
  sim::HttpFace http{[this](const sim::HttpRequest& r) {
                       diary.push_back(r.method + " " + r.path);
                       return face.handle(r);
                     },
                     {}};
  std::string here = model.location().id;
  std::filesystem::path folder;
  std::string base_url;

  void SetUp() override {
    std::string name = (std::filesystem::temp_directory_path() / "tandem-oauth-XXXXXX").string();
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    folder = name;
    model.switches().set("quota", "off");
    http.start(0);
    base_url = http.base_url();
  }
  void TearDown() override {
    http.stop();
    std::filesystem::remove_all(folder);
  }

  std::string path() const { return (folder / "acme.highlevel-token").string(); }
  highlevel::OAuthPlace place() {
    return {base_url, "", "2021-07-28", {face.oauth().client_id, face.oauth().client_secret}};
  }
  highlevel::OAuthTokens::Settings settings() { return {place(), here, "acme", {}}; }

  highlevel::OAuthPair given(const std::string& location_id, const std::string& scope = "") {
    face.oauth().codes["a-code"] = {location_id, scope, "", 0};
    highlevel::OAuthEndpoint endpoint(place(), clock);
    auto pair = endpoint.exchange("a-code", "http://localhost/", location_id.empty());
    EXPECT_TRUE(pair) << pair.error().message;
    return pair ? *pair : highlevel::OAuthPair{};
  }
  void store(const highlevel::OAuthPair& pair) {
    SecretFile file(path());
    ASSERT_TRUE(file.try_lock().value());
    ASSERT_TRUE(file.replace(highlevel::to_json(pair)));
  }
  highlevel::OAuthPair stored() {
    const auto pair = highlevel::pair_from(SecretFile(path()).read().value());
    EXPECT_TRUE(pair);
    return pair.value_or(highlevel::OAuthPair{});
  }
  // Installed in the location a while ago: its access token is due.
  highlevel::OAuthPair due() {
    const auto pair = given(here);
    store(pair);
    clock.now += kLifeMs - 60'000;
    diary.clear();
    face.clear_counters();
    return pair;
  }
  highlevel::OAuthPair expired() {
    const auto pair = due();
    clock.now += 120'000;
    return pair;
  }
  std::int64_t asked(const std::string& route) {
    const auto found = face.counters().find(route);
    return found == face.counters().end() ? 0 : found->second;
  }
  std::int64_t refreshes() { return asked("POST /oauth/token"); }
  void lose(sim::FaultKind kind, int times = 1) {
    http.add_fault({.kind = kind, .method = "POST", .path_has = "/oauth/token", .times = times});
  }
};
}  // namespace tandem::test
