// Ids are opaque text at the border: CTM's activity ids exceed 32 bits, its list ids are strings,
// HighLevel's are 20 letters.
#pragma once
#include <compare>
#include <cstdint>
#include <string>

namespace tandem {

// One person on one side. HighLevel: the contact id. CTM: the number in E.164, which is its key.
struct RecordId {
  std::string text;
  auto operator<=>(const RecordId&) const = default;
};

struct PairId {
  std::int64_t row = 0;  // 0 = not stored yet
  auto operator<=>(const PairId&) const = default;
};

// Where evidence of a person was seen. A record speaks for the whole person and can be read by id;
// a row (of a list) and an activity are partial sources of their own.
enum class SourceKind : std::uint8_t { record, row, activity };
struct SourceRef {
  SourceKind kind = SourceKind::record;
  std::string id;  // unique within side and kind
  auto operator<=>(const SourceRef&) const = default;
};

// XXH3-128 of the mapped wire values as they came; equal means nothing to do.
struct WireHash {
  std::uint64_t low = 0, high = 0;
  bool operator==(const WireHash&) const = default;
};
}  // namespace tandem
