// What CTM says when it refuses. Errors come under several keys, and soft ones with status 200 (C).
#pragma once
#include <string>
#include "daemon/ctm/ctm_json.h"

namespace tandem::ctm {

struct Refusal {
  bool is_error =
      false;          // the body itself says so: status error, success false, or an error text without data
  std::string words;  // reason > error > message > errors, flattened; may quote a contact's values
  std::string field;  // native name, where `errors` is keyed by a field
};
[[nodiscard]] Refusal refusal_of(const Json& root);
// The body of a success says so: a known word for it, or the thing itself. A cache, a portal or another
// service's status page says something else with the same 200.
[[nodiscard]] bool says_done(const Json& root);
[[nodiscard]] bool says_missing(std::string_view words);  // "call not found", "notfound"
[[nodiscard]] bool says_present(std::string_view words);  // "already in the list", "duplicate", "taken"
}  // namespace tandem::ctm
