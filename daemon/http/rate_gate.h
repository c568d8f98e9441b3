// The budget of one credential (P20): a sliding window and a day quota, narrowed by what the
// remote's headers say, closed after a 429 until its time is up. Asks the Clock, never sleeps itself.
// Thread-safe: transports of one credential share it.
#pragma once
#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <string>
#include <string_view>

namespace tandem::http {

struct Budget {
  int per_window = 0;  // 0 = unlimited
  std::int64_t window_ms = 10'000;
  std::int64_t per_day = 0;  // 0 = unlimited
  int reserve_percent = 0;   // of the day, left for others
};

class RateGate {
 public:
  explicit RateGate(Budget budget);
  // 0 = go now, and it is counted; otherwise the Unix ms before which nothing may be sent (not counted).
  [[nodiscard]] std::int64_t admit(std::int64_t now_ms);
  // Headers with lower-case names; status 429 closes the gate until Retry-After, else one window.
  void learn(const std::map<std::string, std::string>& headers, int status, std::int64_t now_ms);
  [[nodiscard]] std::int64_t day_limit() const;      // -1 = not known
  [[nodiscard]] std::int64_t day_remaining() const;  // -1 = not known

 private:
  mutable std::mutex mutex_;
  Budget budget_;
  std::deque<std::int64_t> sent_;  // times within the window
  std::int64_t closed_until_ms_ = 0;
  std::int64_t day_start_ms_ = 0, day_sent_ = 0;
  std::int64_t said_limit_ = -1, said_remaining_ = -1, said_reset_at_ms_ = 0;
  std::int64_t said_window_max_ = 0, said_window_ms_ = 0;  // of the short window; 0 = not said
  std::int64_t last_now_ms_ = 0;

  [[nodiscard]] std::int64_t settle_clock(std::int64_t now_ms);
  void start_day_if_over(std::int64_t now_ms);
  [[nodiscard]] std::int64_t window_limit() const;  // 0 = unlimited
  [[nodiscard]] std::int64_t window_ms() const;
  [[nodiscard]] std::int64_t known_day_limit() const;                      // -1 = not known
  [[nodiscard]] std::int64_t day_closed_until(std::int64_t now_ms) const;  // 0 = open
  void learn_day(const std::map<std::string, std::string>& headers, std::int64_t now_ms);
  void learn_window(const std::map<std::string, std::string>& headers, std::int64_t now_ms);
};
}  // namespace tandem::http
