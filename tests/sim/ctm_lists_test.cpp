#include <algorithm>

#include "tests/sim/ctm_fixture.h"

namespace tandem::sim {
namespace {
class CtmLists : public CtmFixture {
 protected:
  static constexpr const char* kAnnaFields =
      R"("number":"+13125550142","first_name":"Anna","last_name":"Kovac","email":"anna@example.org",)"
      R"("street":"3 Mill Lane","city":"Aurora","custom_phase":"intake")";
  CtmReply rename(const char* first) {
    return add(R"("number":"+13125550142","last_name":"Kovac","first_name":")" + std::string(first) + "\"");
  }
  std::size_t rows_now() { return model.account().live_rows(list).size(); }
};

TEST_F(CtmLists, SplitNamesAreWrittenAndOneNameIsRead) {
  EXPECT_EQ(add(kAnnaFields).status, 200);
  const auto seen = row(kAnna);
  EXPECT_EQ(text(seen, "name"), "Anna Kovac");
  EXPECT_EQ(text(seen, "first_name"), "<none>");
  EXPECT_EQ(text(seen, "email"), "<none>") << "written, not shown";
  EXPECT_EQ(text(CtmReply::at(seen, "address"), "street"), "3 Mill Lane");
  EXPECT_EQ(text(CtmReply::at(seen, "custom_fields"), "phase"), "intake");
  EXPECT_EQ(text(seen, "caller_number_format"), "(312) 555-0142");
  EXPECT_EQ(text(seen, "caller_number_split"), R"(["1","312","555","0142"])");
}

TEST_F(CtmLists, RowsShowEmailAndSplitNamesOnlyBySwitch) {
  add(kAnnaFields);
  add(R"("number":"+13125550143","first_name":"Bela")");
  set("list_row_email", "present");
  set("list_row_name", "joined_plus_split");
  EXPECT_EQ(text(row(kAnna), "email"), "anna@example.org");
  EXPECT_EQ(text(row(kAnna), "last_name"), "Kovac");
  EXPECT_EQ(text(row(kBela), "email"), "<null>");
  set("list_row_email", "present_if_set");
  EXPECT_EQ(text(row(kBela), "email"), "<none>");
}

TEST_F(CtmLists, NumbersOutsideNorthAmericaSplitInThree) {
  add(R"("number":"+442071838750")");
  EXPECT_EQ(CtmReply::at(row(kCleo), "caller_number_split").Size(), 3U);
}

TEST_F(CtmLists, AddressKeysMayBeIgnored) {
  set("list_address_write", "ignored");
  add(kAnnaFields);
  const auto seen = row(kAnna);
  EXPECT_EQ(text(CtmReply::at(seen, "address"), "street"), "<null>");
  EXPECT_EQ(text(CtmReply::at(seen, "address"), "city"), "");
}

TEST_F(CtmLists, UnknownKeysAreSwallowed) {
  EXPECT_EQ(add(R"("number":"+13125550142","details":"x","name":"Somebody Else","nickname":"A")").status,
            200);
  EXPECT_EQ(text(row(kAnna), "name"), "");
}

TEST_F(CtmLists, RowsAppearOnlyWhenTheIndexHasCaughtUp) {
  add(kAnnaFields);
  EXPECT_TRUE(get("/lists/" + list + "/contacts")["contacts"].Empty());
  tick(1999);
  EXPECT_TRUE(get("/lists/" + list + "/contacts")["contacts"].Empty());
  tick(1);
  EXPECT_EQ(get("/lists/" + list + "/contacts")["contacts"].Size(), 1U);
  remove(kAnna);
  EXPECT_EQ(get("/lists/" + list + "/contacts")["contacts"].Size(), 1U) << "and go as late";
  settle();
  EXPECT_TRUE(get("/lists/" + list + "/contacts")["contacts"].Empty());
}

TEST_F(CtmLists, AddingAPresentNumberKeepsTheOldValuesAndSaysSuccess) {
  add(kAnnaFields);
  EXPECT_EQ(rename("Anne").text("status"), "success");
  EXPECT_EQ(text(row(kAnna), "name"), "Anna Kovac");
}

TEST_F(CtmLists, AddingAPresentNumberMayUpdateDoubleOrFail) {
  add(kAnnaFields);
  set("add_contact_existing", "error406");
  EXPECT_EQ(rename("Anne").status, 406);
  set("add_contact_existing", "upsert");
  EXPECT_EQ(rename("Anne").status, 200);
  EXPECT_EQ(text(row(kAnna), "name"), "Anne Kovac");
  EXPECT_EQ(rows_now(), 1U);
  set("add_contact_existing", "duplicate_row");
  rename("Anya");
  EXPECT_EQ(rows_now(), 2U);
  const auto rows = model.account().live_rows(list);
  EXPECT_EQ(rows[0].membership.contact_id, rows[1].membership.contact_id);
  EXPECT_NE(rows[0].membership.id, rows[1].membership.id);
  remove(kAnna);
  EXPECT_EQ(rows_now(), 0U) << "a removal takes every row of the number";
}

TEST_F(CtmLists, RemovingAndAddingAgainTakesTheNewValues) {
  add(kAnnaFields);
  const std::string before = text(row(kAnna), "id");
  remove(kAnna);
  rename("Anne");
  const auto after = row(kAnna);
  EXPECT_EQ(text(after, "name"), "Anne Kovac");
  EXPECT_NE(text(after, "id"), before) << "the membership is a new one";
  EXPECT_EQ(text(CtmReply::at(after, "custom_fields"), "phase"), "intake") << "the contact outlived its row";
}

TEST_F(CtmLists, RejoiningMayKeepWhatTheServerKnew) {
  set("add_contact_rejoin", "keeps_old");
  for (const char* shared : {"on", "off"}) {
    SCOPED_TRACE(shared);
    set("contact_shared_across_lists", shared);
    add(kAnnaFields);
    remove(kAnna);
    rename("Anne");
    EXPECT_EQ(text(row(kAnna), "name"), "Anna Kovac");
    remove(kAnna);
    ui.delete_contact(kAnna);
  }
}

TEST_F(CtmLists, RowsThatAreNotSharedForgetWhatTheNextAddOmits) {
  set("contact_shared_across_lists", "off");
  add(kAnnaFields);
  remove(kAnna);
  rename("Anne");
  EXPECT_EQ(text(CtmReply::at(row(kAnna), "custom_fields"), "phase"), "<none>");
}

TEST_F(CtmLists, OneContactInTwoListsIsOnePersonUnlessSwitchedApart) {
  const std::string other = ui.create_list("Spring campaign");
  add(kAnnaFields);
  ui.add_to_list(other, kAnna);
  ui.edit_row(other, kAnna, "name", "Anna K.");
  EXPECT_EQ(text(row(kAnna), "name"), "Anna K.");

  set("contact_shared_across_lists", "off");
  add(R"("number":"+13125550143","first_name":"Bela")");
  post("/lists/" + other + "/add_contact", R"({"contact":{"number":"+13125550143","first_name":"Other"}})");
  EXPECT_EQ(text(row(kBela), "name"), "Bela");
  const auto rows = model.account().live_rows(other);
  EXPECT_EQ(rows.back().who.name, "Other");
}

TEST_F(CtmLists, RemovalSparesTheContactUnlessItsScopeIsTheContact) {
  const std::string other = ui.create_list("Spring campaign");
  add(kAnnaFields);
  ui.add_to_list(other, kAnna);
  remove(kAnna);
  EXPECT_NE(model.account().contact_of(kAnna), nullptr);
  EXPECT_EQ(model.account().live_rows(other).size(), 1U);
  set("remove_scope", "contact");
  add(kAnnaFields);
  remove(kAnna);
  EXPECT_EQ(model.account().contact_of(kAnna), nullptr);
  EXPECT_TRUE(model.account().live_rows(other).empty());
}

TEST_F(CtmLists, RemovingWhatIsNotThereIsHarmlessOr404) {
  EXPECT_EQ(remove(kAnna).status, 200);
  set("remove_absent", "404");
  EXPECT_EQ(remove(kAnna).status, 404);
}

TEST_F(CtmLists, NumbersThatAreNotE164AreRefusedOrTakenInFourWays) {
  const std::string national = R"("number":"(312) 555-0142")";
  EXPECT_EQ(add(national).status, 406);
  EXPECT_EQ(add(R"("first_name":"No Number")").status, 406);
  set("add_contact_bad_number", "error200");
  EXPECT_EQ(add(national).status, 200);
  EXPECT_EQ(add(national).text("status"), "error");
  set("add_contact_bad_number", "normalise");
  add(national);
  EXPECT_FALSE(row(kAnna).IsNull());
  EXPECT_EQ(add(R"("number":"garbage")").status, 406);
  set("add_contact_bad_number", "store");
  add(R"("number":"555-0177")");
  EXPECT_FALSE(row("555-0177").IsNull());
}

TEST_F(CtmLists, ErrorsOfListsHideBehind200) {
  const std::string nowhere = "/lists/CLSNONE/add_contact";
  const CtmReply soft = post(nowhere, R"({"contact":{"number":"+13125550142"}})");
  EXPECT_EQ(soft.status, 200);
  EXPECT_EQ(soft.text("status"), "error");
  EXPECT_EQ(get("/lists/CLSNONE/contacts").text("status"), "error");
  set("soft_error_200", "off");
  EXPECT_EQ(post(nowhere, "{}").status, 404);
  EXPECT_EQ(get("/lists/CLSNONE/contacts").status, 404);
}

TEST_F(CtmLists, TheAnswerToAddHasThreeForms) {
  EXPECT_TRUE(add(kAnnaFields)["contact"].IsObject());
  set("add_contact_status", "201");
  EXPECT_EQ(add(R"("number":"+13125550143")").status, 201);
  set("add_contact_status", "empty");
  EXPECT_EQ(add(R"("number":"+442071838750")").body, "");
}

TEST_F(CtmLists, UnregisteredCustomFieldsAreStoredDroppedOrRefused) {
  add(kAnnaFields);
  EXPECT_EQ(text(CtmReply::at(row(kAnna), "custom_fields"), "phase"), "intake");
  set("list_custom_unregistered", "drop");
  add(R"("number":"+13125550143","custom_phase":"intake")");
  EXPECT_EQ(text(row(kBela), "custom_fields"), "{}");
  set("list_custom_unregistered", "error406");
  EXPECT_EQ(add(R"("number":"+442071838750","custom_phase":"intake")").status, 406);
  ui.register_custom_field("Phase", "phase");
  EXPECT_EQ(add(R"("number":"+442071838750","custom_phase":"intake")").status, 200);
}

TEST_F(CtmLists, EmptyStringsClearAndNullsDoNotUnlessSwitched) {
  set("add_contact_existing", "upsert");
  add(kAnnaFields);
  add(R"("number":"+13125550142","custom_phase":null,"street":"")");
  EXPECT_EQ(text(CtmReply::at(row(kAnna), "custom_fields"), "phase"), "intake");
  EXPECT_EQ(text(CtmReply::at(row(kAnna), "address"), "street"), "<null>");
  set("clear_by_null", "on");
  set("clear_by_empty_string", "ignored");
  add(R"("number":"+13125550142","custom_phase":null,"city":"")");
  EXPECT_EQ(text(row(kAnna), "custom_fields"), "{}");
  EXPECT_EQ(text(CtmReply::at(row(kAnna), "address"), "city"), "Aurora");
}

TEST_F(CtmLists, UsersOwnPrivateListsWhoseNamesBeginWithUser) {
  const CtmReply page = get("/lists");
  ASSERT_EQ(page["contact_lists"].Size(), 10U);
  for (const auto& each : page["contact_lists"].GetArray()) {
    EXPECT_TRUE(CtmReply::at(each, "user_owned").GetBool());
    EXPECT_EQ(text(each, "name").substr(0, 5), "User ");
    EXPECT_EQ(text(each, "id").size(), 64U);
  }
}

TEST_F(CtmLists, ListStampsAndCountsMoveWithMembership) {
  const auto one = [&] { return get("/lists/" + list); };
  const std::string before = one().text("updated_at");
  tick(60'000);
  add(kAnnaFields);
  EXPECT_NE(one().text("updated_at"), before);
  EXPECT_EQ(one().text("contacts_count"), "0") << "the count comes from the index";
  set("list_count", "live");
  EXPECT_EQ(one().text("contacts_count"), "1");
  set("list_updated_at_moves", "off");
  const std::string still = one().text("updated_at");
  tick(60'000);
  remove(kAnna);
  EXPECT_EQ(one().text("updated_at"), still);
}

TEST_F(CtmLists, ListsAreMadeRenamedAndDeleted) {
  const CtmReply made = post("/lists", R"({"contact_list":{"name":"Autumn","description":"d"}})");
  const std::string id = CtmReply::text_at(made["contact_list"], "id");
  EXPECT_EQ(send("PUT", account("/lists/" + id), R"({"contact_list":{"name":"Winter"}})").status, 200);
  EXPECT_EQ(get("/lists/" + id).text("name"), "Winter");
  EXPECT_EQ(del("/lists/" + id, "").text("status"), "deleted");
  EXPECT_EQ(get("/lists/" + id).text("status"), "error");
  EXPECT_EQ(post("/lists", R"({"contact_list":{}})").status, 406);
}

TEST_F(CtmLists, DeleteBodiesMayBeRefusedOrLost) {
  add(kAnnaFields);
  const std::string path = account("/lists/" + list + "/remove_contacts");
  const std::string form = "contacts_list[]=%2B13125550142";
  set("delete_form_body", "reject");
  EXPECT_EQ(send("DELETE", path, form, {}, "application/x-www-form-urlencoded").status, 406);
  set("delete_form_body", "accept");
  set("delete_body_dropped", "error");
  EXPECT_EQ(remove(kAnna).text("status"), "error");
  set("delete_body_dropped", "silent");
  EXPECT_EQ(remove(kAnna).text("status"), "success");
  EXPECT_EQ(rows_now(), 1U) << "success, and nothing done";
  set("delete_body_dropped", "off");
  EXPECT_EQ(send("DELETE", path, form, {}, "application/x-www-form-urlencoded").status, 200);
  EXPECT_EQ(rows_now(), 0U);
}

TEST_F(CtmLists, ADeleteBodyWithoutItsContentTypeIsNotRead) {
  add(kAnnaFields);
  const CtmReply reply = send("DELETE", account("/lists/" + list + "/remove_contacts"),
                              R"({"contacts_list":["+13125550142"]})", {}, "");
  EXPECT_EQ(reply.text("status"), "error");
  EXPECT_EQ(rows_now(), 1U);
}

TEST_F(CtmLists, EveryWriteIsLoggedWithTheValueItReplaced) {
  add(kAnnaFields);
  model.clear_writes();
  set("add_contact_existing", "upsert");
  rename("Anne");
  ASSERT_EQ(model.writes().size(), 1U);
  const WriteEntry& entry = model.writes()[0];
  EXPECT_EQ(entry.actor, "api");
  EXPECT_EQ(entry.action, "update");
  EXPECT_EQ(entry.person, kAnna);
  EXPECT_EQ(entry.field, "name");
  EXPECT_EQ(entry.old_value, "Anna Kovac");
  EXPECT_EQ(entry.new_value, "Anne Kovac");
  EXPECT_EQ(entry.at_ms, now);
  rename("Anne");
  EXPECT_EQ(model.writes().size(), 1U) << "what changes nothing is no write";
}

TEST_F(CtmLists, TheLogShowsWhatARemovedPrivateRowHeld) {
  set("contact_shared_across_lists", "off");
  add(kAnnaFields);
  model.clear_writes();
  remove(kAnna);
  const bool kept = std::ranges::any_of(model.writes(), [](const WriteEntry& e) {
    return e.field == "custom_fields.phase" && e.old_value == "intake";
  });
  EXPECT_TRUE(kept);
}
}  // namespace
}  // namespace tandem::sim
