#include <fmt/format.h>

#include "core/merge/planner.h"

namespace tandem {
void Planner::end(PairStatus status, std::string reason, bool erase) {
  out_.ending = Ending{status, std::move(reason), erase};
}

// Something was edited there that has not travelled: the edit beats the deletion (P14).
bool Planner::is_edited(Side s) const {
  for (const auto& rule : policy_.mapping.rules()) {
    const PairField& f = field(rule.name);
    if (rule.native[s].empty() || !flows_to(rule.direction, other(s)) || f.unconfirmed[s]) continue;
    if (f.base[s].is_observed() && f.seen[s].is_observed() && f.seen[s] != f.base[s]) return true;
  }
  return flows_to(policy_.tags, other(s)) && pair_.base_tags[s] && pair_.seen_tags[s] &&
         *pair_.base_tags[s] != *pair_.seen_tags[s];
}

bool Planner::add_removal(Side s, std::string why, std::string ask) {
  if (pair_.deleted_ms[s] != 0) return false;
  const SourceRow* row = can(s).has_records ? nullptr : newest(s, SourceKind::row);
  if (!can(s).has_records && row == nullptr) return false;
  return remove(s, row, std::move(why), std::move(ask));
}

bool Planner::remove(Side s, const SourceRow* row, std::string why, std::string ask) {
  if (!can(s).remove || pair_.record[s].text.empty()) return false;
  for (const auto& p : out_.parked)
    if (p.side == s && p.field.empty() && !p.is_due(in_.now_ms))
      return true;  // refused: it stays, and so does the pair
  if (!in_.writable[s]) {
    unavailable();
    return true;
  }
  PlannedWrite w;
  w.side = s;
  w.write.kind = WriteKind::remove;
  w.write.record = row != nullptr ? row->person : pair_.record[s];
  if (row != nullptr) w.write.target = row->ref;
  w.why[""] = std::move(why);
  w.changed_by = to_text(other(s));
  w.deletion = true;
  w.ask = std::move(ask);
  out_.writes.push_back(std::move(w));
  return true;
}

void Planner::plan_deletion(Side deleted) {
  const Side rest = other(deleted);
  const std::string there(to_text(deleted)), here(to_text(rest));
  if (pair_.deleted_ms[rest] != 0) return end(PairStatus::tombstone, "deleted on both sides");
  if (is_edited(rest))
    return end(only(rest),
               fmt::format("deleted in {}, but edited in {} since they agreed: the edit wins", there, here));
  if (policy_.on_delete[deleted] == OnDelete::keep)
    return end(PairStatus::tombstone,
               fmt::format("deleted in {}; kept in {} (deletes.from_{} = \"keep\")", there, here, there));
  const bool asks = policy_.on_delete[deleted] == OnDelete::ask;
  if (add_removal(rest, "deleted in " + there,
                  asks ? fmt::format("deleted in {}: deletes.from_{} = \"ask\"", there, there) : ""))
    return;
  end(PairStatus::tombstone,
      fmt::format("deleted in {}; nothing of it can be removed in {}, where it stays", there, here));
}

void Planner::plan_forget() {
  constexpr const char* kWhy = "to be forgotten";
  constexpr const char* kAsk = "a person asked to forget it: erased on both sides and here";
  bool waits = false;
  for (const Side s : kSides) {
    if (can(s).has_records) {
      waits = add_removal(s, kWhy, kAsk) || waits;
      continue;
    }
    // A list that lags shows for a while what is removed already.
    const bool is_fresh = pair_.deleted_ms[s] != 0 && in_.now_ms - pair_.deleted_ms[s] <= can(s).index_lag_ms;
    for (const auto& source : in_.sources[s]) {  // of former and additional numbers, too
      if (source.ref.kind != SourceKind::row) continue;
      if (is_fresh || in_.row_is_missing[s]) {
        waits = out_.unsettled = true;
        note("its row may have left the list: looked at again first");
      } else {
        waits = remove(s, &source, kWhy, kAsk) || waits;
      }
    }
  }
  if (!waits) end(PairStatus::tombstone, "forgotten", true);
}
}  // namespace tandem
