#include <fmt/format.h>
#include <cstdlib>
#include <ctime>
#include "daemon/commands/commands.h"
#include "daemon/commands/output.h"
#include "daemon/commands/wall_clock.h"
#include "daemon/commands/wiring.h"
#include "daemon/http/transport.h"

namespace tandem {
namespace {
constexpr std::int64_t kSkewToleranceMs =
    30'000;  // `newest` compares times; tokens and dates tolerate minutes

class Findings {
 public:
  explicit Findings(bool json) : json_(json) { table_.columns = {"link", "item", "result", "detail"}; }
  void add(const std::string& link, const std::string& item, bool good, const std::string& detail) {
    table_.rows.push_back({link, item, good ? "OK" : "PROBLEM", detail});
    if (!json_)
      print(fmt::format("{:7}  {}{}{}{}", good ? "OK" : "PROBLEM", link.empty() ? "" : link + ": ", item,
                        detail.empty() ? "" : ": ", detail));
  }
  void end() const {
    if (json_) print(json_array(table_));
  }

 private:
  bool json_;
  Table table_;
};

// Seconds since 1970 of an HTTP date; -1 = none.
std::int64_t http_date(const std::string& text) {
  std::tm at{};
  if (strptime(text.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &at) == nullptr) return -1;
  return timegm(&at);
}

// By the Date of any answer, asked for without credentials.
void check_clock(Findings& findings, const std::string& link, Side side, const std::string& base_url,
                 const std::string& ca_file, WallClock& clock) {
  http::Settings settings;
  settings.base_url = base_url;
  settings.ca_file = ca_file;
  settings.headers = {"User-Agent: tandem/" TANDEM_VERSION};
  http::RateGate gate({});
  http::Transport transport(settings, gate, clock);
  http::Request request;
  request.path = "/";
  const auto answer = transport.send(request);
  if (!answer || !answer->headers.contains("date")) return;
  const std::int64_t theirs = http_date(answer->headers.at("date"));
  if (theirs < 0) return;
  const std::int64_t skew_ms = clock.now_ms() - theirs * 1'000;
  const bool good = std::abs(skew_ms) <= kSkewToleranceMs;
  findings.add(link, fmt::format("{} clock", to_text(side)), good,
               good ? "agrees with this machine's"
                    : fmt::format("{} s {} this machine's; set this machine's time (NTP)",
                                  std::abs(skew_ms) / 1'000, skew_ms > 0 ? "behind" : "ahead of"));
}

void describe_highlevel(Findings& findings, const std::string& link, HighLevelReplica& replica) {
  const auto facts = replica.learned();
  if (const auto note = facts.find("location_settings"); note != facts.end()) {
    findings.add(link, "highlevel location", false, note->second);
    return;
  }
  const highlevel::Location& location = replica.location();
  findings.add(link, "highlevel zone", !location.timezone.empty(),
               location.timezone.empty() ? "the location shows none" : location.timezone);
  findings.add(link, "highlevel duplicate policy", true,
               location.allows_duplicates ? "duplicates are allowed; tandem still makes none"
                                          : fmt::format("no duplicates; what makes one: {}",
                                                        fmt::join(location.identifiers, ", then ")));
}

int online(Findings& findings, const std::shared_ptr<const LinkSetup>& setup, WallClock& clock) {
  const std::string& link = setup->link.name;
  const auto store = SqliteStore::open_scratch(setup->state_file, identity_of(setup->link), clock);
  GateRegistry gates;
  Wiring wiring(setup, *store, gates, clock);
  int code = kExitDone;
  for (const Side side : kSides) {
    const auto opened = wiring.replicas()[side]->open();
    findings.add(link, fmt::format("{} key and scopes", to_text(side)), opened.has_value(),
                 opened ? "accepted" : opened.error().message);
    if (opened) continue;
    const Fault fault = opened.error().fault;
    code = first_that_applies(code, fault == Fault::unauthorised ? kExitUnauthorised
                                    : fault == Fault::rejected   ? kExitConfig
                                                                 : kExitUnreachable);
  }
  check_clock(findings, link, Side::ctm, setup->link.ctm.base_url, setup->link.ctm.ca_file, clock);
  check_clock(findings, link, Side::highlevel, setup->link.highlevel.base_url, setup->link.highlevel.ca_file,
              clock);
  if (code == kExitDone) {
    findings.add(link, "ctm contact surface", true, std::string(wiring.ctm().surface()));
    findings.add(link, "ctm own numbers", true,
                 fmt::format("{} are never taken for a person's", wiring.ctm().own_numbers().size()));
    describe_highlevel(findings, link, wiring.highlevel());
  }
  return code;
}

int check(const Invocation& invocation, bool ask_remotes) {
  const config::Loaded loaded = config::load(invocation.config_file);
  Findings findings(invocation.json);
  for (const config::Problem& problem : loaded.problems) {
    findings.add("", "configuration", false, config::to_text(problem, invocation.config_file));
  }
  int code = loaded.problems.empty() ? kExitDone : kExitConfig;
  if (code == kExitDone)
    findings.add("", "configuration", true,
                 fmt::format("{} link{}, every key known", loaded.config.links.size(),
                             loaded.config.links.size() == 1 ? "" : "s"));
  for (const config::Problem& note : loaded.reserved) {
    if (!invocation.json) print(fmt::format("note     {}", config::to_text(note, invocation.config_file)));
  }
  WallClock clock;
  for (const config::LinkConfig& link : loaded.config.links) {
    if (!invocation.link.empty() && invocation.link != link.name) continue;
    LinkSetup setup{link, {}, config::state_file(loaded.config, link)};
    const auto problems = read_secrets(setup);
    for (const config::Problem& problem : problems) {
      findings.add(link.name, "credential", false, config::to_text(problem, invocation.config_file));
    }
    if (!problems.empty())
      code = kExitConfig;
    else
      findings.add(link.name, "credential files", true, "there, and readable by nobody else");
    if (loaded.problems.empty())
      findings.add(
          link.name, "mapping", true,
          fmt::format("{} fields, every value comes back as it went", link.policy.mapping.rules().size()));
    if (ask_remotes && code == kExitDone) {
      code = first_that_applies(code,
                                online(findings, std::make_shared<const LinkSetup>(std::move(setup)), clock));
    }
  }
  findings.end();
  return code;
}
}  // namespace

void add_check(CLI::App& app, Invocation& invocation) {
  CLI::App* command =
      app.add_subcommand("check", "configuration, credential files, mapping; --online: the remotes too");
  auto ask_remotes = std::make_shared<bool>(false);
  command->add_flag(
      "--online", *ask_remotes,
      "also keys, scopes, clocks, the zone, the location's duplicate policy, the contact surface");
  command->group(kSetUpGroup);
  command->callback([&invocation, ask_remotes] {
    invocation.action = [&invocation, ask_remotes] { return check(invocation, *ask_remotes); };
  });
}
}  // namespace tandem
