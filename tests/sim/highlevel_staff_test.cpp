#include "tests/sim/highlevel_fixture.h"

namespace tandem::sim::highlevel {
namespace {
using HighLevelStaff = HighLevelTest;

TEST_F(HighLevelStaff, MakesContactsThatTheApiWouldRefuse) {
  const auto made = model.create(Patch().set(Field::first_name, "Walk-in"), Actor::staff);
  ASSERT_TRUE(made);
  EXPECT_EQ(read((*made)->id).text("contact", "createdBy", "source"), "WEB_USER");
}

TEST_F(HighLevelStaff, ClearsWhateverTheSwitchesSay) {
  set("clear.null", "ignored");
  set("clear.empty", "422");
  const std::string id = create_id(R"("email":"a@example.org","firstName":"A")");
  ASSERT_TRUE(model.update(id, Patch().set(Field::first_name, "").set(Field::email, ""), Actor::staff));
  EXPECT_EQ(read(id).at("contact", "firstName"), nullptr);
  EXPECT_EQ(model.writes().back().actor, "staff");
}

TEST_F(HighLevelStaff, AMergeLeavesOneIdAndKeepsTheOtherNumber) {
  const std::string kept = create_id(R"("email":"a@example.org","phone":"+13125550101","tags":["one"])");
  const std::string gone =
      create_id(R"("email":"b@example.org","phone":"+13125550102","firstName":"B","tags":["two"])");
  send("POST", "/contacts/" + gone + "/notes", R"({"body":"from the other"})");
  ASSERT_TRUE(model.merge(kept, gone));
  EXPECT_EQ(read(gone).status(), 400);
  const Reply seen = read(kept);
  EXPECT_EQ(seen.text("contact", "firstName"), "B");
  EXPECT_EQ(seen.text("contact", "phone"), "+13125550101");
  EXPECT_EQ(seen.text("contact", "additionalPhones"), R"([{"phone":"+13125550102"}])");
  EXPECT_EQ(seen.text("contact", "tags"), R"(["one","two"])");
  EXPECT_EQ(send("GET", "/contacts/" + kept + "/notes").text("notes", 0, "bodyText"), "from the other");
}

TEST_F(HighLevelStaff, RestoreBringsTheSameIdBackUnlessSaidOtherwise) {
  const std::string id = create_id(R"("email":"a@example.org")");
  send("DELETE", "/contacts/" + id);
  ASSERT_TRUE(model.restore(id));
  EXPECT_EQ(read(id).status(), 200);
  set("restore.new_id", "on");
  send("DELETE", "/contacts/" + id);
  const auto back = model.restore(id);
  ASSERT_TRUE(back);
  EXPECT_NE((*back)->id, id);
  EXPECT_EQ(read(id).status(), 400);
  settle();
  EXPECT_EQ(found(""), 1U);
}

TEST_F(HighLevelStaff, NotesHaveAPlainTextAndNoStamp) {
  const std::string id = create_id(R"("email":"a@example.org")");
  const Reply made =
      send("POST", "/contacts/" + id + "/notes", R"({"body":"<p>Called &amp; asked</p>","pinned":true})");
  ASSERT_EQ(made.status(), 201) << made.http.body;
  EXPECT_EQ(made.text("note", "bodyText"), "Called & asked");
  EXPECT_EQ(made.text("note", "userId"), "null") << "an integration wrote it";
  EXPECT_EQ(made.text("note", "relations"), "[]");
  EXPECT_EQ(made.at("note", "dateUpdated"), nullptr);
  const std::string path = "/contacts/" + id + "/notes/" + made.text("note", "id");
  EXPECT_EQ(send("PUT", path, R"({"title":"Ask"})").text("note", "title"), "Ask");
  EXPECT_EQ(send("POST", "/contacts/" + id + "/notes", R"({"title":"no body"})").status(), 422);
  EXPECT_EQ(send("DELETE", path).text("succeeded"), "true");
  EXPECT_EQ(send("DELETE", path).status(), 400);
  EXPECT_EQ(send("GET", "/contacts/" + id + "/notes").text("notes"), "[]");
  NotePatch by_hand;
  by_hand.body = "<p>Hi</p>";
  EXPECT_TRUE(model.add_note(id, by_hand, Actor::staff)->user_id.has_value());
}

TEST_F(HighLevelStaff, TasksLeaveUnsetKeysOutAndTakePartialUpdates) {
  const std::string id = create_id(R"("email":"a@example.org")");
  const std::string path = "/contacts/" + id + "/tasks";
  EXPECT_EQ(send("POST", path, R"({"title":"Call back"})").status(), 422);
  const Reply made =
      send("POST", path, R"({"title":"Call back","dueDate":"2026-11-25T10:00:00Z","completed":false})");
  ASSERT_EQ(made.status(), 201) << made.http.body;
  EXPECT_EQ(made.text("task", "dueDate"), "2026-11-25T10:00:00.000Z");
  EXPECT_EQ(made.at("task", "assignedTo"), nullptr);
  const std::string task = path + "/" + made.text("task", "id");
  EXPECT_EQ(send("PUT", task + "/completed", R"({"completed":true})").text("task", "completed"), "true");
  EXPECT_EQ(send("PUT", task, R"({"completed":false})").status(), 200);
  set("task_put.partial", "off");
  EXPECT_EQ(send("PUT", task, R"({"completed":false})").status(), 422);
  EXPECT_EQ(
      send("POST", "/locations/" + here + "/tasks/search", R"({"completed":false})").at("tasks")->Size(), 1U);
}

TEST_F(HighLevelStaff, ADeletedAppointmentStaysReadable) {
  const std::string id = create_id(R"("email":"a@example.org")");
  const auto made = model.add_appointment({id, "Visit", now, now + 1'800'000});
  ASSERT_TRUE(made);
  EXPECT_EQ(send("GET", "/contacts/" + id + "/appointments").at("events")->Size(), 1U);
  EXPECT_EQ(send("DELETE", "/calendars/events/" + made->id).text("succeeded"), "true");
  EXPECT_EQ(send("GET", "/calendars/events/appointments/" + made->id).text("appointment", "deleted"), "true");
  EXPECT_EQ(send("GET", "/contacts/" + id + "/appointments").at("events")->Size(), 0U);
}

TEST_F(HighLevelStaff, UsersAndZonesAreListed) {
  EXPECT_EQ(send("GET", "/users/?locationId=" + here).at("users")->Size(), 3U);
  EXPECT_EQ(send("GET", "/users/search?companyId=" + model.location().company_id).text("count"), "3");
  EXPECT_EQ(send("GET", "/users/" + model.users()[0].id).text("firstName"), "Ann");
  EXPECT_GT(send("GET", "/locations/" + here + "/timezones").at("timeZones")->Size(), 50U);
}

TEST_F(HighLevelStaff, LoadedPeopleAreThereAtOnceAndNotInTheLog) {
  const auto people = make_people(1, 100);
  model.load_people(people);
  EXPECT_EQ(found(""), std::min<std::size_t>(100, model.contact_count()));
  EXPECT_TRUE(model.writes().empty());
}
}  // namespace
}  // namespace tandem::sim::highlevel
