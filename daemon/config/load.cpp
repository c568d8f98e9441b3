#include <fmt/format.h>
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>
#include "daemon/config/config.h"
#include "daemon/config/link_sections.h"

namespace tandem::config {
namespace {
// A token pasted under any key whatsoever.
void refuse_pasted_secrets(const toml::node& node, const std::string& path, std::vector<Problem>& problems) {
  if (const auto* table = node.as_table()) {
    for (const auto& [key, value] : *table) {
      refuse_pasted_secrets(
          value, path.empty() ? std::string(key.str()) : fmt::format("{}.{}", path, key.str()), problems);
    }
  } else if (const auto* array = node.as_array()) {
    for (const toml::node& item : *array) refuse_pasted_secrets(item, path, problems);
  } else if (const auto* text = node.as_string()) {
    const std::string& value = text->get();
    if (value.size() < 20 || (!value.starts_with("pit-") && !value.starts_with("eyJ"))) return;
    problems.push_back(
        {static_cast<int>(node.source().begin.line), path,
         "holds what looks like a token; secrets do not belong into this file: put it into a file "
         "of its own with mode 0600 and name it with `credential` or `credential_file`"});
  }
}

void read_service(Section section, Config& config, std::vector<Problem>& reserved) {
  config.state_dir = section.text("state_dir", "/var/lib/tandem");
  if (!config.state_dir.starts_with('/')) section.complain("state_dir", "must be an absolute path");
  config.listen = section.text("listen", "127.0.0.1:8642");
  if (!config.listen.empty()) {
    const auto colon = config.listen.rfind(':');
    const auto port = colon == std::string::npos ? std::string() : config.listen.substr(colon + 1);
    const bool digits = !port.empty() && port.size() <= 5 &&
                        std::all_of(port.begin(), port.end(), [](char c) { return c >= '0' && c <= '9'; });
    if (colon == std::string::npos || colon == 0 || !digits || std::stoi(port) > 65'535) {
      section.complain("listen",
                       "must be an address and a port, such as \"127.0.0.1:8642\", or \"\" for off");
    } else if (section.has("listen")) {
      reserved.push_back({section.line_of("listen"), "service.listen", "reserved for the status page"});
    }
  }
  config.log_level = section.choice<Severity>("log_level", Severity::info,
                                              {{"debug", Severity::debug},
                                               {"info", Severity::info},
                                               {"notice", Severity::notice},
                                               {"warning", Severity::warning},
                                               {"error", Severity::error}});
  section.finish();
}

LinkConfig read_link(Section& section, std::vector<Problem>& problems, std::vector<Problem>& reserved) {
  LinkConfig link;
  link.line = section.line();
  link.name = section.required_text("name", "give the link a short name; its state file is called after it");
  if (!link.name.empty() && !is_file_name(link.name)) {
    section.complain("name",
                     "may hold letters, digits, '.', '_' and '-' only, and begins with a letter or digit");
  }
  link.policy.first_run_ask = section.choice<bool>("first_run", true, {{"ask", true}, {"auto", false}});
  link.poll_interval_ms = section.duration("poll_interval", 60'000, 1'000);
  link.sweep_interval_ms = section.duration("sweep_interval", 6 * 3'600'000, 1'000);
  if (link.sweep_interval_ms < link.poll_interval_ms) {
    section.complain("sweep_interval", "is shorter than poll_interval; every cycle would be a full sweep");
  }
  for (const char* needed : {"ctm", "highlevel"}) {
    if (!section.has(needed)) {
      section.complain(
          "", fmt::format("has no [link.{}] table; it names the account and its credential", needed));
    }
  }
  read_ctm(section.table("ctm"), link);
  read_highlevel(section.table("highlevel"), link);
  link.policy.keep_history_ms = section.duration("keep_history", 400LL * 86'400'000, 86'400'000);
  if (section.has("activity"))
    reserved.push_back({section.line_of("activity"), "link.activity",
                        "reserved; not acted on yet, but for `tags` and what the defaults say"});
  read_activity(section.table("activity"), link);
  read_create(section.table("create"), link);
  read_deletes(section.table("deletes"), link);
  read_brake(section.table("brake"), link);
  read_budget(section.table("budget"), link);
  read_fields(section.tables("field"), link, problems);
  auto rules = section.tables("rule");
  for (const Section& rule : rules) {
    reserved.push_back({rule.line(), "link.rule", "reserved; rules are not acted on yet"});
  }
  read_rules(std::move(rules));
  section.finish();
  return link;
}

void refuse_doubles(const std::vector<LinkConfig>& links, std::vector<Problem>& problems) {
  for (std::size_t i = 0; i < links.size(); ++i) {
    for (std::size_t k = 0; k < i; ++k) {
      const LinkConfig &a = links[k], &b = links[i];
      if (!b.name.empty() && a.name == b.name) {
        problems.push_back({b.line, "link.name",
                            fmt::format("\"{}\" is already the name of the link in line {}; "
                                        "every link needs its own",
                                        b.name, a.line)});
      }
      if (b.ctm.account_id != 0 && a.ctm.account_id == b.ctm.account_id && a.ctm.base_url == b.ctm.base_url &&
          a.highlevel.location_id == b.highlevel.location_id) {
        problems.push_back({b.line, "link",
                            fmt::format("joins the same account and location as the link in line "
                                        "{}; one pair needs one link",
                                        a.line)});
      }
    }
  }
}
}  // namespace

Loaded parse(std::string_view text, const std::string& file) {
  Loaded loaded;
  loaded.config.file = file;
  toml::table root;
  try {
    root = toml::parse(text);
  } catch (const toml::parse_error& error) {
    loaded.problems.push_back(
        {static_cast<int>(error.source().begin.line), "",
         fmt::format("not TOML: {}; nothing after this line was checked", error.description())});
    return loaded;
  }
  refuse_pasted_secrets(root, "", loaded.problems);
  Section top(&root, "", 1, loaded.problems);
  read_service(top.table("service"), loaded.config, loaded.reserved);
  auto links = top.tables("link");
  if (links.empty() && !top.has("link")) {
    top.complain("", "has no [[link]]; a link joins one CTM account and one HighLevel location");
  }
  for (Section& section : links) {
    loaded.config.links.push_back(read_link(section, loaded.problems, loaded.reserved));
  }
  refuse_doubles(loaded.config.links, loaded.problems);
  top.finish();
  sort_by_line(loaded.problems);
  sort_by_line(loaded.reserved);
  return loaded;
}

Loaded load(const std::string& file) {
  std::error_code error;
  std::ifstream in;
  if (!std::filesystem::is_directory(file, error)) in.open(file, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  if (!in.is_open() || in.bad()) {
    Loaded loaded;
    loaded.config.file = file;
    loaded.problems.push_back({0, "",
                               "cannot be read; name the configuration with --config FILE, or write one "
                               "after the sample in share/doc/tandem/tandem.toml"});
    return loaded;
  }
  return parse(text.str(), file);
}

std::vector<std::string> reload_obstacles(const Config& now, const Config& next) {
  std::vector<std::string> obstacles;
  const auto fixed = [&](bool same, const std::string& what) {
    if (!same) obstacles.push_back(fmt::format("{} cannot change while running; restart to change it", what));
  };
  fixed(now.state_dir == next.state_dir, "service.state_dir");
  fixed(now.listen == next.listen, "service.listen");
  bool same_links = now.links.size() == next.links.size();
  for (const LinkConfig& old_link : now.links) {
    const auto new_link = std::find_if(next.links.begin(), next.links.end(),
                                       [&](const LinkConfig& l) { return l.name == old_link.name; });
    if (new_link == next.links.end()) {
      same_links = false;
      continue;
    }
    const std::string where = fmt::format("link {}: ", old_link.name);
    fixed(old_link.ctm.account_id == new_link->ctm.account_id, where + "ctm.account_id");
    fixed(old_link.ctm.base_url == new_link->ctm.base_url, where + "ctm.base_url");
    fixed(old_link.highlevel.location_id == new_link->highlevel.location_id, where + "highlevel.location_id");
    fixed(old_link.highlevel.base_url == new_link->highlevel.base_url, where + "highlevel.base_url");
  }
  fixed(same_links, "the set of links");
  return obstacles;
}

std::string state_file(const Config& config, const LinkConfig& link) {
  return fmt::format("{}/{}.sqlite", config.state_dir, link.name);
}
}  // namespace tandem::config
