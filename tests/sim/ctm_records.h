// The records of the simulated CallTrackingMetrics (CTM). Plain values: what they mean to each
// other is decided in ctm_model*.cpp, what a client sees of them in ctm_json.cpp.
#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tandem::sim {

// Who a person is, as a contact, a list row or an activity keeps it. "" = unset.
struct CtmIdentity {
  std::string name, first_name, last_name, email;
  std::string street, city, state, postal_code, country;
  std::map<std::string, std::string> custom;  // by api_name, registered or not
  bool operator==(const CtmIdentity&) const = default;
};

// What a write carries: nullopt is JSON null, "" an empty string, a missing key is not in the map.
// Keys: the members of CtmIdentity, "number", "notes", and "custom_fields.<api_name>".
using CtmPatch = std::map<std::string, std::optional<std::string>>;
inline constexpr std::string_view kCtmCustom = "custom_fields.";

// The value of one identity field by the key a patch uses; "" for an unknown one.
[[nodiscard]] std::string ctm_value(const CtmIdentity& who, std::string_view field);
void ctm_set(CtmIdentity& who, std::string_view field, const std::string& value);

struct CtmContact {
  std::int64_t id = 0;
  std::vector<std::string> numbers;  // E.164; the first is the main one
  CtmIdentity who;
  std::string caller_name;  // carrier caller-ID or place, for want of a name
  bool of_one_row = false;  // contact_shared_across_lists=off: belongs to one list row alone
  std::int64_t created_ms = 0, updated_ms = 0;
};

struct CtmMembership {
  std::int64_t id = 0;
  std::string list_id;
  std::int64_t contact_id = 0;
  std::string number;
  bool favorite = false;
};

struct CtmList {
  std::string id, name, description;
  std::string user_id;  // set = the private list of that user (`user_owned`)
  std::int64_t created_ms = 0, updated_ms = 0;
};

// One row of a list as the search index knows it: a copy, so that it can lag.
struct CtmRow {
  CtmMembership membership;
  CtmIdentity who;
  std::string caller_name;
};

struct CtmSale {
  std::string name, value, sale_date, notes;
  int score = 0;  // 1-5; 0 = none
  bool conversion = false;
};

struct CtmLine {  // of a transcript; channel 1 = the outside party
  int channel = 1;
  std::string text;
};

// A call, text, form or chat. It comes to light in stages: start, end_immediate (`end_ms`),
// end (`ready_ms`: audio, agent, the tags of the flow), transcript (`transcript_ms`; 0 = never).
struct CtmActivity {
  std::int64_t id = 0;  // above 2^32
  std::string sid, direction;
  std::string number;      // the person's, E.164; "" or "+" = withheld
  std::string own_number;  // the tracking number it came in on or went out from
  std::string cnam;
  CtmIdentity who;
  std::vector<std::string> tags, final_tags;  // final_tags are seen from ready_ms
  std::string notes, message_body, summary, agent_id, form_name;
  std::vector<std::pair<std::string, std::string>> form_fields;  // id, value
  std::vector<CtmLine> transcript;
  std::optional<CtmSale> sale;
  std::int64_t start_ms = 0, end_ms = 0, ready_ms = 0, transcript_ms = 0;
  std::int64_t changed_ms = 0;  // last edit; stages are not edits
  int ring_s = 0, talk_s = 0;
  bool answered = false, voicemail = false, is_new_caller = false, excluded = false, redacted = false;

  [[nodiscard]] std::vector<std::string> tags_at(std::int64_t as_of_ms) const;
  // When what is visible at `as_of_ms` came to be: the last edit or stage before it.
  [[nodiscard]] std::int64_t touched_ms(std::int64_t as_of_ms) const;
};

struct CtmCustomField {
  std::int64_t id = 0;
  std::string name, api_name, field_type = "text", object_type = "Call", panel = "contact";
  bool required = false, log_visible = true, should_redact = false, multipicker = false;
};

struct CtmUser {
  std::string id, first_name, last_name, email, role, phone;  // id: opaque, "USR..."
  std::int64_t uid = 0;
};

struct CtmOwnNumber {
  std::string id, number, label;  // id: opaque, "TPN..." or "RPN..."
  std::int64_t filter_id = 0;
  bool receiving = false;  // false = a tracking number, true = where calls are sent
};

struct CtmWebhook {
  std::string id, name, url, position, username, password;
};

struct CtmKey {
  std::string access, secret;
  std::int64_t agency_id = 0;
  std::int64_t account_id = 0;  // 0 = an agency key: every account of the agency
  bool may_list_users = true;   // a restricted key gets 403 there and works elsewhere
  bool enabled = true;
};

// What a moment of an activity's life sends to webhooks and triggers.
struct CtmEvent {
  std::int64_t at_ms = 0;
  std::string position;  // start, end_immediate, end, transcript, contact_panel
  std::int64_t activity_id = 0;
};
}  // namespace tandem::sim
