// P21: mapping is a lens. Writing what was read changes nothing, reading what was written gives it back.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <set>

#include "core/model/mapping.h"
#include "tests/property/texts.h"

namespace tandem {
namespace {

constexpr FieldType kTypes[] = {FieldType::text,  FieldType::name,    FieldType::email,
                                FieldType::phone, FieldType::country, FieldType::number,
                                FieldType::date,  FieldType::choice,  FieldType::choices};

FieldRule rule(FieldType type, std::vector<std::pair<std::string, std::string>> values = {}) {
  FieldRule r;
  r.name = "custom:kind";
  r.type = type;
  r.native = {"custom:kind", "custom:contact.kind"};
  r.values = std::move(values);
  return r;
}

FieldValue get(const Mapping& m, Side side, const WireValue& raw) {
  const FieldRule& r = m.rules().front();
  return value_of(m.project(side, m.normalise(side, {{r.native[side], raw}}), {}), r.name);
}
WireValue put(const Mapping& m, Side side, const FieldValue& value) {
  return m.to_native(side, {{m.rules().front().name, value}}, {}, {}).at(0).second;
}

// Whatever either side holds: written to either side it reads back the same, so that an echo is no edit.
void expect_lens(const Mapping& m, const WireValue& raw) {
  for (const Side shown : kSides) {
    const FieldValue x = get(m, shown, raw);
    for (const Side target : kSides) {
      const WireValue written = put(m, target, x);
      RC_ASSERT(get(m, target, written) == x);
      RC_ASSERT(put(m, target, get(m, target, written)) == written);
    }
  }
}

RC_GTEST_PROP(MappingLaws, EveryTypeIsALens, ()) {
  const std::string raw = *rc::gen::oneOf(texts::wild(), texts::phone(), texts::word());
  for (const FieldType type : kTypes) {
    const Mapping m({rule(type)}, "US");
    RC_ASSERT(m.check().empty());
    expect_lens(m, {false, raw, {}});
    expect_lens(m, {true, {}, {}});
  }
}

rc::Gen<std::vector<std::pair<std::string, std::string>>> value_map() {
  const auto word = rc::gen::element<std::string>("a", "b", "c", "d", "e");
  return rc::gen::container<std::vector<std::pair<std::string, std::string>>>(rc::gen::pair(word, word));
}

bool one_to_one(const std::vector<std::pair<std::string, std::string>>& values) {
  std::map<std::string, std::string> there, back;
  for (const auto& [ctm, highlevel] : values) {
    if (there.emplace(ctm, highlevel).first->second != highlevel) return false;
    if (back.emplace(highlevel, ctm).first->second != ctm) return false;
  }
  return true;
}

RC_GTEST_PROP(MappingLaws, AValueMapIsAcceptedExactlyWhenItIsOneToOne, ()) {
  const auto values = *value_map();
  RC_ASSERT(Mapping({rule(FieldType::choice, values)}, "US").check().empty() == one_to_one(values));
}

// Every value on a side at most once, in any pairing.
std::vector<std::pair<std::string, std::string>> bijection() {
  const std::set<std::string> words{"a", "b", "c", "red", "VIP"};
  const std::vector<std::string> all(words.begin(), words.end());
  std::vector<std::pair<std::string, std::string>> out;
  std::set<std::string> used;
  for (const auto& ctm : all) {
    const std::string highlevel = *rc::gen::elementOf(all);
    if (*rc::gen::arbitrary<bool>() && used.insert(highlevel).second) out.emplace_back(ctm, highlevel);
  }
  return out;
}

RC_GTEST_PROP(MappingLaws, AnAcceptedValueMapIsALensOverMappedAndUnmappedValues, ()) {
  const auto values = bijection();
  for (const FieldType type : {FieldType::choice, FieldType::choices, FieldType::text}) {
    const Mapping m({rule(type, values)}, "US");
    expect_lens(m, {false, *texts::word(), {}});
    expect_lens(m, {false, {}, *rc::gen::container<std::vector<std::string>>(texts::word())});
  }
}

RC_GTEST_PROP(MappingLaws, AMappedPairMeansOneThing, ()) {
  const auto values = bijection();
  const Mapping m({rule(FieldType::choice, values)}, "US");
  for (const auto& [ctm, highlevel] : values) {
    RC_ASSERT(get(m, Side::ctm, {false, ctm, {}}) == get(m, Side::highlevel, {false, highlevel, {}}));
    RC_ASSERT(put(m, Side::ctm, get(m, Side::highlevel, {false, highlevel, {}})).text == ctm);
  }
}

// A one-way map may lose, but what is already over there is not written again.
RC_GTEST_PROP(MappingLaws, AOneWayMapSettlesAfterOneWrite, ()) {
  auto values = bijection();  // and then several of the source's values for one of the target's
  const bool to_ctm = *rc::gen::arbitrary<bool>();
  for (auto& [ctm, highlevel] : values)
    (to_ctm ? ctm : highlevel) = *rc::gen::element<std::string>("red", "b");
  FieldRule r = rule(FieldType::choice, values);
  r.direction = to_ctm ? Direction::to_ctm : Direction::to_highlevel;
  const Side to = to_ctm ? Side::ctm : Side::highlevel;
  const Mapping m({r}, "US");
  RC_ASSERT(m.check().empty());
  const WireValue once = put(m, to, get(m, other(to), {false, *texts::word(), {}}));
  const WireValue again = put(m, to, get(m, to, once));
  RC_ASSERT(get(m, to, again) == get(m, to, once));
}

RC_GTEST_PROP(MappingLaws, AWholeNameKeepsItsSplit, ()) {
  const Mapping m(Mapping::standard_rules(), "US");
  Capabilities joined;
  joined.joined_name = true;
  const auto part = [] { return FieldValue::of(canonical_name(*texts::wild())); };
  const FieldMap whole{{"first_name", part()}, {"last_name", part()}};
  const WireFields wire = m.to_native(Side::ctm, whole, whole, joined);
  RC_ASSERT(wire.size() == 3U);
  const FieldMap shown = m.normalise(Side::ctm, {wire.back()});  // CTM shows the whole name only
  RC_ASSERT(m.project(Side::ctm, shown, whole) == whole);
  const FieldMap split = m.project(Side::ctm, shown, {});
  RC_ASSERT(join_name(value_of(split, "first_name").text(), value_of(split, "last_name").text()) ==
            value_of(shown, "name").text());
  RC_ASSERT(m.project(Side::ctm, shown, split) == split);
}

}  // namespace
}  // namespace tandem
