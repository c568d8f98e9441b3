#include "storage/sqlite/migrate.h"
#include <fmt/format.h>
#include "storage/sqlite/schema.h"
#include "storage/sqlite/sqlite_store.h"

namespace tandem {
using Kind = StoreError::Kind;

std::int64_t newest_schema() { return migrations().back().number; }

bool check_schema(Connection& connection) {
  const std::int64_t application = connection.number("application_id");
  const std::int64_t schema = connection.number("user_version");
  if (application != kApplicationId) {
    Query q(connection, "SELECT count(*) FROM sqlite_schema");
    q.step();
    if (application == 0 && schema == 0 && q.number(0) == 0) return false;
    throw StoreError(Kind::foreign,
                     fmt::format("{} is a database of another program; nothing was written, set another "
                                 "state_dir or move it away",
                                 connection.path()));
  }
  if (schema > newest_schema())
    throw StoreError(
        Kind::newer_schema,
        fmt::format("state {} has schema {}, this tandem knows up to {}; nothing was written, install the "
                    "newer tandem again or restore a backup made before the upgrade",
                    connection.path(), schema, newest_schema()));
  return true;
}

void require_current_schema(Connection& connection) {
  const bool there = check_schema(connection);
  const std::int64_t schema = connection.number("user_version");
  if (!there || schema < newest_schema())
    throw StoreError(
        Kind::other,
        fmt::format("state {} has schema {}, this tandem reads {}; start the daemon (or `tandem once`) to "
                    "bring it up to date",
                    connection.path(), schema, newest_schema()));
}

void migrate(Connection& connection) {
  const std::int64_t from = check_schema(connection) ? connection.number("user_version") : 0;
  for (const Migration& step : migrations()) {
    if (step.number <= from) continue;
    connection.begin();
    try {
      connection.exec(step.sql);
      connection.exec(fmt::format("PRAGMA application_id = {}", kApplicationId));
      connection.exec(fmt::format("PRAGMA user_version = {}", step.number));
      connection.commit();
    } catch (...) {
      connection.rollback();
      throw;
    }
  }
}

bool check_link(Connection& connection, const LinkIdentity& link) {
  Query q(connection, "SELECT ctm_account, highlevel_location FROM link");
  if (!q.step()) return false;
  const std::string account = q.text(0);
  const std::string location = q.text(1);
  if (account == link.ctm_account && location == link.highlevel_location) return true;
  throw StoreError(
      Kind::foreign,
      fmt::format("state {} belongs to CTM account {} and HighLevel location {}, the configuration says {} "
                  "and {}; nothing was written, give the link another name or move the state away",
                  connection.path(), account, location, link.ctm_account, link.highlevel_location));
}

void adopt_link(Connection& connection, const LinkIdentity& link, std::int64_t now_ms) {
  if (check_link(connection, link)) return;
  Query(connection, "INSERT INTO link VALUES (1, ?, ?, ?, ?)", link.link, link.ctm_account,
        link.highlevel_location, now_ms)
      .run();
}
}  // namespace tandem
