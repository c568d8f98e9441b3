#include "core/merge/fold.h"

#include <gtest/gtest.h>

#include "core/tuning.h"

namespace tandem {
namespace {

FieldValue value(const char* text) { return FieldValue::of(text); }

Reading call(std::int64_t at_ms, FieldMap shown) {
  Reading r;
  r.at_ms = at_ms;
  r.high_water_ms = at_ms;
  r.shown = std::move(shown);
  return r;
}
Reading named(std::int64_t at_ms, const char* name) { return call(at_ms, {{"name", value(name)}}); }
Reading row(std::int64_t high_water_ms, FieldMap shown) {
  Reading r = call(high_water_ms, std::move(shown));
  r.kind = SourceKind::row;
  return r;
}

SourceRow known(FieldMap shown, std::int64_t at_ms = 0) {
  SourceRow s;
  s.shown = std::move(shown);
  s.at_ms = at_ms;
  return s;
}

const FieldValue& shows(const FoldState& state, const char* field = "name") {
  static const FieldValue unknown;
  const auto it = state.find(field);
  return it == state.end() ? unknown : it->second.value;
}
FoldState folded(std::initializer_list<Reading> readings, FoldState state = {}) {
  for (const auto& r : readings) state = fold(state, nullptr, r).fold;
  return state;
}

TEST(Fold, ANewValueOnANewerActivityIsAnEdit) {
  const FoldResult r = fold(folded({named(1'000, "Mara")}), nullptr, named(2'000, "Mia"));
  EXPECT_EQ(shows(r.fold), value("Mia"));
  EXPECT_EQ(r.edited, std::vector<std::string>{"name"});
  EXPECT_EQ(r.shown, (FieldMap{{"name", value("Mia")}}));
  EXPECT_EQ(r.fold.at("name").edited_at_ms, 2'000);
}

TEST(Fold, TheSameValueAgainIsNoNews) {
  const FoldResult r = fold(folded({named(1'000, "Mara")}), nullptr, named(2'000, "Mara"));
  EXPECT_EQ(shows(r.fold), value("Mara"));
  EXPECT_TRUE(r.edited.empty());
}

TEST(Fold, AnOlderActivityIsHistory) {
  const FoldResult r = fold(folded({named(2'000, "Mia")}), nullptr, named(1'000, "Mara"));
  EXPECT_EQ(shows(r.fold), value("Mia"));
  EXPECT_TRUE(r.edited.empty());
  const FoldResult fills = fold(r.fold, nullptr, call(1'000, {{"email", value("a@x.test")}}));
  EXPECT_EQ(shows(fills.fold, "email"), value("a@x.test")) << "a field never seen is filled by history too";
}

TEST(Fold, ABlankOnANewSourceSaysNothing) {
  const FoldResult r = fold(folded({named(1'000, "Mara")}), nullptr, named(2'000, ""));
  EXPECT_EQ(shows(r.fold), value("Mara"));
  EXPECT_EQ(r.shown, (FieldMap{{"name", FieldValue::cleared()}})) << "but it is remembered that it was blank";
  EXPECT_EQ(folded({row(1'000, {{"city", FieldValue::cleared()}})}), FoldState{});
  EXPECT_EQ(fold({}, nullptr, call(1, {{"name", FieldValue::absent()}})).shown, FieldMap{});
}

TEST(Fold, AChangeOfAKnownSourceIsAnEditHoweverOld) {
  const FoldState state = folded({named(5'000, "Mia"), named(1'000, "Mara")});
  const SourceRow old = known({{"name", value("Mara")}});
  Reading now = named(1'000, "Maria");
  now.high_water_ms = 5'000;
  const FoldResult r = fold(state, &old, now);
  EXPECT_EQ(shows(r.fold), value("Maria"));
  EXPECT_EQ(r.edited, std::vector<std::string>{"name"});
  EXPECT_GE(r.fold.at("name").edited_at_ms, 5'000) << "it was made after the newest activity known";
  EXPECT_EQ(shows(folded({named(5'000, "Zoe")}, r.fold)), value("Maria"))
      << "an activity of that moment is older";
  EXPECT_EQ(shows(folded({row(5'000, {{"name", value("Zoe")}})}, r.fold)), value("Maria"));
  EXPECT_EQ(shows(folded({named(6'000, "Zoe")}, r.fold)), value("Zoe"));
}

TEST(Fold, AKnownSourceAsLastSeenIsNothing) {
  const FoldState state = folded({named(5'000, "Mia")});
  const SourceRow old = known({{"name", value("Mara")}, {"email", value("a@x.test")}});
  const FoldResult r = fold(state, &old, named(9'000, "Mara"));
  EXPECT_EQ(r.fold, state);
  EXPECT_TRUE(r.edited.empty());
  EXPECT_EQ(r.shown, old.shown) << "what was not shown this time is not forgotten";
}

TEST(Fold, AKnownSourceThatFollowsTheFoldIsNoEdit) {
  const FoldState state = folded({named(5'000, "Mia")});
  const SourceRow old = known({{"name", value("Mara")}});
  Reading now = named(1'000, "Mia");
  now.high_water_ms = 9'000;
  const FoldResult r = fold(state, &old, now);
  EXPECT_EQ(r.fold, state);
  EXPECT_TRUE(r.edited.empty());
  EXPECT_EQ(r.shown, (FieldMap{{"name", value("Mia")}}));
}

TEST(Fold, ABlankOnAKnownActivityIsMereAbsenceOnARowItIsAClear) {
  const FoldState state = folded({named(5'000, "Mia")});
  const SourceRow old = known({{"name", value("Mia")}});
  const FoldResult on_call = fold(state, &old, named(5'000, ""));
  EXPECT_EQ(on_call.fold, state);
  EXPECT_EQ(on_call.shown, old.shown) << "and its last word stays";
  const FoldResult on_row = fold(state, &old, row(5'000, {{"name", FieldValue::cleared()}}));
  EXPECT_EQ(shows(on_row.fold), FieldValue::cleared());
  EXPECT_EQ(on_row.edited, std::vector<std::string>{"name"});
  EXPECT_EQ(shows(folded({named(5'000, "Zoe")}, on_row.fold)), FieldValue::cleared())
      << "older than the clear";
  EXPECT_EQ(shows(folded({named(6'000, "Zoe")}, on_row.fold)), value("Zoe"));
}

TEST(Fold, AValueWhereAKnownSourceShowedABlankIsAnEdit) {
  const FoldState state = folded({named(5'000, "Mia")});
  const SourceRow blank = known({{"name", FieldValue::cleared()}});
  EXPECT_EQ(shows(fold(state, &blank, named(1'000, "Maria")).fold), value("Maria"));
  const SourceRow silent = known({});
  EXPECT_EQ(shows(fold(state, &silent, named(1'000, "Maria")).fold), value("Mia"))
      << "a field that was not mapped until now is history, not a thousand edits";
}

TEST(Fold, ARedactedSourceChangesNothing) {  // P46
  const FoldState state = folded({named(5'000, "Mia")});
  const SourceRow old = known({{"name", value("Mia")}});
  for (const char* shown : {"", "[REDACTED]"}) {
    Reading r = row(9'000, {{"name", value(shown)}});
    r.redacted = true;
    const FoldResult one = fold(state, &old, r), other = fold(state, nullptr, r);
    EXPECT_EQ(one.fold, state);
    EXPECT_EQ(one.shown, old.shown);
    EXPECT_EQ(other.fold, state);
    EXPECT_EQ(other.shown, FieldMap{});
    EXPECT_TRUE(one.edited.empty() && other.edited.empty());
  }
}

// ---- our own writes (P33)

FoldState after_writing(const char* text, const FoldState& before,
                        const std::vector<SourceRow>& sources = {}) {
  return fold_written(before, {{"name", value(text)}}, sources);
}

TEST(FoldWritten, AReplacedValueOnANewCallIsStale) {
  const FoldState state = after_writing("Maria", folded({named(1'000, "Mara")}));
  EXPECT_EQ(shows(state), value("Maria"));
  const FoldResult r = fold(state, nullptr, named(9'000, "Mara"));
  EXPECT_EQ(r.fold, state);
  EXPECT_TRUE(r.edited.empty());
  EXPECT_EQ(shows(folded({named(9'000, "Zoe")}, state)), value("Zoe")) << "any other value is news";
}

TEST(FoldWritten, APersonWhoSetsTheOldValueBackIsHeard) {
  const FoldState state = after_writing("Maria", folded({named(1'000, "Mara")}));
  const SourceRow source = known({{"name", value("Maria")}});
  const FoldResult back = fold(state, &source, row(2'000, {{"name", value("Mara")}}));
  EXPECT_EQ(shows(back.fold), value("Mara"));
  EXPECT_EQ(back.edited, std::vector<std::string>{"name"});
  const FoldState later = after_writing("Zoe", folded({named(3'000, "Nina")}, back.fold));
  EXPECT_EQ(shows(folded({named(9'000, "Mara")}, later)), value("Mara"))
      << "set by a person since: no longer stale";
}

TEST(FoldWritten, EverySourceThatLagsBehindIsRemembered) {
  const std::vector<SourceRow> sources{known({{"name", value("Mia")}}, 4'000),
                                       known({{"name", value("Mara")}}, 1'000),
                                       known({{"name", FieldValue::cleared()}}, 500), known({}, 400)};
  const FoldState state = after_writing("Maria", folded({named(2'000, "Mia")}), sources);
  for (const char* stale : {"Mia", "Mara"})
    EXPECT_EQ(shows(folded({named(9'000, stale)}, state)), value("Maria")) << stale;
  EXPECT_EQ(shows(folded({named(3'000, "Zoe")}, state)), value("Maria"))
      << "we wrote after the newest source";
  EXPECT_EQ(state.at("name").replaced.size(), 2U);
}

TEST(FoldWritten, AValueReplacedOnceStaysStaleThoughWeWroteItAgain) {
  const FoldState state = after_writing("Mara", after_writing("Maria", folded({named(1'000, "Mara")})));
  EXPECT_EQ(shows(state), value("Mara"));
  EXPECT_EQ(folded({named(9'000, "Mara")}, state), state);
  EXPECT_EQ(shows(folded({named(2'000, "Zoe"), named(9'000, "Mara")}, state)), value("Zoe"));
}

TEST(FoldWritten, TheOldestReplacedValuesFallOut) {
  FoldState state = folded({named(1, "n0")});
  for (int i = 1; i <= tuning::kReplacedKept + 1; ++i)
    state = after_writing(("n" + std::to_string(i)).c_str(), state);
  EXPECT_EQ(state.at("name").replaced.size(), static_cast<std::size_t>(tuning::kReplacedKept));
  EXPECT_EQ(state.at("name").replaced.front(), value("n1"));
  EXPECT_EQ(state.at("name").replaced.back(), value(("n" + std::to_string(tuning::kReplacedKept)).c_str()));
}

TEST(FoldWritten, AClearOfOursIsKeptAndAnAbsentValueIsNone) {
  FoldState state = fold_written(folded({named(1'000, "Mara")}), {{"name", FieldValue::cleared()}}, {});
  EXPECT_EQ(shows(state), FieldValue::cleared());
  EXPECT_EQ(shows(folded({named(9'000, "Mara")}, state)), FieldValue::cleared());
  EXPECT_EQ(fold_written(state, {{"name", FieldValue()}}, {}), state);
}

TEST(FoldWritten, AValueOfOursIsNotCallerId) {
  Reading r = named(1'000, "MARA");
  r.caller_id_name = "MARA";
  EXPECT_TRUE(folded({r}).at("name").unconfirmed);
  EXPECT_FALSE(after_writing("Maria", folded({r})).at("name").unconfirmed);
}

TEST(Fold, WithinTheLagWindowTheOldValueIsLag) {
  SourceRow source = known({{"name", value("Maria")}, {"city", value("Aurora")}});
  source.before = {{"name", value("Mara")}, {"city", value("Aurora")}};
  source.lag_until_ms = 10'000;
  const FoldState state = after_writing("Maria", folded({named(1'000, "Mara")}));
  Reading r = row(2'000, {{"name", value("Mara")}, {"city", value("Aurora")}});
  r.now_ms = 9'999;
  const FoldResult lag = fold(state, &source, r);
  EXPECT_TRUE(lag.lagging);
  EXPECT_EQ(lag.fold, state);
  EXPECT_EQ(lag.shown, source.shown);

  r.now_ms = 10'000;
  const FoldResult later = fold(state, &source, r);
  EXPECT_FALSE(later.lagging);
  EXPECT_EQ(shows(later.fold), value("Mara")) << "after the window it is somebody's decision";

  r.now_ms = 1;
  r.shown["name"] = value("Zoe");
  EXPECT_EQ(shows(fold(state, &source, r).fold), value("Zoe")) << "another value is never lag";
  r.shown["name"] = value("Maria");
  EXPECT_FALSE(fold(state, &source, r).lagging) << "it shows our write";
  r.shown = {{"name", value("Mara")}, {"city", value("Elgin")}};
  EXPECT_TRUE(fold(state, &source, r).lagging)
      << "half an old reading: look again before believing either half";
}

// ---- caller-ID (P34)

TEST(UnconfirmedName, IsCallerIdPlaceOrNumber) {
  const FieldMap place{{"city", value("Escondido")}, {"state", value("CA")}};
  for (const char* name : {"Escondido Ca", "CA Escondido", "escondido, ca", "ESCONDIDO", "ONEIL MARA",
                           "Oneil, Mara", "+1 312-555-0123", "3125550123", "00", "--"})
    EXPECT_TRUE(is_unconfirmed_name(name, "ONEIL MARA", place, "+13125550123")) << name;
  for (const char* name : {"", "Mara O'Neil", "Escondido Nv", "CA", "Mara 2"})
    EXPECT_FALSE(is_unconfirmed_name(name, "ONEIL MARA", place, "+13125550123")) << name;
  EXPECT_FALSE(is_unconfirmed_name("CA", "", {{"state", value("CA")}}, ""));
  EXPECT_FALSE(is_unconfirmed_name("Mara", "", {}, ""));
}

Reading caller_id(std::int64_t at_ms, const char* name) {
  Reading r = named(at_ms, name);
  r.caller_id_name = name;
  return r;
}

TEST(Fold, CallerIdFillsABlankAndNothingElse) {
  const FoldState filled = folded({caller_id(1'000, "ONEIL MARA")});
  EXPECT_EQ(shows(filled), value("ONEIL MARA"));
  EXPECT_TRUE(filled.at("name").unconfirmed);
  EXPECT_TRUE(fold({}, nullptr, caller_id(1'000, "ONEIL MARA")).edited.empty()) << "nobody typed it";
  const FoldState kept = folded({named(1'000, "Mara"), caller_id(2'000, "ONEIL MARA")});
  EXPECT_EQ(shows(kept), value("Mara"));
  EXPECT_FALSE(kept.at("name").unconfirmed);
}

TEST(Fold, CallerIdYieldsToABetterNameOfAnyAge) {
  const FoldState state = folded({caller_id(5'000, "ONEIL MARA"), named(1'000, "Mara")});
  EXPECT_EQ(shows(state), value("Mara"));
  EXPECT_FALSE(state.at("name").unconfirmed);
  EXPECT_EQ(shows(folded({caller_id(1, "SAN DIEGO CA"), caller_id(2, "ONEIL MARA")})), value("ONEIL MARA"));
}

TEST(Fold, CallerIdThatComesLateIsNoEdit) {
  const SourceRow blank = known({{"name", FieldValue::cleared()}});
  const FoldState state = folded({named(500, "Mara")});
  EXPECT_EQ(fold(state, &blank, caller_id(1'000, "ONEIL MARA")).fold, state);
  EXPECT_TRUE(fold(state, &blank, caller_id(1'000, "ONEIL MARA")).edited.empty());
  const SourceRow place = known({{"name", value("San Diego Ca")}});
  const FoldState unsure = folded({caller_id(1'000, "San Diego Ca")});
  EXPECT_EQ(shows(fold(unsure, &place, caller_id(1'000, "ONEIL MARA")).fold), value("ONEIL MARA"));
  const SourceRow named_row = known({{"name", value("Mara")}});
  const FoldState cleared = fold(state, &named_row, row(2'000, {{"name", FieldValue::cleared()}})).fold;
  EXPECT_EQ(shows(fold(cleared, &blank, caller_id(1'000, "ONEIL MARA")).fold), FieldValue::cleared())
      << "cleared by a person after that call";
}

TEST(Fold, ANameTypedOverCallerIdIsConfirmed) {
  const FoldState state = folded({caller_id(1'000, "ONEIL MARA")});
  const SourceRow source = known({{"name", value("ONEIL MARA")}});
  Reading now = named(1'000, "Mara O'Neil");
  now.caller_id_name = "ONEIL MARA";
  const FoldResult r = fold(state, &source, now);
  EXPECT_EQ(shows(r.fold), value("Mara O'Neil"));
  EXPECT_FALSE(r.fold.at("name").unconfirmed);
}

TEST(Fold, OnlyTheNameCanBeCallerId) {
  Reading r = call(
      1'000, {{"city", value("Escondido")}, {"email", value("1@x.test")}, {"custom:code", value("123")}});
  for (const auto& [native, field] : folded({r})) EXPECT_FALSE(field.unconfirmed) << native;
}

// ---- stale sources

TEST(StaleFields, AreValuesThatDifferFromTheAgreedOnesOncePerValue) {
  SourceRow source = known({{"name", value("Mara")},
                            {"email", value("a@x.test")},
                            {"city", FieldValue::cleared()},
                            {"state", value("IL")}});
  const FieldMap agreed{{"name", value("Maria")},
                        {"email", value("a@x.test")},
                        {"city", value("Aurora")},
                        {"state", FieldValue()}};
  EXPECT_EQ(stale_fields(source, agreed), (FieldMap{{"name", value("Mara")}}))
      << "not equal, blank or unknown ones";
  source.corrected.insert(correction_key("name", value("Mara")));
  EXPECT_EQ(stale_fields(source, agreed), FieldMap{});
  source.shown["name"] = value("Mia");
  EXPECT_EQ(stale_fields(source, agreed), (FieldMap{{"name", value("Mia")}})) << "another value, once more";
}

TEST(StaleFields, CorrectionKeysTellFieldsAndValuesApartWithoutShowingThem) {
  const std::string key = correction_key("name", value("Mara"));
  EXPECT_NE(key, correction_key("city", value("Mara")));
  EXPECT_NE(key, correction_key("name", value("Mia")));
  EXPECT_EQ(key.find("Mara"), std::string::npos);
}

}  // namespace
}  // namespace tandem
