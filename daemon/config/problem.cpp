#include "daemon/config/problem.h"
#include <fmt/format.h>
#include <algorithm>

namespace tandem::config {
std::string to_text(const Problem& problem, const std::string& file) {
  const std::string place = problem.line > 0 ? fmt::format("{}:{}", file, problem.line) : file;
  if (problem.key.empty()) return fmt::format("{}: {}", place, problem.message);
  return fmt::format("{}: {}: {}", place, problem.key, problem.message);
}

void sort_by_line(std::vector<Problem>& problems) {
  std::stable_sort(problems.begin(), problems.end(),
                   [](const Problem& a, const Problem& b) { return a.line < b.line; });
}
}  // namespace tandem::config
