#include "core/merge/guard.h"

#include <gtest/gtest.h>

namespace tandem {
namespace {

PlannedWrite write(WriteKind kind, Side side = Side::highlevel, bool overwrites = true) {
  PlannedWrite w;
  w.side = side;
  w.write.kind = kind;
  w.overwrites = overwrites;
  return w;
}

const PlannedWrite kUpdate = write(WriteKind::update), kCreate = write(WriteKind::create),
                   kRemove = write(WriteKind::remove),
                   kFill = write(WriteKind::update, Side::highlevel, false),
                   kTagAdd = write(WriteKind::tag_add), kTagRemove = write(WriteKind::tag_remove);

Guard fed(const Policy& policy, std::int64_t linked, const PlannedWrite& w, int times,
          std::optional<Decision> decision = std::nullopt) {
  Guard guard(policy, linked, false);
  for (int i = 0; i < times; ++i) guard.count(w, decision);
  return guard;
}

Clearance after(const Policy& policy, std::int64_t linked, const PlannedWrite& w, int times) {
  return fed(policy, linked, w, times).clear(w, std::nullopt);
}

TEST(Guard, CountsWhatEarlierRoundsOfTheRunHaveSent) {
  const Policy policy;
  Guard first = fed(policy, 1'000'000, kUpdate, 150);
  for (int i = 0; i < 150; ++i) first.sent(kUpdate);
  for (int i = 0; i < 150; ++i) first.sent(kFill);
  for (const int more : {50, 51}) {
    Guard next(policy, 1'000'000, false, first.all_sent());
    for (int i = 0; i < more; ++i) next.count(kUpdate, std::nullopt);
    EXPECT_EQ(next.clear(kUpdate, std::nullopt), more == 50 ? Clearance::go : Clearance::hold);
    EXPECT_EQ(next.clear(kFill, std::nullopt), Clearance::go);
  }
}

TEST(Guard, HoldsAWholeClassAboveItsCount) {
  const Policy policy;  // deletes 25, updates 200, creates 10,000; many pairs, so that percent is silent
  EXPECT_EQ(after(policy, 1'000'000, kUpdate, 200), Clearance::go);
  EXPECT_EQ(after(policy, 1'000'000, kUpdate, 201), Clearance::hold);
  EXPECT_EQ(after(policy, 1'000'000, kRemove, 25), Clearance::go);
  EXPECT_EQ(after(policy, 1'000'000, kRemove, 26), Clearance::hold);
  EXPECT_EQ(after(policy, 0, kCreate, 10'000), Clearance::go);
  EXPECT_EQ(after(policy, 0, kCreate, 10'001), Clearance::hold);
}

TEST(Guard, HoldsAboveAPercentageOfThePairsAndTheFloor) {
  const Policy policy;  // updates 20 percent, deletes 5
  EXPECT_EQ(after(policy, 0, kUpdate, 10), Clearance::go) << "small links are not held for ten edits";
  EXPECT_EQ(after(policy, 0, kUpdate, 11), Clearance::hold);
  EXPECT_EQ(after(policy, 100, kUpdate, 20), Clearance::go);
  EXPECT_EQ(after(policy, 100, kUpdate, 21), Clearance::hold);
  EXPECT_EQ(after(policy, 300, kRemove, 15), Clearance::go);
  EXPECT_EQ(after(policy, 300, kRemove, 16), Clearance::hold);
  Policy odd;
  odd.brake_updates = {29, 0};
  EXPECT_EQ(after(odd, 100, kUpdate, 29), Clearance::go) << "29 of 100 is 29 percent, whatever a double says";
}

TEST(Guard, AHundredPercentAndACountOfNoughtAreNoLimits) {
  Policy policy;
  policy.brake_updates = {100, 0};
  EXPECT_EQ(after(policy, 1, kUpdate, 5'000), Clearance::go);
  policy.brake_updates = {0, 0};
  EXPECT_EQ(after(policy, 1'000, kUpdate, 11), Clearance::hold) << "none allowed, but for the floor";
}

TEST(Guard, SidesAndClassesAreCountedApart) {
  const Policy policy;
  const Guard guard = fed(policy, 1'000'000, kUpdate, 500);
  EXPECT_EQ(guard.clear(kUpdate, std::nullopt), Clearance::hold);
  EXPECT_EQ(guard.clear(write(WriteKind::update, Side::ctm), std::nullopt), Clearance::go);
  EXPECT_EQ(guard.clear(kRemove, std::nullopt), Clearance::go);
  EXPECT_EQ(guard.clear(kCreate, std::nullopt), Clearance::go);
}

TEST(Guard, WhatReplacesNothingIsNeitherCountedNorHeld) {
  const Policy policy;
  for (const auto& harmless : {kFill, kTagAdd, kTagRemove}) {
    EXPECT_EQ(after(policy, 0, harmless, 100'000), Clearance::go);
    EXPECT_EQ(fed(policy, 1'000'000, harmless, 1'000).clear(kUpdate, std::nullopt), Clearance::go);
    EXPECT_EQ(fed(policy, 1'000'000, kUpdate, 1'000).clear(harmless, std::nullopt), Clearance::go);
  }
}

TEST(Guard, DecidedWritesAreNotCountedAndDoAsDecided) {
  const Policy policy;
  for (const auto decision : {Decision::approved, Decision::rejected})
    EXPECT_EQ(fed(policy, 1'000'000, kUpdate, 500, decision).clear(kUpdate, std::nullopt), Clearance::go);
  const Guard guard = fed(policy, 0, kUpdate, 500);
  EXPECT_EQ(guard.clear(kUpdate, Decision::approved), Clearance::go) << "above the limit, but approved";
  EXPECT_EQ(guard.clear(kUpdate, Decision::rejected), Clearance::drop);
  EXPECT_EQ(fed(policy, 0, kUpdate, 1).clear(kFill, Decision::rejected), Clearance::drop);
}

TEST(Guard, TheFirstRunHoldsEverythingUndecided) {
  const Guard guard(Policy{}, 0, true);
  for (const auto& w : {kUpdate, kFill, kCreate, kRemove, kTagAdd, kTagRemove}) {
    EXPECT_EQ(guard.clear(w, std::nullopt), Clearance::hold);
    EXPECT_EQ(guard.clear(w, Decision::approved), Clearance::go);
    EXPECT_EQ(guard.clear(w, Decision::rejected), Clearance::drop);
    EXPECT_EQ(guard.class_of(w), HoldClass::first_run);
    EXPECT_NE(guard.reason(w).find("first run"), std::string::npos);
  }
}

TEST(Guard, ClassesFollowTheKindOfWrite) {
  const Guard guard(Policy{}, 0, false);
  EXPECT_EQ(guard.class_of(kUpdate), HoldClass::update);
  EXPECT_EQ(guard.class_of(kCreate), HoldClass::create);
  EXPECT_EQ(guard.class_of(kRemove), HoldClass::remove);
  EXPECT_EQ(guard.class_of(kTagAdd), HoldClass::update);
}

TEST(Guard, TheReasonSaysHowManyAndWhichLimit) {
  const Policy policy;
  EXPECT_EQ(fed(policy, 1'000, kUpdate, 201).reason(kUpdate),
            "201 overwrites of existing values planned in highlevel in one run; the brake waits above 200, "
            "or 20% of "
            "1000 linked pairs and 10");
  EXPECT_EQ(fed(policy, 0, kCreate, 3).reason(kCreate),
            "3 creates planned in highlevel in one run; the brake waits above 10000");
  Policy share;
  share.brake_deletes = {5, 0};
  EXPECT_EQ(fed(share, 40, kRemove, 12).reason(kRemove),
            "12 deletes planned in highlevel in one run; the brake waits above 5% of 40 linked pairs and 10");
}

}  // namespace
}  // namespace tandem
