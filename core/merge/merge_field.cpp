#include "core/merge/merge_field.h"

#include <optional>
#include <string_view>

#include "core/model/normalise.h"
#include "core/tuning.h"

namespace tandem {
namespace {

using Text = std::optional<std::string_view>;  // nullopt = blank

Text text_of(const FieldValue& value) {
  if (!value.is_value()) return std::nullopt;
  return value.text();
}

struct Now {
  Text value;  // what the side holds as far as we know: seen, else its base
  bool edited = false;
  bool shaky = false;  // an unconfirmed value
};

Now now_of(const FieldSight& field, Side side) {
  const FieldValue& seen = field.seen[side];
  const Text base = text_of(field.base[side]);
  if (!seen.is_observed()) return {base, false, false};
  const Text value = text_of(seen);
  return {value, value != base, field.unconfirmed[side]};
}

constexpr Verdict take(Side s) { return s == Side::ctm ? Verdict::take_ctm : Verdict::take_highlevel; }

class Merge {
 public:
  Merge(const FieldSight& field, Direction direction, Direction clears, ConflictRule rule)
      : field_(field), direction_(direction), clears_(clears), rule_(rule) {
    for (const Side s : kSides) now_[s] = now_of(field, s);
  }

  FieldMerge decide() const {
    if (!now_.ctm.edited && !now_.highlevel.edited) return {Verdict::unchanged};
    const bool both_seen = field_.seen.ctm.is_observed() && field_.seen.highlevel.is_observed();
    if (both_seen && now_.ctm.value == now_.highlevel.value) return {Verdict::converged};
    if (now_.ctm.edited && now_.highlevel.edited) return two_edits();
    return one_edit(now_.ctm.edited ? Side::ctm : Side::highlevel);
  }

 private:
  bool flows(Side target) const { return flows_to(direction_, target); }
  bool clear_flows(Side target) const { return flows(target) && flows_to(clears_, target); }

  // The value of `from`, if it may go over.
  FieldMerge give(Side from) const { return {flows(other(from)) ? take(from) : Verdict::absorbed}; }

  FieldMerge one_edit(Side by) const {
    const Side rest = other(by);
    const bool rest_has_value = now_[rest].value.has_value();
    if (!now_[by].value) return {rest_has_value && clear_flows(rest) ? take(by) : Verdict::absorbed};
    if (!now_[by].shaky || !rest_has_value) return give(by);
    // An unconfirmed value yields; a base that is not seen now is no value to go back with.
    if (!field_.seen[rest].is_observed()) return {Verdict::absorbed};
    return give(rest);
  }

  FieldMerge two_edits() const {
    for (const Side s : kSides)
      if (!now_[s].value) return clear_against_value(s);
    if (now_.ctm.shaky && now_.highlevel.shaky) return {Verdict::absorbed};
    for (const Side s : kSides)
      if (now_[s].shaky) return give(other(s));
    return by_rule();
  }

  FieldMerge clear_against_value(Side cleared) const {
    const Side kept = other(cleared);
    if (now_[kept].shaky)
      return {Verdict::absorbed};  // a person cleared it: caller-ID does not fill it again
    if (!clear_flows(kept)) return give(kept);
    return by_rule();
  }

  FieldMerge by_rule() const {
    if (direction_ == Direction::off || is_same_word()) return {Verdict::absorbed};
    if (direction_ != Direction::both) {
      const Side source = flows(Side::highlevel) ? Side::ctm : Side::highlevel;
      return {take(source), /*contested=*/true};
    }
    switch (rule_) {
      case ConflictRule::ctm:
        return {Verdict::take_ctm, true};
      case ConflictRule::highlevel:
        return {Verdict::take_highlevel, true};
      case ConflictRule::newest:
        return {newest(), true};
      case ConflictRule::hold:
        break;
    }
    return {Verdict::conflict, true};
  }

  // Met for the first time in another case: nobody edited anything, so each side keeps its spelling.
  bool is_same_word() const {
    return !field_.base.ctm.is_observed() && !field_.base.highlevel.is_observed() &&
           differs_in_case_only(*now_.ctm.value, *now_.highlevel.value);
  }

  Verdict newest() const {
    const std::int64_t ctm = field_.edited_at_ms.ctm, highlevel = field_.edited_at_ms.highlevel;
    if (ctm == 0 || highlevel == 0) return Verdict::conflict;
    return highlevel > ctm && highlevel - ctm > tuning::kClockToleranceMs ? Verdict::take_highlevel
                                                                          : Verdict::take_ctm;
  }

  const FieldSight& field_;
  Direction direction_;
  Direction clears_;
  ConflictRule rule_;
  PerSide<Now> now_;
};

}  // namespace

FieldMerge merge_field(const FieldSight& field, Direction direction, Direction clears, ConflictRule rule) {
  return Merge(field, direction, clears, rule).decide();
}

}  // namespace tandem
