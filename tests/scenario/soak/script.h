// A life of two accounts as a plain list of steps, one a line: what people, the network and the machine
// do. Made from a seed, read from a file, shrunk by leaving steps out; a step that has nothing to act on
// does nothing, so every part of a script is a script.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

namespace tandem::soak {

// Words as in README.md of this folder; a word with blanks, quotes or nothing in it stands in "".
struct Step {
  std::vector<std::string> words;
  bool operator==(const Step&) const = default;
};

struct Script {
  std::uint64_t seed = 0;  // of the simulators' own dice, too
  std::vector<Step> steps;
};

[[nodiscard]] std::string to_text(const Step& step);
[[nodiscard]] std::string to_text(const Script& script);  // begins with the line "seed N"
// Lines that are blank or begin with # are left out. Throws std::runtime_error that names the line.
[[nodiscard]] Script script_from(const std::string& text);

// The life that belongs to a seed. The same on every machine: no library's distributions.
[[nodiscard]] Script make_script(std::uint64_t seed);
}  // namespace tandem::soak
