#include "core/merge/undo.h"

#include <map>
#include <tuple>
#include <utility>

#include <fmt/format.h>

namespace tandem {
namespace {
struct Written {  // all that a run did to one field of one record, or to one tag
  HistoryRow first, last;
};

bool is_tag(const HistoryRow& row) { return row.field == "tags"; }

// A tag is a thing of its own; of a field the first old and the last new value count.
auto key_of(const HistoryRow& row) {
  const std::string tag = is_tag(row) ? row.old_value.text() + row.new_value.text() : std::string();
  return std::tuple(row.pair, row.side, row.field, tag);
}

class Undoing {
 public:
  Undoing(std::int64_t run, const std::function<std::optional<PairState>(PairId)>& pair)
      : why_(fmt::format("undo of run {}", run)), pair_(pair) {}

  void add(const Written& w) {
    UndoLine line{w.last.pair, w.last.side, w.last.field, w.last.new_value, w.first.old_value, {}};
    if (is_tag(w.last) && !w.last.new_value.is_value()) line.left_by_run = FieldValue::cleared();
    line.kept = is_tag(w.last) ? tag(w) : field(w);
    out_.lines.push_back(std::move(line));
  }

  // A value that the run put on both sides replaced two others: only a person can say which one it was.
  void take_back_doubles() {
    std::map<std::pair<PairId, std::string>, int> sides;
    for (const auto& line : out_.lines)
      if (line.field != "tags" && !line.field.empty()) ++sides[{line.pair, line.field}];
    for (auto& line : out_.lines) {
      const auto it = sides.find({line.pair, line.field});
      if (it == sides.end() || it->second < 2 || !line.kept.empty()) continue;
      line.kept = "the run wrote it on both sides; edit the side that should have its old value back";
      out_.decisions[line.pair].erase(line.field);
    }
    std::erase_if(out_.decisions, [](const auto& entry) { return entry.second.empty(); });
  }

  Undo take() { return std::move(out_); }

 private:
  std::string field(const Written& w) {
    if (w.last.action == "create") return "made a record, which overwrote nothing; delete it by hand";
    if (w.last.action == "delete") return "removed a record; make it again by hand";
    if (w.last.action != "update" || w.last.field.empty()) return "no overwrite";
    if (w.last.field == "phone") return "a number is a key; change it by hand";
    const auto pair = pair_(w.last.pair);
    if (!pair || pair->status != PairStatus::linked) return "its pair is not linked any more";
    const auto f = pair->fields.find(w.last.field);
    if (f == pair->fields.end() || !same(f->second.seen[w.last.side], w.last.new_value))
      return "changed since";
    if (same(w.first.old_value, w.last.new_value)) return "it is what it was";
    Resolution r;
    r.decided_on = f->second.seen;
    r.why = why_;
    if (w.first.old_value.is_value()) {
      r.take = Resolution::Take::value;
      r.value = w.first.old_value.text();
    } else {
      r.take = Resolution::Take::clear;
      r.only = w.last.side;
    }
    out_.decisions[w.last.pair][w.last.field] = std::move(r);
    return "";
  }

  std::string tag(const Written& w) {
    const auto pair = pair_(w.last.pair);
    if (!pair || pair->status != PairStatus::linked) return "its pair is not linked any more";
    const bool added = w.last.new_value.is_value(), was_there = w.first.old_value.is_value();
    const std::string& name = added ? w.last.new_value.text() : w.last.old_value.text();
    const auto& seen = pair->seen_tags[w.last.side];
    if (added == was_there) return "it is what it was";
    if (!seen || (seen->count(name) != 0) != added) return "changed since";
    Resolution r;
    r.take = added ? Resolution::Take::clear : Resolution::Take::value;
    r.why = why_;
    out_.decisions[w.last.pair][std::string(Resolution::kTagPrefix) + name] = std::move(r);
    return "";
  }

  // The history knows no difference between blank and unknown.
  static bool same(const FieldValue& a, const FieldValue& b) {
    return a.is_value() == b.is_value() && a.text() == b.text();
  }

  const std::string why_;
  const std::function<std::optional<PairState>(PairId)>& pair_;
  Undo out_;
};
}  // namespace

Undo undo(std::int64_t run, const std::vector<HistoryRow>& rows,
          const std::function<std::optional<PairState>(PairId)>& pair) {
  std::vector<Written> all;
  std::map<decltype(key_of(HistoryRow{})), std::size_t> places;
  for (const HistoryRow& row : rows) {
    const bool writes = row.action == "create" || row.action == "update" || row.action == "delete" ||
                        row.action == "tag_add" || row.action == "tag_remove";
    if (!writes) continue;
    const auto [known, is_new] = places.emplace(key_of(row), all.size());
    if (is_new)
      all.push_back({row, row});
    else
      all[known->second].last = row;
  }
  Undoing undoing(run, pair);
  for (const Written& w : all) undoing.add(w);
  undoing.take_back_doubles();
  return undoing.take();
}
}  // namespace tandem
