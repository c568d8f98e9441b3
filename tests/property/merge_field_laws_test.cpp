// merge_field over every state there is, against a table written from the rules R1-R5, P23 and P34,
// and the laws that hold for all of them: mirror symmetry, P18, P23.
#include <gtest/gtest.h>

#include <functional>
#include <string>

#include "core/merge/merge_field.h"
#include "core/model/normalise.h"
#include "core/tuning.h"

namespace tandem {
namespace {

constexpr Direction kDirections[] = {Direction::both, Direction::to_highlevel, Direction::to_ctm,
                                     Direction::off};
constexpr ConflictRule kRules[] = {ConflictRule::hold, ConflictRule::ctm, ConflictRule::highlevel,
                                   ConflictRule::newest};

FieldValue name(const char* raw) { return canonical(FieldType::name, {false, raw, {}}, "US"); }

// unknown, absent, cleared, x, y, and x in two other spellings: one that is the same canonical text, one that
// is the same word in another case.
const FieldValue kValues[] = {FieldValue(),    FieldValue::absent(), FieldValue::cleared(),
                              name("Zoé Lee"), name("Bea Marx"),     name(" Zoe\xCC\x81  Lee "),
                              name("ZOÉ LEE")};

struct Setting {
  Direction direction, clears;
  ConflictRule rule;
};

void for_each_sight(const std::function<void(const FieldSight&)>& visit) {
  for (const auto& base_ctm : kValues)
    for (const auto& base_highlevel : kValues)
      for (const auto& ctm : kValues)
        for (const auto& highlevel : kValues)
          for (const bool doubt_ctm : {false, true})
            for (const bool doubt_highlevel : {false, true})
              visit({{base_ctm, base_highlevel}, {ctm, highlevel}, {doubt_ctm, doubt_highlevel}, {}});
}

void for_each_setting(const std::function<void(const Setting&)>& visit) {
  for (const auto direction : kDirections)
    for (const auto clears : kDirections)
      for (const auto rule : kRules)
        if (!testing::Test::HasFatalFailure())
          visit({direction, clears, rule});  // one broken state says enough
}

std::string describe(const FieldSight& f, const Setting& s) {
  const auto text = [](const FieldValue& v) {
    const char* blanks[] = {"unknown", "absent", "cleared"};
    return v.is_value() ? v.text() : std::string(blanks[static_cast<int>(v.presence())]);
  };
  return "base " + text(f.base.ctm) + " / " + text(f.base.highlevel) + ", seen " + text(f.seen.ctm) +
         (f.unconfirmed.ctm ? "?" : "") + " / " + text(f.seen.highlevel) +
         (f.unconfirmed.highlevel ? "?" : "") + ", direction " + std::string(to_text(s.direction)) +
         ", clears " + std::string(to_text(s.clears)) + ", rule " + std::string(to_text(s.rule));
}

// ---- the oracle. What a side did, in one letter:
//   o  unedited, shows its value      b  unedited, value known but not shown now
//   .  unedited, blank                V  edited to a value      U  shows an unconfirmed value, new      C
//   cleared
char deed(const FieldSight& f, Side s) {
  const std::string base = f.base[s].text(), seen = f.seen[s].text();
  if (!f.seen[s].is_observed()) return base.empty() ? '.' : 'b';
  if (seen == base) return seen.empty() ? '.' : 'o';
  if (seen.empty()) return 'C';
  return f.unconfirmed[s] ? 'U' : 'V';
}

// Rows: what the one side did; columns: what the other did. The cell says what follows:
//   =  nothing      >  the row's value goes over      <  the column's value goes over
//   )  the row's clear goes over      (  the column's clear goes over      a  nothing travels
//   !  contested      [  the column's clear contests the row's value, else the row's value goes over
//   ]  the same with row and column exchanged
// clang-format off
//                            .    o    b    V    U    C
const char kTable[6][7] = {
    /* .  unedited, blank */ {'=', '=', '=', '<', '<', 'a'},
    /* o  unedited        */ {'=', '=', '=', '<', '>', '('},
    /* b  not shown       */ {'=', '=', '=', '<', 'a', '('},
    /* V  edited          */ {'>', '>', '>', '!', '>', '['},
    /* U  unconfirmed     */ {'>', '<', 'a', '<', 'a', 'a'},
    /* C  cleared         */ {'a', ')', ')', ']', 'a', 'a'},
    // clang-format on
};

FieldMerge expected(const FieldSight& f, const Setting& s) {
  const std::string_view letters = ".obVUC";
  const char left = deed(f, Side::ctm), right = deed(f, Side::highlevel);
  const char cell = kTable[letters.find(left)][letters.find(right)];
  if (cell == '=') return {Verdict::unchanged};
  const bool both_shown = f.seen.ctm.is_observed() && f.seen.highlevel.is_observed();
  if (both_shown && f.seen.ctm.text() == f.seen.highlevel.text()) return {Verdict::converged};

  const bool over = s.direction == Direction::both || s.direction == Direction::to_highlevel;
  const bool back = s.direction == Direction::both || s.direction == Direction::to_ctm;
  const bool clear_over = over && (s.clears == Direction::both || s.clears == Direction::to_highlevel);
  const bool clear_back = back && (s.clears == Direction::both || s.clears == Direction::to_ctm);
  const FieldMerge to_highlevel{Verdict::take_ctm}, to_ctm{Verdict::take_highlevel},
      nothing{Verdict::absorbed};
  const auto contest = [&]() -> FieldMerge {
    if (over && !back) return {Verdict::take_ctm, true};
    if (back && !over) return {Verdict::take_highlevel, true};
    if (!over) return nothing;
    if (s.rule == ConflictRule::ctm) return {Verdict::take_ctm, true};
    if (s.rule == ConflictRule::highlevel) return {Verdict::take_highlevel, true};
    if (s.rule == ConflictRule::hold || f.edited_at_ms.ctm == 0 || f.edited_at_ms.highlevel == 0)
      return {Verdict::conflict, true};
    const bool highlevel_leads = f.edited_at_ms.highlevel - f.edited_at_ms.ctm > tuning::kClockToleranceMs;
    return {highlevel_leads ? Verdict::take_highlevel : Verdict::take_ctm, true};
  };
  const bool first_meeting = !f.base.ctm.is_observed() && !f.base.highlevel.is_observed();
  const auto in_upper_case = [](const FieldValue& v) {
    return v.text() == "Zoé Lee" ? std::string("ZOÉ LEE") : v.text();
  };
  switch (cell) {
    case '>':
      return over ? to_highlevel : nothing;
    case '<':
      return back ? to_ctm : nothing;
    case ')':
      return clear_over ? to_highlevel : nothing;
    case '(':
      return clear_back ? to_ctm : nothing;
    case '!':
      return first_meeting && in_upper_case(f.seen.ctm) == in_upper_case(f.seen.highlevel) ? nothing
                                                                                           : contest();
    case '[':
      return clear_back ? contest() : over ? to_highlevel : nothing;
    case ']':
      return clear_over ? contest() : back ? to_ctm : nothing;
    default:
      return nothing;
  }
}

TEST(MergeFieldLaws, EveryStateFollowsTheTable) {
  const PerSide<std::int64_t> clocks[] = {{0, 0},         {9'000, 0},      {0, 9'000},     {9'000, 8'000},
                                          {8'000, 9'000}, {90'000, 8'000}, {8'000, 90'000}};
  long checked = 0, wrong = 0;
  for_each_sight([&](FieldSight f) {
    for_each_setting([&](const Setting& s) {
      for (const auto& clock : clocks) {
        if (clock != clocks[0] && s.rule != ConflictRule::newest)
          continue;  // P18 below says they change nothing
        f.edited_at_ms = clock;
        ++checked;
        if (merge_field(f, s.direction, s.clears, s.rule) == expected(f, s)) continue;
        if (++wrong <= 5) ADD_FAILURE() << describe(f, s);
      }
    });
  });
  EXPECT_EQ(wrong, 0);
  EXPECT_EQ(checked, 7L * 7 * 7 * 7 * 4 * (4 * 4 * (3 + 7)));
}

template <class T>
PerSide<T> mirror(const PerSide<T>& p) {
  return {p.highlevel, p.ctm};
}
Direction mirror(Direction d) {
  if (d == Direction::to_ctm) return Direction::to_highlevel;
  return d == Direction::to_highlevel ? Direction::to_ctm : d;
}
ConflictRule mirror(ConflictRule r) {
  if (r == ConflictRule::ctm) return ConflictRule::highlevel;
  return r == ConflictRule::highlevel ? ConflictRule::ctm : r;
}
Verdict mirror(Verdict v) {
  if (v == Verdict::take_ctm) return Verdict::take_highlevel;
  return v == Verdict::take_highlevel ? Verdict::take_ctm : v;
}

TEST(MergeFieldLaws, MirroredStatesHaveMirroredVerdicts) {
  long wrong = 0;
  for_each_sight([&](FieldSight f) {
    f.edited_at_ms = {90'000, 8'000};  // no tie: that one names a side
    for_each_setting([&](const Setting& s) {
      const FieldSight g{mirror(f.base), mirror(f.seen), mirror(f.unconfirmed), mirror(f.edited_at_ms)};
      const FieldMerge one = merge_field(f, s.direction, s.clears, s.rule);
      const FieldMerge two = merge_field(g, mirror(s.direction), mirror(s.clears), mirror(s.rule));
      if (one.contested == two.contested && one.verdict == mirror(two.verdict)) return;
      if (++wrong <= 5) ADD_FAILURE() << describe(f, s);
    });
  });
  EXPECT_EQ(wrong, 0);
}

TEST(MergeFieldLaws, ClocksDecideNothingUnlessTheRuleIsNewest) {  // P18
  long wrong = 0;
  for_each_sight([&](FieldSight f) {
    for_each_setting([&](const Setting& s) {
      if (s.rule == ConflictRule::newest) return;
      f.edited_at_ms = {};
      const FieldMerge still = merge_field(f, s.direction, s.clears, s.rule);
      for (const PerSide<std::int64_t>& clock :
           {PerSide<std::int64_t>{1, 86'400'000}, {86'400'000, 1}, {5, 5}}) {
        f.edited_at_ms = clock;
        if (merge_field(f, s.direction, s.clears, s.rule) != still && ++wrong <= 5)
          ADD_FAILURE() << describe(f, s);
      }
    });
  });
  EXPECT_EQ(wrong, 0);
}

TEST(MergeFieldLaws, SkewWithinTheToleranceFallsBackToTheFixedSide) {  // P18
  FieldSight f{{name("Zoé"), name("Zoé")}, {name("Bea"), name("Cy")}, {}, {}};
  for (std::int64_t skew = -tuning::kClockToleranceMs; skew <= tuning::kClockToleranceMs; skew += 250) {
    f.edited_at_ms = {1'000'000, 1'000'000 + skew};
    EXPECT_EQ(merge_field(f, Direction::both, Direction::both, ConflictRule::newest),
              (FieldMerge{Verdict::take_ctm, true}));
  }
}

// What a verdict writes over: nullptr = nothing is written.
const FieldValue* overwritten(const FieldSight& f, Verdict v) {
  if (v == Verdict::take_ctm) return &f.seen.highlevel;
  return v == Verdict::take_highlevel ? &f.seen.ctm : nullptr;
}
const FieldValue& sent(const FieldSight& f, Verdict v) {
  return v == Verdict::take_ctm ? f.seen.ctm : f.seen.highlevel;
}

TEST(MergeFieldLaws, EmptyBasesNeverEraseAndNeverOverwriteByThemselves) {  // P23
  for_each_sight([&](const FieldSight& f) {
    if (f.base.ctm.is_observed() || f.base.highlevel.is_observed()) return;
    for_each_setting([&](const Setting& s) {
      const FieldMerge got = merge_field(f, s.direction, s.clears, s.rule);
      const FieldValue* target = overwritten(f, got.verdict);
      if (target == nullptr) return;
      ASSERT_TRUE(sent(f, got.verdict).is_value()) << "a blank erased: " << describe(f, s);
      // A differing value goes only where the policy says so, with an audit row, or where it was only
      // caller-ID.
      const Side lost = got.verdict == Verdict::take_ctm ? Side::highlevel : Side::ctm;
      ASSERT_TRUE(!target->is_value() || got.contested || f.unconfirmed[lost]) << describe(f, s);
    });
  });
}

TEST(MergeFieldLaws, UnconfirmedValuesNeverOverwriteAndNeverContest) {  // P34
  for_each_sight([&](const FieldSight& f) {
    for_each_setting([&](const Setting& s) {
      const FieldMerge got = merge_field(f, s.direction, s.clears, s.rule);
      for (const Side side : kSides) {
        const Side rest = other(side);
        const bool fresh =
            f.unconfirmed[side] && f.seen[side].is_value() && f.seen[side].text() != f.base[side].text();
        if (!fresh) continue;
        ASSERT_FALSE(got.contested) << describe(f, s);
        if (got.verdict != (side == Side::ctm ? Verdict::take_ctm : Verdict::take_highlevel)) continue;
        const FieldValue& there = f.seen[rest].is_observed() ? f.seen[rest] : f.base[rest];
        ASSERT_FALSE(there.is_value()) << describe(f, s);
      }
    });
  });
}

TEST(MergeFieldLaws, AWriteIsAlwaysLicensedByAnEditAndADirection) {  // R1-R5, P1
  for_each_sight([&](const FieldSight& f) {
    for_each_setting([&](const Setting& s) {
      const FieldMerge got = merge_field(f, s.direction, s.clears, s.rule);
      if (overwritten(f, got.verdict) == nullptr) return;
      const Side to = got.verdict == Verdict::take_ctm ? Side::highlevel : Side::ctm;
      const auto edited = [&](Side x) {
        return f.seen[x].is_observed() && f.seen[x].text() != f.base[x].text();
      };
      ASSERT_TRUE(flows_to(s.direction, to)) << describe(f, s);
      ASSERT_TRUE(f.seen[other(to)].is_observed()) << describe(f, s);
      ASSERT_TRUE(edited(other(to)) || (edited(to) && f.unconfirmed[to]) ||
                  (edited(to) && f.seen[to].is_cleared()))
          << describe(f, s);
      ASSERT_TRUE(sent(f, got.verdict).is_value() || flows_to(s.clears, to)) << describe(f, s);
    });
  });
}

}  // namespace
}  // namespace tandem
