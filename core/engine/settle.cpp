#include "core/engine/settle.h"

#include <algorithm>

#include <fmt/format.h>

#include "core/engine/observe.h"
#include "core/merge/fold.h"
#include "core/model/normalise.h"
#include "core/tuning.h"

namespace tandem {
namespace {
const FieldValue& before_of(const Intent& intent, const std::string& name) {
  return value_of(intent.before, name);
}

// Still the old value, or none where one was sent. Any other value is somebody's edit of just now.
bool was_not_taken(const FieldValue& shown, const FieldValue& sent, const FieldValue& before) {
  return shown == before || (sent.is_value() && !shown.is_value());
}

bool is_parked(const PairState& pair, Side side, const std::string& field) {
  return std::any_of(pair.parked.begin(), pair.parked.end(),
                     [&](const Parked& p) { return p.side == side && p.field == field; });
}

// An edit of the side that we had just written to: a person corrects once or twice, a workflow that answers
// our writes does not stop.
int answers_with(const Intent& intent, int before, const std::string& last_by, std::int64_t last_ms,
                 std::int64_t now_ms) {
  const bool answers = intent.changed_by == to_text(other(intent.side)) && last_by == to_text(intent.side) &&
                       now_ms - last_ms < tuning::kAnswerMs;
  return answers ? before + 1 : 0;
}

bool is_newer(const Context& c, Side side, const std::set<std::string>& natives, const std::string& field) {
  const FieldRule* rule = c.policy.mapping.find(field);
  if (rule == nullptr) return false;
  return natives.count(rule->native[side]) != 0 ||
         (c.can(side).joined_name && is_name_part(field) && natives.count("name") != 0);
}

void release(PairState& pair, Side side, std::string_view field) {
  std::erase_if(pair.parked, [&](const Parked& p) { return p.side == side && p.field == field; });
}

void agree(PairField& field, const Intent& intent, std::int64_t now_ms) {
  field.answers = answers_with(intent, field.answers, field.changed_by, field.changed_at_ms, now_ms);
  ++field.version;
  field.changed_by = intent.changed_by;
  field.changed_at_ms = now_ms;
}
}  // namespace

FieldMap canonical_of(const Context& c, const PairState& pair, Side side, const Evidence& e,
                      const FieldMap& over) {
  return c.policy.mapping.project(side, c.policy.mapping.normalise(side, e.fields),
                                  known_names(pair, side, over));
}

bool may_be_ours(const FieldValue& shown, const FieldValue& sent, const FieldValue& before) {
  if (shown == sent) return true;
  if (!is_image(shown, sent)) return false;
  return shown != before || spelling_key(shown.text()) == spelling_key(sent.text());
}

void Settler::close(const Intent& intent) {
  c_.store.drop_decision(intent.key);
  withdraw(intent);
}

void Settler::withdraw(const Intent& intent) {
  c_.store.close_intent(intent.id);
  const auto it = c_.open.find(intent.pair);
  if (it == c_.open.end()) return;
  std::erase_if(it->second, [&](const Intent& i) { return i.id == intent.id; });
  if (it->second.empty()) c_.open.erase(it);
}

void Settler::write_history(const Intent& intent, const std::string& record_id) {
  HistoryRow row{intent.run, c_.now(),    intent.side, std::string(to_text(intent.write.kind)),
                 record_id,  intent.pair, "",          {},
                 {},         ""};
  const auto why = [&](const std::string& name) {
    auto it = intent.why.find(name);
    if (it == intent.why.end()) it = intent.why.find("");
    return it == intent.why.end() ? std::string() : it->second;
  };
  if (intent.fields.empty() && intent.tags.empty()) {
    row.reason = why("");
    c_.store.add_history(row);
    return;
  }
  for (const auto& [name, value] : intent.fields) {
    row.field = name;
    row.old_value = before_of(intent, name);
    row.new_value = value;
    row.reason = why(name);
    c_.store.add_history(row);
  }
  for (const auto& [name, old] : intent.also) {
    row.field = name;
    row.old_value = old;
    row.new_value = value_of(intent.fields, name);
    row.reason = why(name) + "; shown by another of its records";
    c_.store.add_history(row);
  }
  for (const auto& tag : intent.tags) {
    row.field = "tags";
    row.old_value = intent.write.kind == WriteKind::tag_remove ? FieldValue::of(tag) : FieldValue();
    row.new_value = intent.write.kind == WriteKind::tag_add ? FieldValue::of(tag) : FieldValue();
    row.reason = why("tags");
    c_.store.add_history(row);
  }
}

void Settler::settle(Intent& intent, const Receipt& receipt) {
  switch (intent.write.kind) {
    case WriteKind::create:
      settle_create(intent, receipt);
      break;
    case WriteKind::update:
      settle_update(intent, receipt);
      break;
    case WriteKind::tag_add:
    case WriteKind::tag_remove:
      settle_tags(intent, receipt);
      break;
    case WriteKind::remove:
      settle_removed(intent);
      break;
  }
}

bool Settler::is_late(const Intent& intent) const { return intent.run != c_.report.run; }

void Settler::rekey(PairState& pair, Side side, const RecordId& key) {
  std::vector<Identity> all = c_.store.identities(pair.id);
  for (auto& identity : all)
    if (identity.side == side && identity.value == pair.record[side].text) identity.alias = true;
  std::erase_if(all, [&](const Identity& i) { return i.side == side && i.value == key.text; });
  all.push_back({Identity::Kind::id, side, key.text, false});
  all.push_back({Identity::Kind::phone, side, key.text, false});
  pair.record[side] = key;
  pair.fold[side].clear();
  c_.store.set_identities(pair.id, all);
}

void Settler::settle_create(Intent& intent, const Receipt& receipt) {
  const Side side = intent.side, from = other(side);
  if (const auto owner = c_.store.pair_of(side, receipt.record); owner && *owner != intent.pair) {
    const PairState theirs = *c_.store.pair(*owner);
    if (theirs.status == PairStatus::linked) {  // it is somebody's already: nothing of ours to settle
      PairState held = *c_.store.pair(intent.pair);
      held.status = PairStatus::held;
      held.reason =
          fmt::format("{} says record {} already has this phone or e-mail, and it is linked to pair {}",
                      to_text(side), receipt.record.text, owner->row);
      held.dirty = false;
      c_.store.put_pair(held);
      return close(intent);
    }
    c_.store.join_pairs(intent.pair, *owner);
  }
  PairState pair = *c_.store.pair(intent.pair);
  const bool was_linked = pair.status == PairStatus::linked && intent.state == IntentState::open;
  const bool first = intent.state == IntentState::open;
  const bool rekeyed = was_linked && !pair.record[side].text.empty() && pair.record[side] != receipt.record;
  if (rekeyed) rekey(pair, side, receipt.record);
  pair.record[side] = receipt.record;
  pair.made_by_us[side] = true;
  pair.deleted_ms = {};
  release(pair, side, "");
  pair.dirty = true;
  if (!was_linked) {
    pair.status = PairStatus::linked;
    pair.reason = fmt::format("created in {} by tandem", to_text(side));
    pair.since_ms = c_.now();
  }
  const auto newer = take_image(pair, intent, receipt.shown);
  if (receipt.shown.empty())  // accepted, not seen yet: what was sent is what it will show
    pair.fold[side] =
        fold_written(pair.fold[side], written_native(c_, side, intent.write.whole, {}, pair.fold[side]), {});
  FieldMap shown;
  for (const Evidence& e : receipt.shown) {
    for (auto& [name, value] : canonical_of(c_, pair, side, e, intent.fields))
      if (value.is_observed()) shown[name] = value;
    if (e.source.kind == SourceKind::record && e.shows_tags) {
      pair.seen_tags[side] = canonical_tags(e.tags);
      if (!pair.base_tags[side]) pair.base_tags[side] = TagSet{};
    }
  }
  if (c_.can(side).keyed_by_phone) shown["phone"] = FieldValue::of(receipt.record.text);
  std::vector<Identity> all = c_.store.identities(pair.id);
  const bool has_alias = std::any_of(all.begin(), all.end(), [&](const Identity& i) {
    return i.kind == Identity::Kind::id && i.side == side && i.alias;
  });
  std::vector<std::string> unmoved;
  // Everything both sides show now is agreed, what the server added by itself included (P11).
  for (const auto& rule : c_.policy.mapping.rules()) {
    const auto sent = intent.fields.find(rule.name);
    PairField& field = pair.fields[rule.name];
    const FieldValue now = value_of(shown, rule.name);
    if (was_linked && sent == intent.fields.end() && !rekeyed) continue;
    // Edited under the number it had before: still an edit under this one, until it has travelled.
    if (rekeyed && sent == intent.fields.end() && now.is_value() && now == field.seen[side] &&
        now != field.base[side])
      continue;
    if (now.is_observed() && !is_newer(c_, side, newer, rule.name)) field.seen[side] = now;
    // Left out because it was refused: not agreed, and tried once more as an update.
    if (sent == intent.fields.end() && is_parked(pair, side, rule.name)) continue;
    if (sent != intent.fields.end()) {
      if (sent->second.is_value() && !now.is_value() && !receipt.shown.empty() &&
          (now.is_observed() || is_shown_there(intent, rule.name))) {
        unmoved.push_back(rule.name);
        field.base[side] = now.is_observed() ? now : FieldValue();
        field.base[from] = {};  // its value has not travelled, whatever the first answer let us think
        continue;
      }
      const bool foreign = now.is_value() && now != sent->second && !is_image(now, sent->second);
      field.base[side] = now.is_observed() && !foreign ? now : sent->second;
      field.base[from] = sent->second;
      if (first) agree(field, intent, c_.now());
    } else if (first) {
      // Found only after a crash, what it shows beyond that is people's.
      const bool is_theirs = is_late(intent) && now.is_value();
      if (now.is_observed()) field.base[side] = is_theirs ? FieldValue::cleared() : now;
      if (field.seen[from].is_observed()) field.base[from] = field.seen[from];
    } else if (now.is_cleared()) {
      field.base[side] = now;  // seen late: a value here, or another one there, is an edit since
      // Agreed under the number it had before: nothing of it has come to this one.
      if (has_alias && field.base[from].is_value() && field.base[from] == field.seen[from])
        field.base[from] = {};
    }
  }
  park_unmoved(pair, intent, unmoved);
  c_.store.put_pair(pair);
  const Identity id{Identity::Kind::id, side, receipt.record.text, false};
  if (std::find(all.begin(), all.end(), id) == all.end()) all.push_back(id);
  add_key_as_phone(c_, pair, all);
  c_.store.set_identities(pair.id, all);
  for (const Evidence& e : receipt.shown) {
    if (e.source.kind == SourceKind::record)
      observer_.stage(side, e);  // identities, and fields not sent
    else
      observer_.identify(pair, side, e);
  }
  if (first) write_history(intent, receipt.record.text);
  if (receipt.awaiting_index) {
    intent.state = IntentState::awaiting;
    c_.store.put_intent(intent);
  } else {
    close(intent);
  }
}

void Settler::settle_update(Intent& intent, const Receipt& receipt) {
  const Side side = intent.side, from = other(side);
  PairState pair = *c_.store.pair(intent.pair);
  const std::string record_id = intent.write.target ? intent.write.target->id : pair.record[side].text;
  const bool first = intent.state == IntentState::open;
  pair.dirty = true;
  const FieldMap row_before = replaced_row(intent);
  const auto newer = take_image(pair, intent, receipt.shown);
  if (!c_.can(side).has_records && intent.write.record != pair.record[side]) {  // an alias by now
    c_.store.put_pair(pair);
    if (first) write_history(intent, record_id);
    return close(intent);
  }
  if (c_.can(side).tags_on_activities) observer_.show_tags(pair, side);  // met on the way
  if (!c_.can(side).has_records && !receipt.shown.empty())
    // Edits of other fields, met on the way; a name as it was sent is split as it was sent.
    observer_.show_fold(pair, side, receipt.shown.front().at_ms, intent.fields);
  FieldMap shown;
  for (const Evidence& e : receipt.shown)
    for (auto& [name, value] : canonical_of(c_, pair, side, e, intent.fields))
      if (value.is_observed()) shown[name] = value;
  if (receipt.shown.empty() && !c_.can(side).has_records)
    pair.fold[side] =
        fold_written(pair.fold[side], written_native(c_, side, intent.write.set, {}, pair.fold[side]),
                     c_.store.sources_of(side, pair.record[side]));
  std::vector<std::string> unmoved;
  for (const auto& [name, sent] : intent.fields) {
    PairField& field = pair.fields[name];
    const FieldValue now = value_of(shown, name);
    if (intent.changed_by == kCorrection) {  // puts one source right; what is agreed does not move
      if (now.is_observed() && was_not_taken(now, sent, before_of(intent, name))) unmoved.push_back(name);
      continue;
    }
    const bool from_there = intent.changed_by == to_text(from) || field.seen[from] == sent;
    if (is_newer(c_, side, newer, name)) {
      field.base[side] = sent;
      if (from_there) field.base[from] = sent;
      release(pair, side, name);
      if (first) agree(field, intent, c_.now());
      continue;
    }
    const bool is_ours = may_be_ours(now, sent, before_of(intent, name));
    if (!now.is_observed() && sent.is_value() && !receipt.shown.empty() && is_shown_there(intent, name)) {
      unmoved.push_back(name);
      continue;
    }
    if (!now.is_observed()) {
      field.base[side] = sent;
      if (receipt.awaiting_index) field.seen[side] = sent;
    } else if (is_ours || was_not_taken(now, sent, before_of(intent, name))) {
      field.base[side] = now;
      field.seen[side] = now;
      if (!is_ours) {  // the other side's edit has not travelled: it stays one, for when it is tried again
        unmoved.push_back(name);
        if (!first && field.base[from] == sent) field.base[from] = before_of(intent, name);
        continue;
      }
    } else {
      field.base[side] = sent;  // somebody edited after us: the planner will see it
      field.seen[side] = now;
    }
    if (from_there) field.base[from] = sent;
    release(pair, side, name);
    if (first) agree(field, intent, c_.now());
    // A decided value is written on both sides: it holds for the second one too.
    const auto it = pair.resolutions.find(name);
    if (it == pair.resolutions.end() || it->second.decided_on[from] != field.seen[from]) continue;
    if (it->second.take == Resolution::Take::value || it->second.take == Resolution::Take::clear)
      it->second.decided_on[side] = field.seen[side];
  }
  if (intent.fields.size() > 1) release(pair, side, Parked::kOneOfSeveral);
  for (const auto& name : lost_with_row(pair, intent, row_before, receipt)) unmoved.push_back(name);
  park_unmoved(pair, intent, unmoved);
  c_.store.put_pair(pair);
  for (const Evidence& e : receipt.shown)
    if (e.source.kind == SourceKind::record) observer_.stage(side, e);
  if (first) write_history(intent, record_id);
  if (receipt.awaiting_index) {
    intent.state = IntentState::awaiting;
    c_.store.put_intent(intent);
  } else {
    close(intent);
  }
}

FieldMap Settler::replaced_row(const Intent& intent) const {
  if (!intent.write.target || intent.write.target->kind != SourceKind::row) return {};
  const auto row = c_.store.source(intent.side, *intent.write.target);
  return row ? row->shown : FieldMap{};
}

// Not everything that a row shows can be written to one: what a replace did not bring back is in the history,
// and the field is left alone (P38, P16).
std::vector<std::string> Settler::lost_with_row(const PairState& pair, const Intent& intent,
                                                const FieldMap& row_before, const Receipt& receipt) {
  std::vector<std::string> lost;
  const Side side = intent.side;
  if (row_before.empty() || receipt.shown.empty() || receipt.shown.front().source == intent.write.target)
    return lost;
  const FieldMap old = c_.policy.mapping.project(side, row_before, known_names(pair, side));
  const FieldMap now = canonical_of(c_, pair, side, receipt.shown.front(), intent.fields);
  for (const auto& [name, value] : old) {
    if (!value.is_value() || !value_of(now, name).is_cleared() || intent.fields.count(name) != 0) continue;
    if (is_name_part(name) || is_parked(pair, side, name)) continue;
    const FieldRule* rule = c_.policy.mapping.find(name);
    const bool sent = rule != nullptr &&
                      std::any_of(intent.write.whole.begin(), intent.write.whole.end(), [&](const auto& f) {
                        return f.first == rule->native[side] && !f.second.blank;
                      });
    if (!sent) continue;
    lost.push_back(name);
    c_.store.add_history({intent.run, c_.now(), side, "update", intent.write.target->id, pair.id, name, value,
                          FieldValue::cleared(),
                          "the row was replaced, and CTM did not take the value back"});
  }
  return lost;
}

void Settler::settle_tags(Intent& intent, const Receipt& receipt) {
  const Side side = intent.side, from = other(side);
  PairState pair = *c_.store.pair(intent.pair);
  pair.dirty = true;
  TagSet shown;
  for (const Evidence& e : receipt.shown) {
    if (e.source.kind == SourceKind::record) {
      shown = canonical_tags(e.tags);
      continue;
    }
    auto source = c_.store.source(side, e.source);
    if (!source) continue;
    FieldMap before = source->shown;
    before["tags"] = FieldValue::of(joined_tags(source->tags));
    keep_first(before, *source, c_.even_ms());
    source->before = std::move(before);
    source->tags = e.tags;
    source->hash = {};  // a listing that shows what stood before: lag now, and somebody's edit afterwards
    source->lag_until_ms = c_.even_ms() + c_.can(side).index_lag_ms;
    c_.store.put_source(*source);
  }
  if (c_.can(side).tags_on_activities) {
    observer_.show_tags(pair, side);
    shown = pair.seen_tags[side].value_or(TagSet{});
  }
  TagSet base = pair.base_tags[side].value_or(TagSet{}), base_from = pair.base_tags[from].value_or(TagSet{});
  for (const auto& tag : intent.tags) {
    if (intent.write.kind == WriteKind::tag_add) {
      if (shown.count(tag) != 0) base.insert(tag);  // else the server dropped it: no loop
      base_from.insert(tag);
    } else {
      if (shown.count(tag) == 0) base.erase(tag);
      base_from.erase(tag);
    }
  }
  pair.base_tags[side] = std::move(base);
  pair.base_tags[from] = std::move(base_from);
  release(pair, side, "tags");
  pair.tags_answers =
      answers_with(intent, pair.tags_answers, pair.tags_changed_by, pair.tags_changed_at_ms, c_.now());
  ++pair.tags_version;
  pair.tags_changed_by = intent.changed_by;
  pair.tags_changed_at_ms = c_.now();
  c_.store.put_pair(pair);
  for (const Evidence& e : receipt.shown)
    if (e.source.kind == SourceKind::record) observer_.stage(side, e);
  write_history(intent, intent.write.record.text);
  close(intent);
}

void Settler::settle_removed(const Intent& intent) {
  const SourceRef gone =
      intent.write.target.value_or(SourceRef{SourceKind::record, intent.write.record.text});
  c_.store.drop_source(intent.side, gone);
  c_.store.drop_suspect(intent.side, gone);
  PairState pair = *c_.store.pair(intent.pair);
  const bool forgets = pair.resolutions.count(Resolution::kForget) != 0;
  if (pair.deleted_ms[other(intent.side)] != 0 && !forgets)
    for (const auto& [name, field] : pair.fields)  // what went with it (P16)
      if (field.seen[intent.side].is_value() && name != "phone")
        c_.store.add_history({intent.run, c_.now(), intent.side, std::string(to_text(intent.write.kind)),
                              intent.write.target ? intent.write.target->id : intent.write.record.text,
                              pair.id, name, field.seen[intent.side], FieldValue::cleared(),
                              "went with the record"});
  if (pair.deleted_ms[other(intent.side)] != 0 || forgets) {
    pair.deleted_ms[intent.side] = c_.now();
    pair.made_by_us[intent.side] = false;
    pair.dirty = true;
    c_.store.put_pair(pair);
  }
  write_history(intent, intent.write.target ? intent.write.target->id : intent.write.record.text);
  close(intent);
}
}  // namespace tandem
