#include "daemon/ctm/ctm_activities.h"
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>
#include "daemon/ctm/ctm_bodies.h"
#include "daemon/ctm/ctm_replica.h"
#include "fake_ctm.h"

namespace tandem::ctm {
namespace {
constexpr std::int64_t kHour = 3'600, kDay = 86'400;

struct Bench {
  FakeCtm ctm;
  ManualClock clock{kNoon * 1000};
  CtmSettings settings = ctm.settings();
  std::unique_ptr<CtmReplica> replica;

  explicit Bench(ContactSurface surface = ContactSurface::activity) {
    settings.contact_surface = surface;
    restart();
  }
  void restart() { replica = std::make_unique<CtmReplica>(settings, clock); }

  struct Pass {
    std::vector<std::string> ids;  // as they came
    std::vector<Page> pages;
    std::string cursor;
    std::optional<Error> error;
    [[nodiscard]] std::set<std::string> distinct() const { return {ids.begin(), ids.end()}; }
  };
  Pass read(ReadKind kind, std::string cursor = "") {
    Pass pass;
    pass.cursor = std::move(cursor);
    for (int i = 0; i < 2'000; ++i) {
      auto page = replica->read_page(kind, pass.cursor);
      if (!page) {
        pass.error = page.error();
        return pass;
      }
      for (const Evidence& e : page->evidence) pass.ids.push_back(e.source.id);
      pass.cursor = page->next;
      pass.pages.push_back(std::move(*page));
      if (!pass.pages.back().more) return pass;
    }
    ADD_FAILURE() << "the reading never ends";
    return pass;
  }
  [[nodiscard]] std::set<std::string> all_ids() const {
    std::set<std::string> out;
    for (const FakeCall& call : ctm.calls) out.insert(std::to_string(call.id));
    return out;
  }
};

std::string call_id(std::int64_t n) { return std::to_string(n); }

TEST(CtmActivities, TheFirstReadingGoesBackAYearAndTheNextOnlyTheOverlap) {
  Bench b;
  for (int day = 0; day < 400; day += 10)
    b.ctm.calls.push_back({1'000 + day, kNoon - day * kDay, "+13125550123", ""});
  const auto first = b.read(ReadKind::delta);
  EXPECT_TRUE(first.distinct().contains(call_id(1'360)));
  EXPECT_FALSE(first.distinct().contains(call_id(1'380)));
  EXPECT_EQ(first.pages.back().high_water_ms, kNoon * 1000);
  b.clock.pass(kHour * 1000);
  b.ctm.calls.push_back({5'000, kNoon + 60, "+13125550124", ""});
  b.ctm.calls.push_back({5'001, kNoon - kDay, "+13125550125", ""});  // arrived late
  b.ctm.forget();
  const auto second = b.read(ReadKind::delta, first.cursor);
  EXPECT_TRUE(second.distinct().contains("5000"));
  EXPECT_TRUE(second.distinct().contains("5001")) << "late data lies within the overlap";
  EXPECT_FALSE(second.distinct().contains(call_id(1'010)));
  const auto asked = b.ctm.asked("GET", "/calls?");
  ASSERT_FALSE(asked.empty());
  EXPECT_NE(asked.front().path.find("start_date=2026-11-17"), std::string::npos) << asked.front().path;
  EXPECT_EQ(asked.front().path.find("end_date"), std::string::npos)
      << "our clock must not cut off what is new";
}

TEST(CtmActivities, AFullReadingGoesBackToTheHorizonAgain) {
  Bench b;
  b.ctm.calls.push_back({1, kNoon - 300 * kDay, "+13125550123", ""});
  b.ctm.calls.push_back({2, kNoon, "+13125550123", ""});
  const auto first = b.read(ReadKind::delta);
  EXPECT_EQ(b.read(ReadKind::full, first.cursor).distinct(), b.all_ids());
}

TEST(CtmActivities, FollowsEveryFormOfNextPage) {
  for (const char* form : {"url", "page", "unsaid"}) {
    Bench b;
    b.ctm.next_form = form;
    for (int i = 0; i < 250; ++i) b.ctm.calls.push_back({i + 1, kNoon - i, "+13125550123", ""});
    const auto pass = b.read(ReadKind::delta);
    EXPECT_EQ(pass.ids.size(), 250U) << form;
    EXPECT_EQ(pass.distinct(), b.all_ids()) << form;
    EXPECT_EQ(b.ctm.asked("GET", "/calls?").size(), 3U) << form;
  }
}

TEST(CtmActivities, MoreThanAQueryReachesIsReadDayByDay) {
  Bench b;
  b.ctm.calls_reach = 200;
  for (int i = 0; i < 700; ++i) b.ctm.calls.push_back({i + 1, kNoon - i * 3 * kHour, "+13125550123", ""});
  const auto pass = b.read(ReadKind::delta);
  EXPECT_FALSE(pass.error);
  EXPECT_EQ(pass.distinct(), b.all_ids());
}

TEST(CtmActivities, ARefusalBeyondTheReachIsReadDayByDayToo) {
  Bench b;
  for (int i = 0; i < 500; ++i) b.ctm.calls.push_back({i + 1, kNoon - i * 3 * kHour, "+13125550123", ""});
  b.ctm.instead = [](const Asked& a) -> std::optional<Said> {
    if (a.path.starts_with("/calls?") && a.path.ends_with("page=3"))
      return Said{400, R"({"error":"window too large"})"};
    return std::nullopt;
  };
  const auto pass = b.read(ReadKind::delta);
  EXPECT_FALSE(pass.error);
  EXPECT_EQ(pass.distinct(), b.all_ids());
}

TEST(CtmActivities, PagesSmallerThanAskedLoseNothing) {
  Bench b;
  // The server cuts the page at 40 but starts the next one where a page of 100 would.
  for (int i = 0; i < 180; ++i) b.ctm.calls.push_back({i + 1, kNoon - i, "+13125550123", ""});
  b.ctm.instead = [&b](const Asked& a) -> std::optional<Said> {
    if (!a.path.starts_with("/calls?") || a.path.find("per_page=100") == a.path.npos) return std::nullopt;
    const bool second = a.path.ends_with("page=2");
    std::string calls;
    for (int i = second ? 100 : 0; i < (second ? 140 : 40); ++i) {
      calls += fmt::format(R"({}{{"id":{},"unix_time":{},"caller_number":"+13125550123"}})",
                           calls.empty() ? "" : ",", i + 1, kNoon - i);
    }
    return Said{
        200,
        fmt::format(R"({{"calls":[{}],"page":{},"total_entries":180,"next_page":{}}})", calls, second ? 2 : 1,
                    second ? "null"
                           : "\"" + b.ctm.url() +
                                 "/api/v1/accounts/7/calls?start_date=2025-01-01&per_page=100&page=2\"")};
  };
  EXPECT_EQ(b.read(ReadKind::delta).distinct(), b.all_ids());
  EXPECT_EQ(b.replica->learned().at("calls_page"), "40");
}

TEST(CtmActivities, NewCallsThatShiftPagesAreNeitherLostNorRepeated) {
  Bench b;
  for (int i = 0; i < 300; ++i) b.ctm.calls.push_back({i + 1, kNoon - i, "+13125550123", ""});
  int pages = 0;
  b.ctm.instead = [&](const Asked& a) -> std::optional<Said> {
    if (a.path.starts_with("/calls?") && ++pages == 2) {
      for (int i = 0; i < 7; ++i) b.ctm.calls.push_back({900 + i, kNoon + 1 + i, "+13125550124", ""});
    }
    return std::nullopt;
  };
  const auto first = b.read(ReadKind::delta);
  EXPECT_EQ(first.ids.size(), first.distinct().size());
  EXPECT_EQ(first.distinct().size(), 300U);
  EXPECT_EQ(b.read(ReadKind::delta, first.cursor).distinct(), b.all_ids());
}

TEST(CtmActivities, ARepeatedPageIsReadAgainAndRefusedWhenItStays) {
  Bench b;
  for (int i = 0; i < 250; ++i) b.ctm.calls.push_back({i + 1, kNoon - i, "+13125550123", ""});
  int repeats = 1;
  std::string first_page;
  b.ctm.instead = [&](const Asked& a) -> std::optional<Said> {
    if (!a.path.starts_with("/calls?") || !a.path.ends_with("page=2") || repeats-- <= 0) return std::nullopt;
    std::string calls;
    for (int i = 0; i < 100; ++i)
      calls += fmt::format(R"({}{{"id":{},"unix_time":{}}})", i == 0 ? "" : ",", i + 1, kNoon - i);
    return Said{200, fmt::format(R"({{"calls":[{}],"total_entries":250,"next_page":3}})", calls)};
  };
  EXPECT_EQ(b.read(ReadKind::delta).distinct(), b.all_ids());
  repeats = 1'000;
  const auto refused = b.read(ReadKind::delta);
  ASSERT_TRUE(refused.error);
  EXPECT_EQ(refused.error->fault, Fault::malformed);
  repeats = 0;
  EXPECT_EQ(b.read(ReadKind::delta, refused.cursor).distinct(), b.all_ids()) << "begins the window again";
}

TEST(CtmActivities, ASkippedPageIsFoundByThePageAfterIt) {
  Bench b;
  for (int i = 0; i < 350; ++i) b.ctm.calls.push_back({i + 1, kNoon - i, "+13125550123", ""});
  bool done = false;
  b.ctm.instead = [&](const Asked& a) -> std::optional<Said> {
    if (!a.path.starts_with("/calls?") || !a.path.ends_with("page=2") || std::exchange(done, true))
      return std::nullopt;
    std::string calls;
    for (int i = 200; i < 300; ++i)
      calls += fmt::format(R"({}{{"id":{},"unix_time":{}}})", i == 200 ? "" : ",", i + 1, kNoon - i);
    return Said{200, fmt::format(R"({{"calls":[{}],"total_entries":350,"next_page":3}})", calls)};
  };
  EXPECT_EQ(b.read(ReadKind::delta).distinct(), b.all_ids());
}

TEST(CtmActivities, TheWatermarkMovesOnlyWhenThePhaseIsComplete) {
  Bench b;
  for (int i = 0; i < 250; ++i) b.ctm.calls.push_back({i + 1, kNoon - i * kHour, "+13125550123", ""});
  const auto first = b.replica->read_page(ReadKind::delta, "");
  ASSERT_TRUE(first && first->more);
  EXPECT_EQ(cursor_from(first->next).watermark_s, 0);
  EXPECT_EQ(first->high_water_ms, kNoon * 1000);
  b.ctm.instead = [](const Asked&) { return Said{200, "<html>"}; };
  EXPECT_EQ(b.replica->read_page(ReadKind::delta, first->next).error().fault, Fault::malformed);
  b.ctm.instead = nullptr;
  b.restart();
  const auto rest = b.read(ReadKind::delta, first->next);
  EXPECT_EQ(rest.distinct().size(), 150U);
  EXPECT_EQ(cursor_from(rest.cursor).watermark_s, kNoon);
}

TEST(CtmActivities, ATimeInTheFarFutureDoesNotMoveTheWatermark) {
  Bench b;
  b.ctm.calls = {{1, kNoon, "+13125550123", ""}, {2, kNoon + 400 * kDay, "+13125550124", ""}};
  const auto pass = b.read(ReadKind::delta);
  EXPECT_EQ(pass.distinct(), b.all_ids());
  EXPECT_EQ(cursor_from(pass.cursor).watermark_s, kNoon);
}

TEST(CtmActivities, ADayThatCountsMoreThanItShowsHoldsTheWatermarkOnce) {
  Bench b;
  b.settings.activity_since_ms = kHour * 1000;
  b.restart();
  b.ctm.instead = [](const Asked& a) -> std::optional<Said> {
    if (!a.path.starts_with("/calls?")) return std::nullopt;
    const bool is_today = a.path.find("start_date=2026-11-20") != a.path.npos;
    return Said{
        200,
        is_today
            ? fmt::format(
                  R"({{"calls":[{{"id":1,"unix_time":{}}}],"total_entries":2,"next_page":null,"total_pages":1}})",
                  kNoon)
            : R"({"calls":[],"total_entries":0,"next_page":null})"};
  };
  // Asked for the day alone: the window of more days is told apart by its missing end.
  const auto narrow = b.ctm.instead;
  b.ctm.instead = [narrow](const Asked& a) -> std::optional<Said> {
    if (a.path.find("start_date=2026-11-19") != a.path.npos && a.path.find("end_date") == a.path.npos) {
      return Said{200,
                  fmt::format(R"({{"calls":[{{"id":1,"unix_time":{}}}],"total_entries":2,"next_page":null}})",
                              kNoon)};
    }
    return narrow(a);
  };
  const auto first = b.read(ReadKind::delta);
  ASSERT_FALSE(first.error);
  EXPECT_EQ(cursor_from(first.cursor).watermark_s, 0) << "something may have been missed";
  EXPECT_EQ(cursor_from(b.read(ReadKind::delta, first.cursor).cursor).watermark_s, kNoon)
      << "the same again: the count is wrong";
}

RC_GTEST_PROP(CtmActivities, NoActivityIsLostAtABorder, ()) {
  static Bench b;
  const auto zones = *rc::gen::element<std::pair<std::string, std::int64_t>>(
      std::pair{"Central Time (US & Canada)", -6 * 3600}, std::pair{"Pacific/Kiritimati", 14 * 3600},
      std::pair{"Pacific/Pago_Pago", -11 * 3600}, std::pair{"No Such Zone", -6 * 3600},
      std::pair{"Central Time (US & Canada)", 0});
  b.ctm.timezone = zones.first;
  b.ctm.utc_offset_s = zones.second;
  b.ctm.calls_page_max = static_cast<std::size_t>(*rc::gen::inRange(20, 150));
  b.ctm.calls.clear();
  const auto spread = *rc::gen::element<std::int64_t>(1'800, kHour, 5 * kHour);
  std::int64_t at = kNoon - 20 * kDay;
  for (std::int64_t id = 1; id <= 80 && at <= kNoon; ++id) {
    b.ctm.calls.push_back({id, at, "+13125550123", ""});
    at += *rc::gen::inRange<std::int64_t>(0, spread);
  }
  std::map<std::int64_t, std::int64_t> per_day;  // one day is what can be asked for at least
  std::int64_t busiest = 0;
  for (const FakeCall& call : b.ctm.calls)
    busiest = std::max(busiest, ++per_day[(call.unix_time + b.ctm.utc_offset_s) / kDay]);
  b.ctm.calls_reach = busiest + *rc::gen::inRange<std::int64_t>(0, 100);
  b.settings.activity_since_ms = 30 * kDay * 1000;
  b.restart();
  const auto pass = b.read(ReadKind::full);
  RC_ASSERT(!pass.error);
  RC_ASSERT(pass.distinct() == b.all_ids());
}

TEST(CtmActivities, ReadsOneByOneAndChecksWhoAnswers) {
  Bench b;
  b.ctm.calls = {{1, kNoon, "+13125550123", R"(,"name":"Ida")"}, {2, kNoon, "+13125550124", ""}};
  ASSERT_TRUE(b.replica->open());
  const std::vector<FetchRequest> requests{
      {{"+13125550123"}, {{SourceKind::activity, "1"}}},
      {{"+13125550124"}, {{SourceKind::activity, "9"}}},
      {{"+13125550124"}, {{SourceKind::activity, "9"}, {SourceKind::activity, "2"}}}};
  auto out = b.replica->fetch(requests);
  ASSERT_EQ(out.size(), 3U);
  EXPECT_EQ(out[0]->at(0).person, "+13125550123");
  EXPECT_EQ(out[1].error().fault, Fault::gone);
  ASSERT_TRUE(out[2]);
  EXPECT_EQ(out[2]->at(0).source.id, "2");
  b.ctm.instead = [](const Asked& a) -> std::optional<Said> {
    if (a.path == "/calls/1") return Said{200, R"({"id":2,"account_id":7})"};
    if (a.path == "/calls/2") return Said{200, R"({"id":2,"account_id":8})"};
    return Said{404, "<html>"};
  };
  EXPECT_EQ(
      b.replica->fetch(std::vector<FetchRequest>{{{"x"}, {{SourceKind::activity, "1"}}}})[0].error().fault,
      Fault::malformed);
  EXPECT_EQ(
      b.replica->fetch(std::vector<FetchRequest>{{{"x"}, {{SourceKind::activity, "2"}}}})[0].error().fault,
      Fault::malformed);
  EXPECT_EQ(
      b.replica->fetch(std::vector<FetchRequest>{{{"x"}, {{SourceKind::activity, "9"}}}})[0].error().fault,
      Fault::malformed);
}

TEST(CtmActivities, SearchBelievesOnlyTheNumber) {
  Bench b;
  b.ctm.calls = {{1, kNoon, "(312) 555-0123", ""}, {2, kNoon, "+13125550124", ""}};
  const auto found =
      b.replica->find({"+13125550123", ""});  // the fake compares contact_number as text, and ignores search
  ASSERT_TRUE(found);
  ASSERT_EQ(found->evidence.size(), 1U);
  EXPECT_EQ(found->evidence[0].source.id, "1");
  EXPECT_EQ(found->as_of_ms, b.clock.now_ms());
  EXPECT_TRUE(b.replica->find({"", "ida@example.org"})->evidence.empty());
}

Write modify(std::string id, WireFields set) {
  Write w;
  w.record = {"+13125550123"};
  w.target = SourceRef{SourceKind::activity, std::move(id)};
  w.set = std::move(set);
  return w;
}

TEST(CtmActivities, ModifySendsOnlyWhatChangesAndReadsItBack) {
  Bench b;
  b.ctm.calls = {{1, kNoon, "+13125550123", R"(,"name":"Old","notes":"keep")"}};
  const std::vector<Write> writes{modify("1", {{"name", {false, "Ida Brandt", {}}}})};
  const auto out = b.replica->apply(writes);
  ASSERT_TRUE(out[0]) << out[0].error().message;
  EXPECT_EQ(text_in(out[0]->shown.at(0).fields, "name"), "Ida Brandt");
  const auto sent = b.ctm.asked("POST", "/calls/1/modify");
  ASSERT_EQ(sent.size(), 1U);
  EXPECT_EQ(sent[0].body, R"({"call":{"name":"Ida Brandt"}})");
}

TEST(CtmActivities, ASplitNameGoesOutWhole) {
  Bench b;
  b.ctm.calls = {{1, kNoon, "+13125550123", ""}};
  Write w = modify("1", {{"last_name", {false, "Brandt", {}}}});
  w.whole = {{"first_name", {false, "Ida", {}}}, {"last_name", {false, "Brandt", {}}}};
  ASSERT_TRUE(b.replica->apply(std::vector{w})[0]);
  EXPECT_EQ(b.ctm.asked("POST", "/modify").at(0).body, R"({"call":{"name":"Ida Brandt"}})");
}

TEST(CtmActivities, ModifyFallsBackToPutAndRemembersIt) {
  for (const auto& [status, words] : {std::pair{404, "<html>no route</html>"},
                                      {404, R"({"status":404,"error":"Not Found"})"},
                                      {405, "{}"}}) {
    Bench b;
    b.ctm.calls = {{1, kNoon, "+13125550123", ""}};
    std::string form;
    b.ctm.instead = [&](const Asked& a) -> std::optional<Said> {
      if (a.path != "/calls/1/modify") return std::nullopt;
      if (a.method == "POST") return Said{status, words};
      form = a.body;
      return Said{200, R"({"status":"success"})"};
    };
    const std::vector<Write> writes{modify("1", {{"name", {false, "Ida", {}}}})};
    ASSERT_TRUE(b.replica->apply(writes)[0]);
    EXPECT_EQ(form, "call%5Bname%5D=Ida");
    ASSERT_TRUE(b.replica->apply(writes)[0]);
    EXPECT_EQ(b.ctm.asked("POST", "/modify").size(), 1U) << "PUT is known by now";
  }
}

TEST(CtmActivities, RefusedModificationsAreTold) {
  Bench b;
  b.ctm.calls = {{1, kNoon, "+13125550123", ""}};
  const std::vector<Write> writes{modify("1", {{"email", {false, "x", {}}}})};
  b.ctm.instead = [](const Asked& a) -> std::optional<Said> {
    if (a.path != "/calls/1/modify") return std::nullopt;
    return Said{200, R"({"status":"error","reason":"email is invalid"})"};
  };
  const auto refused = b.replica->apply(writes);
  EXPECT_EQ(refused[0].error().fault, Fault::rejected);
  EXPECT_EQ(refused[0].error().remote_words, "email is invalid");
  b.ctm.instead = nullptr;
  EXPECT_EQ(b.replica->apply(std::vector{modify("9", {{"email", {false, "x", {}}}})})[0].error().fault,
            Fault::gone);
  EXPECT_EQ(b.replica->apply(std::vector{modify("1", {{"phone", {false, "x", {}}}})})[0].error().fault,
            Fault::unsupported);
}

TEST(CtmActivities, TagsGoToTheNewestAndLeaveEveryActivity) {
  Bench b;
  b.ctm.calls = {{1, kNoon, "+13125550123", ""}, {2, kNoon - 9, "+13125550123", ""}};
  b.ctm.tags[2] = {"Vip"};
  Write add;
  add.kind = WriteKind::tag_add;
  add.record = {"+13125550123"};
  add.tags = {"Vip", "tile"};
  add.tag_sources = {{SourceKind::activity, "1"}, {SourceKind::activity, "2"}};
  const auto added = b.replica->apply(std::vector{add});
  ASSERT_TRUE(added[0]);
  EXPECT_EQ(b.ctm.tags[1], (std::set<std::string>{"Vip", "tile"}));
  EXPECT_EQ(b.ctm.tags[2], (std::set<std::string>{"Vip"}));
  EXPECT_EQ(added[0]->shown.at(0).tags.size(), 2U);
  Write remove = add;
  remove.kind = WriteKind::tag_remove;
  remove.tags = {"Vip"};
  remove.tag_sources.push_back({SourceKind::activity, "77"});  // gone meanwhile
  const auto removed = b.replica->apply(std::vector{remove});
  ASSERT_TRUE(removed[0]);
  EXPECT_EQ(b.ctm.tags[1], (std::set<std::string>{"tile"}));
  EXPECT_TRUE(b.ctm.tags[2].empty());
  EXPECT_EQ(removed[0]->shown.size(), 2U);
  add.tag_sources.clear();
  EXPECT_EQ(b.replica->apply(std::vector{add})[0].error().fault, Fault::unsupported);
}
}  // namespace
}  // namespace tandem::ctm
