// The disk under the state: SQLite's default VFS for this process, in which every write, sync and
// deletion of a database, its journal and its log is a numbered step, and which can lose power.
#pragma once
#include "tests/crash/page.h"

namespace tandem::crash {

// Naming a file is a step as well: rename() and link() of this program come here.
// From now on, for ever: the process is a child made to be killed. `death.power`: what SQLite writes
// reaches the files only when it syncs, so that whoever kills this process takes the power as well; the
// log is then checkpointed every few pages. Dies by itself where page.die_at is one of its own steps,
// having kept of the unsynced writes what `death.keeps` says.
// Not played: that the folder itself, or the empty file that SqliteStore makes in it, is lost.
void put_disk_under_sqlite(Page& page, const Death& death);

// The process is about to end in good order: what it wrote will reach the disk.
void write_back();

// The index of the log is no file that anybody syncs: after a loss of power it holds anything.
void spoil_log_index(const std::string& database);
}  // namespace tandem::crash
