// CTM's throttle: documented are 10 requests a second and that many errors are throttled; the rest
// (window, scope, header) are switches.
#pragma once
#include <cstdint>
#include <deque>
#include <map>
#include <string>

#include "tests/sim/wire.h"

namespace tandem::sim {

class CtmRate {
 public:
  // False = this request is one too many. `who` is the key's or the agency's name.
  [[nodiscard]] bool admit(const std::string& who, std::int64_t now_ms, const Switches& switches);
  void failed(const std::string& who, std::int64_t now_ms, const Switches& switches);
  // Whole seconds until admit() has a chance, at least 1.
  [[nodiscard]] std::int64_t retry_after_s(const std::string& who, std::int64_t now_ms) const;
  // Most requests admitted in one window of the clock's second: for tests of P20.
  [[nodiscard]] std::int64_t peak() const { return peak_; }

 private:
  struct Gate {
    std::int64_t second = -1, used = 0;  // fixed window
    double tokens = -1;                  // token bucket; < 0 = not begun
    std::int64_t filled_ms = 0;
    std::deque<std::int64_t> errors_ms;
    std::int64_t barred_until_ms = 0;
  };
  std::map<std::string, Gate> gates_;
  std::int64_t peak_ = 0;
};
}  // namespace tandem::sim
