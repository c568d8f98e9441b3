#include "core/model/mapping.h"

#include <gtest/gtest.h>

namespace tandem {
namespace {

using Strings = std::vector<std::string>;

FieldRule custom(FieldType type = FieldType::choice,
                 std::vector<std::pair<std::string, std::string>> values = {}) {
  FieldRule rule;
  rule.name = "custom:kind";
  rule.type = type;
  rule.native.ctm = "custom:project_kind";
  rule.native.highlevel = "custom:contact.project_kind";
  rule.values = std::move(values);
  return rule;
}

Mapping standard() { return {Mapping::standard_rules(), "US"}; }
Mapping only(FieldRule rule) { return {{std::move(rule)}, "US"}; }

WireValue text(std::string value) { return {false, std::move(value), {}}; }
WireValue items(Strings values) { return {false, {}, std::move(values)}; }
FieldValue value(std::string v) { return FieldValue::of(std::move(v)); }

FieldValue read(const Mapping& m, Side side, WireValue raw) {
  const FieldRule& rule = m.rules().front();
  return value_of(m.project(side, m.normalise(side, {{rule.native[side], std::move(raw)}}), {}), rule.name);
}
WireValue written(const Mapping& m, Side side, const FieldValue& v) {
  const FieldMap whole{{m.rules().front().name, v}};
  const WireFields wire = m.to_native(side, whole, whole, {});
  return wire.empty() ? text("(nothing)") : wire.front().second;
}

TEST(Mapping, WordsOfTheConfigurationRoundTrip) {
  for (const char* word : {"both", "to_highlevel", "to_ctm", "off"})
    EXPECT_EQ(to_text(*direction_from(word)), word);
  for (const char* word : {"hold", "ctm", "highlevel", "newest"})
    EXPECT_EQ(to_text(*conflict_rule_from(word)), word);
  EXPECT_EQ(direction_from("BOTH"), std::nullopt);
  EXPECT_EQ(conflict_rule_from(""), std::nullopt);
}

TEST(Mapping, StandardRulesAreTheDocumentedDefaults) {
  const auto rules = Mapping::standard_rules();
  Strings names;
  for (const auto& r : rules) {
    names.push_back(r.name);
    EXPECT_EQ(r.direction, Direction::both);
    EXPECT_EQ(r.clears, Direction::to_ctm);
    EXPECT_EQ(r.conflict, ConflictRule::hold);
    EXPECT_EQ(r.native.highlevel, r.name);
    EXPECT_EQ(r.native.ctm, r.name == "company" || r.name == "website" ? "" : r.name);
  }
  EXPECT_EQ(names, (Strings{"first_name", "last_name", "email", "phone", "company", "address1", "city",
                            "state", "postal_code", "country", "website"}));
  EXPECT_EQ(standard().find("email")->type, FieldType::email);
  EXPECT_EQ(standard().find("phone")->type, FieldType::phone);
  EXPECT_EQ(standard().find("country")->type, FieldType::country);
  EXPECT_EQ(standard().find("fax"), nullptr);
}

TEST(Mapping, NativeNamesLeaveOutWhatIsOffOrNotThere) {
  EXPECT_EQ(standard().native_names(Side::ctm),
            (Strings{"name", "first_name", "last_name", "email", "phone", "address1", "city", "state",
                     "postal_code", "country"}));
  EXPECT_EQ(standard().native_names(Side::highlevel).size(), 11U);
  auto rules = Mapping::standard_rules();
  for (auto& r : rules)
    if (r.name == "first_name" || r.name == "last_name" || r.name == "city") r.direction = Direction::off;
  EXPECT_EQ(Mapping(rules, "US").native_names(Side::ctm),
            (Strings{"email", "phone", "address1", "state", "postal_code", "country"}));
}

TEST(Mapping, FingerprintFollowsWhatChangesCanonicalValues) {
  const auto print = [](auto change) {
    auto rules = Mapping::standard_rules();
    rules.push_back(custom(FieldType::choice, {{"Bath", "Bathroom"}}));
    change(rules);
    return Mapping(rules, "US").fingerprint();
  };
  const auto before = print([](auto&) {});
  EXPECT_EQ(print([](auto& r) { r.back().conflict = ConflictRule::ctm; }), before)
      << "policy is not normalising";
  EXPECT_EQ(print([](auto& r) { r.back().clears = Direction::off; }), before);
  EXPECT_EQ(print([](auto& r) { r.back().direction = Direction::to_ctm; }), before);
  EXPECT_NE(print([](auto& r) { r.back().direction = Direction::off; }), before);
  EXPECT_NE(print([](auto& r) { r.back().type = FieldType::text; }), before);
  EXPECT_NE(print([](auto& r) { r.back().native.ctm = "custom:other"; }), before);
  EXPECT_NE(print([](auto& r) { r.back().native.highlevel = "custom:contact.other"; }), before);
  EXPECT_NE(print([](auto& r) { r.back().values.front().first = "Tub"; }), before);
  EXPECT_NE(print([](auto& r) { r.back().values.front().second = "Tub"; }), before);
  EXPECT_NE(print([](auto& r) { r.back().name = "custom:b"; }), before);
  EXPECT_NE(print([](auto& r) { r.pop_back(); }), before);
  EXPECT_NE(Mapping(Mapping::standard_rules(), "US").fingerprint(),
            Mapping(Mapping::standard_rules(), "GB").fingerprint());
}

TEST(Mapping, NormaliseDropsWhatIsNotMapped) {
  const FieldMap seen = standard().normalise(Side::ctm, {{"email", text("A@X.test")},
                                                         {"name", text(" Mara  O'Neil")},
                                                         {"phone", text("(312) 555-0123")},
                                                         {"city", {}},
                                                         {"company", text("Tilework")},
                                                         {"agent", text("Ann")}});
  EXPECT_EQ(seen, (FieldMap{{"email", value("a@x.test")},
                            {"name", value("Mara O'Neil")},
                            {"phone", value("+13125550123")},
                            {"city", FieldValue::cleared()}}));
  EXPECT_EQ(standard().normalise(Side::highlevel, {{"name", text("Mara")}}), FieldMap{})
      << "derived there, never read";
}

TEST(Mapping, NationalNumbersUseTheDefaultCountry) {
  const Mapping british(Mapping::standard_rules(), "GB");
  EXPECT_EQ(british.normalise(Side::ctm, {{"phone", text("020 7946 0123")}}),
            (FieldMap{{"phone", value("+442079460123")}}));
}

FieldMap names(const char* first, const char* last) {
  return {{"first_name", value(first)}, {"last_name", value(last)}};
}
FieldMap shown(const char* whole) { return {{"name", value(whole)}}; }

TEST(MappingNames, AKnownSplitStandsAsLongAsTheWholeNameAgrees) {
  const Mapping m = standard();
  EXPECT_EQ(m.project(Side::ctm, shown("Maria de la Cruz"), names("Maria", "de la Cruz")),
            names("Maria", "de la Cruz"));
  EXPECT_EQ(m.project(Side::ctm, shown("Maria de la Cruz"), {}), names("Maria de la", "Cruz"));
  EXPECT_EQ(m.project(Side::ctm, shown("Maria de la Luz"), names("Maria", "de la Cruz")),
            names("Maria", "de la Luz"))
      << "the half that is still there";
  EXPECT_EQ(m.project(Side::ctm, shown("Ida de la Cruz"), names("Maria", "de la Cruz")),
            names("Ida", "de la Cruz"));
  EXPECT_EQ(m.project(Side::ctm, shown("Ida Mae Brandt"), names("Maria", "de la Cruz")),
            names("Ida Mae", "Brandt"));
  EXPECT_EQ(m.project(Side::ctm, shown("Cruz"), names("", "Cruz")), names("", "Cruz"));
  EXPECT_EQ(m.project(Side::ctm, shown("Cruz"), {}), names("Cruz", ""));
}

TEST(MappingNames, ABlankNameIsTwoBlankPartsAndASilentSurfaceIsNone) {
  EXPECT_EQ(standard().project(Side::ctm, shown(""), names("Maria", "Cruz")), names("", ""));
  EXPECT_EQ(standard().project(Side::ctm, {}, names("Maria", "Cruz")), FieldMap{});
  EXPECT_EQ(standard().project(Side::ctm, {{"name", FieldValue::absent()}}, {}), FieldMap{});
}

TEST(MappingNames, PartsShownBesideTheWholeNameWin) {
  const auto beside = [](const char* whole, FieldMap parts) {
    parts["name"] = value(whole);
    return standard().project(Side::ctm, parts, names("Maria", "de la Cruz"));
  };
  EXPECT_EQ(beside("Maria de la Cruz", names("Maria de", "la Cruz")), names("Maria de", "la Cruz"));
  EXPECT_EQ(beside("Maria de la Cruz", {{"first_name", value("Maria")}}), names("Maria", "de la Cruz"));
  EXPECT_EQ(beside("Maria de la Cruz", {{"last_name", value("Cruz")}}), names("Maria de la", "Cruz"));
  EXPECT_EQ(beside("Madonna", {{"first_name", value("Madonna")}}), names("Madonna", ""));
  EXPECT_EQ(beside("Mary Jane", {{"first_name", value("Mary Jane")}}), names("Mary Jane", ""));
  EXPECT_EQ(beside("Cruz", {{"last_name", value("Cruz")}}), names("", "Cruz"));
  EXPECT_EQ(beside("Maria de la Cruz", names("Maria", "")), names("Maria", "de la Cruz"));
  EXPECT_EQ(beside("Maria Luz", names("", "")), names("Maria", "Luz"))
      << "blank parts say nothing beside a name";
  EXPECT_EQ(beside("Mary Cruz", {{"first_name", value("Maria")}}), names("Maria", "Cruz"));
  EXPECT_EQ(beside("Maria Kruz", {{"last_name", value("Cruz")}}), names("Maria", "Cruz"));
}

TEST(MappingNames, OnlyMappedPartsAreProjected) {
  auto rules = Mapping::standard_rules();
  rules[1].direction = Direction::off;  // last_name
  EXPECT_EQ(Mapping(rules, "US").project(Side::ctm, shown("Maria Luz"), {}),
            (FieldMap{{"first_name", value("Maria")}}));
}

TEST(MappingNames, BothPartsAndTheWholeTravelTogether) {
  Capabilities joined;
  joined.joined_name = true;
  const Mapping m = standard();
  const FieldMap changed{{"first_name", value("Maria")}};
  EXPECT_EQ(
      m.to_native(Side::ctm, changed, names("Mia", "Cruz"), joined),
      (WireFields{{"first_name", text("Maria")}, {"last_name", text("Cruz")}, {"name", text("Maria Cruz")}}));
  EXPECT_EQ(m.to_native(Side::ctm, changed, {}, joined),
            (WireFields{{"first_name", text("Maria")}, {"last_name", {}}, {"name", text("Maria")}}));
  EXPECT_EQ(m.to_native(Side::ctm, {{"last_name", FieldValue::cleared()}}, names("", "Cruz"), joined),
            (WireFields{{"first_name", {}}, {"last_name", {}}, {"name", {}}}));
  EXPECT_EQ(m.to_native(Side::ctm, {{"city", value("Aurora")}}, names("Mia", "Cruz"), joined),
            (WireFields{{"city", text("Aurora")}}));
  EXPECT_EQ(m.to_native(Side::highlevel, changed, names("Mia", "Cruz"), {}),
            (WireFields{{"first_name", text("Maria")}}));
}

TEST(Mapping, ToNativeWritesOnlyWhatChangedAndIsKnown) {
  const FieldMap changed{{"city", FieldValue::cleared()},
                         {"state", FieldValue::absent()},
                         {"email", FieldValue()},
                         {"company", value("Tilework")},
                         {"fax", value("1")}};
  EXPECT_EQ(standard().to_native(Side::ctm, changed, {}, {}), (WireFields{{"city", {}}}));
  EXPECT_EQ(standard().to_native(Side::highlevel, changed, {}, {}),
            (WireFields{{"company", text("Tilework")}, {"city", {}}}));
  auto off = custom();
  off.direction = Direction::off;
  EXPECT_EQ(only(off).to_native(Side::ctm, {{"custom:kind", value("x")}}, {}, {}), WireFields{});
  EXPECT_EQ(only(off).project(Side::ctm, {{"custom:project_kind", value("x")}}, {}), FieldMap{});
}

TEST(MappingValues, TranslateBothWays) {
  const Mapping m = only(custom(FieldType::choice, {{"Bath", "Bathroom"}}));
  EXPECT_EQ(read(m, Side::ctm, text("Bath")), value("Bathroom"));
  EXPECT_EQ(read(m, Side::highlevel, text("Bathroom")), value("Bathroom"));
  EXPECT_EQ(written(m, Side::ctm, value("Bathroom")), text("Bath"));
  EXPECT_EQ(written(m, Side::highlevel, value("Bathroom")), text("Bathroom"));
  EXPECT_EQ(read(m, Side::ctm, text("Kitchen")), value("Kitchen")) << "unmapped passes through";
  EXPECT_EQ(written(m, Side::ctm, value("Kitchen")), text("Kitchen"));
  EXPECT_EQ(written(m, Side::ctm, FieldValue::cleared()), WireValue{});
}

TEST(MappingValues, TheOtherSidesSpellingMeansTheSame) {
  const Mapping m = only(custom(FieldType::choice, {{"Bath", "Bathroom"}}));
  EXPECT_EQ(read(m, Side::ctm, text("Bathroom")), value("Bathroom"));
  EXPECT_EQ(read(m, Side::highlevel, text("Bath")), value("Bathroom"));
}

TEST(MappingValues, ASwapIsOneToOne) {
  const Mapping m = only(custom(FieldType::choice, {{"A", "B"}, {"B", "A"}}));
  EXPECT_EQ(read(m, Side::ctm, text("A")), value("B"));
  EXPECT_EQ(read(m, Side::highlevel, text("A")), value("A"));
  EXPECT_EQ(written(m, Side::ctm, value("A")), text("B"));
  EXPECT_EQ(m.check(), Strings{});
}

TEST(MappingValues, ChoicesAreTranslatedOneByOne) {
  const Mapping m = only(custom(FieldType::choices, {{"rot", "red"}, {"zinc", "alu"}}));
  EXPECT_EQ(read(m, Side::ctm, text("zinc;rot;gold")), value("alu;gold;red"));
  EXPECT_EQ(written(m, Side::ctm, value("alu;gold;red")), items({"zinc", "gold", "rot"}));
  EXPECT_EQ(written(m, Side::highlevel, value("alu;red")), items({"alu", "red"}));
  EXPECT_EQ(m.check(), Strings{});
}

TEST(MappingValues, AreComparedInCanonicalForm) {
  const Mapping m = only(custom(FieldType::number, {{"yes", "1.0"}}));
  EXPECT_EQ(read(m, Side::ctm, text(" yes ")), value("1"));
  EXPECT_EQ(written(m, Side::ctm, value("1")), text("yes"));
}

// One problem that names what is wrong.
void expect_problem(const FieldRule& rule, const Strings& words) {
  const Strings problems = only(rule).check();
  ASSERT_EQ(problems.size(), 1U);
  for (const auto& word : words)
    EXPECT_NE(problems.front().find(word), std::string::npos) << problems.front();
}

TEST(MappingCheck, TheStandardRulesPass) { EXPECT_EQ(standard().check(), Strings{}); }

TEST(MappingCheck, TheSampleOfTheManualPasses) {
  EXPECT_EQ(only(custom(FieldType::choice, {{"Bath", "Bathroom"}})).check(), Strings{});
}

TEST(MappingCheck, ALossyMapMustBeOneWay) {
  auto two_to_one = custom(FieldType::choice, {{"Bath", "Wet"}, {"Pool", "Wet"}});
  expect_problem(two_to_one, {"custom:kind", "\"Bath\"", "\"Pool\"", "\"Wet\"", "to_highlevel"});
  two_to_one.direction = Direction::to_highlevel;
  EXPECT_EQ(only(two_to_one).check(), Strings{});
  two_to_one.direction = Direction::to_ctm;
  expect_problem(two_to_one, {"\"Wet\"", "to_highlevel"});

  auto one_to_two = custom(FieldType::choice, {{"Wet", "Bath"}, {"Wet", "Pool"}});
  expect_problem(one_to_two, {"\"Bath\"", "\"Pool\"", "\"Wet\"", "to_ctm"});
  one_to_two.direction = Direction::to_ctm;
  EXPECT_EQ(only(one_to_two).check(), Strings{});
  one_to_two.direction = Direction::to_highlevel;
  expect_problem(one_to_two, {"\"Wet\"", "to_ctm"});
}

TEST(MappingCheck, ValuesThatDifferOnlyInSpellingAreOneValue) {
  expect_problem(custom(FieldType::number, {{"a", "1"}, {"b", "1.0"}}), {"\"a\"", "\"b\"", "\"1\""});
  EXPECT_EQ(only(custom(FieldType::number, {{"a", "1"}, {" a", "1.0"}})).check(), Strings{})
      << "the same twice";
}

TEST(MappingCheck, BlankAndCompoundValuesAreRefused) {
  expect_problem(custom(FieldType::choice, {{"", "Bath"}}), {"blank", "\"Bath\""});
  expect_problem(custom(FieldType::choice, {{"Bath", " "}}), {"blank", "\"Bath\""});
  expect_problem(custom(FieldType::choices, {{"a|b", "Bath"}}), {"\"a;b\"", "several choices"});
  EXPECT_EQ(only(custom(FieldType::choice, {{"a;b", "Bath"}})).check(), Strings{})
      << "one choice may hold a semicolon";
}

TEST(MappingCheck, NamesTakeNoValueMap) {
  auto rules = Mapping::standard_rules();
  rules[0].values = {{"Bob", "Robert"}};
  const auto problems = Mapping(rules, "US").check();
  ASSERT_EQ(problems.size(), 1U);
  EXPECT_NE(problems.front().find("first_name"), std::string::npos);
}

TEST(MappingCheck, HalfANameMayNotBeWrittenToCtm) {
  auto rules = Mapping::standard_rules();
  rules[1].direction = Direction::off;
  const auto problems = Mapping(rules, "US").check();
  ASSERT_EQ(problems.size(), 1U);
  EXPECT_NE(problems.front().find("last_name is off"), std::string::npos);
  rules[0].direction = Direction::to_highlevel;
  EXPECT_EQ(Mapping(rules, "US").check(), Strings{}) << "read only";
  rules[0].direction = Direction::both;
  rules[1].direction = Direction::to_highlevel;
  EXPECT_EQ(Mapping(rules, "US").check(), Strings{}) << "known, though not written";
}

TEST(MappingCheck, OneNativeFieldHasOneWriter) {
  auto a = custom(), b = custom();
  b.name = "custom:copy";
  b.native.highlevel = "custom:contact.copy";
  const auto check = [&] { return Mapping({a, b}, "US").check(); };
  ASSERT_EQ(check().size(), 1U);
  EXPECT_NE(check().front().find("custom:project_kind"), std::string::npos);
  a.direction = b.direction = Direction::to_highlevel;
  EXPECT_EQ(check(), Strings{}) << "two copies of one field that is only read";
  a.direction = Direction::both;
  EXPECT_EQ(check().size(), 1U) << "the first one writes";
  a.direction = Direction::to_highlevel;
  b.type = FieldType::number;
  EXPECT_EQ(check().size(), 1U) << "one wire value cannot have two canonical forms";
}

}  // namespace
}  // namespace tandem
