#include <fmt/format.h>
#include "daemon/commands/commands.h"
#include "daemon/commands/output.h"
#include "daemon/commands/wiring.h"

namespace tandem {
namespace {
int pending(const Invocation& invocation) {
  const config::Config config = load_config(invocation);
  const auto links = chosen_links(config, invocation);
  Table all;
  bool any = false;
  for (const config::LinkConfig& link : links) {
    Table table = open_for_reading(config, link)
                      ->rows("SELECT * FROM v_pending WHERE decision IS NULL ORDER BY since, digest");
    const std::string which = links.size() > 1 ? fmt::format(" --link {}", link.name) : "";
    for (std::size_t row = 0; !invocation.json && row < table.rows.size(); ++row) {
      const std::string digest = cell(table, row, "digest"), side = cell(table, row, "side");
      const bool first = cell(table, row, "class") == "first_run";
      const std::string count = cell(table, row, "count"), plural = count == "1" ? "" : "s";
      print(fmt::format(
          "{} · {} {}{} · since {}", digest, count,
          first ? fmt::format("write{} of the first run", plural) : cell(table, row, "class") + plural,
          side.empty() ? "" : " in " + side, cell(table, row, "since")));
      print(fmt::format("  {}", cell(table, row, "reason")));
      if (first)
        print("  `tandem match` shows who was linked with whom, `tandem plan` every write that waits");
      print(fmt::format("  tandem approve {0}{1}      or   tandem reject {0}{1}", digest, which));
      any = true;
    }
    append(all, std::move(table));
  }
  if (invocation.json)
    print(json_array(all));
  else if (!any)
    print("nothing waits");
  return kExitDone;
}
}  // namespace

void add_pending(CLI::App& app, Invocation& invocation) {
  CLI::App* command = app.add_subcommand("pending", "writes that a brake or the first run holds, in groups");
  command->group(kLookGroup);
  command->callback([&invocation] { invocation.action = [&invocation] { return pending(invocation); }; });
}
}  // namespace tandem
