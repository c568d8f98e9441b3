// A restriction that somebody set is never loosened by us (P40): no write of ours touches it, whatever else
// of the person is edited, cleared, replaced, held or made again.
#include "tests/scenario/agreed.h"

namespace tandem {
namespace {
using sim::highlevel::Actor;

TEST(OptOut, StaysAsPeopleSetItWhateverElseIsWritten) {
  Agreed world;
  sim::PersonCard listed = odile();
  const std::string row = world.contact(listed);  // a row of the list, which is replaced below
  world.settle();
  sim::highlevel::Patch restrict;
  restrict.dnd = true;
  restrict.dnd_settings = sim::highlevel::DndSettings{{"SMS", {"active", "asked on the phone", ""}}};
  for (const auto& id : {world.id, row}) ASSERT_TRUE(world.highlevel.update(id, restrict, Actor::staff));
  for (const auto& number : {world.number, listed.phone}) ASSERT_TRUE(world.ctm_staff.opt_out(number).ok());
  const auto before = world.at_highlevel(world.id).dnd_settings;
  world.edit_call(world.activity, "city", "Elgin");
  world.edit_contact(world.id, "address1", "");
  world.edit_contact(row, "city", "Wheaton");
  world.edit_contact(row, "first_name", "Odette");
  world.tag_contact(world.id, "hot");
  world.settle();
  world.forget();  // everybody is met for the first time once more
  world.edit_call(world.activity, "city", "Batavia");
  world.settle();
  EXPECT_GT(world.api_writes(), 3U) << "there was something to write";
  for (const auto& id : {world.id, row}) {
    EXPECT_TRUE(world.at_highlevel(id).dnd);
    EXPECT_EQ(world.at_highlevel(id).dnd_settings, before);
  }
  EXPECT_EQ(world.ctm.account().opt_outs, (std::set<std::string>{world.number, listed.phone}));
}
}  // namespace
}  // namespace tandem
