// HighLevel's rate limits: a burst window and a day, counted per app and location.
#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "tests/sim/wire.h"

namespace tandem::sim::highlevel {

struct QuotaView {
  bool allowed = true;
  std::int64_t burst = 0, interval_ms = 0, remaining = 0;
  std::int64_t daily = 0, daily_remaining = 0, daily_reset_ms = 0;
  std::int64_t retry_after_s = 0;
};

// Reads quota, quota.burst, quota.interval_ms and quota.daily on each call. The burst window is fixed: it
// opens with the first request after the last one closed. The day opens with the first request ever.
class Quota {
 public:
  explicit Quota(const Switches& switches) : switches_(&switches) {}
  QuotaView take(const std::string& app, std::int64_t now_ms);
  // Most requests, refused ones included, in any `window_ms` by the system's clock.
  [[nodiscard]] std::int64_t busiest(std::int64_t window_ms) const;
  [[nodiscard]] std::int64_t refused() const { return refused_; }
  [[nodiscard]] std::int64_t taken() const { return static_cast<std::int64_t>(times_.size()); }

 private:
  struct Bucket {
    std::int64_t opened_ms = 0, used = 0, day_opened_ms = 0, day_used = 0;
    bool seen = false;
  };
  const Switches* switches_;
  std::map<std::string, Bucket> buckets_;
  std::vector<std::int64_t> times_;
  std::int64_t refused_ = 0;
};
}  // namespace tandem::sim::highlevel
