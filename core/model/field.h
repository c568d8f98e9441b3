// Canonical fields of a contact and their values.
#pragma once
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace tandem {

// unknown: never observed on that side. absent: this observation did not return it (changes
// nothing). cleared: explicitly blank (null, "", or missing where the surface always shows the
// key). value: text in canonical form (normalise.h).
enum class Presence : std::uint8_t { unknown, absent, cleared, value };

class FieldValue {
 public:
  FieldValue() = default;  // unknown
  static FieldValue absent() { return FieldValue(Presence::absent, {}); }
  static FieldValue cleared() { return FieldValue(Presence::cleared, {}); }
  static FieldValue of(std::string text) {  // blank text is a cleared field
    if (text.empty()) return cleared();
    return FieldValue(Presence::value, std::move(text));
  }
  [[nodiscard]] Presence presence() const { return presence_; }
  [[nodiscard]] bool is_value() const { return presence_ == Presence::value; }
  [[nodiscard]] bool is_cleared() const { return presence_ == Presence::cleared; }
  [[nodiscard]] bool is_observed() const { return is_value() || is_cleared(); }
  [[nodiscard]] const std::string& text() const { return text_; }  // "" unless a value
  bool operator==(const FieldValue&) const = default;

 private:
  FieldValue(Presence presence, std::string text) : presence_(presence), text_(std::move(text)) {}
  Presence presence_ = Presence::unknown;
  std::string text_;
};

// Canonical names: first_name last_name email phone company address1 city state postal_code country
// website, or "custom:NAME" as the configuration calls it. A missing key = unknown.
using FieldMap = std::map<std::string, FieldValue, std::less<>>;
using FieldEntries = std::vector<std::pair<std::string, FieldValue>>;  // several values of one field
[[nodiscard]] const FieldValue& value_of(const FieldMap& fields, std::string_view name);

// Canonical tags: lower case, NFC, trimmed, inner blanks folded. The spelling a side uses is kept
// with its sources.
using TagSet = std::set<std::string, std::less<>>;

// What a codec found under one native name. Native names are the canonical names of standard
// fields, "name" where a side shows the whole name only, and "custom:" + api_name (CTM) or
// "custom:" + fieldKey such as custom:contact.project_kind (HighLevel).
struct WireValue {
  bool blank = true;               // null, "", [] or a missing key the surface always shows
  std::string text;                // numbers and booleans as the shortest text
  std::vector<std::string> items;  // multi-value fields; then text is empty
  bool operator==(const WireValue&) const = default;
};
using WireFields = std::vector<std::pair<std::string, WireValue>>;  // a missing name = not observed
}  // namespace tandem
