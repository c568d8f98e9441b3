// What is wrong with a command line, in words of our own: CLI11's repeat what was typed, which may be
// a contact's value (P31).
#pragma once
#include <CLI/CLI.hpp>
#include <string>

namespace tandem {
// Names options and commands, never an argument. `app` has parsed and thrown `error`.
[[nodiscard]] std::string refusal_of(const CLI::App& app, const CLI::ParseError& error);
}  // namespace tandem
