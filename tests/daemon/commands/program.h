// Runs the built programs as a user would: arguments and environment in; standard output, standard
// error and exit code out. Nothing sleeps: pipes and the notify socket are waited on.
#pragma once
#include <sys/types.h>
#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace tandem::test {

using Environment = std::map<std::string, std::string>;

// A fresh folder, gone at the end.
class Folder {
 public:
  Folder();
  ~Folder();
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  [[nodiscard]] std::string operator/(const std::string& name) const { return (path_ / name).string(); }
  // Mode 0600.
  void put(const std::string& name, const std::string& text) const;

 private:
  std::filesystem::path path_;
};

class Program {
 public:
  // A JOURNAL_STREAM in the environment is replaced by the name of the program's standard error.
  Program(const std::vector<std::string>& arguments, const Environment& environment = {});
  ~Program();  // KILL, if it still runs
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  void signal(int number) const;
  // Reads until `text` was printed on either stream since the last forget(); false at the end or after
  // the patience.
  [[nodiscard]] bool says(const std::string& text);
  void forget();
  int wait();  // the exit code; 128 + signal when it was killed, after 120 s by this
  [[nodiscard]] const std::string& out() const { return out_; }
  [[nodiscard]] const std::string& err() const { return err_; }

 private:
  bool read_some(std::chrono::steady_clock::time_point give_up);
  pid_t pid_ = -1;
  int out_pipe_ = -1, err_pipe_ = -1;
  int code_ = -1;
  bool reaped_ = false;
  std::string out_, err_;
  std::size_t out_from_ = 0, err_from_ = 0;
};

struct Finished {
  int code;
  std::string out, err;
};
[[nodiscard]] Finished tandem(std::vector<std::string> arguments, const Environment& environment = {});

// What a service manager would hear. Read all the time: a full queue would block the daemon.
class NotifySocket {
 public:
  explicit NotifySocket(const std::string& path);
  ~NotifySocket();
  NotifySocket(const NotifySocket&) = delete;
  NotifySocket& operator=(const NotifySocket&) = delete;
  // Until a message after the last one found holds `text`; "" after the patience, else the message.
  [[nodiscard]] std::string hears(const std::string& text);

 private:
  void listen();
  int descriptor_ = -1;
  std::mutex mutex_;
  std::condition_variable more_;
  std::vector<std::string> heard_;
  std::size_t from_ = 0;
  bool ended_ = false;
  std::thread reader_;
};
}  // namespace tandem::test
