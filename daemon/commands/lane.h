// One engine thread per link: opens the state, runs cycles, waits, and never two at once. What goes
// wrong in one lane stays in it. All public functions may be called from any thread.
#pragma once
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include "core/engine/cycle.h"
#include "daemon/commands/log.h"
#include "daemon/commands/wall_clock.h"
#include "daemon/commands/wiring.h"

namespace tandem {

struct LaneOrders {
  bool once = false;                // one cycle, then end; else for ever
  ReadKind kind = ReadKind::delta;  // of the first cycle
  std::int64_t wait_ms = 0;         // once: repeat that long while only an index is waited for
};

struct LaneView {
  enum class Phase : std::uint8_t { opening, cycling, waiting, failed, ended };
  Phase phase = Phase::opening;
  std::int64_t progress_ms = 0;     // when the lane last got on; waiting: when it went to sleep
  std::int64_t wake_ms = 0;         // waiting or failed: when it goes on
  std::optional<CycleReport> last;  // of the last cycle
  std::string failure;              // of the state; "" = none
};

class Lane {
 public:
  // `changed` is called from the lane's thread after every change of view().
  Lane(std::shared_ptr<const LinkSetup> setup, LaneOrders orders, GateRegistry& gates, WallClock& clock,
       std::function<void()> changed);
  ~Lane();  // stops and joins
  Lane(const Lane&) = delete;
  Lane& operator=(const Lane&) = delete;

  void start();
  void stop();    // finish the record in hand
  void resync();  // as soon as the present cycle is done: everything read and compared, then a plan;
                  // asking twice is asking once
  void reload(std::shared_ptr<const LinkSetup> setup);
  [[nodiscard]] LaneView view() const;
  [[nodiscard]] const std::string& name() const { return name_; }

 private:
  void work();
  void live();
  CycleReport cycle(Wiring& wiring, ReadKind kind, bool reread);
  void keep_trouble(SqliteStore& store, const CycleReport& report);
  [[nodiscard]] bool stopping() const;
  void progress();
  void wait_until(LaneView::Phase phase, std::int64_t when_ms);
  void publish(const std::function<void(LaneView&)>& change);

  const std::string name_;
  const LaneOrders orders_;
  GateRegistry& gates_;
  WallClock& clock_;
  const std::function<void()> changed_;
  const Log log_;

  mutable std::mutex mutex_;
  std::condition_variable woken_;
  std::shared_ptr<const LinkSetup> setup_;
  LaneView view_;
  bool stop_ = false, resync_ = false, wake_ = false, reloaded_ = false;
  bool troubled_ = false;  // by the last cycle; lane's thread only
  std::thread thread_;
};

// When the next full sweep is due, from what the state says of the last good one; 0 = now.
[[nodiscard]] std::int64_t next_sweep_ms(SqliteStore& store, std::int64_t interval_ms);
}  // namespace tandem
