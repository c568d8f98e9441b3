// The admin surface of tandem-sim, for scripts and tests: /_sim/... on the port of each system.
#pragma once
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "tests/sim/http_face.h"
#include "tests/sim/json.h"
#include "tests/sim/wire.h"

namespace tandem::sim {

// What an admin surface needs to know of the system behind it. Functions lock for themselves.
struct Administered {
  std::function<void(const std::function<void(Switches&)>&)> with_switches;
  std::function<std::vector<WriteEntry>(std::size_t from)> writes;
  std::function<std::map<std::string, std::int64_t>()> routes;  // requests per route
  std::function<void(JsonOut&)> more_stats;                     // keys of its own
  // POST /_sim/staff/<op>. Returns false and fills `error` when the op is unknown or was refused.
  std::function<bool(const std::string& op, const JsonValue& body, JsonOut& out, std::string& error)> staff;
  std::function<bool(const std::string& what, JsonOut& out)> dump;  // GET /_sim/<what>: contacts ...
};

// Answers one request to /_sim/...; README.md lists them. Faults go to `face`.
[[nodiscard]] HttpResponse administer(const HttpRequest& request, const Administered& system, HttpFace& face);

class CtmFace;
namespace highlevel {
class Face;
}
[[nodiscard]] Administered administered(highlevel::Face& face);
[[nodiscard]] Administered administered(CtmFace& face);
}  // namespace tandem::sim
