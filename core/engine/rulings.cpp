#include "core/engine/rulings.h"

#include <algorithm>

#include <fmt/format.h>

#include "core/engine/linking.h"
#include "core/engine/observe.h"
#include "core/engine/settle.h"

namespace tandem {
namespace {
class Rule {
 public:
  Rule(Context& context, Observer& observer, const Ruling& ruling)
      : c_(context), observer_(observer), ruling_(ruling) {}

  // False: not now.
  bool apply() {
    const auto ctm = c_.store.pair_of(Side::ctm, ruling_.ctm);
    const auto highlevel = c_.store.pair_of(Side::highlevel, ruling_.highlevel);
    for (const auto& id : {ctm, highlevel})
      if (id && c_.open.count(*id) != 0) return false;
    if (ruling_.kind != Ruling::Kind::link) {
      if (ctm && highlevel && *ctm == *highlevel) part(*ctm);
      return true;
    }
    if (!ctm || !highlevel) return false;
    if (*ctm == *highlevel)
      keep_together(*ctm);
    else
      link(*ctm, *highlevel);
    return true;
  }

 private:
  [[nodiscard]] RecordId record(Side s) const { return s == Side::ctm ? ruling_.ctm : ruling_.highlevel; }

  void keep_together(PairId id) {
    PairState pair = *c_.store.pair(id);
    for (const Side s : kSides)
      if (c_.can(s).keyed_by_phone && pair.record[s] != record(s))
        adopt_key(c_, observer_, pair, s, record(s));
    awake(pair, status_by_records(pair), "linked by a person");
    c_.store.put_pair(pair);
  }

  void link(PairId ctm, PairId highlevel) {
    const PairId of_ctm = alone(ctm, Side::ctm), of_highlevel = alone(highlevel, Side::highlevel);
    Matches found;
    found.links.push_back({of_ctm, of_highlevel, kByPerson, "linked by a person"});
    apply_matches(c_, observer_, found);
  }

  // The pair of the record by itself, without a partner and without those whose alias it was.
  PairId alone(PairId id, Side side) {
    PairState pair = *c_.store.pair(id);
    PairState own = pair;
    if (pair.record[side] != record(side)) {
      own = split_off(pair, side);
    } else if (!pair.record[other(side)].text.empty()) {
      own = split_off(pair, side);
      awake(pair, only(other(side)), "its partner was linked to another record by a person");
      c_.store.put_pair(pair);
    }
    awake(own, only(side), "linked by a person");
    c_.store.put_pair(own);
    return own.id;
  }

  void part(PairId id) {
    PairState pair = *c_.store.pair(id);
    const Side side = pair.record.highlevel == ruling_.highlevel ? Side::highlevel : Side::ctm;
    PairState gone = split_off(pair, side);
    const bool unlinks = ruling_.kind == Ruling::Kind::unlink;
    const std::string reason = unlinks ? "unlinked by a person: left as it is until a person links it again"
                                       : "kept apart by a person";
    for (PairState* half : {&pair, &gone}) {
      awake(*half, unlinks ? PairStatus::ignored : status_by_records(*half), reason);
      half->left_alone = unlinks;
      half->dirty = !unlinks;
      c_.store.put_pair(*half);
      for (const Side s : kSides)
        if (!half->record[s].text.empty())
          c_.store.add_history(
              {c_.report.run, c_.now(), s, "unlink", half->record[s].text, half->id, "", {}, {}, reason});
    }
  }

  void awake(PairState& pair, PairStatus status, const std::string& reason) const {
    pair.status = status;
    pair.reason = reason;
    pair.since_ms = c_.now();
    pair.left_alone = false;
    pair.deleted_ms = {};
    pair.dead_mark_ms = 0;
    pair.dirty = true;
  }

  PairState split_off(PairState& pair, Side side) {
    return tandem::split_off(c_, observer_, pair, side, record(side));
  }

  static constexpr int kByPerson = 1000;  // above every score of the matching

  Context& c_;
  Observer& observer_;
  const Ruling& ruling_;
};
}  // namespace

void apply_rulings(Context& c, Observer& observer) {
  for (const Ruling& ruling : c.store.new_rulings())
    c.store.transact([&] {
      if (Rule(c, observer, ruling).apply()) c.store.close_ruling(ruling.id);
    });
}
}  // namespace tandem
