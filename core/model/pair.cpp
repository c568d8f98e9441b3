#include "core/model/pair.h"

#include <algorithm>

namespace tandem {
std::string_view to_text(PairStatus status) {
  switch (status) {
    case PairStatus::linked:
      return "linked";
    case PairStatus::held:
      return "held";
    case PairStatus::ctm_only:
      return "ctm_only";
    case PairStatus::highlevel_only:
      return "highlevel_only";
    case PairStatus::ignored:
      return "ignored";
    case PairStatus::tombstone:
      return "tombstone";
  }
  return "?";
}

std::optional<PairStatus> pair_status_from(std::string_view text) {
  for (const auto s : {PairStatus::linked, PairStatus::held, PairStatus::ctm_only, PairStatus::highlevel_only,
                       PairStatus::ignored, PairStatus::tombstone})
    if (text == to_text(s)) return s;
  return std::nullopt;
}

bool has_identity(const std::vector<Identity>& all, Side side, Identity::Kind kind, std::string_view value) {
  return std::any_of(all.begin(), all.end(),
                     [&](const Identity& i) { return i.side == side && i.kind == kind && i.value == value; });
}

PairStatus status_by_records(const PairState& pair) {
  if (pair.record.ctm.text.empty()) return PairStatus::highlevel_only;
  return pair.record.highlevel.text.empty() ? PairStatus::ctm_only : PairStatus::linked;
}

void forget_side(PairState& pair, Side side) {
  pair.status = only(other(side));
  pair.record[side] = {};
  pair.fold[side].clear();
  pair.resolutions.clear();
  pair.parked.clear();
  pair.made_by_us[side] = false;
  for (auto& [name, field] : pair.fields) {
    field.base = {};
    field.seen[side] = {};
    field.unconfirmed[side] = false;
    field.answers = 0;
  }
  pair.base_tags = {};
  pair.seen_tags[side].reset();
  pair.tags_answers = 0;
}

FieldMap seen_of(const PairState& pair, Side side) {
  FieldMap out;
  for (const auto& [name, field] : pair.fields) out.emplace(name, field.seen[side]);
  return out;
}

FieldMap base_of(const PairState& pair, Side side) {
  FieldMap out;
  for (const auto& [name, field] : pair.fields) out.emplace(name, field.base[side]);
  return out;
}
}  // namespace tandem
