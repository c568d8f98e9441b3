// A workflow or a second tool: it answers what we write with a write of its own, some seconds later, and
// never tires. Two of them, one on each side, would go on for ever; the oscillation breaker must not.
#include <algorithm>

#include "tests/scenario/soak/life.h"
#include "tests/scenario/world_fields.h"

namespace tandem::soak {
namespace {
constexpr std::int64_t kAnswersAfterMs = 5'000;
constexpr char kMark = '~';  // a suffix begins with it

std::string whole(const std::string& field) {
  return field == "first_name" || field == "last_name" ? "name" : field;
}

// The value as its owner wants it: without the other tool's ending, with its own.
std::string answer_to(const std::string& value, const std::string& suffix) {
  return value.substr(0, value.find(kMark)) + suffix;
}
}  // namespace

// responder SIDE FIELD SUFFIX on|off; of tags: what we add is taken off, what we take off is put on again.
bool Life::play_responder(const Words& w) {
  if (w.front() != "responder" || w.size() != 5) return false;
  const Responder one{w[1] == "ctm" ? Side::ctm : Side::highlevel, w[2], w[3]};
  std::erase_if(responders_,
                [&](const Responder& old) { return old.side == one.side && old.field == one.field; });
  if (w[4] == "on") responders_.push_back(one);
  return true;
}

void Life::hear_writes(std::size_t from) {
  if (responders_.empty()) return;
  for (std::size_t i = from; i < ledger_.now(); ++i) {
    const Entry& e = ledger_.entries()[i];
    if (!e.by_us() || !e.changes() || e.action == "cascade" || e.action == "delete") continue;
    for (const Responder& one : responders_) {
      if (one.side != e.side || whole(one.field) != e.field) continue;
      const bool tags = e.field == "tags";
      if (tags ? e.action != "tag_add" && e.action != "tag_remove" : e.new_text.empty()) continue;
      const bool half = one.field == "last_name" && e.wire != "lastName";
      const std::string text =
          tags ? (e.new_text.empty() ? e.old_text : e.new_text) : answer_to(e.new_text, one.suffix);
      if (half || (!tags && text == e.new_text)) continue;
      answers_.push_back({clock_.true_ms() + kAnswersAfterMs, one, e.record, e.person, text,
                          e.action == "modify" || tags, e.action == "tag_add"});
    }
  }
}

void Life::answer_what_is_due() {
  for (std::size_t i = 0; i < answers_.size();) {
    if (answers_[i].due_ms > clock_.true_ms()) {
      ++i;
      continue;
    }
    const Answer now = answers_[i];
    answers_.erase(answers_.begin() + static_cast<std::ptrdiff_t>(i));
    drain();
    const std::size_t from = ledger_.now();
    carry_out(now);
    drain();
    for (std::size_t k = from; k < ledger_.now(); ++k) ledger_.entries()[k].answer = true;
  }
}

void Life::carry_out(const Answer& a) {
  using sim::highlevel::Actor;
  const bool tags = a.by.field == "tags";
  trace("    answered: " + a.by.field + " of " + a.person);
  if (a.by.side == Side::highlevel) {
    if (tags) {
      highlevel_.change_tags(a.person, {a.text}, !a.removes, Actor::staff);
      return;
    }
    highlevel_.update(a.person, patch_of(a.by.field, a.text), Actor::staff);
    return;
  }
  const std::int64_t activity = a.to_activity ? std::stoll(a.record) : 0;
  if (tags && a.removes)
    ctm_staff_.untag(activity, a.text);
  else if (tags)
    ctm_staff_.tag(activity, a.text);
  else if (a.to_activity)
    ctm_staff_.edit_activity(activity, ctm_key(a.by.field), a.text);
  else
    ctm_staff_.edit_row(ctm_.sync_list(), a.person, ctm_key(a.by.field), a.text);
}
}  // namespace tandem::soak
