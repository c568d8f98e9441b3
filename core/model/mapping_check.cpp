// Mapping::check of mapping.h: the round-trip law (P21), tried on the real functions.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>

#include "core/model/mapping.h"

namespace tandem {
namespace {

// Values that have broken mappings elsewhere: leading zeros, separators, accents, several words.
constexpr std::array<std::string_view, 14> kCorpus{
    "0",        "00501", "1250.5",    "-3",         "yes", "O'Neil-Li",     "Zo\xC3\xAB de la Cruz",
    "red;blue", "a|b",   "12 Elm St", "2026-11-20", "US",  "United States", "mara@example.org"};

FieldValue canonical_of(const FieldRule& rule, std::string_view text, const std::string& country) {
  WireValue raw;
  raw.blank = false;
  raw.text = std::string(text);
  return canonical(rule.type, raw, country);
}

FieldMap read(const Mapping& mapping, const FieldRule& rule, Side side, std::string_view text) {
  WireValue raw;
  raw.blank = false;
  raw.text = std::string(text);
  return mapping.project(side, mapping.normalise(side, {{rule.native[side], raw}}), {});
}

bool may_lose(const FieldRule& rule, Side towards) {  // one-way to `towards`: nothing comes back from there
  return rule.direction == (towards == Side::ctm ? Direction::to_ctm : Direction::to_highlevel);
}

// Two values of `from` that are one value of `to`: what comes back cannot be both.
void check_one_to_one(const FieldRule& rule, Side to, std::vector<std::string>& problems) {
  const Side from = other(to);
  std::map<std::string, std::string, std::less<>> seen;  // value of `to` -> value of `from`
  for (const auto& [ctm, highlevel] : rule.values) {
    const std::string& source = from == Side::ctm ? ctm : highlevel;
    const std::string& target = from == Side::ctm ? highlevel : ctm;
    const auto [it, fresh] = seen.emplace(target, source);
    if (fresh || it->second == source || may_lose(rule, to)) continue;
    problems.push_back(
        fmt::format("field {}: values \"{}\" and \"{}\" of {} are both \"{}\" of {}, so it cannot travel "
                    "back; set direction = "
                    "\"{}\" or map each value to one of its own",
                    rule.name, it->second, source, to_text(from), target, to_text(to),
                    to_text(to == Side::ctm ? Direction::to_ctm : Direction::to_highlevel)));
  }
}

void check_values(const FieldRule& rule, std::vector<std::string>& problems) {
  if (rule.values.empty()) return;
  if (is_name_part(rule.name)) {
    problems.push_back(fmt::format(
        "field {}: a value map cannot be used here, because CTM shows first and last name as one text",
        rule.name));
    return;
  }
  for (const auto& [ctm, highlevel] : rule.values) {
    for (const auto& [side, text] : {std::pair("ctm", &ctm), std::pair("highlevel", &highlevel)}) {
      if (text->empty())
        problems.push_back(
            fmt::format("field {}: the {} value of \"{}\" = \"{}\" is blank; clears are set by `clears`",
                        rule.name, side, ctm, highlevel));
      if (rule.type == FieldType::choices && text->find(';') != std::string::npos)
        problems.push_back(fmt::format(
            "field {}: \"{}\" is several choices at once; map each choice by itself", rule.name, *text));
    }
  }
  check_one_to_one(rule, Side::highlevel, problems);
  check_one_to_one(rule, Side::ctm, problems);
}

// canonical -> wire -> canonical. Being the same again, a second trip is a no-op.
void check_trip(const Mapping& mapping, const FieldRule& rule, Side side, std::string_view text,
                std::vector<std::string>& problems) {
  const FieldMap first = read(mapping, rule, Side::highlevel, text);
  const FieldValue& value = rule.native.highlevel.empty()
                                ? canonical_of(rule, text, mapping.default_country())
                                : value_of(first, rule.name);
  if (!value.is_observed()) return;
  const FieldMap whole{{rule.name, value}};
  const WireFields wire = mapping.to_native(side, whole, whole, {});
  const FieldMap back = mapping.project(side, mapping.normalise(side, wire), {});
  if (value_of(back, rule.name) == value) return;
  problems.push_back(
      fmt::format("field {}: \"{}\" written to {} reads back as \"{}\"; map it to a value of its own",
                  rule.name, value.text(), to_text(side), value_of(back, rule.name).text()));
}

// One native field that two rules write would be written twice with different values.
void check_targets(const std::vector<FieldRule>& rules, std::vector<std::string>& problems) {
  for (const Side side : kSides) {
    std::map<std::string, const FieldRule*, std::less<>> by_native;
    for (const auto& rule : rules) {
      if (rule.direction == Direction::off || rule.native[side].empty()) continue;
      const auto [it, fresh] = by_native.emplace(rule.native[side], &rule);
      if (fresh) continue;
      const FieldRule& first = *it->second;
      if (flows_to(first.direction, side) || flows_to(rule.direction, side))
        problems.push_back(
            fmt::format("fields {} and {}: both use {} of {}, and one of them writes it; only fields that "
                        "are never written there may share one",
                        first.name, rule.name, rule.native[side], to_text(side)));
      else if (first.type != rule.type)
        problems.push_back(fmt::format("fields {} and {}: both read {} of {}, but as different types",
                                       first.name, rule.name, rule.native[side], to_text(side)));
    }
  }
}

void check_names(const Mapping& mapping, std::vector<std::string>& problems) {
  const auto mapped = [&](const char* name) {
    const FieldRule* rule = mapping.find(name);
    return rule != nullptr && rule->direction != Direction::off && !rule->native.ctm.empty();
  };
  const auto written = [&](const char* name) {
    return mapped(name) && flows_to(mapping.find(name)->direction, Side::ctm);
  };
  for (const auto& [one, two] : {std::pair("first_name", "last_name"), std::pair("last_name", "first_name")})
    if (written(one) && !mapped(two))
      problems.push_back(
          fmt::format("field {}: it is written to CTM, which keeps one whole name, while {} is off: "
                      "each write would erase the other part; map both or none",
                      one, two));
}

}  // namespace

std::vector<std::string> Mapping::check() const {
  std::vector<std::string> problems;
  for (const auto& rule : rules_) {
    const std::size_t before = problems.size();
    check_values(rule, problems);
    if (problems.size() != before) continue;  // a trip would say it again
    // One way, nothing comes back. Phones stay E.164 by construction, and their metadata is megabytes.
    if (rule.direction != Direction::both || rule.type == FieldType::phone) continue;
    for (const Side side : kSides) {
      if (rule.native[side].empty()) continue;
      for (const auto& [ctm, highlevel] : rule.values) {
        check_trip(*this, rule, side, ctm, problems);
        check_trip(*this, rule, side, highlevel, problems);
      }
      for (const auto& text : kCorpus) check_trip(*this, rule, side, text, problems);
    }
  }
  check_targets(rules_, problems);
  check_names(*this, problems);
  return problems;
}

}  // namespace tandem
