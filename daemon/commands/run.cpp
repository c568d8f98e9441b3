#include "daemon/commands/commands.h"
#include "daemon/commands/supervisor.h"

namespace tandem {
namespace {
int run(const Invocation& invocation) {
  config::Config config = load_config(invocation);
  if (!invocation.verbose) set_log_level(config.log_level);
  auto setups = make_setups(config, chosen_links(config, invocation));
  return Supervisor(invocation, std::move(config), std::move(setups), {}).run();
}
}  // namespace

void add_run(CLI::App& app, Invocation& invocation) {
  CLI::App* command = app.add_subcommand("run", "the daemon: cycles for ever, one lane per link");
  command->group(kServiceGroup);
  command->footer(
      "Signals:\n"
      "  HUP    read the configuration again; a wrong one is refused and the old one stays\n"
      "  USR1   a full resync now: compare everything, then plan; never \"one side wins\"\n"
      "  USR2   a status summary into the log\n"
      "  TERM   finish the record in hand, save and exit within 10 s (INT too)\n"
      "Under systemd it says when it is ready, and feeds the watchdog only while its lanes get on.");
  command->callback([&invocation] { invocation.action = [&invocation] { return run(invocation); }; });
}
}  // namespace tandem
