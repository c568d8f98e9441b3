// Both simulated systems and their people, and the process between them: a tandem of its own, with its
// real replicas, transport, engine and state file, that lives until all is at rest, or is killed. A person's
// commands are processes, too: each is killed like tandem itself, and given again if it did not come to its
// end.
#pragma once
#include <algorithm>
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

class Stage : public World {
 public:
  Stage();

  PerSide<sim::Faults> faults;
  // Done before, between and after which tandem lives until it is at rest: command, rest, command, rest. Each
  // opens the state for itself, as a command does. Empty: it says nothing.
  std::vector<std::function<void()>> commands;
  bool only_deltas = false;  // otherwise every other cycle reads everything
  std::vector<std::string>
      erased;  // texts that no file of the state may hold when a life has come to its end

  // Starts a process and answers it until it ends. False: it died by `death`, and the next life goes on with
  // the command, or the rest, that it died in. Throws when it failed, or was not at rest after many cycles.
  bool live(const Death& death = {});
  [[nodiscard]] const Page& page() const { return page_; }

  // ---- what a person says, each as the command does it
  void decide(const std::string& any_id, const std::string& field, Resolution::Take take);
  void approve_all();  // every group that waits
  void ask_to_forget(const std::string& any_id);
  void undo_run(std::int64_t run);
  void rule(Ruling::Kind kind, const std::string& number, const std::string& contact_id);
  void back_up();

  // Both systems and the state as they are: people, rows, activities; pairs, fields, what waits and what was
  // written. Without ids that the systems choose, and without times; see image.cpp for each.
  [[nodiscard]] std::vector<std::string> image();
  // A backup that has its name is whole, or this throws.
  void look_at_backup() const;

 private:
  [[noreturn]] void be_tandem(const Death& death);
  void rest(Clock& time, bool power);
  void throw_if_not_erased() const;
  [[nodiscard]] int acts_to_do() const { return std::max(1, 2 * static_cast<int>(commands.size())); }
  [[nodiscard]] std::string backup_file() const { return state_file() + ".copy"; }
  std::optional<sim::Delivered> answer(Side side, const sim::HttpRequest& request, int child);

  Page& page_ = make_page();
  int acts_done_ = 0;
  Server server_;
  sim::CtmFace ctm_face_;
  sim::HighLevelFace highlevel_face_;
};
}  // namespace tandem::crash
