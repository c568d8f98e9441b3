#include "tests/sim/ctm_call.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace tandem::sim {
namespace {
int hex(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char low = static_cast<char>(c | 0x20);
  return low >= 'a' && low <= 'f' ? low - 'a' + 10 : -1;
}

std::string decode(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size() && hex(text[i + 1]) >= 0 && hex(text[i + 2]) >= 0) {
      out += static_cast<char>(hex(text[i + 1]) * 16 + hex(text[i + 2]));
      i += 2;
    } else {
      out += text[i] == '+' ? ' ' : text[i];
    }
  }
  return out;
}

JsonValue json_text(std::string_view text, rapidjson::Document& into) {
  return JsonValue(text.data(), static_cast<rapidjson::SizeType>(text.size()), into.GetAllocator());
}

// "call[name]" -> body.call.name; "contacts_list[]" -> one more element of an array.
void put_form_key(rapidjson::Document& into, const std::string& key, const std::string& value) {
  std::vector<std::string> path;
  const std::size_t bracket = key.find('[');
  path.push_back(key.substr(0, bracket));
  for (std::size_t at = bracket; at != std::string::npos && at < key.size() && key[at] == '[';) {
    const std::size_t end = key.find(']', at);
    if (end == std::string::npos) break;
    path.push_back(key.substr(at + 1, end - at - 1));
    at = end + 1;
  }
  JsonValue* at = &into;
  for (std::size_t i = 0; i < path.size(); ++i) {
    const bool last = i + 1 == path.size();
    if (path[i].empty() && i > 0) {  // []
      if (at->IsNull()) at->SetArray();
      if (!at->IsArray()) return;
      at->PushBack(json_text(value, into), into.GetAllocator());
      return;
    }
    if (at->IsNull()) at->SetObject();
    if (!at->IsObject()) return;
    JsonValue name = json_text(path[i], into);
    if (!at->HasMember(name))
      at->AddMember(JsonValue(name, into.GetAllocator()), JsonValue(), into.GetAllocator());
    at = &(*at)[name];
    if (last) *at = json_text(value, into);
  }
}

void read_multipart(std::string_view text, std::string_view type, rapidjson::Document& into) {
  const std::size_t at = type.find("boundary=");
  if (at == std::string_view::npos) return;
  std::string_view mark = type.substr(at + 9);
  if (mark.starts_with('"')) mark = mark.substr(1, mark.find('"', 1) - 1);
  const std::string boundary = "--" + std::string(mark.substr(0, mark.find(';')));
  for (std::size_t part = text.find(boundary); part != std::string_view::npos;) {
    const std::size_t next = text.find(boundary, part + boundary.size());
    if (next == std::string_view::npos) return;
    const std::string_view piece = text.substr(part, next - part);
    const std::size_t name = piece.find("name=\"");
    const std::size_t body = piece.find("\r\n\r\n");
    if (name != std::string_view::npos && body != std::string_view::npos) {
      const std::string_view key = piece.substr(name + 6, piece.find('"', name + 6) - name - 6);
      std::string_view value = piece.substr(body + 4);
      if (value.ends_with("\r\n")) value.remove_suffix(2);
      put_form_key(into, std::string(key), std::string(value));
    }
    part = next;
  }
}

std::int64_t positive(const std::string& text, std::int64_t otherwise) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc{} && end == text.data() + text.size() && number > 0 ? number : otherwise;
}

std::string page_url(const CtmCall& call, const CtmPaging& paging, std::int64_t page,
                     const std::string& after) {
  std::map<std::string, std::string> fixed = {{"page", std::to_string(page)},
                                              {"per_page", std::to_string(paging.per_page)}};
  if (!after.empty()) fixed["after"] = after;
  std::multimap<std::string, std::string> all(fixed.begin(), fixed.end());
  for (const auto& [name, value] : call.query) {
    if (name != "page" && name != "per_page" && name != "after" && name != "auth_token")
      all.emplace(name, value);
  }
  std::string url = call.base_url + call.request.path;
  char joint = '?';
  for (const auto& [name, value] : all) {
    url += fmt::format("{}{}={}", joint, ctm_encode(name), ctm_encode(value));
    joint = '&';
  }
  return url;
}

void write_link(JsonOut& out, const CtmCall& call, std::string_view name, const CtmPaging& paging,
                std::int64_t page, bool there, const std::string& after) {
  const std::string& form = call.sw().text("next_page_form");
  if (there && form == "number")
    out.field(name, page);
  else if (there)
    out.field(name, page_url(call, paging, page, after));
  else if (form == "url_false")
    out.field(name, false);
  else if (form != "url_absent")
    out.null_field(name);
}
}  // namespace

std::string CtmCall::param(const std::string& name) const {
  const auto found = query.find(name);
  return found == query.end() ? "" : found->second;
}

std::vector<std::string> CtmCall::params(const std::string& name) const {
  std::vector<std::string> all;
  for (const auto& spelt : {name, name + "[]"}) {
    const auto [begin, end] = query.equal_range(spelt);
    for (auto it = begin; it != end; ++it) {
      if (!it->second.empty()) all.push_back(it->second);
    }
  }
  return all;
}

