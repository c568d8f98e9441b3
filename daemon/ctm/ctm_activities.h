// Activities (calls, texts, forms, chats) as evidence: the feed, single readings, identity and tags.
#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>
#include "core/model/write.h"
#include "core/ports/replica.h"
#include "daemon/ctm/ctm_client.h"
#include "daemon/ctm/ctm_cursor.h"
#include "daemon/ctm/ctm_facts.h"

namespace tandem::ctm {

class Activities {
 public:
  Activities(const CtmSettings& settings, Client& client, const Codec& codec, Facts& facts, Clock& clock);

  void set_zone(std::optional<Zone> zone) { zone_ = std::move(zone); }

  // One page of the feed, newest first, back to the watermark less the overlap (full: to the horizon).
  // Advances `cursor`; the watermark moves when the phase has been read to its end: then `true`, and
  // the cursor is left at page 0 for the next phase.
  Result<bool> read(Cursor& cursor, Page& out);

  // Direct readings, one to one. gone: CTM says the activity does not exist.
  std::vector<Result<Evidence>> fetch(std::span<const std::string> ids);

  // Newest activities of a number, found by search; only those that are really of that number.
  Result<std::vector<Evidence>> search(const std::string& e164);

  Result<Receipt> modify(const Write& write);
  Result<Receipt> add_tags(const Write& write);
  Result<Receipt> remove_tags(const Write& write);

 private:
  void begin(Cursor& cursor) const;
  [[nodiscard]] std::string tail_of(const Cursor& cursor) const;
  Result<ActivityPage> page(const Cursor& cursor);
  [[nodiscard]] std::optional<DayRange> latter_half(const DayRange& window) const;
  void split(Cursor& cursor, const DayRange& latter) const;
  Result<Reply> send_modify(const std::string& id, const WireFields& set);
  Result<Receipt> read_back(const Write& write, const std::vector<std::string>& ids);

  const CtmSettings& settings_;
  Client& client_;
  const Codec& codec_;
  Facts& facts_;
  Clock& clock_;
  std::optional<Zone> zone_;
  std::vector<std::string> last_ids_;  // of the page before, sorted: repeats at the border are dropped
  bool wrong_page_ = false;            // the page before was read twice: the window is begun again
  std::int64_t small_page_ = 0;        // rows of a first page that was smaller than asked for; 0 = it was not
};
}  // namespace tandem::ctm
