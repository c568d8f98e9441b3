#include "tests/sim/admin.h"

#include "tests/sim/highlevel_fixture.h"

namespace tandem::sim::highlevel {
namespace {
class Admin : public HighLevelTest {
 protected:
  Administered system = administered(face);
  HttpFace http{[this](const HttpRequest& asked) { return face.handle(asked); },
                [](const HttpRequest&) { return HttpResponse{}; }};
  Reply ask(std::string method, std::string_view target, std::string body = "") {
    Reply out;
    out.http = administer(request(std::move(method), target, std::move(body)), system, http);
    (void)parse_json(out.http.body, out.json);
    return out;
  }
};

TEST_F(Admin, StaffWorkByName) {
  const Reply made =
      ask("POST", "/_sim/staff/create", R"({"firstName":"Mara","phone":"+13125550123","tags":["vip"]})");
  ASSERT_EQ(made.status(), 200) << made.http.body;
  const std::string id = made.text("id");
  EXPECT_EQ(ask("POST", "/_sim/staff/edit", R"({"phone":"+13125550123","field":"city","value":"Aurora"})")
                .text("id"),
            id);
  EXPECT_EQ(ask("POST", "/_sim/staff/add_phone", fmt::format(R"({{"id":"{}","value":"+13125550199"}})", id))
                .status(),
            200);
  EXPECT_EQ(
      ask("POST", "/_sim/staff/clear", fmt::format(R"({{"id":"{}","field":"firstName"}})", id)).status(),
      200);
  const Reply truth = ask("GET", "/_sim/contacts");
  EXPECT_EQ(truth.text("contacts", 0, "city"), "Aurora");
  EXPECT_EQ(truth.at("contacts", 0, "firstName"), nullptr);
  EXPECT_EQ(ask("POST", "/_sim/staff/delete", fmt::format(R"({{"id":"{}"}})", id)).status(), 200);
  EXPECT_EQ(ask("POST", "/_sim/staff/delete", fmt::format(R"({{"id":"{}"}})", id)).status(), 400);
}

TEST_F(Admin, AnUnknownOperationIsRefused) {
  EXPECT_EQ(ask("POST", "/_sim/staff/dance").text("error"), "unknown staff operation 'dance'");
  EXPECT_EQ(ask("GET", "/_sim/nothing").status(), 404);
}

TEST_F(Admin, WritesAreReadFromWhereOneLeftOff) {
  create_id(R"("email":"a@example.org")");
  const Reply all = ask("GET", "/_sim/writes");
  EXPECT_EQ(all.text("writes", 0, "action"), "create");
  const Reply none = ask("GET", "/_sim/writes?since=" + all.text("next"));
  EXPECT_EQ(none.text("writes"), "[]");
  EXPECT_EQ(none.text("next"), all.text("next"));
}

TEST_F(Admin, FaultsAndSwitchesAreSetByName) {
  EXPECT_EQ(ask("POST", "/_sim/faults", R"([{"kind":"stall","param":5},{"kind":"too_many","times":-1}])")
                .at("faults")
                ->Size(),
            2U);
  EXPECT_EQ(ask("POST", "/_sim/faults", R"({"kind":"gremlin"})").status(), 400);
  EXPECT_EQ(ask("DELETE", "/_sim/faults").text("faults"), "[]");
  EXPECT_EQ(ask("POST", "/_sim/switches", R"({"index_lag_ms":12})").status(), 200);
  EXPECT_EQ(model.switches().number("index_lag_ms"), 12);
  EXPECT_EQ(ask("POST", "/_sim/switches", R"({"index_lag":12})").status(), 400);
}

TEST_F(Admin, StatsCountRoutes) {
  read("nobody");
  const Reply stats = ask("GET", "/_sim/stats");
  EXPECT_EQ(stats.text("routes", "GET /contacts/:id 400"), "1");
  EXPECT_EQ(stats.text("counted"), "1");
}
}  // namespace
}  // namespace tandem::sim::highlevel
