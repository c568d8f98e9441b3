#include "tests/sim/highlevel_text.h"

#include <fmt/format.h>
#include <phonenumbers/phonenumberutil.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>

namespace tandem::sim::highlevel {
namespace {
bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Two-byte letters only; everything else stays as it is.
char32_t lower_letter(char32_t c) {
  if (c >= U'A' && c <= U'Z') return c + 32;
  if ((c >= 0xC0 && c <= 0xDE && c != 0xD7) || (c >= 0x391 && c <= 0x3A9) || (c >= 0x410 && c <= 0x42F))
    return c + 32;
  if (c >= 0x400 && c <= 0x40F) return c + 80;
  const bool even_is_upper = (c >= 0x100 && c <= 0x137 && c != 0x130) || (c >= 0x14A && c <= 0x177);
  const bool odd_is_upper = (c >= 0x139 && c <= 0x148) || (c >= 0x179 && c <= 0x17E);
  if ((even_is_upper && c % 2 == 0) || (odd_is_upper && c % 2 == 1)) return c + 1;
  return c == 0x178 ? 0xFF : c;
}

bool is_leap(int year) { return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0; }
bool is_calendar_day(int year, int month, int day) {
  constexpr std::array<int, 12> days{31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  if (year < 1 || month < 1 || month > 12 || day < 1) return false;
  return day <= days[static_cast<std::size_t>(month - 1)] + (month == 2 && is_leap(year) ? 1 : 0);
}

std::optional<int> number(std::string_view text, std::size_t at, std::size_t size) {
  if (at + size > text.size()) return std::nullopt;
  int value = 0;
  for (const char c : text.substr(at, size)) {
    if (!is_digit(c)) return std::nullopt;
    value = value * 10 + (c - '0');
  }
  return value;
}

constexpr std::string_view kCountries =
    "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV "
    "BW BY BZ "
    "CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ "
    "FK FM FO "
    "FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR "
    "IS IT JE "
    "JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML "
    "MM MN MO "
    "MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR "
    "PS PT PW "
    "PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ "
    "TK TL TM "
    "TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW";
}  // namespace

std::string lower(std::string_view utf8) {
  std::string out;
  out.reserve(utf8.size());
  for (std::size_t i = 0; i < utf8.size(); ++i) {
    const auto byte = static_cast<unsigned char>(utf8[i]);
    const bool pair = byte >= 0xC2 && byte <= 0xDF && i + 1 < utf8.size();
    if (!pair) {
      out += byte < 0x80 ? static_cast<char>(lower_letter(byte)) : utf8[i];
      continue;
    }
    const auto next = static_cast<unsigned char>(utf8[++i]);
    const char32_t letter = lower_letter(((byte & 0x1FU) << 6U) | (next & 0x3FU));
    out += static_cast<char>(0xC0U | (letter >> 6U));
    out += static_cast<char>(0x80U | (letter & 0x3FU));
  }
  return out;
}

std::string trimmed(std::string_view text) {
  const auto from = text.find_first_not_of(" \t\r\n");
  if (from == std::string_view::npos) return {};
  return std::string(text.substr(from, text.find_last_not_of(" \t\r\n") - from + 1));
}

std::string title_case(std::string_view text) {
  std::string out = lower(text);
  bool start = true;
  for (char& c : out) {
    if (start && c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
    start = c == ' ' || c == '-';
  }
  return out;
}

std::size_t letters(std::string_view utf8) {
  return static_cast<std::size_t>(std::ranges::count_if(utf8, [](char c) { return (c & 0xC0) != 0x80; }));
}

std::string truncated(std::string_view utf8, std::size_t keep) {
  std::size_t seen = 0;
  for (std::size_t i = 0; i < utf8.size(); ++i) {
    if ((utf8[i] & 0xC0) != 0x80 && seen++ == keep) return std::string(utf8.substr(0, i));
  }
  return std::string(utf8);
}

std::optional<std::string> e164(std::string_view input, std::string_view country) {
  using i18n::phonenumbers::PhoneNumberUtil;
  // Most of what arrives is E.164 already; parsing costs 15 microseconds.
  const bool ready = input.size() >= 8 && input.size() <= 16 && input[0] == '+' &&
                     std::ranges::all_of(input.substr(1), is_digit);
  if (ready && input[1] != '0') return std::string(input);
  i18n::phonenumbers::PhoneNumber parsed;
  const auto& util = *PhoneNumberUtil::GetInstance();
  if (util.Parse(std::string(input), std::string(country), &parsed) != PhoneNumberUtil::NO_PARSING_ERROR)
    return std::nullopt;
  std::string out;
  util.Format(parsed, PhoneNumberUtil::E164, &out);
  return out;
}

bool is_email(std::string_view text) {
  const auto at = text.find('@');
  if (at == std::string_view::npos || at == 0 || at > 64 || text.find('@', at + 1) != std::string_view::npos)
    return false;
  const std::string_view local = text.substr(0, at), domain = text.substr(at + 1);
  const auto plain = [](char c) {
    return static_cast<unsigned char>(c) > ' ' &&
           std::string_view("()<>[]:;,\\\"").find(c) == std::string_view::npos;
  };
  const auto host = [](char c) {
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '.';
  };
  const auto dot = domain.rfind('.');
  if (dot == std::string_view::npos || dot == 0 || domain.size() - dot < 3) return false;
  if (local.front() == '.' || local.back() == '.' || text.find("..") != std::string_view::npos) return false;
  return std::ranges::all_of(local, plain) && std::ranges::all_of(domain, host);
}

bool is_country(std::string_view text) {
  if (text.size() != 2 || text[0] < 'A' || text[1] < 'A') return false;
  const auto at = kCountries.find(text);
  return at != std::string_view::npos && at % 3 == 0;
}

const std::vector<std::string>& timezones() {
  static const std::vector<std::string> zones{"Etc/GMT+12",
                                              "Pacific/Midway",
                                              "Pacific/Honolulu",
                                              "America/Juneau",
                                              "America/Tijuana",
                                              "America/Los_Angeles",
                                              "America/Phoenix",
                                              "America/Chihuahua",
                                              "America/Mazatlan",
                                              "America/Denver",
                                              "America/Guatemala",
                                              "America/Chicago",
                                              "America/Mexico_City",
                                              "America/Regina",
                                              "America/Bogota",
                                              "America/Lima",
                                              "America/New_York",
                                              "America/Indiana/Indianapolis",
                                              "America/Caracas",
                                              "America/Halifax",
                                              "America/La_Paz",
                                              "America/Santiago",
                                              "America/St_Johns",
                                              "America/Sao_Paulo",
                                              "America/Argentina/Buenos_Aires",
                                              "America/Godthab",
                                              "Atlantic/South_Georgia",
                                              "Atlantic/Azores",
                                              "Atlantic/Cape_Verde",
                                              "Africa/Casablanca",
                                              "Europe/Dublin",
                                              "Europe/London",
                                              "Europe/Lisbon",
                                              "Africa/Monrovia",
                                              "Etc/UTC",
                                              "Europe/Belgrade",
                                              "Europe/Berlin",
                                              "Europe/Madrid",
                                              "Europe/Paris",
                                              "Europe/Rome",
                                              "Europe/Vienna",
                                              "Europe/Warsaw",
                                              "Africa/Algiers",
                                              "Africa/Lagos",
                                              "Europe/Athens",
                                              "Europe/Bucharest",
                                              "Africa/Cairo",
                                              "Europe/Helsinki",
                                              "Europe/Kiev",
                                              "Africa/Harare",
                                              "Asia/Jerusalem",
                                              "Europe/Istanbul",
                                              "Asia/Baghdad",
                                              "Europe/Moscow",
                                              "Africa/Nairobi",
                                              "Asia/Tehran",
                                              "Asia/Muscat",
                                              "Asia/Baku",
                                              "Asia/Kabul",
                                              "Asia/Karachi",
                                              "Asia/Kolkata",
                                              "Asia/Kathmandu",
                                              "Asia/Dhaka",
                                              "Asia/Rangoon",
                                              "Asia/Bangkok",
                                              "Asia/Jakarta",
                                              "Asia/Shanghai",
                                              "Asia/Hong_Kong",
                                              "Asia/Singapore",
                                              "Australia/Perth",
                                              "Asia/Taipei",
                                              "Asia/Tokyo",
                                              "Asia/Seoul",
                                              "Australia/Adelaide",
                                              "Australia/Darwin",
                                              "Australia/Brisbane",
                                              "Australia/Melbourne",
                                              "Australia/Sydney",
                                              "Pacific/Guam",
                                              "Australia/Hobart",
                                              "Pacific/Fiji",
                                              "Pacific/Auckland",
                                              "Pacific/Tongatapu"};
  return zones;
}

bool is_timezone(std::string_view text) {  // aliases pass too, so the shape decides
  if (text == "UTC" || text == "GMT") return true;
  constexpr std::array areas{"Africa/",    "America/", "Antarctica/", "Arctic/",  "Asia/", "Atlantic/",
                             "Australia/", "Europe/",  "Indian/",     "Pacific/", "Etc/",  "US/",
                             "Canada/",    "Brazil/",  "Mexico/",     "Chile/"};
  return std::ranges::any_of(
             areas,
             [&](std::string_view area) { return text.starts_with(area) && text.size() > area.size(); }) &&
         text.find(' ') == std::string_view::npos;
}

std::string iso_time(std::int64_t unix_ms) {
  using namespace std::chrono;
  const sys_time<milliseconds> at{milliseconds(unix_ms)};
  const auto day = floor<days>(at);
  const year_month_day date{day};
  const auto ms = (at - day).count();
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()), ms / 3'600'000,
                     ms / 60'000 % 60, ms / 1000 % 60, ms % 1000);
}

std::optional<std::int64_t> parse_iso_time(std::string_view text) {
  const auto year = number(text, 0, 4), month = number(text, 5, 2), day = number(text, 8, 2);
  if (!year || !month || !day || text[4] != '-' || text[7] != '-' || !is_calendar_day(*year, *month, *day))
    return std::nullopt;
  using namespace std::chrono;
  const sys_days date{std::chrono::year(*year) / std::chrono::month(static_cast<unsigned>(*month)) /
                      std::chrono::day(static_cast<unsigned>(*day))};
  std::int64_t ms = duration_cast<milliseconds>(date.time_since_epoch()).count();
  text.remove_prefix(10);
  if (text.empty()) return ms;
  const auto hour = number(text, 1, 2), minute = number(text, 4, 2);
  if (!hour || !minute || (text[0] != 'T' && text[0] != ' ') || text[3] != ':' || *hour > 23 || *minute > 59)
    return std::nullopt;
  ms += (*hour * 60 + *minute) * 60'000LL;
  text.remove_prefix(6);
  if (const auto second = number(text, 1, 2); !text.empty() && text[0] == ':') {
    if (!second || *second > 60) return std::nullopt;
    ms += *second * 1000LL;
    text.remove_prefix(3);
  }
  if (!text.empty() && text[0] == '.') {
    text.remove_prefix(1);
    std::int64_t unit = 100;
    if (text.empty() || !is_digit(text[0])) return std::nullopt;
    for (; !text.empty() && is_digit(text[0]); text.remove_prefix(1), unit /= 10)
      ms += (text[0] - '0') * unit;
  }
  if (text == "Z" || text.empty()) return ms;
  const auto off_hour = number(text, 1, 2);
  const auto off_minute = number(text, text.size() == 6 ? 4 : 3, 2);
  if ((text[0] != '+' && text[0] != '-') || !off_hour || !off_minute || text.size() > 6) return std::nullopt;
  const std::int64_t offset = (*off_hour * 60 + *off_minute) * 60'000LL;
  return text[0] == '+' ? ms - offset : ms + offset;
}

std::optional<std::string> birth_date(std::string_view text) {
  if (text.size() > 10 && text[10] == 'T' && parse_iso_time(text)) text = text.substr(0, 10);
  if (text.size() != 10) return std::nullopt;
  const bool year_first = is_digit(text[2]);
  const char separator = text[year_first ? 4 : 2];
  if (std::string_view("/-._").find(separator) == std::string_view::npos) return std::nullopt;
  if (text[year_first ? 7 : 5] != separator) return std::nullopt;
  const auto year = number(text, year_first ? 0 : 6, 4), month = number(text, year_first ? 5 : 0, 2),
             day = number(text, year_first ? 8 : 3, 2);
  if (!year || !month || !day || !is_calendar_day(*year, *month, *day)) return std::nullopt;
  return fmt::format("{:04}-{:02}-{:02}", *year, *month, *day);
}

bool is_date(std::string_view text) { return text.size() >= 10 && parse_iso_time(text).has_value(); }

std::string plain_text(std::string_view html) {
  std::string out;
  for (std::size_t i = 0; i < html.size(); ++i) {
    if (html[i] == '<') {
      const auto end = html.find('>', i);
      if (end == std::string_view::npos) return out += html.substr(i);
      const std::string_view tag = html.substr(i + 1, end - i - 1);
      if ((tag == "/p" && end + 1 < html.size()) || tag.starts_with("br")) out += '\n';
      i = end;
    } else if (html[i] == '&') {
      bool known = false;
      for (const auto& [entity, letter] : {std::pair{"&amp;", '&'},
                                           {"&lt;", '<'},
                                           {"&gt;", '>'},
                                           {"&quot;", '"'},
                                           {"&#39;", '\''},
                                           {"&nbsp;", ' '}}) {
        if (!html.substr(i).starts_with(entity)) continue;
        out += letter;
        i += std::string_view(entity).size() - 1;
        known = true;
        break;
      }
      if (!known) out += '&';
    } else {
      out += html[i];
    }
  }
  return out;
}

bool glob(std::string_view pattern, std::string_view text) {
  std::size_t p = 0, t = 0, star = std::string_view::npos, resume = 0;
  while (t < text.size()) {
    if (p < pattern.size() && (pattern[p] == '?' || (pattern[p] == text[t] && pattern[p] != '*')))
      ++p, ++t;
    else if (p < pattern.size() && pattern[p] == '*')
      star = p++, resume = t;
    else if (star != std::string_view::npos)
      p = star + 1, t = ++resume;
    else
      return false;
  }
  return pattern.find_first_not_of('*', p) == std::string_view::npos;
}
}  // namespace tandem::sim::highlevel
