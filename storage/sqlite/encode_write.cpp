#include "storage/sqlite/damage.h"
#include "storage/sqlite/encode.h"
#include "storage/sqlite/field_code.h"

namespace tandem {
namespace {
// null = blank, "text", ["items"]; anything else whole.
void write_wire(JsonWriter& out, const WireValue& value) {
  if (value == WireValue{}) return out.null();
  if (!value.blank && value.items.empty()) return out.text(value.text);
  if (!value.blank && value.text.empty()) return write_texts(out, value.items);
  out.open_object();
  out.key("b");
  out.boolean(value.blank);
  out.key("t");
  out.text(value.text);
  out.key("i");
  write_texts(out, value.items);
  out.close_object();
}

WireValue read_wire(const JsonValue& value) {
  switch (value.type) {
    case JsonValue::Type::null:
      return {};
    case JsonValue::Type::array:
      return {false, "", read_texts(value)};
    case JsonValue::Type::object: {
      const JsonValue* blank = value.find("b");
      const JsonValue* text = value.find("t");
      const JsonValue* items = value.find("i");
      if (blank != nullptr && text != nullptr && items != nullptr)
        return {blank->truth, text->as_text(), read_texts(*items)};
      [[fallthrough]];
    }
    default:
      return {false, value.as_text(), {}};
  }
}

void write_wires(JsonWriter& out, const WireFields& fields) {
  out.open_array();
  for (const auto& [name, value] : fields) {
    out.open_array();
    out.text(name);
    write_wire(out, value);
    out.close_array();
  }
  out.close_array();
}

WireFields read_wires(const JsonValue& value) {
  WireFields out;
  for (const JsonValue& entry : value.as_array()) {
    const auto& parts = entry.as_array(2);
    out.emplace_back(parts[0].as_text(), read_wire(parts[1]));
  }
  return out;
}

void write_ref(JsonWriter& out, const SourceRef& ref) {
  out.open_array();
  out.number(static_cast<std::int64_t>(ref.kind));
  out.text(ref.id);
  out.close_array();
}

SourceRef read_ref(const JsonValue& value) {
  const auto& parts = value.as_array(2);
  return {stored_as<SourceKind>(parts[0].as_number()), parts[1].as_text()};
}

void write_write(JsonWriter& out, const Write& write) {
  out.open_object();
  out.key("kind");
  out.number(static_cast<std::int64_t>(write.kind));
  out.key("record");
  out.text(write.record.text);
  if (write.target) {
    out.key("target");
    write_ref(out, *write.target);
  }
  if (!write.set.empty()) {
    out.key("set");
    write_wires(out, write.set);
  }
  if (!write.whole.empty()) {
    out.key("whole");
    write_wires(out, write.whole);
  }
  if (!write.tags.empty()) {
    out.key("tags");
    write_texts(out, write.tags);
  }
  if (!write.tag_sources.empty()) {
    out.key("tag_sources");
    out.open_array();
    for (const SourceRef& ref : write.tag_sources) write_ref(out, ref);
    out.close_array();
  }
  if (write.resume) {
    out.key("resume");
    out.boolean(true);
  }
  out.close_object();
}

Write read_write(const JsonValue& value) {
  Write write;
  const JsonValue* kind = value.as_object().find("kind");
  const JsonValue* record = value.find("record");
  if (kind == nullptr || record == nullptr) damaged("a write without its kind or record");
  write.kind = stored_as<WriteKind>(kind->as_number());
  write.record.text = record->as_text();
  if (const JsonValue* v = value.find("target")) write.target = read_ref(*v);
  if (const JsonValue* v = value.find("set")) write.set = read_wires(*v);
  if (const JsonValue* v = value.find("whole")) write.whole = read_wires(*v);
  if (const JsonValue* v = value.find("tags")) write.tags = read_texts(*v);
  if (const JsonValue* v = value.find("tag_sources"))
    for (const JsonValue& ref : v->as_array()) write.tag_sources.push_back(read_ref(ref));
  write.resume = value.find("resume") != nullptr;
  return write;
}
}  // namespace

Encoded encode_values(const FieldMap& values) {
  if (values.empty()) return std::nullopt;
  JsonWriter out;
  write_values(out, values);
  return out.take();
}

FieldMap decode_values(std::string_view text) { return read_values(read_json(text)); }

Encoded encode_texts(const std::vector<std::string>& texts) {
  if (texts.empty()) return std::nullopt;
  JsonWriter out;
  write_texts(out, texts);
  return out.take();
}

std::vector<std::string> decode_texts(std::string_view text) { return read_texts(read_json(text)); }

Encoded encode_more(const SourceRow& row) {
  if (row.before.empty() && row.lag_until_ms == 0 && !row.redacted && row.corrected.empty() &&
      row.expected.empty() && row.expected_until_ms == 0 && row.caller_id_name.empty())
    return std::nullopt;
  JsonWriter out;
  out.open_object();
  if (!row.before.empty()) {
    out.key("before");
    write_values(out, row.before);
  }
  if (row.lag_until_ms != 0) {
    out.key("lag_until_ms");
    out.number(row.lag_until_ms);
  }
  if (!row.expected.empty()) {
    out.key("expected");
    write_values(out, row.expected);
  }
  if (row.expected_until_ms != 0) {
    out.key("expected_until_ms");
    out.number(row.expected_until_ms);
  }
  if (!row.caller_id_name.empty()) {
    out.key("caller_id");
    out.text(row.caller_id_name);
  }
  if (row.redacted) {
    out.key("redacted");
    out.boolean(true);
  }
  if (!row.corrected.empty()) {
    out.key("corrected");
    write_texts(out, row.corrected);
  }
  out.close_object();
  return out.take();
}

void decode_more(std::string_view text, SourceRow& row) {
  const JsonValue all = read_json(text);
  if (const JsonValue* v = all.as_object().find("before")) row.before = read_values(*v);
  if (const JsonValue* v = all.find("lag_until_ms")) row.lag_until_ms = v->as_number();
  if (const JsonValue* v = all.find("expected")) row.expected = read_values(*v);
  if (const JsonValue* v = all.find("expected_until_ms")) row.expected_until_ms = v->as_number();
  if (const JsonValue* v = all.find("caller_id")) row.caller_id_name = v->as_text();
  row.redacted = all.find("redacted") != nullptr;
  if (const JsonValue* v = all.find("corrected"))
    for (const JsonValue& item : v->as_array()) row.corrected.insert(item.as_text());
}

std::string encode_body(const Intent& intent) {
  JsonWriter out;
  out.open_object();
  out.key("write");
  write_write(out, intent.write);
  if (!intent.fields.empty()) {
    out.key("fields");
    write_values(out, intent.fields);
  }
  if (!intent.before.empty()) {
    out.key("before");
    write_values(out, intent.before);
  }
  if (!intent.also.empty()) {
    out.key("also");
    out.open_array();
    for (const auto& [name, value] : intent.also) {
      out.open_array();
      out.text(name);
      write_value(out, value);
      out.close_array();
    }
    out.close_array();
  }
  if (!intent.tags.empty()) {
    out.key("tags");
    write_texts(out, intent.tags);
  }
  if (!intent.why.empty()) {
    out.key("why");
    out.open_object();
    for (const auto& [field, reason] : intent.why) {
      out.key(field);
      out.text(reason);
    }
    out.close_object();
  }
  if (intent.sighted) {
    out.key("sighted");
    out.boolean(true);
  }
  out.close_object();
  return out.take();
}

void decode_body(std::string_view text, Intent& intent) {
  const JsonValue all = read_json(text);
  const JsonValue* write = all.as_object().find("write");
  if (write == nullptr) damaged("an intent without its write");
  intent.write = read_write(*write);
  if (const JsonValue* v = all.find("fields")) intent.fields = read_values(*v);
  if (const JsonValue* v = all.find("before")) intent.before = read_values(*v);
  if (const JsonValue* v = all.find("also"))
    for (const JsonValue& entry : v->as_array()) {
      const auto& parts = entry.as_array(2);
      intent.also.emplace_back(parts[0].as_text(), read_value(parts[1]));
    }
  if (const JsonValue* v = all.find("tags"))
    for (const JsonValue& tag : v->as_array()) intent.tags.insert(tag.as_text());
  if (const JsonValue* why = all.find("why"))
    for (std::size_t i = 0; i < why->as_object().keys.size(); ++i)
      intent.why.emplace(why->keys[i], why->items[i].as_text());
  intent.sighted = all.find("sighted") != nullptr;
}
}  // namespace tandem
