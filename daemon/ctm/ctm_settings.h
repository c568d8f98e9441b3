// What the CTM side of one link is configured to be.
#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>
#include "daemon/http/rate_gate.h"

namespace tandem {

// How CTM contacts are reached. automatic: decided by reading only, once, and remembered: the named
// list with activities, the list alone, account contacts, activities alone, the first that answers.
// Account contacts come late because nothing read-only can tell whether they take writes.
enum class ContactSurface : std::uint8_t { list_and_activity, list, account, activity, automatic };
[[nodiscard]] std::optional<ContactSurface> contact_surface_from(std::string_view text);
[[nodiscard]] std::string_view to_text(ContactSurface surface);  // as the configuration spells it

struct CtmSettings {
  std::string base_url = "https://api.calltrackingmetrics.com";  // "/api/v1" is added
  std::int64_t account_id = 0;
  std::string credential;  // ACCESS_KEY:SECRET_KEY
  ContactSurface contact_surface = ContactSurface::list_and_activity;
  std::string list;                                     // name or id; needed by the surfaces with a list
  std::string default_country = "US";                   // for numbers without a country
  std::int64_t activity_overlap_ms = 2LL * 86'400'000;  // late data: re-read at least this far back
  std::int64_t activity_since_ms = 365LL * 86'400'000;  // how far back the first and every full reading goes
  http::Budget budget{8, 1'000, 0, 0};                  // CTM documents 10 a second (D), errors count too
  http::RateGate* shared_gate =
      nullptr;          // one gate for links that share a key; outlives the replica. nullptr = own
  std::string ca_file;  // "" = the system's
  std::string user_agent = "tandem";
  std::vector<std::string> native_names;  // Mapping::native_names(Side::ctm)
  std::uint64_t mapping_fingerprint = 0;  // Mapping::fingerprint(): seeds the wire hashes

  // Makes learned() durable at once. Called before the removal of a row that is about to be added
  // again: what the row holds beside the mapped fields must survive a kill between the two.
  std::function<void()> save_learned;
  std::function<bool()> stop_requested;  // see http::Settings; empty = never
};
}  // namespace tandem
