#include "daemon/commands/wiring.h"
#include <fmt/format.h>
#include <unistd.h>
#include <random>
#include "core/engine/learned.h"
#include "daemon/commands/invocation.h"

namespace tandem {
namespace {
CtmSettings ctm_settings(const LinkSetup& setup, GateRegistry& gates, std::function<void()> save_learned,
                         const std::function<bool()>& stop_requested) {
  const config::CtmConfig& ctm = setup.link.ctm;
  const Mapping& mapping = setup.link.policy.mapping;
  CtmSettings settings;
  settings.base_url = ctm.base_url;
  settings.account_id = ctm.account_id;
  settings.credential = setup.secrets.of.ctm;
  settings.contact_surface = contact_surface_from(ctm.contact_surface).value();
  settings.list = ctm.list;
  settings.default_country = mapping.default_country();
  settings.activity_overlap_ms = ctm.activity_overlap_ms;
  settings.budget = setup.link.budget.ctm;
  settings.shared_gate = &gates.gate(Side::ctm, setup.secrets.of.ctm, settings.budget);
  settings.ca_file = ctm.ca_file;
  settings.user_agent = "tandem/" TANDEM_VERSION;
  settings.native_names = mapping.native_names(Side::ctm);
  settings.mapping_fingerprint = mapping.fingerprint();
  settings.save_learned = std::move(save_learned);
  settings.stop_requested = stop_requested;
  return settings;
}

HighLevelSettings highlevel_settings(const LinkSetup& setup, const std::function<bool()>& stop_requested) {
  const config::HighLevelConfig& highlevel = setup.link.highlevel;
  const Mapping& mapping = setup.link.policy.mapping;
  HighLevelSettings settings;
  settings.base_url = highlevel.base_url;
  settings.location_id = highlevel.location_id;
  settings.token = setup.secrets.of.highlevel;
  settings.api_version = highlevel.api_version;
  settings.ca_file = highlevel.ca_file;
  settings.budget = setup.link.budget.highlevel;
  settings.native_names = mapping.native_names(Side::highlevel);
  settings.mapping_fingerprint = mapping.fingerprint();
  settings.stop_requested = stop_requested;
  return settings;
}

// Unlike any other process that may have the state, on this machine or another.
std::string instance_name() {
  char host[256] = "";
  gethostname(host, sizeof host - 1);
  static const unsigned nonce = std::random_device{}();
  return fmt::format("{}:{}:{:08x}", host, getpid(), nonce);
}
}  // namespace

http::RateGate& GateRegistry::gate(Side side, const std::string& secret, const http::Budget& budget) {
  const std::lock_guard lock(mutex_);
  auto& gate = gates_[fmt::format("{} {} {} {} {} {}", to_text(side), budget.per_window, budget.window_ms,
                                  budget.per_day, budget.reserve_percent, secret)];
  if (gate == nullptr) gate = std::make_unique<http::RateGate>(budget);
  return *gate;
}

Wiring::Wiring(std::shared_ptr<const LinkSetup> setup, SqliteStore& store, GateRegistry& gates, Clock& clock,
               const std::function<bool()>& stop_requested)
    : setup_(std::move(setup)),
      store_(store),
      ctm_(ctm_settings(
               *setup_, gates, [this] { keep_learned(store_, Side::ctm, ctm_); }, stop_requested),
           clock),
      highlevel_(highlevel_settings(*setup_, stop_requested), clock,
                 &gates.gate(Side::highlevel, setup_->secrets.of.highlevel, setup_->link.budget.highlevel)) {}

std::vector<std::shared_ptr<const LinkSetup>> make_setups(const config::Config& config,
                                                          const std::vector<config::LinkConfig>& links) {
  std::vector<config::Problem> problems;
  std::vector<std::shared_ptr<const LinkSetup>> setups;
  for (const config::LinkConfig& link : links) {
    LinkSetup setup{link, {}, config::state_file(config, link)};
    for (config::Problem& p : config::read_secrets(link, config::credentials_directory(), setup.secrets)) {
      problems.push_back(std::move(p));
    }
    setups.push_back(std::make_shared<const LinkSetup>(std::move(setup)));
  }
  config::sort_by_line(problems);
  if (!problems.empty()) throw Exit{kExitConfig, to_text(problems, config.file)};
  return setups;
}

LinkIdentity identity_of(const config::LinkConfig& link) {
  return {link.name, std::to_string(link.ctm.account_id), link.highlevel.location_id};
}

std::unique_ptr<SqliteStore> open_for_writing(const LinkSetup& setup, Clock& clock) {
  return SqliteStore::open(setup.state_file, identity_of(setup.link), instance_name(), clock);
}

std::unique_ptr<SqliteStore> open_for_reading(const config::Config& config, const config::LinkConfig& link) {
  return SqliteStore::open_read_only(config::state_file(config, link));
}

std::string trouble_key(Side side) { return fmt::format("trouble.{}", to_text(side)); }
}  // namespace tandem
