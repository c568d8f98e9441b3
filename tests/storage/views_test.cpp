#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>
#include <unistd.h>
#include <array>
#include <cstdio>
#include <map>
#include "storage/sqlite/sqlite_decisions.h"
#include "tests/conformance/state_generators.h"
#include "tests/storage/state_folder.h"

namespace tandem {
namespace {
using Row = std::vector<std::string>;

const std::map<std::string, std::string> kPromised = {
    {"v_status",
     "link,last_good_cycle_at,last_full_sweep_at,pairs,held,conflicts,pending,parked,calls_today_ctm,"
     "calls_today_highlevel"},
    {"v_pairs", "pair_id,kind,ctm_id,highlevel_id,state,reason,since"},
    {"v_fields",
     "pair_id,field,base_ctm,base_highlevel,seen_ctm,seen_highlevel,version,changed_by,changed_at"},
    {"v_conflicts",
     "conflict_id,pair_id,field,base,ctm,highlevel,policy,decision,decided_by,run_id,at,is_open"},
    {"v_pending", "digest,class,side,count,reason,since,decision"},
    {"v_parked", "pair_id,side,record_id,field,reason,since,attempts,next_try_at"},
    {"v_history", "run_id,at,side,action,record_id,pair_id,field,old_value,new_value,reason"},
    {"v_identities", "pair_id,side,kind,value,role,since"},
    {"v_activities", "pair_id,side,kind,remote_id,counterpart_id,at,state,summary"},
    {"v_firings", "rule,event_key,pair_id,action,remote_id,outcome,at"},
    {"v_runs",
     "run_id,started_at,ended_at,kind,outcome,reads_ctm,reads_highlevel,writes_ctm,writes_highlevel"},
};

class Views : public testing::Test {
 protected:
  StateFolder folder_;
  std::unique_ptr<SqliteStore> store_ = folder_.open();
  PairId put(PairState& p) {
    store_->transact([&] { store_->put_pair(p); });
    return p.id;
  }
  Row row(const std::string& sql) { return one_row(*store_, sql); }
};

constexpr std::int64_t kAt = 1'795'509'106'123;  // 2026-11-24T08:31:46.123Z

TEST_F(Views, HaveExactlyThePromisedNamesAndColumns) {
  std::map<std::string, std::string> found;
  for (const auto& view : store_->rows("SELECT name FROM sqlite_schema WHERE type = 'view'").rows) {
    std::string columns;
    for (const auto& column : store_->rows("SELECT * FROM " + *view[0]).columns)
      columns += (columns.empty() ? "" : ",") + column;
    found[*view[0]] = columns;
  }
  EXPECT_EQ(found, kPromised);
}

TEST_F(Views, PairsShowTheirIdsAndState) {
  PairState p;
  p.status = PairStatus::highlevel_only;
  p.record.highlevel.text = "h1";
  p.reason = "no phone";
  p.since_ms = kAt;
  put(p);
  EXPECT_EQ(row("SELECT * FROM v_pairs"),
            (Row{"1", "contact", "NULL", "h1", "highlevel_only", "no phone", "2026-11-24T08:31:46.123Z"}));
  EXPECT_EQ(row("SELECT typeof(pair_id) FROM v_pairs WHERE pair_id = '1'"), Row{"text"});
}

TEST_F(Views, EveryStateHasItsName) {
  for (const auto s : {PairStatus::linked, PairStatus::held, PairStatus::ctm_only, PairStatus::highlevel_only,
                       PairStatus::ignored, PairStatus::tombstone}) {
    PairState p;
    p.status = s;
    put(p);
    EXPECT_EQ(row("SELECT state, since FROM v_pairs WHERE pair_id = '" + std::to_string(p.id.row) + "'"),
              (Row{std::string(to_text(s)), "NULL"}));
  }
}

TEST_F(Views, FieldsShowBaseAndSeenOfEachSide) {
  PairState p;
  p.since_ms = kAt - 7;
  PairField agreed;
  agreed.base = agreed.seen = {FieldValue::of("Ann"), FieldValue::of("Ann")};
  agreed.version = 2;
  agreed.changed_by = "ctm";
  agreed.changed_at_ms = kAt;
  PairField edited = agreed;
  edited.base = {FieldValue::of("Ann \"A\""), FieldValue::of("ann")};
  edited.seen = {FieldValue::cleared(), FieldValue::of("Anna")};
  edited.version = 3;
  edited.changed_by = "person";
  edited.changed_at_ms = kAt + 1;
  PairField one_sided;
  one_sided.seen.highlevel = FieldValue::of("true");
  PairField blank = agreed;
  blank.base = blank.seen = {FieldValue::cleared(), FieldValue::cleared()};
  PairField kept_apart = agreed;
  kept_apart.base = {FieldValue::absent(), FieldValue::of("{\"b\":1}")};
  kept_apart.seen = {FieldValue::of("null"), FieldValue()};
  p.fields = {{"first_name", agreed}, {"last_name", edited},       {"email", one_sided},
              {"city", blank},        {"custom:kind", kept_apart}, {"f", agreed}};
  put(p);
  const auto field = [&](const char* name) {
    return row(
        "SELECT base_ctm, base_highlevel, seen_ctm, seen_highlevel, version, changed_by, changed_at FROM "
        "v_fields WHERE pair_id = '1' AND field = '" +
        std::string(name) + "'");
  };
  const std::string at = "2026-11-24T08:31:46.123Z";
  EXPECT_EQ(field("first_name"), (Row{"Ann", "Ann", "Ann", "Ann", "2", "ctm", at}));
  EXPECT_EQ(field("f"), field("first_name"));
  EXPECT_EQ(field("last_name"),
            (Row{"Ann \"A\"", "ann", "NULL", "Anna", "3", "person", "2026-11-24T08:31:46.124Z"}));
  EXPECT_EQ(field("email"), (Row{"NULL", "NULL", "NULL", "true", "0", "NULL", "NULL"}));
  EXPECT_EQ(field("city"), (Row{"NULL", "NULL", "NULL", "NULL", "2", "ctm", at}));
  EXPECT_EQ(field("custom:kind"), (Row{"NULL", "{\"b\":1}", "null", "NULL", "2", "ctm", at}));
  EXPECT_EQ(row("SELECT count(*) FROM v_fields"), Row{"6"});
}

TEST_F(Views, FieldsAreNamedInFull) {
  PairState p;
  for (const char* name : {"first_name", "last_name", "name", "email", "phone", "company", "address1", "city",
                           "state", "postal_code", "country", "website", "custom:x", "=", "0"})
    p.fields[name].seen.ctm = FieldValue::of(name);
  put(p);
  EXPECT_EQ(row("SELECT count(*), sum(field = seen_ctm) FROM v_fields"), (Row{"15", "15"}));
}

TEST_F(Views, AnyPairsFieldsAreShownAsTheyAre) {
  EXPECT_TRUE(rc::check("v_fields agrees with the pair", [&] {
    PairState p = generate::pair();
    put(p);
    const auto shown = store_->rows(
        "SELECT field, base_ctm, base_highlevel, seen_ctm, seen_highlevel, version, coalesce(changed_by, '') "
        "FROM v_fields WHERE field <> 'tags' AND pair_id = '" +
        std::to_string(p.id.row) + "'");
    const auto expected = [](const FieldValue& v) {
      return v.is_value() ? std::optional<std::string>(v.text()) : std::nullopt;
    };
    RC_ASSERT(shown.rows.size() == p.fields.size());
    for (const auto& cells : shown.rows) {
      const PairField& f = p.fields.at(*cells[0]);
      RC_ASSERT(cells[1] == expected(f.base.ctm));
      RC_ASSERT(cells[2] == expected(f.base.highlevel));
      RC_ASSERT(cells[3] == expected(f.seen.ctm));
      RC_ASSERT(cells[4] == expected(f.seen.highlevel));
      RC_ASSERT(cells[5] == std::to_string(f.version));
      RC_ASSERT(cells[6] == f.changed_by);
    }
  }));
}

TEST_F(Views, TagsAreOneFieldWithSortedJsonArrays) {
  PairState p;
  p.since_ms = kAt + 9;
  p.base_tags = {TagSet{"vip", "a \"b\""}, TagSet{"vip", "a \"b\""}};
  p.seen_tags = {TagSet{}, std::nullopt};
  p.tags_version = 4;
  p.tags_changed_by = "highlevel";
  p.tags_changed_at_ms = kAt;
  put(p);
  PairState without;
  put(without);
  EXPECT_EQ(row("SELECT * FROM v_fields"), (Row{"1", "tags", R"(["a \"b\"","vip"])", R"(["a \"b\"","vip"])",
                                                "[]", "NULL", "4", "highlevel", "2026-11-24T08:31:46.123Z"}));
}

