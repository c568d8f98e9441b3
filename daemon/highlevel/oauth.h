// HighLevel's OAuth 2.0 on the wire (dossier 2.3): the address a person opens, the token endpoint, and
// the pair of tokens as it is kept. No token, code or client secret is in any message.
#pragma once
#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/ports/clock.h"
#include "core/result.h"
#include "daemon/highlevel/highlevel_errors.h"
#include "daemon/http/rate_gate.h"
#include "daemon/http/transport.h"

namespace tandem::highlevel {

// What tandem asks for; new ones are granted only when the location is authorised again.
inline constexpr std::array kScopes{kReadContacts, kWriteContacts, kReadLocation, kReadCustomFields};
// In addition where the app is installed in a whole agency: its token is exchanged for the location's.
inline constexpr std::array<std::string_view, 2> kAgencyScopes{"oauth.readonly", "oauth.write"};

struct OAuthClient {
  std::string id, secret;
};
// Of a credential file's line: CLIENT_ID:CLIENT_SECRET; nullopt = a private integration token.
[[nodiscard]] std::optional<OAuthClient> oauth_client(std::string_view credential);

// What is kept of an installation. Times are this machine's, Unix ms.
struct OAuthPair {
  std::string client_id;
  std::string access, refresh;
  std::int64_t issued_at_ms = 0, expires_at_ms = 0;
  bool is_company = false;  // of a whole agency
  std::string company_id;
  std::string location_id;  // "" of a company
  std::string scope;        // with blanks between; "" = not said
};
[[nodiscard]] std::string to_json(const OAuthPair& pair);
[[nodiscard]] std::optional<OAuthPair> pair_from(std::string json);

// An access token without a refresh token: a company's, exchanged for one location.
struct LocationToken {
  std::string access;
  std::int64_t issued_at_ms = 0, expires_at_ms = 0;
};

// The last twentieth of a token's life, at least 30 s as HighLevel's own client, at most 5 min; a quarter
// of very short lives.
[[nodiscard]] std::int64_t renewal_due_ms(std::int64_t issued_at_ms, std::int64_t expires_at_ms);

struct OAuthPlace {
  std::string base_url;  // of the API
  std::string ca_file;
  std::string api_version;
  OAuthClient client;
};

// <auth_url>/v2/oauth/chooselocation?...
[[nodiscard]] std::string authorise_address(const std::string& auth_url, const std::string& client_id,
                                            const std::string& redirect_uri, bool agency,
                                            const std::string& state);
// The values that the browser brought back: of a whole address, or of its query. A text without "=" is
// the code itself.
[[nodiscard]] std::map<std::string, std::string> brought_back(std::string_view text);

// Failures: stale = the code or refresh token is not accepted (used, revoked, too old); unauthorised =
// the client is not; ambiguous = no usable answer, the token may be used up; transient, rate_limited,
// malformed as everywhere.
class OAuthEndpoint {
 public:
  OAuthEndpoint(OAuthPlace place, Clock& clock);  // `clock` outlives it
  Result<OAuthPair> exchange(const std::string& code, const std::string& redirect_uri, bool agency);
  Result<OAuthPair> refresh(const OAuthPair& pair);
  // stale = the company's token is not accepted.
  Result<LocationToken> location_token(const OAuthPair& company, const std::string& location_id);

 private:
  using Form = std::vector<std::pair<std::string_view, std::string>>;
  Result<OAuthPair> ask(Form form, std::string_view what);
  OAuthPlace place_;
  Clock& clock_;
  http::RateGate gate_;
  http::Transport transport_;
};
}  // namespace tandem::highlevel
