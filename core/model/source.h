// What is remembered of one source of evidence.
#pragma once
#include <cstdint>
#include <set>
#include <string>
#include <vector>
#include "core/model/field.h"
#include "core/model/ids.h"
#include "core/model/side.h"

namespace tandem {

// Last-seen of one source. `shown` (native names, canonical text) and `tags` (as spelled) are kept
// for rows and activities; a record's values are its pair's `seen`.
struct SourceRow {
  Side side = Side::ctm;
  SourceRef ref;
  RecordId person;
  std::int64_t at_ms = 0;
  WireHash hash;
  FieldMap shown;
  std::vector<std::string> tags;
  // A write of ours that its listing may not show yet: until lag_until_ms (our clock) a reading that
  // equals `before` is lag, not an edit. Of several writes in that time, what stood before the first.
  FieldMap before;
  std::int64_t lag_until_ms = 0;
  // What a write of ours to another source of the person may make this one show, once: an echo, not an edit
  // (P11), when it is met until then.
  FieldMap expected;
  std::int64_t expected_until_ms = 0;
  std::string caller_id_name;  // of an activity: what the carrier said (P34)
  bool redacted = false;       // the remote removed the identity for good: never a target, says nothing (P46)
  std::set<std::string, std::less<>>
      corrected;  // stale values put right here already, as field + "=" + value digest
  bool operator==(const SourceRow&) const = default;
};
}  // namespace tandem
