// One mistake in the configuration, or one thing worth knowing about it.
#pragma once
#include <string>
#include <vector>

namespace tandem::config {

struct Problem {
  int line = 0;         // 1-based; 0 = the file as a whole, or something outside it
  std::string key;      // path as in the file: link.ctm.account_id; "" = the file
  std::string message;  // what is wrong and what to do; never a secret
  bool operator==(const Problem&) const = default;
};

// "tandem.toml:12: link.ctm.account_id: missing; ..." as every command prints it.
[[nodiscard]] std::string to_text(const Problem& problem, const std::string& file);
void sort_by_line(std::vector<Problem>& problems);
}  // namespace tandem::config
