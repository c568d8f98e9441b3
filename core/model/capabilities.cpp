#include "core/model/capabilities.h"

namespace tandem {
Access Capabilities::access(SourceKind kind, std::string_view native) const {
  const auto surface_it = surface.find(kind);
  if (surface_it == surface.end()) return Access::none;
  const auto it = surface_it->second.find(native);
  if (it != surface_it->second.end()) return it->second;
  if (native.substr(0, 7) == "custom:") {
    const auto any = surface_it->second.find("custom:*");
    if (any != surface_it->second.end()) return any->second;
  }
  return Access::none;
}
}  // namespace tandem
