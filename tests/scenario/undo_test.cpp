// What a run overwrote is put back, by the same rules as everything else (P28).
#include "core/merge/undo.h"
#include "storage/sqlite/sqlite_decisions.h"
#include "tests/scenario/agreed.h"

namespace tandem {
namespace {
struct Overwritten : Agreed {
  Overwritten() {
    const std::string other = contact(jonas());
    call(jonas().phone, "Jonas Abara", "", jonas().email);
    settle();
    edit_contact(other, "city", "Lisle");
    edit_contact(id, "city", "Geneva");
    edit_contact(id, "address1", "7 Mill Road");
    edit_call(activity, "email", "mara@example.com");
    clock.tick(kPastEveryLagMs);
    cycle();
    run = std::stoll(cell("SELECT max(run_id) FROM v_history WHERE field = 'city'"));
    settle();
    EXPECT_EQ(newest_call(number).city, "Geneva");
    EXPECT_EQ(highlevel_value(id, "email"), "mara@example.com");
  }
  Undo take_back() {
    const Undo found = undo(run, store->history_of(run), [&](PairId pair) { return store->pair(pair); });
    SqliteDecisions person(state_file());
    for (const auto& [pair, fields] : found.decisions)
      for (const auto& [field, decision] : fields) EXPECT_TRUE(person.set_resolution(pair, field, decision));
    return found;
  }
  std::int64_t run = 0;
};

const UndoLine* line_of(const Undo& undo, const std::string& field) {
  for (const UndoLine& line : undo.lines)
    if (line.field == field) return &line;
  return nullptr;
}

TEST(Undo, PutsBackWhatIsStillAsTheRunLeftItAndKeepsLaterEdits) {
  Overwritten world;
  world.edit_contact(world.id, "address1", "9 Mill Road");
  world.settle();
  const Undo found = world.take_back();
  ASSERT_NE(line_of(found, "city"), nullptr);
  EXPECT_EQ(line_of(found, "city")->kept, "");
  EXPECT_EQ(line_of(found, "email")->kept, "");
  EXPECT_EQ(line_of(found, "address1")->kept, "changed since");
  world.settle();
  EXPECT_EQ(world.newest_call(world.number).city, "Aurora");
  EXPECT_EQ(world.highlevel_value(world.id, "city"), "Aurora");
  EXPECT_EQ(world.newest_call(jonas().phone).city, "Joliet");
  EXPECT_EQ(world.newest_call(world.number).email, mara().email);
  EXPECT_EQ(world.highlevel_value(world.id, "email"), mara().email);
  EXPECT_EQ(world.highlevel_value(world.id, "address1"), "9 Mill Road");
  EXPECT_EQ(world.newest_call(world.number).street, "9 Mill Road");
  EXPECT_NE(world.cell("SELECT count(*) FROM v_history WHERE reason LIKE ?",
                       {"%undo of run " + std::to_string(world.run) + "%"}),
            "0");
  world.expect_converged();
  world.expect_quiet();
  EXPECT_TRUE(world.take_back().decisions.empty()) << "a second time there is nothing to put back";
}

TEST(Undo, WaitsForTheBrakeLikeAnyOverwrite) {
  Overwritten world;
  world.policy.brake_updates = {100, 1};  // two people's city are more than that
  EXPECT_FALSE(world.take_back().decisions.empty());
  world.settle();
  EXPECT_NE(world.cell("SELECT count(*) FROM v_pending WHERE class = 'update'"), "0");
  EXPECT_EQ(world.newest_call(world.number).city, "Geneva") << "nothing of the class is done (P13)";
  EXPECT_EQ(world.newest_call(jonas().phone).city, "Lisle");
  EXPECT_TRUE(world.answer_pending("update", Decision::approved));
  world.settle();
  EXPECT_EQ(world.newest_call(world.number).city, "Aurora");
  EXPECT_EQ(world.newest_call(jonas().phone).city, "Joliet");
  world.expect_converged();
}
}  // namespace
}  // namespace tandem
