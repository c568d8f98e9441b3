// P21 for single values: canonical forms are stable, valid and one line or many as promised.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>
#include <utf8proc.h>

#include "core/model/normalise.h"
#include "core/model/phone.h"
#include "tests/property/texts.h"

namespace tandem {
namespace {

bool is_clean(const std::string& text, bool many_lines) {
  const auto* at = reinterpret_cast<const utf8proc_uint8_t*>(text.data());
  auto left = static_cast<utf8proc_ssize_t>(text.size());
  while (left > 0) {
    utf8proc_int32_t code = 0;
    const auto used = utf8proc_iterate(at, left, &code);
    if (used <= 0) return false;
    const bool control = utf8proc_category(code) == UTF8PROC_CATEGORY_CC;
    if (control && !(many_lines && code == '\n')) return false;
    at += used;
    left -= used;
  }
  if (text.find("  ") != std::string::npos) return false;
  return text.empty() ||
         (text.front() != ' ' && text.front() != '\n' && text.back() != ' ' && text.back() != '\n');
}

std::string nfc(const std::string& text) {
  utf8proc_uint8_t* out = nullptr;
  const auto n = utf8proc_map(reinterpret_cast<const utf8proc_uint8_t*>(text.data()),
                              static_cast<utf8proc_ssize_t>(text.size()), &out,
                              static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPOSE));
  std::string copy(reinterpret_cast<const char*>(out), static_cast<std::size_t>(n));
  std::free(out);
  return copy;
}

const struct {
  const char* name;
  std::string (*call)(std::string_view);
  bool many_lines;
} kForms[] = {{"text", canonical_text, true},      {"name", canonical_name, false},
              {"email", canonical_email, false},   {"country", canonical_country, false},
              {"number", canonical_number, false}, {"date", canonical_date, false},
              {"tag", canonical_tag, false},       {"spelling key", spelling_key, false}};

RC_GTEST_PROP(NormaliseLaws, EveryFormIsStableCleanAndComposed, ()) {
  const std::string raw = *texts::wild();
  for (const auto& form : kForms) {
    const std::string once = form.call(raw);
    RC_TAG(form.name);
    RC_ASSERT(form.call(once) == once);
    RC_ASSERT(is_clean(once, form.many_lines));
    RC_ASSERT(nfc(once) == once);
  }
}

// Every code point of the scripts with case and composition, samples of the others.
TEST(NormaliseLaws, HoldForCodePointsBetweenALetterAndAnAccent) {
  int broken = 0;
  for (utf8proc_int32_t code = 0; code <= 0x10FFFF;) {
    const bool dense =
        code < 0x2200 || (code >= 0xA640 && code < 0xAC00) || (code >= 0xF900 && code < 0x11000);
    const utf8proc_int32_t current = code;
    code += dense ? 1 : 0x35;
    if (current >= 0xD800 && current <= 0xDFFF) continue;
    utf8proc_uint8_t bytes[4];
    const auto n = utf8proc_encode_char(current, bytes);
    const std::string raw =
        "a" + std::string(reinterpret_cast<char*>(bytes), static_cast<std::size_t>(n)) + "\xCC\x87";
    for (const auto& form : kForms) {
      const std::string once = form.call(raw);
      if (form.call(once) == once && is_clean(once, form.many_lines) && nfc(once) == once) continue;
      if (++broken < 5) ADD_FAILURE() << form.name << " of U+" << std::hex << current;
    }
  }
  EXPECT_EQ(broken, 0);
}

RC_GTEST_PROP(NormaliseLaws, SpellingKeyIgnoresCanonicalFormAndCase, ()) {
  const std::string raw = *texts::wild();
  RC_ASSERT(spelling_key(canonical_text(raw)) == spelling_key(raw));
  RC_ASSERT(spelling_key(canonical_tag(raw)) == spelling_key(raw));
}

RC_GTEST_PROP(NormaliseLaws, JoinUndoesSplit, ()) {
  const std::string raw = *texts::wild();
  const SplitName parts = split_name(raw);
  RC_ASSERT(join_name(parts.first, parts.last) == canonical_name(raw));
  RC_ASSERT(parts.last.find(' ') == std::string::npos);
  RC_ASSERT(parts.last.empty() || !parts.first.empty());
}

RC_GTEST_PROP(NormaliseLaws, ANumberKeepsItsMagnitude, (std::int32_t units, std::uint16_t thousandths)) {
  char written[64];
  std::snprintf(written, sizeof written, "%+011d.%05u000", units, static_cast<unsigned>(thousandths));
  RC_ASSERT(std::stod(canonical_number(written)) == std::stod(written));
}

RC_GTEST_PROP(NormaliseLaws, EveryDayHasOneForm, ()) {
  const auto day = *rc::gen::inRange(-700'000, 2'900'000);
  const std::chrono::year_month_day ymd{std::chrono::sys_days(std::chrono::days(day))};
  const int y = static_cast<int>(ymd.year());
  const auto m = static_cast<unsigned>(ymd.month()), d = static_cast<unsigned>(ymd.day());
  char iso[32], us[32], dotted[32];
  std::snprintf(iso, sizeof iso, "%04d-%02u-%02u", y, m, d);
  std::snprintf(us, sizeof us, "%u/%u/%04d", m, d, y);
  std::snprintf(dotted, sizeof dotted, "%04d.%02u.%02u", y, m, d);
  for (const char* form : {iso, us, dotted}) RC_ASSERT(canonical_date(form) == iso);
  const std::int64_t ms = std::int64_t{day} * 86'400'000 + *rc::gen::inRange(0, 86'400'000);
  if (ms > 100'000'000 || ms < -100'000'000) RC_ASSERT(canonical_date(std::to_string(ms)) == iso);
}

RC_GTEST_PROP(PhoneLaws, AnE164FormIsItsOwnForm, ()) {
  const auto raw = *texts::phone();
  const Phone phone = parse_phone(raw, *rc::gen::element("US", "GB", "MX", "AR", "IT", "DE", "ZZ"));
  RC_ASSERT((phone.kind == PhoneKind::number) == !phone.e164.empty());
  if (phone.kind != PhoneKind::number) return;
  RC_ASSERT(phone.e164.front() == '+');
  RC_ASSERT(phone.e164.size() <= 18U);
  RC_ASSERT(phone.e164.find_first_not_of("0123456789", 1) == std::string::npos);
  for (const char* country : {"US", "MX", "ZZ"}) RC_ASSERT(parse_phone(phone.e164, country) == phone);
}

// P35: own numbers are nobody, in every spelling.
RC_GTEST_PROP(PhoneLaws, AnOwnNumberIsNobodyHoweverItIsSpelled, ()) {
  const auto raw = *texts::phone();
  const Phone phone = parse_phone(raw, "US");
  RC_PRE(phone.kind == PhoneKind::number);
  RC_ASSERT(parse_phone(raw, "US", {phone.e164}) == Phone{});
}

RC_GTEST_PROP(NormaliseLaws, ARenderingIsRecognised, ()) {
  const std::string sent = canonical_name(*texts::wild());
  RC_ASSERT(is_rendering_of(sent, sent));
  RC_ASSERT(spelling_key(sent).empty() || is_rendering_of(canonical_tag(sent), sent));
  RC_ASSERT(sent.empty() || !is_rendering_of("", sent));
}

RC_GTEST_PROP(NormaliseLaws, ChoicesAreStableAndOrderFree, ()) {
  auto items = *rc::gen::container<std::vector<std::string>>(texts::word());
  const FieldValue once = canonical(FieldType::choices, {false, {}, items}, "US");
  RC_ASSERT(canonical(FieldType::choices, {false, once.text(), {}}, "US") == once);
  std::reverse(items.begin(), items.end());
  RC_ASSERT(canonical(FieldType::choices, {false, {}, items}, "US") == once);
}

}  // namespace
}  // namespace tandem
