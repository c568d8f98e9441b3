#include "core/model/mapping.h"

#include <xxhash.h>

#include <algorithm>

namespace tandem {
namespace {

// Raise when normalising changes: every stored wire hash then differs once and is looked at again.
constexpr std::string_view kFormat = "1";

bool shown_on(const FieldRule& rule, Side side) {
  return rule.direction != Direction::off && !rule.native[side].empty();
}

// Several things may share one canonical value: a mapped pair's two spellings both mean HighLevel's,
// on either side. So "Bathroom" typed at CTM and "Bath" typed at HighLevel are no edits where
// values = { "Bath" = "Bathroom" }, and a write changes nothing that already means the same. A text
// that is another pair's HighLevel value means that one there.
std::string to_canonical(const FieldRule& rule, Side side, const std::string& text) {
  if (side == Side::highlevel)
    for (const auto& [ctm, highlevel] : rule.values)
      if (highlevel == text) return text;
  for (const auto& [ctm, highlevel] : rule.values)
    if (ctm == text) return highlevel;
  return text;
}

std::string from_canonical(const FieldRule& rule, Side side, const std::string& text) {
  if (side == Side::ctm)
    for (const auto& [ctm, highlevel] : rule.values)
      if (highlevel == text) return ctm;
  return text;
}

std::vector<std::string> split_choices(std::string_view text) {
  std::vector<std::string> out;
  std::size_t from = 0;
  while (from < text.size()) {
    const auto to = std::min(text.find(';', from), text.size());
    out.emplace_back(text.substr(from, to - from));
    from = to + 1;
  }
  return out;
}

FieldValue projected(const FieldRule& rule, Side side, const FieldValue& value, const std::string& country) {
  if (!value.is_value() || rule.values.empty()) return value;
  if (rule.type != FieldType::choices) return FieldValue::of(to_canonical(rule, side, value.text()));
  WireValue items;
  items.blank = false;
  for (const auto& item : split_choices(value.text())) items.items.push_back(to_canonical(rule, side, item));
  return canonical(rule.type, items, country);
}

WireValue wired(const FieldRule& rule, Side side, const FieldValue& value) {
  WireValue out;
  out.blank = !value.is_value();
  if (out.blank) return out;
  if (rule.type != FieldType::choices) {
    out.text = from_canonical(rule, side, value.text());
    return out;
  }
  for (const auto& item : split_choices(value.text())) out.items.push_back(from_canonical(rule, side, item));
  return out;
}

// Parts that are shown win; a missing or blank one is what the whole name has beside the other.
SplitName split_beside(const std::string& whole, const std::string& first, const std::string& last,
                       const FieldMap& known) {
  if (!first.empty() && !last.empty()) return {first, last};
  if (!first.empty()) {
    if (whole == first) return {first, {}};
    return {first, whole.starts_with(first + ' ') ? whole.substr(first.size() + 1) : split_name(whole).last};
  }
  if (!last.empty()) {
    if (whole == last) return {{}, last};
    return {whole.ends_with(' ' + last) ? whole.substr(0, whole.size() - last.size() - 1)
                                        : split_name(whole).first,
            last};
  }
  return split_name_as(whole, {value_of(known, "first_name").text(), value_of(known, "last_name").text()});
}

const FieldValue& first_observed(const FieldMap& changed, const FieldMap& whole, std::string_view name) {
  const FieldValue& value = value_of(changed, name);
  return value.is_observed() ? value : value_of(whole, name);
}

}  // namespace

std::optional<Direction> direction_from(std::string_view text) {
  for (const auto d : {Direction::both, Direction::to_highlevel, Direction::to_ctm, Direction::off})
    if (text == to_text(d)) return d;
  return std::nullopt;
}

std::string_view to_text(Direction d) {
  switch (d) {
    case Direction::both:
      return "both";
    case Direction::to_highlevel:
      return "to_highlevel";
    case Direction::to_ctm:
      return "to_ctm";
    case Direction::off:
      return "off";
  }
  return "?";
}

std::optional<ConflictRule> conflict_rule_from(std::string_view text) {
  for (const auto r : {ConflictRule::hold, ConflictRule::ctm, ConflictRule::highlevel, ConflictRule::newest})
    if (text == to_text(r)) return r;
  return std::nullopt;
}

std::string_view to_text(ConflictRule r) {
  switch (r) {
    case ConflictRule::hold:
      return "hold";
    case ConflictRule::ctm:
      return "ctm";
    case ConflictRule::highlevel:
      return "highlevel";
    case ConflictRule::newest:
      return "newest";
  }
  return "?";
}

Mapping::Mapping(std::vector<FieldRule> rules, std::string default_country)
    : rules_(std::move(rules)), default_country_(std::move(default_country)) {
  for (auto& rule : rules_)
    for (auto& [ctm, highlevel] : rule.values)
      for (std::string* text : {&ctm, &highlevel}) {
        WireValue raw;
        raw.blank = false;
        raw.text = *text;
        *text = canonical(rule.type, raw, default_country_).text();
      }
}

std::vector<FieldRule> Mapping::standard_rules() {
  const std::pair<std::string, FieldType> fields[] = {
      {"first_name", FieldType::name}, {"last_name", FieldType::name}, {"email", FieldType::email},
      {"phone", FieldType::phone},     {"company", FieldType::text},   {"address1", FieldType::text},
      {"city", FieldType::text},       {"state", FieldType::text},     {"postal_code", FieldType::text},
      {"country", FieldType::country}, {"website", FieldType::text}};
  std::vector<FieldRule> out;
  for (const auto& [name, type] : fields) {
    FieldRule rule;
    rule.name = name;
    rule.type = type;
    rule.native.highlevel = name;
    if (name != "company" && name != "website") rule.native.ctm = name;
    out.push_back(std::move(rule));
  }
  return out;
}

const FieldRule* Mapping::find(std::string_view name) const {
  const auto it = std::find_if(rules_.begin(), rules_.end(), [&](const auto& r) { return r.name == name; });
  return it == rules_.end() ? nullptr : &*it;
}

std::vector<std::string> Mapping::native_names(Side side) const {
  std::vector<std::string> out;
  const auto add = [&](const std::string& name) {
    if (std::find(out.begin(), out.end(), name) == out.end()) out.push_back(name);
  };
  for (const auto& rule : rules_) {
    if (!shown_on(rule, side)) continue;
    if (side == Side::ctm && is_name_part(rule.name)) add("name");
    add(rule.native[side]);
  }
  return out;
}

std::uint64_t Mapping::fingerprint() const {
  std::string all;
  const auto add = [&](std::string_view part) {  // the length keeps "ab","c" and "a","bc" apart
    all += std::to_string(part.size());
    all += ':';
    all += part;
  };
  add(kFormat);
  add(default_country_);
  for (const auto& rule : rules_) {
    if (rule.direction == Direction::off) continue;
    add(rule.name);
    add(std::to_string(static_cast<int>(rule.type)));
    add(rule.native.ctm);
    add(rule.native.highlevel);
    add(std::to_string(rule.values.size()));
    for (const auto& [ctm, highlevel] : rule.values) {
      add(ctm);
      add(highlevel);
    }
  }
  return XXH3_64bits(all.data(), all.size());
}

FieldMap Mapping::normalise(Side side, const WireFields& wire) const {
  FieldMap out;
  for (const auto& [native, raw] : wire) {
    for (const auto& rule : rules_) {
      if (!shown_on(rule, side)) continue;
      const bool whole_name = side == Side::ctm && native == "name" && is_name_part(rule.name);
      if (!whole_name && rule.native[side] != native) continue;
      out.insert_or_assign(native,
                           canonical(whole_name ? FieldType::name : rule.type, raw, default_country_));
      break;
    }
  }
  return out;
}

FieldMap Mapping::project(Side side, const FieldMap& native, const FieldMap& known) const {
  FieldMap out;
  for (const auto& rule : rules_) {
    if (!shown_on(rule, side)) continue;
    if (const auto it = native.find(rule.native[side]); it != native.end())
      out.insert_or_assign(rule.name, projected(rule, side, it->second, default_country_));
  }
  const FieldValue& name = value_of(native, "name");
  if (side != Side::ctm || !name.is_observed()) return out;
  const SplitName split =
      split_beside(name.text(), value_of(out, "first_name").text(), value_of(out, "last_name").text(), known);
  for (const auto& [part, text] :
       {std::pair("first_name", &split.first), std::pair("last_name", &split.last)}) {
    const FieldRule* rule = find(part);
    if (rule != nullptr && shown_on(*rule, side)) out.insert_or_assign(part, FieldValue::of(*text));
  }
  return out;
}

WireFields Mapping::to_native(Side side, const FieldMap& changed, const FieldMap& whole,
                              const Capabilities& capabilities) const {
  const bool joins_name = capabilities.joined_name && (value_of(changed, "first_name").is_observed() ||
                                                       value_of(changed, "last_name").is_observed());
  WireFields out;
  for (const auto& rule : rules_) {
    if (!shown_on(rule, side)) continue;
    const bool travels_along = joins_name && is_name_part(rule.name);
    const FieldValue& value =
        travels_along ? first_observed(changed, whole, rule.name) : value_of(changed, rule.name);
    if (!travels_along && !value.is_observed()) continue;
    out.emplace_back(rule.native[side], wired(rule, side, value));
  }
  if (joins_name) {
    WireValue name;
    name.text = join_name(first_observed(changed, whole, "first_name").text(),
                          first_observed(changed, whole, "last_name").text());
    name.blank = name.text.empty();
    out.emplace_back("name", std::move(name));
  }
  return out;
}

}  // namespace tandem
