// Where a rotating pair of tokens is kept: in a file of the state folder, or in a test's script.
#pragma once
#include <string>
#include <string_view>

#include "core/result.h"

namespace tandem::highlevel {

class TokenShelf {
 public:
  virtual ~TokenShelf() = default;
  [[nodiscard]] virtual Result<std::string> read() = 0;  // "" = nothing is kept
  [[nodiscard]] virtual Result<bool> try_lock() = 0;     // false = somebody else changes it just now
  virtual void unlock() = 0;                             // also where it was not locked
  [[nodiscard]] virtual Result<void> reserve() = 0;      // while locked: replace() will have room
  [[nodiscard]] virtual Result<void> replace(std::string_view content) = 0;  // durable when it returns
};
}  // namespace tandem::highlevel
