// Whose file is it, and in which shape.
#pragma once
#include "storage/sqlite/connection.h"

namespace tandem {
struct LinkIdentity;

inline constexpr std::int64_t kApplicationId = 0x746e646d;  // "tndm"; `file` and sqlite tools show it

[[nodiscard]] std::int64_t newest_schema();
// StoreError::foreign when the file is another program's, newer_schema when a newer tandem wrote it.
// False: an empty file.
[[nodiscard]] bool check_schema(Connection& connection);
// For those who may not migrate: also other, when it is older or empty.
void require_current_schema(Connection& connection);
// Brings the file to the newest schema, each step in a transaction of its own.
void migrate(Connection& connection);
// StoreError::foreign when the state belongs to another account or location. False: to nobody yet.
[[nodiscard]] bool check_link(Connection& connection, const LinkIdentity& link);
void adopt_link(Connection& connection, const LinkIdentity& link,
                std::int64_t now_ms);  // where it is nobody's
}  // namespace tandem
