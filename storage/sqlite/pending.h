// Writes that wait for a person, in groups that can be decided on. Shared by the daemon's store and
// the commands that decide.
#pragma once
#include <string>
#include <vector>
#include "core/ports/state_store.h"
#include "storage/sqlite/connection.h"

namespace tandem {

// Of the members as they are now, by class and side.
[[nodiscard]] std::vector<PendingGroup> undecided_groups(Connection& connection);
// Makes v_pending show them. Inside a transaction; writes only what differs.
void show_groups(Connection& connection);
// StateStore::decide. The members' pairs are planned again.
bool decide_group(Connection& connection, const std::string& digest, Decision decision, std::int64_t at_ms);
}  // namespace tandem
