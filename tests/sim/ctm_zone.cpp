#include "tests/sim/ctm_zone.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <fstream>
#include <iterator>
#include <stdexcept>

namespace tandem::sim {
namespace {
constexpr std::int64_t kDay = 86'400;

// The names CTM shows are those of Ruby on Rails. Those that are not here pass as IANA names.
struct RailsZone {
  std::string_view rails, iana;
};
constexpr std::array kRails = std::to_array<RailsZone>({
    {"Hawaii", "Pacific/Honolulu"},
    {"Alaska", "America/Juneau"},
    {"Pacific Time (US & Canada)", "America/Los_Angeles"},
    {"Tijuana", "America/Tijuana"},
    {"Mountain Time (US & Canada)", "America/Denver"},
    {"Arizona", "America/Phoenix"},
    {"Chihuahua", "America/Chihuahua"},
    {"Central Time (US & Canada)", "America/Chicago"},
    {"Saskatchewan", "America/Regina"},
    {"Mexico City", "America/Mexico_City"},
    {"Monterrey", "America/Monterrey"},
    {"Central America", "America/Guatemala"},
    {"Eastern Time (US & Canada)", "America/New_York"},
    {"Indiana (East)", "America/Indiana/Indianapolis"},
    {"Bogota", "America/Bogota"},
    {"Lima", "America/Lima"},
    {"Atlantic Time (Canada)", "America/Halifax"},
    {"Puerto Rico", "America/Puerto_Rico"},
    {"Caracas", "America/Caracas"},
    {"Santiago", "America/Santiago"},
    {"Newfoundland", "America/St_Johns"},
    {"Brasilia", "America/Sao_Paulo"},
    {"Buenos Aires", "America/Argentina/Buenos_Aires"},
    {"Azores", "Atlantic/Azores"},
    {"Dublin", "Europe/Dublin"},
    {"Edinburgh", "Europe/London"},
    {"London", "Europe/London"},
    {"Lisbon", "Europe/Lisbon"},
    {"Casablanca", "Africa/Casablanca"},
    {"Amsterdam", "Europe/Amsterdam"},
    {"Berlin", "Europe/Berlin"},
    {"Brussels", "Europe/Brussels"},
    {"Copenhagen", "Europe/Copenhagen"},
    {"Madrid", "Europe/Madrid"},
    {"Paris", "Europe/Paris"},
    {"Rome", "Europe/Rome"},
    {"Stockholm", "Europe/Stockholm"},
    {"Vienna", "Europe/Vienna"},
    {"Warsaw", "Europe/Warsaw"},
    {"Zurich", "Europe/Zurich"},
    {"Athens", "Europe/Athens"},
    {"Helsinki", "Europe/Helsinki"},
    {"Istanbul", "Europe/Istanbul"},
    {"Jerusalem", "Asia/Jerusalem"},
    {"Pretoria", "Africa/Johannesburg"},
    {"Moscow", "Europe/Moscow"},
    {"Nairobi", "Africa/Nairobi"},
    {"Abu Dhabi", "Asia/Muscat"},
    {"Karachi", "Asia/Karachi"},
    {"New Delhi", "Asia/Kolkata"},
    {"Mumbai", "Asia/Kolkata"},
    {"Kathmandu", "Asia/Kathmandu"},
    {"Bangkok", "Asia/Bangkok"},
    {"Beijing", "Asia/Shanghai"},
    {"Singapore", "Asia/Singapore"},
    {"Perth", "Australia/Perth"},
    {"Tokyo", "Asia/Tokyo"},
    {"Seoul", "Asia/Seoul"},
    {"Adelaide", "Australia/Adelaide"},
    {"Darwin", "Australia/Darwin"},
    {"Brisbane", "Australia/Brisbane"},
    {"Melbourne", "Australia/Melbourne"},
    {"Sydney", "Australia/Sydney"},
    {"Auckland", "Pacific/Auckland"},
    {"Wellington", "Pacific/Auckland"},
    {"UTC", "Etc/UTC"},
});

std::int64_t big_endian(const std::string& bytes, std::size_t at, std::size_t width) {
  if (at + width > bytes.size()) throw std::invalid_argument("a zone file is cut short");
  std::uint64_t value = static_cast<signed char>(bytes[at]) < 0 && width < 8 ? ~std::uint64_t{0} : 0;
  for (std::size_t i = 0; i < width; ++i) value = value << 8U | static_cast<unsigned char>(bytes[at + i]);
  return static_cast<std::int64_t>(value);
}

std::int64_t floor_div(std::int64_t a, std::int64_t b) { return a / b - (a % b < 0 ? 1 : 0); }

// Reads the pieces of a POSIX TZ string such as "CST6CDT,M3.2.0,M11.1.0".
class PosixReader {
 public:
  explicit PosixReader(std::string_view text) : text_(text) {}
  [[nodiscard]] bool done() const { return text_.empty(); }
  bool skip(char c) {
    if (text_.empty() || text_.front() != c) return false;
    text_.remove_prefix(1);
    return true;
  }
  void skip_name() {
    if (skip('<')) {
      while (!done() && !skip('>')) text_.remove_prefix(1);
      return;
    }
    while (!done() && ((text_.front() | 0x20) >= 'a' && (text_.front() | 0x20) <= 'z'))
      text_.remove_prefix(1);
  }
  std::int64_t number() {
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text_.data(), text_.data() + text_.size(), value);
    if (error != std::errc{}) throw std::invalid_argument("a zone file's rule is not understood");
    text_.remove_prefix(static_cast<std::size_t>(end - text_.data()));
    return value;
  }
  std::int64_t clock() {  // [+-]h[:m[:s]] as seconds
    const bool negative = skip('-');
    skip('+');
    std::int64_t seconds = number() * 3600;
    if (skip(':')) seconds += number() * 60;
    if (skip(':')) seconds += number();
    return negative ? -seconds : seconds;
  }

