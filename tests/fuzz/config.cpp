// Configuration files, whatever they hold: never an exception, and what is accepted is usable.
#include "daemon/config/config.h"
#include <algorithm>
#include "daemon/config/duration.h"
#include "daemon/http/transport.h"
#include "tests/fuzz/law.h"

namespace tandem::config {
namespace {
using fuzz::must;

void check_usable(const Config& config) {
  must(!config.links.empty() && !config.state_dir.empty(), "an accepted file has a link and a state");
  std::set<std::string> states;
  for (const LinkConfig& link : config.links) {
    must(!link.name.empty() && link.name.find('/') == std::string::npos, "a link's name names a file");
    must(states.insert(state_file(config, link)).second, "every link has a state of its own");
    must(link.poll_interval_ms > 0 && link.sweep_interval_ms > 0, "intervals are above zero");
    must(link.ctm.account_id > 0 && !link.highlevel.location_id.empty(), "both accounts are named");
    for (const std::string* url : {&link.ctm.base_url, &link.highlevel.base_url})
      must(http::is_allowed_base_url(*url, nullptr), "an accepted address may be spoken to");
    for (const CredentialPlace* place : {&link.ctm.credential, &link.highlevel.credential})
      must(place->name.empty() != place->file.empty(), "a credential is in exactly one place");
    must(link.policy.mapping.check().empty(), "an accepted mapping keeps values whole");
  }
  must(reload_obstacles(config, config).empty(), "a file can be loaded again");
}
}  // namespace
}  // namespace tandem::config

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tandem::config;
  using tandem::fuzz::must;
  const std::string_view text = tandem::fuzz::text_of(data, size);
  const Loaded loaded = parse(text, "t");
  must(parse(text, "t").problems == loaded.problems, "the same mistakes are found again");
  const auto lines = std::count(text.begin(), text.end(), '\n') + 1;
  int before = 0;
  for (const Problem& p : loaded.problems) {
    must(!p.message.empty(), "a mistake is explained");
    must(p.line >= before && p.line <= lines, "mistakes come by line, and of lines that are there");
    before = p.line;
  }
  if (loaded.problems.empty()) check_usable(loaded.config);
  if (const auto ms = duration_ms(text)) must(duration_ms(duration_text(*ms)) == ms, "a duration comes back");
  return 0;
}
