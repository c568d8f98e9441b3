#include "core/engine/linking.h"

#include <algorithm>
#include <deque>
#include <set>

#include <fmt/format.h>

#include "core/engine/observe.h"
#include "core/engine/settle.h"
#include "core/model/normalise.h"
#include "core/tuning.h"

namespace tandem {
namespace {
constexpr int kPage = 500;

Candidate candidate_of(Context& c, const PairState& pair, Side side) {
  Candidate out;
  out.pair = pair.id;
  out.record = pair.record[side];
  out.linked = pair.status == PairStatus::linked;
  const auto text = [&](const char* name) {
    const auto it = pair.fields.find(name);
    return it == pair.fields.end() ? std::string() : it->second.seen[side].text();
  };
  out.first_name = text("first_name");
  out.last_name = text("last_name");
  if (const auto it = pair.fields.find("first_name"); it != pair.fields.end())
    out.name_unconfirmed = it->second.unconfirmed[side];
  std::vector<std::string> more;
  for (const auto& identity : c.store.identities(pair.id)) {
    if (identity.side != side || identity.kind == Identity::Kind::id) continue;
    if (identity.kind == Identity::Kind::email)
      out.emails.push_back(identity.value);
    else
      (identity.alias ? more : out.phones).push_back(identity.value);
  }
  out.primary_phones = out.phones.size();
  out.phones.insert(out.phones.end(), more.begin(), more.end());
  return out;
}

// Everybody who shares a phone or e-mail with `start`, transitively through unlinked people.
std::vector<PairState> group_of(Context& c, PairId start) {
  std::set<PairId> met{start};
  std::deque<PairId> todo{start};
  std::vector<PairState> group;
  while (!todo.empty() && group.size() <= static_cast<std::size_t>(tuning::kMatchGroupMax)) {
    const PairId id = todo.front();
    todo.pop_front();
    auto pair = c.store.pair(id);
    if (!pair || pair->status == PairStatus::ignored || pair->status == PairStatus::tombstone) continue;
    const bool linked = pair->status == PairStatus::linked;
    group.push_back(std::move(*pair));
    if (linked) continue;
    for (const auto& identity : c.store.identities(id)) {
      if (identity.kind == Identity::Kind::id) continue;
      for (const PairId near : c.store.pairs_with(identity.kind, identity.value))
        if (met.insert(near).second) todo.push_back(near);
    }
  }
  std::sort(group.begin(), group.end(), [](const PairState& a, const PairState& b) { return a.id < b.id; });
  return group;
}

void set_status(Context& c, PairId id, PairStatus status, const std::string& reason,
                bool left_alone = false) {
  PairState pair = *c.store.pair(id);
  if (pair.status == PairStatus::linked) return;
  if (pair.status != status || pair.reason != reason) {
    pair.since_ms = c.now();
    pair.status = status;
    pair.reason = reason;
  }
  pair.left_alone = left_alone;
  pair.dirty = status == PairStatus::ctm_only || status == PairStatus::highlevel_only;
  c.store.put_pair(pair);
}

PairState join(Context& c, PairId into_id, PairId from_id) {
  PairState into = *c.store.pair(into_id);
  const PairState from = *c.store.pair(from_id);
  c.store.join_pairs(into_id, from_id);
  for (const Side s : kSides) {
    if (!into.record[s].text.empty() || from.record[s].text.empty()) continue;
    into.record[s] = from.record[s];
    into.seen_tags[s] = from.seen_tags[s];
    into.fold[s] = from.fold[s];
    into.made_by_us[s] = from.made_by_us[s];
    for (const auto& [name, field] : from.fields) {
      PairField& mine = into.fields[name];
      mine.seen[s] = field.seen[s];
      mine.edited_at_ms[s] = field.edited_at_ms[s];
      mine.unconfirmed[s] = field.unconfirmed[s];
    }
  }
  into.dirty = true;
  return into;
}

// How CTM splits a name that it shows whole is our guess; where the other side has the same words, its
// split stands.
void take_split(const Context& c, PairState& pair) {
  for (const Side s : kSides) {
    const auto first = pair.fields.find("first_name"), last = pair.fields.find("last_name");
    if (!c.can(s).joined_name || first == pair.fields.end() || last == pair.fields.end()) continue;
    FieldValue &our_first = first->second.seen[s], &our_last = last->second.seen[s];
    const SplitName theirs{first->second.seen[other(s)].text(), last->second.seen[other(s)].text()};
    const std::string ours = join_name(our_first.text(), our_last.text()),
                      whole = join_name(theirs.first, theirs.last);
    if (ours.size() != whole.size() || (ours != whole && !differs_in_case_only(ours, whole))) continue;
    const std::size_t cut = theirs.first.size();
    const bool at_blank = cut == 0 || cut == ours.size() || ours[cut] == ' ';
    if (!at_blank) continue;
    our_first = FieldValue::of(ours.substr(0, cut));
    our_last = FieldValue::of(cut == ours.size() ? "" : ours.substr(cut == 0 ? 0 : cut + 1));
  }
}

Apart kept_apart(Context& c, const std::vector<Candidate>& ctm, const std::vector<Candidate>& highlevel) {
  Apart apart;
  for (const auto& one : ctm)
    for (const auto& two : highlevel)
      if (c.store.kept_apart(one.record, two.record)) apart.emplace(one.pair, two.pair);
  return apart;
}

bool linked_by_person(Context& c, const PairState& pair, Side keyed, const std::string& key) {
  const RecordId number{key}, record = pair.record[other(keyed)];
  return keyed == Side::ctm ? c.store.kept_together(number, record) : c.store.kept_together(record, number);
}

// Its number is another contact's key at the other side, because a person said so.
std::optional<PairId> owner_by_ruling(Context& c, const PairState& pair, Side side) {
  if (!c.can(other(side)).keyed_by_phone) return std::nullopt;
  for (const auto& identity : c.store.identities(pair.id)) {
    if (identity.side != side || identity.kind != Identity::Kind::phone) continue;
    const auto owner = c.store.pair_of(other(side), {identity.value});
    if (owner && *owner != pair.id && linked_by_person(c, *c.store.pair(*owner), other(side), identity.value))
      return owner;
  }
  return std::nullopt;
}

// A person who is out of scope has the phone or e-mail: a create would meet that record, or bring it back
// (P22).
std::optional<PairId> out_of_scope_twin(Context& c, const PairState& pair, Side side) {
  for (const auto& identity : c.store.identities(pair.id)) {
    if (identity.kind == Identity::Kind::id) continue;
    for (const PairId near : c.store.pairs_with(identity.kind, identity.value)) {
      if (near == pair.id) continue;
      const PairState twin = *c.store.pair(near);
      if (twin.status != PairStatus::ignored || twin.record[other(side)].text.empty()) continue;
      if (has_identity(c.store.identities(near), other(side), identity.kind, identity.value)) return near;
    }
  }
  return std::nullopt;
}
}  // namespace

std::int64_t apply_matches(Context& c, Observer& observer, const Matches& found) {
  std::int64_t linked = 0;
  for (const auto& link : found.links) {
    const PairId into = std::min(link.ctm, link.highlevel), from = std::max(link.ctm, link.highlevel);
    std::vector<Identity> own = c.store.identities(into);
    for (auto& identity : c.store.identities(from)) own.push_back(std::move(identity));
    PairState pair = join(c, into, from);
    pair.status = PairStatus::linked;
    pair.reason = fmt::format("{} ({})", link.reason, link.score);
    pair.since_ms = c.now();
    // Joining makes aliases of all that follows; what was a record's own key before is one still.
    auto identities = c.store.identities(into);
    for (auto& identity : identities) {
      if (identity.kind == Identity::Kind::id)
        identity.alias = identity.value != pair.record[identity.side].text;
      else if (std::find(own.begin(), own.end(),
                         Identity{identity.kind, identity.side, identity.value, false}) != own.end())
        identity.alias = false;
    }
    c.store.set_identities(into, identities);
    take_split(c, pair);
    for (const Side s : kSides)
      if (!c.can(s).has_records) observer.show_tags(pair, s);
    c.store.put_pair(pair);
    c.store.add_history(
        {c.report.run, c.now(), Side::ctm, "link", pair.record.ctm.text, into, "", {}, {}, pair.reason});
    ++linked;
  }
  for (const auto& alias : found.aliases) {
    PairState pair = *c.store.pair(alias.of);
    const PairState joined = *c.store.pair(alias.alias);
    c.store.join_pairs(alias.of, alias.alias);
    for (const Side s : kSides)
      if (!c.can(s).has_records) observer.show_tags(pair, s);
    pair.dirty = true;
    c.store.put_pair(pair);
    c.store.add_history({c.report.run,
                         c.now(),
                         Side::ctm,
                         "alias",
                         joined.record.ctm.text,
                         alias.of,
                         "",
                         {},
                         {},
                         alias.reason});
    ++linked;
  }
  for (const auto& hold : found.holds)
    for (const PairId id : hold.pairs) set_status(c, id, PairStatus::held, hold.reason, hold.by_person);
  for (const PairId id : found.alone) {
    const auto pair = c.store.pair(id);
    if (!pair || pair->status == PairStatus::linked) continue;
    const Side side = pair->record.ctm.text.empty() ? Side::highlevel : Side::ctm;
    if (pair->status == PairStatus::held || pair->reason == "new")
      set_status(c, id, only(side), "nobody with this phone or e-mail on the other side");
    if (const auto owner = owner_by_ruling(c, *pair, side))
      set_status(c, id, PairStatus::held,
                 fmt::format("a person linked its number to the contact of pair {}", owner->row));
    else if (const auto twin = out_of_scope_twin(c, *pair, side))
      set_status(c, id, PairStatus::held,
                 fmt::format("its phone or e-mail belongs to pair {}, which is out of scope: {}", twin->row,
                             c.store.pair(*twin)->reason));
  }
  return linked;
}

PairState split_off(Context& c, Observer& observer, PairState& pair, Side side, const RecordId& id) {
  const bool primary = pair.record[side] == id;
  PairState out;
  out.status = only(side);
  out.record[side] = id;
  out.since_ms = c.now();
  std::vector<Identity> theirs, ours;
  for (auto& identity : c.store.identities(pair.id)) {
    const bool goes = identity.side == side && (primary || identity.value == id.text);
    (goes ? theirs : ours).push_back(identity);
  }
  if (!primary)
    for (auto& identity : theirs) identity.alias = false;
  if (primary) {
    for (const auto& [name, field] : pair.fields) {
      PairField& mine = out.fields[name];
      mine.seen[side] = field.seen[side];
      mine.edited_at_ms[side] = field.edited_at_ms[side];
      mine.unconfirmed[side] = field.unconfirmed[side];
    }
    out.fold[side] = pair.fold[side];
    out.seen_tags[side] = pair.seen_tags[side];
    out.made_by_us[side] = pair.made_by_us[side];
    forget_side(pair, side);
  }
  add_key_as_phone(c, pair, ours);
  add_key_as_phone(c, out, theirs);
  c.store.set_identities(pair.id, ours);
  c.store.put_pair(pair);
  c.store.put_pair(out);
  c.store.set_identities(out.id, theirs);
  if (!primary && !c.can(side).has_records) {
    adopt_key(c, observer, out, side, id);
    for (auto& [name, field] : out.fields) field.base = {};
  }
  for (PairState* half : {&pair, &out}) {
    if (!c.can(side).has_records) observer.show_tags(*half, side);
    c.store.sync_conflicts(half->id, {}, c.report.run, c.now());
  }
  return out;
}

namespace {
// A create of it may have happened, and has not been seen yet.
bool is_being_made(const Context& c, const PairState& pair) {
  const auto it = c.open.find(pair.id);
  return it != c.open.end() && pair.status != PairStatus::linked &&
         std::any_of(it->second.begin(), it->second.end(),
                     [](const Intent& intent) { return intent.write.kind == WriteKind::create; });
}

// What keeps a number at its keyed side from the contact that shows it now: a pair whose own contact was
// deleted, and here it is made again (P14), or one that had the number before and shows another (P39). The
// number is a person of its own then, whom the contact finds.
void free_keys(Context& c, Observer& observer, PairId id) {
  for (const auto& identity : c.store.identities(id)) {
    if (identity.kind != Identity::Kind::phone) continue;
    const Side source = identity.side, keyed = other(source);
    if (!c.can(keyed).keyed_by_phone) continue;
    const RecordId number{identity.value};
    const auto owner = c.store.pair_of(keyed, number);
    if (!owner || *owner == id) continue;
    PairState pair = *c.store.pair(*owner);
    const bool linked = pair.status == PairStatus::linked;
    if (pair.record[keyed] == number) {
      if (pair.status != PairStatus::tombstone && !(linked && pair.deleted_ms[source] != 0)) continue;
      pair.deleted_ms = {};
      pair.dead_mark_ms = 0;
      observer.lose_side(pair, source, "its contact was deleted; another one has the number now");
      c.store.put_pair(pair);
    } else if (linked && !identity.alias && c.open.count(*owner) == 0 &&
               !linked_by_person(c, pair, keyed, identity.value) &&
               !has_identity(c.store.identities(*owner), source, Identity::Kind::phone, identity.value)) {
      PairState freed = split_off(c, observer, pair, keyed, number);
      freed.reason = "its number was given to another contact";
      freed.dirty = true;
      c.store.put_pair(freed);
    }
  }
}
}  // namespace

std::int64_t link_people(Context& c, Observer& observer) {
  std::int64_t linked = 0;
  std::set<PairId> done;
  PairId after;
  while (true) {
    const auto ids = c.store.work(WorkList::unmatched, after, kPage);
    if (ids.empty()) break;
    c.store.transact([&] {
      for (const PairId id : ids) {
        if (done.count(id) != 0) continue;
        free_keys(c, observer, id);
        const auto group = group_of(c, id);
        if (group.empty()) continue;
        for (const auto& pair : group) done.insert(pair.id);
        if (std::any_of(group.begin(), group.end(), [&](const auto& pair) { return is_being_made(c, pair); }))
          continue;  // what is new in the group may be what the create made: that is found out first
        if (group.size() > static_cast<std::size_t>(tuning::kMatchGroupMax)) {
          Matches many;
          Hold hold{{}, "more people share this phone or e-mail than can be told apart", false};
          for (const auto& pair : group) hold.pairs.push_back(pair.id);
          many.holds.push_back(std::move(hold));
          apply_matches(c, observer, many);
          continue;
        }
        std::vector<Candidate> ctm, highlevel;
        bool any_ctm = false;
        for (const auto& pair : group)
          any_ctm = any_ctm || (pair.status != PairStatus::linked && !pair.record.ctm.text.empty());
        for (const auto& pair : group) {
          const bool linked_pair = pair.status == PairStatus::linked;
          const Side side = linked_pair ? (any_ctm ? Side::highlevel : Side::ctm)
                                        : (pair.record.ctm.text.empty() ? Side::highlevel : Side::ctm);
          (side == Side::ctm ? ctm : highlevel).push_back(candidate_of(c, pair, side));
        }
        linked += apply_matches(c, observer, match(ctm, highlevel, kept_apart(c, ctm, highlevel)));
      }
    });
    c.hooks.advanced();
    after = ids.back();
  }
  return linked;
}
}  // namespace tandem