 private:
  std::string_view text_;
};

// The local second of year `year` at which a rule's moment lies.
std::int64_t moment_of(int year, int month, int week, int weekday, std::int64_t second) {
  const std::int64_t first = ctm_day_number(year, month, 1);
  const std::int64_t first_weekday = (first % 7 + 11) % 7;  // 1970-01-01 was a Thursday
  std::int64_t day = first + (weekday - first_weekday + 7) % 7 + 7 * (week - 1);
  const std::int64_t next_month =
      month == 12 ? ctm_day_number(year + 1, 1, 1) : ctm_day_number(year, month + 1, 1);
  while (day >= next_month) day -= 7;  // week 5 = the last one
  return day * kDay + second;
}
}  // namespace

std::int64_t ctm_day_number(int year, int month, int day) {
  using namespace std::chrono;
  const sys_days days = std::chrono::year{year} / std::chrono::month{static_cast<unsigned>(month)} /
                        std::chrono::day{static_cast<unsigned>(day)};
  return days.time_since_epoch().count();
}

bool ctm_parse_day(std::string_view text, std::int64_t& day) {
  if (text.size() != 10 || text[4] != '-' || text[7] != '-') return false;
  const auto part = [text](std::size_t at, std::size_t length, int& into) {
    const char* end = text.data() + at + length;
    const auto [stop, error] = std::from_chars(text.data() + at, end, into);
    return error == std::errc{} && stop == end;
  };
  int y = 0, m = 0, d = 0;
  if (!part(0, 4, y) || !part(5, 2, m) || !part(8, 2, d)) return false;
  const std::chrono::year_month_day date{std::chrono::year{y}, std::chrono::month{static_cast<unsigned>(m)},
                                         std::chrono::day{static_cast<unsigned>(d)}};
  if (!date.ok()) return false;
  day = ctm_day_number(y, m, d);
  return true;
}

CtmZone::CtmZone(std::string_view rails_or_iana) : iana_(rails_or_iana) {
  const auto* known = std::ranges::find(kRails, rails_or_iana, &RailsZone::rails);
  if (known != kRails.end()) iana_ = known->iana;
  const bool plain = !iana_.empty() && iana_.front() != '/' && iana_.find("..") == std::string::npos;
  std::ifstream file(plain ? "/usr/share/zoneinfo/" + iana_ : std::string(), std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(file), {}};
  if (bytes.size() < 44 || !bytes.starts_with("TZif")) {
    throw std::invalid_argument(fmt::format("no time zone is called '{}'", rails_or_iana));
  }
  read(bytes);
}

