#include "daemon/commands/dry_run.h"
#include <fmt/format.h>
#include "core/engine/cycle.h"
#include "daemon/commands/log.h"
#include "daemon/commands/output.h"

namespace tandem {
DryRun::DryRun(std::shared_ptr<const LinkSetup> setup, Clock& clock)
    : clock_(clock),
      store_(SqliteStore::open_scratch(setup->state_file, identity_of(setup->link), clock)),
      wiring_(setup, *store_, gates_, clock) {}

CycleReport DryRun::run(ReadKind kind, bool reread) {
  CycleHooks hooks;
  const Log log(wiring_.setup().link.name);
  hooks.say = [&log](Severity severity, const std::string& text) { log.say(severity, text); };
  return Cycle(wiring_.replicas(), *store_, clock_, wiring_.setup().link.policy, hooks)
      .run({kind, true, true, reread});
}

std::string line_of(const PlanItem& item) {
  std::string text = fmt::format("{} {} · pair {}", to_text(item.side), to_text(item.kind), item.pair.row);
  if (!item.record_id.empty()) text += fmt::format(" · {}", item.record_id);
  if (!item.field.empty()) {
    text += fmt::format(" · {}: {} -> {}", item.field, quoted(item.old_value), quoted(item.new_value));
  }
  text += fmt::format(" · {}", item.reason);
  if (item.requests > 0) text += fmt::format(" · {} request{}", item.requests, item.requests == 1 ? "" : "s");
  if (!item.held.empty()) text += fmt::format(" · WAITS: {}", item.held);
  return text;
}

std::string incompleteness(const CycleReport& report) {
  std::string text;
  for (const Side side : kSides) {
    if (!report.trouble[side]) continue;
    text += fmt::format("{}{}", text.empty() ? "incomplete: could not be read completely: " : ", ",
                        to_text(side));
  }
  return text;
}
}  // namespace tandem
