// The stage of the demo: a fresh folder with a configuration, both simulated systems and the daemon
// as processes of their own. Plain HTTP and files between them, as with the real ones.
#pragma once
#include <memory>
#include <string>
#include "core/model/side.h"
#include "daemon/commands/child.h"
#include "daemon/commands/wall_clock.h"
#include "daemon/config/config.h"
#include "storage/sqlite/sqlite_store.h"

namespace tandem {

class DemoStage {
 public:
  DemoStage(WallClock& clock, int people);
  void start_daemon();
  // Everything stops; the folder stays.
  void clear();

  [[nodiscard]] const std::string& folder() const { return folder_; }
  [[nodiscard]] std::string state_file() const { return folder_ + "/state/demo.sqlite"; }
  [[nodiscard]] std::string config_file() const { return folder_ + "/tandem.toml"; }
  [[nodiscard]] Child& daemon() { return *daemon_; }
  // nullptr until the daemon has made its state.
  [[nodiscard]] std::unique_ptr<SqliteStore> state() const;
  // POST /_sim/<what> at a side's simulator. False when it says no.
  bool tell(Side side, const std::string& what, const std::string& json = "{}");
  // Throws Exit when a process died, with the end of its log.
  void check_alive();

 private:
  void wait_for_ports();
  void write_configuration();
  void put(const std::string& name, const std::string& text) const;  // 0600

  WallClock& clock_;
  std::string folder_;
  std::unique_ptr<Child> simulators_, daemon_;
  struct Remote {
    std::string base_url, secret, account, list;
  };
  PerSide<Remote> remotes_;
};
}  // namespace tandem
