#include "daemon/highlevel/oauth.h"

#include <fmt/format.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <algorithm>
#include <charconv>

#include "daemon/highlevel/json.h"

namespace tandem::highlevel {
namespace {
constexpr std::int64_t kUnsaidLifeMs = 3'600'000;   // where expires_in is missing; HighLevel's is a day
constexpr std::int64_t kRequestTimeoutMs = 30'000;  // HighLevel's own client

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

std::int64_t whole_member(const Json& object, std::string_view name) {
  const Json* value = member(object, name);
  return value != nullptr && value->IsInt64() ? value->GetInt64() : 0;
}

http::Settings transport_settings(const OAuthPlace& place) {
  http::Settings out;
  out.base_url = place.base_url;
  out.ca_file = place.ca_file;
  out.headers = {"Version: " + place.api_version, "Accept: application/json",
                 "Content-Type: application/x-www-form-urlencoded", "User-Agent: tandem/" TANDEM_VERSION};
  out.request_timeout_ms = kRequestTimeoutMs;
  out.body_max = 1u << 20;
  out.in_flight = 1;
  return out;
}

std::string form_text(const std::vector<std::pair<std::string_view, std::string>>& form) {
  std::string out;
  for (const auto& [name, value] : form)
    out += fmt::format("{}{}={}", out.empty() ? "" : "&", name, http::encode(value));
  return out;
}

// How the token endpoint words a refusal is a guess (dossier 2.3 item 6): only that it is JSON, and whether
// it is the client that is refused, decides.
Error refusal(const http::Answer& answer, std::string_view what) {
  const int status = answer.status;
  const bool is_json = refusal_of(answer.body).is_json;
  const auto error = [](Fault fault, std::string message) { return fail(fault, std::move(message)).value(); };
  if (status >= 500 || status == 408)
    return error(Fault::ambiguous,
                 fmt::format("POST /oauth/token ({}) answered {}; it may have been done", what, status));
  if (is_json && (status == 400 || status == 401 || status == 422)) {
    const bool client = answer.body.find("invalid_client") != std::string::npos ||
                        answer.body.find("unauthorized_client") != std::string::npos ||
                        answer.body.find("lient authentication") != std::string::npos;
    if (client)
      return error(
          Fault::unauthorised,
          "HighLevel does not accept the OAuth client: check CLIENT_ID:CLIENT_SECRET in the credential file");
    return error(Fault::stale, fmt::format("HighLevel does not accept the {} ({})", what, status));
  }
  if (status == 404 || status == 405 || (status >= 300 && status < 400))
    return error(Fault::malformed,
                 fmt::format("POST /oauth/token answered {}: no such route there; check base_url", status));
  return error(
      Fault::transient,
      fmt::format("POST /oauth/token was refused with {} by something in between; nothing was done", status));
}
}  // namespace

std::optional<OAuthClient> oauth_client(std::string_view credential) {
  const auto colon = credential.find(':');
  if (colon == std::string_view::npos) return std::nullopt;
  return OAuthClient{std::string(credential.substr(0, colon)), std::string(credential.substr(colon + 1))};
}

std::string to_json(const OAuthPair& pair) {
  rapidjson::StringBuffer buffer;
  rapidjson::Writer<rapidjson::StringBuffer> out(buffer);
  const auto text = [&](const char* name, const std::string& value) {
    out.Key(name);
    out.String(value.data(), static_cast<rapidjson::SizeType>(value.size()));
  };
  out.StartObject();
  text("client_id", pair.client_id);
  text("access_token", pair.access);
  text("refresh_token", pair.refresh);
  out.Key("issued_at_ms");
  out.Int64(pair.issued_at_ms);
  out.Key("expires_at_ms");
  out.Int64(pair.expires_at_ms);
  text("user_type", pair.is_company ? "Company" : "Location");
  text("company_id", pair.company_id);
  text("location_id", pair.location_id);
  text("scope", pair.scope);
  out.EndObject();
  return {buffer.GetString(), buffer.GetSize()};
}

std::optional<OAuthPair> pair_from(std::string json) {
  rapidjson::Document document;
  if (!parse_in_place(json, document) || !document.IsObject()) return std::nullopt;
  const auto text = [&](std::string_view name) { return std::string(text_member(document, name)); };
  OAuthPair pair;
  pair.client_id = text("client_id");
  pair.access = text("access_token");
  pair.refresh = text("refresh_token");
  pair.issued_at_ms = whole_member(document, "issued_at_ms");
  pair.expires_at_ms = whole_member(document, "expires_at_ms");
  pair.is_company = text("user_type") == "Company";
  pair.company_id = text("company_id");
  pair.location_id = text("location_id");
  pair.scope = text("scope");
  if (pair.access.empty() || pair.refresh.empty()) return std::nullopt;
  return pair;
}

std::int64_t renewal_due_ms(std::int64_t issued_at_ms, std::int64_t expires_at_ms) {
  const std::int64_t life = std::max<std::int64_t>(0, expires_at_ms - issued_at_ms);
  return expires_at_ms - std::min(life / 4, std::clamp<std::int64_t>(life / 20, 30'000, 300'000));
}

std::string authorise_address(const std::string& auth_url, const std::string& client_id,
                              const std::string& redirect_uri, bool agency, const std::string& state) {
  std::string scopes = fmt::format("{}", fmt::join(kScopes, " "));
  if (agency) scopes += fmt::format(" {}", fmt::join(kAgencyScopes, " "));
  return fmt::format(
      "{}/v2/oauth/chooselocation?response_type=code&client_id={}&redirect_uri={}&scope={}&state={}",
      auth_url, http::encode(client_id), http::encode(redirect_uri), http::encode(scopes),
      http::encode(state));
}

std::map<std::string, std::string> brought_back(std::string_view text) {
  while (!text.empty() && static_cast<unsigned char>(text.back()) <= ' ') text.remove_suffix(1);
  while (!text.empty() && static_cast<unsigned char>(text.front()) <= ' ') text.remove_prefix(1);
  text = text.substr(0, text.find('#'));
  std::map<std::string, std::string> out;
  if (text.find('=') == std::string_view::npos) {
    if (!text.empty()) out["code"] = text;
    return out;
  }
  text.remove_prefix(text.find('?') == std::string_view::npos ? 0 : text.find('?') + 1);
  while (!text.empty()) {
    const auto end = text.find('&');
    const std::string_view one = text.substr(0, end);
    const auto equals = one.find('=');
    if (equals != std::string_view::npos)
      out[decoded(one.substr(0, equals))] = decoded(one.substr(equals + 1));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return out;
}

OAuthEndpoint::OAuthEndpoint(OAuthPlace place, Clock& clock)
    : place_(std::move(place)),
      clock_(clock),
      gate_(http::Budget{}),
      transport_(transport_settings(place_), gate_, clock) {}

Result<OAuthPair> OAuthEndpoint::ask(Form form, std::string_view what) {
  form.insert(form.begin(), {{"client_id", place_.client.id}, {"client_secret", place_.client.secret}});
  http::Request request;
  request.method = "POST";
  request.path = "/oauth/token";
  request.body = form_text(form);
  request.effect = true;
  const std::int64_t asked_at_ms = clock_.now_ms();  // a life that begins too early ends too early: safe
  auto answer = transport_.send(request);
  if (!answer) return fail(std::move(answer.error()));
  if (!is_success(answer->status)) return fail(refusal(*answer, what));
  rapidjson::Document document;
  OAuthPair pair;
  if (parse_in_place(answer->body, document) && document.IsObject()) {
    const auto text = [&](std::string_view name) { return std::string(text_member(document, name)); };
    pair.client_id = place_.client.id;
    pair.access = text("access_token");
    pair.refresh = text("refresh_token");
    const std::int64_t life_s = whole_member(document, "expires_in");
    pair.issued_at_ms = asked_at_ms;
    pair.expires_at_ms = asked_at_ms + (life_s > 0 ? life_s * 1'000 : kUnsaidLifeMs);
    pair.location_id = text("locationId");
    pair.is_company = text("userType") == "Company" && pair.location_id.empty();
    pair.company_id = text("companyId");
    pair.scope = text("scope");
  }
  if (pair.access.empty())
    return fail(Fault::ambiguous,
                fmt::format("POST /oauth/token ({}) answered {} without a token; it may have been used up",
                            what, answer->status));
  return pair;
}

Result<OAuthPair> OAuthEndpoint::exchange(const std::string& code, const std::string& redirect_uri,
                                          bool agency) {
  return ask({{"grant_type", "authorization_code"},
              {"code", code},
              {"user_type", agency ? "Company" : "Location"},
              {"redirect_uri", redirect_uri}},
             "code");
}

Result<OAuthPair> OAuthEndpoint::refresh(const OAuthPair& pair) {
  auto next = ask({{"grant_type", "refresh_token"},
                   {"refresh_token", pair.refresh},
                   {"user_type", pair.is_company ? "Company" : "Location"}},
                  "refresh token");
  if (!next) return next;
  // What an answer leaves out has not changed.
  if (next->refresh.empty()) next->refresh = pair.refresh;
  if (next->company_id.empty()) next->company_id = pair.company_id;
  if (next->scope.empty()) next->scope = pair.scope;
  if (next->location_id.empty()) next->location_id = pair.location_id;
  next->is_company = pair.is_company;
  return next;
}

Result<LocationToken> OAuthEndpoint::location_token(const OAuthPair& company,
                                                    const std::string& location_id) {
  http::Request request;
  request.method = "POST";
  request.path = "/oauth/locationToken";
  request.headers = {"Authorization: Bearer " + company.access};
  request.body = form_text({{"companyId", company.company_id}, {"locationId", location_id}});
  request.effect = request.repeatable = true;
  const std::int64_t asked_at_ms = clock_.now_ms();
  auto answer = transport_.send(request);
  if (!answer) {
    if (answer.error().fault == Fault::ambiguous) answer.error().fault = Fault::transient;  // uses nothing up
    return fail(std::move(answer.error()));
  }
  const int status = answer->status;
  if (lacks_scope(*answer))
    return fail(Fault::unauthorised,
                "HighLevel gives no token for the location: the agency's token lacks the scope oauth.write");
  if (status == 401) return fail(Fault::stale, "HighLevel does not accept the agency's token (401)");
  if (status == 400 || status == 403 || status == 404 || status == 422)
    return fail(Fault::unauthorised,
                fmt::format("HighLevel gives no token for location {} ({}): the app is not installed there",
                            location_id, status));
  rapidjson::Document document;
  LocationToken token;
  if (is_success(status) && parse_in_place(answer->body, document) && document.IsObject()) {
    const std::string_view named = text_member(document, "locationId");
    if (named.empty() || named == location_id) token.access = text_member(document, "access_token");
    const std::int64_t life_s = whole_member(document, "expires_in");
    token.issued_at_ms = asked_at_ms;
    token.expires_at_ms = asked_at_ms + (life_s > 0 ? life_s * 1'000 : kUnsaidLifeMs);
  }
  if (token.access.empty())
    return fail(Fault::transient,
                fmt::format("POST /oauth/locationToken answered {} without a token for location {}", status,
                            location_id));
  return token;
}
}  // namespace tandem::highlevel
