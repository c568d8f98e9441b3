// Reading request bodies as the live validator does: every property is either known or refused.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "tests/sim/highlevel_call.h"
#include "tests/sim/highlevel_text.h"

namespace tandem::sim::highlevel {
namespace {
constexpr std::array<std::string_view, 6> kChannels{"Call", "Email", "SMS", "WhatsApp", "GMB", "FB"};

FilterValue filter_value(const JsonValue& json) {
  using Kind = FilterValue::Kind;
  FilterValue out;
  if (json.IsString()) out.kind = Kind::text, out.text = view(json);
  if (json.IsNumber()) out.kind = Kind::number, out.number = json.GetDouble();
  if (json.IsBool()) out.kind = Kind::flag, out.flag = json.GetBool();
  if (json.IsArray()) {
    out.kind = Kind::list;
    for (const auto& item : json.GetArray())
      out.list.push_back(item.IsString() ? std::string(view(item)) : to_json(item));
  }
  if (json.IsObject()) {
    out.kind = Kind::range;
    for (const auto& [name, value] : json.GetObject())
      out.range[std::string(view(name))] = filter_value(value);
  }
  return out;
}

Filter read_filter(const JsonValue& json, std::vector<std::string>& errors, const std::string& prefix) {
  Filter out;
  if (!json.IsObject()) {
    errors.push_back(fmt::format("{} must be an object", prefix));
    return out;
  }
  if (const auto group = text_member(json, "group")) {
    Dto(json, errors, prefix + ".").only({"group", "filters"});
    out.group = *group;
    const JsonValue* members = member(json, "filters");
    if (members == nullptr || !members->IsArray())
      errors.push_back(fmt::format("{}.filters must be an array", prefix));
    else
      for (rapidjson::SizeType i = 0; i < members->Size(); ++i)
        out.members.push_back(read_filter((*members)[i], errors, fmt::format("{}.filters.{}", prefix, i)));
    return out;
  }
  Dto(json, errors, prefix + ".")
      .only({"field", "operator", "value"})
      .needs_text("field")
      .needs_text("operator");
  out.field = text_member(json, "field").value_or("");
  out.op = text_member(json, "operator").value_or("");
  if (const JsonValue* value = member(json, "value")) out.value = filter_value(*value);
  return out;
}

CustomValue custom_value(const JsonValue& json) {
  if (json.IsString()) return CustomValue::of(std::string(view(json)));
  if (json.IsNumber()) return CustomValue::of(json.GetDouble());
  if (json.IsObject()) return {CustomValue::Kind::object, to_json(json), 0, {}};
  if (json.IsBool()) return CustomValue::of(std::string(json.GetBool() ? "true" : "false"));
  std::vector<std::string> list;
  if (json.IsArray())
    for (const auto& item : json.GetArray())
      list.push_back(item.IsString() ? std::string(view(item)) : to_json(item));
  return json.IsArray() ? CustomValue::of(std::move(list)) : CustomValue{};
}

void read_custom(const Call& call, Patch& patch, std::vector<std::string>& errors) {
  const JsonValue* fields = member(call.body, "customFields");
  if (fields == nullptr) return;
  if (!fields->IsArray()) {
    errors.emplace_back("customFields must be an array");
    return;
  }
  const bool v3 = call.version == "v3";
  for (rapidjson::SizeType i = 0; i < fields->Size(); ++i) {
    const JsonValue& item = (*fields)[i];
    const std::string prefix = fmt::format("customFields.{}.", i);
    if (!item.IsObject()) {
      errors.push_back(prefix + "must be an object");
      continue;
    }
    Dto dto(item, errors, prefix);
    v3 ? dto.only({"id", "key", "field_value", "value", "fieldValue"})
       : dto.only({"id", "key", "field_value", "value"});
    dto.text("id").text("key");
    CustomWrite write{text_member(item, "id").value_or(""), text_member(item, "key").value_or(""), {}};
    if (write.id.empty() && write.key.empty()) errors.push_back(prefix + "id should not be empty");
    const JsonValue* value = nullptr;
    for (const auto name : {"fieldValue", "field_value", "value"})
      if (value == nullptr) value = member(item, name);
    if (value == nullptr) continue;  // names a field, says nothing of it
    write.value = custom_value(*value);
    patch.custom.push_back(std::move(write));
  }
}

DndSettings read_dnd(const JsonValue& json, const std::string& key, bool inbound, bool v3,
                     std::vector<std::string>& errors) {
  DndSettings out;
  if (!json.IsObject()) {
    errors.push_back(fmt::format("{} must be an object", key));
    return out;
  }
  for (const auto& [name, setting] : json.GetObject()) {
    std::string channel(view(name));
    for (const auto known : kChannels)
      if (v3 && lower(known) == lower(channel)) channel = known;
    if (inbound ? channel != "all" : std::ranges::count(kChannels, channel) == 0) {
      errors.push_back(fmt::format("{}.property {} should not exist", key, channel));
      continue;
    }
    const std::string status = text_member(setting, "status").value_or("");
    const bool known = status == "active" || status == "inactive" || (status == "permanent" && !inbound);
    if (!known)
      errors.push_back(fmt::format("{}.{}.status must be one of the following values: active, inactive{}",
                                   key, channel, inbound ? "" : ", permanent"));
    out[channel] = {status, text_member(setting, "message").value_or(""),
                    text_member(setting, "code").value_or("")};
  }
  return out;
}
}  // namespace

Dto::Dto(const JsonValue& body, std::vector<std::string>& errors, std::string prefix)
    : body_(body), errors_(errors), prefix_(std::move(prefix)) {}

void Dto::fail(std::string_view key, std::string_view rule) {
  errors_.push_back(fmt::format("{}{} {}", prefix_, key, rule));
}

Dto& Dto::only(std::initializer_list<std::string_view> keys) {
  for (const auto& [name, value] : body_.GetObject()) {
    if (std::ranges::count(keys, view(name)) == 0)
      errors_.push_back(fmt::format("{}property {} should not exist", prefix_, view(name)));
  }
  return *this;
}

Dto& Dto::needs_text(std::string_view key) {
  const JsonValue* value = get(key);
  if (value == nullptr || value->IsNull() || (value->IsString() && value->GetStringLength() == 0))
    fail(key, "should not be empty");
  if (value == nullptr || !value->IsString()) fail(key, "must be a string");
  return *this;
}
Dto& Dto::text(std::string_view key) {
  if (const JsonValue* value = get(key); value != nullptr && !value->IsString())
    fail(key, "must be a string");
  return *this;
}
Dto& Dto::flag(std::string_view key, bool required) {
  const JsonValue* value = get(key);
  if (value == nullptr ? required : !value->IsBool()) fail(key, "must be a boolean value");
  return *this;
}
Dto& Dto::number(std::string_view key, bool required) {
  const JsonValue* value = get(key);
  if (value == nullptr ? required : !value->IsNumber())
    fail(key, "must be a number conforming to the specified constraints");
  return *this;
}
Dto& Dto::texts(std::string_view key, bool required) {
  const JsonValue* value = get(key);
  if (value == nullptr && !required) return *this;
  if (value == nullptr || !value->IsArray())
    fail(key, "must be an array");
  else if (!std::ranges::all_of(value->GetArray(), [](const auto& item) { return item.IsString(); }))
    errors_.push_back(fmt::format("{}each value in {} must be a string", prefix_, key));
  return *this;
}

std::vector<std::string> texts_of(const JsonValue& body, std::string_view key) {
  std::vector<std::string> out;
  const JsonValue* value = member(body, key);
  if (value == nullptr || !value->IsArray()) return out;
  for (const auto& item : value->GetArray())
    if (item.IsString()) out.emplace_back(view(item));
  return out;
}

Patch read_patch(const Call& call, Route route, std::vector<std::string>& errors) {
  Patch patch;
  const Switches& switches = call.switches();
  const bool v3 = call.version == "v3";
  for (const auto& [name, value] : call.body.GetObject()) {
    const std::string key(view(name));
    if (key == "locationId") {
      if (route == Route::update && switches.is("put.location_id", "422"))
        errors.emplace_back("property locationId should not exist");
      continue;
    }
    if (key == "createNewIfDuplicateAllowed" && route == Route::upsert) {
      if (!value.IsBool()) errors.push_back(key + " must be a boolean value");
    } else if (key == "name") {
      if (value.IsString())
        patch.name = std::string(view(value));
      else if (value.IsNull())
        patch.name = std::optional<std::string>{};
      else
        errors.push_back(key + " must be a string");
    } else if (key == "tags") {
      Dto(call.body, errors).texts("tags", true);
      patch.tags = texts_of(call.body, "tags");
    } else if (key == "dnd") {
      Dto(call.body, errors).flag("dnd");
      if (value.IsBool()) patch.dnd = value.GetBool();
    } else if (key == "dndSettings") {
      patch.dnd_settings = read_dnd(value, key, false, v3, errors);
    } else if (key == "inboundDndSettings") {
      patch.inbound_dnd_settings = read_dnd(value, key, true, v3, errors);
    } else if (key == "customFields") {
      read_custom(call, patch, errors);
    } else {
      const auto field = field_called(key);
      const bool never =
          !field || field == Field::business_id || field == Field::phone_label || field == Field::type;
      const bool not_here = route == Route::update &&
                            (field == Field::gender ||
                             (field == Field::company_name && switches.is("put.company_name", "422")));
      if (never || not_here)
        errors.push_back(fmt::format("property {} should not exist", key));
      else if (value.IsNull())
        patch.null(*field);
      else if (value.IsString())
        patch.set(*field, std::string(view(value)));
      else
        errors.push_back(field == Field::country ? "country must be a valid enum value"
                                                 : key + " must be a string");
    }
  }
  if (route != Route::update) Dto(call.body, errors).needs_text("locationId");
  return patch;
}

SearchQuery read_search(const Call& call, std::vector<std::string>& errors) {
  SearchQuery query;
  query.fault = call.request.page_fault;
  const JsonValue& body = call.body;
  Dto(body, errors)
      .only({"locationId", "page", "pageLimit", "searchAfter", "query", "filters", "sort"})
      .needs_text("locationId")
      .number("pageLimit", true)
      .number("page")
      .text("query");
  query.page_limit = int_member(body, "pageLimit").value_or(1);
  query.page = int_member(body, "page").value_or(0);
  if (member(body, "page") != nullptr && query.page < 1) errors.emplace_back("page must not be less than 1");
  query.query = text_member(body, "query").value_or("");
  if (const JsonValue* after = member(body, "searchAfter")) {
    if (!after->IsArray())
      errors.emplace_back("searchAfter must be an array");
    else
      for (const auto& value : after->GetArray()) {
        if (value.IsNumber())
          query.search_after.push_back({false, false, static_cast<std::int64_t>(value.GetDouble()), {}});
        else
          query.search_after.push_back(
              {value.IsNull(), true, 0, value.IsString() ? std::string(view(value)) : ""});
      }
  }
  if (const JsonValue* filters = member(body, "filters")) {
    if (!filters->IsArray())
      errors.emplace_back("filters must be an array");
    else
      for (rapidjson::SizeType i = 0; i < filters->Size(); ++i)
        query.filters.push_back(read_filter((*filters)[i], errors, fmt::format("filters.{}", i)));
  }
  if (const JsonValue* sort = member(body, "sort")) {
    if (!sort->IsArray())
      errors.emplace_back("sort must be an array");
    else
      for (const auto& key : sort->GetArray()) {
        const std::string direction = text_member(key, "direction").value_or("asc");
        if (direction != "asc" && direction != "desc")
          errors.emplace_back("sort.direction must be one of the following values: asc, desc");
        query.sort.push_back({text_member(key, "field").value_or(""), direction == "desc"});
      }
  }
  return query;
}
}  // namespace tandem::sim::highlevel
