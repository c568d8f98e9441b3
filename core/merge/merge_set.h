// Three-way merge of tags: add wins ties, everything as deltas (P17). Pure.
#pragma once
#include "core/model/field.h"
#include "core/model/mapping.h"
#include "core/model/side.h"

namespace tandem {

struct SetMerge {
  TagSet result;                // what both should show, direction aside
  PerSide<TagSet> add, remove;  // delta calls for each side
  bool operator==(const SetMerge&) const = default;
};

// base and seen per side, canonical. A side whose seen is unknown must not be passed.
// result = (base u added_ctm u added_highlevel) \ (removed_ctm u removed_highlevel), where a tag added on
// one side and removed on the other stays. base of the two sides may differ (a tag a side cannot
// hold): an edit is judged against that side's own base. direction limits where deltas go.
[[nodiscard]] SetMerge merge_set(const PerSide<TagSet>& base, const PerSide<TagSet>& seen,
                                 Direction direction);
}  // namespace tandem
