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

// How long after a write of ours another source of the person may show it for the first time: CTM carries an
// edit on to the contact and its rows at once (I), its lists lag, and a cycle may be missed.
inline constexpr std::int64_t kEchoMs = 30 * 60'000;
// The newest activities that are told what to expect; older ones are read again by a full sweep only.
inline constexpr int kEchoActivities = 8;

// A deletion is proved by two direct reads that far apart: longer than any index lag we know of, so that a
// record that is only being moved or restored shows itself (I).
inline constexpr std::int64_t kDeletionProofMs = 5 * 60'000;

// A complete listing that lost more than this of what was known is not believed (P12) ...
inline constexpr std::int64_t kCanaryPercent = 20;
// ... unless it lost only a few: small accounts are tidied up, too ...
inline constexpr std::int64_t kCanaryFew = 3;
// ... or it has shown the same loss for a day: by then somebody would have noticed an outage.
inline constexpr std::int64_t kCanaryMs = 24 * 60 * 60'000;

// Somebody answers our writes: so many agreed changes of one field in a row, each from the side that we had
// just written to, each within the time below. A person corrects once or twice; a workflow never tires.
inline constexpr int kAnswersHeld = 4;
inline constexpr std::int64_t kAnswerMs = 60 * 60'000;

// What was refused is tried again after an hour, then after four times as long each, a week at most; at
// once when a value or the mapping changes.
inline constexpr std::int64_t kRetryFirstMs = 60 * 60'000;
inline constexpr int kRetryGrowth = 4;
inline constexpr std::int64_t kRetryMostMs = 7LL * 24 * 60 * 60'000;

// Rows of each kind dropped in one full cycle when they are older than the history is kept.
inline constexpr int kCompactRows = 5'000;

inline constexpr int kMatchGroupMax = 64;  // more candidates around one phone or e-mail are held unread
}  // namespace tandem::tuning
