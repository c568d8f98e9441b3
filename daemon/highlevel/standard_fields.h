// Canonical names of standard fields and what HighLevel calls them.
#pragma once
#include <array>
#include <string_view>

namespace tandem::highlevel {

struct StandardField {
  std::string_view native, wire, row;  // `wire`: read by id and written; `row`: in a search
};
inline constexpr std::array<StandardField, 11> kStandardFields{{
    {"first_name", "firstName", "firstName"},
    {"last_name", "lastName", "lastName"},
    {"email", "email", "email"},
    {"phone", "phone", "phone"},
    {"company", "companyName", "companyName"},
    {"address1", "address1", "address"},
    {"city", "city", "city"},
    {"state", "state", "state"},
    {"postal_code", "postalCode", "postalCode"},
    {"country", "country", "country"},
    {"website", "website", "website"},
}};
inline constexpr std::string_view kCustomPrefix = "custom:";
}  // namespace tandem::highlevel
