#include "daemon/http/rate_gate.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <set>

#include "daemon/http/retry.h"

namespace tandem::http {
namespace {
using Headers = std::map<std::string, std::string>;
constexpr std::int64_t kStart = 1'800'000'000'000;
constexpr std::int64_t kDayMs = 24 * 3'600'000;

// Goes through the gate as a patient caller does; the time at which it was let through.
std::int64_t pass(RateGate& gate, std::int64_t now) {
  for (int i = 0; i < 100; ++i) {
    const std::int64_t until = gate.admit(now);
    if (until == 0) return now;
    if (until <= now) break;
    now = until;
  }
  ADD_FAILURE() << "the gate never opens";
  return now;
}

TEST(RateGate, TheWindowSlides) {
  RateGate gate(Budget{2, 10'000, 0, 0});
  EXPECT_EQ(gate.admit(kStart), 0);
  EXPECT_EQ(gate.admit(kStart + 6'000), 0);
  const std::int64_t until = gate.admit(kStart + 7'000);
  EXPECT_GE(until, kStart + 10'000);
  EXPECT_LE(until, kStart + 10'500);
  EXPECT_EQ(gate.admit(until), 0);
  EXPECT_GE(gate.admit(until), kStart + 16'000) << "the second call counts until its own window is over";
}

TEST(RateGate, WithoutALimitEverythingPasses) {
  RateGate gate(Budget{});
  for (int i = 0; i < 10'000; ++i) ASSERT_EQ(gate.admit(kStart), 0);
  EXPECT_EQ(gate.day_limit(), -1);
  EXPECT_EQ(gate.day_remaining(), -1);
}

TEST(RateGate, ALowerLimitOfTheRemoteWinsAndAHigherOneDoesNot) {
  RateGate lower(Budget{100, 10'000, 0, 0});
  lower.learn({{"x-ratelimit-max", "1"}}, 200, kStart);
  EXPECT_EQ(lower.admit(kStart), 0);
  EXPECT_NE(lower.admit(kStart), 0);
  RateGate higher(Budget{1, 10'000, 0, 0});
  higher.learn({{"x-ratelimit-max", "100"}}, 200, kStart);
  EXPECT_EQ(higher.admit(kStart), 0);
  EXPECT_NE(higher.admit(kStart), 0);
  RateGate longer(Budget{1, 1'000, 0, 0});
  longer.learn({{"x-ratelimit-interval-milliseconds", "10000"}}, 200, kStart);
  EXPECT_EQ(longer.admit(kStart), 0);
  EXPECT_GE(longer.admit(kStart), kStart + 10'000);
}

TEST(RateGate, WhatOthersTakeFromTheSameBucketIsNotThereForUs) {
  RateGate gate(Budget{10, 10'000, 0, 0});
  ASSERT_EQ(gate.admit(kStart), 0);
  gate.learn({{"x-ratelimit-remaining", "1"}}, 200, kStart + 100);
  EXPECT_EQ(gate.admit(kStart + 200), 0);
  EXPECT_GE(gate.admit(kStart + 300), kStart + 10'000);
}

TEST(RateGate, TooManyRequestsShutsItAsLongAsToldElseOneWindow) {
  const struct {
    const char* name;
    Headers headers;
    std::int64_t at_least, at_most;
  } cases[] = {
      {"seconds", {{"retry-after", "30"}}, 30'000, 30'000},
      {"a date against the answer's own",
       {{"retry-after", "Wed, 21 Oct 2026 07:28:20 GMT"}, {"date", "Wed, 21 Oct 2026 07:28:00 GMT"}},
       20'000,
       20'000},
      {"nothing", {}, 10'000, 10'500},
      {"nonsense", {{"retry-after", "soon"}}, 10'000, 10'500},
      {"zero", {{"retry-after", "0"}}, 1'000, 1'000},
      {"for ever", {{"retry-after", "99999999999999999999"}}, kDayMs, kDayMs},
      {"the day is used up",
       {{"x-ratelimit-daily-remaining", "0"}, {"x-ratelimit-daily-reset", "7200000"}},
       7'200'000,
       7'200'000},
      {"used up, not said until when", {{"x-ratelimit-daily-remaining", "0"}}, 3'600'000, 3'600'000},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.name);
    RateGate gate(Budget{100, 10'000, 0, 0});
    gate.learn(c.headers, 429, kStart);
    const std::int64_t until = gate.admit(kStart);
    EXPECT_GE(until, kStart + c.at_least);
    EXPECT_LE(until, kStart + c.at_most);
    EXPECT_EQ(gate.admit(until), 0);
  }
}

TEST(RateGate, TheDayLeavesAReserve) {
  RateGate gate(Budget{0, 10'000, 100, 10});
  for (int i = 0; i < 90; ++i) ASSERT_EQ(gate.admit(kStart + i), 0);
  EXPECT_EQ(gate.admit(kStart + 100), kStart + kDayMs);
  EXPECT_EQ(gate.day_limit(), 100);
  EXPECT_EQ(gate.day_remaining(), 10);
  EXPECT_EQ(gate.admit(kStart + kDayMs), 0) << "24 hours from the first call";
}

TEST(RateGate, TheRemotesOwnCountOfTheDayIsRespected) {
  RateGate gate(Budget{0, 10'000, 200'000, 10});
  gate.learn({{"x-ratelimit-limit-daily", "1000"},
              {"x-ratelimit-daily-remaining", "102"},
              {"x-ratelimit-daily-reset", "60000"}},
             200, kStart);
  EXPECT_EQ(gate.day_limit(), 1'000);
  EXPECT_EQ(gate.day_remaining(), 102);
  EXPECT_EQ(gate.admit(kStart), 0);
  EXPECT_EQ(gate.admit(kStart), 0);
  EXPECT_EQ(gate.admit(kStart), kStart + 60'000) << "a hundred are kept in reserve";
  EXPECT_EQ(gate.admit(kStart + 60'000), 0) << "the remote's day is over";
}

TEST(RateGate, AnOlderAnswerDoesNotGiveTheDayBack) {
  RateGate gate(Budget{0, 10'000, 0, 0});
  gate.learn({{"x-ratelimit-daily-remaining", "5"}, {"x-ratelimit-daily-reset", "600000"}}, 200, kStart);
  gate.learn({{"x-ratelimit-daily-remaining", "9"}, {"x-ratelimit-daily-reset", "600000"}}, 200, kStart);
  EXPECT_EQ(gate.day_remaining(), 5);
  gate.learn({{"x-ratelimit-daily-remaining", "200"}, {"x-ratelimit-daily-reset", "86000000"}}, 200, kStart);
  EXPECT_EQ(gate.day_remaining(), 200) << "a later reset is a new day";
}

TEST(RateGate, AClockSetBackADayDoesNotFreezeIt) {
  RateGate gate(Budget{2, 10'000, 0, 0});
  ASSERT_EQ(gate.admit(kStart), 0);
  ASSERT_EQ(gate.admit(kStart), 0);
  const std::int64_t until = gate.admit(kStart - kDayMs);
  EXPECT_GE(until, kStart - kDayMs + 10'000) << "the window still holds";
  EXPECT_LE(until, kStart - kDayMs + 11'000) << "and no longer than it would have";
}

TEST(BackOff, GrowsAndIsTheSameForTheSameSeed) {
  for (int attempt = 1; attempt < 9; ++attempt) {
    const std::int64_t whole = std::min<std::int64_t>(500LL << (attempt - 1), 8'000);
    EXPECT_GE(back_off_ms(attempt, 42), whole / 2);
    EXPECT_LE(back_off_ms(attempt, 42), whole);
    EXPECT_EQ(back_off_ms(attempt, 42), back_off_ms(attempt, 42));
  }
  std::set<std::int64_t> pauses;
  for (std::uint64_t seed = 0; seed < 50; ++seed) pauses.insert(back_off_ms(3, seed));
  EXPECT_GT(pauses.size(), 30u) << "many clients do not come back at once";
}

const std::vector<std::string> kOddNumbers{
    "0", "1", "3", "7", "100", "-1", "", "abc", "1e9", "99999999999999999999", " 5", "5x", "86400000"};

// P20. Whatever the headers say: never more than the limit in force within any window, nothing
// before a Retry-After is over, never more than the day allows, and the gate opens again.
RC_GTEST_PROP(RateGateProperty, NeverMoreThanAllowed, ()) {
  const int limit = *rc::gen::inRange(1, 12);
  const std::int64_t window = *rc::gen::element<std::int64_t>(1'000, 10'000);
  const std::int64_t per_day = *rc::gen::element<std::int64_t>(0, 40, 100'000);
  const int reserve = *rc::gen::inRange(0, 50);
  RateGate gate(Budget{limit, window, per_day, reserve});

  std::int64_t now = kStart, said_limit = limit, shut_until = 0, day_start = 0, day_count = 0;
  std::vector<std::int64_t> sent;
  const int steps = *rc::gen::inRange(20, 200);
  for (int step = 0; step < steps; ++step) {
    now += *rc::gen::element<std::int64_t>(0, 0, 1, 50, 900, 5'000, 10'001, 3'600'000);
    if (*rc::gen::inRange(0, 4) == 0) {
      Headers headers;
      for (const char* name :
           {"x-ratelimit-max", "x-ratelimit-interval-milliseconds", "x-ratelimit-remaining",
            "x-ratelimit-daily-remaining", "x-ratelimit-daily-reset"})
        if (*rc::gen::inRange(0, 3) == 0) headers[name] = *rc::gen::elementOf(kOddNumbers);
      const int status = *rc::gen::element(200, 200, 500, 429);
      if (status == 429 && *rc::gen::inRange(0, 2) == 0) {
        const int seconds = *rc::gen::inRange(0, 60);
        headers["retry-after"] = std::to_string(seconds);
        shut_until = std::max(shut_until, now + seconds * 1'000);
      } else if (status == 429) {
        shut_until = std::max(shut_until, now + window);
      }
      const auto max = headers.find("x-ratelimit-max");
      if (max != headers.end() &&
          (max->second == "1" || max->second == "3" || max->second == "7" || max->second == "100"))
        said_limit = std::stoll(max->second);
      if (max != headers.end() && max->second == "86400000") said_limit = limit;
      gate.learn(headers, status, now);
    }
    const std::int64_t until = gate.admit(now);
    if (until != 0) {
      RC_ASSERT(until > now);
      continue;
    }
    RC_ASSERT(now >= shut_until);
    sent.push_back(now);
    const auto within =
        std::count_if(sent.begin(), sent.end(), [&](std::int64_t at) { return at > now - window; });
    RC_ASSERT(within <= std::min<std::int64_t>(limit, said_limit));
    if (day_start == 0 || now - day_start >= kDayMs) {
      day_start = now;
      day_count = 0;
    }
    ++day_count;
    if (per_day > 0) RC_ASSERT(day_count <= per_day - per_day * reserve / 100);
  }
  const std::int64_t opened = pass(gate, now);
  RC_ASSERT(opened <= now + 2 * kDayMs);
}
}  // namespace
}  // namespace tandem::http
