// Notes, tasks and appointments on the wire.
#include <fmt/format.h>

#include <algorithm>

#include "tests/sim/highlevel_call.h"
#include "tests/sim/highlevel_text.h"

namespace tandem::sim::highlevel {
namespace {
void write_note(JsonOut& out, const Note& note) {
  out.begin_object()
      .field("id", note.id)
      .field("body", note.body)
      .field("bodyText", plain_text(note.body))
      .key("userId");
  note.user_id ? out.value(*note.user_id) : out.null();
  out.field("dateAdded", iso_time(note.date_added_ms)).field("contactId", note.contact_id);
  if (!note.title.empty()) out.field("title", note.title);
  if (!note.color.empty()) out.field("color", note.color);
  out.field("pinned", note.pinned).key("relations").begin_array().end_array().end_object();
}

void write_task(JsonOut& out, const Task& task) {
  out.begin_object().field("id", task.id).field("title", task.title);
  if (!task.body.empty()) out.field("body", task.body);
  if (!task.assigned_to.empty()) out.field("assignedTo", task.assigned_to);
  out.field("dueDate", iso_time(task.due_ms))
      .field("completed", task.completed)
      .field("contactId", task.contact_id)
      .end_object();
}

template <class T>
HttpResponse wrapped(Call& call, int status, std::string_view key, const Answer<T>& answer,
                     void (*write)(JsonOut&, const T&)) {
  if (!answer) return refused(answer.refusal, call.model);
  JsonOut out;
  out.begin_object().key(key);
  write(out, *answer);
  write_trace(out, call.model);
  return json_answer(status, out.end_object());
}

template <class T>
HttpResponse listed(Call& call, std::string_view key, const Answer<std::vector<T>>& answer,
                    void (*write)(JsonOut&, const T&)) {
  if (!answer) return refused(answer.refusal, call.model);
  JsonOut out;
  out.begin_object().key(key).begin_array();
  for (const auto& one : *answer) write(out, one);
  out.end_array();
  write_trace(out, call.model);
  return json_answer(200, out.end_object());
}

template <class T>
Answer<T> by_id(const Answer<std::vector<T>>& all, const std::string& id, std::string_view what) {
  if (!all) return all.refusal;
  const auto found = std::ranges::find(*all, id, &T::id);
  if (found == all->end())
    return Refusal{400, {fmt::format("{} not found for id:{}", what, id)}, false, "Bad Request", {}, {}, {}};
  return *found;
}

HttpResponse success(Call& call, const Answer<Done>& done) {
  if (!done) return refused(done.refusal, call.model);
  JsonOut out;
  out.begin_object();
  write_success(out, call.model);
  return json_answer(200, out.end_object());
}

NotePatch read_note_body(Call& call, bool create, std::vector<std::string>& errors) {
  Dto dto(call.body, errors);
  dto.only({"body", "userId", "title", "color", "pinned"})
      .text("userId")
      .text("title")
      .text("color")
      .flag("pinned");
  create ? dto.needs_text("body") : dto.text("body");
  NotePatch patch{text_member(call.body, "body"),
                  text_member(call.body, "title"),
                  text_member(call.body, "color"),
                  text_member(call.body, "userId"),
                  {}};
  if (const JsonValue* pinned = member(call.body, "pinned"); pinned != nullptr && pinned->IsBool())
    patch.pinned = pinned->GetBool();
  return patch;
}

TaskPatch read_task_body(Call& call, bool all_needed, std::vector<std::string>& errors) {
  Dto dto(call.body, errors);
  dto.only({"title", "body", "dueDate", "completed", "assignedTo"})
      .text("body")
      .text("assignedTo")
      .flag("completed", all_needed);
  all_needed ? dto.needs_text("title").needs_text("dueDate") : dto.text("title").text("dueDate");
  TaskPatch patch{text_member(call.body, "title"),
                  text_member(call.body, "body"),
                  text_member(call.body, "assignedTo"),
                  {},
                  {}};
  if (const JsonValue* completed = member(call.body, "completed");
      completed != nullptr && completed->IsBool())
    patch.completed = completed->GetBool();
  if (const auto due = text_member(call.body, "dueDate"); due && !due->empty()) {
    patch.due_ms = parse_iso_time(*due);
    if (!patch.due_ms) errors.emplace_back("dueDate must be a valid ISO 8601 date string");
  }
  return patch;
}

std::string local_time(std::int64_t ms) {  // as the description has it: no zone
  std::string text = iso_time(ms).substr(0, 19);
  text[10] = ' ';
  return text;
}

void write_event(JsonOut& out, const Appointment& event, Model& model, bool in_list) {
  const auto time = [&](std::string_view key, std::int64_t ms) {
    out.field(key, in_list ? local_time(ms) : iso_time(ms).substr(0, 19) + "+00:00");
  };
  out.begin_object()
      .field("id", event.id)
      .field("calendarId", event.calendar_id)
      .field("status", "booked")
      .field("title", event.title);
  out.field("assignedUserId", event.assigned_user_id).field("notes", event.notes);
  time("startTime", event.start_ms);
  time("endTime", event.end_ms);
  out.field("address", event.address)
      .field("locationId", model.location().id)
      .field("contactId", event.contact_id);
  out.field("appointmentStatus", event.status);
  if (!in_list)
    out.field("appoinmentStatus", event.status).field("isRecurring", false).field("deleted", event.deleted);
  out.key("users").begin_array().end_array().key("assignedResources").begin_array().end_array();
  out.field("dateAdded", in_list ? local_time(event.added_ms) : iso_time(event.added_ms));
  out.field("dateUpdated", in_list ? local_time(event.updated_ms) : iso_time(event.updated_ms)).end_object();
}

Appointment* event_called(Call& call) {
  const auto found = std::ranges::find(call.model.appointments(), call.at("eventId"), &Appointment::id);
  return found == call.model.appointments().end() ? nullptr : &*found;
}
}  // namespace

HttpResponse list_notes(Call& call) {
  return listed(call, "notes", call.model.notes(call.at("id")), write_note);
}
HttpResponse read_note(Call& call) {
  return wrapped(call, 200, "note", by_id(call.model.notes(call.at("id")), call.at("noteId"), "Note"),
                 write_note);
}
HttpResponse create_note(Call& call) {
  std::vector<std::string> errors;
  const NotePatch patch = read_note_body(call, true, errors);
  if (!errors.empty()) return unprocessable(errors, call.model);
  return wrapped(call, created(call), "note", call.model.add_note(call.at("id"), patch), write_note);
}
HttpResponse update_note(Call& call) {
  std::vector<std::string> errors;
  const NotePatch patch = read_note_body(call, false, errors);
  if (!errors.empty()) return unprocessable(errors, call.model);
  return wrapped(call, 200, "note", call.model.change_note(call.at("id"), call.at("noteId"), patch),
                 write_note);
}
HttpResponse delete_note(Call& call) {
  return success(call, call.model.remove_note(call.at("id"), call.at("noteId")));
}

HttpResponse list_tasks(Call& call) {
  return listed(call, "tasks", call.model.tasks(call.at("id")), write_task);
}
HttpResponse read_task(Call& call) {
  return wrapped(call, 200, "task", by_id(call.model.tasks(call.at("id")), call.at("taskId"), "Task"),
                 write_task);
}
HttpResponse create_task(Call& call) {
  std::vector<std::string> errors;
  const TaskPatch patch = read_task_body(call, true, errors);
  if (!errors.empty()) return unprocessable(errors, call.model);
  return wrapped(call, created(call), "task", call.model.add_task(call.at("id"), patch), write_task);
}
HttpResponse update_task(Call& call) {
  std::vector<std::string> errors;
  const TaskPatch patch = read_task_body(call, !call.switches().on("task_put.partial"), errors);
  if (!errors.empty()) return unprocessable(errors, call.model);
  return wrapped(call, 200, "task", call.model.change_task(call.at("id"), call.at("taskId"), patch),
                 write_task);
}
HttpResponse complete_task(Call& call) {
  std::vector<std::string> errors;
  Dto(call.body, errors).only({"completed"}).flag("completed", true);
  if (!errors.empty()) return unprocessable(errors, call.model);
  TaskPatch patch;
  patch.completed = member(call.body, "completed")->GetBool();
  return wrapped(call, 200, "task", call.model.change_task(call.at("id"), call.at("taskId"), patch),
                 write_task);
}
HttpResponse delete_task(Call& call) {
  return success(call, call.model.remove_task(call.at("id"), call.at("taskId")));
}

HttpResponse search_tasks(Call& call) {
  std::vector<std::string> errors;
  Dto(call.body, errors)
      .only({"contactId", "completed", "assignedTo", "query", "limit", "skip", "businessId"})
      .texts("contactId")
      .flag("completed")
      .texts("assignedTo")
      .text("query")
      .number("limit")
      .number("skip")
      .text("businessId");
  if (!errors.empty()) return unprocessable(errors, call.model);
  const auto contacts = texts_of(call.body, "contactId"), owners = texts_of(call.body, "assignedTo");
  const JsonValue* completed = member(call.body, "completed");
  const std::string query = lower(text_member(call.body, "query").value_or("")),
                    business = text_member(call.body, "businessId").value_or("");
  const std::int64_t limit = std::min<std::int64_t>(int_member(call.body, "limit").value_or(25), 25),
                     skip = int_member(call.body, "skip").value_or(0);
  std::vector<Task> page;
  std::int64_t seen = 0;
  for (const auto& task : call.model.all_tasks()) {
    if (!contacts.empty() && std::ranges::count(contacts, task.contact_id) == 0) continue;
    if (!owners.empty() && std::ranges::count(owners, task.assigned_to) == 0) continue;
    if (completed != nullptr && completed->GetBool() != task.completed) continue;
    if (!query.empty() && lower(task.title).find(query) == std::string::npos) continue;
    const auto contact = call.model.read(task.contact_id);
    if (!business.empty() && (!contact || (*contact)->at(Field::business_id) != business)) continue;
    if (seen++ < skip || seen > skip + limit) continue;
    page.push_back(task);
  }
  return listed(call, "tasks", Answer<std::vector<Task>>(std::move(page)), write_task);
}

HttpResponse list_appointments(Call& call) {
  const auto contact = call.model.read(call.at("id"));
  if (!contact) return refused(contact.refusal, call.model);
  JsonOut out;
  out.begin_object().key("events").begin_array();
  for (const auto& event : call.model.appointments()) {
    if (event.contact_id == call.at("id") && !event.deleted) write_event(out, event, call.model, true);
  }
  out.end_array();
  write_trace(out, call.model);
  return json_answer(200, out.end_object());
}

HttpResponse read_appointment(Call& call) {
  const Appointment* event = event_called(call);
  if (event == nullptr)
    return refused(400, fmt::format("Appointment not found for id:{}", call.at("eventId")), "Bad Request");
  JsonOut out;
  out.begin_object().key("appointment");
  write_event(out, *event, call.model, false);
  write_trace(out, call.model);
  return json_answer(200, out.end_object());
}

HttpResponse delete_appointment(Call& call) {  // soft: a read goes on answering, with deleted: true
  Appointment* event = event_called(call);
  if (event == nullptr)
    return refused(400, fmt::format("Appointment not found for id:{}", call.at("eventId")), "Bad Request");
  event->deleted = true;
  call.model.appointment_changed(*event);
  JsonOut out;
  out.begin_object().field("succeeded", true);
  write_trace(out, call.model);
  return json_answer(200, out.end_object());
}
}  // namespace tandem::sim::highlevel
