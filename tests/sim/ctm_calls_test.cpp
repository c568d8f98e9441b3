#include "tests/sim/ctm_fixture.h"

#include <algorithm>

namespace tandem::sim {
namespace {
class CtmCalls : public CtmFixture {
 protected:
  std::int64_t at(const std::string& number, std::int64_t start_ms) {
    CtmNewActivity call;
    call.number = number;
    call.start_ms = start_ms;
    return model.account().record("staff", call);
  }
  std::size_t found(const Query& query) { return get("/calls", query)["calls"].Size(); }
  static std::int64_t utc_ms(int y, int mo, int d, int h, int mi) {
    return (ctm_day_number(y, mo, d) * 86'400 + h * 3600 + mi * 60) * 1000LL;
  }
};

TEST_F(CtmCalls, AnActivityGrowsThroughItsStages) {
  CtmNewActivity spec;
  spec.number = kAnna;
  spec.ring_s = 10;
  spec.talk_s = 50;
  spec.tags = {"tile"};
  spec.agent_id = model.account().users[2].id;
  spec.transcript = {{1, "Hello"}, {2, "Good morning"}};
  spec.summary = "A greeting";
  const std::int64_t id = ui.call(spec);
  EXPECT_GT(id, 4'294'967'296);
  const std::string one = "/calls/" + std::to_string(id);

  CtmReply seen = activity(id);  // start
  EXPECT_EQ(seen.text("dial_status"), "ringing");
  EXPECT_EQ(seen.text("duration"), "0");
  EXPECT_EQ(seen.text("tag_list"), "[]");
  tick(60'000);  // end_immediate
  seen = activity(id);
  EXPECT_EQ(seen.text("call_status"), "answered");
  EXPECT_EQ(seen.text("talk_time"), "50");
  EXPECT_EQ(seen.text("audio"), "<none>");
  EXPECT_EQ(seen.text("agent"), "<none>");
  tick(30'000);  // end
  seen = activity(id);
  EXPECT_NE(seen.text("audio"), "<none>");
  EXPECT_EQ(seen.text("tag_list"), R"(["tile"])");
  EXPECT_EQ(text(seen["agent"], "email"), "noor@larkspur.example.com");
  EXPECT_EQ(seen.text("summary"), "<none>");
  EXPECT_EQ(get(one + "/transcription.json").status, 404);
  tick(90'000);  // transcript
  seen = activity(id);
  EXPECT_EQ(seen.text("summary"), "A greeting");
  const CtmReply transcript = get(one + "/transcription.json");
  EXPECT_EQ(transcript["outline"].Size(), 2U);
  EXPECT_EQ(text(transcript["outline"][0], "channel"), "1");
}

TEST_F(CtmCalls, ListsLagBehindWhatADirectReadShows) {
  const std::int64_t id = ui.call_from(kAnna, "Anna");
  EXPECT_EQ(activity(id).status, 200);
  EXPECT_EQ(found({}), 0U);
  settle();
  EXPECT_EQ(found({}), 1U);
  modify(id, R"("name":"Anne")");
  EXPECT_EQ(activity(id).text("name"), "Anne");
  EXPECT_EQ(text(get("/calls")["calls"][0], "name"), "Anna");
  settle();
  EXPECT_EQ(text(get("/calls")["calls"][0], "name"), "Anne");
}

TEST_F(CtmCalls, StagesReachTheListsLateToo) {
  CtmNewActivity spec;
  spec.number = kAnna;
  spec.ring_s = 0;
  spec.talk_s = 10;
  const std::int64_t id = ui.call(spec);
  tick(10'000);
  EXPECT_EQ(activity(id).text("duration"), "10");
  EXPECT_EQ(text(get("/calls")["calls"][0], "duration"), "0");
  tick(2000);
  EXPECT_EQ(text(get("/calls")["calls"][0], "duration"), "10");
}

TEST_F(CtmCalls, TheSidFindsNothingUnlessSwitched) {
  const std::int64_t id = ui.call_from(kAnna);
  const std::string sid = activity(id).text("sid");
  EXPECT_EQ(get("/calls/" + sid).status, 404);
  EXPECT_EQ(get("/calls/" + sid).text("reason"), "call not found");
  set("call_by_sid", "200");
  EXPECT_EQ(get("/calls/" + sid).status, 200);
  settle();
  EXPECT_EQ(found({{"search", sid}}), 1U);
  EXPECT_EQ(found({{"search", "CA00"}}), 0U);
}

TEST_F(CtmCalls, OneNumberHasFiveSpellings) {
  const CtmReply seen = activity(ui.call_from(kAnna));
  EXPECT_EQ(seen.text("caller_number"), kAnna);
  EXPECT_EQ(seen.text("caller_number_complete"), kAnna);
  EXPECT_EQ(seen.text("caller_number_bare"), "3125550142");
  EXPECT_EQ(seen.text("caller_number_format"), "(312) 555-0142");
  EXPECT_EQ(seen["caller_number_split"].Size(), 4U);
  set("caller_number_form", "bare");
  const CtmReply bare = activity(model.account().newest_of(kAnna)->id);
  EXPECT_EQ(bare.text("caller_number"), "3125550142");
  EXPECT_EQ(bare.text("caller_number_complete"), kAnna);
}

TEST_F(CtmCalls, OnTheWayOutTheCallerIsTheAccountItself) {
  const std::int64_t id = ui.outbound_call(kAnna);
  const CtmReply seen = activity(id);
  EXPECT_EQ(seen.text("contact_number"), kAnna);
  EXPECT_EQ(seen.text("caller_number").substr(0, 8), "+1217555");
  settle();
  EXPECT_EQ(found({{"contact_number", kAnna}}), 1U);
  set("outbound_caller_number", "person");
  EXPECT_EQ(activity(id).text("caller_number"), kAnna);
}

TEST_F(CtmCalls, ANumberWhosePlusSignWasLostFindsNothing) {
  ui.call_from(kAnna);
  settle();
  EXPECT_EQ(found({{"contact_number", kAnna}}), 1U);
  EXPECT_EQ(found({{"contact_number", " 13125550142"}}), 0U);
  EXPECT_EQ(found({{"search", "3125550142"}}), 1U);
}

TEST_F(CtmCalls, TimesAreLocalToTheMinuteOnATwelveHourClock) {
  const std::int64_t id = at(kAnna, utc_ms(2026, 11, 20, 6, 5) + 41'000);
  const CtmReply seen = activity(id);
  EXPECT_EQ(seen.text("called_at"), "2026-11-20 12:05 AM -06:00");
  EXPECT_EQ(seen.text("day"), "Fri");
  EXPECT_EQ(seen.text("month"), "Nov");
  EXPECT_EQ(seen.text("hour"), "12 AM");
  EXPECT_EQ(seen["unix_time"].GetInt64(), utc_ms(2026, 11, 20, 6, 5) / 1000 + 41);
  EXPECT_TRUE(seen["indexed_at"].IsNumber());
}

TEST_F(CtmCalls, DaysAreThoseOfTheAccountsZone) {
  at(kAnna, utc_ms(2026, 11, 20, 5, 59));  // 23:59 of the 19th in Chicago
  at(kAnna, utc_ms(2026, 11, 20, 6, 0));   // 00:00 of the 20th
  at(kAnna, utc_ms(2026, 11, 21, 5, 59));  // 23:59 of the 20th
  const Query day = {{"start_date", "2026-11-20"}, {"end_date", "2026-11-20"}};
  EXPECT_EQ(found(day), 2U);
  EXPECT_EQ(found({{"end_date", "2026-11-19"}}), 1U);
  set("date_filter_zone", "utc");
  EXPECT_EQ(found(day), 2U);
  EXPECT_EQ(found({{"end_date", "2026-11-19"}}), 0U);
  ui.set_timezone("Hawaii");
  set("date_filter_zone", "account");
  EXPECT_EQ(found({{"end_date", "2026-11-19"}}), 2U);
}

TEST_F(CtmCalls, ADayOfAClockChangeHas25Hours) {
  at(kAnna, utc_ms(2026, 11, 1, 5, 0));   // midnight, summer time
  at(kAnna, utc_ms(2026, 11, 1, 6, 30));  // 1:30 for the first time
  at(kAnna, utc_ms(2026, 11, 1, 7, 30));  // and for the second
  at(kAnna, utc_ms(2026, 11, 2, 5, 59));
  at(kAnna, utc_ms(2026, 11, 2, 6, 0));
  EXPECT_EQ(found({{"start_date", "2026-11-01"}, {"end_date", "2026-11-01"}}), 4U);
  const CtmReply day = get("/calls", {{"start_date", "2026-11-01"}, {"end_date", "2026-11-01"}});
  EXPECT_EQ(text(day["calls"][2], "called_at"), "2026-11-01 01:30 AM -05:00");
  EXPECT_EQ(text(day["calls"][1], "called_at"), "2026-11-01 01:30 AM -06:00");
}

TEST_F(CtmCalls, InstantsAndNonsenseAreNoDateFilters) {
  at(kAnna, utc_ms(2026, 11, 20, 12, 0));
  EXPECT_EQ(found({{"start_date", "2026-11-21T00:00:00Z"}}), 1U);
  EXPECT_EQ(found({{"since", "2026-11-21T00:00:00Z"}}), 1U);
  set("since_until", "instants");
  EXPECT_EQ(found({{"since", "2026-11-21T00:00:00Z"}}), 0U);
}

TEST_F(CtmCalls, NamedSpansAreDaysOfTheAccount) {
  at(kAnna, utc_ms(2026, 11, 24, 6, 0));
  at(kAnna, utc_ms(2026, 11, 24, 5, 59));
  EXPECT_EQ(found({{"time_duration", "today"}}), 1U);
  EXPECT_EQ(found({{"time_duration", "yesterday"}}), 1U);
}

TEST_F(CtmCalls, IndexedAtIsShownButFiltersOnlyBySwitch) {
  const std::int64_t old_id = at(kAnna, utc_ms(2026, 11, 20, 12, 0));
  ui.tag(old_id, "late");
  at(kBela, utc_ms(2026, 11, 21, 12, 0));
  settle();
  const std::string filter = "indexed_at:>" + std::to_string(kStart / 1000 - 60);
  EXPECT_EQ(found({{"filter", filter}}), 2U);
  set("filter.indexed_at", "on");
  const CtmReply changed = get("/calls", {{"filter", filter}});
  ASSERT_EQ(changed["calls"].Size(), 1U);
  EXPECT_EQ(changed["calls"][0]["id"].GetInt64(), old_id) << "an old call, tagged late";
}

TEST_F(CtmCalls, FiltersOfTheSearchLanguage) {
  const std::int64_t first = at(kAnna, kStart - 90'000);
  at(kBela, kStart - 60'000);
  ui.form(kCleo, "Cleo", "cleo@example.org");
  settle();
  EXPECT_EQ(found({{"filter", "id:<" + std::to_string(first + 1)}}), 1U);
  EXPECT_EQ(found({{"filter", "caller_number:+13125550143"}}), 1U);
  EXPECT_EQ(found({{"filter", R"(form.form_name:"Quote request")"}}), 1U);
  EXPECT_EQ(found({{"direction", "form"}}), 1U);
  EXPECT_EQ(found({{"direction[]", "form"}, {"direction[]", "inbound"}}), 3U);
  EXPECT_EQ(found({{"search", "cleo@"}}), 1U);
}

TEST_F(CtmCalls, TagFiltersIncludeAndExclude) {
  const std::int64_t id = ui.call_from(kAnna);
  ui.call_from(kBela);
  ui.tag(id, "vip");
  settle();
  EXPECT_EQ(found({{"multi_tags[]", "vip"}}), 1U);
  EXPECT_EQ(found({{"multi_tags[]", "vip"}, {"multi_tags_operator", "excludes"}}), 1U);
  EXPECT_EQ(found({{"multi_tags[]", "none"}}), 0U);
}

TEST_F(CtmCalls, ProjectionsKeepOrDropTopLevelKeys) {
  ui.call_from(kAnna, "Anna");
  settle();
  const CtmReply few = get("/calls", {{"fields", "name,unix_time"}});
  EXPECT_EQ(few["calls"][0].MemberCount(), 3U);
  const CtmReply most = get("/calls", {{"exclude_fields", "name"}, {"stats", "off"}});
  EXPECT_EQ(text(most["calls"][0], "name"), "<none>");
  EXPECT_EQ(most.text("stats"), "<none>");
}

TEST_F(CtmCalls, CallsOfTheSameSecondAreOrderedById) {
  for (int i = 0; i < 12; ++i) at(kAnna, kStart - 5000);
  const CtmReply first = get("/calls");
  const std::string after = first.text("after");
  const CtmReply second = get("/calls", {{"after", after}, {"page", "2"}});
  EXPECT_EQ(second["calls"].Size(), 2U);
  EXPECT_GT(first["calls"][9]["id"].GetInt64(), second["calls"][0]["id"].GetInt64());
}

TEST_F(CtmCalls, BlankValuesComeInThreeShapesOrInOne) {
  const std::int64_t id = ui.call_from(kAnna);
  const auto shapes = [&] {
    const CtmReply seen = activity(id);
    return seen.text("street") + "," + seen.text("city") + "," + seen.text("postal_code") + "," +
           seen.text("custom_fields");
  };
  EXPECT_EQ(shapes(), "<null>,,,<none>");
  set("empty_style", "null");
  EXPECT_EQ(shapes(), "<null>,<null>,<null>,<null>");
  set("empty_style", "empty");
  EXPECT_EQ(shapes(), ",,,{}");
  set("empty_style", "absent");
  EXPECT_EQ(shapes(), "<none>,<none>,<none>,<none>");
}

TEST_F(CtmCalls, CustomFieldsMayBeAnArrayAndTheirValuesToo) {
  const std::int64_t id = ui.call_from(kAnna);
  CtmCustomField rooms;
  rooms.name = "Rooms";
  rooms.api_name = "rooms";
  rooms.multipicker = true;
  model.account().register_custom_field("staff", rooms);
  modify(id, R"("custom_fields":{"rooms":"Bath;Hall"})");
  EXPECT_EQ(text(activity(id)["custom_fields"], "rooms"), "Bath;Hall");
  set("custom_multi_style", "array");
  EXPECT_EQ(text(activity(id)["custom_fields"], "rooms"), R"(["Bath","Hall"])");
  set("custom_fields_style", "array");
  EXPECT_EQ(activity(id).text("custom_fields"), R"([{"name":"rooms","value":["Bath","Hall"]}])");
}

TEST_F(CtmCalls, NotesAreWrittenAsCommentsAndReadAsNotes) {
  const std::int64_t id = ui.call_from(kAnna);
  modify(id, R"("comments":"prefers noon","notes":"ignored")");
  EXPECT_EQ(activity(id).text("notes"), "prefers noon");
}

TEST_F(CtmCalls, TagsAreAddedAndRemovedOneByOne) {
  const std::int64_t id = ui.call_from(kAnna);
  const std::string path = "/calls/" + std::to_string(id) + "/tag";
  EXPECT_EQ(post(path, R"({"tag":"VIP"})").status, 200);
  EXPECT_EQ(post(path, R"({"tag":"VIP"})").status, 200);
  EXPECT_EQ(post(path, R"({"tag":"vip"})").status, 200);
  EXPECT_EQ(activity(id).text("tag_list"), R"(["VIP","vip"])");
  del(path, R"({"tag":"vip"})");
  EXPECT_EQ(activity(id).text("tag_list"), R"(["VIP"])");
  EXPECT_EQ(del(path, R"({"tag":"never there"})").status, 200);
  EXPECT_EQ(post(path, "{}").status, 406);
  set("tags.case", "insensitive");
  post(path, R"({"tag":"Vip"})");
  EXPECT_EQ(activity(id).text("tag_list"), R"(["VIP"])");
  set("tags.case", "lower");
  post(path, R"({"tag":"HOT Lead"})");
  EXPECT_EQ(activity(id).text("tag_list"), R"(["VIP","hot lead"])");
  EXPECT_EQ(get("/tags")["tags"].Size(), 2U);
}

TEST_F(CtmCalls, ATagOfTheFlowCanBeTakenOffForGood) {
  CtmNewActivity spec;
  spec.number = kAnna;
  spec.tags = {"auto"};
  const std::int64_t id = ui.call(spec);
  tick(3'600'000);
  EXPECT_EQ(activity(id).text("tag_list"), R"(["auto"])");
  del("/calls/" + std::to_string(id) + "/tag", R"({"tag":"auto"})");
  EXPECT_EQ(activity(id).text("tag_list"), "[]");
  EXPECT_EQ(model.writes().back().action, "tag_remove");
  EXPECT_EQ(model.writes().back().old_value, "auto");
}

TEST_F(CtmCalls, ScoresAreReadWrittenAndTakenBack) {
  const std::int64_t id = ui.call_from(kAnna);
  const std::string path = "/calls/" + std::to_string(id) + "/sale";
  EXPECT_EQ(get(path).text("score"), "<null>") << "not 404";
  EXPECT_EQ(post(path, R"({"score":4,"conversion":"on","value":"1250.00"})").status, 200);
  EXPECT_EQ(get(path).text("conversion"), "true");
  EXPECT_EQ(text(activity(id)["sale"], "value"), "1250.00");
  EXPECT_EQ(post(path, R"({"score":9})").status, 406);
  del(path, "");
  EXPECT_EQ(activity(id).text("sale"), "<none>");
}

TEST_F(CtmCalls, VoicemailLooksCompletedAndMissedCallsDoNot) {
  CtmNewActivity spec;
  spec.number = kAnna;
  spec.answered = false;
  spec.voicemail = true;
  const std::int64_t voicemail = ui.call(spec);
  const std::int64_t missed = ui.missed_call(kBela);
  tick(3'600'000);
  EXPECT_EQ(activity(voicemail).text("dial_status"), "completed");
  EXPECT_NE(activity(voicemail).text("call_status"), "answered");
  EXPECT_EQ(activity(missed).text("dial_status"), "no-answer");
  EXPECT_EQ(activity(missed).text("audio"), "<none>");
}

TEST_F(CtmCalls, TextsFormsAndChatsShareTheFeed) {
  const std::int64_t text_id = ui.text(kAnna, "Are you open?");
  const std::int64_t form_id = ui.form(kBela, "Bela B.", "bela@example.org", {{"kind", "Bath"}});
  const std::int64_t chat_id = ui.chat("", "Visitor", "Hello");
  EXPECT_EQ(activity(text_id).text("message_body"), "Are you open?");
  EXPECT_EQ(activity(text_id).text("dial_status"), "<none>");
  EXPECT_EQ(text(activity(form_id)["form"], "custom"), R"([{"id":"kind","value":"Bath"}])");
  EXPECT_EQ(activity(chat_id).text("direction"), "chat");
  EXPECT_EQ(activity(chat_id).text("contact_number"), "");
  EXPECT_EQ(model.account().contact_of(kBela)->who.name, "Bela B.") << "a form tells the contact";
}

TEST_F(CtmCalls, RecordingsLieOffTheHost) {
  const std::int64_t id = ui.call_from(kAnna);
  tick(3'600'000);
  const CtmReply moved = get("/calls/" + std::to_string(id) + "/recording");
  EXPECT_EQ(moved.status, 302);
  EXPECT_EQ(moved.headers.at("location").substr(0, 30), "https://recordings.example.com");
}
}  // namespace
}  // namespace tandem::sim
