// What the process that is killed and its observer share: the one clock, and the numbered steps.
#pragma once
#include <sys/mman.h>
#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstring>
#include <new>
#include <stdexcept>
#include <string>
#include <string_view>

namespace tandem::crash {

struct Death {
  int step = 0;        // 0 = it lives
  bool power = false;  // a state on a disk that keeps only what was synced
  int keeps = 0;       // of what was not: 0 nothing, 1 any part of it, 2 all but the end of the last write
  unsigned seed = 1;   // of the part
};

// Both sides write here, never at once: the process waits while its request is looked at.
struct Page {
  static constexpr int kMostSteps = 20'000;
  struct Step {
    char what[60];
    int unsynced;  // writes that a loss of power would take
  };
  std::atomic<std::int64_t> now_ms;
  std::atomic<int> steps;
  std::atomic<int> unsynced;
  std::atomic<int> cycles;
  std::atomic<int> acts;  // of the person and of tandem, that were done whole; counted over all lives
  std::atomic<int> die_at;
  char failure[200];  // why the process gave up
  Step log[kMostSteps];

  // True: this is where it dies.
  bool step(std::string_view what) {
    const int at = steps++;
    if (at >= kMostSteps) throw std::runtime_error("a life of too many steps");
    const std::size_t length = std::min(what.size(), sizeof log[0].what - 1);
    std::memcpy(log[at].what, what.data(), length);
    log[at].what[length] = 0;
    log[at].unsynced = unsynced;
    return at + 1 == die_at;
  }
  void fail(std::string_view why) {
    const std::size_t length = std::min(why.size(), sizeof failure - 1);
    std::memcpy(failure, why.data(), length);
    failure[length] = 0;
  }
  void begin(int die_at_step, int acts_done) {
    steps = unsynced = cycles = 0;
    acts = acts_done;
    die_at = die_at_step;
    failure[0] = 0;
  }
};

// Shared with every process forked from here on.
inline Page& make_page() {
  void* memory = mmap(nullptr, sizeof(Page), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) throw std::runtime_error("no shared memory");
  return *new (memory) Page{};
}
}  // namespace tandem::crash
