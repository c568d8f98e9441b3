#include <fmt/format.h>
#include <algorithm>
#include <array>
#include <map>
#include "daemon/config/link_sections.h"

namespace tandem::config {
namespace {
constexpr std::string_view kCustom = "custom:";

struct PlacedRule {
  FieldRule rule;
  int line = 0;  // 0 = a standard rule that the file does not name
};

Direction read_direction(Section& field, std::string_view key, Direction fallback) {
  return field.choice<Direction>(key, fallback,
                                 {{"both", Direction::both},
                                  {"to_highlevel", Direction::to_highlevel},
                                  {"to_ctm", Direction::to_ctm},
                                  {"off", Direction::off}});
}

// `custom:` and a name; on HighLevel the whole key of the field, which begins with "contact.".
void read_native(Section& field, Side side, FieldRule& rule) {
  const std::string key(to_text(side));
  if (!field.has(key)) return;
  const std::string prefix = side == Side::highlevel ? "custom:contact." : "custom:";
  const std::string given = field.text(key);
  if (!given.starts_with(prefix) || given.size() == prefix.size()) {
    field.complain(
        key, side == Side::highlevel
                 ? "must be \"custom:\" and the field's unique key, such as \"custom:contact.project_kind\""
                 : "must be \"custom:\" and the field's API name, such as \"custom:project_kind\"");
    return;
  }
  rule.native[side] = given;
}

void read_values(Section& field, FieldRule& rule) {
  Section values = field.table("values");
  if (!field.has("values")) return;
  rule.values = values.text_entries();  // CTM's value = HighLevel's value
  if (rule.type == FieldType::text) rule.type = FieldType::choice;
}

FieldRule read_rule(Section& field, FieldRule rule) {
  rule.direction = read_direction(field, "direction", rule.direction);
  rule.clears = read_direction(field, "clears", rule.clears);
  rule.conflict = field.choice<ConflictRule>("conflict", rule.conflict,
                                             {{"hold", ConflictRule::hold},
                                              {"ctm", ConflictRule::ctm},
                                              {"highlevel", ConflictRule::highlevel},
                                              {"newest", ConflictRule::newest}});
  for (const Side side : kSides) read_native(field, side, rule);
  if (rule.name.starts_with(kCustom)) {
    rule.type = field.choice<FieldType>("type", FieldType::text,
                                        {{"text", FieldType::text},
                                         {"number", FieldType::number},
                                         {"date", FieldType::date},
                                         {"choice", FieldType::choice},
                                         {"choices", FieldType::choices}});
  }
  read_values(field, rule);
  return rule;
}

void need_both_natives(Section& field, const FieldRule& rule) {
  if (!rule.name.starts_with(kCustom) || rule.direction == Direction::off) return;
  for (const Side side : kSides) {
    const std::string key(to_text(side));
    if (!rule.native[side].empty() || field.has(key)) continue;
    field.complain(
        key,
        fmt::format("missing; a custom field needs its name on both sides, for example {} = \"custom:{}{}\"",
                    key, side == Side::highlevel ? "contact." : "", rule.name.substr(kCustom.size())));
  }
}

void refuse_shared_natives(const std::vector<PlacedRule>& placed, std::vector<Problem>& problems) {
  for (const Side side : kSides) {
    std::map<std::string, std::string> owner;
    for (const auto& [rule, line] : placed) {
      const std::string& native = rule.native[side];
      if (native.empty() || rule.direction == Direction::off) continue;
      const auto [it, fresh] = owner.emplace(native, rule.name);
      if (fresh) continue;
      problems.push_back({line, fmt::format("link.field.{}", to_text(side)),
                          fmt::format("\"{}\" is already mapped by field {}; two fields cannot share one",
                                      native, it->second)});
    }
  }
}
}  // namespace

void read_fields(std::vector<Section> sections, LinkConfig& link, std::vector<Problem>& problems) {
  std::vector<PlacedRule> placed;
  for (FieldRule& rule : Mapping::standard_rules()) placed.push_back({std::move(rule), 0});
  const std::size_t standard = placed.size();
  const std::size_t before = problems.size();
  for (Section& field : sections) {
    const std::string name =
        field.required_text("name", "a standard field such as \"first_name\", or \"custom:NAME\"");
    const auto known =
        std::find_if(placed.begin(), placed.end(), [&](const PlacedRule& p) { return p.rule.name == name; });
    const bool custom = name.starts_with(kCustom) && name.size() > kCustom.size();
    FieldRule start;
    start.name = name;
    if (known != placed.end()) start = known->rule;
    const FieldRule rule = read_rule(field, std::move(start));
    if (known != placed.end() && known->line > 0) {
      field.complain("name", fmt::format("\"{}\" is already described in line {}", name, known->line));
    } else if (known != placed.end()) {
      *known = {rule, field.line()};
    } else if (custom) {
      need_both_natives(field, rule);
      placed.push_back({rule, field.line()});
    } else if (!name.empty()) {
      std::vector<std::string_view> names;
      for (std::size_t i = 0; i < standard; ++i) names.push_back(placed[i].rule.name);
      const auto near = nearest(name, names);
      field.complain(
          "name", fmt::format("\"{}\" is not a field; {}", name,
                              near.empty() ? fmt::format("one of {}, or custom:NAME", fmt::join(names, ", "))
                                           : fmt::format("did you mean \"{}\"? A custom field is "
                                                         "written custom:NAME",
                                                         near)));
    }
    field.finish();
  }
  refuse_shared_natives(placed, problems);

  std::vector<FieldRule> rules;
  for (const PlacedRule& p : placed) rules.push_back(p.rule);
  link.policy.mapping = Mapping(std::move(rules), link.policy.mapping.default_country());
  if (problems.size() != before) return;  // a rule read wrongly would be blamed twice
  for (std::string& text : link.policy.mapping.check()) {
    int line = link.line;
    for (const auto& [rule, rule_line] : placed) {
      if (rule_line > 0 && text.find(rule.name) != std::string::npos) line = rule_line;
    }
    problems.push_back({line, "link.field", std::move(text)});
  }
}
}  // namespace tandem::config
