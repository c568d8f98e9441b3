// State of one pair and the policy in, everything that should happen out, each with its reason.
// Pure: no store, clock, network, logger or JSON. Same input, same bytes.
#pragma once
#include <map>
#include <string>
#include <string_view>
#include <vector>
#include "core/merge/merge_field.h"
#include "core/model/audit.h"
#include "core/model/capabilities.h"
#include "core/model/pair.h"
#include "core/model/source.h"
#include "core/model/write.h"
#include "core/rules/policy.h"

namespace tandem {

// Whose key a new number is (P39). own_alias: this pair's, with evidence under it. taken: another
// pair's that still shows it. nobody: one of the account's own numbers (P35).
enum class KeyOwner : std::uint8_t { free, own_alias, taken, nobody };

struct PlanInput {
  const PairState* pair = nullptr;
  PerSide<const Capabilities*> capabilities{};
  // Of a side without records, the primary key's: rows and activities, newest first. One with
  // lag_until_ms set was written by us and may not show it yet.
  PerSide<std::vector<SourceRow>> sources;
  PerSide<bool> writable{true, true};  // the side answers and is authorised
  PerSide<bool> row_is_missing{};      // its row may have left the list: no target, and none is added
  std::int64_t now_ms = 0;             // ours; only for what is parked and may be tried again
  std::string policy_digest;           // of mapping and policy: part of what releases a parked record
  KeyOwner new_key = KeyOwner::free;   // of the number that the other side's phone says now
};

// PlannedWrite::changed_by of a correction (P33).
inline constexpr std::string_view kCorrection = "tandem";

struct PlannedWrite {
  Side side = Side::ctm;
  Write write;              // native form
  FieldMap fields, before;  // canonical
  FieldEntries also;  // what other sources of the person show there and the remote may carry the write to
  TagSet tags;
  std::map<std::string, std::string, std::less<>> why;  // by field; "" = the action
  std::string changed_by;
  bool overwrites = false;  // replaces an existing, different value: counts for the update brake
  bool rekey = false;       // create under a new number, or removal of the old row (P39)
  bool correction = false;  // puts a stale source right (P33); value known, nobody's edit
  bool deletion = false;    // the person is to go there: deleted on the other side, or to be erased
  std::string ask;          // why it waits for a person whatever the brakes say; "" = it does not
  std::string key;          // digest: pair, side, kind, values
};

struct BaseChange {
  std::string field;
  PerSide<FieldValue> base;
  bool agreed = false;
  std::string changed_by;
};

// What becomes of a pair once a deletion is proved and nothing is left to write for it (P14, P15).
struct Ending {
  PairStatus status = PairStatus::tombstone;  // tombstone, or `only` the side that goes on
  std::string reason;
  bool erase = false;  // forget: everything of the pair goes
};

struct PairPlan {
  PairId pair;
  std::vector<PlannedWrite> writes;
  std::vector<BaseChange> bases;             // converged and absorbed: settled without a write
  PerSide<std::optional<TagSet>> base_tags;  // likewise; nullopt = unchanged
  RecordId adopt_key;                  // an alias becomes the key, nothing is written for that ("" = no)
  std::vector<ConflictRow> conflicts;  // held
  std::vector<ConflictRow> decided;    // contested and decided by rule or person: audit before the write
  std::vector<std::string> used_resolutions;  // fields
  std::vector<Parked> parked;                 // new value of PairState::parked
  std::string note;                           // why nothing is written where something might be expected
  bool unsettled = false;                     // a source may not show our write yet: look again later
  std::optional<Ending> ending;               // the pair takes another form, without any write
};

[[nodiscard]] PairPlan plan(const PlanInput& input, const Policy& policy);

// What a refusal was about (Parked::input): while it is the same, the write is not tried again.
[[nodiscard]] std::string field_input(const PairState& pair, std::string_view field,
                                      std::string_view policy_digest);
[[nodiscard]] std::string parked_input(const PairState& pair, std::string_view parked_field,
                                       std::string_view policy_digest);  // Parked::field
[[nodiscard]] std::string record_input(const PairState& pair, std::string_view policy_digest);
}  // namespace tandem
