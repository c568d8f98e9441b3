// The compact stored form of what a pair, a source and an intent hold. Everything comes back as it
// was, unknown, absent and cleared included; what equals its usual neighbour is left out. The views
// (storage/schema) read the same text with SQLite's json functions.
//
// Values and names: field_code.h. Times of a pair are distances from its since_ms, null = 0.
// fields: [change, field, ...]. A plain entry: both bases and both seen are its value. Else an object:
//   k code of the name, b base at ctm (missing: unknown), B base at highlevel (missing: as b), c seen
//   at ctm (as b), h seen at highlevel (as B), m change (missing: the first item), u unconfirmed (1
//   ctm + 2 highlevel). change: [version, changed_by, changed_at_ms, edited_at_ms at ctm, at
//   highlevel, answers], zeros at its end left out.
// tags: {"b","B","c","h" as above with a list or null (unknown), "m": [version, changed_by, changed_at_ms]}.
// fold: {"c":{...},"h":{...}}, per side {"0": edited_at_ms most share, "1": letters of fields that
//   show what the pair does and share it, name: {"v": value (missing: what the pair shows), "u":1
//   unconfirmed, "e": edited_at_ms, "r": [replaced]}}.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>
#include "core/model/pair.h"
#include "core/model/source.h"
#include "core/ports/state_store.h"

namespace tandem {

// nullopt = everything as in a new PairState or SourceRow.
using Encoded = std::optional<std::string>;

[[nodiscard]] Encoded encode_fields(const PairState& pair);
[[nodiscard]] Encoded encode_tags(const PairState& pair);
[[nodiscard]] Encoded encode_fold(const PairState& pair);
[[nodiscard]] Encoded encode_resolutions(const std::map<std::string, Resolution, std::less<>>& resolutions);
[[nodiscard]] Encoded encode_fate(const PairState& pair);  // [deleted_ms at ctm, at highlevel,
                                                           //  dead_mark_ms, left_alone]
void decode_fields(std::string_view text, PairState& pair);
void decode_tags(std::string_view text, PairState& pair);
void decode_fold(std::string_view text, PairState& pair);  // after decode_fields; all need since_ms
void decode_resolutions(std::string_view text, PairState& pair);
void decode_fate(std::string_view text, PairState& pair);

[[nodiscard]] Encoded encode_values(const FieldMap& values);  // SourceRow::shown
[[nodiscard]] FieldMap decode_values(std::string_view text);
[[nodiscard]] Encoded encode_texts(const std::vector<std::string>& texts);  // SourceRow::tags
[[nodiscard]] std::vector<std::string> decode_texts(std::string_view text);
[[nodiscard]] Encoded encode_more(const SourceRow& row);  // before, lag_until_ms, redacted, corrected
void decode_more(std::string_view text, SourceRow& row);

[[nodiscard]] std::string encode_body(const Intent& intent);  // write, fields, before, tags, why
void decode_body(std::string_view text, Intent& intent);
}  // namespace tandem
