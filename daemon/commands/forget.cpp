#include <fmt/format.h>
#include "daemon/commands/commands.h"
#include "daemon/commands/contact.h"
#include "daemon/commands/output.h"
#include "daemon/commands/wiring.h"
#include "storage/sqlite/sqlite_decisions.h"

namespace tandem {
namespace {
int forget(const Invocation& invocation, const std::string& contact) {
  const config::Config config = load_config(invocation);
  const config::LinkConfig link = chosen_link(config, invocation);
  const auto store = open_for_reading(config, link);
  const PairId id = find_contact(*store, contact, link.policy.mapping.default_country());
  const PairState pair = *store->pair(id);
  const Table activities = store->rows(
      "SELECT count(*) AS n FROM source WHERE side = 0 AND kind = 2 AND person IN (SELECT value FROM "
      "identity WHERE pair = ? AND side = 0 AND kind = 0)",
      {std::to_string(id.row)});
  Resolution request;
  request.take = Resolution::Take::clear;
  if (!SqliteDecisions(config::state_file(config, link))
           .set_resolution(id, std::string(Resolution::kForget), request))
    throw Exit{kExitFailed, fmt::format("pair {} is gone; nothing was decided", id.row)};
  const auto there = [](const RecordId& record) { return record.text.empty() ? "none" : "one"; };
  print(fmt::format(
      "pair {} is to be forgotten: {} record at CTM, {} at HighLevel.\n"
      "The next cycle puts its removals into `tandem pending`; nothing is removed before `tandem approve`.\n"
      "Then the records go (at CTM the row of our list), and everything about it here, history included.\n"
      "A digest stays, by which it is known again and left alone.\n"
      "Known activities at CTM: {}. They cannot be deleted from here; redact them in CTM.",
      id.row, there(pair.record.ctm), there(pair.record.highlevel), cell(activities, 0, "n")));
  return kExitDone;
}
}  // namespace

void add_forget(CLI::App& app, Invocation& invocation) {
  CLI::App* command =
      app.add_subcommand("forget", "erase a person on both sides and in the state, after approval");
  auto contact = std::make_shared<std::string>();
  command->add_option("CONTACT", *contact, "a pair id, either remote id, a phone or an e-mail")->required();
  command->group(kDecideGroup);
  command->footer(
      "Nothing is removed before a person approves it; `tandem reject` takes the request back.\n\n"
      "Example:\n"
      "  tandem forget mara@example.com\n"
      "  tandem once                    its removals are in `tandem pending` now\n"
      "  tandem approve DIGEST\n"
      "  tandem once                    gone");
  command->callback([&invocation, contact] {
    invocation.action = [&invocation, contact] { return forget(invocation, *contact); };
  });
}
}  // namespace tandem
