// HighLevel's refusals, sorted by what to do next (dossier 6.2).
#pragma once
#include <string>
#include <string_view>

#include "core/result.h"
#include "daemon/highlevel/highlevel_codec.h"
#include "daemon/http/transport.h"

namespace tandem::highlevel {

// A scope of a private integration token.
inline constexpr std::string_view kReadContacts = "contacts.readonly";
inline constexpr std::string_view kWriteContacts = "contacts.write";
inline constexpr std::string_view kReadLocation = "locations.readonly";
inline constexpr std::string_view kReadCustomFields = "locations/customFields.readonly";

struct Asked {
  std::string_view route;  // e.g. "GET /contacts/{id}"
  std::string_view scope;  // what it needs
  std::string record;      // contact id, "" = none
  bool effect = false;     // may have changed something although the answer is no success
};

constexpr bool is_success(int status) { return status >= 200 && status < 300; }

// Of an answer that is no success. gone only where the remote says in its own words that this very
// contact does not exist: an unknown route or a page of HTML proves nothing.
[[nodiscard]] Error error_of(const http::Answer& answer, const Asked& asked, const Codec& codec);

// 401 for want of a scope, as opposed to a token that is not accepted.
[[nodiscard]] bool lacks_scope(const http::Answer& answer);
[[nodiscard]] bool refuses_token(const http::Answer& answer);
// 422 because a property is not on the route's list.
[[nodiscard]] bool refuses_property(const http::Answer& answer, std::string_view property);
}  // namespace tandem::highlevel
