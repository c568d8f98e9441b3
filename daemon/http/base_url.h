// What a base URL consists of, and which addresses are loopback. Pure.
#pragma once
#include <optional>
#include <string>

namespace tandem::http {

struct BaseUrl {
  std::string scheme, host;  // an IPv6 host without its brackets
};

// nullopt and the reason for what is no plain base URL: unreadable, with credentials or a query.
[[nodiscard]] std::optional<BaseUrl> parse_base_url(const std::string& url, std::string& why_not);

// 127.0.0.0/8, ::1 and the mapped form of the former; a name is none.
[[nodiscard]] bool is_loopback_literal(const std::string& host);
}  // namespace tandem::http
