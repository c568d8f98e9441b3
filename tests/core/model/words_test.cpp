// Words that are stored or printed: each value has one of its own and is found again by it.
#include <gtest/gtest.h>

#include <set>

#include "core/model/pair.h"
#include "core/model/write.h"

namespace tandem {
namespace {

TEST(Words, EveryKindOfWriteIsFoundByItsWord) {
  std::set<std::string_view> words;
  for (const auto kind :
       {WriteKind::create, WriteKind::update, WriteKind::tag_add, WriteKind::tag_remove, WriteKind::remove}) {
    EXPECT_TRUE(words.insert(to_text(kind)).second);
    EXPECT_EQ(write_kind_from(to_text(kind)), kind);
  }
  EXPECT_EQ(write_kind_from("?"), std::nullopt);
}

TEST(Words, EveryStatusOfAPairIsFoundByItsWord) {
  std::set<std::string_view> words;
  for (const auto status : {PairStatus::linked, PairStatus::held, PairStatus::ctm_only,
                            PairStatus::highlevel_only, PairStatus::ignored, PairStatus::tombstone}) {
    EXPECT_TRUE(words.insert(to_text(status)).second);
    EXPECT_EQ(pair_status_from(to_text(status)), status);
  }
  EXPECT_EQ(pair_status_from("?"), std::nullopt);
}

}  // namespace
}  // namespace tandem
