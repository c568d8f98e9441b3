// One remote system, as the cycle sees it. Implemented by daemon/ctm, daemon/highlevel and, for
// tests, straight on the simulators' models. Not thread-safe: one lane owns it.
#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>
#include "core/model/capabilities.h"
#include "core/model/evidence.h"
#include "core/model/write.h"
#include "core/result.h"

namespace tandem {

// delta: what may have changed since the cursor, with overlap; may repeat what is known.
// full: everything in scope.
enum class ReadKind : std::uint8_t { delta, full };

struct Page {
  std::vector<Evidence> evidence;
  std::string next;  // opaque; give it back for the next page; after the last page: the cursor to keep
  bool more = false;
  std::vector<SourceKind> completed;  // kinds whose listing is complete with this page, its count checked
  std::int64_t high_water_ms = 0;     // newest activity known so far by the remote's clock; 0 = none
};

// What to read again right before a write, and after a doubtful one. No sources: the record by id.
struct FetchRequest {
  RecordId record;
  std::vector<SourceRef> sources;
};

struct NaturalKey {
  std::string phone, email;
};  // canonical; "" = not asked
struct Found {
  std::vector<Evidence> evidence;  // everything that carries either key
  std::int64_t as_of_ms = 0;  // our clock: the remote had at least what was written before as_of - index lag
};

struct Receipt {
  RecordId record;              // a create's new id
  std::vector<Evidence> shown;  // read back after the write
  bool awaiting_index = false;  // accepted, but no reading can show it yet
};

class Replica {
 public:
  virtual ~Replica() = default;

  // Reads settings, field definitions, the list. Call before a cycle; cheap when nothing is due.
  // unauthorised: the message names the key or scope and the side. rejected: configuration that the
  // remote contradicts (no such list, unknown custom field), said for all of them at once.
  virtual Result<void> open() = 0;

  [[nodiscard]] virtual const Capabilities& capabilities() const = 0;

  // The account's own numbers, E.164: tracking, business, agents (P35). Valid after open().
  [[nodiscard]] virtual const std::set<std::string, std::less<>>& own_numbers() const = 0;

  // One page. cursor "" = from the start. malformed: the page was refused, keep the cursor.
  // An activity feed is read before list rows, so that `high_water_ms` is known for the rows.
  virtual Result<Page> read_page(ReadKind kind, const std::string& cursor) = 0;

  // Authoritative readings, in the order asked. gone: the direct read says it does not exist; a row
  // that its list no longer shows is an empty vector. Results match requests one to one.
  virtual std::vector<Result<std::vector<Evidence>>> fetch(std::span<const FetchRequest> requests) = 0;

  // Proof of absence before a create, and what a lost create left behind.
  virtual Result<Found> find(const NaturalKey& key) = 0;

  // Performs each write once. Never retries after `ambiguous`. Results match writes one to one.
  // They are settled in the order given: what a receipt shows was read after every earlier write.
  virtual std::vector<Result<Receipt>> apply(std::span<const Write> writes) = 0;

  // Facts learned by doing (an add that updates, a page size): kept with the state and given back
  // before open(). Keys are the replica's own.
  [[nodiscard]] virtual std::map<std::string, std::string> learned() const { return {}; }
  virtual void recall(const std::map<std::string, std::string>& facts) { (void)facts; }

  struct Usage {
    std::int64_t requests = 0;                        // since construction, reads and writes
    std::int64_t day_limit = -1, day_remaining = -1;  // -1 = the remote does not say
  };
  [[nodiscard]] virtual Usage usage() const = 0;

  // How many requests a write costs, for plan's price tag.
  [[nodiscard]] virtual int cost_of(WriteKind kind) const = 0;
};
}  // namespace tandem