std::multimap<std::string, std::string> ctm_parse_form(std::string_view text) {
  std::multimap<std::string, std::string> fields;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('&'), text.size());
    const std::string_view pair = text.substr(0, end);
    const std::size_t equals = std::min(pair.find('='), pair.size());
    if (equals > 0)
      fields.emplace(decode(pair.substr(0, equals)), decode(pair.substr(std::min(equals + 1, pair.size()))));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return fields;
}

bool ctm_read_body(const HttpRequest& request, CtmCall& into) {
  into.body.SetObject();
  const auto header = request.headers.find("content-type");
  const std::string type = header == request.headers.end() ? "" : header->second;
  if (request.body.empty()) return true;
  if (type.find("json") != std::string::npos) {
    if (!parse_json(request.body, into.body)) return false;
    if (!into.body.IsObject()) into.body.SetObject();  // Rails files a bare array away under another name
    return true;
  }
  into.form_body = true;
  if (type.starts_with("application/x-www-form-urlencoded")) {
    for (const auto& [name, value] : ctm_parse_form(request.body)) put_form_key(into.body, name, value);
  } else if (type.starts_with("multipart/form-data")) {
    read_multipart(request.body, type, into.body);
  }
  return true;
}

std::string ctm_encode(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool plain = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
                       c == '-' || c == '_' || c == '.' || c == '~';
    if (plain)
      out += c;
    else
      out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return out;
}

std::optional<std::string> ctm_scalar(const JsonValue& value) {
  if (value.IsNull()) return std::nullopt;
  if (value.IsString()) return std::string(view(value));
  if (!value.IsArray()) return to_json(value);
  std::string joined;
  for (const auto& item : value.GetArray()) {
    if (!joined.empty()) joined += ",";
    joined += ctm_scalar(item).value_or("");
  }
  return joined;
}

HttpResponse ctm_reply(int status, std::string json) {
  return {status, {{"content-type", "application/json; charset=utf-8"}}, std::move(json)};
}

HttpResponse ctm_error(int status, std::string_view reason) {
  JsonOut out;
  out.begin_object().field("status", "error").field("reason", reason).end_object();
  return ctm_reply(status, out.take());
}

HttpResponse ctm_plain_error(int status, std::string_view message) {
  JsonOut out;
  out.begin_object().field("error", message).end_object();
  return ctm_reply(status, out.take());
}

HttpResponse ctm_success(std::string_view status) {
  JsonOut out;
  out.begin_object().field("status", status).end_object();
  return ctm_reply(200, out.take());
}

HttpResponse ctm_no_route() { return ctm_plain_error(404, "Not Found"); }

HttpResponse ctm_failed(const CtmCall& call, const CtmOutcome& outcome, bool soft) {
  if (outcome.code == CtmCode::soft) return ctm_error(200, outcome.reason);
  if (outcome.code == CtmCode::refused) return ctm_error(406, outcome.reason);
  return ctm_error(soft && call.sw().on("soft_error_200") ? 200 : 404, outcome.reason);
}

CtmPaging ctm_page(const CtmCall& call, std::size_t total, std::int64_t cap, std::string_view over) {
  CtmPaging p;
  p.page = positive(call.param("page"), 1);
  p.per_page = positive(call.param("per_page"), 10);
  p.total = static_cast<std::int64_t>(total);
  p.limit = cap;
  std::int64_t rows = p.per_page;
  if (p.per_page > cap) {
    p.too_large = over == "error400";
    rows = cap;
    if (over == "clamp") p.per_page = cap;
  }
  std::int64_t shown = p.page;  // which page's rows
  if (call.request.page_fault == PageFault::repeat) shown = std::max<std::int64_t>(1, shown - 1);
  if (call.request.page_fault == PageFault::skip) ++shown;
  if (call.request.page_fault == PageFault::empty || call.request.page_fault == PageFault::empty_total)
    rows = 0;
  if (call.request.page_fault == PageFault::empty_total) p.total = 0;
  const std::int64_t last = p.total / p.per_page + 2;  // keeps a monstrous page number from overflowing
  p.from = std::min(total, static_cast<std::size_t>((std::min(shown, last) - 1) * p.per_page));
  p.to = std::min(total, p.from + static_cast<std::size_t>(rows));
  p.more = std::min(p.page, last) * p.per_page < p.total;
  return p;
}

HttpResponse ctm_too_large(const CtmPaging& paging) {
  return ctm_plain_error(400, fmt::format("per_page limit is {}", paging.limit));
}

void ctm_write_paging(JsonOut& out, const CtmCall& call, const CtmPaging& p) {
  out.field("page", p.page).field("per_page", p.per_page).field("total_entries", p.total);
  out.field("total_pages", (p.total + p.per_page - 1) / p.per_page);
  if (!p.after.empty()) out.field("after", p.after);
  write_link(out, call, "next_page", p, p.page + 1, p.more, p.after);
  write_link(out, call, "previous_page", p, p.page - 1, p.page > 1, "");
}
}  // namespace tandem::sim
