#include <fmt/format.h>
#include "daemon/commands/commands.h"
#include "daemon/commands/output.h"
#include "daemon/commands/wall_clock.h"
#include "daemon/commands/wiring.h"

namespace tandem {
namespace {
std::string when(SqliteStore& store, const char* column, std::int64_t now_ms) {
  const Table at =
      store.rows(fmt::format("SELECT {0}, CAST(strftime('%s', {0}) AS INTEGER) AS s FROM v_status", column));
  const std::string seconds = cell(at, 0, "s");
  if (seconds.empty()) return "never";
  return fmt::format("{} ({} ago)", cell(at, 0, column), ago(now_ms - std::stoll(seconds) * 1'000));
}

// What a brake, a policy or the first run holds, one line each.
std::string groups_of(SqliteStore& store) {
  std::string text;
  for (const PendingGroup& group : store.pending_groups()) {
    const bool first = group.cls == HoldClass::first_run;
    text +=
        fmt::format("    {} {}{}{}: {}\n", group.count,
                    first ? std::string_view("write") : to_text(group.cls), group.count == 1 ? "" : "s",
                    group.side ? fmt::format(" in {}", to_text(*group.side)) : std::string(), group.reason);
  }
  return text;
}

std::string text_of(SqliteStore& store, const config::LinkConfig& link, std::int64_t now_ms) {
  const Table status = store.rows("SELECT * FROM v_status");
  const Table run = store.rows(
      "SELECT * FROM v_runs WHERE outcome IS NOT NULL ORDER BY CAST(run_id AS INTEGER) DESC LIMIT 1");
  const Census census = store.census();
  const auto of = [&](std::string_view column) { return cell(status, 0, column); };
  std::string text = fmt::format("link {}\n", link.name);
  text += fmt::format("  last good cycle   {}\n", when(store, "last_good_cycle_at", now_ms));
  text += fmt::format("  last full sweep   {}\n", when(store, "last_full_sweep_at", now_ms));
  if (!run.rows.empty()) {
    text += fmt::format("  last cycle        run {}, {}, {}\n", cell(run, 0, "run_id"), cell(run, 0, "kind"),
                        cell(run, 0, "outcome"));
  }
  for (const Side side : kSides) {
    const std::string trouble = store.meta(trouble_key(side)).value_or("");
    if (!trouble.empty()) text += fmt::format("  trouble           {}: {}\n", to_text(side), trouble);
  }
  for (const Side side : kSides)
    if (const auto since_ms = canary_since_ms(store, side))
      text += fmt::format(
          "  not believed      {} lost many records at once, {} ago; nothing is deleted for that, unless it\n"
          "                    stays so for a day. Check the account, the list and the key's permissions\n",
          to_text(side), ago(now_ms - *since_ms));
  text += fmt::format("  pairs             {} linked, {} held, {} only in ctm, {} only in highlevel{}\n",
                      census.linked, census.held, census.ctm_only, census.highlevel_only,
                      census.held > 0 ? "   -> tandem match" : "");
  text += fmt::format("  backlog           {} to plan, {} writes without a receipt\n", census.dirty,
                      census.open_intents);
  text += fmt::format("  conflicts         {}{}\n", of("conflicts"),
                      census.open_conflicts > 0 ? "   -> tandem conflicts" : "");
  text += fmt::format("  pending           {}{}\n", of("pending"),
                      census.pending > 0 ? "   -> tandem pending" : "");
  text += groups_of(store);
  std::size_t missed = 0;
  for (const Side side : kSides) missed += store.suspects(side).size();
  if (missed > 0)
    text += fmt::format(
        "  missing           {} record{} may be deleted; nothing is concluded until it is proved\n", missed,
        missed == 1 ? "" : "s");
  text += fmt::format("  parked            {}{}\n", of("parked"),
                      census.parked > 0 ? "   -> select * from v_parked" : "");
  const std::int64_t per_day = link.budget.highlevel.per_day;
  text += fmt::format("  requests today    {} to ctm, {}{} to highlevel", of("calls_today_ctm"),
                      of("calls_today_highlevel"), per_day > 0 ? fmt::format(" of {}", per_day) : "");
  return text;
}

int status(const Invocation& invocation) {
  const config::Config config = load_config(invocation);
  const auto links = chosen_links(config, invocation);
  WallClock clock;
  Table all;
  for (const config::LinkConfig& link : links) {
    const auto store = open_for_reading(config, link);
    if (invocation.json)
      append(all, store->rows("SELECT * FROM v_status"));
    else
      print(text_of(*store, link, clock.now_ms()));
  }
  if (invocation.json) print(links.size() == 1 ? json_object(all) : json_array(all));
  return kExitDone;
}
}  // namespace

void add_status(CLI::App& app, Invocation& invocation) {
  CLI::App* command =
      app.add_subcommand("status", "last good cycle, lag, backlog, conflicts, parked, budget");
  command->group(kLookGroup);
  command->footer(
      "What a brake or a policy holds stands under `pending`, each group with its reason. `not believed`: a\n"
      "side lost so many records at once that no deletion is concluded from it.");
  command->callback([&invocation] { invocation.action = [&invocation] { return status(invocation); }; });
}
}  // namespace tandem
