#include "storage/sqlite/sqlite_decisions.h"
#include <gtest/gtest.h>
#include "tests/storage/state_folder.h"

namespace tandem {
namespace {
class SqliteDecisionsTest : public testing::Test {
 protected:
  StateFolder folder_;
  std::unique_ptr<SqliteStore> daemon_ = folder_.open();
  SqliteDecisions person_{folder_.file()};
  const Resolution take_ctm_{Resolution::Take::ctm, "", {FieldValue::of("Bonn"), FieldValue::of("Köln")}};

  PairId put(bool dirty) {
    PairState p;
    p.status = PairStatus::linked;
    p.dirty = dirty;
    daemon_->transact([&] { daemon_->put_pair(p); });
    return p.id;
  }
  void put_back(PairState p) {
    daemon_->transact([&] { daemon_->put_pair(p); });
  }
};

TEST_F(SqliteDecisionsTest, AResolutionReachesTheDaemonAndKeepsItsLease) {
  const PairId id = put(false);
  EXPECT_TRUE(person_.set_resolution(id, "city", take_ctm_));
  EXPECT_FALSE(person_.set_resolution({99}, "city", take_ctm_));
  PairState p = *daemon_->pair(id);
  EXPECT_TRUE(p.dirty);
  EXPECT_EQ(p.resolutions.at("city"), take_ctm_);
  p.resolutions.clear();  // used
  p.dirty = false;
  put_back(p);
  EXPECT_EQ(daemon_->pair(id), p);
  put_back(p);
  EXPECT_FALSE(daemon_->pair(id)->dirty) << "nothing new since";
}

TEST_F(SqliteDecisionsTest, AResolutionGivenWhileTheDaemonHasThePairInHandIsNotLost) {
  const PairId id = put(false);
  PairState in_hand = *daemon_->pair(id);
  EXPECT_TRUE(person_.set_resolution(id, "city", take_ctm_));
  in_hand.reason = "settled";
  put_back(in_hand);
  const PairState p = *daemon_->pair(id);
  EXPECT_EQ(p.reason, "settled");
  EXPECT_EQ(p.resolutions.count("city"), 1U);
  EXPECT_TRUE(p.dirty);
}

TEST_F(SqliteDecisionsTest, ASecondResolutionGivenWhileTheFirstIsAppliedIsNotLost) {
  const PairId id = put(false);
  EXPECT_TRUE(person_.set_resolution(id, "city", take_ctm_));
  PairState in_hand = *daemon_->pair(id);
  EXPECT_TRUE(person_.set_resolution(id, "email", take_ctm_));
  in_hand.resolutions.clear();
  in_hand.dirty = false;
  put_back(in_hand);
  EXPECT_EQ(daemon_->pair(id)->resolutions.count("email"), 1U);
  EXPECT_TRUE(daemon_->pair(id)->dirty);
}

TEST_F(SqliteDecisionsTest, DirtySetByAPersonSurvivesAPairInHand) {
  const PairId id = put(false);
  PairState in_hand = *daemon_->pair(id);
  EXPECT_TRUE(person_.set_dirty(id));
  EXPECT_FALSE(person_.set_dirty({99}));
  put_back(in_hand);
  EXPECT_TRUE(daemon_->pair(id)->dirty);
  daemon_->transact([&] { daemon_->set_dirty(id, false); });
  EXPECT_FALSE(daemon_->pair(id)->dirty) << "seen since";
  EXPECT_TRUE(person_.set_dirty(id));
  daemon_->transact([&] { daemon_->set_dirty(id, false); });
  EXPECT_TRUE(daemon_->pair(id)->dirty) << "not seen since";
}

TEST_F(SqliteDecisionsTest, ApprovalByAnotherProcessIsFoundByTheDaemon) {
  const PairId id = put(true);
  daemon_->transact([&] {
    daemon_->begin_run("delta", 1);
    daemon_->put_pending({"k", HoldClass::create, Side::ctm, id, "why", 1});
  });
  const std::string digest = daemon_->pending_groups().at(0).digest;
  EXPECT_FALSE(person_.decide("000000000000", Decision::approved, 5));
  EXPECT_TRUE(person_.decide(digest, Decision::approved, 5));
  EXPECT_EQ(daemon_->decision("k"), Decision::approved);
  daemon_->transact([&] { daemon_->set_meta("goes", "on"); });
  EXPECT_EQ(daemon_->meta("goes"), "on");
}

TEST_F(SqliteDecisionsTest, OnlyCommandKeysMayBeSet) {
  person_.set_meta("command.full", "1");
  EXPECT_EQ(daemon_->meta("command.full"), "1");
  EXPECT_THROW(person_.set_meta("cursor.ctm", "x"), std::logic_error);
}

TEST_F(SqliteDecisionsTest, WaitsForTheDaemonAndThenSaysBusy) {
  SqliteDecisions hasty(folder_.file(), {1, 0});
  const PairId id = put(false);
  daemon_->transact([&] { EXPECT_EQ(kind_of([&] { return hasty.set_dirty(id); }), StoreError::Kind::busy); });
  EXPECT_TRUE(hasty.set_dirty(id));
}

TEST(SqliteDecisionsOpen, NeedsAState) {
  StateFolder folder;
  EXPECT_EQ(kind_of([&] { SqliteDecisions person(folder.file()); }), StoreError::Kind::other);
  EXPECT_FALSE(std::filesystem::exists(folder.file()));
}
}  // namespace
}  // namespace tandem
