// A search index that lags behind the records: a sorted vector of copies, so that a page costs its
// own rows and not the listing's. Changes become visible when their time has come, in order.
#pragma once
#include <algorithm>
#include <cstdint>
#include <deque>
#include <memory>
#include <utility>
#include <vector>

namespace tandem::sim {

template <class Key, class Row>
class CtmIndex {
 public:
  struct Entry {
    Key key;
    std::shared_ptr<const Row> row;
  };

  void put(const Key& key, Row row, std::int64_t due_ms) {
    change(key, std::make_shared<const Row>(std::move(row)), due_ms);
  }
  void erase(const Key& key, std::int64_t due_ms) { change(key, nullptr, due_ms); }

  // Ascending by key; valid until the next call of any member.
  [[nodiscard]] const std::vector<Entry>& rows(std::int64_t now_ms) {
    for (; !waiting_.empty() && waiting_.front().due_ms <= now_ms; waiting_.pop_front()) {
      apply(waiting_.front());
    }
    return entries_;
  }
  [[nodiscard]] const Entry* find(const Key& key) const {  // among what rows() last showed
    const auto it = lower(key);
    return it != entries_.end() && !(key < it->key) ? &*it : nullptr;
  }
  [[nodiscard]] std::uint64_t generation() const { return generation_; }  // moves with every change shown

 private:
  struct Change {
    Key key;
    std::shared_ptr<const Row> row;  // null = gone
    std::int64_t due_ms;
  };

  void change(const Key& key, std::shared_ptr<const Row> row, std::int64_t due_ms) {
    // A shorter lag than before must not let this change overtake an older one.
    for (auto it = waiting_.rbegin(); it != waiting_.rend() && it->due_ms > due_ms; ++it) it->due_ms = due_ms;
    waiting_.push_back({key, std::move(row), due_ms});
  }
  void apply(const Change& change) {
    ++generation_;
    const auto at = entries_.begin() + (lower(change.key) - entries_.cbegin());
    const bool there = at != entries_.end() && !(change.key < at->key);
    if (!change.row) {
      if (there) entries_.erase(at);
    } else if (there) {
      at->row = change.row;
    } else {
      entries_.insert(at, {change.key, change.row});
    }
  }
  [[nodiscard]] auto lower(const Key& key) const -> typename std::vector<Entry>::const_iterator {
    if (entries_.empty() || entries_.back().key < key) return entries_.cend();  // the usual: newest last
    return std::lower_bound(entries_.cbegin(), entries_.cend(), key,
                            [](const Entry& entry, const Key& wanted) { return entry.key < wanted; });
  }

  std::vector<Entry> entries_;
  std::deque<Change> waiting_;
  std::uint64_t generation_ = 0;
};
}  // namespace tandem::sim
