// One pair: a person on one side, on the other, or linked on both, with everything the planner
// needs. Stored whole; every id ever seen belongs to exactly one pair (P30).
#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>
#include "core/model/field.h"
#include "core/model/ids.h"
#include "core/model/side.h"

namespace tandem {

enum class PairStatus : std::uint8_t { linked, held, ctm_only, highlevel_only, ignored, tombstone };
[[nodiscard]] std::string_view to_text(PairStatus status);
[[nodiscard]] std::optional<PairStatus> pair_status_from(std::string_view text);
constexpr PairStatus only(Side s) {
  return s == Side::ctm ? PairStatus::ctm_only : PairStatus::highlevel_only;
}

// base: what each side showed when the field last agreed. seen: what it shows now. Both canonical.
struct PairField {
  PerSide<FieldValue> base, seen;
  std::int64_t version = 0;  // counts agreed changes
  std::string changed_by;    // ctm, highlevel, rule:NAME, person; "" = never agreed
  std::int64_t changed_at_ms = 0;
  PerSide<std::int64_t> edited_at_ms{};  // by that side's own clock; 0 = it gives none
  PerSide<bool> unconfirmed{};           // the seen value may only fill a blank (P34)
  int answers = 0;  // agreed changes in a row that each came from the side we had just written to
  bool operator==(const PairField&) const = default;
};

// The fold of one native field over a person's sources (merge/fold.h). Only for sides that have no
// records of their own.
struct FoldField {
  FieldValue value;  // what the side as a whole shows
  bool unconfirmed = false;
  std::int64_t edited_at_ms = 0;     // by the remote's clock: of the activity that set it, or the feed's
                                     // high-water when a person's edit was seen
  std::vector<FieldValue> replaced;  // by writes of ours, and not set again by a person since (P33)
  bool operator==(const FoldField&) const = default;
};
using FoldState = std::map<std::string, FoldField, std::less<>>;

// A person's decision, applied by the next plan and then forgotten. Kept under the name of a field (a held
// conflict, an undo), under kTagPrefix + a tag (value = both sides should have it, clear = neither), or
// under kForget (the person is to be erased everywhere).
struct Resolution {
  static constexpr std::string_view kTagPrefix = "tag:";
  static constexpr std::string_view kForget = "!forget";

  enum class Take : std::uint8_t { ctm, highlevel, value, clear } take = Take::ctm;
  std::string value;               // canonical, for Take::value
  PerSide<FieldValue> decided_on;  // void when either side has moved on since; of a tag or kForget not asked
  std::string why{};               // for the history; "" = a person decided
  std::optional<Side> only{};      // value, clear: there alone; what the other side shows may stay
  bool operator==(const Resolution&) const = default;
};

// Why a record, or one of its fields, is left alone until something changes.
struct Parked {
  // field: the remote refused several at once and named none; until it is found, they go one by one.
  static constexpr std::string_view kOneOfSeveral = "*";

  Side side = Side::ctm;
  std::string record_id, field;  // field "" = the whole record
  std::string reason;            // may hold the remote's own words: state only
  std::int64_t since_ms = 0;
  int attempts = 1;
  std::string input;          // digest of the values and mapping that were refused: another input releases it
  std::int64_t retry_ms = 0;  // then it is tried once more all the same; 0 = never by time alone
  [[nodiscard]] bool is_due(std::int64_t now_ms) const { return retry_ms != 0 && retry_ms <= now_ms; }
  bool operator==(const Parked&) const = default;
};

struct Identity {
  enum class Kind : std::uint8_t { id, phone, email } kind = Kind::id;
  Side side = Side::ctm;
  std::string value;  // canonical
  bool alias = false;
  auto operator<=>(const Identity&) const = default;
};

[[nodiscard]] bool has_identity(const std::vector<Identity>& all, Side side, Identity::Kind kind,
                                std::string_view value);

struct PairState {
  PairId id;
  PairStatus status = PairStatus::held;
  std::string reason;  // why it has that status; no contact values
  std::int64_t since_ms = 0;
  PerSide<RecordId> record;  // "" = none on that side
  std::map<std::string, PairField, std::less<>> fields;
  PerSide<std::optional<TagSet>> base_tags, seen_tags;  // nullopt = unknown
  std::int64_t tags_version = 0;
  std::string tags_changed_by;
  std::int64_t tags_changed_at_ms = 0;
  PerSide<FoldState> fold;
  int tags_answers = 0;                // as PairField::answers
  PerSide<bool> made_by_us{};          // the record (HighLevel) or list row (CTM) was created by tandem
  PerSide<std::int64_t> deleted_ms{};  // when its deletion there was proved (P12); 0 = it is there
  bool left_alone = false;  // by a person's ruling: ignored until it is linked again, or held and no question
  std::int64_t dead_mark_ms = 0;  // tombstone: the other side's newest activity then, by its clock (P15)
  std::map<std::string, Resolution, std::less<>> resolutions;
  std::vector<Parked> parked;
  bool dirty = true;  // wants planning; derived, may be set on any doubt
  bool operator==(const PairState&) const = default;
};

// By the records it has: linked, or a person on one side only.
[[nodiscard]] PairStatus status_by_records(const PairState& pair);

// The record's deletion is agreed: its id stays with the pair as an alias (P15), what `side` showed is
// forgotten, and the pair is a person on the other side only. Identities are the caller's business.
void forget_side(PairState& pair, Side side);

[[nodiscard]] FieldMap seen_of(const PairState& pair, Side side);
[[nodiscard]] FieldMap base_of(const PairState& pair, Side side);
}  // namespace tandem
