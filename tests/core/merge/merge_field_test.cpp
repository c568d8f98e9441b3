#include "core/merge/merge_field.h"

#include <gtest/gtest.h>

#include "core/tuning.h"

namespace tandem {
namespace {

using Rule = ConflictRule;
constexpr auto kBoth = Direction::both;

// "" = cleared, "?" = never observed, "-" = not returned this time, "~x" = x, but unconfirmed.
FieldSight sight(const char* base_ctm, const char* base_highlevel, const char* ctm, const char* highlevel) {
  const auto of = [](std::string_view t) {
    if (t == "?") return FieldValue();
    if (t == "-") return FieldValue::absent();
    return FieldValue::of(std::string(t.starts_with('~') ? t.substr(1) : t));
  };
  FieldSight f{{of(base_ctm), of(base_highlevel)}, {of(ctm), of(highlevel)}, {}, {}};
  f.unconfirmed = {*ctm == '~', *highlevel == '~'};
  return f;
}

// The rows a person should read first. Rule hold, direction both, clears to_ctm: the defaults.
TEST(MergeField, FollowsTheGoldenTable) {
  constexpr auto same = Verdict::unchanged, met = Verdict::converged, ctm = Verdict::take_ctm,
                 hl = Verdict::take_highlevel, drop = Verdict::absorbed, fight = Verdict::conflict;
  const struct {
    const char *name, *base_ctm, *base_highlevel, *ctm, *highlevel;
    Verdict verdict;
    bool contested = false;
    // clang-format off
  } rows[] = {
      //                                             base ctm  base hl   ctm     highlevel
      {"nobody edited",                              "Ann",    "Ann",    "Ann",  "Ann",  same},
      {"a lossy copy is no edit",                    "Anneli", "Anne",   "Anneli", "Anne", same},
      {"neither side was read",                      "Ann",    "Ann",    "-",    "-",    same},
      {"nothing known at all",                       "?",      "?",      "?",    "?",    same},
      {"edited in CTM",                              "Ann",    "Ann",    "Anna", "Ann",  ctm},
      {"edited in HighLevel",                        "Ann",    "Ann",    "Ann",  "Anna", hl},
      {"edited in CTM, HighLevel not read",          "Ann",    "Ann",    "Anna", "-",    ctm},
      {"the same edit twice",                        "Ann",    "Ann",    "Anna", "Anna", met},
      {"first meeting, equal",                       "?",      "?",      "Ann",  "Ann",  met},
      {"first meeting, one side blank",              "?",      "?",      "Ann",  "",     ctm},
      {"first meeting, one side cannot show it",     "?",      "?",      "?",    "Ann",  hl},
      {"first meeting, both blank",                  "?",      "?",      "",     "",     same},
      {"first meeting, different",                   "?",      "?",      "Ann",  "Bea",  fight, true},
      {"first meeting, another case",                "?",      "?",      "ANN",  "Ann",  drop},
      {"first meeting, another spelling",            "?",      "?",      "Ann",  "A.nn", fight, true},
      {"two edits in different case",                "Bea",    "Bea",    "ANN",  "Ann",  fight, true},
      {"two different edits",                        "Ann",    "Ann",    "Anna", "Anne", fight, true},
      {"cleared in HighLevel travels to CTM",        "Ann",    "Ann",    "Ann",  "",     hl},
      {"cleared in CTM stays there",                 "Ann",    "Ann",    "",     "Ann",  drop},
      {"cleared in HighLevel, CTM not read",         "Ann",    "Ann",    "-",    "",     hl},
      {"cleared on both sides",                      "Ann",    "Ann",    "",     "",     met},
      {"cleared where nobody had anything",          "Ann",    "?",      "",     "?",    drop},
      {"cleared in HighLevel, edited in CTM",        "Ann",    "Ann",    "Anna", "",     fight, true},
      {"cleared in CTM, edited in HighLevel",        "Ann",    "Ann",    "",     "Anna", hl},
      {"caller-ID fills a blank",                    "",       "",       "~ANN", "",     ctm},
      {"caller-ID fills a blank at first meeting",   "?",      "?",      "~ANN", "?",    ctm},
      {"caller-ID yields at first meeting",          "?",      "?",      "~ANN", "Bea",  hl},
      {"caller-ID yields to what is agreed",         "Bea",    "Bea",    "~ANN", "Bea",  hl},
      {"caller-ID yields to a value not read now",   "Bea",    "Bea",    "~ANN", "-",    drop},
      {"caller-ID does not refill a cleared field",  "Bea",    "Bea",    "~ANN", "",     drop},
      {"caller-ID agreed before is no edit",         "ANN",    "ANN",    "~ANN", "ANN",  same},
      {"a name replaces an agreed caller-ID",        "ANN",    "ANN",    "~ANN", "Bea",  hl},
      // clang-format on
  };
  for (const auto& r : rows) {
    SCOPED_TRACE(r.name);
    const auto got = merge_field(sight(r.base_ctm, r.base_highlevel, r.ctm, r.highlevel), kBoth,
                                 Direction::to_ctm, Rule::hold);
    EXPECT_EQ(got.verdict, r.verdict);
    EXPECT_EQ(got.contested, r.contested);
  }
}

TEST(MergeField, TheRuleDecidesTwoDifferentEdits) {
  const auto decide = [](Rule rule, std::int64_t ctm_ms = 0, std::int64_t highlevel_ms = 0) {
    FieldSight f = sight("Ann", "Ann", "Anna", "Anne");
    f.edited_at_ms = {ctm_ms, highlevel_ms};
    const FieldMerge got = merge_field(f, kBoth, kBoth, rule);
    EXPECT_TRUE(got.contested);
    return got.verdict;
  };
  const auto lead = tuning::kClockToleranceMs;
  EXPECT_EQ(decide(Rule::ctm, 1, 99'000), Verdict::take_ctm);
  EXPECT_EQ(decide(Rule::highlevel, 99'000, 1), Verdict::take_highlevel);
  EXPECT_EQ(decide(Rule::hold, 1, 99'000), Verdict::conflict);
  EXPECT_EQ(decide(Rule::newest, 2 + lead, 1), Verdict::take_ctm);
  EXPECT_EQ(decide(Rule::newest, 1, 2 + lead), Verdict::take_highlevel);
  EXPECT_EQ(decide(Rule::newest, 1 + lead, 1), Verdict::take_ctm);
  EXPECT_EQ(decide(Rule::newest, 1, 1 + lead), Verdict::take_ctm) << "a tie goes to the fixed side";
  EXPECT_EQ(decide(Rule::newest, 5, 5), Verdict::take_ctm);
  EXPECT_EQ(decide(Rule::newest, 99'000, 0), Verdict::conflict) << "HighLevel gives no time";
  EXPECT_EQ(decide(Rule::newest, 0, 99'000), Verdict::conflict) << "CTM gives no time";
}

TEST(MergeField, OneWayFieldsTakeTheirSourceAndKeepTheLoserInTheAudit) {
  const FieldSight two = sight("Ann", "Ann", "Anna", "Anne");
  EXPECT_EQ(merge_field(two, Direction::to_highlevel, kBoth, Rule::hold),
            (FieldMerge{Verdict::take_ctm, true}));
  EXPECT_EQ(merge_field(two, Direction::to_ctm, kBoth, Rule::ctm),
            (FieldMerge{Verdict::take_highlevel, true}));
  EXPECT_EQ(merge_field(two, Direction::off, kBoth, Rule::ctm), FieldMerge{Verdict::absorbed});
  const FieldSight one = sight("Ann", "Ann", "Anna", "Ann");
  EXPECT_EQ(merge_field(one, Direction::to_highlevel, kBoth, Rule::hold), FieldMerge{Verdict::take_ctm});
  EXPECT_EQ(merge_field(one, Direction::to_ctm, kBoth, Rule::hold), FieldMerge{Verdict::absorbed});
}

TEST(MergeField, AClearNeedsBothSettingsToTravel) {
  const FieldSight cleared = sight("Ann", "Ann", "", "Ann");
  EXPECT_EQ(merge_field(cleared, kBoth, kBoth, Rule::hold), FieldMerge{Verdict::take_ctm});
  EXPECT_EQ(merge_field(cleared, kBoth, Direction::to_highlevel, Rule::hold), FieldMerge{Verdict::take_ctm});
  EXPECT_EQ(merge_field(cleared, kBoth, Direction::off, Rule::hold), FieldMerge{Verdict::absorbed});
  EXPECT_EQ(merge_field(cleared, Direction::to_ctm, kBoth, Rule::hold), FieldMerge{Verdict::absorbed});
  const FieldSight contested = sight("Ann", "Ann", "", "Anna");
  EXPECT_EQ(merge_field(contested, kBoth, kBoth, Rule::ctm), (FieldMerge{Verdict::take_ctm, true}));
  EXPECT_EQ(merge_field(contested, kBoth, Direction::to_ctm, Rule::ctm), FieldMerge{Verdict::take_highlevel});
  EXPECT_EQ(merge_field(contested, Direction::to_highlevel, kBoth, Rule::highlevel),
            (FieldMerge{Verdict::take_ctm, true}));
  EXPECT_EQ(merge_field(contested, Direction::to_highlevel, Direction::to_ctm, Rule::ctm),
            FieldMerge{Verdict::absorbed});
}

TEST(MergeField, TwoUnconfirmedNamesLeaveEachOtherAlone) {
  EXPECT_EQ(merge_field(sight("?", "?", "~ANN", "~BEA"), kBoth, kBoth, Rule::ctm),
            FieldMerge{Verdict::absorbed});
}

}  // namespace
}  // namespace tandem
