// Serves signals and the service manager while the lanes work. One per process, on the main thread.
#pragma once
#include <memory>
#include <string>
#include <vector>
#include "daemon/commands/invocation.h"
#include "daemon/commands/lane.h"
#include "daemon/commands/log.h"
#include "daemon/commands/signals.h"
#include "daemon/commands/wall_clock.h"
#include "daemon/commands/wiring.h"

namespace tandem {

class Supervisor {
 public:
  // orders.once: TERM and INT are served, nothing else, and it ends with the last lane.
  Supervisor(const Invocation& invocation, config::Config config,
             std::vector<std::shared_ptr<const LinkSetup>> setups, LaneOrders orders);
  ~Supervisor();
  Supervisor(const Supervisor&) = delete;
  Supervisor& operator=(const Supervisor&) = delete;

  // Until TERM, INT, the end of every lane, or no lane that can open its state. The exit code: 1 when
  // a state could not be used, else 0; what the cycles came to is in views().
  int run();

  struct Named {
    std::string name;
    LaneView view;
  };
  [[nodiscard]] std::vector<Named> views() const;

 private:
  void serve_signals();
  void begin_stop();
  void stop_lanes();
  void reload();
  void log_summary();
  void tell_manager();
  [[nodiscard]] int rest_ms() const;
  [[nodiscard]] std::string status_line() const;

  const Invocation& invocation_;
  config::Config config_;
  const LaneOrders orders_;
  const Log log_;
  Signals signals_;   // before the first thread
  int changed_ = -1;  // eventfd: a lane's view changed
  WallClock clock_;
  GateRegistry gates_;
  std::vector<std::unique_ptr<Lane>> lanes_;
  std::int64_t watchdog_ms_ = 0, give_up_ms_ = 0;  // 0 = not stopping
  bool ready_ = false;
  std::string told_;
};

// True while the lane can be believed to get on: `patience_ms` is how long one step may take.
[[nodiscard]] bool is_alive(const LaneView& view, std::int64_t now_ms, std::int64_t patience_ms);
}  // namespace tandem
