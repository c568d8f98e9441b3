// What both halves of the replica on CTM's model call things.
#pragma once
#include <charconv>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace tandem::sim {
inline constexpr std::string_view kApi = "api";
inline constexpr std::string_view kCustom = "custom:";
// Native names beside the keys of an address here.
inline constexpr std::pair<std::string_view, std::string_view> kAddress[] = {{"address1", "street"},
                                                                             {"city", "city"},
                                                                             {"state", "state"},
                                                                             {"postal_code", "postal_code"},
                                                                             {"country", "country"}};

inline std::int64_t number_in(const std::string& text) {
  std::int64_t number = -1;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}
}  // namespace tandem::sim
