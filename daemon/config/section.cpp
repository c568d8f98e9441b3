#include "daemon/config/section.h"
#include <fmt/format.h>
#include <algorithm>
#include <numeric>
#include "daemon/config/duration.h"

namespace tandem::config {
namespace {
std::string kind_of(const toml::node& node) {
  switch (node.type()) {
    case toml::node_type::string:
      return "text";
    case toml::node_type::integer:
      return "a whole number";
    case toml::node_type::floating_point:
      return "a number";
    case toml::node_type::boolean:
      return "true or false";
    case toml::node_type::array:
      return "an array";
    case toml::node_type::table:
      return "a table";
    default:
      return "a date or time";
  }
}

std::size_t distance(std::string_view a, std::string_view b) {  // Levenshtein
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({replaced, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row.back();
}

bool names_a_secret(std::string_view key) {
  for (const std::string_view part : {"token", "secret", "password", "passwd", "api_key", "apikey",
                                      "access_key", "private_key", "authorization"}) {
    if (key.find(part) != std::string_view::npos) return true;
  }
  return false;
}

std::string joined(const std::vector<std::string_view>& names) {
  return fmt::format("{}", fmt::join(names, ", "));
}
}  // namespace

std::string_view nearest(std::string_view given, const std::vector<std::string_view>& known) {
  std::string_view best;
  std::size_t best_distance = std::max<std::size_t>(2, given.size() / 3) + 1;
  for (const auto name : known) {
    const std::size_t d = distance(given, name);
    if (d < best_distance) best_distance = d, best = name;
  }
  return best;
}

Section::Section(const toml::table* table, std::string path, int line, std::vector<Problem>& problems)
    : table_(table), path_(std::move(path)), line_(line), problems_(&problems) {}

std::string Section::path_of(std::string_view key) const {
  if (key.empty()) return path_;
  return path_.empty() ? std::string(key) : fmt::format("{}.{}", path_, key);
}

bool Section::has(std::string_view key) const { return table_ != nullptr && table_->contains(key); }

int Section::line_of(std::string_view key) const {
  const toml::node* found = table_ == nullptr || key.empty() ? nullptr : table_->get(key);
  return found == nullptr ? line_ : static_cast<int>(found->source().begin.line);
}

void Section::complain(std::string_view key, std::string message) {
  problems_->push_back({line_of(key), path_of(key), std::move(message)});
}

const toml::node* Section::node(std::string_view key) {
  asked_.emplace(key);
  return table_ == nullptr ? nullptr : table_->get(key);
}

std::string Section::text(std::string_view key, std::string fallback) {
  const toml::node* found = node(key);
  if (found == nullptr) return fallback;
  if (const auto* value = found->as_string()) return value->get();
  complain(key, fmt::format("must be text in quotes, not {}", kind_of(*found)));
  return fallback;
}

std::string Section::required_text(std::string_view key, std::string_view what_to_do) {
  if (!has(key)) {
    asked_.emplace(key);
    complain(key, fmt::format("missing; {}", what_to_do));
    return {};
  }
  const bool is_text = table_->get(key)->is_string();
  std::string value = text(key);
  if (is_text && value.empty()) complain(key, fmt::format("is empty; {}", what_to_do));
  return value;
}

std::int64_t Section::whole(std::string_view key, std::int64_t fallback, std::int64_t least,
                            std::int64_t most) {
  const toml::node* found = node(key);
  if (found == nullptr) return fallback;
  const auto* value = found->as_integer();
  if (value == nullptr) {
    complain(key, fmt::format("must be a whole number without quotes, not {}", kind_of(*found)));
    return fallback;
  }
  if (value->get() < least || value->get() > most) {
    complain(key, fmt::format("is {}; it must lie between {} and {}", value->get(), least, most));
    return fallback;
  }
  return value->get();
}

double Section::number(std::string_view key, double fallback, double least, double most) {
  const toml::node* found = node(key);
  if (found == nullptr) return fallback;
  const auto value = found->is_number() ? found->value<double>() : std::nullopt;
  if (!value) {
    complain(key, fmt::format("must be a number, not {}", kind_of(*found)));
    return fallback;
  }
  if (!(*value >= least && *value <= most)) {
    complain(key, fmt::format("is {}; it must lie between {} and {}", *value, least, most));
    return fallback;
  }
  return *value;
}

bool Section::flag(std::string_view key, bool fallback) {
  const toml::node* found = node(key);
  if (found == nullptr) return fallback;
  if (const auto* value = found->as_boolean()) return value->get();
  complain(key, fmt::format("must be true or false without quotes, not {}", kind_of(*found)));
  return fallback;
}

std::int64_t Section::duration(std::string_view key, std::int64_t fallback_ms, std::int64_t least_ms) {
  const toml::node* found = node(key);
  if (found == nullptr) return fallback_ms;
  const auto* given = found->as_string();
  const auto ms = given == nullptr ? std::nullopt : duration_ms(given->get());
  if (!ms) {
    complain(key, "must be a whole number with a unit in quotes, such as \"60s\", \"15m\", \"6h\" or \"2d\"");
    return fallback_ms;
  }
  if (*ms < least_ms) {
    complain(key, fmt::format("is {}; the least is {}", duration_text(*ms), duration_text(least_ms)));
    return fallback_ms;
  }
  return *ms;
}

std::vector<std::string> Section::texts(std::string_view key, std::vector<std::string> fallback) {
  const toml::node* found = node(key);
  if (found == nullptr) return fallback;
  std::vector<std::string> all;
  const toml::array* array = found->as_array();
  if (array == nullptr) {
    complain(key, fmt::format("must be an array of texts, [\"...\"], not {}", kind_of(*found)));
    return fallback;
  }
  for (const toml::node& item : *array) {
    if (const auto* value = item.as_string()) {
      all.push_back(value->get());
    } else {
      problems_->push_back({static_cast<int>(item.source().begin.line), path_of(key),
                            fmt::format("every item must be text in quotes, not {}", kind_of(item))});
    }
  }
  return all;
}

std::optional<std::string> Section::chosen(std::string_view key) {
  const toml::node* found = node(key);
  if (found == nullptr) return std::nullopt;
  if (const auto* value = found->as_string()) return value->get();
  complain(key, fmt::format("must be text in quotes, not {}", kind_of(*found)));
  return std::nullopt;
}

void Section::not_among(std::string_view key, std::string_view given,
                        const std::vector<std::string_view>& names) {
  complain(key, fmt::format("\"{}\" is not known; one of: {}", given, joined(names)));
}

Section Section::table(std::string_view key) {
  const toml::node* found = node(key);
  const toml::table* inner = found == nullptr ? nullptr : found->as_table();
  if (found != nullptr && inner == nullptr)
    complain(key, fmt::format("must be a table, not {}", kind_of(*found)));
  return {inner, path_of(key), line_of(key), *problems_};
}

std::vector<Section> Section::tables(std::string_view key) {
  std::vector<Section> all;
  const toml::node* found = node(key);
  if (found == nullptr) return all;
  const toml::array* array = found->as_array();
  if (array == nullptr) {
    complain(key, fmt::format("must be written as [[{}]], so that there can be several", path_of(key)));
    return all;
  }
  for (const toml::node& item : *array) {
    const int line = static_cast<int>(item.source().begin.line);
    if (item.is_table()) {
      all.emplace_back(item.as_table(), path_of(key), line, *problems_);
    } else {
      problems_->push_back(
          {line, path_of(key), fmt::format("every item must be a table, not {}", kind_of(item))});
    }
  }
  return all;
}

std::vector<std::pair<std::string, std::string>> Section::text_entries() {
  std::vector<std::pair<std::string, std::string>> all;
  if (table_ == nullptr) return all;
  std::vector<const toml::key*> keys;
  for (const auto& [key, value] : *table_) keys.push_back(&key);
  std::stable_sort(keys.begin(), keys.end(),
                   [](const toml::key* a, const toml::key* b) {  // toml++ sorts by name
                     const auto &x = a->source().begin, &y = b->source().begin;
                     return std::pair(x.line, x.column) < std::pair(y.line, y.column);
                   });
  for (const toml::key* key : keys) {
    std::string value = text(key->str());
    if (table_->get(key->str())->is_string()) all.emplace_back(std::string(key->str()), std::move(value));
  }
  return all;
}

void Section::finish() {
  if (table_ == nullptr) return;
  const std::vector<std::string_view> known(asked_.begin(), asked_.end());
  for (const auto& [key, value] : *table_) {
    if (asked_.contains(key.str())) continue;
    std::string message;
    if (names_a_secret(key.str())) {
      message =
          "secrets do not belong into this file; put it into a file of its own with mode 0600 and name it "
          "with `credential` or `credential_file`";
    } else if (const auto near = nearest(key.str(), known); !near.empty()) {
      message = fmt::format("unknown key; did you mean `{}`?", near);
    } else {
      message = fmt::format("unknown key; known here: {}", joined(known));
    }
    problems_->push_back({static_cast<int>(key.source().begin.line), path_of(key.str()), std::move(message)});
  }
}
}  // namespace tandem::config
