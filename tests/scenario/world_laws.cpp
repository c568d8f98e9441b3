// What must hold at the end of every scenario, by the simulators' own logs.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>

#include "core/model/normalise.h"
#include "core/model/phone.h"
#include "tests/scenario/world.h"
#include "tests/scenario/world_fields.h"

namespace tandem {
namespace {
std::string joined(const std::vector<std::string>& parts) {
  return fmt::format("{}", fmt::join(parts, ", "));
}
}  // namespace

void World::expect_converged(const std::set<std::string>& except,
                             const std::map<std::string, std::set<std::string>>& apart) {
  for (const auto& row : rows("SELECT pair_id, ctm_id, highlevel_id FROM v_pairs WHERE state = 'linked'")) {
    std::set<std::string> skipped = except;
    if (const auto own = apart.find(row[2]); own != apart.end())
      skipped.insert(own->second.begin(), own->second.end());
    compare(row[0], row[1], row[2], skipped);
    if (!skipped.contains("tags")) compare_tags(row[0], row[2]);
  }
}

void World::compare(const std::string& pair, const std::string& number, const std::string& id,
                    const std::set<std::string>& except) {
  const auto found = highlevel.read(id);
  if (!found) {
    ADD_FAILURE() << "pair " << pair << ": HighLevel has no contact " << id;
    return;
  }
  struct Source {
    std::string name;
    const sim::CtmIdentity* who;
    bool shows_email;
  };
  std::vector<Source> sources;
  if (const auto* newest = ctm.account().newest_of(number))
    sources.push_back({fmt::format("activity {}", newest->id), &newest->who, true});
  const auto listed = rows_of(number);
  for (const auto& row : listed)
    sources.push_back(
        {fmt::format("row {}", row.membership.id), &row.who, !ctm.switches().is("list_row_email", "absent")});
  std::vector<const sim::CtmIdentity*> earlier;  // what the newest call does not show may stand there
  for (const std::int64_t activity : ctm.account().activities_of(number))
    earlier.push_back(&ctm.account().activity(activity)->who);
  EXPECT_FALSE(sources.empty()) << "pair " << pair << ": CTM knows nothing of its number";
  const auto check = [&](const std::string& field, const std::string& at_highlevel,
                         const std::function<std::string(const sim::CtmIdentity&)>& at_ctm) {
    if (except.contains(field)) return;
    bool shown = false, any = false;
    for (const auto& source : sources) {
      if (field == "email" && !source.shows_email) continue;
      any = true;
      const std::string value = at_ctm(*source.who);
      shown = shown || value == at_highlevel;
      if (value.empty()) continue;
      EXPECT_EQ(value, at_highlevel) << "pair " << pair << ", " << field << " of " << source.name
                                     << " and of " << id;
    }
    for (const auto& row : listed)
      earlier.push_back(&row.who);  // an e-mail is there, though a row does not show it
    shown =
        shown || std::ranges::any_of(earlier, [&](const auto* who) { return at_ctm(*who) == at_highlevel; });
    // HighLevel adds the location's country to what we create: its own doing is nobody's edit (P11).
    const bool enriched =
        std::string_view(field) == "country" && at_highlevel == highlevel.switches().text("location.country");
    EXPECT_TRUE(shown || !any || enriched) << "pair " << pair << ", " << field << ": HighLevel says '"
                                           << at_highlevel << "', CTM says it nowhere";
  };
  const std::string first = highlevel_value(id, "first_name"), last_name = highlevel_value(id, "last_name");
  check("name", join_name(canonical_name(first), canonical_name(last_name)),
        [](const sim::CtmIdentity& who) { return canonical_name(who.name); });
  for (const auto& rule : policy.mapping.rules()) {
    if (rule.direction != Direction::both || rule.native.ctm.empty() || rule.name == "phone") continue;
    for (const auto& entry : kCtmKeys) {
      if (rule.name != entry.first) continue;
      const auto& key = entry.second;  // a structured binding cannot be captured by every compiler
      const auto shown = [&](Side side, const std::string& text) {
        const FieldMap native = policy.mapping.normalise(side, {{rule.native[side], sim::wire_text(text)}});
        return value_of(policy.mapping.project(side, native, {}), rule.name).text();
      };
      check(rule.name, shown(Side::highlevel, highlevel_value(id, rule.name)),
            [&](const sim::CtmIdentity& who) { return shown(Side::ctm, sim::ctm_value(who, key)); });
    }
  }
  if (except.contains("phone")) return;
  EXPECT_EQ(highlevel_value(id, "phone"), number) << "pair " << pair << ": the number is the key";
}

void World::compare_tags(const std::string& pair, const std::string& id) {
  std::vector<std::string> at_ctm;
  bool called = false;
  for (const auto& row :
       rows("SELECT value FROM v_identities WHERE pair_id = ? AND side = 'ctm' AND kind = 'id'", {pair})) {
    called = called || !ctm.account().activities_of(row[0]).empty();
    for (const auto& tag : tags_of(row[0])) at_ctm.push_back(tag);
  }
  if (!called || policy.tags != Direction::both) return;
  EXPECT_EQ(canonical_tags(at_ctm), canonical_tags(at_highlevel(id).tags)) << "pair " << pair << ": tags";
}

std::size_t World::api_writes() const {
  const auto api = [](const sim::WriteEntry& write) { return write.actor == "api"; };
  return static_cast<std::size_t>(std::ranges::count_if(ctm.writes(), api) +
                                  std::ranges::count_if(highlevel.writes(), api));
}

void World::expect_quiet() {
  const char* bases = "SELECT pair_id, field, base_ctm, base_highlevel FROM v_fields ORDER BY 1, 2";
  const auto before = rows(bases);
  const std::size_t writes = api_writes();
  const std::string history = cell("SELECT count(*) FROM v_history");
  for (const ReadKind kind : {ReadKind::delta, ReadKind::full}) {
    clock.tick(kPastEveryLagMs);
    const CycleReport report = cycle(kind);
    EXPECT_EQ(report.written.ctm + report.written.highlevel, 0) << report.summary();
    EXPECT_EQ(report.remaining, 0) << report.summary();
  }
  EXPECT_EQ(api_writes(), writes) << "a quiet cycle wrote";
  EXPECT_EQ(rows(bases), before) << "a quiet cycle moved a base";
  EXPECT_EQ(cell("SELECT count(*) FROM v_history"), history) << "a quiet cycle made history";
  expect_audited();
  expect_no_duplicates();
  expect_silent_log();
}

void World::expect_audited() {
  for (const auto& missing : unaudited())
    ADD_FAILURE() << "overwritten by us and in no history row: " << missing;
}

std::vector<std::string> World::unaudited() {
  std::vector<std::string> out;
  for (const Side side : kSides) {
    for (const auto& write : side == Side::ctm ? ctm.writes() : highlevel.writes()) {
      if (write.actor != "api" || write.old_value.empty() || write.old_value == write.new_value) continue;
      if (!audited(side, write))
        out.push_back(fmt::format("{} {} {} {}: '{}' -> '{}'", to_text(side), write.action, write.record_id,
                                  write.field, write.old_value, write.new_value));
    }
  }
  return out;
}

bool World::audited(Side side, const sim::WriteEntry& write) {
  std::string canonical;
  if (side == Side::ctm) {
    if (write.field == "name") canonical = "name";
    if (write.field == "tag_list") canonical = "tags";
    for (const auto& [name, key] : kCtmKeys)
      if (write.field == key) canonical = name;
  } else {
    if (write.field == "tags") canonical = "tags";
    for (const auto& [name, field] : kHighLevelFields)
      if (write.field == sim::highlevel::wire_name(field)) canonical = name;
    const auto* defined = highlevel.definition("project_kind");
    if (defined != nullptr && write.field == "customFields." + defined->id) canonical = "custom:project_kind";
  }
  // A replace takes the record away and brings it back: what comes back was not lost.
  const auto returns = [&](const sim::WriteEntry& later) {
    return later.actor == "api" && later.person == write.person && later.field == write.field &&
           later.new_value == write.old_value;
  };
  if (side == Side::ctm && write.action == "delete") {
    if (std::any_of(&write, ctm.writes().data() + ctm.writes().size(), returns)) return true;
    std::vector<std::string> numbers{
        write.person};  // or it stands: the server kept it, or it went to a new key
    for (const auto& own :
         rows("SELECT value FROM v_identities WHERE side = 'ctm' AND kind = 'id' AND pair_id = ?",
              {std::to_string(pair_of(write.person).row)}))
      numbers.push_back(own[0]);
    for (const auto& number : numbers)
      for (const auto& row : rows_of(number))
        if (sim::ctm_value(row.who, write.field) == write.old_value) return true;
  }
  if (canonical.empty())
    return true;  // a list, a half of a name that the whole one tells, a field nobody maps
  const std::string pair = std::to_string(pair_of(write.person).row);
  auto history =
      rows("SELECT field, old_value FROM v_history WHERE side = ? AND pair_id = ? AND old_value IS NOT NULL",
           {std::string(to_text(side)), pair});
  if (write.action == "cascade") {
    for (const std::int64_t id : ctm.account().activities_of(write.person))  // it stands elsewhere still
      if (sim::ctm_value(ctm.account().activity(id)->who, write.field) == write.old_value) return true;
    // CTM itself carries our write on to the contact and its rows. What stood there is kept where we
    // wrote it before, or where it was part of a conflict.
    for (auto& row : rows("SELECT field, new_value FROM v_history WHERE side = ?1 AND pair_id = ?2 AND "
                          "new_value IS NOT NULL "
                          "UNION SELECT field, base FROM v_conflicts WHERE pair_id = ?2 AND base IS NOT NULL "
                          "UNION SELECT field, ctm FROM v_conflicts WHERE pair_id = ?2 AND ctm IS NOT NULL",
                          {std::string(to_text(side)), pair}))
      history.push_back(std::move(row));
  }
  std::string old_value = write.old_value;
  if (canonical == "tags") old_value = canonical_tag(old_value);
  if (const FieldRule* rule = policy.mapping.find(canonical)) {
    const FieldMap shown =
        policy.mapping.normalise(side, {{rule->native[side], sim::wire_text(write.old_value)}});
    old_value = value_of(policy.mapping.project(side, shown, {}), canonical).text();
  }
  return std::ranges::any_of(history, [&](const auto& row) {
    if (canonical == "name") {
      const std::string whole = canonical_name(old_value);
      return (row[0] == "first_name" && whole.starts_with(row[1])) ||
             (row[0] == "last_name" && whole.ends_with(row[1]));
    }
    return row[0] == canonical && row[1] == old_value;
  });
}

void World::expect_no_duplicates() {
  std::map<std::string, std::vector<std::string>> holders;
  for (const auto& contact : highlevel.contacts()) {
    if (const auto& phone = contact->at(Field::phone); !phone.empty())
      holders["HighLevel phone " + phone].push_back(contact->id);
    if (const auto email = canonical_email(contact->at(Field::email)); !email.empty())
      holders["HighLevel e-mail " + email].push_back(contact->id);
  }
  for (const auto& row : ctm.account().live_rows(ctm.sync_list()))
    holders["CTM row " + row.membership.number].push_back(std::to_string(row.membership.id));
  for (const auto& [key, ids] : holders)
    EXPECT_EQ(ids.size(), 1U) << key << " is several records: " << joined(ids);
  for (const auto& row : rows("SELECT side, value, count(*) FROM v_identities WHERE kind = 'id' GROUP BY 1, "
                              "2 HAVING count(*) > 1"))
    ADD_FAILURE() << row[0] << " id " << row[1] << " belongs to " << row[2] << " pairs";
  for (const auto& contact : highlevel.contacts())
    EXPECT_NE(pair_of(contact->id).row, 0) << "HighLevel contact " << contact->id << " is in no pair";
}

void World::expect_silent_log() {
  std::set<std::string> values;
  for (const auto& contact : highlevel.contacts())
    for (const auto& [name, field] : kHighLevelFields)
      if (const auto& value = contact->at(field); value.size() > 4) values.insert(value);
  for (const auto& line : said)
    for (const auto& value : values)
      EXPECT_EQ(line.find(value), std::string::npos) << "the log shows a value of a contact: " << line;
}
}  // namespace tandem
