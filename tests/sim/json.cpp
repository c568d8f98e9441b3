#include "tests/sim/json.h"

#include <cmath>

namespace tandem::sim {
namespace {
rapidjson::SizeType length(std::string_view text) { return static_cast<rapidjson::SizeType>(text.size()); }
}  // namespace

JsonOut& JsonOut::begin_object() {
  writer_.StartObject();
  return *this;
}
JsonOut& JsonOut::end_object() {
  writer_.EndObject();
  return *this;
}
JsonOut& JsonOut::begin_array() {
  writer_.StartArray();
  return *this;
}
JsonOut& JsonOut::end_array() {
  writer_.EndArray();
  return *this;
}
JsonOut& JsonOut::key(std::string_view name) {
  writer_.Key(name.data(), length(name));
  return *this;
}
JsonOut& JsonOut::value(std::string_view text) {
  writer_.String(text.empty() ? "" : text.data(), length(text));
  return *this;
}
JsonOut& JsonOut::value(bool flag) {
  writer_.Bool(flag);
  return *this;
}
JsonOut& JsonOut::value(std::int64_t number) {
  writer_.Int64(number);
  return *this;
}
JsonOut& JsonOut::value(double number) {
  if (std::nearbyint(number) == number && std::fabs(number) < 9e15)
    return value(static_cast<std::int64_t>(number));
  writer_.Double(number);
  return *this;
}
JsonOut& JsonOut::null() {
  writer_.Null();
  return *this;
}
JsonOut& JsonOut::raw(std::string_view json) {
  writer_.RawValue(json.data(), json.size(), rapidjson::kObjectType);
  return *this;
}

bool parse_json(std::string_view text, rapidjson::Document& into) {
  into.Parse<rapidjson::kParseFullPrecisionFlag>(text.empty() ? "" : text.data(), text.size());
  return !into.HasParseError();
}

std::string to_json(const JsonValue& value) {
  rapidjson::StringBuffer buffer;
  rapidjson::Writer<rapidjson::StringBuffer> writer(buffer);
  value.Accept(writer);
  return {buffer.GetString(), buffer.GetSize()};
}

const JsonValue* member(const JsonValue& object, std::string_view name) {
  if (!object.IsObject()) return nullptr;
  const auto found = object.FindMember(JsonValue(rapidjson::StringRef(name.data(), length(name))));
  return found == object.MemberEnd() ? nullptr : &found->value;
}

std::string_view view(const JsonValue& string) { return {string.GetString(), string.GetStringLength()}; }

std::optional<std::string> text_member(const JsonValue& object, std::string_view name) {
  const JsonValue* found = member(object, name);
  if (found == nullptr || !found->IsString()) return std::nullopt;
  return std::string(view(*found));
}

std::optional<std::int64_t> int_member(const JsonValue& object, std::string_view name) {
  const JsonValue* found = member(object, name);
  if (found == nullptr || !found->IsInt64()) return std::nullopt;
  return found->GetInt64();
}
}  // namespace tandem::sim
