// CallTrackingMetrics behind the Replica port. A person is a phone number, seen in rows of one list
// and in activities (or, with the account's own contacts, a record). Activities are read before rows.
#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <vector>
#include "core/ports/clock.h"
#include "core/ports/replica.h"
#include "daemon/ctm/ctm_settings.h"

namespace tandem {

class CtmReplica final : public Replica {
 public:
  CtmReplica(CtmSettings settings, Clock& clock);
  ~CtmReplica() override;

  // Settings are read again when an hour has passed, after a new credential, and when the last
  // reading of them failed.
  Result<void> open() override;
  [[nodiscard]] const Capabilities& capabilities() const override;
  [[nodiscard]] const std::set<std::string, std::less<>>& own_numbers() const override;
  Result<Page> read_page(ReadKind kind, const std::string& cursor) override;
  std::vector<Result<std::vector<Evidence>>> fetch(std::span<const FetchRequest> requests) override;
  Result<Found> find(const NaturalKey& key) override;
  std::vector<Result<Receipt>> apply(std::span<const Write> writes) override;
  [[nodiscard]] std::map<std::string, std::string> learned() const override;
  void recall(const std::map<std::string, std::string>& facts) override;
  [[nodiscard]] Usage usage() const override;
  [[nodiscard]] int cost_of(WriteKind kind) const override;

  void set_credential(const std::string& credential);  // ACCESS_KEY:SECRET_KEY, after a reload
  // The surface in use, as the configuration spells it; for `check --online`. Valid after open().
  [[nodiscard]] std::string_view surface() const;

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};
}  // namespace tandem
