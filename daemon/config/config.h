// The configuration file as values. Parsed and checked once, immutable afterwards; no secret in it.
#pragma once
#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>
#include "core/engine/cycle.h"
#include "core/model/side.h"
#include "core/rules/policy.h"
#include "daemon/config/problem.h"
#include "daemon/http/rate_gate.h"

namespace tandem::config {

inline constexpr std::string_view kDefaultPath = "/etc/tandem/tandem.toml";

// Where a secret is: a name in $CREDENTIALS_DIRECTORY, or a file of mode 0600. Exactly one is set.
struct CredentialPlace {
  std::string name, file;
  int line = 0;
  bool operator==(const CredentialPlace&) const = default;
};

struct CtmConfig {
  std::string base_url;  // without /api/v1 and without a trailing slash
  std::int64_t account_id = 0;
  CredentialPlace credential;
  std::string ca_file;          // "" = the system's certificates
  std::string contact_surface;  // list+activity list account activity auto
  std::string list;             // name or id; "" where the surface needs none
  std::int64_t activity_overlap_ms = 0;
  std::vector<std::string> webhook_credentials;
};

struct HighLevelConfig {
  std::string base_url;
  std::string location_id;
  CredentialPlace credential;
  std::string ca_file;
  std::string api_version;
  std::string webhook_public_key;
  std::string auth_url;  // where a person authorises an OAuth client; without a trailing slash
};

struct LinkConfig {
  std::string name;
  int line = 0;  // of [[link]]
  std::int64_t poll_interval_ms = 0, sweep_interval_ms = 0;
  CtmConfig ctm;
  HighLevelConfig highlevel;
  std::set<std::string> activity_notes;  // call text form chat
  bool pinned_notes_to_ctm = true;
  PerSide<http::Budget> budget;
  Policy policy;
};

struct Config {
  std::string file;
  std::string state_dir;
  std::string listen;  // host:port; "" = off
  Severity log_level = Severity::info;
  std::vector<LinkConfig> links;
};

struct Loaded {
  Config config;                  // to be used only when there are no problems
  std::vector<Problem> problems;  // all of them, by line
  std::vector<Problem> reserved;  // accepted, but this version does not act on it yet
};

// Never throws; a file that cannot be read is a problem with line 0.
[[nodiscard]] Loaded load(const std::string& file);
[[nodiscard]] Loaded parse(std::string_view text, const std::string& file);

// Reasons why a running daemon cannot take `next` over from `now`; empty = it can. What a state
// file belongs to (state_dir, accounts, the set of links) and the listening address are fixed.
[[nodiscard]] std::vector<std::string> reload_obstacles(const Config& now, const Config& next);

// <state_dir>/<link>.sqlite
[[nodiscard]] std::string state_file(const Config& config, const LinkConfig& link);
}  // namespace tandem::config
