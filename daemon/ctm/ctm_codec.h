// CTM's wire names, reading half: pages and single objects to Evidence. Pure.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>
#include "core/model/evidence.h"
#include "core/result.h"
#include "daemon/ctm/ctm_json.h"

namespace tandem::ctm {

// Where the next page is: CTM sends an absolute URL (C), some code models a page number; null, false,
// "" or 0 is the end; no such key at all leaves it to the totals.
struct Next {
  enum class Kind : std::uint8_t { unsaid, end, url, page } kind = Kind::unsaid;
  std::string url;
  std::int64_t page = 0;
};
struct Envelope {
  Next next;
  std::int64_t page = -1, total_entries = -1, total_pages = -1;  // -1 = not said
};
[[nodiscard]] Envelope envelope_of(const Json& root);

struct ActivityPage {
  Envelope envelope;
  std::vector<Evidence> activities;
};

// A row beyond its evidence: what a replace (remove + add) must not lose.
struct RowDetail {
  WireFields standard;  // everything but custom fields, under native names
  std::vector<std::pair<std::string, std::string>> custom;  // api_name and value as raw JSON, mapped or not
};
struct RowPage {
  Envelope envelope;
  std::vector<Evidence> rows;
  std::vector<RowDetail> details;  // one per row, only when asked for
  bool shows_email = false;        // some row had the key
};

struct RecordPage {
  Envelope envelope;
  std::vector<Evidence> records;
  bool shows_split = false;   // first_name and last_name keys were there
  bool shows_stamp = false;   // updated_at was there
  bool flat_address = false;  // street beside the name instead of inside an address
};

struct ListInfo {
  std::string id, name, updated_at;
  std::int64_t account_id = 0;  // 0 = not said
  std::int64_t contacts_count = -1;
  bool user_owned = false;  // a user's private list: never touched
};
[[nodiscard]] ListInfo list_info(const Json& list);

// Reads only the mapped native fields, in the order of `native_names`. What is blank where:
// a row always shows name, address and custom fields, so a missing key there is blank; the e-mail of
// a row, and every key of activities and account contacts, is observed only where the key is present.
// `account_id`: objects that name another account make the page malformed (0 = do not check).
class Codec {
 public:
  Codec(const std::vector<std::string>& native_names, std::uint64_t fingerprint, std::int64_t account_id);

  [[nodiscard]] Result<ActivityPage> activities(const Json& root) const;
  [[nodiscard]] Result<Evidence> activity(const Json& root) const;  // {"call":{...}} or bare
  [[nodiscard]] Result<RowPage> rows(const Json& root, bool with_details) const;
  [[nodiscard]] Result<RecordPage> records(const Json& root) const;
  [[nodiscard]] Result<RecordPage> record(const Json& root) const;  // {"contact":{...}} or bare: one record

  // Over everything that Evidence says of the person: number, fields, tags, more identities, caller
  // id and redaction; seeded with the mapping's fingerprint.
  [[nodiscard]] WireHash hash_of(const Evidence& evidence) const;

  [[nodiscard]] const std::vector<std::string>& custom_names() const {
    return custom_names_;
  }  // api names mapped

 private:
  enum class Shows : std::uint8_t { present_keys, always };
  struct Native {
    std::string name;
    enum class Kind : std::uint8_t { name, split, email, phone, address, custom } kind;
    std::string key;
  };

  void read_fields(const Json& object, Shows shows, std::string_view number, bool with_split,
                   WireFields& out) const;
  [[nodiscard]] bool read_activity(const Json& object, Evidence& out) const;
  [[nodiscard]] bool read_record(const Json& object, RecordPage& page) const;
  [[nodiscard]] bool is_foreign(const Json& object) const;

  std::vector<Native> natives_;
  std::vector<std::string> custom_names_;
  std::uint64_t fingerprint_;
  std::int64_t account_id_;
  mutable std::string scratch_;
};
}  // namespace tandem::ctm
