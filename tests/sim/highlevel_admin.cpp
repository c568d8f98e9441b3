// HighLevel's side of /_sim/: people at work in the UI, by name.
#include <fmt/format.h>

#include <algorithm>

#include "tests/sim/admin.h"
#include "tests/sim/highlevel_call.h"
#include "tests/sim/highlevel_face.h"

namespace tandem::sim {
namespace {
using namespace highlevel;

// The contact a body names: by id, phone or e-mail.
std::string contact_in(const JsonValue& body, Model& model, const char* key = "id") {
  if (const auto id = text_member(body, key)) return *id;
  std::string found_by;
  const auto found = model.find_duplicate(text_member(body, "email").value_or(""),
                                          text_member(body, "phone").value_or(""), found_by);
  return found == nullptr ? "" : found->id;
}

template <class T>
bool worked(const Answer<T>& answer, std::string& error) {
  if (!answer) error = fmt::format("{}", fmt::join(answer.refusal.messages, "; "));
  return static_cast<bool>(answer);
}

bool set_field(Patch& patch, const std::string& name, const std::string& value, std::string& error) {
  const auto field = field_called(name);
  if (!field && !name.starts_with("customFields.")) {
    error = fmt::format("no field is called {}", name);
    return false;
  }
  if (field)
    patch.set(*field, value);
  else
    patch.custom.push_back({name.substr(13), "", value.empty() ? CustomValue{} : CustomValue::of(value)});
  return true;
}

bool staff_op(Face& face, const std::string& op, const JsonValue& body, JsonOut& out, std::string& error) {
  Model& model = face.model();
  const std::lock_guard lock(model.guard());
  const auto text = [&](const char* key) { return text_member(body, key).value_or(""); };
  const auto is = [&](const char* key) {
    const JsonValue* flag = member(body, key);
    return flag != nullptr && flag->IsBool() && flag->GetBool();
  };
  out.begin_object();
  bool done = false;
  std::string id = contact_in(body, model);
  if (op == "create") {
    Patch patch;
    for (const auto& [name, value] : body.GetObject()) {
      if (view(name) == "tags")
        patch.tags = texts_of(body, "tags");
      else if (!value.IsString() ||
               !set_field(patch, std::string(view(name)), std::string(view(value)), error))
        return false;
    }
    const auto made = model.create(patch, Actor::staff);
    if (!worked(made, error)) return false;
    id = (*made)->id;
    done = true;
  } else if (op == "edit" || op == "clear") {
    Patch patch;
    if (!set_field(patch, text("field"), op == "clear" ? "" : text("value"), error)) return false;
    done = worked(model.update(id, patch, Actor::staff), error);
  } else if (op == "delete") {
    done = worked(model.erase(id, Actor::staff), error);
  } else if (op == "restore") {
    const auto back = model.restore(id);
    done = worked(back, error);
    if (done) id = (*back)->id;
  } else if (op == "merge") {
    id = text("survivor");
    done = worked(model.merge(id, text("gone")), error);
  } else if (op == "add_phone") {
    done = worked(model.add_other_phone(id, text("value")), error);
  } else if (op == "add_email") {
    done = worked(model.add_other_email(id, text("value")), error);
  } else if (op == "add_tag" || op == "remove_tag") {
    done = worked(model.change_tags(id, {text("tag")}, op == "add_tag", Actor::staff), error);
  } else if (op == "dedupe") {
    const auto kinds = texts_of(body, "identifiers");
    model.set_dedupe(is("allow"), kinds.empty() ? std::vector<std::string>{"email", "phone"} : kinds);
    done = true;
  } else if (op == "add_field") {
    id = model.add_custom_field(text("name"), text("data_type"), texts_of(body, "options")).id;
    done = true;
  } else if (op == "rename_field") {
    done = model.rename_custom_field(id, text("name"));
  } else if (op == "delete_field") {
    done = model.remove_custom_field(id);
  } else if (op == "note") {
    NotePatch patch;
    patch.body = text("body");
    patch.pinned = is("pinned");
    const auto made = model.add_note(id, patch, Actor::staff);
    done = worked(made, error);
    if (done) id = made->id;
  } else if (op == "task") {
    TaskPatch patch;
    patch.title = text("title");
    patch.due_ms = int_member(body, "due_ms").value_or(model.now() + 86'400'000);
    const auto made = model.add_task(id, patch, Actor::staff);
    done = worked(made, error);
    if (done) id = made->id;
  } else if (op == "appointment") {
    const std::int64_t start_ms = int_member(body, "start_ms").value_or(model.now() + 86'400'000);
    const auto made = model.add_appointment({id, text("title"), start_ms, start_ms + 1'800'000});
    done = worked(made, error);
    if (done) id = made->id;
  } else if (op == "rotate_token") {
    id = face.rotate_token(is("later"));
    done = true;
  } else if (op == "end_access") {
    face.end_access();
    done = true;
  } else if (op == "end_refresh") {
    face.oauth().refresh_tokens.clear();
    done = true;
  } else if (op == "settle_index") {
    model.settle_index();
    done = true;
  } else {
    error = fmt::format("unknown staff operation '{}'", op);
    return false;
  }
  if (!done && error.empty()) error = "not found";
  out.field("id", id).end_object();
  return done;
}
}  // namespace

Administered administered(highlevel::Face& face) {
  Administered out;
  Model& model = face.model();
  out.with_switches = [&model](const auto& work) {
    const std::lock_guard lock(model.guard());
    work(model.switches());
  };
  out.writes = [&model](std::size_t from) {
    const std::lock_guard lock(model.guard());
    const auto& all = model.writes();
    return std::vector<WriteEntry>(all.begin() + static_cast<std::ptrdiff_t>(std::min(from, all.size())),
                                   all.end());
  };
  out.routes = [&face] {
    const std::lock_guard lock(face.model().guard());
    return face.counters();
  };
  out.more_stats = [&model](JsonOut& json) {
    const std::lock_guard lock(model.guard());
    json.field("counted", model.quota().taken()).field("refused_429", model.quota().refused());
    json.field("contacts", model.contact_count()).field("index_settled_at_ms", model.index_settled_at_ms());
  };
  out.staff = [&face](const std::string& op, const JsonValue& body, JsonOut& json, std::string& error) {
    return staff_op(face, op, body, json, error);
  };
  out.dump = [&model](const std::string& what, JsonOut& json) {
    if (what != "contacts") return false;
    const std::lock_guard lock(model.guard());
    json.begin_object().key("contacts").begin_array();
    for (const auto& contact : model.contacts()) write_contact(json, *contact, model, Shape::read);
    json.end_array().end_object();
    return true;
  };
  return out;
}
}  // namespace tandem::sim
