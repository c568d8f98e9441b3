#include "daemon/commands/invocation.h"
#include <gtest/gtest.h>
#include <array>

namespace tandem {
namespace {
TEST(ExitCodes, OfTwoTheFirstThatAppliesIsTaken) {
  constexpr std::array kOrder{78, 77, 1, 75, 3, 0};
  for (std::size_t i = 0; i < kOrder.size(); ++i) {
    for (std::size_t k = i; k < kOrder.size(); ++k) {
      EXPECT_EQ(first_that_applies(kOrder[i], kOrder[k]), kOrder[i]) << kOrder[i] << " and " << kOrder[k];
      EXPECT_EQ(first_that_applies(kOrder[k], kOrder[i]), kOrder[i]) << kOrder[k] << " and " << kOrder[i];
    }
  }
}

TEST(ExitCodes, EveryOutcomeHasThePromisedOne) {
  EXPECT_EQ(exit_code(Outcome::converged), 0);
  EXPECT_EQ(exit_code(Outcome::awaiting_index), 0);
  EXPECT_EQ(exit_code(Outcome::stopped), 0);
  EXPECT_EQ(exit_code(Outcome::needs_person), 3);
  EXPECT_EQ(exit_code(Outcome::unreachable), 75);
  EXPECT_EQ(exit_code(Outcome::unauthorised), 77);
  EXPECT_EQ(exit_code(Outcome::misconfigured), 78);
}

config::Config two_links() {
  config::Config config;
  config.links.resize(2);
  config.links[0].name = "north";
  config.links[1].name = "south";
  return config;
}

TEST(Links, AllOrTheOneThatIsNamed) {
  const config::Config config = two_links();
  Invocation all, south, none;
  south.link = "south";
  none.link = "west";
  EXPECT_EQ(chosen_links(config, all).size(), 2u);
  ASSERT_EQ(chosen_links(config, south).size(), 1u);
  EXPECT_EQ(chosen_link(config, south).name, "south");
  for (const auto& ask : {std::function<void()>([&] { (void)chosen_links(config, none); }),
                          std::function<void()>([&] { (void)chosen_link(config, all); })}) {
    try {
      ask();
      FAIL() << "nothing was refused";
    } catch (const Exit& exit) {
      EXPECT_EQ(exit.code, 1);
      EXPECT_NE(exit.message.find("north, south"), std::string::npos) << exit.message;
    }
  }
}
}  // namespace
}  // namespace tandem
