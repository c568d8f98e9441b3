// /accounts/{a}/contacts: the surface nobody has documented. Readable by default, writable by switch.
#include <algorithm>
#include <cctype>
#include <charconv>

#include "tests/sim/ctm_call.h"
#include "tests/sim/ctm_shape.h"

namespace tandem::sim {
namespace {
bool contains(const std::string& text, const std::string& part) {
  const auto same = [](char a, char b) {
    return std::tolower(static_cast<unsigned char>(a)) == std::tolower(static_cast<unsigned char>(b));
  };
  return std::search(text.begin(), text.end(), part.begin(), part.end(), same) != text.end();
}

bool wanted(const CtmContact& contact, const CtmCall& call) {
  const auto any_number = [&](const std::string& part) {
    return std::ranges::any_of(contact.numbers, [&](const std::string& n) { return contains(n, part); });
  };
  const std::string name = call.param("name");
  const std::string email = call.param("email");
  const std::string phone = call.param("phone");
  const std::string search = call.param("search");
  return (name.empty() || contains(contact.who.name, name)) &&
         (email.empty() || contains(contact.who.email, email)) && (phone.empty() || any_number(phone)) &&
         (search.empty() || contains(contact.who.name, search) || contains(contact.who.email, search) ||
          any_number(search));
}

HttpResponse all_contacts(CtmCall& call) {
  const auto& rows = call.account->contact_rows();
  const bool filtered =
      call.sw().on("account_contacts.search") &&
      std::ranges::any_of(std::initializer_list<const char*>{"name", "email", "phone", "search"},
                          [&](const char* key_name) { return !call.param(key_name).empty(); });
  std::vector<const CtmContact*> hits;
  if (filtered) {
    for (const auto& entry : rows) {
      if (wanted(*entry.row, call)) hits.push_back(entry.row.get());
    }
  }
  const CtmPaging paging =
      ctm_page(call, filtered ? hits.size() : rows.size(), call.sw().number("account_contacts.page_max"),
               call.sw().text("account_contacts.over"));
  if (paging.too_large) return ctm_too_large(paging);
  JsonOut out;
  out.begin_object().key("contacts").begin_array();
  for (std::size_t i = paging.from; i < paging.to; ++i) {
    ctm_write_contact(out, filtered ? *hits[i] : *rows[i].row, *call.account, call.sw());
  }
  out.end_array();
  ctm_write_paging(out, call, paging);
  out.end_object();
  return ctm_reply(200, out.take());
}

// {"contact":{...}} with the keys of the read shape: number flat, address flat or nested, custom_fields
// as an object.
CtmPatch read_contact(const CtmCall& call) {
  CtmPatch patch;
  const JsonValue* contact = member(call.body, "contact");
  if (contact == nullptr || !contact->IsObject()) return patch;
  for (const auto& entry : contact->GetObject()) {
    const std::string key(view(entry.name));
    if ((key == "address" || key == "custom_fields") && entry.value.IsObject()) {
      for (const auto& inner : entry.value.GetObject()) {
        const std::string prefix = key == "address" ? "" : std::string(kCtmCustom);
        patch[prefix + std::string(view(inner.name))] = ctm_scalar(inner.value);
      }
    } else if (key.starts_with("custom_")) {
      patch[std::string(kCtmCustom) + key.substr(7)] = ctm_scalar(entry.value);
    } else {
      patch[key] = ctm_scalar(entry.value);
    }
  }
  return patch;
}

HttpResponse show(CtmCall& call, std::int64_t contact_id, bool written) {
  JsonOut out;
  if (written) out.begin_object().field("status", "success").key("contact");
  ctm_write_contact(out, *call.account->contact(contact_id), *call.account, call.sw());
  if (written) out.end_object();
  return ctm_reply(200, out.take());
}
}  // namespace

HttpResponse ctm_contacts(CtmCall& call) {
  const std::string& surfaces = call.sw().text("contact_surfaces");
  const std::string& path = call.sw().text("account_contacts.path");
  const bool readable = surfaces.find("account_read") != std::string::npos;
  const std::string& verbs = call.sw().text("account_contacts.write_verbs");
  const bool writable = verbs != "none" || surfaces.find("account_write") != std::string::npos;
  call.route = call.parts.size() > 3 ? "contacts/one" : "contacts";
  if (path == "404" || (path == "contacts.json" && !call.json_suffix) || call.parts.size() > 4)
    return ctm_no_route();
  if (call.is("GET")) {
    if (!readable) return ctm_no_route();
    if (call.parts.size() == 3) return all_contacts(call);
  } else if (!writable) {
    return ctm_no_route();
  }
  if (call.parts.size() == 3) {
    if (!call.is("POST")) return ctm_no_route();
    const CtmOutcome made = call.account->create_contact("api", read_contact(call));
    return made.ok() ? show(call, made.id, true) : ctm_failed(call, made, false);
  }
  std::int64_t contact_id = 0;
  const std::string wanted_id = call.part(3);
  std::from_chars(wanted_id.data(), wanted_id.data() + wanted_id.size(), contact_id);
  if (call.account->contact(contact_id) == nullptr) {
    return ctm_failed(call, {CtmCode::missing, "contact not found", 0}, false);
  }
  if (call.is("GET")) return show(call, contact_id, false);
  const bool change = verbs == "patch" ? call.is("PATCH") : call.is("PUT");
  if (change) {
    const CtmOutcome outcome = call.account->change_contact("api", contact_id, read_contact(call));
    return outcome.ok() ? show(call, contact_id, true) : ctm_failed(call, outcome, false);
  }
  if (!call.is("DELETE")) return ctm_no_route();
  call.account->delete_contact("api", contact_id);
  return ctm_success("deleted");
}
}  // namespace tandem::sim
