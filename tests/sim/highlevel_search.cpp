// POST /contacts/search without its JSON.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "tests/sim/highlevel_filter.h"
#include "tests/sim/highlevel_model.h"
#include "tests/sim/highlevel_text.h"

namespace tandem::sim::highlevel {
namespace {
constexpr std::int64_t kWall = 10'000, kMostRows = 500;
constexpr std::array<std::string_view, 8> kSortable{"firstNameLowerCase",
                                                    "lastNameLowerCase",
                                                    "businessName",
                                                    "dateAdded",
                                                    "dateUpdated",
                                                    "email",
                                                    "dnd",
                                                    "source"};

Refusal bad_request(std::string message) {
  return {400, {std::move(message)}, false, "Bad Request", {}, {}, {}};
}
Refusal unprocessable(std::string message) {
  return {422, {std::move(message)}, true, "Unprocessable Entity", {}, {}, {}};
}

bool is_time(const std::string& field) { return field == "dateUpdated" || field == "dateAdded"; }
std::int64_t time_of(const Contact& contact, const std::string& field) {
  return field == "dateUpdated" ? contact.index_stamp_ms : contact.date_added_ms;
}

SortValue number(std::int64_t value) { return {false, false, value, {}}; }
SortValue text(std::string value) { return {value.empty(), true, 0, std::move(value)}; }

SortValue sort_value(const Contact& contact, const std::string& field, Model& model) {
  if (is_time(field)) return number(time_of(contact, field));
  if (field == "dnd") return number(contact.dnd ? 1 : 0);
  if (field == "firstNameLowerCase") return text(lower(contact.at(Field::first_name)));
  if (field == "lastNameLowerCase") return text(lower(contact.at(Field::last_name)));
  if (field == "email") return text(lower(contact.at(Field::email)));
  if (field == "source") return text(contact.at(Field::source));
  const Business* business = model.business(contact.at(Field::business_id));
  return text(business == nullptr ? "" : business->name);
}

// -1, 0, 1; blanks come last whatever the direction.
int compare(const SortValue& left, const SortValue& right, bool descending) {
  if (left.is_null || right.is_null) return static_cast<int>(left.is_null) - static_cast<int>(right.is_null);
  const int order = left.is_text || right.is_text ? left.text.compare(right.text)
                    : left.number < right.number  ? -1
                                                  : static_cast<int>(left.number > right.number);
  return descending ? -order : order;
}

std::optional<Refusal> judge(const SearchQuery& query) {
  if (query.page_limit < 1) return unprocessable("pageLimit must not be less than 1");
  if (query.page_limit > kMostRows)
    return unprocessable(fmt::format("pageLimit must not be greater than {}", kMostRows));
  if (letters(query.query) > 75) return unprocessable("query must be shorter than or equal to 75 characters");
  if (query.sort.size() > 2) return unprocessable("sort must contain no more than 2 elements");
  for (const auto& sort : query.sort) {
    if (std::ranges::count(kSortable, sort.field) == 0)
      return bad_request(fmt::format("Invalid sort field {}", sort.field));
  }
  const std::size_t keys = std::max<std::size_t>(query.sort.size(), 1) + 1;
  if (!query.search_after.empty() && query.search_after.size() != keys)
    return bad_request(fmt::format("searchAfter must have {} values", keys));
  if (!query.search_after.empty() && query.page > 1)
    return bad_request("page cannot be used together with searchAfter");
  if (query.search_after.empty() && query.page * query.page_limit > kWall) {
    return bad_request(fmt::format(
        "Result window is too large: page * pageLimit must be less than or equal to {}, use searchAfter",
        kWall));
  }
  return std::nullopt;
}

// Where a page starts among `total` rows, once the fault has had its say.
std::size_t shifted(std::size_t first, std::size_t limit, PageFault fault) {
  if (fault == PageFault::repeat) return first > limit ? first - limit : 0;
  return fault == PageFault::skip ? first + limit : first;
}

struct Plan {
  std::vector<Sort> sort;
  TimeRange range;                    // on sort[0], when that is a time
  std::vector<Predicate> conditions;  // the rest
};

Answer<Plan> plan_of(const SearchQuery& query, const Model& model) {
  Plan plan{query.sort, {}, {}};
  if (plan.sort.empty()) plan.sort.push_back({"dateAdded", true});
  for (const auto& filter : query.filters) {
    if (filter.group.empty() && filter.op == "range" && filter.field == plan.sort[0].field &&
        is_time(filter.field)) {
      const auto range = time_range(filter, model);
      if (!range) return range.refusal;
      plan.range.from_ms = std::max(plan.range.from_ms, range->from_ms);
      plan.range.to_ms = std::min(plan.range.to_ms, range->to_ms);
      continue;
    }
    const auto predicate = compile(filter, model);
    if (!predicate) return predicate.refusal;
    plan.conditions.push_back(*predicate);
  }
  if (!trimmed(query.query).empty()) plan.conditions.push_back(free_text(query.query));
  return plan;
}

std::vector<SortValue> keys_of(const Contact& contact, const std::vector<Sort>& sort, Model& model) {
  std::vector<SortValue> keys;
  for (const auto& key : sort) keys.push_back(sort_value(contact, key.field, model));
  keys.push_back(text(contact.id));
  return keys;
}

// A sweep by one time and nothing else: positions come from the tree, the page costs its rows.
SearchPage plain_page(const RowOrder& rows, const SearchQuery& query, const Plan& plan) {
  const bool down = plan.sort[0].descending;
  const std::size_t low = rows.order_of_key(TimeKey{plan.range.from_ms, ""});
  const std::size_t high = std::max(low, rows.order_of_key(TimeKey{plan.range.to_ms + 1, ""}));
  const std::size_t total = high - low, limit = static_cast<std::size_t>(query.page_limit);
  std::size_t first =
      query.page > 1 ? static_cast<std::size_t>(query.page - 1) * limit : 0;  // counted in sort order
  if (!query.search_after.empty()) {
    const TimeKey after{query.search_after[0].number, query.search_after[1].text};
    const std::size_t below = rows.order_of_key(after),
                      not_above = below + (rows.find(after) != rows.end() ? 1 : 0);
    first = down ? high - std::clamp(below, low, high) : std::clamp(not_above, low, high) - low;
  }
  first = shifted(first, limit, query.fault);
  SearchPage page;
  page.total = static_cast<std::int64_t>(total);
  page.first = static_cast<std::int64_t>(first);
  if (first >= total) return page;
  const std::size_t count = std::min(limit, total - first);
  auto row = rows.find_by_order(down ? high - 1 - first : low + first);
  page.rows.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    page.rows.push_back({row->second, {number(row->first.first), text(row->first.second)}});
    if (i + 1 < count) down ? --row : ++row;
  }
  return page;
}
}  // namespace

