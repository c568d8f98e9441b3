#include <fmt/format.h>
#include "daemon/commands/commands.h"
#include "daemon/commands/output.h"
#include "daemon/commands/wiring.h"

namespace tandem {
namespace {
std::string shown(const Table& table, std::size_t row, std::string_view column) {
  const std::string text = cell(table, row, column);
  return text.empty() ? "blank" : fmt::format("\"{}\"", text);
}

// By `tandem resolve`, and not carried out yet.
bool is_decided(SqliteStore& store, const std::string& pair_id, const std::string& field) {
  const auto pair = store.pair(PairId{std::stoll(pair_id)});
  return pair && pair->resolutions.contains(field);
}

int conflicts(const Invocation& invocation, bool all_ever) {
  const config::Config config = load_config(invocation);
  const auto links = chosen_links(config, invocation);
  Table all;
  bool any = false;
  for (const config::LinkConfig& link : links) {
    const auto store = open_for_reading(config, link);
    Table table =
        store->rows(fmt::format("SELECT * FROM v_conflicts {} ORDER BY CAST(conflict_id AS INTEGER)",
                                all_ever ? "" : "WHERE is_open = 1"));
    const std::string which = links.size() > 1 ? fmt::format(" --link {}", link.name) : "";
    for (std::size_t row = 0; !invocation.json && row < table.rows.size(); ++row) {
      const std::string id = cell(table, row, "conflict_id");
      const bool open = cell(table, row, "is_open") == "1";
      print(fmt::format("conflict {} · pair {} · {} · {} {} · policy {}", id, cell(table, row, "pair_id"),
                        cell(table, row, "field"), open ? "since" : "decided", cell(table, row, "at"),
                        cell(table, row, "policy")));
      print(fmt::format("  agreed before {}   ctm {}   highlevel {}", shown(table, row, "base"),
                        shown(table, row, "ctm"), shown(table, row, "highlevel")));
      if (open && is_decided(*store, cell(table, row, "pair_id"), cell(table, row, "field"))) {
        print("  decided by a person; done at the next cycle, unless either side changes before");
      } else if (open) {
        if (cell(table, row, "policy") == "oscillation")
          print(fmt::format(
              "  every change of ours was answered with another: `tandem explain {}{}` shows them",
              cell(table, row, "pair_id"), which));
        print(
            fmt::format("  tandem resolve {0}{1} --take ctm      or   tandem resolve {0}{1} --take highlevel",
                        id, which));
      } else {
        print(
            fmt::format("  decided: {} by {}", cell(table, row, "decision"), cell(table, row, "decided_by")));
      }
      any = true;
    }
    append(all, std::move(table));
  }
  if (invocation.json)
    print(json_array(all));
  else if (!any)
    print("no conflicts");
  return kExitDone;
}
}  // namespace

void add_conflicts(CLI::App& app, Invocation& invocation) {
  CLI::App* command =
      app.add_subcommand("conflicts", "fields that both sides changed, and the command that settles each");
  auto all_ever = std::make_shared<bool>(false);
  command->add_flag("--all", *all_ever, "settled ones too");
  command->group(kLookGroup);
  command->callback([&invocation, all_ever] {
    invocation.action = [&invocation, all_ever] { return conflicts(invocation, *all_ever); };
  });
}
}  // namespace tandem
