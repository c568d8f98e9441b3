#include "storage/file/secret_file.h"
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>

namespace tandem {
namespace fs = std::filesystem;
namespace {
constexpr off_t kRoom = 16 << 10;

std::string folder_of(const std::string& path) {
  const auto folder = fs::path(path).parent_path();
  return folder.empty() ? "." : folder.string();
}

void give_to_owner_of(const std::string& folder, int descriptor) {
  struct stat st {};
  if (geteuid() != 0 || stat(folder.c_str(), &st) != 0 || st.st_uid == 0) return;
  if (fchown(descriptor, st.st_uid, st.st_gid) != 0)
    return;  // root may; where it may not, the reader says so
}

bool write_all(int descriptor, std::string_view content) {
  for (std::size_t at = 0; at < content.size();) {
    const auto n = pwrite(descriptor, content.data() + at, content.size() - at, static_cast<off_t>(at));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    at += static_cast<std::size_t>(n);
  }
  return true;
}

bool sync_folder(const std::string& folder) {
  const int descriptor = open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return false;
  const bool done = fsync(descriptor) == 0;
  close(descriptor);
  return done;
}
}  // namespace

SecretFile::SecretFile(std::string path) : path_(std::move(path)) {}
SecretFile::~SecretFile() { unlock(); }

tl::unexpected<Error> SecretFile::failed(std::string_view what, int cause) const {
  return fail(Fault::transient, fmt::format("{} {}: {}", path_, what, std::strerror(cause)));
}

Result<std::string> SecretFile::read() const {
  const int descriptor = open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  if (descriptor < 0) {
    if (errno == ENOENT || errno == ENOTDIR) return std::string();
    return failed("cannot be read", errno);
  }
  struct stat st {};
  std::string content;
  std::array<char, 4096> part{};
  ssize_t n = -1;
  const bool open_to_others = fstat(descriptor, &st) != 0 || (st.st_mode & 077) != 0;
  while (!open_to_others && (n = ::read(descriptor, part.data(), part.size())) > 0)
    content.append(part.data(), static_cast<std::size_t>(n));
  const int cause = errno;
  close(descriptor);
  if (open_to_others)
    return fail(Fault::unauthorised, fmt::format("{} can be read by others; chmod 0600 it", path_));
  if (n < 0) return failed("cannot be read", cause);
  return content;
}

Result<bool> SecretFile::try_lock() {
  if (lock_ >= 0) return true;
  const std::string folder = folder_of(path_);
  std::error_code error;
  if (fs::create_directories(folder, error)) fs::permissions(folder, fs::perms::owner_all, error);
  const int descriptor = open((path_ + ".lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (descriptor < 0) return failed("cannot be locked", errno);
  give_to_owner_of(folder, descriptor);
  if (flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
    const int cause = errno;
    close(descriptor);
    if (cause == EWOULDBLOCK || cause == EINTR) return false;
    return failed("cannot be locked", cause);
  }
  lock_ = descriptor;
  return true;
}

void SecretFile::unlock() {
  if (lock_ < 0) return;
  drop_draft();
  close(lock_);  // the file stays: removing it would let two in
  lock_ = -1;
}

void SecretFile::drop_draft() {
  if (draft_ < 0) return;
  close(draft_);
  draft_ = -1;
  ::unlink(draft().c_str());
}

Result<void> SecretFile::reserve() {
  if (draft_ >= 0) return {};
  ::unlink(draft().c_str());  // what a crash left
  const int descriptor = open(draft().c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (descriptor < 0) return failed("cannot be replaced", errno);
  draft_ = descriptor;
  give_to_owner_of(folder_of(path_), descriptor);
  int cause = posix_fallocate(descriptor, 0, kRoom);
  if (cause == 0 && (fchmod(descriptor, 0600) != 0 || fsync(descriptor) != 0)) cause = errno;
  if (cause == 0) return {};
  drop_draft();
  return failed("cannot be replaced", cause);
}

Result<void> SecretFile::replace(std::string_view content) {
  if (auto room = reserve(); !room) return room;
  if (!write_all(draft_, content) || ftruncate(draft_, static_cast<off_t>(content.size())) != 0 ||
      fsync(draft_) != 0 || std::rename(draft().c_str(), path_.c_str()) != 0) {
    const int cause = errno;
    drop_draft();
    return failed("cannot be replaced", cause);
  }
  close(draft_);
  draft_ = -1;
  if (!sync_folder(folder_of(path_))) return failed("is replaced, but not durably", errno);
  return {};
}
}  // namespace tandem
