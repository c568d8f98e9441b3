// The account itself and what hangs on it: users, numbers, custom fields, tags, opt-outs, webhooks.
#include <algorithm>
#include <functional>

#include "tests/sim/ctm_call.h"
#include "tests/sim/ctm_shape.h"

namespace tandem::sim {
namespace {
constexpr std::int64_t kPageMax = 150;

// A page of anything that lies in a vector.
template <class T, class Write>
HttpResponse page_of(const CtmCall& call, std::string_view envelope, const std::vector<T>& all, Write write,
                     std::int64_t cap = kPageMax, std::string_view over = "error400") {
  const CtmPaging paging = ctm_page(call, all.size(), cap, over);
  if (paging.too_large) return ctm_too_large(paging);
  JsonOut out;
  out.begin_object().key(envelope).begin_array();
  for (std::size_t i = paging.from; i < paging.to; ++i) write(out, all[i]);
  out.end_array();
  ctm_write_paging(out, call, paging);
  out.end_object();
  return ctm_reply(200, out.take());
}

bool equal_nocase(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, [](char x, char y) { return (x | 0x20) == (y | 0x20); });
}

HttpResponse users(CtmCall& call) {
  if (!call.is("GET") || call.parts.size() != 3) return ctm_no_route();
  if (!call.key->may_list_users) return ctm_error(403, "access denied");
  std::vector<CtmUser> shown;
  const std::string email = call.param("email");
  for (const auto& user : call.account->users) {
    if (email.empty() || equal_nocase(user.email, email)) shown.push_back(user);
  }
  return page_of(call, "users", shown,
                 [&](JsonOut& out, const CtmUser& user) { ctm_write_user(out, user, *call.account); });
}

HttpResponse custom_fields(CtmCall& call) {
  if (call.part(3) == "panels" && call.is("GET")) {
    return ctm_reply(200, R"({"custom_panels":[{"id":1,"name":"Contact","position":1}]})");
  }
  if (call.parts.size() != 3) return ctm_no_route();
  if (call.is("GET")) {
    const auto write = [&](JsonOut& out, const CtmCustomField& field) {
      ctm_write_custom_field(out, field, *call.account);
    };
    if (call.param("all") != "true")
      return page_of(call, "custom_fields", call.account->custom_fields, write);
    JsonOut out;
    out.begin_object().key("custom_fields").begin_array();
    for (const auto& field : call.account->custom_fields) write(out, field);
    out.end_array().field("page", 1).field("total_entries", call.account->custom_fields.size());
    out.field("total_pages", 1).null_field("next_page").end_object();
    return ctm_reply(200, out.take());
  }
  if (!call.is("POST")) return ctm_no_route();
  const JsonValue* given = member(call.body, "custom_field");
  if (given == nullptr || !given->IsObject()) return ctm_error(406, "custom_field is missing");
  const auto text = [&](const char* key, const char* otherwise) {
    return text_member(*given, key).value_or(otherwise);
  };
  const auto flag = [&](const char* key, bool otherwise) {
    const JsonValue* value = member(*given, key);
    if (value == nullptr || value->IsNull()) return otherwise;
    const std::string word = ctm_scalar(*value).value_or("");
    return word == "true" || word == "1" || word == "on";
  };
  CtmCustomField field{0,
                       text("name", ""),
                       text("api_name", ""),
                       text("field_type", "text"),
                       text("object_type", "Call"),
                       text("panel", "contact"),
                       flag("required", false),
                       flag("log_visible", true),
                       flag("should_redact", false),
                       flag("multipicker", false)};
  const CtmOutcome outcome = call.account->register_custom_field("api", field);
  if (!outcome.ok()) return ctm_failed(call, outcome, false);
  JsonOut out;
  out.begin_object().field("status", "success").key("custom_field");
  ctm_write_custom_field(out, call.account->custom_fields.back(), *call.account);
  out.end_object();
  return ctm_reply(200, out.take());
}

HttpResponse opt_outs(CtmCall& call) {
  if (!call.is("GET") || call.parts.size() != 3) return ctm_no_route();
  std::vector<std::string> shown;
  const std::string wanted = call.param("phone_number");
  for (const auto& number : call.account->opt_outs) {
    if (wanted.empty() || number == wanted) shown.push_back(number);
  }
  if (!wanted.empty() && shown.empty() && call.sw().is("opt_out_none", "404"))
    return ctm_error(404, "notfound");
  return page_of(call, "opt_out_texts", shown, [](JsonOut& out, const std::string& number) {
    out.begin_object().field("phone_number", number).end_object();
  });
}

HttpResponse webhooks(CtmCall& call) {
  auto& hooks = call.account->webhooks;
  const auto write = [](JsonOut& out, const CtmWebhook& hook) { ctm_write_webhook(out, hook); };
  if (call.parts.size() == 3 && call.is("GET")) return page_of(call, "webhooks", hooks, write);
  const auto text = [&](const char* key, const std::string& otherwise = "") {
    const JsonValue* wrapped = member(call.body, "webhook");
    const JsonValue& given = wrapped != nullptr ? *wrapped : static_cast<const JsonValue&>(call.body);
    return text_member(given, key).value_or(otherwise);
  };
  const auto fill = [&](CtmWebhook& hook) {
    hook.name = text("name", hook.name);
    hook.url = text("weburl", text("with_resource_url", hook.url));
    hook.position = text("position", text("trigger", hook.position));
    hook.username = text("username", hook.username);
    hook.password = text("password", hook.password);
  };
  const auto show = [&](const CtmWebhook& hook) {
    JsonOut out;
    ctm_write_webhook(out, hook);
    return ctm_reply(200, out.take());
  };
  if (call.parts.size() == 3) {
    if (!call.is("POST")) return ctm_no_route();
    CtmWebhook hook;
    fill(hook);
    if (hook.url.empty()) return ctm_error(406, "weburl can't be blank");
    hook.id = call.model.opaque_id("WBH", 64);
    hooks.push_back(hook);
    return show(hook);
  }
  const auto found = std::ranges::find(hooks, call.part(3), &CtmWebhook::id);
  if (found == hooks.end() || call.parts.size() > 4) return ctm_error(404, "webhook not found");
  if (call.is("GET")) return show(*found);
  if (call.is("PUT") || call.is("PATCH")) {
    fill(*found);
    return show(*found);
  }
  if (!call.is("DELETE")) return ctm_no_route();
  hooks.erase(found);
  return ctm_success("deleted");
}

HttpResponse numbers(CtmCall& call, bool receiving, std::string_view envelope) {
  if (!call.is("GET") || call.parts.size() != 3) return ctm_no_route();
  std::vector<CtmOwnNumber> shown;
  for (const auto& number : call.account->numbers) {
    if (number.receiving == receiving) shown.push_back(number);
  }
  return page_of(call, envelope, shown, [&](JsonOut& out, const CtmOwnNumber& number) {
    ctm_write_number(out, number, *call.account);
  });
}

HttpResponse tags(CtmCall& call) {
  if (!call.is("GET") || call.parts.size() != 3) return ctm_no_route();
  const auto catalogue = call.account->tag_catalogue();
  const std::vector<std::string> all(catalogue.begin(), catalogue.end());
  return page_of(call, "tags", all, [](JsonOut& out, const std::string& tag) {
    out.begin_object().field("name", tag).end_object();
  });
}
}  // namespace

