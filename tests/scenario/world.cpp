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
#include "tests/scenario/world_fields.h"

namespace tandem {
namespace {
using sim::highlevel::Actor;

FieldRule project_kind() {
  FieldRule rule;
  rule.name = "custom:project_kind";
  rule.native = {"custom:project_kind", "custom:contact.project_kind"};
  return rule;
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

Replica& World::replica(Side side) {
  if (side == Side::ctm) return *ctm_replica_;
  return *highlevel_replica_;
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

CycleReport World::cycle(ReadKind kind) { return run({ctm_replica_.get(), highlevel_replica_.get()}, kind); }

CycleReport World::resync() {
  return run({ctm_replica_.get(), highlevel_replica_.get()}, ReadKind::full, /*reread=*/true);
}

CycleReport World::run(PerSide<Replica*> replicas, ReadKind kind, bool reread) {
  CycleHooks hooks;
  hooks.say = [this](Severity, const std::string& text) { said.push_back(text); };
  Cycle machine(replicas, *store, clock, policy, hooks);
  CycleOptions options;
  options.kind = kind;
  options.reread = reread;
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

bool World::answer_pending(const std::string& cls, Decision decision) {
  bool decided = false;
  for (const auto& group : rows("SELECT digest FROM v_pending WHERE class = ? AND decision IS NULL", {cls}))
    store->transact([&] { decided = store->decide(group[0], decision, clock.now_ms()) || decided; });
  return decided;
}

void World::rule_on_match(Ruling::Kind kind, const std::string& number, const std::string& contact_id) {
  SqliteDecisions(file_).add_ruling(kind, {number}, {contact_id}, clock.now_ms());
}

void World::decide(const std::string& any_id, const std::string& field, Resolution::Take take,
                   const std::string& value) {
  const PairId id = pair_of(any_id);
  SqliteDecisions person(file_);  // from the command line, while the daemon has the state
  if (!person.set_resolution(id, field, Resolution{take, value, store->pair(id)->fields[field].seen}))
    throw std::runtime_error("no such pair");
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
