#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "tests/sim/highlevel_call.h"

namespace tandem::sim::highlevel {
namespace {
HttpResponse contact_answer(int status, const Contact& contact, Call& call, Shape shape) {
  JsonOut out;
  out.begin_object().key("contact");
  write_contact(out, contact, call.model, shape);
  write_trace(out, call.model);
  return json_answer(status, out.end_object());
}

std::optional<std::int64_t> whole(const std::string& text) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

HttpResponse changed_answer(int status, Call& call, std::string_view key, std::string_view changed_key,
                            const Answer<Changed>& done) {
  if (!done) return refused(done.refusal, call.model);
  JsonOut out;
  const auto list = [&](std::string_view name, const std::vector<std::string>& items) {
    out.key(name).begin_array();
    for (const auto& item : items) out.value(item);
    out.end_array();
  };
  out.begin_object();
  list(key, done->all);
  list(changed_key, done->changed);
  write_trace(out, call.model);
  return json_answer(status, out.end_object());
}

HttpResponse change_list(Call& call, std::string_view key, bool add) {
  std::vector<std::string> errors;
  Dto(call.body, errors).only({key}).texts(key, true);
  if (!errors.empty()) return unprocessable(errors, call.model);
  const auto items = texts_of(call.body, key);
  const bool tags = key == "tags";
  const auto done = tags ? call.model.change_tags(call.at("id"), items, add)
                         : call.model.change_followers(call.at("id"), items, add);
  return changed_answer(
      add ? created(call) : 200, call, key,
      tags ? (add ? "tagsAdded" : "tagsRemoved") : (add ? "followersAdded" : "followersRemoved"), done);
}

std::string encoded(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '_' || c == '.';
    if (plain)
      out += c;
    else
      out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return out;
}
}  // namespace

std::string Call::query(const std::string& name) const {
  const auto found = request.query.find(name);
  return found == request.query.end() ? std::string{} : found->second;
}

HttpResponse create_contact(Call& call) {
  std::vector<std::string> errors;
  const Patch patch = read_patch(call, Route::create, errors);
  if (!errors.empty()) return unprocessable(errors, call.model);
  const auto made = call.model.create(patch);
  if (!made) return refused(made.refusal, call.model);
  return contact_answer(created(call), **made, call, Shape::create);
}

HttpResponse read_contact(Call& call) {
  const auto found = call.model.read(call.at("id"));
  if (!found) return refused(found.refusal, call.model);
  return contact_answer(200, **found, call, Shape::read);
}

HttpResponse update_contact(Call& call) {
  std::vector<std::string> errors;
  const Patch patch = read_patch(call, Route::update, errors);
  if (!errors.empty()) return unprocessable(errors, call.model);
  const auto changed = call.model.update(call.at("id"), patch);
  if (!changed) return refused(changed.refusal, call.model);
  JsonOut out;
  out.begin_object().field("succeded", true).field("succeeded", true).key("contact");
  write_contact(out, **changed, call.model, Shape::read);
  write_trace(out, call.model);
  return json_answer(200, out.end_object());
}

HttpResponse delete_contact(Call& call) {
  const auto done = call.model.erase(call.at("id"));
  if (!done) return refused(done.refusal, call.model);
  JsonOut out;
  out.begin_object();
  write_success(out, call.model);
  return json_answer(200, out.end_object());
}

HttpResponse upsert_contact(Call& call) {
  std::vector<std::string> errors;
  const Patch patch = read_patch(call, Route::upsert, errors);
  if (!errors.empty()) return unprocessable(errors, call.model);
  const JsonValue* flag = member(call.body, "createNewIfDuplicateAllowed");
  const auto done = call.model.upsert(patch, flag != nullptr && flag->GetBool());
  if (!done) return refused(done.refusal, call.model);
  JsonOut out;
  out.begin_object()
      .field("new", done->is_new)
      .field("succeded", true)
      .field("succeeded", true)
      .key("contact");
  write_contact(out, *done->contact, call.model, Shape::read);
  write_trace(out, call.model);
  return json_answer(200, out.end_object());
}

HttpResponse search_contacts(Call& call) {
  std::vector<std::string> errors;
  const SearchQuery query = read_search(call, errors);
  if (!errors.empty()) return unprocessable(errors, call.model);
  const auto page = call.model.search(query);
  if (!page) return refused(page.refusal, call.model);
  JsonOut out;
  out.begin_object().key("contacts").begin_array();
  for (const auto& row : page->rows) write_row(out, *row.contact, call.model, &row.search_after);
  out.end_array().field("total", page->total);
  write_trace(out, call.model);
  return json_answer(200, out.end_object());
}

HttpResponse search_duplicate(Call& call) {
  const std::string email = call.query("email"), number = call.query("number");
  if (email.empty() && number.empty())
    return refused(400, "Pass at least one of number, email query parameter", "Bad Request");
  std::string found_by;
  const ContactPtr found = call.model.find_duplicate(email, number, found_by);
  JsonOut out;
  out.begin_object().key("contact");
  if (found == nullptr) {
    out.null();
  } else {
    write_contact(out, *found, call.model, Shape::read);
    out.field("matchingField",
              call.switches().is("duplicate_search.matching_field", "contactId") ? "contactId" : found_by);
  }
  write_trace(out, call.model);
  return json_answer(200, out.end_object());
}

// Deprecated and alive: newest first, 20 a page, the cursor is a time and an id.
HttpResponse list_contacts(Call& call) {
  SearchQuery query;
  query.fault = call.request.page_fault;
  query.query = call.query("query");
  const auto limit = call.has_query("limit") ? whole(call.query("limit")) : 20;
  if (!limit || *limit < 1)
    return unprocessable({"limit must be a number conforming to the specified constraints"}, call.model);
  if (*limit > 100) return unprocessable({"limit must not be greater than 100"}, call.model);
  query.page_limit = *limit;
  const std::string by = call.query("sortBy") == "date_updated" ? "dateUpdated" : "dateAdded";
  query.sort = {{by, call.query("order") != "asc"}};
  if (call.has_query("startAfter")) {
    const auto after = whole(call.query("startAfter"));
    if (!after)
      return unprocessable({"startAfter must be a number conforming to the specified constraints"},
                           call.model);
    query.search_after = {{false, false, *after, {}}, {false, true, 0, call.query("startAfterId")}};
  }
  const auto page = call.model.search(query);
  if (!page) return refused(page.refusal, call.model);
  JsonOut out;
  out.begin_object().key("contacts").begin_array();
  for (const auto& row : page->rows) write_row(out, *row.contact, call.model, nullptr);
  out.end_array().key("meta").begin_object().field("total", page->total);
  const std::int64_t current = page->first / *limit + 1;
  const bool more =
      !page->rows.empty() && page->first + static_cast<std::int64_t>(page->rows.size()) < page->total;
  if (!page->rows.empty()) {
    const auto& last = page->rows.back().search_after;
    const auto host = call.request.headers.find("host");
    std::string url = host == call.request.headers.end() ? "https://services.leadconnectorhq.com"
                                                         : "http://" + host->second;
    url += fmt::format("/contacts/?locationId={}&limit={}&startAfter={}&startAfterId={}",
                       call.credential.location_id, *limit, last[0].number, last[1].text);
    if (!query.query.empty()) url += "&query=" + encoded(query.query);
    if (more) out.field("nextPageUrl", url);
    out.field("startAfterId", last[1].text).field("startAfter", last[0].number);
  }
  out.field("currentPage", current);
  if (more) out.field("nextPage", current + 1);
  current > 1 ? out.field("prevPage", current - 1) : out.null_field("prevPage");
  out.end_object();
  write_trace(out, call.model);
  return json_answer(200, out.end_object());
}

HttpResponse add_tags(Call& call) { return change_list(call, "tags", true); }
HttpResponse remove_tags(Call& call) { return change_list(call, "tags", false); }
HttpResponse add_followers(Call& call) { return change_list(call, "followers", true); }
HttpResponse remove_followers(Call& call) { return change_list(call, "followers", false); }

HttpResponse bulk_tags(Call& call) {
  const std::string& type = call.at("type");
  std::vector<std::string> errors;
  if (type != "add" && type != "remove")
    errors.emplace_back("type must be one of the following values: add, remove");
  Dto(call.body, errors)
      .only({"contacts", "tags", "locationId", "removeAllTags"})
      .texts("contacts", true)
      .texts("tags", true)
      .needs_text("locationId")
      .flag("removeAllTags");
  if (!errors.empty()) return unprocessable(errors, call.model);
  const JsonValue* all = member(call.body, "removeAllTags");
  const auto results =
      call.model.bulk_tags(texts_of(call.body, "contacts"), texts_of(call.body, "tags"), type == "add",
                           type == "remove" && all != nullptr && all->GetBool());
  JsonOut out;
  const auto failed = std::ranges::count_if(results, [](const BulkTags& one) { return !one.error.empty(); });
  out.begin_object()
      .field("succeded", true)
      .field("errorCount", static_cast<std::int64_t>(failed))
      .key("responses")
      .begin_array();
  for (const auto& one : results) {
    out.begin_object()
        .field("contactId", one.contact_id)
        .field("message", one.error.empty() ? "Tags updated" : one.error);
    out.field("type", one.error.empty() ? "success" : "error");
    if (one.error.empty()) {
      out.key("oldTags").begin_array();
      for (const auto& tag : one.old_tags) out.value(tag);
      out.end_array();
      for (const bool add : {true, false}) {
        out.key(add ? "tagsAdded" : "tagsRemoved").begin_array();
        if (add == (type == "add"))
          for (const auto& tag : one.changed) out.value(tag);
        out.end_array();
      }
    }
    out.end_object();
  }
  out.end_array();
  write_trace(out, call.model);
  return json_answer(created(call), out.end_object());
}

HttpResponse bulk_business(Call& call) {
  std::vector<std::string> errors;
  const JsonValue* business = member(call.body, "businessId");
  Dto(call.body, errors)
      .only({"locationId", "ids", "businessId"})
      .needs_text("locationId")
      .texts("ids", true);
  if (business == nullptr || !(business->IsNull() || business->IsString()))
    errors.emplace_back("businessId must be a string");
  const auto ids = texts_of(call.body, "ids");
  if (ids.size() > 50) errors.emplace_back("ids must contain no more than 50 elements");
  if (!errors.empty()) return unprocessable(errors, call.model);
  const auto linked = call.model.link_business(ids, business->IsNull() ? "" : std::string(view(*business)));
  if (!linked) return refused(linked.refusal, call.model);
  JsonOut out;
  out.begin_object().field("success", true).key("ids").begin_array();
  for (const auto& id : *linked) out.value(id);
  out.end_array();
  write_trace(out, call.model);
  return json_answer(200, out.end_object());
}

HttpResponse contacts_of_business(Call& call) {
  const auto limit = call.has_query("limit") ? whole(call.query("limit")) : 25,
             skip = call.has_query("skip") ? whole(call.query("skip")) : 0;
  if (!limit || !skip)
    return unprocessable({"limit must be a number conforming to the specified constraints"}, call.model);
  std::int64_t seen = 0;
  JsonOut out;
  out.begin_object().key("contacts").begin_array();
  for (const auto& contact : call.model.contacts()) {
    if (contact->at(Field::business_id) != call.at("businessId")) continue;
    if (seen++ < *skip || seen > *skip + *limit) continue;
    write_row(out, *contact, call.model, nullptr);
  }
  out.end_array().field("count", seen);
  write_trace(out, call.model);
  return json_answer(200, out.end_object());
}
}  // namespace tandem::sim::highlevel
