#include "core/engine/apply.h"

#include <algorithm>
#include <map>
#include <set>

#include <fmt/format.h>

#include "core/engine/linking.h"
#include "core/model/phone.h"
#include "core/tuning.h"

namespace tandem {
namespace {
bool is_written(const PairPlan& plan, const std::string& field) {
  return std::any_of(plan.writes.begin(), plan.writes.end(),
                     [&](const PlannedWrite& write) { return write.fields.count(field) != 0; });
}

// What a write changes, to be read.
FetchRequest target_of(const Write& write) {
  FetchRequest request{write.record, write.tag_sources};
  if (write.target) request.sources.push_back(*write.target);
  return request;
}
}  // namespace

bool Applier::is_suspected(const PairState& pair) const {
  return std::any_of(kSides.begin(), kSides.end(), [&](Side s) {
    return c_.can(s).has_records && !pair.record[s].text.empty() &&
           c_.store.suspect(s, {SourceKind::record, pair.record[s].text});
  });
}

PairPlan Applier::plan_of(const PairState& pair) {
  PlanInput input;
  input.pair = &pair;
  const bool suspected = is_suspected(pair);
  input.new_key = key_owner(c_, pair);
  for (const Side s : kSides) {
    input.capabilities[s] = &c_.can(s);
    input.writable[s] = c_.writable[s] && !suspected;
    if (c_.can(s).has_records || pair.record[s].text.empty()) continue;
    input.sources[s] = c_.store.sources_of(s, pair.record[s]);
    // Tags are taken off every activity that has them, those of additional numbers included, and an added
    // one may have no other activity to go to (P45).
    for (const auto& identity : c_.store.identities(pair.id)) {
      if (identity.side != s || identity.kind != Identity::Kind::id || identity.value == pair.record[s].text)
        continue;
      bool newest = true;
      for (auto& source : c_.store.sources_of(s, {identity.value})) {
        const bool takes_tags = newest && source.ref.kind == SourceKind::activity && !source.redacted;
        if (takes_tags) newest = false;
        const bool goes =
            source.ref.kind == SourceKind::row && pair.resolutions.count(Resolution::kForget) != 0;
        if (source.tags.empty() && !takes_tags && !goes) continue;
        source.redacted = true;  // never a target for fields of the primary (P44)
        input.sources[s].push_back(std::move(source));
      }
    }
    for (const auto& source : input.sources[s])
      if (source.ref.kind == SourceKind::row && c_.store.suspect(s, source.ref))
        input.row_is_missing[s] = true;
    for (auto& source : input.sources[s])
      if (source.lag_until_ms <= c_.even_ms()) source.lag_until_ms = 0;
  }
  input.now_ms = c_.now();
  input.policy_digest = c_.policy_digest;
  return plan(input, c_.policy);
}

void Applier::settle_plan(PairState& pair, const PairPlan& plan, bool live) {
  const std::int64_t now = c_.now();
  if (plan.ending) {
    if (observer_.end(pair, *plan.ending)) c_.store.put_pair(pair);
    return;
  }
  for (const auto& change : plan.bases) {
    PairField& field = pair.fields[change.field];
    field.base = change.base;
    if (!change.agreed) continue;
    ++field.version;
    field.changed_by = change.changed_by;
    field.changed_at_ms = now;
  }
  for (const Side s : kSides)
    if (plan.base_tags[s]) pair.base_tags[s] = plan.base_tags[s];
  // A person's decision, and the conflict it ends, stay until its write is sent: what comes between is
  // planned again, and so is what could not be planned while a side was away. Once the write is settled
  // the sides show other values, and the decision is void.
  const auto is_to_come = [&](const std::string& name) { return plan.unsettled || is_written(plan, name); };
  const auto is_tag_to_come = [&](const std::string& name) {
    return name.starts_with(Resolution::kTagPrefix) &&
           std::any_of(plan.writes.begin(), plan.writes.end(), [&](const PlannedWrite& write) {
             return write.tags.count(name.substr(Resolution::kTagPrefix.size())) != 0;
           });
  };
  for (const auto& name : plan.used_resolutions)
    if (!is_to_come(name) && !is_tag_to_come(name)) pair.resolutions.erase(name);
  std::vector<ConflictRow> open = plan.conflicts;
  for (const auto& row : plan.decided) {
    if (row.decided_by != "person" || !is_to_come(row.field)) continue;
    open.push_back(row);
    open.back().decision = "held";
    open.back().decided_by.clear();
    open.back().is_open = true;
  }
  pair.parked = plan.parked;
  if (!plan.unsettled)  // its time to be tried again has come, and nothing is to be written there any more
    std::erase_if(pair.parked, [&](const Parked& p) {
      return p.is_due(now) &&
             std::none_of(plan.writes.begin(), plan.writes.end(), [&](const PlannedWrite& write) {
               const bool whole = p.field.empty() || p.field == Parked::kOneOfSeveral;
               return write.side == p.side && (whole || write.fields.count(p.field) != 0 ||
                                               (p.field == "tags" && !write.tags.empty()));
             });
    });
  for (auto& parked : pair.parked)
    if (parked.since_ms == 0) parked.since_ms = now;
  if (!plan.adopt_key.text.empty())
    for (const Side s : kSides)
      if (c_.can(s).keyed_by_phone) adopt_key(c_, observer_, pair, s, plan.adopt_key);
  pair.dirty = live || plan.unsettled || !plan.adopt_key.text.empty();
  c_.store.put_pair(pair);
  c_.store.sync_conflicts(pair.id, open, c_.report.run, now);
}

std::int64_t Applier::perform(const std::vector<PairId>& pairs, Guard& guard) {
  std::int64_t sent = 0;
  std::vector<Ready> batch;
  for (const PairId id : pairs) {
    if (c_.hooks.stop_requested()) break;
    auto pair = c_.store.pair(id);
    if (!pair || c_.open.count(id) != 0) continue;
    PairPlan plan = plan_of(*pair);
    for (auto& write : plan.writes) {
      if (!c_.writable[write.side] || guard.clear(write, c_.store.decision(write.key)) != Clearance::go)
        continue;
      std::vector<ConflictRow> decided;  // audited once, with the first write that carries it
      std::erase_if(plan.decided, [&](const ConflictRow& row) {
        if (write.fields.count(row.field) == 0) return false;
        decided.push_back(row);
        return true;
      });
      batch.push_back({id, std::move(write), std::move(decided)});
    }
    if (batch.size() < static_cast<std::size_t>(tuning::kApplyBatch)) continue;
    sent += perform_batch(std::move(batch), guard);
    batch.clear();
  }
  if (!batch.empty() && !c_.hooks.stop_requested()) sent += perform_batch(std::move(batch), guard);
  return sent;
}

bool Applier::absent(const Ready& ready) {
  const Side side = ready.write.side;
  const NaturalKey key{ready.write.write.record.text.empty() ? value_of(ready.write.fields, "phone").text()
                                                             : ready.write.write.record.text,
                       // A person's own new number: that the old one has the e-mail is no wonder.
                       ready.write.rekey ? "" : value_of(ready.write.fields, "email").text()};
  const auto found = c_.replicas[side]->find(key);
  if (!found) {
    stop_side(side, found.error());
    return false;
  }
  bool blocked = false;
  const auto is_own_alias = [&](const Evidence& e) {
    if (!c_.can(side).keyed_by_phone) return false;
    const Phone number = parse_phone(e.person, c_.policy.mapping.default_country());
    return number.e164 != key.phone && c_.store.pair_of(side, RecordId{number.e164}) == ready.pair;
  };
  c_.store.transact([&] {
    for (const auto& e : found->evidence) {
      blocked = blocked || (e.source.kind == c_.can(side).creates && !is_own_alias(e));
      if (c_.store.source_hash(side, e.source) == e.hash) continue;
      if (observer_.stage(side, e).changed) blocked = true;
    }
    if (blocked) c_.store.set_dirty(ready.pair, true);
  });
  return !blocked;
}

void Applier::verify(std::vector<Ready>& batch) {
  for (const Side side : kSides) {
    std::vector<FetchRequest> requests;
    std::vector<std::size_t> of;
    for (std::size_t i = 0; i < batch.size(); ++i) {
      const Write& w = batch[i].write.write;
      if (batch[i].write.side != side || w.kind == WriteKind::create) continue;
      requests.push_back(target_of(w));
      of.push_back(i);
    }
    if (requests.empty()) continue;
    const auto answers = c_.replicas[side]->fetch(requests);
    c_.store.transact([&] {
      for (std::size_t k = 0; k < answers.size(); ++k) {
        Ready& ready = batch[of[k]];
        if (!answers[k]) {
          if (answers[k].error().fault == Fault::gone) {
            if (c_.can(side).has_records)
              observer_.suspect_gone(side, ready.write.write.record);
            else if (ready.write.write.target)
              c_.store.drop_source(side, *ready.write.write.target);
            c_.store.set_dirty(ready.pair, true);
          } else {
            stop_side(side, answers[k].error());
          }
          ready.write.key.clear();
          continue;
        }
        if (answers[k]->empty()) {  // its row is not shown now: lag, or it left
          ready.write.key.clear();
          if (const auto& row = ready.write.write.target;
              row && row->kind == SourceKind::row && !c_.store.suspect(side, *row)) {
            c_.store.put_suspect(side, {*row, ready.write.write.record, c_.even_ms(), true});
            c_.store.set_dirty(ready.pair, true);
          }
        }
        for (const auto& e : *answers[k])
          if (c_.store.source_hash(side, e.source) != e.hash) observer_.stage(side, e, true);
      }
    });
  }
  for (auto& ready : batch)
    if (ready.write.deletion && !ready.write.key.empty() && !is_still_deleted(ready)) ready.write.key.clear();
  for (auto& ready : batch)
    if (ready.write.write.kind == WriteKind::create && !ready.write.key.empty() &&
        c_.writable[ready.write.side] && !absent(ready))
      ready.write.key.clear();
  // Only what the fresh observation still asks for, to the letter, is done (P2).
  // It is done as planned now: an image of the whole record has what was seen a moment ago.
  std::map<std::string, PlannedWrite> still;
  std::set<PairId> looked;
  for (const auto& ready : batch) {
    if (!looked.insert(ready.pair).second) continue;
    auto pair = c_.store.pair(ready.pair);
    if (!pair) continue;
    for (auto& write : plan_of(*pair).writes) still.insert_or_assign(write.key, std::move(write));
  }
  std::erase_if(batch, [&](Ready& r) {
    const auto now = still.find(r.write.key);
    if (r.write.key.empty() || now == still.end() || !c_.writable[r.write.side]) return true;
    r.write = std::move(now->second);
    return false;
  });
}

// A proof may be days old when a person approves: the record may have been restored since.
bool Applier::is_still_deleted(const Ready& ready) {
  const auto pair = c_.store.pair(ready.pair);
  if (!pair || pair->resolutions.count(Resolution::kForget) != 0) return pair.has_value();
  const Side deleted = other(ready.write.side);
  if (!c_.can(deleted).has_records) return true;
  if (!c_.read[deleted]) return false;  // nobody is deleted for a side that could not be read
  const FetchRequest request{pair->record[deleted], {}};
  auto answers = c_.replicas[deleted]->fetch(std::span(&request, 1));
  if (!answers.front() && answers.front().error().fault == Fault::gone) return true;
  if (!answers.front()) {
    stop_side(deleted, answers.front().error());
    return false;
  }
  c_.store.transact([&] {
    for (const auto& e : *answers.front()) observer_.stage(deleted, e);
  });
  return false;
}

// A person would rather keep what was to be removed.
void Applier::keep_after_all(PairState& pair, const PlannedWrite& write) {
  c_.store.drop_decision(write.key);
  if (pair.resolutions.erase(std::string(Resolution::kForget)) == 0)
    observer_.bury(pair, fmt::format("deleted in {}; a person kept it in {}", to_text(other(write.side)),
                                     to_text(write.side)));
  c_.store.put_pair(pair);
}

std::int64_t Applier::perform_batch(std::vector<Ready> batch, Guard& guard) {
  verify(batch);
  if (batch.empty()) return 0;
  std::vector<Intent> intents;
  c_.store.transact([&] {
    for (auto& ready : batch) {
      if (!c_.store.decision(ready.write.key)) guard.sent(ready.write);
      Intent intent;
      intent.pair = ready.pair;
      intent.side = ready.write.side;
      intent.key = ready.write.key;
      intent.write = std::move(ready.write.write);
      intent.fields = std::move(ready.write.fields);
      intent.before = std::move(ready.write.before);
      intent.also = std::move(ready.write.also);
      intent.tags = std::move(ready.write.tags);
      intent.why = std::move(ready.write.why);
      intent.changed_by = std::move(ready.write.changed_by);
      intent.run = c_.report.run;
      intent.enlisted_ms = c_.now();
      intent.sent_ms = c_.even_ms();
      intent.attempts = 1;
      c_.store.put_intent(intent);
      for (auto& row : ready.decided) {
        row.run = intent.run;
        row.at_ms = c_.now();
        c_.store.add_decided_conflict(row);
      }
      intents.push_back(std::move(intent));
    }
  });
  std::int64_t sent = 0;
  for (const Side side : kSides) {
    std::vector<Write> writes;
    std::vector<Intent*> of;
    for (auto& intent : intents) {
      if (intent.side != side) continue;
      writes.push_back(intent.write);
      of.push_back(&intent);
    }
    if (writes.empty()) continue;
    auto answers = c_.replicas[side]->apply(writes);
    for (std::size_t i = 0; i < answers.size(); ++i) outcome(*of[i], answers[i]);
    sent += static_cast<std::int64_t>(writes.size());
  }
  c_.hooks.advanced();
  return sent;
}

void Applier::stop_side(Side side, const Error& error) {
  c_.trouble(side, error);
  c_.writable[side] = false;
}

void Applier::outcome(Intent& intent, Result<Receipt>& answer) {
  const Side side = intent.side;
  const auto drop = [&](bool dirty) {
    c_.store.transact([&] {
      c_.store.close_intent(intent.id);
      if (dirty) c_.store.set_dirty(intent.pair, true);
    });
  };
  if (answer) {
    ++c_.report.written[side];
    if (intent.write.kind == WriteKind::create) ++c_.report.created;
    c_.store.transact([&] { settler_.settle(intent, *answer); });
    if (intent.state == IntentState::awaiting) c_.open[intent.pair].push_back(intent);
    return;
  }
  const Error& error = answer.error();
  switch (error.fault) {
    case Fault::transient:
    case Fault::unauthorised:  // certainly not done
      drop(true);
      stop_side(side, error);
      return;
    case Fault::rate_limited:  // hardly done; the next cycle looks, because a create is not to be done twice
      c_.open[intent.pair].push_back(intent);
      stop_side(side, error);
      return;
    case Fault::ambiguous:
    case Fault::malformed:  // it may have happened: the intent stays open, the next cycle finds out
      c_.open[intent.pair].push_back(intent);
      ++c_.report.written[side];
      c_.trouble(side, error);
      return;
    case Fault::stale:
      drop(true);
      return;
    case Fault::gone:
      c_.store.transact([&] {
        if (intent.write.kind == WriteKind::remove) return settler_.settle(intent, {});
        if (c_.can(side).has_records) observer_.suspect_gone(side, intent.write.record);
        c_.store.close_intent(intent.id);
        c_.store.set_dirty(intent.pair, true);
      });
      return;
    case Fault::rejected:
    case Fault::unsupported:
      adopt(intent, error);
      return;
  }
}

// What was refused and has happened all the same (a 422 after the effect).
bool Applier::was_done(Intent& intent) {
  const Side side = intent.side;
  const Write& write = intent.write;
  if (write.kind == WriteKind::create || write.kind == WriteKind::remove) return false;
  const FetchRequest request = target_of(write);
  auto answers = c_.replicas[side]->fetch(std::span(&request, 1));
  if (!answers.front()) return false;
  Receipt receipt{write.record, std::move(*answers.front()), false};
  if (!settler_.shows_done(intent, receipt.shown)) return false;
  ++c_.report.written[side];
  c_.store.transact([&] { settler_.settle(intent, receipt); });
  return true;
}

void Applier::adopt(Intent& intent, const Error& error) {
  const Side side = intent.side;
  if (intent.write.kind == WriteKind::create) {
    // A refused create may name the record that is in the way, or may have been stored all the same.
    std::vector<Evidence> there;
    if (!error.existing_id.empty()) {
      const FetchRequest request{RecordId{error.existing_id}, {}};
      auto answers = c_.replicas[side]->fetch(std::span(&request, 1));
      if (answers.front()) there = std::move(*answers.front());
    } else {
      const auto found = c_.replicas[side]->find(
          {value_of(intent.fields, "phone").text(), value_of(intent.fields, "email").text()});
      if (!found) {  // cannot tell yet
        c_.open[intent.pair].push_back(intent);
        return c_.trouble(side, found.error());
      }
      for (const auto& e : found->evidence)
        if (e.source.kind == c_.can(side).creates) there.push_back(e);
    }
    if (!there.empty()) {
      c_.store.transact([&] {
        bool linked_elsewhere = false;
        for (const auto& e : there) {
          const Staged staged = observer_.stage(side, e);
          const auto pair = c_.store.pair(staged.pair);
          linked_elsewhere = linked_elsewhere || (pair && pair->status == PairStatus::linked);
          c_.store.set_dirty(staged.pair, true);
        }
        c_.store.close_intent(intent.id);
        c_.store.set_dirty(intent.pair, true);
        if (!linked_elsewhere) return;  // matching decides with the new evidence
        PairState pair = *c_.store.pair(intent.pair);
        pair.status = PairStatus::held;
        pair.reason =
            fmt::format("{} refuses a second record: {} has this {} and is linked already", to_text(side),
                        there.front().source.id, error.field.empty() ? "phone or e-mail" : error.field);
        pair.since_ms = c_.now();
        pair.dirty = false;
        c_.store.put_pair(pair);
      });
      return;
    }
  }
  if (was_done(intent)) return;
  c_.say(Severity::warning,
         fmt::format("{}: {} of pair {} was refused and is parked; see `tandem explain {}`", to_text(side),
                     to_text(intent.write.kind), intent.pair.row, intent.pair.row));
  c_.store.transact([&] { settler_.refuse(intent, error); });
}
}  // namespace tandem
