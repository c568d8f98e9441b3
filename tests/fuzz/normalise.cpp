// Values as people and machines type them: every canonical form is stable and clean, and the mapping is
// a lens over it (P21).
#include "core/model/normalise.h"
#include <utf8proc.h>
#include <algorithm>
#include "core/model/mapping.h"
#include "core/model/phone.h"
#include "tests/fuzz/law.h"

namespace tandem {
namespace {
using fuzz::must;

constexpr FieldType kTypes[] = {FieldType::text,  FieldType::name,    FieldType::email,
                                FieldType::phone, FieldType::country, FieldType::number,
                                FieldType::date,  FieldType::choice,  FieldType::choices};

bool is_clean(std::string_view text) {
  const auto* at = reinterpret_cast<const utf8proc_uint8_t*>(text.data());
  auto left = static_cast<utf8proc_ssize_t>(text.size());
  while (left > 0) {
    utf8proc_int32_t code = 0;
    const auto used = utf8proc_iterate(at, left, &code);
    if (used <= 0 || (utf8proc_category(code) == UTF8PROC_CATEGORY_CC && code != '\n')) return false;
    at += used;
    left -= used;
  }
  return true;
}

void check_forms(std::string_view raw) {
  for (const auto form : {canonical_text, canonical_name, canonical_email, canonical_country,
                          canonical_number, canonical_date, canonical_tag, spelling_key}) {
    const std::string once = form(raw);
    must(form(once) == once, "a canonical form is its own");
    must(is_clean(once), "a canonical form is UTF-8 without controls");
  }
}

void check_phone(std::string_view raw) {
  for (const char* country : {"US", "GB", "MX", ""}) {
    const Phone phone = parse_phone(raw, country);
    must((phone.kind == PhoneKind::number) == !phone.e164.empty(), "only a number has an E.164 form");
    if (phone.e164.empty()) continue;
    must(phone.e164.size() >= 4 && phone.e164.size() <= 18 && phone.e164.front() == '+' &&
             phone.e164.find_first_not_of("0123456789", 1) == std::string::npos,
         "E.164 is a plus and digits");
    must(parse_phone(phone.e164, "US") == phone && parse_phone(phone.e164, "DE") == phone,
         "E.164 means the same everywhere");
    must(parse_phone(raw, country, {phone.e164}).kind == PhoneKind::nobody,
         "the account's own number is nobody");
  }
}

void check_lens(const std::string& raw) {
  for (const FieldType type : kTypes) {
    FieldRule rule;
    rule.name = "custom:kind";
    rule.type = type;
    rule.native = {"custom:kind", "custom:contact.kind"};
    rule.values = {{"Bathroom", "Bath"}, {"red", "b"}};
    const Mapping mapping({rule}, "US");
    const auto get = [&](Side side, const WireValue& wire) {
      return value_of(mapping.project(side, mapping.normalise(side, {{rule.native[side], wire}}), {}),
                      rule.name);
    };
    for (const Side shown : kSides) {
      const FieldValue x = get(shown, {false, raw, {}});
      for (const Side target : kSides) {
        const WireFields written = mapping.to_native(target, {{rule.name, x}}, {}, {});
        must(written.size() == 1 && get(target, written.front().second) == x, "what was written reads back");
      }
    }
  }
}

void check_names(const std::string& raw) {
  const std::string name = canonical_name(raw);
  const SplitName split = split_name(name);
  must(join_name(split.first, split.last) == name, "a split name joins again");
  const auto middle = raw.size() / 2;
  const SplitName known{canonical_name(raw.substr(0, middle)), canonical_name(raw.substr(middle))};
  const std::string whole = join_name(known.first, known.last);
  const SplitName again = split_name_as(whole, known);
  must(join_name(again.first, again.last) == canonical_name(whole), "no part of a name is lost");
  must(is_rendering_of(name, name), "a text is a rendering of itself");
  must(!differs_in_case_only(name, name), "equal texts do not differ");
  must(differs_in_case_only(known.first, known.last) == differs_in_case_only(known.last, known.first),
       "which is first does not matter");
}
}  // namespace
}  // namespace tandem

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::size_t kLongestValue = 200;  // longer ones only cost time
  const std::string raw(tandem::fuzz::text_of(data, std::min(size, kLongestValue)));
  tandem::check_forms(raw);
  tandem::check_phone(raw);
  tandem::check_lens(raw);
  tandem::check_names(raw);
  return 0;
}
