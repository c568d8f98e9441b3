#include "core/model/audit.h"

namespace tandem {
std::string_view to_text(HoldClass c) {
  switch (c) {
    case HoldClass::first_run:
      return "first_run";
    case HoldClass::remove:
      return "delete";
    case HoldClass::update:
      return "update";
    case HoldClass::create:
      return "create";
  }
  return "?";
}
}  // namespace tandem
