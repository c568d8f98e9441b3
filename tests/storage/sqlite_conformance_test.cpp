#include "tests/conformance/state_store_conformance.h"
#include "tests/storage/state_folder.h"

namespace tandem {
namespace {
class SqliteUnderTest final : public StateUnderTest {
 public:
  StateStore& store() override { return *store_; }
  void reopen() override {
    store_.reset();
    store_ = folder_.open();
  }

 private:
  StateFolder folder_;
  std::unique_ptr<SqliteStore> store_ = folder_.open();
};

class ScratchUnderTest final : public StateUnderTest {
 public:
  StateStore& store() override { return *store_; }
  void reopen() override {}  // a scratch copy does not outlive its store

 private:
  StateFolder folder_;
  std::unique_ptr<SqliteStore> store_ = folder_.open_scratch();
};

std::unique_ptr<StateUnderTest> make_file() { return std::make_unique<SqliteUnderTest>(); }
std::unique_ptr<StateUnderTest> make_scratch() { return std::make_unique<ScratchUnderTest>(); }
INSTANTIATE_TEST_SUITE_P(File, StateStoreConformance, testing::Values(&make_file));
INSTANTIATE_TEST_SUITE_P(Scratch, StateStoreConformance, testing::Values(&make_scratch));
}  // namespace
}  // namespace tandem
