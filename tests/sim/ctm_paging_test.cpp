#include <set>

#include "tests/sim/ctm_call.h"
#include "tests/sim/ctm_fixture.h"

namespace tandem::sim {
namespace {
class CtmPages : public CtmFixture {
 protected:
  void fill_list(int rows) {
    set("index_lag_ms", "0");
    for (int i = 0; i < rows; ++i) {
      const std::string number = "+1312555" + std::to_string(1000 + i);
      model.account().add_contact("staff", list,
                                  {{"number", number}, {"first_name", "P" + std::to_string(i)}});
    }
  }
  void fill_calls(int count) {
    set("index_lag_ms", "0");
    CtmNewActivity call;
    for (int i = 0; i < count; ++i) {
      call.number = "+1312555" + std::to_string(1000 + i % 50);
      call.start_ms = now - (count - i) * 1000LL;
      model.account().record("staff", call);
    }
  }
  // The path and query of an absolute URL, as a client that follows it verbatim would send them.
  CtmReply follow(const std::string& url) {
    const std::string base = "http://ctm.test:8000/api/v1";
    EXPECT_EQ(url.substr(0, base.size()), base);
    const std::size_t mark = url.find('?');
    return send("GET", url.substr(base.size(), mark - base.size()), "", ctm_parse_form(url.substr(mark + 1)));
  }
  std::vector<std::string> ids(const CtmReply& reply, const char* envelope) {
    std::vector<std::string> all;
    for (const auto& each : reply[envelope].GetArray()) all.push_back(text(each, "id"));
    return all;
  }
  std::string rows_path() { return "/lists/" + list + "/contacts"; }
};

TEST_F(CtmPages, ListPagesDefaultToTenAndLeadOnByAbsoluteUrls) {
  fill_list(23);
  std::set<std::string> seen;
  CtmReply page = get(rows_path());
  EXPECT_EQ(page["total_entries"].GetInt(), 23);
  EXPECT_EQ(page["total_pages"].GetInt(), 3);
  EXPECT_TRUE(page["previous_page"].IsNull());
  for (int pages = 1; pages < 10; ++pages) {
    for (const auto& id : ids(page, "contacts")) seen.insert(id);
    if (page["next_page"].IsNull()) break;
    page = follow(page.text("next_page"));
  }
  EXPECT_EQ(seen.size(), 23U);
}

TEST_F(CtmPages, AListPageAboveTheCapLosesRowsWithoutAWord) {
  fill_list(35);
  const CtmReply first = get(rows_path(), {{"per_page", "30"}});
  EXPECT_EQ(first.status, 200);
  EXPECT_EQ(first["contacts"].Size(), 10U);
  EXPECT_EQ(first["per_page"].GetInt(), 30);
  EXPECT_EQ(first["total_entries"].GetInt(), 35) << "the one sign that rows are missing";
  const CtmReply second = get(rows_path(), {{"per_page", "30"}, {"page", "2"}});
  EXPECT_EQ(second["contacts"].Size(), 5U) << "rows 11 to 30 are on no page";
  set("lists.over", "clamp");
  EXPECT_EQ(get(rows_path(), {{"per_page", "30"}, {"page", "2"}})["contacts"].Size(), 10U);
  set("lists.over", "error400");
  EXPECT_EQ(get(rows_path(), {{"per_page", "30"}}).text("error"), "per_page limit is 10");
}

TEST_F(CtmPages, ListsThemselvesAreCutTheSameWay) {
  const CtmReply all = get("/lists", {{"per_page", "100"}});
  EXPECT_EQ(all["contact_lists"].Size(), 10U) << "and the sync list is the thirteenth";
  EXPECT_EQ(all["total_entries"].GetInt(), 13);
  EXPECT_EQ(get("/lists", {{"page", "2"}})["contact_lists"].Size(), 3U);
  set("lists.envelope_key", "lists");
  EXPECT_TRUE(get("/lists")["lists"].IsArray());
}

TEST_F(CtmPages, RowsAddedWhileReadingLandAtTheEndOrShiftEveryPage) {
  fill_list(20);
  const auto first = ids(get(rows_path()), "contacts");
  set("list_order", "newest_first");
  const auto newest = ids(get(rows_path()), "contacts");
  EXPECT_NE(first, newest);
  add(R"("number":"+13125559999")");
  const auto second = ids(get(rows_path(), {{"page", "2"}}), "contacts");
  EXPECT_EQ(second.front(), newest.back()) << "one row is seen twice";
}

TEST_F(CtmPages, APageBeyondTheEndIsEmpty) {
  fill_list(3);
  const CtmReply beyond = get(rows_path(), {{"page", "900000000000"}});
  EXPECT_TRUE(beyond["contacts"].Empty());
  EXPECT_TRUE(beyond["next_page"].IsNull());
  EXPECT_EQ(get(rows_path(), {{"page", "-1"}, {"per_page", "many"}})["contacts"].Size(), 3U);
}

TEST_F(CtmPages, FaultsEmptyRepeatAndSkipPages) {
  fill_list(30);
  const auto first = ids(get(rows_path()), "contacts");
  const auto second = ids(get(rows_path(), {{"page", "2"}}), "contacts");
  const auto third = ids(get(rows_path(), {{"page", "3"}}), "contacts");
  page_fault = PageFault::repeat;
  EXPECT_EQ(ids(get(rows_path(), {{"page", "2"}}), "contacts"), first);
  page_fault = PageFault::skip;
  EXPECT_EQ(ids(get(rows_path(), {{"page", "2"}}), "contacts"), third);
  page_fault = PageFault::empty;
  EXPECT_TRUE(get(rows_path(), {{"page", "2"}})["contacts"].Empty());
  EXPECT_EQ(get(rows_path(), {{"page", "2"}})["total_entries"].GetInt(), 30);
  page_fault = PageFault::empty_total;
  EXPECT_EQ(get(rows_path())["total_entries"].GetInt(), 0);
  EXPECT_TRUE(get("/calls")["calls"].Empty());
}

TEST_F(CtmPages, CallsComeNewestFirstWithACursor) {
  fill_calls(25);
  const CtmReply first = get("/calls", {{"per_page", "10"}});
  ASSERT_EQ(first["calls"].Size(), 10U);
  EXPECT_GT(first["calls"][0]["unix_time"].GetInt64(), first["calls"][9]["unix_time"].GetInt64());
  const std::string after = first.text("after");
  EXPECT_EQ(after, text(first["calls"][9], "unix_time") + "," + text(first["calls"][9], "id"));
  EXPECT_NE(first.text("next_page").find("page=2"), std::string::npos);
  EXPECT_NE(first.text("next_page").find("after="), std::string::npos);
  EXPECT_EQ(first["sort"].Size(), 2U);
}

TEST_F(CtmPages, ACursorHoldsItsPlaceWhereAPageNumberDoesNot) {
  fill_calls(25);
  const CtmReply first = get("/calls");
  ui.call_from(kAnna);
  const CtmReply by_cursor = follow(first.text("next_page"));
  const CtmReply by_number = get("/calls", {{"page", "2"}});
  EXPECT_NE(text(by_cursor["calls"][0], "id"), text(first["calls"][9], "id"));
  EXPECT_EQ(text(by_number["calls"][0], "id"), text(first["calls"][9], "id")) << "seen twice";
  set("calls.cursor", "ignored");
  EXPECT_EQ(text(follow(first.text("next_page"))["calls"][0], "id"), text(first["calls"][9], "id"));
}

TEST_F(CtmPages, NextPageCarriesTheFiltersOfTheSearch) {
  fill_calls(50);
  CtmReply page = send("POST", account("/calls/search"), R"({"direction":["inbound"],"per_page":20})");
  int rows = 0;
  for (int pages = 0; pages < 5; ++pages) {
    rows += static_cast<int>(page["calls"].Size());
    if (page["next_page"].IsNull()) break;
    EXPECT_NE(page.text("next_page").find("direction%5B%5D=inbound"), std::string::npos);
    page = follow(page.text("next_page"));
  }
  EXPECT_EQ(rows, 50);
}

TEST_F(CtmPages, CallPagesAbove150AreRefused) {
  fill_calls(2);
  const CtmReply refused = get("/calls", {{"per_page", "151"}});
  EXPECT_EQ(refused.status, 400);
  EXPECT_EQ(refused.text("error"), "per_page limit is 150");
  EXPECT_EQ(get("/calls", {{"per_page", "150"}}).status, 200);
  EXPECT_EQ(get("/users", {{"per_page", "151"}}).status, 400);
  EXPECT_EQ(send("GET", "/accounts", "", {{"per_page", "151"}}).status, 400);
  set("calls.page_max", "100");
  set("calls.over", "clamp");
  EXPECT_EQ(get("/calls", {{"per_page", "151"}})["per_page"].GetInt(), 100);
}

TEST_F(CtmPages, AQueryReachesTenThousandRowsAndNoMore) {
  set("calls.window", "40");
  fill_calls(55);
  CtmReply page = get("/calls", {{"per_page", "20"}});
  std::size_t rows = 0;
  for (int pages = 0; pages < 9; ++pages) {
    EXPECT_EQ(page["total_entries"].GetInt(), 55) << "though not all can be had";
    rows += page["calls"].Size();
    if (page["next_page"].IsNull()) break;
    page = follow(page.text("next_page"));
  }
  EXPECT_EQ(rows, 40U);
  EXPECT_TRUE(get("/calls", {{"per_page", "20"}, {"page", "3"}})["calls"].Empty());
  const CtmReply second = get("/calls", {{"per_page", "20"}, {"page", "2"}});
  EXPECT_TRUE(get("/calls", {{"per_page", "20"}, {"after", second.text("after")}})["calls"].Empty())
      << "nor does leaving out the page number help";
  set("calls.window_over", "error400");
  EXPECT_EQ(get("/calls", {{"per_page", "20"}, {"page", "3"}}).status, 400);
  set("calls.window_over", "empty");
  set("calls.window_cursor", "deep");
  page = get("/calls", {{"per_page", "30"}});
  EXPECT_EQ(follow(page.text("next_page"))["calls"].Size(), 25U);
}

TEST_F(CtmPages, TheEndIsNullFalseAbsentOrPagesAreNumbers) {
  fill_calls(15);
  const Query last = {{"page", "2"}};
  EXPECT_EQ(get("/calls", last).text("next_page"), "<null>");
  set("next_page_form", "url_false");
  EXPECT_EQ(get("/calls", last).text("next_page"), "false");
  set("next_page_form", "url_absent");
  EXPECT_EQ(get("/calls", last).text("next_page"), "<none>");
  set("next_page_form", "number");
  EXPECT_EQ(get("/calls").text("next_page"), "2");
}

TEST_F(CtmPages, NextPageMayPointAtAConfiguredHost) {
  fill_calls(15);
  face.set_base_url("https://api.example.com");
  EXPECT_EQ(get("/calls").text("next_page").substr(0, 43), "https://api.example.com/api/v1/accounts/204");
}

TEST_F(CtmPages, TenThousandRowsAreReadAtTheCostOfTheirPages) {
  fill_list(9000);
  std::size_t rows = 0;
  for (int page = 1; page <= 900; ++page) {
    rows += get(rows_path(), {{"page", std::to_string(page)}})["contacts"].Size();
  }
  EXPECT_EQ(rows, 9000U);
}
}  // namespace
}  // namespace tandem::sim