TEST_F(Views, TimesKeepTheirMilliseconds) {
  EXPECT_TRUE(rc::check("times", [&] {
    const std::int64_t ms = *rc::gen::inRange<std::int64_t>(1, 4'102'444'800'000);
    PairState p;
    p.since_ms = ms;
    put(p);
    const Row shown = row("SELECT since, strftime('%s', since) FROM v_pairs WHERE pair_id = '" +
                          std::to_string(p.id.row) + "'");
    RC_ASSERT(shown[0].size() == 24U);
    RC_ASSERT(shown[1] == std::to_string(ms / 1000));
    RC_ASSERT(std::stoi(shown[0].substr(20, 3)) == ms % 1000);
  }));
}

TEST_F(Views, ConflictsShowValuesAndBlanks) {
  PairState p;
  const PairId id = put(p);
  ConflictRow c{0,  id, "city", FieldValue(), {FieldValue::of("Bonn"), FieldValue::cleared()}, "hold", "held",
                "", 0,  0,      true};
  store_->transact([&] { store_->sync_conflicts(id, {c}, 7, kAt); });
  EXPECT_EQ(row("SELECT * FROM v_conflicts"), (Row{"1", "1", "city", "NULL", "Bonn", "NULL", "hold", "held",
                                                   "NULL", "7", "2026-11-24T08:31:46.123Z", "1"}));
}

