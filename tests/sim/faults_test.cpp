#include "tests/sim/faults.h"

#include <gtest/gtest.h>

#include <stdexcept>

namespace tandem::sim {
namespace {
struct Counting {
  int calls = 0;
  PageFault last = PageFault::none;
  Handler handler() {
    return [this](const HttpRequest& request) {
      ++calls;
      last = request.page_fault;
      return HttpResponse{200, {}, R"({"contacts":[1,2]})"};
    };
  }
};
HttpRequest get(std::string path) { return {"GET", std::move(path), {}, {}, {}}; }

TEST(Faults, HitOnlyWhatTheyNameAndWearOff) {
  Counting system;
  Faults faults;
  faults.add({FaultKind::html_5xx, "GET", "/search", /*skip=*/1, /*times=*/2, /*param=*/520});
  EXPECT_EQ(faults.deliver(get("/contacts/1"), system.handler()).response.status, 200);
  EXPECT_EQ(faults.deliver(get("/search"), system.handler()).response.status, 200) << "skipped";
  EXPECT_EQ(faults.deliver(get("/search"), system.handler()).response.status, 520);
  EXPECT_EQ(faults.deliver(get("/search"), system.handler()).response.status, 520);
  EXPECT_EQ(faults.deliver(get("/search"), system.handler()).response.status, 200);
  EXPECT_TRUE(faults.waiting().empty());
}

TEST(Faults, LostBeforeHasNoEffectAndLostAfterHas) {
  Counting system;
  Faults faults;
  faults.add({.kind = FaultKind::lost_before, .method = "", .path_has = ""});
  faults.add({.kind = FaultKind::lost_after, .method = "", .path_has = "", .param = 250});
  const Delivered before = faults.deliver(get("/"), system.handler());
  EXPECT_EQ(before.delivery, Delivery::dropped);
  EXPECT_FALSE(before.effect);
  EXPECT_EQ(system.calls, 0);
  const Delivered after = faults.deliver(get("/"), system.handler());
  EXPECT_EQ(after.delivery, Delivery::dropped);
  EXPECT_EQ(after.wait_ms, 250);
  EXPECT_TRUE(after.effect);
  EXPECT_EQ(system.calls, 1);
}

TEST(Faults, AnErrorMayQuoteWhatWasSentAndWhatWouldHaveCome) {
  Counting system;
  Faults faults;
  faults.add({.kind = FaultKind::quoting, .method = "PUT", .path_has = ""});
  faults.add({.kind = FaultKind::quoting, .method = "GET", .path_has = "", .param = 502});
  HttpRequest put = get("/contacts/1");
  put.method = "PUT";
  put.body = R"({"city":"Joliet"})";
  const HttpResponse refused = faults.deliver(put, system.handler()).response;
  EXPECT_EQ(refused.status, 422);
  EXPECT_NE(refused.body.find("Joliet"), std::string::npos) << refused.body;
  EXPECT_EQ(system.calls, 0) << "a write is not carried out";
  const HttpResponse page = faults.deliver(get("/contacts/1"), system.handler()).response;
  EXPECT_EQ(page.status, 502);
  EXPECT_NE(page.body.find("[1,2]"), std::string::npos) << page.body;
  EXPECT_EQ(page.headers.at("content-type"), "text/html; charset=UTF-8");
}

TEST(Faults, AnErrorMayHideAnEffect) {
  Counting system;
  Faults faults;
  faults.add({.kind = FaultKind::stored_but_422, .method = "", .path_has = ""});
  faults.add({.kind = FaultKind::json_5xx, .method = "", .path_has = "", .param = 503, .effect = true});
  faults.add({.kind = FaultKind::json_5xx, .method = "", .path_has = ""});
  EXPECT_EQ(faults.deliver(get("/"), system.handler()).response.status, 422);
  EXPECT_EQ(faults.deliver(get("/"), system.handler()).response.status, 503);
  EXPECT_EQ(system.calls, 2);
  EXPECT_EQ(faults.deliver(get("/"), system.handler()).response.status, 500);
  EXPECT_EQ(system.calls, 2);
}

TEST(Faults, TooManyMayNameAWait) {
  Counting system;
  Faults faults;
  faults.add({.kind = FaultKind::too_many, .method = "", .path_has = "", .param = 7});
  const Delivered out = faults.deliver(get("/"), system.handler());
  EXPECT_EQ(out.response.status, 429);
  EXPECT_EQ(out.response.headers.at("retry-after"), "7");
}

TEST(Faults, TruncatedIsHalfAnAnswer) {
  Counting system;
  Faults faults;
  faults.add({.kind = FaultKind::truncated, .method = "", .path_has = ""});
  EXPECT_EQ(faults.deliver(get("/"), system.handler()).response.body, R"({"contact)");
}

TEST(Faults, PageFaultsAreTheSystemsToHonour) {
  Counting system;
  Faults faults;
  faults.add({.kind = FaultKind::skip_page, .method = "", .path_has = ""});
  faults.add({.kind = FaultKind::empty_list, .method = "", .path_has = "", .param = 1});
  (void)faults.deliver(get("/"), system.handler());
  EXPECT_EQ(system.last, PageFault::skip);
  (void)faults.deliver(get("/"), system.handler());
  EXPECT_EQ(system.last, PageFault::empty_total);
}

TEST(Faults, EveryKindHasAName) {
  for (int i = 0; i <= static_cast<int>(FaultKind::wrong_json); ++i) {
    FaultKind back{};
    ASSERT_TRUE(fault_kind(name_of(static_cast<FaultKind>(i)), back));
    EXPECT_EQ(static_cast<int>(back), i);
  }
}

TEST(SwitchesTest, AnUnknownNameListsTheKnownOnes) {
  Switches switches({{"lag_ms", "5", "<int>"}, {"quota", "on", "on|off"}});
  EXPECT_TRUE(switches.on("quota"));
  switches.set("lag_ms", "12");
  EXPECT_EQ(switches.number("lag_ms"), 12);
  EXPECT_THROW(switches.set("quota", "maybe"), std::invalid_argument);
  EXPECT_THROW(switches.set("lag_ms", "soon"), std::invalid_argument);
  try {
    switches.set("lag", "1");
    FAIL();
  } catch (const std::invalid_argument& wrong) {
    EXPECT_NE(std::string(wrong.what()).find("lag_ms"), std::string::npos);
  }
}
}  // namespace
}  // namespace tandem::sim
