// Both simulated systems over loopback HTTP in one thread, so that the process that serves can be forked
// at any time, and whoever looks at a request knows that nothing else happens meanwhile.
#pragma once
#include <array>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "core/model/side.h"
#include "tests/sim/faults.h"

namespace tandem::crash {

class Server {
 public:
  // nullopt: there is nobody to answer any more.
  using Handler = std::function<std::optional<sim::Delivered>(Side, const sim::HttpRequest&)>;

  Server();  // listens
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  [[nodiscard]] std::string base_url(Side side) const;
  // Answers until `life`, the reading end of a pipe, is closed at its other end.
  void serve_until_closed(int life, const sim::NowMs& now_ms, const Handler& handler);

 private:
  struct Client {
    Side side{};
    int fd = -1;
    std::string received;
  };
  bool read_from(Client& client);  // false: it is gone
  bool answer_all(Client& client, const sim::NowMs& now_ms, const Handler& handler);

  std::array<int, 2> listening_{}, ports_{};
};
}  // namespace tandem::crash
