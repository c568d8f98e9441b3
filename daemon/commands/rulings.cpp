// link, unlink, keep-apart: a person overrules the matching. Each shows first what it would change.
#include <fmt/format.h>
#include "core/model/phone.h"
#include "daemon/commands/commands.h"
#include "daemon/commands/contact.h"
#include "daemon/commands/dry_run.h"
#include "daemon/commands/output.h"
#include "daemon/commands/wall_clock.h"
#include "storage/sqlite/sqlite_decisions.h"

namespace tandem {
namespace {
constexpr const char* kForPeople = "pair_id, state, ctm_id, highlevel_id, since, reason";

struct Two {
  RecordId ctm, highlevel;
};

// A record that is known on that side; throws Exit 1 otherwise. The message does not repeat it.
RecordId known(SqliteStore& store, Side side, const std::string& text, const std::string& country) {
  RecordId id{text};
  if (side == Side::ctm)
    if (const Phone phone = parse_phone(text, country); phone.kind == PhoneKind::number) id.text = phone.e164;
  if (store.pair_of(side, id)) return id;
  throw Exit{kExitFailed,
             side == Side::ctm
                 ? "CTM has no record of that number that tandem has seen; give it as +15550100123"
                 : "HighLevel has no contact of that id that tandem has seen; the id is in the address of "
                   "its page"};
}

Two two_of(SqliteStore& store, const std::string& ctm, const std::string& highlevel,
           const std::string& country) {
  return {known(store, Side::ctm, ctm, country), known(store, Side::highlevel, highlevel, country)};
}

Table pairs_of(SqliteStore& store, const Two& two, const char* columns = kForPeople) {
  return store.rows(
      fmt::format(
          "SELECT {} FROM v_pairs WHERE pair_id IN (SELECT pair_id FROM v_identities WHERE kind = 'id' "
          "AND ((side = 'ctm' AND value = ?1) OR (side = 'highlevel' AND value = ?2))) ORDER BY "
          "CAST(pair_id AS INTEGER)",
          columns),
      {two.ctm.text, two.highlevel.text});
}

void preview(std::shared_ptr<const LinkSetup> setup, Ruling::Kind kind, const Two& two, bool json) {
  WallClock clock;
  DryRun dry(std::move(setup), clock);
  dry.store().transact([&] { dry.store().add_ruling(kind, two.ctm, two.highlevel); });
  const CycleReport report = dry.run(ReadKind::delta);
  const Table after = pairs_of(dry.store(), two);
  if (json) return print(json_array(pairs_of(dry.store(), two, "*")));
  print("\nwhat would be:\n" + text_columns(after));
  for (const PlanItem& item : report.plan)
    for (std::size_t row = 0; row < after.rows.size(); ++row)
      if (cell(after, row, "pair_id") == std::to_string(item.pair.row)) print("  " + line_of(item));
  if (const auto gap = incompleteness(report); !gap.empty()) print(gap);
}

int rule(const Invocation& invocation, Ruling::Kind kind,
         const std::function<Two(SqliteStore&, const std::string&)>& find, bool plan_only) {
  const config::Config config = load_config(invocation);
  const config::LinkConfig link = chosen_link(config, invocation);
  const auto store = open_for_reading(config, link);
  const Two two = find(*store, link.policy.mapping.default_country());
  if (!invocation.json) print("what is:\n" + text_columns(pairs_of(*store, two)));
  preview(make_setups(config, {link}).front(), kind, two, invocation.json);
  if (plan_only) {
    if (!invocation.json) print("\nnothing was decided; the same without --plan decides it");
    return kExitDone;
  }
  WallClock clock;
  SqliteDecisions(config::state_file(config, link)).add_ruling(kind, two.ctm, two.highlevel, clock.now_ms());
  if (!invocation.json) print("\ndecided; done at the next cycle, and it holds against every later match");
  return kExitDone;
}

struct Choice {
  std::string one, two;
  bool plan_only = false;
};

CLI::App* add_ruling(CLI::App& app, const char* name, const char* what,
                     const std::shared_ptr<Choice>& choice) {
  CLI::App* command = app.add_subcommand(name, what);
  command->add_flag("--plan", choice->plan_only, "only show what it would change");
  command->group(kDecideGroup);
  return command;
}
}  // namespace

void add_link(CLI::App& app, Invocation& invocation) {
  auto choice = std::make_shared<Choice>();
  CLI::App* command = add_ruling(app, "link", "these two are one person, whatever the matching says", choice);
  command->add_option("CTM_NUMBER", choice->one, "the number at CTM")->required();
  command->add_option("HIGHLEVEL_ID", choice->two, "the contact's id")->required();
  command->footer(
      "Nothing is overwritten by linking: where the two differ, the field's rule decides, or a person.\n\n"
      "Example:\n  tandem link +15550100123 Vx3Kq9 --plan      what would become of both, first");
  command->callback([&invocation, choice] {
    invocation.action = [&invocation, choice] {
      return rule(
          invocation, Ruling::Kind::link,
          [&](SqliteStore& store, const std::string& country) {
            return two_of(store, choice->one, choice->two, country);
          },
          choice->plan_only);
    };
  });
}

void add_unlink(CLI::App& app, Invocation& invocation) {
  auto choice = std::make_shared<Choice>();
  CLI::App* command =
      add_ruling(app, "unlink", "stop keeping this contact in step; both records stay as they are", choice);
  command->add_option("CONTACT", choice->one, "a pair id, either remote id, a phone or an e-mail")
      ->required();
  command->footer(
      "Nothing is written or deleted. `tandem link` joins the two again.\n\n"
      "Example:\n  tandem unlink mara@example.com --plan");
  command->callback([&invocation, choice] {
    invocation.action = [&invocation, choice] {
      return rule(
          invocation, Ruling::Kind::unlink,
          [&](SqliteStore& store, const std::string& country) {
            const PairState pair = *store.pair(find_contact(store, choice->one, country));
            if (pair.record.ctm.text.empty() || pair.record.highlevel.text.empty())
              throw Exit{kExitFailed,
                         fmt::format("pair {} is on one side only; there is nothing to unlink", pair.id.row)};
            return Two{pair.record.ctm, pair.record.highlevel};
          },
          choice->plan_only);
    };
  });
}

void add_keep_apart(CLI::App& app, Invocation& invocation) {
  auto choice = std::make_shared<Choice>();
  CLI::App* command = add_ruling(app, "keep-apart", "these two are never one person", choice);
  command->add_option("A", choice->one, "the number at CTM, or the contact's id")->required();
  command->add_option("B", choice->two, "the other one")->required();
  command->footer(
      "If they are linked they are parted; each may then find, or become, somebody else.\n\n"
      "Example:\n  tandem keep-apart +15550100123 Vx3Kq9");
  command->callback([&invocation, choice] {
    invocation.action = [&invocation, choice] {
      return rule(
          invocation, Ruling::Kind::keep_apart,
          [&](SqliteStore& store, const std::string& country) {
            const bool number_first = parse_phone(choice->one, country).kind == PhoneKind::number;
            return number_first ? two_of(store, choice->one, choice->two, country)
                                : two_of(store, choice->two, choice->one, country);
          },
          choice->plan_only);
    };
  });
}
}  // namespace tandem
