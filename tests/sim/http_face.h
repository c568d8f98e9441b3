// Serves one simulated system over loopback HTTP, faults included, and an admin surface under /_sim/.
#pragma once
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "tests/sim/faults.h"
#include "tests/sim/wire.h"

namespace tandem::sim {

// Requests reach `system` one at a time, from several threads; `admin` must guard itself and may call the
// public methods. Stalls are real time. All public calls are thread-safe; the destructor stops serving.
class HttpFace {
 public:
  HttpFace(Handler system, Handler admin, ErrorStyle style = {});
  ~HttpFace();
  HttpFace(const HttpFace&) = delete;
  HttpFace& operator=(const HttpFace&) = delete;

  // Binds 127.0.0.1 and serves in threads of its own; 0 = any free port. Returns the port; throws
  // std::runtime_error when it is taken.
  int start(int port);
  void stop();
  [[nodiscard]] int port() const { return port_; }
  [[nodiscard]] std::string base_url() const;

  void add_fault(Fault fault);
  void clear_faults();
  [[nodiscard]] std::vector<Fault> faults() const;
  [[nodiscard]] std::int64_t requests() const;  // without /_sim/
  // Most requests that arrived within any `window_ms`, by the steady clock; of the last million.
  [[nodiscard]] std::int64_t busiest(std::int64_t window_ms) const;

 private:
  struct Server;
  Delivered deliver(HttpRequest request);
  std::unique_ptr<Server> server_;
  Handler system_, admin_;
  mutable std::mutex mutex_;  // over faults_ and arrivals_, and held while the system runs
  Faults faults_;
  std::deque<std::int64_t> arrivals_;
  std::int64_t requests_ = 0;
  int port_ = 0;
};

// Path and query of a request target, decoded.
void split_target(std::string_view target, HttpRequest& into);
}  // namespace tandem::sim
