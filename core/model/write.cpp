#include "core/model/write.h"

namespace tandem {
std::string_view to_text(WriteKind kind) {
  switch (kind) {
    case WriteKind::create:
      return "create";
    case WriteKind::update:
      return "update";
    case WriteKind::tag_add:
      return "tag_add";
    case WriteKind::tag_remove:
      return "tag_remove";
    case WriteKind::remove:
      return "delete";
  }
  return "?";
}

std::optional<WriteKind> write_kind_from(std::string_view text) {
  for (const auto k :
       {WriteKind::create, WriteKind::update, WriteKind::tag_add, WriteKind::tag_remove, WriteKind::remove})
    if (text == to_text(k)) return k;
  return std::nullopt;
}
}  // namespace tandem
