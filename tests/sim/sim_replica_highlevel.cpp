#include "tests/sim/sim_replica_highlevel.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdio>

#include "core/tuning.h"

namespace tandem::sim {
namespace {
using highlevel::Contact;
using highlevel::CustomValue;
using highlevel::Field;

constexpr std::string_view kCustom = "custom:";
constexpr std::pair<std::string_view, Field> kFields[] = {{"first_name", Field::first_name},
                                                          {"last_name", Field::last_name},
                                                          {"email", Field::email},
                                                          {"phone", Field::phone},
                                                          {"company", Field::company_name},
                                                          {"address1", Field::address1},
                                                          {"city", Field::city},
                                                          {"state", Field::state},
                                                          {"postal_code", Field::postal_code},
                                                          {"country", Field::country},
                                                          {"website", Field::website}};

bool is_number(std::string_view type) { return type == "NUMERICAL" || type == "FLOAT" || type == "MONETORY"; }
bool is_multi(std::string_view type) { return type == "MULTIPLE_OPTIONS" || type == "CHECKBOX"; }
bool is_text(std::string_view type) {
  return type == "TEXT" || type == "LARGE_TEXT" || type == "PHONE" || type == "TIME";
}

WireValue wire_custom(const CustomValue& value) {
  if (value.kind != CustomValue::Kind::list) return wire_text(highlevel::to_text(value));
  WireValue out;
  out.items = value.list;
  out.blank = out.items.empty();
  return out;
}

CustomValue custom_of(const WireValue& value, std::string_view type) {
  if (value.blank) {
    if (is_multi(type)) return CustomValue::of(std::vector<std::string>{});
    return is_text(type) ? CustomValue::of(std::string()) : CustomValue{};
  }
  if (is_multi(type))
    return CustomValue::of(value.items.empty() ? std::vector<std::string>{value.text} : value.items);
  const std::string text = text_of(value);
  if (!is_number(type)) return CustomValue::of(text);
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size())
    return CustomValue::of(text);  // the server refuses it
  return CustomValue::of(number);
}

highlevel::Filter equals(std::string field, const std::string& value) {
  highlevel::Filter filter;
  filter.field = std::move(field);
  filter.op = "eq";
  filter.value.kind = highlevel::FilterValue::Kind::text;
  filter.value.text = value;
  return filter;
}

highlevel::Filter since(std::int64_t ms) {
  highlevel::Filter filter;
  filter.field = "dateUpdated";
  filter.op = "range";
  filter.value.kind = highlevel::FilterValue::Kind::range;
  highlevel::FilterValue from;
  from.kind = highlevel::FilterValue::Kind::number;
  from.number = static_cast<double>(ms);
  filter.value.range["gte"] = std::move(from);
  return filter;
}
}  // namespace

SimHighLevelReplica::SimHighLevelReplica(highlevel::Model& model, const Mapping& mapping, Clock& clock,
                                         int rows_per_page)
    : model_(model), mapping_(mapping), wire_(clock), rows_per_page_(rows_per_page) {
  can_.create = can_.update = can_.remove = true;
  can_.creates = SourceKind::record;
  can_.has_records = can_.tags = can_.direct_proof = can_.has_edit_times = true;
  can_.index_lag_ms = tuning::kHighLevelIndexLagMs;
  can_.page_max = rows_per_page;
  can_.batch = tuning::kApplyBatch;
  SurfaceAccess& record = can_.surface[SourceKind::record];
  for (const auto& [native, field] : kFields) record[std::string(native)] = Access::read_write;
  record["custom:*"] = Access::read_write;
}

Result<void> SimHighLevelReplica::open() {
  return wire_.send("GET", "/locations/customFields", [&](PageFault) -> std::optional<Error> {
    std::string wrong;
    for (const auto& native : mapping_.native_names(Side::highlevel)) {
      if (!native.starts_with(kCustom)) continue;
      if (model_.definition(native.substr(kCustom.size())) == nullptr)
        wrong += fmt::format("highlevel: no custom field has the key {}; ", native.substr(kCustom.size()));
    }
    if (wrong.empty()) return std::nullopt;
    return fail(tandem::Fault::rejected, wrong).value();
  });
}

Evidence SimHighLevelReplica::evidence_of(const Contact& contact, std::int64_t at_ms) const {
  Evidence e;
  e.source = {SourceKind::record, contact.id};
  e.person = contact.id;
  e.at_ms = at_ms;
  for (const auto& native : mapping_.native_names(Side::highlevel)) {
    for (const auto& [name, field] : kFields)
      if (native == name) e.fields.emplace_back(native, wire_text(contact.at(field)));
    if (!native.starts_with(kCustom)) continue;
    const auto* defined = model_.definition(native.substr(kCustom.size()));
    if (defined == nullptr) continue;  // deleted in the meantime: not observed, and no clear
    const auto value = contact.custom.find(defined->id);
    e.fields.emplace_back(native, value == contact.custom.end() ? WireValue{} : wire_custom(value->second));
  }
  e.shows_tags = true;
  e.tags = contact.tags;
  std::ranges::sort(e.tags);
  e.more_phones = contact.additional_phones;
  e.more_emails = contact.additional_emails;
  e.hash = sim_hash(e, mapping_);
  return e;
}

