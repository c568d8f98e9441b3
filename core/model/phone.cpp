#include "core/model/phone.h"

#include <phonenumbers/phonenumberutil.h>

#include <algorithm>
#include <array>

#include "core/model/normalise.h"

namespace tandem {
namespace {

using i18n::phonenumbers::PhoneNumber;
using i18n::phonenumbers::PhoneNumberUtil;

// What networks and CTM say where there is no number, letters only.
constexpr std::array<std::string_view, 25> kNobodyWords{"anonymous",
                                                        "restricted",
                                                        "unavailable",
                                                        "unknown",
                                                        "private",
                                                        "blocked",
                                                        "withheld",
                                                        "hidden",
                                                        "none",
                                                        "null",
                                                        "na",
                                                        "noname",
                                                        "nonumber",
                                                        "nocallerid",
                                                        "outofarea",
                                                        "payphone",
                                                        "unknowncaller",
                                                        "unknownname",
                                                        "unknownnumber",
                                                        "callerunknown",
                                                        "privatenumber",
                                                        "privatecaller",
                                                        "blockednumber",
                                                        "anonymouscaller",
                                                        "restrictednumber"};

// The same words spelled on a keypad; a gateway sends them with a plus, as if they were numbers:
// ANONYMOUS RESTRICTED BLOCKED UNKNOWN UNAVAILABLE. Without the plus they may be somebody's.
constexpr std::array<std::string_view, 5> kNobodyNumbers{"+266696687", "+7378742833", "+2562533", "+8656696",
                                                         "+86282452253"};

constexpr int kNorthAmerica = 1;
constexpr int kParseRounds = 8;  // two are usual; a number that keeps shrinking is none

// What people type into a required field. In North America no such number is a person's.
bool is_placeholder(const PhoneNumber& number) {
  if (number.country_code() != kNorthAmerica) return false;
  const std::string digits = std::to_string(number.national_number());
  return digits == "1234567890" || digits.find_first_not_of(digits.front()) == std::string::npos;
}

// "sip:+13125550123@gateway" is the number, "sip:anonymous@anonymous.invalid" is nobody.
std::string_view user_part(std::string_view text) {
  for (const std::string_view scheme : {"sip:", "sips:"})
    if (text.starts_with(scheme)) {
      text.remove_prefix(scheme.size());
      return text.substr(0, text.find('@'));
    }
  return text;
}

}  // namespace

Phone parse_phone(std::string_view raw, std::string_view default_country,
                  const std::set<std::string, std::less<>>& own) {
  const std::string line = canonical_name(raw);
  const std::string text(user_part(line));
  const std::string key = spelling_key(text);
  if (key.empty() || std::find(kNobodyWords.begin(), kNobodyWords.end(), key) != kNobodyWords.end())
    return {};
  if (text.starts_with('+') &&
      std::find(kNobodyNumbers.begin(), kNobodyNumbers.end(), "+" + key) != kNobodyNumbers.end())
    return {};

  // Loading the metadata costs megabytes: not before the first number is really parsed.
  const PhoneNumberUtil& util = *PhoneNumberUtil::GetInstance();
  std::string region(default_country);
  for (char& c : region) c = static_cast<char>(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
  PhoneNumber number;
  std::string e164 = text;
  // A prefix may be left that only the next parsing drops (Mexico, Argentina, Ireland): one number, one key.
  for (int round = 0;; ++round) {
    if (round == kParseRounds) return {PhoneKind::invalid, {}};
    if (util.Parse(e164, region, &number) != PhoneNumberUtil::NO_PARSING_ERROR)
      return {PhoneKind::invalid, {}};
    std::string formatted;
    util.Format(number, PhoneNumberUtil::E164, &formatted);
    if (formatted == e164) break;
    e164 = std::move(formatted);
  }
  // Length decides, not the numbering plan: the metadata on this host is older than new area codes.
  if (is_placeholder(number) || own.contains(e164)) return {};
  if (util.IsPossibleNumberWithReason(number) != PhoneNumberUtil::IS_POSSIBLE)
    return {PhoneKind::invalid, {}};
  return {PhoneKind::number, std::move(e164)};
}

}  // namespace tandem
