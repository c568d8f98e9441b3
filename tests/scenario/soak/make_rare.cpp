#include "tests/scenario/soak/make_rare.h"

#include <fmt/format.h>

namespace tandem::soak {
namespace {
constexpr int kPastProofS = 400;  // of a deletion
constexpr int kPastLagS = 65;
}  // namespace

std::string number(int person) { return fmt::format("+1312555{:04}", 142 + person); }

// Dice of its own: a life without any of these is the one it would have been.
Rare::Rare(Script& into, int steps, int people)
    : script_(into), dice_{into.seed * 0xD6E8FEB86659FD93ULL + 3}, people_(people) {
  const std::pair<void (Rare::*)(), int> all[] = {{&Rare::gone_for_good, 14},
                                                  {&Rare::edited_back, 25},
                                                  {&Rare::lost_create, 25},
                                                  {&Rare::undone_and_edited, 25}};
  for (const auto& [what, one_in] : all)
    if (dice_.one_in(one_in)) chosen_.emplace_back(dice_.below(steps), what);
}

void Rare::play(int step) {
  for (const auto& [at, what] : chosen_)
    if (at == step) (this->*what)();
}

void Rare::cycle(const char* kind, int then_wait_s) {
  say({"cycle", kind});
  if (then_wait_s != 0) say({"wait", std::to_string(then_wait_s)});
}

// Deleted, proved, agreed; then they call again, or somebody edits what is left (P15).
void Rare::gone_for_good() {
  const std::string who = person();
  say({"policy", "after_delete", dice_.pick(std::array{"never", "ask", "create"})});
  say({"policy", "deletes_from_highlevel", dice_.pick(std::array{"propagate", "keep", "ask"})});
  say({"delete_contact", who});
  cycle("full", kPastProofS);
  cycle("full");
  if (dice_.one_in(2)) say({"approve", std::to_string(dice_.below(2))});
  cycle("full", kPastLagS);
  if (dice_.one_in(3))
    say({"edit_call", who, "city", "Place number911"});
  else
    say({"call", who, "name=Given911 Family911"});
  cycle("delta", kPastLagS);
  if (dice_.one_in(2)) say({"approve", "0"});
  cycle("full");
}

// The state of before an edit comes back, and so does the value of then (P24).
void Rare::edited_back() {
  const std::string who = person();
  for (const char* value : {"Place number912", "Place number913"}) {
    say({"edit_contact", who, "city", value});
    cycle("delta", kPastLagS);
    cycle("full", kPastLagS);
    if (value == std::string_view("Place number912")) say({"backup"});
  }
  say({"edit_contact", who, "city", "Place number912"});
  say({"restore"});
  cycle("full");
}

// Made, the answer is lost, no search shows it yet, and the location takes a number twice (P8).
void Rare::lost_create() {
  say({"switch", "highlevel", "location.allow_duplicates", "on"});
  say({"switch", "highlevel", "index_lag_ms", "30000"});
  say({"call", number(people_ + 7), "name=Given914 Family914"});
  say({"fault", "highlevel", "lost_after", "path=/contacts/", "ends=/contacts/", "method=POST"});
  for (int i = 0; i < 3; ++i) cycle("delta", dice_.below(10));
}

// What a run wrote was edited since; the run before the last one is undone (P28).
void Rare::undone_and_edited() {
  const std::string who = person(), seen_after = std::to_string(kPastLagS);
  say({"call", who});
  cycle("full");
  for (const auto& [verb, value] :
       {std::pair{"edit_contact", "Place number915"}, std::pair{"edit_call", "Place number916"},
        std::pair{"edit_contact", "Place number917"}}) {
    say({"wait", seen_after});
    say({verb, who, "city", value});
    say({"wait", seen_after});
    cycle("full");
  }
  say({"undo", "1"});
  cycle("full");
}
}  // namespace tandem::soak
