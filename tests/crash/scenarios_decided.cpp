// Records that go on one side, and what a person says by a command. Each command is killed as well.
#include <fmt/format.h>

#include "core/tuning.h"
#include "tests/crash/scenarios.h"

namespace tandem::crash {
namespace {
using sim::highlevel::Actor;

// "" when the remotes removed exactly so many rows and contacts for us.
std::string removed(Stage& stage, std::ptrdiff_t rows, std::ptrdiff_t contacts) {
  const auto count = [](const std::vector<sim::WriteEntry>& writes, const char* action) {
    return std::ranges::count_if(
        writes, [&](const sim::WriteEntry& write) { return write.actor == "api" && write.action == action; });
  };
  const auto of_ctm = count(stage.ctm.writes(), "list_remove");
  const auto of_highlevel = count(stage.highlevel.writes(), "delete");
  if (of_ctm == rows && of_highlevel == contacts) return "";
  return fmt::format("{} rows and {} contacts were removed instead of {} and {}", of_ctm, of_highlevel, rows,
                     contacts);
}

std::string is(Stage& stage, const std::string& any_id, const char* state) {
  const std::string found = stage.state_of(any_id);
  return found == state ? "" : fmt::format("{} is '{}' instead of {}", any_id, found, state);
}

std::string first_of(std::initializer_list<std::string> wrongs) {
  for (const auto& wrong : wrongs)
    if (!wrong.empty()) return wrong;
  return "";
}

std::int64_t time_of(const std::vector<sim::WriteEntry>& writes, const char* actor, const char* action) {
  const auto found = std::ranges::find_if(
      writes, [&](const sim::WriteEntry& write) { return write.actor == actor && write.action == action; });
  return found == writes.end() ? 0 : found->at_ms;
}

// Odile was deleted as a contact; the row that tandem made for her is gone, not before that was proved, and
// nothing else.
std::string odile_is_buried(Stage& stage) {
  return first_of({removed(stage, 1, 0), is(stage, odile().phone, "tombstone"),
                   is(stage, mara().phone, "linked"),
                   stage.rows_of(odile().phone).empty() ? "" : "her row is still there",
                   time_of(stage.ctm.writes(), "api", "list_remove") >=
                           time_of(stage.highlevel.writes(), "staff", "delete") + tuning::kDeletionProofMs
                       ? ""
                       : "her row went before her deletion was proved"});
}

void delete_odile(Stage& stage) { stage.highlevel.erase(contact_of(stage, odile()), Actor::staff); }

// Odile with everything that may be kept about a person: a call, a replaced value, a conflict, tags.
void odile_who_is_well_known(Stage& stage) {
  mara_and_odile(stage);
  stage.clock.tick(World::kPastEveryLagMs);
  stage.live();
  stage.ctm_staff.tag(stage.call(odile().phone, "Odile Marchetti", "", odile().email), "quarry");
  stage.edit_contact(contact_of(stage, odile()), "address1", "8 Quarry Lane");
  stage.clock.tick(World::kPastEveryLagMs);
  stage.live();
  stage.edit_contact(contact_of(stage, odile()), "address1", "9 Tannery Court");
  stage.edit_call(call_of(stage, odile()), "city", "Elgin");
  stage.edit_contact(contact_of(stage, odile()), "city", "Wheaton");
}

// What a run wrote over in three people, so that its undo is more than one transaction.
void overwritten(Stage& stage) {
  mara_and_odile(stage);
  stage.contact(jonas());
  stage.call(jonas().phone, "Jonas Abara", "", jonas().email);
  stage.clock.tick(World::kPastEveryLagMs);
  stage.live();
  stage.edit_contact(contact_of(stage, jonas()), "city", "Lisle");
  stage.edit_contact(contact_of(stage, mara()), "city", "Geneva");
  stage.edit_contact(contact_of(stage, mara()), "address1", "7 Mill Road");
  stage.edit_call(call_of(stage, mara()), "email", "mara@example.com");
  stage.edit_contact(contact_of(stage, odile()), "city", "Wheaton");
}

std::string is_put_back(Stage& stage) {
  const auto value = [&](const sim::PersonCard& who, const char* field, const std::string& wanted) {
    const std::string found = stage.highlevel_value(contact_of(stage, who), field);
    return found == wanted ? "" : fmt::format("{} is '{}' instead of '{}'", field, found, wanted);
  };
  const auto city_of_call = [&](const sim::PersonCard& who) {
    const std::string found = stage.newest_call(who.phone).city;
    return found == who.city ? "" : fmt::format("CTM's city is '{}' instead of '{}'", found, who.city);
  };
  return first_of({value(mara(), "city", mara().city), value(mara(), "address1", mara().address1),
                   value(mara(), "email", mara().email), value(jonas(), "city", jonas().city),
                   value(odile(), "city", odile().city), city_of_call(mara()), city_of_call(jonas())});
}

// Jonas called, Odile is a contact, and nothing says that they are one person.
void two_strangers(Stage& stage) {
  stage.policy.create = {false, false};
  stage.contact(odile());
  stage.call(jonas().phone, "Jonas Abara");
}

bool are_one(Stage& stage, const sim::PersonCard& caller, const sim::PersonCard& contact) {
  return stage.pair_of(caller.phone) == stage.pair_of(contact_of(stage, contact));
}

void say_of_mara(Stage& stage, Ruling::Kind kind) {
  const std::string id = contact_of(stage, mara());
  stage.commands = {[&stage, kind, id] { stage.rule(kind, mara().phone, id); }};
  stage.edit_contact(id, "city", "Geneva");
}

const Scenario kScenarios[] = {
    {.name = "a deleted contact, propagated",
     .before = mara_and_odile,
     .then =
         [](Stage& stage) {
           stage.policy.on_delete.highlevel = OnDelete::propagate;
           delete_odile(stage);
         },
     .must_hold = odile_is_buried,
     .needs_listings = true},
    {.name = "a deleted contact, asked about and approved",
     .before = mara_and_odile,
     .then =
         [](Stage& stage) {
           delete_odile(stage);
           stage.commands = {{}, [&stage] { stage.approve_all(); }};
         },
     .must_hold = odile_is_buried,
     .needs_listings = true},
    {.name = "a person deleted at CTM",  // the row goes with her: she left the list, which deletes nobody
     .before =
         [](Stage& stage) {
           mara_and_odile(stage);
           stage.contact(jonas());  // so that the list is not empty then, which would not be believed
         },
     .then =
         [](Stage& stage) {
           stage.policy.on_delete.ctm = OnDelete::propagate;
           if (!stage.ctm_staff.delete_contact(odile().phone).ok()) throw std::runtime_error("CTM refused");
         },
     .must_hold =
         [](Stage& stage) {
           return first_of({removed(stage, 0, 0), is(stage, odile().phone, "ignored"),
                            contact_of(stage, odile()).empty() ? "her contact is gone" : ""});
         },
     .needs_listings = true},
    {.name = "merged contacts",
     .before =
         [](Stage& stage) {
           mara_and_odile(stage);
           stage.contact(jonas());
         },
     .then =
         [](Stage& stage) {
           stage.policy.on_delete.highlevel = OnDelete::propagate;
           if (!stage.highlevel.merge(contact_of(stage, mara()), contact_of(stage, odile())))
             throw std::runtime_error("HighLevel refused");
         },
     .must_hold =
         [](Stage& stage) {
           return first_of({removed(stage, 0, 0), is(stage, mara().phone, "linked"),
                            stage.pair_of(mara().phone) == stage.pair_of(odile().phone) ? "" : "two pairs",
                            stage.pair_of(mara().phone) == stage.pair_of(contact_of(stage, mara()))
                                ? ""
                                : "the survivor lost its pair"});
         },
     .needs_listings = true},
    {.name = "forget and approve",
     .before = odile_who_is_well_known,
     .then =
         [](Stage& stage) {
           const std::string id = contact_of(stage, odile());
           stage.commands = {[&stage, id] { stage.ask_to_forget(id); }, [&stage] { stage.approve_all(); }};
           stage.erased = {odile().last_name,
                           odile().phone,
                           odile().email,
                           odile().address1,
                           "Quarry Lane",
                           "Tannery Court",
                           "quarry",
                           "Wheaton",
                           "Elgin",
                           odile().city,
                           id};
         },
     .must_hold =
         [](Stage& stage) {
           return first_of(
               {removed(stage, 1, 1), is(stage, mara().phone, "linked"),
                stage.pair_of(odile().phone).row == 0 ? "" : "she is known again",
                stage.rows_of(odile().phone).empty() ? "" : "her row is still there",
                stage.contact_with_phone(odile().phone).empty() ? "" : "her contact is still there"});
         }},
    {.name = "undo of a run",
     .before = overwritten,
     .then =
         [](Stage& stage) {
           const auto run = std::stoll(stage.cell("SELECT max(run_id) FROM v_history WHERE field = 'city'"));
           stage.commands = {[&stage, run] { stage.undo_run(run); }};
         },
     .must_hold = is_put_back},
    {.name = "link",
     .before = two_strangers,
     .then =
         [](Stage& stage) {
           const std::string id = contact_of(stage, odile());
           stage.commands = {[&stage, id] { stage.rule(Ruling::Kind::link, jonas().phone, id); }};
         },
     .must_hold = [](Stage& stage) -> std::string {
       return are_one(stage, jonas(), odile()) ? "" : "not linked";
     }},
    {.name = "unlink",
     .before = mara_and_odile,
     .then = [](Stage& stage) { say_of_mara(stage, Ruling::Kind::unlink); },
     .must_hold =
         [](Stage& stage) {
           return first_of({is(stage, mara().phone, "ignored"),
                            stage.newest_call(mara().phone).city == "Geneva" ? "kept in step" : "",
                            are_one(stage, mara(), mara()) ? "still linked" : ""});
         }},
    {.name = "keep apart",
     .before = mara_and_odile,
     .then = [](Stage& stage) { say_of_mara(stage, Ruling::Kind::keep_apart); },
     .must_hold = [](Stage& stage) -> std::string { return are_one(stage, mara(), mara()) ? "linked" : ""; }},
    {.name = "a backup",
     .before = mara_and_odile,
     .then =
         [](Stage& stage) {
           stage.edit_contact(contact_of(stage, mara()), "city", "Geneva");
           stage.commands = {[&stage] { stage.back_up(); }};
         }},
};
}  // namespace

std::span<const Scenario> decided_scenarios() { return kScenarios; }
}  // namespace tandem::crash
