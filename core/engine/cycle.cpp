#include "core/engine/cycle.h"

#include <algorithm>

#include <fmt/format.h>

#include "core/engine/apply.h"
#include "core/engine/context.h"
#include "core/engine/learned.h"
#include "core/engine/linking.h"
#include "core/engine/observe.h"
#include "core/engine/rulings.h"
#include "core/engine/settle.h"
#include "core/merge/guard.h"
#include "core/model/digest.h"
#include "core/tuning.h"

namespace tandem {
namespace {
constexpr std::size_t kPage = 500;  // pairs per transaction

std::string digest_of(const Policy& policy) {
  Digest d;
  d.add(std::to_string(policy.mapping.fingerprint())).add(to_text(policy.tags));
  for (const bool flag : {policy.create.ctm, policy.create.highlevel, policy.caller_id_names_fill,
                          policy.correct_stale_identity})
    d.add(flag ? "yes" : "no");
  for (const Side s : kSides) d.add(std::to_string(static_cast<int>(policy.on_delete[s])));
  d.add(std::to_string(static_cast<int>(policy.after_delete)));
  for (const auto& rule : policy.mapping.rules())
    d.add(rule.name).add(to_text(rule.direction)).add(to_text(rule.clears)).add(to_text(rule.conflict));
  return d.hex();
}

// Until a side was listed completely once, people missing there are not known to be missing.
bool was_listed(StateStore& store, Side side) { return store.meta(meta_key("listed", side)) == "yes"; }
}  // namespace

std::string_view to_text(Outcome outcome) {
  switch (outcome) {
    case Outcome::converged:
      return "converged";
    case Outcome::awaiting_index:
      return "awaiting_index";
    case Outcome::needs_person:
      return "needs_person";
    case Outcome::unreachable:
      return "unreachable";
    case Outcome::unauthorised:
      return "unauthorised";
    case Outcome::misconfigured:
      return "misconfigured";
    case Outcome::stopped:
      return "stopped";
  }
  return "?";
}

int exit_code(Outcome outcome) {
  switch (outcome) {
    case Outcome::converged:
    case Outcome::awaiting_index:
    case Outcome::stopped:
      return 0;
    case Outcome::needs_person:
      return 3;
    case Outcome::unreachable:
      return 75;
    case Outcome::unauthorised:
      return 77;
    case Outcome::misconfigured:
      return 78;
  }
  return 1;
}

std::string CycleReport::summary() const {
  std::string text = fmt::format(
      "{} cycle {}: {}; read {} ctm and {} highlevel, {} changed, linked {}, created {}, written {} ctm and "
      "{} highlevel",
      kind == ReadKind::full ? "full" : "delta", run, to_text(outcome), read.ctm, read.highlevel,
      changed.ctm + changed.highlevel, linked_now, created, written.ctm, written.highlevel);
  const auto add = [&](std::int64_t n, const char* what) {
    if (n != 0) text += fmt::format(", {} {}", n, what);
  };
  add(conflicts, "conflicts open");
  add(held, "held");
  add(parked, "parked");
  add(awaiting, "awaiting the index");
  add(remaining, "left for the next cycle");
  for (const Side s : kSides)
    if (trouble[s]) text += fmt::format("; {}: {}", to_text(s), trouble[s]->message);
  return text;
}

struct Cycle::Work {
  Context& c;
  Observer& observer;
  Settler& settler;
  Applier& applier;
  const CycleOptions& options;
  std::int64_t waiting = 0;  // pairs that only wait for a decision
  bool approved = false;     // a person let some of the planned writes go
  bool first_run = false;    // nothing was approved yet when the cycle began
  Guard::Counts braked;      // what earlier rounds sent of the classes that have a brake

  void open_sides() {
    for (const Side s : kSides) {
      c.replicas[s]->recall(kept_learned(c.store, s));
      const auto opened = c.replicas[s]->open();
      c.opened[s] = opened.has_value();
      if (!opened) c.trouble(s, opened.error());
    }
    for (const Intent& intent : c.store.open_intents()) c.open[intent.pair].push_back(intent);
  }

