// Notes, tasks and appointments of a contact. None of them carries a stamp a poller could use.
#include <fmt/format.h>

#include <algorithm>

#include "tests/sim/highlevel_model.h"

namespace tandem::sim::highlevel {
namespace {
Refusal gone(std::string_view what, const std::string& id, bool as_404) {
  return {as_404 ? 404 : 400,
          {fmt::format("{} not found for id:{}", what, id)},
          false,
          as_404 ? "Not Found" : "Bad Request",
          {},
          {},
          {}};
}
}  // namespace

Answer<std::vector<Note>> Model::notes(const std::string& contact_id) const {
  if (live(contact_id) == nullptr) return not_found(contact_id);
  const auto found = notes_.find(contact_id);
  return found == notes_.end() ? std::vector<Note>{} : found->second;
}

Answer<Note> Model::add_note(const std::string& contact_id, const NotePatch& patch, Actor actor) {
  if (live(contact_id) == nullptr) return not_found(contact_id);
  Note note{new_id(),
            contact_id,
            patch.body.value_or(""),
            patch.title.value_or(""),
            patch.color.value_or(""),
            patch.user_id,
            patch.pinned.value_or(false),
            now_()};
  if (actor == Actor::staff && !note.user_id) note.user_id = users_.front().id;
  log(actor, "note_create", note.id, contact_id, "body", "", note.body);
  notes_[contact_id].push_back(note);
  touch(contact_id, "bump.note");
  return note;
}

Answer<Note> Model::change_note(const std::string& contact_id, const std::string& id, const NotePatch& patch,
                                Actor actor) {
  if (live(contact_id) == nullptr) return not_found(contact_id);
  auto& all = notes_[contact_id];
  const auto note = std::ranges::find(all, id, &Note::id);
  if (note == all.end()) return gone("Note", id, switches_.is("missing_status", "404"));
  const auto take = [&](std::string_view field, std::string& into, const std::optional<std::string>& value) {
    if (!value) return;
    log(actor, "note_update", id, contact_id, field, into, *value);
    into = *value;
  };
  take("body", note->body, patch.body);
  take("title", note->title, patch.title);
  take("color", note->color, patch.color);
  if (patch.pinned) {
    log(actor, "note_update", id, contact_id, "pinned", note->pinned ? "true" : "false",
        *patch.pinned ? "true" : "false");
    note->pinned = *patch.pinned;
  }
  if (patch.user_id) note->user_id = patch.user_id;
  const Note changed = *note;
  touch(contact_id, "bump.note");
  return changed;
}

Answer<Done> Model::remove_note(const std::string& contact_id, const std::string& id, Actor actor) {
  if (live(contact_id) == nullptr) return not_found(contact_id);
  auto& all = notes_[contact_id];
  const auto note = std::ranges::find(all, id, &Note::id);
  if (note == all.end()) return gone("Note", id, switches_.is("missing_status", "404"));
  log(actor, "note_delete", id, contact_id, "", note->body, "");
  all.erase(note);
  touch(contact_id, "bump.note");
  return Done{};
}

Answer<std::vector<Task>> Model::tasks(const std::string& contact_id) const {
  if (live(contact_id) == nullptr) return not_found(contact_id);
  const auto found = tasks_.find(contact_id);
  return found == tasks_.end() ? std::vector<Task>{} : found->second;
}

std::vector<Task> Model::all_tasks() const {
  std::vector<Task> all;
  for (const auto& [id, contact] : contacts_) {
    if (const auto found = tasks_.find(id); found != tasks_.end())
      all.insert(all.end(), found->second.begin(), found->second.end());
  }
  return all;
}

Answer<Task> Model::add_task(const std::string& contact_id, const TaskPatch& patch, Actor actor) {
  if (live(contact_id) == nullptr) return not_found(contact_id);
  const Task task{new_id(),
                  contact_id,
                  patch.title.value_or(""),
                  patch.body.value_or(""),
                  patch.assigned_to.value_or(""),
                  patch.due_ms.value_or(0),
                  patch.completed.value_or(false)};
  log(actor, "task_create", task.id, contact_id, "title", "", task.title);
  tasks_[contact_id].push_back(task);
  touch(contact_id, "bump.task");
  return task;
}

Answer<Task> Model::change_task(const std::string& contact_id, const std::string& id, const TaskPatch& patch,
                                Actor actor) {
  if (live(contact_id) == nullptr) return not_found(contact_id);
  auto& all = tasks_[contact_id];
  const auto task = std::ranges::find(all, id, &Task::id);
  if (task == all.end()) return gone("Task", id, switches_.is("missing_status", "404"));
  const auto take = [&](std::string_view field, auto& into, const auto& value) {
    if (!value) return;
    log(actor, "task_update", id, contact_id, field, fmt::format("{}", into), fmt::format("{}", *value));
    into = *value;
  };
  take("title", task->title, patch.title);
  take("body", task->body, patch.body);
  take("assignedTo", task->assigned_to, patch.assigned_to);
  take("dueDate", task->due_ms, patch.due_ms);
  take("completed", task->completed, patch.completed);
  const Task changed = *task;
  touch(contact_id, "bump.task");
  return changed;
}

Answer<Done> Model::remove_task(const std::string& contact_id, const std::string& id, Actor actor) {
  if (live(contact_id) == nullptr) return not_found(contact_id);
  auto& all = tasks_[contact_id];
  const auto task = std::ranges::find(all, id, &Task::id);
  if (task == all.end()) return gone("Task", id, switches_.is("missing_status", "404"));
  log(actor, "task_delete", id, contact_id, "", task->title, "");
  all.erase(task);
  touch(contact_id, "bump.task");
  return Done{};
}

Answer<Appointment> Model::add_appointment(const NewAppointment& wanted, Actor actor) {
  if (live(wanted.contact_id) == nullptr) return not_found(wanted.contact_id);
  Appointment made;
  made.id = new_id();
  made.contact_id = wanted.contact_id;
  made.calendar_id = new_id();
  made.title = wanted.title;
  made.assigned_user_id = users_.front().id;
  made.start_ms = wanted.start_ms;
  made.end_ms = wanted.end_ms;
  made.added_ms = made.updated_ms = now_();
  appointments_.push_back(made);
  log(actor, "appointment_create", made.id, made.contact_id, "title", "", made.title);
  touch(made.contact_id, "bump.appointment_create");
  return made;
}

void Model::appointment_changed(Appointment& appointment) {
  appointment.updated_ms = now_();
  touch(appointment.contact_id, "bump.appointment_update");
}
}  // namespace tandem::sim::highlevel
