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
#include "tests/sim/wire.h"

namespace tandem::sim::highlevel {

struct Call;  // one request on its way through the face, in highlevel_call.h

struct Credential {
  enum class Kind : std::uint8_t { location_pit, agency_pit, oauth };
  Kind kind = Kind::location_pit;
  std::string token, location_id;
  std::string app;               // whose quota it draws on
  std::set<std::string> scopes;  // empty = whatever token.scopes says
  std::int64_t dies_at_ms = 0;   // 0 = never
};

// An app installed in the location; its refresh token can be used once.
struct OAuthApp {
  std::string client_id, client_secret, code, refresh_token;
  std::set<std::string> used_refresh_tokens;
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

  // Requests per route, e.g. "GET /contacts/:id"; "" = what matched none. With " 429" and so on after it:
  // answers of that status.
  [[nodiscard]] const std::map<std::string, std::int64_t>& counters() const { return counters_; }
  void clear_counters() { counters_.clear(); }

 private:
  HttpResponse answer(const HttpRequest& request, std::string& route);
  HttpResponse token_endpoint(const HttpRequest& request);
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
