#include "daemon/ctm/ctm_accounts.h"
#include <gtest/gtest.h>
#include "daemon/ctm/ctm_bodies.h"
#include "daemon/ctm/ctm_replica.h"
#include "fake_ctm.h"

namespace tandem::ctm {
namespace {
// Account contacts as the dossier infers them: 100 a page, writes only where the test lets them.
struct CtmAccounts : testing::Test {
  FakeCtm ctm;
  ManualClock clock{kNoon * 1000};
  CtmSettings settings = ctm.settings();
  std::unique_ptr<CtmReplica> replica;
  std::map<int, std::string> names;  // id -> name
  std::set<std::string> verbs;       // that the remote has
  std::set<int> hidden;              // listed by nobody, counted all the same

  CtmAccounts() {
    settings.contact_surface = ContactSurface::account;
    replica = std::make_unique<CtmReplica>(settings, clock);
    ctm.instead = [this](const Asked& a) { return answer(a); };
  }
  [[nodiscard]] static std::string json_of(int id, const std::string& name) {
    return fmt::format(
        R"({{"id":{},"account_id":7,"name":"{}","number":"+1312555{:04}","email":"P{}@Example.org","address":{{"city":"Elgin"}}}})",
        id, name, id, id);
  }
  std::optional<Said> answer(const Asked& a) {
    const std::string route = a.path.substr(0, a.path.find('?'));
    if (!route.starts_with("/contacts")) return std::nullopt;
    const Said no_route{404, "<html>"};
    if (a.method != "GET" && !verbs.contains(a.method)) return Said{405, "<html>"};
    if (route == "/contacts.json" && a.method == "GET") {
      const int page = std::stoi(a.path.substr(a.path.rfind("page=") + 5));
      std::string rows;
      int at = 0;
      for (const auto& [id, name] : names) {
        if (at++ / 100 != page - 1 || hidden.contains(id)) continue;
        rows += (rows.empty() ? "" : ",") + json_of(id, name);
      }
      const int pages = (static_cast<int>(names.size()) + 99) / 100;
      return Said{200, fmt::format(R"({{"contacts":[{}],"page":{},"total_entries":{},"total_pages":{}}})",
                                   rows, page, names.size(), pages)};
    }
    if (route == "/contacts.json") {
      const int id = names.empty() ? 1 : names.rbegin()->first + 1;
      const auto body = Body::parse(a.body);
      names[id] = text_of(member(*member(body->root(), "contact"), "name"));
      return Said{201, fmt::format(R"({{"contact":{}}})", json_of(id, names[id]))};
    }
    const int id = std::stoi(route.substr(10));
    if (!names.contains(id)) return Said{404, R"({"status":"error","reason":"contact not found"})"};
    if (a.method == "DELETE") {
      names.erase(id);
      return Said{200, ""};
    }
    if (a.method != "GET") {
      const auto body = Body::parse(a.body);
      names[id] = text_of(member(*member(body->root(), "contact"), "name"));
    }
    return Said{200, json_of(id, names[id])};
  }
};

TEST_F(CtmAccounts, ListsEveryContactAndChecksTheCount) {
  for (int i = 1; i <= 230; ++i) names[i] = fmt::format("P{}", i);
  const auto read = [&] {
    std::set<std::string> ids;
    std::string cursor;
    for (bool more = true; more;) {
      const auto page = replica->read_page(ReadKind::full, cursor);
      if (!page) throw std::runtime_error(page.error().message);
      for (const Evidence& e : page->evidence) ids.insert(e.person);
      cursor = page->next;
      more = page->more;
      if (!more) return std::pair(ids.size(), page->completed == std::vector{SourceKind::record});
    }
    return std::pair(ids.size(), false);
  };
  EXPECT_EQ(read(), std::pair(std::size_t{230}, true));
  hidden = {17};
  EXPECT_EQ(read(), std::pair(std::size_t{229}, false));
}

TEST_F(CtmAccounts, FindsByEitherKeyInAFullListing) {
  for (int i = 1; i <= 130; ++i) names[i] = fmt::format("P{}", i);
  const auto by_phone = replica->find({"+13125550120", ""});
  ASSERT_TRUE(by_phone && by_phone->evidence.size() == 1U);
  EXPECT_EQ(by_phone->evidence[0].person, "120");
  EXPECT_EQ(replica->find({"", "p7@example.org"})->evidence.at(0).person, "7");
  EXPECT_TRUE(replica->find({"+13125550999", ""})->evidence.empty());
  hidden = {17};
  EXPECT_EQ(replica->find({"+13125550999", ""}).error().fault, Fault::transient);
}

TEST_F(CtmAccounts, ReadsOneDirectly) {
  names = {{1, "Ida"}};
  const auto out =
      replica->fetch(std::vector<FetchRequest>{{{"1"}, {}}, {{"2"}, {{SourceKind::record, "2"}}}});
  ASSERT_TRUE(out[0]);
  EXPECT_EQ(text_in(out[0]->at(0).fields, "name"), "Ida");
  EXPECT_EQ(out[1].error().fault, Fault::gone);
}

TEST_F(CtmAccounts, WritesWithTheVerbsThatThereAre) {
  names = {{1, "Ida"}};
  verbs = {"PATCH", "POST", "DELETE"};
  Write w;
  w.record = {"1"};
  w.set = {{"name", {false, "Ida Brandt", {}}}};
  const auto updated = replica->apply(std::vector{w});
  ASSERT_TRUE(updated[0]) << updated[0].error().message;
  EXPECT_EQ(text_in(updated[0]->shown.at(0).fields, "name"), "Ida Brandt");
  EXPECT_EQ(replica->learned().at("record_write"), "patch");
  w.kind = WriteKind::create;
  w.whole = {
      {"name", {false, "Jo Holt", {}}}, {"phone", {false, "+13125550002", {}}}, {"city", {true, "", {}}}};
  w.set.clear();
  const auto created = replica->apply(std::vector{w});
  ASSERT_TRUE(created[0]);
  EXPECT_EQ(created[0]->record.text, "2");
  EXPECT_EQ(ctm.asked("POST", "/contacts").at(0).body,
            R"({"contact":{"number":"+13125550002","name":"Jo Holt"}})");
  w.kind = WriteKind::remove;
  w.record = {"2"};
  ASSERT_TRUE(replica->apply(std::vector{w})[0]);
  EXPECT_FALSE(names.contains(2));
}

TEST_F(CtmAccounts, LearnsThatThereIsNoWriting) {
  names = {{1, "Ida"}};
  ASSERT_TRUE(replica->open());
  EXPECT_TRUE(replica->capabilities().update);
  Write w;
  w.record = {"1"};
  w.set = {{"name", {false, "Ida Brandt", {}}}};
  EXPECT_EQ(replica->apply(std::vector{w})[0].error().fault, Fault::unsupported);
  EXPECT_FALSE(replica->capabilities().update || replica->capabilities().create);
  EXPECT_EQ(replica->capabilities().access(SourceKind::record, "email"), Access::read_only);
  EXPECT_EQ(names[1], "Ida");
}
}  // namespace
}  // namespace tandem::ctm
