// What a remote will not have: parked with its words until either side or the mapping changes.
#include <fmt/format.h>

#include <algorithm>

#include "core/engine/settle.h"
#include "core/tuning.h"

namespace tandem {
namespace {
constexpr int kReplaceAttempts = 3;

std::int64_t retry_after_ms(int attempts) {
  std::int64_t delay = tuning::kRetryFirstMs;
  for (int i = 1; i < attempts && delay < tuning::kRetryMostMs; ++i) delay *= tuning::kRetryGrowth;
  return std::min(delay, tuning::kRetryMostMs);
}
}  // namespace

bool Settler::is_shown_there(const Intent& intent, const std::string& field) const {
  const Capabilities& can = c_.can(intent.side);
  const SourceKind kind = intent.write.target ? intent.write.target->kind : can.creates;
  const FieldRule* rule = c_.policy.mapping.find(field);
  return rule != nullptr && can_read(can.access(kind, rule->native[intent.side]));
}

void Settler::park_unmoved(PairState& pair, const Intent& intent, const std::vector<std::string>& fields) {
  const Side side = intent.side;
  for (const auto& name : fields) {
    Parked p;
    p.side = side;
    p.record_id = intent.write.target ? intent.write.target->id : pair.record[side].text;
    p.field = name;
    p.reason =
        fmt::format("{} accepted the write and does not show the value: the field cannot be written there",
                    to_text(side));
    p.since_ms = c_.now();
    p.input = field_input(pair, name, c_.policy_digest);
    pair.parked.push_back(std::move(p));
  }
}

void Settler::refuse(const Intent& intent, const Error& error) {
  PairState pair = *c_.store.pair(intent.pair);
  Parked p;
  p.side = intent.side;
  p.record_id = intent.write.record.text;
  p.reason = error.remote_words.empty() ? error.message : error.remote_words;
  p.since_ms = c_.now();
  if (!intent.tags.empty()) p.field = "tags";
  for (const auto& rule : c_.policy.mapping.rules())
    if (!error.field.empty() && (rule.name == error.field || rule.native[intent.side] == error.field) &&
        intent.fields.count(rule.name) != 0)
      p.field = rule.name;
  if (p.field.empty() && intent.write.kind == WriteKind::update && !intent.fields.empty())
    p.field = intent.fields.size() == 1 ? intent.fields.begin()->first : std::string(Parked::kOneOfSeveral);
  for (const auto& old : pair.parked)
    if (old.side == p.side && old.field == p.field) {
      p.attempts = old.attempts + 1;
      p.since_ms = old.since_ms;
    }
  p.retry_ms = c_.now() + retry_after_ms(p.attempts);
  std::vector<std::string> fields{p.field};
  if (intent.changed_by == kCorrection) {  // nobody's edit is in it: each is left alone
    fields.clear();
    for (const auto& [name, value] : intent.fields) fields.push_back(name);
  }
  for (const auto& name : fields) {
    std::erase_if(pair.parked, [&](const Parked& old) { return old.side == p.side && old.field == name; });
    p.field = name;
    p.input = parked_input(pair, name, c_.policy_digest);
    pair.parked.push_back(p);
  }
  pair.dirty = true;
  c_.store.put_pair(pair);
  // A replace that was refused may have taken the row away all the same, which no listing shows before its
  // lag: it is looked for then, and put back (P38).
  const bool replaces = intent.write.kind == WriteKind::update && intent.write.target &&
                        intent.write.target->kind == SourceKind::row;
  if (!replaces || intent.attempts >= kReplaceAttempts) return close(intent);
  Intent open = intent;
  open.state = IntentState::open;
  open.write.resume = true;
  withdraw(intent);
  open.id = 0;
  c_.store.put_intent(open);
  c_.open[open.pair].push_back(std::move(open));
}
}  // namespace tandem
