// What both simulated replicas share: each call into a model is one request that can be lost, cut or
// refused by the same Faults as on the HTTP face, and before and after which a test may look or act.
#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "core/model/evidence.h"
#include "core/model/mapping.h"
#include "core/ports/clock.h"
#include "core/result.h"
#include "tests/sim/faults.h"

namespace tandem::sim {

// The process died here. No std::exception, so that nothing on the way handles it.
struct Killed {
  int step = 0;
};

class SimWire {
 public:
  // Method and path as on the wire. May throw Killed, may edit the models.
  using Hook = std::function<void(const std::string& method, const std::string& path)>;
  // The system's part: nullopt = done, otherwise its refusal.
  using Work = std::function<std::optional<Error>(PageFault)>;

  explicit SimWire(Clock& clock) : clock_(clock) {}

  // What the client makes of the answer.
  using Heard = std::function<void(const std::string& method, const std::string& path, const Result<void>&)>;

  Hook before, after;  // each request, whatever becomes of it
  Heard heard;         // once it is known what becomes of it
  // The system says that there is no such record, though there is.
  std::function<bool(const std::string& method, const std::string& path)> denies;
  Faults faults;
  bool revoked = false;       // the credential is refused from now on
  bool answers_lost = false;  // the system cannot be reached at all

  // One request. Reads fail as transient, writes without a believable answer as ambiguous.
  [[nodiscard]] Result<void> send(const std::string& method, const std::string& path, const Work& work);
  [[nodiscard]] std::int64_t requests() const { return requests_; }
  [[nodiscard]] std::int64_t now_ms() { return clock_.now_ms(); }  // ours, not the remote's

 private:
  [[nodiscard]] Result<void> exchange(const std::string& method, const std::string& path, const Work& work);

  Clock& clock_;
  std::int64_t requests_ = 0;
};

// Over person, fields, tags and extra identities, seeded with the mapping.
[[nodiscard]] WireHash sim_hash(const Evidence& evidence, const Mapping& mapping);

[[nodiscard]] WireValue wire_text(std::string text);        // "" = blank
[[nodiscard]] std::string text_of(const WireValue& value);  // items joined with ';'
}  // namespace tandem::sim
