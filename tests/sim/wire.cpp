#include "tests/sim/wire.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <stdexcept>

namespace tandem::sim {
namespace {
bool is_int(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc{} && end == text.data() + text.size();
}

bool allows(std::string_view allowed, std::string_view value) {
  if (allowed == "<text>") return true;
  if (allowed == "<int>") return is_int(value);
  while (true) {
    const auto bar = allowed.find('|');
    if (allowed.substr(0, bar) == value) return true;
    if (bar == std::string_view::npos) return false;
    allowed.remove_prefix(bar + 1);
  }
}
}  // namespace

Switches::Switches(std::vector<Spec> specs) : specs_(std::move(specs)) {
  for (const auto& spec : specs_) {
    if (!allows(spec.allowed, spec.fallback)) {
      throw std::invalid_argument(fmt::format("switch {}: its own default is not allowed", spec.name));
    }
    if (!values_.emplace(spec.name, spec.fallback).second) {
      throw std::invalid_argument(fmt::format("switch {} is declared twice", spec.name));
    }
  }
}

void Switches::set(std::string_view name, std::string_view value) {
  const auto spec = std::ranges::find(specs_, name, &Spec::name);
  if (spec == specs_.end()) {
    std::string known;
    for (const auto& s : specs_)
      known += fmt::format("\n  {} = {} (default {})", s.name, s.allowed, s.fallback);
    throw std::invalid_argument(fmt::format("no switch is called '{}'; there are:{}", name, known));
  }
  if (!allows(spec->allowed, value)) {
    throw std::invalid_argument(fmt::format("{} cannot be '{}': allowed is {}", name, value, spec->allowed));
  }
  values_.find(name)->second = value;
}

bool Switches::knows(std::string_view name) const { return values_.find(name) != values_.end(); }

const std::string& Switches::text(std::string_view name) const {
  const auto found = values_.find(name);
  if (found == values_.end()) throw std::invalid_argument(fmt::format("no switch is called '{}'", name));
  return found->second;
}

bool Switches::is(std::string_view name, std::string_view value) const { return text(name) == value; }
bool Switches::on(std::string_view name) const { return is(name, "on"); }

std::int64_t Switches::number(std::string_view name) const {
  const std::string& value = text(name);
  std::int64_t number = 0;
  std::from_chars(value.data(), value.data() + value.size(), number);
  return number;
}
}  // namespace tandem::sim
