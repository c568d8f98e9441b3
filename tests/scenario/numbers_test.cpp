// A new number is a new key (P39); additional numbers are aliases (P44).
#include "tests/scenario/world.h"

namespace tandem {
namespace {
constexpr const char* kNew = "+13125550188";

TEST(NewNumber, MovesTheRowThatWeMade) {
  World world;
  const auto id = world.contact(mara());
  world.settle();
  world.edit_contact(id, "phone", kNew);
  world.settle();
  ASSERT_EQ(world.rows_of(kNew).size(), 1U);
  EXPECT_EQ(world.rows_of(kNew)[0].who.name, "Mara Lindgren");
  EXPECT_EQ(world.rows_of(kNew)[0].who.email, mara().email);
  EXPECT_EQ(world.rows_of(mara().phone).size(), 0U) << "the old row was ours";
  EXPECT_EQ(world.pair_of(id), world.pair_of(kNew));
  EXPECT_EQ(world.highlevel.contact_count(), 1U);
  world.expect_converged();
  world.expect_quiet();
}

TEST(NewNumber, LeavesARowThatAPersonMade) {
  World world;
  const auto id = world.contact(mara());
  world.row(mara());
  world.settle();
  world.edit_contact(id, "phone", kNew);
  world.settle();
  EXPECT_EQ(world.rows_of(kNew).size(), 1U);
  EXPECT_EQ(world.rows_of(mara().phone).size(), 1U);
  EXPECT_EQ(world.highlevel.contact_count(), 1U);
  EXPECT_EQ(world.pair_of(mara().phone), world.pair_of(id)) << "the old number is an alias";
  world.expect_converged();
  world.expect_quiet();
}

TEST(NewNumber, KeepsTheActivitiesOfTheOldOneAttached) {
  World world;
  const auto id = world.contact(mara());
  world.ctm_staff.tag(world.call(mara().phone, "Mara Lindgren"), "tile");
  world.settle();
  world.edit_contact(id, "phone", kNew);
  world.settle();
  EXPECT_EQ(world.rows_of(kNew).size(), 1U);
  EXPECT_EQ(world.pair_of(mara().phone), world.pair_of(id));
  world.call(mara().phone, "Mara Lindgren");  // from the old phone once more
  world.settle();
  EXPECT_EQ(world.highlevel.contact_count(), 1U) << "nobody new";
  EXPECT_EQ(world.highlevel_value(id, "phone"), kNew);
  world.call(kNew, "Mara Lindgren");
  world.settle();
  EXPECT_EQ(world.highlevel.contact_count(), 1U);
  world.expect_converged();
  world.expect_quiet();
}

TEST(NewNumber, BackAndForthEndsWhereItBegan) {
  World world;
  const auto id = world.contact(mara());
  world.settle();
  for (int round = 0; round < 2; ++round) {
    world.edit_contact(id, "phone", kNew);
    world.settle();
    EXPECT_EQ(world.rows_of(kNew).size(), 1U);
    EXPECT_EQ(world.rows_of(mara().phone).size(), 0U);
    world.edit_contact(id, "phone", mara().phone);
    world.settle();
    EXPECT_EQ(world.rows_of(kNew).size(), 0U);
    EXPECT_EQ(world.rows_of(mara().phone).size(), 1U);
    world.expect_converged();
  }
  EXPECT_EQ(world.highlevel.contact_count(), 1U);
  world.expect_quiet();
}

TEST(NewNumber, BackAndForthWithCallsKeepsOnePerson) {
  World world;
  const auto id = world.contact(mara());
  world.call(mara().phone, "Mara Lindgren", "", mara().email);
  world.settle();
  world.edit_contact(id, "phone", kNew);
  world.settle();
  world.edit_contact(id, "phone", mara().phone);
  world.settle();
  EXPECT_EQ(world.highlevel.contact_count(), 1U);
  EXPECT_EQ(world.rows_of(kNew).size(), 0U) << "it was ours";
  EXPECT_EQ(world.pair_of(id), world.pair_of(mara().phone));
  world.edit_contact(id, "city", "Geneva");
  world.settle();
  EXPECT_EQ(world.newest_call(mara().phone).city, "Geneva");
  world.expect_converged();
  world.expect_quiet();
}

TEST(NewNumber, ASwapBetweenTwoContactsDuplicatesNobody) {
  for (const bool called : {false, true}) {
    SCOPED_TRACE(called ? "callers" : "rows");
    World world;
    const auto one = world.contact(mara()), two = world.contact(jonas());
    if (called) world.call(mara().phone, "Mara Lindgren", "", mara().email);
    if (called) world.call(jonas().phone, "Jonas Abara", "", jonas().email);
    world.settle();
    world.edit_contact(one, "phone", "");
    world.edit_contact(two, "phone", mara().phone);
    world.edit_contact(one, "phone", jonas().phone);
    world.settle(8);
    EXPECT_EQ(world.highlevel.contact_count(), 2U);
    EXPECT_EQ(world.highlevel_value(one, "first_name"), "Mara");
    EXPECT_EQ(world.highlevel_value(two, "first_name"), "Jonas");
    EXPECT_EQ(world.pair_of(one), world.pair_of(jonas().phone));
    EXPECT_EQ(world.pair_of(two), world.pair_of(mara().phone));
    world.expect_converged();
    world.expect_quiet();
  }
}

TEST(NewNumber, OfAnotherLinkedContactIsParked) {
  World world;
  const auto one = world.contact(mara());
  world.contact(jonas());
  world.call(mara().phone, "Mara Lindgren");
  world.call(jonas().phone, "Jonas Abara");
  world.settle();
  world.highlevel.switches().set("location.allow_duplicates", "on");
  world.edit_contact(one, "phone", jonas().phone);
  world.settle();
  EXPECT_EQ(world.cell("SELECT field FROM v_parked"), "phone");
  EXPECT_EQ(world.cell("SELECT count(*) FROM v_pairs WHERE state = 'linked'"), "2");
  world.edit_contact(one, "phone", mara().phone);
  world.settle();
  EXPECT_EQ(world.cell("SELECT count(*) FROM v_parked"), "0");
  world.expect_converged();
  world.expect_quiet();
}

TEST(NewNumber, ClearedAtHighLevelKeepsTheKey) {
  World world;
  const auto id = world.contact(mara());
  world.settle();
  world.edit_contact(id, "phone", "");
  world.settle();
  EXPECT_EQ(world.state_of(id), "linked");
  EXPECT_EQ(world.rows_of(mara().phone).size(), 1U);
  EXPECT_EQ(world.highlevel_value(id, "phone"), "") << "not written back";
  world.edit_contact(id, "city", "Geneva");
  world.settle();
  EXPECT_EQ(world.rows_of(mara().phone).at(0).who.city, "Geneva");
  world.expect_converged({"phone"});
  world.expect_quiet();
}

TEST(Aliases, CallsFromAnAdditionalNumberBelongToTheContact) {
  World world;
  const auto id = world.contact(mara());
  world.highlevel.add_other_phone(id, kNew);
  world.call(mara().phone, "Mara Lindgren", "", mara().email);
  world.settle();
  const std::int64_t other = world.call(kNew, "Mara Lindgren");
  world.ctm_staff.tag(other, "mobile");
  world.settle();
  EXPECT_EQ(world.highlevel.contact_count(), 1U);
  EXPECT_EQ(world.pair_of(kNew), world.pair_of(id));
  EXPECT_EQ(world.cell("SELECT role FROM v_identities WHERE kind = 'id' AND value = ?", {kNew}), "alias");
  EXPECT_TRUE(canonical_tags(world.at_highlevel(id).tags).contains("mobile"));
  world.expect_converged();
  world.expect_quiet();
}

TEST(Aliases, FieldsOfAnAliasNeverFightThePrimarys) {
  World world;
  const auto id = world.contact(mara());
  world.highlevel.add_other_phone(id, kNew);
  world.call(mara().phone, "Mara Lindgren", "", mara().email);
  world.settle();
  world.clock.tick(World::kHourMs);
  sim::CtmNewActivity made;
  made.number = kNew;
  made.name = "Front Office";
  made.city = "Chicago";
  const std::int64_t other = world.ctm_staff.call(made);
  world.settle();
  EXPECT_EQ(world.highlevel_value(id, "first_name"), "Mara");
  EXPECT_EQ(world.highlevel_value(id, "city"), "Aurora");
  world.edit_call(other, "city", "Cicero");
  world.settle();
  EXPECT_EQ(world.highlevel_value(id, "city"), "Aurora");
  EXPECT_EQ(world.ctm.account().activity(other)->who.name, "Front Office") << "nor is the alias corrected";
  world.expect_converged();
  world.expect_quiet();
}

TEST(Aliases, ANumberThatWasACallerOfItsOwnJoinsWhenItIsAdded) {
  World world;
  const auto id = world.contact(mara());
  world.call(mara().phone, "Mara Lindgren", "", mara().email);
  world.policy.create.highlevel = false;
  world.call(kNew, "Mara L");
  world.settle();
  EXPECT_EQ(world.state_of(kNew), "ctm_only");
  world.highlevel.add_other_phone(id, kNew);
  world.settle();
  EXPECT_EQ(world.pair_of(kNew), world.pair_of(id));
  world.expect_converged();
  world.expect_quiet();
}

TEST(Aliases, TagsAreRemovedFromTheActivitiesOfEveryNumber) {
  World world;
  const auto id = world.contact(mara());
  world.highlevel.add_other_phone(id, kNew);
  world.ctm_staff.tag(world.call(mara().phone, "Mara Lindgren"), "tile");
  world.ctm_staff.tag(world.call(kNew, "Mara Lindgren"), "Tile");
  world.settle();
  world.tag_contact(id, "tile", false);
  world.settle();
  EXPECT_TRUE(world.tags_of(mara().phone).empty());
  EXPECT_TRUE(world.tags_of(kNew).empty());
  world.expect_converged();
  world.expect_quiet();
}
}  // namespace
}  // namespace tandem
