// Which field of one side is which field of the other, and how values travel. Built from the
// configuration, checked once (P21), immutable afterwards.
#pragma once
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>
#include "core/model/capabilities.h"
#include "core/model/normalise.h"
#include "core/model/side.h"

namespace tandem {

enum class Direction : std::uint8_t { both, to_highlevel, to_ctm, off };
[[nodiscard]] std::optional<Direction> direction_from(std::string_view text);
[[nodiscard]] std::string_view to_text(Direction d);
constexpr bool flows_to(Direction d, Side target) {
  return d == Direction::both || d == (target == Side::ctm ? Direction::to_ctm : Direction::to_highlevel);
}

enum class ConflictRule : std::uint8_t { hold, ctm, highlevel, newest };
[[nodiscard]] std::optional<ConflictRule> conflict_rule_from(std::string_view text);
[[nodiscard]] std::string_view to_text(ConflictRule r);

struct FieldRule {
  std::string name;  // canonical, or custom:NAME
  FieldType type = FieldType::text;
  PerSide<std::string> native;  // e.g. custom:project_kind / custom:contact.project_kind
  Direction direction = Direction::both;
  Direction clears = Direction::to_ctm;  // may a blank travel
  ConflictRule conflict = ConflictRule::hold;
  std::vector<std::pair<std::string, std::string>>
      values;  // (ctm, highlevel); the canonical value is HighLevel's
};

// A canonical field that is half of a name: CTM shows and takes names whole.
[[nodiscard]] inline bool is_name_part(std::string_view field) {
  return field == "first_name" || field == "last_name";
}

class Mapping {
 public:
  Mapping() = default;
  // `own_numbers`, E.164: the account's, for phone parsing. Rules keep their order; duplicate names
  // are the configuration's business (config refuses them first).
  Mapping(std::vector<FieldRule> rules, std::string default_country);

  // first_name last_name email phone company address1 city state postal_code country website, all
  // `both`, `hold`, clears `to_ctm`. company and website have no native CTM field (native.ctm "").
  [[nodiscard]] static std::vector<FieldRule> standard_rules();

  [[nodiscard]] const std::vector<FieldRule>& rules() const { return rules_; }
  [[nodiscard]] const FieldRule* find(std::string_view name) const;
  [[nodiscard]] const std::string& default_country() const { return default_country_; }

  // Native names a codec must decode and hash on that side; rules with direction off or no native
  // name there are left out. CTM also gets "name" wherever first_name or last_name is mapped.
  [[nodiscard]] std::vector<std::string> native_names(Side side) const;

  // Of everything that changes how wire values become canonical ones; seeds the wire hashes.
  [[nodiscard]] std::uint64_t fingerprint() const;

  // Wire values to canonical text under native names ("name" stays whole). Unmapped names are dropped.
  [[nodiscard]] FieldMap normalise(Side side, const WireFields& wire) const;

  // Native to canonical field names: value maps; a whole "name" is split, and as long as
  // join(known first, known last) equals it the known split stands. `known` = base, else seen, of
  // that pair. first_name/last_name shown beside "name" win over the split.
  [[nodiscard]] FieldMap project(Side side, const FieldMap& native, const FieldMap& known) const;

  // Canonical to wire values for a write. Only names in `changed` are returned, except that first
  // and last name travel together to a side whose capabilities say joined_name (both native names
  // plus "name"). A cleared value becomes a blank WireValue.
  [[nodiscard]] WireFields to_native(Side side, const FieldMap& changed, const FieldMap& whole,
                                     const Capabilities& capabilities) const;

  // Round-trip law: for every rule and both sides, canonical(native(x)) == x and a second trip is a
  // no-op, over the value maps and a built-in corpus. One text per problem, naming the rule and the
  // value that breaks it. A lossy map is accepted only one-way.
  [[nodiscard]] std::vector<std::string> check() const;

 private:
  std::vector<FieldRule> rules_;
  std::string default_country_ = "US";
};
}  // namespace tandem
