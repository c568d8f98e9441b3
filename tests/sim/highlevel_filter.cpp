#include "tests/sim/highlevel_filter.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "tests/sim/highlevel_text.h"

namespace tandem::sim::highlevel {
namespace {
using Kind = FilterValue::Kind;
enum class Type : std::uint8_t { text, date, flag, number, list };
using Values = std::vector<std::string>;  // empty = the contact has none
struct Subject {
  Type type = Type::text;
  std::function<Values(const Contact&)> values;
  bool any_case = false;
};

constexpr std::array<std::string_view, 22> kOperators{
    "eq",           "not_eq",           "contains",  "not_contains", "wildcard", "not_wildcard",
    "match",        "not_match",        "exists",    "not_exists",   "range",    "not_range",
    "contains_set", "contains_not_set", "gt",        "gte",          "lt",       "lte",
    "nested",       "nested_not",       "has_child", "has_parent"};

Refusal bad_request(std::string message) {
  return {400, {std::move(message)}, false, "Bad Request", {}, {}, {}};
}
Refusal unprocessable(std::string message) {
  return {422, {std::move(message)}, false, "Unprocessable Entity", {}, {}, {}};
}

std::string snake(std::string_view name) {
  std::string out;
  for (const char c : name) {
    if (c >= 'A' && c <= 'Z')
      out += '_', out += static_cast<char>(c - 'A' + 'a');
    else
      out += c;
  }
  return out;
}

Refusal bad_operator(const Filter& filter) {
  return unprocessable(
      fmt::format("Invalid Operator {} passed for field {}", filter.op, snake(filter.field)));
}

Values one(const std::string& value) { return value.empty() ? Values{} : Values{value}; }

Values dnd_of(const DndSettings& settings, const std::string& channel) {
  const auto found = settings.find(channel);
  return found == settings.end() ? Values{} : Values{found->second.status};
}

Answer<Subject> subject_of(const std::string& field, const Model& model) {
  const auto text = [](Field which, bool any_case = false) {
    return Subject{Type::text, [which](const Contact& c) { return one(c.at(which)); }, any_case};
  };
  const auto none = [](Type type) { return Subject{type, [](const Contact&) { return Values{}; }}; };
  if (field == "dateUpdated")
    return Subject{Type::date, [](const Contact& c) { return Values{std::to_string(c.index_stamp_ms)}; }};
  if (field == "dateAdded")
    return Subject{Type::date, [](const Contact& c) { return Values{std::to_string(c.date_added_ms)}; }};
  if (field == "dateOfBirth") {
    return Subject{Type::date, [](const Contact& c) {
                     const auto ms = parse_iso_time(c.at(Field::date_of_birth));
                     return ms ? Values{std::to_string(*ms)} : Values{};
                   }};
  }
  if (field == "lastActivity" || field == "lastAppointment" || field == "lastEmailClickedDate" ||
      field == "lastEmailOpenedDate")
    return none(Type::date);
  if (field == "id") return Subject{Type::text, [](const Contact& c) { return Values{c.id}; }};
  if (field == "contactName")
    return Subject{Type::text, [](const Contact& c) { return one(lower(c.full_name())); }, true};
  if (field == "firstNameLowerCase")
    return Subject{Type::text, [](const Contact& c) { return one(lower(c.at(Field::first_name))); }};
  if (field == "lastNameLowerCase")
    return Subject{Type::text, [](const Contact& c) { return one(lower(c.at(Field::last_name))); }};
  if (field == "address") return text(Field::address1);
  if (field == "email") return text(Field::email, true);
  if (field == "phone") {
    const bool misses = model.switches().on("search.phone_misses_additional");
    return Subject{Type::text, [misses](const Contact& c) {
                     return misses && !c.additional_phones.empty() ? Values{} : one(c.at(Field::phone));
                   }};
  }
  if (field == "businessName") {
    return Subject{Type::text, [&model](const Contact& c) {
                     const Business* linked = const_cast<Model&>(model).business(c.at(Field::business_id));
                     return linked == nullptr ? Values{} : Values{linked->name};
                   }};
  }
  if (field == "dnd")
    return Subject{Type::flag, [](const Contact& c) { return Values{c.dnd ? "true" : "false"}; }};
  if (field == "validEmail" || field == "isValidWhatsapp") return none(Type::flag);
  if (field == "tags") return Subject{Type::list, [](const Contact& c) { return c.tags; }};
  if (field == "followers") return Subject{Type::list, [](const Contact& c) { return c.followers; }};
  if (field == "activeWorkflows" || field == "finishedWorkflows" || field == "opportunities")
    return none(Type::list);
  for (const std::string channel : {"Email", "SMS", "Call"}) {
    if (field == "dndSettings." + channel + ".status")
      return Subject{Type::text, [channel](const Contact& c) { return dnd_of(c.dnd_settings, channel); }};
  }
  if (field == "inboundDndSettings.all.status")
    return Subject{Type::text, [](const Contact& c) { return dnd_of(c.inbound_dnd_settings, "all"); }};
  for (const Field plain :
       {Field::assigned_to, Field::city, Field::country, Field::company_name, Field::postal_code,
        Field::source, Field::state, Field::timezone, Field::type, Field::website}) {
    if (field == wire_name(plain)) return text(plain);
  }
  if (field.starts_with("customFields.")) {
    const std::string id = field.substr(13);
    const FieldDefinition* definition = model.definition(id);
    if (definition == nullptr || definition->id != id)
      return bad_request(fmt::format("Invalid field {}", field));
    const std::string& type = definition->data_type;
    const bool numeric = type == "NUMERICAL" || type == "FLOAT" || type == "MONETORY";
    const bool list = type == "MULTIPLE_OPTIONS" || type == "CHECKBOX";
    return Subject{type == "DATE" ? Type::date
                   : numeric      ? Type::number
                   : list         ? Type::list
                                  : Type::text,
                   [id, type](const Contact& c) {
                     const auto found = c.custom.find(id);
                     if (found == c.custom.end()) return Values{};
                     if (found->second.kind == CustomValue::Kind::list) return found->second.list;
                     if (type != "DATE") return one(to_text(found->second));
                     const auto ms = parse_iso_time(found->second.text);
                     return ms ? Values{std::to_string(*ms)} : Values{};
                   }};
  }
  return bad_request(fmt::format("Invalid field {}", field));
}

std::string text_of(const FilterValue& value) {
  if (value.kind == Kind::number) return to_text(CustomValue::of(value.number));
  if (value.kind == Kind::flag) return value.flag ? "true" : "false";
  return value.text;
}

Answer<std::int64_t> time_of(const FilterValue& value, const Filter& filter, const Switches& switches) {
  const std::string& form = switches.text("search.date_format");
  if (value.kind == Kind::number && form != "iso") return static_cast<std::int64_t>(value.number);
  if (value.kind == Kind::text && form != "ms") {
    if (const auto ms = parse_iso_time(value.text)) return *ms;
  }
  return bad_request(fmt::format("Invalid date passed for field {}", snake(filter.field)));
}

bool allowed(Type type, std::string_view op) {
  const auto any = [&](std::initializer_list<std::string_view> ops) {
    return std::ranges::count(ops, op) > 0;
  };
  if (any({"exists", "not_exists"})) return true;
  switch (type) {
    case Type::date:
      return op == "range";
    case Type::flag:
      return any({"eq", "not_eq"});
    case Type::number:
      return any({"eq", "not_eq", "gt", "gte", "lt", "lte"});
    case Type::list:
      return any({"eq", "not_eq", "contains", "not_contains", "contains_set", "contains_not_set", "wildcard",
                  "not_wildcard"});
    case Type::text:
      return any(
          {"eq", "not_eq", "contains", "not_contains", "wildcard", "not_wildcard", "match", "not_match"});
  }
  return false;
}

Predicate condition(const Subject& subject, const std::string& op, const std::vector<std::string>& wanted) {
  const bool fold = subject.any_case || op == "contains" || op == "wildcard" || op == "match";
  std::vector<std::string> targets = wanted;
  if (fold)
    for (auto& target : targets) target = lower(target);
  return [=, values = subject.values, type = subject.type](const Contact& contact) {
    for (std::string value : values(contact)) {
      if (fold) value = lower(value);
      for (const auto& target : targets) {
        if (op == "eq" && value == target) return true;
        if (op == "contains" &&
            (type == Type::list ? value == target : value.find(target) != std::string::npos))
          return true;
        if (op == "wildcard" && glob(target, value)) return true;
        if (op == "match" &&
            fmt::format(" {} ", value).find(fmt::format(" {} ", target)) != std::string::npos)
          return true;
        if (op.size() > 3 || op == "eq") continue;
        const double left = std::stod(value), right = std::stod(target);  // number fields only
        if ((op == "gt" && left > right) || (op == "gte" && left >= right) || (op == "lt" && left < right) ||
            (op == "lte" && left <= right))
          return true;
      }
    }
    return false;
  };
}

Answer<Predicate> compile_condition(const Filter& filter, const Model& model) {
  if (std::ranges::count(kOperators, filter.op) == 0) return bad_operator(filter);
  const Answer<Subject> subject = subject_of(filter.field, model);
  if (!subject) return subject.refusal;
  const Subject& about = *subject;
  if (filter.field == "opportunities" && filter.op.starts_with("nested"))
    return Predicate([no = filter.op != "nested"](const Contact&) { return no; });
  if (!allowed(about.type, filter.op)) return bad_operator(filter);
  if (filter.op == "exists" || filter.op == "not_exists") {
    if (filter.value.kind != Kind::none)
      return unprocessable(fmt::format("value is not allowed for operator {}", filter.op));
    return Predicate([values = about.values, want = filter.op == "exists"](const Contact& c) {
      return values(c).empty() != want;
    });
  }
  if (filter.op == "range") {
    const Answer<TimeRange> range = time_range(filter, model);
    if (!range) return range.refusal;
    return Predicate([values = about.values, bounds = *range](const Contact& c) {
      const Values at = values(c);
      return !at.empty() && std::stoll(at[0]) >= bounds.from_ms && std::stoll(at[0]) <= bounds.to_ms;
    });
  }
  std::vector<std::string> wanted =
      filter.value.kind == Kind::list ? filter.value.list : std::vector{text_of(filter.value)};
  if (filter.value.kind == Kind::none || filter.value.kind == Kind::range)
    return unprocessable(fmt::format("value is required for operator {}", filter.op));
  for (const auto& value : wanted) {
    if (letters(value) > 75) return unprocessable("value must be shorter than or equal to 75 characters");
    const bool numeric = about.type == Type::number;
    if (numeric && (value.empty() || value.find_first_not_of("0123456789.-") != std::string::npos))
      return bad_request(fmt::format("Invalid value passed for field {}", snake(filter.field)));
    if (about.type == Type::text && filter.op.ends_with("contains")) {
      if (letters(value) < 3) return unprocessable("value must be longer than or equal to 3 characters");
      if (value.find_first_of("*?\"\\<>{}[]()|^~") != std::string::npos)
        return unprocessable("value must not contain special characters");
    }
  }
  if (filter.op == "contains_set" || filter.op == "contains_not_set") {  // all of them, or not all of them
    return Predicate([wanted, values = about.values, want = filter.op == "contains_set"](const Contact& c) {
      const Values has = values(c);
      return std::ranges::all_of(wanted, [&](const auto& w) { return std::ranges::count(has, w) > 0; }) ==
             want;
    });
  }
  const bool negative = filter.op.starts_with("not_");
  Predicate positive = condition(about, negative ? filter.op.substr(4) : filter.op, wanted);
  if (!negative) return positive;
  return Predicate([positive](const Contact& c) { return !positive(c); });
}
}  // namespace

Answer<TimeRange> time_range(const Filter& filter, const Model& model) {
  if (filter.value.kind != Kind::range || filter.value.range.empty())
    return unprocessable(fmt::format("value must be an object for field {}", snake(filter.field)));
  TimeRange out;
  const std::int64_t strict = model.switches().on("search.gte_inclusive") ? 0 : 1;
  for (const auto& [bound, value] : filter.value.range) {
    const auto ms = time_of(value, filter, model.switches());
    if (!ms) return ms.refusal;
    if (bound == "gt")
      out.from_ms = std::max(out.from_ms, *ms + 1);
    else if (bound == "gte")
      out.from_ms = std::max(out.from_ms, *ms + strict);
    else if (bound == "lt")
      out.to_ms = std::min(out.to_ms, *ms - 1);
    else if (bound == "lte")
      out.to_ms = std::min(out.to_ms, *ms - strict);
    else
      return unprocessable(fmt::format("property {} should not exist", bound));
  }
  return out;
}

Answer<Predicate> compile(const Filter& filter, const Model& model) {
  if (filter.group.empty()) return compile_condition(filter, model);
  if (filter.group != "AND" && filter.group != "OR")
    return unprocessable("group must be one of the following values: AND, OR");
  std::vector<Predicate> parts;
  for (const auto& one_member : filter.members) {
    const Answer<Predicate> part = compile(one_member, model);
    if (!part) return part.refusal;
    parts.push_back(*part);
  }
  return Predicate([parts, all = filter.group == "AND"](const Contact& c) {
    return all ? std::ranges::all_of(parts, [&](const auto& p) { return p(c); })
               : std::ranges::any_of(parts, [&](const auto& p) { return p(c); });
  });
}

Predicate free_text(const std::string& query) {
  return [wanted = lower(trimmed(query))](const Contact& c) {
    if (lower(c.full_name()).find(wanted) != std::string::npos ||
        c.at(Field::phone).find(wanted) != std::string::npos)
      return true;
    if (lower(c.at(Field::email)).find(wanted) != std::string::npos ||
        lower(c.at(Field::company_name)).find(wanted) != std::string::npos)
      return true;
    return std::ranges::any_of(c.tags,
                               [&](const auto& tag) { return tag.find(wanted) != std::string::npos; });
  };
}
}  // namespace tandem::sim::highlevel
