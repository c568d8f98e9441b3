// Where a reading of CTM stands, as the opaque text that the cycle keeps.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>
#include "core/ports/replica.h"
#include "daemon/ctm/ctm_time.h"

namespace tandem::ctm {

inline constexpr Day kOpenEnd = 1'000'000;  // no end_date: nothing is cut off by our clock
struct DayRange {
  Day from = 0, to = kOpenEnd;  // both included
  bool operator==(const DayRange&) const = default;
};

struct Cursor {
  enum class Phase : char { idle = 'i', activities = 'a', rows = 'r', records = 'c' } phase = Phase::idle;
  ReadKind kind = ReadKind::delta;
  std::int64_t watermark_s = 0;   // newest activity when the last complete activity phase ended; 0 = never
  std::int64_t newest_s = 0;      // newest activity seen in the pass under way
  std::int64_t floor_s = 0;       // activities older than this are not wanted in this pass
  std::vector<DayRange> windows;  // still to read, newest first; the first is being read
  std::int64_t page = 0;          // page under way in the phase or window; 0 = begin it
  std::int64_t seen = 0;          // entries so far in this window or listing
  std::int64_t total = -1;        // what its first page counted
  int attempt = 0;                // re-readings of this window or listing
  std::uint64_t pass = 0;         // names the listing that the replica holds in memory
  std::string hints;              // list and mapping at the last listing that was read to its end; "" = never
  std::string next;               // tail of the page to read; "" = build it
  bool operator==(const Cursor&) const = default;

  // The same remembered facts at the start of a pass.
  [[nodiscard]] Cursor restarted(ReadKind new_kind) const;
};

[[nodiscard]] std::string to_text(const Cursor& cursor);
[[nodiscard]] Cursor cursor_from(std::string_view text);  // what cannot be read is a fresh start
}  // namespace tandem::ctm
