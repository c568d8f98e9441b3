// What a side shows, folded from sources in any order: P5, P18, P33, P34, P46.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>

#include "core/merge/fold.h"

namespace tandem {
namespace {

const char* const kNames[] = {"Mara", "Mia", "Mara O'Neil", "ONEIL MARA", "Aurora IL", "Zoe"};

FieldValue value(const std::string& text) { return FieldValue::of(text); }

rc::Gen<Reading> reading() {
  const auto name =
      rc::gen::element<std::string>("Mara", "Mia", "Mara O'Neil", "ONEIL MARA", "Aurora IL", "");
  const auto cnam = rc::gen::element<std::string>("", "", "ONEIL MARA", "MARA O'NEIL");
  return rc::gen::map(rc::gen::tuple(name, cnam, rc::gen::element<std::string>("", "a@x.test", "b@x.test"),
                                     rc::gen::inRange(0, 32), rc::gen::inRange(1, 7)),
                      [](const auto& t) {
                        const auto& [shown_name, caller, email, shape, moment] = t;
                        Reading r;
                        r.kind = shape % 4 == 0 ? SourceKind::row : SourceKind::activity;
                        r.at_ms = moment * 1'000;
                        r.high_water_ms = 6'000;
                        r.caller_id_name = caller;
                        r.redacted = shape == 31;
                        if (shape % 8 != 7) r.shown["name"] = value(shown_name);
                        if (shape % 3 != 2) r.shown["email"] = value(email);
                        if (shape % 5 == 0) r.shown["city"] = value("Aurora");
                        if (shape % 5 == 0) r.shown["state"] = value("IL");
                        return r;
                      });
}

rc::Gen<std::vector<Reading>> readings() { return rc::gen::container<std::vector<Reading>>(reading()); }

FoldState folded(const std::vector<Reading>& all, FoldState state = {}) {
  for (const auto& r : all) state = fold(state, nullptr, r).fold;
  return state;
}

// Some state that history may have left: folds, writes of ours, edits of people.
FoldState past() {
  FoldState state = folded(*readings());
  for (const auto& name :
       *rc::gen::container<std::vector<std::string>>(rc::gen::element<std::string>("Mara", "Mia", "Zoe")))
    state = fold_written(state, {{"name", value(name)}}, {});
  if (*rc::gen::arbitrary<bool>()) {
    SourceRow row;
    row.shown["name"] = value("Nina");
    Reading edit = *reading();
    edit.kind = SourceKind::row;
    state = fold(state, &row, edit).fold;
  }
  return state;
}

RC_GTEST_PROP(FoldLaws, NeverSeenSourcesMayComeInAnyOrder, ()) {  // P5
  const FoldState before = past();
  auto all = *readings();
  const FoldState one = folded(all, before);
  std::reverse(all.begin(), all.end());
  RC_ASSERT(folded(all, before) == one);
  const auto cut = *rc::gen::inRange<std::size_t>(0, all.size() + 1);
  std::rotate(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(cut), all.end());
  RC_ASSERT(folded(all, before) == one);
}

RC_GTEST_PROP(FoldLaws, TheSameSourceTwiceIsNoNews, ()) {
  const FoldState before = past();
  const Reading r = *reading();
  const FoldResult once = fold(before, nullptr, r);
  SourceRow seen;
  seen.shown = once.shown;
  const FoldResult twice = fold(once.fold, &seen, r);
  RC_ASSERT(twice.fold == once.fold);
  RC_ASSERT(twice.shown == once.shown);
  RC_ASSERT(twice.edited.empty());
}

RC_GTEST_PROP(FoldLaws, RedactedSourcesMightAsWellNotBeThere, ()) {  // P46
  const auto all = *readings();
  auto open = all;
  std::erase_if(open, [](const Reading& r) { return r.redacted; });
  RC_ASSERT(folded(all) == folded(open));
}

RC_GTEST_PROP(FoldLaws, ShiftedClocksChangeNoValue, ()) {  // P18
  const auto all = *readings();
  auto late = all;
  const std::int64_t shift = *rc::gen::inRange<std::int64_t>(0, 2 * 86'400'000);
  for (auto& r : late) {
    r.at_ms += shift;
    r.high_water_ms += shift;
    r.now_ms = *rc::gen::inRange<std::int64_t>(0, 1'000'000);
  }
  const FoldState a = folded(all), b = folded(late);
  RC_ASSERT(a.size() == b.size());
  for (const auto& [native, field] : a) {
    RC_ASSERT(b.at(native).value == field.value);
    RC_ASSERT(b.at(native).unconfirmed == field.unconfirmed);
  }
}

// P34: a name that a person gave is never lost to caller-ID, whatever comes when.
RC_GTEST_PROP(FoldLaws, CallerIdNeverOverwritesAName, ()) {
  auto all = *readings();
  const auto shows_real_name = [](const Reading& r) {
    const FieldValue& name = value_of(r.shown, "name");
    return !r.redacted && name.is_value() &&
           !is_unconfirmed_name(name.text(), r.caller_id_name, r.shown, value_of(r.shown, "phone").text());
  };
  const FoldState state = folded(all);
  const bool any = std::any_of(all.begin(), all.end(), shows_real_name);
  if (state.contains("name")) RC_ASSERT(state.at("name").unconfirmed == !any);
  RC_ASSERT(!any || state.contains("name"));
}

// P33: whatever our writes replaced is never news on a new call; anything else newer is.
RC_GTEST_PROP(FoldLaws, ReplacedValuesAreStaleOnNewCallsAndOthersAreNews, ()) {
  FoldState state = folded({[] {
    Reading r;
    r.at_ms = 1'000;
    r.shown["name"] = value("Mara");
    return r;
  }()});
  std::vector<std::string> gone;
  std::string current = "Mara";
  const auto writes = *rc::gen::container<std::vector<std::string>>(
      3, rc::gen::elementOf(std::vector<std::string>(std::begin(kNames), std::end(kNames))));
  for (const auto& name : writes) {
    state = fold_written(state, {{"name", value(name)}}, {});
    if (name != current) gone.push_back(current);
    current = name;
  }
  for (const char* name : kNames) {
    Reading call;
    call.at_ms = 9'000;
    call.high_water_ms = 9'000;
    call.shown["name"] = value(name);
    const FoldResult r = fold(state, nullptr, call);
    const bool stale = std::find(gone.begin(), gone.end(), name) != gone.end();
    const bool news = name != current && !stale;
    RC_ASSERT(r.fold.at("name").value == value(news ? name : current));
    RC_ASSERT(r.edited.empty() == !news);
  }
}

// P33: a person's change of a known source always counts, whatever was replaced before and however old it is.
RC_GTEST_PROP(FoldLaws, AChangeOfAKnownSourceIsAlwaysHeard, ()) {
  const FoldState before = past();
  SourceRow source;
  source.shown["name"] = value("Nina");
  Reading now = *reading();
  now.redacted = false;
  now.caller_id_name.clear();
  now.shown = {{"name", value(*rc::gen::element<std::string>("Mara", "Mia", "Zoe"))}};
  const FoldResult r = fold(before, &source, now);
  RC_ASSERT(r.fold.at("name").value == now.shown.at("name"));
  RC_ASSERT(!r.fold.at("name").unconfirmed);
  const auto& replaced = r.fold.at("name").replaced;
  RC_ASSERT(std::find(replaced.begin(), replaced.end(), now.shown.at("name")) == replaced.end());
}

}  // namespace
}  // namespace tandem
