// What was read when, and which edits no reading could show before we wrote over them (P2).
#include <algorithm>

#include "tests/scenario/soak/life.h"

namespace tandem::soak {
void Life::note_reading(Side side, const std::string& method, const std::string& path) {
  if (method != "GET" || dry_) return;
  const Reading& reading = answered_;
  const std::string id = path.substr(path.rfind('/') + 1);
  if (side == Side::highlevel && path.starts_with("/contacts/"))
    readings_["h:" + id] = reading;
  else if (side == Side::ctm && path.starts_with("/calls/"))
    readings_["a:" + id] = reading;
  else if (side == Side::ctm && path.starts_with("/lists/"))
    note_listing(reading);
}

void Life::note_listing(const Reading& reading) {
  list_readings_.push_back(reading);
  for (const auto& entry : ctm_.account().rows(ctm_.sync_list()))
    shown_contacts_.insert(std::to_string(entry.row->membership.contact_id));
}

// What our write replaced, and somebody had entered after the last reading of that record: no reading
// could show it (P2). A list shows it when its index has caught up. The rows that a replace reads for
// itself, right before it, decide nothing.
void Life::mark_unseen(std::size_t from, Side side, const std::string& path) {
  Reading rows;
  std::int64_t block = tally_.requests;
  for (auto reading = list_readings_.rbegin(); reading != list_readings_.rend(); ++reading) {
    const bool own = path.find("/lists/") != std::string::npos && reading->request >= block - 2;
    if (!own) {
      rows = *reading;
      break;
    }
    block = reading->request;
  }
  // What a write is carried on to was looked at in the sweep; later readings of the list were for other rows.
  Reading swept = rows;
  for (const auto& reading : list_readings_)
    if (reading.request > cycle_request_) {
      swept = reading;
      break;
    }
  rows.at_ms -= ctm_.switches().number("index_lag_ms");
  swept.at_ms -= ctm_.switches().number("index_lag_ms");
  const bool rows_hide_email = ctm_.switches().is("list_row_email", "absent");
  for (std::size_t i = from; i < ledger_.now(); ++i) {
    Entry& e = ledger_.entries()[i];
    const auto lost = e.lost();
    if (!e.by_us() || lost.empty() || e.side != side) continue;
    if (side == Side::ctm && e.action != "modify") {  // a contact shows in its row, and there not all of it
      const auto& live = ctm_.account().live_rows(ctm_.sync_list());
      const bool listed =
          std::ranges::any_of(live, [&](const auto& row) { return row.membership.number == e.person; });
      e.unseen = (e.field == "email" && rows_hide_email) || (e.action == "cascade" && !listed);
    }
    const auto by_id = readings_.find((side == Side::highlevel ? "h:" : "a:") + e.record);
    for (const auto& word : lost) {
      const auto at = ledger_.entered(ledger_.group_of(e), e.field, word, i);
      if (at < 0) continue;
      const Entry& entered = ledger_.entries()[static_cast<std::size_t>(at)];
      if (entered.side != side) continue;
      const Reading& list = e.action == "cascade" ? swept : rows;
      e.unseen =
          e.unseen || (by_id != readings_.end() ? entered.seq >= by_id->second.seq
                                                : entered.seq >= list.seq || entered.at_ms > list.at_ms);
    }
    // No surface of ours ever showed that record of CTM's: a caller's who is not on the list, or not yet.
    if (side == Side::ctm && e.action != "modify" && e.field != "list" && !shown_contacts_.contains(e.record))
      e.unseen = true;
    if (e.action == "cascade") e.unseen = e.unseen || came_after_the_reading(e, from, rows.seq);
    if (e.unseen) ++(e.action == "cascade" ? tally_.unseen_cascades : tally_.unseen_writes);
  }
}

// What CTM carries on goes over records that nobody reads: what came there between the verifying reading of
// the write's own target and the write stands in the window of P2, whoever entered it and when.
bool Life::came_after_the_reading(const Entry& cascade, std::size_t from, std::size_t rows_read) const {
  const auto& all = ledger_.entries();
  std::size_t read = rows_read;
  for (std::size_t i = from; i < all.size(); ++i)
    if (all[i].by_us() && all[i].action == "modify")
      if (const auto target = readings_.find("a:" + all[i].record); target != readings_.end())
        read = target->second.seq;
  const auto lost = cascade.lost();
  return std::any_of(all.begin() + static_cast<std::ptrdiff_t>(std::min(read, from)),
                     all.begin() + static_cast<std::ptrdiff_t>(from), [&](const Entry& e) {
                       return !e.by_us() && e.side == cascade.side && e.record == cascade.record &&
                              e.field == cascade.field && std::ranges::any_of(lost, [&](const auto& word) {
                                return e.is.contains(word);
                              });
                     });
}
}  // namespace tandem::soak
