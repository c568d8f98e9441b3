// Where a listing through contacts/search stands, and whether the page that came is the one that
// follows (P12, P42). Pure; travels as the opaque cursor, so that a restart goes on where it was.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "core/ports/replica.h"
#include "core/result.h"
#include "daemon/highlevel/highlevel_codec.h"

namespace tandem::highlevel {

// Both kinds sort ascending and page by searchAfter, so a row that changes while we page moves ahead
// of us and never behind. full: by dateAdded, which does not change, so every row comes once and can
// be counted. delta: by dateUpdated, from the watermark minus the overlap.
//
// A listing that is shorter than the remote's own total is read once more from its start. full: it
// is claimed as complete only if the second one is not short; an empty one needs to be empty twice.
// delta: the watermark moves on if the second one is not short, or short by exactly as many (then
// it is the total that is wrong); else it stays, and the next cycle reads the same span again.
struct Listing {
  ReadKind kind = ReadKind::delta;
  std::int64_t watermark_ms =
      0;  // delta: newest stamp of the last run, 0 = read everything. full: newest when it began
  std::int64_t newest_ms = 0;  // delta: newest stamp met in this run
  int pass = 1;
  std::int64_t rows = 0;          // counted in this pass
  std::int64_t total = -1;        // the most the remote claimed in this pass; -1 = it does not say
  std::int64_t missing = 0;       // pass 2: how many rows pass 1 was short of
  std::int64_t key = 0;           // sort key of the last row
  std::vector<std::string> tied;  // ids of the last page's rows with that key
  std::string after;              // JSON; "" = first page
  bool operator==(const Listing&) const = default;

  [[nodiscard]] std::int64_t since_ms() const;  // of the filter; 0 = none
};

// Anything that is no cursor of that kind starts anew: delta from the beginning if it is unreadable.
[[nodiscard]] Listing listing_from(ReadKind kind, const std::string& cursor);
[[nodiscard]] std::string cursor_of(const Listing& listing);
// What a finished run leaves: a delta that starts at this watermark. "" for 0.
[[nodiscard]] std::string cursor_at(std::int64_t watermark_ms);

struct Step {
  Listing next;
  bool more = false;
  bool complete = false;  // full: every row was seen, the count is checked
  std::string cursor;     // for Page::next
};
// malformed: rows that came before, rows out of order, or a page that cannot be continued.
// `newest_max_ms`: no stamp beyond it becomes a watermark; 0 = no bound. One contact stamped in the
// future would hide every edit until then.
[[nodiscard]] Result<Step> advance(const Listing& at, const SearchPage& page, int limit,
                                   std::int64_t newest_max_ms = 0);
}  // namespace tandem::highlevel
