// Corners of the planner; each test was once a mutant that nothing noticed.
#include <gtest/gtest.h>

#include <algorithm>

#include "core/merge/plan.h"

namespace tandem {
namespace {

// Two sides of records; every field agreed on one value until a test changes it.
struct Desk {
  PerSide<Capabilities> can;
  Policy policy;
  PairState pair;

  Desk() {
    for (const Side s : kSides) {
      can[s].create = can[s].update = can[s].has_records = true;
      for (const auto& rule : Mapping::standard_rules())
        can[s].surface[SourceKind::record][rule.name] = Access::read_write;
      pair.record[s] = RecordId{s == Side::ctm ? "+13125550123" : "aB3dE5fG7hJ9kL1mN2pQ"};
    }
    can.ctm.keyed_by_phone = true;
    set_rules(Mapping::standard_rules());
    pair.id = PairId{7};
    pair.status = PairStatus::linked;
    agree("phone", "+13125550123");
    agree("city", "Aurora");
  }
  void set_rules(std::vector<FieldRule> rules) { policy.mapping = Mapping(std::move(rules), "US"); }
  void agree(const std::string& name, const std::string& text) {
    const FieldValue value = FieldValue::of(text);
    pair.fields[name].base = pair.fields[name].seen = {value, value};
  }
  void shows(Side s, const std::string& name, const std::string& text) {
    pair.fields[name].seen[s] = FieldValue::of(text);
  }
  PlanInput input;
  [[nodiscard]] PairPlan make() {
    input.pair = &pair;
    input.capabilities = {&can.ctm, &can.highlevel};
    return plan(input, policy);
  }
};

TEST(PlanEdges, AnUnmappedPhoneKeepsItsKeyWhateverTheOtherSideShows) {
  Desk desk;
  desk.shows(Side::highlevel, "phone", "+13125550199");
  ASSERT_EQ(desk.make().writes.size(), 1U) << "mapped, it is a new key";
  auto rules = Mapping::standard_rules();
  for (auto& rule : rules)
    if (rule.name == "phone") rule.direction = Direction::off;
  desk.set_rules(rules);
  EXPECT_TRUE(desk.make().writes.empty());
  std::erase_if(rules, [](const FieldRule& r) { return r.name == "phone"; });
  desk.set_rules(rules);
  EXPECT_TRUE(desk.make().writes.empty());
}

TEST(PlanEdges, AFieldThatOneSideLacksIsNobodysBusiness) {
  Desk desk;
  desk.agree("company", "Tiles & Co");
  desk.shows(Side::highlevel, "company", "Tiles and Co");
  const PairPlan plan = desk.make();
  EXPECT_TRUE(plan.writes.empty());
  EXPECT_TRUE(plan.parked.empty()) << "nothing was refused";
  EXPECT_TRUE(plan.bases.empty());
}

TEST(PlanEdges, AnUpdateSpeaksOfItsFieldsOnly) {
  Desk desk;
  desk.shows(Side::ctm, "city", "Elgin");
  const PairPlan plan = desk.make();
  ASSERT_EQ(plan.writes.size(), 1U);
  EXPECT_EQ(plan.writes[0].why, (decltype(plan.writes[0].why){{"city", "edited in ctm"}}));
}

TEST(PlanEdges, ADecisionForBothSidesWaitsUntilBothAnswer) {
  Desk desk;
  desk.shows(Side::ctm, "city", "Elgin");
  desk.shows(Side::highlevel, "city", "Joliet");
  desk.pair.resolutions["city"] = {Resolution::Take::value, "Batavia", desk.pair.fields["city"].seen};
  desk.input.writable.ctm = false;
  const PairPlan waiting = desk.make();
  EXPECT_TRUE(waiting.writes.empty());
  EXPECT_TRUE(waiting.conflicts.empty()) << "it is decided, and only waits";
  EXPECT_TRUE(waiting.unsettled);
  desk.input.writable.ctm = true;
  EXPECT_EQ(desk.make().writes.size(), 2U);
}

TEST(PlanEdges, ASingleFieldLeavesNothingToCome) {
  Desk desk;
  desk.shows(Side::ctm, "city", "Elgin");
  Parked parked;
  parked.side = Side::highlevel;
  parked.field = Parked::kOneOfSeveral;
  parked.input = parked_input(desk.pair, parked.field, "");
  desk.pair.parked = {parked};
  EXPECT_FALSE(desk.make().unsettled);
  desk.agree("state", "IL");
  desk.shows(Side::ctm, "state", "IA");
  desk.pair.parked[0].input = parked_input(desk.pair, parked.field, "");
  EXPECT_TRUE(desk.make().unsettled) << "of two the second is still to come";
}

TEST(PlanEdges, NothingIsMadeWhereNothingCanBe) {
  Desk desk;
  desk.pair.status = PairStatus::ctm_only;
  ASSERT_EQ(desk.make().writes.size(), 1U);
  desk.can.highlevel.create = false;
  const PairPlan plan = desk.make();
  EXPECT_TRUE(plan.writes.empty());
  EXPECT_FALSE(plan.note.empty()) << "and it is said why";
}

TEST(PlanEdges, ABlindFieldIsKnownButNotAgreedAtFirstMeeting) {
  Desk desk;
  desk.can.highlevel.surface[SourceKind::record]["city"] = Access::write_only;
  desk.pair.fields["city"] = {};
  desk.shows(Side::ctm, "city", "Elgin");
  const PairPlan plan = desk.make();
  EXPECT_TRUE(plan.writes.empty());
  ASSERT_EQ(plan.bases.size(), 1U);
  EXPECT_FALSE(plan.bases[0].agreed);
  EXPECT_EQ(plan.bases[0].base, (PerSide<FieldValue>{FieldValue::of("Elgin"), FieldValue()}));
}

TEST(PlanEdges, AStaleSourceOfASideThatIsAwayIsNotCorrected) {
  Desk desk;
  desk.can.ctm.has_records = false;
  desk.can.ctm.surface[SourceKind::activity]["city"] = Access::read_write;
  SourceRow call;
  call.ref = {SourceKind::activity, "a1"};
  call.person = desk.pair.record.ctm;
  call.shown["city"] = FieldValue::of("Elgin");
  desk.input.sources.ctm = {call};
  ASSERT_EQ(desk.make().writes.size(), 1U);
  desk.input.writable.ctm = false;
  const PairPlan plan = desk.make();
  EXPECT_TRUE(plan.writes.empty());
  EXPECT_TRUE(plan.unsettled);
  desk.input.writable.ctm = true;
  Parked parked;
  parked.side = Side::ctm;
  parked.field = "city";
  parked.input = parked_input(desk.pair, "city", "");
  desk.pair.parked = {parked};
  EXPECT_TRUE(desk.make().writes.empty()) << "a correction that was refused is not tried again";
}

TEST(PlanEdges, AWholeImageTakesFromTheOtherSideWhatThisOneNeverShowed) {
  Desk desk;
  desk.can.ctm.has_records = false;
  desk.can.ctm.surface[SourceKind::activity]["city"] = Access::read_write;
  SourceRow call;
  call.ref = {SourceKind::activity, "a1"};
  desk.input.sources.ctm = {call};
  desk.shows(Side::highlevel, "city", "Elgin");
  desk.shows(Side::highlevel, "state", "IL");  // refused at CTM, so it is not what is written
  Parked parked;
  parked.side = Side::ctm;
  parked.field = "state";
  parked.input = parked_input(desk.pair, "state", "");
  desk.pair.parked = {parked};
  const PairPlan plan = desk.make();
  ASSERT_EQ(plan.writes.size(), 1U);
  EXPECT_EQ(plan.writes[0].fields, (FieldMap{{"city", FieldValue::of("Elgin")}}));
  const WireFields& whole = plan.writes[0].write.whole;
  const auto state =
      std::find_if(whole.begin(), whole.end(), [](const auto& f) { return f.first == "state"; });
  ASSERT_NE(state, whole.end());
  EXPECT_EQ(state->second.text, "IL");
}

}  // namespace
}  // namespace tandem
