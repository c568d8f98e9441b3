// People at work on both sides: they edit, tag, type in new contacts and call, by seed and clock. Their
// edits reach each system through a StaffSide, so that the same crew works behind HTTP and in-process.
#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "tests/sim/people.h"

namespace tandem::sim {

// One system as its staff sees it. A person is named by phone number (E.164). Field names are those of
// PersonCard: first_name last_name email company address1 city state postal_code. False = no such
// person, or the system refused.
struct StaffSide {
  std::function<std::vector<std::string>()> phones;  // of everybody known there, in a stable order
  std::function<bool(const std::string& phone, const std::string& field, const std::string& value)> edit;
  std::function<bool(const std::string& phone, const std::string& tag, bool add)> tag;
  std::function<void(const PersonCard& newcomer)> arrive;  // typed in at HighLevel; a first call at CTM
  std::function<void(const std::string& phone)> call;      // an activity of somebody known; may be empty
};

struct StaffPlan {
  std::int64_t every_ms = 1000;  // on average; half to one and a half of it
  int both_sides_percent = 6;    // the same field on both sides within one step
  int newcomers_percent = 14;
  int tags_percent = 20;
  std::size_t first_newcomer = 1'000'000;  // make_person index: beyond all that were loaded
};

class Staff {
 public:
  Staff(std::uint64_t seed, StaffSide highlevel, StaffSide ctm, StaffPlan plan = {});
  // Does everything that is due by `now_ms`; the first call only sets the clock. Returns how many edits.
  int step(std::int64_t now_ms);
  [[nodiscard]] std::int64_t next_at_ms() const { return next_at_ms_; }
  // E.g. "highlevel.edit", "ctm.edit", "both.edit", "ctm.arrive" -> how often it worked.
  [[nodiscard]] const std::map<std::string, int>& done() const { return done_; }

 private:
  void act();
  void edit(bool at_highlevel, bool at_ctm);
  std::string pick(const StaffSide& side);
  std::size_t below(std::size_t n) { return n == 0 ? 0 : static_cast<std::size_t>(dice_() % n); }

  std::uint64_t seed_;
  StaffSide highlevel_, ctm_;
  StaffPlan plan_;
  std::mt19937_64 dice_;
  std::int64_t next_at_ms_ = 0;
  std::size_t newcomers_ = 0, edits_ = 0;
  std::map<std::string, int> done_;
};
}  // namespace tandem::sim
