// One request on its way through CtmFace, and what its handlers share: bodies in all the forms Rails
// reads, pages, errors. Only ctm_*.cpp include this.
#pragma once
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/sim/ctm_model.h"
#include "tests/sim/json.h"
#include "tests/sim/wire.h"

namespace tandem::sim {

struct CtmCall {
  const HttpRequest& request;
  CtmModel& model;
  std::string base_url;            // of next_page: scheme and host
  std::string method;              // after _method
  std::vector<std::string> parts;  // of the path after /api/v1, without ".json"
  bool json_suffix = false;
  std::multimap<std::string, std::string> query;  // a search adds the filters of its body
  rapidjson::Document body;                       // an object, empty when there was none
  bool form_body = false;                         // it came as a form, not as JSON
  const CtmKey* key = nullptr;
  CtmAccount* account = nullptr;
  std::string route;  // for the counters

  [[nodiscard]] const Switches& sw() const { return model.switches(); }
  [[nodiscard]] bool is(std::string_view wanted) const { return method == wanted; }
  [[nodiscard]] std::string part(std::size_t at) const { return at < parts.size() ? parts[at] : ""; }
  [[nodiscard]] std::string param(const std::string& name) const;                // "" = none
  [[nodiscard]] std::vector<std::string> params(const std::string& name) const;  // name and name[]
};

// Reads JSON, a form with Rails' brackets, or multipart, as the content type says: a body under another
// type is not read at all. False = JSON that is none.
[[nodiscard]] bool ctm_read_body(const HttpRequest& request, CtmCall& into);
[[nodiscard]] std::multimap<std::string, std::string> ctm_parse_form(std::string_view text);
[[nodiscard]] std::string ctm_encode(std::string_view text);  // for a query
// A JSON scalar as text; an array as its members with commas; nullopt = null.
[[nodiscard]] std::optional<std::string> ctm_scalar(const JsonValue& value);

[[nodiscard]] HttpResponse ctm_reply(int status, std::string json);
[[nodiscard]] HttpResponse ctm_error(int status, std::string_view reason);  // {"status":"error","reason"}
[[nodiscard]] HttpResponse ctm_plain_error(int status, std::string_view message);  // {"error"}
[[nodiscard]] HttpResponse ctm_success(std::string_view status = "success");
[[nodiscard]] HttpResponse ctm_no_route();
// `soft`: this route dresses "not found" as HTTP 200 while soft_error_200 is on.
[[nodiscard]] HttpResponse ctm_failed(const CtmCall& call, const CtmOutcome& outcome, bool soft);

struct CtmPaging {
  std::int64_t page = 1, per_page = 10;  // as asked for, or as clamped
  std::int64_t total = 0;
  std::size_t from = 0, to = 0;  // rows of this answer
  bool too_large = false;        // answer 400
  std::int64_t limit = 0;
  std::string after;  // the cursor behind the last row; "" = none
  bool more = false;  // there is a next page
};
// Over the cap, per `over`: error400, clamp, or silent_skip: `cap` rows, and the next page begins where
// the page that was asked for would have ended.
[[nodiscard]] CtmPaging ctm_page(const CtmCall& call, std::size_t total, std::int64_t cap,
                                 std::string_view over);
// page, per_page, total_entries, total_pages, next_page, previous_page; and `after` if there is one.
void ctm_write_paging(JsonOut& out, const CtmCall& call, const CtmPaging& paging);
[[nodiscard]] HttpResponse ctm_too_large(const CtmPaging& paging);

[[nodiscard]] HttpResponse ctm_accounts(CtmCall& call, const std::vector<const CtmAccount*>& reachable);
[[nodiscard]] HttpResponse ctm_lists(CtmCall& call);
[[nodiscard]] HttpResponse ctm_contacts(CtmCall& call);
[[nodiscard]] HttpResponse ctm_calls(CtmCall& call);
[[nodiscard]] HttpResponse ctm_settings(CtmCall& call);  // everything else under an account
}  // namespace tandem::sim
