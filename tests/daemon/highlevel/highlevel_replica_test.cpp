#include "daemon/highlevel/highlevel_replica.h"

#include <gtest/gtest.h>

#include "core/tuning.h"
#include "tests/daemon/highlevel/fake_location.h"
#include "tests/daemon/http/step_clock.h"

namespace tandem {
namespace {
using test::FakeContact;
using test::FakeLocation;
using test::Reply;
using test::ScriptedServer;
using test::Seen;
using test::StepClock;

constexpr std::int64_t kDayMs = 24 * 3'600'000;
constexpr const char* kNoScope =
    R"({"statusCode":401,"message":"The token is not authorized for this scope."})";

struct HighLevelReplicaTest : testing::Test {
  StepClock clock;
  FakeLocation location;
  ScriptedServer server{[this](const Seen& s) { return location(s); }};

  HighLevelSettings settings() {
    HighLevelSettings s;
    s.base_url = server.base_url();
    s.location_id = "loc1";
    s.token = "pit-one";
    s.native_names = {"first_name", "email", "phone"};
    s.page_size = 2;
    s.budget = {};
    return s;
  }
  HighLevelSettings with_custom(std::vector<std::string> names = {"custom:contact.budget"}) {
    HighLevelSettings s = settings();
    s.native_names.insert(s.native_names.end(), names.begin(), names.end());
    return s;
  }
  std::vector<std::string> bodies_of(const std::string& target) {
    std::vector<std::string> out;
    for (const auto& s : server.seen())
      if (s.target == target) out.push_back(s.body);
    return out;
  }
};

std::string ids(const Page& page) {
  std::string out;
  for (const auto& e : page.evidence) out += e.source.id + " ";
  return out;
}
std::vector<Result<std::vector<Evidence>>> fetch(HighLevelReplica& replica,
                                                 const std::vector<std::string>& wanted) {
  std::vector<FetchRequest> requests;
  for (const auto& id : wanted) requests.push_back({RecordId{id}, {}});
  return replica.fetch(requests);
}

TEST_F(HighLevelReplicaTest, OpenReadsSettingsAndDefinitionsOnceADay) {
  HighLevelReplica replica(with_custom(), clock);
  ASSERT_TRUE(replica.open());
  ASSERT_TRUE(replica.open());
  EXPECT_EQ(server.seen().size(), 2u);
  EXPECT_EQ(replica.location().timezone, "America/Chicago");
  EXPECT_TRUE(replica.own_numbers().contains("+13125550100"));
  clock.now += kDayMs;
  ASSERT_TRUE(replica.open());
  EXPECT_EQ(server.seen().size(), 4u);
}

TEST_F(HighLevelReplicaTest, EveryRequestCarriesTokenVersionAndAgent) {
  HighLevelReplica replica(settings(), clock);
  ASSERT_TRUE(replica.open());
  const auto headers = server.seen().back().headers;
  EXPECT_EQ(headers.at("authorization"), "Bearer pit-one");
  EXPECT_EQ(headers.at("version"), "2021-07-28");
  EXPECT_EQ(headers.at("user-agent").substr(0, 7), "tandem/");
  replica.set_token("pit-two");
  ASSERT_TRUE(replica.open());
  EXPECT_EQ(server.seen().size(), 2u) << "another token is tried out";
  EXPECT_EQ(server.seen().back().headers.at("authorization"), "Bearer pit-two");
}

TEST_F(HighLevelReplicaTest, WithoutTheLocationScopeOnlyTheSettingsAreMissed) {
  location.first = [](const Seen& s) -> std::optional<Reply> {
    if (s.target == "/locations/loc1") return Reply::json(kNoScope, 401);
    return std::nullopt;
  };
  HighLevelReplica replica(with_custom(), clock);
  EXPECT_TRUE(replica.open());
  EXPECT_NE(replica.learned().at("location_settings").find("locations.readonly"), std::string::npos);
  EXPECT_EQ(replica.location().identifiers.size(), 2u);
}

TEST_F(HighLevelReplicaTest, OpenSaysWhatIsWrongAndWithWhat) {
  std::string at;
  Reply with;
  location.first = [&](const Seen& s) -> std::optional<Reply> {
    if (s.target.starts_with(at)) return with;
    return std::nullopt;
  };
  const struct {
    const char *name, *at;
    int status;
    std::string body;
    Fault want;
    const char* says;
  } cases[] = {
      {"token", "/locations/loc1", 401, R"({"message":"Invalid Private Integration token"})",
       Fault::unauthorised, "token"},
      {"location", "/locations/loc1", 403,
       R"({"message":"The token does not have access to this location."})", Fault::unauthorised, "loc1"},
      {"no such location", "/locations/loc1", 400, R"({"message":"Location not found"})", Fault::rejected,
       "location_id"},
      {"custom field scope", "/locations/loc1/customFields", 401, kNoScope, Fault::unauthorised,
       "locations/customFields.readonly"},
      {"down", "/locations/loc1", 503, "<html>", Fault::transient, "503"},
      {"captive page", "/locations/loc1", 200, "<html>", Fault::malformed, "JSON"},
      {"another's answer", "/locations/loc1", 200, R"({"location":{"id":"loc2"}})", Fault::malformed,
       "another location"},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.name);
    at = c.at;
    with = Reply::json(c.body, c.status);
    HighLevelReplica replica(with_custom(), clock);
    const auto opened = replica.open();
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().fault, c.want) << opened.error().message;
    EXPECT_NE(opened.error().message.find(c.says), std::string::npos) << opened.error().message;
  }
}

