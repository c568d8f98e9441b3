// From the configuration of one link to its replicas and its state.
#pragma once
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include "daemon/config/config.h"
#include "daemon/config/credential.h"
#include "daemon/ctm/ctm_replica.h"
#include "daemon/highlevel/highlevel_replica.h"
#include "daemon/http/rate_gate.h"
#include "storage/sqlite/sqlite_store.h"

namespace tandem {

struct LinkSetup {
  config::LinkConfig link;
  config::Secrets secrets;
  std::string state_file;
};

// One budget per credential, whoever uses it (P20). Thread-safe; outlives every wiring.
class GateRegistry {
 public:
  http::RateGate& gate(Side side, const std::string& secret, const http::Budget& budget);

 private:
  std::mutex mutex_;
  std::map<std::string, std::unique_ptr<http::RateGate>> gates_;
};

class Wiring {
 public:
  // Everything given outlives the wiring. Nothing is sent yet.
  Wiring(std::shared_ptr<const LinkSetup> setup, SqliteStore& store, GateRegistry& gates, Clock& clock,
         const std::function<bool()>& stop_requested = {});
  [[nodiscard]] PerSide<Replica*> replicas() { return {&ctm_, &highlevel_}; }
  [[nodiscard]] HighLevelReplica& highlevel() { return highlevel_; }
  [[nodiscard]] CtmReplica& ctm() { return ctm_; }
  [[nodiscard]] SqliteStore& store() { return store_; }
  [[nodiscard]] const LinkSetup& setup() const { return *setup_; }

 private:
  std::shared_ptr<const LinkSetup> setup_;
  SqliteStore& store_;
  CtmReplica ctm_;
  HighLevelReplica highlevel_;
};

// Configuration and secrets of the links asked for. Throws Exit 78 with every problem of all of them.
[[nodiscard]] std::vector<std::shared_ptr<const LinkSetup>> make_setups(
    const config::Config& config, const std::vector<config::LinkConfig>& links);
[[nodiscard]] LinkIdentity identity_of(const config::LinkConfig& link);
[[nodiscard]] std::unique_ptr<SqliteStore> open_for_writing(const LinkSetup& setup, Clock& clock);
// StoreError with a message that names the next step when there is no state yet.
[[nodiscard]] std::unique_ptr<SqliteStore> open_for_reading(const config::Config& config,
                                                            const config::LinkConfig& link);
// Where the last cycle's trouble with a side is kept, for `status`.
[[nodiscard]] std::string trouble_key(Side side);
}  // namespace tandem
