// Listing and finding rows. Writing them: ctm_row_writes.cpp.
#include "daemon/ctm/ctm_lists.h"
#include <fmt/format.h>
#include <xxhash.h>
#include <algorithm>
#include <charconv>
#include <set>
#include "core/model/phone.h"
#include "core/tuning.h"

namespace tandem::ctm {
namespace {
constexpr std::int64_t kRowsPerPage = 10;       // more is accepted and loses rows silently (C)
constexpr std::int64_t kSmallList = 500;        // rows: read in every delta, 50 requests at most
constexpr std::int64_t kFreshMs = 10 * 60'000;  // a listing this old still proves that a number is not there
constexpr std::int64_t kPagesMax = 1'000'000;   // a remote that never ends its listing

std::int64_t page_of(std::size_t position) { return static_cast<std::int64_t>(position) / kRowsPerPage + 1; }

std::int64_t distinct_ids(const auto& entries) {
  std::vector<std::uint64_t> ids;
  ids.reserve(entries.size());
  for (const auto& entry : entries) ids.push_back(entry.id);
  std::sort(ids.begin(), ids.end());
  return std::unique(ids.begin(), ids.end()) - ids.begin();
}

std::uint64_t id_key(std::string_view id) { return XXH3_64bits(id.data(), id.size()); }
}  // namespace

Lists::Lists(const CtmSettings& settings, Client& client, const Codec& codec, Facts& facts, Clock& clock)
    : settings_(settings), client_(client), codec_(codec), facts_(facts), clock_(clock) {}

void Lists::use(const std::string& list_id) {
  if (list_id == list_id_) return;
  list_id_ = list_id;
  resource_ = "/lists/" + http::encode(list_id);
  index_ = {};
  listing_ = {};
  seen_pages_.clear();
  written_at_.clear();
}

// An E.164 number is its own key: at most 15 digits. Anything else is parsed, which is slow and rare.
std::uint64_t Lists::number_key(std::string_view number) const {
  if (!number.starts_with('+')) {
    const Phone phone = parse_phone(number, settings_.default_country);
    if (phone.kind != PhoneKind::number) return id_key(number) | std::uint64_t{1} << 63;
    return number_key(phone.e164);
  }
  std::uint64_t key = 0;
  for (const char c : number) {
    if (c >= '0' && c <= '9') key = key * 10 + static_cast<std::uint64_t>(c - '0');
  }
  return key;
}

std::string Lists::page_tail(std::int64_t page) const {
  return fmt::format("{}/contacts?per_page={}&page={}", resource_, kRowsPerPage, page);
}

std::string Lists::page_name(std::int64_t page) const {
  return fmt::format("list {}, page {}", list_id_, page);
}

Lists::Hints Lists::hints() {
  const auto body = client_.read(resource_, "list " + list_id_);
  if (!body) return {};  // no hint: the rows themselves are read, and say what is wrong
  const ListInfo list = list_info(unwrapped(body->root(), {"contact_list", "list"}));
  if (list.id != list_id_) return {};
  Hints out;
  out.known = list.contacts_count >= 0 || !list.updated_at.empty();
  out.count = list.contacts_count;
  const std::string text = fmt::format("{}|{}|{}", list.id, list.contacts_count, list.updated_at);
  // The mapping is part of it: with another one, unchanged rows must be read again.
  out.digest =
      fmt::format("{:016x}", XXH3_64bits_withSeed(text.data(), text.size(), settings_.mapping_fingerprint));
  return out;
}

Result<Body> Lists::read_rows(const std::string& tail, std::int64_t page) {
  auto body = client_.read(tail, page_name(page));
  if (!body && body.error().fault == Fault::gone) {
    Error error = body.error();
    error.fault = Fault::rejected;  // a list that is gone says nothing about the people in it
    error.message = fmt::format("CTM has no list {} any more: name another as list in [link.ctm]", list_id_);
    return fail(std::move(error));
  }
  return body;
}

Lists::Listing Lists::begin_listing(Hints hints) {
  Listing out;
  out.started_ms = clock_.now_ms();
  out.pass = ++passes_ + (static_cast<std::uint64_t>(out.started_ms) << 16);
  out.hints = std::move(hints);
  out.next = page_tail(1);
  return out;
}

Result<RowPage> Lists::step(Listing& listing, bool with_details) {
  const std::int64_t number = listing.pages + 1;
  std::vector<std::string> ids;
  Result<RowPage> page;
  for (int attempt = 0;; ++attempt) {
    const auto body = read_rows(listing.next, number);
    if (!body) return fail(body.error());
    page = codec_.rows(body->root(), with_details);
    if (!page) return page;
    ids.clear();
    for (const Evidence& row : page->rows) ids.push_back(row.source.id);
    const bool repeated = !ids.empty() && ids == listing.last_ids;
    const bool another = page->envelope.page > 0 && page->envelope.page != number;
    if (!repeated && !another) break;
    if (attempt == 1) {
      listing.pass = 0;  // whichever page was the wrong one: begin again
      return fail(Fault::malformed,
                  fmt::format("CTM answered with another page than {}; nothing of it was used, it is read "
                              "again in the next cycle",
                              page_name(number)));
    }
  }
  if (page->shows_email) facts_["row_email"] = "shown";
  const std::int64_t total = page->envelope.total_entries;
  if (listing.pages > 0 && total != listing.total) listing.shifting = true;
  listing.total = total;
  if (total >= 0) total_ = total;
  listing.pages = number;
  for (const Evidence& row : page->rows)
    listing.entries.push_back({number_key(row.person), id_key(row.source.id)});
  listing.last_ids = std::move(ids);
  const Client::Place place{resource_ + "/contacts", fmt::format("per_page={}&", kRowsPerPage), number,
                            static_cast<std::int64_t>(page->rows.size()),
                            static_cast<std::int64_t>(listing.entries.size())};
  listing.next = client_.following(page->envelope, place);
  listing.ended = listing.next.empty() || number >= kPagesMax;
  return page;
}

bool Lists::Index::is_worth_another_try() const {
  return !complete && (!paged || static_cast<std::int64_t>(entries.size()) <= kSmallList);
}

// Makes the listing the index. True: nothing was missed, as far as counts and stamps can tell.
bool Lists::finish(Listing& listing, bool by_scan) {
  const std::int64_t expected = listing.total >= 0 ? listing.total : listing.hints.count;
  const std::int64_t distinct = distinct_ids(listing.entries);
  const bool paged = expected >= 0 && distinct == expected && !listing.shifting;
  const Hints after = listing.hints.known ? hints() : Hints{};
  const bool stable = !listing.hints.known || (after.known && after.digest == listing.hints.digest);
  const bool counted = !after.known || after.count < 0 || distinct >= after.count;
  listing.pass = 0;
  index_.entries = std::move(listing.entries);
  index_.as_of_ms = listing.started_ms;
  index_.paged = paged;
  index_.complete = paged && stable && counted;
  index_.by_scan = by_scan;
  index_.hints = paged && stable ? after.digest : "";
  return index_.complete;
}

bool Lists::is_due(const Hints& now, const Cursor& cursor) const {
  if (cursor.kind == ReadKind::full || !now.known || now.count <= kSmallList) return true;
  return now.digest != cursor.hints && !(index_.complete && now.digest == index_.hints);
}

Result<bool> Lists::read(Cursor& cursor, Page& out) {
  seen_pages_.clear();
  const bool continues =
      listing_.pass != 0 && cursor.pass == listing_.pass && cursor.page == listing_.pages + 1;
  if (!continues) {
    Hints now = hints();
    if (cursor.page == 0 && !is_due(now, cursor)) {
      if (index_.complete && now.digest == index_.hints) index_.as_of_ms = clock_.now_ms();
      cursor.hints = now.digest;
      return true;
    }
    listing_ = begin_listing(std::move(now));  // after a restart too: half a listing proves nothing
    cursor.pass = listing_.pass;
  }
  auto page = step(listing_, false);
  if (!page && listing_.pass == 0 && cursor.attempt == 0) {
    cursor.attempt = 1;
    cursor.page = 1;
    out.more = true;
    return false;
  }
  if (!page) return fail(std::move(page.error()));
  out.evidence = std::move(page->rows);
  cursor.page = listing_.pages + 1;
  if (!listing_.ended) {
    out.more = true;
    return false;
  }
  const bool complete = finish(listing_, false);
  if (cursor.attempt == 0 && index_.is_worth_another_try()) {
    cursor.attempt = 1;
    cursor.page = 1;
    out.more = true;
    return false;
  }
  if (complete) out.completed.push_back(SourceKind::row);
  cursor.hints = index_.hints;
  cursor.page = 0;
  cursor.attempt = 0;
  cursor.pass = 0;
  return true;
}

bool Lists::matches(const RowHit& hit, const RowKey& key) const {
  return (!key.id.empty() && hit.row.source.id == key.id) ||
         (!key.number.empty() && number_key(hit.row.person) == number_key(key.number));
}

Result<const std::vector<RowHit>*> Lists::page_rows(std::int64_t page) {
  if (const auto known = seen_pages_.find(page); known != seen_pages_.end()) return &known->second;
  const auto body = read_rows(page_tail(page), page);
  if (!body) return fail(body.error());
  auto rows = codec_.rows(body->root(), true);
  if (!rows) return fail(std::move(rows.error()));
  if (rows->envelope.total_entries >= 0) total_ = rows->envelope.total_entries;
  std::vector<RowHit>& hits = seen_pages_[page];
  for (std::size_t i = 0; i < rows->rows.size(); ++i)
    hits.push_back({std::move(rows->rows[i]), std::move(rows->details[i]), page});
  return &hits;
}

// Pages where the last listing had the row, then those it may have moved to.
std::vector<std::int64_t> Lists::pages_to_try(const RowKey& key, std::size_t* expected) const {
  std::vector<std::int64_t> pages;
  const auto add = [&pages](std::int64_t page) {
    if (page > 0 && std::find(pages.begin(), pages.end(), page) == pages.end()) pages.push_back(page);
  };
  const std::uint64_t number = number_key(key.number), id = id_key(key.id);
  for (std::size_t i = 0; i < index_.entries.size(); ++i) {
    const Entry& entry = index_.entries[i];
    if (entry.number == number || (!key.id.empty() && entry.id == id)) add(page_of(i));
  }
  *expected = pages.size();
  for (std::size_t i = 0; i < *expected; ++i) {
    const std::int64_t page = pages[i];
    add(page - 1);
    add(page + 1);
  }
  if (!pages.empty() && total_ > 0) add(page_of(static_cast<std::size_t>(total_ - 1)));
  return pages;
}

Result<std::vector<RowHit>> Lists::near(const RowKey& key) {
  std::vector<RowHit> out;
  std::size_t expected = 0;
  const auto pages = pages_to_try(key, &expected);
  for (std::size_t i = 0; i < pages.size(); ++i) {
    if (i >= expected && !out.empty()) break;
    const auto rows = page_rows(pages[i]);
    if (!rows) return fail(rows.error());
    for (const RowHit& hit : **rows) {
      const bool known = std::any_of(out.begin(), out.end(),
                                     [&](const RowHit& o) { return o.row.source == hit.row.source; });
      if (!known && matches(hit, key)) out.push_back(hit);
    }
  }
  return out;
}

Result<std::vector<std::vector<RowHit>>> Lists::scan(std::span<const RowKey> keys) {
  std::vector<std::vector<RowHit>> out;
  for (int attempt = 0; attempt < 2; ++attempt) {
    out.assign(keys.size(), {});
    Listing listing = begin_listing(hints());
    while (!listing.ended) {
      auto page = step(listing, true);
      if (!page) return fail(std::move(page.error()));
      for (std::size_t i = 0; i < page->rows.size(); ++i) {
        const RowHit hit{std::move(page->rows[i]), std::move(page->details[i]), listing.pages};
        for (std::size_t k = 0; k < keys.size(); ++k) {
          if (matches(hit, keys[k])) out[k].push_back(hit);
        }
      }
    }
    (void)finish(listing, true);
    if (!index_.is_worth_another_try()) break;
  }
  return out;
}

bool Lists::is_fresh() const { return index_.complete && clock_.now_ms() - index_.as_of_ms <= kFreshMs; }

bool Lists::was_written_lately(const std::string& number) const {
  const auto written = written_at_.find(number_key(number));
  return written != written_at_.end() && clock_.now_ms() - written->second < tuning::kCtmIndexLagMs;
}

bool Lists::is_indexed(const RowKey& key) const {
  std::size_t expected = 0;
  (void)pages_to_try(key, &expected);
  return expected > 0;
}

Error Lists::not_readable() const {
  Error error;
  error.message = fmt::format(
      "list {} counts more rows than the {} it shows; what it lacks is not known, tried again in the "
      "next cycle",
      list_id_, index_.entries.size());
  return error;
}

Result<std::vector<RowHit>> Lists::locate(const RowKey& key) {
  auto hits = near(key);
  if (!hits || !hits->empty()) return hits;
  if (is_fresh() && index_.by_scan && !is_indexed(key)) return hits;
  auto scanned = scan({&key, 1});
  if (!scanned) return fail(std::move(scanned.error()));
  if (scanned->front().empty() && !index_.complete) return fail(not_readable());
  return std::move(scanned->front());
}

std::vector<Result<std::vector<Evidence>>> Lists::fetch(std::span<const RowKey> keys) {
  seen_pages_.clear();
  std::vector<Result<std::vector<Evidence>>> out;
  std::vector<RowKey> missing;
  std::vector<std::size_t> places;
  const auto rows_of = [](std::vector<RowHit>& hits) {
    std::vector<Evidence> rows;
    for (RowHit& hit : hits) rows.push_back(std::move(hit.row));
    return rows;
  };
  for (const RowKey& key : keys) {
    auto hits = near(key);
    if (!hits) {
      out.push_back(fail(std::move(hits.error())));
      continue;
    }
    const bool is_known_absent = is_fresh() && index_.by_scan && !is_indexed(key);
    if (hits->empty() && !is_known_absent && !was_written_lately(key.number)) {
      places.push_back(out.size());
      missing.push_back(key);
    }
    out.push_back(rows_of(*hits));
  }
  if (missing.empty()) return out;
  auto scanned = scan(missing);
  for (std::size_t i = 0; i < missing.size(); ++i) {
    if (!scanned)
      out[places[i]] = fail(scanned.error());
    else if ((*scanned)[i].empty() && !index_.complete)
      out[places[i]] = fail(not_readable());
    else
      out[places[i]] = rows_of((*scanned)[i]);
  }
  return out;
}

Result<Found> Lists::find(const std::string& e164) {
  seen_pages_.clear();
  const RowKey key{e164, ""};
  Found found;
  if (!is_fresh() && index_.complete) {
    const Hints now = hints();
    if (now.known && now.digest == index_.hints) index_.as_of_ms = clock_.now_ms();
  }
  std::vector<RowHit> hits;
  const bool is_known_absent = is_fresh() && !is_indexed(key);
  if (!is_known_absent) {
    // What we added a moment ago and cannot see yet is not worth reading the whole list for.
    auto located = is_fresh() && was_written_lately(e164) ? near(key) : locate(key);
    if (!located) return fail(std::move(located.error()));
    hits = std::move(*located);
  }
  found.as_of_ms = hits.empty() ? index_.as_of_ms : clock_.now_ms();
  for (RowHit& hit : hits) found.evidence.push_back(std::move(hit.row));
  return found;
}
}  // namespace tandem::ctm
