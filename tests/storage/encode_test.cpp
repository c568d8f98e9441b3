#include "storage/sqlite/encode.h"
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>
#include "storage/sqlite/field_code.h"
#include "tests/conformance/state_generators.h"

namespace tandem {
namespace {
PairState decoded(const PairState& p) {
  PairState out = p;
  out.fields.clear();
  out.fold = {};
  out.base_tags = out.seen_tags = {};
  out.tags_version = out.tags_changed_at_ms = 0;
  out.tags_changed_by.clear();
  out.resolutions.clear();
  if (const auto text = encode_fields(p)) decode_fields(*text, out);
  if (const auto text = encode_tags(p)) decode_tags(*text, out);
  if (const auto text = encode_fold(p)) decode_fold(*text, out);
  if (const auto text = encode_resolutions(p.resolutions)) decode_resolutions(*text, out);
  return out;
}

RC_GTEST_PROP(Encode, AnyPairComesBack, ()) {
  const PairState p = generate::pair();
  RC_ASSERT(decoded(p) == p);
}

RC_GTEST_PROP(Encode, AnyNameHasACodeOfItsOwn, ()) {
  const std::string a = generate::name(), b = generate::name();
  RC_ASSERT(name_of(code_of(a)) == a);
  RC_ASSERT((code_of(a) == code_of(b)) == (a == b));
  RC_ASSERT(code_of(a) != "0" && code_of(a) != "1");
}

TEST(Encode, WhatIsUsualTakesNoRoom) {
  PairState p;
  EXPECT_EQ(encode_fields(p), std::nullopt);
  EXPECT_EQ(encode_tags(p), std::nullopt);
  EXPECT_EQ(encode_fold(p), std::nullopt);
  p.since_ms = 3;
  PairField f;
  f.base = f.seen = {FieldValue::of("Ann"), FieldValue::of("Ann")};
  f.version = 1;
  f.changed_by = "ctm";
  f.changed_at_ms = 5;
  p.fields = {{"city", f}, {"first_name", f}};
  p.fields["city"].base = p.fields["city"].seen = {FieldValue::cleared(), FieldValue::cleared()};
  p.fold.ctm = {{"city", {FieldValue::cleared(), false, 9, {}}},
                {"first_name", {FieldValue::of("Ann"), false, 9, {}}},
                {"name", {FieldValue::of("Ann"), false, 9, {}}}};
  EXPECT_EQ(encode_fields(p), R"([[1,"ctm",2],"t","fAnn"])");
  EXPECT_EQ(encode_fold(p), R"({"c":{"0":6,"1":"tfn"}})");
}

TEST(Encode, TellsUnknownAbsentClearedAndValueApart) {
  const std::vector<FieldValue> four = {FieldValue(), FieldValue::absent(), FieldValue::cleared(),
                                        FieldValue::of("x")};
  for (const auto& a : four)
    for (const auto& b : four)
      for (const auto& c : four)
        for (const auto& d : four) {
          PairState p;
          p.fields["city"].base = {a, b};
          p.fields["city"].seen = {c, d};
          EXPECT_EQ(decoded(p), p) << encode_fields(p).value_or("");
        }
}

TEST(Encode, DamagedTextIsSaidToBeDamaged) {
  PairState p;
  EXPECT_THROW(decode_fields("[[],7]", p), StoreError);
  EXPECT_THROW(decode_tags("[]", p), StoreError);
  EXPECT_THROW(decode_resolutions("{\"f\":[1]}", p), StoreError);
  Intent intent;
  EXPECT_THROW(decode_body("{}", intent), StoreError);
  EXPECT_THROW(decode_body(R"({"write":{"kind":5,"record":"h1"}})", intent), StoreError);
  EXPECT_THROW(decode_resolutions(R"({"f":[4,"",null,null]})", p), StoreError);
}
}  // namespace
}  // namespace tandem
