#include "tests/scenario/world.h"

#include <SQLiteCpp/SQLiteCpp.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <stdlib.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <stdexcept>

#include "core/model/normalise.h"
#include "core/model/phone.h"
#include "storage/sqlite/sqlite_decisions.h"

namespace tandem {
namespace {
using sim::highlevel::Actor;
using sim::highlevel::Field;

constexpr std::pair<std::string_view, Field> kHighLevelFields[] = {{"first_name", Field::first_name},
                                                                   {"last_name", Field::last_name},
                                                                   {"email", Field::email},
                                                                   {"phone", Field::phone},
                                                                   {"company", Field::company_name},
                                                                   {"address1", Field::address1},
                                                                   {"city", Field::city},
                                                                   {"state", Field::state},
                                                                   {"postal_code", Field::postal_code},
                                                                   {"country", Field::country},
                                                                   {"website", Field::website}};
// CTM's own keys of the canonical fields.
constexpr std::pair<std::string_view, std::string_view> kCtmKeys[] = {
    {"email", "email"},
    {"address1", "street"},
    {"city", "city"},
    {"state", "state"},
    {"postal_code", "postal_code"},
    {"country", "country"},
    {"custom:project_kind", "custom_fields.project_kind"}};

FieldRule project_kind() {
  FieldRule rule;
  rule.name = "custom:project_kind";
  rule.native = {"custom:project_kind", "custom:contact.project_kind"};
  return rule;
}

std::string joined(const std::vector<std::string>& parts) {
  return fmt::format("{}", fmt::join(parts, ", "));
}
}  // namespace

World::World(std::uint64_t seed)
    : ctm([this] { return clock.now_ms(); },
          [&] {
            sim::CtmSetup setup;
            setup.seed = seed;
            return setup;
          }()),
      ctm_staff(ctm),
      highlevel(seed + 1, [this] { return clock.now_ms(); }) {
  const std::filesystem::path memory = "/dev/shm";  // a state syncs with every transaction
  const auto where = std::filesystem::is_directory(memory) ? memory : std::filesystem::temp_directory_path();
  std::string name = (where / "tandem-world-XXXXXX").string();
  if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary folder");
  folder_ = name;
  file_ = folder_ + "/acme.sqlite";
  auto rules = Mapping::standard_rules();
  rules.push_back(project_kind());
  policy.mapping = Mapping(std::move(rules), "US");
  policy.first_run_ask = false;
  ctm_staff.register_custom_field("Project kind", "project_kind");
  highlevel.add_custom_field("Project kind", "TEXT");
  open();
}

World::~World() {
  EXPECT_EQ(ctm.dial_attempts(), 0) << "somebody was dialled (P43)";
  store.reset();
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

void World::open() {
  store = SqliteStore::open(file_, link(), "test", clock);
  ctm_replica_ = std::make_unique<sim::SimCtmReplica>(ctm, policy.mapping, clock);
  highlevel_replica_ = std::make_unique<sim::SimHighLevelReplica>(highlevel, policy.mapping, clock);
  for (const Side s : kSides) {
    const auto step = [this](const std::string&, const std::string&) {
      if (++steps_ == stop_at_) throw sim::Killed{steps_};
    };
    wire(s).before = [this, step](const std::string& method, const std::string& path) {
      store->transact([] {});  // throws if one is open: never a transaction across the network
      step(method, path);
    };
    wire(s).after = step;
  }
}

sim::SimWire& World::wire(Side side) {
  return side == Side::ctm ? ctm_replica_->wire() : highlevel_replica_->wire();
}

void World::reopen() {
  store.reset();
  open();
}

void World::forget() {
  store.reset();
  for (const auto& entry : std::filesystem::directory_iterator(folder_))
    std::filesystem::remove(entry.path());
  open();
}

CycleReport World::cycle(ReadKind kind) {
  CycleHooks hooks;
  hooks.say = [this](Severity, const std::string& text) { said.push_back(text); };
  Cycle machine({ctm_replica_.get(), highlevel_replica_.get()}, *store, clock, policy, hooks);
  CycleOptions options;
  options.kind = kind;
  last = machine.run(options);
  said.push_back(last.summary());
  return last;
}

CycleReport World::plan(ReadKind kind) {
  auto scratch = SqliteStore::open_scratch(file_, link(), clock);
  Cycle machine({ctm_replica_.get(), highlevel_replica_.get()}, *scratch, clock, policy);
  CycleOptions options;
  options.kind = kind;
  options.dry_run = options.collect_plan = true;
  return machine.run(options);
}

int World::settle(int most) {
  int busy = 0;
  for (int idle = 0; idle < 2;) {
    clock.tick(kPastEveryLagMs);
    const CycleReport report = cycle((busy + idle) % 2 == 0 ? ReadKind::delta : ReadKind::full);
    const bool still = report.written.ctm + report.written.highlevel + report.changed.ctm +
                           report.changed.highlevel + report.linked_now + report.awaiting +
                           report.remaining ==
                       0;
    idle = still ? idle + 1 : 0;
    if (!still && ++busy > most) {
      ADD_FAILURE() << "not settled after " << most << " cycles: " << report.summary();
      break;
    }
  }
  return busy;
}

bool World::crash_at(int step, ReadKind kind) {
  stop_at_ = step;
  steps_ = 0;
  bool died = false;
  try {
    cycle(kind);
  } catch (const sim::Killed&) {
    died = true;
  }
  stop_at_ = 0;
  if (died) reopen();
  return died;
}

void World::rule(const std::string& field, const std::function<void(FieldRule&)>& change) {
  auto rules = policy.mapping.rules();
  for (auto& rule : rules)
    if (rule.name == field) change(rule);
  policy.mapping = Mapping(std::move(rules), policy.mapping.default_country());
}

// ---- HighLevel
std::string World::contact(const sim::PersonCard& card) {
  sim::highlevel::Patch patch;
  const auto set = [&](Field field, const std::string& value) {
    if (!value.empty()) patch.set(field, value);
  };
  set(Field::first_name, card.first_name);
  set(Field::last_name, card.last_name);
  set(Field::email, card.email);
  set(Field::phone, card.phone);
  set(Field::company_name, card.company);
  set(Field::address1, card.address1);
  set(Field::city, card.city);
  set(Field::state, card.state);
  set(Field::postal_code, card.postal_code);
  if (!card.tags.empty()) patch.tags = card.tags;
  for (const auto& [key, value] : card.custom)
    patch.custom.push_back({"", key, sim::highlevel::CustomValue::of(value)});
  const auto made = highlevel.create(patch, Actor::staff);
  if (!made) throw std::runtime_error("HighLevel refused a contact: " + made.refusal.messages.front());
  return (*made)->id;
}

void World::edit_contact(const std::string& id, const std::string& field, const std::string& value) {
  sim::highlevel::Patch patch;
  for (const auto& [name, wire_field] : kHighLevelFields)
    if (name == field) patch.set(wire_field, value);
  if (field == "custom:project_kind")
    patch.custom.push_back({"", "project_kind", sim::highlevel::CustomValue::of(value)});
  const auto changed = highlevel.update(id, patch, Actor::staff);
  if (!changed) throw std::runtime_error("HighLevel refused an edit: " + changed.refusal.messages.front());
}

void World::tag_contact(const std::string& id, const std::string& tag, bool add) {
  highlevel.change_tags(id, {tag}, add, Actor::staff);
}

const sim::highlevel::Contact& World::at_highlevel(const std::string& id) {
  const auto found = highlevel.read(id);
  if (!found) throw std::runtime_error("HighLevel has no contact " + id);
  return **found;
}

std::string World::contact_with_phone(const std::string& number) {
  for (const auto& contact : highlevel.contacts())
    if (contact->at(Field::phone) == number) return contact->id;
  return "";
}

std::string World::highlevel_value(const std::string& id, const std::string& field) {
  const auto& contact = at_highlevel(id);
  for (const auto& [name, wire_field] : kHighLevelFields)
    if (name == field) return contact.at(wire_field);
  const auto* defined = highlevel.definition(field == "custom:project_kind" ? "project_kind" : field);
  const auto value = defined == nullptr ? contact.custom.end() : contact.custom.find(defined->id);
  return value == contact.custom.end() ? "" : sim::highlevel::to_text(value->second);
}

// ---- CTM
std::int64_t World::call(const std::string& number, const std::string& name, const std::string& cnam,
                         const std::string& email) {
  sim::CtmNewActivity made;
  made.number = number;
  made.name = name;
  made.cnam = cnam;
  made.email = email;
  return ctm_staff.call(made);
}

void World::row(const sim::PersonCard& card) {
  sim::CtmPatch patch{{"number", card.phone}};
  const auto set = [&](const char* key, const std::string& value) {
    if (!value.empty()) patch[key] = value;
  };
  set("first_name", card.first_name);
  set("last_name", card.last_name);
  set("email", card.email);
  set("street", card.address1);
  set("city", card.city);
  set("state", card.state);
  set("postal_code", card.postal_code);
  for (const auto& [key, value] : card.custom) patch["custom_fields." + key] = value;
  const auto outcome = ctm.account().add_contact("staff", ctm.sync_list(), patch);
  if (!outcome.ok()) throw std::runtime_error("CTM refused a row: " + outcome.reason);
}

void World::edit_row(const std::string& number, const std::string& key, const std::string& value) {
  const auto outcome = ctm_staff.edit_row(ctm.sync_list(), number, key, value);
  if (!outcome.ok()) throw std::runtime_error("CTM refused an edit: " + outcome.reason);
}

std::vector<sim::CtmRow> World::rows_of(const std::string& number) {
  auto all = ctm.account().live_rows(ctm.sync_list());
  std::erase_if(all, [&](const sim::CtmRow& row) { return row.membership.number != number; });
  return all;
}

const sim::CtmIdentity& World::newest_call(const std::string& number) {
  const auto* newest = ctm.account().newest_of(number);
  if (newest == nullptr) throw std::runtime_error("nobody called from that number");
  return newest->who;
}

std::vector<std::string> World::tags_of(const std::string& number) {
  std::set<std::string> all;
  for (const std::int64_t id : ctm.account().activities_of(number))
    for (const auto& tag : ctm.account().activity(id)->tags_at(clock.now_ms())) all.insert(tag);
  return {all.begin(), all.end()};
}

// ---- the state
std::vector<std::vector<std::string>> World::rows(const std::string& sql,
                                                  const std::vector<std::string>& binds) {
  SQLite::Database reader(file_, SQLite::OPEN_READONLY);  // as anybody may, while the daemon runs
  SQLite::Statement query(reader, sql);
  for (int i = 0; i < static_cast<int>(binds.size()); ++i)
    query.bind(i + 1, binds[static_cast<std::size_t>(i)]);
  std::vector<std::vector<std::string>> out;
  while (query.executeStep()) {
    out.emplace_back();
    for (int i = 0; i < query.getColumnCount(); ++i) out.back().push_back(query.getColumn(i).getString());
  }
  return out;
}

std::string World::cell(const std::string& sql, const std::vector<std::string>& binds) {
  const auto found = rows(sql, binds);
  return found.size() == 1 ? found.front().front() : "";
}

PairId World::pair_of(const std::string& any_id) {
  const std::string id =
      cell("SELECT DISTINCT pair_id FROM v_identities WHERE kind = 'id' AND value = ?", {any_id});
  return PairId{id.empty() ? 0 : std::stoll(id)};
}

std::string World::state_of(const std::string& any_id) {
  return cell("SELECT state FROM v_pairs WHERE pair_id = ?", {std::to_string(pair_of(any_id).row)});
}

void World::decide(const std::string& any_id, const std::string& field, Resolution::Take take,
                   const std::string& value) {
  const PairId id = pair_of(any_id);
  SqliteDecisions person(file_);  // from the command line, while the daemon has the state
  if (!person.set_resolution(id, field, Resolution{take, value, store->pair(id)->fields[field].seen}))
    throw std::runtime_error("no such pair");
}

// ---- the laws
void World::expect_converged(const std::set<std::string>& except) {
  for (const auto& row : rows("SELECT pair_id, ctm_id, highlevel_id FROM v_pairs WHERE state = 'linked'")) {
    compare(row[0], row[1], row[2], except);
    if (!except.contains("tags")) compare_tags(row[0], row[2]);
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
    for (const auto& row : rows_of(write.person))  // or the server kept it
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

sim::PersonCard mara() {
  sim::PersonCard card;
  card.first_name = "Mara";
  card.last_name = "Lindgren";
  card.email = "mara.lindgren@example.org";
  card.phone = "+13125550142";
  card.address1 = "12 Elm Street";
  card.city = "Aurora";
  card.state = "IL";
  card.postal_code = "60505";
  return card;
}

sim::PersonCard jonas() {
  sim::PersonCard card;
  card.first_name = "Jonas";
  card.last_name = "Abara";
  card.email = "jonas.abara@example.com";
  card.phone = "+13125550143";
  card.city = "Joliet";
  card.state = "IL";
  return card;
}

sim::PersonCard odile() {
  sim::PersonCard card;
  card.first_name = "Odile";
  card.last_name = "Marchetti";
  card.email = "odile.marchetti@example.org";
  card.phone = "+16305550177";
  card.address1 = "4 Quarry Lane";
  card.city = "Lisle";
  card.state = "IL";
  return card;
}
}  // namespace tandem
