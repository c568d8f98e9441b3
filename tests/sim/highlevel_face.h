// HighLevel's API v2 (Version 2021-07-28) as a function of requests: strict where HighLevel is strict.
// Thread-safe: one request at a time, under Model::guard().
#pragma once
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "tests/sim/highlevel_model.h"
#include "tests/sim/highlevel_oauth.h"
#include "tests/sim/wire.h"

namespace tandem::sim::highlevel {

struct Call;  // one request on its way through the face, in highlevel_call.h

struct Credential {
  enum class Kind : std::uint8_t { location_pit, agency_pit, oauth, company };
  Kind kind = Kind::location_pit;
  std::string token, location_id;
  std::string app;               // whose quota it draws on
  std::set<std::string> scopes;  // empty = whatever token.scopes says
  std::int64_t dies_at_ms = 0;   // 0 = never
};

class Face {
 public:
  explicit Face(Model& model);
  [[nodiscard]] HttpResponse handle(const HttpRequest& request);
  [[nodiscard]] Model& model() { return model_; }
  [[nodiscard]] Switches& switches() { return model_.switches(); }

  [[nodiscard]] const std::string& token() const {
    return credentials_.front().token;
  }  // a PIT for everything
  Credential& add_credential(Credential credential);
  // A new PIT with the same rights; the old one dies now, or in seven days.
  std::string rotate_token(bool later);
  [[nodiscard]] OAuthApp& oauth() { return oauth_; }
  void end_access();  // every OAuth access token is worth nothing from now on

  // Requests per route, e.g. "GET /contacts/:id"; "" = what matched none. With " 429" and so on after it:
  // answers of that status.
  [[nodiscard]] const std::map<std::string, std::int64_t>& counters() const { return counters_; }
  void clear_counters() { counters_.clear(); }

 private:
  HttpResponse answer(const HttpRequest& request, std::string& route);
  // highlevel_oauth.cpp. `choose_location` is the page where a person picks what to install the app in.
  HttpResponse choose_location(const HttpRequest& request);
  HttpResponse token_endpoint(const HttpRequest& request);
  HttpResponse location_token(const HttpRequest& request, const Credential& company);
  [[nodiscard]] HttpResponse token_refused(int status, std::string_view error, std::string_view text);
  HttpResponse token_pair(const OAuthGrant& grant);
  [[nodiscard]] const Credential* credential(std::string_view token) const;
  [[nodiscard]] bool has_scope(const Credential& credential, std::string_view scope) const;
  void add_quota_headers(HttpResponse& response, const QuotaView& view);

  Model& model_;
  std::vector<Credential> credentials_;
  OAuthApp oauth_;
  std::map<std::string, std::int64_t> counters_;
  std::int64_t answers_ = 0;
};
}  // namespace tandem::sim::highlevel

namespace tandem::sim {
using HighLevelModel = highlevel::Model;
using HighLevelFace = highlevel::Face;
}  // namespace tandem::sim
