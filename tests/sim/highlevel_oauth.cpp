#include "tests/sim/highlevel_oauth.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <set>

#include "tests/sim/highlevel_call.h"

namespace tandem::sim::highlevel {
namespace {
constexpr std::string_view kForeignLocation = "FoReIgN0000000000001";
constexpr std::array<std::string_view, 3> kGrantTypes{"authorization_code", "refresh_token",
                                                      "client_credentials"};

std::string decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    unsigned char byte = 0;
    const char* digits = text.data() + i + 1;
    if (text[i] == '%' && i + 2 < text.size() &&
        std::from_chars(digits, digits + 2, byte, 16).ptr == digits + 2) {
      out += static_cast<char>(byte);
      i += 2;
    } else {
      out += text[i] == '+' ? ' ' : text[i];
    }
  }
  return out;
}

std::string encoded(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool plain = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
    out += plain ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return out;
}

std::map<std::string, std::string> form_of(std::string_view body) {
  std::map<std::string, std::string> form;
  while (!body.empty()) {
    const auto end = body.find('&');
    const std::string_view pair = body.substr(0, end);
    const auto equals = pair.find('=');
    form[decoded(pair.substr(0, equals))] =
        equals == std::string_view::npos ? std::string() : decoded(pair.substr(equals + 1));
    body.remove_prefix(end == std::string_view::npos ? body.size() : end + 1);
  }
  return form;
}

std::string query(const HttpRequest& request, const std::string& name) {
  const auto found = request.query.find(name);
  return found == request.query.end() ? std::string{} : found->second;
}

