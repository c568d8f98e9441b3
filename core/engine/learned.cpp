#include "core/engine/learned.h"
#include <fmt/format.h>
#include <algorithm>

namespace tandem {
namespace {
std::string key_of(Side side) { return fmt::format("learned.{}", to_text(side)); }
}  // namespace

std::map<std::string, std::string> kept_learned(StateStore& store, Side side) {
  std::map<std::string, std::string> facts;
  const std::string text = store.meta(key_of(side)).value_or("");
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    const std::string line = text.substr(at, end - at);
    if (const std::size_t eq = line.find('='); eq != std::string::npos)
      facts[line.substr(0, eq)] = line.substr(eq + 1);
    at = end + 1;
  }
  return facts;
}

void keep_learned(StateStore& store, Side side, const Replica& replica) {
  std::string text;
  for (const auto& [key, value] : replica.learned()) text += key + "=" + value + "\n";
  if (text == store.meta(key_of(side)).value_or("")) return;
  store.transact([&] { store.set_meta(key_of(side), text); });
}
}  // namespace tandem
