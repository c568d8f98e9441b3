// Numbers as identity. Wraps libphonenumber; parsing costs about 15 microseconds.
#pragma once
#include <set>
#include <string>
#include <string_view>

namespace tandem {

// nobody: empty, "+", anonymous, restricted, the well-known place-holder numbers, or one of the
// account's own numbers (P35). invalid: a person's, but no E.164 form exists; never an identity.
enum class PhoneKind : std::uint8_t { number, nobody, invalid };
struct Phone {
  PhoneKind kind = PhoneKind::nobody;
  std::string e164;  // only for number
  bool operator==(const Phone&) const = default;
};

// `default_country` is ISO 3166 alpha-2, for numbers without a country. `own` holds E.164 numbers
// that belong to the account (tracking, business, agents). Extensions are cut off. Thread-safe.
[[nodiscard]] Phone parse_phone(std::string_view raw, std::string_view default_country,
                                const std::set<std::string, std::less<>>& own = {});
}  // namespace tandem
