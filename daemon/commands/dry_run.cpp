#include "daemon/commands/dry_run.h"
#include <fmt/format.h>
#include "core/engine/cycle.h"
#include "daemon/commands/log.h"

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
