#include <fmt/format.h>
#include "daemon/commands/commands.h"
#include "daemon/commands/output.h"
#include "daemon/commands/wiring.h"
#include "storage/sqlite/sqlite_decisions.h"

namespace tandem {
namespace {
struct Choice {
  std::int64_t conflict = 0;
  std::string take, value;
  bool value_given = false, clear = false;
};

Resolution resolution_of(const Choice& choice, const ConflictRow& conflict, const config::LinkConfig& link) {
  Resolution resolution;
  resolution.decided_on = conflict.values;
  if (choice.clear) {
    resolution.take = Resolution::Take::clear;
  } else if (!choice.value_given) {
    resolution.take = choice.take == "ctm" ? Resolution::Take::ctm : Resolution::Take::highlevel;
  } else {
    const FieldRule* rule = link.policy.mapping.find(conflict.field);
    WireValue raw;
    raw.blank = false;
    raw.text = choice.value;
    const FieldValue value =
        canonical(rule == nullptr ? FieldType::text : rule->type, raw, link.policy.mapping.default_country());
    if (!value.is_value()) throw Exit{kExitFailed, "that value is blank; to clear the field, say --clear"};
    resolution.take = Resolution::Take::value;
    resolution.value = value.text();
  }
  return resolution;
}

int resolve(const Invocation& invocation, const Choice& choice) {
  if ((choice.take.empty() ? 0 : 1) + (choice.value_given ? 1 : 0) + (choice.clear ? 1 : 0) != 1) {
    throw Exit{kExitFailed, "say one of --take ctm, --take highlevel, --value TEXT, --clear"};
  }
  const config::Config config = load_config(invocation);
  const config::LinkConfig link = chosen_link(config, invocation);
  const auto conflict = open_for_reading(config, link)->conflict(choice.conflict);
  if (!conflict)
    throw Exit{kExitFailed, fmt::format("there is no conflict {}; see `tandem conflicts`", choice.conflict)};
  if (!conflict->is_open) {
    throw Exit{kExitFailed,
               fmt::format("conflict {} is settled already: {}", choice.conflict, conflict->decision)};
  }
  SqliteDecisions decisions(config::state_file(config, link));
  if (!decisions.set_resolution(conflict->pair, conflict->field, resolution_of(choice, *conflict, link))) {
    throw Exit{kExitFailed, fmt::format("pair {} is gone; nothing was decided", conflict->pair.row)};
  }
  print(fmt::format(
      "conflict {} · pair {} · {}: decided; done at the next cycle, unless either side changes before",
      choice.conflict, conflict->pair.row, conflict->field));
  return kExitDone;
}
}  // namespace

void add_resolve(CLI::App& app, Invocation& invocation) {
  CLI::App* command = app.add_subcommand("resolve", "settle a conflict: whose value both sides shall have");
  auto choice = std::make_shared<Choice>();
  command->add_option("ID", choice->conflict, "as `tandem conflicts` shows it")->required();
  command->add_option("--take", choice->take, "the side whose value stands")
      ->type_name("ctm|highlevel")
      ->check([](const std::string& side) {
        return side_from(side) ? std::string() : std::string("must be ctm or highlevel");
      });
  auto* value = command->add_option("--value", choice->value, "another value, for both sides");
  command->add_flag("--clear", choice->clear, "blank it on both sides");
  command->group(kDecideGroup);
  command->footer(
      "Examples:\n"
      "  tandem resolve 12 --take ctm\n"
      "  tandem resolve 12 --value \"12 Canal Street\"\n"
      "  tandem resolve 12 --clear");
  command->callback([&invocation, choice, value] {
    choice->value_given = value->count() > 0;
    invocation.action = [&invocation, choice] { return resolve(invocation, *choice); };
  });
}
}  // namespace tandem
