#include "daemon/http/rate_gate.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "daemon/http/retry.h"

namespace tandem::http {
namespace {
constexpr std::int64_t kDayMs = 24 * 3'600'000;
constexpr std::int64_t kHourMs = 3'600'000;
constexpr std::int64_t kShortestClosingMs = 1'000;  // a Retry-After of 0 must not become a busy loop
constexpr std::int64_t kClockSlipMs = 1'000;        // threads read the clock before they take the lock
constexpr std::int64_t kLongestWindowMs = 60'000;
constexpr std::int64_t kLargestWindowLimit = 10'000;  // beyond it a header limits nothing

using Headers = std::map<std::string, std::string>;

std::optional<std::int64_t> number(const Headers& headers, const char* name) {
  const auto it = headers.find(name);
  if (it == headers.end()) return std::nullopt;
  std::int64_t value = 0;
  const char* end = it->second.data() + it->second.size();
  const auto [stopped, error] = std::from_chars(it->second.data(), end, value);
  if (error != std::errc{} || stopped != end || value < 0) return std::nullopt;
  return value;
}
}  // namespace

RateGate::RateGate(Budget budget) : budget_(budget) {}

// A clock that was set back must not freeze the gate until it catches up: everything remembered
// moves back with it, which keeps every distance.
std::int64_t RateGate::settle_clock(std::int64_t now_ms) {
  if (last_now_ms_ != 0 && now_ms < last_now_ms_) {
    if (last_now_ms_ - now_ms <= kClockSlipMs) return last_now_ms_;
    const std::int64_t shift = now_ms - last_now_ms_;
    for (auto& at : sent_) at += shift;
    for (auto* at : {&closed_until_ms_, &day_start_ms_, &said_reset_at_ms_})
      if (*at != 0) *at += shift;
  }
  last_now_ms_ = now_ms;
  return now_ms;
}

std::int64_t RateGate::window_limit() const {
  if (said_window_max_ == 0) return budget_.per_window;
  return budget_.per_window == 0 ? said_window_max_
                                 : std::min<std::int64_t>(budget_.per_window, said_window_max_);
}

// Calls that leave a window apart may arrive closer together: a fortieth on top absorbs that.
std::int64_t RateGate::window_ms() const {
  const std::int64_t longest = std::max(budget_.window_ms, said_window_ms_);
  return longest + longest / 40;
}

void RateGate::start_day_if_over(std::int64_t now_ms) {
  if (day_start_ms_ != 0 && now_ms - day_start_ms_ >= kDayMs) day_start_ms_ = day_sent_ = 0;
  if (said_reset_at_ms_ != 0 && now_ms >= said_reset_at_ms_) {
    said_remaining_ = -1;
    said_reset_at_ms_ = 0;
  }
}

// Our own count runs 24 h from our first call whatever a header claims; what the remote says is
// left runs until the reset it names.
std::int64_t RateGate::day_closed_until(std::int64_t now_ms) const {
  std::int64_t until = 0;
  const std::int64_t limit = known_day_limit();
  const std::int64_t reserve = limit < 0 ? 0 : limit * std::clamp(budget_.reserve_percent, 0, 100) / 100;
  if (limit >= 0 && day_start_ms_ != 0 && day_sent_ >= limit - reserve) until = day_start_ms_ + kDayMs;
  if (limit >= 0 && limit - reserve <= 0) until = std::max(until, now_ms + kHourMs);
  if (said_remaining_ >= 0 && said_remaining_ <= reserve) until = std::max(until, said_reset_at_ms_);
  return until > now_ms ? until : 0;
}

std::int64_t RateGate::admit(std::int64_t now_ms) {
  const std::lock_guard lock(mutex_);
  now_ms = settle_clock(now_ms);
  start_day_if_over(now_ms);
  const std::int64_t window = window_ms();
  while (!sent_.empty() && sent_.front() + window <= now_ms) sent_.pop_front();

  std::int64_t until = std::max(day_closed_until(now_ms), closed_until_ms_ > now_ms ? closed_until_ms_ : 0);
  const auto limit = static_cast<std::size_t>(window_limit());
  if (limit > 0 && sent_.size() >= limit) until = std::max(until, sent_[sent_.size() - limit] + window);
  if (until != 0) return until;

  if (limit > 0) sent_.push_back(now_ms);
  if (day_start_ms_ == 0) day_start_ms_ = now_ms;
  ++day_sent_;
  if (said_remaining_ > 0) --said_remaining_;
  return 0;
}

void RateGate::learn(const Headers& headers, int status, std::int64_t now_ms) {
  const std::lock_guard lock(mutex_);
  now_ms = settle_clock(now_ms);
  start_day_if_over(now_ms);
  learn_window(headers, now_ms);
  learn_day(headers, now_ms);
  if (status != 429) return;
  const std::int64_t pause =
      std::max(retry_after_ms(headers, now_ms).value_or(window_ms()), kShortestClosingMs);
  closed_until_ms_ = std::max(closed_until_ms_, now_ms + pause);
}

// Others may draw on the same bucket: what the remote counts beyond ours is taken as sent just now.
void RateGate::learn_window(const Headers& headers, std::int64_t now_ms) {
  if (const auto max = number(headers, "x-ratelimit-max"); max && *max >= 1)
    said_window_max_ = *max <= kLargestWindowLimit ? *max : 0;
  if (const auto span = number(headers, "x-ratelimit-interval-milliseconds"); span && *span >= 1)
    said_window_ms_ = std::min(*span, kLongestWindowMs);
  const auto remaining = number(headers, "x-ratelimit-remaining");
  const std::int64_t limit = window_limit();
  if (!remaining || limit == 0 || *remaining >= limit) return;
  const std::int64_t window = window_ms();
  while (!sent_.empty() && sent_.front() + window <= now_ms) sent_.pop_front();
  while (static_cast<std::int64_t>(sent_.size()) < limit - *remaining) sent_.push_back(now_ms);
}

void RateGate::learn_day(const Headers& headers, std::int64_t now_ms) {
  if (const auto limit = number(headers, "x-ratelimit-limit-daily"); limit && *limit >= 1)
    said_limit_ = *limit;
  bool new_day = said_remaining_ < 0;
  if (const auto reset = number(headers, "x-ratelimit-daily-reset")) {
    const std::int64_t at = now_ms + std::min(*reset, kDayMs);
    new_day = new_day || at > said_reset_at_ms_ + kHourMs;
    said_reset_at_ms_ = at;
  }
  const auto remaining = number(headers, "x-ratelimit-daily-remaining");
  if (!remaining) return;
  if (said_reset_at_ms_ == 0) said_reset_at_ms_ = now_ms + kHourMs;  // not said when: ask again by trying
  // An answer may be older than calls already under way: within a day the count only falls.
  said_remaining_ = new_day ? *remaining : std::min(said_remaining_, *remaining);
}

std::int64_t RateGate::day_limit() const {
  const std::lock_guard lock(mutex_);
  return known_day_limit();
}

std::int64_t RateGate::known_day_limit() const {
  if (said_limit_ < 0) return budget_.per_day > 0 ? budget_.per_day : -1;
  return budget_.per_day > 0 ? std::min(budget_.per_day, said_limit_) : said_limit_;
}

std::int64_t RateGate::day_remaining() const {
  const std::lock_guard lock(mutex_);
  const std::int64_t limit = known_day_limit();
  if (limit < 0) return said_remaining_;
  const std::int64_t ours = std::max<std::int64_t>(0, limit - day_sent_);
  return said_remaining_ < 0 ? ours : std::min(ours, said_remaining_);
}
}  // namespace tandem::http
