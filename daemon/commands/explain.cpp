#include <fmt/format.h>
#include "core/engine/apply.h"
#include "core/engine/learned.h"
#include "daemon/commands/commands.h"
#include "daemon/commands/contact.h"
#include "daemon/commands/output.h"
#include "daemon/commands/wall_clock.h"
#include "daemon/commands/wiring.h"

namespace tandem {
namespace {
constexpr std::size_t kLastChanges = 10;

std::string time_of(SqliteStore& store, std::int64_t at_ms) {
  return cell(store.rows("SELECT strftime('%Y-%m-%dT%H:%M:%fZ', ? / 1000.0, 'unixepoch') AS at",
                         {std::to_string(at_ms)}),
              0, "at");
}

struct Explained {
  Table pair, identities, fields, conflicts, answered, parked, pending, missing, history, next;
};

// What the planner would do with the pair as it is stored; nothing is read from the remotes. The
// replicas only lend what they can do.
Table next_writes(SqliteStore& store, const config::LinkConfig& link, PairId id) {
  Table table;
  table.columns = {"side", "action", "field", "old_value", "new_value", "reason"};
  WallClock clock;
  GateRegistry gates;
  Wiring wiring(std::make_shared<const LinkSetup>(LinkSetup{link, {}, {}}), store, gates, clock);
  const PerSide<Replica*> replicas = wiring.replicas();
  for (const Side side : kSides) replicas[side]->recall(kept_learned(store, side));
  CycleHooks hooks;
  CycleReport report;
  Context context{replicas,    store, clock,  Timeline(clock, store),
                  link.policy, hooks, report, store.meta("policy").value_or(""),
                  {},          {},    {},     {},
                  {}};
  context.writable = {true, true};
  Observer observer(context);
  Settler settler(context, observer);
  const PairPlan plan = Applier(context, observer, settler).plan_of(store.pair(id).value());
  const auto text = [](const FieldValue& value) {
    return value.is_value() ? std::optional(value.text()) : std::nullopt;
  };
  for (const PlannedWrite& write : plan.writes) {
    const auto add = [&](const std::string& field, const FieldValue& before, const FieldValue& after) {
      auto why = write.why.find(field);
      if (why == write.why.end()) why = write.why.find("");
      table.rows.push_back({std::string(to_text(write.side)), std::string(to_text(write.write.kind)), field,
                            text(before), text(after), why == write.why.end() ? std::string() : why->second});
    };
    for (const auto& [name, value] : write.fields) add(name, value_of(write.before, name), value);
    const bool adds = write.write.kind == WriteKind::tag_add;
    for (const auto& tag : write.tags) {
      add("tags", adds ? FieldValue() : FieldValue::of(tag), adds ? FieldValue::of(tag) : FieldValue());
    }
    if (write.fields.empty() && write.tags.empty()) add("", {}, {});
  }
  if (plan.writes.empty() && !plan.note.empty()) {
    table.rows.push_back({std::nullopt, "nothing", std::nullopt, std::nullopt, std::nullopt, plan.note});
  }
  return table;
}

// What the two sides made of one field, again and again, until it was held: the last writes of each
// oscillating field. Tags are parked instead of held.
Table answered(SqliteStore& store, const std::string& pair_id) {
  return store.rows(
      fmt::format("SELECT * FROM (SELECT * FROM v_history WHERE pair_id = ?1 AND field IN (SELECT field FROM "
                  "v_conflicts WHERE pair_id = ?1 AND is_open = 1 AND policy = 'oscillation' UNION SELECT "
                  "field FROM v_parked WHERE pair_id = ?1 AND reason LIKE 'oscillation:%') ORDER BY at DESC "
                  "LIMIT {}) ORDER BY at",
                  kLastChanges),
      {pair_id});
}

// The columns of v_pending, for the writes of this pair alone: the reason is its own, the digest and the
// count are those of the group that `approve` would let go.
constexpr const char* kPending =
    "SELECT g.digest, CASE p.class WHEN 0 THEN 'first_run' WHEN 1 THEN 'delete' WHEN 2 THEN 'update' WHEN 3 "
    "THEN 'create' END AS class, CASE p.side WHEN 0 THEN 'ctm' WHEN 1 THEN 'highlevel' END AS side, g.count, "
    "p.reason, strftime('%Y-%m-%dT%H:%M:%fZ', nullif(p.since_ms, 0) / 1000.0, 'unixepoch') AS since, NULL AS "
    "decision FROM pending p LEFT JOIN pending_group g ON g.class = p.class AND (p.class = 0 OR g.side = "
    "p.side) WHERE p.pair = ? AND p.decision IS NULL ORDER BY p.since_ms, p.key";

// What is not shown any more, and what is still needed before that counts as a deletion (P12).
Table missing(SqliteStore& store, PairId id) {
  Table table;
  table.columns = {"side", "record_id", "since", "state"};
  for (const Side side : kSides) {
    for (const Suspect& suspect : store.suspects(side)) {
      if (store.pair_of(side, suspect.person) != id) continue;
      const char* state = "not found by its id; the next full sweep says whether the listing has it";
      if (suspect.ref.kind == SourceKind::row)
        state = "its row is not in the list; looked for once more, then the pair is left alone";
      else if (suspect.absent)
        state =
            "in no listing, and not found by its id; looked for once more after 5 minutes, then it is "
            "deleted";
      table.rows.push_back(
          {std::string(to_text(side)), suspect.ref.id, time_of(store, suspect.since_ms), state});
    }
  }
  return table;
}

Explained gather(SqliteStore& store, const config::LinkConfig& link, PairId id) {
  const std::vector<std::string> pair{std::to_string(id.row)};
  Explained e;
  e.pair = store.rows("SELECT * FROM v_pairs WHERE pair_id = ?", pair);
  e.identities =
      store.rows("SELECT * FROM v_identities WHERE pair_id = ? ORDER BY kind, side, role DESC, value", pair);
  e.fields = store.rows("SELECT * FROM v_fields WHERE pair_id = ? ORDER BY field = 'tags', field", pair);
  e.conflicts =
      store.rows("SELECT * FROM v_conflicts WHERE pair_id = ? AND is_open = 1 ORDER BY field", pair);
  e.parked = store.rows("SELECT * FROM v_parked WHERE pair_id = ? ORDER BY side, field", pair);
  e.answered = answered(store, pair[0]);
  e.pending = store.rows(kPending, pair);
  e.missing = missing(store, id);
  e.history = store.rows(
      fmt::format("SELECT * FROM (SELECT * FROM v_history WHERE pair_id = ? ORDER BY at DESC LIMIT {}) "
                  "ORDER BY at",
                  kLastChanges),
      pair);
  e.next = next_writes(store, link, id);
  // The planner knows only that nothing may be written.
  if (!e.missing.rows.empty() && (e.next.rows.empty() || e.next.rows[0][1] == "nothing"))
    e.next.rows = {{std::nullopt, "nothing", std::nullopt, std::nullopt, std::nullopt,
                    "nothing is written until that is proved, or the record shows itself"}};
  return e;
}

void section(const std::string& title, const Table& table, std::initializer_list<std::string_view> columns) {
  if (table.rows.empty()) return;
  Table shown;
  for (const auto column : columns) shown.columns.emplace_back(column);
  for (std::size_t row = 0; row < table.rows.size(); ++row) {
    std::vector<std::optional<std::string>> cells;
    for (const auto column : columns) {
      std::string text = cell(table, row, column);
      cells.push_back(text.empty() ? std::nullopt : std::optional(std::move(text)));
    }
    shown.rows.push_back(std::move(cells));
  }
  print(fmt::format("\n{}\n{}", title, text_columns(shown)));
}

int explain(const Invocation& invocation, const std::string& contact) {
  const config::Config config = load_config(invocation);
  const config::LinkConfig link = chosen_link(config, invocation);
  const auto store = open_for_reading(config, link);
  const PairId id = find_contact(*store, contact, link.policy.mapping.default_country());
  const Explained e = gather(*store, link, id);
  if (invocation.json) {
    print(json_of({{"pair", json_object(e.pair)},
                   {"identities", json_array(e.identities)},
                   {"fields", json_array(e.fields)},
                   {"conflicts", json_array(e.conflicts)},
                   {"parked", json_array(e.parked)},
                   {"pending", json_array(e.pending)},
                   {"missing", json_array(e.missing)},
                   {"history", json_array(e.history)},
                   {"next", json_array(e.next)}}));
    return kExitDone;
  }
  print(fmt::format("pair {} · {} since {}\n  {}", id.row, cell(e.pair, 0, "state"), cell(e.pair, 0, "since"),
                    cell(e.pair, 0, "reason")));
  section("who it is", e.identities, {"side", "kind", "value", "role", "since"});
  section("field by field: what both agreed on last, and what each shows now", e.fields,
          {"field", "base_ctm", "seen_ctm", "base_highlevel", "seen_highlevel", "version", "changed_by",
           "changed_at"});
  section("held as a conflict (tandem resolve ID --take ctm|highlevel)", e.conflicts,
          {"conflict_id", "field", "base", "ctm", "highlevel", "policy", "at"});
  section("oscillation: every change of ours was answered with another one, the last of them", e.answered,
          {"at", "run_id", "side", "field", "old_value", "new_value", "reason"});
  section("left alone until either side or the mapping changes, or until the next try", e.parked,
          {"side", "record_id", "field", "attempts", "since", "next_try_at", "reason"});
  section("not shown any more", e.missing, {"side", "record_id", "since", "state"});
  section("waits for a person (tandem approve DIGEST, tandem reject DIGEST)", e.pending,
          {"digest", "count", "class", "side", "since", "reason"});
  section("last changes (all: tandem history)", e.history,
          {"at", "run_id", "side", "action", "field", "old_value", "new_value", "reason"});
  if (e.next.rows.empty()) print("\nthe next plan, from what is stored: nothing to do");
  section("the next plan, from what is stored", e.next,
          {"side", "action", "field", "old_value", "new_value", "reason"});
  return kExitDone;
}
}  // namespace

void add_explain(CLI::App& app, Invocation& invocation) {
  CLI::App* command = app.add_subcommand("explain", "why a contact is as it is, and what would be done next");
  auto contact = std::make_shared<std::string>();
  command->add_option("CONTACT", *contact, "a pair id, either remote id, a phone or an e-mail")->required();
  command->group(kLookGroup);
  command->footer(
      "Examples:\n  tandem explain 17\n  tandem explain +15550100123\n  tandem explain mara@example.com");
  command->callback([&invocation, contact] {
    invocation.action = [&invocation, contact] { return explain(invocation, *contact); };
  });
}
}  // namespace tandem
