// HighLevel's wire names and shapes, all of them here: contacts as search rows and as read by id,
// request bodies, location settings and custom field definitions. Facts from api/highlevel.md
// sections 3 and 4. Not thread-safe.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/model/evidence.h"
#include "core/model/write.h"
#include "core/result.h"
#include "daemon/highlevel/json.h"

namespace tandem::highlevel {

// How a blank is written. What really clears a field is not documented (dossier 4.6), hence settings.
// A field of several values is always cleared with []; the country cannot be emptied at all.
enum class Blank : std::uint8_t { null_value, empty_text };
struct ClearForms {
  Blank standard = Blank::null_value;  // names, email, phone, address1, city, state, website, company
  Blank postal_code = Blank::empty_text;
  Blank custom_text = Blank::empty_text;
  Blank custom_value = Blank::null_value;  // numbers, dates, single options
};

// Both forms are in use (dossier 3.5); which one a location takes is found out.
enum class DateForm : std::uint8_t { epoch_ms, iso };

struct CustomField {
  std::string id, key, type;  // key such as contact.project_kind
};

struct Location {
  std::string id, timezone, country, phone;
  bool allows_duplicates = false;
  std::vector<std::string> identifiers{"email", "phone"};  // what makes a duplicate, first one first
};

struct Contact {
  Evidence evidence;
  std::string location_id;   // "" = not shown
  std::string phone, email;  // as spelled, mapped or not
};

struct SearchRow {
  Evidence evidence;
  std::optional<std::int64_t> key;  // first element of searchAfter: the sort key in epoch ms
};
struct SearchPage {
  std::vector<SearchRow> rows;
  std::string after;        // searchAfter of the last row, as JSON; "" = none
  std::int64_t total = -1;  // of all matches; -1 = not said
};

inline constexpr std::size_t kFilterValueMax = 75;  // longer filter values are refused

struct Search {
  std::string sort = "dateAdded";  // ascending unless newest_first
  bool newest_first = false;
  std::int64_t since_ms = 0;  // dateUpdated from here on; 0 = no filter
  DateForm form = DateForm::epoch_ms;
  std::string phone{}, email{};  // either of them; "" = not asked. Too long an e-mail is left out
  std::string after{};           // JSON of a searchAfter; "" = first page
  int limit = 100;
};

// What a refusal says. Text may hold contact values: state only.
struct Refusal {
  bool is_json = false;
  std::string message;                // several are joined by "; "
  std::string existing_id, matching;  // of a duplicate: meta.contactId, meta.matchingField
};
[[nodiscard]] Refusal refusal_of(const std::string& body);

class Codec {
 public:
  // `native_names` as Mapping::native_names(Side::highlevel) gives them; unknown ones are never observed.
  Codec(std::string location_id, std::vector<std::string> native_names, std::uint64_t fingerprint,
        ClearForms clears);

  [[nodiscard]] bool needs_definitions() const;
  // Resolves mapped custom fields to their ids. Returns what the configuration asks for and the
  // location lacks, or has in a type that cannot be kept in step (files, signatures, text lists).
  [[nodiscard]] std::vector<std::string> define(const std::vector<CustomField>& all);

  // Answers. `body` is consumed. malformed: not what the route answers, a row without an id, or one
  // of another location. In a search row a missing key is not observed; read by id it is blank,
  // except the collections, which are always there.
  [[nodiscard]] Result<SearchPage> search_page(std::string& body) const;
  [[nodiscard]] Result<Contact> contact(std::string& body) const;
  [[nodiscard]] static Result<std::string> duplicate_id(std::string& body);  // "" = none
  // Of an answer to an update, a deletion or a change of tags: does it say what was done, or is it only
  // some JSON with a 200. A body that is cut off does not.
  [[nodiscard]] static bool says_done(std::string& body);
  [[nodiscard]] static Result<Location> location(std::string& body);
  [[nodiscard]] static Result<std::vector<CustomField>> custom_fields(std::string& body);

  // Bodies. Blanks are left out of a create.
  [[nodiscard]] std::string search_body(const Search& search) const;
  [[nodiscard]] std::string create_body(const Write& write) const;
  // nullopt = nothing in `set` can be sent.
  [[nodiscard]] std::optional<std::string> update_body(const WireFields& set, bool with_company) const;
  [[nodiscard]] static std::string tags_body(const std::vector<std::string>& tags);

  // The native field a refusal speaks of: a wire name at its start or a custom field's id; "" = none.
  [[nodiscard]] std::string field_in(std::string_view message) const;

  [[nodiscard]] const std::string& location_id() const { return location_id_; }

 private:
  enum class Shape : std::uint8_t { row, by_id };
  struct Mapped {
    std::string native;
    int standard = -1;                   // index into the table of standard fields
    std::string custom_key;              // without "custom:"; "" = not a custom field
    std::string custom_id, custom_type;  // "" until defined
  };
  struct Parts;  // what a contact's members are, found in one pass

  [[nodiscard]] Evidence evidence_of(const Parts& parts, Shape shape) const;
  [[nodiscard]] WireHash hash_of(const Evidence& evidence) const;
  [[nodiscard]] static Parts parts_of(const Json& contact, Shape shape);
  [[nodiscard]] const Mapped* find(std::string_view native) const;
  template <class Writer>
  bool write_fields(Writer& writer, const WireFields& fields, bool with_blanks, bool with_company) const;
  template <class Writer>
  void write_custom(Writer& writer, const Mapped& field, const WireValue& value) const;
  [[nodiscard]] bool can_send(const Mapped& field, const WireValue& value, bool with_blanks,
                              bool with_company) const;

  std::string location_id_;
  std::vector<Mapped> mapped_;  // in the order of native_names
  std::uint64_t fingerprint_ = 0;
  ClearForms clears_;
  mutable std::string image_;  // scratch of hash_of, kept for its memory
};
}  // namespace tandem::highlevel
