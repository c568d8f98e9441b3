// What a side as a whole shows of a person, folded from sources that are seen at different times
// (P33, P34, P46). Pure. For sides without records of their own; a record needs no fold.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>
#include "core/model/field.h"
#include "core/model/ids.h"
#include "core/model/pair.h"
#include "core/model/source.h"

namespace tandem {

struct Reading {  // one source now, normalised
  SourceKind kind = SourceKind::activity;
  std::int64_t at_ms = 0;  // activity: its time. row: the feed's high-water when it was read
  FieldMap shown;          // native names; blanks only where the surface always shows the key
  std::string caller_id_name;
  bool redacted = false;
  std::int64_t now_ms = 0;         // our clock, only for the lag window of our own writes
  std::int64_t high_water_ms = 0;  // newest activity known by the remote's clock
};

struct FoldResult {
  FoldState fold;
  FieldMap shown;                   // to remember as the source's last-seen values
  std::vector<std::string> edited;  // native names that a person changed
  bool lagging = false;             // shows what it showed before our write: remember nothing, look again
};

// `known` is the source as last seen (nullptr = a new source). Rules, in this order: redacted: nothing
// changes. Known source, value as last seen, or as expected of our own write: nothing. Known source within
// the lag window showing exactly its `before`: lagging. Known source, other value: an edit, except a blank
// on an activity, or where another source has said something else since. New source: blank says nothing; a
// value equal to the fold's is no news; a value in `replaced` is stale; one not newer (at_ms, then source
// order) than the field's edited_at is history and only fills a field never seen; an unconfirmed one only
// fills a blank; any other is an edit. The result for a set of never-seen sources does not depend on their
// order.
[[nodiscard]] FoldResult fold(const FoldState& before, const SourceRow* known, const Reading& reading);

// After a write of ours: `fields` (native) took these values on `side`'s source; what was shown
// before joins `replaced`. `sources` = everything known of the person, for values that lag behind.
[[nodiscard]] FoldState fold_written(const FoldState& before, const FieldMap& fields,
                                     const std::vector<SourceRow>& sources);

// Equal to cnam, to "city state" in any order or spelling, to the city or the number, or all digits.
[[nodiscard]] bool is_unconfirmed_name(std::string_view name, std::string_view caller_id_name,
                                       const FieldMap& shown, std::string_view number);

// Fields of `source` that show something else than `agreed` (native, canonical) and may be put right:
// a value, not a blank, different from the agreed one, not corrected there before. For the newest
// activity and for our row (stale_identity = correct).
[[nodiscard]] FieldMap stale_fields(const SourceRow& source, const FieldMap& agreed);
[[nodiscard]] std::string correction_key(std::string_view field, const FieldValue& value);
}  // namespace tandem
