// approve and reject: the same question, two answers.
#include <fmt/format.h>
#include "daemon/commands/commands.h"
#include "daemon/commands/output.h"
#include "daemon/commands/wall_clock.h"
#include "daemon/commands/wiring.h"
#include "storage/sqlite/sqlite_decisions.h"

namespace tandem {
namespace {
int decide(const Invocation& invocation, const std::string& digest, Decision decision) {
  const config::Config config = load_config(invocation);
  WallClock clock;
  for (const config::LinkConfig& link : chosen_links(config, invocation)) {
    SqliteDecisions decisions(config::state_file(config, link));
    if (!decisions.decide(digest, decision, clock.now_ms())) continue;
    print(decision == Decision::approved
              ? fmt::format("{}: approved; exactly its present members are written at the next cycle", digest)
              : fmt::format("{}: rejected; not proposed again until a value on either side changes", digest));
    return kExitDone;
  }
  throw Exit{kExitFailed,
             fmt::format("no waiting group is called {} now; its members may have changed: see `tandem "
                         "pending`",
                         digest)};
}

void add(CLI::App& app, Invocation& invocation, Decision decision, const char* name, const char* what) {
  CLI::App* command = app.add_subcommand(name, what);
  auto digest = std::make_shared<std::string>();
  command->add_option("DIGEST", *digest, "as `tandem pending` shows it")->required();
  command->group(kDecideGroup);
  command->callback([&invocation, digest, decision] {
    invocation.action = [&invocation, digest, decision] { return decide(invocation, *digest, decision); };
  });
}
}  // namespace

void add_approve(CLI::App& app, Invocation& invocation) {
  add(app, invocation, Decision::approved, "approve", "let a group of pending writes go, as it is now");
}
void add_reject(CLI::App& app, Invocation& invocation) {
  add(app, invocation, Decision::rejected, "reject", "drop a group of pending writes until a value changes");
}
}  // namespace tandem
