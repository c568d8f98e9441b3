// Authentication, bodies, throttling and the settings routes.
#include "tests/sim/ctm_call.h"
#include "tests/sim/ctm_fixture.h"

namespace tandem::sim {
namespace {
class CtmWire : public CtmFixture {};

TEST_F(CtmWire, EveryRouteWorksWithAndWithoutDotJson) {
  for (const std::string path :
       {"/lists", "/calls", "/users", "/custom_fields", "/tags", "", "/contacts", "/numbers"}) {
    EXPECT_EQ(send("GET", "/accounts/20417" + path + ".json").status, 200) << path;
    EXPECT_EQ(send("GET", "/accounts/20417" + path).status, 200) << path;
  }
}

TEST_F(CtmWire, WrongOrMissingKeysAre401) {
  credential = "a20417sim:wrong";
  EXPECT_EQ(get("/lists").status, 401);
  EXPECT_EQ(get("/lists").text("status"), "error");
  set("auth_error_body", "error");
  EXPECT_NE(get("/lists").text("error"), "<none>");
  credential = "nobody";
  EXPECT_EQ(get("/lists").status, 401);
  HttpRequest bare{"GET", "/api/v1/accounts", {}, {{"host", "h"}}, ""};
  EXPECT_EQ(face.handle(bare).status, 401);
  bare.headers["authorization"] = "Bearer abc";
  EXPECT_EQ(face.handle(bare).status, 401);
}

TEST_F(CtmWire, AnAccountKeyReachesOneAccountAndAnAgencyKeyItsOwn) {
  CtmAccount& sister = model.add_account("Larkspur Stone", "UTC", 4410);
  CtmAccount& foreign = model.add_account("Elsewhere", "UTC", 9);
  const auto status = [&](const CtmAccount& a) {
    return send("GET", "/accounts/" + std::to_string(a.id)).status;
  };
  EXPECT_EQ(status(sister), 403);
  set("foreign_account", "404");
  EXPECT_EQ(status(sister), 404);
  EXPECT_EQ(send("GET", "/accounts/abc/lists").status, 404);
  EXPECT_EQ(send("GET", "/accounts")["accounts"].Size(), 1U);
  const CtmKey agency = model.make_key(4410);
  credential = agency.access + ":" + agency.secret;
  EXPECT_EQ(status(sister), 200);
  EXPECT_EQ(status(foreign), 404);
  EXPECT_EQ(send("GET", "/accounts")["accounts"].Size(), 2U);
}

TEST_F(CtmWire, AResetKillsTheOldPairAtOnce) {
  const CtmKey fresh = ui.reset_key("a20417sim");
  EXPECT_EQ(get("/lists").status, 401);
  credential = fresh.access + ":" + fresh.secret;
  EXPECT_EQ(get("/lists").status, 200);
}

TEST_F(CtmWire, ARestrictedKeyMayNotListUsers) {
  model.keys().front().may_list_users = false;
  EXPECT_EQ(get("/users").status, 403);
  EXPECT_EQ(get("/calls").status, 200);
}

TEST_F(CtmWire, TheLegacyExchangeGivesATokenFor30Days) {
  const auto exchange = [&](const std::string& secret) {
    return send("POST", "/authentication.json", "token=a20417sim&secret=" + secret, {},
                "application/x-www-form-urlencoded");
  };
  EXPECT_EQ(exchange("wrong").text("success"), "false");
  EXPECT_EQ(exchange("wrong").status, 200);
  const CtmReply given = exchange("s20417simsecret");
  EXPECT_EQ(text(given["first_account"], "id"), "20417");
  credential = "";
  EXPECT_EQ(get("/lists", {{"auth_token", given.text("token")}}).status, 200);
  tick(31LL * 86'400'000);
  EXPECT_EQ(get("/lists", {{"auth_token", given.text("token")}}).status, 401);
  set("auth_exchange_wrong", "401");
  EXPECT_EQ(exchange("wrong").status, 401);
}

TEST_F(CtmWire, FormsWithBracketsAndMethodOverrideWork) {
  const std::int64_t id = ui.call_from(kAnna);
  const std::string form = "_method=PUT&call%5Bname%5D=Zo%C3%AB+K.&call%5Bcustom_fields%5D%5Bphase%5D=two";
  set("modify.verbs", "PUT");
  const CtmReply reply = send("POST", account("/calls/" + std::to_string(id) + "/modify"), form, {},
                              "application/x-www-form-urlencoded; charset=UTF-8");
  EXPECT_EQ(reply.text("status"), "success");
  EXPECT_EQ(activity(id).text("name"), "Zoë K.");
  EXPECT_EQ(text(activity(id)["custom_fields"], "phase"), "two");
}

TEST_F(CtmWire, AMethodHidesInAFormOrAHeaderButNotInJson) {
  const std::string id = std::to_string(ui.call_from(kAnna));
  set("modify.verbs", "PUT");
  EXPECT_EQ(post("/calls/" + id + "/modify", R"({"_method":"PUT","call":{"name":"Mia"}})").status, 404);
  HttpRequest request{
      "POST", "/api/v1" + account("/calls/" + id + "/modify"), {}, {}, R"({"call":{"name":"Mia"}})"};
  request.headers = {{"authorization", "Basic " + base64(credential)},
                     {"content-type", "application/json"},
                     {"x-http-method-override", "PUT"}};
  EXPECT_EQ(face.handle(request).status, 200);
}

TEST_F(CtmWire, MultipartBodiesAreRead) {
  const std::int64_t id = ui.call_from(kAnna);
  const std::string body =
      "--xyz\r\ncontent-disposition: form-data; name=\"call[name]\"\r\n\r\nMia\r\n--xyz--\r\n";
  send("POST", account("/calls/" + std::to_string(id) + "/modify"), body, {},
       "multipart/form-data; boundary=xyz");
  EXPECT_EQ(activity(id).text("name"), "Mia");
}

TEST_F(CtmWire, ABodyMustMatchItsContentType) {
  const std::string json = R"({"contact":{"number":"+13125550142"}})";
  const std::string path = account("/lists/" + list + "/add_contact");
  EXPECT_EQ(send("POST", path, json, {}, "text/plain").status, 406) << "not read, so the number is missing";
  EXPECT_EQ(send("POST", path, "{\"contact\":", {}, "application/json").status, 400);
  EXPECT_EQ(send("POST", path, json).status, 200);
}

TEST_F(CtmWire, UnknownRoutesAre404AndUnknownQueryKeysAreIgnored) {
  EXPECT_EQ(get("/calls", {{"updated_since", "2030-01-01"}, {"nonsense", "1"}}).status, 200);
  EXPECT_EQ(get("/companies").status, 404);
  EXPECT_EQ(get("/tasks").status, 404);
  EXPECT_EQ(send("GET", "/nowhere").status, 404);
  HttpRequest elsewhere{"GET", "/api/v2/accounts", {}, {}, ""};
  EXPECT_EQ(face.handle(elsewhere).status, 404);
}

TEST_F(CtmWire, TheEleventhRequestOfASecondIs429WithoutRetryAfter) {
  set("rate", "fixed_window");
  for (int i = 0; i < 10; ++i) ASSERT_EQ(get("/tags").status, 200);
  const CtmReply refused = get("/tags");
  EXPECT_EQ(refused.status, 429);
  EXPECT_FALSE(refused.headers.contains("retry-after"));
  set("rate.retry_after", "on");
  EXPECT_EQ(get("/tags").headers.at("retry-after"), "1");
  set("rate_body", "text");
  EXPECT_EQ(get("/tags").body, "Too Many Requests\n");
  tick(1000);
  EXPECT_EQ(get("/tags").status, 200);
}

TEST_F(CtmWire, ATokenBucketAllowsNoSecondBurstAcrossTheBorder) {
  set("rate", "token_bucket");
  tick(900);
  for (int i = 0; i < 10; ++i) ASSERT_EQ(get("/tags").status, 200);
  tick(200);  // a new second, but only two tokens
  EXPECT_EQ(get("/tags").status, 200);
  EXPECT_EQ(get("/tags").status, 200);
  EXPECT_EQ(get("/tags").status, 429);
}

TEST_F(CtmWire, QuotasBelongToTheKeyOrToTheWholeAgency) {
  set("rate", "fixed_window");
  const std::string mine = credential;
  const CtmKey other = model.make_key(4410, 20417);
  for (int i = 0; i < 10; ++i) ASSERT_EQ(get("/tags").status, 200);
  credential = other.access + ":" + other.secret;
  EXPECT_EQ(get("/tags").status, 200);
  tick(1000);
  set("rate_scope", "agency");
  for (int i = 0; i < 10; ++i) ASSERT_EQ(get("/tags").status, 200);
  credential = mine;
  EXPECT_EQ(get("/tags").status, 429);
}

TEST_F(CtmWire, ManyErrorsAreThrottled) {
  set("rate.errors_per_minute", "5");
  for (int i = 0; i < 6; ++i) EXPECT_EQ(get("/calls/1").status, 404);
  EXPECT_EQ(get("/tags").status, 429);
  tick(30'000);
  EXPECT_EQ(get("/tags").status, 200);
}

TEST_F(CtmWire, NobodyIsDialledAndEveryAttemptIsCounted) {
  EXPECT_EQ(post("/calls", R"({"from_number":"TPN1","call_number":"+13125550142"})").status, 403);
  EXPECT_EQ(post("/sms", R"({"to":"+13125550142","msg":"hi"})").status, 403);
  EXPECT_EQ(send("POST", "/formreactor/FRT1", R"({"phone_number":"+13125550142"})").status, 403);
  EXPECT_EQ(face.dial_attempts(), 3);
  EXPECT_TRUE(model.writes().empty());
  get("/calls");
  send("POST", account("/calls/search"), "{}");
  EXPECT_EQ(face.dial_attempts(), 3);
}

TEST_F(CtmWire, TheAccountShowsItsZoneByItsRailsName) {
  EXPECT_EQ(get("").text("timezone"), "Central Time (US & Canada)");
  set("timezone_form", "iana");
  EXPECT_EQ(get("").text("timezone"), "America/Chicago");
  EXPECT_EQ(send("GET", "/accounts")["accounts"][0].HasMember("timezone"), false);
}

TEST_F(CtmWire, CustomFieldsAreRegisteredOnceAndByKnownTypes) {
  const auto define = [&](const std::string& rest) {
    return post("/custom_fields", R"({"custom_field":{"name":"Phase",)" + rest + "}}");
  };
  EXPECT_EQ(define(R"("api_name":"phase","field_type":"text")").status, 200);
  EXPECT_EQ(define(R"("api_name":"phase","field_type":"text")").status, 406);
  EXPECT_EQ(define(R"("api_name":"Phase 2","field_type":"text")").status, 406);
  EXPECT_EQ(define(R"("api_name":"kind","field_type":"list")").status, 406);
  EXPECT_EQ(define(R"("api_name":"kind","object_type":"Contact")").status, 406);
  const CtmReply all = get("/custom_fields", {{"all", "true"}});
  ASSERT_EQ(all["custom_fields"].Size(), 1U);
  EXPECT_EQ(text(all["custom_fields"][0], "object_type"), "Call");
  EXPECT_TRUE(get("/custom_fields/panels")["custom_panels"].IsArray());
}

TEST_F(CtmWire, OptOutsAreFoundByNumberAndNoneIs404) {
  EXPECT_EQ(get("/opt_out_texts", {{"phone_number", kAnna}}).status, 404);
  set("opt_out_none", "empty");
  EXPECT_TRUE(get("/opt_out_texts", {{"phone_number", kAnna}})["opt_out_texts"].Empty());
  ui.text(kAnna, "STOP");
  EXPECT_EQ(get("/opt_out_texts", {{"phone_number", kAnna}})["opt_out_texts"].Size(), 1U);
}

TEST_F(CtmWire, UsersAreFoundByEmailWhateverItsCase) {
  EXPECT_EQ(get("/users")["total_entries"].GetInt(), 12);
  const CtmReply one = get("/users", {{"email", "NOOR@larkspur.example.com"}});
  ASSERT_EQ(one["users"].Size(), 1U);
  EXPECT_EQ(text(one["users"][0], "first_name"), "Noor");
}

TEST_F(CtmWire, SomeObjectsGiveTheAccountIdAsText) {
  EXPECT_EQ(get("/numbers")["numbers"][0]["account_id"].IsString(), true);
  EXPECT_EQ(get("/lists")["contact_lists"][0]["account_id"].IsInt(), true);
}

TEST_F(CtmWire, TriggersComeUnderAnotherName) { EXPECT_TRUE(get("/triggers")["automators"].IsArray()); }

TEST_F(CtmWire, AccountContactsAreReadableAndNotWritable) {
  add(R"("number":"+13125550142","first_name":"Anna","last_name":"Kovac","email":"anna@example.org")");
  ui.call_from(kBela, "Bela B.");
  settle();
  const CtmReply all = get("/contacts", {{"per_page", "500"}});
  EXPECT_EQ(all["contacts"].Size(), 2U);
  EXPECT_EQ(all["per_page"].GetInt(), 100);
  EXPECT_EQ(get("/contacts", {{"email", "ANNA@"}})["contacts"].Size(), 1U);
  const std::string id = text(all["contacts"][0], "id");
  EXPECT_EQ(get("/contacts/" + id).text("email"), "anna@example.org");
  EXPECT_EQ(get("/contacts/" + id).text("updated_at"), "<none>");
  EXPECT_EQ(get("/contacts/1").status, 404);
  EXPECT_EQ(send("PUT", account("/contacts/" + id), R"({"contact":{"name":"X"}})").status, 404);
  set("account_contacts.search", "off");
  EXPECT_EQ(get("/contacts", {{"email", "anna@"}})["contacts"].Size(), 2U);
}

TEST_F(CtmWire, AccountContactsMayBeWritableAbsentOrOnlyWithSuffix) {
  set("account_contacts.write_verbs", "post_put_delete");
  set("account_contacts.stamps", "present");
  set("account_contacts.address", "flat");
  const CtmReply made =
      post("/contacts", R"({"contact":{"number":"+13125550142","name":"Anna Kovac","city":"Aurora"}})");
  const std::string id = text(made["contact"], "id");
  EXPECT_EQ(text(made["contact"], "city"), "Aurora");
  EXPECT_EQ(post("/contacts", R"({"contact":{"number":"+13125550142"}})").status, 406)
      << "the number is unique";
  tick(5000);
  send("PUT", account("/contacts/" + id), R"({"contact":{"name":"Anne Kovac","number":"+13125550143"}})");
  EXPECT_EQ(get("/contacts/" + id).text("number"), kBela);
  EXPECT_NE(get("/contacts/" + id).text("updated_at"), get("/contacts/" + id).text("created_at"));
  EXPECT_EQ(send("PATCH", account("/contacts/" + id), "{}").status, 404);
  EXPECT_EQ(del("/contacts/" + id, "").text("status"), "deleted");
  EXPECT_EQ(get("/contacts/" + id).status, 404);
  set("account_contacts.path", "contacts.json");
  EXPECT_EQ(get("/contacts").status, 404);
  EXPECT_EQ(get("/contacts.json").status, 200);
  set("account_contacts.path", "404");
  EXPECT_EQ(get("/contacts.json").status, 404);
  set("account_contacts.path", "contacts");
  set("contact_surfaces", "activity");
  EXPECT_EQ(get("/contacts").status, 404);
  EXPECT_EQ(get("/lists").status, 404);
  set("contact_surfaces", "list");
  EXPECT_EQ(modify(ui.call_from(kBela), R"("name":"X")").status, 404);
}

TEST_F(CtmWire, RequestsAreCountedPerRoute) {
  get("/lists");
  get("/lists/" + list + "/contacts");
  get("/lists/" + list + "/contacts");
  add(R"("number":"+13125550142")");
  EXPECT_EQ(face.counters().at("GET lists"), 1);
  EXPECT_EQ(face.counters().at("GET lists/contacts"), 2);
  EXPECT_EQ(face.counters().at("POST lists/add_contact"), 1);
}

TEST_F(CtmWire, TheSameSeedAndTheSameCallsGiveTheSameBytes) {
  const auto story = [](std::uint64_t seed) {
    std::int64_t clock = kStart;
    CtmSetup setup;
    setup.seed = seed;
    CtmModel world([&clock] { return clock; }, setup);
    CtmFace wire(world);
    CtmUi person(world);
    const auto people = make_people(7, 30);
    wire.load_people(people);
    person.call_from(kAnna, "Anna");
    clock += 10'000;
    const HttpRequest request{
        "GET",
        "/api/v1/accounts/20417/calls",
        {{"per_page", "100"}},
        {{"host", "h"}, {"authorization", "Basic " + base64("a20417sim:s20417simsecret")}},
        ""};
    return wire.handle(request).body;
  };
  EXPECT_EQ(story(3), story(3));
  EXPECT_NE(story(3), story(4));
}

TEST_F(CtmWire, SamplePeopleAreThereAtOnceAndNotInTheLogOfWrites) {
  const auto people = make_people(7, 50);
  face.load_people(people);
  std::set<std::string> phones;
  std::size_t calls = 0;
  for (const auto& person : people) {
    if (!person.ctm || person.ctm->phone.empty()) continue;
    phones.insert(person.ctm->phone);
    calls += static_cast<std::size_t>(person.calls);
  }
  EXPECT_EQ(get("/lists/" + list + "/contacts")["total_entries"].GetUint64(), phones.size());
  EXPECT_EQ(get("/calls")["total_entries"].GetUint64(), calls);
  EXPECT_TRUE(model.writes().empty());
  EXPECT_FALSE(get("/custom_fields", {{"all", "true"}})["custom_fields"].Empty());
}
}  // namespace
}  // namespace tandem::sim
