#include <fmt/format.h>
#include <filesystem>
#include "daemon/commands/commands.h"
#include "daemon/commands/dry_run.h"
#include "daemon/commands/output.h"
#include "daemon/commands/wall_clock.h"

namespace tandem {
namespace {
constexpr int kPage = 500;
constexpr const char* kAgreed = "the sides differ, and that is agreed";

std::optional<std::string> shown(const FieldValue& value) {
  if (!value.is_value()) return std::nullopt;
  return value.text();
}
std::optional<std::string> shown(const std::optional<TagSet>& tags) {
  if (!tags) return std::nullopt;
  return fmt::format("{}", fmt::join(*tags, ", "));
}

// Line by line, what was remembered and what both sides show now.
class Drift {
 public:
  Drift() { table.columns = {"pair_id", "field", "drift", "base_ctm", "base_highlevel", "ctm", "highlevel"}; }

  void compare(const std::optional<PairState>& before, const PairState& now) {
    if (!before || before->status != now.status) {
      add(now.id, "",
          before ? fmt::format("was {}, is {}: {}", to_text(before->status), to_text(now.status), now.reason)
                 : fmt::format("not known before: {}", to_text(now.status)));
    }
    for (const auto& [name, field] : now.fields) {
      const PairField was = before && before->fields.contains(name) ? before->fields.at(name) : PairField{};
      for (const Side side : kSides)
        if (before && was.seen[side] != field.seen[side] && field.seen[side].is_observed())
          add(now.id, name, fmt::format("{} changed since the last cycle", to_text(side)), &field);
      const bool both = field.seen.ctm.is_value() && field.seen.highlevel.is_value();
      if (now.status == PairStatus::linked && both && field.seen.ctm != field.seen.highlevel)
        add(now.id, name, field.seen == field.base ? kAgreed : "the sides differ", &field);
    }
    if (!before) return;
    for (const Side side : kSides)
      if (before->seen_tags[side] != now.seen_tags[side]) {
        ++found;
        table.rows.push_back({std::to_string(now.id.row), "tags",
                              fmt::format("{} changed since the last cycle", to_text(side)),
                              shown(now.base_tags.ctm), shown(now.base_tags.highlevel),
                              shown(now.seen_tags.ctm), shown(now.seen_tags.highlevel)});
      }
  }

  // What a complete reading did not show: nothing of a pair has changed by that, so it is no difference of
  // its fields.
  void compare_missing(SqliteStore& store) {
    for (const Side side : kSides) {
      for (const Suspect& suspect : store.suspects(side))
        if (const auto id = store.pair_of(side, suspect.person))
          add(*id, "",
              fmt::format("{} does not show {} any more", to_text(side),
                          suspect.ref.kind == SourceKind::row ? "its row of the list" : "its record"));
      if (canary_since_ms(store, side))
        add({}, "", fmt::format("{} lost so many records at once that it is not believed", to_text(side)));
    }
  }

  Table table;
  std::int64_t found = 0;  // beyond what is agreed

 private:
  void add(PairId id, const std::string& field, const std::string& what, const PairField* f = nullptr) {
    if (what != kAgreed) ++found;
    const PairField none;
    const PairField& values = f == nullptr ? none : *f;
    table.rows.push_back({id.row == 0 ? std::nullopt : std::optional(std::to_string(id.row)),
                          field.empty() ? std::nullopt : std::optional(field), what, shown(values.base.ctm),
                          shown(values.base.highlevel), shown(values.seen.ctm),
                          shown(values.seen.highlevel)});
  }
};

int verify(const Invocation& invocation) {
  const config::Config config = load_config(invocation);
  WallClock clock;
  Table all;
  int code = kExitDone;
  const auto setups = make_setups(config, chosen_links(config, invocation));
  for (const auto& setup : setups) {
    const auto before = open_for_reading(config, setup->link);
    DryRun dry(setup, clock);
    const CycleReport report = dry.run(ReadKind::full, /*reread=*/true);
    Drift drift;
    std::int64_t pairs = 0;
    PairId after;
    while (true) {
      const auto ids = dry.store().work(WorkList::all, after, kPage);
      if (ids.empty()) break;
      for (const PairId id : ids) drift.compare(before->pair(id), *dry.store().pair(id));
      pairs += static_cast<std::int64_t>(ids.size());
      after = ids.back();
    }
    drift.compare_missing(dry.store());
    const bool read_both = !report.trouble.ctm && !report.trouble.highlevel;
    code = first_that_applies(
        code, read_both ? (drift.found > 0 ? kExitPerson : kExitDone) : exit_code(report.outcome));
    if (invocation.json) {
      append(all, drift.table);
      continue;
    }
    if (setups.size() > 1) print(fmt::format("link {}", setup->link.name));
    if (!drift.table.rows.empty()) print(text_columns(drift.table));
    print(fmt::format("{} pairs compared on both sides and with what was agreed: {}", pairs,
                      drift.found > 0
                          ? fmt::format("{} difference{}\n  -> tandem plan --full: what becomes of them",
                                        drift.found, drift.found == 1 ? "" : "s")
                          : std::string("no drift")));
    if (const auto gap = incompleteness(report); !gap.empty()) print(gap);
  }
  if (invocation.json) print(json_array(all));
  return code;
}
}  // namespace

void add_verify(CLI::App& app, Invocation& invocation) {
  CLI::App* command =
      app.add_subcommand("verify", "read both sides completely and print what differs from what was agreed");
  command->group(kLookGroup);
  command->footer(
      "Works on a private copy of the state and writes nowhere. Every value is compared, also of records\n"
      "whose time of change did not move. Exit codes: 0 no drift, 3 there is some, line by line, 75 and 77\n"
      "a side could not be read.\n\n"
      "Examples:\n  tandem verify\n  tandem verify --json");
  command->callback([&invocation] { invocation.action = [&invocation] { return verify(invocation); }; });
}
}  // namespace tandem