  // `change` for every pair, some hundred to a transaction.
  void for_all_pairs(const std::function<void(PairId)>& change) {
    PairId after;
    while (true) {
      const auto ids = c.store.work(WorkList::all, after, static_cast<int>(kPage));
      if (ids.empty()) return;
      c.store.transact([&] {
        for (const PairId id : ids) change(id);
      });
      after = ids.back();
      c.hooks.advanced();
    }
  }

  // P24: what was agreed since the backup is not in it. Both sides are met as if for the first time: a
  // difference is nobody's edit, and nothing that differs is overwritten without a rule that says so.
  void start_over_if_restored() {
    if (c.store.meta(kRestored) != "yes") return;
    c.say(Severity::warning,
          "this state is behind its own mark: it was restored from a backup. Everything is read and compared "
          "anew; where the sides differ, the field waits in `tandem conflicts`");
    for_all_pairs([&](PairId id) {
      PairState pair = *c.store.pair(id);
      for (auto& [name, field] : pair.fields) field.base = {};
      pair.base_tags = {};
      pair.resolutions.clear();
      pair.dirty = true;
      c.store.put_pair(pair);
    });
    c.store.transact([&] {
      for (const Side s : kSides) {
        c.store.set_meta(meta_key("listed", s), "no");
        c.store.set_meta(meta_key("cursor", s), "");
      }
      c.store.set_meta(kRestored, "no");
    });
  }

  // Another mapping or policy: everybody is planned again, what was refused is tried again. The brakes hold
  // what would be written at once to many.
  void plan_all_if_policy_changed() {
    if (c.store.meta("policy") == c.policy_digest) return;
    for_all_pairs([&](PairId id) { c.store.set_dirty(id, true); });
    c.store.transact([&] { c.store.set_meta("policy", c.policy_digest); });
  }

  bool listed(Side s) { return was_listed(c.store, s); }

  void read_sides() {
    for (const Side s : kSides) {
      if (!c.opened[s]) continue;
      c.read[s] = observer.read(s, listed(s) ? c.report.kind : ReadKind::full, options.reread);
      c.writable[s] = c.read[s];
    }
  }

  bool first_run_open() {
    if (!c.policy.first_run_ask) return false;
    return c.store.meta("first_run").value_or("open") != "done";
  }

  // Plans every dirty pair, settles what needs no write, and performs what the guard lets through.
  // Returns how many writes were sent.
  std::int64_t plan_and_apply() {
    Guard guard(c.policy, c.store.census().linked, first_run, std::move(braked));
    for (const Side s : kSides)
      if (c.canary[s])
        guard.hold_deletions(other(s),
                             fmt::format("{} showed much less than before in one listing: no deletion "
                                         "is believed now",
                                         to_text(s)));
    std::vector<PairId> with_writes;
    PairId after;
    while (true) {
      if (c.hooks.stop_requested()) return 0;
      const auto ids = c.store.work(WorkList::dirty, after, static_cast<int>(kPage));
      if (ids.empty()) break;
      c.store.transact([&] {
        for (const PairId id : ids)
          if (c.open.count(id) == 0 && plan_one(id, guard)) with_writes.push_back(id);
      });
      after = ids.back();
      c.hooks.advanced();
    }
    // One approval ends the first run: what it did not cover is the brakes' business from the next cycle on.
    if (approved && first_run) c.store.transact([&] { c.store.set_meta("first_run", "done"); });
    hold(with_writes, guard);
    if (options.collect_plan && c.report.plan.empty()) collect(with_writes, guard);
    if (options.dry_run) return 0;
    const std::int64_t sent = applier.perform(with_writes, guard);
    braked = guard.all_sent();
    return sent;
  }

  bool plan_one(PairId id, Guard& guard) {
    PairState pair = *c.store.pair(id);
    if (key_is_in_use(c, pair)) return false;
    if (applier.is_suspected(pair)) {  // it is looked at again when the suspicion ends, either way
      c.store.set_dirty(id, false);
      return false;
    }
    move_key(c, observer, pair);
    const PairPlan plan = applier.plan_of(pair);
    if (!both_listed_for(plan)) return false;
    bool live = false;
    for (const auto& write : plan.writes) {
      const auto decision = c.store.decision(write.key);
      if (write.deletion && decision == Decision::rejected) {
        applier.keep_after_all(pair, write);
        return false;
      }
      guard.count(write, decision);
      approved = approved || decision == Decision::approved;
      live = live || decision != Decision::rejected;
    }
    applier.settle_plan(pair, plan, live);
    return live;
  }

