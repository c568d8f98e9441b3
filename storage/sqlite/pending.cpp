#include "storage/sqlite/pending.h"
#include <fmt/format.h>
#include <xxhash.h>
#include <map>
#include <memory>
#include <set>

namespace tandem {
namespace {
static_assert(static_cast<int>(HoldClass::first_run) == 0 && static_cast<int>(HoldClass::remove) == 1 &&
              static_cast<int>(HoldClass::update) == 2 && static_cast<int>(HoldClass::create) == 3);
static_assert(static_cast<int>(Decision::approved) == 0 && static_cast<int>(Decision::rejected) == 1);

struct FreeState {
  void operator()(XXH3_state_t* state) const { XXH3_freeState(state); }
};

// Over the keys in ascending order, joined by newlines.
class Digest {
 public:
  Digest() : state_(XXH3_createState()) { XXH3_128bits_reset(state_.get()); }
  void add(const std::string& key) {
    if (!first_) XXH3_128bits_update(state_.get(), "\n", 1);
    first_ = false;
    XXH3_128bits_update(state_.get(), key.data(), key.size());
  }
  [[nodiscard]] std::string hex() const {
    return fmt::format("{:016x}", XXH3_128bits_digest(state_.get()).high64).substr(0, 12);
  }

 private:
  std::unique_ptr<XXH3_state_t, FreeState> state_;
  bool first_ = true;
};

using GroupKey = std::pair<HoldClass, std::optional<Side>>;
}  // namespace

std::vector<PendingGroup> undecided_groups(Connection& connection) {
  std::map<GroupKey, std::pair<PendingGroup, Digest>> groups;
  Query q(connection,
          "SELECT key, class, side, reason, since_ms FROM pending WHERE decision IS NULL ORDER BY key");
  while (q.step()) {
    const GroupKey of = in_row("pending", q.text(0), [&] {
      const auto cls = q.as<HoldClass>(1);
      const auto side = q.as<Side>(2);
      return GroupKey{cls, cls == HoldClass::first_run ? std::nullopt : std::optional(side)};
    });
    auto& [group, digest] = groups[of];
    const std::int64_t since_ms = q.number(4);
    if (group.count == 0 || since_ms < group.since_ms) {  // what was held first says why
      group.reason = q.text(3);
      group.since_ms = since_ms;
    }
    ++group.count;
    digest.add(q.text(0));
  }
  std::vector<PendingGroup> out;
  for (auto& [key, entry] : groups) {
    auto& [group, digest] = entry;
    group.cls = key.first;
    group.side = key.second;
    group.digest = digest.hex();
    out.push_back(std::move(group));
  }
  return out;
}

void show_groups(Connection& connection) {
  std::set<std::string> present;
  for (const PendingGroup& g : undecided_groups(connection)) {
    present.insert(g.digest);
    Query(connection,
          "INSERT INTO pending_group VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT DO UPDATE SET class = ?2, "
          "side = ?3, count = ?4, reason = ?5, since_ms = ?6 WHERE (class, count, reason, since_ms) IS NOT "
          "(?2, ?4, ?5, ?6) OR side IS NOT ?3",
          g.digest, g.cls, g.side, g.count, g.reason, g.since_ms)
        .run();
  }
  std::set<std::string> gone;
  {
    Query q(connection, "SELECT digest FROM pending_group");
    while (q.step())
      if (!present.contains(q.text(0))) gone.insert(q.text(0));
  }
  for (const std::string& digest : gone)
    Query(connection, "DELETE FROM pending_group WHERE digest = ?", digest).run();
}

bool decide_group(Connection& connection, const std::string& digest, Decision decision, std::int64_t at_ms) {
  for (const PendingGroup& g : undecided_groups(connection)) {
    if (g.digest != digest) continue;
    Query(connection,
          "UPDATE pair SET dirty = 1, touched = touched + 1 WHERE dirty = 0 AND id IN (SELECT pair FROM "
          "pending WHERE decision IS NULL AND class = ?1 AND (side = ?2 OR ?2 IS NULL))",
          g.cls, g.side)
        .run();
    Query(connection,
          "UPDATE pending SET decision = ?3, digest = ?4, decided_ms = ?5 WHERE decision IS NULL AND class = "
          "?1 AND (side = ?2 OR ?2 IS NULL)",
          g.cls, g.side, decision, digest, at_ms)
        .run();
    show_groups(connection);
    return true;
  }
  return false;
}
}  // namespace tandem
