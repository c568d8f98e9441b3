// Signals as readable events. Blocks them for this thread and every thread it starts afterwards,
// so construct it before the first thread; the old mask comes back at the end.
#pragma once
#include <csignal>
#include <initializer_list>
#include <optional>

namespace tandem {

class Signals {
 public:
  explicit Signals(std::initializer_list<int> numbers);
  ~Signals();
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;

  [[nodiscard]] int descriptor() const { return descriptor_; }  // readable when a signal is there
  std::optional<int> take();                                    // nullopt = none is there

 private:
  int descriptor_ = -1;
  sigset_t before_{};
};
}  // namespace tandem
