#include "core/model/digest.h"

#include <fmt/format.h>
#include <xxhash.h>

namespace tandem {
std::string Digest::hex() const {
  const XXH128_hash_t h = XXH3_128bits(text_.data(), text_.size());
  return fmt::format("{:016x}{:08x}", h.high64, static_cast<std::uint32_t>(h.low64));
}
}  // namespace tandem
