// A loopback HTTP/1.1 server that answers what the test tells it to, wrong ways of ending a
// connection included. One thread per connection; the script is called one request at a time.
#pragma once
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace tandem::test {

struct Seen {
  std::string method, target, body;
  std::map<std::string, std::string> headers;  // names lower case
  int connection = 0;                          // 0, 1, 2 ... in the order they were opened
};

struct Reply {
  enum class End { whole, hang_up, cut_short, silence } end = End::whole;
  int status = 200;
  std::string body = "{}";
  std::vector<std::pair<std::string, std::string>> headers;

  static Reply json(std::string body, int status = 200) { return {End::whole, status, std::move(body), {}}; }
  static Reply hang_up() { return {End::hang_up, 0, "", {}}; }  // the request was read, nothing comes back
  static Reply silence() { return {End::silence, 0, "", {}}; }  // likewise, and the connection stays open
  Reply& with(std::string name, std::string value) {
    headers.emplace_back(std::move(name), std::move(value));
    return *this;
  }
};

class ScriptedServer {
 public:
  using Script = std::function<Reply(const Seen&)>;
  explicit ScriptedServer(Script script) : script_(std::move(script)) {
    listener_ = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ::bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address);
    ::listen(listener_, 16);
    socklen_t size = sizeof address;
    ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    acceptor_ = std::thread([this] { accept_all(); });
  }
  ~ScriptedServer() {
    stopping_ = true;
    ::shutdown(listener_, SHUT_RDWR);
    acceptor_.join();
    ::close(listener_);
    {
      const std::lock_guard lock(mutex_);
      for (const int fd : open_) ::shutdown(fd, SHUT_RDWR);
    }
    for (auto& worker : workers_) worker.join();
  }
  ScriptedServer(const ScriptedServer&) = delete;
  ScriptedServer& operator=(const ScriptedServer&) = delete;

  [[nodiscard]] std::string base_url() const { return "http://127.0.0.1:" + std::to_string(port_); }
  [[nodiscard]] int port() const { return port_; }
  [[nodiscard]] std::vector<Seen> seen() {
    const std::lock_guard lock(mutex_);
    return seen_;
  }
  [[nodiscard]] int count(const std::string& method, const std::string& target_prefix = "") {
    const auto all = seen();
    return static_cast<int>(std::count_if(all.begin(), all.end(), [&](const Seen& s) {
      return s.method == method && s.target.starts_with(target_prefix);
    }));
  }

 private:
  void accept_all() {
    for (int number = 0; !stopping_; ++number) {
      const int fd = ::accept(listener_, nullptr, nullptr);
      if (fd < 0) return;
      const std::lock_guard lock(mutex_);
      open_.push_back(fd);
      workers_.emplace_back([this, fd, number] {
        serve(fd, number);
        const std::lock_guard closing(mutex_);
        open_.erase(std::find(open_.begin(), open_.end(), fd));
        ::close(fd);
      });
    }
  }

  void serve(int fd, int number) {
    std::string buffer;
    for (;;) {
      Seen request;
      request.connection = number;
      if (!read_request(fd, buffer, request)) return;
      Reply reply;
      {
        const std::lock_guard lock(mutex_);
        seen_.push_back(request);
      }
      {
        const std::lock_guard lock(script_mutex_);
        reply = script_(request);
      }
      if (reply.end == Reply::End::hang_up) return;
      if (reply.end == Reply::End::silence) {
        char ignored[64];
        while (::recv(fd, ignored, sizeof ignored, 0) > 0) {
        }
        return;
      }
      const bool cut = reply.end == Reply::End::cut_short;
      std::string text = "HTTP/1.1 " + std::to_string(reply.status) +
                         " X\r\nContent-Length: " + std::to_string(reply.body.size() + (cut ? 50 : 0)) +
                         "\r\n";
      for (const auto& [name, value] : reply.headers) text += name + ": " + value + "\r\n";
      text += "\r\n" + reply.body;
      for (std::size_t at = 0; at < text.size();) {
        const auto n = ::send(fd, text.data() + at, text.size() - at, MSG_NOSIGNAL);
        if (n <= 0) return;
        at += static_cast<std::size_t>(n);
      }
      if (cut) return;
    }
  }

  static bool read_request(int fd, std::string& buffer, Seen& out) {
    std::size_t head_end = 0;
    while ((head_end = buffer.find("\r\n\r\n")) == std::string::npos)
      if (!more(fd, buffer)) return false;
    std::size_t at = buffer.find("\r\n");
    const std::string first = buffer.substr(0, at);
    const auto space = first.find(' '), second = first.rfind(' ');
    out.method = first.substr(0, space);
    out.target = first.substr(space + 1, second - space - 1);
    while (at < head_end) {
      const auto line_end = buffer.find("\r\n", at + 2);
      const std::string line = buffer.substr(at + 2, line_end - at - 2);
      at = line_end;
      const auto colon = line.find(':');
      if (colon == std::string::npos) continue;
      std::string name = line.substr(0, colon);
      std::transform(name.begin(), name.end(), name.begin(),
                     [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
      const auto start = line.find_first_not_of(' ', colon + 1);
      out.headers[name] = start == std::string::npos ? "" : line.substr(start);
    }
    const auto length = out.headers.find("content-length");
    const std::size_t size = length == out.headers.end() ? 0 : std::stoul(length->second);
    while (buffer.size() < head_end + 4 + size)
      if (!more(fd, buffer)) return false;
    out.body = buffer.substr(head_end + 4, size);
    buffer.erase(0, head_end + 4 + size);
    return true;
  }
  static bool more(int fd, std::string& buffer) {
    char chunk[4096];
    const auto n = ::recv(fd, chunk, sizeof chunk, 0);
    if (n <= 0) return false;
    buffer.append(chunk, static_cast<std::size_t>(n));
    return true;
  }

  Script script_;
  int listener_ = -1, port_ = 0;
  std::atomic<bool> stopping_{false};
  std::thread acceptor_;
  std::mutex mutex_, script_mutex_;
  std::vector<std::thread> workers_;
  std::vector<int> open_;
  std::vector<Seen> seen_;
};
}  // namespace tandem::test