// RFC 8536: a block with 32-bit times, then, from version 2 on, one with 64-bit times and a footer.
void CtmZone::read(const std::string& bytes) {
  std::size_t at = 0;
  std::size_t width = 4;
  const auto count = [&](std::size_t field) {
    return static_cast<std::size_t>(big_endian(bytes, at + 20 + 4 * field, 4));
  };
  const auto block = [&] {  // isut, isstd, leap, time, type, char
    return count(3) * width + count(3) + count(4) * 6 + count(5) + count(2) * (width + 4) + count(1) +
           count(0);
  };
  if (bytes[4] >= '2') {
    at = 44 + block();
    width = 8;
  }
  const std::size_t times = count(3);
  const std::size_t types = count(4);
  const std::size_t data = at + 44;
  const std::size_t kinds = data + times * width;
  const std::size_t infos = kinds + times;
  const auto offset_of = [&](std::size_t type) { return big_endian(bytes, infos + type * 6, 4); };
  first_offset_ = types == 0 ? 0 : offset_of(0);
  for (std::size_t i = 0; i < times; ++i) {
    changes_.push_back(big_endian(bytes, data + i * width, width));
    offsets_.push_back(offset_of(static_cast<unsigned char>(bytes.at(kinds + i))));
  }
  if (width == 8) {
    const std::size_t footer = data + block() + 1;  // after its line feed
    const std::size_t end = bytes.find('\n', footer);
    if (end != std::string::npos) read_footer(std::string_view(bytes).substr(footer, end - footer));
  }
}

void CtmZone::read_footer(std::string_view posix) {
  if (posix.empty()) return;
  PosixReader in(posix);
  in.skip_name();
  std_offset_ = -in.clock();
  has_footer_ = true;
  if (in.done()) return;
  in.skip_name();
  dst_offset_ = std_offset_ + 3600;
  if (!in.skip(',')) {
    dst_offset_ = -in.clock();
    in.skip(',');
  }
  for (Rule* rule : {&dst_begin_, &dst_end_}) {
    if (!in.skip('M')) return;  // day-of-year rules: no zone of the list uses them
    rule->month = static_cast<int>(in.number());
    in.skip('.');
    rule->week = static_cast<int>(in.number());
    in.skip('.');
    rule->weekday = static_cast<int>(in.number());
    if (in.skip('/')) rule->second = in.clock();
    in.skip(',');
  }
  has_dst_ = true;
}

std::int64_t CtmZone::ruled_offset(std::int64_t unix_s) const {
  if (!has_dst_) return std_offset_;
  const std::chrono::year_month_day date{
      std::chrono::sys_days(std::chrono::days(floor_div(unix_s + std_offset_, kDay)))};
  const int year = static_cast<int>(date.year());
  const auto at = [year](const Rule& rule) {
    return moment_of(year, rule.month, rule.week, rule.weekday, rule.second);
  };
  const std::int64_t begin = at(dst_begin_) - std_offset_;
  const std::int64_t end = at(dst_end_) - dst_offset_;
  const bool summer = begin < end ? unix_s >= begin && unix_s < end : unix_s >= begin || unix_s < end;
  return summer ? dst_offset_ : std_offset_;
}

std::int64_t CtmZone::offset_s(std::int64_t unix_s) const {
  if (changes_.empty() || unix_s < changes_.front()) {
    return changes_.empty() && has_footer_ ? ruled_offset(unix_s) : first_offset_;
  }
  if (unix_s >= changes_.back() && has_footer_) return ruled_offset(unix_s);
  const auto after = std::ranges::upper_bound(changes_, unix_s);
  return offsets_[static_cast<std::size_t>(after - changes_.begin()) - 1];
}

CtmLocalTime CtmZone::local(std::int64_t unix_s) const {
  CtmLocalTime time;
  time.offset_s = offset_s(unix_s);
  const std::int64_t local_s = unix_s + time.offset_s;
  const std::int64_t day = floor_div(local_s, kDay);
  const auto second = static_cast<int>(local_s - day * kDay);
  const std::chrono::year_month_day date{std::chrono::sys_days(std::chrono::days(day))};
  time.year = static_cast<int>(date.year());
  time.month = static_cast<int>(static_cast<unsigned>(date.month()));
  time.day = static_cast<int>(static_cast<unsigned>(date.day()));
  time.hour = second / 3600;
  time.minute = second / 60 % 60;
  time.second = second % 60;
  time.weekday = static_cast<int>((day % 7 + 11) % 7);
  return time;
}

std::int64_t CtmZone::day_start(std::int64_t day) const {
  const std::int64_t wall = day * kDay;
  // Two candidates at most: with the offset before and the one after a change near midnight.
  const std::int64_t before = offset_s(wall - 14 * 3600);
  const std::int64_t after = offset_s(wall + 14 * 3600);
  const std::int64_t early = wall - std::max(before, after);
  const std::int64_t late = wall - std::min(before, after);
  if (early + offset_s(early) >= wall) return early;
  if (early != late && late + offset_s(late) > wall) {  // midnight was skipped: the change itself
    const auto change = std::ranges::upper_bound(changes_, early);
    if (change != changes_.end() && *change <= late) return *change;
  }
  return late;
}
}  // namespace tandem::sim
