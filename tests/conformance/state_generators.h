// Random values of what a StateStore keeps, for RapidCheck: every presence, awkward text and
// numbers of 64 bits.
#pragma once
#include <rapidcheck.h>
#include <array>
#include <limits>
#include <set>
#include <string>
#include <vector>
#include "core/ports/state_store.h"

namespace tandem::generate {

inline bool yes() { return *rc::gen::arbitrary<bool>(); }
inline int below(int n) { return *rc::gen::inRange(0, n); }

template <class E>
E one_of(int count) {
  return static_cast<E>(below(count));
}

inline std::int64_t number() {
  constexpr std::array<std::int64_t, 6> edges{0,
                                              1,
                                              -1,
                                              1'795'500'706'123,
                                              std::numeric_limits<std::int64_t>::max(),
                                              std::numeric_limits<std::int64_t>::min()};
  return yes() ? edges.at(static_cast<std::size_t>(below(6))) : *rc::gen::arbitrary<std::int64_t>();
}

inline std::string text() {
  static const std::vector<std::string> pieces = {
      "a", "Zoë", "\"", "\\", "\n",      "\x01", "{",      "}", "[1,2]", "null", "名前", "🦊",
      "'", "=",   "f",  "0",  "\\u0041", "true", "+49 30", " ", ":",     ",",    "\x7f", "$."};
  std::string out;
  for (int i = below(4); i > 0; --i)
    out += pieces.at(static_cast<std::size_t>(below(static_cast<int>(pieces.size()))));
  return out;
}

inline std::string name() {
  static const std::vector<std::string> names = {
      "first_name", "last_name", "name",        "email",   "phone",   "company",     "address1",
      "city",       "state",     "postal_code", "country", "website", "custom:kind", "custom:f"};
  return below(6) == 0 ? text() : names.at(static_cast<std::size_t>(below(static_cast<int>(names.size()))));
}

inline FieldValue value() {
  switch (below(6)) {
    case 0:
      return {};
    case 1:
      return FieldValue::absent();
    case 2:
      return FieldValue::cleared();
    default:
      return FieldValue::of(text());
  }
}

template <class Make>
auto some(int most, Make make) {
  std::vector<decltype(make())> out;
  for (int i = below(most + 1); i > 0; --i) out.push_back(make());
  return out;
}

inline FieldMap values() {
  FieldMap out;
  for (int i = below(5); i > 0; --i) out[name()] = value();
  return out;
}

inline TagSet tags() {
  const auto all = some(3, text);
  return {all.begin(), all.end()};
}
inline std::optional<TagSet> maybe_tags() {
  if (below(3) == 0) return std::nullopt;
  return tags();
}

// Often alike on both sides, as in life; so that what is left out when stored is met too.
template <class T, class Make>
PerSide<T> both(Make make) {
  PerSide<T> out{make(), make()};
  if (below(3) != 0) out.highlevel = out.ctm;
  return out;
}

inline PairField field() {
  PairField f;
  f.base = both<FieldValue>(value);
  f.seen = yes() ? f.base : both<FieldValue>(value);
  if (yes()) {
    f.version = below(3);
    f.changed_by = yes() ? "ctm" : text();
    f.changed_at_ms = number();
    f.edited_at_ms = {number(), number()};
  }
  if (below(4) == 0) f.unconfirmed = {yes(), yes()};
  if (below(6) == 0) f.answers = below(9);
  return f;
}

inline FoldField fold_field() {
  FoldField f;
  f.value = value();
  f.unconfirmed = below(4) == 0;
  f.edited_at_ms = yes() ? 7 : number();
  f.replaced = some(2, value);
  return f;
}

inline Parked parked() {
  return {one_of<Side>(2), text(), yes() ? name() : "", text(), number(),
          below(9),        text(), yes() ? number() : 0};
}

inline PairState pair() {
  PairState p;
  p.status = one_of<PairStatus>(6);
  p.reason = text();
  p.since_ms = number();
  for (const Side s : kSides)
    if (yes()) p.record[s].text = "id-" + std::to_string(*rc::gen::arbitrary<std::uint64_t>());
  for (int i = below(6); i > 0; --i) p.fields[name()] = field();
  p.base_tags = both<std::optional<TagSet>>(maybe_tags);
  p.seen_tags = yes() ? p.base_tags : both<std::optional<TagSet>>(maybe_tags);
  if (yes()) {
    p.tags_version = number();
    p.tags_changed_by = text();
    p.tags_changed_at_ms = number();
    p.tags_answers = below(5);
  }
  if (below(4) == 0) p.deleted_ms = {number(), number()};
  if (below(4) == 0) p.dead_mark_ms = number();
  p.left_alone = below(4) == 0;
  for (const Side s : kSides) {
    for (int i = below(4); i > 0; --i) p.fold[s][name()] = fold_field();
    for (const auto& [name, f] : p.fields)
      if (yes()) p.fold[s][name] = FoldField{f.seen[s], false, 7, {}};
  }
  p.made_by_us = {yes(), yes()};
  for (int i = below(3); i > 0; --i)
    p.resolutions[name()] = {one_of<Resolution::Take>(4),
                             text(),
                             {value(), value()},
                             yes() ? text() : "",
                             below(3) == 0 ? std::optional(one_of<Side>(2)) : std::nullopt};
  p.parked = some(2, parked);
  p.dirty = yes();
  return p;
}

inline SourceRow source() {
  SourceRow row;
  row.side = one_of<Side>(2);
  row.ref = {one_of<SourceKind>(3), "s" + text()};
  row.person.text = row.ref.kind == SourceKind::record && yes() ? row.ref.id : text();
  row.at_ms = number();
  row.hash = {*rc::gen::arbitrary<std::uint64_t>(), *rc::gen::arbitrary<std::uint64_t>()};
  if (row.ref.kind != SourceKind::record) row.shown = values();
  if (row.ref.kind != SourceKind::record) row.tags = some(3, text);
  if (yes()) row.before = values();
  if (yes()) row.lag_until_ms = number();
  if (below(3) == 0) row.expected = values();
  if (below(3) == 0) row.expected_until_ms = number();
  if (below(3) == 0) row.caller_id_name = text();
  row.redacted = below(4) == 0;
  const auto corrected = some(2, text);
  row.corrected = {corrected.begin(), corrected.end()};
  return row;
}

inline WireValue wire_value() {
  WireValue v;
  v.blank = yes();
  if (yes()) v.text = text();
  if (below(3) == 0) v.items = some(2, text);
  return v;
}
inline WireFields wire_fields() {
  return some(3, [] { return std::pair(name(), wire_value()); });
}
inline SourceRef source_ref() { return {one_of<SourceKind>(3), text()}; }

// Of a pair that is there.
inline Intent intent(PairId pair) {
  Intent i;
  i.pair = pair;
  i.side = one_of<Side>(2);
  i.write.kind = one_of<WriteKind>(5);
  i.write.record.text = text();
  if (yes()) i.write.target = source_ref();
  i.write.set = wire_fields();
  i.write.whole = wire_fields();
  i.write.tags = some(2, text);
  i.write.tag_sources = some(2, source_ref);
  i.write.resume = yes();
  i.state = one_of<IntentState>(2);
  i.key = text();
  i.fields = values();
  i.before = values();
  for (int n = below(3); n > 0; --n) i.also.emplace_back(name(), value());
  i.tags = tags();
  for (int n = below(3); n > 0; --n) i.why[yes() ? name() : ""] = text();
  i.changed_by = text();
  i.run = number();
  i.enlisted_ms = number();
  i.sent_ms = number();
  i.attempts = below(100);
  return i;
}
}  // namespace tandem::generate
