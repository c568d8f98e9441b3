#include "tests/sim/highlevel_records.h"

#include <fmt/format.h>

#include <algorithm>

#include "tests/sim/json.h"

namespace tandem::sim::highlevel {
namespace {
constexpr std::array<std::string_view, kFieldCount> kNames{
    "firstName",   "lastName",   "email",      "phone",      "companyName", "address1", "city",
    "state",       "postalCode", "country",    "website",    "timezone",    "source",   "assignedTo",
    "dateOfBirth", "gender",     "businessId", "phoneLabel", "type"};
}  // namespace

std::string_view wire_name(Field field) { return kNames[static_cast<std::size_t>(field)]; }

std::optional<Field> field_called(std::string_view wire_name) {
  const auto found = std::ranges::find(kNames, wire_name);
  if (found == kNames.end()) return std::nullopt;
  return static_cast<Field>(found - kNames.begin());
}

std::string Contact::full_name() const {
  const std::string &first = at(Field::first_name), &last = at(Field::last_name);
  return first.empty() || last.empty() ? first + last : first + " " + last;
}

std::string to_text(const CustomValue& value) {
  JsonOut out;
  switch (value.kind) {
    case CustomValue::Kind::none:
      return {};
    case CustomValue::Kind::text:
    case CustomValue::Kind::object:
      return value.text;
    case CustomValue::Kind::number:
      return out.value(value.number).take();
    case CustomValue::Kind::list:
      break;
  }
  out.begin_array();
  for (const auto& item : value.list) out.value(item);
  return out.end_array().take();
}
}  // namespace tandem::sim::highlevel
