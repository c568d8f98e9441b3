#include "tests/crash/server.h"

#include <arpa/inet.h>
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <ctime>
#include <stdexcept>

#include "tests/sim/http_face.h"

namespace tandem::crash {
namespace {
int listen_anywhere(int& port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* any = reinterpret_cast<sockaddr*>(&address);
  if (fd < 0 || bind(fd, any, size) != 0 || listen(fd, 16) != 0 || getsockname(fd, any, &size) != 0)
    throw std::runtime_error("cannot listen on a loopback port");
  port = ntohs(address.sin_port);
  return fd;
}

std::string lower(std::string text) {
  std::ranges::transform(text, text.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

// Takes one whole request off `received`; nullopt: the rest has not come yet.
std::optional<sim::HttpRequest> next_request(std::string& received) {
  const std::size_t head_end = received.find("\r\n\r\n");
  if (head_end == std::string::npos) return std::nullopt;
  sim::HttpRequest request;
  std::size_t line_end = received.find("\r\n");
  const std::string first = received.substr(0, line_end);
  const std::size_t blank = first.find(' ');
  request.method = first.substr(0, blank);
  sim::split_target(first.substr(blank + 1, first.rfind(' ') - blank - 1), request);
  while (line_end < head_end) {
    const std::size_t begin = line_end + 2;
    line_end = received.find("\r\n", begin);
    const std::string line = received.substr(begin, line_end - begin);
    const std::size_t colon = line.find(':');
    const std::size_t value = colon == std::string::npos ? colon : line.find_first_not_of(' ', colon + 1);
    if (colon == std::string::npos) throw std::runtime_error("a header without a colon: " + line);
    request.headers.emplace(lower(line.substr(0, colon)),
                            value == std::string::npos ? "" : line.substr(value));
  }
  if (request.headers.contains("transfer-encoding"))
    throw std::runtime_error("a request body in chunks: this server does not read them");
  const auto length = request.headers.find("content-length");
  const std::size_t body = length == request.headers.end() ? 0 : std::stoul(length->second);
  if (received.size() < head_end + 4 + body) return std::nullopt;
  request.body = received.substr(head_end + 4, body);
  received.erase(0, head_end + 4 + body);
  return request;
}

bool send_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

std::string on_the_wire(const sim::HttpResponse& response, std::int64_t now_ms) {
  std::string out = fmt::format("HTTP/1.1 {} Answer\r\ndate: {:%a, %d %b %Y %H:%M:%S} GMT\r\n",
                                response.status, fmt::gmtime(static_cast<std::time_t>(now_ms / 1000)));
  for (const auto& [name, value] : response.headers) out += fmt::format("{}: {}\r\n", name, value);
  return out + fmt::format("content-length: {}\r\n\r\n", response.body.size());
}
}  // namespace

Server::Server() {
  for (const std::size_t i : {0U, 1U}) listening_[i] = listen_anywhere(ports_[i]);
}

Server::~Server() {
  for (const int fd : listening_) close(fd);
}

std::string Server::base_url(Side side) const {
  return fmt::format("http://127.0.0.1:{}", ports_[static_cast<std::size_t>(side)]);
}

void Server::serve_until_closed(int life, const sim::NowMs& now_ms, const Handler& handler) {
  std::vector<Client> clients;
  std::vector<pollfd> waits;
  while (true) {
    waits = {{life, POLLIN, 0}, {listening_[0], POLLIN, 0}, {listening_[1], POLLIN, 0}};
    for (const Client& client : clients) waits.push_back({client.fd, POLLIN, 0});
    if (poll(waits.data(), waits.size(), 60'000) == 0)
      throw std::runtime_error("the process under test has done nothing for a minute");
    if (waits[0].revents != 0) break;
    for (std::size_t i = 0; i < clients.size(); ++i) {
      if (waits[i + 3].revents == 0) continue;
      Client& client = clients[i];
      if (read_from(client) && answer_all(client, now_ms, handler)) continue;
      close(client.fd);
      client.fd = -1;
    }
    std::erase_if(clients, [](const Client& client) { return client.fd < 0; });
    for (const Side side : kSides) {
      const auto i = static_cast<std::size_t>(side);
      if (waits[i + 1].revents == 0) continue;
      const int fd = accept4(listening_[i], nullptr, nullptr, SOCK_CLOEXEC);
      const int yes = 1;
      setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
      if (fd >= 0) clients.push_back({side, fd, {}});
    }
  }
  for (const Client& client : clients) close(client.fd);
}

bool Server::read_from(Client& client) {
  char bytes[16'384];
  const ssize_t got = recv(client.fd, bytes, sizeof bytes, 0);
  if (got <= 0) return false;
  client.received.append(bytes, static_cast<std::size_t>(got));
  return true;
}

bool Server::answer_all(Client& client, const sim::NowMs& now_ms, const Handler& handler) {
  while (const auto request = next_request(client.received)) {
    const auto delivered = handler(client.side, *request);
    if (!delivered || delivered->delivery == sim::Delivery::dropped) return false;
    const sim::HttpResponse& response = delivered->response;
    const bool cut = delivered->delivery == sim::Delivery::cut;
    if (!send_all(client.fd, on_the_wire(response, now_ms()) +
                                 response.body.substr(0, cut ? response.body.size() / 2 : std::string::npos)))
      return false;
    if (cut) return false;
  }
  return true;
}
}  // namespace tandem::crash
