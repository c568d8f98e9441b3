#include "daemon/config/link_sections.h"
#include <fmt/format.h>
#include <algorithm>
#include "daemon/http/transport.h"

namespace tandem::config {
namespace {
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

CredentialPlace read_credential(Section& section, std::string_view holds) {
  CredentialPlace place;
  place.name = section.text("credential");
  place.file = section.text("credential_file");
  place.line = section.line_of(section.has("credential_file") ? "credential_file" : "credential");
  if (section.has("credential") && section.has("credential_file")) {
    section.complain("credential_file", "stands beside `credential`; give one of the two");
  } else if (!section.has("credential") && !section.has("credential_file")) {
    section.complain("credential",
                     fmt::format("missing; the name of a file in $CREDENTIALS_DIRECTORY that holds {}, "
                                 "or `credential_file` with a path",
                                 holds));
  } else if (section.has("credential") && !is_file_name(place.name)) {
    section.complain("credential",
                     fmt::format("must be the name of a file in $CREDENTIALS_DIRECTORY that holds {}, "
                                 "not the secret and not a path",
                                 holds));
  } else if (section.has("credential_file") && !place.file.starts_with('/')) {
    section.complain("credential_file", "must be an absolute path to a file with mode 0600");
  }
  return place;
}

std::string read_base_url(Section& section, std::string fallback, std::string_view key = "base_url") {
  std::string url = section.text(key, std::move(fallback));
  while (url.ends_with('/')) url.pop_back();
  std::string why_not;
  const auto host = url.find("://");
  const auto authority =
      host == std::string::npos ? std::string() : url.substr(host + 3, url.find('/', host + 3) - host - 3);
  if (authority.find('@') != std::string::npos) {
    section.complain(key, "holds a user name or password; it belongs into the credential file");
  } else if (!http::is_allowed_base_url(url, &why_not)) {
    section.complain(key, why_not);
  }
  return url;
}

std::string read_ca_file(Section& section) {
  std::string file = section.text("ca_file");
  if (!file.empty() && !file.starts_with('/')) section.complain("ca_file", "must be an absolute path");
  return file;
}

Brake read_one_brake(Section section, Brake fallback) {
  fallback.percent = section.number("percent", fallback.percent, 0, 100);
  fallback.count = section.whole("count", fallback.count, 0, 1'000'000'000);
  section.finish();
  return fallback;
}
}  // namespace

bool is_file_name(std::string_view text) {
  return !text.empty() && text.size() <= 100 && (is_letter(text[0]) || is_digit(text[0])) &&
         std::all_of(text.begin(), text.end(),
                     [](char c) { return is_letter(c) || is_digit(c) || c == '.' || c == '_' || c == '-'; });
}

void read_ctm(Section section, LinkConfig& link) {
  CtmConfig& ctm = link.ctm;
  ctm.base_url = read_base_url(section, "https://api.calltrackingmetrics.com");
  if (ctm.base_url.ends_with("/api/v1"))
    section.complain("base_url", "ends in /api/v1; leave it out, it is added");
  if (!section.has("account_id")) {
    section.complain("account_id", "missing; the number of the account, as in CTM's address bar");
  }
  ctm.account_id = section.whole("account_id", 0, 1, INT64_MAX);
  ctm.credential = read_credential(section, "ACCESS_KEY:SECRET_KEY");
  ctm.ca_file = read_ca_file(section);
  ctm.contact_surface = section.choice<std::string>("contact_surface", "list+activity",
                                                    {{"list+activity", "list+activity"},
                                                     {"list", "list"},
                                                     {"account", "account"},
                                                     {"activity", "activity"},
                                                     {"auto", "auto"}});
  ctm.list = section.text("list");
  const bool writes_list = ctm.contact_surface == "list+activity" || ctm.contact_surface == "list";
  if (writes_list && ctm.list.empty()) {
    section.complain("list",
                     fmt::format("missing; contact_surface \"{}\" writes to one named contact list, for "
                                 "example \"HighLevel sync\"",
                                 ctm.contact_surface));
  }
  const std::string country = section.text("default_country", "US");
  if (country.size() != 2 ||
      !std::all_of(country.begin(), country.end(), [](char c) { return c >= 'A' && c <= 'Z'; })) {
    section.complain("default_country", "must be two capital letters, such as \"US\" or \"GB\"");
  }
  ctm.activity_overlap_ms = section.duration("activity_overlap", 2 * 86'400'000, 60'000);
  link.policy.caller_id_names_fill =
      section.choice<bool>("caller_id_names", true, {{"fill", true}, {"ignore", false}});
  link.policy.correct_stale_identity =
      section.choice<bool>("stale_identity", true, {{"correct", true}, {"leave", false}});
  ctm.webhook_credentials = section.texts("webhook_credentials");
  for (const std::string& name : ctm.webhook_credentials) {
    if (is_file_name(name)) continue;
    section.complain("webhook_credentials",
                     "every item must be the name of a file in $CREDENTIALS_DIRECTORY");
    break;
  }
  link.policy.mapping = Mapping({}, country);
  section.finish();
}

void read_highlevel(Section section, LinkConfig& link) {
  HighLevelConfig& highlevel = link.highlevel;
  highlevel.base_url = read_base_url(section, "https://services.leadconnectorhq.com");
  highlevel.location_id = section.required_text(
      "location_id", "the sub-account's id, as in HighLevel's address bar behind /location/");
  if (!highlevel.location_id.empty() &&
      !std::all_of(highlevel.location_id.begin(), highlevel.location_id.end(),
                   [](char c) { return is_letter(c) || is_digit(c); })) {
    section.complain("location_id", "may hold letters and digits only");
  }
  highlevel.credential =
      read_credential(section, "a private integration token, or CLIENT_ID:CLIENT_SECRET of an OAuth client");
  highlevel.auth_url = read_base_url(section, "https://marketplace.gohighlevel.com", "auth_url");
  highlevel.ca_file = read_ca_file(section);
  highlevel.api_version = section.text("api_version", "2021-07-28");
  highlevel.webhook_public_key = section.text("webhook_public_key");
  section.finish();
}

void read_activity(Section section, LinkConfig& link) {
  for (std::string& kind : section.texts("notes", {"call", "text", "form", "chat"})) {
    if (kind == "call" || kind == "text" || kind == "form" || kind == "chat") {
      link.activity_notes.insert(std::move(kind));
    } else {
      section.not_among("notes", kind, {"call", "text", "form", "chat"});
    }
  }
  link.pinned_notes_to_ctm = section.flag("pinned_notes_to_ctm", true);
  link.policy.tags = section.choice<Direction>("tags", Direction::both,
                                               {{"both", Direction::both},
                                                {"to_highlevel", Direction::to_highlevel},
                                                {"to_ctm", Direction::to_ctm},
                                                {"off", Direction::off}});
  section.finish();
}

void read_create(Section section, LinkConfig& link) {
  link.policy.create.ctm = section.flag("in_ctm", true);
  link.policy.create.highlevel = section.flag("in_highlevel", true);
  link.policy.after_delete = section.choice<AfterDelete>(
      "after_delete", AfterDelete::ask,
      {{"ask", AfterDelete::ask}, {"create", AfterDelete::create}, {"never", AfterDelete::never}});
  section.finish();
}

void read_deletes(Section section, LinkConfig& link) {
  for (const Side side : kSides) {
    const std::string key = fmt::format("from_{}", to_text(side));
    link.policy.on_delete[side] = section.choice<OnDelete>(
        key, OnDelete::ask,
        {{"propagate", OnDelete::propagate}, {"ask", OnDelete::ask}, {"keep", OnDelete::keep}});
  }
  section.finish();
}

void read_brake(Section section, LinkConfig& link) {
  link.policy.brake_deletes = read_one_brake(section.table("deletes"), link.policy.brake_deletes);
  link.policy.brake_updates = read_one_brake(section.table("updates"), link.policy.brake_updates);
  link.policy.brake_creates = read_one_brake(section.table("creates"), link.policy.brake_creates);
  link.policy.brake_field = read_one_brake(section.table("field"), link.policy.brake_field);
  section.finish();
}

void read_budget(Section section, LinkConfig& link) {
  Section highlevel = section.table("highlevel");
  http::Budget& of_highlevel = link.budget.highlevel;
  of_highlevel.window_ms = 10'000;
  of_highlevel.per_window = static_cast<int>(highlevel.whole("per_10s", 100, 0, 1'000'000));
  of_highlevel.per_day = highlevel.whole("per_day", 200'000, 0, 1'000'000'000);
  of_highlevel.reserve_percent = static_cast<int>(highlevel.whole("reserve_percent", 10, 0, 90));
  highlevel.finish();
  Section ctm = section.table("ctm");
  link.budget.ctm.window_ms = 1'000;
  link.budget.ctm.per_window = static_cast<int>(ctm.whole("per_second", 8, 0, 1'000'000));
  ctm.finish();
  section.finish();
}

// The keys of a rule and their types; what they mean is the business of the rules themselves.
void read_rules(std::vector<Section> sections) {
  std::set<std::string> names;
  for (Section& rule : sections) {
    const std::string name =
        rule.required_text("name", "history and `explain` name the rule behind a change");
    if (!name.empty() && !names.insert(name).second) {
      rule.complain("name", fmt::format("\"{}\" is already the name of another rule of this link", name));
    }
    const std::string on = rule.required_text("on", "the event, such as \"call.missed\"");
    if (!on.empty() && std::count(on.begin(), on.end(), '.') != 1) {
      rule.complain("on", "must be a thing and what happened to it, such as \"call.missed\"");
    }
    (void)rule.table("when");
    if (!rule.has("do"))
      rule.complain("do", "missing; an array of actions, such as [ { add_tag = \"called\" } ]");
    const toml::node* actions = rule.node("do");
    const toml::array* list = actions == nullptr ? nullptr : actions->as_array();
    if (actions != nullptr && (list == nullptr || list->empty())) {
      rule.complain("do", "must be an array with at least one action, such as [ { add_tag = \"called\" } ]");
    }
    if (list != nullptr && !std::all_of(list->begin(), list->end(), [](const toml::node& action) {
          return action.is_table() && action.as_table()->size() == 1;
        })) {
      rule.complain("do", "every action must be a table with one key, such as { add_tag = \"called\" }");
    }
    rule.finish();
  }
}
}  // namespace tandem::config
