#include "daemon/ctm/ctm_bodies.h"
#include <fmt/ranges.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>
#include <algorithm>
#include "core/model/normalise.h"
#include "daemon/http/transport.h"

namespace tandem::ctm {
namespace {
constexpr std::string_view kCustomPrefix = "custom:";

class JsonText {
 public:
  JsonText() { writer_.StartObject(); }
  JsonText& open(std::string_view key) {
    name(key);
    writer_.StartObject();
    return *this;
  }
  void close() { writer_.EndObject(); }
  void text(std::string_view key, std::string_view value) {
    name(key);
    string(value);
  }
  void list(std::string_view key, std::string_view only) {
    name(key);
    writer_.StartArray();
    string(only);
    writer_.EndArray();
  }
  void raw(std::string_view key, std::string_view json) {
    name(key);
    writer_.RawValue(json.data(), json.size(), rapidjson::kObjectType);
  }
  std::string done() {
    writer_.EndObject();
    return {buffer_.GetString(), buffer_.GetSize()};
  }

 private:
  void name(std::string_view key) { writer_.Key(key.data(), static_cast<rapidjson::SizeType>(key.size())); }
  void string(std::string_view v) { writer_.String(v.data(), static_cast<rapidjson::SizeType>(v.size())); }
  rapidjson::StringBuffer buffer_;
  rapidjson::Writer<rapidjson::StringBuffer> writer_{buffer_};
};

std::string as_text(const WireValue& value) {
  if (value.blank) return {};
  return value.items.empty() ? value.text : fmt::format("{}", fmt::join(value.items, ";"));
}

// The wire key of a standard field that travels flat; "" when there is none.
std::string_view flat_key(std::string_view native) {
  if (native == "address1") return "street";
  for (const std::string_view same : {"email", "city", "state", "postal_code", "country"}) {
    if (native == same) return same;
  }
  return {};
}

std::string_view custom_key(std::string_view native) {
  return native.starts_with(kCustomPrefix) ? native.substr(kCustomPrefix.size()) : std::string_view{};
}

// What modify takes, in one order: key (call[key] or call[custom_fields][key]) and text.
struct Part {
  bool custom;
  std::string_view key;
  std::string value;
};
std::vector<Part> modify_parts(const WireFields& set) {
  std::vector<Part> parts;
  if (changes_name(set)) parts.push_back({false, "name", whole_name(set, {})});
  for (const auto& [native, value] : set) {
    if (const auto key = flat_key(native); !key.empty()) parts.push_back({false, key, as_text(value)});
  }
  for (const auto& [native, value] : set) {
    if (const auto key = custom_key(native); !key.empty()) parts.push_back({true, key, as_text(value)});
  }
  return parts;
}
}  // namespace

const WireValue* value_in(const WireFields& fields, std::string_view native) {
  const auto found =
      std::find_if(fields.begin(), fields.end(), [native](const auto& f) { return f.first == native; });
  return found == fields.end() ? nullptr : &found->second;
}

std::string text_in(const WireFields& fields, std::string_view native) {
  const WireValue* value = value_in(fields, native);
  return value == nullptr ? std::string{} : as_text(*value);
}

bool is_name(std::string_view native) {
  return native == "name" || native == "first_name" || native == "last_name";
}

bool changes_name(const WireFields& set) {
  return std::any_of(set.begin(), set.end(), [](const auto& field) { return is_name(field.first); });
}

std::string whole_name(const WireFields& set, const WireFields& whole) {
  if (value_in(set, "name") != nullptr) return text_in(set, "name");
  const auto part = [&](std::string_view native) {
    return value_in(set, native) != nullptr ? text_in(set, native) : text_in(whole, native);
  };
  return join_name(part("first_name"), part("last_name"));
}

std::string modify_json(const WireFields& set) {
  const std::vector<Part> parts = modify_parts(set);
  if (parts.empty()) return {};
  JsonText out;
  out.open("call");
  bool in_custom = false;
  for (const Part& part : parts) {
    if (part.custom && !in_custom) out.open("custom_fields");
    in_custom = part.custom;
    out.text(part.key, part.value);
  }
  if (in_custom) out.close();
  out.close();
  return out.done();
}

std::string modify_form(const WireFields& set) {
  std::string out;
  for (const Part& part : modify_parts(set)) {
    if (!out.empty()) out += '&';
    const std::string key =
        part.custom ? fmt::format("call[custom_fields][{}]", part.key) : fmt::format("call[{}]", part.key);
    out += http::encode(key) + '=' + http::encode(part.value);
  }
  return out;
}

std::string add_contact_json(std::string_view number, const WireFields& image, const RawCustom& unmapped) {
  JsonText out;
  out.open("contact");
  out.text("number", number);
  if (changes_name(image)) {
    const bool split = value_in(image, "first_name") != nullptr || value_in(image, "last_name") != nullptr;
    const SplitName name = split ? SplitName{text_in(image, "first_name"), text_in(image, "last_name")}
                                 : split_name(text_in(image, "name"));
    out.text("first_name", name.first);
    out.text("last_name", name.last);
  }
  for (const auto& [native, value] : image) {
    if (const auto key = flat_key(native); !key.empty()) out.text(key, as_text(value));
    if (const auto key = custom_key(native); !key.empty())
      out.text("custom_" + std::string(key), as_text(value));
  }
  for (const auto& [api_name, json] : unmapped) out.raw("custom_" + api_name, json);
  out.close();
  return out.done();
}

std::string remove_contacts_json(std::string_view number) {
  JsonText out;
  out.list("contacts_list", number);
  return out.done();
}

std::string tag_json(std::string_view tag) {
  JsonText out;
  out.text("tag", tag);
  return out.done();
}

std::string contact_json(std::string_view number, const WireFields& set, bool flat_address) {
  JsonText out;
  out.open("contact");
  if (!number.empty()) out.text("number", number);
  for (const std::string_view native : {"name", "first_name", "last_name", "email"}) {
    if (value_in(set, native) != nullptr) out.text(native, text_in(set, native));
  }
  bool in_address = false;
  for (const auto& [native, value] : set) {
    const auto key = flat_key(native);
    if (key.empty() || native == "email") continue;
    if (!in_address && !flat_address) out.open("address");
    in_address = true;
    out.text(key, as_text(value));
  }
  if (in_address && !flat_address) out.close();
  bool in_custom = false;
  for (const auto& [native, value] : set) {
    if (const auto key = custom_key(native); !key.empty()) {
      if (!in_custom) out.open("custom_fields");
      in_custom = true;
      out.text(key, as_text(value));
    }
  }
  if (in_custom) out.close();
  out.close();
  return out.done();
}
}  // namespace tandem::ctm
