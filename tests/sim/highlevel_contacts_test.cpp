#include "tests/sim/highlevel_fixture.h"

namespace tandem::sim::highlevel {
namespace {
using Contacts = HighLevelTest;

TEST_F(Contacts, CreateAnswersMoreThanAReadDoes) {
  const Reply made = create(R"("firstName":"Mara","lastName":"O'Neil","email":"Mara@Example.org")");
  ASSERT_EQ(made.status(), 201) << made.http.body;
  for (const auto key : {"lastUpdatedBy", "lastSessionActivityAt", "deleted", "bounceEmail",
                         "unsubscribeEmail", "validEmail", "validEmailDate"}) {
    EXPECT_NE(made.at("contact", key), nullptr) << key;
  }
  const Reply seen = read(made.text("contact", "id"));
  for (const auto key : {"lastUpdatedBy", "deleted", "validEmail", "name"})
    EXPECT_EQ(seen.at("contact", key), nullptr) << key;
  EXPECT_EQ(seen.text("contact", "email"), "Mara@Example.org");
  EXPECT_EQ(seen.text("contact", "emailLowerCase"), "mara@example.org");
  EXPECT_EQ(seen.text("contact", "fullNameLowerCase"), "mara o'neil");
  EXPECT_EQ(seen.text("contact", "type"), "lead");
  EXPECT_EQ(seen.text("contact", "createdBy", "source"), "INTEGRATION");
}

TEST_F(Contacts, AReadLeavesUnsetKeysOutAndShowsEmptyCollections) {
  const Reply seen = read(create_id(R"("phone":"+13125550123")"));
  for (const auto key : {"firstName", "lastName", "email", "address1", "city", "postalCode", "website",
                         "timezone", "source", "assignedTo", "dateOfBirth", "dndSettings", "businessId"}) {
    EXPECT_EQ(seen.at("contact", key), nullptr) << key;
  }
  for (const auto key : {"tags", "customFields", "additionalEmails", "additionalPhones", "followers"})
    EXPECT_EQ(seen.text("contact", key), "[]") << key;
}

TEST_F(Contacts, ARowShowsUnsetKeysAsNullAndOtherNames) {
  const std::string id = create_id(R"("firstName":"Mara","phone":"+13125550123","address1":"12 Elm St")");
  settle();
  const Reply rows = search("");
  const JsonValue* row = rows.at("contacts", 0);
  ASSERT_NE(row, nullptr);
  EXPECT_EQ(rows.text("contacts", 0, "address"), "12 Elm St");
  EXPECT_EQ(member(*row, "address1"), nullptr);
  EXPECT_EQ(rows.text("contacts", 0, "contactName"), "mara");
  for (const auto key : {"lastName", "email", "companyName", "businessName", "timezone", "website", "source",
                         "assignedTo", "phoneLabel", "dateOfBirth", "validEmail"}) {
    EXPECT_EQ(rows.text("contacts", 0, key), "null") << key;
  }
  for (const auto key : {"emailLowerCase", "createdBy", "fullNameLowerCase", "opportunities"})
    EXPECT_EQ(member(*row, key), nullptr) << key;
}

TEST_F(Contacts, RefusesWhatTheWhitelistDoesNotKnow) {
  const Reply made =
      create(R"("email":"a@example.org","nickName":"A","additionalPhones":[],"businessId":"b")");
  EXPECT_EQ(made.status(), 422);
  EXPECT_EQ(
      made.message(),
      R"(["property nickName should not exist","property additionalPhones should not exist","property businessId should not exist"])");
  EXPECT_EQ(made.text("error"), "Unprocessable Entity");
  EXPECT_EQ(model.contact_count(), 0U);
}

TEST_F(Contacts, WantsALocationInTheBodyOfACreateAndNotInThatOfAnUpdate) {
  EXPECT_EQ(send("POST", "/contacts/", R"({"email":"a@example.org"})").status(), 422);
  const std::string id = create_id(R"("email":"a@example.org")");
  const Reply changed = put(id, fmt::format(R"({{"locationId":"{}","firstName":"A"}})", here));
  EXPECT_EQ(changed.status(), 422);
  EXPECT_EQ(changed.message(), R"(["property locationId should not exist"])");
}

TEST_F(Contacts, NeedsAnEmailOrAPhoneToCreate) {
  EXPECT_EQ(create(R"("firstName":"Mara")").status(), 400);
  set("require_identifier", "off");
  EXPECT_EQ(create(R"("firstName":"Mara")").status(), 201);
}

TEST_F(Contacts, UpdateTouchesOnlyTheKeysItCarries) {
  const std::string id =
      create_id(R"("firstName":"Mara","lastName":"Neil","email":"a@example.org","tags":["one"])");
  const Reply changed = put(id, R"({"lastName":"O'Neil"})");
  EXPECT_EQ(changed.status(), 200);
  EXPECT_EQ(changed.text("succeded"), "true");
  EXPECT_EQ(changed.text("succeeded"), "true");
  EXPECT_EQ(changed.text("contact", "firstName"), "Mara");
  EXPECT_EQ(changed.text("contact", "lastName"), "O'Neil");
  EXPECT_EQ(changed.text("contact", "tags"), R"(["one"])");
}

TEST_F(Contacts, TagsInAnUpdateReplaceTheWholeList) {
  const std::string id = create_id(R"("email":"a@example.org","tags":["one","two"])");
  EXPECT_EQ(put(id, R"({"tags":["Three"]})").text("contact", "tags"), R"(["three"])");
}

TEST_F(Contacts, GenderIsWriteOnce) {
  const std::string id = create_id(R"("email":"a@example.org","gender":"female")");
  EXPECT_EQ(put(id, R"({"gender":"male"})").message(), R"(["property gender should not exist"])");
  const Reply upserted =
      send("POST", "/contacts/upsert",
           fmt::format(R"({{"locationId":"{}","email":"a@example.org","gender":"male"}})", here));
  EXPECT_EQ(upserted.status(), 200);
  EXPECT_EQ(upserted.text("contact", "gender"), "female") << "accepted and ignored";
}

TEST_F(Contacts, CompanyNameInAnUpdateIsASwitch) {
  const std::string id = create_id(R"("email":"a@example.org")");
  EXPECT_EQ(put(id, R"({"companyName":"Tilework"})").text("contact", "companyName"), "Tilework");
  set("put.company_name", "422");
  EXPECT_EQ(put(id, R"({"companyName":"Tilework"})").status(), 422);
}

TEST_F(Contacts, ADeletedContactIsABadRequestNotANotFound) {
  const std::string id = create_id(R"("email":"a@example.org")");
  EXPECT_EQ(send("DELETE", "/contacts/" + id).text("succeded"), "true");
  for (const auto& reply :
       {read(id).http, put(id, R"({"firstName":"A"})").http, send("DELETE", "/contacts/" + id).http}) {
    EXPECT_EQ(reply.status, 400);
    EXPECT_NE(reply.body.find("Contact not found for id:" + id), std::string::npos);
  }
  set("missing_status", "404");
  EXPECT_EQ(read(id).status(), 404);
}

TEST_F(Contacts, ACollisionNamesTheOtherContact) {
  const std::string other = create_id(
      R"("firstName":"Mara","lastName":"O'Neil","email":"mara@example.org","phone":"+13125550123")");
  const Reply made = create(R"("email":"MARA@example.org")");
  EXPECT_EQ(made.status(), 400);
  EXPECT_EQ(made.message(), "This location does not allow duplicated contacts.");
  EXPECT_EQ(made.text("meta", "contactId"), other);
  EXPECT_EQ(made.text("meta", "matchingField"), "email");
  EXPECT_EQ(made.text("meta", "contactName"), "Mara O'Neil");
  const std::string id = create_id(R"("email":"b@example.org")");
  const Reply changed = put(id, R"({"phone":"(312) 555-0123","firstName":"B"})");
  EXPECT_EQ(changed.status(), 400);
  EXPECT_EQ(changed.text("meta", "matchingField"), "phone");
  EXPECT_EQ(read(id).at("contact", "firstName"), nullptr) << "nothing of a refused update is kept";
}

TEST_F(Contacts, OnlyTheIdentifiersOfTheLocationCollide) {
  create_id(R"("email":"mara@example.org","phone":"+13125550123")");
  model.set_dedupe(false, {"email"});
  EXPECT_EQ(create(R"("email":"b@example.org","phone":"+13125550123")").status(), 201);
  model.set_dedupe(true, {"email", "phone"});
  EXPECT_EQ(create(R"("email":"mara@example.org")").status(), 201);
  const Reply location = send("GET", "/locations/" + here);
  EXPECT_EQ(location.text("location", "settings", "allowDuplicateContact"), "true");
  EXPECT_EQ(location.text("location", "settings", "contactUniqueIdentifiers"), R"(["email","phone"])");
}

TEST_F(Contacts, AnAdditionalPhoneCollidesToo) {
  const std::string id = create_id(R"("email":"mara@example.org")");
  ASSERT_TRUE(model.add_other_phone(id, "+13125550199"));
  EXPECT_EQ(create(R"("phone":"+13125550199")").text("meta", "contactId"), id);
  EXPECT_EQ(read(id).text("contact", "additionalPhones"), R"([{"phone":"+13125550199"}])");
}

TEST_F(Contacts, UpsertDropsTheSecondIdentifierOfACrossMatchInSilence) {
  const std::string a = create_id(R"("email":"a@example.org","phone":"+13125550101")");
  const std::string b = create_id(R"("email":"b@example.org","phone":"+13125550102")");
  const std::string body = fmt::format(
      R"({{"locationId":"{}","email":"a@example.org","phone":"+13125550102","firstName":"X"}})", here);
  const Reply by_email = send("POST", "/contacts/upsert", body);
  EXPECT_EQ(by_email.status(), 200);
  EXPECT_EQ(by_email.text("new"), "false");
  EXPECT_EQ(by_email.text("contact", "id"), a);
  EXPECT_EQ(by_email.text("contact", "phone"), "+13125550101");
  EXPECT_EQ(by_email.text("contact", "firstName"), "X");
  model.set_dedupe(false, {"phone", "email"});
  const Reply by_phone = send("POST", "/contacts/upsert", body);
  EXPECT_EQ(by_phone.text("contact", "id"), b);
  EXPECT_EQ(by_phone.text("contact", "email"), "b@example.org");
}

TEST_F(Contacts, UpsertByAnAdditionalEmailLosesThePrimaryOne) {
  const std::string id = create_id(R"("email":"first@example.org")");
  ASSERT_TRUE(model.add_other_email(id, "second@example.org"));
  const Reply upserted = send("POST", "/contacts/upsert",
                              fmt::format(R"({{"locationId":"{}","email":"second@example.org"}})", here));
  EXPECT_EQ(upserted.text("contact", "id"), id);
  EXPECT_EQ(upserted.text("contact", "email"), "second@example.org");
}

TEST_F(Contacts, UpsertMakesANewOneOnlyWhereDuplicatesAreAllowed) {
  create_id(R"("email":"a@example.org")");
  const std::string body = fmt::format(
      R"({{"locationId":"{}","email":"a@example.org","createNewIfDuplicateAllowed":true}})", here);
  EXPECT_EQ(send("POST", "/contacts/upsert", body).text("new"), "false");
  model.set_dedupe(true, {"email", "phone"});
  EXPECT_EQ(send("POST", "/contacts/upsert", body).text("new"), "true");
  EXPECT_EQ(model.contact_count(), 2U);
}

TEST_F(Contacts, DuplicateSearchSaysContactIdWhateverMatched) {
  const std::string id = create_id(R"("email":"mara@example.org","phone":"+13125550123")");
  const Reply by_email =
      send("GET", fmt::format("/contacts/search/duplicate?locationId={}&email=MARA%40example.org", here));
  EXPECT_EQ(by_email.text("contact", "id"), id);
  EXPECT_EQ(by_email.text("matchingField"), "contactId");
  EXPECT_EQ(send("GET", fmt::format("/contacts/search/duplicate?locationId={}&number=%2B13125550123", here))
                .text("contact", "id"),
            id);
  EXPECT_EQ(send("GET", fmt::format("/contacts/search/duplicate?locationId={}&number=+13125550123", here))
                .text("contact"),
            "null")
      << "an unencoded plus is a blank";
  EXPECT_EQ(send("GET", fmt::format("/contacts/search/duplicate?locationId={}&email=b%40example.org", here))
                .text("contact"),
            "null");
  const Reply neither = send("GET", "/contacts/search/duplicate?locationId=" + here);
  EXPECT_EQ(neither.status(), 400);
  EXPECT_EQ(neither.message(), "Pass at least one of number, email query parameter");
}

TEST_F(Contacts, TagCallsAreIdempotentAndLowerCase) {
  const std::string id = create_id(R"("email":"a@example.org","tags":["VIP","vip"])");
  const Reply added = send("POST", "/contacts/" + id + "/tags", R"({"tags":["Hot Lead","vip"]})");
  EXPECT_EQ(added.status(), 201);
  EXPECT_EQ(added.text("tags"), R"(["vip","hot lead"])");
  EXPECT_EQ(added.text("tagsAdded"), R"(["hot lead"])");
  EXPECT_EQ(send("POST", "/contacts/" + id + "/tags", R"({"tags":["vip"]})").text("tagsAdded"), "[]");
  const Reply removed = send("DELETE", "/contacts/" + id + "/tags", R"({"tags":["VIP","never"]})");
  EXPECT_EQ(removed.status(), 200);
  EXPECT_EQ(removed.text("tags"), R"(["hot lead"])");
  EXPECT_EQ(removed.text("tagsRemoved"), R"(["vip"])");
  EXPECT_EQ(
      send("POST", "/contacts/" + id + "/tags", fmt::format(R"({{"tags":["a"],"locationId":"{}"}})", here))
          .status(),
      422);
  const Reply catalogue = send("GET", "/locations/" + here + "/tags");
  EXPECT_EQ(catalogue.at("tags")->Size(), 2U) << "removing an unknown tag does not make it known";
}

TEST_F(Contacts, BulkTagsReportPerContact) {
  const std::string id = create_id(R"("email":"a@example.org")"),
                    gone = create_id(R"("email":"b@example.org")");
  send("DELETE", "/contacts/" + gone);
  const Reply done = send(
      "POST", "/contacts/bulk/tags/update/add",
      fmt::format(
          R"({{"locationId":"{}","contacts":["{}","abcdef","{}","Xa3ualbhnV7j3n3a9r2m"],"tags":["one"]}})",
          here, id, gone));
  EXPECT_EQ(done.status(), 201) << done.http.body;
  EXPECT_EQ(done.text("errorCount"), "3");
  EXPECT_EQ(done.text("responses", 0, "tagsAdded"), R"(["one"])");
  EXPECT_EQ(done.text("responses", 1, "message"), "contact id is not a valid firebase id");
  EXPECT_EQ(done.text("responses", 2, "message"), "contact is deleted");
  EXPECT_EQ(done.text("responses", 3, "message"), "contact does not belong to location");
}

TEST_F(Contacts, ABusinessIsLinkedInBulkOnlyAndLosesItsPunctuationInRows) {
  const std::string id = create_id(R"("email":"a@example.org")");
  const Reply made =
      send("POST", "/businesses/", fmt::format(R"({{"locationId":"{}","name":"MacLaren's"}})", here));
  const std::string business = made.text("buiseness", "id");
  const std::string body = R"({{"locationId":"{}","ids":["{}"],"businessId":{}}})";
  EXPECT_EQ(send("POST", "/contacts/bulk/business",
                 fmt::format(fmt::runtime(body), here, id, "\"" + business + "\""))
                .text("ids"),
            "[\"" + id + "\"]");
  EXPECT_EQ(read(id).text("contact", "businessId"), business);
  settle();
  EXPECT_EQ(search("").text("contacts", 0, "businessName"), "MacLarens");
  EXPECT_EQ(send("GET", fmt::format("/contacts/business/{}?locationId={}", business, here)).text("count"),
            "1");
  EXPECT_EQ(
      send("POST", "/contacts/bulk/business", fmt::format(fmt::runtime(body), here, id, "null")).status(),
      200);
  EXPECT_EQ(read(id).at("contact", "businessId"), nullptr);
}

TEST_F(Contacts, EveryWriteIsLoggedWithWhatItReplaced) {
  const std::string id = create_id(R"("firstName":"Mara","email":"a@example.org")");
  model.clear_writes();
  put(id, R"({"firstName":"Maria","email":"a@example.org"})");
  ASSERT_EQ(model.writes().size(), 2U);
  EXPECT_EQ(model.writes()[0].field, "firstName");
  EXPECT_EQ(model.writes()[0].old_value, "Mara");
  EXPECT_EQ(model.writes()[0].new_value, "Maria");
  EXPECT_EQ(model.writes()[0].actor, "api");
  EXPECT_EQ(model.writes()[1].old_value, model.writes()[1].new_value) << "a needless write is a write";
}

TEST_F(Contacts, TheSameSeedGivesTheSameBytes) {
  Model again{7, [this] { return now; }};
  Face other{again};
  ASSERT_EQ(other.token(), face.token());
  const auto asked =
      request("POST", "/contacts/", fmt::format(R"({{"locationId":"{}","email":"a@example.org"}})", here));
  EXPECT_EQ(other.handle(asked).body, face.handle(asked).body);
}
}  // namespace
}  // namespace tandem::sim::highlevel
