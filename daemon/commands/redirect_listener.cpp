#include "daemon/commands/redirect_listener.h"
#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include "daemon/commands/invocation.h"

namespace tandem {
namespace {
constexpr int kSilenceMs = 5'000;
constexpr std::size_t kHeadMax = 16u << 10;

std::string read_head(int visitor) {
  std::string head;
  std::array<char, 2048> part{};
  while (head.size() < kHeadMax && head.find("\r\n\r\n") == std::string::npos) {
    pollfd source{visitor, POLLIN, 0};
    if (poll(&source, 1, kSilenceMs) <= 0) return {};
    const auto n = recv(visitor, part.data(), part.size(), 0);
    if (n <= 0) return {};
    head.append(part.data(), static_cast<std::size_t>(n));
  }
  return head;
}

void answer(int visitor, const RedirectListener::Page& page) {
  const std::string body = page.text + "\n";
  const std::string text = fmt::format(
      "HTTP/1.1 {} {}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: {}\r\n"
      "Cache-Control: no-store\r\nReferrer-Policy: no-referrer\r\nConnection: close\r\n\r\n{}",
      page.status, page.status == 200 ? "OK" : "Not accepted", body.size(), body);
  for (std::size_t at = 0; at < text.size();) {
    const auto n = send(visitor, text.data() + at, text.size() - at, MSG_NOSIGNAL);
    if (n <= 0) return;  // the browser left; what it brought counts all the same
    at += static_cast<std::size_t>(n);
  }
}
}  // namespace

std::optional<LoopbackUri> loopback_uri(const std::string& uri) {
  constexpr std::string_view kScheme = "http://";
  if (!uri.starts_with(kScheme)) return std::nullopt;
  const auto slash = uri.find('/', kScheme.size());
  std::string authority = uri.substr(kScheme.size(), slash - kScheme.size());
  LoopbackUri out;
  out.path = slash == std::string::npos ? "/" : uri.substr(slash, uri.find_first_of("?#", slash) - slash);
  for (const std::string_view host : {"localhost", "127.0.0.1", "[::1]"}) {
    if (!authority.starts_with(host)) continue;
    const std::string rest = authority.substr(host.size());
    if (!rest.empty() && rest[0] != ':') continue;
    if (rest.size() > 1) {
      const auto [end, error] = std::from_chars(rest.data() + 1, rest.data() + rest.size(), out.port);
      if (error != std::errc{} || end != rest.data() + rest.size() || out.port == 0) return std::nullopt;
    }
    out.is_v6 = host.front() == '[';
    return out;
  }
  return std::nullopt;
}

RedirectListener::RedirectListener(const LoopbackUri& at) {
  socket_ = socket(at.is_v6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int yes = 1;
  setsockopt(socket_, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  sockaddr_in v4{};
  v4.sin_family = AF_INET;
  v4.sin_port = htons(at.port);
  v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  sockaddr_in6 v6{};
  v6.sin6_family = AF_INET6;
  v6.sin6_port = htons(at.port);
  v6.sin6_addr = in6addr_loopback;
  const auto* address =
      at.is_v6 ? reinterpret_cast<const sockaddr*>(&v6) : reinterpret_cast<const sockaddr*>(&v4);
  const auto size = static_cast<socklen_t>(at.is_v6 ? sizeof v6 : sizeof v4);
  if (bind(socket_, address, size) == 0 && listen(socket_, 8) == 0) return;
  const int cause = errno;
  close(socket_);
  throw Exit{kExitFailed,
             fmt::format("port {} of this machine cannot be listened on: {}; register a redirect URI with "
                         "another port and give it with --redirect-uri, or use --code",
                         at.port, std::strerror(cause))};
}

RedirectListener::~RedirectListener() { close(socket_); }

void RedirectListener::serve(const std::function<Page(const std::string&)>& judge) const {
  const int visitor = accept4(socket_, nullptr, nullptr, SOCK_CLOEXEC);
  if (visitor < 0) return;
  const std::string head = read_head(visitor);
  const auto begin = head.find(' ');
  const auto end = begin == std::string::npos ? begin : head.find(' ', begin + 1);
  if (end != std::string::npos && head.starts_with("GET "))
    answer(visitor, judge(head.substr(begin + 1, end - begin - 1)));
  close(visitor);
}
}  // namespace tandem
