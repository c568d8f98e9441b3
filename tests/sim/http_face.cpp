// The distribution's libcpp-httplib is built with these three; Request has another layout without them.
#define CPPHTTPLIB_OPENSSL_SUPPORT
#define CPPHTTPLIB_ZLIB_SUPPORT
#define CPPHTTPLIB_BROTLI_SUPPORT
#include <httplib.h>
#include <ctime>

#include "tests/sim/http_face.h"

#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <filesystem>
#include <stdexcept>
#include <thread>

namespace tandem::sim {
namespace {
constexpr std::size_t kRemembered = 1'000'000;
constexpr std::size_t kThreads = 64;  // one per open connection; a stalled one must not starve the others

int hex(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

std::string decoded(std::string_view text, bool plus_is_blank) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size() && hex(text[i + 1]) >= 0 && hex(text[i + 2]) >= 0) {
      out += static_cast<char>(hex(text[i + 1]) * 16 + hex(text[i + 2]));
      i += 2;
    } else {
      out += plus_is_blank && text[i] == '+' ? ' ' : text[i];
    }
  }
  return out;
}

HttpRequest taken_over(const httplib::Request& from) {
  HttpRequest request;
  request.method = from.method;
  split_target(from.target, request);
  for (const auto& [name, value] : from.headers) {
    std::string key = name;
    std::ranges::transform(key, key.begin(),
                           [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    if (key != "remote_addr" && key != "remote_port" && key != "local_addr" && key != "local_port")
      request.headers.emplace(key, value);
  }
  request.body = from.body;
  return request;
}

// Shuts down the sockets that are bound to `local_port`; those to `remote_port` alone unless it is 0.
void shut_sockets(int local_port, int remote_port) {
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd", ignored)) {
    const int fd = std::atoi(entry.path().filename().c_str());
    sockaddr_in peer{}, local{};
    socklen_t size = sizeof peer;
    if (getpeername(fd, reinterpret_cast<sockaddr*>(&peer), &size) != 0 || peer.sin_family != AF_INET)
      continue;
    size = sizeof local;
    if (getsockname(fd, reinterpret_cast<sockaddr*>(&local), &size) != 0) continue;
    if (ntohs(local.sin_port) != local_port || (remote_port != 0 && ntohs(peer.sin_port) != remote_port))
      continue;
    shutdown(fd, SHUT_RDWR);
  }
}

// The library writes a status line before we are asked for content, so an answer of no bytes at all
// needs the socket itself; our thread owns it for as long as the handler runs.
void drop_connection(const httplib::Request& request) {
  shut_sockets(request.local_port, request.remote_port);
}

void answer(const httplib::Request& request, httplib::Response& response, Delivered delivered,
            const std::atomic<bool>& stopping) {
  using Clock = std::chrono::steady_clock;
  const auto until = Clock::now() + std::chrono::milliseconds(delivered.wait_ms);
  while (delivered.wait_ms > 0 && Clock::now() < until && !stopping) {
    const auto left = until - Clock::now();
    std::this_thread::sleep_for(std::min<Clock::duration>(left, std::chrono::milliseconds(20)));
  }
  if (delivered.delivery == Delivery::dropped) return drop_connection(request);
  HttpResponse& from = delivered.response;
  response.status = from.status;
  std::string type = "application/json; charset=utf-8";
  char date[40];
  const std::time_t now = std::time(nullptr);
  std::tm utc{};
  gmtime_r(&now, &utc);
  std::strftime(date, sizeof date, "%a, %d %b %Y %H:%M:%S GMT", &utc);
  response.set_header("Date", date);
  for (const auto& [name, value] : from.headers) {
    if (name == "content-type")
      type = value;
    else
      response.set_header(name, value);
  }
  if (delivered.delivery == Delivery::answered) {
    response.set_content(from.body, type);
    return;
  }
  const std::size_t whole = std::max<std::size_t>(from.body.size(), 2);
  response.set_content_provider(
      whole, type, [body = std::move(from.body)](std::size_t, std::size_t, httplib::DataSink& sink) {
        sink.write(body.data(), body.size() / 2);
        return false;
      });
}
}  // namespace

