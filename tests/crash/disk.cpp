#include "tests/crash/disk.h"

#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <filesystem>
#include <map>
#include <random>
#include <vector>

namespace tandem::crash {
namespace {
struct Op {  // not synced yet
  bool truncates = false;
  std::size_t at = 0;  // or the new size
  std::string bytes;
};

// One file as the process sees it, and as the disk has it.
struct File {
  std::string path;
  int fd = -1;  // kept open: closing it would drop SQLite's own locks on the same file
  bool is_there = false, was_there = false;  // now; on the disk
  std::string now, durable;
  std::vector<Op> ops;
  int writes = 0;  // since the last sync
};

struct Disk {
  sqlite3_vfs* real = nullptr;
  sqlite3_vfs vfs{};
  Page* page = nullptr;
  Death death;
  std::map<std::string, File> files;
};
Disk& disk() {
  static Disk only;
  return only;
}

[[noreturn]] void fail(const std::string& what, const std::string& path) {
  throw std::runtime_error("the disk under test: " + what + " " + path);
}

void put(File& file, const Op& op) {
  if (file.fd < 0) file.fd = ::open(file.path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  const auto at = static_cast<off_t>(op.at);
  if (file.fd < 0 || (op.truncates && ftruncate(file.fd, at) != 0) ||
      pwrite(file.fd, op.bytes.data(), op.bytes.size(), at) != static_cast<ssize_t>(op.bytes.size()))
    fail("cannot write", file.path);
}

void put(File& file, const std::string& content) {
  put(file, Op{true, content.size(), {}});
  put(file, Op{false, 0, content});
}

void drop(File& file) {
  ::unlink(file.path.c_str());
  if (file.fd >= 0) ::close(file.fd);
  file.fd = -1;
}

void replay(const Op& op, std::string& content) {
  if (op.truncates) return content.resize(op.at);
  if (content.size() < op.at + op.bytes.size()) content.resize(op.at + op.bytes.size());
  content.replace(op.at, op.bytes.size(), op.bytes);
}

bool buffers() { return disk().death.power; }

int unsynced() {
  std::size_t n = 0;
  for (const auto& [path, file] : disk().files)
    n += file.ops.size() + (file.is_there == file.was_there ? 0 : 1);
  return static_cast<int>(n);
}

// What is left of the unsynced writes when the power goes, in any order and cut anywhere.
void lose_power() {
  std::mt19937 chance(disk().death.seed + static_cast<unsigned>(disk().death.step));
  const int keeps = disk().death.keeps;
  const auto coin = [&] { return keeps == 2 || chance() % 2 == 0; };
  if (keeps == 0) return;
  for (auto& [path, file] : disk().files) {
    std::string left = file.durable;
    for (std::size_t i = 0; i < file.ops.size(); ++i) {
      Op op = file.ops[i];
      const bool last = i + 1 == file.ops.size();
      if (keeps == 1 && !coin()) continue;
      if (!op.bytes.empty() && (keeps == 2 ? last : chance() % 4 == 0))
        op.bytes.resize(chance() % op.bytes.size());
      replay(op, left);
    }
    const bool stays = file.is_there == file.was_there ? file.is_there
                       : coin()                        ? file.is_there
                                                       : file.was_there;
    if (!stays)
      drop(file);
    else
      put(file, file.is_there ? left : file.durable);
  }
}

void step(const char* what, const std::string& path) {
  if (disk().page == nullptr) return;
  Page& page = *disk().page;
  page.unsynced = unsynced();
  const std::string name = std::filesystem::path(path).filename();
  if (!page.step(std::string(what) + " " + name)) return;
  if (buffers()) lose_power();
  kill(getpid(), SIGKILL);
}
void step(const char* what, const File& file) { step(what, file.path); }

template <class Call>
int name(const char* path, const Call& call) {
  step("before naming", path);
  const long result = call();
  step("after naming", path);
  return static_cast<int>(result);
}

void remember(File& file, Op op) {
  replay(op, file.now);
  if (!buffers()) return put(file, op);
  file.ops.push_back(std::move(op));
}

void sync_folder() {
  if (!buffers()) return;
  for (auto& [path, file] : disk().files) {
    if (file.is_there && !file.was_there) put(file, file.durable);
    if (!file.is_there && file.was_there) drop(file);
    file.was_there = file.is_there;
  }
}

void sync(File& file) {
  file.writes = 0;
  for (const Op& op : file.ops) {
    replay(op, file.durable);
    if (file.was_there) put(file, op);
  }
  file.ops.clear();
}

File& known(const std::string& path) {
  auto [at, is_new] = disk().files.try_emplace(path);
  File& file = at->second;
  if (!is_new) return file;
  file.path = path;
  file.fd = ::open(path.c_str(), O_RDWR | O_CLOEXEC);
  if (file.fd < 0) return file;
  file.is_there = file.was_there = true;
  struct stat stats {};
  fstat(file.fd, &stats);
  file.now.resize(static_cast<std::size_t>(stats.st_size));
  if (pread(file.fd, file.now.data(), file.now.size(), 0) != stats.st_size) fail("cannot read", path);
  file.durable = file.now;
  return file;
}

// ---- SQLite's view: locks and shared memory are the real file's, content is ours
struct Handle {
  sqlite3_file base;
  File* file;
  bool syncs_folder;   // the first sync of a journal or log that is opened to be made, whether or not it was
                       // there, carries its entry (as SQLite's own VFS does)
  sqlite3_file* real;  // of a database; else nullptr
};
Handle& of(sqlite3_file* file) { return *reinterpret_cast<Handle*>(file); }

int close_file(sqlite3_file* f) {
  Handle& h = of(f);
  return h.real == nullptr ? SQLITE_OK : h.real->pMethods->xClose(h.real);
}
int read_file(sqlite3_file* f, void* into, int amount, sqlite3_int64 at) {
  const std::string& content = of(f).file->now;
  const auto from = std::min(static_cast<std::size_t>(at), content.size());
  const auto got = std::min(static_cast<std::size_t>(amount), content.size() - from);
  std::memcpy(into, content.data() + from, got);
  if (got == static_cast<std::size_t>(amount)) return SQLITE_OK;
  std::memset(static_cast<char*>(into) + got, 0, static_cast<std::size_t>(amount) - got);
  return SQLITE_IOERR_SHORT_READ;
}
int write_file(sqlite3_file* f, const void* from, int amount, sqlite3_int64 at) {
  File& file = *of(f).file;
  if (file.writes == 0) step("before a write to", file);
  if (file.writes == 1) step("after one write to", file);
  ++file.writes;
  remember(file, {false, static_cast<std::size_t>(at),
                  std::string(static_cast<const char*>(from), static_cast<std::size_t>(amount))});
  return SQLITE_OK;
}
int truncate_file(sqlite3_file* f, sqlite3_int64 size) {
  File& file = *of(f).file;
  step("before cutting", file);
  remember(file, {true, static_cast<std::size_t>(size), {}});
  return SQLITE_OK;
}
int sync_file(sqlite3_file* f, int) {
  Handle& h = of(f);
  step("before a sync of", *h.file);
  sync(*h.file);
  if (h.syncs_folder) sync_folder();
  h.syncs_folder = false;
  step("after a sync of", *h.file);
  return SQLITE_OK;
}
int size_of_file(sqlite3_file* f, sqlite3_int64* size) {
  *size = static_cast<sqlite3_int64>(of(f).file->now.size());
  return SQLITE_OK;
}
int lock(sqlite3_file* f, int level) {
  Handle& h = of(f);
  return h.real == nullptr ? SQLITE_OK : h.real->pMethods->xLock(h.real, level);
}
int unlock(sqlite3_file* f, int level) {
  Handle& h = of(f);
  return h.real == nullptr ? SQLITE_OK : h.real->pMethods->xUnlock(h.real, level);
}
int is_reserved(sqlite3_file* f, int* out) {
  Handle& h = of(f);
  *out = 0;
  return h.real == nullptr ? SQLITE_OK : h.real->pMethods->xCheckReservedLock(h.real, out);
}
int control(sqlite3_file* f, int op, void* argument) {
  Handle& h = of(f);
  return h.real == nullptr ? SQLITE_NOTFOUND : h.real->pMethods->xFileControl(h.real, op, argument);
}
int sector_size(sqlite3_file*) { return 4096; }
int characteristics(sqlite3_file*) { return SQLITE_IOCAP_POWERSAFE_OVERWRITE; }
int shm_map(sqlite3_file* f, int page, int size, int extend, void volatile** out) {
  Handle& h = of(f);
  return h.real->pMethods->xShmMap(h.real, page, size, extend, out);
}
int shm_lock(sqlite3_file* f, int offset, int n, int flags) {
  Handle& h = of(f);
  return h.real->pMethods->xShmLock(h.real, offset, n, flags);
}
void shm_barrier(sqlite3_file* f) { of(f).real->pMethods->xShmBarrier(of(f).real); }
int shm_unmap(sqlite3_file* f, int remove) {
  Handle& h = of(f);
  return h.real->pMethods->xShmUnmap(h.real, remove);
}
constexpr sqlite3_io_methods kMethods = {
    2,        close_file,  read_file,   write_file, truncate_file, sync_file,       size_of_file,
    lock,     unlock,      is_reserved, control,    sector_size,   characteristics, shm_map,
    shm_lock, shm_barrier, shm_unmap,   nullptr,    nullptr};

int open_file(sqlite3_vfs*, const char* name, sqlite3_file* f, int flags, int* out_flags) {
  sqlite3_vfs* real = disk().real;
  constexpr int kOurs = SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_MAIN_JOURNAL | SQLITE_OPEN_WAL;
  if (name == nullptr || (flags & kOurs) == 0) return real->xOpen(real, name, f, flags, out_flags);
  Handle& h = of(f);
  h = {};
  if ((flags & SQLITE_OPEN_MAIN_DB) != 0) {
    h.real = reinterpret_cast<sqlite3_file*>(reinterpret_cast<char*>(f) + sizeof(Handle));
    const int result = real->xOpen(real, name, h.real, flags, out_flags);
    if (result != SQLITE_OK) return result;
  }
  File& file = known(name);
  if (!file.is_there) {
    if ((flags & SQLITE_OPEN_CREATE) == 0) return SQLITE_CANTOPEN;
    file.is_there = true;
    file.now.clear();
    if (buffers()) file.ops.push_back({true, 0, {}});
    if (!buffers()) {
      put(file, Op{true, 0, {}});
      file.was_there = true;
    }
  }
  h.syncs_folder = (flags & SQLITE_OPEN_MAIN_DB) == 0 && (flags & SQLITE_OPEN_CREATE) != 0;
  h.file = &file;
  if (out_flags != nullptr && h.real == nullptr) *out_flags = flags;
  h.base.pMethods = &kMethods;
  return SQLITE_OK;
}

int delete_file(sqlite3_vfs*, const char* name, int syncs) {
  File& file = known(name);
  if (!file.is_there) return SQLITE_IOERR_DELETE_NOENT;
  step("before deleting", file);
  file.is_there = false;
  file.writes = 0;
  file.now.clear();
  file.ops.clear();
  if (!buffers()) {
    drop(file);
    file.was_there = false;
  } else if (syncs != 0) {
    sync_folder();
  }
  return SQLITE_OK;
}

int access_file(sqlite3_vfs*, const char* name, int flags, int* out) {
  if (const auto file = disk().files.find(name); file != disk().files.end() && !file->second.is_there) {
    *out = 0;
    return SQLITE_OK;
  }
  if (disk().files.contains(name)) {
    *out = flags != SQLITE_ACCESS_EXISTS || !disk().files[name].now.empty() ? 1 : 0;
    return SQLITE_OK;
  }
  return disk().real->xAccess(disk().real, name, flags, out);
}

int checkpoint_often(sqlite3* database, char**, const sqlite3_api_routines*) {
  return sqlite3_wal_autocheckpoint(database, 8);
}
}  // namespace

void put_disk_under_sqlite(Page& page, const Death& death) {
  sqlite3_initialize();
  Disk& d = disk();
  d.page = &page;
  d.death = death;
  d.real = sqlite3_vfs_find(nullptr);
  d.vfs = *d.real;
  d.vfs.iVersion = 1;
  d.vfs.zName = "crash";
  d.vfs.szOsFile = static_cast<int>(sizeof(Handle)) + d.real->szOsFile;
  d.vfs.xOpen = open_file;
  d.vfs.xDelete = delete_file;
  d.vfs.xAccess = access_file;
  d.vfs.xFullPathname = [](sqlite3_vfs*, const char* name, int size, char* out) {
    return disk().real->xFullPathname(disk().real, name, size, out);
  };
  if (sqlite3_vfs_register(&d.vfs, 1) != SQLITE_OK) fail("cannot register", "the VFS");
  if (death.power) sqlite3_auto_extension(reinterpret_cast<void (*)()>(checkpoint_often));
}

void write_back() {
  if (!buffers()) return;
  for (auto& [path, file] : disk().files) {
    if (file.is_there)
      put(file, file.now);
    else
      drop(file);
  }
}

void spoil_log_index(const std::string& database) {
  const int fd = ::open((database + "-shm").c_str(), O_RDWR | O_CLOEXEC);
  if (fd < 0) return;
  struct stat stats {};
  fstat(fd, &stats);
  const std::string noise(static_cast<std::size_t>(stats.st_size), '\xa5');
  if (pwrite(fd, noise.data(), noise.size(), 0) < 0) fail("cannot spoil", database);
  ::close(fd);
}
}  // namespace tandem::crash

extern "C" int rename(const char* from, const char* to) noexcept {
  return tandem::crash::name(to, [&] { return syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0); });
}
extern "C" int link(const char* from, const char* to) noexcept {
  return tandem::crash::name(to, [&] { return syscall(SYS_linkat, AT_FDCWD, from, AT_FDCWD, to, 0); });
}
