#include "daemon/commands/output.h"
#include <gtest/gtest.h>

namespace tandem {
namespace {
const Table kTable{{"pair_id", "count", "reason"},
                   {{"7", "12", "says \"no\"\n"}, {"8", std::nullopt, std::nullopt}}};

TEST(Json, KeysAreColumnsIdsAreTextCountsAreNumbers) {
  EXPECT_EQ(json_array(kTable), R"([{"pair_id":"7","count":12,"reason":"says \"no\"\n"},)"
                                R"({"pair_id":"8","count":null,"reason":null}])");
  EXPECT_EQ(json_object(kTable), R"({"pair_id":"7","count":12,"reason":"says \"no\"\n"})");
  EXPECT_EQ(json_array(Table{{"a"}, {}}), "[]");
  EXPECT_EQ(json_object(Table{{"a"}, {}}), "{}");
  EXPECT_EQ(json_of({{"one", "{}"}, {"many", "[1]"}}), R"({"one":{},"many":[1]})");
}

TEST(Json, TextInAColumnOfCountsIsStillJson) {  // `held` counts in v_status and is a reason in a plan
  EXPECT_EQ(
      json_array({{"held"}, {{"3"}, {"-3"}, {"first run: it waits"}, {"3a"}, {"-"}, {""}}}),
      R"([{"held":3},{"held":-3},{"held":"first run: it waits"},{"held":"3a"},{"held":"-"},{"held":""}])");
}

TEST(TextColumns, AreAlignedByLettersNotBytes) {
  EXPECT_EQ(text_columns({{"city", "n"}, {{"Köln", "1"}, {"Aachen", std::nullopt}}}),
            "city    n\nKöln    1\nAachen  -");
}

TEST(Append, TakesTheColumnsOfTheFirst) {
  Table all;
  append(all, kTable);
  append(all, kTable);
  EXPECT_EQ(all.columns, kTable.columns);
  EXPECT_EQ(all.rows.size(), 4u);
}

TEST(Cell, OfANullOrOfNothingIsEmpty) {
  EXPECT_EQ(cell(kTable, 0, "count"), "12");
  EXPECT_EQ(cell(kTable, 1, "count"), "");
  EXPECT_EQ(cell(kTable, 9, "count"), "");
  EXPECT_EQ(cell(kTable, 0, "none"), "");
}

TEST(Quoted, TellsBlankFromUnknown) {
  EXPECT_EQ(quoted(FieldValue::of("x")), "\"x\"");
  EXPECT_EQ(quoted(FieldValue::cleared()), "blank");
  EXPECT_EQ(quoted(FieldValue()), "unknown");
}

TEST(Ago, UsesTheUnitThatReadsBest) {
  EXPECT_EQ(ago(-5), "0 s");
  EXPECT_EQ(ago(59'999), "59 s");
  EXPECT_EQ(ago(600'000), "10 min");
  EXPECT_EQ(ago(3 * 3'600'000), "3 h");
  EXPECT_EQ(ago(10LL * 86'400'000), "10 d");
}
}  // namespace
}  // namespace tandem