TEST_F(Views, HistoryShowsBlanksAsNull) {
  store_->transact([&] {
    store_->add_history({3,
                         kAt,
                         Side::highlevel,
                         "update",
                         "h1",
                         {9},
                         "city",
                         FieldValue::cleared(),
                         FieldValue::of("Bonn"),
                         "edited in ctm"});
  });
  EXPECT_EQ(row("SELECT * FROM v_history"), (Row{"3", "2026-11-24T08:31:46.123Z", "highlevel", "update", "h1",
                                                 "9", "city", "NULL", "Bonn", "edited in ctm"}));
}

TEST_F(Views, HistoryFollowsAJoinedPair) {
  PairState one, two;
  const PairId into = put(one), from = put(two);
  store_->transact([&] {
    store_->add_history({1, kAt, Side::ctm, "create", "+1", from, "", {}, {}, "new"});
    store_->join_pairs(into, from);
  });
  EXPECT_EQ(row("SELECT pair_id FROM v_history"), Row{std::to_string(into.row)});
}

TEST_F(Views, PendingShowsOpenAndDecidedGroups) {
  PairState p;
  const PairId id = put(p);
  std::int64_t run = 0;
  store_->transact([&] {
    run = store_->begin_run("delta", kAt);
    store_->put_pending({"a", HoldClass::remove, Side::ctm, id, "too many", kAt});
    store_->put_pending({"b", HoldClass::remove, Side::ctm, id, "too many", kAt + 1});
    store_->put_pending({"c", HoldClass::first_run, Side::ctm, id, "first run", kAt});
    store_->put_pending({"e", HoldClass::first_run, Side::highlevel, id, "first run", kAt});
    store_->sweep_pending(run);
  });
  std::string removes;
  for (const auto& group : store_->pending_groups())
    if (group.cls == HoldClass::remove) removes = group.digest;
  const std::string shown = "SELECT * FROM v_pending WHERE class = ";
  EXPECT_EQ(row(shown + "'delete'"),
            (Row{removes, "delete", "ctm", "2", "too many", "2026-11-24T08:31:46.123Z", "NULL"}));
  EXPECT_EQ(row("SELECT side, count, decision FROM v_pending WHERE class = 'first_run'"),
            (Row{"NULL", "2", "NULL"}));
  store_->transact([&] { EXPECT_TRUE(store_->decide(removes, Decision::approved, kAt)); });
  EXPECT_EQ(row(shown + "'delete'"),
            (Row{removes, "delete", "ctm", "2", "too many", "2026-11-24T08:31:46.123Z", "approved"}));
  for (const auto& group : store_->pending_groups())
    store_->transact([&] { EXPECT_TRUE(store_->decide(group.digest, Decision::rejected, kAt)); });
  EXPECT_EQ(row("SELECT side, count, decision FROM v_pending WHERE class = 'first_run'"),
            (Row{"NULL", "2", "rejected"}));
  store_->transact([&] {
    store_->put_pending({"a", HoldClass::create, Side::highlevel, id, "another reason", kAt});  // is decided
    store_->put_pending({"d", HoldClass::remove, Side::ctm, id, "too many", kAt});
    store_->end_run({run, 1, 2, "delta", "needs_person", {}, {}});
  });
  EXPECT_EQ(row("SELECT count(*), count(DISTINCT digest), sum(decision IS NULL), sum(count) FROM v_pending "
                "WHERE class = 'delete'"),
            (Row{"2", "2", "1", "3"}));
}

