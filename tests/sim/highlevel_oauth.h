// HighLevel's OAuth 2.0 as seen by one app: codes that a person's choice gives, access tokens with a
// lifetime, refresh tokens that die by being used.
#pragma once
#include <cstdint>
#include <map>
#include <string>

namespace tandem::sim::highlevel {

// What stands behind a code or a refresh token.
struct OAuthGrant {
  std::string location_id;      // "" = the whole company
  std::string scope;            // with blanks between; "" = whatever token.scopes says
  std::string redirect_uri;     // of a code; must come again with it
  std::int64_t used_at_ms = 0;  // of a refresh token; 0 = alive
};

struct OAuthApp {
  std::string client_id, client_secret;
  std::string redirect_uri;                          // the one registered; "" = any
  std::map<std::string, OAuthGrant> codes;           // not used yet
  std::map<std::string, OAuthGrant> refresh_tokens;  // used ones included
};
}  // namespace tandem::sim::highlevel
