#include "tests/daemon/commands/program.h"
#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <stdexcept>

namespace tandem::test {
namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;
namespace {
constexpr auto kPatience = std::chrono::seconds(120);

int left_ms(Clock::time_point give_up) {
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(give_up - Clock::now()).count();
  return left > 0 ? static_cast<int>(left) : 0;
}
// As systemd names the socket that it connects to standard error.
std::string name_of_stream(int descriptor) {
  struct stat st {};
  if (fstat(descriptor, &st) != 0) throw std::runtime_error("no standard error");
  return std::to_string(st.st_dev) + ":" + std::to_string(st.st_ino);
}
}  // namespace

Folder::Folder() {
  std::string name = (fs::temp_directory_path() / "tandem-test-XXXXXX").string();
  if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary folder");
  path_ = name;
}
Folder::~Folder() { fs::remove_all(path_); }

void Folder::put(const std::string& name, const std::string& text) const {
  std::ofstream(path_ / name) << text;
  fs::permissions(path_ / name, fs::perms::owner_read | fs::perms::owner_write);
}

Program::Program(const std::vector<std::string>& arguments, const Environment& environment) {
  std::array<int, 2> out{}, err{};
  if (pipe2(out.data(), O_CLOEXEC) != 0 || pipe2(err.data(), O_CLOEXEC) != 0)
    throw std::runtime_error("no pipe");
  std::vector<std::string> texts;
  for (const char* inherited :
       {"PATH", "TMPDIR", "ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS", "LSAN_OPTIONS"}) {
    const char* value = getenv(inherited);
    if (value != nullptr && !environment.contains(inherited))
      texts.push_back(std::string(inherited) + "=" + value);
  }
  for (const auto& [name, value] : environment) {
    texts.push_back(name + "=" + (name == "JOURNAL_STREAM" ? name_of_stream(err[1]) : value));
  }
  std::vector<char*> argv, envp;
  for (const auto& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  for (const auto& text : texts) envp.push_back(const_cast<char*>(text.c_str()));
  argv.push_back(nullptr);
  envp.push_back(nullptr);
  pid_ = fork();
  if (pid_ == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    dup2(out[1], STDOUT_FILENO);
    dup2(err[1], STDERR_FILENO);
    execve(argv[0], argv.data(), envp.data());
    _exit(127);
  }
  close(out[1]);
  close(err[1]);
  out_pipe_ = out[0];
  err_pipe_ = err[0];
}

Program::~Program() {
  if (!reaped_) {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  for (const int pipe : {out_pipe_, err_pipe_}) {
    if (pipe >= 0) close(pipe);
  }
}

void Program::signal(int number) const { kill(pid_, number); }

// False when both pipes are at their end, or nothing came in time.
bool Program::read_some(Clock::time_point give_up) {
  if (out_pipe_ < 0 && err_pipe_ < 0) return false;
  std::array<pollfd, 2> sources{{{out_pipe_, POLLIN, 0}, {err_pipe_, POLLIN, 0}}};
  if (poll(sources.data(), sources.size(), left_ms(give_up)) <= 0) return false;
  const auto drain = [](const pollfd& source, int& pipe, std::string& text) {
    if (source.revents == 0) return;
    std::array<char, 4096> buffer{};
    const auto length = read(source.fd, buffer.data(), buffer.size());
    if (length > 0) {
      text.append(buffer.data(), static_cast<std::size_t>(length));
    } else {
      close(pipe);
      pipe = -1;
    }
  };
  drain(sources[0], out_pipe_, out_);
  drain(sources[1], err_pipe_, err_);
  return true;
}

bool Program::says(const std::string& text) {
  const auto give_up = Clock::now() + kPatience;
  while (out_.find(text, out_from_) == std::string::npos && err_.find(text, err_from_) == std::string::npos) {
    if (!read_some(give_up)) return false;
  }
  return true;
}

void Program::forget() {
  out_from_ = out_.size();
  err_from_ = err_.size();
}

int Program::wait() {
  const auto give_up = Clock::now() + kPatience;
  while (read_some(give_up)) {
  }
  if (reaped_) return code_;
  if (Clock::now() >= give_up) kill(pid_, SIGKILL);
  int status = 0;
  waitpid(pid_, &status, 0);
  reaped_ = true;
  code_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return code_;
}

Finished tandem(std::vector<std::string> arguments, const Environment& environment) {
  arguments.insert(arguments.begin(), TANDEM_PROGRAM);
  Program program(arguments, environment);
  const int code = program.wait();
  return {code, program.out(), program.err()};
}

NotifySocket::NotifySocket(const std::string& path)
    : descriptor_(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
  if (bind(descriptor_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    throw std::runtime_error("no notify socket");
  }
  reader_ = std::thread([this] { listen(); });
}
NotifySocket::~NotifySocket() {
  {
    const std::lock_guard lock(mutex_);
    ended_ = true;
  }
  shutdown(descriptor_, SHUT_RDWR);  // wakes the reader
  reader_.join();
  close(descriptor_);
}

void NotifySocket::listen() {
  std::array<char, 4096> buffer{};
  while (true) {
    const auto length = recv(descriptor_, buffer.data(), buffer.size(), 0);
    const std::lock_guard lock(mutex_);
    if (ended_) return;
    if (length < 0 && errno == EINTR) continue;
    if (length < 0) return;
    heard_.emplace_back(buffer.data(), static_cast<std::size_t>(length));
    more_.notify_all();
  }
}

std::string NotifySocket::hears(const std::string& text) {
  std::unique_lock lock(mutex_);
  const auto found = [&] {
    while (from_ < heard_.size()) {
      if (heard_[from_++].find(text) != std::string::npos) return true;
    }
    return false;
  };
  return more_.wait_for(lock, kPatience, found) ? heard_[from_ - 1] : std::string();
}
}  // namespace tandem::test
