#include "core/engine/observe.h"

#include <algorithm>

#include <fmt/format.h>
#include <xxhash.h>

#include "core/merge/fold.h"
#include "core/model/phone.h"

namespace tandem {
// A surface that shows the whole name only was edited: the halves that another one showed are older.
void drop_outdated_halves(const Context& c, Side side, FoldResult& folded) {
  const auto edited = [&](std::string_view native) {
    return std::find(folded.edited.begin(), folded.edited.end(), native) != folded.edited.end();
  };
  if (!c.can(side).joined_name || !edited("name")) return;
  for (const char* half : {"first_name", "last_name"}) {
    const FieldRule* rule = c.policy.mapping.find(half);
    if (rule != nullptr && !edited(rule->native[side])) folded.fold.erase(rule->native[side]);
  }
}

std::string meta_key(std::string_view what, Side side) { return fmt::format("{}.{}", what, to_text(side)); }

std::uint64_t id_hash(std::string_view id) { return XXH3_64bits(id.data(), id.size()); }

FieldMap known_names(const PairState& pair, Side side, const FieldMap& over) {
  FieldMap known;
  for (const char* name : {"first_name", "last_name"}) {
    if (const auto it = pair.fields.find(name); it != pair.fields.end()) {
      const FieldValue& base = it->second.base[side];
      known[name] = base.is_observed() ? base : it->second.seen[side];
    }
    if (const auto it = over.find(name); it != over.end()) known[name] = it->second;
  }
  return known;
}

std::string joined_tags(const std::vector<std::string>& tags) {
  std::string text;
  for (const auto& tag : canonical_tags(tags)) text += tag + '\n';
  return text;
}

// Of a record that is known: nothing of what is mapped differs from what was seen of it.
bool Observer::shows_as_seen(Side side, const Evidence& e) {
  const auto id = c_.store.pair_of(side, RecordId{e.source.id});
  if (!id) return false;
  const PairState pair = *c_.store.pair(*id);
  const FieldMap canonical =
      c_.policy.mapping.project(side, c_.policy.mapping.normalise(side, e.fields), known_names(pair, side));
  const bool fields_as_seen = std::all_of(canonical.begin(), canonical.end(), [&](const auto& entry) {
    const auto it = pair.fields.find(entry.first);
    const FieldValue& seen = it == pair.fields.end() ? FieldValue() : it->second.seen[side];
    return !entry.second.is_observed() || seen == entry.second;
  });
  return fields_as_seen && (!e.shows_tags || pair.seen_tags[side] == canonical_tags(e.tags));
}

bool Observer::read(Side side, ReadKind kind, bool reread) {
  Replica& replica = *c_.replicas[side];
  const std::string key = meta_key("cursor", side);
  std::string cursor = kind == ReadKind::full ? "" : c_.store.meta(key).value_or("");
  const std::string kept = cursor;
  std::vector<std::uint64_t> met;  // hashes of the ids of rows and records, for what is missing afterwards
  std::vector<SourceKind> completed;
  while (true) {
    if (c_.hooks.stop_requested()) return false;
    auto page = replica.read_page(kind, cursor);
    if (!page) {
      c_.trouble(side, page.error());
      return false;
    }
    c_.high_water_ms[side] = std::max(c_.high_water_ms[side], page->high_water_ms);
    std::vector<const Evidence*> differing;
    for (const auto& evidence : page->evidence) {
      ++c_.report.read[side];
      if (evidence.source.kind != SourceKind::activity) met.push_back(id_hash(evidence.source.id));
      const bool as_before = c_.store.source_hash(side, evidence.source) == evidence.hash;
      const bool again =
          reread && !(evidence.source.kind == SourceKind::record && shows_as_seen(side, evidence));
      if (!as_before || again) differing.push_back(&evidence);
    }
    completed.insert(completed.end(), page->completed.begin(), page->completed.end());
    if (!differing.empty() && !stage_page(side, differing)) return false;
    c_.hooks.advanced();
    const bool more = page->more;
    if (more && page->next == cursor) {
      c_.trouble(side, fail(Fault::malformed, "a listing repeats the same page; the cursor stays").value());
      return false;
    }
    cursor = std::move(page->next);
    if (!more) break;
  }
  if (cursor != kept && cursor != c_.store.meta(key).value_or(""))
    c_.store.transact([&] { c_.store.set_meta(key, cursor); });
  std::sort(met.begin(), met.end());
  for (const SourceKind listed : completed)
    if (listed != SourceKind::activity) missing_from(side, met);
  if (kind == ReadKind::full && c_.store.meta(meta_key("listed", side)) != "yes")
    c_.store.transact([&] { c_.store.set_meta(meta_key("listed", side), "yes"); });
  return !c_.can(side).has_records || prove_deletions(side);
}

bool Observer::stage_page(Side side, const std::vector<const Evidence*>& differing) {
  // A listing may lag: what it says of a record we know is a hint, the direct read is the observation.
  std::vector<FetchRequest> requests;
  std::vector<const Evidence*> hints;
  if (c_.can(side).has_records) {
    for (const Evidence* e : differing) {
      if (!c_.store.pair_of(side, RecordId{e->source.id})) continue;
      requests.push_back({RecordId{e->source.id}, {}});
      hints.push_back(e);
    }
  }
  std::vector<Result<std::vector<Evidence>>> fresh;
  if (!requests.empty()) fresh = c_.replicas[side]->fetch(requests);
  bool complete = true;
  c_.store.transact([&] {
    std::size_t hint = 0;
    for (const Evidence* e : differing) {
      if (hint < hints.size() && hints[hint] == e) {
        auto& answer = fresh[hint++];
        if (!answer) {
          if (answer.error().fault == Fault::gone) {
            suspect_gone(side, RecordId{e->source.id});
          } else {
            c_.trouble(side, answer.error());
            complete = false;
          }
          continue;
        }
        for (const Evidence& now : *answer) {
          const auto before = c_.store.source(side, e->source);
          if (stage(side, now).changed) ++c_.report.changed[side];
          pass_over_from_now_on(side, *e, before);
        }
        continue;
      }
      if (stage(side, *e).changed) ++c_.report.changed[side];
    }
  });
  return complete;
}

// So that the same listing row costs nothing next time, though the direct reading looks otherwise. Not while
// it may lag: a row from before the record's last change may come true again.
void Observer::pass_over_from_now_on(Side side, const Evidence& row, const std::optional<SourceRow>& before) {
  auto source = c_.store.source(side, row.source);
  if (!source || source->hash == row.hash) return;
  const bool has_lagged = before && before->lag_until_ms != 0 && before->lag_until_ms <= c_.even_ms();
  source->hash = has_lagged ? row.hash : WireHash{};
  if (!has_lagged)
    source->lag_until_ms =
        before && before->lag_until_ms != 0 ? before->lag_until_ms : c_.even_ms() + c_.can(side).index_lag_ms;
  c_.store.put_source(*source);
}

Reading Observer::reading_of(Side side, const Evidence& e) const {
  Reading r;
  r.kind = e.source.kind;
  r.at_ms = e.source.kind == SourceKind::activity ? e.at_ms : c_.high_water_ms[side];
  r.shown = c_.policy.mapping.normalise(side, e.fields);
  r.caller_id_name = e.caller_id_name;
  r.redacted = e.redacted;
  r.now_ms = c_.even_ms();
  r.high_water_ms = std::max(c_.high_water_ms[side], e.at_ms);
  return r;
}

// Somebody who was forgotten is not taken in again, by whatever is known of them.
bool Observer::is_erased(Side side, const Evidence& e) {
  if (!c_.store.has_erased()) return false;
  if (e.source.kind == SourceKind::record && c_.store.pair_of(side, RecordId{e.source.id})) return false;
  const auto known = [&](Identity::Kind kind, const std::string& value) {
    return c_.store.is_erased(kind, value);
  };
  const auto phone = [&](const std::string& raw) {
    const Phone parsed = parse_phone(raw, c_.policy.mapping.default_country());
    return parsed.kind == PhoneKind::number &&
           (known(Identity::Kind::id, parsed.e164) || known(Identity::Kind::phone, parsed.e164));
  };
  if (known(Identity::Kind::id, e.person) || phone(e.person)) return true;
  const FieldMap shown = c_.policy.mapping.project(side, c_.policy.mapping.normalise(side, e.fields), {});
  return phone(value_of(shown, "phone").text()) ||
         known(Identity::Kind::email, value_of(shown, "email").text());
}

Staged Observer::stage(Side side, const Evidence& e, bool direct) {
  if (is_erased(side, e)) {
    if (e.source.kind == SourceKind::record) return {};  // of its id, too, only a digest is kept
    SourceRow row;                                       // by its hash alone, so that it is passed over
    row.side = side;
    row.ref = e.source;
    row.hash = e.hash;
    c_.store.put_source(row);
    return {};
  }
  return e.source.kind == SourceKind::record ? stage_record(side, e) : stage_source(side, e, direct);
}

bool Observer::show(PairState& pair, Side side, const FieldMap& canonical, std::int64_t edited_at_ms) {
  bool changed = false;
  for (const auto& [name, value] : canonical) {
    if (!value.is_observed()) continue;
    PairField& field = pair.fields[name];
    if (field.seen[side] == value) continue;
    field.seen[side] = value;
    field.edited_at_ms[side] = edited_at_ms;
    changed = true;
  }
  return changed;
}

void Observer::identify(PairState& pair, Side side, const Evidence& e) {
  const std::vector<Identity> before = c_.store.identities(pair.id);
  std::vector<Identity> all;
  for (const auto& identity : before)
    if (identity.side != side || identity.kind == Identity::Kind::id) all.push_back(identity);
  const auto add = [&](Identity::Kind kind, const std::string& value, bool alias) {
    if (value.empty()) return;
    for (const auto& have : all)
      if (have.kind == kind && have.side == side && have.value == value) return;
    all.push_back({kind, side, value, alias});
  };
  add(Identity::Kind::id, pair.record[side].text, false);
  const std::string& country = c_.policy.mapping.default_country();
  const auto& own = c_.replicas[Side::ctm]->own_numbers();
  const auto phone = [&](const std::string& raw, bool alias) {
    const Phone parsed = parse_phone(raw, country, own);
    if (parsed.kind == PhoneKind::number) add(Identity::Kind::phone, parsed.e164, alias);
  };
  if (const auto it = pair.fields.find("phone"); it != pair.fields.end())
    phone(it->second.seen[side].text(), false);
  for (const auto& more : e.more_phones) phone(more, true);
  if (const auto it = pair.fields.find("email"); it != pair.fields.end())
    add(Identity::Kind::email, it->second.seen[side].text(), false);
  for (const auto& more : e.more_emails) add(Identity::Kind::email, canonical_email(more), true);
  c_.store.set_identities(pair.id, all);
  for (const auto& identity : all)
    if (std::find(before.begin(), before.end(), identity) == before.end()) wake_those_with(identity, pair.id);
}

Staged Observer::stage_record(Side side, const Evidence& e) {
  const RecordId id{e.source.id};
  PairState pair;
  bool changed = false;
  if (const auto known = c_.store.pair_of(side, id)) {
    pair = *c_.store.pair(*known);
  } else {
    pair.status = only(side);
    pair.record[side] = id;
    pair.reason = "new";
    pair.since_ms = c_.now();
    changed = true;
  }
  if (c_.store.suspect(side, e.source)) {
    c_.store.drop_suspect(side, e.source);
    changed = true;
  }
  bool alias = pair.record[side] != id;
  if (alias && pair.status == only(other(side)) && pair.record[side].text.empty()) {
    pair.record[side] = id;  // its deletion was agreed, and here it is again: restored
    pair.status = PairStatus::linked;
    pair.reason = "seen again";
    pair.since_ms = c_.now();
    pair.deleted_ms[side] = 0;
    changed = true;
    alias = false;
  }
  SourceRow row;
  row.side = side;
  row.ref = e.source;
  row.person = id;
  row.at_ms = e.at_ms;
  row.hash = e.hash;
  c_.store.put_source(row);
  if (alias) return {pair.id, false};  // merged away or never-link: kept, not followed

  const FieldMap native = c_.policy.mapping.normalise(side, e.fields);
  const FieldMap canonical = c_.policy.mapping.project(side, native, known_names(pair, side));
  changed = show(pair, side, canonical, e.at_ms) || changed;
  if (e.shows_tags) {
    TagSet tags = canonical_tags(e.tags);
    if (pair.seen_tags[side] != tags) {
      pair.seen_tags[side] = std::move(tags);
      changed = true;
    }
  }
  // It is back: a restore, or a wrong "not found". What only outlived the other side brings nothing back
  // (P15).
  if (pair.deleted_ms[side] != 0 ||
      (pair.status == PairStatus::tombstone && pair.deleted_ms[other(side)] == 0)) {
    const bool other_is_gone = pair.deleted_ms[other(side)] != 0 && c_.can(other(side)).has_records;
    pair.deleted_ms = {};
    pair.dead_mark_ms = 0;
    if (other_is_gone) lose_side(pair, other(side), "seen again");
    pair.status = status_by_records(pair);
    pair.reason = "seen again";
    pair.since_ms = c_.now();
    changed = true;
  }
  const bool own = parse_phone(value_of(canonical, "phone").text(), c_.policy.mapping.default_country(),
                               c_.replicas[Side::ctm]->own_numbers())
                       .kind == PhoneKind::nobody;
  if (pair.status == only(side) && own && value_of(canonical, "phone").is_value()) {
    pair.status = PairStatus::ignored;
    pair.reason = "its phone is nobody's: one of the account's own numbers, or a placeholder";
    pair.since_ms = c_.now();
  } else if (pair.status == PairStatus::ignored && !own && !pair.left_alone &&
             pair.record[other(side)].text.empty()) {
    pair.status = only(side);
    pair.reason = "its phone is a person's now";
    pair.since_ms = c_.now();
    wake_neighbours(pair);
  }
  if (changed) pair.dirty = true;
  if (changed) c_.store.put_pair(pair);
  identify(pair, side, e);
  return {pair.id, changed};
}

// Whoever waits for a partner with that phone or e-mail is looked at again.
void Observer::wake_those_with(const Identity& identity, PairId except) {
  if (identity.kind == Identity::Kind::id) return;
  for (const PairId near : c_.store.pairs_with(identity.kind, identity.value))
    if (near != except) c_.store.set_dirty(near, true);
}

// Who was held because of it is looked at again.
void Observer::wake_neighbours(const PairState& pair) {
  for (const auto& identity : c_.store.identities(pair.id)) wake_those_with(identity, pair.id);
}
}  // namespace tandem
