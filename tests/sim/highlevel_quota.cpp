#include "tests/sim/highlevel_quota.h"

#include <algorithm>

namespace tandem::sim::highlevel {
namespace {
constexpr std::int64_t kDayMs = 86'400'000;
}  // namespace

QuotaView Quota::take(const std::string& app, std::int64_t now_ms) {
  times_.push_back(now_ms);
  QuotaView view;
  view.burst = switches_->number("quota.burst");
  view.interval_ms = switches_->number("quota.interval_ms");
  view.daily = switches_->number("quota.daily");
  Bucket& bucket = buckets_[app];
  if (!bucket.seen || now_ms - bucket.opened_ms >= view.interval_ms)
    bucket.opened_ms = now_ms, bucket.used = 0;
  if (!bucket.seen || now_ms - bucket.day_opened_ms >= kDayMs)
    bucket.day_opened_ms = now_ms, bucket.day_used = 0;
  bucket.seen = true;
  const bool burst_spent = bucket.used >= view.burst, day_spent = bucket.day_used >= view.daily;
  if (switches_->on("quota") && (burst_spent || day_spent)) {
    view.allowed = false;
    ++refused_;
  } else {
    ++bucket.used;
    ++bucket.day_used;
  }
  view.remaining = std::max<std::int64_t>(0, view.burst - bucket.used);
  view.daily_remaining = std::max<std::int64_t>(0, view.daily - bucket.day_used);
  view.daily_reset_ms = bucket.day_opened_ms + kDayMs - now_ms;
  const std::int64_t wait_ms = day_spent ? view.daily_reset_ms : bucket.opened_ms + view.interval_ms - now_ms;
  view.retry_after_s = (wait_ms + 999) / 1000;
  return view;
}

std::int64_t Quota::busiest(std::int64_t window_ms) const {
  std::int64_t most = 0;
  std::size_t from = 0;
  for (std::size_t to = 0; to < times_.size(); ++to) {
    while (times_[to] - times_[from] >= window_ms) ++from;
    most = std::max(most, static_cast<std::int64_t>(to - from + 1));
  }
  return most;
}
}  // namespace tandem::sim::highlevel
