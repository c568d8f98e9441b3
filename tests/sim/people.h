// Sample people for both simulated systems, made from a seed. Names are invented, e-mail addresses
// end in example.org or example.com, phone numbers are ones libphonenumber calls valid.
#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace tandem::sim {

// One person as one system knows them; "" = blank.
struct PersonCard {
  std::string first_name, last_name, email;
  std::string phone;  // E.164
  std::string company, address1, city, state, postal_code;
  std::string country = "US";
  std::vector<std::string> tags;              // as people type them; HighLevel will lower-case them
  std::map<std::string, std::string> custom;  // SampleField::name -> value as text
  [[nodiscard]] std::string name() const;     // "First Last" without stray blanks
  bool operator==(const PersonCard&) const = default;
};

// nullopt = not known to that system. The two cards differ where somebody spelt it differently.
struct Person {
  std::string key;  // "person-000001"
  std::optional<PersonCard> highlevel, ctm;
  int household = 0;  // > 0: members share one phone number
  int calls = 0;      // activities to give them at CTM, 0..6
};

// Custom fields that the sample values use; both systems define them.
struct SampleField {
  std::string name, ctm_key;  // "Project type", "project_type"
  std::string data_type;      // HighLevel's: TEXT NUMERICAL DATE SINGLE_OPTIONS MULTIPLE_OPTIONS
  std::vector<std::string> options;
};
[[nodiscard]] const std::vector<SampleField>& sample_fields();

// Shares, roughly: 80 % on both sides (a fifth of them with a difference in spelling), 10 % only at
// HighLevel, 10 % only at CTM; every 25th belongs to a household. Same seed and count, same people;
// a larger count starts with the same people.
[[nodiscard]] std::vector<Person> make_people(std::uint64_t seed, std::size_t count);

// A further person from the same cloth, e.g. a new caller; `index` beyond those already made.
[[nodiscard]] Person make_person(std::uint64_t seed, std::size_t index);
}  // namespace tandem::sim