TEST_F(Views, ParkedAndIdentitiesAreListed) {
  PairState p;
  p.record.ctm.text = "+1";
  p.parked = {{Side::ctm, "+1", "email", "not an address", kAt, 3, "x"}};
  const PairId id = put(p);
  EXPECT_EQ(row("SELECT * FROM v_parked"),
            (Row{"1", "ctm", "+1", "email", "not an address", "2026-11-24T08:31:46.123Z", "3", "NULL"}));
  folder_.clock.sleep_until_ms(kAt);
  store_->transact([&] {
    store_->set_identities(id, {{Identity::Kind::id, Side::ctm, "+1", false},
                                {Identity::Kind::email, Side::highlevel, "k@x.test", true}});
  });
  EXPECT_EQ(row("SELECT * FROM v_identities WHERE kind = 'email'"),
            (Row{"1", "highlevel", "email", "k@x.test", "alias", "2026-11-24T08:31:46.123Z"}));
  EXPECT_EQ(row("SELECT side, kind, role, since < '2026-11-24T08' FROM v_identities WHERE value = '+1'"),
            (Row{"ctm", "id", "primary", "1"}))
      << "known before";
}

TEST_F(Views, StatusIsOneRow) {
  EXPECT_EQ(row("SELECT * FROM v_status"), (Row{"acme", "NULL", "NULL", "0", "0", "0", "0", "0", "0", "0"}));
  PairState linked, held;
  linked.status = PairStatus::linked;
  linked.parked = {Parked{}};
  const PairId id = put(linked);
  put(held);
  const auto run = [&](const char* kind, const char* outcome, std::int64_t ended_ms) {
    store_->transact([&] {
      RunRow r;
      r.id = store_->begin_run(kind, kAt);
      r.started_ms = kAt;
      r.ended_ms = ended_ms;
      r.kind = kind;
      r.outcome = outcome;
      store_->put_pending({"k", HoldClass::update, Side::ctm, id, "", kAt});
      store_->sweep_pending(r.id);
      store_->end_run(r);
    });
  };
  run("full", "needs_person", kAt);
  run("full", "unreachable", kAt + 1'000);
  run("delta", "awaiting_index", kAt + 2'000);
  run("delta", "unauthorised", kAt + 3'000);
  const std::int64_t now_ms = std::stoll(row("SELECT strftime('%s', 'now') * 1000")[0]);
  store_->transact([&] {
    store_->sync_conflicts(id, {ConflictRow{0, id, "city", {}, {}, "hold", "held", "", 0, 0, true}}, 1, kAt);
    const auto asked = [&](std::int64_t at_ms, PerSide<std::int64_t> requests) {
      store_->end_run(
          {store_->begin_run("delta", at_ms), at_ms, at_ms, "delta", "unreachable", {}, {}, requests});
    };
    asked(now_ms, {4, 5});
    asked(now_ms, {3, 0});
    asked(now_ms - 2 * 86'400'000, {99, 99});
  });
  EXPECT_EQ(row("SELECT * FROM v_status"),
            (Row{"acme", "2026-11-24T08:31:48.123Z", "2026-11-24T08:31:46.123Z", "1", "1", "1", "1", "1", "7",
                 "5"}));
}

TEST_F(Views, RunsShowTheirCounts) {
  store_->transact([&] {
    store_->end_run(
        {store_->begin_run("full", kAt), kAt, kAt + 5, "full", "converged", {1, 2}, {3, 4}, {5, 6}});
  });
  EXPECT_EQ(row("SELECT * FROM v_runs"), (Row{"1", "2026-11-24T08:31:46.123Z", "2026-11-24T08:31:46.128Z",
                                              "full", "converged", "1", "2", "3", "4"}));
  store_->transact([&] {
    store_->begin_run("delta", kAt);
    store_->set_meta("cursor", "x");
  });
  EXPECT_EQ(row("SELECT ended_at, outcome FROM v_runs WHERE run_id = '2'"), (Row{"NULL", "NULL"}));
}

// The program people use, as another process, while the store is open.
TEST_F(Views, TheSqliteShellReadsThemWhileTheStoreIsOpen) {
  if (access("/usr/bin/sqlite3", X_OK) != 0) GTEST_SKIP() << "no sqlite3 here";
  PairState p;
  p.status = PairStatus::linked;
  p.fields["city"].seen.ctm = FieldValue::of("Bonn");
  p.seen_tags.ctm = TagSet{"vip"};
  put(p);
  std::string sql;
  for (const auto& [view, columns] : kPromised) sql += "SELECT count(*) FROM " + view + ";";
  FILE* shell = popen(("/usr/bin/sqlite3 -readonly '" + folder_.file() + "' '" + sql + "'").c_str(), "r");
  ASSERT_NE(shell, nullptr);
  std::string out;
  std::array<char, 256> chunk{};
  while (fgets(chunk.data(), static_cast<int>(chunk.size()), shell) != nullptr) out += chunk.data();
  EXPECT_EQ(pclose(shell), 0);
  std::string expected;
  for (const auto& [view, columns] : kPromised)
    expected += view == "v_fields" ? "2\n" : view == "v_pairs" || view == "v_status" ? "1\n" : "0\n";
  EXPECT_EQ(out, expected);
}
}  // namespace
}  // namespace tandem
