// Every subcommand adds itself to the command line and leaves its action in the invocation.
#pragma once
#include <CLI/CLI.hpp>
#include "daemon/commands/invocation.h"

namespace tandem {
inline constexpr const char* kServiceGroup = "Keeping in step";
inline constexpr const char* kLookGroup = "Looking at it (nothing is sent)";
inline constexpr const char* kDecideGroup = "Deciding (done at the next cycle)";
inline constexpr const char* kSetUpGroup = "Setting up";

void add_run(CLI::App& app, Invocation& invocation);
void add_once(CLI::App& app, Invocation& invocation);
void add_plan(CLI::App& app, Invocation& invocation);
void add_match(CLI::App& app, Invocation& invocation);
void add_status(CLI::App& app, Invocation& invocation);
void add_conflicts(CLI::App& app, Invocation& invocation);
void add_resolve(CLI::App& app, Invocation& invocation);
void add_explain(CLI::App& app, Invocation& invocation);
void add_history(CLI::App& app, Invocation& invocation);
void add_verify(CLI::App& app, Invocation& invocation);
void add_undo(CLI::App& app, Invocation& invocation);
void add_link(CLI::App& app, Invocation& invocation);
void add_unlink(CLI::App& app, Invocation& invocation);
void add_keep_apart(CLI::App& app, Invocation& invocation);
void add_forget(CLI::App& app, Invocation& invocation);
void add_pending(CLI::App& app, Invocation& invocation);
void add_approve(CLI::App& app, Invocation& invocation);
void add_reject(CLI::App& app, Invocation& invocation);
void add_auth(CLI::App& app, Invocation& invocation);
void add_check(CLI::App& app, Invocation& invocation);
void add_backup(CLI::App& app, Invocation& invocation);
void add_demo(CLI::App& app, Invocation& invocation);
}  // namespace tandem
