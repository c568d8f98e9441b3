// A cycle that writes nothing: on a private copy of the state, with the real remotes read only.
#pragma once
#include <memory>
#include "daemon/commands/wiring.h"

namespace tandem {

class DryRun {
 public:
  DryRun(std::shared_ptr<const LinkSetup> setup, Clock& clock);
  CycleReport run(ReadKind kind, bool reread = false);
  [[nodiscard]] SqliteStore& store() { return *store_; }  // the copy

 private:
  Clock& clock_;
  GateRegistry gates_;
  std::unique_ptr<SqliteStore> store_;
  Wiring wiring_;
};

// One write of a plan as a line of text; it shows values.
[[nodiscard]] std::string line_of(const PlanItem& item);
// "" or a line that says the preview is incomplete; the log has said why.
[[nodiscard]] std::string incompleteness(const CycleReport& report);
}  // namespace tandem
