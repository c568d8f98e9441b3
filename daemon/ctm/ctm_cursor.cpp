#include "daemon/ctm/ctm_cursor.h"
#include <fmt/format.h>
#include <array>
#include <charconv>

namespace tandem::ctm {
namespace {
constexpr std::string_view kMark = "ctm1";
constexpr std::size_t kParts = 14;

template <class Number>
bool read(std::string_view text, Number& out, int base = 10) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out, base);
  return error == std::errc() && end == text.data() + text.size();
}

bool read_windows(std::string_view text, std::vector<DayRange>& out) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(','), text.size());
    const std::string_view one = text.substr(0, end);
    const std::size_t colon = one.find(':');
    DayRange range;
    if (colon == one.npos || !read(one.substr(0, colon), range.from) ||
        !read(one.substr(colon + 1), range.to))
      return false;
    out.push_back(range);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return true;
}
}  // namespace

Cursor Cursor::restarted(ReadKind new_kind) const {
  Cursor out;
  out.kind = new_kind;
  out.watermark_s = watermark_s;
  out.hints = hints;
  return out;
}

std::string to_text(const Cursor& c) {
  std::string windows;
  for (const DayRange& range : c.windows)
    windows += fmt::format("{}{}:{}", windows.empty() ? "" : ",", range.from, range.to);
  return fmt::format("{}|{}|{}|{}|{}|{}|{}|{}|{}|{}|{}|{:x}|{}|{}", kMark, static_cast<char>(c.phase),
                     c.kind == ReadKind::full ? 'f' : 'd', c.watermark_s, c.newest_s, c.floor_s, windows,
                     c.page, c.seen, c.total, c.attempt, c.pass, c.hints, c.next);
}

Cursor cursor_from(std::string_view text) {
  std::array<std::string_view, kParts> part;
  for (std::size_t i = 0; i < kParts; ++i) {
    const std::size_t end =
        i + 1 == kParts ? text.size() : text.find('|');  // the last part may hold anything
    if (end == text.npos) return {};
    part[i] = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  Cursor c;
  const bool known_phase = part[1] == "i" || part[1] == "a" || part[1] == "r" || part[1] == "c";
  if (part[0] != kMark || !known_phase || (part[2] != "f" && part[2] != "d")) return {};
  c.phase = static_cast<Cursor::Phase>(part[1].front());
  c.kind = part[2] == "f" ? ReadKind::full : ReadKind::delta;
  const bool ok = read(part[3], c.watermark_s) && read(part[4], c.newest_s) && read(part[5], c.floor_s) &&
                  read_windows(part[6], c.windows) && read(part[7], c.page) && read(part[8], c.seen) &&
                  read(part[9], c.total) && read(part[10], c.attempt) && read(part[11], c.pass, 16);
  if (!ok) return {};
  c.hints = part[12];
  c.next = part[13];
  return c;
}
}  // namespace tandem::ctm
