// CONTACT on the command line: a pair id, either remote id, a phone or an e-mail.
#pragma once
#include <string>
#include <string_view>
#include "core/model/ids.h"
#include "storage/sqlite/sqlite_store.h"

namespace tandem {
// Throws Exit 1 when nothing or more than one pair answers to it; the message does not repeat it.
[[nodiscard]] PairId find_contact(SqliteStore& store, const std::string& contact,
                                  std::string_view default_country);
}  // namespace tandem
