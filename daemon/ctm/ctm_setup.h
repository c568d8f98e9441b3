// What open() finds out about the account: its zone, its own numbers, the list, the custom fields.
#pragma once
#include <optional>
#include <set>
#include <string>
#include "daemon/ctm/ctm_client.h"
#include "daemon/ctm/ctm_facts.h"
#include "daemon/ctm/ctm_time.h"

namespace tandem::ctm {

struct AccountSetup {
  std::optional<Zone> zone;  // nullopt: not said, or a name nobody knows
  std::set<std::string, std::less<>>
      own_numbers;  // E.164: tracking, receiving, users'; what the key may read of them
  ContactSurface surface = ContactSurface::list_and_activity;  // never automatic
  std::string list_id;                                         // "" where the surface has no list
};

// unauthorised: key or account. rejected: everything at once that the account contradicts, the list
// and the custom fields. `facts` gives and keeps what contact_surface = "auto" came to.
[[nodiscard]] Result<AccountSetup> set_up(Client& client, const Codec& codec, const CtmSettings& settings,
                                          Facts& facts);
}  // namespace tandem::ctm
