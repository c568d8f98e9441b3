// What a source shows after our write: its written fields as our image, the rest as news (P11, P33).
#include <algorithm>

#include "core/engine/observe.h"
#include "core/engine/settle.h"
#include "core/merge/fold.h"
#include "core/model/normalise.h"
#include "core/tuning.h"

namespace tandem {
void keep_first(FieldMap& before, const SourceRow& source, std::int64_t now_ms) {
  if (source.lag_until_ms <= now_ms) return;
  for (const auto& [native, was] : source.before) before[native] = was;
}

FieldMap written_native(const Context& c, Side side, const WireFields& sent, const FieldMap& shown,
                        FoldState& fold) {
  FieldMap out = c.policy.mapping.normalise(side, sent);
  if (!c.can(side).joined_name || out.count("name") == 0) return out;
  for (const char* half : {"first_name", "last_name"}) {
    const FieldRule* rule = c.policy.mapping.find(half);
    if (rule == nullptr || value_of(shown, rule->native[side]).is_observed()) continue;
    out.erase(rule->native[side]);
    fold.erase(rule->native[side]);
  }
  return out;
}

bool is_image(const FieldValue& shown, const FieldValue& sent) {
  return shown.is_value() && sent.is_value() && is_rendering_of(shown.text(), sent.text());
}

namespace {
bool is_half_of_name(const Context& c, Side side, const std::string& native) {
  if (!c.can(side).joined_name || native == "name") return false;
  const auto& rules = c.policy.mapping.rules();
  return std::any_of(rules.begin(), rules.end(), [&](const FieldRule& rule) {
    return is_name_part(rule.name) && rule.native[side] == native;
  });
}

// The whole of a name, of which the write may name a half only.
FieldValue sent_name(const Context& c, const Intent& intent) {
  FieldMap halves = c.policy.mapping.project(
      intent.side, c.policy.mapping.normalise(intent.side, intent.write.whole), intent.fields);
  for (const auto& [name, value] : intent.fields) halves.insert_or_assign(name, value);
  return FieldValue::of(
      join_name(value_of(halves, "first_name").text(), value_of(halves, "last_name").text()));
}
}  // namespace

// A call that came while the write waited to be seen, or while we were not running: its word is the newer
// one.
bool Settler::said_since(const PairState& pair, const Intent& intent, const std::string& native,
                         const FieldValue& sent, const FieldValue& now) const {
  const auto field = pair.fold[intent.side].find(native);
  if (field == pair.fold[intent.side].end()) return false;
  const FieldValue& value = field->second.value;
  if (!value.is_value() || field->second.unconfirmed || value == sent || value == now ||
      is_image(value, sent))
    return false;
  // It held what was sent when that was accepted, or when it was found to be stale somewhere.
  if (intent.state == IntentState::awaiting || intent.changed_by == kCorrection) return true;
  if (!is_late(intent)) return false;
  const FieldMap canonical =
      c_.policy.mapping.project(intent.side, {{native, value}}, known_names(pair, intent.side));
  return std::any_of(canonical.begin(), canonical.end(), [&](const auto& entry) {
    const auto& [name, said] = entry;
    return intent.fields.count(name) != 0 && said.is_value() && said != value_of(intent.before, name);
  });
}

std::set<std::string> Settler::take_image(PairState& pair, const Intent& intent,
                                          const std::vector<Evidence>& shown) {
  const Side side = intent.side;
  std::set<std::string> newer;
  for (const Evidence& e : shown) {
    if (e.source.kind == SourceKind::record) {
      SourceRow row;
      row.side = side;
      row.ref = e.source;
      row.person = pair.record[side];
      row.at_ms = e.at_ms;
      row.hash = e.hash;
      c_.store.put_source(row);
      continue;  // its values are staged by the caller through `seen`
    }
    const auto known = c_.store.source(side, e.source);
    Reading reading = observer_.reading_of(side, e);
    const FieldMap written = written_native(c_, side, intent.write.set, reading.shown, pair.fold[side]);
    SourceRow image = known.value_or(SourceRow{});
    const FieldMap old_shown = image.shown;
    image.side = side;
    image.ref = e.source;
    image.person = intent.write.record.text.empty() ? pair.record[side] : intent.write.record;
    image.at_ms = e.at_ms;
    image.hash = e.hash;
    if (image.person != pair.record[side]) {  // the key has moved on meanwhile: an alias by now
      if (!e.redacted) image.shown = reading.shown;
      image.redacted = e.redacted;
      c_.store.put_source(image);
      continue;
    }
    if (!known) {
      // A row that our write made: what it shows of what was sent is our image, the rest is an edit, except
      // what a server may add to a new record by itself, and only right away.
      const bool may_add =
          intent.write.kind == WriteKind::create && intent.state == IntentState::open && !is_late(intent);
      const FieldMap whole = c_.policy.mapping.normalise(side, intent.write.whole);
      image.shown = reading.shown;
      for (const auto& [native, now] : reading.shown) {
        const FieldValue& sent = value_of(whole, native);
        if (!now.is_value() || now == sent || is_image(now, sent)) continue;
        if (sent.is_value())
          image.shown[native] = sent;
        else if (!may_add)
          image.shown[native] = FieldValue::cleared();
      }
    }
    FieldMap ours;
    for (const auto& [native, sent] : written) {
      const FieldValue& now = value_of(reading.shown, native);
      // Where the surface would show it and does not, it was not taken.
      if (!now.is_observed() && sent.is_value() && can_read(c_.can(side).access(e.source.kind, native)))
        continue;
      // A correction that did not take leaves what is agreed as it is, and the source with what it shows.
      if (intent.changed_by == kCorrection && now.is_observed() && now != sent && !is_image(now, sent)) {
        if (!known) image.shown.erase(native);
        continue;
      }
      const bool is_half = is_half_of_name(c_, side, native);
      if (is_half ? said_since(pair, intent, "name", sent_name(c_, intent), FieldValue())
                  : said_since(pair, intent, native, sent, now)) {
        newer.insert(native);
        if (now.is_observed()) image.shown[native] = now;
        continue;
      }
      ours[native] = now.is_observed() ? now : sent;
      if (now.is_observed() || sent.is_cleared()) image.shown[native] = ours[native];
    }
    pair.fold[side] = fold_written(pair.fold[side], ours, c_.store.sources_of(side, pair.record[side]));
    // What else changed on the source in the meantime is somebody's edit.
    image.lag_until_ms = 0;
    FoldResult rest = fold(pair.fold[side], &image, reading);
    drop_outdated_halves(c_, side, rest);
    pair.fold[side] = rest.fold;
    image.shown = rest.shown;
    image.before = old_shown;
    if (known) {
      image.before["tags"] = FieldValue::of(joined_tags(known->tags));
      keep_first(image.before, *known, c_.even_ms());
    }
    image.lag_until_ms = c_.even_ms() + c_.can(side).index_lag_ms;
    if (e.shows_tags && !e.redacted) image.tags = e.tags;
    image.redacted = e.redacted;
    image.expected.clear();
    image.expected_until_ms = 0;
    // What it shows yet is not what was sent: the same reading may mean that somebody put it back since.
    if (std::any_of(written.begin(), written.end(), [&](const auto& sent) {
          const FieldValue& now = value_of(reading.shown, sent.first);
          return now.is_observed() && now != sent.second;
        }))
      image.hash = {};
    for (const auto& [native, was] : old_shown)
      if (value_of(image.shown, native) != was ||
          (intent.changed_by == kCorrection && written.count(native) != 0))  // once, whatever came of it
        image.corrected.insert(correction_key(native, was));
    c_.store.put_source(image);
    // Other sources of the person may follow this write or not; their listing decides after its lag.
    int activities = 0;
    for (auto source : c_.store.sources_of(side, pair.record[side])) {
      const bool is_row = source.ref.kind == SourceKind::row;
      if (source.ref == e.source || (!is_row && ++activities > tuning::kEchoActivities)) continue;
      if (is_row && e.source.kind == SourceKind::row) {
        c_.store.drop_source(side, source.ref);  // the membership that the replace removed
        continue;
      }
      for (const auto& [native, sent] : ours) source.expected.insert_or_assign(native, sent);
      source.expected_until_ms = image.lag_until_ms + tuning::kEchoMs;
      if (is_row) {
        FieldMap before = source.shown;
        keep_first(before, source, c_.even_ms());
        source.before = std::move(before);
        source.lag_until_ms = image.lag_until_ms;
      }
      c_.store.put_source(source);
    }
  }
  return newer;
}
}  // namespace tandem