HttpResponse ctm_accounts(CtmCall& call, const std::vector<const CtmAccount*>& reachable) {
  const bool compact = call.param("names") == "1";
  return page_of(call, "accounts", reachable, [&](JsonOut& out, const CtmAccount* account) {
    if (compact)
      out.begin_object().field("id", account->id).field("name", account->name).end_object();
    else
      ctm_write_account(out, *account, call.sw(), false);
  });
}

HttpResponse ctm_settings(CtmCall& call) {
  const std::string what = call.part(2);
  call.route = what;
  if (what.empty()) {
    call.route = "account";
    if (!call.is("GET")) return ctm_no_route();
    JsonOut out;
    ctm_write_account(out, *call.account, call.sw(), true);
    return ctm_reply(200, out.take());
  }
  if (what == "users") return users(call);
  if (what == "custom_fields") return custom_fields(call);
  if (what == "opt_out_texts") return opt_outs(call);
  if (what == "webhooks") return webhooks(call);
  if (what == "tags") return tags(call);
  if (what == "numbers") return numbers(call, false, "numbers");
  if (what == "receiving_numbers") return numbers(call, true, "receiving_numbers");
  if (what == "triggers" && call.is("GET")) {  // the envelope is not called like the path
    return ctm_reply(200, R"({"automators":[{"id":1,"name":"Contact updated","position":"contact_panel",)"
                          R"("delay_seconds":0,"routing_rules":[{"actions":[{"type":"webhook"}]}]}],)"
                          R"("page":1,"per_page":10,"total_entries":1,"total_pages":1,"next_page":null})");
  }
  if (what == "form_reactors" && call.is("GET")) {
    JsonOut out;
    out.begin_object().key("form_reactors").begin_array();
    for (const auto& [id, name] : call.account->form_reactors) {
      out.begin_object().field("id", id).field("name", name).field("log_form_entry_only", false).end_object();
    }
    out.end_array().end_object();
    return ctm_reply(200, out.take());
  }
  if (what == "sms") {  // out of scope for a sync; a POST would text a person
    if (call.is("POST")) call.model.dialled();
    return ctm_error(403, "texting is not allowed here");
  }
  return ctm_no_route();
}
}  // namespace tandem::sim
