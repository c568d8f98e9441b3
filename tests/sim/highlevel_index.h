// The search index of a location: what /contacts/search sees, some seconds behind the primary store.
#pragma once
#include <cstdint>
#include <ext/pb_ds/assoc_container.hpp>
#include <ext/pb_ds/tree_policy.hpp>
#include <functional>
#include <map>
#include <string>
#include <unordered_map>
#include <utility>

#include "tests/sim/highlevel_records.h"

namespace tandem::sim::highlevel {

// Ordered by time, then id; counts and positions cost O(log n), so that a page of a plain sweep of any
// depth costs its rows and no more.
using TimeKey = std::pair<std::int64_t, std::string>;

using RowOrder = __gnu_pbds::tree<TimeKey, const Contact*, std::less<>, __gnu_pbds::rb_tree_tag,
                                  __gnu_pbds::tree_order_statistics_node_update>;

class SearchIndex {
 public:
  // `contact` null = the contact is gone. Arrives when settle() is called with a time >= visible_ms; a
  // version older than the one shown is dropped then, as in an index with versioned writes.
  void enqueue(std::int64_t visible_ms, const std::string& id, std::uint64_t version, ContactPtr contact);
  void settle(std::int64_t now_ms);
  [[nodiscard]] std::int64_t settled_at_ms() const;  // when all of it will have arrived; 0 = it has
  [[nodiscard]] const RowOrder& by_updated() const { return by_updated_; }
  [[nodiscard]] const RowOrder& by_added() const { return by_added_; }
  [[nodiscard]] const Contact* find(const std::string& id) const;

 private:
  struct Shown {
    std::uint64_t version = 0;
    ContactPtr contact;
  };
  struct Coming {
    std::string id;
    std::uint64_t version;
    ContactPtr contact;
  };
  void show(Coming coming);
  std::unordered_map<std::string, Shown> shown_;
  RowOrder by_updated_, by_added_;
  std::multimap<std::int64_t, Coming> coming_;
};

// Who has which e-mail (any case) or phone, in the primary store.
class Identities {
 public:
  void add(const Contact& contact);
  void remove(const Contact& contact);
  // The contact with that e-mail or phone other than `except`, the primary value before an additional
  // one, the smallest id first; "" when there is none.
  [[nodiscard]] std::string find(std::string_view kind, const std::string& value, std::string_view except,
                                 bool additional) const;

 private:
  std::map<std::string, std::map<std::string, bool>> owners_;  // kind:value -> id -> is primary
};
}  // namespace tandem::sim::highlevel
