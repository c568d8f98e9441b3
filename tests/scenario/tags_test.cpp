// Tags: a set on the contact at HighLevel, the union over a person's activities at CTM (P17, P45).
#include "tests/scenario/world.h"

namespace tandem {
namespace {
using Tags = std::vector<std::string>;

struct Tagged : World {
  Tagged() {
    sim::PersonCard card = mara();
    card.tags = {"VIP"};
    id = contact(card);
    older = call(card.phone, "Mara Lindgren");
    ctm_staff.tag(older, "tile");
    clock.tick(kHourMs);
    newer = call(card.phone, "Mara Lindgren");
    settle();
    EXPECT_EQ(at_highlevel(id).tags.size(), 2U);
    expect_converged();
  }
  std::string number = mara().phone, id;
  std::int64_t older = 0, newer = 0;
};

TEST(Tags, OfBothSidesAreUnitedAtFirstMeeting) {
  Tagged world;
  EXPECT_EQ(world.tags_of(world.number), (Tags{"tile", "vip"}));
  EXPECT_EQ(world.ctm.account().activity(world.newer)->tags, Tags{"vip"})
      << "an added tag goes to the newest activity";
  world.expect_quiet();
}

TEST(Tags, AddedOnEitherSideArriveOnTheOther) {
  Tagged world;
  world.ctm_staff.tag(world.older, "Spring Fair");
  world.tag_contact(world.id, "newsletter");
  world.settle();
  EXPECT_EQ(world.tags_of(world.number), (Tags{"Spring Fair", "newsletter", "tile", "vip"}));
  EXPECT_EQ(canonical_tags(world.at_highlevel(world.id).tags),
            (TagSet{"newsletter", "spring fair", "tile", "vip"}));
  world.expect_converged();
  world.expect_quiet();
}

TEST(Tags, RemovedAtHighLevelAreRemovedFromEveryActivityThatHasThem) {
  Tagged world;
  world.ctm_staff.tag(world.newer, "TILE");
  world.settle();
  world.tag_contact(world.id, "tile", false);
  world.settle();
  EXPECT_EQ(world.tags_of(world.number), Tags{"vip"});
  world.expect_converged();
  world.expect_quiet();
}

TEST(Tags, RemovedFromOneOfTwoActivitiesStay) {
  Tagged world;
  world.ctm_staff.tag(world.newer, "tile");
  world.settle();
  world.ctm_staff.untag(world.older, "tile");
  world.settle();
  EXPECT_EQ(canonical_tags(world.at_highlevel(world.id).tags), (TagSet{"tile", "vip"}));
  world.ctm_staff.untag(world.newer, "tile");
  world.settle();
  EXPECT_EQ(canonical_tags(world.at_highlevel(world.id).tags), TagSet{"vip"});
  world.expect_converged();
  world.expect_quiet();
}

TEST(Tags, AddedOnOneSideAndRemovedOnTheOtherStay) {
  Tagged world;
  world.tag_contact(world.id, "tile", false);
  world.ctm_staff.tag(world.newer, "hot");
  world.ctm_staff.untag(world.newer, "vip");
  world.tag_contact(world.id, "hot");
  world.settle();
  EXPECT_EQ(canonical_tags(world.at_highlevel(world.id).tags), TagSet{"hot"});
  EXPECT_EQ(world.tags_of(world.number), Tags{"hot"});
  world.expect_converged();
  world.expect_quiet();
}

TEST(Tags, OfACallAppearLateAndAreSeen) {
  Tagged world;
  sim::CtmNewActivity made;
  made.number = world.number;
  made.tags = {"missed twice"};
  world.ctm_staff.call(made);
  world.clock.tick(2000);
  world.cycle();  // while it rings: the flow's tags come with its end
  world.clock.tick(World::kHourMs);
  world.settle();
  EXPECT_TRUE(canonical_tags(world.at_highlevel(world.id).tags).contains("missed twice"));
  world.expect_converged();
  world.expect_quiet();
}

TEST(Tags, WaitForAFirstCall) {
  World world;
  sim::PersonCard card = odile();
  card.tags = {"vip"};
  const auto id = world.contact(card);
  world.settle();
  EXPECT_EQ(world.state_of(id), "linked");
  EXPECT_EQ(world.last.outcome, Outcome::converged) << "tags that wait need nobody";
  world.expect_quiet();
  world.call(card.phone);
  world.settle();
  EXPECT_EQ(world.tags_of(card.phone), Tags{"vip"});
  world.expect_converged();
  world.expect_quiet();
}

TEST(Tags, RemovedBeforeTheFirstCallDoNotComeBack) {
  World world;
  sim::PersonCard card = odile();
  card.tags = {"vip", "tile"};
  const auto id = world.contact(card);
  world.settle();
  world.tag_contact(id, "vip", false);
  world.settle();
  world.call(card.phone);
  world.settle();
  EXPECT_EQ(world.tags_of(card.phone), Tags{"tile"});
  world.expect_converged();
  world.expect_quiet();
}

TEST(Tags, OfAThirdPartyBetweenReadAndWriteSurvive) {
  Tagged world;
  world.tag_contact(world.id, "newsletter");
  bool done = false;
  const auto step = world.wire(Side::ctm).before;
  world.wire(Side::ctm).before = [&](const std::string& method, const std::string& path) {
    step(method, path);
    if (method != "POST" || path.find("/tag") == std::string::npos || done) return;
    done = true;
    world.ctm_staff.tag(world.newer, "from a trigger");
    world.tag_contact(world.id, "from a workflow");
  };
  world.settle();
  EXPECT_TRUE(done);
  EXPECT_EQ(canonical_tags(world.at_highlevel(world.id).tags),
            (TagSet{"from a trigger", "from a workflow", "newsletter", "tile", "vip"}));
  world.expect_converged();
  world.expect_quiet();
}

TEST(Tags, ThatAServerDropsAreNotSentForEver) {
  Tagged world;
  world.highlevel.switches().set("zoo.drop_unknown_tag", "on");
  world.ctm_staff.tag(world.newer, "unheard of");
  world.settle();
  EXPECT_EQ(canonical_tags(world.at_highlevel(world.id).tags), (TagSet{"tile", "vip"}));
  EXPECT_EQ(world.tags_of(world.number), (Tags{"tile", "unheard of", "vip"}));
  world.expect_quiet();
}

TEST(Tags, WithALostAnswerAreAllInTheAudit) {
  for (const auto kind : {sim::FaultKind::lost_before, sim::FaultKind::lost_after}) {
    Tagged world;
    world.ctm_staff.untag(world.older, "tile");
    sim::Fault lost;
    lost.kind = kind;
    lost.method = "DELETE";
    lost.path_has = "/tags";
    world.wire(Side::highlevel).faults.add(lost);
    world.settle();
    EXPECT_EQ(canonical_tags(world.at_highlevel(world.id).tags), TagSet{"vip"});
    EXPECT_EQ(world.cell("SELECT count(*) FROM v_history WHERE field = 'tags' AND old_value = 'tile'"), "1");
    world.expect_converged();
    world.expect_quiet();
  }
}
}  // namespace
}  // namespace tandem
