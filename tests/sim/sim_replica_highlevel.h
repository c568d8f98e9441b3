// The simulated HighLevel location straight behind the Replica port. Written from the dossier and the
// port alone, apart from the real client, so that the two do not share mistakes.
#pragma once
#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "core/ports/replica.h"
#include "tests/sim/highlevel_model.h"
#include "tests/sim/sim_replica_wire.h"

namespace tandem::sim {

class SimHighLevelReplica final : public Replica {
 public:
  // Everything given outlives the replica.
  SimHighLevelReplica(highlevel::Model& model, const Mapping& mapping, Clock& clock, int rows_per_page = 100);

  SimWire& wire() { return wire_; }

  Result<void> open() override;
  const Capabilities& capabilities() const override { return can_; }
  const std::set<std::string, std::less<>>& own_numbers() const override { return own_; }
  Result<Page> read_page(ReadKind kind, const std::string& cursor) override;
  std::vector<Result<std::vector<Evidence>>> fetch(std::span<const FetchRequest> requests) override;
  Result<Found> find(const NaturalKey& key) override;
  std::vector<Result<Receipt>> apply(std::span<const Write> writes) override;
  Usage usage() const override { return {wire_.requests(), -1, -1}; }
  int cost_of(WriteKind kind) const override { return kind == WriteKind::remove ? 1 : 2; }

 private:
  Result<Evidence> fetch_one(const std::string& id);
  Result<Receipt> apply_one(const Write& write);
  Result<Receipt> read_back(const std::string& id);
  [[nodiscard]] highlevel::Patch patch_of(const WireFields& fields, bool creating) const;
  [[nodiscard]] Evidence evidence_of(const highlevel::Contact& contact, std::int64_t at_ms) const;
  [[nodiscard]] Error refusal(const highlevel::Refusal& refusal, const std::string& id) const;

  highlevel::Model& model_;
  const Mapping& mapping_;
  SimWire wire_;
  Capabilities can_;
  std::set<std::string, std::less<>> own_;  // HighLevel does not say
  std::int64_t rows_per_page_;
  std::set<std::string> swept_;  // ids of the reading going on
};
}  // namespace tandem::sim
