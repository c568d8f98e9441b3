// Corners of the planner; each test was once a mutant that nothing noticed.
#include <gtest/gtest.h>

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
  [[nodiscard]] PairPlan make() const {
    PlanInput input;
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

}  // namespace
}  // namespace tandem
