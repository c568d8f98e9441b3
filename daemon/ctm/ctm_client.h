// Requests to one CTM account, and the only place they are made. It refuses, before anything leaves,
// every request that is not on its list: nothing may start a call, a text or a form submission (P43).
#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>
#include "core/ports/clock.h"
#include "daemon/ctm/ctm_codec.h"
#include "daemon/ctm/ctm_settings.h"
#include "daemon/http/transport.h"

namespace tandem::ctm {

// `tail` is what follows /accounts/<id>, query included, e.g. "/calls/12/modify". Reads: the account,
// its numbers, users, custom fields, lists, calls and contacts. Effects: modify and tag of one call,
// add_contact and remove_contacts of one list, the account's contacts. Everything else is refused.
[[nodiscard]] bool is_allowed(std::string_view method, std::string_view tail);

// once: no answer means `ambiguous`. repeatable: CTM takes it twice without harm (dossier 6.5).
enum class Effect : std::uint8_t { once, repeatable };

struct Reply {
  int status = 0;
  Body body;  // empty when the answer was empty or not JSON
  bool is_json = false, is_blank = false;
  std::string words;     // what the remote says went wrong: reason, error, message or errors; "" = nothing
  std::string field;     // native name, where `errors` names one
  bool refused = false;  // the body says error, whatever the status (soft errors come with 200)
};

class Client {
 public:
  Client(const CtmSettings& settings, http::RateGate& gate, Clock& clock);

  void set_credential(const std::string& credential);

  // A reading that must be JSON; anything else is an error sorted by what to do next. `what` names it
  // in messages ("list CL12, page 3") and holds no contact's value.
  Result<Body> read(const std::string& tail, std::string_view what);
  std::vector<Result<Body>> read_all(std::span<const std::string> tails, std::span<const std::string> whats);

  // An effect. The reply is whatever the remote said; errors are only the want of one and 401, 403,
  // 429. `sorted` turns a refusal into an Error.
  Result<Reply> write(const std::string& method, const std::string& tail, std::string body, Effect effect,
                      std::string_view what, std::string_view content_type = "application/json");
  [[nodiscard]] std::optional<Error> refusal(const Reply& reply,
                                             std::string_view what) const;  // nullopt: it was accepted

  // The tail of the page after `page`: the URL the answer names when it is of this host and of
  // `resource` ("/calls"), else `resource`?`query`page=N. "" = the listing has ended. `rows` were on
  // this page, `seen` so far in all.
  struct Place {
    std::string resource, query;
    std::int64_t page = 1, rows = 0, seen = 0;
  };
  [[nodiscard]] std::string following(const Envelope& envelope, const Place& place) const;

  [[nodiscard]] std::int64_t requests_sent() const { return transport_.requests_sent(); }

 private:
  Result<Body> sort_reading(Result<http::Answer> answer, std::string_view what) const;
  [[nodiscard]] std::optional<Error> sort_status(const Reply& reply, std::string_view what,
                                                 bool effect) const;

  std::string origin_;        // scheme://host[:port]
  std::string account_path_;  // [/prefix]/api/v1/accounts/<id>
  std::int64_t account_id_;
  std::string user_agent_;
  Clock& clock_;
  http::Transport transport_;
};

[[nodiscard]] std::string base64(std::string_view bytes);
}  // namespace tandem::ctm
