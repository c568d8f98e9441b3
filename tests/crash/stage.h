// Both simulated systems and their people, and the process between them: a tandem of its own, with its
// real replicas, transport, engine and state file, that lives until all is at rest, or is killed.
#pragma once
#include <functional>
#include <string>
#include <vector>

#include "core/model/side.h"
#include "tests/crash/page.h"
#include "tests/crash/server.h"
#include "tests/scenario/world.h"
#include "tests/sim/ctm_face.h"
#include "tests/sim/highlevel_face.h"

namespace tandem::crash {

enum class Task : std::uint8_t {
  synchronise,  // cycles until two did nothing
  backup,       // a copy of the state, as `tandem backup`
};

class Stage : public World {
 public:
  Stage();

  PerSide<sim::Faults> faults;
  Task task = Task::synchronise;
  bool only_deltas = false;  // otherwise every other cycle reads everything

  // Starts a process and answers it until it ends. False: it died by `death`. Throws when it failed, or
  // was not at rest after many cycles.
  bool live(const Death& death = {});
  [[nodiscard]] const Page& page() const { return page_; }

  void decide(const std::string& any_id, const std::string& field, Resolution::Take take);  // a person
  void approve_all();  // every group that waits

  // Both systems and the state as they are: people, rows, activities; pairs, fields, what waits and what was
  // written. Without ids that the systems choose, and without times; see image.cpp for each.
  [[nodiscard]] std::vector<std::string> image();
  [[nodiscard]] std::string backup_file() const { return state_file() + ".copy"; }

 private:
  [[noreturn]] void be_tandem(const Death& death);
  std::optional<sim::Delivered> answer(Side side, const sim::HttpRequest& request, int child);

  Page& page_ = make_page();
  Server server_;
  sim::CtmFace ctm_face_;
  sim::HighLevelFace highlevel_face_;
};
}  // namespace tandem::crash