std::set<std::string> words(std::string_view text) {
  std::set<std::string> out;
  while (!text.empty()) {
    const auto end = text.find(' ');
    if (end != 0) out.emplace(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return out;
}

HttpResponse page(int status, std::string_view text) {
  return {status,
          {{"content-type", "text/html; charset=utf-8"}},
          fmt::format("<!DOCTYPE html>\n<html><body><p>{}</p></body></html>\n", text)};
}
}  // namespace

// Whoever opens the page chooses at once what oauth.chosen says.
HttpResponse Face::choose_location(const HttpRequest& request) {
  const std::string back = query(request, "redirect_uri");
  if (query(request, "client_id") != oauth_.client_id)
    return page(400, "No integration found with that client id");
  if (query(request, "response_type") != "code") return page(400, "response_type must be code");
  if (back.empty() || (!oauth_.redirect_uri.empty() && back != oauth_.redirect_uri))
    return page(400, "redirect_uri is not one of the app's");
  if (query(request, "scope").empty()) return page(400, "scope is missing");
  const auto& switches = model_.switches();
  std::string target = back + (back.find('?') == std::string::npos ? "?" : "&");
  if (switches.is("oauth.chosen", "denied")) {
    target += "error=access_denied";
  } else {
    const std::string code = model_.new_id(40);
    OAuthGrant grant{model_.location().id, query(request, "scope"), back, 0};
    if (switches.is("oauth.chosen", "company")) grant.location_id.clear();
    if (switches.is("oauth.chosen", "foreign")) grant.location_id = kForeignLocation;
    oauth_.codes[code] = std::move(grant);
    target += "code=" + code;
  }
  if (const auto state = query(request, "state"); !state.empty() && switches.is("oauth.state", "echo"))
    target += "&state=" + encoded(state);
  return {302, {{"location", target}, {"content-type", "text/plain; charset=utf-8"}}, "Found\n"};
}

HttpResponse Face::token_refused(int status, std::string_view error, std::string_view text) {
  const auto& switches = model_.switches();
  JsonOut out;
  out.begin_object();
  if (switches.is("oauth.error", "message")) {
    out.field("statusCode", status).field("message", text);
    out.field("error", status == 401 ? "Unauthorized" : "Bad Request");
    write_trace(out, model_);
  } else if (switches.is("oauth.error", "envelope")) {
    out.key("error").begin_object().field("code", error).field("message", text).end_object();
  } else {
    if (switches.is("oauth.error", "rfc_401")) status = 401;
    out.field("error", error).field("error_description", text);
  }
  return json_answer(status, out.end_object());
}

// A used refresh token is dead whether or not the answer arrives.
HttpResponse Face::token_endpoint(const HttpRequest& request) {
  auto form = form_of(request.body);
  if (form["client_id"] != oauth_.client_id || form["client_secret"] != oauth_.client_secret)
    return token_refused(401, "invalid_client", "Client authentication failed: client is invalid");
  const std::string& type = form["grant_type"];
  if (std::find(kGrantTypes.begin(), kGrantTypes.end(), type) == kGrantTypes.end())
    return token_refused(400, "unsupported_grant_type", "Unsupported grant type: grant_type is invalid");
  if (type == "authorization_code") {
    const auto found = oauth_.codes.find(form["code"]);
    if (found == oauth_.codes.end() ||
        (!found->second.redirect_uri.empty() && found->second.redirect_uri != form["redirect_uri"]))
      return token_refused(400, "invalid_grant", "Invalid grant: authorization code is invalid");
    const OAuthGrant grant = found->second;
    oauth_.codes.erase(found);
    return token_pair(grant);
  }
  if (type != "refresh_token")
    return token_refused(400, "unauthorized_client", "Unauthorized client: grant type is not allowed");
  const auto found = oauth_.refresh_tokens.find(form["refresh_token"]);
  const std::int64_t grace_ms = model_.switches().number("oauth.refresh_grace_ms");
  if (found == oauth_.refresh_tokens.end() ||
      (found->second.used_at_ms != 0 && model_.now() - found->second.used_at_ms >= grace_ms))
    return token_refused(400, "invalid_grant", "Invalid grant: refresh token is invalid");
  if (found->second.used_at_ms == 0) found->second.used_at_ms = model_.now();
  if (model_.switches().on("oauth.refresh_kills_access")) end_access();
  const OAuthGrant grant = found->second;
  return token_pair(grant);
}

HttpResponse Face::token_pair(const OAuthGrant& grant) {
  const bool is_company = grant.location_id.empty();
  const std::string refresh = "eyJ" + model_.new_id(80);
  oauth_.refresh_tokens[refresh] = {grant.location_id, grant.scope, "", 0};
  const std::int64_t lives_s = model_.switches().number("token.expires_in");
  const Credential& access = add_credential({is_company ? Credential::Kind::company : Credential::Kind::oauth,
                                             "eyJ" + model_.new_id(80), grant.location_id, "tandem-app",
                                             words(grant.scope), model_.now() + lives_s * 1000});
  JsonOut out;
  out.begin_object().field("access_token", access.token).field("token_type", "Bearer");
  out.field("expires_in", lives_s).field("refresh_token", refresh);
  out.field("refreshTokenId", model_.new_id(24)).field("scope", grant.scope);
  out.field("userType", is_company ? "Company" : "Location").field("companyId", model_.location().company_id);
  if (is_company) {
    out.key("approvedLocations").begin_array().value(model_.location().id).end_array();
    out.field("installToFutureLocations", false).field("approveAllLocations", false);
  } else {
    out.field("locationId", grant.location_id);
  }
  out.field("userId", model_.users().front().id).field("isBulkInstallation", is_company);
  write_trace(out, model_);
  return json_answer(200, out.end_object());
}

// A company's access token for one of a location; it comes without a refresh token.
HttpResponse Face::location_token(const HttpRequest& request, const Credential& company) {
  if (company.kind != Credential::Kind::company || !has_scope(company, "oauth.write"))
    return refused(401, "The token is not authorized for this scope.");
  auto form = form_of(request.body);
  if (form["companyId"] != model_.location().company_id || form["locationId"] != model_.location().id)
    return refused(403, "The token does not have access to this location.", "Forbidden");
  const std::int64_t lives_s = model_.switches().number("token.expires_in");
  const std::set<std::string> scopes = company.scopes;  // adding one may move the others
  const Credential& access =
      add_credential({Credential::Kind::oauth, "eyJ" + model_.new_id(80), model_.location().id, "tandem-app",
                      scopes, model_.now() + lives_s * 1000});
  JsonOut out;
  out.begin_object().field("access_token", access.token).field("token_type", "Bearer");
  out.field("expires_in", lives_s).field("scope", fmt::format("{}", fmt::join(scopes, " ")));
  out.field("locationId", model_.location().id).field("userId", model_.users().front().id);
  write_trace(out, model_);
  return json_answer(200, out.end_object());
}

void Face::end_access() {
  for (Credential& credential : credentials_) {
    if (credential.kind == Credential::Kind::oauth || credential.kind == Credential::Kind::company)
      credential.dies_at_ms = 1;
  }
}
}  // namespace tandem::sim::highlevel
