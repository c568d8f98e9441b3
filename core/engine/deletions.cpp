// What is not there any more: suspicion, proof, and what becomes of the pair (P12, P14, P15, P22).
#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "core/engine/observe.h"
#include "core/tuning.h"

namespace tandem {
void add_key_as_phone(const Context& c, const PairState& pair, std::vector<Identity>& identities) {
  for (const Side s : kSides) {
    const Identity phone{Identity::Kind::phone, s, pair.record[s].text, false};
    if (c.can(s).keyed_by_phone && !phone.value.empty() &&
        std::find(identities.begin(), identities.end(), phone) == identities.end())
      identities.push_back(phone);
  }
}

void Observer::suspect_gone(Side side, const RecordId& record) {
  const auto id = c_.store.pair_of(side, record);
  if (!id) return;
  const SourceRef ref{SourceKind::record, record.text};
  const PairState pair = *c_.store.pair(*id);
  if (pair.record[side] != record) return c_.store.drop_source(side, ref);  // an alias's
  if (pair.deleted_ms[side] != 0) return;  // known, and perhaps our own doing: a listing may show it yet
  if (c_.store.suspect(side, ref)) return;
  c_.store.put_suspect(side, {ref, record, c_.even_ms(), false});
  c_.say(
      Severity::notice,
      fmt::format("{}: record {} is not found by its id; nothing is written for pair {} until its deletion "
                  "is proved or it shows itself again",
                  to_text(side), record.text, id->row));
}

bool Observer::sings(Side side, std::size_t lost, std::size_t known, bool empty) {
  const auto n = static_cast<std::int64_t>(lost), all = static_cast<std::int64_t>(known);
  const bool much = n > tuning::kCanaryFew && n * 100 > all * tuning::kCanaryPercent;
  const std::string since = c_.store.meta(meta_key("canary", side)).value_or("");
  if (!much && !empty) {
    if (!since.empty()) c_.store.transact([&] { c_.store.set_meta(meta_key("canary", side), ""); });
    return false;
  }
  if (since.empty())
    c_.store.transact([&] { c_.store.set_meta(meta_key("canary", side), std::to_string(c_.even_ms())); });
  else if (c_.even_ms() - std::stoll(since) >= tuning::kCanaryMs)
    return false;
  c_.say(Severity::warning,
         fmt::format("{}: a complete listing lost {} of {} known records at once; nothing is concluded from "
                     "that, and nothing is deleted, unless it stays so for a day. If it is wrong: check the "
                     "account, the list and the key's permissions",
                     to_text(side), lost, known));
  c_.canary[side] = true;
  return true;
}

void Observer::missing_from(Side side, const std::vector<std::uint64_t>& met) {
  const auto is_met = [&](const SourceRef& ref) {
    return std::binary_search(met.begin(), met.end(), id_hash(ref.id));
  };
  const SourceKind kind = c_.can(side).has_records ? SourceKind::record : SourceKind::row;
  std::vector<Suspect> missing;
  std::size_t known = 0;
  c_.store.each_source(side, kind, [&](const SourceRef& ref, const RecordId& person) {
    ++known;
    if (!is_met(ref)) missing.push_back({ref, person, c_.even_ms(), true});
  });
  std::vector<Suspect> shown;  // suspected, and here they are
  for (auto& suspect : c_.store.suspects(side))
    if (suspect.ref.kind == kind && is_met(suspect.ref)) shown.push_back(std::move(suspect));
  if (!shown.empty())
    c_.store.transact([&] {
      for (auto& suspect : shown) {
        if (kind == SourceKind::row) {
          c_.store.drop_suspect(side, suspect.ref);
          if (const auto id = c_.store.pair_of(side, suspect.person)) c_.store.set_dirty(*id, true);
        } else if (suspect.absent) {  // the listing lags, or the record is back: what is read by id decides
          suspect.absent = false;
          c_.store.put_suspect(side, suspect);
        }
      }
    });
  // A row that a replace of ours has taken away comes back with it.
  std::erase_if(missing, [&](const Suspect& s) {
    const auto id = c_.store.pair_of(side, s.person);
    return kind == SourceKind::row && id && c_.open.count(*id) != 0;
  });
  const bool is_empty = met.empty() && !missing.empty();
  if (sings(side, missing.size(), known, is_empty) || missing.empty()) return;
  if (kind == SourceKind::record)
    missing_records(side, missing);
  else
    missing_rows(side, missing);
}

void Observer::missing_records(Side side, const std::vector<Suspect>& missing) {
  std::vector<FetchRequest> requests;
  std::vector<Suspect> first;
  for (Suspect s : missing) {
    if (const auto known = c_.store.suspect(side, s.ref)) {
      if (known->absent) continue;
      s.since_ms = known->since_ms;
      c_.store.transact([&] { c_.store.put_suspect(side, s); });
      continue;
    }
    requests.push_back({RecordId{s.ref.id}, {}});
    first.push_back(std::move(s));
  }
  if (requests.empty()) return;
  const auto answers = c_.replicas[side]->fetch(requests);
  c_.store.transact([&] {
    for (std::size_t i = 0; i < answers.size(); ++i) {
      if (answers[i]) {
        for (const auto& e : *answers[i]) stage(side, e);
      } else if (answers[i].error().fault == Fault::gone) {
        suspect_gone(side, {first[i].ref.id});
        if (c_.store.suspect(side, first[i].ref)) c_.store.put_suspect(side, first[i]);
      }
    }
  });
}

bool Observer::prove_deletions(Side side) {
  std::vector<FetchRequest> requests;
  std::vector<bool> is_absent;  // else no complete listing has missed it: asked only whether it is back
  for (const auto& s : c_.store.suspects(side)) {
    if (s.ref.kind != SourceKind::record || c_.even_ms() - s.since_ms < tuning::kDeletionProofMs) continue;
    requests.push_back({s.person, {}});
    is_absent.push_back(s.absent);
  }
  if (requests.empty()) return true;
  const auto answers = c_.replicas[side]->fetch(requests);
  bool complete = true;
  c_.store.transact([&] {
    for (std::size_t i = 0; i < answers.size(); ++i) {
      if (answers[i]) {
        for (const auto& e : *answers[i]) stage(side, e);
      } else if (answers[i].error().fault == Fault::gone) {
        if (is_absent[i]) agree_deletion(side, requests[i].record);
      } else {
        complete = false;
        c_.trouble(side, answers[i].error());
      }
    }
  });
  return complete;
}

void Observer::agree_deletion(Side side, const RecordId& record) {
  const SourceRef ref{SourceKind::record, record.text};
  const auto id = c_.store.pair_of(side, record);
  if (id && !c_.store.open_intents_of(*id).empty()) return;  // first what became of those
  c_.store.drop_source(side, ref);
  c_.store.drop_suspect(side, ref);
  if (!id) return;
  PairState pair = *c_.store.pair(*id);
  if (pair.record[side] != record || pair.status == PairStatus::tombstone) return;
  const std::string reason = fmt::format("record {} is deleted in {}", record.text, to_text(side));
  c_.store.add_history({c_.report.run, c_.now(), side, "gone", record.text, pair.id, "", {}, {}, reason});
  if (join_survivor(pair, side)) return;
  pair.deleted_ms[side] = c_.now();
  if (pair.resolutions.count(Resolution::kForget) == 0 &&
      (pair.status != PairStatus::linked || pair.record[other(side)].text.empty())) {
    bury(pair, reason);
  } else {
    pair.reason = reason;
    pair.dirty = true;
  }
  c_.store.put_pair(pair);
}

// Two contacts were merged: the one that is left has the other's number. It keeps its pair, and what was
// linked to the other one is the same person's.
bool Observer::join_survivor(PairState& pair, Side side) {
  if (pair.status != PairStatus::linked) return false;
  std::set<PairId> survivors;
  for (const auto& identity : c_.store.identities(pair.id)) {
    if (identity.kind != Identity::Kind::phone) continue;
    for (const PairId near : c_.store.pairs_with(Identity::Kind::phone, identity.value)) {
      if (near == pair.id) continue;
      const PairState there = *c_.store.pair(near);
      const bool shows_it =
          has_identity(c_.store.identities(near), side, Identity::Kind::phone, identity.value);
      // Not linked itself: the matching looks at it with the number that is free now.
      if (shows_it && there.status != PairStatus::linked && there.status != PairStatus::tombstone)
        c_.store.set_dirty(near, true);
      if (shows_it && there.status == PairStatus::linked && there.deleted_ms[side] == 0 &&
          !c_.store.suspect(side, {SourceKind::record, there.record[side].text}))
        survivors.insert(near);
    }
  }
  if (survivors.empty()) return false;
  if (survivors.size() > 1) {
    pair.deleted_ms[side] = c_.now();
    pair.status = PairStatus::held;
    pair.reason = fmt::format("its record was deleted in {}, and several others there have its number now",
                              to_text(side));
    pair.since_ms = c_.now();
    pair.dirty = false;
    c_.store.put_pair(pair);
    return true;
  }
  PairState survivor = *c_.store.pair(*survivors.begin());
  const std::string was = pair.record[side].text;
  c_.store.join_pairs(survivor.id, pair.id);
  for (const Side s : kSides)
    if (!c_.can(s).has_records) show_tags(survivor, s);
  survivor.dirty = true;
  c_.store.put_pair(survivor);
  c_.store.add_history({c_.report.run,
                        c_.now(),
                        side,
                        "merge",
                        was,
                        survivor.id,
                        "",
                        {},
                        {},
                        fmt::format("merged into {}, which has its number", survivor.record[side].text)});
  return true;
}

void Observer::bury(PairState& pair, std::string reason) {
  pair.status = PairStatus::tombstone;
  pair.reason = std::move(reason);
  pair.since_ms = c_.now();
  pair.dirty = false;
  pair.resolutions.clear();
  pair.parked.clear();
  pair.dead_mark_ms = std::max(c_.high_water_ms.ctm, c_.high_water_ms.highlevel);
  if (pair.dead_mark_ms == 0) pair.dead_mark_ms = c_.now();
  c_.store.sync_conflicts(pair.id, {}, c_.report.run, c_.now());
}

bool Observer::end(PairState& pair, const Ending& ending) {
  if (ending.erase) {
    c_.say(Severity::notice,
           fmt::format("pair {} is forgotten: nothing of it is kept but a digest by which it "
                       "is known again",
                       pair.id.row));
    c_.store.erase_pair(pair.id);
    return false;
  }
  if (ending.status == PairStatus::tombstone) {
    bury(pair, ending.reason);
    return true;
  }
  for (const Side side : kSides) {
    if (ending.status != only(other(side))) continue;
    pair.deleted_ms[side] = 0;
    lose_side(pair, side, ending.reason);
  }
  return true;
}

void Observer::lose_side(PairState& pair, Side side, const std::string& reason) {
  auto all = c_.store.identities(pair.id);
  std::erase_if(all, [&](const Identity& i) { return i.side == side && i.kind != Identity::Kind::id; });
  for (auto& identity : all)
    if (identity.side == side) identity.alias = true;
  forget_side(pair, side);
  add_key_as_phone(c_, pair, all);
  c_.store.set_identities(pair.id, all);
  pair.reason = reason;
  pair.since_ms = c_.now();
  pair.dirty = true;
  c_.store.sync_conflicts(pair.id, {}, c_.report.run, c_.now());
}

// A genuinely new call, or a row that a person typed, of somebody who was deleted on the other side.
void Observer::call_again(PairState& pair, Side side) {
  const Side dead = other(side);
  if (pair.deleted_ms[dead] == 0 || c_.policy.after_delete == AfterDelete::never) return;
  pair.deleted_ms[side] = 0;
  pair.dead_mark_ms = 0;
  lose_side(pair, dead, fmt::format("called again after it was deleted in {}", to_text(dead)));
}

void Observer::missing_rows(Side side, const std::vector<Suspect>& missing) {
  // The first time is a suspicion; the second, after the index had time, counts.
  std::vector<FetchRequest> requests;
  std::vector<const Suspect*> asked;
  c_.store.transact([&] {
    for (const Suspect& s : missing) {
      const auto known = c_.store.suspect(side, s.ref);
      if (!known) {
        c_.store.put_suspect(side, s);
      } else if (c_.even_ms() - known->since_ms >= c_.can(side).index_lag_ms) {
        requests.push_back({s.person, {s.ref}});
        asked.push_back(&s);
      }
    }
  });
  if (requests.empty()) return;
  const auto answers = c_.replicas[side]->fetch(requests);
  c_.store.transact([&] {
    for (std::size_t i = 0; i < answers.size(); ++i) {
      if (answers[i] ? answers[i]->empty() : answers[i].error().fault == Fault::gone) {
        leave_the_list(side, *asked[i]);
      } else if (answers[i]) {
        c_.store.drop_suspect(side, asked[i]->ref);
        for (const auto& e : *answers[i]) stage(side, e);
      }
    }
  });
}

void Observer::leave_the_list(Side side, const Suspect& row) {
  const auto id = c_.store.pair_of(side, row.person);
  if (id && !c_.store.open_intents_of(*id).empty()) return;
  c_.store.drop_source(side, row.ref);
  c_.store.drop_suspect(side, row.ref);
  for (const auto& source : c_.store.sources_of(side, row.person))
    if (source.ref.kind == row.ref.kind) {
      if (id) c_.store.set_dirty(*id, true);  // what only the old row said is said no more
      return;
    }
  if (!id) return;
  PairState pair = *c_.store.pair(*id);
  if (pair.record[side] != row.person || pair.status == PairStatus::tombstone) return;
  const std::string reason =
      "left the list: nothing is deleted and it is not added again until a person adds or links it";
  if (pair.resolutions.count(Resolution::kForget) != 0) {
    pair.deleted_ms[side] = c_.now();
    pair.dirty = true;
  } else if (pair.deleted_ms[other(side)] != 0) {
    bury(pair, fmt::format("deleted in {}, and it left the list", to_text(other(side))));
  } else {
    pair.status = PairStatus::ignored;
    pair.reason = reason;
    pair.since_ms = c_.now();
    pair.dirty = false;
  }
  pair.made_by_us[side] = false;
  c_.store.put_pair(pair);
  c_.store.add_history(
      {c_.report.run, c_.now(), side, "left_list", row.ref.id, pair.id, "", {}, {}, pair.reason});
}
}  // namespace tandem
