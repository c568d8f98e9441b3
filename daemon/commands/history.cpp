#include <fmt/format.h>
#include "daemon/commands/commands.h"
#include "daemon/commands/contact.h"
#include "daemon/commands/output.h"
#include "daemon/commands/wiring.h"

namespace tandem {
namespace {
int history(const Invocation& invocation, const std::string& contact) {
  const config::Config config = load_config(invocation);
  const config::LinkConfig link = chosen_link(config, invocation);
  const auto store = open_for_reading(config, link);
  const PairId pair = find_contact(*store, contact, link.policy.mapping.default_country());
  Table table = store->rows("SELECT * FROM v_history WHERE pair_id = ? ORDER BY at, CAST(run_id AS INTEGER)",
                            {std::to_string(pair.row)});
  if (invocation.json)
    print(json_array(table));
  else if (table.rows.empty())
    print(fmt::format("pair {}: nothing was ever written to it", pair.row));
  else
    print(text_columns(table));
  return kExitDone;
}
}  // namespace

void add_history(CLI::App& app, Invocation& invocation) {
  CLI::App* command =
      app.add_subcommand("history", "every change ever made to a contact, why, and in which run");
  auto contact = std::make_shared<std::string>();
  command->add_option("CONTACT", *contact, "a pair id, either remote id, a phone or an e-mail")->required();
  command->group(kLookGroup);
  command->footer(
      "`tandem undo RUN` puts back what a run overwrote.\n\n"
      "Examples:\n  tandem history 17\n  tandem history mara@example.com --json");
  command->callback([&invocation, contact] {
    invocation.action = [&invocation, contact] { return history(invocation, *contact); };
  });
}
}  // namespace tandem
