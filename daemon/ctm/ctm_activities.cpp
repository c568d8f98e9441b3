#include "daemon/ctm/ctm_activities.h"
#include <fmt/format.h>
#include <algorithm>
#include "core/model/phone.h"
#include "daemon/ctm/ctm_bodies.h"
#include "daemon/ctm/ctm_errors.h"

namespace tandem::ctm {
namespace {
constexpr std::int64_t kPerPage = 100;   // caps between 100 and 150 are reported (C): the lower one
constexpr std::int64_t kReach = 10'000;  // a query shows no more than this many rows (C)
// A time this far ahead of our clock is a mistake in the data, not a clock skew: it must not move the
// watermark, or everything before it would never be read again.
constexpr std::int64_t kFutureS = 2 * 86'400;
constexpr std::size_t kShortDaysKept = 30;
constexpr int kSearchPage = 25;

std::string name_of(const std::string& id) { return fmt::format("activity {}", id); }

// The feed exists in every account: one that is not found is an account this key does not reach.
Error feed_error(Error error) {
  if (error.fault == Fault::gone) {
    error.fault = Fault::unauthorised;
    error.message =
        "CTM does not show the account's activities to this key (404): check account_id and credential of "
        "[link.ctm]";
  }
  return error;
}

void restart_window(Cursor& cursor) {
  cursor.page = 1;
  cursor.seen = 0;
  cursor.total = -1;
  cursor.next.clear();
}
}  // namespace

Activities::Activities(const CtmSettings& settings, Client& client, const Codec& codec, Facts& facts,
                       Clock& clock)
    : settings_(settings), client_(client), codec_(codec), facts_(facts), clock_(clock) {}

void Activities::begin(Cursor& cursor) const {
  const std::int64_t now_s = clock_.now_ms() / 1000;
  const bool from_watermark = cursor.kind == ReadKind::delta && cursor.watermark_s > 0;
  cursor.floor_s = from_watermark ? std::min(cursor.watermark_s, now_s) - settings_.activity_overlap_ms / 1000
                                  : now_s - settings_.activity_since_ms / 1000;
  cursor.newest_s = 0;
  cursor.attempt = 0;
  cursor.windows = {{first_day(cursor.floor_s, zone_), kOpenEnd}};
  restart_window(cursor);
}

std::string Activities::tail_of(const Cursor& cursor) const {
  const DayRange& window = cursor.windows.front();
  const std::string end = window.to == kOpenEnd ? "" : fmt::format("end_date={}&", to_date(window.to));
  return fmt::format("start_date={}&{}per_page={}&", to_date(window.from), end,
                     fact_number(facts_, "calls_page", kPerPage));
}

Result<ActivityPage> Activities::page(const Cursor& cursor) {
  const std::string tail =
      cursor.next.empty() ? fmt::format("/calls?{}page={}", tail_of(cursor), cursor.page) : cursor.next;
  const auto body = client_.read(tail, fmt::format("the activities, page {}", cursor.page));
  if (!body) return fail(feed_error(body.error()));
  return codec_.activities(body->root());
}

// The newer half of a window that shows more than one day; nullopt: it cannot be divided.
std::optional<DayRange> Activities::latter_half(const DayRange& window) const {
  const std::int64_t now_s = clock_.now_ms() / 1000;
  const Day last = window.to == kOpenEnd ? (zone_ ? zone_->day_of(now_s) : now_s / 86'400) : window.to;
  if (last <= window.from) return std::nullopt;
  return DayRange{window.from + (last - window.from) / 2 + 1, window.to};
}

void Activities::split(Cursor& cursor, const DayRange& latter) const {
  const DayRange earlier{cursor.windows.front().from, latter.from - 1};
  cursor.windows.front() = latter;
  cursor.windows.insert(cursor.windows.begin() + 1, earlier);
  cursor.attempt = 0;
  restart_window(cursor);
}

Result<bool> Activities::read(Cursor& cursor, Page& out) {
  if (cursor.page == 0 || cursor.windows.empty()) begin(cursor);
  if (wrong_page_) restart_window(cursor);
  wrong_page_ = false;
  if (cursor.page == 1) last_ids_.clear();
  out.more = true;
  const DayRange window = cursor.windows.front();
  const auto divided = latter_half(window);

  Result<ActivityPage> got = page(cursor);
  const auto is_repeat = [this](const Evidence& e) {
    return std::binary_search(last_ids_.begin(), last_ids_.end(), e.source.id);
  };
  for (int again = 0; got && !got->activities.empty() &&
                      std::all_of(got->activities.begin(), got->activities.end(), is_repeat);
       ++again) {
    if (again == 1) {
      wrong_page_ = true;  // whichever of the two was the wrong one: the window is begun again
      if (cursor.attempt++ == 0) return false;
      return fail(Fault::malformed,
                  fmt::format("CTM shows page {} of the activities twice; it is read again in the next cycle",
                              cursor.page));
    }
    got = page(cursor);
  }
  if (!got) {
    // Beyond its reach CTM may refuse a page instead of sending an empty one.
    if (got.error().fault != Fault::rejected || cursor.page == 1 || !divided)
      return fail(std::move(got.error()));
    split(cursor, *divided);
    return false;
  }

  const auto rows = static_cast<std::int64_t>(got->activities.size());
  if (cursor.page == 1) {
    cursor.total = got->envelope.total_entries;
    const bool is_small =
        rows > 0 && rows < fact_number(facts_, "calls_page", kPerPage) && rows < cursor.total;
    small_page_ = is_small ? rows : 0;
  }
  if (cursor.page == 1 && cursor.total > kReach && divided) {
    split(cursor, *divided);
    return false;
  }
  bool all_old = rows > 0;
  std::vector<std::string> ids;
  for (Evidence& evidence : got->activities) {
    const std::int64_t at_s = evidence.at_ms / 1000;
    all_old = all_old && at_s > 0 && at_s < cursor.floor_s;
    if (at_s <= clock_.now_ms() / 1000 + kFutureS) cursor.newest_s = std::max(cursor.newest_s, at_s);
    ids.push_back(evidence.source.id);
    if (is_repeat(evidence)) continue;
    ++cursor.seen;
    out.evidence.push_back(std::move(evidence));
  }
  std::sort(ids.begin(), ids.end());
  last_ids_ = std::move(ids);

  const std::string next =
      all_old ? std::string{}
              : client_.following(got->envelope, {"/calls", tail_of(cursor), cursor.page, rows, cursor.seen});
  if (!next.empty()) {
    ++cursor.page;
    cursor.next = next;
    return false;
  }
  if (!all_old && cursor.seen < cursor.total) {
    if (small_page_ >
        0) {  // a page smaller than was asked for may hide the rest of it: ask for what it gives
      facts_["calls_page"] = std::to_string(small_page_);
      restart_window(cursor);
      return read(cursor, out);
    }
    if (divided) {
      split(cursor, *divided);
      return false;
    }
    const std::string day = "short:" + to_date(window.from);
    const std::int64_t missing = cursor.total - cursor.seen;
    if (cursor.attempt == 0) {
      cursor.attempt = 1;
      restart_window(cursor);
      return false;
    }
    // The day's count stays above what the day shows. The watermark waits until a second pass finds
    // the same: then the count is wrong, not the reading.
    if (fact_number(facts_, day, -1) != missing) {
      while (std::count_if(facts_.begin(), facts_.end(), [](const auto& f) {
               return f.first.starts_with("short:");
             }) >= static_cast<std::ptrdiff_t>(kShortDaysKept)) {
        facts_.erase(facts_.lower_bound("short:"));
      }
      facts_[day] = std::to_string(missing);
      cursor.newest_s = std::min(cursor.newest_s, cursor.watermark_s);
    }
  }
  if (all_old)
    cursor.windows.clear();
  else
    cursor.windows.erase(cursor.windows.begin());
  cursor.attempt = 0;
  restart_window(cursor);
  if (!cursor.windows.empty()) return false;
  cursor.watermark_s = std::max(cursor.watermark_s, cursor.newest_s);
  cursor.page = 0;
  last_ids_.clear();
  return true;
}

std::vector<Result<Evidence>> Activities::fetch(std::span<const std::string> ids) {
  std::vector<std::string> tails, names;
  for (const std::string& id : ids) {
    tails.push_back("/calls/" + http::encode(id));
    names.push_back(name_of(id));
  }
  std::vector<Result<Evidence>> out;
  auto bodies = client_.read_all(tails, names);
  for (std::size_t i = 0; i < bodies.size(); ++i) {
    if (!bodies[i]) {
      out.push_back(fail(std::move(bodies[i].error())));
      continue;
    }
    auto evidence = codec_.activity(bodies[i]->root());
    if (evidence && evidence->source.id != ids[i]) {
      evidence = fail(
          Fault::malformed,
          fmt::format("CTM was asked for activity {} and answered with another; nothing was used", ids[i]));
    }
    out.push_back(std::move(evidence));
  }
  return out;
}

Result<std::vector<Evidence>> Activities::search(const std::string& e164) {
  std::vector<Evidence> out;
  // CTM ignores query keys it does not know (C), so what comes back is believed only by its number.
  for (const std::string_view key : {"contact_number", "search"}) {
    const auto body =
        client_.read(fmt::format("/calls/search?{}={}&per_page={}", key, http::encode(e164), kSearchPage),
                     "the activities of one number");
    if (!body) return fail(feed_error(body.error()));
    auto found = codec_.activities(body->root());
    if (!found) return fail(std::move(found.error()));
    for (Evidence& evidence : found->activities) {
      if (parse_phone(evidence.person, settings_.default_country).e164 == e164)
        out.push_back(std::move(evidence));
    }
    if (!out.empty()) break;
  }
  return out;
}

Result<Reply> Activities::send_modify(const std::string& id, const WireFields& set) {
  const std::string tail = fmt::format("/calls/{}/modify", http::encode(id));
  const bool form_first = fact(facts_, "modify_verb") == "put";
  Result<Reply> refused;
  for (const bool form : {form_first, !form_first}) {
    Result<Reply> reply =
        form ? client_.write("PUT", tail, modify_form(set), Effect::repeatable, name_of(id),
                             "application/x-www-form-urlencoded")
             : client_.write("POST", tail, modify_json(set), Effect::repeatable, name_of(id));
    if (!reply) return reply;
    // A route without this verb may answer a plain "Not Found": no words tell it from a missing activity.
    if (reply->status == 405 || reply->status == 404) {
      if (form == form_first || refused->status == 405) refused = std::move(reply);
      continue;
    }
    if (reply->status < 300) facts_["modify_verb"] = form ? "put" : "post";
    return reply;
  }
  return refused;
}

Result<Receipt> Activities::read_back(const Write& write, const std::vector<std::string>& ids) {
  Receipt receipt;
  receipt.record = write.record;
  for (auto& evidence : fetch(ids)) {
    if (evidence)
      receipt.shown.push_back(std::move(*evidence));
    else if (evidence.error().fault != Fault::gone)
      receipt.awaiting_index = true;  // done; only the look at it failed
  }
  return receipt;
}

Result<Receipt> Activities::modify(const Write& write) {
  const std::string& id = write.target->id;
  WireFields set = write.set;
  if (changes_name(set) && value_in(set, "name") == nullptr) {
    const std::string name = whole_name(write.set, write.whole);
    set.emplace_back("name", WireValue{name.empty(), name, {}});
  }
  if (modify_json(set).empty()) {
    return fail(Fault::unsupported,
                fmt::format("none of the changed fields can be written to activity {}", id));
  }
  const auto reply = send_modify(id, set);
  if (!reply) return fail(reply.error());
  if (auto error = client_.refusal(*reply, "a change of " + name_of(id))) return fail(std::move(*error));
  return read_back(write, {id});
}

Result<Receipt> Activities::add_tags(const Write& write) {
  if (write.tag_sources.empty())
    return fail(Fault::unsupported, "CTM keeps tags on activities, and this person has none yet");
  const std::string& id = write.tag_sources.front().id;
  for (const std::string& tag : write.tags) {
    const auto reply = client_.write("POST", fmt::format("/calls/{}/tag", http::encode(id)), tag_json(tag),
                                     Effect::repeatable, name_of(id));
    if (!reply) return fail(reply.error());
    if (auto error = client_.refusal(*reply, "a tag on " + name_of(id))) return fail(std::move(*error));
  }
  return read_back(write, {id});
}

Result<Receipt> Activities::remove_tags(const Write& write) {
  std::vector<std::string> ids;
  for (const SourceRef& source : write.tag_sources) {
    for (const std::string& tag : write.tags) {
      const auto reply = client_.write("DELETE", fmt::format("/calls/{}/tag", http::encode(source.id)),
                                       tag_json(tag), Effect::repeatable, name_of(source.id));
      if (!reply) return fail(reply.error());
      auto error = client_.refusal(*reply, "the removal of a tag from " + name_of(source.id));
      if (error && error->fault != Fault::gone)
        return fail(std::move(*error));  // what is not there need not go
    }
    ids.push_back(source.id);
  }
  return read_back(write, ids);
}
}  // namespace tandem::ctm
