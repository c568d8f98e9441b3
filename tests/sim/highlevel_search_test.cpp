#include <set>

#include "tests/sim/highlevel_fixture.h"

namespace tandem::sim::highlevel {
namespace {
class Search : public HighLevelTest {
 protected:
  void fill(std::size_t count) {
    const auto people = make_people(3, count);
    model.load_people(people);
  }
  // All ids of a sweep by `sort`, page after page through searchAfter.
  std::vector<std::string> sweep(std::string_view sort, int limit, std::int64_t* total = nullptr) {
    std::vector<std::string> ids;
    std::string after;
    while (true) {
      const Reply page =
          send("POST", "/contacts/search",
               fmt::format(R"({{"locationId":"{}","pageLimit":{}{}{}}})", here, limit, sort, after));
      EXPECT_EQ(page.status(), 200) << page.http.body;
      if (page.status() != 200 || page.at("contacts")->Empty()) return ids;
      for (const auto& row : page.at("contacts")->GetArray()) ids.emplace_back(view(*member(row, "id")));
      if (total != nullptr) *total = page.at("total")->GetInt64();
      after = R"(,"searchAfter":)" +
              page.text("contacts", static_cast<int>(page.at("contacts")->Size()) - 1, "searchAfter");
    }
  }
};
constexpr std::string_view kUpdated = R"(,"sort":[{"field":"dateUpdated","direction":"asc"}])";

TEST_F(Search, SeesAWriteOnlyAfterTheIndexHasCaughtUp) {
  set("index_lag_spread", "off");
  create_id(R"("email":"a@example.org")");
  now += 2'999;
  EXPECT_EQ(found(""), 0U);
  now += 1;
  EXPECT_EQ(found(""), 1U);
}

TEST_F(Search, GoesOnShowingADeletedContact) {
  set("index_lag_spread", "off");
  const std::string id = create_id(R"("email":"a@example.org")");
  settle();
  send("DELETE", "/contacts/" + id);
  now += 14'999;
  EXPECT_EQ(found(""), 1U);
  EXPECT_EQ(read(id).status(), 400);
  now += 1;
  EXPECT_EQ(found(""), 0U);
}

TEST_F(Search, IndexesLaterWritesBeforeEarlierOnesNowAndThen) {
  bool overtaken = false;
  for (int i = 0; i < 40 && !overtaken; ++i) {
    const std::string first = create_id(fmt::format(R"("email":"a{}@example.org")", i));
    now += 200;
    const std::string second = create_id(fmt::format(R"("email":"b{}@example.org")", i));
    for (int step = 0; step < 60 && !overtaken; ++step) {
      now += 100;
      const Reply rows = search("");
      const auto has = [&](const std::string& id) {
        return rows.http.body.find("\"id\":\"" + id) != std::string::npos;
      };
      overtaken = has(second) && !has(first);
    }
  }
  EXPECT_TRUE(overtaken) << "a cursor without an overlap must be able to lose a row";
}

TEST_F(Search, StampsTheIndexALittleLaterThanThePrimary) {
  std::set<std::int64_t> gaps;
  for (int i = 0; i < 60; ++i) {
    const std::string id = create_id(fmt::format(R"("email":"a{}@example.org")", i));
    settle();
    const Reply rows =
        search(fmt::format(R"("filters":[{{"field":"id","operator":"eq","value":"{}"}}])", id));
    const std::int64_t stamp = rows.at("contacts", 0, "searchAfter", 0)->GetInt64();  // no sort: dateAdded
    EXPECT_EQ(stamp, now - 60'000);
    gaps.insert(model.contacts().size() == 0
                    ? 0
                    : (*model.read(id))->index_stamp_ms - (*model.read(id))->date_updated_ms);
  }
  EXPECT_EQ(*gaps.begin(), 0);
  EXPECT_EQ(*gaps.rbegin(), 5);
}

TEST_F(Search, WithoutASortComesNewestAddedFirst) {
  const std::string first = create_id(R"("email":"a@example.org")");
  now += 1'000;
  const std::string second = create_id(R"("email":"b@example.org")");
  now += 1'000;
  put(first, R"({"firstName":"A"})");
  settle();
  const Reply rows = search("");
  EXPECT_EQ(rows.text("contacts", 0, "id"), second);
  EXPECT_EQ(rows.text("contacts", 1, "id"), first);
}

TEST_F(Search, SearchAfterWalksEveryRowOnceAndTotalStays) {
  fill(130);
  const auto count = model.contact_count();
  for (const std::string_view sort :
       {kUpdated, std::string_view(R"(,"sort":[{"field":"dateUpdated","direction":"desc"}])"),
        std::string_view(""),
        std::string_view(R"(,"sort":[{"field":"lastNameLowerCase","direction":"asc"}])"),
        std::string_view(
            R"(,"sort":[{"field":"email","direction":"desc"},{"field":"dateAdded","direction":"asc"}])")}) {
    std::int64_t total = 0;
    const auto ids = sweep(sort, 7, &total);
    EXPECT_EQ(ids.size(), count) << sort;
    EXPECT_EQ(std::set<std::string>(ids.begin(), ids.end()).size(), count) << sort;
    EXPECT_EQ(total, static_cast<std::int64_t>(count)) << "all matches, not the remainder";
  }
}

TEST_F(Search, ALotWithOneStampIsWalkedOnceToo) {
  set("index_stamp_ms", "0");
  for (int i = 0; i < 25; ++i) create_id(fmt::format(R"("email":"a{}@example.org")", i));
  settle();
  EXPECT_EQ(sweep(kUpdated, 4).size(), 25U);
}

TEST_F(Search, ARowThatChangesDuringAnAscendingSweepIsSeenAgain) {
  set("index_lag_ms", "0");
  const std::string first = create_id(R"("email":"a@example.org")");
  now += 1'000;
  create_id(R"("email":"b@example.org")");
  const Reply page = search(R"("sort":[{"field":"dateUpdated","direction":"asc"}])");
  now += 1'000;
  put(first, R"({"firstName":"A"})");
  const Reply next = search(R"("sort":[{"field":"dateUpdated","direction":"asc"}],"searchAfter":)" +
                            page.text("contacts", 1, "searchAfter"));
  EXPECT_EQ(next.text("contacts", 0, "id"), first);
}

TEST_F(Search, RangeOnDatesTakesIsoAndMilliseconds) {
  const std::string early = create_id(R"("email":"a@example.org")");
  const std::int64_t stamp = (*model.read(early))->index_stamp_ms;
  now += 10'000;
  create_id(R"("email":"b@example.org")");
  settle();
  const auto range = [&](const std::string& bounds) {
    return found(
        fmt::format(R"("filters":[{{"field":"dateUpdated","operator":"range","value":{{{}}}}}])", bounds));
  };
  EXPECT_EQ(range(fmt::format(R"("gte":{})", stamp)), 2U);
  EXPECT_EQ(range(fmt::format(R"("gt":{})", stamp)), 1U);
  EXPECT_EQ(range(fmt::format(R"("lte":{})", stamp)), 1U);
  EXPECT_EQ(range(fmt::format(R"("gte":"{}","lt":"{}")", "2026-01-01", "2027-01-01T00:00:00.000Z")), 2U);
  set("search.gte_inclusive", "off");
  EXPECT_EQ(range(fmt::format(R"("gte":{})", stamp)), 1U);
  set("search.date_format", "iso");
  EXPECT_EQ(search(R"("filters":[{"field":"dateUpdated","operator":"range","value":{"gte":1}}])").status(),
            400);
}

TEST_F(Search, AnOperatorMustFitItsField) {
  Reply reply = search(R"("filters":[{"field":"dateUpdated","operator":"gte","value":1}])");
  EXPECT_EQ(reply.status(), 422);
  EXPECT_EQ(reply.message(), "Invalid Operator gte passed for field date_updated");
  EXPECT_EQ(search(R"("filters":[{"field":"city","operator":"range","value":{"gte":"A"}}])").status(), 422);
  EXPECT_EQ(search(R"("filters":[{"field":"city","operator":"is","value":"A"}])").status(), 422);
  reply = search(R"("filters":[{"field":"contactType","operator":"eq","value":"lead"}])");
  EXPECT_EQ(reply.status(), 400);
  EXPECT_EQ(reply.message(), "Invalid field contactType");
}

TEST_F(Search, FiltersAreAndedAndGroupsNest) {
  create_id(R"("email":"mara@example.org","firstName":"Mara","city":"Aurora","tags":["vip","tile"])");
  create_id(R"("phone":"+13125550123","firstName":"Tom","city":"Aurora","tags":["vip"])");
  create_id(R"("email":"zoe@example.org","firstName":"Zoë","city":"Denver")");
  settle();
  const auto filters = [&](std::string_view list) { return found(fmt::format(R"("filters":[{}])", list)); };
  EXPECT_EQ(filters(R"({"field":"city","operator":"eq","value":"Aurora"})"), 2U);
  EXPECT_EQ(
      filters(R"({"field":"city","operator":"eq","value":"Aurora"},{"field":"email","operator":"exists"})"),
      1U);
  EXPECT_EQ(
      filters(
          R"({"group":"OR","filters":[{"field":"phone","operator":"exists"},{"field":"city","operator":"eq","value":"Denver"}]})"),
      2U);
  EXPECT_EQ(filters(R"({"field":"tags","operator":"contains_set","value":["vip","tile"]})"), 1U);
  EXPECT_EQ(filters(R"({"field":"tags","operator":"not_exists"})"), 1U);
  EXPECT_EQ(filters(R"({"field":"email","operator":"eq","value":"MARA@example.org"})"), 1U);
  EXPECT_EQ(filters(R"({"field":"phone","operator":"wildcard","value":"+1*"})"), 1U);
  EXPECT_EQ(filters(R"({"field":"phone","operator":"not_exists"})"), 2U);
  EXPECT_EQ(filters(R"({"field":"firstNameLowerCase","operator":"eq","value":"zoë"})"), 1U);
  EXPECT_EQ(filters(R"({"field":"city","operator":"contains","value":"uro"})"), 2U);
  EXPECT_EQ(filters(R"({"field":"dnd","operator":"eq","value":false})"), 3U);
  EXPECT_EQ(found(R"("query":"mara")"), 1U);
}

TEST_F(Search, LimitsLengthsAndShortContains) {
  const std::string long_value(76, 'x');
  EXPECT_EQ(search(fmt::format(R"("query":"{}")", long_value)).status(), 422);
  EXPECT_EQ(search(fmt::format(R"("filters":[{{"field":"city","operator":"eq","value":"{}"}}])", long_value))
                .status(),
            422);
  EXPECT_EQ(search(R"("filters":[{"field":"city","operator":"contains","value":"ab"}])").status(), 422);
  EXPECT_EQ(search(R"("filters":[{"field":"email","operator":"exists","value":true}])").status(), 422);
}

TEST_F(Search, CustomFieldsAreFilteredById) {
  const std::string budget = model.definition("Budget")->id;
  create_id(
      fmt::format(R"("email":"a@example.org","customFields":[{{"id":"{}","field_value":500}}])", budget));
  create_id(R"("email":"b@example.org")");
  settle();
  EXPECT_EQ(
      found(fmt::format(R"("filters":[{{"field":"customFields.{}","operator":"gte","value":500}}])", budget)),
      1U);
  EXPECT_EQ(search(R"("filters":[{"field":"customFields.nope","operator":"exists"}])").status(), 400);
}

TEST_F(Search, WantsAPageLimitAndAtMostFiveHundred) {
  EXPECT_EQ(send("POST", "/contacts/search", fmt::format(R"({{"locationId":"{}"}})", here)).status(), 422);
  EXPECT_EQ(send("POST", "/contacts/search", R"({"pageLimit":10})").status(), 422);
  EXPECT_EQ(send("POST", "/contacts/search", fmt::format(R"({{"locationId":"{}","pageLimit":501}})", here))
                .status(),
            422);
  EXPECT_EQ(send("POST", "/contacts/search",
                 fmt::format(R"({{"locationId":"{}","pageLimit":500,"limit":1}})", here))
                .status(),
            422);
}

TEST_F(Search, PagesEndAtTenThousandRecordsAndTheCursorDoesNot) {
  const auto page = [&](int number, int limit) {
    return send("POST", "/contacts/search",
                fmt::format(R"({{"locationId":"{}","pageLimit":{},"page":{}}})", here, limit, number))
        .status();
  };
  EXPECT_EQ(page(20, 500), 200);
  EXPECT_EQ(page(21, 500), 400);
  EXPECT_EQ(page(101, 100), 400);
  fill(11'500);
  EXPECT_GT(model.contact_count(), 10'000U);
  EXPECT_EQ(sweep(kUpdated, 500).size(), model.contact_count());
}

TEST_F(Search, AtMostTwoSortKeysFromTheList) {
  EXPECT_EQ(
      search(
          R"("sort":[{"field":"email","direction":"asc"},{"field":"dnd","direction":"asc"},{"field":"source","direction":"asc"}])")
          .status(),
      422);
  EXPECT_EQ(search(R"("sort":[{"field":"city","direction":"asc"}])").status(), 400);
  EXPECT_EQ(search(R"("sort":[{"field":"email","direction":"up"}])").status(), 422);
}

TEST_F(Search, DateUpdatedMovesAsTheTableSays) {
  const std::string id = create_id(R"("email":"a@example.org","firstName":"A")");
  const auto moved_by = [&](const std::function<void()>& act) {
    const std::int64_t before = (*model.read(id))->date_updated_ms;
    now += 1'000;
    act();
    return (*model.read(id))->date_updated_ms != before;
  };
  EXPECT_TRUE(moved_by([&] { put(id, R"({"firstName":"A"})"); })) << "a write that changes nothing";
  EXPECT_FALSE(moved_by([&] { send("POST", "/contacts/" + id + "/tags", R"({"tags":["one"]})"); }));
  EXPECT_FALSE(moved_by([&] { send("POST", "/contacts/" + id + "/notes", R"({"body":"x"})"); }));
  EXPECT_FALSE(moved_by([&] { ASSERT_TRUE(model.add_appointment({id, "Visit", now, now + 1})); }));
  EXPECT_TRUE(moved_by([&] { model.appointment_changed(model.appointments().front()); }));
  set("bump.noop_write", "off");
  set("bump.tag", "on");
  set("bump.note", "on");
  EXPECT_FALSE(moved_by([&] { put(id, R"({"firstName":"A"})"); }));
  EXPECT_TRUE(moved_by([&] { send("DELETE", "/contacts/" + id + "/tags", R"({"tags":["one"]})"); }));
  EXPECT_TRUE(moved_by([&] { send("POST", "/contacts/" + id + "/notes", R"({"body":"x"})"); }));
}

TEST_F(Search, TagsReachTheIndexWithoutANewStamp) {
  const std::string id = create_id(R"("email":"a@example.org")");
  settle();
  const std::string stamp = search("").text("contacts", 0, "dateUpdated");
  send("POST", "/contacts/" + id + "/tags", R"({"tags":["one"]})");
  settle();
  const Reply rows = search("");
  EXPECT_EQ(rows.text("contacts", 0, "tags"), R"(["one"])");
  EXPECT_EQ(rows.text("contacts", 0, "dateUpdated"), stamp);
}

TEST_F(Search, TheDeprecatedListingStillPages) {
  fill(60);
  std::set<std::string> seen;
  std::string target = "/contacts/?limit=25&locationId=" + here;
  int pages = 0;
  while (!target.empty() && pages < 10) {
    const Reply page = send("GET", target);
    ASSERT_EQ(page.status(), 200);
    ++pages;
    for (const auto& row : page.at("contacts")->GetArray()) seen.emplace(view(*member(row, "id")));
    const std::string next = page.text("meta", "nextPageUrl");
    target = next == "(missing)" ? "" : next.substr(next.find("/contacts/"));
  }
  EXPECT_EQ(seen.size(), model.contact_count());
  EXPECT_EQ(send("GET", "/contacts/?locationId=" + here).at("contacts")->Size(), 20U);
  EXPECT_EQ(send("GET", "/contacts/?limit=101&locationId=" + here).status(), 422);
}

TEST_F(Search, PagesCanBeLostRepeatedAndSkipped) {
  fill(40);
  const auto page = [&](PageFault fault, const std::string& after) {
    auto asked = request("POST", "/contacts/search",
                         fmt::format(R"({{"locationId":"{}","pageLimit":10{}{}}})", here, kUpdated, after));
    asked.page_fault = fault;
    return send(asked);
  };
  const Reply first = page(PageFault::none, "");
  const std::string after = R"(,"searchAfter":)" + first.text("contacts", 9, "searchAfter");
  const Reply second = page(PageFault::none, after);
  const Reply repeated = page(PageFault::repeat, after), skipped = page(PageFault::skip, after),
              lost = page(PageFault::empty, after), all_gone = page(PageFault::empty_total, after);
  EXPECT_EQ(repeated.text("contacts", 0, "id"), first.text("contacts", 0, "id"));
  EXPECT_NE(skipped.text("contacts", 0, "id"), second.text("contacts", 0, "id"));
  EXPECT_EQ(lost.text("contacts"), "[]");
  EXPECT_EQ(lost.text("total"), first.text("total"));
  EXPECT_EQ(all_gone.text("total"), "0");
}
}  // namespace
}  // namespace tandem::sim::highlevel
