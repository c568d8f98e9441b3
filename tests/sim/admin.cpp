#include "tests/sim/admin.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <stdexcept>

namespace tandem::sim {
namespace {
HttpResponse json(int status, const JsonOut& out) {
  return {status, {{"content-type", "application/json"}}, out.take()};
}

HttpResponse failed(int status, std::string_view why) {
  JsonOut out;
  return json(status, out.begin_object().field("error", why).end_object());
}

Fault read_fault(const JsonValue& body) {
  Fault fault;
  const std::string kind = text_member(body, "kind").value_or("");
  if (!fault_kind(kind, fault.kind))
    throw std::invalid_argument(fmt::format("unknown kind of fault '{}'", kind));
  fault.method = text_member(body, "method").value_or("");
  fault.path_has = text_member(body, "path_has").value_or("");
  fault.path_ends = text_member(body, "path_ends").value_or("");
  fault.skip = static_cast<int>(int_member(body, "skip").value_or(0));
  fault.times = static_cast<int>(int_member(body, "times").value_or(1));
  fault.param = int_member(body, "param").value_or(0);
  const JsonValue* effect = member(body, "effect");
  fault.effect = effect != nullptr && effect->IsBool() && effect->GetBool();
  return fault;
}

void write_fault(JsonOut& out, const Fault& fault) {
  out.begin_object()
      .field("kind", name_of(fault.kind))
      .field("method", fault.method)
      .field("path_has", fault.path_has)
      .field("path_ends", fault.path_ends);
  out.field("skip", fault.skip)
      .field("times", fault.times)
      .field("param", fault.param)
      .field("effect", fault.effect)
      .end_object();
}

HttpResponse faults(const HttpRequest& request, const JsonValue& body, HttpFace& face) {
  if (request.method == "DELETE") face.clear_faults();
  if (request.method == "POST" && body.IsArray()) {
    for (const auto& one : body.GetArray()) face.add_fault(read_fault(one));
  } else if (request.method == "POST") {
    face.add_fault(read_fault(body));
  }
  JsonOut out;
  out.begin_object().key("faults").begin_array();
  for (const auto& fault : face.faults()) write_fault(out, fault);
  return json(200, out.end_array().end_object());
}

HttpResponse switches(const HttpRequest& request, const JsonValue& body, const Administered& system) {
  JsonOut out;
  system.with_switches([&](Switches& all) {
    if (request.method == "POST" && body.IsObject()) {
      for (const auto& [name, value] : body.GetObject())
        all.set(view(name), value.IsString() ? std::string(view(value)) : to_json(value));
    }
    out.begin_object().key("switches").begin_array();
    for (const auto& spec : all.specs()) {
      out.begin_object()
          .field("name", spec.name)
          .field("value", all.text(spec.name))
          .field("default", spec.fallback)
          .field("allowed", spec.allowed)
          .end_object();
    }
    out.end_array().end_object();
  });
  return json(200, out);
}

std::int64_t number_in(const HttpRequest& request, const std::string& name, std::int64_t fallback) {
  const auto found = request.query.find(name);
  if (found == request.query.end()) return fallback;
  std::int64_t number = fallback;
  std::from_chars(found->second.data(), found->second.data() + found->second.size(), number);
  return number;
}

HttpResponse writes(const HttpRequest& request, const Administered& system) {
  const auto from = static_cast<std::size_t>(std::max<std::int64_t>(0, number_in(request, "since", 0)));
  const auto entries = system.writes(from);
  JsonOut out;
  out.begin_object().key("writes").begin_array();
  for (const auto& entry : entries) {
    out.begin_object().field("at_ms", entry.at_ms).field("actor", entry.actor).field("action", entry.action);
    out.field("record_id", entry.record_id).field("person", entry.person).field("field", entry.field);
    out.field("old_value", entry.old_value).field("new_value", entry.new_value).end_object();
  }
  return json(200, out.end_array().field("next", from + entries.size()).end_object());
}

HttpResponse stats(const HttpRequest& request, const Administered& system, HttpFace& face) {
  const std::int64_t window_ms = number_in(request, "window_ms", 10'000);
  JsonOut out;
  out.begin_object()
      .field("requests", face.requests())
      .field("window_ms", window_ms)
      .field("busiest", face.busiest(window_ms));
  out.key("routes").begin_object();
  for (const auto& [route, count] : system.routes()) out.field(route, count);
  out.end_object();
  system.more_stats(out);
  return json(200, out.end_object());
}
}  // namespace

HttpResponse administer(const HttpRequest& request, const Administered& system, HttpFace& face) try {
  const std::string what = request.path.size() > 6 ? request.path.substr(6) : "";
  rapidjson::Document body;
  body.SetObject();
  if (!request.body.empty() && !parse_json(request.body, body)) return failed(400, "the body is not JSON");
  if (what == "faults") return faults(request, body, face);
  if (what == "switches") return switches(request, body, system);
  if (what == "writes") return writes(request, system);
  if (what == "stats") return stats(request, system, face);
  JsonOut out;
  if (what.starts_with("staff/") && request.method == "POST") {
    std::string error;
    if (!system.staff(what.substr(6), body, out, error)) return failed(400, error);
    return json(200, out);
  }
  if (request.method == "GET" && system.dump(what, out)) return json(200, out);
  return failed(404, fmt::format("no such admin route: {} {}", request.method, request.path));
} catch (const std::invalid_argument& wrong) {
  return failed(400, wrong.what());
}
}  // namespace tandem::sim
