// A person's ruling on the matching, as the daemon's store and the commands both write it.
#pragma once
#include "core/ports/state_store.h"
#include "storage/sqlite/connection.h"

namespace tandem {
// Replaces what was said about these two before. Inside a transaction.
void put_ruling(Connection& connection, Ruling::Kind kind, const RecordId& ctm, const RecordId& highlevel,
                std::int64_t at_ms);
}  // namespace tandem
