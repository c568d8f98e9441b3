#include "tests/sim/sim_replica_ctm.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>

#include "core/model/normalise.h"
#include "core/tuning.h"
#include "tests/sim/sim_replica_ctm_keys.h"

namespace tandem::sim {
namespace {
std::size_t shifted(std::size_t from, std::size_t limit, PageFault fault) {
  if (fault == PageFault::repeat) return from > limit ? from - limit : 0;
  return fault == PageFault::skip ? from + limit : from;
}
}  // namespace

SimCtmReplica::SimCtmReplica(CtmModel& model, const Mapping& mapping, Clock& clock, SimCtmSettings settings)
    : model_(model), mapping_(mapping), settings_(std::move(settings)), wire_(clock) {
  can_.create = can_.update = can_.remove = true;
  can_.creates = SourceKind::row;
  can_.keyed_by_phone = can_.joined_name = can_.tags_on_activities = can_.tags = true;
  can_.index_lag_ms = tuning::kCtmIndexLagMs;
  can_.page_max = static_cast<int>(settings_.rows_per_page);
  can_.batch = tuning::kApplyBatch;
  SurfaceAccess activity, row;
  for (const auto& [native, key] : kAddress)
    activity[std::string(native)] = row[std::string(native)] = Access::read_write;
  activity["custom:*"] = row["custom:*"] = Access::read_write;
  activity["name"] = activity["email"] = Access::read_write;
  row["name"] = Access::read_only;
  row["first_name"] = row["last_name"] = row["email"] = Access::write_only;
  can_.surface = {{SourceKind::activity, std::move(activity)}, {SourceKind::row, std::move(row)}};
}

Result<void> SimCtmReplica::open() {
  return wire_.send("GET", "/lists", [&](PageFault) -> std::optional<Error> {
    std::string wrong;
    const CtmList* list = account().list_named(settings_.list);
    if (list == nullptr || !list->user_id.empty())
      wrong = "ctm: no contact list has the configured name; ";
    else
      list_id_ = list->id;
    for (const auto& native : mapping_.native_names(Side::ctm)) {
      if (!native.starts_with(kCustom)) continue;
      const std::string api_name = native.substr(kCustom.size());
      if (std::ranges::find(account().custom_fields, api_name, &CtmCustomField::api_name) ==
          account().custom_fields.end())
        wrong += fmt::format("ctm: no custom field has the api_name {}; ", api_name);
    }
    if (!wrong.empty()) return fail(tandem::Fault::rejected, wrong).value();
    own_.clear();
    for (const auto& number : account().numbers) own_.insert(number.number);
    for (const auto& user : account().users)
      if (!user.phone.empty()) own_.insert(user.phone);
    SurfaceAccess& row = can_.surface[SourceKind::row];
    row["email"] = model_.switches().is("list_row_email", "absent") ? Access::write_only : Access::read_write;
    const bool split = model_.switches().is("list_row_name", "joined_plus_split");
    row["first_name"] = row["last_name"] = split ? Access::read_write : Access::write_only;
    return std::nullopt;
  });
}

// ---- evidence
WireValue SimCtmReplica::custom_value(const std::string& api_name, const std::string& text) const {
  const auto& defined = model_.accounts().front()->custom_fields;
  const auto field = std::ranges::find(defined, api_name, &CtmCustomField::api_name);
  if (field == defined.end() || !field->multipicker) return wire_text(text);
  WireValue value;
  for (std::size_t at = 0; at <= text.size();) {
    const std::size_t end = std::min(text.find_first_of(";|,", at), text.size());
    if (end > at) value.items.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  value.blank = value.items.empty();
  return value;
}

void SimCtmReplica::show(Evidence& into, const CtmIdentity& who, bool row) const {
  const Switches& sw = model_.switches();
  const bool halves = row && sw.is("list_row_name", "joined_plus_split");
  for (const auto& native : mapping_.native_names(Side::ctm)) {
    if (native == "name") into.fields.emplace_back(native, wire_text(who.name));
    if (halves && native == "first_name") into.fields.emplace_back(native, wire_text(who.first_name));
    if (halves && native == "last_name") into.fields.emplace_back(native, wire_text(who.last_name));
    if (native == "email") {
      const bool shown = !row || sw.is("list_row_email", "present") ||
                         (sw.is("list_row_email", "present_if_set") && !who.email.empty());
      if (shown) into.fields.emplace_back(native, wire_text(who.email));
    }
    for (const auto& [name, key] : kAddress)
      if (native == name) into.fields.emplace_back(native, wire_text(ctm_value(who, key)));
    if (!native.starts_with(kCustom)) continue;
    const std::string api_name = native.substr(kCustom.size());
    const auto found = who.custom.find(api_name);
    if (found != who.custom.end())
      into.fields.emplace_back(native, custom_value(api_name, found->second));
    else if (row)
      into.fields.emplace_back(native, WireValue{});  // a row shows them always
  }
}

Evidence SimCtmReplica::evidence_of(const CtmRow& row) const {
  Evidence e;
  e.source = {SourceKind::row, std::to_string(row.membership.id)};
  e.person = row.membership.number;
  CtmIdentity who = row.who;
  if (who.name.empty() && model_.switches().is("row_name_fallback", "caller_id")) who.name = row.caller_name;
  show(e, who, true);
  e.hash = sim_hash(e, mapping_);
  return e;
}

Evidence SimCtmReplica::evidence_of(const CtmActivity& a, std::int64_t as_of_ms) const {
  Evidence e;
  e.source = {SourceKind::activity, std::to_string(a.id)};
  e.person = a.number;
  e.at_ms = a.start_ms / 1000 * 1000;
  show(e, a.who, false);
  e.shows_tags = true;
  e.tags = a.tags_at(as_of_ms);
  e.caller_id_name = a.cnam;
  e.redacted = a.redacted;
  e.hash = sim_hash(e, mapping_);
  return e;
}

Error SimCtmReplica::refusal(const CtmOutcome& outcome, const std::string& id) const {
  Error error;
  error.fault = outcome.code == CtmCode::missing ? tandem::Fault::gone : tandem::Fault::rejected;
  error.message = fmt::format("ctm: {} of {}", outcome.code == CtmCode::missing ? "no trace" : "refusal", id);
  error.remote_words = outcome.reason;
  if (outcome.reason.find("number") != std::string::npos) error.field = "phone";
  return error;
}

// ---- reading
Result<Page> SimCtmReplica::read_page(ReadKind kind, const std::string& cursor) {
  Place place;
  if (cursor.empty() || cursor[0] == 'W') {
    const std::int64_t mark_s = cursor.empty() ? 0 : std::max<std::int64_t>(0, number_in(cursor.substr(1)));
    place.high_s = mark_s;
    place.floor_s =
        kind == ReadKind::full ? 0 : std::max<std::int64_t>(0, mark_s - settings_.activity_overlap_ms / 1000);
    place.second = model_.now() / 1000 + 366 * 86'400;
    swept_.clear();
    swept_calls_ = 0;
    return read_activities(kind, place);
  }
  long long floor = 0, high = 0, second = 0, id = 0, page = 0;
  if (std::sscanf(cursor.c_str(), "%c %lld %lld %lld %lld %lld", &place.phase, &floor, &high, &second, &id,
                  &page) != 6)
    return fail(tandem::Fault::malformed, "ctm: not a cursor of this surface; read in full once");
  place = {place.phase, floor, high, second, id, page};
  return place.phase == 'A' ? read_activities(kind, place) : read_rows(place);
}

Result<Page> SimCtmReplica::read_activities(ReadKind kind, Place place) {
  Page page;
  std::size_t total = 0;
  bool more = false;
  const auto sent = wire_.send("GET", "/calls", [&](PageFault fault) -> std::optional<Error> {
    const auto found = account().search(CtmQuery{});
    const CtmAccount::ActivityKey after{place.second, place.id};
    const auto at = std::ranges::partition_point(*found, [&](const auto& a) {
      return !(CtmAccount::ActivityKey{a->start_ms / 1000, a->id} < after);
    });
    const std::size_t limit = settings_.activities_per_page;
    std::size_t from = shifted(static_cast<std::size_t>(at - found->begin()), limit, fault);
    total = fault == PageFault::empty_total ? 0 : found->size();
    if (fault == PageFault::empty && from < total) more = true;
    if (fault == PageFault::empty || fault == PageFault::empty_total) return std::nullopt;
    const std::size_t to = std::min(found->size(), from + limit);
    for (; from < to; ++from) {
      const CtmActivity& a = *(*found)[from];
      place.second = a.start_ms / 1000;
      place.id = a.id;
      if (place.second < place.floor_s) return std::nullopt;
      place.high_s = std::max(place.high_s, place.second);
      page.evidence.push_back(evidence_of(a, std::max(account().index_time(), a.start_ms)));
    }
    more = to < found->size();
    return std::nullopt;
  });
  if (!sent) return fail(sent.error());
  if (page.evidence.empty() && more)
    return fail(tandem::Fault::malformed, "ctm: a page of activities is empty though more are announced");
  swept_calls_ += static_cast<std::int64_t>(page.evidence.size());
  if (!more && kind == ReadKind::full && swept_calls_ >= static_cast<std::int64_t>(total))
    page.completed.push_back(SourceKind::activity);
  place.phase = more ? 'A' : 'R';
  page.more = true;
  page.high_water_ms = place.high_s * 1000;
  page.next = fmt::format("{} {} {} {} {} {}", place.phase, place.floor_s, place.high_s, place.second,
                          place.id, place.page);
  return page;
}

Result<Page> SimCtmReplica::read_rows(Place place) {
  Page page;
  std::size_t total = 0;
  const auto sent = wire_.send("GET", lists() + "/contacts", [&](PageFault fault) -> std::optional<Error> {
    const auto& rows = account().rows(list_id_);
    const std::size_t limit = settings_.rows_per_page;
    std::size_t from = shifted(static_cast<std::size_t>(place.page - 1) * limit, limit, fault);
    total = fault == PageFault::empty_total ? 0 : rows.size();
    if (fault == PageFault::empty || fault == PageFault::empty_total) return std::nullopt;
    const bool newest = model_.switches().is("list_order", "newest_first");
    for (const std::size_t to = std::min(rows.size(), from + limit); from < to; ++from)
      page.evidence.push_back(evidence_of(*rows[newest ? rows.size() - 1 - from : from].row));
    return std::nullopt;
  });
  if (!sent) return fail(sent.error());
  for (const auto& e : page.evidence) swept_.insert(number_in(e.source.id));
  page.high_water_ms = place.high_s * 1000;
  page.more = static_cast<std::size_t>(place.page) * settings_.rows_per_page < total;
  if (page.more && page.evidence.empty())
    return fail(tandem::Fault::malformed, "ctm: a page of list rows is empty though more are announced");
  ++place.page;
  page.next = page.more ? fmt::format("R {} {} {} {} {}", place.floor_s, place.high_s, place.second, place.id,
                                      place.page)
                        : fmt::format("W{}", place.high_s);
  if (!page.more && swept_.size() == total) page.completed.push_back(SourceKind::row);
  return page;
}

Result<std::vector<Evidence>> SimCtmReplica::all_rows(const std::string& number) {
  std::vector<Evidence> out;
  std::size_t rows_met = 0, total = 0;
  const auto sent = wire_.send("GET", lists() + "/contacts", [&](PageFault fault) -> std::optional<Error> {
    const auto& rows = account().rows(list_id_);
    total = fault == PageFault::empty_total ? 0 : rows.size();
    if (fault != PageFault::none) return std::nullopt;
    for (const auto& entry : rows) {
      ++rows_met;
      if (entry.row->membership.number == number) out.push_back(evidence_of(*entry.row));
    }
    return std::nullopt;
  });
  if (!sent) return fail(sent.error());
  if (rows_met != total)
    return fail(tandem::Fault::malformed, "ctm: the list shows fewer rows than it counts");
  return out;
}

std::vector<Result<std::vector<Evidence>>> SimCtmReplica::fetch(std::span<const FetchRequest> requests) {
  std::vector<Result<std::vector<Evidence>>> out;
  out.reserve(requests.size());
  for (const auto& request : requests) out.push_back(fetch_one(request));
  return out;
}

Result<std::vector<Evidence>> SimCtmReplica::fetch_one(const FetchRequest& request) {
  if (request.sources.empty())
    return fail(tandem::Fault::unsupported, "ctm: this surface reads nobody by id");
  std::vector<Evidence> out;
  for (const auto& source : request.sources) {
    if (source.kind == SourceKind::row) {
      auto rows = all_rows(request.record.text);
      if (!rows) return rows;
      for (auto& e : *rows)
        if (e.source == source) out.push_back(std::move(e));
      continue;
    }
    const auto sent = wire_.send("GET", "/calls/" + source.id, [&](PageFault) -> std::optional<Error> {
      const CtmActivity* a = account().activity(number_in(source.id));
      if (a == nullptr) return refusal({CtmCode::missing, "call not found", 0}, source.id);
      out.push_back(evidence_of(*a, model_.now()));
      return std::nullopt;
    });
    if (!sent) return fail(sent.error());
  }
  return out;
}

Result<Found> SimCtmReplica::find(const NaturalKey& key) {
  Found found;
  found.as_of_ms = wire_.now_ms();
  const auto mail = [&](const CtmIdentity& who) {
    return !key.email.empty() && canonical_email(who.email) == key.email;
  };
  const auto rows = wire_.send("GET", lists() + "/contacts", [&](PageFault) -> std::optional<Error> {
    const bool shows_email = !model_.switches().is("list_row_email", "absent");
    for (const auto& entry : account().rows(list_id_))
      if (entry.row->membership.number == key.phone || (shows_email && mail(entry.row->who)))
        found.evidence.push_back(evidence_of(*entry.row));
    return std::nullopt;
  });
  if (!rows) return fail(rows.error());
  const auto calls = wire_.send("GET", "/calls", [&](PageFault) -> std::optional<Error> {
    CtmQuery query;
    query.contact_number = key.phone;
    if (key.phone.empty()) query.search = key.email;
    for (const auto& a : *account().search(query))
      if (!key.phone.empty() || mail(a->who))
        found.evidence.push_back(evidence_of(*a, std::max(account().index_time(), a->start_ms)));
    return std::nullopt;
  });
  if (!calls) return fail(calls.error());
  return found;
}
}  // namespace tandem::sim
