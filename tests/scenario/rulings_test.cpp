// A person overrules the matching: link, unlink, keep apart; it holds against every later match.
#include "tests/scenario/agreed.h"

namespace tandem {
namespace {
using Kind = Ruling::Kind;

TEST(Ruling, LinksTwoThatNothingElseWouldLink) {
  World world;
  const auto id = world.contact(odile());
  world.call(jonas().phone, "Jonas Abara");
  world.policy.create = {false, false};
  world.settle();
  ASSERT_EQ(world.state_of(id), "highlevel_only");
  world.rule_on_match(Kind::link, jonas().phone, id);
  world.settle();
  EXPECT_EQ(world.state_of(id), "linked");
  EXPECT_EQ(world.pair_of(id), world.pair_of(jonas().phone));
  EXPECT_EQ(world.at_highlevel(id).at(sim::highlevel::Field::first_name), "Odile")
      << "a link alone overwrites nothing: what differs waits in the conflicts";
  world.edit_contact(id, "city", "Geneva");
  world.settle();
  EXPECT_EQ(world.newest_call(jonas().phone).city, "Geneva");
  world.expect_quiet();
}

TEST(Ruling, LinkTakesARecordFromItsPresentPartner) {
  Agreed world;
  const auto other = world.contact(odile());
  world.settle();
  world.rule_on_match(Kind::link, world.number, other);
  world.settle();
  EXPECT_EQ(world.pair_of(world.number), world.pair_of(other));
  EXPECT_EQ(world.state_of(other), "linked");
  EXPECT_NE(world.pair_of(world.id), world.pair_of(world.number));
  EXPECT_EQ(world.highlevel.contact_count(), 2U);
  world.expect_quiet();
}

TEST(Ruling, WaitsForARecordThatIsNotKnownYet) {
  Agreed world;
  world.rule_on_match(Kind::link, "+13125550199", world.id);
  world.settle();
  EXPECT_EQ(world.pair_of(world.id), world.pair_of(world.number));
  world.policy.create = {false, false};
  world.call("+13125550199", "Somebody Else");
  world.settle();
  EXPECT_EQ(world.pair_of(world.id), world.pair_of("+13125550199"));
  world.expect_quiet();
}

TEST(Ruling, UnlinkLeavesBothAsTheyAreForGood) {
  Agreed world;
  world.rule_on_match(Kind::unlink, world.number, world.id);
  world.settle();
  for (const auto& any : {world.number, world.id}) EXPECT_EQ(world.state_of(any), "ignored");
  world.edit_contact(world.id, "city", "Geneva");
  world.edit_call(world.activity, "street", "7 Mill Road");
  world.call(world.number, "Mara Lindgren", "", mara().email);
  world.settle();
  for (const auto& any : {world.number, world.id}) EXPECT_EQ(world.state_of(any), "ignored");
  EXPECT_NE(world.newest_call(world.number).city, "Geneva");
  EXPECT_EQ(world.highlevel.contact_count(), 1U);
  EXPECT_EQ(world.rows_of(world.number).size(), 0U);
  world.expect_quiet();
  world.rule_on_match(Kind::link, world.number, world.id);
  world.settle();
  EXPECT_EQ(world.state_of(world.id), "linked") << "until a person links them again";
  world.expect_quiet();
}

TEST(Ruling, KeptApartIsNeverLinkedAgainAndNobodyIsAskedAboutIt) {
  Agreed world;
  world.rule_on_match(Kind::keep_apart, world.number, world.id);
  world.settle();
  EXPECT_NE(world.pair_of(world.number), world.pair_of(world.id));
  world.call(world.number, "Mara Lindgren", "", mara().email);
  world.edit_contact(world.id, "city", "Geneva");
  world.settle();
  EXPECT_NE(world.pair_of(world.number), world.pair_of(world.id));
  EXPECT_EQ(world.highlevel.contact_count(), 1U);
  EXPECT_EQ(world.cell("SELECT held FROM v_status"), "0");
  world.edit_contact(world.id, "phone", "+13125550177");
  world.edit_contact(world.id, "email", "another@example.org");
  world.settle();
  EXPECT_EQ(world.state_of(world.id), "linked") << "with a number of its own it is somebody again";
  EXPECT_NE(world.pair_of(world.number), world.pair_of(world.id));
}

TEST(Ruling, GivenBeforeTheFirstCycleKeepsApartFromTheStart) {
  World world;
  world.policy.create = {false, false};
  const auto id = world.contact(mara());
  world.rule_on_match(Kind::keep_apart, mara().phone, id);
  world.call(mara().phone, "Mara Lindgren", "", mara().email);
  world.settle();
  EXPECT_NE(world.pair_of(mara().phone), world.pair_of(id));
  world.expect_quiet();
}
}  // namespace
}  // namespace tandem
