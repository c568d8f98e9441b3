// Dice, the same on every machine; and whole histories that a life's single steps would hardly ever add up
// to, each in a few lives of a hundred.
#pragma once
#include <array>
#include <cstdint>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include "tests/scenario/soak/script.h"

namespace tandem::soak {

struct Dice {
  std::uint64_t state;
  std::uint64_t next() {  // SplitMix64
    state += 0x9E3779B97F4A7C15ULL;
    std::uint64_t z = state;
    z = (z ^ (z >> 30U)) * 0xBF58476D1CE4E5B9ULL;
    z = (z ^ (z >> 27U)) * 0x94D049BB133111EBULL;
    return z ^ (z >> 31U);
  }
  int below(int n) { return n <= 0 ? 0 : static_cast<int>(next() % static_cast<std::uint64_t>(n)); }
  bool one_in(int n) { return below(n) == 0; }
  template <class Array>
  std::string pick(const Array& from) {
    return std::string(from[static_cast<std::size_t>(below(static_cast<int>(std::size(from))))]);
  }
};

[[nodiscard]] std::string number(int person);  // the script's people, by their place

class Rare {
 public:
  Rare(Script& into, int steps, int people);
  void play(int step);  // what was chosen for this moment

 private:
  void say(std::vector<std::string> words) { script_.steps.push_back({std::move(words)}); }
  void cycle(const char* kind, int then_wait_s = 0);
  [[nodiscard]] std::string person() { return number(dice_.below(people_)); }

  void gone_for_good();
  void edited_back();
  void lost_create();
  void undone_and_edited();

  Script& script_;
  Dice dice_;
  int people_;
  std::vector<std::pair<int, void (Rare::*)()>> chosen_;
};
}  // namespace tandem::soak