Answer<SearchPage> Model::search(const SearchQuery& query) {
  index_.settle(now_());
  if (auto refusal = judge(query)) return *refusal;
  const Answer<Plan> plan = plan_of(query, *this);
  if (!plan) return plan.refusal;
  const bool timed = is_time(plan->sort[0].field);
  const RowOrder& rows =
      timed && plan->sort[0].field == "dateUpdated" ? index_.by_updated() : index_.by_added();
  SearchPage page;
  if (timed && plan->sort.size() == 1 && plan->conditions.empty()) {
    page = plain_page(rows, query, *plan);
  } else {
    struct Match {
      const Contact* contact;
      std::vector<SortValue> keys;
    };
    std::vector<Match> matches;
    const auto from = timed ? rows.lower_bound(TimeKey{plan->range.from_ms, ""}) : rows.begin();
    const auto to = timed ? rows.lower_bound(TimeKey{plan->range.to_ms + 1, ""}) : rows.end();
    for (auto row = from; row != to; ++row) {
      const bool fits = std::ranges::all_of(plan->conditions, [&](const auto& p) { return p(*row->second); });
      if (fits) matches.push_back({row->second, keys_of(*row->second, plan->sort, *this)});
    }
    const auto before = [&](const std::vector<SortValue>& left, const std::vector<SortValue>& right) {
      for (std::size_t i = 0; i < left.size(); ++i) {
        const bool down = i < plan->sort.size() ? plan->sort[i].descending : plan->sort[0].descending;
        if (const int order = compare(left[i], right[i], down); order != 0) return order < 0;
      }
      return false;
    };
    std::ranges::sort(matches, before, &Match::keys);
    std::size_t first = query.page > 1 ? static_cast<std::size_t>((query.page - 1) * query.page_limit) : 0;
    if (!query.search_after.empty()) {
      first = static_cast<std::size_t>(
          std::ranges::upper_bound(matches, query.search_after, before, &Match::keys) - matches.begin());
    }
    first = shifted(first, static_cast<std::size_t>(query.page_limit), query.fault);
    page.total = static_cast<std::int64_t>(matches.size());
    page.first = static_cast<std::int64_t>(first);
    for (std::size_t i = first; i < matches.size() && i - first < static_cast<std::size_t>(query.page_limit);
         ++i) {
      page.rows.push_back({matches[i].contact, matches[i].keys});
    }
  }
  if (query.fault == PageFault::empty || query.fault == PageFault::empty_total) page.rows.clear();
  if (query.fault == PageFault::empty_total) page.total = 0;
  return page;
}
}  // namespace tandem::sim::highlevel
