// CTM's side of /_sim/: people at work in the web app, and people who call, by name.
#include <fmt/format.h>

#include <algorithm>

#include "tests/sim/admin.h"
#include "tests/sim/ctm_face.h"
#include "tests/sim/ctm_ui.h"

namespace tandem::sim {
namespace {
bool staff_op(CtmFace& face, const std::string& op, const JsonValue& body, JsonOut& out, std::string& error) {
  CtmModel& model = face.model();
  const std::lock_guard lock(model.guard());
  CtmUi ui(model);
  const auto text = [&](const char* key) { return text_member(body, key).value_or(""); };
  const std::string number = text("number"), list = text("list").empty() ? model.sync_list() : text("list");
  std::int64_t activity = int_member(body, "activity_id").value_or(0);
  if (const CtmActivity* newest = model.account().newest_of(number); activity == 0 && newest != nullptr)
    activity = newest->id;
  CtmOutcome outcome;
  if (op == "call")
    outcome.id = ui.call_from(number, text("name"), text("cnam"));
  else if (op == "missed_call")
    outcome.id = ui.missed_call(number);
  else if (op == "outbound_call")
    outcome.id = ui.outbound_call(number);
  else if (op == "anonymous_call")
    outcome.id = ui.anonymous_call();
  else if (op == "text")
    outcome.id = ui.text(number, text("body"));
  else if (op == "form")
    outcome.id = ui.form(number, text("name"), text("email"));
  else if (op == "chat")
    outcome.id = ui.chat(number, text("name"), text("body"));
  else if (op == "edit_contact")
    outcome = ui.edit_contact(number, text("field"), text("value"));
  else if (op == "edit_row")
    outcome = ui.edit_row(list, number, text("field"), text("value"));
  else if (op == "add_to_list")
    outcome = ui.add_to_list(list, number);
  else if (op == "remove_from_list")
    outcome = ui.remove_from_list(list, number);
  else if (op == "merge")
    outcome = ui.merge(text("survivor"), text("gone"));
  else if (op == "delete_contact")
    outcome = ui.delete_contact(number);
  else if (op == "edit_activity")
    outcome = ui.edit_activity(activity, text("field"), text("value"));
  else if (op == "tag")
    outcome = ui.tag(activity, text("tag"));
  else if (op == "untag")
    outcome = ui.untag(activity, text("tag"));
  else if (op == "notes")
    outcome = ui.write_notes(activity, text("body"));
  else if (op == "redact")
    outcome = ui.redact(activity);
  else if (op == "opt_out")
    outcome = ui.opt_out(number);
  else {
    error = fmt::format("unknown staff operation '{}'", op);
    return false;
  }
  error = outcome.reason;
  if (!outcome.ok()) return false;
  out.begin_object().field("id", outcome.id).end_object();
  return true;
}
}  // namespace

Administered administered(CtmFace& face) {
  Administered out;
  CtmModel& model = face.model();
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
  out.more_stats = [&face](JsonOut& json) {
    const std::lock_guard lock(face.model().guard());
    json.field("dial_attempts", face.dial_attempts());
  };
  out.staff = [&face](const std::string& op, const JsonValue& body, JsonOut& json, std::string& error) {
    return staff_op(face, op, body, json, error);
  };
  out.dump = [&model](const std::string& what, JsonOut& json) {
    if (what != "contacts") return false;
    const std::lock_guard lock(model.guard());
    json.begin_object().key("contacts").begin_array();
    for (const auto& row : model.account().live_rows(model.sync_list())) {
      json.begin_object()
          .field("number", row.membership.number)
          .field("contact_id", row.membership.contact_id);
      for (const char* field :
           {"name", "first_name", "last_name", "email", "street", "city", "state", "postal_code", "country"})
        json.field(field, ctm_value(row.who, field));
      json.key("custom_fields").begin_object();
      for (const auto& [name, value] : row.who.custom) json.field(name, value);
      json.end_object().end_object();
    }
    json.end_array().end_object();
    return true;
  };
  return out;
}
}  // namespace tandem::sim
