// Answers of CTM, whatever they hold: read the same twice, named as mapped, and what goes out is JSON.
#include "daemon/ctm/ctm_codec.h"
#include <algorithm>
#include "daemon/ctm/ctm_bodies.h"
#include "daemon/ctm/ctm_cursor.h"
#include "daemon/ctm/ctm_errors.h"
#include "daemon/ctm/ctm_time.h"
#include "tests/fuzz/law.h"

namespace tandem::ctm {
namespace {
using fuzz::must;

const std::vector<std::string> kNatives{"name",        "first_name", "last_name",   "email",
                                        "phone",       "address1",   "city",        "state",
                                        "postal_code", "country",    "custom:kind", "custom:rooms"};

void check(const Codec& codec, const Evidence& e) {
  must(!e.source.id.empty(), "evidence names its source");
  must(e.hash == codec.hash_of(e), "a hash is that of what the evidence says");
  auto at = kNatives.begin();
  for (const auto& [name, value] : e.fields) {
    at = std::find(at, kNatives.end(), name);
    must(at != kNatives.end(), "fields are mapped ones, each once, in their order");
    must(!value.blank || (value.text.empty() && value.items.empty()), "a blank holds nothing");
    ++at;
  }
  for (const std::string& body : {modify_json(e.fields), add_contact_json(e.person, e.fields, {}),
                                  contact_json(e.person, e.fields, false)})
    must(body.empty() || Body::parse(body).has_value(), "a request body is JSON");
}

// What a reading says, for comparing two of them.
std::vector<WireHash> read_all(const Codec& codec, const Json& root) {
  std::vector<WireHash> all;
  const auto keep = [&](const Evidence& e) {
    check(codec, e);
    all.push_back(e.hash);
  };
  if (const auto page = codec.activities(root))
    for (const Evidence& e : page->activities) keep(e);
  if (const auto one = codec.activity(root)) keep(*one);
  if (const auto page = codec.rows(root, true)) {
    must(page->details.size() == page->rows.size(), "every row has its detail");
    for (const Evidence& e : page->rows) keep(e);
    for (const RowDetail& d : page->details) {
      for (const auto& [name, json] : d.custom)
        must(json.empty() || Body::parse(json).has_value(), "a kept value is JSON");
      must(Body::parse(add_contact_json("+13125550123", d.standard, d.custom)).has_value(),
           "a replaced row is JSON");
    }
  }
  if (const auto page = codec.records(root))
    for (const Evidence& e : page->records) keep(e);
  if (const auto page = codec.record(root)) {
    must(page->records.size() == 1, "one record is one");
    keep(page->records.front());
  }
  return all;
}
}  // namespace
}  // namespace tandem::ctm

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tandem::ctm;
  using tandem::fuzz::must;
  static const Codec codec(kNatives, 1, 7);
  const std::string text(tandem::fuzz::text_of(data, size));

  const Cursor cursor = cursor_from(text);
  must(cursor_from(to_text(cursor)) == cursor, "a cursor comes back");
  static_cast<void>(iso_to_unix_ms(text));
  static_cast<void>(says_missing(text) || says_present(text));
  must(Body::parse(tag_json(text)).has_value() && Body::parse(remove_contacts_json(text)).has_value(),
       "any text goes out as JSON");

  const auto body = Body::parse(text);
  if (!body) return 0;
  static_cast<void>(envelope_of(body->root()));
  static_cast<void>(list_info(body->root()));
  static_cast<void>(says_done(body->root()));
  const Refusal refusal = refusal_of(body->root());
  must(refusal.field.empty() || !refusal.words.empty(), "a refused field has words");
  const auto once = read_all(codec, body->root());
  must(once == read_all(codec, Body::parse(text)->root()), "a body reads the same twice");
  return 0;
}
