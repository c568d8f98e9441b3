#include "tests/sim/highlevel_fixture.h"
#include "tests/sim/highlevel_text.h"

namespace tandem::sim::highlevel {
namespace {
using Values = HighLevelTest;

TEST_F(Values, PhonesBecomeE164ByTheCountryOfTheLocation) {
  EXPECT_EQ(create(R"("phone":"(312) 555-0123")").text("contact", "phone"), "+13125550123");
  set("location.country", "DE");
  EXPECT_EQ(create(R"("phone":"030 23125 001")").text("contact", "phone"), "+493023125001");
  set("phone.format", "e164");
  EXPECT_EQ(create(R"("phone":"030 23125 002")").status(), 422);
}

TEST_F(Values, AnImpossibleNumberIsStoredAndWordsAreNot) {
  EXPECT_EQ(create(R"("phone":"+131255501234")").text("contact", "phone"), "+131255501234");
  EXPECT_EQ(create(R"("phone":"call me")").status(), 422);
}

TEST_F(Values, CountryDefaultsToTheLocationsAndComesFromAList) {
  EXPECT_EQ(create(R"("email":"a@example.org")").text("contact", "country"), "US");
  const Reply wrong = create(R"("email":"b@example.org","country":"Germany")");
  EXPECT_EQ(wrong.status(), 422);
  EXPECT_EQ(wrong.message(), R"(["country must be a valid enum value"])");
  const std::string id = create_id(R"("email":"c@example.org","country":"DE")");
  EXPECT_EQ(put(id, R"({"country":""})").status(), 422) << "a country cannot be emptied";
  EXPECT_EQ(put(id, R"({"country":null})").status(), 422);
}

TEST_F(Values, AWholeNameIsSplitAtItsFirstBlank) {
  const Reply made = create(R"("email":"a@example.org","name":"Mara van der Berg")");
  EXPECT_EQ(made.text("contact", "firstName"), "Mara");
  EXPECT_EQ(made.text("contact", "lastName"), "van der Berg");
  set("name.split", "last_blank");
  EXPECT_EQ(create(R"("email":"b@example.org","name":"Mara van der Berg")").text("contact", "lastName"),
            "Berg");
}

TEST_F(Values, DatesOfBirthAreReadAsDayOrAsMomentByThePlace) {
  const Reply made = create(R"("email":"a@example.org","dateOfBirth":"09/25/1990")");
  EXPECT_EQ(made.text("contact", "dateOfBirth"), "1990-09-25T00:00:00.000Z");
  EXPECT_EQ(read(made.text("contact", "id")).text("contact", "dateOfBirth"), "1990-09-25");
  EXPECT_EQ(create(R"("email":"b@example.org","dateOfBirth":"25.09.1990")").status(), 422) << "month first";
}

TEST_F(Values, NullAndEmptyClearByDefault) {
  const std::string id = create_id(
      R"("email":"a@example.org","phone":"+13125550123","firstName":"A","city":"B","postalCode":"1")");
  const Reply cleared = put(id, R"({"firstName":null,"city":"","postalCode":""})");
  EXPECT_EQ(cleared.status(), 200);
  for (const auto key : {"firstName", "city", "postalCode", "firstNameLowerCase"})
    EXPECT_EQ(cleared.at("contact", key), nullptr) << key;
  EXPECT_EQ(put(id, R"({"postalCode":null})").status(), 422) << "not nullable in the description";
  EXPECT_EQ(put(id, R"({"email":""})").message(), R"(["email must be an email"])");
  EXPECT_EQ(put(id, R"({"email":null})").status(), 200);
}

TEST_F(Values, ClearingCanBeIgnoredOrRefused) {
  const std::string id = create_id(R"("email":"a@example.org","firstName":"A")");
  set("clear.null", "ignored");
  set("clear.empty", "ignored");
  EXPECT_EQ(put(id, R"({"firstName":null})").text("contact", "firstName"), "A");
  EXPECT_EQ(put(id, R"({"firstName":""})").text("contact", "firstName"), "A");
  set("clear.null", "422");
  set("clear.empty", "422");
  EXPECT_EQ(put(id, R"({"firstName":null})").status(), 422);
  EXPECT_EQ(put(id, R"({"firstName":""})").status(), 422);
}

TEST_F(Values, BothIdentifiersMayBeClearedUnlessSaidOtherwise) {
  const std::string id = create_id(R"("email":"a@example.org","phone":"+13125550123")");
  set("put.both_cleared", "400");
  EXPECT_EQ(put(id, R"({"email":null,"phone":null})").status(), 400);
  set("put.both_cleared", "accept");
  EXPECT_EQ(put(id, R"({"email":null,"phone":null})").status(), 200);
}

TEST_F(Values, CustomFieldsAreWrittenByIdOrKeyAndReadByIdAlone) {
  const std::string project = model.definition("Project type")->id, budget = model.definition("Budget")->id;
  const Reply made = create(fmt::format(
      R"("email":"a@example.org","customFields":[{{"id":"{}","field_value":"Roof"}},{{"key":"budget","value":12500}}])",
      project, budget));
  ASSERT_EQ(made.status(), 201) << made.http.body;
  const Reply seen = read(made.text("contact", "id"));
  ASSERT_EQ(seen.at("contact", "customFields")->Size(), 2U);
  for (const auto& field : seen.at("contact", "customFields")->GetArray()) {
    EXPECT_EQ(field.MemberCount(), 2U);
    EXPECT_EQ(to_json(*member(field, "value")), view(*member(field, "id")) == project ? "\"Roof\"" : "12500");
  }
  EXPECT_EQ(put(made.text("contact", "id"),
                fmt::format(R"({{"customFields":[{{"id":"{}","field_value":"Garden"}}]}})", project))
                .at("contact", "customFields")
                ->Size(),
            2U)
      << "the other one stays";
}

TEST_F(Values, OneBadCustomValueFailsTheWholeRequest) {
  const std::string project = model.definition("Project type")->id, budget = model.definition("Budget")->id;
  const std::string id = create_id(R"("email":"a@example.org")");
  const Reply refused = put(
      id,
      fmt::format(
          R"({{"firstName":"A","customFields":[{{"id":"{}","field_value":"Roof"}},{{"id":"{}","field_value":"$100"}}]}})",
          project, budget));
  EXPECT_EQ(refused.status(), 400);
  EXPECT_EQ(refused.message(), fmt::format("Invalid Custom Field Value \"$100\" for \"{}\"", budget));
  EXPECT_EQ(read(id).at("contact", "firstName"), nullptr);
}

TEST_F(Values, AnUnknownOptionIsRefusedOrStored) {
  const std::string project = model.definition("Project type")->id;
  const std::string body = fmt::format(
      R"("email":"a@example.org","customFields":[{{"id":"{}","field_value":"Spaceship"}}])", project);
  EXPECT_EQ(create(body).status(), 400);
  set("picklist", "store");
  EXPECT_EQ(create(body).text("contact", "customFields", 0, "value"), "Spaceship");
}

TEST_F(Values, AnEmptyStringIsNoNumberAndNullClearsIt) {
  const std::string budget = model.definition("Budget")->id;
  const std::string id = create_id(
      fmt::format(R"("email":"a@example.org","customFields":[{{"id":"{}","field_value":5.5}}])", budget));
  EXPECT_EQ(put(id, fmt::format(R"({{"customFields":[{{"id":"{}","field_value":""}}]}})", budget)).status(),
            400);
  EXPECT_EQ(put(id, fmt::format(R"({{"customFields":[{{"id":"{}","field_value":null}}]}})", budget))
                .text("contact", "customFields"),
            "[]");
}

TEST_F(Values, AnUnknownCustomFieldIsPassedOverInSilence) {
  const std::string body =
      R"("email":"a@example.org","customFields":[{"id":"NoSuchField000000000","field_value":"x"}])";
  EXPECT_EQ(create(body).text("contact", "customFields"), "[]");
  set("custom.unknown_id", "400");
  EXPECT_EQ(
      create(R"("email":"b@example.org","customFields":[{"id":"NoSuchField000000000","field_value":"x"}])")
          .status(),
      400);
}

TEST_F(Values, FieldValueIsTheSpellingOfVersionThree) {
  auto asked = request(
      "POST", "/contacts/",
      fmt::format(
          R"({{"locationId":"{}","email":"a@example.org","customFields":[{{"key":"budget","fieldValue":7}}],"dndSettings":{{"sms":{{"status":"active"}}}}}})",
          here));
  EXPECT_EQ(send(asked).status(), 422);
  asked.headers["version"] = "v3";
  EXPECT_EQ(send(asked).status(), 201);
}

TEST_F(Values, DoNotDisturbIsAStatusPerChannel) {
  const std::string id = create_id(R"("email":"a@example.org")");
  const Reply set_one = put(id, R"({"dndSettings":{"SMS":{"status":"active","message":"asked"}}})");
  EXPECT_EQ(set_one.text("contact", "dndSettings", "SMS", "status"), "active");
  EXPECT_EQ(set_one.text("contact", "dnd"), "false") << "the one says nothing of the other";
  EXPECT_EQ(put(id, R"({"dndSettings":{"Pigeon":{"status":"active"}}})").status(), 422);
  EXPECT_EQ(put(id, R"({"dndSettings":{"SMS":{"status":"on"}}})").status(), 422);
}

TEST_F(Values, TheZooOfNormalisersIsOffUntilAsked) {
  const std::string body = R"("firstName":" maRIA antonia ","email":"A@Example.org","tags":["New One"])";
  EXPECT_EQ(create(body).text("contact", "firstName"), " maRIA antonia ");
  model.set_dedupe(true, {"email", "phone"});
  for (const auto& [name, value] : {std::pair{"zoo.trim_names", "on"},
                                    {"zoo.title_case_names", "on"},
                                    {"zoo.truncate_names", "5"},
                                    {"zoo.lower_email", "on"},
                                    {"zoo.drop_unknown_tag", "on"}})
    set(name, value);
  model.tags().clear();
  const Reply made = create(body);
  EXPECT_EQ(made.text("contact", "firstName"), "Maria");
  EXPECT_EQ(made.text("contact", "email"), "a@example.org");
  EXPECT_EQ(made.text("contact", "tags"), "[]");
}

TEST_F(Values, ADefinitionKeepsItsKeyWhenRenamedAndTakesItsValuesAlong) {
  const std::string path = "/locations/" + here + "/customFields";
  const Reply made = send("POST", path, R"({"name":"First Visit","dataType":"TEXT","model":"contact"})");
  ASSERT_EQ(made.status(), 201) << made.http.body;
  const std::string field = made.text("customField", "id");
  EXPECT_EQ(made.text("customField", "fieldKey"), "contact.first_visit");
  EXPECT_EQ(send("PUT", path + "/" + field, R"({"name":"Second Visit"})").text("customField", "fieldKey"),
            "contact.first_visit");
  const std::string id = create_id(
      fmt::format(R"("email":"a@example.org","customFields":[{{"id":"{}","field_value":"x"}}])", field));
  const Reply gone = send("DELETE", path + "/" + field);
  EXPECT_EQ(gone.text("succeded"), "true");
  EXPECT_EQ(gone.at("succeeded"), nullptr) << "only the misspelt key here";
  EXPECT_EQ(read(id).text("contact", "customFields"), "[]");
}

TEST_F(Values, CalendarAndText) {
  EXPECT_EQ(iso_time(1'795'167'665'884), "2026-11-20T09:41:05.884Z");
  EXPECT_EQ(parse_iso_time("2026-11-20T09:41:05.884Z"), 1'795'167'665'884);
  EXPECT_EQ(parse_iso_time("2026-11-20T11:41:05.884+02:00"), 1'795'167'665'884);
  EXPECT_EQ(parse_iso_time("2026-02-30"), std::nullopt);
  EXPECT_EQ(lower("ÅNGSTRÖM Łukasz Šimek"), "ångström łukasz šimek");
  EXPECT_EQ(plain_text("<p>Called &amp; asked<br>again</p>"), "Called & asked\nagain");
  EXPECT_TRUE(glob("+1*99", "+13125550199"));
  EXPECT_FALSE(is_email("a@b"));
}
}  // namespace
}  // namespace tandem::sim::highlevel