Error SimHighLevelReplica::refusal(const highlevel::Refusal& refused, const std::string& id) const {
  Error error;
  error.message = fmt::format("highlevel: {} for {}", refused.status, id.empty() ? "a new contact" : id);
  error.remote_words = refused.messages.empty() ? "" : refused.messages.front();
  if (error.remote_words.starts_with("Contact not found")) {
    error.fault = tandem::Fault::gone;
    return error;
  }
  error.fault = tandem::Fault::rejected;
  error.existing_id = refused.contact_id;
  error.field = refused.matching_field;
  for (const auto& [native, field] : kFields)
    if (error.field.empty() &&
        error.remote_words.starts_with(fmt::format("{} ", highlevel::wire_name(field))))
      error.field = native;
  if (error.remote_words.starts_with("Invalid Custom Field")) {
    for (const auto& defined : model_.custom_fields())
      if (error.remote_words.find("\"" + defined.id + "\"") != std::string::npos)
        error.field = std::string(kCustom) + defined.field_key;
  }
  return error;
}

// A cursor to keep is "W<ms>": the newest stamp read. Within a reading "P<since> <newest> <stamp> <id>".
Result<Page> SimHighLevelReplica::read_page(ReadKind kind, const std::string& cursor) {
  long long mark = 0, newest = 0, stamp = 0;
  char id[64] = "";
  if (cursor.empty() || cursor[0] == 'W') {
    if (!cursor.empty() && std::sscanf(cursor.c_str(), "W%lld", &mark) != 1) mark = 0;
    newest = kind == ReadKind::full ? model_.now()
                                    : mark;  // what changes behind a long sweep is newer than its start
    mark = kind == ReadKind::full ? 0 : mark - tuning::kHighLevelOverlapMs;
    swept_.clear();
  } else if (std::sscanf(cursor.c_str(), "P%lld %lld %lld %63s", &mark, &newest, &stamp, id) != 4) {
    return fail(tandem::Fault::malformed, "highlevel: not a cursor; read in full once");
  }
  highlevel::SearchQuery query;
  query.page_limit = rows_per_page_;
  query.sort = {{kind == ReadKind::full ? "dateAdded" : "dateUpdated", false}};
  if (kind == ReadKind::delta) query.filters = {since(mark)};
  if (id[0] != '\0') query.search_after = {{false, false, stamp, {}}, {false, true, 0, id}};
  Page page;
  std::int64_t total = 0;
  const auto sent = wire_.send("POST", "/contacts/search", [&](PageFault fault) -> std::optional<Error> {
    query.fault = fault;
    const auto found = model_.search(query);
    if (!found) return refusal(found.refusal, "");
    total = found->total;
    for (const auto& row : found->rows) {
      page.evidence.push_back(evidence_of(*row.contact, row.contact->index_stamp_ms));
      if (kind == ReadKind::delta) newest = std::max<long long>(newest, row.contact->index_stamp_ms);
      stamp = row.search_after[0].number;
      std::snprintf(id, sizeof id, "%s", row.search_after[1].text.c_str());
    }
    return std::nullopt;
  });
  if (!sent) return fail(sent.error());
  for (const auto& e : page.evidence) swept_.insert(e.source.id);
  if (page.evidence.empty() && static_cast<std::int64_t>(swept_.size()) < total && kind == ReadKind::full)
    return fail(tandem::Fault::malformed, "highlevel: a page is empty though more are announced");
  page.more = static_cast<std::int64_t>(page.evidence.size()) == rows_per_page_;
  page.next = page.more ? fmt::format("P{} {} {} {}", mark, newest, stamp, id) : fmt::format("W{}", newest);
  if (!page.more && kind == ReadKind::full && static_cast<std::int64_t>(swept_.size()) == total)
    page.completed.push_back(SourceKind::record);
  return page;
}

Result<Evidence> SimHighLevelReplica::fetch_one(const std::string& id) {
  Evidence shown;
  const auto sent = wire_.send("GET", "/contacts/" + id, [&](PageFault) -> std::optional<Error> {
    const auto found = model_.read(id);
    if (!found) return refusal(found.refusal, id);
    shown = evidence_of(**found, (*found)->date_updated_ms);
    return std::nullopt;
  });
  if (!sent) return fail(sent.error());
  return shown;
}

