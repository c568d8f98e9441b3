// A state made by an earlier tandem keeps everything when today's opens it (P26).
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include <algorithm>
#include <fstream>
#include <map>
#include "core/merge/plan.h"
#include "storage/sqlite/encode.h"
#include "storage/sqlite/migrate.h"
#include "storage/sqlite/schema.h"
#include "tests/storage/state_folder.h"

namespace tandem {
namespace {
constexpr int kOld = 2;  // the schema that was in use before suspects, rulings and erasure

std::vector<std::string> tables_of(Connection& connection) {
  std::vector<std::string> out;
  Query q(connection, std::string("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name"));
  while (q.step()) out.push_back(q.text(0));
  return out;
}

// Every row and column of the tables, by name; a column that came later is left out.
using Content = std::map<std::string, std::vector<std::string>>;
Content content_of(Connection& connection, const std::vector<std::string>& tables) {
  Content out;
  for (const std::string& table : tables) {
    std::vector<std::string>& rows = out[table];
    Query q(connection, "SELECT * FROM " + table);
    while (q.step()) {
      std::string row;
      for (int i = 0; i < q.columns(); ++i)
        if (q.column_name(i) != "fate" && q.column_name(i) != "retry_ms")
          row += q.column_name(i) + "=" + q.maybe_text(i).value_or("NULL") + "|";
      rows.push_back(row);
    }
    std::sort(rows.begin(), rows.end());
  }
  return out;
}

std::vector<PairState> old_pairs() {
  std::vector<PairState> out;
  for (int status = 0; status < 6; ++status) {
    PairState p;
    p.status = static_cast<PairStatus>(status);
    p.reason = "because";
    p.since_ms = 1'700'000'000'000 + status;
    const std::string n = std::to_string(status);
    if (p.status != PairStatus::highlevel_only) p.record.ctm.text = "+1630555010" + n;
    if (p.status != PairStatus::ctm_only) p.record.highlevel.text = "contact" + n;
    PairField city;  // edited at HighLevel, not planned yet
    city.base = {FieldValue::of("Bonn"), FieldValue::of("Bonn")};
    city.seen = {FieldValue::of("Bonn"), FieldValue::of("Ulm")};
    city.version = 3;
    city.changed_by = "ctm";
    city.changed_at_ms = p.since_ms + 7;
    p.fields["city"] = city;
    PairField email;  // edited on both sides
    email.base = {FieldValue::of("a@example.org"), FieldValue::of("a@example.org")};
    email.seen = {FieldValue::of("b@example.org"), FieldValue::cleared()};
    p.fields["email"] = email;
    p.base_tags = {TagSet{"vip"}, TagSet{"vip"}};
    p.seen_tags = {TagSet{"vip", "new"}, TagSet{"vip"}};
    p.fold.ctm["city"] = FoldField{FieldValue::of("Bonn"), false, 5, {FieldValue::of("Berlin")}};
    p.resolutions["email"] = {Resolution::Take::ctm, "", email.seen};
    p.parked = {{Side::ctm, p.record.ctm.text, "state", "refused", 9, 2, "digest"}};
    out.push_back(p);
  }
  return out;
}

std::optional<CompactText> id_or_null(const RecordId& id) {
  if (id.text.empty()) return std::nullopt;
  return CompactText{id.text};
}

void make_old_state(const std::string& file, std::vector<PairState>& pairs) {
  std::ofstream(file) << "";
  Connection old(file, Connection::Access::write, {});
  old.exec("PRAGMA journal_mode = WAL");
  for (const Migration& step : migrations())
    if (step.number <= kOld) old.exec(step.sql);
  old.exec("PRAGMA application_id = " + std::to_string(kApplicationId));
  old.exec("PRAGMA user_version = " + std::to_string(kOld));
  old.exec("INSERT INTO link VALUES (1, 'acme', '12345', 'location-1', 1)");
  old.exec("INSERT INTO lease VALUES (1, 'before', 4, 1)");
  old.exec("INSERT INTO meta VALUES ('cursor.ctm', 'page 7')");
  for (PairState& p : pairs) {
    Query(
        old,
        "INSERT INTO pair (status, dirty, made_by_us, since_ms, ctm_id, highlevel_id, reason, fields, tags, "
        "fold, resolutions) VALUES (?, 1, 0, ?, ?, ?, ?, ?, ?, ?, ?)",
        p.status, p.since_ms, id_or_null(p.record.ctm), id_or_null(p.record.highlevel), p.reason,
        encode_fields(p), encode_tags(p), encode_fold(p), encode_resolutions(p.resolutions))
        .run();
    p.id = {old.last_id()};
    for (const Side side : kSides)
      if (!p.record[side].text.empty())
        Query(old, "INSERT INTO identity VALUES (?, 0, ?, ?, 0, 5)", p.id.row, side,
              CompactText{p.record[side].text})
            .run();
    const Parked& parked = p.parked.front();
    Query(old, "INSERT INTO parked VALUES (?, 0, ?, ?, ?, ?, ?, ?, ?)", p.id.row, parked.side,
          parked.record_id, parked.field, parked.reason, parked.since_ms, parked.attempts, parked.input)
        .run();
    Query(old, "INSERT INTO source VALUES (0, 2, ?, ?, 5, 6, 7, NULL, NULL, NULL)",
          "call" + std::to_string(p.id.row), CompactText{p.record.ctm.text})
        .run();
    Query(old,
          "INSERT INTO conflict (pair, field, ctm, policy, decision, decided_by, run, at_ms, is_open) "
          "VALUES (?, 'email', 'b@example.org', 'hold', 'held', '', 1, 2, 1)",
          p.id.row)
        .run();
    Query(old, "INSERT INTO pending VALUES (?, 2, 0, ?, 'many', 3, NULL, NULL, NULL)",
          "key" + std::to_string(p.id.row), p.id.row)
        .run();
    Query(old,
          "INSERT INTO intent (pair, side, state, key, changed_by, run, enlisted_ms, sent_ms, attempts, "
          "body) VALUES (?, 0, 0, 'k', 'ctm', 1, 2, 3, 1, ?)",
          p.id.row, encode_body(Intent{}))
        .run();
    Query(old,
          "INSERT INTO history (run, at_ms, side, action, record_id, pair, field, old_value, new_value, "
          "reason) VALUES (1, 2, 0, 'update', 'r', ?, 'city', 'Berlin', 'Bonn', 'edited')",
          p.id.row)
        .run();
  }
  old.exec("INSERT INTO run VALUES (9, 1, 2, 'full', 'converged', 1, 2, 3, 4, 5, 6)");
}

// What the planner makes of a pair and its sources, to the letter.
std::vector<std::string> plan_of(const PairState& pair, const std::vector<SourceRow>& sources) {
  Policy policy;
  policy.mapping = Mapping(Mapping::standard_rules(), "US");
  Capabilities ctm, highlevel;
  ctm.update = ctm.tags = ctm.tags_on_activities = highlevel.update = highlevel.tags = true;
  highlevel.has_records = true;
  for (const char* field : {"city", "email", "state"}) {
    ctm.surface[SourceKind::activity][field] = Access::read_write;
    highlevel.surface[SourceKind::record][field] = Access::read_write;
  }
  PlanInput input;
  input.pair = &pair;
  input.capabilities = {&ctm, &highlevel};
  input.sources.ctm = sources;
  std::vector<std::string> out;
  const PairPlan made = plan(input, policy);
  for (const PlannedWrite& write : made.writes) out.push_back(write.key);
  for (const ConflictRow& row : made.conflicts) out.push_back(row.field);
  return out;
}

TEST(Migration, AnOlderStateKeepsEveryRowAndEveryPair) {
  StateFolder f;
  std::vector<PairState> pairs = old_pairs();
  make_old_state(f.file(), pairs);
  std::vector<std::string> tables;
  Content before;
  {
    Connection old(f.file(), Connection::Access::read, {});
    tables = tables_of(old);
    before = content_of(old, tables);
  }
  ASSERT_EQ(before["pair"].size(), 6U);
  auto store = f.open();
  for (const PairState& p : pairs) {
    ASSERT_TRUE(store->pair(p.id));
    EXPECT_EQ(*store->pair(p.id), p) << "pair " << p.id.row;
    const auto sources = store->sources_of(Side::ctm, p.record.ctm);
    EXPECT_EQ(sources.size(), 1U);
    EXPECT_EQ(plan_of(*store->pair(p.id), sources), plan_of(p, sources));
  }
  EXPECT_FALSE(plan_of(pairs.front(), store->sources_of(Side::ctm, pairs.front().record.ctm)).empty())
      << "there is something to plan";
  EXPECT_EQ(store->open_intents().size(), 6U);
  EXPECT_EQ(store->pending_groups().at(0).count, 6);
  EXPECT_EQ(store->meta(kRestored), std::nullopt);
  EXPECT_EQ(store->generation(), 5);
  store.reset();
  Connection now(f.file(), Connection::Access::read, {});
  Content after = content_of(now, tables);
  before.erase("lease");  // the opening itself
  after.erase("lease");
  EXPECT_EQ(after, before);
}

// The process dies in the middle of the write that would make a file longer than `bytes`: in the log, in
// its index, or in the file itself when the log is folded in. False: it came to its end.
bool migrate_until(const std::string& file, rlim_t bytes) {
  const pid_t child = fork();
  if (child == 0) {
    const rlimit none{0, 0}, most{bytes, bytes};
    if (setrlimit(RLIMIT_CORE, &none) != 0 || setrlimit(RLIMIT_FSIZE, &most) != 0) _exit(2);
    try {
      Connection connection(file, Connection::Access::write, {});
      migrate(connection);
    } catch (...) {
      _exit(3);
    }
    _exit(0);
  }
  int status = 0;
  waitpid(child, &status, 0);
  if (WIFSIGNALED(status)) {
    EXPECT_EQ(WTERMSIG(status), SIGXFSZ);
    return true;
  }
  EXPECT_EQ(WEXITSTATUS(status), 0);
  return false;
}

TEST(Migration, KilledAtAnyLengthOfItsLogLeavesTheOldStateOrTheNewOne) {
  StateFolder origin;
  std::vector<PairState> pairs = old_pairs();
  make_old_state(origin.file(), pairs);
  int old_ones = 0, new_ones = 0;
  bool died = true;
  for (rlim_t bytes = 1'000; died; bytes += 3'000) {
    SCOPED_TRACE(bytes);
    StateFolder f;
    std::filesystem::copy_file(origin.file(), f.file());
    died = migrate_until(f.file(), bytes);
    {
      Connection found(f.file(), Connection::Access::write, {});
      const auto tables = tables_of(found);
      const bool is_new = found.number("user_version") > kOld;
      EXPECT_EQ(std::count(tables.begin(), tables.end(), "suspect"), is_new ? 1 : 0);
      EXPECT_EQ(std::count(tables.begin(), tables.end(), "erased"), is_new ? 1 : 0);
      Query fate(found, std::string("SELECT count(*) FROM pragma_table_info('pair') WHERE name = 'fate'"));
      ASSERT_TRUE(fate.step());
      EXPECT_EQ(fate.number(0), is_new ? 1 : 0) << "never half of it";
      ++(is_new ? new_ones : old_ones);
    }
    auto store = f.open();
    for (const PairState& p : pairs) EXPECT_EQ(store->pair(p.id), p);
    EXPECT_EQ(one_row(*store, "PRAGMA integrity_check"), std::vector<std::string>{"ok"});
  }
  EXPECT_GT(old_ones, 5);
  EXPECT_GT(new_ones, 0);
}

TEST(Migration, ThatFindsNoRoomLeavesTheOldState) {
  StateFolder f;
  std::vector<PairState> pairs = old_pairs();
  make_old_state(f.file(), pairs);
  const std::int64_t pages = Connection(f.file(), Connection::Access::read, {}).number("page_count");
  EXPECT_EQ(kind_of([&] { return f.open({5'000, pages + 1}); }), StoreError::Kind::disk_full);
  EXPECT_EQ(Connection(f.file(), Connection::Access::read, {}).number("user_version"), kOld);
  EXPECT_EQ(*f.open()->pair(pairs.front().id), pairs.front());
}
}  // namespace
}  // namespace tandem
