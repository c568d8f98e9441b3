// A number that no enumeration has is damage, told with the table and the row it stands in.
#include "storage/sqlite/damage.h"
#include <gtest/gtest.h>
#include "storage/sqlite/encode.h"
#include "storage/sqlite/sqlite_decisions.h"
#include "tests/storage/state_file.h"
#include "tests/storage/state_folder.h"

namespace tandem {
namespace {
using Kind = StoreError::Kind;

// A state with a row in every table that holds an enumeration.
struct Full {
  StateFolder folder;
  std::unique_ptr<SqliteStore> store = folder.open();
  PairId pair = put_contact(*store, "+13125559876");
  std::int64_t run = 0;

  Full() {
    store->transact([&] {
      run = store->begin_run("full", 1);
      PairState p = *store->pair(pair);
      p.parked = {Parked{Side::ctm, "+13125559876", "city", "no", 1, 1, "x"}};
      p.resolutions["city"] = Resolution{Resolution::Take::value, "Bonn", {}, "why", Side::ctm};
      store->put_pair(p);
      store->set_identities(pair, {{Identity::Kind::id, Side::ctm, "+13125559876", false}});
      SourceRow row;
      row.ref = {SourceKind::activity, "8812"};
      row.person = {"+13125559876"};
      store->put_source(row);
      Intent intent;
      intent.pair = pair;
      intent.write.target = SourceRef{SourceKind::activity, "8812"};
      intent.write.tag_sources = {{SourceKind::activity, "8812"}};
      store->put_intent(intent);
      store->put_suspect(Side::highlevel, {{SourceKind::record, "Qw8"}, {"Qw8"}, 1, true});
      store->add_ruling(Ruling::Kind::keep_apart, {"+13125559876"}, {"Qw8"});
      store->add_history({run, 1, Side::ctm, "link", "+13125559876", pair, "", {}, {}, ""});
      store->put_pending({"held", HoldClass::update, Side::ctm, pair, "why", 1});
    });
  }
};

TEST(Damage, ANumberOutsideItsEnumerationIsToldWithTableAndRow) {
  struct {
    const char *sql, *place;
    void (*read)(Full&);
  } const cases[] = {
      {"UPDATE pair SET status = 6",
       "table pair, row 1:", [](Full& f) { static_cast<void>(f.store->pair(f.pair)); }},
      {"UPDATE pair SET status = -1",
       "table pair, row 1:", [](Full& f) { static_cast<void>(f.store->pair(f.pair)); }},
      {"UPDATE pair SET status = 256",
       "table pair, row 1:", [](Full& f) { static_cast<void>(f.store->pair(f.pair)); }},
      {"UPDATE pair SET status = 6",
       "table pair, row 1:", [](Full& f) { static_cast<void>(f.store->census()); }},
      {R"(UPDATE pair SET resolutions = '{"t":[4,"",null,null]}')",
       "table pair, row 1:", [](Full& f) { static_cast<void>(f.store->pair(f.pair)); }},
      {R"(UPDATE pair SET resolutions = '{"t":[0,"",null,null,"",2]}')",
       "table pair, row 1:", [](Full& f) { static_cast<void>(f.store->pair(f.pair)); }},
      {R"(UPDATE pair SET resolutions = '{"t":[4,"",null,null]}')", "table pair, row 1:",
       [](Full& f) {
         static_cast<void>(SqliteDecisions(f.folder.file()).set_resolution(f.pair, "email", {}));
       }},
      {"UPDATE pair SET fields = '7'",
       "table pair, row 1:", [](Full& f) { static_cast<void>(f.store->pair(f.pair)); }},
      {"UPDATE parked SET side = 2",
       "table parked, row of pair 1:", [](Full& f) { static_cast<void>(f.store->pair(f.pair)); }},
      {"UPDATE identity SET side = 2",
       "table identity, row of pair 1:", [](Full& f) { static_cast<void>(f.store->identities(f.pair)); }},
      {"UPDATE identity SET kind = 3",
       "table identity, row of pair 1:", [](Full& f) { static_cast<void>(f.store->identities(f.pair)); }},
      {"UPDATE source SET kind = 3", "table source, row of ctm, kind 3, 8812:",
       [](Full& f) { static_cast<void>(f.store->sources_of(Side::ctm, {"+13125559876"})); }},
      {"UPDATE source SET kind = 3, id = -13125559876", "table source, row of ctm, kind 3, a number:",
       [](Full& f) { static_cast<void>(f.store->sources_of(Side::ctm, {"+13125559876"})); }},
      {"UPDATE suspect SET kind = 3", "table suspect, row of highlevel, kind 3, Qw8:",
       [](Full& f) { static_cast<void>(f.store->suspects(Side::highlevel)); }},
      {"UPDATE intent SET side = 2",
       "table intent, row 1:", [](Full& f) { static_cast<void>(f.store->open_intents()); }},
      {"UPDATE intent SET state = 2",
       "table intent, row 1:", [](Full& f) { static_cast<void>(f.store->open_intents()); }},
      {"UPDATE intent SET body = json_set(body, '$.write.kind', 5)",
       "table intent, row 1:", [](Full& f) { static_cast<void>(f.store->open_intents_of(f.pair)); }},
      {"UPDATE intent SET body = json_set(body, '$.write.target[0]', 3)",
       "table intent, row 1:", [](Full& f) { static_cast<void>(f.store->open_intents()); }},
      {"UPDATE intent SET body = json_set(body, '$.write.tag_sources[0][0]', 3)",
       "table intent, row 1:", [](Full& f) { static_cast<void>(f.store->open_intents()); }},
      {"UPDATE history SET side = 2",
       "table history, row 1:", [](Full& f) { static_cast<void>(f.store->history_of(f.run)); }},
      {"UPDATE pending SET class = 4",
       "table pending, row held:", [](Full& f) { static_cast<void>(f.store->pending_groups()); }},
      {"UPDATE pending SET side = 2",
       "table pending, row held:", [](Full& f) { static_cast<void>(f.store->pending_groups()); }},
      {"UPDATE pending SET decision = 2",
       "table pending, row held:", [](Full& f) { static_cast<void>(f.store->decision("held")); }},
      {"UPDATE ruling SET kind = 3",
       "table ruling, row 1:", [](Full& f) { static_cast<void>(f.store->new_rulings()); }},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.sql);
    Full full;
    c.read(full);  // before, it reads
    alter(full.folder.file(), c.sql);
    std::string what;
    EXPECT_EQ(kind_of(
                  [&] {
                    c.read(full);
                    return 0;
                  },
                  &what),
              Kind::corrupt);
    EXPECT_TRUE(what.starts_with(c.place)) << what;
    EXPECT_TRUE(has(what, "restore a backup")) << what;
    EXPECT_FALSE(has(what, "3125559876")) << what;
  }
}

// A new member of an enumeration would otherwise be refused as damage.
TEST(Damage, TheLastMemberOfEachEnumerationIsRead) {
  EXPECT_EQ(stored_as<PairStatus>(5), PairStatus::tombstone);
  EXPECT_EQ(stored_as<WriteKind>(4), WriteKind::remove);
  EXPECT_EQ(stored_as<Resolution::Take>(3), Resolution::Take::clear);
  EXPECT_EQ(stored_as<Ruling::Kind>(2), Ruling::Kind::unlink);
  EXPECT_EQ(stored_as<HoldClass>(3), HoldClass::create);
}
}  // namespace
}  // namespace tandem
