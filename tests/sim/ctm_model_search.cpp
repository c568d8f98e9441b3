// The search behind /calls: which activities answer a question, as the index knows them.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <limits>

#include "tests/sim/ctm_model.h"
#include "tests/sim/ctm_phone.h"

namespace tandem::sim {
namespace {
constexpr std::int64_t kForever = std::numeric_limits<std::int64_t>::max();
constexpr std::size_t kAnswers = 8;  // remembered results

bool has(const std::string& text, const std::string& part) {  // ASCII case does not count
  const auto same = [](char a, char b) {
    return std::tolower(static_cast<unsigned char>(a)) == std::tolower(static_cast<unsigned char>(b));
  };
  return std::search(text.begin(), text.end(), part.begin(), part.end(), same) != text.end();
}

bool free_text(const CtmActivity& a, const std::string& wanted, const std::vector<std::string>& tags) {
  if (a.sid == wanted) return true;
  std::string digits;
  bool number_like = true;
  for (const char c : wanted) {
    if (c >= '0' && c <= '9')
      digits += c;
    else if (std::string_view("+()- .").find(c) == std::string_view::npos)
      number_like = false;
  }
  if (number_like && digits.size() >= 4) return a.number.find(digits) != std::string::npos;
  return has(a.who.name, wanted) || has(a.who.email, wanted) || has(a.notes, wanted) ||
         has(a.message_body, wanted) ||
         std::ranges::any_of(tags, [&](const std::string& tag) { return has(tag, wanted); });
}

bool compare(double left, char relation, const std::string& right) {
  double bound = 0;
  const auto [end, error] = std::from_chars(right.data(), right.data() + right.size(), bound);
  if (error != std::errc{}) return false;
  if (relation == '<') return left < bound;
  return relation == '>' ? left > bound : left == bound;
}

// "2026-11-20" or "2026-11-20T09:41:05Z", in UTC; `none` for anything else.
std::int64_t instant(const std::string& text, std::int64_t none) {
  std::int64_t day = 0;
  if (!ctm_parse_day(std::string_view(text).substr(0, 10), day)) return none;
  int hour = 0;
  int minute = 0;
  int second = 0;
  if (text.size() >= 19) {
    std::from_chars(text.data() + 11, text.data() + 13, hour);
    std::from_chars(text.data() + 14, text.data() + 16, minute);
    std::from_chars(text.data() + 17, text.data() + 19, second);
  }
  return day * 86'400 + hour * 3600 + minute * 60 + second;
}
}  // namespace

std::pair<std::int64_t, std::int64_t> CtmAccount::window(const CtmQuery& query) const {
  static const CtmZone kUtc("UTC");
  const CtmZone& zone_used = world_.switches_.is("date_filter_zone", "utc") ? kUtc : zone_;
  std::int64_t from = 0;
  std::int64_t to = kForever;
  std::int64_t day = 0;
  if (ctm_parse_day(query.start_date, day)) from = zone_used.day_start(day);
  if (ctm_parse_day(query.end_date, day)) to = zone_used.day_start(day + 1);
  if (world_.switches_.is("since_until", "instants")) {
    from = std::max(from, instant(query.since, 0));
    to = std::min(to, instant(query.until, kForever));
  }
  return {from, to};
}

bool CtmAccount::matches(const CtmActivity& a, const CtmQuery& query, std::int64_t as_of_ms) const {
  if (!query.contact_number.empty() && a.number != query.contact_number) return false;
  if (!query.directions.empty() &&
      std::ranges::find(query.directions, a.direction) == query.directions.end()) {
    return false;
  }
  if (!query.agent.empty() && (a.agent_id != query.agent || as_of_ms < a.ready_ms)) return false;
  if (!query.form_name.empty() && a.form_name != query.form_name) return false;
  if (!query.call_status.empty() && (query.call_status == "answered") != a.answered) return false;
  if (!query.tags.empty() || !query.search.empty()) {
    const auto tags = a.tags_at(as_of_ms);
    if (!query.tags.empty()) {
      const bool any = std::ranges::any_of(
          query.tags, [&](const std::string& tag) { return std::ranges::find(tags, tag) != tags.end(); });
      if (any == query.tags_excluded) return false;
    }
    if (!query.search.empty() && !free_text(a, query.search, tags)) return false;
  }
  return std::ranges::all_of(query.terms, [&](const CtmQuery::Term& term) {
    if (term.field == "id") return compare(static_cast<double>(a.id), term.relation, term.value);
    if (term.field == "caller_number" || term.field == "contact_number") return a.number == term.value;
    if (term.field == "form.form_name") return a.form_name == term.value;
    if (term.field == "direction") return a.direction == term.value;
    if (term.field == "indexed_at" && world_.switches_.on("filter.indexed_at")) {
      const std::int64_t indexed = a.touched_ms(as_of_ms) + world_.switches_.number("index_lag_ms");
      return compare(static_cast<double>(indexed) / 1000.0, term.relation, term.value);
    }
    return true;
  });
}

std::shared_ptr<const CtmAccount::Found> CtmAccount::search(const CtmQuery& query) {
  const auto& entries = activity_index_.rows(now());
  const auto [from, to] = window(query);
  std::string question =
      fmt::format("{}|{}|{}|{}|{}|{}|{}|{}|{}|{}", from, to, query.contact_number, query.search, query.agent,
                  query.call_status, query.form_name, fmt::join(query.directions, ","),
                  fmt::join(query.tags, "\x1f"), query.tags_excluded);
  bool staged = !query.tags.empty() || !query.search.empty() || !query.agent.empty();
  for (const auto& term : query.terms) {
    question += fmt::format("|{}{}{}", term.field, term.relation, term.value);
    staged = staged || term.field == "indexed_at";
  }
  const std::int64_t as_of = index_time();
  if (staged) question += fmt::format("|@{}{}", as_of, world_.switches_.text("filter.indexed_at"));
  for (const auto& answer : answers_) {
    if (answer.generation == activity_index_.generation() && answer.question == question) return answer.found;
  }

  auto found = std::make_shared<Found>();
  const auto consider = [&](const Activities::Entry& entry) {
    if (matches(*entry.row, query, as_of)) found->push_back(entry.row);
  };
  if (!query.contact_number.empty()) {
    const auto calls = calls_of_.find(query.contact_number);
    if (calls != calls_of_.end()) {
      for (auto key = calls->second.rbegin(); key != calls->second.rend(); ++key) {
        const auto* entry = key->first >= from && key->first < to ? activity_index_.find(*key) : nullptr;
        if (entry != nullptr) consider(*entry);
      }
    }
  } else {
    const auto by_second = [](const Activities::Entry& entry, std::int64_t second) {
      return entry.key.first < second;
    };
    const auto begin = std::lower_bound(entries.begin(), entries.end(), from, by_second);
    const auto end = std::lower_bound(begin, entries.end(), to, by_second);
    for (auto it = end; it != begin;) consider(*--it);
  }
  answers_.push_front({std::move(question), activity_index_.generation(), found});
  if (answers_.size() > kAnswers) answers_.pop_back();
  return found;
}
}  // namespace tandem::sim
