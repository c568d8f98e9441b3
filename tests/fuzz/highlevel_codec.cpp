// Answers of HighLevel, whatever they hold: read the same twice, and what goes out is JSON that reads back
// as what was sent.
#include "daemon/highlevel/highlevel_codec.h"
#include <algorithm>
#include "tests/fuzz/law.h"

namespace tandem::highlevel {
namespace {
using fuzz::must;

const std::vector<std::string> kNatives{"first_name",
                                        "last_name",
                                        "email",
                                        "phone",
                                        "company",
                                        "address1",
                                        "city",
                                        "state",
                                        "postal_code",
                                        "country",
                                        "website",
                                        "custom:contact.room",
                                        "custom:contact.budget",
                                        "custom:contact.colours",
                                        "custom:contact.note"};

const Codec& codec() {
  static const Codec kCodec = [] {
    Codec c("loc1", kNatives, 7, {});
    must(c.define({{"cfRoom", "contact.room", "SINGLE_OPTIONS"},
                   {"cfBudget", "contact.budget", "MONETORY"},
                   {"cfColours", "contact.colours", "MULTIPLE_OPTIONS"},
                   {"cfNote", "contact.note", "TEXT"}})
             .empty(),
         "the definitions are complete");
    return c;
  }();
  return kCodec;
}

bool is_json(std::string body) {
  rapidjson::Document document;
  return parse_in_place(body, document);
}

void check_bodies(const Evidence& e) {
  Write write;
  write.kind = WriteKind::create;
  write.set = write.whole = e.fields;
  must(is_json(codec().create_body(write)), "a create is JSON");
  must(is_json(Codec::tags_body(e.tags)), "tags are JSON");
  const auto update = codec().update_body(e.fields, true);
  if (!update) return;
  must(is_json(*update), "an update is JSON");

  // Read by id, an update shows what it set.
  std::string shown = R"({"contact":{"id":"c1","locationId":"loc1",)" + update->substr(1) + "}";
  const auto back = codec().contact(shown);
  must(back.has_value(), "an update reads like a contact");
  for (const auto& field : e.fields) {
    const auto& theirs = back->evidence.fields;
    const auto it =
        std::find_if(theirs.begin(), theirs.end(), [&](const auto& f) { return f.first == field.first; });
    const bool custom = field.first.starts_with("custom:");  // its form depends on the definition
    must(custom || it != theirs.end(), "a record read by id shows every standard field");
    if (custom || field.second.blank || !field.second.items.empty()) continue;
    must(it->second == field.second, "an update reads back as it was sent");
  }
}

void check(const Evidence& e, std::vector<WireHash>& all) {
  must(!e.source.id.empty() && e.person == e.source.id, "a contact has an id");
  for (const auto& [name, value] : e.fields) {
    must(std::find(kNatives.begin(), kNatives.end(), name) != kNatives.end(), "fields are mapped ones");
    must(!value.blank || (value.text.empty() && value.items.empty()), "a blank holds nothing");
  }
  check_bodies(e);
  all.push_back(e.hash);
}

std::vector<WireHash> read_all(const std::string& text) {
  std::vector<WireHash> all;
  std::string body = text;
  if (const auto page = codec().search_page(body)) {
    for (const SearchRow& row : page->rows) check(row.evidence, all);
    if (!page->after.empty()) {
      must(is_json(page->after), "searchAfter is JSON");
      Search next;
      next.after = page->after;
      must(is_json(codec().search_body(next)), "the next page is asked for in JSON");
    }
  }
  body = text;
  if (const auto one = codec().contact(body)) check(one->evidence, all);
  return all;
}
}  // namespace
}  // namespace tandem::highlevel

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tandem::highlevel;
  using tandem::fuzz::must;
  const std::string text(tandem::fuzz::text_of(data, size));
  must(read_all(text) == read_all(text), "a body reads the same twice");
  std::string body = text;
  static_cast<void>(Codec::duplicate_id(body));
  body = text;
  static_cast<void>(Codec::location(body));
  body = text;
  static_cast<void>(Codec::custom_fields(body));
  body = text;
  static_cast<void>(Codec::says_done(body));
  const Refusal refusal = refusal_of(text);
  const std::string field = codec().field_in(refusal.message);
  must(field.empty() || std::find(kNatives.begin(), kNatives.end(), field) != kNatives.end(),
       "a refused field is a mapped one");
  Search search;
  search.phone = text;
  search.email = text;
  must(is_json(codec().search_body(search)), "any phone and e-mail is searched for in JSON");
  const std::int64_t time = iso_ms(text);
  if (time > 0) must(iso_ms(iso_text(time)) == time, "a time comes back");
  return 0;
}
