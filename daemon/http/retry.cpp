#include "daemon/http/retry.h"

#include <curl/curl.h>

#include <algorithm>
#include <charconv>
#include <ctime>

namespace tandem::http {
namespace {
constexpr std::int64_t kRetryAfterMaxMs = 24 * 3'600'000;
constexpr std::int64_t kFirstPauseMs = 500;
constexpr int kDoublings = 4;

std::uint64_t scramble(std::uint64_t x) {  // splitmix64
  x += 0x9e3779b97f4a7c15ULL;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
  return x ^ (x >> 31);
}
}  // namespace

std::optional<std::int64_t> http_date_ms(const std::string& text) {
  const std::time_t seconds = curl_getdate(text.c_str(), nullptr);
  if (seconds < 0) return std::nullopt;
  return static_cast<std::int64_t>(seconds) * 1000;
}

std::optional<std::int64_t> retry_after_ms(const std::map<std::string, std::string>& headers,
                                           std::int64_t now_ms) {
  const auto it = headers.find("retry-after");
  if (it == headers.end() || it->second.empty()) return std::nullopt;
  const std::string& text = it->second;
  if (std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; })) {
    std::int64_t seconds = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
    if (error != std::errc{} || seconds > kRetryAfterMaxMs / 1000) return kRetryAfterMaxMs;
    return seconds * 1000;
  }
  const auto until = http_date_ms(text);
  if (!until) return std::nullopt;
  const auto date = headers.find("date");
  const auto said_now = date == headers.end() ? std::nullopt : http_date_ms(date->second);
  return std::clamp<std::int64_t>(*until - said_now.value_or(now_ms), 0, kRetryAfterMaxMs);
}

std::int64_t back_off_ms(int attempt, std::uint64_t seed) {
  const std::int64_t whole = kFirstPauseMs << std::clamp(attempt - 1, 0, kDoublings);
  const auto roll = scramble(seed ^ scramble(static_cast<std::uint64_t>(attempt)));
  return whole / 2 + static_cast<std::int64_t>(roll % static_cast<std::uint64_t>(whole / 2 + 1));
}
}  // namespace tandem::http
