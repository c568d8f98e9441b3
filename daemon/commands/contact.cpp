#include "daemon/commands/contact.h"
#include <fmt/format.h>
#include <charconv>
#include <set>
#include "core/model/normalise.h"
#include "core/model/phone.h"
#include "daemon/commands/invocation.h"

namespace tandem {
PairId find_contact(SqliteStore& store, const std::string& contact, std::string_view default_country) {
  std::set<PairId> found;
  PairId number;
  const char* end = contact.data() + contact.size();
  if (std::from_chars(contact.data(), end, number.row).ptr == end && store.pair(number)) found.insert(number);
  for (const Side side : kSides) {
    if (const auto pair = store.pair_of(side, RecordId{contact})) found.insert(*pair);
  }
  if (const Phone phone = parse_phone(contact, default_country); phone.kind == PhoneKind::number) {
    for (const PairId pair : store.pairs_with(Identity::Kind::phone, phone.e164)) found.insert(pair);
  }
  if (contact.find('@') != std::string::npos) {
    for (const PairId pair : store.pairs_with(Identity::Kind::email, canonical_email(contact)))
      found.insert(pair);
  }
  if (found.empty()) {
    throw Exit{kExitFailed, "no pair answers to that; give a pair id, a remote id, a phone or an e-mail"};
  }
  if (found.size() > 1) {
    std::vector<std::int64_t> rows;
    for (const PairId pair : found) rows.push_back(pair.row);
    throw Exit{kExitFailed, fmt::format("{} pairs answer to that: {}; give one of these pair ids",
                                        rows.size(), fmt::join(rows, ", "))};
  }
  return *found.begin();
}
}  // namespace tandem
