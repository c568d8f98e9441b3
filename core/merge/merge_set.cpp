#include "core/merge/merge_set.h"

#include <algorithm>
#include <iterator>

namespace tandem {
namespace {

TagSet minus(const TagSet& a, const TagSet& b) {
  TagSet out;
  std::set_difference(a.begin(), a.end(), b.begin(), b.end(), std::inserter(out, out.end()));
  return out;
}

}  // namespace

SetMerge merge_set(const PerSide<TagSet>& base, const PerSide<TagSet>& seen, Direction direction) {
  PerSide<TagSet> added, removed;
  for (const Side s : kSides) {
    added[s] = minus(seen[s], base[s]);
    removed[s] = minus(base[s], seen[s]);
  }
  SetMerge out;
  for (const Side s : kSides) out.result.insert(base[s].begin(), base[s].end());
  for (const Side s : kSides) out.result = minus(out.result, removed[s]);
  for (const Side s : kSides) out.result.insert(added[s].begin(), added[s].end());  // last: add wins

  for (const Side to : kSides) {
    if (!flows_to(direction, to)) continue;
    const Side from = other(to);
    out.add[to] = minus(added[from], seen[to]);
    for (const auto& tag : removed[from])
      if (seen[to].contains(tag) && !added[to].contains(tag)) out.remove[to].insert(tag);
  }
  return out;
}

}  // namespace tandem
