#include "daemon/http/base_url.h"

#include <arpa/inet.h>
#include <curl/curl.h>

#include <memory>

#include "daemon/http/transport.h"

namespace tandem::http {
bool is_loopback_literal(const std::string& host) {
  in_addr v4{};
  if (inet_pton(AF_INET, host.c_str(), &v4) == 1) return (ntohl(v4.s_addr) >> 24) == 127;
  in6_addr v6{};
  if (inet_pton(AF_INET6, host.c_str(), &v6) != 1) return false;
  if (IN6_IS_ADDR_LOOPBACK(&v6)) return true;
  return IN6_IS_ADDR_V4MAPPED(&v6) && v6.s6_addr[12] == 127;
}

std::optional<BaseUrl> parse_base_url(const std::string& url, std::string& why_not) {
  const std::unique_ptr<CURLU, void (*)(CURLU*)> parts(curl_url(), curl_url_cleanup);
  if (!parts || curl_url_set(parts.get(), CURLUPART_URL, url.c_str(), 0) != CURLUE_OK) {
    why_not = "not a URL of the form https://host[:port]";
    return std::nullopt;
  }
  const auto part = [&](CURLUPart which) {
    char* text = nullptr;
    if (curl_url_get(parts.get(), which, &text, 0) != CURLUE_OK || text == nullptr) return std::string();
    std::string out(text);
    curl_free(text);
    return out;
  };
  if (!part(CURLUPART_USER).empty() || !part(CURLUPART_PASSWORD).empty()) {
    why_not = "a base URL must not hold credentials";
    return std::nullopt;
  }
  if (!part(CURLUPART_QUERY).empty() || !part(CURLUPART_FRAGMENT).empty()) {
    why_not = "a base URL must not hold a query or a fragment";
    return std::nullopt;
  }
  BaseUrl out{part(CURLUPART_SCHEME), part(CURLUPART_HOST)};
  if (out.host.size() > 2 && out.host.front() == '[') out.host = out.host.substr(1, out.host.size() - 2);
  return out;
}

bool is_allowed_base_url(const std::string& url, std::string* why_not) {
  std::string reason;
  const auto address = parse_base_url(url, reason);
  if (address && address->scheme != "https" && address->scheme != "http") reason = "only https is spoken";
  if (address && address->scheme == "http" && address->host != "localhost" &&
      !is_loopback_literal(address->host))
    reason = "plain http would send the credential in the clear; only loopback may be spoken to without TLS";
  if (address && address->host.empty()) reason = "no host";
  if (!reason.empty() && why_not != nullptr) *why_not = reason;
  return reason.empty();
}

std::string encode(std::string_view text) {
  static constexpr char kHex[] = "0123456789ABCDEF";
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '.' || c == '_' || c == '~';
    if (plain) {
      out += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      out += '%';
      out += kHex[byte >> 4];
      out += kHex[byte & 15];
    }
  }
  return out;
}
}  // namespace tandem::http
