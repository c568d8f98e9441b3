// What a row is to show: the whole of it, of which a write names a part (P38).
#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "core/model/normalise.h"
#include "daemon/ctm/ctm_lists.h"

namespace tandem::ctm {
namespace {
void put(WireFields& fields, std::string_view native, WireValue value) {
  const auto found =
      std::find_if(fields.begin(), fields.end(), [native](const auto& f) { return f.first == native; });
  if (found != fields.end())
    found->second = std::move(value);
  else
    fields.emplace_back(native, std::move(value));
}

WireValue of_text(std::string text) {
  WireValue value;
  value.blank = text.empty();
  value.text = std::move(text);
  return value;
}

void put_name(WireFields& image, const SplitName& name, bool even_blank) {
  if (even_blank || !name.first.empty()) put(image, "first_name", of_text(name.first));
  if (even_blank || !name.last.empty()) put(image, "last_name", of_text(name.last));
}

SplitName name_in(const WireFields& fields) {
  SplitName name{text_in(fields, "first_name"), text_in(fields, "last_name")};
  return name.first.empty() && name.last.empty() ? split_name(text_in(fields, "name")) : name;
}

SplitName changed_name(const Write& write) {
  if (value_in(write.set, "first_name") == nullptr && value_in(write.set, "last_name") == nullptr) {
    return split_name(text_in(write.set, "name"));
  }
  const auto part = [&](std::string_view native) {
    return text_in(value_in(write.set, native) != nullptr ? write.set : write.whole, native);
  };
  return {part("first_name"), part("last_name")};
}

// The row shows the name whole; the split that was agreed stands as far as the name still has it.
SplitName kept_name(const WireFields& shown, const WireFields& whole) {
  const std::string name = text_in(shown, "name");
  return name.empty() ? name_in(shown) : split_name_as(name, name_in(whole));
}

std::string shown_in(const RowHit& row, std::string_view native) {
  const std::string text = text_in(row.row.fields, native);
  return text.empty() ? text_in(row.detail.standard, native) : text;
}

struct LostFields {
  std::int64_t since_s = 0;
  std::vector<std::string> fields;
};

LostFields lost_fields(const std::string& fact) {
  LostFields out;
  const std::size_t colon = fact.find(':');
  if (colon == std::string::npos) return out;
  std::from_chars(fact.data(), fact.data() + colon, out.since_s);
  for (std::size_t at = colon + 1; at < fact.size();) {
    const std::size_t end = std::min(fact.find(',', at), fact.size());
    out.fields.push_back(fact.substr(at, end - at));
    at = end + 1;
  }
  return out;
}

std::string to_json(const RawCustom& custom) {
  std::string out;
  for (const auto& [name, json] : custom) {
    rapidjson::Value key;
    key.SetString(rapidjson::StringRef(name.data(), static_cast<rapidjson::SizeType>(name.size())));
    out += fmt::format("{}{}:{}", out.empty() ? "{" : ",", raw_json(key), json);
  }
  return out.empty() ? out : out + "}";
}

RawCustom from_json(const std::string& text) {
  RawCustom out;
  const auto body = Body::parse(text);
  if (!body || !body->root().IsObject()) return out;
  for (const auto& entry : body->root().GetObject())
    out.emplace_back(text_of(&entry.name), raw_json(entry.value));
  return out;
}

constexpr std::string_view kStandard = "standard:";  // in the note: a field that is none of the account's own

std::string quoted(const std::string& text) {
  rapidjson::Value value;
  value.SetString(rapidjson::StringRef(text.data(), static_cast<rapidjson::SizeType>(text.size())));
  return raw_json(value);
}

std::string unquoted(const std::string& json) {
  const auto body = Body::parse(json);
  return body ? text_of(&body->root()) : std::string();
}
}  // namespace

WireFields row_image(const Write& write, const RowDetail* shown, bool row_is_old) {
  WireFields image;
  const auto is_shown = [&](std::string_view native) {
    if (shown == nullptr) return false;
    if (!native.starts_with("custom:")) return value_in(shown->standard, native) != nullptr;
    return !row_is_old;  // a row always shows its custom fields
  };
  if (shown != nullptr) {
    for (const auto& [native, value] : shown->standard) {
      if (!is_name(native) && !value.blank) put(image, native, value);
    }
  }
  for (const auto& [native, value] : write.whole) {
    if (is_name(native) || (is_shown(native) && !row_is_old)) continue;
    if (value.blank)
      std::erase_if(image, [&native = native](const auto& f) { return f.first == native; });
    else
      put(image, native, value);
  }
  if (changes_name(write.set))
    put_name(image, changed_name(write), shown != nullptr || write.resume);
  else if (shown != nullptr && (!row_is_old || !changes_name(write.whole)))
    put_name(image, kept_name(shown->standard, write.whole), false);
  else
    put_name(image, name_in(write.whole), false);
  for (const auto& [native, value] : write.set) {
    if (!is_name(native) && (shown != nullptr || write.resume || !value.blank)) put(image, native, value);
  }
  return image;
}

Lists::Image Lists::image_of(const Write& write, const RowHit* row) const {
  const bool is_old = was_written_lately(write.record.text);
  Image image{row_image(write, row == nullptr ? nullptr : &row->detail, is_old), {}};
  const RawCustom kept =
      row == nullptr ? from_json(fact(facts_, "replace:" + write.record.text)) : row->detail.custom;
  for (const auto& [name, json] : kept) {
    if (name.starts_with(kStandard)) {
      const std::string native = name.substr(kStandard.size());
      if (value_in(image.fields, native) == nullptr) put(image.fields, native, of_text(unquoted(json)));
      continue;
    }
    const std::string native = "custom:" + name;
    const bool is_agreed =
        is_old && value_in(write.whole, native) != nullptr;  // blank there: cleared a moment ago
    if (value_in(image.fields, native) == nullptr && !is_agreed) image.unmapped.emplace_back(name, json);
  }
  return image;
}

// The note of a row under replacement, as JSON; "" = the write itself has all of it.
std::string Lists::beyond_the_mapping(const Write& write, const Image& image) const {
  RawCustom kept = image.unmapped;
  for (const auto& [native, value] : image.fields)
    if (!is_name(native) && !native.starts_with("custom:") && !value.blank &&
        value_in(write.whole, native) == nullptr && value_in(write.set, native) == nullptr)
      kept.emplace_back(std::string(kStandard) + native, quoted(value.text));
  return to_json(kept);
}

// What the list shows and its rows do not take is not thrown away by replacing them (P38).
std::optional<Error> Lists::would_lose(const Write& write, const RowHit& row) const {
  const auto lost = lost_fields(fact(facts_, "row_loses"));
  if (clock_.now_ms() / 1000 - lost.since_s > kAskAgainS) return std::nullopt;
  for (const std::string& native : lost.fields) {
    if (value_in(write.set, native) != nullptr || shown_in(row, native).empty()) continue;
    Error error;
    error.fault = Fault::rejected;
    error.message = fmt::format(
        "the row of list {} is not replaced: it shows {}, which CTM does not take back into a row; edit it "
        "in CTM",
        list_id_, native);
    return error;
  }
  return std::nullopt;
}

// What other rows lost before stays known; asked again are all of them together.
void Lists::learn_losses(const Image& image, const RowHit& before, const RowHit& now) {
  std::vector<std::string> lost = lost_fields(fact(facts_, "row_loses")).fields;
  bool any = false;
  for (const auto& [native, value] : image.fields) {
    if (is_name(native) || value.blank || shown_in(before, native).empty() || !shown_in(now, native).empty())
      continue;
    any = true;
    if (std::find(lost.begin(), lost.end(), native) == lost.end()) lost.push_back(native);
  }
  if (any) facts_["row_loses"] = fmt::format("{}:{}", clock_.now_ms() / 1000, fmt::join(lost, ","));
}
}  // namespace tandem::ctm
