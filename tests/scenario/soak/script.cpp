#include "tests/scenario/soak/script.h"

#include <fmt/format.h>

#include <charconv>
#include <sstream>
#include <stdexcept>

namespace tandem::soak {
namespace {
std::string quoted(const std::string& word) {
  if (!word.empty() && word.find_first_of(" \"\\#") == std::string::npos) return word;
  std::string out = "\"";
  for (const char c : word) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + "\"";
}

Step step_from(const std::string& line, int number) {
  Step step;
  for (std::size_t at = 0; at < line.size();) {
    if (line[at] == ' ' || line[at] == '\t' || line[at] == '\r') {
      ++at;
      continue;
    }
    std::string word;
    if (line[at] == '"') {
      for (++at; at < line.size() && line[at] != '"'; ++at) {
        if (line[at] == '\\' && at + 1 < line.size()) ++at;
        word += line[at];
      }
      if (at == line.size()) throw std::runtime_error(fmt::format("line {}: a quote is not closed", number));
      ++at;
    } else {
      while (at < line.size() && line[at] != ' ' && line[at] != '\t' && line[at] != '\r') word += line[at++];
    }
    step.words.push_back(std::move(word));
  }
  return step;
}
}  // namespace

std::string to_text(const Step& step) {
  std::string out;
  for (const auto& word : step.words) out += (out.empty() ? "" : " ") + quoted(word);
  return out;
}

std::string to_text(const Script& script) {
  std::string out = fmt::format("seed {}\n", script.seed);
  for (const auto& step : script.steps) out += to_text(step) + "\n";
  return out;
}

Script script_from(const std::string& text) {
  Script script;
  std::istringstream in(text);
  int number = 0;
  for (std::string line; std::getline(in, line);) {
    ++number;
    const std::size_t first = line.find_first_not_of(" \t\r");
    if (first == std::string::npos || line[first] == '#') continue;
    Step step = step_from(line, number);
    if (step.words.front() != "seed") {
      script.steps.push_back(std::move(step));
      continue;
    }
    const std::string& digits = step.words.size() == 2 ? step.words[1] : step.words[0];
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), script.seed);
    if (error != std::errc() || end != digits.data() + digits.size())
      throw std::runtime_error(fmt::format("line {}: seed needs a number", number));
  }
  return script;
}
}  // namespace tandem::soak
