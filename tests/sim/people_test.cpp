#include "tests/sim/people.h"

#include <gtest/gtest.h>
#include <phonenumbers/phonenumberutil.h>

#include <algorithm>
#include <set>

#include "tests/sim/staff.h"

namespace tandem::sim {
namespace {
TEST(People, HaveNumbersThatLibphonenumberCallsValid) {
  using i18n::phonenumbers::PhoneNumberUtil;
  std::set<std::string> phones;
  for (const auto& person : make_people(1, 2'000)) {
    const std::string& phone = (person.ctm ? person.ctm : person.highlevel)->phone;
    if (phone.empty()) continue;
    i18n::phonenumbers::PhoneNumber number;
    ASSERT_EQ(PhoneNumberUtil::GetInstance()->Parse(phone, "ZZ", &number), PhoneNumberUtil::NO_PARSING_ERROR)
        << phone;
    EXPECT_TRUE(PhoneNumberUtil::GetInstance()->IsValidNumber(number)) << phone;
    if (person.household == 0) {
      EXPECT_TRUE(phones.insert(phone).second) << phone << " is two people's";
    }
  }
}

TEST(People, AreTheSameForTheSameSeedWhateverTheCount) {
  const auto few = make_people(5, 30), many = make_people(5, 90), others = make_people(6, 30);
  int same = 0, differs = 0;
  for (std::size_t i = 0; i < few.size(); ++i) {
    same += few[i].highlevel == many[i].highlevel && few[i].ctm == many[i].ctm ? 1 : 0;
    differs += few[i].highlevel != others[i].highlevel ? 1 : 0;
  }
  EXPECT_EQ(same, 30);
  EXPECT_GT(differs, 15);
}

TEST(People, ComeInEveryKind) {
  int both = 0, highlevel_only = 0, ctm_only = 0, spelt_otherwise = 0, households = 0;
  for (const auto& person : make_people(1, 1'000)) {
    both += person.highlevel && person.ctm ? 1 : 0;
    highlevel_only += person.highlevel && !person.ctm ? 1 : 0;
    ctm_only += !person.highlevel ? 1 : 0;
    spelt_otherwise += person.highlevel && person.ctm && *person.highlevel != *person.ctm ? 1 : 0;
    households += person.household > 0 ? 1 : 0;
  }
  EXPECT_GT(both, 700);
  EXPECT_GT(highlevel_only, 50);
  EXPECT_GT(ctm_only, 50);
  EXPECT_GT(spelt_otherwise, 80);
  EXPECT_EQ(households, 80);
}

TEST(StaffTest, DoesWhatIsDueAndNothingBetween) {
  std::vector<std::string> acts;
  StaffSide side;
  side.phones = [] { return std::vector<std::string>{"+12015550100", "+12025550100"}; };
  side.edit = [&](const auto& phone, const auto& field, const auto& value) {
    acts.push_back(phone + field + value);
    return true;
  };
  side.tag = [&](const auto& phone, const auto& tag, bool add) {
    acts.push_back(phone + tag + (add ? "+" : "-"));
    return true;
  };
  side.arrive = [&](const PersonCard& card) { acts.push_back(card.phone); };
  side.call = [&](const auto& phone) { acts.push_back("call" + phone); };
  Staff staff(9, side, side);
  EXPECT_EQ(staff.step(1'000), 1) << "the first one at once";
  EXPECT_EQ(staff.step(1'000), 0);
  const int done = staff.step(1'000 + 600'000);
  EXPECT_NEAR(done, 600, 60);
  for (const auto kind : {"highlevel.edit", "ctm.edit", "both.edit", "highlevel.arrive", "ctm.arrive",
                          "highlevel.tag", "ctm.tag", "ctm.call"})
    EXPECT_GT(staff.done().at(kind), 0) << kind;

  const auto first = acts;
  acts.clear();
  Staff again(9, side, side);
  again.step(1'000);
  again.step(601'000);
  EXPECT_EQ(acts, first) << "same seed, same edits";
}
}  // namespace
}  // namespace tandem::sim
