#include <fmt/format.h>
#include "daemon/commands/commands.h"
#include "daemon/commands/output.h"
#include "daemon/commands/supervisor.h"
#include "daemon/config/duration.h"

namespace tandem {
namespace {
std::string next_step(const CycleReport& report) {
  std::string text;
  if (report.conflicts > 0) text += "\n  -> tandem conflicts: fields that both sides changed";
  if (report.held > 0)
    text += "\n  -> tandem pending, tandem match: writes that wait for approval, records that are held";
  if (report.parked > 0) text += "\n  -> select * from v_parked: records that a remote refused";
  return text;
}

int once(const Invocation& invocation, LaneOrders orders) {
  config::Config config = load_config(invocation);
  auto setups = make_setups(config, chosen_links(config, invocation));
  Supervisor supervisor(invocation, std::move(config), std::move(setups), orders);
  int code = supervisor.run();
  for (const auto& [name, view] : supervisor.views()) {
    if (!view.last) continue;  // the log says why
    print(fmt::format("{}: {}{}", name, view.last->summary(), next_step(*view.last)));
    code = first_that_applies(code, exit_code(view.last->outcome));
  }
  return code;
}
}  // namespace

void add_once(CLI::App& app, Invocation& invocation) {
  CLI::App* command = app.add_subcommand("once", "one cycle per link, then exit");
  auto orders = std::make_shared<LaneOrders>();
  auto wait = std::make_shared<std::string>();
  orders->once = true;
  auto full = std::make_shared<bool>(false);
  command->add_flag("--full", *full, "compare everything, not only what changed");
  command->add_option("--wait", *wait, "repeat that long while something only waits for a remote's index")
      ->check([](const std::string& text) {
        return config::duration_ms(text) ? std::string() : std::string("must be like 60s or 5m");
      });
  command->group(kServiceGroup);
  command->footer(
      "Exit codes: 0 in step, 3 somebody is needed, 75 a remote could not be reached, 77 not authorised,\n"
      "78 configuration, 1 anything else. Of several: 78, 77, 1, 75, 3, 0, the first that applies.");
  command->callback([&invocation, orders, wait, full] {
    orders->kind = *full ? ReadKind::full : ReadKind::delta;
    orders->wait_ms = wait->empty() ? 0 : config::duration_ms(*wait).value();
    invocation.action = [&invocation, orders] { return once(invocation, *orders); };
  });
}
}  // namespace tandem
