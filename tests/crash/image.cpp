// What two ends are compared by.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>

#include "tests/crash/stage.h"

namespace tandem::crash {
namespace {
using sim::highlevel::Field;
using Lines = std::vector<std::string>;

std::string identity(const sim::CtmIdentity& who) {
  Lines custom;
  for (const auto& [name, value] : who.custom) custom.push_back(name + "=" + value);
  return fmt::format("{}|{}|{}|{}|{}|{}|{}|{}|{}|{}", who.name, who.first_name, who.last_name, who.email,
                     who.street, who.city, who.state, who.postal_code, who.country, fmt::join(custom, ","));
}

// HighLevel chooses ids at random: a record is called by what people know it by.
std::map<std::string, std::string> names_of(const sim::highlevel::Model& model) {
  std::map<std::string, std::string> names;
  for (const auto& contact : model.contacts())
    names[contact->id] = fmt::format(
        "<{} {}>", contact->at(Field::first_name),
        contact->at(Field::phone).empty() ? contact->at(Field::email) : contact->at(Field::phone));
  return names;
}

void add_systems(Stage& stage, Lines& out) {
  std::set<std::string> numbers;
  for (const auto& contact : stage.highlevel.contacts()) {
    Lines values(contact->text.begin(), contact->text.end()), tags = contact->tags;
    for (const auto& [id, value] : contact->custom) values.push_back(sim::highlevel::to_text(value));
    std::ranges::sort(tags);
    out.push_back(fmt::format("HighLevel contact {} tags {}", fmt::join(values, "|"), fmt::join(tags, ",")));
  }
  for (const auto& row : stage.ctm.account().live_rows(stage.ctm.sync_list()))
    out.push_back(fmt::format("CTM row {}: {}", row.membership.number, identity(row.who)));
  for (const auto& found : *stage.ctm.account().search({})) {
    const auto* live = stage.ctm.account().activity(found->id);
    Lines tags = live->tags_at(stage.clock.now_ms());
    std::ranges::sort(tags);
    out.push_back(fmt::format("CTM activity {} of {}: {} tags {}", live->id, live->number,
                              identity(live->who), fmt::join(tags, ",")));
  }
}

// Every write that the remotes carried out for us, without ids that they choose. A request that was repeated
// because its answer was lost changes nothing the second time.
void add_writes(Stage& stage, Lines& out) {
  auto names = names_of(stage.highlevel);
  for (const Side side : kSides)
    for (const auto& write : side == Side::ctm ? stage.ctm.writes() : stage.highlevel.writes()) {
      const bool changes_nothing = !write.field.empty() && write.old_value == write.new_value;
      if (write.actor != "api" || changes_nothing) continue;
      const auto name = names.find(write.person);
      out.push_back(fmt::format("written {} {} {} {}: {} -> {}", to_text(side), write.action,
                                name == names.end() ? write.person : name->second, write.field,
                                write.old_value, write.new_value));
    }
}

// Every query of the state, as lines "NAME cell|cell". Cells that are ids of HighLevel are called by name,
// those that are pair ids by the pair's two records.
// Not compared: times and the numbers of runs (a killed life takes longer), rows of `run` and `lease`
// (they count lives), cursors and learned facts' dates, and what a listing's row hashed to.
struct Query {
  const char *name, *sql;
};
constexpr Query kQueries[] = {
    {"pair", "SELECT p.pair_id, state, p.reason, made_by_us FROM v_pairs p JOIN pair ON pair.id = p.pair_id"},
    // version and changed_at: a write whose answer was lost with the process is agreed on once more.
    {"field",
     "SELECT pair_id, field, base_ctm, base_highlevel, seen_ctm, seen_highlevel, changed_by FROM v_fields"},
    {"identity", "SELECT pair_id, side, kind, value, role FROM v_identities"},
    {"conflict",
     "SELECT pair_id, field, base, ctm, highlevel, policy, decision, decided_by, is_open FROM v_conflicts"},
    {"parked", "SELECT pair_id, side, record_id, field, reason FROM v_parked"},
    {"pending", "SELECT class, side, count, reason, decision FROM v_pending"},
    {"intent", "SELECT pair, side, state FROM intent"},
    {"dirty", "SELECT id FROM pair WHERE dirty = 1"},
    {"source", "SELECT side, kind, CAST(id AS TEXT), CAST(person AS TEXT), shown, tags FROM source"},
    {"history",
     "SELECT pair_id, side, action, record_id, field, old_value, new_value, reason FROM v_history"},
    {"suspect", "SELECT side, kind, CAST(id AS TEXT), CAST(person AS TEXT), absent FROM suspect"},
    {"ruling", "SELECT kind, CAST(ctm_id AS TEXT), CAST(highlevel_id AS TEXT), is_new FROM ruling"},
    {"resolutions", "SELECT id, resolutions FROM pair WHERE resolutions IS NOT NULL"},
    {"erased", "SELECT count(*) FROM erased"},
    // Not the salt of the erased: it is chosen at random.
    {"meta",
     "SELECT key, value FROM meta WHERE key NOT LIKE 'cursor%' AND key NOT LIKE 'learned%' AND key <> "
     "'timeline' AND key <> "
     "'erased.salt' AND value <> ''"},
};

void add_state(Stage& stage, const std::string& file, const std::string& prefix, Lines& out) {
  SQLite::Database reader(file, SQLite::OPEN_READONLY);
  auto names = names_of(stage.highlevel);
  std::map<std::string, std::string> pairs;
  const auto cell_of = [&](SQLite::Statement& query, int i) -> std::string {
    if (query.getColumn(i).isNull()) return "-";
    std::string text = query.getColumn(i).getString();
    const std::string column = query.getColumnName(i);
    if (column == "pair_id" || column == "pair") return pairs[text];
    const auto name = names.find(text);
    return name == names.end() ? text : name->second;
  };
  for (SQLite::Statement query(reader, "SELECT pair_id, ctm_id, highlevel_id FROM v_pairs");
       query.executeStep();)
    pairs[query.getColumn(0).getString()] = fmt::format("[{} {}]", cell_of(query, 1), cell_of(query, 2));
  for (const auto& [name, sql] : kQueries) {
    SQLite::Statement query(reader, sql);
    while (query.executeStep()) {
      std::string line = prefix + name;
      for (int i = 0; i < query.getColumnCount(); ++i) line += (i == 0 ? " " : "|") + cell_of(query, i);
      out.push_back(std::move(line));
    }
  }
  SQLite::Statement check(reader, "PRAGMA integrity_check");
  while (check.executeStep()) out.push_back(prefix + "integrity " + check.getColumn(0).getString());
}
}  // namespace

Lines Stage::image() {
  Lines out;
  add_systems(*this, out);
  add_writes(*this, out);
  add_state(*this, state_file(), "state: ", out);
  if (std::filesystem::exists(backup_file())) add_state(*this, backup_file(), "backup: ", out);
  std::ranges::sort(out);
  return out;
}
}  // namespace tandem::crash
