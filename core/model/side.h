// The two sides of a link. Nothing in core branches on which is which: what a side can do is data
// (capabilities.h).
#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace tandem {

enum class Side : std::uint8_t { ctm, highlevel };
inline constexpr std::array<Side, 2> kSides{Side::ctm, Side::highlevel};

constexpr Side other(Side s) { return s == Side::ctm ? Side::highlevel : Side::ctm; }
constexpr std::string_view to_text(Side s) { return s == Side::ctm ? "ctm" : "highlevel"; }
constexpr std::optional<Side> side_from(std::string_view text) {
  if (text == "ctm") return Side::ctm;
  if (text == "highlevel") return Side::highlevel;
  return std::nullopt;
}

template <class T>
struct PerSide {
  T ctm{}, highlevel{};
  T& operator[](Side s) { return s == Side::ctm ? ctm : highlevel; }
  const T& operator[](Side s) const { return s == Side::ctm ? ctm : highlevel; }
  bool operator==(const PerSide&) const = default;
};
}  // namespace tandem
