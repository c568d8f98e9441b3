#include "storage/sqlite/damage.h"

namespace tandem {
void damaged(std::string_view what) {
  throw StoreError(
      StoreError::Kind::corrupt,
      fmt::format("a stored value is damaged ({}); stop tandem and restore a backup, or move the state away "
                  "to begin anew",
                  what));
}

void damaged_number(std::int64_t number) {
  damaged(fmt::format("{} is none of the numbers that may stand there", number));
}

std::string source_row_name(Side side, std::int64_t kind, const std::string& id) {
  return fmt::format("of {}, kind {}, {}", to_text(side), kind, id.starts_with('+') ? "a number" : id);
}
}  // namespace tandem
