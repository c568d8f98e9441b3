// A program started by the demo. It gets TERM when the demo goes away, however it goes.
#pragma once
#include <sys/types.h>
#include <string>
#include <vector>

namespace tandem {

class Child {
 public:
  // arguments[0] is the program's path. Its output goes to the file `log`, both streams.
  Child(const std::vector<std::string>& arguments, const std::string& log);
  ~Child();  // stops it
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  [[nodiscard]] bool is_running();
  void signal(int number);
  void stop();  // TERM, and KILL after 12 s
  [[nodiscard]] pid_t pid() const { return pid_; }

 private:
  pid_t pid_ = -1;
  bool reaped_ = false;
};
}  // namespace tandem
