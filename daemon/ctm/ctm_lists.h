// The rows of one contact list: listing, finding and writing. CTM reads ten rows a page (C) and has
// no reading by number, so the replica remembers on which page of the last listing a number was.
#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>
#include "core/model/write.h"
#include "core/ports/replica.h"
#include "daemon/ctm/ctm_bodies.h"
#include "daemon/ctm/ctm_client.h"
#include "daemon/ctm/ctm_cursor.h"
#include "daemon/ctm/ctm_facts.h"

namespace tandem::ctm {

struct RowKey {
  std::string number;  // E.164
  std::string id;      // membership id; "" = by number only. A replace gives the row a new one
};

struct RowHit {
  Evidence row;
  RowDetail detail;
  std::int64_t page = 0;
};

class Lists {
 public:
  Lists(const CtmSettings& settings, Client& client, const Codec& codec, Facts& facts, Clock& clock);

  void use(const std::string& list_id);  // another list forgets what was known of the one before

  // One page of a listing; `true` when the phase is over (cursor.page is 0 again). A delta reads
  // nothing when the list is long and neither its count nor its stamp moved since the last complete
  // listing. `out.completed` names rows only when no page was repeated, skipped or shifted and the
  // count of the listing and of the list agree with what was seen.
  Result<bool> read(Cursor& cursor, Page& out);

  // Rows as they are now, one to one; an empty vector: the list does not show the row, in two
  // readings. transient: the list could not be read completely, so absence is not known.
  std::vector<Result<std::vector<Evidence>>> fetch(std::span<const RowKey> keys);

  // Rows that carry the number, and since when the listing that says so is from.
  Result<Found> find(const std::string& e164);

  Result<Receipt> create(const Write& write);
  Result<Receipt> update(const Write& write);  // a replace, or an add alone where that is known to update
  Result<Receipt> remove(const Write& write);

  // Around a batch of writes: our own changes of the list's count and stamp are not somebody's news.
  void before_writes();
  void after_writes();

 private:
  struct Hints {
    bool known = false;
    std::int64_t count = -1;
    std::string digest;
  };
  struct Entry {
    std::uint64_t number = 0, id = 0;
  };
  // The last listing that came to its end, in its order; ours are appended, removed ones taken out.
  struct Index {
    std::vector<Entry> entries;
    std::int64_t as_of_ms = 0;  // when that listing began; 0 = there is none
    bool paged = false;         // no page was repeated, skipped or shifted, by the listing's own count
    bool complete = false;      // and the list's count and stamp agree
    bool by_scan = false;
    [[nodiscard]] bool is_worth_another_try() const;
    std::string hints;
  };
  struct Listing {           // under way
    std::uint64_t pass = 0;  // 0 = none
    std::int64_t started_ms = 0, pages = 0, total = -1;
    bool shifting = false;  // its total changed while it was read
    std::vector<Entry> entries;
    std::vector<std::string> last_ids;
    Hints hints;
    std::string next;  // tail of the page to read
    bool ended = false;
  };
  [[nodiscard]] std::uint64_t number_key(std::string_view number) const;
  [[nodiscard]] std::string page_tail(std::int64_t page) const;
  [[nodiscard]] std::string page_name(std::int64_t page) const;
  Hints hints();
  Result<Body> read_rows(const std::string& tail, std::int64_t page);
  [[nodiscard]] Listing begin_listing(Hints hints);
  Result<RowPage> step(Listing& listing, bool with_details);
  [[nodiscard]] bool finish(Listing& listing, bool by_scan);
  [[nodiscard]] bool is_due(const Hints& now, const Cursor& cursor) const;

  [[nodiscard]] bool matches(const RowHit& hit, const RowKey& key) const;
  Result<const std::vector<RowHit>*> page_rows(std::int64_t page);
  Result<std::vector<RowHit>> near(const RowKey& key);  // expected page, its neighbours, the last page
  Result<std::vector<std::vector<RowHit>>> scan(std::span<const RowKey> keys);
  Result<std::vector<RowHit>> locate(const RowKey& key);  // near, else scan
  [[nodiscard]] std::vector<std::int64_t> pages_to_try(const RowKey& key, std::size_t* expected) const;
  [[nodiscard]] bool is_fresh() const;
  [[nodiscard]] bool was_written_lately(const std::string& number) const;
  [[nodiscard]] bool is_indexed(const RowKey& key) const;
  [[nodiscard]] Error not_readable() const;

  struct Image {
    WireFields fields;
    RawCustom unmapped;
  };
  [[nodiscard]] Image image_of(const Write& write, const RowHit* row) const;
  Result<Reply> add(const std::string& number, const Image& image);
  Result<void> take_out(const std::string& wire_number);
  void forget(const std::string& wire_number);
  std::vector<RowHit> stored_all_the_same(const std::string& number, const RowHit* removed);
  bool outlasts_refusal(const RowHit& row, const std::string& number);
  Result<Receipt> replace(const Write& write, const RowHit* row, const Image& image);
  [[nodiscard]] std::string beyond_the_mapping(const Write& write, const Image& image) const;
  [[nodiscard]] std::optional<Error> would_lose(const Write& write, const RowHit& row) const;
  void learn_losses(const Image& image, const RowHit& before, const RowHit& now);
  Result<std::optional<Receipt>> try_add_alone(const Write& write, const RowHit& row, const Image& image);
  Result<std::vector<RowHit>> look_for(const std::string& number, std::int64_t old_page);
  [[nodiscard]] Receipt receipt_of(const Write& write, std::vector<RowHit> hits) const;
  [[nodiscard]] std::string adding() const;  // yes, no, or "" = not known (any more)

  const CtmSettings& settings_;
  Client& client_;
  const Codec& codec_;
  Facts& facts_;
  Clock& clock_;
  std::string list_id_, resource_;  // "/lists/<id>"
  Index index_;
  Listing listing_;
  std::map<std::int64_t, std::vector<RowHit>> seen_pages_;  // within one operation
  // By number, when it was added last: the listing may still show the row as it was before.
  std::map<std::uint64_t, std::int64_t> written_at_;
  // When an add alone was last seen to update, and the listing took a while to show it; 0 = never. For
  // a while the next ones are not waited for, each number once.
  std::int64_t late_update_ms_ = 0;
  std::set<std::uint64_t> not_waited_for_;
  std::int64_t total_ = 0;  // rows of the list, as last said
  std::uint64_t passes_ = 0;
  bool hints_settled_ = false;  // before_writes found the list as the index knows it
};

// What a list row should hold. Where the row shows a field, the row is right about what does not
// change (somebody may have edited it a moment ago), unless `row_is_old`: then the listing may lag
// behind a write of ours and the agreed image is. What the row does not show comes from the agreed
// image. Custom fields that stay as they are belong to the unmapped ones and are not in it.
[[nodiscard]] WireFields row_image(const Write& write, const RowDetail* shown, bool row_is_old);
}  // namespace tandem::ctm
