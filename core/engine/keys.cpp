// A number is a key (P39): whose it is, when it moves, and what the pair knows of its new one.
#include <algorithm>

#include "core/engine/linking.h"
#include "core/engine/observe.h"
#include "core/engine/settle.h"
#include "core/merge/fold.h"

namespace tandem {
void adopt_key(Context& c, Observer& observer, PairState& pair, Side side, const RecordId& key) {
  std::vector<Identity> all = c.store.identities(pair.id);
  for (auto& identity : all)
    if (identity.side == side && identity.kind == Identity::Kind::id)
      identity.alias = identity.value != key.text;
  c.store.set_identities(pair.id, all);
  pair.record[side] = key;
  pair.fold[side].clear();
  // What the new key shows has never agreed with this contact: a first meeting.
  for (auto& [name, field] : pair.fields) {
    if (name == "phone") {
      field.base = {FieldValue::of(key.text), FieldValue::of(key.text)};
      field.seen[side] = FieldValue::of(key.text);
      continue;
    }
    field.base = {};
    field.seen[side] = {};
    field.unconfirmed[side] = false;
  }
  std::vector<SourceRow> sources = c.store.sources_of(side, key);
  std::reverse(sources.begin(), sources.end());
  for (const auto& source : sources) {
    Reading reading;
    reading.kind = source.ref.kind;
    reading.at_ms = source.ref.kind == SourceKind::activity ? source.at_ms : c.high_water_ms[side];
    reading.shown = source.shown;
    reading.caller_id_name = source.caller_id_name;
    reading.now_ms = c.even_ms();
    reading.high_water_ms = c.high_water_ms[side];
    pair.fold[side] = fold(pair.fold[side], nullptr, reading).fold;
  }
  observer.show_fold(pair, side, 0);
  pair.dirty = true;
}

namespace {
// A number that the pair's other side says now and that is not the pair's key.
struct WantedKey {
  Side keyed = Side::ctm;
  RecordId key;
  std::optional<PairId> owner;
};

std::optional<WantedKey> wanted_key(Context& c, const PairState& pair) {
  if (pair.status != PairStatus::linked) return std::nullopt;
  const auto phone = pair.fields.find("phone");
  if (phone == pair.fields.end()) return std::nullopt;
  for (const Side keyed : kSides) {
    if (!c.can(keyed).keyed_by_phone) continue;
    const Side source = other(keyed);
    const FieldValue& now = phone->second.seen[source];
    if (!now.is_value() || now.text() == pair.record[keyed].text || phone->second.base[source] == now)
      continue;
    return WantedKey{keyed, {now.text()}, c.store.pair_of(keyed, {now.text()})};
  }
  return std::nullopt;
}

bool shows_phone(const PairState& pair, Side side, const std::string& number) {
  const auto phone = pair.fields.find("phone");
  return phone != pair.fields.end() && phone->second.seen[side].text() == number;
}

void exchange_keys(Context& c, Observer& observer, Side keyed, PairState& pair, PairState& owner) {
  const RecordId ours = pair.record[keyed], theirs = owner.record[keyed];
  const PairState before_pair = pair, before_owner = owner;
  auto mine = c.store.identities(pair.id), others = c.store.identities(owner.id);
  const auto moves = [&](const Identity& i) {
    return i.side == keyed && (i.value == ours.text || i.value == theirs.text);
  };
  std::erase_if(mine, moves);
  std::erase_if(others, moves);
  for (const auto kind : {Identity::Kind::id, Identity::Kind::phone}) {
    mine.push_back({kind, keyed, theirs.text, false});
    others.push_back({kind, keyed, ours.text, false});
  }
  c.store.set_identities(owner.id, others);
  c.store.set_identities(pair.id, mine);
  const auto take = [&](PairState& taker, const PairState& giver, const RecordId& key) {
    adopt_key(c, observer, taker, keyed, key);
    taker.made_by_us[keyed] = giver.made_by_us[keyed];
    for (auto& [name, field] : taker.fields) {
      const auto was = giver.fields.find(name);
      if (name == "phone" || was == giver.fields.end()) continue;
      const FieldValue& sent = was->second.base[keyed];
      const FieldValue& shown = field.seen[keyed].is_observed() ? field.seen[keyed] : sent;
      // Unedited there since it agreed with its former contact: the phone edit decides whose it is, and
      // what this contact says, a blank included, is newer.
      if (shown.is_value() && shown == sent) field.base = {shown, shown};
    }
    observer.show_tags(taker, keyed);
    c.store.put_pair(taker);
  };
  take(pair, before_owner, theirs);
  take(owner, before_pair, ours);
}
}  // namespace

KeyOwner key_owner(Context& c, const PairState& pair) {
  const auto wanted = wanted_key(c, pair);
  if (wanted && c.replicas[wanted->keyed]->own_numbers().count(wanted->key.text) != 0)
    return KeyOwner::nobody;
  if (!wanted || !wanted->owner) return KeyOwner::free;
  if (*wanted->owner != pair.id) return KeyOwner::taken;
  return c.store.sources_of(wanted->keyed, wanted->key).empty() ? KeyOwner::free : KeyOwner::own_alias;
}

bool key_is_in_use(Context& c, const PairState& pair) {
  const auto wanted = wanted_key(c, pair);
  return wanted && wanted->owner && *wanted->owner != pair.id &&
         (c.open.count(*wanted->owner) != 0 || c.open.count(pair.id) != 0);
}

bool move_key(Context& c, Observer& observer, PairState& pair) {
  const auto wanted = wanted_key(c, pair);
  if (!wanted || !wanted->owner || *wanted->owner == pair.id) return false;
  const Side keyed = wanted->keyed, source = other(keyed);
  PairState owner = *c.store.pair(*wanted->owner);
  if (owner.status != PairStatus::linked || shows_phone(owner, source, wanted->key.text)) return false;
  if (owner.record[keyed] != wanted->key) {  // only an alias there: it follows the contact that shows it now
    auto identities = c.store.identities(pair.id);
    identities.push_back({Identity::Kind::id, keyed, wanted->key.text, true});
    c.store.set_identities(pair.id, identities);
    return true;
  }
  // Both moved away from their keys: an exchange, if the owner wants exactly ours.
  if (!shows_phone(owner, source, pair.record[keyed].text)) return false;
  exchange_keys(c, observer, keyed, pair, owner);
  return true;
}
}  // namespace tandem
