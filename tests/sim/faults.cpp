#include "tests/sim/faults.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "tests/sim/json.h"

namespace tandem::sim {
namespace {
constexpr std::array<std::pair<FaultKind, std::string_view>, 14> kNames{
    {{FaultKind::lost_before, "lost_before"},
     {FaultKind::lost_after, "lost_after"},
     {FaultKind::reset, "reset"},
     {FaultKind::stall, "stall"},
     {FaultKind::html_5xx, "html_5xx"},
     {FaultKind::json_5xx, "json_5xx"},
     {FaultKind::too_many, "too_many"},
     {FaultKind::truncated, "truncated"},
     {FaultKind::empty_list, "empty_list"},
     {FaultKind::repeat_page, "repeat_page"},
     {FaultKind::skip_page, "skip_page"},
     {FaultKind::stored_but_422, "stored_but_422"},
     {FaultKind::wrong_json, "wrong_json"},
     {FaultKind::quoting, "quoting"}}};

HttpResponse plain_error(int status) {
  JsonOut out;
  out.begin_object().field("statusCode", status);
  out.field("message", status == 429   ? "Too Many Requests"
                       : status == 422 ? "Unprocessable Entity"
                                       : "Internal server error");
  out.end_object();
  return {status, {{"content-type", "application/json; charset=utf-8"}}, out.take()};
}

HttpResponse html_error(int status, std::string_view what = "The web server reported an error.") {
  return {status,
          {{"content-type", "text/html; charset=UTF-8"}},
          fmt::format("<!DOCTYPE html>\n<html><head><title>{0}: Error</title></head>\n"
                      "<body><h1>Error {0}</h1><p>{1}</p></body></html>\n",
                      status, what)};
}

// What was sent and what would have come, in the words that both systems use for an error.
HttpResponse quoting_error(int status, const HttpRequest& request, const std::string& would_be) {
  std::string quoted = fmt::format("Cannot {} {}", request.method, request.path);
  for (const auto& [name, value] : request.query) quoted += fmt::format(" {}={}", name, value);
  quoted += fmt::format(": {} {}", request.body, would_be);
  if (status >= 500) return html_error(status, quoted);
  JsonOut out;
  out.begin_object().field("status", "error").field("reason", quoted);
  out.field("statusCode", status).field("message", quoted).end_object();
  return {status, {{"content-type", "application/json; charset=utf-8"}}, out.take()};
}
}  // namespace

Faults::Faults(ErrorStyle style) : style_(std::move(style)) {
  if (!style_.json_error) style_.json_error = plain_error;
}

bool Faults::take(const HttpRequest& request, Fault& into) {
  for (auto fault = faults_.begin(); fault != faults_.end(); ++fault) {
    if (!fault->method.empty() && fault->method != request.method) continue;
    if (request.path.find(fault->path_has) == std::string::npos) continue;
    if (!request.path.ends_with(fault->path_ends)) continue;
    if (fault->skip > 0) {
      --fault->skip;
      continue;
    }
    into = *fault;
    if (fault->times > 0 && --fault->times == 0) faults_.erase(fault);
    return true;
  }
  return false;
}

Delivered Faults::deliver(HttpRequest request, const Handler& system) {
  Fault fault;
  if (!take(request, fault)) return {Delivery::answered, true, system(request), 0};
  Delivered out;
  const auto status_or = [&](int fallback) {
    return fault.param > 0 ? static_cast<int>(fault.param) : fallback;
  };
  const auto instead = [&](HttpResponse answer) {
    out.effect = fault.effect;
    if (fault.effect) (void)system(request);
    out.response = std::move(answer);
  };
  switch (fault.kind) {
    case FaultKind::lost_before:
      out = {Delivery::dropped, false, {}, fault.param};
      break;
    case FaultKind::lost_after:
      out = {Delivery::dropped, true, system(request), fault.param};
      break;
    case FaultKind::reset:
      out = {Delivery::cut, true, system(request), fault.param};
      break;
    case FaultKind::stall:
      out = {Delivery::answered, true, system(request), fault.param};
      break;
    case FaultKind::html_5xx:
      instead(html_error(status_or(502)));
      break;
    case FaultKind::json_5xx:
      instead(style_.json_error(status_or(500)));
      break;
    case FaultKind::too_many:
      instead(style_.json_error(429));
      if (fault.param > 0) out.response.headers["retry-after"] = std::to_string(fault.param);
      break;
    case FaultKind::wrong_json:  // good JSON that is no answer to any question
      instead({200, {{"content-type", "application/json; charset=utf-8"}}, R"({"status":"ok"})"});
      break;
    case FaultKind::quoting: {
      const bool reads = request.method == "GET" || request.path.ends_with("/search");
      const std::string would_be = reads ? system(request).body : std::string();
      instead(quoting_error(status_or(422), request, would_be));
      break;
    }
    case FaultKind::truncated:
      out.response = system(request);
      out.response.body.resize(out.response.body.size() / 2);
      break;
    case FaultKind::stored_but_422:
      out.response = system(request);
      if (out.response.status < 300) out.response = style_.json_error(422);
      break;
    case FaultKind::empty_list:
    case FaultKind::repeat_page:
    case FaultKind::skip_page:
      request.page_fault = fault.kind == FaultKind::repeat_page ? PageFault::repeat
                           : fault.kind == FaultKind::skip_page ? PageFault::skip
                           : fault.param == 1                   ? PageFault::empty_total
                                                                : PageFault::empty;
      out.response = system(request);
      break;
  }
  return out;
}

std::string_view name_of(FaultKind kind) {
  return std::ranges::find(kNames, kind, &std::pair<FaultKind, std::string_view>::first)->second;
}

bool fault_kind(std::string_view name, FaultKind& into) {
  const auto found = std::ranges::find(kNames, name, &std::pair<FaultKind, std::string_view>::second);
  if (found == kNames.end()) return false;
  into = found->first;
  return true;
}
}  // namespace tandem::sim
