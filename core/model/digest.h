// Short stable names for values: XXH3-128, 24 hex letters. Not cryptographic.
#pragma once
#include <string>
#include <string_view>

namespace tandem {

class Digest {
 public:
  Digest& add(std::string_view part) {  // length-prefixed, so that parts cannot run together
    text_ += std::to_string(part.size());
    text_ += ':';
    text_ += part;
    return *this;
  }
  [[nodiscard]] std::string hex() const;

 private:
  std::string text_;
};
}  // namespace tandem
