#include "daemon/commands/command_line.h"
#include <fmt/format.h>
#include <algorithm>
#include <cctype>

namespace tandem {
namespace {
bool is_option(const std::string& word) {
  return word.size() > 1 && word[0] == '-' &&
         (word[1] == '-' || std::isalpha(static_cast<unsigned char>(word[1])));
}

// More than was asked for.
std::string too_much(const CLI::App& app) {
  const auto commands = app.get_subcommands();
  const std::string name = commands.empty() ? "tandem" : commands.front()->get_name();
  const std::string help =
      commands.empty() ? "`tandem --help` lists them all" : fmt::format("see `tandem {} --help`", name);
  const auto words = app.remaining(true);
  if (words.empty()) return "a command is needed; " + help;
  if (const auto option = std::find_if(words.begin(), words.end(), is_option); option != words.end()) {
    return fmt::format("{} has no option {}; {}", name, option->substr(0, option->find('=')), help);
  }
  if (commands.empty()) return "there is no such command; " + help;
  return fmt::format("{} takes fewer words; put one that holds blanks into quotes, and {}", name, help);
}
}  // namespace

std::string refusal_of(const CLI::App& app, const CLI::ParseError& error) {
  const auto commands = app.get_subcommands();
  if (commands.empty() || dynamic_cast<const CLI::ExtrasError*>(&error) != nullptr) return too_much(app);
  std::string text = error.what();
  if (dynamic_cast<const CLI::ConversionError*>(&error) != nullptr) {  // "Could not convert: ID = 12x"
    const auto begin = text.find(": "), end = text.find(" = ");
    const bool named = begin < end && end != std::string::npos;
    const std::string name = named ? text.substr(begin + 2, end - begin - 2) : "an option";
    text = name.starts_with('-') || !named ? name + " has a value that it does not take"
                                           : name + " must be a number";
  }
  return fmt::format("{}; see `tandem {} --help`", text, commands.front()->get_name());
}
}  // namespace tandem
