// The numbered schema files of storage/schema, embedded at build.
#pragma once
#include <string>
#include <vector>

namespace tandem {

struct Migration {
  int number;  // PRAGMA user_version after it
  std::string name;
  std::string sql;
};

// Ascending, without gaps, from 1. A released file is never edited; a change is a new file.
[[nodiscard]] const std::vector<Migration>& migrations();
}  // namespace tandem
