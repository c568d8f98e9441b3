// What every command shares: the options of all commands, and how a command ends early.
#pragma once
#include <functional>
#include <string>
#include <vector>
#include "core/engine/cycle.h"
#include "daemon/config/config.h"

namespace tandem {

// Exit codes (DESIGN): several causes, the first of 78, 77, 1, 75, 3, 0 that applies.
inline constexpr int kExitDone = 0, kExitFailed = 1, kExitPerson = 3, kExitUnreachable = 75,
                     kExitUnauthorised = 77, kExitConfig = 78;
[[nodiscard]] int first_that_applies(int a, int b);

// Ends the command: main prints the message to standard error and exits with the code.
struct Exit {
  int code = kExitFailed;
  std::string message;
};

struct Invocation {
  std::string config_file;
  std::string link;
  bool json = false;
  bool verbose = false;
  std::function<int()> action;  // of the subcommand that was given
};

// Throws Exit 78 with every problem, one per line.
[[nodiscard]] config::Config load_config(const Invocation& invocation);
// The link of --link, or all of them. Throws Exit 1 when there is none of that name.
[[nodiscard]] std::vector<config::LinkConfig> chosen_links(const config::Config& config,
                                                           const Invocation& invocation);
// Exactly one: throws Exit 1 and says to give --link where there are several.
[[nodiscard]] config::LinkConfig chosen_link(const config::Config& config, const Invocation& invocation);
// Problems as lines of text.
[[nodiscard]] std::string to_text(const std::vector<config::Problem>& problems, const std::string& file);
}  // namespace tandem
