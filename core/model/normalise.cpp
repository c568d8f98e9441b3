#include "core/model/normalise.h"

#include <utf8proc.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cstdlib>
#include <memory>
#include <new>
#include <optional>

#include "core/model/phone.h"

namespace tandem {
namespace {

constexpr utf8proc_int32_t kReplacement = 0xFFFD;
constexpr utf8proc_int32_t kDottedCapitalI = 0x130;
constexpr int kFoldRounds = 4;  // folding and recomposing settle after two; four is a bound, not a need
constexpr std::size_t kShortestCut = 4;  // letters; no field limit is shorter, and an initial is not a cut

bool is_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

void append(std::string& out, utf8proc_int32_t code) {
  std::array<utf8proc_uint8_t, 4> bytes{};
  const auto n = utf8proc_encode_char(code, bytes.data());
  out.append(reinterpret_cast<const char*>(bytes.data()), static_cast<std::size_t>(n));
}

// Calls visit(code point) for each; a byte that is no UTF-8 comes as U+FFFD.
template <class Visit>
void each_code(std::string_view text, Visit visit) {
  const auto* at = reinterpret_cast<const utf8proc_uint8_t*>(text.data());
  auto left = static_cast<utf8proc_ssize_t>(text.size());
  while (left > 0) {
    utf8proc_int32_t code = kReplacement;
    auto used = utf8proc_iterate(at, left, &code);
    if (used <= 0) {
      used = 1;
      code = kReplacement;
    }
    visit(code);
    at += used;
    left -= used;
  }
}

std::string mapped(std::string_view text, int options) {
  utf8proc_uint8_t* bytes = nullptr;
  const auto n = utf8proc_map(reinterpret_cast<const utf8proc_uint8_t*>(text.data()),
                              static_cast<utf8proc_ssize_t>(text.size()), &bytes,
                              static_cast<utf8proc_option_t>(options));
  if (n < 0) throw std::bad_alloc();  // the text is valid UTF-8 here: nothing else can fail
  const std::unique_ptr<utf8proc_uint8_t, decltype(&std::free)> owner(bytes, &std::free);
  return {reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(n)};
}

std::string nfc(std::string text) {
  if (is_ascii(text)) return text;
  return mapped(text, UTF8PROC_STABLE | UTF8PROC_COMPOSE);
}

// Marks that a copy and paste leaves behind and nobody sees: byte order, zero-width space, direction.
bool is_invisible(utf8proc_int32_t code) {
  return code == 0xFEFF || code == 0x200B || code == 0x200E || code == 0x200F ||
         (code >= 0x202A && code <= 0x202E) || (code >= 0x2066 && code <= 0x2069);
}

// Valid UTF-8 in NFC; the only controls left are LF, the only blank left is the space.
std::string clean(std::string_view raw) {
  std::string out;
  out.reserve(raw.size());
  bool after_cr = false;
  each_code(raw, [&](utf8proc_int32_t code) {
    const bool second_half = after_cr && code == '\n';
    after_cr = code == '\r';
    if (second_half) return;
    const auto category = utf8proc_category(code);
    if (code == '\n' || code == '\r' || code == 0x85 || code == 0x2028 || code == 0x2029) {
      out += '\n';
    } else if (code == '\t' || category == UTF8PROC_CATEGORY_ZS) {
      out += ' ';
    } else if (category != UTF8PROC_CATEGORY_CC && !is_invisible(code)) {
      append(out, code);
    }
  });
  return nfc(std::move(out));
}

std::string fold_blanks(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  bool blank = false;
  for (const char c : text) {
    if (c == ' ') {
      blank = !out.empty() && out.back() != '\n';
    } else if (c == '\n') {
      blank = false;
      if (!out.empty()) out += c;
    } else {
      if (blank) out += ' ';
      blank = false;
      out += c;
    }
  }
  while (!out.empty() && out.back() == '\n') out.pop_back();
  return out;
}

std::string lower(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  each_code(text, [&](utf8proc_int32_t code) {
    if (code == kDottedCapitalI) {
      out += "i\xCC\x87";  // the only letter that grows; JavaScript, and so HighLevel, does the same
    } else {
      append(out, utf8proc_tolower(code));
    }
  });
  return nfc(std::move(out));
}

enum class Accents : std::uint8_t { keep, drop };

std::string letters_folded(std::string_view text, Accents accents) {
  std::string key = clean(text);
  for (int round = 0; round < kFoldRounds; ++round) {
    std::string kept;
    each_code(mapped(key, UTF8PROC_STABLE | UTF8PROC_COMPAT | UTF8PROC_DECOMPOSE | UTF8PROC_CASEFOLD),
              [&](utf8proc_int32_t code) {
                const auto category = utf8proc_category(code);
                const bool letter = category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_LO;
                const bool mark = category >= UTF8PROC_CATEGORY_MN && category <= UTF8PROC_CATEGORY_ME;
                const bool digit = category >= UTF8PROC_CATEGORY_ND && category <= UTF8PROC_CATEGORY_NO;
                // Latin, Greek and Cyrillic accents only: in other scripts a mark is a vowel.
                const bool accent = code >= 0x300 && code <= 0x36F;
                if (letter || digit || (mark && !(accent && accents == Accents::drop))) append(kept, code);
              });
    kept = nfc(std::move(kept));
    if (kept == key) break;
    key = std::move(kept);
  }
  return key;
}

std::size_t letters_in(std::string_view utf8) {
  return static_cast<std::size_t>(std::count_if(
      utf8.begin(), utf8.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool all_digits(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), is_digit);
}

// "1,250,000" to "1250000"; nullopt where commas are not between groups of three. Both systems are
// American: a lone "1,250" is a thousand and more.
std::optional<std::string> ungrouped(std::string_view whole) {
  const auto first = whole.find(',');
  if (first == std::string_view::npos) return std::string(whole);
  if (first == 0 || first > 3) return std::nullopt;
  std::string out(whole.substr(0, first));
  for (std::size_t at = first; at < whole.size(); at += 4) {
    if (whole[at] != ',' || whole.size() - at < 4) return std::nullopt;
    out += whole.substr(at + 1, 3);
  }
  return out;
}

std::string date_text(std::chrono::year_month_day ymd) {
  std::string out = "0000-00-00";
  auto year = static_cast<int>(ymd.year());
  for (std::size_t i = 4; i-- > 0; year /= 10) out[i] = static_cast<char>('0' + year % 10);
  const auto month = static_cast<unsigned>(ymd.month()), day = static_cast<unsigned>(ymd.day());
  out[5] = static_cast<char>('0' + month / 10);
  out[6] = static_cast<char>('0' + month % 10);
  out[8] = static_cast<char>('0' + day / 10);
  out[9] = static_cast<char>('0' + day % 10);
  return out;
}

std::optional<std::string> date_of(int year, unsigned month, unsigned day) {
  const std::chrono::year_month_day ymd{std::chrono::year(year), std::chrono::month(month),
                                        std::chrono::day(day)};
  if (!ymd.ok() || year < 1 || year > 9999) return std::nullopt;
  return date_text(ymd);
}

// A whole number of nine digits or more is epoch milliseconds; shorter ones may be anything.
std::optional<std::string> date_of_epoch_ms(std::string_view text) {
  const std::string_view digits = text.substr(text.starts_with('-') ? 1 : 0);
  std::int64_t ms = 0;
  if (!all_digits(digits) || digits.size() < 9 || digits.size() > 15) return std::nullopt;
  std::from_chars(text.data(), text.data() + text.size(), ms);
  const std::chrono::sys_time<std::chrono::milliseconds> time{std::chrono::milliseconds(ms)};
  const std::chrono::year_month_day ymd{std::chrono::floor<std::chrono::days>(time)};
  const int year = static_cast<int>(ymd.year());
  if (year < 1 || year > 9999) return std::nullopt;
  return date_text(ymd);
}

std::vector<std::string> choice_items(const WireValue& raw) {
  std::set<std::string> items;
  const auto add = [&](std::string_view text) {
    const std::string line = canonical_name(text);
    std::size_t from = 0;
    while (from <= line.size()) {
      const auto to = std::min(line.find_first_of(";|", from), line.size());
      std::string item = canonical_name(std::string_view(line).substr(from, to - from));
      if (!item.empty()) items.insert(std::move(item));
      from = to + 1;
    }
  };
  add(raw.text);
  for (const auto& item : raw.items) add(item);
  return {items.begin(), items.end()};
}

std::string joined(const std::vector<std::string>& items) {
  std::string out;
  for (const auto& item : items) {
    if (!out.empty()) out += ';';
    out += item;
  }
  return out;
}

std::string canonical_phone(std::string_view raw, std::string_view default_country) {
  Phone phone = parse_phone(raw, default_country);
  switch (phone.kind) {
    case PhoneKind::number:
      return std::move(phone.e164);
    case PhoneKind::nobody:
      return {};
    case PhoneKind::invalid:
      break;
  }
  return canonical_name(raw);  // what a person typed is not lost; it is only no number
}

}  // namespace

std::string canonical_text(std::string_view raw) { return fold_blanks(clean(raw)); }

std::string canonical_name(std::string_view raw) {
  std::string line = clean(raw);
  std::replace(line.begin(), line.end(), '\n', ' ');
  return fold_blanks(line);
}

std::string canonical_email(std::string_view raw) {
  std::string text = clean(raw);
  std::erase_if(text, [](char c) { return c == ' ' || c == '\n'; });
  return lower(nfc(std::move(text)));  // again: a letter and its accent may have been blanks apart
}

std::string canonical_number(std::string_view raw) {
  std::string text = canonical_name(raw);
  std::string_view rest = text;
  const bool negative = rest.starts_with('-');
  if (negative || rest.starts_with('+')) rest.remove_prefix(1);

  int exponent = 0;
  if (const auto e = rest.find_first_of("eE"); e != std::string_view::npos) {
    std::string_view power = rest.substr(e + 1);
    if (power.starts_with('+')) power.remove_prefix(1);
    const auto [end, error] = std::from_chars(power.data(), power.data() + power.size(), exponent);
    if (power.empty() || error != std::errc() || end != power.data() + power.size()) return text;
    if (exponent > 30 || exponent < -30) return text;  // no field holds it; writing it out helps nobody
    rest = rest.substr(0, e);
  }

  const auto point = std::min(rest.find('.'), rest.size());
  const std::string_view after = rest.substr(std::min(point + 1, rest.size()));
  std::optional<std::string> whole = ungrouped(rest.substr(0, point));
  std::string fraction(after);
  if (!whole || whole->size() + fraction.size() == 0) return text;
  if (!std::all_of(whole->begin(), whole->end(), is_digit)) return text;
  if (!std::all_of(fraction.begin(), fraction.end(), is_digit)) return text;

  for (; exponent > 0; --exponent) {
    *whole += fraction.empty() ? '0' : fraction.front();
    if (!fraction.empty()) fraction.erase(0, 1);
  }
  for (; exponent < 0; ++exponent) {
    fraction.insert(fraction.begin(), whole->empty() ? '0' : whole->back());
    if (!whole->empty()) whole->pop_back();
  }
  whole->erase(0, std::min(whole->find_first_not_of('0'), whole->size()));
  while (!fraction.empty() && fraction.back() == '0') fraction.pop_back();
  std::string out = whole->empty() ? "0" : *whole;
  if (!fraction.empty()) out += "." + fraction;
  return negative && out != "0" ? "-" + out : out;
}

std::string canonical_date(std::string_view raw) {
  const std::string text = canonical_name(raw);
  if (auto date = date_of_epoch_ms(text)) return *date;
  std::array<std::string_view, 3> part;
  std::size_t from = 0;
  for (std::size_t i = 0; i < part.size(); ++i) {
    std::size_t to = from;
    while (to < text.size() && is_digit(text[to])) ++to;
    part[i] = std::string_view(text).substr(from, to - from);
    from = to;
    if (part[i].empty()) return text;
    if (i + 1 == part.size()) break;
    if (from == text.size() || std::string_view("-/._").find(text[from]) == std::string_view::npos)
      return text;
    ++from;
  }
  // What may follow is a time of day; the calendar day is the one written, whatever the zone.
  const bool bare = from == text.size();
  const bool timed =
      !bare && (text[from] == 'T' || text[from] == ' ') && from + 1 < text.size() && is_digit(text[from + 1]);
  if (!bare && !timed) return text;
  const bool year_first = part[0].size() == 4;
  const std::string_view year = part[year_first ? 0 : 2], month = part[year_first ? 1 : 0],
                         day = part[year_first ? 2 : 1];
  if (year.size() != 4 || month.size() > 2 || day.size() > 2) return text;
  const auto to_int = [](std::string_view digits) {
    int n = 0;
    std::from_chars(digits.data(), digits.data() + digits.size(), n);
    return n;
  };
  return date_of(to_int(year), static_cast<unsigned>(to_int(month)), static_cast<unsigned>(to_int(day)))
      .value_or(text);
}

std::string canonical_tag(std::string_view raw) { return lower(canonical_name(raw)); }

TagSet canonical_tags(const std::vector<std::string>& raw) {
  TagSet out;
  for (const auto& tag : raw) {
    std::string text = canonical_tag(tag);
    if (!text.empty()) out.insert(std::move(text));
  }
  return out;
}

FieldValue canonical(FieldType type, const WireValue& raw, std::string_view default_country) {
  if (raw.blank) return FieldValue::cleared();
  if (type == FieldType::choices) return FieldValue::of(joined(choice_items(raw)));
  const std::string text = raw.items.empty() ? raw.text : joined(raw.items);
  switch (type) {
    case FieldType::text:
      return FieldValue::of(canonical_text(text));
    case FieldType::name:
    case FieldType::choice:
      return FieldValue::of(canonical_name(text));
    case FieldType::email:
      return FieldValue::of(canonical_email(text));
    case FieldType::phone:
      return FieldValue::of(canonical_phone(text, default_country));
    case FieldType::country:
      return FieldValue::of(canonical_country(text));
    case FieldType::number:
      return FieldValue::of(canonical_number(text));
    case FieldType::date:
      return FieldValue::of(canonical_date(text));
    case FieldType::choices:
      break;
  }
  return FieldValue::cleared();
}

std::string spelling_key(std::string_view text) { return letters_folded(text, Accents::drop); }

bool differs_in_case_only(std::string_view a, std::string_view b) {
  return a != b && lower(canonical_text(a)) == lower(canonical_text(b));
}

bool is_rendering_of(std::string_view shown, std::string_view sent) {
  if (shown == sent) return true;
  const std::string a = letters_folded(shown, Accents::keep), b = letters_folded(sent, Accents::keep);
  if (a.empty() || b.empty()) return false;
  return a == b || (b.starts_with(a) && letters_in(a) >= kShortestCut);
}

SplitName split_name(std::string_view whole) {
  const std::string name = canonical_name(whole);
  const auto blank = name.rfind(' ');
  if (blank == std::string::npos) return {name, {}};
  return {name.substr(0, blank), name.substr(blank + 1)};
}

SplitName split_name_as(std::string_view whole, const SplitName& known) {
  const std::string name = canonical_name(whole);
  if (join_name(known.first, known.last) == name) return known;
  if (!known.last.empty() && name.ends_with(' ' + known.last))
    return {name.substr(0, name.size() - known.last.size() - 1), known.last};
  if (!known.first.empty() && name.starts_with(known.first + ' '))
    return {known.first, name.substr(known.first.size() + 1)};
  return split_name(name);
}

std::string join_name(std::string_view first, std::string_view last) {
  std::string whole(first);
  whole += ' ';
  whole += last;
  return canonical_name(whole);
}

}  // namespace tandem
