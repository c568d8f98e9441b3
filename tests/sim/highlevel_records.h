// What a HighLevel location holds, as values. No JSON, no sockets.
#pragma once
#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tandem::sim::highlevel {

enum class Field : std::uint8_t {
  first_name,
  last_name,
  email,
  phone,
  company_name,
  address1,
  city,
  state,
  postal_code,
  country,
  website,
  timezone,
  source,
  assigned_to,
  date_of_birth,
  gender,
  business_id,
  phone_label,
  type
};
inline constexpr std::size_t kFieldCount = 19;
// As a contact read by id spells it: firstName, address1 ...
[[nodiscard]] std::string_view wire_name(Field field);
[[nodiscard]] std::optional<Field> field_called(std::string_view wire_name);

struct CustomValue {
  enum class Kind : std::uint8_t { none, text, number, list, object };
  Kind kind = Kind::none;
  std::string text;  // for object: its JSON
  double number = 0;
  std::vector<std::string> list;
  bool operator==(const CustomValue&) const = default;
  static CustomValue of(std::string value) { return {Kind::text, std::move(value), 0, {}}; }
  static CustomValue of(double value) { return {Kind::number, {}, value, {}}; }
  static CustomValue of(std::vector<std::string> value) { return {Kind::list, {}, 0, std::move(value)}; }
};
[[nodiscard]] std::string to_text(const CustomValue& value);  // for logs and messages

struct Dnd {
  std::string status, message, code;  // status "active" = do not disturb is on
  bool operator==(const Dnd&) const = default;
};
using DndSettings = std::map<std::string, Dnd>;  // Call Email SMS WhatsApp GMB FB; inbound: all

struct Stamp {  // who made a record, and through what
  std::string source, channel, source_id;
  std::int64_t at_ms = 0;
};

struct Contact {
  std::string id;  // 20 letters and digits
  std::uint64_t version = 0;
  std::int64_t date_added_ms = 0, date_updated_ms = 0;
  std::int64_t index_stamp_ms = 0;            // what the search index shows as dateUpdated: a few ms later
  std::array<std::string, kFieldCount> text;  // by Field; "" = unset
  bool dnd = false;
  DndSettings dnd_settings, inbound_dnd_settings;
  std::vector<std::string> tags;
  std::map<std::string, CustomValue> custom;  // by field id
  std::vector<std::string> additional_emails, additional_phones, followers;
  Stamp created_by;

  [[nodiscard]] const std::string& at(Field field) const { return text[static_cast<std::size_t>(field)]; }
  [[nodiscard]] std::string& at(Field field) { return text[static_cast<std::size_t>(field)]; }
  [[nodiscard]] std::string full_name() const;
};
// A version once stored is never changed: the search index goes on showing the old one until it catches up.
using ContactPtr = std::shared_ptr<const Contact>;

struct CustomWrite {
  std::string id, key;  // one of them; key without "contact."
  CustomValue value;    // none = JSON null
};

// The changes one request asks for; what is absent stays. nullopt inside = JSON null.
struct Patch {
  std::map<Field, std::optional<std::string>> text;
  std::optional<std::optional<std::string>> name;
  std::optional<bool> dnd;
  std::optional<DndSettings> dnd_settings, inbound_dnd_settings;
  std::optional<std::vector<std::string>> tags;  // replaces all
  std::vector<CustomWrite> custom;
  Patch& set(Field field, std::string value) {
    text[field] = std::move(value);
    return *this;
  }
  Patch& null(Field field) {
    text[field] = std::nullopt;
    return *this;
  }
};

// An error as HighLevel words it. `messages` goes out as an array when `array`.
struct Refusal {
  int status = 400;
  std::vector<std::string> messages;
  bool array = false;
  std::string error;                                     // "Bad Request"; "" = the key is left out
  std::string contact_id, matching_field, contact_name;  // meta of a duplicate, else ""
  bool trace_id = true;
};

template <class T>
struct Answer {
  std::optional<T> value;
  Refusal refusal;  // when there is no value
  Answer(T content) : value(std::move(content)) {}
  Answer(Refusal why) : refusal(std::move(why)) {}
  explicit operator bool() const { return value.has_value(); }
  const T& operator*() const { return *value; }
  const T* operator->() const { return &*value; }
};
struct Done {};

struct FieldDefinition {
  std::string id, name, field_key, data_type, placeholder, model = "contact";
  std::vector<std::string> options;
  int position = 50;
  std::int64_t date_added_ms = 0;
};
struct Tag {
  std::string id, name;
};
struct User {
  std::string id, first_name, last_name, email, phone, role;
};
struct Business {
  std::string id, name;
  std::map<std::string, std::string>
      text;  // phone email website address city state postalCode country description
  std::int64_t created_ms = 0, updated_ms = 0;
};
struct Note {
  std::string id, contact_id, body, title, color;
  std::optional<std::string> user_id;  // nullopt = written by an integration
  bool pinned = false;
  std::int64_t date_added_ms = 0;
};
struct NotePatch {
  std::optional<std::string> body, title, color, user_id;
  std::optional<bool> pinned;
};
struct Task {
  std::string id, contact_id, title, body, assigned_to;
  std::int64_t due_ms = 0;
  bool completed = false;
};
struct TaskPatch {
  std::optional<std::string> title, body, assigned_to;
  std::optional<std::int64_t> due_ms;
  std::optional<bool> completed;
};
struct Appointment {
  std::string id, contact_id, calendar_id, title, status = "confirmed", assigned_user_id, address, notes;
  std::int64_t start_ms = 0, end_ms = 0, added_ms = 0, updated_ms = 0;
  bool deleted = false;  // HighLevel keeps it readable
};

struct Location {
  std::string id, company_id, name, email, phone, address, city, state, postal_code, website;
};
}  // namespace tandem::sim::highlevel
