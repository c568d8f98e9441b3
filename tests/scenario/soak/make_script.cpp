// Which life belongs to a seed. Values carry a number of their own, so that the ledger can say who set
// them; now and then an earlier one comes back, because that is where synchronisers err.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <map>
#include <string_view>

#include "tests/scenario/soak/make_rare.h"
#include "tests/scenario/soak/script.h"
#include "tests/sim/ctm_model.h"
#include "tests/sim/highlevel_model.h"

namespace tandem::soak {
namespace {
// Not chosen by the seed: what only the HTTP faces look at, what takes a free text, and lags beyond what
// core/tuning.h allows for (those get values of their own below).
constexpr std::array kLeftAlone =
    std::to_array<std::string_view>({"contact_surfaces", "token.scopes", "location.timezone",
                                     "location.country", "index_lag_ms", "delete_lag_ms"});
// A server that forgets fields nobody named, or refuses what the daemon must send, is the business of
// tests of their own: there no end state is promised. So is the form of a date in a search, which the
// replica straight on the model asks in one way only; the days over HTTP try both.
constexpr std::array kPromiseNothing =
    std::to_array<std::string_view>({"custom.absent", "custom.unknown_id", "search.date_format"});

// Halves of a name that go different ways are rare in life, and an open defect of their own (regressions/).
constexpr int kHalvesApartOneIn = 120;

constexpr std::array kFields = std::to_array<std::string_view>(
    {"first_name", "last_name", "city", "address1", "state", "postal_code", "email", "custom:project_kind"});
constexpr std::array kCtmFields = std::to_array<std::string_view>(
    {"name", "name", "city", "address1", "state", "postal_code", "email", "custom:project_kind"});
constexpr std::array kTags = std::to_array<std::string_view>({"vip", "tile", "hot", "Kitchen"});
constexpr std::array kStates = std::to_array<std::string_view>({"IL", "IN", "WI", "OH", "MI", "IA"});
constexpr std::array kFaults = std::to_array<std::string_view>(
    {"lost_before", "lost_after", "reset", "html_5xx", "json_5xx", "too_many", "truncated", "empty_list",
     "repeat_page", "skip_page", "stored_but_422", "wrong_json", "quoting"});
constexpr std::array kPaths =
    std::to_array<std::string_view>({"", "/contacts/", "/contacts/search", "/calls", "/modify",
                                     "/add_contact", "/remove_contacts", "/tag", "/lists"});
constexpr std::array kDirections = std::to_array<std::string_view>({"both", "to_highlevel", "to_ctm", "off"});
constexpr std::array kConflicts = std::to_array<std::string_view>({"hold", "ctm", "highlevel", "newest"});

class Author {
 public:
  explicit Author(std::uint64_t seed)
      : dice_{seed * 0x2545F4914F6CDD1DULL + 1}, rare_{seed * 0x9E6C63D0876A9A47ULL + 7} {
    script_.seed = seed;
  }

  Script write() {
    choose_switches();
    choose_policy();
    choose_people();
    say({"cycle", "full"});
    if (first_run_asks_) say({"approve", "0"});
    if (!dice_.one_in(4)) say({"wait", "65"});
    if (!dice_.one_in(4)) say({"cycle", "full"});
    const int steps = 6 + dice_.below(30);
    choose_rare(steps);
    Rare rare(script_, steps, people_);
    for (int i = 0; i < steps; ++i) {
      rare.play(i);
      for (const auto& [at, what] : rare_steps_)
        if (at == i) (this->*what)();
      step();
    }
    return std::move(script_);
  }

 private:
  using Words = std::vector<std::string>;
  void say(Words words) { script_.steps.push_back({std::move(words)}); }

  void choose_switches() {
    choose("ctm", sim::ctm_switch_specs());
    choose("highlevel", sim::highlevel::switch_specs());
    constexpr std::array kLags = std::to_array<std::string_view>({"0", "500", "20000", "45000"});
    constexpr std::array kShort = std::to_array<std::string_view>({"0", "500", "15000", "30000"});
    if (dice_.one_in(3)) say({"switch", "ctm", "index_lag_ms", dice_.pick(kLags)});
    if (dice_.one_in(3)) say({"switch", "highlevel", "index_lag_ms", dice_.pick(kShort)});
    if (dice_.one_in(3)) say({"switch", "highlevel", "delete_lag_ms", dice_.pick(kShort)});
  }

