// People who are known on both sides, on one side, or to nobody.
#include "tests/scenario/world.h"

namespace tandem {
namespace {
TEST(Linking, ACallerAndAContactWithOneNumberAndNameBecomeOnePair) {
  World world;
  sim::PersonCard card = mara();
  card.email = "";
  const auto id = world.contact(card);
  world.call(card.phone, "Mara Lindgren");
  world.settle();
  EXPECT_EQ(world.state_of(id), "linked");
  EXPECT_EQ(world.pair_of(id), world.pair_of(card.phone));
  EXPECT_EQ(world.newest_call(card.phone).city, "Aurora") << "a blank is filled at first meeting";
  world.expect_converged();
  world.expect_quiet();
}

TEST(Linking, ARowAndAContactWithOneNumberAndNameBecomeOnePair) {
  World world;
  const auto id = world.contact(mara());
  sim::PersonCard card = mara();
  card.address1 = card.city = card.postal_code = "";
  world.row(card);
  world.settle();
  EXPECT_EQ(world.pair_of(id), world.pair_of(card.phone));
  EXPECT_EQ(world.rows_of(card.phone).at(0).who.city, "Aurora");
  world.expect_converged();
  world.expect_quiet();
}

TEST(Linking, AnEmailAloneLinksPeopleWithDifferentNumbers) {
  World world;
  const auto id = world.contact(mara());
  world.call("+13125550199", "Mara Lindgren", "", "Mara.Lindgren@Example.org");
  world.settle();
  EXPECT_EQ(world.state_of(id), "linked");
  EXPECT_EQ(world.pair_of(id), world.pair_of("+13125550199"));
  EXPECT_EQ(world.highlevel_value(id, "phone"), "+13125550142")
      << "two numbers of one person: both stay as they are";
  world.expect_converged({"phone"});
  world.expect_quiet();
}

TEST(Linking, SpellingDifferencesAreNoOtherPerson) {
  World world;
  sim::PersonCard card = mara();
  card.email = "";
  card.first_name = "MARA";
  const auto id = world.contact(card);
  world.call(card.phone, "Mara  Lindgren");
  world.settle();
  EXPECT_EQ(world.state_of(id), "linked");
  EXPECT_EQ(world.cell("SELECT count(*) FROM v_conflicts WHERE is_open AND field <> 'first_name'"), "0");
  world.expect_converged({"name"});
  world.expect_quiet();
}

TEST(Linking, ASplitOrACaseThatDiffersIsNoConflict) {
  World world;
  sim::PersonCard card = mara();
  card.first_name = "Mara";
  card.last_name = "de la Cruz";
  const auto id = world.contact(card);
  world.call(card.phone, "MARA DE LA CRUZ");
  world.settle();
  EXPECT_EQ(world.state_of(id), "linked");
  EXPECT_EQ(world.cell("SELECT count(*) FROM v_conflicts"), "0");
  EXPECT_EQ(world.newest_call(card.phone).name, "MARA DE LA CRUZ");
  EXPECT_EQ(world.highlevel_value(id, "last_name"), "de la Cruz");
  world.expect_quiet();
  // From then on an edit travels, and the half that nobody touched stays as it is.
  world.call(card.phone, "Ida DE LA CRUZ");
  world.settle();
  EXPECT_EQ(world.highlevel_value(id, "first_name"), "Ida");
  EXPECT_EQ(world.highlevel_value(id, "last_name"), "de la Cruz");
  world.expect_quiet();
}

TEST(Linking, TheContactsOwnNumberIsAnAliasOfItsCaller) {
  World world;
  const auto id = world.contact(mara());
  world.call("+13125550199", "Mara Lindgren", "", "Mara.Lindgren@Example.org");
  world.settle();
  world.call(mara().phone, "Mara Lindgren");
  world.settle();
  EXPECT_EQ(world.pair_of(mara().phone), world.pair_of(id));
  EXPECT_EQ(world.cell("SELECT ctm_id FROM v_pairs WHERE highlevel_id = ?", {id}), "+13125550199");

  world.expect_quiet();
}

TEST(Linking, OneNumberAndTwoNamesIsHeldAndNothingIsWritten) {
  World world;
  sim::PersonCard card = mara();
  card.email = "";
  const auto id = world.contact(card);
  world.call(card.phone, "Piotr Zawadzki");
  world.settle();
  EXPECT_EQ(world.state_of(id), "held");
  EXPECT_EQ(world.state_of(card.phone), "held");
  EXPECT_EQ(world.api_writes(), 0U);
  EXPECT_EQ(world.last.outcome, Outcome::needs_person);
  world.expect_quiet();
}

TEST(Linking, ANewCallerBecomesAContact) {
  World world;
  world.call(jonas().phone, "Jonas Abara", "", jonas().email);
  world.settle();
  const auto id = world.contact_with_phone(jonas().phone);
  ASSERT_NE(id, "");
  EXPECT_EQ(world.highlevel_value(id, "first_name"), "Jonas");
  EXPECT_EQ(world.highlevel_value(id, "last_name"), "Abara");
  EXPECT_EQ(world.highlevel_value(id, "email"), jonas().email);
  world.expect_converged();
  world.expect_quiet();
}

TEST(Linking, AContactWithANumberBecomesAListRow) {
  World world;
  sim::PersonCard card = odile();
  card.custom["project_kind"] = "Kitchen";
  const auto id = world.contact(card);
  world.settle();
  const auto rows = world.rows_of(card.phone);
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows[0].who.name, "Odile Marchetti");
  EXPECT_EQ(rows[0].who.email, card.email) << "written though a row does not show it (P37)";
  EXPECT_EQ(rows[0].who.street, "4 Quarry Lane");
  EXPECT_EQ(rows[0].who.custom.at("project_kind"), "Kitchen");
  EXPECT_EQ(world.state_of(id), "linked");
  world.expect_converged();
  world.expect_quiet();
}

TEST(Linking, AContactWithoutANumberCreatesNothing) {
  World world;
  sim::PersonCard card = mara();
  card.phone = "";
  const auto id = world.contact(card);
  world.settle();
  EXPECT_EQ(world.api_writes(), 0U);
  EXPECT_EQ(world.state_of(id), "highlevel_only");
  EXPECT_EQ(world.last.outcome, Outcome::converged) << "a contact without a phone needs nobody";
  world.expect_quiet();
}

TEST(Linking, NobodyIsNobody) {  // P35
  World world;
  world.ctm_staff.anonymous_call("+");
  world.ctm_staff.anonymous_call("");
  world.ctm_staff.call_from_own_number();
  world.ctm_staff.call_from_own_number(true);
  world.ctm_staff.call_from_agent();
  world.call("+266696687", "Anonymous");
  sim::PersonCard own = mara();
  own.email = "";
  own.phone = world.ctm.account().numbers.front().number;
  world.contact(own);
  world.call(jonas().phone, "Jonas Abara");
  world.settle();
  EXPECT_EQ(world.highlevel.contact_count(), 2U) << "only Jonas was created";
  EXPECT_NE(world.contact_with_phone(jonas().phone), "");
  EXPECT_TRUE(world.ctm.account().live_rows(world.ctm.sync_list()).empty());
  EXPECT_EQ(world.cell("SELECT count(*) FROM v_pairs WHERE state = 'linked'"), "1");
  world.expect_converged();
  world.expect_quiet();
}

TEST(Linking, AnEmptyStateFindsEverybodyAgain) {  // P23
  World world;
  const auto id = world.contact(mara());
  world.call(mara().phone, "Mara Lindgren", "", mara().email);
  world.call(jonas().phone, "Jonas Abara");
  world.contact(odile());
  world.settle();
  world.expect_converged();
  const std::size_t contacts = world.highlevel.contact_count();
  world.edit_contact(id, "city", "Elgin");
  world.forget();
  const std::size_t writes = world.api_writes();
  world.settle();
  EXPECT_EQ(world.highlevel.contact_count(), contacts);
  EXPECT_EQ(world.rows_of(odile().phone).size(), 1U);
  EXPECT_EQ(world.pair_of(id), world.pair_of(mara().phone));
  EXPECT_EQ(world.api_writes(), writes) << "two different values without a base are nobody's to overwrite";
  EXPECT_EQ(world.cell("SELECT field FROM v_conflicts WHERE is_open"), "city");
  world.expect_converged({"city"});
  world.expect_quiet();
}
}  // namespace
}  // namespace tandem
