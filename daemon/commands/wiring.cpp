#include "daemon/commands/wiring.h"
#include <fmt/format.h>
#include <unistd.h>
#include <random>
#include "core/engine/learned.h"
#include "core/engine/observe.h"
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

std::optional<highlevel::OAuthTokens> oauth_tokens(const LinkSetup& setup, FileShelf& shelf, Clock& clock,
                                                   const std::function<bool()>& stop_requested) {
  auto client = highlevel::oauth_client(setup.secrets.of.highlevel);
  if (!client) return std::nullopt;
  return std::make_optional<highlevel::OAuthTokens>(
      highlevel::OAuthTokens::Settings{oauth_place(setup, std::move(*client)),
                                       setup.link.highlevel.location_id, setup.link.name, stop_requested},
      shelf, clock);
}

HighLevelSettings highlevel_settings(const LinkSetup& setup, std::optional<highlevel::OAuthTokens>& tokens,
                                     const std::function<bool()>& stop_requested) {
  const config::HighLevelConfig& highlevel = setup.link.highlevel;
  const Mapping& mapping = setup.link.policy.mapping;
  HighLevelSettings settings;
  settings.base_url = highlevel.base_url;
  settings.location_id = highlevel.location_id;
  if (tokens)
    settings.tokens = &*tokens;
  else
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
      shelf_(token_file(*setup_)),
      tokens_(oauth_tokens(*setup_, shelf_, clock, stop_requested)),
      highlevel_(highlevel_settings(*setup_, tokens_, stop_requested), clock,
                 &gates.gate(Side::highlevel, setup_->secrets.of.highlevel, setup_->link.budget.highlevel)) {}

std::string token_file(const LinkSetup& setup) {
  constexpr std::string_view kState = ".sqlite";
  return setup.state_file.substr(0, setup.state_file.size() - kState.size()) + ".highlevel-token";
}

highlevel::OAuthPlace oauth_place(const LinkSetup& setup, highlevel::OAuthClient client) {
  const config::HighLevelConfig& place = setup.link.highlevel;
  return {place.base_url, place.ca_file, place.api_version, std::move(client)};
}

std::vector<config::Problem> read_secrets(LinkSetup& setup) {
  auto problems = config::read_secrets(setup.link, config::credentials_directory(), setup.secrets);
  if (!highlevel::oauth_client(setup.secrets.of.highlevel)) return problems;
  for (config::Problem& p : config::check_token_file(setup.link, token_file(setup)))
    problems.push_back(std::move(p));
  return problems;
}

std::vector<std::shared_ptr<const LinkSetup>> make_setups(const config::Config& config,
                                                          const std::vector<config::LinkConfig>& links) {
  std::vector<config::Problem> problems;
  std::vector<std::shared_ptr<const LinkSetup>> setups;
  for (const config::LinkConfig& link : links) {
    LinkSetup setup{link, {}, config::state_file(config, link)};
    for (config::Problem& p : read_secrets(setup)) problems.push_back(std::move(p));
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

std::optional<std::int64_t> canary_since_ms(SqliteStore& store, Side side) {
  const std::string since = store.meta(meta_key("canary", side)).value_or("");
  if (since.empty()) return std::nullopt;
  return std::stoll(since);
}
}  // namespace tandem
