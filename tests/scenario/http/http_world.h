// A world whose cycles go through tandem's own replicas and transport to both simulators over loopback
// HTTP. The faces run in threads of this process on the world's one clock, so that nothing sleeps: a
// budget, a pause before a retry and an index's lag pass by moving that clock. Only connecting, and the
// answers themselves, take real time.
#pragma once
#include <array>
#include <atomic>
#include <memory>
#include <string>

#include "daemon/ctm/ctm_replica.h"
#include "daemon/highlevel/highlevel_replica.h"
#include "daemon/http/rate_gate.h"
#include "tests/scenario/world.h"
#include "tests/sim/ctm_face.h"
#include "tests/sim/highlevel_face.h"
#include "tests/sim/http_face.h"

namespace tandem {

class HttpWorld : public World {
 public:
  static constexpr int kHighLevelPage =
      5;  // the configuration's 100 would need hundreds of people to turn a page

  HttpWorld();
  ~HttpWorld() override;

  [[nodiscard]] sim::HttpFace& http(Side side) { return side == Side::ctm ? ctm_http_ : highlevel_http_; }
  [[nodiscard]] sim::Switches& switches(Side side) {
    return side == Side::ctm ? ctm.switches() : highlevel.switches();
  }
  CycleReport cycle(ReadKind kind = ReadKind::delta) override;
  void restart();  // the state and the replicas anew, as after a restart of the daemon

  // Cycles past every lag, delta and full in turn, until one of each came through without trouble, wrote
  // nothing and saw nothing; more than `most` others are a failure.
  void come_to_rest(int most = 8);
  // Answers of 429 by the systems themselves, not by faults.
  [[nodiscard]] std::int64_t slowed_down(Side side) const {
    return slowed_down_[static_cast<std::size_t>(side)];
  }

 private:
  void connect();
  sim::Handler watched(Side side, sim::Handler system);

  sim::CtmFace ctm_face_;
  sim::HighLevelFace highlevel_face_;
  std::array<std::atomic<std::int64_t>, 2> slowed_down_{};
  sim::HttpFace ctm_http_, highlevel_http_;
  PerSide<std::unique_ptr<http::RateGate>> gates_;
  std::unique_ptr<CtmReplica> ctm_replica_;
  std::unique_ptr<HighLevelReplica> highlevel_replica_;
};
}  // namespace tandem
