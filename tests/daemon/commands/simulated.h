// Both remotes simulated in a process of their own, and a configuration that points at them.
#pragma once
#include <gtest/gtest.h>
#include <optional>
#include <string>
#include <vector>
#include "core/model/side.h"
#include "storage/sqlite/sqlite_store.h"
#include "tests/daemon/commands/program.h"

namespace tandem::test {

class Simulated : public ::testing::Test {
 protected:
  // `options`: of tandem-sim. Writes the credentials and the configuration.
  void start_simulators(std::vector<std::string> options);
  void configure(const std::string& more_of_link = "first_run = \"auto\"\n",
                 const std::string& state = "state", const std::string& more = {});
  // A request to the admin surface, "switches" or "staff/edit" for example; fails the test when it is
  // refused, and answers the id where there is one.
  std::string tell(Side side, const std::string& what, const std::string& json);
  // GET of the admin surface, "writes" for example: the body.
  std::string ask(Side side, const std::string& what);

  Environment environment() { return {{"CREDENTIALS_DIRECTORY", folder_ / ""}}; }
  std::vector<std::string> with_config(std::vector<std::string> arguments);
  Finished run(std::vector<std::string> arguments) {
    return tandem(with_config(std::move(arguments)), environment());
  }
  std::string state() { return folder_ / "state/acme.sqlite"; }
  Table rows(const std::string& sql) { return SqliteStore::open_read_only(state())->rows(sql); }

  Folder folder_;
  std::optional<Program> simulators_;
  std::string ctm_url_, highlevel_url_, account_, location_, list_, key_, token_;
};
}  // namespace tandem::test
