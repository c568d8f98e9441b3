// From a receipt to the new base: what the remote shows after our write is its base, so that the
// echo differs from nothing (P11). Also what to do with refusals and with writes whose outcome is
// not known.
#pragma once
#include <optional>
#include <set>
#include <string>
#include <vector>
#include "core/engine/context.h"

namespace tandem {

class Observer;

class Settler {
 public:
  Settler(Context& context, Observer& observer) : c_(context), observer_(observer) {}

  // Inside a transaction. What is shown and may be an image of what was sent, or the old value, is the
  // new base; any other value is an edit that somebody made since, and is left for the planner (P2).
  void settle(Intent& intent, const Receipt& receipt);
  // Refused: parks the record or the field with the remote's words and closes the intent.
  void refuse(const Intent& intent, const Error& error);
  // An accepted write's row is seen at last. False: it still shows what was there before, and the
  // index may lag.
  bool sight(const Intent& intent, const Evidence& evidence);

  // True: these readings of the write's target show all that was sent.
  [[nodiscard]] bool shows_done(const Intent& intent, const std::vector<Evidence>& shown) const;

  // Intents that earlier cycles left open: finds out what became of each (crash table). No
  // transaction may be open. Returns how many still wait for a remote's index.
  std::int64_t recover();

 private:
  void settle_create(Intent& intent, const Receipt& receipt);
  void settle_update(Intent& intent, const Receipt& receipt);
  void settle_tags(Intent& intent, const Receipt& receipt);
  void settle_removed(const Intent& intent);
  [[nodiscard]] FieldMap replaced_row(const Intent& intent) const;  // what the target showed; {} = no row
  std::vector<std::string> lost_with_row(const PairState& pair, const Intent& intent,
                                         const FieldMap& row_before, const Receipt& receipt);
  // Accepted, and its target does not show it although it can show the field.
  void park_unmoved(PairState& pair, const Intent& intent, const std::vector<std::string>& fields);
  [[nodiscard]] bool is_shown_there(const Intent& intent, const std::string& field) const;
  void rekey(PairState& pair, Side side, const RecordId& key);
  // Takes evidence of our own write into the pair: its written fields as image, the rest as news.
  // Returns the native fields that the side has said something else of since the write was planned.
  std::set<std::string> take_image(PairState& pair, const Intent& intent, const std::vector<Evidence>& shown);
  [[nodiscard]] bool said_since(const PairState& pair, const Intent& intent, const std::string& native,
                                const FieldValue& sent, const FieldValue& now) const;
  void write_history(const Intent& intent, const std::string& record_id);
  [[nodiscard]] bool is_late(const Intent& intent) const;  // of an earlier run: settled by the recovery
  void close(const Intent& intent);
  void withdraw(const Intent& intent);  // as close, but what a person decided about the write still holds
  void recover_create(Intent& intent);
  void recover_record(Intent& intent);
  void recover_source(Intent& intent);
  [[nodiscard]] bool is_refused(const Intent& intent) const;
  std::optional<std::vector<Evidence>> rows_now(const Intent& intent);  // of the write's number
  bool is_put_back(const Intent& intent);
  bool was_taken_off(const Intent& intent);
  void recover_removal(Intent& intent);
  void again(Intent& intent);
  [[nodiscard]] std::int64_t even_time_of(const Found& found) const;
  [[nodiscard]] bool index_caught_up(const Intent& intent, std::int64_t as_of_ms) const;
  [[nodiscard]] bool shows_what_was_sent(const Intent& intent, const Evidence& evidence) const;
  [[nodiscard]] bool shows_none_of_it(const Intent& intent, const Evidence& evidence) const;
  [[nodiscard]] bool shows_some_of_it(const Intent& intent, const Evidence& evidence) const;
  [[nodiscard]] bool shows_what_was_before(const Intent& intent, const Evidence& evidence) const;

  Context& c_;
  Observer& observer_;
  std::int64_t waiting_ = 0;
};

// What the evidence shows, canonical. `known` lets the split of a name stand that `over` sent.
[[nodiscard]] FieldMap canonical_of(const Context& context, const PairState& pair, Side side,
                                    const Evidence& evidence, const FieldMap& over);

// What was sent as the surface will show it. A half of a name that no reading shows is left out, and out of
// the fold: it would outlive every later edit of the whole name.
[[nodiscard]] FieldMap written_native(const Context& context, Side side, const WireFields& sent,
                                      const FieldMap& shown, FoldState& fold);

// Of several writes within one lag, what stood before the first (SourceRow::before).
void keep_first(FieldMap& before, const SourceRow& source, std::int64_t now_ms);

// The sent value as a server may have stored it, cut or in other letters (P11).
[[nodiscard]] bool is_image(const FieldValue& shown, const FieldValue& sent);

// What a server may have made of what was sent (P11); a value that was there before only when it says the
// same in other letters.
[[nodiscard]] bool may_be_ours(const FieldValue& shown, const FieldValue& sent, const FieldValue& before);

// The state-only part of P39: an alias becomes the key of the pair.
void adopt_key(Context& context, Observer& observer, PairState& pair, Side side, const RecordId& key);
}  // namespace tandem
