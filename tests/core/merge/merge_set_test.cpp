#include "core/merge/merge_set.h"

#include <gtest/gtest.h>

namespace tandem {
namespace {

TEST(MergeSet, FollowsTheTable) {
  const struct {
    const char* name;
    PerSide<TagSet> base, seen;
    SetMerge want;
  } rows[] = {
      {"nothing", {{"a"}, {"a"}}, {{"a"}, {"a"}}, {{"a"}, {}, {}}},
      {"added in CTM", {{"a"}, {"a"}}, {{"a", "b"}, {"a"}}, {{"a", "b"}, {{}, {"b"}}, {}}},
      {"removed in CTM", {{"a"}, {"a"}}, {{}, {"a"}}, {{}, {}, {{}, {"a"}}}},
      {"removed in HighLevel", {{"a"}, {"a"}}, {{"a"}, {}}, {{}, {}, {{"a"}, {}}}},
      {"removed on both", {{"a"}, {"a"}}, {{}, {}}, {{}, {}, {}}},
      {"added on both", {{}, {}}, {{"b"}, {"b"}}, {{"b"}, {}, {}}},
      {"different ones added", {{}, {}}, {{"b"}, {"c"}}, {{"b", "c"}, {{"c"}, {"b"}}, {}}},
      {"first meeting is a union", {{}, {}}, {{"a", "b"}, {"b", "c"}}, {{"a", "b", "c"}, {{"c"}, {"a"}}, {}}},
      {"removed here, added there", {{"a"}, {}}, {{}, {"a"}}, {{"a"}, {{"a"}, {}}, {}}},
      {"a tag that one side cannot hold", {{}, {"a"}}, {{}, {"a"}}, {{"a"}, {}, {}}},
      {"such a tag is removed", {{}, {"a"}}, {{}, {}}, {{}, {}, {}}},
      {"removed where the other had taken it up anew",
       {{"a"}, {}},
       {{}, {"a", "b"}},
       {{"a", "b"}, {{"a", "b"}, {}}, {}}},
  };
  for (const auto& r : rows) {
    SCOPED_TRACE(r.name);
    const SetMerge got = merge_set(r.base, r.seen, Direction::both);
    EXPECT_EQ(got.result, r.want.result);
    EXPECT_EQ(got.add, r.want.add);
    EXPECT_EQ(got.remove, r.want.remove);
  }
}

TEST(MergeSet, DirectionLimitsTheDeltasNotTheResult) {
  const PerSide<TagSet> base{{"old"}, {"old", "gone"}}, seen{{"new"}, {"old", "hot"}};
  const SetMerge both = merge_set(base, seen, Direction::both);
  EXPECT_EQ(both.result, (TagSet{"hot", "new"}));
  const SetMerge there = merge_set(base, seen, Direction::to_highlevel);
  EXPECT_EQ(there, (SetMerge{both.result, {{}, {"new"}}, {{}, {"old"}}}));
  const SetMerge back = merge_set(base, seen, Direction::to_ctm);
  EXPECT_EQ(back, (SetMerge{both.result, {{"hot"}, {}}, {}}));
  EXPECT_EQ(merge_set(base, seen, Direction::off), (SetMerge{both.result, {}, {}}));
}

}  // namespace
}  // namespace tandem
