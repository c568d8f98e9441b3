// /accounts/{a}/calls: activities of every kind.
#include <algorithm>
#include <charconv>

#include "tests/sim/ctm_call.h"
#include "tests/sim/ctm_shape.h"

namespace tandem::sim {
namespace {
// Terms of search-engine syntax: field:value, field:"two words", field:>1. Everything else is passed over.
std::vector<CtmQuery::Term> parse_filter(std::string_view text) {
  std::vector<CtmQuery::Term> terms;
  while (!text.empty()) {
    text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
    const std::size_t colon = text.find_first_of(": ");
    if (colon == std::string_view::npos || text[colon] == ' ') {  // AND, or a bare word
      text.remove_prefix(std::min(text.find(' '), text.size()));
      continue;
    }
    CtmQuery::Term term{std::string(text.substr(0, colon)), "", '='};
    text.remove_prefix(colon + 1);
    if (!text.empty() && (text[0] == '<' || text[0] == '>')) {
      term.relation = text[0];
      text.remove_prefix(1);
    }
    const bool quoted = !text.empty() && text[0] == '"';
    if (quoted) text.remove_prefix(1);
    const std::size_t end = std::min(text.find(quoted ? '"' : ' '), text.size());
    term.value = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    terms.push_back(std::move(term));
  }
  return terms;
}

std::string day_text(const CtmAccount& account, std::int64_t now_ms, int days_back) {
  // Counted on the calendar: going back 24 hours a day would slip where clocks change.
  const CtmLocalTime t = account.zone().local(now_ms / 1000);
  const std::int64_t day = ctm_day_number(t.year, t.month, t.day) - days_back;
  static const CtmZone kUtc("UTC");
  const CtmLocalTime d = kUtc.local(day * 86'400);
  const auto two = [](int n) { return (n < 10 ? "0" : "") + std::to_string(n); };
  return std::to_string(d.year) + "-" + two(d.month) + "-" + two(d.day);
}

CtmQuery read_query(const CtmCall& call) {
  CtmQuery query;
  query.start_date = call.param("start_date");
  query.end_date = call.param("end_date");
  query.since = call.param("since");
  query.until = call.param("until");
  query.contact_number = call.param("contact_number");
  query.search = call.param("search");
  query.call_status = call.param("call_status");
  query.directions = call.params("direction");
  query.tags = call.params("multi_tags");
  query.tags_excluded = call.param("multi_tags_operator") == "excludes";
  if (const auto agents = call.params("multi_agents"); !agents.empty()) query.agent = agents.front();
  query.terms = parse_filter(call.param("filter"));
  const std::string span = call.param("time_duration");
  const std::int64_t now = call.model.now();
  const auto last = [&](int from, int to) {
    query.start_date = day_text(*call.account, now, from);
    query.end_date = day_text(*call.account, now, to);
  };
  if (span == "today") last(0, 0);
  if (span == "yesterday") last(1, 1);
  if (span == "last_7_days") last(7, 1);
  if (span == "last_30_days") last(30, 1);
  return query;
}

CtmProjection read_projection(const CtmCall& call) {
  CtmProjection projection;
  const auto split = [](const std::string& text, std::set<std::string, std::less<>>& into) {
    for (std::size_t at = 0; at < text.size();) {
      const std::size_t end = std::min(text.find(',', at), text.size());
      if (end > at) into.insert(text.substr(at, end - at));
      at = end + 1;
    }
  };
  for (const auto& field : call.params("limit_fields")) split(field, projection.only);
  split(call.param("fields"), projection.only);
  split(call.param("exclude_fields"), projection.except);
  return projection;
}

// The filters of a JSON body join those of the query, and so come back in next_page.
void take_body_filters(CtmCall& call) {
  for (const auto& entry : call.body.GetObject()) {
    const std::string name(view(entry.name));
    if (name == "_method" || name == "auth_token" || entry.value.IsObject()) continue;
    if (entry.value.IsArray()) {
      for (const auto& item : entry.value.GetArray())
        call.query.emplace(name + "[]", ctm_scalar(item).value_or(""));
    } else {
      call.query.emplace(name, ctm_scalar(entry.value).value_or(""));
    }
  }
}

CtmAccount::ActivityKey cursor_key(const CtmActivity& a) { return {a.start_ms / 1000, a.id}; }

// Where the rows behind a cursor begin, newest first; `otherwise` for text that is no cursor.
std::size_t behind(const CtmAccount::Found& found, const std::string& after, std::size_t otherwise) {
  const std::size_t comma = after.find(',');
  if (comma == std::string::npos) return otherwise;
  CtmAccount::ActivityKey key{};
  std::from_chars(after.data(), after.data() + comma, key.first);
  std::from_chars(after.data() + comma + 1, after.data() + after.size(), key.second);
  const auto at =
      std::ranges::partition_point(found, [&](const auto& row) { return !(cursor_key(*row) < key); });
  return static_cast<std::size_t>(at - found.begin());
}

HttpResponse listing(CtmCall& call) {
  const Switches& sw = call.sw();
  const auto found = call.account->search(read_query(call));
  CtmPaging paging = ctm_page(call, found->size(), sw.number("calls.page_max"), sw.text("calls.over"));
  if (paging.too_large) return ctm_too_large(paging);
  const std::string after = call.param("after");
  const bool follows = !after.empty() && sw.is("calls.cursor", "follows");
  const bool deep = follows && sw.is("calls.window_cursor", "deep");
  const std::int64_t window = sw.number("calls.window");
  if (follows && call.request.page_fault == PageFault::none) {
    paging.from = behind(*found, after, paging.from);
    paging.to = std::min(found->size(), paging.from + static_cast<std::size_t>(paging.per_page));
    paging.more = paging.to < found->size();
  }
  // Counted from the newest row, by whichever of the two means the place was given.
  const std::int64_t begin = follows ? static_cast<std::int64_t>(paging.from)
                                     : (std::min(paging.page, window + 1) - 1) * paging.per_page;
  if (!deep && begin + paging.per_page >= window) {
    const bool refuses = sw.is("calls.window_over", "error400");
    if (begin >= window && refuses) return ctm_plain_error(400, "Result window is too large");
    const std::int64_t room = std::max<std::int64_t>(0, window - begin);
    paging.to = std::min(paging.to, paging.from + static_cast<std::size_t>(room));
    paging.more = paging.more && refuses;
  }
  if (paging.to > paging.from) {
    const auto [second, activity_id] = cursor_key(*(*found)[paging.to - 1]);
    paging.after = std::to_string(second) + "," + std::to_string(activity_id);
  }
  const CtmProjection projection = read_projection(call);
  const std::int64_t as_of = call.account->index_time();
  JsonOut out;
  out.begin_object().key("calls").begin_array();
  for (std::size_t i = paging.from; i < paging.to; ++i) {
    // History that was loaded at once is older than the lag; nothing shows an earlier stage than "start".
    ctm_write_activity(out, *(*found)[i], *call.account, std::max(as_of, (*found)[i]->start_ms), sw,
                       projection);
  }
  out.end_array();
  ctm_write_paging(out, call, paging);
  out.key("sort").raw(R"([{"unix_time":{"order":"desc","missing":"_last"}},{"id":{"order":"desc"}}])");
  if (call.param("stats") != "off") out.key("stats").begin_object().end_object();
  out.end_object();
  return ctm_reply(200, out.take());
}

HttpResponse modify(CtmCall& call, std::int64_t activity_id) {
  CtmPatch patch;
  const JsonValue* given = member(call.body, "call");
  if (given == nullptr || !given->IsObject()) return ctm_error(406, "call is missing");
  for (const auto& entry : given->GetObject()) {
    const std::string key(view(entry.name));
    const bool identity = key == "name" || key == "email" || key == "street" || key == "city" ||
                          key == "state" || key == "postal_code" || key == "country";
    if (identity) patch[key] = ctm_scalar(entry.value);
    if (key == "comments") patch["notes"] = ctm_scalar(entry.value);  // written so, read as `notes`
    if (key == "custom_fields" && entry.value.IsObject()) {
      for (const auto& field : entry.value.GetObject()) {
        patch[std::string(kCtmCustom) + std::string(view(field.name))] = ctm_scalar(field.value);
      }
    }
  }
  const CtmOutcome outcome = call.account->modify("api", activity_id, patch);
  return outcome.ok() ? ctm_success() : ctm_failed(call, outcome, false);
}

HttpResponse tag(CtmCall& call, std::int64_t activity_id) {
  std::string text = call.param("tag");
  if (const JsonValue* given = member(call.body, "tag")) text = ctm_scalar(*given).value_or("");
  const CtmOutcome outcome = call.account->tag("api", activity_id, text, call.is("POST"));
  return outcome.ok() ? ctm_success() : ctm_failed(call, outcome, false);
}

HttpResponse sale(CtmCall& call, const CtmActivity& activity) {
  if (call.is("GET")) {
    JsonOut out;
    ctm_write_sale(out, activity);
    return ctm_reply(200, out.take());
  }
  if (call.is("DELETE")) {
    call.account->score("api", activity.id, std::nullopt);
    return ctm_success("deleted");
  }
  const JsonValue* wrapped = member(call.body, "sale");
  const JsonValue& given =
      wrapped != nullptr && wrapped->IsObject() ? *wrapped : static_cast<const JsonValue&>(call.body);
  const auto text = [&](const char* key) {
    const JsonValue* value = member(given, key);
    return value == nullptr ? std::string() : ctm_scalar(*value).value_or("");
  };
  CtmSale sale{text("name"), text("value"), text("sale_date"), text("notes"), 0, false};
  const std::string score = text("score");
  std::from_chars(score.data(), score.data() + score.size(), sale.score);
  if (sale.score < 0 || sale.score > 5) return ctm_error(406, "score must be between 1 and 5");
  const std::string conversion = text("conversion");
  sale.conversion = conversion == "on" || conversion == "true" || conversion == "1";
  call.account->score("api", activity.id, sale);
  return ctm_success();
}

HttpResponse one(CtmCall& call, const CtmActivity& activity) {
  const std::string what = call.part(4);
  const std::int64_t now = call.model.now();
  if (what.empty() && call.is("GET")) {
    JsonOut out;
    ctm_write_activity(out, activity, *call.account, now, call.sw(), read_projection(call));
    return ctm_reply(200, out.take());
  }
  if (what == "modify") {
    if (call.sw().text("contact_surfaces").find("activity") == std::string::npos) return ctm_no_route();
    const std::string& verbs = call.sw().text("modify.verbs");
    return (call.is("POST") || call.is("PUT")) && verbs.find(call.method) != std::string::npos
               ? modify(call, activity.id)
               : ctm_no_route();
  }
  if (what == "tag" && (call.is("POST") || call.is("DELETE"))) return tag(call, activity.id);
  if (what == "sale" && (call.is("GET") || call.is("POST") || call.is("DELETE"))) return sale(call, activity);
  if (what == "transcription" && call.is("GET")) {
    if (activity.transcript_ms == 0 || now < activity.transcript_ms)
      return ctm_error(404, "transcription not found");
    JsonOut out;
    ctm_write_transcription(out, activity);
    return ctm_reply(200, out.take());
  }
  if (what == "recording" && call.is("GET")) {
    if (now < activity.ready_ms || activity.redacted) return ctm_error(404, "recording not found");
    HttpResponse moved = ctm_reply(302, "");  // off this host, for a short time
    moved.headers["location"] =
        "https://recordings.example.com/" + activity.sid + "?expires=" + std::to_string(now / 1000 + 300);
    return moved;
  }
  if (what == "account_ledgers" && call.is("GET")) return ctm_reply(200, R"({"account_ledgers":[]})");
  return ctm_no_route();
}
}  // namespace

HttpResponse ctm_calls(CtmCall& call) {
  if (call.parts.size() == 3) {
    call.route = "calls";
    if (call.is("GET")) return listing(call);
    if (!call.is("POST")) return ctm_no_route();
    call.model.dialled();  // click-to-call
    return ctm_error(403, "calls may not be placed here");
  }
  const std::string wanted = call.part(3);
  if (wanted == "search" && call.parts.size() == 4) {
    call.route = "calls/search";
    if (!call.is("GET") && !call.is("POST")) return ctm_no_route();
    take_body_filters(call);
    return listing(call);
  }
  call.route = call.parts.size() == 4 ? "calls/one" : "calls/" + call.part(4);
  if (call.parts.size() > 5) return ctm_no_route();
  std::int64_t activity_id = 0;
  const auto [end, error] = std::from_chars(wanted.data(), wanted.data() + wanted.size(), activity_id);
  const bool numeric = error == std::errc{} && end == wanted.data() + wanted.size();
  const bool by_sid = call.sw().is("call_by_sid", "200") || call.part(4) == "recording";
  const CtmActivity* activity = numeric  ? call.account->activity(activity_id)
                                : by_sid ? call.account->activity_by_sid(wanted)
                                         : nullptr;
  if (activity == nullptr) return ctm_error(404, "call not found");
  return one(call, *activity);
}
}  // namespace tandem::sim