  bool both_listed_for(const PairPlan& plan) {
    for (const auto& write : plan.writes)
      if (write.write.kind == WriteKind::create && !(listed(Side::ctm) && listed(Side::highlevel)))
        return false;
    return true;
  }

  // Puts what the guard holds into `pending`. A pair of which nothing else is to be done waits for a
  // person; it is no backlog.
  void hold(const std::vector<PairId>& pairs, const Guard& guard) {
    waiting = 0;
    const auto before = c.store.pending_groups();
    for (std::size_t at = 0; at < pairs.size(); at += kPage) {
      c.store.transact([&] {
        for (std::size_t i = at; i < std::min(at + kPage, pairs.size()); ++i) {
          bool held = false, goes = false;
          for (const auto& write : applier.plan_of(*c.store.pair(pairs[i])).writes) {
            const Clearance clearance = guard.clear(write, c.store.decision(write.key));
            goes = goes || clearance == Clearance::go;
            if (clearance != Clearance::hold) continue;
            held = true;
            c.store.put_pending(
                {write.key, guard.class_of(write), write.side, pairs[i], guard.reason(write), c.now()});
          }
          if (held && !goes) ++waiting;
        }
      });
    }
    say_what_waits(before);
  }

  void say_what_waits(const std::vector<PendingGroup>& before) const {
    for (const auto& group : c.store.pending_groups()) {
      const bool is_new = std::none_of(before.begin(), before.end(), [&](const PendingGroup& g) {
        return g.cls == group.cls && g.side == group.side && g.count >= group.count;
      });
      if (is_new)
        c.say(Severity::notice, fmt::format("{} writes of class {} wait for `tandem approve {}`: {}",
                                            group.count, to_text(group.cls), group.digest, group.reason));
    }
  }

  void collect(const std::vector<PairId>& pairs, const Guard& guard) {
    for (const PairId id : pairs) {
      for (const auto& write : applier.plan_of(*c.store.pair(id)).writes) {
        const auto decision = c.store.decision(write.key);
        const Clearance clearance = guard.clear(write, decision);
        if (clearance == Clearance::drop) continue;
        PlanItem item;
        item.key = write.key;
        item.side = write.side;
        item.kind = write.write.kind;
        item.pair = id;
        item.record_id = write.write.target ? write.write.target->id : write.write.record.text;
        if (clearance == Clearance::hold) item.held = guard.reason(write);
        item.requests = c.replicas[write.side]->cost_of(write.write.kind);
        const auto why = [&](const std::string& name) {
          auto it = write.why.find(name);
          if (it == write.why.end()) it = write.why.find("");
          return it == write.why.end() ? std::string() : it->second;
        };
        const auto add = [&](const std::string& field, FieldValue before, FieldValue after) {
          item.field = field;
          item.old_value = std::move(before);
          item.new_value = std::move(after);
          item.reason = why(field);
          c.report.plan.push_back(item);
          item.requests = 0;
        };
        for (const auto& [name, value] : write.fields) add(name, value_of(write.before, name), value);
        for (const auto& tag : write.tags) {
          const bool adds = write.write.kind == WriteKind::tag_add;
          add("tags", adds ? FieldValue() : FieldValue::of(tag), adds ? FieldValue::of(tag) : FieldValue());
        }
        if (write.fields.empty() && write.tags.empty()) add("", {}, {});
      }
    }
  }

  void work() {
    for (int round = 0; round < tuning::kMaxRoundsPerCycle; ++round) {
      if (c.hooks.stop_requested()) return;
      // A side that was not read is not a side without people: no linking on half a view.
      if (listed(Side::ctm) && listed(Side::highlevel)) {
        apply_rulings(c, observer);
        c.report.linked_now += link_people(c, observer);
      }
      if (plan_and_apply() == 0) return;
    }
  }

