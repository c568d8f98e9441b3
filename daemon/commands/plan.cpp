#include <fmt/format.h>
#include <algorithm>
#include <set>
#include "daemon/commands/commands.h"
#include "daemon/commands/dry_run.h"
#include "daemon/commands/output.h"
#include "daemon/commands/wall_clock.h"

namespace tandem {
namespace {
Table table_of(const std::vector<PlanItem>& plan) {
  Table table;
  table.columns = {"side",      "action",    "record_id", "pair_id", "field",
                   "old_value", "new_value", "reason",    "held",    "requests"};
  const auto text = [](const FieldValue& value) {
    return value.is_value() ? std::optional(value.text()) : std::nullopt;
  };
  const auto or_null = [](const std::string& value) {
    return value.empty() ? std::nullopt : std::optional(value);
  };
  for (const PlanItem& item : plan) {
    table.rows.push_back({std::string(to_text(item.side)), std::string(to_text(item.kind)),
                          or_null(item.record_id), std::to_string(item.pair.row), item.field,
                          text(item.old_value), text(item.new_value), item.reason, or_null(item.held),
                          std::to_string(item.requests)});
  }
  return table;
}

std::string totals(const std::vector<PlanItem>& plan, const PerSide<http::Budget>& budget) {
  std::set<std::string> writes, held;
  PerSide<std::int64_t> requests;
  for (const PlanItem& item : plan) {
    writes.insert(item.key);
    if (!item.held.empty()) held.insert(item.key);
    requests[item.side] += item.requests;
  }
  if (writes.empty()) return "nothing to write";
  double minutes = 0;
  for (const Side side : kSides) {
    if (budget[side].per_window == 0) continue;
    const double windows = static_cast<double>(requests[side]) / budget[side].per_window;
    minutes = std::max(minutes, windows * static_cast<double>(budget[side].window_ms) / 60'000);
  }
  std::string text = fmt::format(
      "{} write{} · {} requests to ctm, {} to highlevel · about {:.0f} min within the budget", writes.size(),
      writes.size() == 1 ? "" : "s", requests.ctm, requests.highlevel, std::max(1.0, minutes));
  if (!held.empty())
    text += fmt::format(
        "\nwaiting for approval: {} of {}; `tandem run` or `tandem once` puts them into `tandem pending`",
        held.size(), writes.size());
  return text;
}

int plan(const Invocation& invocation, ReadKind kind) {
  const config::Config config = load_config(invocation);
  WallClock clock;
  Table all;
  int code = kExitDone;
  const auto setups = make_setups(config, chosen_links(config, invocation));
  for (const auto& setup : setups) {
    const CycleReport report = DryRun(setup, clock).run(kind);
    code = first_that_applies(code, exit_code(report.outcome));
    if (invocation.json) {
      append(all, table_of(report.plan));
      continue;
    }
    if (setups.size() > 1) print(fmt::format("link {}", setup->link.name));
    for (const PlanItem& item : report.plan) print(line_of(item));
    print(totals(report.plan, setup->link.budget));
    if (const auto gap = incompleteness(report); !gap.empty()) print(gap);
  }
  if (invocation.json) print(json_array(all));
  return code;
}
}  // namespace

void add_plan(CLI::App& app, Invocation& invocation) {
  CLI::App* command =
      app.add_subcommand("plan", "the next cycle as a dry run: every write, its reason and its cost");
  auto full = std::make_shared<bool>(false);
  command->add_flag("--full", *full, "compare everything, not only what changed");
  command->group(kLookGroup);
  command->footer("Reads both remotes, works on a private copy of the state, and writes nowhere.");
  command->callback([&invocation, full] {
    const ReadKind kind = *full ? ReadKind::full : ReadKind::delta;
    invocation.action = [&invocation, kind] { return plan(invocation, kind); };
  });
}
}  // namespace tandem
