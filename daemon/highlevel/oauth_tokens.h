// The access token of one installation, renewed before it ends and once when it is refused. A refresh
// token can be used once, so: one refresher at a time across processes, room for the new pair before the
// old one is spent, and the new pair durable before it is used. One thread at a time.
#pragma once
#include <functional>
#include <optional>
#include <string>

#include "daemon/highlevel/oauth.h"
#include "daemon/highlevel/token_shelf.h"

namespace tandem::highlevel {

class OAuthTokens {
 public:
  struct Settings {
    OAuthPlace place;
    std::string location_id;
    std::string link;                      // for the advice in messages
    std::function<bool()> stop_requested;  // no refresh is begun any more; empty = never
  };
  OAuthTokens(Settings settings, TokenShelf& shelf, Clock& clock);  // both outlive it

  // Good for requests now. Failures: unauthorised, with the command that helps; transient, rate_limited.
  // None of them says that something was done with a record.
  Result<std::string> token();
  // After a 401 to `refused`. The same one = nothing better is to be had just now.
  Result<std::string> renew(const std::string& refused);

 private:
  Result<std::string> give(const std::string& refused);
  Result<std::string> location_token(const std::string& refused);
  Result<void> have_pair(const std::string& refused);
  Result<void> under_lock(const std::string& refused);
  Result<void> lock();
  Result<void> take_stored();
  Result<void> refresh();
  Result<void> keep(const OAuthPair& next);
  [[nodiscard]] bool is_good(const std::string& refused) const;
  [[nodiscard]] tl::unexpected<Error> needs_person(std::string why) const;

  Settings settings_;
  TokenShelf& shelf_;
  Clock& clock_;
  OAuthEndpoint endpoint_;
  std::optional<OAuthPair> pair_;
  LocationToken location_;                  // of a company's pair
  std::string unstored_;                    // a pair that was received and could not be kept
  std::string dead_;                        // a refresh token that HighLevel refuses
  std::int64_t quiet_until_ms_ = 0;         // a refresh failed while the token is still good
  std::int64_t refused_refresh_at_ms_ = 0;  // last one that a 401 caused
};
}  // namespace tandem::highlevel
