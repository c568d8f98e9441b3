#include "storage/sqlite/high_water.h"
#include <cstdio>
#include <fstream>

namespace tandem {
std::optional<HighWater> read_high_water(const std::string& file) {
  std::ifstream in(file);
  HighWater mark;
  if (!(in >> mark.generation >> mark.run)) return std::nullopt;
  return mark;
}

void write_high_water(const std::string& file, const HighWater& mark) noexcept {
  try {
    const std::string beside = file + ".new";
    std::ofstream out(beside, std::ios::trunc);
    out << mark.generation << ' ' << mark.run << '\n';
    out.close();
    if (out) static_cast<void>(std::rename(beside.c_str(), file.c_str()));
  } catch (...) {
    static_cast<void>(std::remove((file + ".new").c_str()));
  }
}
}  // namespace tandem
