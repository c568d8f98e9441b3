// The replica with an OAuth installation: tokens that end, or are refused, while it works.
#include <gtest/gtest.h>

#include "daemon/highlevel/highlevel_replica.h"
#include "tests/daemon/highlevel/installed_app.h"

namespace tandem {
namespace {

class OAuthReplica : public test::InstalledApp {
 protected:
  void SetUp() override {
    InstalledApp::SetUp();
    store(given(here));
    model.switches().set("index_lag_ms", "0");
    shelf.emplace(path());
    tokens.emplace(InstalledApp::settings(), *shelf, clock);
    HighLevelSettings s;
    s.base_url = base_url;
    s.location_id = here;
    s.tokens = &*tokens;
    s.native_names = {"first_name", "email"};
    s.budget = {};
    s.page_size = 2;
    replica.emplace(std::move(s), clock);
    ASSERT_TRUE(replica->open());
    face.clear_counters();
  }
  static Write create(const std::string& email) {
    Write write;
    write.kind = WriteKind::create;
    write.whole = {{"email", WireValue{false, email, {}}}};
    write.set = write.whole;
    return write;
  }
  std::vector<std::string> made(int count) {
    std::vector<Write> writes;
    for (int i = 0; i < count; ++i) writes.push_back(create("p" + std::to_string(i) + "@example.org"));
    std::vector<std::string> ids;
    for (auto& receipt : replica->apply(writes)) {
      EXPECT_TRUE(receipt) << receipt.error().message;
      if (receipt) ids.push_back(receipt->record.text);
    }
    return ids;
  }

  std::optional<test::DiaryShelf> shelf;
  std::optional<highlevel::OAuthTokens> tokens;
  std::optional<HighLevelReplica> replica;
};

TEST_F(OAuthReplica, GoesOnWithARenewedTokenWhenItsOwnEndsInAListing) {
  made(5);
  clock.now += 60'000;
  auto page = replica->read_page(ReadKind::full, "");
  ASSERT_TRUE(page) << page.error().message;
  std::size_t seen = page->evidence.size();
  clock.now += kLifeMs;
  while (page->more) {
    page = replica->read_page(ReadKind::full, page->next);
    ASSERT_TRUE(page) << page.error().message;
    seen += page->evidence.size();
  }
  EXPECT_GE(seen, 5u);
  EXPECT_EQ(refreshes(), 1);
  EXPECT_EQ(asked("POST /contacts/search 401"), 0);
}

TEST_F(OAuthReplica, SendsOnceMoreWhatARefusedTokenHeldUpAndDoesNothingTwice) {
  face.end_access();
  EXPECT_EQ(made(3).size(), 3u);
  EXPECT_EQ(model.contact_count(), 3u);
  EXPECT_EQ(asked("POST /contacts/ 201"), 3);
  EXPECT_EQ(refreshes(), 1) << "one for all of them";
}

TEST_F(OAuthReplica, SaysItIsNotAuthorisedWhenTheRenewedTokenIsRefusedToo) {
  http.add_fault(
      {.kind = sim::FaultKind::json_5xx, .method = "", .path_has = "/contacts/", .times = -1, .param = 401});
  for (int i = 0; i < 3; ++i) {
    const std::vector<FetchRequest> wanted{{RecordId{"some"}, {}}};
    const auto found = replica->fetch(wanted);
    ASSERT_FALSE(found[0]);
    EXPECT_EQ(found[0].error().fault, Fault::unauthorised);
  }
  EXPECT_EQ(refreshes(), 1) << "a remote that refuses every token does not get them all spent";
}

TEST_F(OAuthReplica, PassesOnThatAPersonIsNeededAndNothingIsDone) {
  face.end_access();
  face.oauth().refresh_tokens.clear();
  const std::vector<Write> writes{create("a@example.org"), create("b@example.org")};
  for (const auto& receipt : replica->apply(writes)) {
    ASSERT_FALSE(receipt);
    EXPECT_EQ(receipt.error().fault, Fault::unauthorised);
    EXPECT_NE(receipt.error().message.find("tandem auth highlevel"), std::string::npos);
  }
  EXPECT_EQ(model.contact_count(), 0u);
}

TEST_F(OAuthReplica, DoesNotRenewForAScopeThatIsMissing) {
  model.switches().set("token.scopes", "locations.readonly");
  const std::vector<FetchRequest> wanted{{RecordId{"some"}, {}}};
  EXPECT_EQ(replica->fetch(wanted)[0].error().fault, Fault::unauthorised);
  EXPECT_EQ(refreshes(), 0);
}
}  // namespace
}  // namespace tandem
