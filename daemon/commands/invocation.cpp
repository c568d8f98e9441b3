#include "daemon/commands/invocation.h"
#include <fmt/format.h>
#include <algorithm>
#include <array>

namespace tandem {
int first_that_applies(int a, int b) {
  constexpr std::array kOrder{kExitConfig,      kExitUnauthorised, kExitFailed,
                              kExitUnreachable, kExitPerson,       kExitDone};
  const auto* found =
      std::find_if(kOrder.begin(), kOrder.end(), [&](int code) { return code == a || code == b; });
  return found == kOrder.end() ? kExitFailed : *found;
}

std::string to_text(const std::vector<config::Problem>& problems, const std::string& file) {
  std::string text;
  for (const config::Problem& problem : problems)
    text += (text.empty() ? "" : "\n") + config::to_text(problem, file);
  return text;
}

config::Config load_config(const Invocation& invocation) {
  config::Loaded loaded = config::load(invocation.config_file);
  if (!loaded.problems.empty()) throw Exit{kExitConfig, to_text(loaded.problems, invocation.config_file)};
  return std::move(loaded.config);
}

std::vector<config::LinkConfig> chosen_links(const config::Config& config, const Invocation& invocation) {
  if (invocation.link.empty()) return config.links;
  for (const config::LinkConfig& link : config.links) {
    if (link.name == invocation.link) return {link};
  }
  std::vector<std::string> names;
  for (const config::LinkConfig& link : config.links) names.push_back(link.name);
  throw Exit{kExitFailed,
             fmt::format("no link is called {}; there is: {}", invocation.link, fmt::join(names, ", "))};
}

config::LinkConfig chosen_link(const config::Config& config, const Invocation& invocation) {
  std::vector<config::LinkConfig> links = chosen_links(config, invocation);
  if (links.size() == 1) return std::move(links.front());
  std::vector<std::string> names;
  for (const config::LinkConfig& link : links) names.push_back(link.name);
  throw Exit{kExitFailed,
             fmt::format("there are several links; say which with --link: {}", fmt::join(names, ", "))};
}
}  // namespace tandem
