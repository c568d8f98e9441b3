// Undo of a run (P28): what is still as the run left it goes back, the rest is listed with its reason.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>
#include <set>
#include "core/merge/undo.h"

namespace tandem {
namespace {
const std::vector<std::string> kFields = {"city", "email", "phone", "address1"};
const std::vector<std::string> kTags = {"vip", "new"};

int below(int n) { return *rc::gen::inRange(0, n); }

FieldValue value() {
  const int n = below(4);
  return n == 0 ? FieldValue::cleared() : FieldValue::of(std::string(1, static_cast<char>('a' + n)));
}

// A run as it can be: what it wrote to each place in turn, each row replacing what the one before left.
struct Life {
  std::map<PairId, PairState> pairs;
  std::vector<HistoryRow> rows;
};

Life a_life() {
  Life out;
  for (int i = 1; i <= 3; ++i) {
    PairState p;
    p.id = {i};
    p.status = below(5) == 0 ? PairStatus::tombstone : PairStatus::linked;
    for (const auto& field : kFields)
      for (const Side s : kSides) p.fields[field].seen[s] = value();
    for (const Side s : kSides) p.seen_tags[s] = TagSet{};
    out.pairs[p.id] = p;
  }
  for (int n = below(12); n > 0; --n) {
    HistoryRow row;
    row.run = 7;
    row.pair = {1 + below(3)};
    row.side = static_cast<Side>(below(2));
    PairState& p = out.pairs[row.pair];
    if (below(4) == 0) {
      const std::string& tag = kTags.at(static_cast<std::size_t>(below(2)));
      row.field = "tags";
      TagSet& tags = *p.seen_tags[row.side];
      const bool had = tags.count(tag) != 0;
      row.action = had ? "tag_remove" : "tag_add";
      (had ? row.old_value : row.new_value) = FieldValue::of(tag);
      if (had)
        tags.erase(tag);
      else
        tags.insert(tag);
    } else {
      row.action = "update";
      row.field = kFields.at(static_cast<std::size_t>(below(4)));
      row.old_value = p.fields[row.field].seen[row.side];
      row.new_value = value();
      p.fields[row.field].seen[row.side] = row.new_value;
    }
    out.rows.push_back(row);
  }
  for (auto& [id, p] : out.pairs)  // and what people did since
    if (below(3) == 0) p.fields["city"].seen[static_cast<Side>(below(2))] = value();
  return out;
}

Undo undo_of(const Life& life) {
  return undo(7, life.rows, [&](PairId id) -> std::optional<PairState> {
    const auto it = life.pairs.find(id);
    return it == life.pairs.end() ? std::nullopt : std::optional(it->second);
  });
}

RC_GTEST_PROP(UndoLaws, EachPlaceTheRunWroteIsListedOnce, ()) {
  const Life life = a_life();
  using Place = std::tuple<std::int64_t, Side, std::string, std::string>;
  std::set<Place> written, listed;
  for (const auto& row : life.rows)
    written.insert({row.pair.row, row.side, row.field,
                    row.field == "tags" ? row.old_value.text() + row.new_value.text() : ""});
  const Undo found = undo_of(life);
  for (const auto& line : found.lines) {
    const std::string tag = line.left_by_run.is_value() ? line.left_by_run.text() : line.to.text();
    if (line.field != "tags" || !tag.empty())
      RC_ASSERT(
          listed.insert({line.pair.row, line.side, line.field, line.field == "tags" ? tag : ""}).second);
  }
  RC_ASSERT(found.lines.size() == written.size());
}

RC_GTEST_PROP(UndoLaws, WhatIsAsTheRunLeftItGoesBackAndNothingElse, ()) {
  const Life life = a_life();
  const Undo found = undo_of(life);
  std::size_t decided = 0;
  for (const auto& [pair, fields] : found.decisions) {
    RC_ASSERT(life.pairs.at(pair).status == PairStatus::linked);
    decided += fields.size();
  }
  std::set<std::pair<PairId, std::string>> back;
  for (const auto& line : found.lines) {
    const PairState& p = life.pairs.at(line.pair);
    if (line.field == "tags") {
      if (line.kept.empty()) {
        const bool goes = line.left_by_run.is_value();
        const std::string tag = goes ? line.left_by_run.text() : line.to.text();
        RC_ASSERT((p.seen_tags[line.side]->count(tag) != 0) == goes);
        const auto& r = found.decisions.at(line.pair).at(std::string(Resolution::kTagPrefix) + tag);
        RC_ASSERT(r.take == (goes ? Resolution::Take::clear : Resolution::Take::value));
        back.insert({line.pair, std::string(Resolution::kTagPrefix) + tag});
      }
      continue;
    }
    std::size_t sides = 0;
    for (const auto& other : found.lines) sides += other.pair == line.pair && other.field == line.field;
    const bool stands = p.fields.at(line.field).seen[line.side] == line.left_by_run;
    const bool is_to_go = p.status == PairStatus::linked && stands && line.to != line.left_by_run &&
                          line.field != "phone" && sides == 1;
    RC_ASSERT(line.kept.empty() == is_to_go);
    if (!is_to_go) continue;
    const auto& r = found.decisions.at(line.pair).at(line.field);
    RC_ASSERT(r.decided_on == p.fields.at(line.field).seen);
    RC_ASSERT(r.why == "undo of run 7");
    RC_ASSERT(r.take == (line.to.is_value() ? Resolution::Take::value : Resolution::Take::clear));
    if (line.to.is_value()) RC_ASSERT(r.value == line.to.text());
    RC_ASSERT(r.only == (line.to.is_value() ? std::nullopt : std::optional(line.side)));
    back.insert({line.pair, line.field});
  }
  RC_ASSERT(decided == back.size());
}

RC_GTEST_PROP(UndoLaws, ASecondTimeNothingIsLeftToPutBack, ()) {
  Life life = a_life();
  for (const auto& [pair, fields] : undo_of(life).decisions)
    for (const auto& [field, r] : fields) {
      PairState& p = life.pairs.at(pair);
      const bool is_tag = field.starts_with(Resolution::kTagPrefix);
      for (const Side s : kSides) {
        if (r.only && *r.only != s) continue;
        if (is_tag && r.take == Resolution::Take::clear)
          p.seen_tags[s]->erase(field.substr(Resolution::kTagPrefix.size()));
        else if (is_tag)
          p.seen_tags[s]->insert(field.substr(Resolution::kTagPrefix.size()));
        else
          p.fields[field].seen[s] =
              r.take == Resolution::Take::value ? FieldValue::of(r.value) : FieldValue::cleared();
      }
    }
  RC_ASSERT(undo_of(life).decisions.empty());
}
}  // namespace
}  // namespace tandem
