#include "daemon/highlevel/highlevel_listing.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <string_view>
#include <utility>

#include "core/tuning.h"

namespace tandem::highlevel {
namespace {
constexpr std::string_view kDelta = "d1", kFull = "f1";
constexpr char kBar = '|', kComma = ',';

class Reader {
 public:
  explicit Reader(std::string_view text) : rest_(text) {}
  [[nodiscard]] bool at_end() const { return ended_; }
  std::string_view part() {
    const auto bar = rest_.find(kBar);
    const auto out = rest_.substr(0, bar);
    ended_ = bar == std::string_view::npos;
    rest_ = ended_ ? std::string_view() : rest_.substr(bar + 1);
    return out;
  }
  std::int64_t number() {
    const auto text = part();
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    ok_ = ok_ && error == std::errc{} && end == text.data() + text.size();
    return value;
  }
  std::string_view all() { return std::exchange(rest_, {}); }
  [[nodiscard]] bool ok() const { return ok_; }

 private:
  std::string_view rest_;
  bool ended_ = false, ok_ = true;
};

std::optional<Listing> read(ReadKind kind, std::string_view cursor) {
  Reader in(cursor);
  Listing out;
  out.kind = kind;
  const auto mark = in.part();
  if (mark != kDelta && mark != kFull) return std::nullopt;
  out.watermark_ms = in.number();
  if (in.at_end()) {  // of a finished run: a full listing starts anew from it
    if (!in.ok() || mark != kDelta) return std::nullopt;
    if (kind == ReadKind::full) out.watermark_ms = 0;
    return out;
  }
  if (mark != (kind == ReadKind::delta ? kDelta : kFull)) return std::nullopt;
  out.newest_ms = in.number();
  out.pass = static_cast<int>(in.number());
  out.rows = in.number();
  out.total = in.number();
  out.missing = in.number();
  out.key = in.number();
  for (auto ids = in.part(); !ids.empty();) {
    const auto comma = ids.find(kComma);
    out.tied.emplace_back(ids.substr(0, comma));
    ids = comma == std::string_view::npos ? std::string_view() : ids.substr(comma + 1);
  }
  if (!in.ok() || in.at_end()) return std::nullopt;
  out.after = in.all();
  return out;
}

tl::unexpected<Error> refused(const char* what) {
  return fail(Fault::malformed,
              fmt::format("HighLevel's listing: {}; the page is refused, the cursor stays", what));
}
}  // namespace

std::int64_t Listing::since_ms() const {
  if (kind == ReadKind::full || watermark_ms == 0) return 0;
  return std::max<std::int64_t>(1, watermark_ms - tuning::kHighLevelOverlapMs);
}

Listing listing_from(ReadKind kind, const std::string& cursor) {
  Listing anew;
  anew.kind = kind;
  return read(kind, cursor).value_or(anew);
}

std::string cursor_of(const Listing& l) {
  std::string tied;
  for (const auto& id : l.tied) tied.append(tied.empty() ? "" : ",").append(id);
  return fmt::format("{}|{}|{}|{}|{}|{}|{}|{}|{}|{}", l.kind == ReadKind::delta ? kDelta : kFull,
                     l.watermark_ms, l.newest_ms, l.pass, l.rows, l.total, l.missing, l.key, tied, l.after);
}

std::string cursor_at(std::int64_t watermark_ms) {
  return watermark_ms == 0 ? std::string() : fmt::format("{}|{}", kDelta, watermark_ms);
}

namespace {
// Takes the page's rows in, or says why they cannot be what follows.
const char* take_rows(Listing& next, const SearchPage& page, std::int64_t newest_max_ms) {
  std::int64_t key = next.key;
  std::vector<std::string> tied = next.after.empty() ? std::vector<std::string>() : next.tied;
  const auto old_ties = tied.size();
  bool first = next.after.empty();
  bool moved = first;
  for (const auto& row : page.rows) {
    if (!row.key) return "a row without a sort key";
    if (!first && *row.key < key) return "rows that came before, or out of order";
    if (first || *row.key > key) {
      tied.clear();
      moved = true;
    }
    if (std::find(tied.begin(), tied.end(), row.evidence.source.id) != tied.end())
      return "the same row again";
    tied.push_back(row.evidence.source.id);
    key = *row.key;
    first = false;
    if (next.kind == ReadKind::delta)
      next.newest_ms = std::max(next.newest_ms, newest_max_ms == 0 ? key : std::min(key, newest_max_ms));
  }
  if (!moved)
    tied.erase(tied.begin(),
               tied.begin() + static_cast<std::ptrdiff_t>(old_ties));  // the last page's are enough
  next.key = key;
  next.tied = std::move(tied);
  next.rows += static_cast<std::int64_t>(page.rows.size());
  return nullptr;
}

Listing second_pass(const Listing& at, std::int64_t missing) {
  Listing out;
  out.kind = at.kind;
  out.watermark_ms = at.watermark_ms;
  out.newest_ms = at.newest_ms;
  out.pass = 2;
  out.missing = missing;
  return out;
}
}  // namespace

Result<Step> advance(const Listing& at, const SearchPage& page, int limit, std::int64_t newest_max_ms) {
  Step step;
  step.next = at;
  Listing& next = step.next;
  if (const char* wrong = take_rows(next, page, newest_max_ms)) return refused(wrong);
  if (page.total >= 0) next.total = std::max(next.total, page.total);

  // A page that is not full ends the listing where the count agrees; an empty one always does.
  const bool last = page.rows.empty() || (static_cast<int>(page.rows.size()) < limit && next.total >= 0 &&
                                          next.rows >= next.total);
  if (!last) {
    if (page.after.empty()) return refused("the last row has no searchAfter");
    if (page.after == at.after) return refused("searchAfter does not move");
    next.after = page.after;
    step.more = true;
    step.cursor = cursor_of(next);
    return step;
  }

  const std::int64_t missing = std::max<std::int64_t>(0, next.total - next.rows);
  const bool doubtful = missing > 0 || (next.kind == ReadKind::full && next.rows == 0);
  if (doubtful && next.pass == 1) {
    next = second_pass(next, missing);
    step.more = true;
    step.cursor = cursor_of(next);
    return step;
  }
  if (next.kind == ReadKind::full) {
    step.complete = missing == 0 && next.total >= 0;
    step.cursor = cursor_at(next.watermark_ms);
    return step;
  }
  const bool trusted = missing == 0 || missing == next.missing;
  step.cursor = cursor_at(trusted ? std::max(next.watermark_ms, next.newest_ms) : next.watermark_ms);
  return step;
}
}  // namespace tandem::highlevel