TEST_F(HighLevelReplicaTest, MissingCustomFieldsAreNamedAllAtOnceAndLookedForAgain) {
  HighLevelReplica replica(
      with_custom({"custom:contact.gone", "custom:contact.budget", "custom:contact.lost"}), clock);
  const auto opened = replica.open();
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().fault, Fault::rejected);
  EXPECT_NE(opened.error().message.find("contact.gone"), std::string::npos);
  EXPECT_NE(opened.error().message.find("contact.lost"), std::string::npos);
  EXPECT_EQ(opened.error().message.find("contact.budget"), std::string::npos);
  EXPECT_FALSE(replica.open()) << "not taken for opened";
}

TEST_F(HighLevelReplicaTest, AFullListingShowsEveryContactOnceAndClaimsIt) {
  for (int i = 1; i <= 5; ++i) location.add(fmt::format("c{}", i), 100 * i, 10'000 - i);
  HighLevelReplica replica(settings(), clock);
  std::string shown, cursor;
  bool claimed = false;
  for (int pages = 0; pages < 10; ++pages) {
    const auto page = replica.read_page(ReadKind::full, cursor);
    ASSERT_TRUE(page) << page.error().message;
    shown += ids(*page);
    cursor = page->next;
    claimed = page->completed == std::vector<SourceKind>{SourceKind::record};
    EXPECT_EQ(claimed, !page->more);
    if (!page->more) break;
  }
  EXPECT_EQ(shown, "c1 c2 c3 c4 c5 ");
  EXPECT_TRUE(claimed);
  EXPECT_EQ(cursor, "d1|9999") << "changes from where the listing began";
  EXPECT_EQ(server.count("POST", "/contacts/search"), 4);
}

TEST_F(HighLevelReplicaTest, AContactEditedWhileListedIsInTheNextDelta) {
  for (int i = 1; i <= 4; ++i) location.add(fmt::format("c{}", i), 100 * i, 1'000'000'000 + i);
  HighLevelReplica replica(settings(), clock);
  auto page = replica.read_page(ReadKind::full, "");
  const std::int64_t later = 1'000'000'000 + 10 * tuning::kHighLevelOverlapMs;
  location.contacts["c1"].updated = later;                                     // behind the listing
  location.contacts["c4"].updated = later + 10 * tuning::kHighLevelOverlapMs;  // ahead of it
  while (page->more) page = replica.read_page(ReadKind::full, page->next);
  const auto delta = replica.read_page(ReadKind::delta, page->next);
  ASSERT_TRUE(delta);
  std::string shown = ids(*delta);
  EXPECT_NE((shown + ids(*replica.read_page(ReadKind::delta, delta->next))).find("c1"), std::string::npos);
}

TEST_F(HighLevelReplicaTest, ADeltaAsksFromTheWatermarkMinusTheOverlap) {
  location.add("old", 1, 1'800'000'000'000 - 2 * tuning::kHighLevelOverlapMs);
  location.add("within", 2, 1'800'000'000'000 - 1'000);
  location.add("new", 3, 1'800'000'005'000);
  HighLevelReplica replica(settings(), clock);
  auto page = replica.read_page(ReadKind::delta, "d1|1800000000000");
  ASSERT_TRUE(page);
  EXPECT_EQ(ids(*page), "within new ");
  while (page->more) page = replica.read_page(ReadKind::delta, page->next);
  EXPECT_EQ(page->next, "d1|1800000005000");
  EXPECT_TRUE(page->completed.empty());
  EXPECT_NE(bodies_of("/contacts/search")[0].find(
                fmt::format("\"gte\":{}", 1'800'000'000'000 - tuning::kHighLevelOverlapMs)),
            std::string::npos);
  EXPECT_EQ(replica.read_page(ReadKind::delta, "")->evidence.size(), 2u)
      << "from the beginning, the page's worth";
}

struct DateForms : HighLevelReplicaTest {
  std::optional<Reply> only_iso(const Seen& s, bool refuse) {
    if (s.target != "/contacts/search" || s.body.find("\"gte\"") == std::string::npos) return std::nullopt;
    if (s.body.find("\"gte\":\"") == std::string::npos)
      return refuse ? Reply::json(R"({"statusCode":422,"message":["bad date"]})", 422)
                    : Reply::json(R"({"contacts":[],"total":0})");
    return Reply::json(R"({"contacts":[{"id":"c1","searchAfter":[1800000000000,"c1"]}],"total":1})");
  }
};

TEST_F(DateForms, TheOtherOneIsTriedOnceAndRemembered) {
  for (const bool refuse : {true, false}) {
    SCOPED_TRACE(refuse ? "refused" : "silently matching nothing");
    location.first = [this, refuse](const Seen& s) { return only_iso(s, refuse); };
    HighLevelReplica replica(settings(), clock);
    const auto before = server.seen().size();
    EXPECT_EQ(ids(*replica.read_page(ReadKind::delta, "d1|1800000000000")), "c1 ");
    EXPECT_EQ(server.seen().size(), before + 2);
    EXPECT_EQ(ids(*replica.read_page(ReadKind::delta, "d1|1800000000000")), "c1 ");
    EXPECT_EQ(server.seen().size(), before + 3) << "the form is known now";
    EXPECT_EQ(replica.learned().at("date_form"), "iso");
    HighLevelReplica next(settings(), clock);
    next.recall(replica.learned());
    EXPECT_EQ(ids(*next.read_page(ReadKind::delta, "d1|1800000000000")), "c1 ");
    EXPECT_EQ(server.seen().size(), before + 4);
  }
}

TEST_F(DateForms, AProvedFormIsNotDoubtedBySilence) {
  location.add("c1", 1, 1'800'000'000'000);
  HighLevelReplica replica(settings(), clock);
  ASSERT_TRUE(replica.read_page(ReadKind::delta, "d1|1800000000000"));
  location.contacts.clear();
  const auto before = server.seen().size();
  ASSERT_TRUE(replica.read_page(ReadKind::delta, "d1|1800000000000"));
  EXPECT_EQ(server.seen().size(), before + 1);
}

TEST_F(HighLevelReplicaTest, APageThatIsNoneKeepsTheCursor) {
  location.add("c1", 1, 1);
  location.add("c2", 2, 2);
  location.add("c3", 3, 3);
  HighLevelReplica replica(settings(), clock);
  const auto first = replica.read_page(ReadKind::delta, "");
  ASSERT_TRUE(first->more);
  const struct {
    const char* name;
    Reply reply;
    Fault want;
  } cases[] = {
      {"the first page again",
       Reply::json(
           R"({"contacts":[{"id":"c1","searchAfter":[1,"c1"]},{"id":"c2","searchAfter":[2,"c2"]}],"total":3})"),
       Fault::malformed},
      {"a page of HTML", Reply::json("<html>"), Fault::malformed},
      {"half a page", Reply::json(R"({"contacts":[{"id":"c3")"), Fault::malformed},
      {"another location's",
       Reply::json(R"({"contacts":[{"id":"x","locationId":"loc2","searchAfter":[9,"x"]}],"total":1})"),
       Fault::malformed},
      {"a refusal", Reply::json(R"({"statusCode":422,"message":["pageLimit must not be greater"]})", 422),
       Fault::malformed},
      {"an error", Reply::json("", 500), Fault::transient},
      {"a revoked token", Reply::json(kNoScope, 401), Fault::unauthorised},
      {"no answer", Reply::hang_up(), Fault::transient},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.name);
    location.first = [&](const Seen&) { return c.reply; };
    const auto page = replica.read_page(ReadKind::delta, first->next);
    ASSERT_FALSE(page);
    EXPECT_EQ(page.error().fault, c.want) << page.error().message;
  }
  location.first = nullptr;
  EXPECT_EQ(ids(*replica.read_page(ReadKind::delta, first->next)), "c3 ");
}

TEST_F(HighLevelReplicaTest, ADefinitionThatIsGoneStopsTheFullListingBeforeItLooksCleared) {
  location.add("c1", 1, 1);
  HighLevelReplica replica(with_custom(), clock);
  ASSERT_TRUE(replica.open());
  ASSERT_TRUE(replica.read_page(ReadKind::full, ""));
  location.definitions = "[]";
  const auto page = replica.read_page(ReadKind::full, "");
  ASSERT_FALSE(page);
  EXPECT_EQ(page.error().fault, Fault::rejected);
  EXPECT_FALSE(replica.open()) << "and the next cycle says so too";
}

TEST_F(HighLevelReplicaTest, FetchAnswersEachRequestForItself) {
  location.add("c1", 1, 1).tags = {"vip"};
  location.add("moved", 1, 1).location = "loc2";
  location.first = [](const Seen& s) -> std::optional<Reply> {
    if (s.target == "/contacts/swapped") return Reply::json(R"({"contact":{"id":"c1","locationId":"loc1"}})");
    if (s.target == "/contacts/html") return Reply::json("<html>");
    if (s.target == "/contacts/noroute")
      return Reply::json(R"({"message":"Cannot GET /contacts/noroute","statusCode":404})", 404);
    if (s.target == "/contacts/denied") return Reply::json(kNoScope, 401);
    return std::nullopt;
  };
  HighLevelReplica replica(settings(), clock);
  const auto answers = fetch(replica, {"c1", "lost", "moved", "swapped", "html", "noroute", "denied", "c1"});
  ASSERT_EQ(answers.size(), 8u);
  ASSERT_TRUE(answers[0]);
  EXPECT_EQ(answers[0]->at(0).tags, (std::vector<std::string>{"vip"}));
  EXPECT_EQ(answers[1].error().fault, Fault::gone);
  for (const std::size_t i : {2u, 3u, 4u, 5u}) EXPECT_EQ(answers[i].error().fault, Fault::malformed) << i;
  EXPECT_EQ(answers[6].error().fault, Fault::unauthorised);
  EXPECT_NE(answers[6].error().message.find("contacts.readonly"), std::string::npos);
  EXPECT_TRUE(answers[7]);
}

TEST_F(HighLevelReplicaTest, FetchTakesMoreThanOneRound) {
  std::vector<std::string> wanted;
  for (int i = 0; i < 150; ++i) location.add(wanted.emplace_back(fmt::format("c{}", i)), 1, 1);
  HighLevelReplica replica(settings(), clock);
  const auto answers = fetch(replica, wanted);
  ASSERT_EQ(answers.size(), 150u);
  for (std::size_t i = 0; i < 150; ++i) EXPECT_EQ(answers[i]->at(0).source.id, wanted[i]);
}

TEST_F(HighLevelReplicaTest, FindJoinsWhatEachSearchSees) {
  FakeContact& by_search = location.add("c1", 1, 1);
  by_search.phone = "+13125550142";
  FakeContact& by_email = location.add("c2", 1, 1);
  by_email.email = "nora@tiles.example";
  location.add("c3", 1, 1);
  location.first = [](const Seen& s) -> std::optional<Reply> {  // the location's policy: e-mail only
    if (s.target.find("number=") != std::string::npos) return Reply::json(R"({"contact":null})");
    return std::nullopt;
  };
  HighLevelReplica replica(settings(), clock);
  const auto found = replica.find({"+13125550142", "nora@tiles.example"});
  ASSERT_TRUE(found) << found.error().message;
  ASSERT_EQ(found->evidence.size(), 2u);
  EXPECT_EQ(found->evidence[0].source.id, "c2");
  EXPECT_EQ(found->evidence[1].source.id, "c1");
  EXPECT_EQ(found->as_of_ms, clock.now);
  EXPECT_EQ(server.count("GET", "/contacts/search/duplicate?locationId=loc1&number=%2B13125550142"), 1);
  EXPECT_EQ(server.count("GET", "/contacts/search/duplicate?locationId=loc1&email=nora%40tiles.example"), 1);
}

TEST_F(HighLevelReplicaTest, FindDropsWhatIsGoneAndWhatCarriesNeitherKey) {
  location.add("alias", 1, 1).more_phones = {"(312) 555-0142"};
  location.add("upper", 1, 1).email = "NORA@Tiles.example";
  location.add("stranger", 1, 1).phone = "+13125550199";
  location.first = [](const Seen& s) -> std::optional<Reply> {
    if (s.target == "/contacts/search")
      return Reply::json(
          R"({"contacts":[{"id":"ghost"},{"id":"stranger"},{"id":"upper"},{"id":"alias"}],"total":4})");
    return std::nullopt;
  };
  HighLevelReplica replica(settings(), clock);
  const auto found = replica.find({"+13125550142", "nora@tiles.example"});
  ASSERT_TRUE(found);
  std::string names;
  for (const auto& e : found->evidence) names += e.source.id + " ";
  EXPECT_EQ(names, "upper alias ");
}

TEST_F(HighLevelReplicaTest, FindProvesNothingWhereASearchFails) {
  HighLevelReplica replica(settings(), clock);
  for (const char* failing : {"/contacts/search/duplicate", "/contacts/search"}) {
    location.first = [&](const Seen& s) -> std::optional<Reply> {
      if (s.target.starts_with(failing)) return Reply::json("<html>", 500);
      return std::nullopt;
    };
    EXPECT_EQ(replica.find({"+13125550142", ""}).error().fault, Fault::transient) << failing;
  }
  location.first = nullptr;
  EXPECT_TRUE(replica.find({"+13125550142", ""})->evidence.empty());
  const auto before = server.seen().size();
  EXPECT_TRUE(replica.find({"", ""})->evidence.empty());
  EXPECT_EQ(server.seen().size(), before);
  const int searches = server.count("POST", "/contacts/search");
  EXPECT_TRUE(replica.find({"", std::string(80, 'e') + "@x.example"}));
  EXPECT_EQ(server.count("POST", "/contacts/search"), searches)
      << "no search without a filter, it would list everybody";
}

TEST_F(HighLevelReplicaTest, WhatItCanDoIsSaid) {
  HighLevelReplica replica(settings(), clock);
  const Capabilities& c = replica.capabilities();
  EXPECT_TRUE(c.create && c.update && c.remove && c.has_records && c.tags && c.direct_proof &&
              c.has_edit_times);
  EXPECT_FALSE(c.keyed_by_phone || c.joined_name || c.tags_on_activities);
  EXPECT_EQ(c.index_lag_ms, tuning::kHighLevelIndexLagMs);
  EXPECT_EQ(c.page_max, 2);
  EXPECT_EQ(c.access(SourceKind::record, "postal_code"), Access::read_write);
  EXPECT_EQ(c.access(SourceKind::record, "custom:contact.anything"), Access::read_write);
  EXPECT_EQ(c.access(SourceKind::record, "shoe_size"), Access::none);
  EXPECT_EQ(c.access(SourceKind::row, "email"), Access::none);
}

TEST_F(HighLevelReplicaTest, UsageCountsRequestsAndKnowsTheDay) {
  location.first = [](const Seen&) {
    return Reply::json(R"({"contacts":[],"total":0})")
        .with("x-ratelimit-limit-daily", "200000")
        .with("x-ratelimit-daily-remaining", "199999");
  };
  HighLevelReplica replica(settings(), clock);
  EXPECT_EQ(replica.usage().day_limit, -1);
  ASSERT_TRUE(replica.read_page(ReadKind::delta, ""));
  EXPECT_EQ(replica.usage().requests, 1);
  EXPECT_EQ(replica.usage().day_limit, 200'000);
  EXPECT_EQ(replica.usage().day_remaining, 199'999);
  EXPECT_EQ(replica.cost_of(WriteKind::remove), 1);
  EXPECT_EQ(replica.cost_of(WriteKind::update), 2);
}
}  // namespace
}  // namespace tandem
