// Reads one TOML table key by key and collects every mistake with its line. Keys that nobody asked
// for are unknown and reported by finish(), with the nearest known name. A reading that fails
// complains once and gives back the fallback, so that the rest of the file is still checked.
#pragma once
#include <toml++/toml.h>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>
#include "daemon/config/problem.h"

namespace tandem::config {

class Section {
 public:
  // `table` null: an empty section that begins at `line`, for defaults. Both outlive the section.
  Section(const toml::table* table, std::string path, int line, std::vector<Problem>& problems);

  [[nodiscard]] bool has(std::string_view key) const;
  [[nodiscard]] int line() const { return line_; }
  [[nodiscard]] int line_of(
      std::string_view key) const;  // of the key's value; the section's where it is missing
  [[nodiscard]] const std::string& path() const { return path_; }

  std::string text(std::string_view key, std::string fallback = {});
  std::string required_text(std::string_view key, std::string_view what_to_do);
  std::int64_t whole(std::string_view key, std::int64_t fallback, std::int64_t least, std::int64_t most);
  double number(std::string_view key, double fallback, double least, double most);
  bool flag(std::string_view key, bool fallback);
  std::int64_t duration(std::string_view key, std::int64_t fallback_ms, std::int64_t least_ms);
  std::vector<std::string> texts(std::string_view key, std::vector<std::string> fallback = {});
  // One of the named choices.
  template <class T>
  T choice(std::string_view key, T fallback, std::initializer_list<std::pair<std::string_view, T>> choices) {
    const auto given = chosen(key);
    if (!given) return fallback;
    std::vector<std::string_view> names;
    for (const auto& [name, value] : choices) {
      if (name == *given) return value;
      names.push_back(name);
    }
    not_among(key, *given, names);
    return fallback;
  }
  Section table(std::string_view key);
  std::vector<Section> tables(std::string_view key);
  // Every key with its text value, in the order of the file: for tables whose keys are data.
  std::vector<std::pair<std::string, std::string>> text_entries();
  const toml::node* node(std::string_view key);  // asked for, whatever it is; nullptr = missing

  void complain(std::string_view key, std::string message);  // key "": the section as a whole
  void not_among(std::string_view key, std::string_view given, const std::vector<std::string_view>& names);
  void finish();  // unknown keys

 private:
  std::optional<std::string> chosen(std::string_view key);
  [[nodiscard]] std::string path_of(std::string_view key) const;

  const toml::table* table_;
  std::string path_;
  int line_;
  std::vector<Problem>* problems_;
  std::set<std::string, std::less<>> asked_;
};

// The name among `known` that `given` most likely means; "" when none is near.
[[nodiscard]] std::string_view nearest(std::string_view given, const std::vector<std::string_view>& known);
}  // namespace tandem::config
