#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <filesystem>
#include <fstream>
#include "daemon/config/config.h"
#include "tests/daemon/config/sample.h"

namespace tandem::config {
namespace {
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;
using ::testing::UnorderedElementsAre;

TEST(Load, SmallestConfigurationGetsTheDefaultsOfTheManual) {
  const Loaded loaded = parse(kSmallest, "t");
  ASSERT_THAT(loaded.problems, IsEmpty());
  EXPECT_THAT(loaded.reserved, IsEmpty());
  EXPECT_EQ(loaded.config.state_dir, "/var/lib/tandem");
  EXPECT_EQ(loaded.config.listen, "127.0.0.1:8642");
  ASSERT_EQ(loaded.config.links.size(), 1u);
  const LinkConfig& link = loaded.config.links[0];
  EXPECT_EQ(link.poll_interval_ms, 60'000);
  EXPECT_EQ(link.sweep_interval_ms, 21'600'000);
  EXPECT_TRUE(link.policy.first_run_ask);
  EXPECT_EQ(link.ctm.base_url, "https://api.calltrackingmetrics.com");
  EXPECT_EQ(link.ctm.contact_surface, "list+activity");
  EXPECT_EQ(link.ctm.activity_overlap_ms, 172'800'000);
  EXPECT_TRUE(link.policy.caller_id_names_fill);
  EXPECT_TRUE(link.policy.correct_stale_identity);
  EXPECT_EQ(link.policy.mapping.default_country(), "US");
  EXPECT_EQ(link.highlevel.base_url, "https://services.leadconnectorhq.com");
  EXPECT_EQ(link.highlevel.auth_url, "https://marketplace.gohighlevel.com");
  EXPECT_EQ(link.highlevel.api_version, "2021-07-28");
  EXPECT_EQ(link.activity_notes, (std::set<std::string>{"call", "text", "form", "chat"}));
  EXPECT_TRUE(link.pinned_notes_to_ctm);
  EXPECT_EQ(link.policy.tags, Direction::both);
  EXPECT_TRUE(link.policy.create.ctm);
  EXPECT_TRUE(link.policy.create.highlevel);
  EXPECT_EQ(link.policy.after_delete, AfterDelete::ask);
  EXPECT_EQ(link.policy.on_delete.ctm, OnDelete::ask);
  EXPECT_EQ(link.policy.brake_deletes.percent, 5);
  EXPECT_EQ(link.policy.brake_deletes.count, 25);
  EXPECT_EQ(link.policy.brake_updates.percent, 20);
  EXPECT_EQ(link.policy.brake_updates.count, 200);
  EXPECT_EQ(link.policy.brake_creates.count, 10'000);
  EXPECT_EQ(link.budget.highlevel.per_window, 100);
  EXPECT_EQ(link.budget.highlevel.window_ms, 10'000);
  EXPECT_EQ(link.budget.highlevel.per_day, 200'000);
  EXPECT_EQ(link.budget.highlevel.reserve_percent, 10);
  EXPECT_EQ(link.budget.ctm.per_window, 8);
  EXPECT_EQ(link.budget.ctm.window_ms, 1'000);
}

const std::string kEverything = R"([service]
state_dir = "/srv/tandem"
listen = ""
log_level = "debug"
[[link]]
name = "acme"
first_run = "auto"
poll_interval = "5s"
sweep_interval = "1h"
[link.ctm]
base_url = "http://127.0.0.1:9001/"
account_id = 7
credential_file = "/etc/tandem/ctm"
contact_surface = "activity"
default_country = "GB"
activity_overlap = "6h"
caller_id_names = "ignore"
webhook_credentials = ["hook"]
stale_identity = "leave"
ca_file = "/etc/ssl/own.pem"
[link.highlevel]
base_url = "https://hl.example"
auth_url = "https://login.example/"
location_id = "loc2"
credential = "hl"
api_version = "2023-02-21"
webhook_public_key = "key"
ca_file = "/etc/ssl/other.pem"
[link.activity]
notes = ["call"]
pinned_notes_to_ctm = false
tags = "to_highlevel"
[[link.field]]
name = "city"
direction = "to_ctm"
clears = "both"
conflict = "newest"
[[link.field]]
name = "custom:kind"
ctm = "custom:project_kind"
highlevel = "custom:contact.project_kind"
values = { "Bath" = "Bathroom" }
[link.create]
in_ctm = false
in_highlevel = false
after_delete = "never"
[link.deletes]
from_ctm = "keep"
from_highlevel = "propagate"
[link.brake]
deletes = { percent = 1.5, count = 2 }
updates = { percent = 3, count = 4 }
creates = { count = 5 }
[link.budget]
highlevel = { per_10s = 50, per_day = 1000, reserve_percent = 20 }
ctm = { per_second = 3 }
[[link.rule]]
name = "r"
on = "call.missed"
when = { all = [ { field = "tags", lacks = "x" } ] }
do = [ { create_task = { title = "t", due = "+1d" } }, { add_tag = "missed" } ]
)";

TEST(Load, EveryKeyIsTaken) {
  const Loaded loaded = parse(kEverything, "t");
  ASSERT_THAT(problems_of(kEverything), IsEmpty());
  const Config& config = loaded.config;
  EXPECT_EQ(config.state_dir, "/srv/tandem");
  EXPECT_EQ(config.listen, "");
  EXPECT_EQ(config.log_level, Severity::debug);
  const LinkConfig& link = config.links.at(0);
  EXPECT_FALSE(link.policy.first_run_ask);
  EXPECT_EQ(link.poll_interval_ms, 5'000);
  EXPECT_EQ(link.sweep_interval_ms, 3'600'000);
  EXPECT_EQ(link.ctm.base_url, "http://127.0.0.1:9001");
  EXPECT_EQ(link.ctm.account_id, 7);
  EXPECT_EQ(link.ctm.credential.file, "/etc/tandem/ctm");
  EXPECT_EQ(link.ctm.contact_surface, "activity");
  EXPECT_EQ(link.policy.mapping.default_country(), "GB");
  EXPECT_EQ(link.ctm.activity_overlap_ms, 21'600'000);
  EXPECT_FALSE(link.policy.caller_id_names_fill);
  EXPECT_THAT(link.ctm.webhook_credentials, ElementsAre("hook"));
  EXPECT_FALSE(link.policy.correct_stale_identity);
  EXPECT_EQ(link.ctm.ca_file, "/etc/ssl/own.pem");
  EXPECT_EQ(link.highlevel.base_url, "https://hl.example");
  EXPECT_EQ(link.highlevel.auth_url, "https://login.example");
  EXPECT_EQ(link.highlevel.location_id, "loc2");
  EXPECT_EQ(link.highlevel.credential.name, "hl");
  EXPECT_EQ(link.highlevel.api_version, "2023-02-21");
  EXPECT_EQ(link.highlevel.webhook_public_key, "key");
  EXPECT_EQ(link.highlevel.ca_file, "/etc/ssl/other.pem");
  EXPECT_EQ(link.activity_notes, (std::set<std::string>{"call"}));
  EXPECT_FALSE(link.pinned_notes_to_ctm);
  EXPECT_EQ(link.policy.tags, Direction::to_highlevel);
  const FieldRule* city = link.policy.mapping.find("city");
  ASSERT_NE(city, nullptr);
  EXPECT_EQ(city->direction, Direction::to_ctm);
  EXPECT_EQ(city->clears, Direction::both);
  EXPECT_EQ(city->conflict, ConflictRule::newest);
  const FieldRule* kind = link.policy.mapping.find("custom:kind");
  ASSERT_NE(kind, nullptr);
  EXPECT_EQ(kind->native.ctm, "custom:project_kind");
  EXPECT_EQ(kind->native.highlevel, "custom:contact.project_kind");
  EXPECT_EQ(kind->type, FieldType::choice);
  EXPECT_EQ(kind->values, (std::vector<std::pair<std::string, std::string>>{{"Bath", "Bathroom"}}));
  EXPECT_FALSE(link.policy.create.ctm);
  EXPECT_FALSE(link.policy.create.highlevel);
  EXPECT_EQ(link.policy.after_delete, AfterDelete::never);
  EXPECT_EQ(link.policy.on_delete.ctm, OnDelete::keep);
  EXPECT_EQ(link.policy.on_delete.highlevel, OnDelete::propagate);
  EXPECT_EQ(link.policy.brake_deletes.percent, 1.5);
  EXPECT_EQ(link.policy.brake_deletes.count, 2);
  EXPECT_EQ(link.policy.brake_updates.percent, 3);
  EXPECT_EQ(link.policy.brake_updates.count, 4);
  EXPECT_EQ(link.policy.brake_creates.count, 5);
  EXPECT_EQ(link.budget.highlevel.per_window, 50);
  EXPECT_EQ(link.budget.highlevel.per_day, 1'000);
  EXPECT_EQ(link.budget.highlevel.reserve_percent, 20);
  EXPECT_EQ(link.budget.ctm.per_window, 3);
}

TEST(Load, WhatThisVersionDoesNotActOnIsSaid) {
  std::vector<std::string> keys;
  for (const Problem& p : parse(kEverything, "t").reserved)
    keys.push_back(std::to_string(p.line) + ": " + p.key);
  EXPECT_THAT(keys, ElementsAre("29: link.activity", "57: link.rule"));
}

// Each row: the text of kSmallest that is replaced, by what, and what must be said.
struct Mistake {
  const char* name;
  std::string from, to, says;
};

const std::vector<Mistake>& mistakes() {
  static const std::vector<Mistake> all = {
      {"unknown key in a link", "name = \"acme\"", "name = \"acme\"\npol_interval = \"60s\"",
       "3: link.pol_interval: unknown key; did you mean `poll_interval`?"},
      {"unknown key with nothing near it", "account_id = 12345", "account_id = 12345\nqqqqqqqqqqqqqq = 1",
       "5: link.ctm.qqqqqqqqqqqqqq: unknown key; known here: account_id, activity_overlap, "},
      {"unknown table", "[link.highlevel]", "[link.highlvl]\n[link.highlevel]",
       "7: link.highlvl: unknown key; did you mean `highlevel`?"},
      {"unknown top table", "[[link]]", "[servce]\n[[link]]",
       "1: servce: unknown key; did you mean `service`?"},
      {"name missing", "name = \"acme\"\n", "", "1: link.name: missing; "},
      {"name empty", "\"acme\"", "\"\"", "2: link.name: is empty; "},
      {"name that is no file name", "\"acme\"", "\"../acme\"", "2: link.name: may hold letters"},
      {"name of the wrong type", "\"acme\"", "7", "2: link.name: must be text in quotes, not a whole number"},
      {"account id missing", "account_id = 12345\n", "", "3: link.ctm.account_id: missing; "},
      {"account id as text", "12345", "\"12345\"",
       "4: link.ctm.account_id: must be a whole number without quotes, not text"},
      {"account id negative", "12345", "-1", "4: link.ctm.account_id: is -1; it must lie between 1 and "},
      {"list missing", "list = \"HighLevel sync\"\n", "",
       "3: link.ctm.list: missing; contact_surface \"list+activity\""},
      {"credential missing", "credential = \"acme-ctm\"\n", "", "3: link.ctm.credential: missing; "},
      {"credential twice", "credential = \"acme-ctm\"", "credential = \"acme-ctm\"\ncredential_file = \"/x\"",
       "6: link.ctm.credential_file: stands beside `credential`"},
      {"credential that is a path", "\"acme-ctm\"", "\"/etc/x\"",
       "5: link.ctm.credential: must be the name of a file"},
      {"credential file that is relative", "credential = \"acme-ctm\"", "credential_file = \"x\"",
       "5: link.ctm.credential_file: must be an absolute path"},
      {"location missing", "location_id = \"loc1\"\n", "", "7: link.highlevel.location_id: missing; "},
      {"location with a slash", "\"loc1\"", "\"a/b\"",
       "8: link.highlevel.location_id: may hold letters and digits"},
      {"duration as a number", "name = \"acme\"", "name = \"acme\"\npoll_interval = 60",
       "3: link.poll_interval: must be a whole number with a unit"},
      {"duration without a unit", "name = \"acme\"", "name = \"acme\"\npoll_interval = \"60\"",
       "3: link.poll_interval: must be a whole number with a unit"},
      {"duration too short", "name = \"acme\"", "name = \"acme\"\npoll_interval = \"10ms\"",
       "3: link.poll_interval: is 10ms; the least is 1s"},
      {"sweep shorter than poll", "name = \"acme\"", "name = \"acme\"\nsweep_interval = \"30s\"",
       "3: link.sweep_interval: is shorter than poll_interval"},
      {"choice not known", "name = \"acme\"", "name = \"acme\"\nfirst_run = \"maybe\"",
       "3: link.first_run: \"maybe\" is not known; one of: ask, auto"},
      {"choice of the wrong type", "name = \"acme\"", "name = \"acme\"\nfirst_run = true",
       "3: link.first_run: must be text in quotes, not true or false"},
      {"surface not known", "account_id = 12345", "account_id = 12345\ncontact_surface = \"lists\"",
       "5: link.ctm.contact_surface: \"lists\" is not known; one of: list+activity, list, account, activity, "
       "auto"},
      {"country in small letters", "account_id = 12345", "account_id = 12345\ndefault_country = \"us\"",
       "5: link.ctm.default_country: must be two capital letters"},
      {"plain http to the outside", "account_id = 12345",
       "account_id = 12345\nbase_url = \"http://ctm.example\"", "5: link.ctm.base_url: "},
      {"base url with the suffix", "account_id = 12345",
       "account_id = 12345\nbase_url = \"https://c.example/api/v1/\"",
       "5: link.ctm.base_url: ends in /api/v1; leave it out"},
      {"login page without TLS", "location_id = \"loc1\"",
       "location_id = \"loc1\"\nauth_url = \"http://login.example\"", "9: link.highlevel.auth_url: "},
      {"percent out of range", "name = \"acme\"", "name = \"acme\"\nbrake = { deletes = { percent = 101 } }",
       "3: link.brake.deletes.percent: is 101; it must lie between 0 and 100"},
      {"percent as text", "name = \"acme\"", "name = \"acme\"\nbrake = { deletes = { percent = \"5\" } }",
       "3: link.brake.deletes.percent: must be a number, not text"},
      {"count with a fraction", "name = \"acme\"", "name = \"acme\"\nbrake = { deletes = { count = 1.5 } }",
       "3: link.brake.deletes.count: must be a whole number without quotes, not a number"},
      {"reserve out of range", "name = \"acme\"",
       "name = \"acme\"\nbudget = { highlevel = { reserve_percent = 91 } }",
       "3: link.budget.highlevel.reserve_percent: is 91; it must lie between 0 and 90"},
      {"note kind not known", "name = \"acme\"", "name = \"acme\"\nactivity = { notes = [\"fax\"] }",
       "3: link.activity.notes: \"fax\" is not known; one of: call, text, form, chat"},
      {"array item of the wrong type", "name = \"acme\"", "name = \"acme\"\nactivity = { notes = [1] }",
       "3: link.activity.notes: every item must be text"},
      {"a text where an array belongs", "name = \"acme\"", "name = \"acme\"\nactivity = { notes = \"call\" }",
       "3: link.activity.notes: must be an array of texts"},
      {"flag as text", "name = \"acme\"", "name = \"acme\"\ncreate = { in_ctm = \"yes\" }",
       "3: link.create.in_ctm: must be true or false without quotes, not text"},
      {"table where text belongs", "account_id = 12345", "account_id = 12345\nbase_url = { }",
       "5: link.ctm.base_url: must be text in quotes, not a table"},
      {"text where a table belongs", "name = \"acme\"", "name = \"acme\"\ncreate = \"yes\"",
       "3: link.create: must be a table, not text"},
      {"one link without double brackets", "[[link]]", "[link]", "1: link: must be written as [[link]]"},
      {"state_dir relative", "[[link]]", "[service]\nstate_dir = \"x\"\n[[link]]",
       "2: service.state_dir: must be an absolute path"},
      {"listen without a port", "[[link]]", "[service]\nlisten = \"localhost\"\n[[link]]",
       "2: service.listen: must be an address and a port"},
      {"listen with an impossible port", "[[link]]", "[service]\nlisten = \"127.0.0.1:70000\"\n[[link]]",
       "2: service.listen: must be an address and a port"},
      {"field not known", "name = \"acme\"", "name = \"acme\"\nfield = [ { name = \"frist_name\" } ]",
       "3: link.field.name: \"frist_name\" is not a field; did you mean \"first_name\"?"},
      {"field twice", "name = \"acme\"",
       "name = \"acme\"\nfield = [ { name = \"city\" },\n { name = \"city\" } ]",
       "4: link.field.name: \"city\" is already described in line 3"},
      {"custom field without names", "name = \"acme\"",
       "name = \"acme\"\nfield = [ { name = \"custom:k\", ctm = \"custom:k\" } ]",
       "3: link.field.highlevel: missing; a custom field needs its name on both sides"},
      {"custom name without its prefix", "name = \"acme\"",
       "name = \"acme\"\nfield = [ { name = \"custom:k\", ctm = \"k\", highlevel = \"custom:contact.k\" } ]",
       "3: link.field.ctm: must be \"custom:\" and the field's API name"},
      {"two fields share one", "name = \"acme\"",
       "name = \"acme\"\nfield = [ { name = \"custom:a\", ctm = \"custom:k\", highlevel = "
       "\"custom:contact.a\" },\n"
       " { name = \"custom:b\", ctm = \"custom:k\", highlevel = \"custom:contact.b\" } ]",
       "4: link.field.ctm: \"custom:k\" is already mapped by field custom:a"},
      {"value map that is not text", "name = \"acme\"",
       "name = \"acme\"\nfield = [ { name = \"custom:k\", ctm = \"custom:k\", highlevel = "
       "\"custom:contact.k\", values = { a = 1 } } ]",
       "3: link.field.values.a: must be text in quotes"},
      {"rule without actions", "name = \"acme\"",
       "name = \"acme\"\nrule = [ { name = \"r\", on = \"call.missed\" } ]", "3: link.rule.do: missing; "},
      {"rule with an empty list of actions", "name = \"acme\"",
       "name = \"acme\"\nrule = [ { name = \"r\", on = \"call.missed\", do = [] } ]",
       "3: link.rule.do: must be an array with at least one action"},
      {"rule with a shapeless action", "name = \"acme\"",
       "name = \"acme\"\nrule = [ { name = \"r\", on = \"call.missed\", do = [ {} ] } ]",
       "3: link.rule.do: every action must be a table with one key"},
      {"rule on a shapeless event", "name = \"acme\"",
       "name = \"acme\"\nrule = [ { name = \"r\", on = \"missed\", do = [ { add_tag = \"x\" } ] } ]",
       "3: link.rule.on: must be a thing and what happened to it"},
      {"two rules of one name", "name = \"acme\"",
       "name = \"acme\"\nrule = [ { name = \"r\", on = \"a.b\", do = [ { add_tag = \"x\" } ] },\n"
       " { name = \"r\", on = \"a.b\", do = [ { add_tag = \"x\" } ] } ]",
       "4: link.rule.name: \"r\" is already the name of another rule"},
      {"no link at all", kSmallest, "[service]\n", "1: : has no [[link]]"},
      {"not TOML", "account_id = 12345", "account_id = = 1", "4: : not TOML: "},
  };
  return all;
}

TEST(Load, EveryMistakeIsNamedWithKeyAndLineAndStandsAlone) {
  for (const Mistake& m : mistakes()) {
    SCOPED_TRACE(m.name);
    EXPECT_THAT(problems_of(replaced(kSmallest, m.from, m.to)), ElementsAre(StartsWith(m.says)));
  }
}

TEST(Load, AllMistakesComeAtOnceInTheOrderOfTheFile) {
  EXPECT_THAT(
      problems_of(
          "[service]\nstate_dir = \"x\"\nlog_level = \"loud\"\n[[link]]\n[link.ctm]\naccount_id = 0\n"),
      ElementsAre(StartsWith("2: service.state_dir: "), StartsWith("3: service.log_level: "),
                  StartsWith("4: link.name: "), StartsWith("4: link: has no [link.highlevel]"),
                  StartsWith("4: link.highlevel.location_id: "), StartsWith("4: link.highlevel.credential: "),
                  StartsWith("5: link.ctm.credential: "), StartsWith("5: link.ctm.list: "),
                  StartsWith("6: link.ctm.account_id: ")));
}

TEST(Load, SecretsInTheFileAreRefusedAndNotRepeated) {
  const std::string token = "pit-0f1e2d3c-aaaa-bbbb-cccc-123456789012";
  const auto all =
      problems_of(replaced(kSmallest, "credential = \"acme-highlevel\"",
                           "credential = \"acme-highlevel\"\napi_key = \"abc\"\nlogo = \"" + token + "\""));
  EXPECT_THAT(all, UnorderedElementsAre(HasSubstr("10: link.highlevel.api_key: secrets do not belong"),
                                        HasSubstr("11: link.highlevel.logo: holds what looks like a token"),
                                        HasSubstr("11: link.highlevel.logo: unknown key")));
  for (const auto& text : all) EXPECT_THAT(text, Not(HasSubstr("0f1e2d3c")));
  for (const char* pasted : {"AKEY:SKEY", "a key with blanks"}) {
    const auto said = problems_of(replaced(kSmallest, "\"acme-ctm\"", "\"" + std::string(pasted) + "\""));
    EXPECT_THAT(said, ElementsAre(HasSubstr("5: link.ctm.credential: must be the name of a file")));
    EXPECT_THAT(said.at(0), Not(HasSubstr(pasted)));
  }
  EXPECT_THAT(
      problems_of(
          replaced(kSmallest, "account_id", "base_url = \"https://user:word@c.example\"\naccount_id")),
      ElementsAre(
          "4: link.ctm.base_url: holds a user name or password; it belongs into the credential file"));
}

TEST(Load, TwoLinksNeedTheirOwnNamesAndAccounts) {
  const std::string second = replaced(kSmallest, "\"acme\"", "\"other\"");
  EXPECT_THAT(problems_of(kSmallest + kSmallest),
              ElementsAre(StartsWith("10: link.name: \"acme\" is already the name of the link in line 1"),
                          StartsWith("10: link: joins the same account and location as the link in line 1")));
  EXPECT_THAT(problems_of(kSmallest + replaced(second, "12345", "777")), IsEmpty());
}

TEST(Load, LossyValueMapIsBlamedOnItsField) {
  const auto all = problems_of(kSmallest +
                               "[[link.field]]\nname = \"custom:k\"\nctm = \"custom:k\"\n"
                               "highlevel = \"custom:contact.k\"\nvalues = { a = \"x\", b = \"x\" }\n");
  ASSERT_FALSE(all.empty());
  for (const auto& text : all) EXPECT_THAT(text, StartsWith("10: link.field: "));
}

TEST(Load, ValueMapKeepsTheOrderOfTheFile) {  // within a line too
  const std::string text =
      std::string(kSmallest) +
      "[[link.field]]\nname = \"custom:k\"\nctm = \"custom:k\"\nhighlevel = "
      "\"custom:contact.k\"\nvalues = { Tub = \"Bathroom\", Roof = \"Top\", Attic = \"Loft\" }\n";
  ASSERT_THAT(problems_of(text), IsEmpty());
  const Loaded loaded = parse(text, "t");
  const FieldRule* rule = loaded.config.links.at(0).policy.mapping.find("custom:k");
  ASSERT_NE(rule, nullptr);
  EXPECT_EQ(rule->values, (std::vector<std::pair<std::string, std::string>>{
                              {"Tub", "Bathroom"}, {"Roof", "Top"}, {"Attic", "Loft"}}));
}

TEST(Load, FileThatCannotBeReadIsAProblem) {
  EXPECT_THAT(load("/no/such/file.toml").problems, ElementsAre(testing::Field(&Problem::line, 0)));
  EXPECT_THAT(load("/").problems, ElementsAre(testing::Field(&Problem::line, 0)));
}

TEST(Reload, OnlyWhatAStateBelongsToIsFixed) {
  const Config now = parse(kSmallest, "t").config;
  const auto obstacles = [&](const std::string& from, const std::string& to) {
    return reload_obstacles(now, parse(replaced(kSmallest, from, to), "t").config);
  };
  EXPECT_THAT(obstacles("name", "poll_interval = \"5s\"\nname"), IsEmpty());
  EXPECT_THAT(obstacles("\"acme-ctm\"", "\"rotated\""), IsEmpty());
  EXPECT_THAT(obstacles("12345", "12346"),
              ElementsAre(StartsWith("link acme: ctm.account_id cannot change")));
  EXPECT_THAT(obstacles("loc1", "loc2"),
              ElementsAre(StartsWith("link acme: highlevel.location_id cannot change")));
  EXPECT_THAT(obstacles("account_id", "base_url = \"https://c.example\"\naccount_id"),
              ElementsAre(StartsWith("link acme: ctm.base_url cannot change")));
  EXPECT_THAT(obstacles("location_id", "base_url = \"https://h.example\"\nlocation_id"),
              ElementsAre(StartsWith("link acme: highlevel.base_url cannot change")));
  EXPECT_THAT(
      obstacles("[[link]]", "[service]\nstate_dir = \"/x\"\nlisten = \"\"\n[[link]]"),
      ElementsAre(StartsWith("service.state_dir cannot change"), StartsWith("service.listen cannot change")));
  EXPECT_THAT(obstacles("\"acme\"", "\"other\""), ElementsAre(StartsWith("the set of links cannot change")));
}
}  // namespace
}  // namespace tandem::config