std::vector<Result<std::vector<Evidence>>> SimHighLevelReplica::fetch(
    std::span<const FetchRequest> requests) {
  std::vector<Result<std::vector<Evidence>>> out;
  out.reserve(requests.size());
  for (const auto& request : requests) {
    auto shown = fetch_one(request.record.text);
    if (shown)
      out.push_back(std::vector<Evidence>{std::move(*shown)});
    else
      out.push_back(fail(shown.error()));
  }
  return out;
}

Result<Found> SimHighLevelReplica::find(const NaturalKey& key) {
  Found found;
  found.as_of_ms = wire_.now_ms();
  std::set<std::string> ids;
  for (const bool by_phone : {true, false}) {
    const std::string& value = by_phone ? key.phone : key.email;
    if (value.empty()) continue;
    const auto duplicate =
        wire_.send("GET", "/contacts/search/duplicate", [&](PageFault) -> std::optional<Error> {
          std::string why;
          const auto contact = model_.find_duplicate(by_phone ? "" : value, by_phone ? value : "", why);
          if (contact) ids.insert(contact->id);
          return std::nullopt;
        });
    if (!duplicate) return fail(duplicate.error());
    // A location that allows duplicates has more of them, and only the index knows.
    const auto searched =
        wire_.send("POST", "/contacts/search", [&](PageFault fault) -> std::optional<Error> {
          highlevel::SearchQuery query;
          query.page_limit = rows_per_page_;
          query.filters = {equals(by_phone ? "phone" : "email", value)};
          query.fault = fault;
          const auto page = model_.search(query);
          if (!page) return refusal(page.refusal, "");
          for (const auto& row : page->rows) ids.insert(row.contact->id);
          return std::nullopt;
        });
    if (!searched) return fail(searched.error());
  }
  for (const auto& id : ids) {
    auto shown = fetch_one(id);
    if (shown)
      found.evidence.push_back(std::move(*shown));
    else if (shown.error().fault != tandem::Fault::gone)
      return fail(shown.error());
  }
  return found;
}

highlevel::Patch SimHighLevelReplica::patch_of(const WireFields& fields, bool creating) const {
  highlevel::Patch patch;
  for (const auto& [native, value] : fields) {
    for (const auto& [name, field] : kFields) {
      if (native != name) continue;
      if (!value.blank)
        patch.set(field, text_of(value));
      else if (field == Field::postal_code)
        patch.set(field, "");  // not nullable
      else if (!creating)
        patch.null(field);
    }
    if (!native.starts_with(kCustom) || (creating && value.blank)) continue;
    const auto* defined = model_.definition(native.substr(kCustom.size()));
    if (defined != nullptr) patch.custom.push_back({defined->id, "", custom_of(value, defined->data_type)});
  }
  return patch;
}

Result<Receipt> SimHighLevelReplica::read_back(const std::string& id) {
  auto shown = fetch_one(id);
  if (!shown)
    return fail(tandem::Fault::ambiguous,
                fmt::format("highlevel: {} was written and could not be read back", id));
  return Receipt{RecordId{id}, {std::move(*shown)}, false};
}

Result<Receipt> SimHighLevelReplica::apply_one(const Write& write) {
  std::string id = write.record.text;
  const std::string path = "/contacts/" + id;
  Result<void> sent;
  switch (write.kind) {
    case WriteKind::create:
      sent = wire_.send("POST", path, [&](PageFault) -> std::optional<Error> {
        const auto made = model_.create(patch_of(write.whole, true));
        if (!made) return refusal(made.refusal, "");
        id = (*made)->id;
        return std::nullopt;
      });
      break;
    case WriteKind::update:
      sent = wire_.send("PUT", path, [&](PageFault) -> std::optional<Error> {
        const auto changed = model_.update(id, patch_of(write.set, false));
        return changed ? std::nullopt : std::optional(refusal(changed.refusal, id));
      });
      break;
    case WriteKind::tag_add:
    case WriteKind::tag_remove: {
      const bool add = write.kind == WriteKind::tag_add;
      sent = wire_.send(add ? "POST" : "DELETE", path + "/tags", [&](PageFault) -> std::optional<Error> {
        const auto changed = model_.change_tags(id, write.tags, add);
        return changed ? std::nullopt : std::optional(refusal(changed.refusal, id));
      });
      break;
    }
    case WriteKind::remove:
      sent = wire_.send("DELETE", path, [&](PageFault) -> std::optional<Error> {
        const auto done = model_.erase(id);
        return done ? std::nullopt : std::optional(refusal(done.refusal, id));
      });
      if (sent) return Receipt{write.record, {}, false};
      break;
  }
  if (!sent) return fail(sent.error());
  return read_back(id);
}

std::vector<Result<Receipt>> SimHighLevelReplica::apply(std::span<const Write> writes) {
  std::vector<Result<Receipt>> out;
  out.reserve(writes.size());
  for (const auto& write : writes) out.push_back(apply_one(write));
  return out;
}
}  // namespace tandem::sim
