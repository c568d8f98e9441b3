// Faults on the way between a client and a simulated system: which request is hit, and how.
#pragma once
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "tests/sim/wire.h"

namespace tandem::sim {

using Handler = std::function<HttpResponse(const HttpRequest&)>;

enum class Delivery : std::uint8_t {
  answered,
  cut,      // the connection ends within the body
  dropped,  // the connection ends without one byte of an answer
};

struct Delivered {
  Delivery delivery = Delivery::answered;
  bool effect = true;        // the system carried the request out
  HttpResponse response;     // what would have come; for `cut` the whole of it
  std::int64_t wait_ms = 0;  // before the answer, or the drop; the caller sleeps, not we
};

// How the system in question words an error of its own; the fault decides the status.
struct ErrorStyle {
  std::function<HttpResponse(int status)> json_error;
};

// Not thread-safe: whoever serves a system locks around deliver().
class Faults {
 public:
  explicit Faults(ErrorStyle style = {});
  void add(Fault fault) { faults_.push_back(std::move(fault)); }
  void clear() { faults_.clear(); }
  [[nodiscard]] const std::vector<Fault>& waiting() const { return faults_; }
  // Sends the request to `system` unless the fault says otherwise. A fault whose `times` are used up is
  // forgotten.
  [[nodiscard]] Delivered deliver(HttpRequest request, const Handler& system);

 private:
  [[nodiscard]] bool take(const HttpRequest& request, Fault& into);
  std::vector<Fault> faults_;
  ErrorStyle style_;
};

[[nodiscard]] std::string_view name_of(FaultKind kind);
// False when no kind is called that.
[[nodiscard]] bool fault_kind(std::string_view name, FaultKind& into);
}  // namespace tandem::sim
