#include "tests/sim/ctm_phone.h"

#include <phonenumbers/phonenumberutil.h>

#include <algorithm>
#include <cctype>

namespace tandem::sim {
namespace {
bool digit(char c) { return c >= '0' && c <= '9'; }
}  // namespace

bool ctm_is_e164(std::string_view number) {
  return number.size() >= 9 && number.size() <= 16 && number[0] == '+' && number[1] != '0' &&
         std::all_of(number.begin() + 1, number.end(), digit);
}

std::string ctm_from_national_us(std::string_view text) {
  std::string digits;
  for (const char c : text) {
    if (digit(c)) digits += c;
    if (std::isalpha(static_cast<unsigned char>(c)) != 0) return "";
  }
  if (digits.size() == 10) return "+1" + digits;
  if (digits.size() == 11 && digits[0] == '1') return "+" + digits;
  return "";
}

CtmNumberForms ctm_number_forms(std::string_view number) {
  CtmNumberForms forms{std::string(number), std::string(number), std::string(number), {}};
  if (!ctm_is_e164(number)) return forms;
  if (number[1] == '1' && number.size() == 12) {  // by hand: most numbers, and the library is slow
    const std::string area(number.substr(2, 3));
    const std::string exchange(number.substr(5, 3));
    const std::string line(number.substr(8));
    forms.bare = area + exchange + line;
    forms.format = "(" + area + ") " + exchange + "-" + line;
    forms.split = {"1", area, exchange, line};
    return forms;
  }
  using i18n::phonenumbers::PhoneNumberUtil;
  const PhoneNumberUtil& util = *PhoneNumberUtil::GetInstance();
  i18n::phonenumbers::PhoneNumber parsed;
  if (util.Parse(std::string(number), "ZZ", &parsed) != PhoneNumberUtil::NO_PARSING_ERROR) return forms;
  util.GetNationalSignificantNumber(parsed, &forms.bare);
  util.Format(parsed, PhoneNumberUtil::NATIONAL, &forms.format);
  const std::size_t area = std::min<std::size_t>(forms.bare.size(), 2);
  forms.split = {std::to_string(parsed.country_code()), forms.bare.substr(0, area), forms.bare.substr(area)};
  return forms;
}
}  // namespace tandem::sim
