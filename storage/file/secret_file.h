// A small file that holds a secret and changes as a whole: a crash leaves the old content or the new one.
// Mode 0600; whoever changes it holds <path>.lock, across processes and threads. Made by root, it belongs
// to the owner of its folder, so that the service can go on with it.
// Failures are transient (nothing changed, the message names the file), except a file that others can
// read, which is unauthorised. One thread at a time per object.
#pragma once
#include <string>
#include <string_view>
#include "core/result.h"

namespace tandem {

class SecretFile {
 public:
  explicit SecretFile(std::string path);  // touches nothing
  ~SecretFile();                          // unlocks
  SecretFile(const SecretFile&) = delete;
  SecretFile& operator=(const SecretFile&) = delete;

  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] Result<std::string> read() const;  // "" = there is none

  // False = somebody else holds it. Makes the folder (0700) where there is none.
  [[nodiscard]] Result<bool> try_lock();
  void unlock();
  // Only while locked. reserve() takes the room that replace() will need (16 KiB at most), so that what
  // can be had only once is not asked for when it could not be kept.
  [[nodiscard]] Result<void> reserve();
  [[nodiscard]] Result<void> replace(std::string_view content);  // durable when it returns

 private:
  [[nodiscard]] tl::unexpected<Error> failed(std::string_view what, int cause) const;
  [[nodiscard]] std::string draft() const { return path_ + ".new"; }
  void drop_draft();

  std::string path_;
  int lock_ = -1, draft_ = -1;
};
}  // namespace tandem
