// What became of the intents that an earlier cycle left open (crash table).
#include <fmt/format.h>

#include <algorithm>

#include "core/engine/observe.h"
#include "core/engine/settle.h"
#include "core/model/normalise.h"
#include "core/tuning.h"

namespace tandem {
// `found` may be older than now: of a listing that was kept.
std::int64_t Settler::even_time_of(const Found& found) const {
  return c_.even_ms() - std::max<std::int64_t>(0, c_.now() - found.as_of_ms);
}

bool Settler::index_caught_up(const Intent& intent, std::int64_t as_of_ms) const {
  return as_of_ms - c_.can(intent.side).index_lag_ms >= intent.sent_ms;
}

bool Settler::shows_what_was_sent(const Intent& intent, const Evidence& e) const {
  const FieldMap shown = canonical_of(c_, *c_.store.pair(intent.pair), intent.side, e, intent.fields);
  return std::all_of(intent.fields.begin(), intent.fields.end(), [&](const auto& entry) {
    const FieldValue& now = value_of(shown, entry.first);
    // Where the surface would show a value, showing none means that it was not written.
    if (!now.is_observed()) return !entry.second.is_value() || !is_shown_there(intent, entry.first);
    return may_be_ours(now, entry.second, value_of(intent.before, entry.first));
  });
}

bool Settler::shows_none_of_it(const Intent& intent, const Evidence& e) const {
  const FieldMap shown = canonical_of(c_, *c_.store.pair(intent.pair), intent.side, e, intent.fields);
  return std::none_of(intent.fields.begin(), intent.fields.end(),
                      [&](const auto& entry) { return value_of(shown, entry.first).is_observed(); });
}

// At least one field changed to what was sent: it was carried out, whatever people did to the others since.
bool Settler::shows_some_of_it(const Intent& intent, const Evidence& e) const {
  const FieldMap shown = canonical_of(c_, *c_.store.pair(intent.pair), intent.side, e, intent.fields);
  return std::any_of(intent.fields.begin(), intent.fields.end(), [&](const auto& entry) {
    const FieldValue& now = value_of(shown, entry.first);
    const FieldValue& before = value_of(intent.before, entry.first);
    const bool changed = now != before && (now.is_value() || before.is_value());
    return now.is_observed() && changed && may_be_ours(now, entry.second, before);
  });
}

bool Settler::shows_done(const Intent& intent, const std::vector<Evidence>& shown) const {
  if (!intent.tags.empty()) {
    bool any = false;
    TagSet there;
    for (const Evidence& e : shown) {
      any = any || e.shows_tags;
      if (e.shows_tags) there.merge(canonical_tags(e.tags));
    }
    const bool adds = intent.write.kind == WriteKind::tag_add;
    return any && std::all_of(intent.tags.begin(), intent.tags.end(),
                              [&](const std::string& tag) { return there.count(tag) == (adds ? 1U : 0U); });
  }
  const PairState pair = *c_.store.pair(intent.pair);
  const bool any = std::any_of(shown.begin(), shown.end(), [&](const Evidence& e) {
    const FieldMap values = canonical_of(c_, pair, intent.side, e, intent.fields);
    return std::any_of(intent.fields.begin(), intent.fields.end(),
                       [&](const auto& entry) { return value_of(values, entry.first).is_observed(); });
  });
  return any && std::all_of(shown.begin(), shown.end(),
                            [&](const Evidence& e) { return shows_what_was_sent(intent, e); });
}

bool Settler::shows_what_was_before(const Intent& intent, const Evidence& e) const {
  const FieldMap shown = canonical_of(c_, *c_.store.pair(intent.pair), intent.side, e, intent.before);
  return std::all_of(intent.fields.begin(), intent.fields.end(), [&](const auto& entry) {
    const FieldValue& now = value_of(shown, entry.first);
    const FieldValue& was = value_of(intent.before, entry.first);
    return !now.is_observed() || now == was || (!now.is_value() && !was.is_value());
  });
}

bool Settler::sight(const Intent& found, const Evidence& e) {
  Intent intent = found;
  const bool as_sent = shows_what_was_sent(intent, e);
  // Without an answer it may never have arrived: recover() finds out.
  if (!as_sent && intent.state == IntentState::open) return false;
  if (!as_sent && shows_what_was_before(intent, e) && !index_caught_up(intent, c_.even_ms())) {
    if (!intent.sighted && intent.write.target && intent.write.target != e.source) {
      intent.sighted = true;
      c_.store.put_intent(intent);
    }
    return false;
  }
  Receipt receipt;
  receipt.record = intent.write.record;
  receipt.shown.push_back(e);
  settle(intent, receipt);
  return true;
}

std::int64_t Settler::recover() {
  waiting_ = 0;
  std::vector<Intent> all = c_.store.open_intents();
  for (Intent& intent : all) {
    if (!c_.opened[intent.side]) continue;
    switch (intent.write.kind) {
      case WriteKind::create:
        recover_create(intent);
        break;
      case WriteKind::remove:
        recover_removal(intent);
        break;
      case WriteKind::update:
        if (intent.write.target)
          recover_source(intent);
        else
          recover_record(intent);
        break;
      case WriteKind::tag_add:
      case WriteKind::tag_remove:
        recover_record(intent);
        break;
    }
    c_.hooks.advanced();
  }
  return waiting_;
}

void Settler::recover_create(Intent& intent) {
  const auto pair = c_.store.pair(intent.pair);
  const Capabilities& can = c_.can(intent.side);
  if (!pair ||
      (can.has_records && !pair->record[intent.side].text.empty() && intent.state == IntentState::open)) {
    c_.store.transact([&] { close(intent); });  // matching has linked what the lost create made
    return;
  }
  const NaturalKey key{value_of(intent.fields, "phone").text(), value_of(intent.fields, "email").text()};
  const auto found = c_.replicas[intent.side]->find(key);
  if (!found) return c_.trouble(intent.side, found.error());
  std::vector<Evidence> made;
  for (const auto& e : found->evidence)
    if (e.source.kind == can.creates) made.push_back(e);
  if (made.empty()) {
    if (!index_caught_up(intent, even_time_of(*found))) {
      ++waiting_;
      return;
    }
    if (intent.state == IntentState::awaiting) return again(intent);  // accepted, yet it never appeared
    c_.store.transact([&] { close(intent); });
    return;
  }
  c_.store.transact([&] {
    // Several, or one that is other than what was sent: not ours to choose, matching looks at them.
    if (made.size() > 1 || (can.has_records && !shows_what_was_sent(intent, made.front()))) {
      for (const auto& e : made) observer_.stage(intent.side, e);
      c_.store.set_dirty(intent.pair, true);
      return close(intent);
    }
    Receipt receipt;
    receipt.record = can.has_records ? RecordId{made.front().source.id} : intent.write.record;
    receipt.shown = made;
    if (!can.has_records && !shows_what_was_sent(intent, made.front()) &&
        !index_caught_up(intent, even_time_of(*found))) {
      ++waiting_;
      return;
    }
    settle(intent, receipt);
  });
}

void Settler::recover_record(Intent& intent) {
  const FetchRequest request{intent.write.record, intent.write.tag_sources};
  auto answers = c_.replicas[intent.side]->fetch(std::span(&request, 1));
  auto& answer = answers.front();
  if (!answer && answer.error().fault != Fault::gone) return c_.trouble(intent.side, answer.error());
  c_.store.transact([&] {
    if (!answer) {
      observer_.suspect_gone(intent.side, intent.write.record);
      c_.store.set_dirty(intent.pair, true);
      return close(intent);
    }
    if (intent.write.kind != WriteKind::update) {
      // Tags are sets: those that did not arrive are still a difference and are planned again.
      TagSet shown;
      for (const auto& e : *answer) shown.merge(canonical_tags(e.tags));
      std::erase_if(intent.tags, [&](const std::string& tag) {
        return (shown.count(tag) != 0) != (intent.write.kind == WriteKind::tag_add);
      });
      if (!intent.tags.empty()) return settle(intent, {intent.write.record, *answer, false});
    } else if (!answer->empty() &&
               (shows_what_was_sent(intent, answer->front()) || shows_some_of_it(intent, answer->front()))) {
      return settle(intent, {intent.write.record, *answer, false});
    }
    for (const auto& e : *answer) observer_.stage(intent.side, e);
    c_.store.set_dirty(intent.pair, true);
    close(intent);
  });
}

void Settler::recover_source(Intent& intent) {
  const FetchRequest request{intent.write.record, {*intent.write.target}};
  auto answers = c_.replicas[intent.side]->fetch(std::span(&request, 1));
  auto& answer = answers.front();
  if (!answer && answer.error().fault != Fault::gone) return c_.trouble(intent.side, answer.error());
  const bool row = intent.write.target->kind == SourceKind::row;
  if (!answer || answer->empty()) {
    if (!row) {
      c_.store.transact([&] { close(intent); });
      return;
    }
    if (!index_caught_up(intent, c_.even_ms())) {
      ++waiting_;
      return;
    }
    if (intent.sighted && was_taken_off(intent)) return;
    if (is_refused(intent) && is_put_back(intent)) return;
    return again(intent);  // the removal arrived and the add did not (P38)
  }
  const Evidence e = answer->front();
  const bool as_sent = shows_what_was_sent(intent, e);
  // Nothing of it can be seen: whether it arrived, nobody can say, and twice is as good as once (P37).
  if (as_sent && row && intent.state == IntentState::open && shows_none_of_it(intent, e))
    return again(intent);
  if (!as_sent && row && !index_caught_up(intent, c_.even_ms())) {
    ++waiting_;
    return;
  }
  c_.store.transact([&] {
    if (as_sent || intent.state == IntentState::awaiting || shows_some_of_it(intent, e))
      return settle(intent, {intent.write.record, *answer, false});
    close(intent);  // first, so that what is shown is not read as its image
    observer_.stage(intent.side, e, true);
    c_.store.set_dirty(intent.pair, true);
  });
}

// Parked, and kept open only to see whether the refused replace left a hole.
bool Settler::is_refused(const Intent& intent) const {
  const PairState pair = *c_.store.pair(intent.pair);
  return std::any_of(pair.parked.begin(), pair.parked.end(), [&](const Parked& p) {
    return p.side == intent.side && (p.field == Parked::kOneOfSeveral || intent.fields.count(p.field) != 0);
  });
}

// nullopt: the remote could not be asked.
std::optional<std::vector<Evidence>> Settler::rows_now(const Intent& intent) {
  const auto found = c_.replicas[intent.side]->find({intent.write.record.text, ""});
  if (!found) {
    c_.trouble(intent.side, found.error());
    return std::nullopt;
  }
  std::vector<Evidence> rows;
  for (const auto& e : found->evidence)
    if (e.source.kind == SourceKind::row) rows.push_back(e);
  return rows;
}

// What the replace made was seen, and people took it off since: the old row's source is missed like any
// other's (P22).
bool Settler::was_taken_off(const Intent& intent) {
  const auto rows = rows_now(intent);
  if (!rows) return true;
  if (!rows->empty()) return false;
  c_.store.transact([&] { close(intent); });
  return true;
}

// Its old form is back as another row, or nobody can say yet: nothing is sent.
bool Settler::is_put_back(const Intent& intent) {
  const auto rows = rows_now(intent);
  if (!rows) return true;
  if (rows->empty()) return false;
  c_.store.transact([&] {
    close(intent);
    c_.store.drop_source(intent.side, *intent.write.target);
    for (const auto& e : *rows) observer_.stage(intent.side, e);
    c_.store.set_dirty(intent.pair, true);
  });
  return true;
}

// A person's removal is never done again blindly: what is still there is planned anew, with all that was
// decided about it. The row of a number that was changed is the pair's own no more, so nothing plans it.
void Settler::recover_removal(Intent& intent) {
  FetchRequest request{intent.write.record, {}};
  if (intent.write.target) request.sources.push_back(*intent.write.target);
  auto answers = c_.replicas[intent.side]->fetch(std::span(&request, 1));
  auto& answer = answers.front();
  if (!answer && answer.error().fault != Fault::gone) return c_.trouble(intent.side, answer.error());
  const bool is_gone = !answer || answer->empty();
  const PairState pair = *c_.store.pair(intent.pair);
  if (!is_gone && intent.write.target && pair.record[intent.side] != intent.write.record)
    return again(intent);
  c_.store.transact([&] {
    if (is_gone) return settle_removed(intent);
    withdraw(intent);
    c_.store.set_dirty(intent.pair, true);
  });
}

void Settler::again(Intent& intent) {
  intent.write.resume = true;
  ++intent.attempts;
  intent.sent_ms = c_.even_ms();
  c_.store.transact([&] { c_.store.put_intent(intent); });
  auto answers = c_.replicas[intent.side]->apply(std::span(&intent.write, 1));
  auto& answer = answers.front();
  ++c_.report.written[intent.side];
  if (answer) {
    c_.store.transact([&] { settle(intent, *answer); });
    return;
  }
  const Fault fault = answer.error().fault;
  if (fault == Fault::rejected || fault == Fault::unsupported) {
    c_.store.transact([&] { refuse(intent, answer.error()); });
  } else if (fault == Fault::gone) {
    c_.store.transact([&] { close(intent); });
  } else {
    ++waiting_;
    c_.trouble(intent.side, answer.error());
  }
}
}  // namespace tandem
