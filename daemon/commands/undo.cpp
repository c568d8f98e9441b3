#include "core/merge/undo.h"
#include <fmt/format.h>
#include <algorithm>
#include "daemon/commands/commands.h"
#include "daemon/commands/output.h"
#include "daemon/commands/supervisor.h"
#include "storage/sqlite/lock.h"
#include "storage/sqlite/sqlite_decisions.h"

namespace tandem {
namespace {
std::optional<std::string> text_of(const FieldValue& value) {
  if (!value.is_value()) return std::nullopt;
  return value.text();
}

Table table_of(const Undo& undo) {
  Table table;
  table.columns = {"pair_id", "side", "field", "value_now", "put_back", "kept"};
  for (const UndoLine& line : undo.lines)
    table.rows.push_back({std::to_string(line.pair.row), std::string(to_text(line.side)), line.field,
                          text_of(line.left_by_run), line.kept.empty() ? text_of(line.to) : std::nullopt,
                          line.kept.empty() ? std::nullopt : std::optional(line.kept)});
  return table;
}

using Setups = std::vector<std::shared_ptr<const LinkSetup>>;

// One cycle of this link, unless a daemon is at work, which will do it.
int carry_out(const Invocation& invocation, const config::Config& config, const config::LinkConfig& link,
              const Setups& setups) {
  const auto say = [&](const std::string& text) {
    if (!invocation.json) print(text);  // there, the lines are all that is printed
  };
  try {
    const LockFile is_free(fmt::format("{}/{}.lock", config.state_dir, link.name));
  } catch (const StoreError& error) {
    if (error.kind != StoreError::Kind::busy) throw;
    say("tandem is running: it does this in its next cycle; see `tandem history CONTACT`");
    return kExitDone;
  }
  LaneOrders orders;
  orders.once = true;
  Supervisor supervisor(invocation, config, setups, orders);
  int code = supervisor.run();
  for (const auto& [name, view] : supervisor.views()) {
    if (!view.last) continue;
    say(fmt::format("{}: {}", name, view.last->summary()));
    if (view.last->held > 0) say("  -> tandem pending: what waits for approval");
    code = first_that_applies(code, exit_code(view.last->outcome));
  }
  return code;
}

int run_undo(const Invocation& invocation, std::int64_t run, bool plan_only) {
  const config::Config config = load_config(invocation);
  const config::LinkConfig link = chosen_link(config, invocation);
  const auto store = open_for_reading(config, link);
  const std::vector<HistoryRow> rows = store->history_of(run);
  if (rows.empty())
    throw Exit{
        kExitFailed,
        fmt::format("run {} has no history: it wrote nothing, or is older than history is kept; runs are "
                    "in v_runs, their writes in v_history",
                    run)};
  const Undo found = undo(run, rows, [&](PairId id) { return store->pair(id); });
  std::size_t decided = 0;
  for (const auto& [pair, fields] : found.decisions) decided += fields.size();
  const auto can_go_back = std::count_if(found.lines.begin(), found.lines.end(),
                                         [](const UndoLine& line) { return line.kept.empty(); });
  if (invocation.json)
    print(json_array(table_of(found)));
  else if (found.lines.empty())
    print(fmt::format("run {} overwrote nothing", run));
  else
    print(fmt::format("{}\n{} of {} writes of run {} {}", text_columns(table_of(found)), can_go_back,
                      found.lines.size(), run,
                      plan_only || decided == 0 ? "can be put back" : "are put back"));
  if (plan_only || decided == 0) return kExitDone;
  const Setups setups = make_setups(config, {link});  // a credential that is missing stops it here
  SqliteDecisions decisions(config::state_file(config, link));
  for (const auto& [pair, fields] : found.decisions)
    for (const auto& [field, decision] : fields)
      if (!decisions.set_resolution(pair, field, decision))
        throw Exit{kExitFailed, fmt::format("pair {} is gone; run `tandem undo {}` again", pair.row, run)};
  return carry_out(invocation, config, link, setups);
}
}  // namespace

void add_undo(CLI::App& app, Invocation& invocation) {
  CLI::App* command =
      app.add_subcommand("undo", "put back what a run overwrote, where it is still as the run left it");
  auto run = std::make_shared<std::int64_t>(0);
  auto plan_only = std::make_shared<bool>(false);
  command->add_option("RUN", *run, "a run_id, as `tandem history` and v_runs show it")->required();
  command->add_flag("--plan", *plan_only, "only print what would be put back, and what not and why");
  command->group(kDecideGroup);
  command->footer(
      "An overwritten value goes back to both sides; a blank that was filled is blanked again on that side\n"
      "alone. What was changed since stays, and so does what the run created or deleted: the column `kept`\n"
      "says why. It is done at once, or by the daemon that is running. Brakes apply: see `tandem "
      "pending`.\n\n"
      "Example:\n"
      "  tandem history mara@example.com      which run was it?\n"
      "  tandem undo 412 --plan               what would go back, and what not\n"
      "  tandem undo 412");
  command->callback([&invocation, run, plan_only] {
    invocation.action = [&invocation, run, plan_only] { return run_undo(invocation, *run, *plan_only); };
  });
}
}  // namespace tandem
