// /accounts/{a}/lists: contact lists and their rows.
#include <algorithm>

#include "tests/sim/ctm_call.h"
#include "tests/sim/ctm_shape.h"

namespace tandem::sim {
namespace {
// What add_contact takes: flat keys. Unknown ones are neither stored nor refused.
CtmPatch read_contact(const CtmCall& call) {
  CtmPatch patch;
  const JsonValue* contact = member(call.body, "contact");
  if (contact == nullptr || !contact->IsObject()) return patch;
  const bool address = call.sw().on("list_address_write");
  for (const auto& entry : contact->GetObject()) {
    const std::string key(view(entry.name));
    const bool plain = key == "number" || key == "first_name" || key == "last_name" || key == "email" ||
                       (key == "name" && call.sw().on("add_contact_name_key"));
    const bool place =
        key == "street" || key == "city" || key == "state" || key == "postal_code" || key == "country";
    if (plain || (place && address))
      patch[key] = ctm_scalar(entry.value);
    else if (key.starts_with("custom_") && key != "custom_fields" && key.size() > 7) {
      patch[std::string(kCtmCustom) + key.substr(7)] = ctm_scalar(entry.value);
    }
  }
  return patch;
}

HttpResponse all_lists(CtmCall& call) {
  const auto& lists = call.account->lists();
  const CtmPaging paging =
      ctm_page(call, lists.size(), call.sw().number("lists.page_max"), call.sw().text("lists.over"));
  if (paging.too_large) return ctm_too_large(paging);
  JsonOut out;
  out.begin_object().key(call.sw().text("lists.envelope_key")).begin_array();
  for (std::size_t i = paging.from; i < paging.to; ++i) ctm_write_list(out, lists[i], *call.account);
  out.end_array();
  ctm_write_paging(out, call, paging);
  out.end_object();
  return ctm_reply(200, out.take());
}

HttpResponse all_rows(CtmCall& call, const std::string& list_id) {
  const auto& rows = call.account->rows(list_id);
  const CtmPaging paging =
      ctm_page(call, rows.size(), call.sw().number("lists.page_max"), call.sw().text("lists.over"));
  if (paging.too_large) return ctm_too_large(paging);
  const bool newest = call.sw().is("list_order", "newest_first");
  JsonOut out;
  out.begin_object().key("contacts").begin_array();
  for (std::size_t i = paging.from; i < paging.to; ++i) {
    ctm_write_row(out, *rows[newest ? rows.size() - 1 - i : i].row, *call.account, call.sw());
  }
  out.end_array();
  ctm_write_paging(out, call, paging);
  out.end_object();
  return ctm_reply(200, out.take());
}

HttpResponse add(CtmCall& call, const std::string& list_id) {
  const CtmOutcome outcome = call.account->add_contact("api", list_id, read_contact(call));
  if (!outcome.ok()) return ctm_failed(call, outcome, true);
  const std::string& form = call.sw().text("add_contact_status");
  if (form == "empty") return ctm_reply(200, "");
  JsonOut out;
  out.begin_object().field("status", "success").key("contact");
  const CtmContact* contact = call.account->contact(outcome.id);
  ctm_write_contact(out, *contact, *call.account, call.sw());
  out.end_object();
  return ctm_reply(form == "201" ? 201 : 200, out.take());
}

HttpResponse remove(CtmCall& call, const std::string& list_id) {
  if (call.form_body && call.is("DELETE") && call.sw().is("delete_form_body", "reject")) {
    return ctm_error(406, "body must be JSON");
  }
  if (call.sw().is("delete_body_dropped", "silent")) return ctm_success();
  std::vector<std::string> numbers = call.params("contacts_list");
  if (const JsonValue* wanted = member(call.body, "contacts_list")) {
    if (wanted->IsArray()) {
      for (const auto& number : wanted->GetArray()) numbers.push_back(ctm_scalar(number).value_or(""));
    } else {
      numbers.push_back(ctm_scalar(*wanted).value_or(""));
    }
  }
  if (numbers.empty()) {
    return ctm_error(call.sw().on("soft_error_200") ? 200 : 406, "contacts_list is missing");
  }
  const CtmOutcome outcome = call.account->remove_contacts("api", list_id, numbers);
  if (outcome.ok()) return ctm_success();
  // remove_absent=404 means that status; only an unknown list may hide behind a 200.
  return ctm_failed(call, outcome, call.account->list(list_id) == nullptr);
}

HttpResponse write_list(CtmCall& call, const std::string& list_id) {
  const JsonValue* given = member(call.body, "contact_list");
  const std::string name = given == nullptr ? "" : text_member(*given, "name").value_or("");
  const std::string text = given == nullptr ? "" : text_member(*given, "description").value_or("");
  std::string written = list_id;
  if (list_id.empty()) {
    if (name.empty()) return ctm_error(406, "name can't be blank");
    written = call.account->create_list("api", name, text).id;
  } else if (const CtmOutcome outcome = call.account->change_list("api", list_id, name, text);
             !outcome.ok()) {
    return ctm_failed(call, outcome, true);
  }
  JsonOut out;
  out.begin_object().field("status", "success").key("contact_list");
  ctm_write_list(out, *call.account->list(written), *call.account);
  out.end_object();
  return ctm_reply(200, out.take());
}
}  // namespace

HttpResponse ctm_lists(CtmCall& call) {
  if (call.sw().text("contact_surfaces").find("list") == std::string::npos) return ctm_no_route();
  const std::string list_id = call.part(3);
  const std::string what = call.part(4);
  call.route = what.empty() ? (list_id.empty() ? "lists" : "lists/one") : "lists/" + what;
  if (call.parts.size() > 5) return ctm_no_route();
  if (list_id.empty()) {
    if (call.is("GET")) return all_lists(call);
    return call.is("POST") ? write_list(call, "") : ctm_no_route();
  }
  const CtmList* list = call.account->list(list_id);
  if (list == nullptr) return ctm_failed(call, {CtmCode::missing, "list not found", 0}, true);
  if (what.empty()) {
    if (call.is("GET")) {
      JsonOut out;
      ctm_write_list(out, *list, *call.account);
      return ctm_reply(200, out.take());
    }
    if (call.is("PUT") || call.is("PATCH")) return write_list(call, list_id);
    if (!call.is("DELETE")) return ctm_no_route();
    call.account->delete_list("api", list_id);
    return ctm_success("deleted");
  }
  if (what == "contacts" && call.is("GET")) return all_rows(call, list_id);
  if (what == "add_contact" && call.is("POST")) return add(call, list_id);
  if (what == "remove_contacts" && call.is("DELETE")) return remove(call, list_id);
  return ctm_no_route();
}
}  // namespace tandem::sim
