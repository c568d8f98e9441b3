#include "daemon/ctm/ctm_json.h"
#include <fmt/format.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>
#include <algorithm>
#include <charconv>
#include <cmath>

namespace tandem::ctm {
namespace {
const Json kNull;

std::string_view view(const Json& value) { return {value.GetString(), value.GetStringLength()}; }

std::string scalar(const Json& value) {
  if (value.IsString()) return std::string(view(value));
  if (value.IsBool()) return value.GetBool() ? "true" : "false";
  if (value.IsInt64()) return std::to_string(value.GetInt64());
  if (value.IsUint64()) return std::to_string(value.GetUint64());
  if (value.IsDouble()) return fmt::format("{}", value.GetDouble());
  return {};
}

// Writing recurses, and the depth is the remote's choice.
bool is_shallow(const Json& value, int levels) {
  if (levels == 0) return false;
  if (value.IsArray()) {
    const auto items = value.GetArray();
    return std::all_of(items.begin(), items.end(),
                       [levels](const Json& v) { return is_shallow(v, levels - 1); });
  }
  if (value.IsObject()) {
    const auto entries = value.GetObject();
    return std::all_of(entries.begin(), entries.end(),
                       [levels](const auto& entry) { return is_shallow(entry.value, levels - 1); });
  }
  return true;
}
}  // namespace

std::optional<Body> Body::parse(std::string text) {
  Body body;
  body.text_ = std::make_unique<std::string>(std::move(text));
  body.document_ = std::make_unique<rapidjson::Document>();
  // Iterative: depth is the remote's choice and must not be our stack.
  body.document_->ParseInsitu<rapidjson::kParseIterativeFlag>(body.text_->data());
  if (body.document_->HasParseError()) return std::nullopt;
  return body;
}

const Json& Body::root() const { return document_ ? *document_ : kNull; }

const Json* member(const Json& object, std::string_view key) {
  if (!object.IsObject()) return nullptr;
  const auto found =
      object.FindMember(Json(rapidjson::StringRef(key.data(), static_cast<rapidjson::SizeType>(key.size()))));
  return found == object.MemberEnd() ? nullptr : &found->value;
}

const Json* first_member(const Json& object, std::initializer_list<std::string_view> keys) {
  for (const std::string_view key : keys) {
    if (const Json* found = member(object, key); found != nullptr && !found->IsNull()) return found;
  }
  return nullptr;
}

std::string text_of(const Json* value) { return value == nullptr ? std::string{} : scalar(*value); }

std::optional<std::int64_t> integer_of(const Json* value) {
  if (value == nullptr) return std::nullopt;
  if (value->IsInt64()) return value->GetInt64();
  if (value->IsDouble() && std::fabs(value->GetDouble()) < 9e15)
    return static_cast<std::int64_t>(value->GetDouble());
  if (!value->IsString()) return std::nullopt;
  const std::string_view text = view(*value);
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || (end != text.data() + text.size() && *end != '.')) return std::nullopt;
  return number;
}

bool truth_of(const Json* value) {
  const std::string text = text_of(value);
  return text == "true" || text == "1" || text == "yes" || text == "on";
}

WireValue wire_value(const Json* value) {
  WireValue out;
  if (value == nullptr) return out;
  if (value->IsArray()) {
    for (const Json& item : value->GetArray()) {
      const Json* inner = item.IsObject() ? first_member(item, {"value", "name"}) : &item;
      if (std::string text = text_of(inner); !text.empty()) out.items.push_back(std::move(text));
    }
  } else if (value->IsObject()) {
    if (const Json* inner = first_member(*value, {"value", "values"});
        inner != nullptr && !inner->IsObject()) {
      return wire_value(inner);
    }
  } else {
    out.text = scalar(*value);
  }
  out.blank = out.text.empty() && out.items.empty();
  return out;
}

std::string raw_json(const Json& value) {
  if (!is_shallow(value, 8)) return {};
  rapidjson::StringBuffer buffer;
  rapidjson::Writer<rapidjson::StringBuffer> writer(buffer);
  value.Accept(writer);
  return {buffer.GetString(), buffer.GetSize()};
}

const Json* elements(const Json& root, std::initializer_list<std::string_view> keys) {
  if (root.IsArray()) return &root;
  for (const std::string_view key : keys) {
    if (const Json* found = member(root, key); found != nullptr && found->IsArray()) return found;
  }
  if (!root.IsObject()) return nullptr;
  const Json* only = nullptr;
  for (const auto& entry : root.GetObject()) {
    const std::string_view name = view(entry.name);
    if (!entry.value.IsArray() || name == "sort" || name == "errors" || name == "custom_fields") continue;
    if (only != nullptr) return nullptr;
    only = &entry.value;
  }
  return only;
}

const Json& unwrapped(const Json& root, std::initializer_list<std::string_view> keys) {
  for (const std::string_view key : keys) {
    if (const Json* inner = member(root, key);
        inner != nullptr && inner->IsObject() && member(root, "id") == nullptr) {
      return *inner;
    }
  }
  return root;
}
}  // namespace tandem::ctm
