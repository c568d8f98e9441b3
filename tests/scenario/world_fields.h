// Where a canonical field stands in each system: the scenarios' own table, not tandem's.
#pragma once
#include <string_view>
#include <utility>
#include "tests/sim/highlevel_records.h"

namespace tandem {
using sim::highlevel::Field;

inline constexpr std::pair<std::string_view, Field> kHighLevelFields[] = {{"first_name", Field::first_name},
                                                                          {"last_name", Field::last_name},
                                                                          {"email", Field::email},
                                                                          {"phone", Field::phone},
                                                                          {"company", Field::company_name},
                                                                          {"address1", Field::address1},
                                                                          {"city", Field::city},
                                                                          {"state", Field::state},
                                                                          {"postal_code", Field::postal_code},
                                                                          {"country", Field::country},
                                                                          {"website", Field::website}};
// CTM's own keys of the canonical fields.
inline constexpr std::pair<std::string_view, std::string_view> kCtmKeys[] = {
    {"email", "email"},
    {"address1", "street"},
    {"city", "city"},
    {"state", "state"},
    {"postal_code", "postal_code"},
    {"country", "country"},
    {"custom:project_kind", "custom_fields.project_kind"}};
}  // namespace tandem
