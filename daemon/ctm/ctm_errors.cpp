#include "daemon/ctm/ctm_errors.h"
#include <algorithm>
#include <array>

namespace tandem::ctm {
namespace {
constexpr int kDeepest = 4;

void flatten(const Json& value, int levels, std::string& out) {
  if (levels == 0 || out.size() > 2'000) return;
  if (value.IsArray()) {
    for (const Json& item : value.GetArray()) flatten(item, levels - 1, out);
  } else if (value.IsObject()) {
    for (const auto& entry : value.GetObject()) {
      if (!out.empty()) out += "; ";
      out += text_of(&entry.name) + ": ";
      flatten(entry.value, levels - 1, out);
    }
  } else if (const std::string text = text_of(&value); !text.empty()) {
    if (!out.empty() && !out.ends_with(": ")) out += "; ";
    out += text;
  }
}

std::string native_of(std::string_view wire) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 10> kKnown{
      {{"number", "phone"},
       {"phone_number", "phone"},
       {"street", "address1"},
       {"first_name", "first_name"},
       {"last_name", "last_name"},
       {"email", "email"},
       {"city", "city"},
       {"state", "state"},
       {"postal_code", "postal_code"},
       {"country", "country"}}};
  for (const auto& [key, native] : kKnown) {
    if (wire == key) return std::string(native);
  }
  if (wire.starts_with("custom_") && wire != "custom_fields") return "custom:" + std::string(wire.substr(7));
  return wire == "name" ? "name" : "";
}

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](unsigned char c) { return static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c); });
  return out;
}

bool says_any(std::string_view words, std::initializer_list<std::string_view> of) {
  const std::string text = lower(words);
  return std::any_of(of.begin(), of.end(),
                     [&text](std::string_view part) { return text.find(part) != text.npos; });
}
}  // namespace

Refusal refusal_of(const Json& root) {
  Refusal out;
  if (!root.IsObject()) return out;
  const std::string status = text_of(member(root, "status"));
  const Json* success = member(root, "success");
  const bool is_object = member(root, "id") != nullptr;  // an activity has a status of its own
  out.is_error = !is_object && (status == "error" || status == "failure" || status == "failed" ||
                                (success != nullptr && success->IsBool() && !success->GetBool()));
  for (const std::string_view key : {"reason", "error", "message", "errors"}) {
    const Json* value = member(root, key);
    if (value == nullptr || value->IsNull() || value->IsBool()) continue;
    flatten(*value, kDeepest, out.words);
    if (value->IsObject() && value->MemberCount() > 0)
      out.field = native_of(text_of(&value->MemberBegin()->name));
    if (out.words.empty()) continue;
    if (!is_object && (key == "error" || key == "errors") && status != "success") out.is_error = true;
    break;
  }
  return out;
}

bool says_done(const Json& root) {
  if (!root.IsObject()) return root.IsArray();
  const std::string status = text_of(member(root, "status"));
  const Json* success = member(root, "success");
  return status == "success" || status == "deleted" || status == "processing" ||
         (success != nullptr && success->IsBool() && success->GetBool()) || member(root, "id") != nullptr ||
         std::any_of(root.MemberBegin(), root.MemberEnd(),
                     [](const auto& entry) { return entry.value.IsObject() || entry.value.IsArray(); });
}

bool says_missing(std::string_view words) {
  return says_any(words, {"not found", "notfound", "not_found", "no such", "does not exist"});
}
bool says_present(std::string_view words) {
  return says_any(words, {"already", "exist", "duplicate", "taken", "unique"});
}
}  // namespace tandem::ctm
