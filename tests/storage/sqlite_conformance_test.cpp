#include "storage/sqlite/sqlite_decisions.h"
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
  void rule(Ruling::Kind kind, const RecordId& ctm, const RecordId& highlevel) override {
    SqliteDecisions(folder_.file()).add_ruling(kind, ctm, highlevel, 1);
  }

 private:
  StateFolder folder_;
  std::unique_ptr<SqliteStore> store_ = folder_.open();
};

class ScratchUnderTest final : public StateUnderTest {
 public:
  StateStore& store() override { return *store_; }
  void reopen() override {}  // a scratch copy does not outlive its store
  void rule(Ruling::Kind kind, const RecordId& ctm, const RecordId& highlevel) override {
    store_->transact([&] { store_->add_ruling(kind, ctm, highlevel); });
  }

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
