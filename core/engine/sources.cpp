// Sides that show a person in parts only: rows and activities, folded into one image (P33, P44, P45).
#include <algorithm>

#include "core/engine/observe.h"
#include "core/engine/settle.h"
#include "core/merge/fold.h"
#include "core/model/phone.h"
#include "core/tuning.h"

namespace tandem {
namespace {
constexpr std::string_view kTags = "tags";  // key of a source's tags within SourceRow::before
}  // namespace

std::vector<RecordId> Observer::keys_of(const PairState& pair, Side side) {
  std::vector<RecordId> keys;
  for (const auto& identity : c_.store.identities(pair.id))
    if (identity.side == side && identity.kind == Identity::Kind::id) keys.push_back({identity.value});
  return keys;
}

bool Observer::show_tags(PairState& pair, Side side) {
  std::vector<std::string> tags;
  bool any = false;
  for (const auto& key : keys_of(pair, side)) {
    for (const auto& source : c_.store.sources_of(side, key)) {
      any = any || source.ref.kind == SourceKind::activity;
      tags.insert(tags.end(), source.tags.begin(), source.tags.end());
    }
  }
  if (!any) return false;
  TagSet set = canonical_tags(tags);
  if (pair.seen_tags[side] == set) return false;
  pair.seen_tags[side] = std::move(set);
  return true;
}

bool Observer::show_fold(PairState& pair, Side side, std::int64_t edited_at_ms, const FieldMap& written) {
  FieldMap native;
  bool unconfirmed = false;
  for (const auto& [name, field] : pair.fold[side]) {
    native[name] = field.value;
    if (name == "name") unconfirmed = field.unconfirmed;
  }
  FieldMap canonical = c_.policy.mapping.project(side, native, known_names(pair, side, written));
  if (c_.can(side).keyed_by_phone) canonical["phone"] = FieldValue::of(pair.record[side].text);
  bool changed = show(pair, side, canonical, edited_at_ms);
  for (const char* name : {"first_name", "last_name"}) {
    const auto it = pair.fields.find(name);
    if (it == pair.fields.end() || it->second.unconfirmed[side] == unconfirmed) continue;
    it->second.unconfirmed[side] = unconfirmed;
    changed = true;
  }
  return changed;
}

// A row met for the first time while a write of ours to another record of the person is on its way: what that
// one took will show here too, and is no edit then (P11).
void Observer::expect_echo(Side side, SourceRow& row) {
  for (const auto& source : c_.store.sources_of(side, row.person)) {
    if (source.lag_until_ms <= c_.even_ms()) continue;
    for (const auto& [native, shown] : source.shown)
      if (const auto was = source.before.find(native);
          shown.is_value() && (was == source.before.end() || was->second != shown))
        row.expected.insert_or_assign(native, shown);
    if (!row.expected.empty()) row.expected_until_ms = source.lag_until_ms + tuning::kEchoMs;
  }
}

Staged Observer::stage_source(Side side, const Evidence& e, bool direct) {
  const Phone phone =
      parse_phone(e.person, c_.policy.mapping.default_country(), c_.replicas[side]->own_numbers());
  const auto known = c_.store.source(side, e.source);
  SourceRow row = known.value_or(SourceRow{});
  row.side = side;
  row.ref = e.source;
  row.at_ms = e.at_ms;
  row.hash = e.hash;
  if (phone.kind != PhoneKind::number) {  // nobody: remembered by hash alone, so that it is passed over
    if (!e.redacted) row.person = {};
    row.redacted = row.redacted || e.redacted;
    c_.store.put_source(row);
    // Another activity is the newest one that says something now.
    if (const auto pair = c_.store.pair_of(side, row.person); pair && known && e.redacted && !known->redacted)
      c_.store.set_dirty(*pair, true);
    return {};
  }
  row.person = RecordId{phone.e164};
  PairState pair;
  bool changed = false;
  if (const auto have = c_.store.pair_of(side, row.person)) {
    pair = *c_.store.pair(*have);
  } else {
    pair.status = only(side);
    pair.record[side] = row.person;
    pair.reason = "new";
    pair.since_ms = c_.now();
    changed = true;
  }
  const bool alias = pair.record[side] != row.person;

  Reading reading = reading_of(side, e);
  if (e.source.kind == SourceKind::row && reading.caller_id_name.empty())
    for (const auto& source : c_.store.sources_of(side, row.person))  // newest first
      if (reading.caller_id_name.empty()) reading.caller_id_name = source.caller_id_name;
  const bool in_lag = known && known->lag_until_ms > c_.even_ms();
  if (in_lag && e.shows_tags) {  // tags lag with the listing that shows them
    if (known->before.count(kTags) != 0 && joined_tags(e.tags) != joined_tags(known->tags))
      return {pair.id, false};
  }
  if (!known && e.source.kind == SourceKind::row) expect_echo(side, row);
  const SourceRow* known_row = known ? &*known : nullptr;
  FoldResult folded = fold(alias ? FoldState{} : pair.fold[side], known_row, reading);
  if (folded.lagging) return {pair.id, false};
  drop_outdated_halves(c_, side, folded);
  if (const auto it = c_.open.find(pair.id); !alias && it != c_.open.end()) {
    // The first sight of what an accepted write made: read as its image, not as somebody's edit.
    for (const Intent& intent : it->second)
      if (intent.side == side && e.source.kind == SourceKind::row && intent.write.kind != WriteKind::remove &&
          (intent.write.kind == WriteKind::create || intent.write.target == e.source ||
           (intent.write.target && intent.write.target->kind == SourceKind::row))) {
        if (Settler(c_, *this).sight(intent, e)) return {pair.id, true};
        return {pair.id, false};
      }
  }
  row.shown = folded.shown;
  row.redacted = e.redacted;
  if (e.shows_tags && !e.redacted) row.tags = e.tags;
  row.lag_until_ms = 0;
  row.before.clear();
  // A listing may go on showing what stood before.
  if (direct && e.source.kind == SourceKind::activity && known && row.shown != known->shown) {
    row.before = known->shown;
    keep_first(row.before, *known, c_.even_ms());
    row.lag_until_ms = c_.even_ms() + c_.can(side).index_lag_ms;
  }
  // The first reading that no lag explains: what it shows was the echo, or will not come.
  if (known && !in_lag) {
    row.expected.clear();
    row.expected_until_ms = 0;
  }
  row.caller_id_name = e.caller_id_name;
  c_.store.put_source(row);
  if (!alias && folded.fold != pair.fold[side]) {
    pair.fold[side] = folded.fold;
    changed = true;
  }
  if (changed && pair.id.row == 0) c_.store.put_pair(pair);
  if (pair.id.row != 0 && !alias && changed) changed = show_fold(pair, side, e.at_ms) || changed;
  if (c_.store.identities(pair.id).empty()) identify(pair, side, e);
  changed = show_tags(pair, side) || changed;
  const bool is_new = !known && (e.source.kind == SourceKind::activity
                                     ? e.at_ms > pair.dead_mark_ms
                                     : c_.now() - pair.since_ms > c_.can(side).index_lag_ms);
  if (pair.status == PairStatus::tombstone && is_new && !alias) {
    call_again(pair, side);
    changed = changed || pair.status != PairStatus::tombstone;
  }
  if (e.source.kind == SourceKind::row && pair.status == PairStatus::ignored && !pair.left_alone && !alias) {
    pair.status = status_by_records(pair);
    pair.reason = "back on the list";
    pair.since_ms = c_.now();
    wake_neighbours(pair);
    changed = true;
  }
  // A new newest activity may be stale even where it is no news: the planner looks (P33).
  const bool fresh_source = (!known || (e.redacted && !known->redacted)) && !alias;
  if (!changed && !fresh_source) return {pair.id, false};
  pair.dirty = true;
  c_.store.put_pair(pair);
  if (!alias) identify(pair, side, e);
  return {pair.id, changed};
}
}  // namespace tandem
