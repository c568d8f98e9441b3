// The simulated CallTrackingMetrics (CTM) straight behind the Replica port: contact_surface
// list+activity. Written from the dossier and the port alone, apart from the real client, so that the
// two do not share mistakes.
#pragma once
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "core/ports/replica.h"
#include "tests/sim/ctm_model.h"
#include "tests/sim/sim_replica_wire.h"

namespace tandem::sim {

struct SimCtmSettings {
  std::string list = "HighLevel sync";                // by name
  std::int64_t activity_overlap_ms = 2 * 86'400'000;  // late data
  std::size_t activities_per_page = 100;
  std::size_t rows_per_page = 10;
};

class SimCtmReplica final : public Replica {
 public:
  // Everything given outlives the replica.
  SimCtmReplica(CtmModel& model, const Mapping& mapping, Clock& clock, SimCtmSettings settings = {});

  SimWire& wire() { return wire_; }

  Result<void> open() override;
  const Capabilities& capabilities() const override { return can_; }
  const std::set<std::string, std::less<>>& own_numbers() const override { return own_; }
  Result<Page> read_page(ReadKind kind, const std::string& cursor) override;
  std::vector<Result<std::vector<Evidence>>> fetch(std::span<const FetchRequest> requests) override;
  Result<Found> find(const NaturalKey& key) override;
  std::vector<Result<Receipt>> apply(std::span<const Write> writes) override;
  // What rows under replacement show beyond the mapping, by number: durable before the removal is sent, so it
  // outlives the process.
  std::map<std::string, CtmPatch>& unmapped() { return unmapped_; }
  std::map<std::string, std::string> learned() const override { return learned_; }
  void recall(const std::map<std::string, std::string>& facts) override { learned_ = facts; }
  Usage usage() const override { return {wire_.requests(), -1, -1}; }
  int cost_of(WriteKind kind) const override;

 private:
  // Where a reading stands: activities newest first down to `floor_s`, then rows by page.
  struct Place {
    char phase = 'A';
    std::int64_t floor_s = 0, high_s = 0;
    std::int64_t second = 0, id = 0;  // the last activity read
    std::int64_t page = 1;            // of rows, the next one
  };
  CtmAccount& account() { return model_.account(); }
  [[nodiscard]] std::string lists() const { return "/lists/" + list_id_; }
  Result<Page> read_activities(ReadKind kind, Place place);
  Result<Page> read_rows(Place place);
  Result<std::vector<Evidence>> all_rows(
      const std::string& number);  // of one number, as the listing shows them
  Result<std::vector<Evidence>> fetch_one(const FetchRequest& request);
  Result<Receipt> apply_one(const Write& write);
  Result<Receipt> put_row(const Write& write);
  Result<Receipt> modify(const Write& write);
  Result<Receipt> tag(const Write& write);
  void keep_unmapped(const std::string& number);
  Result<void> add_row(const Write& write);
  Result<void> remove_row(const std::string& number);
  [[nodiscard]] CtmPatch patch_of(const WireFields& fields, bool for_row) const;
  [[nodiscard]] Evidence evidence_of(const CtmRow& row) const;
  [[nodiscard]] Evidence evidence_of(const CtmActivity& activity, std::int64_t as_of_ms) const;
  void show(Evidence& into, const CtmIdentity& who, bool row) const;
  [[nodiscard]] WireValue custom_value(const std::string& api_name, const std::string& text) const;
  [[nodiscard]] Error refusal(const CtmOutcome& outcome, const std::string& id) const;

  CtmModel& model_;
  const Mapping& mapping_;
  SimCtmSettings settings_;
  SimWire wire_;
  Capabilities can_;
  std::set<std::string, std::less<>> own_;
  std::string list_id_;
  std::set<std::int64_t> swept_;  // row ids of the sweep going on
  std::int64_t swept_calls_ = 0;  // activities of the full reading going on
  std::map<std::string, std::string> learned_;
  std::map<std::string, CtmPatch> unmapped_;
};
}  // namespace tandem::sim
