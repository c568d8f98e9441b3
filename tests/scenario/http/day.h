// The standard day: people who are on both sides are linked, staff edit on both sides, somebody new
// calls, somebody new is typed in, two edits collide, a number changes, a value is cleared. What it must
// end in is written down once, whatever the remotes were like meanwhile.
#pragma once
#include <functional>
#include <map>
#include <set>
#include <string>

#include "tests/scenario/http/http_world.h"

namespace tandem {

class Day : public HttpWorld {
 public:
  enum class Part { night, morning, afternoon };  // the first cycles; edits; more edits, after a restart

  // Everybody is there, nothing has been synchronised. Switches and faults are set now.
  Day();
  // `before`: called as each part begins, before its people act.
  void live(const std::function<void(Part)>& before = [](Part) {});

  // Convergence, the written end, the audit, silence and quotas. `except`: "who.field" that need not agree,
  // or "field", of everybody, that need neither agree nor end as written.
  void expect_ended_well(const std::set<std::string>& except = {});
  // Each "who.field" is parked with a reason: what a remote cannot take, a person is told.
  void expect_reported(const std::set<std::string>& fields);
  // Both models, record by record, without ids and times: for "as if nothing had gone wrong".
  [[nodiscard]] std::vector<std::string> image();

 private:
  void add_people();
  void morning();
  void afternoon();
  void expect_written_end(const std::set<std::string>& except);
  [[nodiscard]] std::string id_of(const std::string& who) { return ids_.at(who); }

  std::map<std::string, std::string> ids_;     // who -> HighLevel's id
  std::map<std::string, std::int64_t> calls_;  // who -> the activity staff edit
};
}  // namespace tandem
