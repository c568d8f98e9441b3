#include <fmt/format.h>
#include "daemon/commands/commands.h"
#include "daemon/commands/output.h"
#include "daemon/commands/wiring.h"

namespace tandem {
namespace {
int backup(const Invocation& invocation, const std::string& file) {
  const config::Config config = load_config(invocation);
  const config::LinkConfig link = chosen_link(config, invocation);
  open_for_reading(config, link)->backup(file);
  print(fmt::format("link {}: the state as it is now is in {}", link.name, file));
  return kExitDone;
}
}  // namespace

void add_backup(CLI::App& app, Invocation& invocation) {
  CLI::App* command =
      app.add_subcommand("backup", "a consistent copy of the state, while the daemon goes on");
  auto file = std::make_shared<std::string>();
  command->add_option("FILE", *file, "must not exist")->required();
  command->group(kSetUpGroup);
  command->callback(
      [&invocation, file] { invocation.action = [&invocation, file] { return backup(invocation, *file); }; });
}
}  // namespace tandem
