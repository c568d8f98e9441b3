#include "tests/sim/ctm_rate.h"

#include <algorithm>

namespace tandem::sim {

bool CtmRate::admit(const std::string& who, std::int64_t now_ms, const Switches& switches) {
  Gate& gate = gates_[who];
  if (now_ms < gate.barred_until_ms) return false;
  const std::string& kind = switches.text("rate");
  const std::int64_t limit = switches.number("rate.per_second");
  const std::int64_t second = now_ms / 1000;
  if (second != gate.second) {
    gate.second = second;
    gate.used = 0;
  }
  if (kind == "fixed_window" && gate.used >= limit) return false;
  if (kind == "token_bucket") {
    const auto room = static_cast<double>(limit);
    if (gate.tokens < 0) gate.tokens = room;
    const auto passed = static_cast<double>(std::max<std::int64_t>(0, now_ms - gate.filled_ms)) / 1000.0;
    gate.tokens = gate.filled_ms == 0 ? room : std::min(room, gate.tokens + passed * room);
    gate.filled_ms = now_ms;
    if (gate.tokens < 1) return false;
    gate.tokens -= 1;
  }
  peak_ = std::max(peak_, ++gate.used);
  return true;
}

void CtmRate::failed(const std::string& who, std::int64_t now_ms, const Switches& switches) {
  const std::int64_t limit = switches.number("rate.errors_per_minute");
  if (limit <= 0) return;
  Gate& gate = gates_[who];
  gate.errors_ms.push_back(now_ms);
  while (gate.errors_ms.front() <= now_ms - 60'000) gate.errors_ms.pop_front();
  if (static_cast<std::int64_t>(gate.errors_ms.size()) <= limit) return;
  gate.barred_until_ms = now_ms + switches.number("rate.error_throttle_ms");
  gate.errors_ms.clear();
}

std::int64_t CtmRate::retry_after_s(const std::string& who, std::int64_t now_ms) const {
  const auto gate = gates_.find(who);
  if (gate == gates_.end()) return 1;
  return std::max<std::int64_t>(1, (gate->second.barred_until_ms - now_ms + 999) / 1000);
}
}  // namespace tandem::sim
