// What one source showed at one reading, as the codec found it: wire values under native names,
// nothing normalised. The cycle compares `hash` first and looks further only when it differs.
#pragma once
#include <cstdint>
#include <string>
#include <vector>
#include "core/model/field.h"
#include "core/model/ids.h"

namespace tandem {

struct Evidence {
  SourceRef source;
  std::string person;      // record: its id. row, activity: the number as the wire spells it ("" = nobody)
  std::int64_t at_ms = 0;  // activity: when it happened, by the remote's clock. record: its stamp. row: 0
  WireHash hash;           // over person, fields, tags, extra identities and the mapping's fingerprint
  WireFields fields;
  bool shows_tags = false;               // this surface returned a tag list (an empty one counts)
  std::vector<std::string> tags;         // as spelled
  std::vector<std::string> more_phones;  // additional numbers, as spelled (read-only everywhere)
  std::vector<std::string> more_emails;
  std::string caller_id_name;  // cnam: what the carrier says, never a person's name by itself (P34)
  bool redacted = false;       // identity was removed for good: says nothing about the person (P46)
};
}  // namespace tandem
