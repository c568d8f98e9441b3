#include <fmt/format.h>
#include "daemon/commands/commands.h"
#include "daemon/commands/dry_run.h"
#include "daemon/commands/output.h"
#include "daemon/commands/wall_clock.h"

namespace tandem {
namespace {
constexpr const char* kPairs =
    "SELECT pair_id, state, ctm_id, highlevel_id, reason FROM v_pairs WHERE state IN ('linked', 'held') "
    "ORDER BY state, CAST(pair_id AS INTEGER)";
constexpr const char* kAliases =
    "SELECT pair_id, side, value FROM v_identities WHERE kind = 'id' AND role = 'alias' ORDER BY "
    "CAST(pair_id AS INTEGER), value";

int match(const Invocation& invocation) {
  const config::Config config = load_config(invocation);
  WallClock clock;
  Table all;
  int code = kExitDone;
  const auto setups = make_setups(config, chosen_links(config, invocation));
  for (const auto& setup : setups) {
    DryRun dry(setup, clock);
    const CycleReport report = dry.run(ReadKind::full);
    code = first_that_applies(code, exit_code(report.outcome));
    if (invocation.json) {
      append(all, dry.store().rows("SELECT * FROM v_pairs ORDER BY CAST(pair_id AS INTEGER)"));
      continue;
    }
    if (setups.size() > 1) print(fmt::format("link {}", setup->link.name));
    const Table pairs = dry.store().rows(kPairs), aliases = dry.store().rows(kAliases),
                reasons = pairs_by_reason(dry.store());
    print(pairs.rows.empty() ? "nobody is linked or held" : text_columns(pairs));
    if (!aliases.rows.empty()) print("\nmore numbers of a person\n" + text_columns(aliases));
    if (!reasons.rows.empty()) print("\n" + text_columns(reasons));
    if (const auto gap = incompleteness(report); !gap.empty()) print(gap);
  }
  if (invocation.json) print(json_array(all));
  return code;
}
}  // namespace

void add_match(CLI::App& app, Invocation& invocation) {
  CLI::App* command =
      app.add_subcommand("match", "preview of the first linking: who is who, why, and who is held");
  command->group(kLookGroup);
  command->footer("Reads both remotes completely, works on a private copy of the state, and writes nowhere.");
  command->callback([&invocation] { invocation.action = [&invocation] { return match(invocation); }; });
}
}  // namespace tandem
