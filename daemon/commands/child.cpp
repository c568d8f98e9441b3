#include "daemon/commands/child.h"
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <chrono>
#include <csignal>
#include <thread>
#include "daemon/commands/invocation.h"

namespace tandem {
Child::Child(const std::vector<std::string>& arguments, const std::string& log) {
  std::vector<char*> argv;
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  const pid_t parent = getpid();
  pid_ = fork();
  if (pid_ < 0)
    throw Exit{kExitFailed, fmt::format("{} could not be started: no process can be made", arguments[0])};
  if (pid_ > 0) return;
  // The child: only calls that are safe between fork and exec.
  prctl(PR_SET_PDEATHSIG, SIGTERM);
  if (getppid() != parent) _exit(0);
  setpgid(0, 0);  // a Ctrl-C is the demo's to handle
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  const int out = open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (out >= 0) {
    dup2(out, STDOUT_FILENO);
    dup2(out, STDERR_FILENO);
  }
  execv(argv[0], argv.data());
  _exit(127);
}

Child::~Child() { stop(); }

bool Child::is_running() {
  if (!reaped_ && waitpid(pid_, nullptr, WNOHANG) == pid_) reaped_ = true;
  return !reaped_;
}

void Child::signal(int number) {
  if (is_running()) kill(pid_, number);
}

void Child::stop() {
  signal(SIGTERM);
  const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(12);
  while (is_running()) {
    if (std::chrono::steady_clock::now() > give_up) signal(SIGKILL);
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
}
}  // namespace tandem
