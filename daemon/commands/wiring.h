// From the configuration of one link to its replicas and its state.
#pragma once
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include "daemon/config/config.h"
#include "daemon/config/credential.h"
#include "daemon/ctm/ctm_replica.h"
#include "daemon/highlevel/highlevel_replica.h"
#include "daemon/highlevel/oauth_tokens.h"
#include "daemon/http/rate_gate.h"
#include "storage/file/secret_file.h"
#include "storage/sqlite/sqlite_store.h"

namespace tandem {

struct LinkSetup {
  config::LinkConfig link;
  config::Secrets secrets;
  std::string state_file;
};

// The tokens of an OAuth client: <state_dir>/<link>.highlevel-token
[[nodiscard]] std::string token_file(const LinkSetup& setup);
class FileShelf final : public highlevel::TokenShelf {
 public:
  explicit FileShelf(std::string path) : file_(std::move(path)) {}
  [[nodiscard]] Result<std::string> read() override { return file_.read(); }
  [[nodiscard]] Result<bool> try_lock() override { return file_.try_lock(); }
  void unlock() override { file_.unlock(); }
  [[nodiscard]] Result<void> reserve() override { return file_.reserve(); }
  [[nodiscard]] Result<void> replace(std::string_view content) override { return file_.replace(content); }

 private:
  SecretFile file_;
};
[[nodiscard]] highlevel::OAuthPlace oauth_place(const LinkSetup& setup, highlevel::OAuthClient client);

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
  FileShelf shelf_;
  std::optional<highlevel::OAuthTokens> tokens_;  // where the credential is an OAuth client
  HighLevelReplica highlevel_;
};

// Everything about the credentials of a link that is wrong without asking a remote.
[[nodiscard]] std::vector<config::Problem> read_secrets(LinkSetup& setup);
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
// Since when, by our clock, a listing of that side is not believed, because it lost so much at once.
[[nodiscard]] std::optional<std::int64_t> canary_since_ms(SqliteStore& store, Side side);
}  // namespace tandem
