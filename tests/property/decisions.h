// What the code decides, as Markdown: core/DECISIONS.md. Derived by asking the code about every state, so
// that a changed decision shows as a changed table.
#pragma once
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace tandem::decisions {

// merge_field: every state of a field under every policy.
[[nodiscard]] std::string fields();
// plan: every pair of record states under every kind of link. States and policies are the tables at the
// top of record_decisions.cpp; a new one is one line there.
[[nodiscard]] std::string records();

// Numbers equal answers alike, in the order of their first appearance: "A1", "A2".
class Answers {
 public:
  explicit Answers(std::string_view prefix) : prefix_(prefix) {}
  std::string number_of(const std::string& answer) {
    const auto [it, is_new] = numbers_.emplace(answer, prefix_ + std::to_string(numbers_.size() + 1));
    if (is_new) all_.push_back(answer);
    return it->second;
  }
  [[nodiscard]] const std::vector<std::string>& all() const { return all_; }

 private:
  std::string prefix_;
  std::map<std::string, std::string> numbers_;
  std::vector<std::string> all_;
};

[[nodiscard]] inline std::string line(const std::vector<std::string>& cells) {
  std::string out = "|";
  for (const auto& cell : cells) out += ' ' + cell + " |";
  return out + '\n';
}
[[nodiscard]] inline std::string head(const std::vector<std::string>& cells) {
  return line(cells) + line(std::vector<std::string>(cells.size(), "---"));
}
[[nodiscard]] inline std::string joined(const std::vector<std::string>& parts, std::string_view between) {
  std::string out;
  for (const auto& part : parts) {
    if (!out.empty()) out += between;
    out += part;
  }
  return out;
}
}  // namespace tandem::decisions
