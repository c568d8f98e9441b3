// tandem: keeps CallTrackingMetrics and HighLevel contacts in step. Reads the command line and runs
// one command; everything else is below daemon/commands.
#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <cstdio>
#include "daemon/commands/command_line.h"
#include "daemon/commands/commands.h"
#include "daemon/commands/invocation.h"
#include "daemon/commands/log.h"

namespace tandem {
namespace {
void describe(CLI::App& app, Invocation& invocation) {
  app.name("tandem");
  app.description("Keeps the contacts of a CallTrackingMetrics account and a HighLevel location in step.");
  app.set_version_flag("--version", "tandem " TANDEM_VERSION);
  app.require_subcommand(1);
  app.fallthrough();  // these may stand before or after the command
  app.add_option("-c,--config", invocation.config_file, "configuration file")
      ->default_str(std::string(config::kDefaultPath))
      ->envname("TANDEM_CONFIG");
  app.add_option("-l,--link", invocation.link, "which link, where there are several");
  app.add_flag("--json", invocation.json, "records as JSON; the keys are the columns of the view");
  app.add_flag("-v,--verbose", invocation.verbose, "everything into the log");
}

void add_footers(CLI::App& app) {
  for (CLI::App* command : app.get_subcommands({})) {
    std::string own = command->get_footer();
    if (!own.empty()) own += "\n\n";
    command->footer(own + "Options of all commands (tandem --help): --config, --link, --json, --verbose");
  }
  app.footer(
      "Examples:\n"
      "  tandem check                     is the configuration right?\n"
      "  tandem match                     who would be linked with whom?\n"
      "  tandem plan                      what would be written?\n"
      "  tandem run                       keep in step, for ever\n"
      "  tandem explain +15550100123      why is this contact as it is?\n"
      "  tandem demo                      all of it, on simulated systems\n"
      "`tandem COMMAND --help` says more. The state is one SQLite file per link; its views are documented.");
}

void add_commands(CLI::App& app, Invocation& invocation) {
  for (const auto add : {add_run,     add_once,    add_plan,    add_match,  add_status,     add_conflicts,
                         add_pending, add_explain, add_history, add_verify, add_resolve,    add_approve,
                         add_reject,  add_undo,    add_link,    add_unlink, add_keep_apart, add_forget,
                         add_check,   add_auth,    add_backup,  add_demo}) {
    add(app, invocation);
  }
  add_footers(app);
}

int fail(int code, const std::string& message) {
  fmt::print(stderr, "tandem: {}\n", message);
  return code;
}

int run(int argc, char** argv) {
  CLI::App app;
  Invocation invocation;
  invocation.config_file = config::kDefaultPath;
  describe(app, invocation);
  add_commands(app, invocation);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error);  // --help, --version
    return fail(kExitFailed, refusal_of(app, error));
  }
  set_log_level(invocation.verbose ? Severity::debug : Severity::warning);
  try {
    return invocation.action();
  } catch (const Exit& exit) {
    return exit.code == kExitConfig ? fail(exit.code, "the configuration has mistakes\n" + exit.message)
                                    : fail(exit.code, exit.message);
  } catch (const StoreError& error) {
    return fail(kExitFailed, error.what());
  } catch (const std::exception& error) {
    return fail(kExitFailed, fmt::format("stopped by mistake: {}", error.what()));
  }
}
}  // namespace
}  // namespace tandem

int main(int argc, char** argv) { return tandem::run(argc, argv); }
