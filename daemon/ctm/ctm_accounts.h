// The account's own contacts (surface `account`). Reading is evidenced, writing is inferred: which
// verbs exist is tried and remembered, and what does not exist is `unsupported`.
#pragma once
#include <cstdint>
#include <set>
#include <span>
#include <string>
#include <vector>
#include "core/model/write.h"
#include "core/ports/replica.h"
#include "daemon/ctm/ctm_client.h"
#include "daemon/ctm/ctm_cursor.h"
#include "daemon/ctm/ctm_facts.h"

namespace tandem::ctm {

class Accounts {
 public:
  Accounts(const CtmSettings& settings, Client& client, const Codec& codec, Facts& facts, Clock& clock);

  // One page of the listing; `true` when it is over. out.completed only with its count checked.
  Result<bool> read(Cursor& cursor, Page& out);
  std::vector<Result<Evidence>> fetch(std::span<const std::string> ids);
  // By a full listing: nothing is known of how the server searches.
  Result<Found> find(const NaturalKey& key);

  Result<Receipt> create(const Write& write);
  Result<Receipt> update(const Write& write);
  Result<Receipt> remove(const Write& write);

 private:
  Result<RecordPage> step(Cursor& cursor);
  [[nodiscard]] std::string body_of(const WireFields& set, const std::string& number) const;
  void learn(const RecordPage& page);

  const CtmSettings& settings_;
  Client& client_;
  const Codec& codec_;
  Facts& facts_;
  Clock& clock_;
  std::set<std::string, std::less<>> ids_;  // of the listing under way
  std::uint64_t pass_ = 0;                  // names that listing; 0 = none
  std::vector<std::string> last_ids_;
};
}  // namespace tandem::ctm