void split_target(std::string_view target, HttpRequest& into) {
  const auto mark = target.find('?');
  into.path = decoded(target.substr(0, mark), false);
  std::string_view query = mark == std::string_view::npos ? "" : target.substr(mark + 1);
  while (!query.empty()) {
    const auto end = query.find('&');
    const std::string_view pair = query.substr(0, end);
    const auto equals = pair.find('=');
    if (!pair.empty())
      into.query.emplace(decoded(pair.substr(0, equals), true),
                         equals == std::string_view::npos ? "" : decoded(pair.substr(equals + 1), true));
    query.remove_prefix(end == std::string_view::npos ? query.size() : end + 1);
  }
}

struct HttpFace::Server {
  httplib::Server http;
  std::thread thread;
  std::atomic<bool> stopping = false, ended = false;
};

HttpFace::HttpFace(Handler system, Handler admin, ErrorStyle style)
    : server_(std::make_unique<Server>()),
      system_(std::move(system)),
      admin_(std::move(admin)),
      faults_(std::move(style)) {
  auto& http = server_->http;
  http.new_task_queue = [] { return new httplib::ThreadPool(kThreads); };
  http.set_tcp_nodelay(true);
  http.set_keep_alive_max_count(1'000'000'000);
  http.set_keep_alive_timeout(60);
  http.set_socket_options([](int fd) {  // not SO_REUSEPORT: two simulators on one port would share it
    const int yes = 1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  });
  const auto serve = [this](const httplib::Request& request, httplib::Response& response) {
    answer(request, response, deliver(taken_over(request)), server_->stopping);
  };
  // The library waits for the end of the connection where a DELETE or POST names no length.
  http.set_pre_routing_handler([serve](const httplib::Request& request, httplib::Response& response) {
    if (request.has_header("Content-Length") || request.has_header("Transfer-Encoding"))
      return httplib::Server::HandlerResponse::Unhandled;
    serve(request, response);
    return httplib::Server::HandlerResponse::Handled;
  });
  http.Get(".*", serve)
      .Post(".*", serve)
      .Put(".*", serve)
      .Patch(".*", serve)
      .Delete(".*", serve)
      .Options(".*", serve);
}

HttpFace::~HttpFace() { stop(); }

int HttpFace::start(int port) {
  auto& http = server_->http;
  port_ = port == 0 ? http.bind_to_any_port("127.0.0.1") : http.bind_to_port("127.0.0.1", port) ? port : -1;
  if (port_ < 0) throw std::runtime_error(fmt::format("cannot listen on 127.0.0.1:{}", port));
  server_->thread = std::thread([&http, &ended = server_->ended] {
    http.listen_after_bind();
    ended = true;
  });
  while (!http.is_running()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  return port_;
}

// The library would wait for idle connections until their keep-alive runs out.
void HttpFace::stop() {
  if (!server_->thread.joinable()) return;
  server_->stopping = true;
  server_->http.stop();
  while (!server_->ended) {
    shut_sockets(port_, 0);
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  server_->thread.join();
}

std::string HttpFace::base_url() const { return fmt::format("http://127.0.0.1:{}", port_); }

Delivered HttpFace::deliver(HttpRequest request) {
  if (request.path.starts_with("/_sim"))
    return {Delivery::answered, true, admin_(request), 0};  // calls back into us
  const std::lock_guard lock(mutex_);
  using namespace std::chrono;
  arrivals_.push_back(duration_cast<milliseconds>(steady_clock::now().time_since_epoch()).count());
  if (arrivals_.size() > kRemembered) arrivals_.pop_front();
  ++requests_;
  return faults_.deliver(std::move(request), system_);
}

void HttpFace::add_fault(Fault fault) {
  const std::lock_guard lock(mutex_);
  faults_.add(std::move(fault));
}

void HttpFace::clear_faults() {
  const std::lock_guard lock(mutex_);
  faults_.clear();
}

std::vector<Fault> HttpFace::faults() const {
  const std::lock_guard lock(mutex_);
  return faults_.waiting();
}

std::int64_t HttpFace::requests() const {
  const std::lock_guard lock(mutex_);
  return requests_;
}

std::int64_t HttpFace::busiest(std::int64_t window_ms) const {
  const std::lock_guard lock(mutex_);
  std::int64_t most = 0;
  for (std::size_t from = 0, to = 0; to < arrivals_.size(); ++to) {
    while (arrivals_[to] - arrivals_[from] >= window_ms) ++from;
    most = std::max(most, static_cast<std::int64_t>(to - from + 1));
  }
  return most;
}
}  // namespace tandem::sim
