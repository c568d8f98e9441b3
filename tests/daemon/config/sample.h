// A smallest configuration without a mistake, and a way to change it line by line.
#pragma once
#include <algorithm>
#include <string>
#include <vector>
#include "daemon/config/config.h"

namespace tandem::config {
inline const std::string kSmallest = R"([[link]]
name = "acme"
[link.ctm]
account_id = 12345
credential = "acme-ctm"
list = "HighLevel sync"
[link.highlevel]
location_id = "loc1"
credential = "acme-highlevel"
)";

// "line: key: message" of every problem.
inline std::vector<std::string> problems_of(const std::string& text) {
  std::vector<std::string> all;
  for (const Problem& p : parse(text, "t").problems) {
    all.push_back(std::to_string(p.line) + ": " + p.key + ": " + p.message);
  }
  return all;
}

inline std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const auto at = text.find(from);
  return at == std::string::npos ? "no such text: " + from : text.replace(at, from.size(), to);
}
}  // namespace tandem::config
