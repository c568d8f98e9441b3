#include "daemon/commands/dry_run.h"
#include <cstdio>
#include <fmt/format.h>
#include "core/engine/cycle.h"
#include "daemon/commands/log.h"

namespace tandem {
DryRun::DryRun(std::shared_ptr<const LinkSetup> setup, Clock& clock)
    : clock_(clock),
      store_(SqliteStore::open_scratch(setup->state_file, identity_of(setup->link), clock)),
      wiring_(setup, *store_, gates_, clock) {}

CycleReport DryRun::run(ReadKind kind) {
  CycleHooks hooks;
  const Log log(wiring_.setup().link.name);
  hooks.say = [&log](Severity severity, const std::string& text) { log.say(severity, text); };
  return Cycle(wiring_.replicas(), *store_, clock_, wiring_.setup().link.policy, hooks).run({kind, true, true});
}

void print_trouble(const std::string& link, const CycleReport& report) {
  for (const Side side : kSides) {
    if (!report.trouble[side]) continue;
    fmt::print(stderr, "{}: {}: {}\n", link, to_text(side), report.trouble[side]->message);
  }
}
}  // namespace tandem
