// What the steps of one cycle share. Lives for one Cycle::run.
#pragma once
#include <map>
#include <string>
#include <vector>
#include "core/engine/cycle.h"
#include "core/engine/timeline.h"

namespace tandem {

struct Context {
  PerSide<Replica*> replicas;
  StateStore& store;
  Clock& clock;
  Timeline timeline;
  const Policy& policy;
  CycleHooks& hooks;
  CycleReport& report;
  std::string policy_digest;
  PerSide<bool> opened{}, read{}, writable{};
  PerSide<std::int64_t> high_water_ms{};       // newest activity, by the remote's clock
  std::map<PairId, std::vector<Intent>> open;  // intents that earlier cycles left
  PerSide<bool> canary{};                      // its listing lost too much at once to be believed

  [[nodiscard]] const Capabilities& can(Side s) const { return replicas[s]->capabilities(); }
  [[nodiscard]] std::int64_t now() const { return clock.now_ms(); }         // for people
  [[nodiscard]] std::int64_t even_ms() const { return timeline.now_ms(); }  // for lags and waiting
  void say(Severity severity, const std::string& text) const { hooks.say(severity, text); }
  // The first trouble of a side is the one reported.
  void trouble(Side s, const Error& error) const {
    if (!report.trouble[s]) report.trouble[s] = error;
    say(Severity::warning, std::string(to_text(s)) + ": " + error.message);
  }
};
}  // namespace tandem
