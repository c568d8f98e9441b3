// Takes the browser's one visit at the end of an OAuth authorisation, on a loopback port.
#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

namespace tandem {

struct LoopbackUri {
  bool is_v6 = false;
  std::uint16_t port = 80;
  std::string path;  // without the query
};
// nullopt = https, or another machine: the browser's visit does not come here.
[[nodiscard]] std::optional<LoopbackUri> loopback_uri(const std::string& uri);

class RedirectListener {
 public:
  explicit RedirectListener(const LoopbackUri& at);  // throws Exit when the port cannot be had
  ~RedirectListener();
  RedirectListener(const RedirectListener&) = delete;
  RedirectListener& operator=(const RedirectListener&) = delete;

  [[nodiscard]] int descriptor() const { return socket_; }  // readable: a visit is there

  struct Page {
    int status = 200;
    std::string text;  // one plain sentence
  };
  // One visit: `judge` gets path and query of the request. Visitors that say nothing for 5 s are left.
  void serve(const std::function<Page(const std::string& target)>& judge) const;

 private:
  int socket_ = -1;
};
}  // namespace tandem
