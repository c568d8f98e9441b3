// Every number that is a judgement: unit, reason, source (D documented, C seen live, I inferred).
#pragma once
#include <cstdint>

namespace tandem::tuning {

// Two edits closer than this are a tie: neither remote clock is ours to trust.
inline constexpr std::int64_t kClockToleranceMs = 2'000;

// HighLevel says search may lag "a few seconds" (D); deletes lingered longer (C).
inline constexpr std::int64_t kHighLevelIndexLagMs = 60'000;
// CTM serves lists from a search index (I); no figure is published.
inline constexpr std::int64_t kCtmIndexLagMs = 60'000;

// HighLevel: overlap of the change feed; must exceed the index lag.
inline constexpr std::int64_t kHighLevelOverlapMs = 5 * 60'000;

// A re-plan after a verify-read found a change; more rounds mean somebody answers our writes.
inline constexpr int kMaxRoundsPerCycle = 3;

// Records per batch between enlist and settle: bounds what a crash leaves open.
inline constexpr int kApplyBatch = 16;

// Replaced values remembered per field (P33); older ones fall out.
inline constexpr int kReplacedKept = 8;

// A brake by percent needs at least this many writes: small links are not held for one edit.
inline constexpr std::int64_t kBrakeFloor = 10;

// Parked records are tried again only when something changed; nothing is retried by time alone.
inline constexpr int kMatchGroupMax = 64;  // more candidates around one phone or e-mail are held unread
}  // namespace tandem::tuning