  void choose(const std::string& system, const std::vector<sim::Switches::Spec>& specs) {
    for (const auto& spec : specs) {
      if (spec.allowed.starts_with('<') || std::ranges::count(kLeftAlone, spec.name) > 0 ||
          std::ranges::count(kPromiseNothing, spec.name) > 0 || !dice_.one_in(14))
        continue;
      std::vector<std::string> values;
      for (std::size_t at = 0; at <= spec.allowed.size();) {
        const std::size_t end = std::min(spec.allowed.find('|', at), spec.allowed.size());
        if (const auto value = spec.allowed.substr(at, end - at); value != spec.fallback)
          values.push_back(value);
        at = end + 1;
      }
      say({"switch", system, spec.name, dice_.pick(values)});
    }
  }

  void choose_policy() {
    const std::string all = dice_.pick(kConflicts);
    if (dice_.one_in(15)) {  // a name goes as a whole
      const std::string way = dice_.pick(kDirections);
      say({"rule", "first_name", "direction", way});
      say({"rule", "last_name", "direction", way});
    }
    for (const auto field : {"first_name", "last_name", "email", "phone", "address1", "city", "state",
                             "postal_code", "country", "custom:project_kind"}) {
      const std::string conflict = dice_.one_in(8) ? dice_.pick(kConflicts) : all;
      if (conflict != "hold") say({"rule", field, "conflict", conflict});
      const bool phone = std::string_view(field) == "phone";
      const bool half = std::string_view(field).ends_with("_name");
      if (!phone && dice_.one_in(half ? kHalvesApartOneIn : 15))
        say({"rule", field, "direction", dice_.pick(kDirections)});
      if (!phone && dice_.one_in(12)) say({"rule", field, "clears", dice_.pick(kDirections)});
    }
    if (dice_.one_in(8)) say({"policy", "tags", dice_.pick(kDirections)});
    if (dice_.one_in(10)) say({"policy", "create_in_ctm", "off"});
    if (dice_.one_in(10)) say({"policy", "create_in_highlevel", "off"});
    if (dice_.one_in(6)) say({"policy", "caller_id_names", "ignore"});
    if (dice_.one_in(6)) say({"policy", "stale_identity", "leave"});
    if (dice_.one_in(5)) say({"policy", "after_delete", dice_.one_in(2) ? "create" : "never"});
    constexpr std::array kDeletes = std::to_array<std::string_view>({"propagate", "propagate", "keep"});
    if (dice_.one_in(2)) say({"policy", "deletes_from_highlevel", dice_.pick(kDeletes)});
    if (dice_.one_in(12)) say({"policy", "brake_field", "1"});
    if (dice_.one_in(8)) say({"policy", "brake_updates", "1"});
    if (dice_.one_in(8)) say({"policy", "brake_creates", "1"});
    first_run_asks_ = dice_.one_in(8);
    if (first_run_asks_) say({"policy", "first_run", "ask"});
    if (dice_.one_in(10)) say({"skew", std::to_string((dice_.below(3) - 1) * 86'400)});
  }

  std::string person() { return number(dice_.below(people_)); }
  std::string contact() {
    return dice_.one_in(6) ? person() : fmt::format("h{}", 1 + dice_.below(std::max(1, contacts_)));
  }

  std::string value(const std::string& field) {
    auto& used = values_[field];
    if (!used.empty() && dice_.one_in(5))
      return used[static_cast<std::size_t>(dice_.below(static_cast<int>(used.size())))];
    const int n = ++count_;
    std::string made;
    if (field == "state")
      made = dice_.pick(kStates);
    else if (field == "postal_code")
      made = fmt::format("{:05}", 60'000 + n);
    else if (field == "email")
      made = fmt::format("{}ersson{:03}@example.org", dice_.one_in(6) ? "P" : "p", n);
    else if (field == "name")
      made = dice_.one_in(6) ? fmt::format("Solo{:03}", n) : fmt::format("Given{:03} Family{:03}", n, n);
    else if (field == "first_name")
      made = fmt::format("Given{:03}", n);
    else if (field == "last_name")
      made = fmt::format("Family{:03}", n);
    else
      made = fmt::format("{} number{:03}",
                         field == "city"       ? "Town"
                         : field == "address1" ? "Street"
                                               : "Kind",
                         n);
    used.push_back(made);
    return made;
  }

  void choose_people() {
    people_ = 2 + dice_.below(4);
    for (int i = 0; i < people_; ++i) {
      const int where = dice_.below(5);  // 0, 1, 2: both sides; 3: HighLevel; 4: CTM
      const std::string first = fmt::format("Anna{:03}", i), last = fmt::format("Berg{:03}", i);
      const std::string email = fmt::format("anna.berg{:03}@example.org", i);
      values_["email"].push_back(email);
      if (where != 4) {
        Words words{"contact", fmt::format("h{}", ++contacts_), "first_name=" + first, "last_name=" + last};
        if (!dice_.one_in(7)) words.push_back("phone=" + (dice_.one_in(12) ? number(0) : number(i)));
        if (!dice_.one_in(3)) words.push_back("email=" + email);
        for (const auto field : {"city", "address1", "state", "postal_code", "custom:project_kind"})
          if (dice_.one_in(2)) words.push_back(fmt::format("{}={}", field, value(field)));
        if (dice_.one_in(3)) words.push_back("tag=" + dice_.pick(kTags));
        say(std::move(words));
        if (dice_.one_in(8)) say({"other_phone", fmt::format("h{}", contacts_), number(i + 20)});
      }
      if (where == 3) continue;
      const bool same = !dice_.one_in(3);
      const std::string name = same ? first + " " + last : value("name");
      if (!dice_.one_in(3)) {
        Words words{"call", number(i), "name=" + name};
        if (dice_.one_in(3)) words.push_back("email=" + email);
        if (dice_.one_in(4)) words.push_back("tag=" + dice_.pick(kTags));
        say(std::move(words));
      } else if (dice_.one_in(3)) {
        say({"call", number(i), fmt::format("cnam=CALLERID{:03} X", ++count_)});
      }
      if (dice_.one_in(2)) {
        Words words{"row", number(i), "first_name=" + first, "last_name=" + last};
        if (dice_.one_in(2)) words.push_back("email=" + email);
        for (const auto field : {"city", "address1"})
          if (dice_.one_in(2)) words.push_back(fmt::format("{}={}", field, value(field)));
        say(std::move(words));
      }
    }
    if (dice_.one_in(4)) say({"call", dice_.pick(std::array{"tracking", "receiving", "agent", "+", ""})});
  }

  // What people do; also what they do in the middle of a cycle.
  Words deed() {
    const int kind = dice_.below(100);
    const bool clear = dice_.one_in(9);
    if (kind < 30) {
      const std::string field = dice_.pick(kFields);
      return {"edit_contact", contact(), field, clear ? "" : value(field)};
    }
    if (kind < 55) {
      const std::string field = dice_.pick(kCtmFields);
      const int how = dice_.below(8);
      const char* verb = how < 3   ? "edit_call"
                         : how < 6 ? "edit_row"
                         : how < 7 ? "edit_person"
                                   : "edit_old_call";
      return {verb, person(), field, clear ? "" : value(field)};
    }
    if (kind < 61) return {dice_.one_in(3) ? "untag_contact" : "tag_contact", contact(), dice_.pick(kTags)};
    if (kind < 67) return {dice_.one_in(3) ? "untag_calls" : "tag_call", person(), dice_.pick(kTags)};
    if (kind < 80) {
      Words words{"call", dice_.one_in(6) ? number(people_ + dice_.below(2)) : person()};
      if (dice_.one_in(3)) words.push_back("name=" + value("name"));
      if (dice_.one_in(8)) words.push_back("email=" + value("email"));
      if (dice_.one_in(6)) words.push_back(fmt::format("cnam=CALLERID{:03} X", ++count_));
      if (dice_.one_in(8)) words.push_back("updates_contact=on");
      return words;
    }
    switch (dice_.below(16)) {
      case 0:
      case 1:
        return {"drop_row", person()};
      case 2:
      case 3:
        return {"join_list", person()};
      case 4:
      case 5:
        return {"delete_contact", contact()};
      case 6:
        return {"restore_contact", fmt::format("h{}", 1 + dice_.below(std::max(1, contacts_)))};
      case 7: {
        const std::string given = value("first_name"), family = value("last_name");
        return {"contact", fmt::format("h{}", ++contacts_), "first_name=" + given, "last_name=" + family,
                "phone=" + (dice_.one_in(2) ? person() : number(++people_ - 1))};
      }
      case 8:
      case 9:
        return {"edit_contact", contact(), "phone", dice_.one_in(2) ? person() : number(30 + dice_.below(6))};
      case 10:
        return {"swap_phones", contact(), contact()};
      case 11:
        return {"merge_contacts", contact(), contact()};
      case 12:
        return {dice_.one_in(2) ? "delete_person" : "redact_call", person()};
      case 13:
        return {"merge_people", person(), person()};
      case 14:
        return {"other_phone", contact(), dice_.one_in(2) ? person() : number(20 + dice_.below(4))};
      default:
        return {"row", person(), "first_name=" + value("first_name"), "last_name=" + value("last_name")};
    }
  }

  std::string kind() { return dice_.one_in(3) ? "full" : "delta"; }

  void step() {
    const int what = dice_.below(100);
    if (what < 42) return say(deed());
    if (what < 62) {
      if (dice_.one_in(3)) say({"wait", std::to_string(1 + dice_.below(120))});
      if (dice_.one_in(4)) interleave();
      return say({"cycle", dice_.one_in(12) ? "reread" : kind()});
    }
    if (what < 70) return say({"wait", std::to_string(dice_.one_in(8) ? 86'400 : 1 + dice_.below(130))});
    if (what < 80) return say(fault());
    if (what < 86) {
      if (dice_.one_in(4)) interleave();
      return say({dice_.one_in(6) ? "stop" : "kill", std::to_string(1 + dice_.below(40)), kind()});
    }
    if (what < 88) return say({"restart"});
    if (what < 89) return say({"plan", kind()});
    if (what < 93)
      return say(
          {"resolve", std::to_string(dice_.below(3)), dice_.pick(std::array{"ctm", "highlevel", "clear"})});
    if (what < 95) return say({dice_.one_in(4) ? "reject" : "approve", std::to_string(dice_.below(3))});
    if (what < 96) return say({"backup"});
    if (what < 97) return say({dice_.one_in(2) ? "lose_state" : "restore"});
    if (what < 98) return say({"skew", std::to_string(dice_.below(240) - 120)});
    if (what < 99)
      return say({dice_.one_in(3) ? "revoked" : "unreachable", dice_.one_in(2) ? "ctm" : "highlevel",
                  dice_.one_in(2) ? "on" : "off"});
    say({"rule", dice_.pick(kFields), "conflict", dice_.pick(kConflicts)});
  }

  void interleave() {
    Words words = dice_.one_in(2) ? Words{"at", std::to_string(1 + dice_.below(40))}
                                  : Words{"before_write", dice_.one_in(2) ? "ctm" : "highlevel"};
    for (auto& word : deed()) words.push_back(std::move(word));
    say(std::move(words));
  }

  Words fault() {
    const std::string kind = dice_.pick(kFaults);
    Words words{"fault", dice_.one_in(2) ? "ctm" : "highlevel", kind};
    if (const std::string path = dice_.pick(kPaths); !path.empty()) words.push_back("path=" + path);
    if (dice_.one_in(4)) words.push_back(dice_.one_in(2) ? "method=POST" : "method=PUT");
    if (dice_.one_in(3)) words.push_back(fmt::format("skip={}", dice_.below(6)));
    if (dice_.one_in(4)) words.push_back(fmt::format("times={}", 2 + dice_.below(3)));
    if ((kind == "empty_list" || kind == "too_many") && dice_.one_in(2)) words.push_back("param=1");
    if (kind == "quoting" && dice_.one_in(2)) words.push_back("param=503");
    if (dice_.one_in(2)) words.push_back("effect=on");
    return words;
  }

  // ---- what is rare: each in a few lives of a hundred, at a moment of its own. Its dice are others, so
  // that a life without it is the one it would have been.
  void choose_rare(int steps) {
    const std::pair<void (Author::*)(), int> all[] = {
        {&Author::forget, 14}, {&Author::link, 16},    {&Author::unlink, 20},   {&Author::keep_apart, 20},
        {&Author::undo, 12},   {&Author::respond, 16}, {&Author::overlook, 12}, {&Author::second_number, 16}};
    for (const auto& [what, one_in] : all)
      if (rare_.one_in(one_in)) rare_steps_.emplace_back(rare_.below(steps), what);
  }

  std::string any_person() { return number(rare_.below(people_)); }
  std::string any_contact() {
    return rare_.one_in(6) ? any_person() : fmt::format("h{}", 1 + rare_.below(std::max(1, contacts_)));
  }
  void some_cycle() { say({"cycle", rare_.one_in(2) ? "full" : "delta"}); }

  void forget() {
    say({"forget", any_contact()});
    some_cycle();
    if (rare_.one_in(4)) return say({"reject", "0"});
    if (rare_.one_in(3)) say({"edit_row", any_person(), "city", fmt::format("Place number{:03}", 900)});
    for (const char* group : {"0", "1"}) say({"approve", group});
    if (rare_.one_in(4)) say({"kill", std::to_string(1 + rare_.below(30)), "full"});
    some_cycle();
    if (rare_.one_in(3)) say({"wait", "90"});
    some_cycle();
    if (rare_.one_in(3)) say({"call", any_person(), "name=Again Called"});
    if (rare_.one_in(4)) say({"restore_contact", any_contact()});
  }

  void link() {
    say({"link", any_person(), any_contact()});
    if (!rare_.one_in(3)) some_cycle();
  }

  void unlink() {
    const std::string who = any_contact();
    say({"unlink", who});
    if (!rare_.one_in(3)) some_cycle();
    if (rare_.one_in(2)) say({"edit_contact", who, "city", fmt::format("Place number{:03}", 901)});
    if (rare_.one_in(4)) {
      some_cycle();
      say({"link", any_person(), who});
    }
  }

  void keep_apart() {
    say({"keep_apart", any_person(), any_contact()});
    if (!rare_.one_in(3)) some_cycle();
  }

  void undo() {
    some_cycle();
    if (rare_.one_in(3)) say({"edit_contact", any_contact(), "city", fmt::format("Place number{:03}", 902)});
    if (rare_.one_in(4)) some_cycle();
    say({"undo", std::to_string(rare_.below(3))});
    if (rare_.one_in(4)) say({"edit_call", any_person(), "city", fmt::format("Place number{:03}", 903)});
    some_cycle();
  }

  void respond() {
    constexpr std::array kAnswered =
        std::to_array<std::string_view>({"city", "address1", "custom:project_kind", "last_name", "tags"});
    const std::string field = rare_.pick(kAnswered);
    const std::string at_ctm = field == "last_name" ? "name" : field;
    const int sides = rare_.below(5);  // 0: HighLevel, 1: CTM, else both, and they never agree
    if (sides != 1) say({"responder", "highlevel", field, "~h", "on"});
    if (sides != 0) say({"responder", "ctm", at_ctm, "~c", "on"});
    if (field == "tags")
      say({"tag_contact", any_contact(), rare_.pick(kTags)});
    else
      say({"edit_contact", any_contact(), field, fmt::format("Place number{:03}", 904)});
    for (int i = rare_.below(8); i > 0; --i) {
      some_cycle();
      say({"wait", std::to_string(10 + rare_.below(120))});
    }
    if (rare_.one_in(4)) say({"responder", "highlevel", field, "~h", "off"});
  }

  // A contact that is there, and HighLevel's listing, or its answer by the id, does not know it for a while:
  // never both for as long as a proof of deletion takes, however our clock is set meanwhile.
  void overlook() {
    const std::string who = any_contact();
    const bool edited = rare_.one_in(2);
    if (edited) say({"edit_contact", who, "city", fmt::format("Place number{:03}", 907)});
    const int how = rare_.below(4);
    if (how != 1) say({"hide", who, "listing", std::to_string(60 + rare_.below(1'200))});
    if (how != 0) say({"hide", who, "reading", std::to_string(how == 1 ? 60 + rare_.below(1'200) : 45)});
    say({"cycle", how == 1 ? "delta" : "full"});
    say({"wait", std::to_string(1 + rare_.below(20))});
    if (rare_.one_in(2)) say({"cycle", "full"});
    for (int i = rare_.below(3); i >= 0; --i) {
      say({"wait", std::to_string(200 + rare_.below(300))});
      say({"cycle", rare_.one_in(3) ? "delta" : "full"});
    }
  }

  // An alias, and somebody who calls from it (P44).
  void second_number() {
    const std::string more = number(40 + rare_.below(3));
    say({"other_phone", any_contact(), more});
    say({"call", more, fmt::format("name=Given{:03} Family{:03}", 905, 905),
         fmt::format("tag={}", rare_.pick(kTags))});
    some_cycle();
    if (rare_.one_in(2)) say({"edit_call", more, "city", fmt::format("Place number{:03}", 906)});
    if (rare_.one_in(2)) say({"tag_call", more, rare_.pick(kTags)});
  }

  Dice dice_, rare_;
  std::vector<std::pair<int, void (Author::*)()>> rare_steps_;
  Script script_;
  int people_ = 0, contacts_ = 0, count_ = 0;
  bool first_run_asks_ = false;
  std::map<std::string, std::vector<std::string>> values_;
};
}  // namespace

Script make_script(std::uint64_t seed) { return Author(seed).write(); }
}  // namespace tandem::soak
