// Stored text, whatever is left of it: either refused as damaged, or read as something that is stored
// again and comes back the same.
#include <optional>
#include "core/ports/state_store.h"
#include "storage/sqlite/encode.h"
#include "storage/sqlite/json_text.h"
#include "tests/fuzz/law.h"

namespace tandem {
namespace {
using fuzz::must;

void write(JsonWriter& out, const JsonValue& value) {
  switch (value.type) {
    case JsonValue::Type::null:
      return out.null();
    case JsonValue::Type::boolean:
      return out.boolean(value.truth);
    case JsonValue::Type::number:
      return out.number(value.integer);
    case JsonValue::Type::text:
      return out.text(value.text);
    case JsonValue::Type::array:
      out.open_array();
      for (const JsonValue& item : value.items) write(out, item);
      return out.close_array();
    case JsonValue::Type::object:
      out.open_object();
      for (std::size_t i = 0; i < value.keys.size(); ++i) {
        out.key(value.keys[i]);
        write(out, value.items[i]);
      }
      return out.close_object();
  }
}

std::string written(const JsonValue& value) {
  JsonWriter out;
  write(out, value);
  return out.take();
}

// nullopt = refused as damaged, which is the only way to refuse.
template <class Read>
auto read(Read work) -> std::optional<decltype(work())> {
  try {
    return work();
  } catch (const StoreError& e) {
    must(e.kind == StoreError::Kind::corrupt, "damage is called damage");
    return std::nullopt;
  }
}

PairState start() {
  PairState pair;
  pair.since_ms = 1'795'167'665'000;
  return pair;
}

void check_pair(std::string_view text) {
  const auto part = [&](void (*decode)(std::string_view, PairState&), Encoded (*encode)(const PairState&)) {
    const auto pair = read([&] {
      PairState p = start();
      decode(text, p);
      return p;
    });
    if (!pair) return;
    PairState again = start();
    if (const Encoded stored = encode(*pair)) decode(*stored, again);
    must(again == *pair, "a pair comes back");
  };
  part(decode_fields, encode_fields);
  part(decode_tags, encode_tags);
  part(decode_fold, encode_fold);
  part(decode_resolutions, [](const PairState& p) { return encode_resolutions(p.resolutions); });
}

void check_rest(std::string_view text) {
  if (const auto values = read([&] { return decode_values(text); }))
    must(decode_values(encode_values(*values).value_or("[]")) == *values, "values come back");
  if (const auto texts = read([&] { return decode_texts(text); }))
    must(decode_texts(encode_texts(*texts).value_or("[]")) == *texts, "texts come back");
  const auto row = read([&] {
    SourceRow r;
    decode_more(text, r);
    return r;
  });
  if (row) {
    SourceRow again;
    if (const Encoded stored = encode_more(*row)) decode_more(*stored, again);
    must(again == *row, "a source comes back");
  }
  const auto intent = read([&] {
    Intent i;
    decode_body(text, i);
    return i;
  });
  if (intent) {
    Intent again;
    decode_body(encode_body(*intent), again);
    must(again.write == intent->write && again.fields == intent->fields && again.before == intent->before &&
             again.tags == intent->tags && again.why == intent->why,
         "an intent comes back");
  }
}
}  // namespace
}  // namespace tandem

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tandem;
  const std::string_view text = fuzz::text_of(data, size);
  if (const auto value = read([&] { return read_json(text); })) {
    const std::string stored = written(*value);
    fuzz::must(written(read_json(stored)) == stored, "JSON comes back");
  }
  JsonWriter out;
  out.text(text);
  fuzz::must(read_json(out.take()).as_text() == text, "any text comes back");
  check_pair(text);
  check_rest(text);
  return 0;
}
