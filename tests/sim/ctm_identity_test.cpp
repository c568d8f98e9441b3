// Whose name is shown where: the readings of CTM's identity that laws P33 to P39, P45 and P46 turn on.
#include <algorithm>

#include "tests/sim/ctm_fixture.h"
#include "tests/sim/ctm_webhooks.h"

namespace tandem::sim {
namespace {
class CtmIdentities : public CtmFixture {
 protected:
  std::string name_of(std::int64_t id) { return activity(id).text("name"); }
  std::string next_call_name(const std::string& number = kAnna) { return name_of(ui.call_from(number)); }
};

TEST_F(CtmIdentities, ModifyReachesTheContactAndFutureCallsButNotThePast) {
  const std::int64_t older = ui.call_from(kAnna, "Old Name");
  tick(60'000);
  const std::int64_t newer = ui.call_from(kAnna, "Old Name");
  ui.add_to_list(list, kAnna);
  modify(newer, R"("name":"New Name","custom_fields":{"phase":"two"})");
  EXPECT_EQ(name_of(newer), "New Name");
  EXPECT_EQ(name_of(older), "Old Name");
  EXPECT_EQ(next_call_name(), "New Name");
  EXPECT_EQ(text(row(kAnna), "name"), "New Name");
}

TEST_F(CtmIdentities, ModifyMayTouchTheActivityAlone) {
  set("modify.scope", "activity_only");
  add(R"("number":"+13125550142","first_name":"Old","last_name":"Name")");
  const std::int64_t id = ui.call_from(kAnna);
  EXPECT_EQ(name_of(id), "Old Name");
  modify(id, R"("name":"New Name")");
  EXPECT_EQ(next_call_name(), "Old Name") << "the next call repeats what was replaced";
  EXPECT_EQ(text(row(kAnna), "name"), "Old Name");
}

TEST_F(CtmIdentities, ModifyMayReachThePastAsWell) {
  set("modify.scope", "contact_and_all");
  const std::int64_t older = ui.call_from(kAnna, "Old Name");
  const std::int64_t newer = ui.call_from(kAnna, "Old Name");
  modify(newer, R"("name":"New Name")");
  EXPECT_EQ(name_of(older), "New Name");
  ui.edit_contact(kAnna, "name", "Third Name");
  EXPECT_EQ(name_of(older), "Third Name");
}

TEST_F(CtmIdentities, RowsThatAreNotSharedNeitherTellNorHearOfCalls) {
  set("contact_shared_across_lists", "off");
  ui.form(kAnna, "Old Name", "");
  add(R"("number":"+13125550142","first_name":"Row","last_name":"Name")");
  EXPECT_EQ(next_call_name(), "Old Name") << "our write to the list is not seen by calls";
  modify(model.account().newest_of(kAnna)->id, R"("name":"Call Name")");
  EXPECT_EQ(text(row(kAnna), "name"), "Row Name");
  EXPECT_EQ(next_call_name(), "Call Name");
}

TEST_F(CtmIdentities, AbsentKeysStayAndModifyTellsVerbsApart) {
  const std::int64_t id = ui.form(kAnna, "Anna", "anna@example.org");
  modify(id, R"("city":"Aurora")");
  EXPECT_EQ(activity(id).text("email"), "anna@example.org");
  modify(id, R"("email":null)");
  EXPECT_EQ(activity(id).text("email"), "anna@example.org");
  modify(id, R"("email":"")");
  EXPECT_EQ(activity(id).text("email"), "<null>");
  set("modify.verbs", "PUT");
  EXPECT_EQ(modify(id, R"("name":"X")").status, 404);
  EXPECT_EQ(
      send("PUT", account("/calls/" + std::to_string(id) + "/modify"), R"({"call":{"name":"X"}})").status,
      200);
  EXPECT_EQ(post("/calls/" + std::to_string(id) + "/modify", "{}").status, 404);
  EXPECT_EQ(modify(1, R"("name":"X")").status, 404);
}

TEST_F(CtmIdentities, ModifyMayIgnoreCustomFields) {
  set("modify.custom_fields", "off");
  const std::int64_t id = ui.call_from(kAnna);
  EXPECT_EQ(modify(id, R"("custom_fields":{"phase":"two"})").status, 200);
  EXPECT_EQ(activity(id).text("custom_fields"), "<none>");
}

TEST_F(CtmIdentities, WhatACascadeReplacesIsInTheLogToo) {
  add(R"("number":"+13125550142","first_name":"Row","last_name":"Name")");
  const std::int64_t id = ui.call_from(kAnna, "Call Name");
  model.clear_writes();
  modify(id, R"("name":"New Name")");
  ASSERT_EQ(model.writes().size(), 2U);
  EXPECT_EQ(model.writes()[0].action, "modify");
  EXPECT_EQ(model.writes()[0].old_value, "Call Name");
  EXPECT_EQ(model.writes()[1].action, "cascade");
  EXPECT_EQ(model.writes()[1].old_value, "Row Name");
}

TEST_F(CtmIdentities, WithoutAKnownNameACallShowsCallerIdOrAPlace) {
  CtmNewActivity spec;
  spec.number = kAnna;
  spec.cnam = "KOVAC ANNA";
  spec.city = "Joliet";
  spec.state = "IL";
  EXPECT_EQ(name_of(ui.call(spec)), "KOVAC ANNA");
  spec.number = kBela;
  spec.cnam.clear();
  const std::int64_t place = ui.call(spec);
  EXPECT_EQ(name_of(place), "Joliet Il");
  EXPECT_EQ(activity(place).text("city"), "Joliet");
  EXPECT_EQ(next_call_name("+13125550150"), "<null>");
  EXPECT_EQ(model.account().contact_of(kAnna)->who.name, "") << "caller-ID is nobody's name";
  ui.add_to_list(list, kBela);
  EXPECT_EQ(text(row(kBela), "name"), "");
  set("row_name_fallback", "caller_id");
  EXPECT_EQ(text(row(kBela), "name"), "Joliet Il");
}

TEST_F(CtmIdentities, AKnownAddressIsNotReplacedByTheCarriersPlace) {
  add(R"("number":"+13125550142","street":"3 Mill Lane","city":"Aurora")");
  CtmNewActivity spec;
  spec.number = kAnna;
  spec.city = "Chicago";
  EXPECT_EQ(activity(ui.call(spec)).text("city"), "Aurora");
}

TEST_F(CtmIdentities, NobodyHasNoContact) {
  for (const char* withheld : {"+", ""}) {
    const std::int64_t id = ui.anonymous_call(withheld);
    EXPECT_EQ(activity(id).text("caller_number"), withheld);
    EXPECT_EQ(activity(id).text("caller_number_split"), "[]");
  }
  settle();
  EXPECT_TRUE(get("/contacts")["contacts"].Empty());
  const std::int64_t own = ui.call_from_own_number();
  EXPECT_EQ(activity(own).text("caller_number"), CtmReply::text_at(get("/numbers")["numbers"][0], "number"));
  const std::int64_t agent = ui.call_from_agent();
  EXPECT_EQ(activity(agent).text("caller_number"),
            CtmReply::text_at(get("/users")["users"][0], "inbound_number"));
}

TEST_F(CtmIdentities, OnlyTheFirstCallIsOfANewCaller) {
  EXPECT_EQ(activity(ui.call_from(kAnna)).text("is_new_caller"), "true");
  EXPECT_EQ(activity(ui.call_from(kAnna)).text("is_new_caller"), "false");
}

TEST_F(CtmIdentities, RedactionBlanksTheActivityAndKeepsItsRow) {
  ui.form(kAnna, "Anna Kovac", "anna@example.org");
  ui.add_to_list(list, kAnna);
  CtmNewActivity spec;
  spec.number = kAnna;
  spec.transcript = {{1, "My name is Anna"}};
  spec.notes = "Anna asked";
  spec.tags = {"vip"};
  const std::int64_t id = ui.call(spec);
  tick(3'600'000);
  EXPECT_EQ(activity(id).text("email"), "anna@example.org");
  ui.redact(id);
  const CtmReply seen = activity(id);
  EXPECT_EQ(seen.text("redacted"), "true");
  EXPECT_EQ(seen.text("name"), "<null>");
  EXPECT_EQ(seen.text("caller_number"), "");
  EXPECT_EQ(seen.text("notes"), "");
  EXPECT_EQ(seen.text("tag_list"), "[]");
  EXPECT_EQ(seen.text("transcription_text"), "<none>");
  EXPECT_EQ(seen.text("audio"), "<none>");
  settle();
  EXPECT_EQ(get("/calls", {{"contact_number", kAnna}})["calls"].Size(), 1U)
      << "the form, which was not redacted";
  EXPECT_EQ(text(row(kAnna), "name"), "Anna Kovac");
  EXPECT_EQ(modify(id, R"("name":"Anna")").status, 406);
  set("redaction_style", "placeholder");
  EXPECT_EQ(activity(id).text("name"), "[REDACTED]");
  EXPECT_EQ(activity(id).text("contact_number"), "[REDACTED]");
}

TEST_F(CtmIdentities, RedactionMayReachTheContact) {
  set("redaction_scope", "activity+contact");
  const std::int64_t id = ui.form(kAnna, "Anna Kovac", "anna@example.org");
  ui.add_to_list(list, kAnna);
  ui.redact(id);
  EXPECT_EQ(text(row(kAnna), "name"), "") << "looks like a clear, and is none";
}

TEST_F(CtmIdentities, OldActivitiesAreRedactedByTheAccountItself) {
  CtmNewActivity spec;
  spec.number = kAnna;
  spec.start_ms = now - 40LL * 86'400'000;
  const std::int64_t old_id = ui.call(spec);
  const std::int64_t new_id = ui.call_from(kBela);
  EXPECT_EQ(ui.redact_older_than(30), 1U);
  EXPECT_EQ(activity(old_id).text("redacted"), "true");
  EXPECT_EQ(activity(new_id).text("redacted"), "false");
}

TEST_F(CtmIdentities, MergingRemovesOneContactId) {
  add(R"("number":"+13125550142","first_name":"Anna")");
  add(R"("number":"+13125550143","first_name":"Bela","email":"b@example.org")");
  const std::int64_t loser = model.account().contact_of(kBela)->id;
  ui.merge(kAnna, kBela);
  EXPECT_EQ(model.account().contact(loser), nullptr);
  EXPECT_EQ(model.account().contact_of(kBela), nullptr);
  EXPECT_TRUE(row(kBela).IsNull());
  EXPECT_EQ(model.account().contact_of(kAnna)->who.email, "b@example.org");
}

TEST_F(CtmIdentities, MergingMovesNumbersWhereAContactMayHaveSeveral) {
  set("multi_number_contacts", "on");
  add(R"("number":"+13125550142","first_name":"Anna")");
  add(R"("number":"+13125550143","first_name":"Bela")");
  ui.merge(kAnna, kBela);
  const auto second = row(kBela);
  EXPECT_EQ(text(second, "name"), "Anna");
  EXPECT_EQ(text(second, "contact_id"), text(row(kAnna), "contact_id"));
  EXPECT_EQ(next_call_name(kBela), "Anna");
}

TEST_F(CtmIdentities, DeletingAContactTakesItsRowsAndLeavesItsCalls) {
  add(R"("number":"+13125550142","first_name":"Anna")");
  const std::int64_t id = ui.call_from(kAnna);
  ui.delete_contact(kAnna);
  EXPECT_TRUE(row(kAnna).IsNull());
  EXPECT_EQ(name_of(id), "Anna");
  EXPECT_EQ(next_call_name(), "<null>") << "a stranger now";
}

TEST_F(CtmIdentities, MovingBetweenListsKeepsThePersonAndChangesTheMembership) {
  for (const char* shared : {"on", "off"}) {
    SCOPED_TRACE(shared);
    set("contact_shared_across_lists", shared);
    const std::string other = ui.create_list("Autumn");
    add(R"("number":"+13125550142","first_name":"Anna")");
    const auto before = row(kAnna);
    ui.move(list, other, kAnna);
    EXPECT_TRUE(row(kAnna).IsNull());
    const auto after = model.account().live_rows(other);
    ASSERT_EQ(after.size(), 1U);
    EXPECT_EQ(std::to_string(after[0].membership.contact_id), text(before, "contact_id"));
    EXPECT_NE(std::to_string(after[0].membership.id), text(before, "id"));
    EXPECT_EQ(after[0].who.name, "Anna");
  }
}

TEST_F(CtmIdentities, ANewNumberOfAContactIsANewKeyOfItsRow) {
  add(R"("number":"+13125550142","first_name":"Anna")");
  const std::int64_t id = ui.call_from(kAnna);
  ui.edit_contact(kAnna, "number", kBela);
  EXPECT_TRUE(row(kAnna).IsNull());
  EXPECT_EQ(text(row(kBela), "name"), "Anna");
  EXPECT_EQ(activity(id).text("contact_number"), kAnna) << "calls keep the number they came from";
  EXPECT_EQ(next_call_name(), "<null>");
  EXPECT_EQ(remove(kBela).status, 200);
  EXPECT_TRUE(row(kBela).IsNull());
}

TEST_F(CtmIdentities, NumbersNeedNotBeUnique) {
  set("number_unique", "off");
  add(R"("number":"+13125550142","first_name":"Anna")");
  const std::string other = ui.create_list("Autumn");
  post("/lists/" + other + "/add_contact", R"({"contact":{"number":"+13125550142","first_name":"Anton"}})");
  settle();
  EXPECT_EQ(get("/contacts")["contacts"].Size(), 2U);
  EXPECT_EQ(text(row(kAnna), "name"), "Anna");
  EXPECT_EQ(next_call_name(), "Anton") << "calls match the newest";
}

TEST_F(CtmIdentities, StaffIsLoggedAsStaff) {
  const std::int64_t id = ui.call_from(kAnna, "Anna");
  model.clear_writes();
  ui.edit_activity(id, "name", "Anne");
  ui.tag(id, "vip");
  ui.write_notes(id, "called back");
  ui.score(id, 5, true, "10");
  for (const auto& entry : model.writes()) EXPECT_EQ(entry.actor, "staff") << entry.field;
  EXPECT_GE(model.writes().size(), 4U);
}

class CtmHooks : public CtmFixture {
 protected:
  CtmWebhooks hooks{model};
  void subscribe(const std::string& position) {
    post("/webhooks", R"({"weburl":"https://tandem.test/hook","position":")" + position + "\"}");
  }
};

TEST_F(CtmHooks, StagesAreSentWhenTheyAreReachedAndSigned) {
  subscribe("starts");
  subscribe("end");
  CtmNewActivity spec;
  spec.number = kAnna;
  spec.ring_s = 1;
  spec.talk_s = 9;
  ui.call(spec);
  auto due = hooks.take_due();
  ASSERT_EQ(due.size(), 1U);
  EXPECT_NE(due[0].body.find(R"("dial_status":"ringing")"), std::string::npos);
  EXPECT_EQ(due[0].headers.at("x-ctm-signature"),
            ctm_signature("s20417simsecret", due[0].headers.at("x-ctm-time"), due[0].body));
  tick(60'000);
  due = hooks.take_due();
  ASSERT_EQ(due.size(), 1U);
  EXPECT_NE(due[0].body.find("audio"), std::string::npos);
  EXPECT_TRUE(hooks.take_due().empty());
}

TEST_F(CtmHooks, SignaturesAreHmacSha1InBase64) {
  EXPECT_EQ(ctm_signature("key", "", "The quick brown fox jumps over the lazy dog"),
            "3nybhbi3iqa8ino29wqQcBydtNk=");
  EXPECT_EQ(ctm_signature("key", "The quick brown fox ", "jumps over the lazy dog", true),
            "de7c9b85b8b78aa6bc8a7a36f70a90701c9db4d9");
}

TEST_F(CtmHooks, RefusedDeliveriesComeBackAfter1And5And30Minutes) {
  subscribe("start");
  ui.call_from(kAnna);
  std::vector<int> minutes;
  for (int minute = 0; minute < 90; ++minute, tick(60'000)) {
    for (const auto& delivery : hooks.take_due()) {
      minutes.push_back(minute);
      hooks.answered(delivery, minute % 2 == 0 ? 500 : 200, 11'000);
    }
  }
  EXPECT_EQ(minutes, (std::vector<int>{0, 1, 6, 36}));
}

TEST_F(CtmHooks, OrderAndRepetitionAreNotPromised) {
  subscribe("start");
  subscribe("end");
  set("webhook.order", "end_before_start");
  set("webhook.wrap", "call");
  ui.call_from(kAnna);
  tick(3'600'000);
  auto due = hooks.take_due();
  ASSERT_EQ(due.size(), 2U);
  EXPECT_NE(due[0].body.find("audio"), std::string::npos);
  EXPECT_EQ(due[0].body.substr(0, 8), R"({"call":)");
  set("webhook.retry", "duplicates");
  ui.call_from(kAnna);
  tick(3'600'000);
  EXPECT_EQ(hooks.take_due().size(), 4U);
}

TEST_F(CtmHooks, TheContactPanelFiresForPeopleAndOnlyBySwitchForTheApi) {
  subscribe("contact_panel");
  const std::int64_t id = ui.call_from(kAnna);
  ui.edit_activity(id, "name", "Anna");
  EXPECT_EQ(hooks.take_due().size(), 1U);
  modify(id, R"("name":"Anne")");
  EXPECT_TRUE(hooks.take_due().empty());
  set("trigger.contact_panel", "api_too");
  modify(id, R"("name":"Anya")");
  add(R"("number":"+13125550142","first_name":"Anya")");
  EXPECT_EQ(hooks.take_due().size(), 2U) << "our own writes come back";
  set("trigger.contact_panel", "off");
  ui.edit_activity(id, "name", "Anna");
  EXPECT_TRUE(hooks.take_due().empty());
}

TEST_F(CtmHooks, TheTestButtonSendsARealCallThatIsNotNew) {
  ui.call_from(kAnna);
  settle();
  subscribe("end");
  hooks.test(model.account().webhooks.front().id);
  EXPECT_EQ(hooks.take_due().size(), 1U);
}
}  // namespace
}  // namespace tandem::sim