  void conclude() {
    const Census census = c.store.census();
    CycleReport& r = c.report;
    r.conflicts = census.open_conflicts;
    r.parked = census.parked;
    r.held = census.held + census.pending;
    r.awaiting = census.open_intents;
    r.remaining = std::max<std::int64_t>(0, census.dirty - waiting);
    const auto any = [&](Fault fault) {
      for (const Side s : kSides)
        if (r.trouble[s] && r.trouble[s]->fault == fault) return true;
      return false;
    };
    if (c.hooks.stop_requested())  // what it cut short is no trouble of a remote
      r.outcome = Outcome::stopped;
    else if (any(Fault::rejected))
      r.outcome = Outcome::misconfigured;
    else if (any(Fault::unauthorised))
      r.outcome = Outcome::unauthorised;
    else if (r.trouble.ctm || r.trouble.highlevel)
      r.outcome = Outcome::unreachable;
    else if (r.conflicts + r.parked + r.held != 0)
      r.outcome = Outcome::needs_person;
    else if (r.awaiting + r.remaining != 0)
      r.outcome = Outcome::awaiting_index;
    else
      r.outcome = Outcome::converged;
  }
};

Cycle::Cycle(PerSide<Replica*> replicas, StateStore& store, Clock& clock, const Policy& policy,
             CycleHooks hooks)
    : replicas_(replicas), store_(store), clock_(clock), policy_(policy), hooks_(std::move(hooks)) {}

CycleReport Cycle::run(const CycleOptions& options) {
  CycleReport report;
  // The first reading of both sides is a full one, whatever was asked for.
  const bool is_first = !was_listed(store_, Side::ctm) && !was_listed(store_, Side::highlevel);
  report.kind = is_first ? ReadKind::full : options.kind;
  PerSide<std::int64_t> used;
  for (const Side s : kSides) used[s] = replicas_[s]->usage().requests;
  RunRow row;
  row.started_ms = clock_.now_ms();
  row.kind = report.kind == ReadKind::full ? "full" : "delta";
  store_.transact([&] { report.run = store_.begin_run(row.kind, row.started_ms); });

  Context context{replicas_, store_, clock_, Timeline(clock_, store_),
                  policy_,   hooks_, report, digest_of(policy_),
                  {},        {},     {},     {},
                  {},        {}};
  context.timeline.keep(store_);
  Observer observer(context);
  Settler settler(context, observer);
  Applier applier(context, observer, settler);
  Work work{context, observer, settler, applier, options, 0, false, false, {}};
  work.first_run = work.first_run_open();
  work.open_sides();
  work.start_over_if_restored();
  work.plan_all_if_policy_changed();
  store_.transact([&] { store_.wake_parked(clock_.now_ms()); });
  if (!options.dry_run) report.awaiting = settler.recover();
  work.read_sides();
  if (options.reread)
    context.say(Severity::notice,
                fmt::format("everything was read and compared anew: {} records differ from what "
                            "was remembered of them",
                            report.changed.ctm + report.changed.highlevel));
  work.work();
  for (const Side s : kSides) keep_learned(store_, s, *replicas_[s]);
  // What was not planned to its end says nothing about what is still wanted.
  if (context.writable.ctm && context.writable.highlevel && !hooks_.stop_requested())
    store_.transact([&] { store_.sweep_pending(report.run); });
  work.conclude();

  if (report.kind == ReadKind::full && !options.dry_run)
    store_.transact([&] { store_.compact(clock_.now_ms() - policy_.keep_history_ms, tuning::kCompactRows); });

  row.id = report.run;
  row.ended_ms = clock_.now_ms();
  row.outcome = to_text(report.outcome);
  for (const Side s : kSides) {
    report.requests[s] = replicas_[s]->usage().requests - used[s];
    row.reads[s] = report.read[s];
    row.writes[s] = report.written[s];
    row.requests[s] = report.requests[s];
  }
  store_.transact([&] { store_.end_run(row); });
  return report;
}
}  // namespace tandem
