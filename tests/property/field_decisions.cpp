#include <gtest/gtest.h>

#include <set>

#include "core/merge/merge_field.h"
#include "core/model/normalise.h"
#include "core/tuning.h"
#include "tests/property/decisions.h"

namespace tandem::decisions {
namespace {

FieldValue name(const char* raw) { return canonical(FieldType::name, {false, raw, {}}, "US"); }

// unknown, absent, cleared, x, y; x spelled so that its canonical form is the same; x in another case.
const FieldValue kValues[] = {FieldValue(),    FieldValue::absent(), FieldValue::cleared(),
                              name("Zoé Lee"), name("Bea Marx"),     name(" Zoe\xCC\x81  Lee "),
                              name("ZOÉ LEE")};
constexpr Direction kDirections[] = {Direction::both, Direction::to_highlevel, Direction::to_ctm,
                                     Direction::off};

// A rule, and for `newest` what the two clocks say.
struct Contest {
  const char* name;
  ConflictRule rule;
  PerSide<std::int64_t> edited_at_ms;
};
constexpr std::int64_t kEarly = 100'000, kLate = kEarly + tuning::kClockToleranceMs + 1,
                       kTie = kEarly + tuning::kClockToleranceMs;
const Contest kContests[] = {
    {"hold", ConflictRule::hold, {kEarly, kLate}},
    {"ctm", ConflictRule::ctm, {kEarly, kLate}},
    {"highlevel", ConflictRule::highlevel, {kLate, kEarly}},
    {"newest, a time is missing", ConflictRule::newest, {0, kLate}},
    {"newest, CTM's", ConflictRule::newest, {kLate, kEarly}},
    {"newest, HighLevel's", ConflictRule::newest, {kEarly, kLate}},
    {"newest, a tie", ConflictRule::newest, {kEarly, kTie}},
};

// What one side did since the field last agreed.
enum Deed { blank, same, hidden, edited, guessed, cleared };
const char* const kDeeds[] = {"blank", "same", "hidden", "edited", "guessed", "cleared"};

Deed deed_of(const FieldSight& f, Side s) {
  const std::string &base = f.base[s].text(), &seen = f.seen[s].text();
  if (!f.seen[s].is_observed()) return base.empty() ? blank : hidden;
  if (seen == base) return seen.empty() ? blank : same;
  if (seen.empty()) return cleared;
  return f.unconfirmed[s] ? guessed : edited;
}

// What decides besides the deeds.
enum Relation { differ, alike, same_word };
const char* const kRelations[] = {"", "alike: ", "first meeting, same word: "};

Relation relation_of(const FieldSight& f) {
  if (f.seen.ctm.is_observed() && f.seen.highlevel.is_observed() &&
      f.seen.ctm.text() == f.seen.highlevel.text())
    return alike;
  const bool met = f.base.ctm.is_observed() || f.base.highlevel.is_observed();
  const bool values = f.seen.ctm.is_value() && f.seen.highlevel.is_value();
  return !met && values && differs_in_case_only(f.seen.ctm.text(), f.seen.highlevel.text()) ? same_word
                                                                                            : differ;
}

std::string to_text(const FieldMerge& merge) {
  const char* const words[] = {
      "nothing",        "agreed",  "CTM's goes to HighLevel", "HighLevel's goes to CTM",
      "stays as it is", "**held**"};
  std::string out = words[static_cast<int>(merge.verdict)];
  if (merge.contested && merge.verdict != Verdict::conflict) out += ", the other is audited";
  return out;
}

// The decisions of one state: by direction, clears and contest, in the order of the tables above.
using Decided = std::vector<std::string>;
Decided ask(FieldSight f) {
  Decided out;
  for (const auto direction : kDirections)
    for (const auto clears : kDirections)
      for (const auto& contest : kContests) {
        f.edited_at_ms = contest.edited_at_ms;
        out.push_back(to_text(merge_field(f, direction, clears, contest.rule)));
      }
  return out;
}

template <class Range, class Part>
void fold(const Range& range, const Part& part_of,
          const std::function<void(const std::vector<std::size_t>&)>& visit) {
  std::vector<std::vector<std::size_t>> groups;
  for (std::size_t i = 0; i < std::size(range); ++i) {
    const auto it = std::find_if(groups.begin(), groups.end(),
                                 [&](const auto& g) { return part_of(g.front()) == part_of(i); });
    if (it == groups.end())
      groups.push_back({i});
    else
      it->push_back(i);
  }
  for (const auto& group : groups) visit(group);
}

std::string names(const std::vector<std::size_t>& group, std::size_t all,
                  const std::function<std::string(std::size_t)>& name_of) {
  if (group.size() == all) return "any";
  std::vector<std::string> out;
  for (const std::size_t i : group) out.push_back(name_of(i));
  return joined(out, "; ");
}

// Settings that decide alike become one row.
std::string policy_rows(const std::string& number, const Decided& decided) {
  constexpr std::size_t n = std::size(kDirections), m = std::size(kContests);
  const auto slice = [&](std::size_t at, std::size_t size) {
    const auto begin = decided.begin() + static_cast<std::ptrdiff_t>(at);
    return Decided(begin, begin + static_cast<std::ptrdiff_t>(size));
  };
  const auto direction = [](std::size_t i) { return std::string(tandem::to_text(kDirections[i])); };
  std::string out;
  fold(
      kDirections, [&](std::size_t d) { return slice(d * n * m, n * m); },
      [&](const auto& ds) {
        fold(
            kDirections, [&](std::size_t c) { return slice((ds.front() * n + c) * m, m); },
            [&](const auto& cs) {
              const std::size_t at = (ds.front() * n + cs.front()) * m;
              fold(
                  kContests, [&](std::size_t r) { return decided[at + r]; },
                  [&](const auto& rs) {
                    out += line({number, names(ds, n, direction), names(cs, n, direction),
                                 names(rs, m, [](std::size_t i) { return std::string(kContests[i].name); }),
                                 decided[at + rs.front()]});
                  });
            });
      });
  return out;
}
}  // namespace

std::string fields() {
  std::map<std::tuple<Deed, Deed, Relation>, std::set<Decided>> classes;
  long states = 0;
  for (const auto& base_ctm : kValues)
    for (const auto& base_highlevel : kValues)
      for (const auto& ctm : kValues)
        for (const auto& highlevel : kValues)
          for (const bool guess_ctm : {false, true})
            for (const bool guess_highlevel : {false, true}) {
              const FieldSight f{
                  {base_ctm, base_highlevel}, {ctm, highlevel}, {guess_ctm, guess_highlevel}, {}};
              classes[{deed_of(f, Side::ctm), deed_of(f, Side::highlevel), relation_of(f)}].insert(ask(f));
              ++states;
            }

  Answers answers("F");
  std::vector<Decided> decided;
  std::string matrix = head({"CTM \\ HighLevel", "blank", "same", "hidden", "edited", "guessed", "cleared"});
  for (int row = blank; row <= cleared; ++row) {
    std::vector<std::string> cells{"**" + std::string(kDeeds[row]) + "**"};
    for (int column = blank; column <= cleared; ++column) {
      std::vector<std::string> cell;
      for (const Relation relation : {differ, alike, same_word}) {
        const auto it = classes.find({static_cast<Deed>(row), static_cast<Deed>(column), relation});
        if (it == classes.end()) continue;
        EXPECT_EQ(it->second.size(), 1U)
            << "states of one cell are decided differently; the table needs another "
            << "word: " << kDeeds[row] << ", " << kDeeds[column];
        const std::size_t known = answers.all().size();
        const std::string number = answers.number_of(joined(*it->second.begin(), "\n"));
        if (cell.empty() || cell.front() != number) cell.push_back(kRelations[relation] + number);
        if (answers.all().size() > known) decided.push_back(*it->second.begin());
      }
      cells.push_back(joined(cell, "<br>"));
    }
    matrix += line(cells);
  }

  std::string rows = head({"", "`direction`", "`clears`", "`conflict`", "then"});
  for (std::size_t i = 0; i < decided.size(); ++i)
    rows += policy_rows("F" + std::to_string(i + 1), decided[i]);
  return "## One field of a linked pair\n\n"
         "What a side did since the field last agreed: **blank** shows nothing and showed nothing; **same** "
         "shows what "
         "it showed; **hidden** did not show the field this time, its last value is known; **edited** shows "
         "another "
         "value; **guessed** shows another value that is only the carrier's caller ID; **cleared** shows a "
         "blank "
         "where a value was. Two values are alike when their canonical forms are.\n\n" +
         std::to_string(states) +
         " states (base and seen of both sides: unknown, absent, cleared, x, y, x in another "
         "spelling, x in another case; each side confirmed or not) under " +
         std::to_string(std::size(kDirections)) + " directions, " + std::to_string(std::size(kDirections)) +
         " settings of `clears` and " + std::to_string(std::size(kContests)) +
         " outcomes of `conflict` give " + std::to_string(decided.size()) + " different behaviours:\n\n" +
         matrix + "\n" + rows;
}
}  // namespace tandem::decisions
