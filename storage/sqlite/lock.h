// The lock file beside a state file: one writing process per link on this machine. What it cannot
// see (another machine, a lock file that was deleted) the lease row in the state catches.
#pragma once
#include <string>

namespace tandem {

class LockFile {
 public:
  // Takes the lock or throws StoreError: busy with the holder's process id, read_only where the file
  // cannot be made. Never waits. The file stays when the lock is given up: deleting it would let two
  // processes lock two files of one name.
  explicit LockFile(std::string path);
  ~LockFile();
  LockFile(const LockFile&) = delete;
  LockFile& operator=(const LockFile&) = delete;

 private:
  std::string path_;
  int descriptor_ = -1;
};
}  // namespace tandem
