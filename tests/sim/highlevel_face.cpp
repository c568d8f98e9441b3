// The gateway: who is asking, in which version, for which route, how often.
#include "tests/sim/highlevel_face.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>

#include "tests/sim/highlevel_call.h"

namespace tandem::sim::highlevel {
namespace {
constexpr std::array<std::string_view, 4> kVersions{"2021-04-15", "2021-07-28", "2023-02-21", "v3"};
constexpr std::int64_t kSevenDaysMs = 7 * 86'400'000LL;

std::string header(const HttpRequest& request, const std::string& name) {
  const auto found = request.headers.find(name);
  return found == request.headers.end() ? std::string{} : found->second;
}

HttpResponse banned(Model& model) {
  const std::string ray = model.new_trace_id().substr(0, 8);
  return {403,
          {{"content-type", "text/html; charset=UTF-8"}, {"server", "cloudflare"}},
          fmt::format("<!DOCTYPE html>\n<html lang=\"en-US\"><head><title>Access "
                      "denied</title></head>\n<body><h1>Error 1010</h1>"
                      "<p>The owner of this website has banned your access based on your browser's signature "
                      "(browser_signature_banned). Ray ID: {}</p></body></html>\n",
                      ray)};
}

std::vector<std::string_view> segments(std::string_view path) {
  std::vector<std::string_view> out;
  while (!path.empty()) {
    path.remove_prefix(1);  // the slash
    const auto slash = path.find('/');
    out.push_back(path.substr(0, slash));
    path.remove_prefix(slash == std::string_view::npos ? path.size() : slash);
  }
  return out;
}

bool matches(std::string_view pattern, std::string_view path, std::map<std::string, std::string>& values) {
  const auto want = segments(pattern), have = segments(path);
  if (want.size() != have.size()) return false;
  for (std::size_t i = 0; i < want.size(); ++i) {
    const bool is_value = want[i].starts_with(':');
    if (is_value ? have[i].empty() : want[i] != have[i]) return false;
  }
  for (std::size_t i = 0; i < want.size(); ++i) {
    if (want[i].starts_with(':')) values[std::string(want[i].substr(1))] = have[i];
  }
  return true;
}

std::string_view without_slash(std::string_view path) {
  while (path.size() > 1 && path.ends_with('/')) path.remove_suffix(1);
  return path;
}

// nullptr = no such location of this token's, or none was named: HighLevel answers 403 to both.
std::optional<HttpResponse> check_location(const RouteSpec& route, const Call& call) {
  using Place = RouteSpec::Place;
  std::string named;
  if (route.location == Place::none) return std::nullopt;
  if (route.location == Place::path) named = call.at("locationId");
  if (route.location == Place::query) named = call.query("locationId");
  if (route.location == Place::body || route.location == Place::body_optional) {
    const auto given = text_member(call.body, "locationId");
    if (!given) return std::nullopt;  // the DTO has its own words for that
    named = *given;
  }
  if (named == call.credential.location_id) return std::nullopt;
  return refused(403, "The token does not have access to this location.", "Forbidden");
}
}  // namespace

Face::Face(Model& model) : model_(model) {
  credentials_.reserve(64);
  credentials_.push_back(
      {Credential::Kind::location_pit, "pit-" + model.new_uuid(), model.location().id, "tandem-app", {}, 0});
  oauth_ = {model.new_id(24) + "-" + model.new_id(8), model.new_uuid(), "", {}, {}};
  oauth_.codes[model.new_id(40)] = {model.location().id, "", "", 0};
}

Credential& Face::add_credential(Credential credential) {
  return credentials_.emplace_back(std::move(credential));
}

std::string Face::rotate_token(bool later) {
  Credential next = credentials_.front();
  credentials_.front().dies_at_ms = model_.now() + (later ? kSevenDaysMs : 0);
  next.token = "pit-" + model_.new_uuid();
  credentials_.insert(credentials_.begin(), next);
  return next.token;
}

const Credential* Face::credential(std::string_view token) const {
  const auto found = std::ranges::find(credentials_, token, &Credential::token);
  if (found == credentials_.end() || (found->dies_at_ms != 0 && found->dies_at_ms <= model_.now()))
    return nullptr;
  return &*found;
}

bool Face::has_scope(const Credential& credential, std::string_view scope) const {
  // An agency's own token is no good for anything inside a location.
  if (credential.kind == Credential::Kind::agency_pit) return false;
  if (credential.kind == Credential::Kind::company && !scope.starts_with("oauth.")) return false;
  if (!credential.scopes.empty()) return credential.scopes.contains(std::string(scope));
  const std::string& granted = model_.switches().text("token.scopes");
  return granted == "all" ||
         fmt::format(" {} ", granted).find(fmt::format(" {} ", scope)) != std::string::npos;
}

HttpResponse Face::handle(const HttpRequest& request) {
  const std::lock_guard lock(model_.guard());
  std::string route;
  HttpResponse response = answer(request, route);
  response.headers.emplace("server", "cloudflare");
  ++counters_[route];
  ++counters_[fmt::format("{} {}", route, response.status)];
  return response;
}

HttpResponse Face::answer(const HttpRequest& request, std::string& route) {
  const std::string agent = header(request, "user-agent");
  if (model_.switches().on("cloudflare") && (agent.empty() || agent.starts_with("Python-urllib")))
    return banned(model_);
  if (request.path == "/oauth/token" && request.method == "POST") {
    route = "POST /oauth/token";
    return token_endpoint(request);
  }
  if (request.path.ends_with("/oauth/chooselocation") && request.method == "GET") {
    route = "GET /oauth/chooselocation";
    return choose_location(request);
  }
  const std::string authorization = header(request, "authorization");
  const std::string token = authorization.starts_with("Bearer ") ? authorization.substr(7) : "";
  const Credential* who = credential(token);
  if (who == nullptr) {
    return token.starts_with("pit-") ? refused(401, "Invalid Private Integration token", "Unauthorized")
                                     : refused(401, "Invalid token: access token is invalid", "Unauthorized");
  }
  const QuotaView quota = model_.quota().take(who->app, model_.now());
  HttpResponse response;
  const std::string version = header(request, "version");
  if (!quota.allowed) {
    response = refused(429, "Too Many Requests");
    if (model_.switches().on("quota.retry_after"))
      response.headers["retry-after"] = std::to_string(quota.retry_after_s);
  } else if (version.empty()) {
    response = refused(401, "version header was not found.");
  } else if (std::ranges::count(kVersions, version) == 0) {
    response = refused(401, "version header is invalid");
  } else if (request.path == "/oauth/locationToken" && request.method == "POST") {
    route = "POST /oauth/locationToken";
    response = location_token(request, *who);
  } else {
    Call call{request, model_, *who, version, {}, {}};
    const bool lax = model_.switches().is("trailing_slash", "lax");
    const auto found = std::ranges::find_if(routes(), [&](const RouteSpec& spec) {
      if (spec.method != request.method) return false;
      return lax ? matches(without_slash(spec.pattern), without_slash(request.path), call.path)
                 : matches(spec.pattern, request.path, call.path);
    });
    if (found == routes().end()) {
      response = refused(404, fmt::format("Cannot {} {}", request.method, request.path), "Not Found");
    } else {
      route = fmt::format("{} {}", found->method, found->pattern);
      call.body.SetObject();
      const bool is_json = header(request, "content-type").find("json") != std::string::npos;
      if (!has_scope(*who, found->scope)) {
        response = refused(401, "The token is not authorized for this scope.");
      } else if (is_json && !request.body.empty() &&
                 (!parse_json(request.body, call.body) || !call.body.IsObject())) {
        response = refused(400, "Unexpected token in JSON", "Bad Request");
      } else if (const auto foreign = check_location(*found, call)) {
        response = *foreign;
      } else {
        response = found->run(call);
      }
    }
  }
  add_quota_headers(response, quota);
  return response;
}

void Face::add_quota_headers(HttpResponse& response, const QuotaView& view) {
  const auto& mode = model_.switches().text("quota.headers");
  if (mode == "off" || (mode == "some" && ++answers_ % 3 == 0)) return;
  response.headers["x-ratelimit-max"] = std::to_string(view.burst);
  response.headers["x-ratelimit-interval-milliseconds"] = std::to_string(view.interval_ms);
  response.headers["x-ratelimit-remaining"] = std::to_string(view.remaining);
  response.headers["x-ratelimit-limit-daily"] = std::to_string(view.daily);
  response.headers["x-ratelimit-daily-remaining"] = std::to_string(view.daily_remaining);
  response.headers["x-ratelimit-daily-reset"] = std::to_string(view.daily_reset_ms);
}
}  // namespace tandem::sim::highlevel
