// core/DECISIONS.md is what the code decides, state by state. After a wanted change: ./dev decisions
#include "tests/property/decisions.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

namespace tandem::decisions {
namespace {

TEST(Decisions, TheFileSaysWhatTheCodeDecides) {
  const std::string path = TANDEM_SOURCE "/core/DECISIONS.md";
  const std::string now =
      "# What tandem decides\n\nPrinted by the tests from the code, and compared with it in every "
      "test run; `./dev decisions` prints it anew.\n\n" +
      fields() + "\n" + records();
  if (std::getenv("TANDEM_PRINT_DECISIONS") != nullptr) {
    std::ofstream(path, std::ios::binary) << now;
    GTEST_SKIP() << "printed to " << path;
  }
  std::ifstream in(path, std::ios::binary);
  std::istringstream written(std::string(std::istreambuf_iterator<char>(in), {})), code(now);
  std::string theirs, ours;
  for (int number = 1;; ++number) {
    const bool more_written = static_cast<bool>(std::getline(written, theirs));
    const bool more_code = static_cast<bool>(std::getline(code, ours));
    if (!more_written && !more_code) break;
    ASSERT_TRUE(more_written == more_code && theirs == ours)
        << "core/DECISIONS.md:" << number << " says\n  " << (more_written ? theirs : "nothing more")
        << "\nthe code decides\n  " << (more_code ? ours : "nothing more")
        << "\nWhere that is wanted: ./dev decisions, and commit the file.";
  }
}

}  // namespace
}  // namespace tandem::decisions
