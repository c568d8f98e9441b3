#include "daemon/ctm/ctm_time.h"
#include <fmt/format.h>
#include <algorithm>
#include <charconv>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace tandem::ctm {
namespace {
constexpr std::int64_t kDayS = 86'400;

std::int64_t floor_div(std::int64_t a, std::int64_t b) {
  return a / b - ((a % b != 0 && (a < 0) != (b < 0)) ? 1 : 0);
}

// Big-endian reader over a TZif file (RFC 8536); `ok` turns false at the first byte too few.
struct Reader {
  std::string_view data;
  std::size_t at = 0;
  bool ok = true;
  std::int64_t number(std::size_t bytes) {
    if (data.size() - at < bytes) {
      ok = false;
      return 0;
    }
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < bytes; ++i) value = value << 8 | static_cast<unsigned char>(data[at++]);
    if (bytes == 4) return static_cast<std::int32_t>(static_cast<std::uint32_t>(value));
    return static_cast<std::int64_t>(value);
  }
  std::size_t count() { return static_cast<std::size_t>(std::max<std::int64_t>(0, number(4))); }
  void skip(std::size_t bytes) {
    if (data.size() - at < bytes)
      ok = false;
    else
      at += bytes;
  }
};

struct Counts {
  std::size_t isut = 0, isstd = 0, leap = 0, time = 0, type = 0, chars = 0;
};

std::optional<Counts> header(Reader& in) {
  if (in.data.substr(in.at, 4) != "TZif") return std::nullopt;
  in.skip(20);
  Counts c;
  c.isut = in.count();
  c.isstd = in.count();
  c.leap = in.count();
  c.time = in.count();
  c.type = in.count();
  c.chars = in.count();
  if (!in.ok || c.type == 0) return std::nullopt;
  return c;
}

bool is_safe_name(std::string_view name) {
  if (name.empty() || name.front() == '/' || name.find("..") != name.npos) return false;
  return std::all_of(name.begin(), name.end(), [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '/' || c == '_' || c == '-' || c == '+';
  });
}
}  // namespace

std::optional<Zone> Zone::load(std::string_view name) {
  if (const auto iana = iana_of_rails(name); !iana.empty()) name = iana;
  if (!is_safe_name(name)) return std::nullopt;
  const std::string path = "/usr/share/zoneinfo/" + std::string(name);
  if (!std::filesystem::is_regular_file(path)) return std::nullopt;
  std::ifstream file(path, std::ios::binary);
  const std::string data{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  Reader in{data};
  auto c = header(in);
  if (!c) return std::nullopt;
  std::size_t time_bytes = 4;
  if (data.size() > 4 && data[4] >= '2') {  // the 32-bit block comes first and is not enough
    in.skip(c->time * 5 + c->type * 6 + c->chars + c->leap * 8 + c->isstd + c->isut);
    if (!in.ok) return std::nullopt;
    c = header(in);
    if (!c) return std::nullopt;
    time_bytes = 8;
  }
  Zone zone;
  for (std::size_t i = 0; i < c->time && in.ok; ++i) zone.at_.push_back(in.number(time_bytes));
  std::vector<std::size_t> types;
  for (std::size_t i = 0; i < c->time && in.ok; ++i) types.push_back(static_cast<std::size_t>(in.number(1)));
  std::vector<std::int64_t> offsets;
  for (std::size_t i = 0; i < c->type && in.ok; ++i) {
    offsets.push_back(in.number(4));
    in.skip(2);
  }
  if (!in.ok) return std::nullopt;
  zone.offset_.push_back(offsets.front());
  for (const std::size_t type : types) {
    if (type >= offsets.size()) return std::nullopt;
    zone.offset_.push_back(offsets[type]);
  }
  return zone;
}

std::int64_t Zone::offset_at(std::int64_t unix_s) const {
  const auto next = std::upper_bound(at_.begin(), at_.end(), unix_s);
  return offset_[static_cast<std::size_t>(next - at_.begin())];
}

Day Zone::day_of(std::int64_t unix_s) const { return floor_div(unix_s + offset_at(unix_s), kDayS); }

Day first_day(std::int64_t unix_s, const std::optional<Zone>& zone) {
  return zone ? zone->day_of(unix_s) - 1 : floor_div(unix_s, kDayS) - 2;
}

std::string to_date(Day day) {
  const std::chrono::year_month_day date{std::chrono::sys_days{std::chrono::days{day}}};
  return fmt::format("{:04}-{:02}-{:02}", static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                     static_cast<unsigned>(date.day()));
}

std::optional<std::int64_t> iso_to_unix_ms(std::string_view text) {
  const auto digits = [&text](std::size_t at, std::size_t size) -> std::optional<int> {
    if (at + size > text.size()) return std::nullopt;
    int value = 0;
    const auto [end, error] = std::from_chars(text.data() + at, text.data() + at + size, value);
    if (error != std::errc() || end != text.data() + at + size) return std::nullopt;
    return value;
  };
  const auto year = digits(0, 4), month = digits(5, 2), day = digits(8, 2), hour = digits(11, 2),
             minute = digits(14, 2), second = digits(17, 2);
  if (!year || !month || !day || !hour || !minute || !second || text[4] != '-' || text[7] != '-')
    return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year{*year},
                                         std::chrono::month{static_cast<unsigned>(*month)},
                                         std::chrono::day{static_cast<unsigned>(*day)}};
  if (!date.ok()) return std::nullopt;
  std::size_t at = 19;
  std::int64_t ms = 0;
  if (at < text.size() && text[at] == '.') {
    std::int64_t unit = 100;
    for (++at; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at, unit /= 10)
      ms += (text[at] - '0') * unit;
  }
  if (at >= text.size()) return std::nullopt;
  std::int64_t offset_s = 0;
  if (text[at] == '+' || text[at] == '-') {
    const auto hours = digits(at + 1, 2);
    const auto minutes = digits(at + (text.size() > at + 3 && text[at + 3] == ':' ? 4 : 3), 2);
    if (!hours || !minutes) return std::nullopt;
    offset_s = (*hours * 3600 + *minutes * 60) * (text[at] == '-' ? -1 : 1);
  } else if (text[at] != 'Z') {
    return std::nullopt;
  }
  const std::int64_t days = std::chrono::sys_days{date}.time_since_epoch().count();
  return (days * kDayS + *hour * 3600 + *minute * 60 + *second - offset_s) * 1000 + ms;
}
}  // namespace tandem::ctm
