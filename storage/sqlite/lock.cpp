#include "storage/sqlite/lock.h"
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>
#include <array>
#include <cerrno>
#include <cstring>
#include "core/ports/state_store.h"

namespace tandem {
namespace {
std::string holder(int descriptor) {
  std::array<char, 24> text{};
  const auto length = pread(descriptor, text.data(), text.size() - 1, 0);
  std::string out(text.data(), length > 0 ? static_cast<std::size_t>(length) : 0);
  while (!out.empty() && (out.back() < '0' || out.back() > '9')) out.pop_back();
  return out.empty() ? "unknown" : out;
}
}  // namespace

LockFile::LockFile(std::string path) : path_(std::move(path)) {
  descriptor_ = ::open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (descriptor_ < 0) {
    const int cause = errno;
    throw StoreError(
        StoreError::Kind::read_only,
        fmt::format("lock file {}: {}; nothing was written, make the folder writable for this user", path_,
                    std::strerror(cause)));
  }
  if (flock(descriptor_, LOCK_EX | LOCK_NB) != 0) {
    const int cause = errno;
    const std::string pid = holder(descriptor_);
    close(descriptor_);
    if (cause != EWOULDBLOCK)
      throw StoreError(StoreError::Kind::other, fmt::format("lock file {}: {}", path_, std::strerror(cause)));
    throw StoreError(
        StoreError::Kind::busy,
        fmt::format("another tandem works on this link (process {}, lock file {}); one at a time: wait for "
                    "it, or stop it first",
                    pid, path_));
  }
  const std::string pid = fmt::format("{}\n", getpid());
  if (ftruncate(descriptor_, 0) != 0 ||
      pwrite(descriptor_, pid.data(), pid.size(), 0) != static_cast<ssize_t>(pid.size())) {
    const int cause = errno;
    close(descriptor_);
    throw StoreError(cause == ENOSPC ? StoreError::Kind::disk_full : StoreError::Kind::other,
                     fmt::format("lock file {}: {}; nothing was written", path_, std::strerror(cause)));
  }
}

LockFile::~LockFile() { close(descriptor_); }
}  // namespace tandem
