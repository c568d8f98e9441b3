#include "daemon/highlevel/highlevel_codec.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>

namespace tandem::highlevel {
namespace {
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
                                        "custom:contact.colours"};
const std::vector<CustomField> kDefinitions{{"cfRoom", "contact.room", "SINGLE_OPTIONS"},
                                            {"cfBudget", "contact.budget", "MONETORY"},
                                            {"cfColours", "contact.colours", "MULTIPLE_OPTIONS"},
                                            {"cfOther", "contact.other", "TEXT"}};

Codec codec_with(std::uint64_t fingerprint = 7, ClearForms clears = {}) {
  Codec codec("loc1", kNatives, fingerprint, clears);
  EXPECT_TRUE(codec.define(kDefinitions).empty());
  return codec;
}

const WireValue* value(const Evidence& e, std::string_view name) {
  for (const auto& [native, wire] : e.fields)
    if (native == name) return &wire;
  return nullptr;
}

Evidence row_of(const Codec& codec, const std::string& row) {
  std::string body = R"({"contacts":[)" + row + R"(],"total":1})";
  auto page = codec.search_page(body);
  if (!page) throw std::runtime_error(page.error().message);
  return page->rows.at(0).evidence;
}
Evidence by_id_of(const Codec& codec, const std::string& contact) {
  std::string body = R"({"contact":)" + contact + R"(,"traceId":"t"})";
  auto found = codec.contact(body);
  if (!found) throw std::runtime_error(found.error().message);
  return found->evidence;
}

const char* const kRow =
    R"({"id":"c1","locationId":"loc1","firstName":"Nora","lastName":null,"contactName":"nora",
  "email":"nora@tiles.example","phone":"+13125550142","phoneLabel":null,"companyName":"Tiles & Co","businessName":null,
  "address":"9 Oak Ave","city":"Aurora","state":"IL","postalCode":null,"country":"US","website":null,"source":null,
  "additionalEmails":[{"email":"n2@tiles.example"},{"email":"n1@tiles.example"}],"additionalPhones":[{"phone":"+13125550143"}],
  "tags":["vip","tile"],"dndSettings":{},"opportunities":[{"id":"o1","monetaryValue":4.5}],
  "customFields":[{"id":"cfBudget","value":12500},{"id":"cfColours","value":["red","blue"]},{"id":"cfOther","value":"x"}],
  "dateAdded":"2026-11-02T14:03:22.117Z","dateUpdated":"2026-11-20T09:41:05.884Z","searchAfter":[1795167665884,"c1"]})";
const char* const kById =
    R"({"id":"c1","dateAdded":"2026-11-02T14:03:22.117Z","dateUpdated":"2026-11-20T09:41:05.880Z",
  "type":"lead","locationId":"loc1","firstName":"Nora","firstNameLowerCase":"nora","email":"nora@tiles.example",
  "emailLowerCase":"nora@tiles.example","phone":"+13125550142","companyName":"Tiles & Co","address1":"9 Oak Ave",
  "city":"Aurora","state":"IL","country":"US","tags":["tile","vip"],"followers":[],
  "customFields":[{"id":"cfColours","value":["blue","red"]},{"id":"cfOther","value":"y"},{"id":"cfBudget","value":12500}],
  "additionalEmails":[{"email":"n1@tiles.example"},{"email":"n2@tiles.example"}],"additionalPhones":[{"phone":"+13125550143"}],
  "createdBy":{"source":"WEB_USER","channel":"APP"}})";

TEST(Decode, ASearchRowIsReadWithTheNamesOfASearch) {
  const Codec codec = codec_with();
  const Evidence e = row_of(codec, kRow);
  EXPECT_EQ(e.source, (SourceRef{SourceKind::record, "c1"}));
  EXPECT_EQ(e.person, "c1");
  EXPECT_EQ(e.at_ms, 1'795'167'665'884);
  ASSERT_EQ(e.fields.size(), kNatives.size());
  for (std::size_t i = 0; i < kNatives.size(); ++i) EXPECT_EQ(e.fields[i].first, kNatives[i]);
  EXPECT_EQ(value(e, "first_name")->text, "Nora");
  EXPECT_EQ(value(e, "address1")->text, "9 Oak Ave");
  EXPECT_EQ(value(e, "company")->text, "Tiles & Co");
  EXPECT_TRUE(value(e, "last_name")->blank);
  EXPECT_TRUE(value(e, "custom:contact.room")->blank) << "a custom field that is not listed has no value";
  EXPECT_EQ(value(e, "custom:contact.budget")->text, "12500");
  EXPECT_EQ(value(e, "custom:contact.colours")->items, (std::vector<std::string>{"blue", "red"}));
  EXPECT_TRUE(e.shows_tags);
  EXPECT_EQ(e.tags, (std::vector<std::string>{"tile", "vip"}));
  EXPECT_EQ(e.more_phones, (std::vector<std::string>{"+13125550143"}));
  EXPECT_EQ(e.more_emails, (std::vector<std::string>{"n2@tiles.example", "n1@tiles.example"}));
}

TEST(Decode, ARowAndAReadByIdThatSayTheSameHashTheSame) {
  const Codec codec = codec_with();
  EXPECT_EQ(row_of(codec, kRow).hash, by_id_of(codec, kById).hash);
}

TEST(Decode, EveryMappedValueCountsInTheHashAndNothingElseDoes) {
  const Codec codec = codec_with();
  const WireHash before = by_id_of(codec, kById).hash;
  const auto changed = [&](const std::string& from, const std::string& to) {
    std::string text = kById;
    const auto at = text.find(from);
    if (at == std::string::npos) throw std::runtime_error("no " + from);
    return by_id_of(codec, text.replace(at, from.size(), to)).hash;
  };
  const std::pair<const char*, const char*> counts[] = {
      {"\"id\":\"c1\"", "\"id\":\"c2\""},
      {"\"Nora\"", "\"Nola\""},
      {"nora@tiles.example", "Nora@tiles.example"},
      {"+13125550142", "+13125550141"},
      {"Tiles & Co", "Tiles"},
      {"9 Oak Ave", ""},
      {"Aurora", "Elgin"},
      {"\"IL\"", "\"WI\""},
      {"\"US\"", "\"CA\""},
      {"\"vip\"", "\"vap\""},
      {"\"red\"", "\"green\""},
      {"12500", "12501"},
      {"n1@", "n3@"},
      {"+13125550143", "+13125550144"},
      {"\"firstName\":\"Nora\",", ""},
      {",\"vip\"", ""},
      {"\"phone\":\"+13125550143\"", "\"fax\":\"+13125550143\""}};
  for (const auto& [from, to] : counts) EXPECT_NE(changed(from, to), before) << from;
  const std::pair<const char*, const char*> noise[] = {{"09:41:05.880", "10:00:00.000"},
                                                       {"\"lead\"", "\"customer\""},
                                                       {"\"value\":\"y\"", "\"value\":\"z\""},
                                                       {"WEB_USER", "INTEGRATION"},
                                                       {"[\"tile\",\"vip\"]", "[\"vip\",\"tile\",\"vip\"]"},
                                                       {"\"followers\":[],", ""}};
  for (const auto& [from, to] : noise) EXPECT_EQ(changed(from, to), before) << from;
  EXPECT_NE(by_id_of(codec_with(8), kById).hash, before) << "another mapping";
}

TEST(Decode, AMissingKeyIsNotObservedInARowAndBlankByIdButCollectionsAreNeverBlankByAbsence) {
  const Codec codec = codec_with();
  const Evidence row = row_of(codec, R"({"id":"c1","email":null})");
  EXPECT_EQ(value(row, "first_name"), nullptr);
  EXPECT_TRUE(value(row, "email")->blank);
  EXPECT_EQ(value(row, "custom:contact.room"), nullptr);
  EXPECT_FALSE(row.shows_tags);
  const Evidence by_id = by_id_of(codec, R"({"id":"c1"})");
  EXPECT_TRUE(value(by_id, "first_name")->blank);
  EXPECT_EQ(value(by_id, "custom:contact.room"), nullptr);
  EXPECT_FALSE(by_id.shows_tags);
  EXPECT_TRUE(by_id_of(codec, R"({"id":"c1","tags":[]})").shows_tags) << "an empty list was shown";
  EXPECT_NE(by_id_of(codec, R"({"id":"c1","tags":[]})").hash, by_id.hash);
}

TEST(Decode, CustomValuesOfEveryShape) {
  const Codec codec = codec_with();
  const auto budget = [&](const std::string& wire) {
    const Evidence e =
        by_id_of(codec, R"({"id":"c1","customFields":[{"id":"cfBudget","value":)" + wire + "}]}");
    const WireValue* v = value(e, "custom:contact.budget");
    return v == nullptr ? std::string("not observed")
           : v->blank   ? "blank"
                        : v->text + fmt::format("{}", fmt::join(v->items, "+"));
  };
  EXPECT_EQ(budget("12500"), "12500");
  EXPECT_EQ(budget("12500.0"), "12500");
  EXPECT_EQ(budget("0.1"), "0.1");
  EXPECT_EQ(budget("-3"), "-3");
  EXPECT_EQ(budget("18446744073709551615"), "18446744073709551615");
  EXPECT_EQ(budget("true"), "true");
  EXPECT_EQ(budget("\"\""), "blank");
  EXPECT_EQ(budget("null"), "blank");
  EXPECT_EQ(budget("[]"), "blank");
  EXPECT_EQ(budget("[\"b\",\"a\",\"b\",\"\"]"), "a+b");
  EXPECT_EQ(budget("{\"f0\":{\"url\":\"x\"}}"), "not observed");
}

TEST(Decode, EscapesAndOtherScriptsComeThrough) {
  const Codec codec = codec_with();
  const Evidence e =
      by_id_of(codec, R"({"id":"c1","firstName":"Jos\u00e9 \"Pep\u00e9\"","lastName":"Žižka\n"})");
  EXPECT_EQ(value(e, "first_name")->text, "José \"Pepé\"");
  EXPECT_EQ(value(e, "last_name")->text, "Žižka\n");
}

TEST(Decode, TimesAreReadInEveryFormOnTheWire) {
  EXPECT_EQ(iso_ms("2026-11-20T09:41:05.880Z"), 1'795'167'665'880);
  EXPECT_EQ(iso_ms("2026-11-20T09:41:05Z"), 1'795'167'665'000);
  EXPECT_EQ(iso_ms("2026-11-20T11:41:05.880+02:00"), 1'795'167'665'880);
  EXPECT_EQ(iso_ms("2026-11-20T09:41:05.8804Z"), 1'795'167'665'880);
  rapidjson::Document number;
  number.Parse("[1795167665880,1795167665880.0,1e300,-1e300,18446744073709551615,true]");
  const std::int64_t want[] = {1'795'167'665'880, 1'795'167'665'880, 0, 0, 0, 0};
  for (unsigned k = 0; k < 6; ++k) EXPECT_EQ(time_ms(number[k]), want[k]) << k;
  EXPECT_EQ(iso_ms("1970-01-02"), 86'400'000);
  for (const char* bad : {"", "yesterday", "2026-13-01T00:00:00Z", "2026-02-30", "20261120"})
    EXPECT_EQ(iso_ms(bad), 0) << bad;
}

RC_GTEST_PROP(Decode, IsoTextIsReadBack, ()) {
  const auto ms = *rc::gen::inRange<std::int64_t>(0, 4'000'000'000'000);
  RC_ASSERT(iso_ms(iso_text(ms)) == ms);
}

TEST(Decode, WhatIsNoSearchAnswerIsMalformed) {
  const Codec codec = codec_with();
  std::vector<std::string> bodies{"",
                                  "<html>busy</html>",
                                  "null",
                                  "[]",
                                  "{}",
                                  R"({"contacts":{}})",
                                  R"({"contacts":[{"id":"c1")",
                                  R"({"contacts":["c1"],"total":1})",
                                  R"({"contacts":[{"firstName":"A"}],"total":1})",
                                  R"({"contacts":[{"id":7}],"total":1})",
                                  R"({"contacts":[]} trailing)",
                                  R"({"contacts":[{"id":"c1","locationId":"loc2"}],"total":1})",
                                  R"({"contacts":[{"id":")" + std::string(200, 'i') + R"("}],"total":1})",
                                  std::string(1'000'000, '['),
                                  R"({"contacts":)" + std::string(500'000, '[')};
  for (auto& body : bodies) {
    SCOPED_TRACE(body.substr(0, 60));
    const auto page = codec.search_page(body);
    ASSERT_FALSE(page);
    EXPECT_EQ(page.error().fault, Fault::malformed);
  }
  std::string none = R"({"contacts":[],"total":0})";
  EXPECT_EQ(codec.search_page(none)->rows.size(), 0u);
}

RC_GTEST_PROP(Decode, ACutAnswerIsNeverTakenForAWholeOne, ()) {
  const Codec codec = codec_with();
  std::string body = std::string(R"({"contacts":[)") + kRow + R"(],"total":1})";
  body.resize(static_cast<std::size_t>(*rc::gen::inRange<int>(0, static_cast<int>(body.size()))));
  RC_ASSERT(!codec.search_page(body));
}

TEST(Decode, WhatIsNoContactIsMalformed) {
  const Codec codec = codec_with();
  for (std::string body : {"", "{}", R"({"contact":null})", R"({"contact":{}})", R"({"contact":[]})",
                           R"({"contact":{"id":"c1"})"})
    EXPECT_EQ(codec.contact(body).error().fault, Fault::malformed) << body;
}

TEST(Decode, ThePageKeepsWhatContinuesIt) {
  const Codec codec = codec_with();
  std::string body =
      R"({"contacts":[{"id":"a","searchAfter":[5,"a"]},{"id":"b","searchAfter":[6,"b",null]}],"total":9})";
  const auto page = codec.search_page(body);
  ASSERT_TRUE(page);
  EXPECT_EQ(page->after, R"([6,"b",null])");
  EXPECT_EQ(page->rows[0].key, 5);
  EXPECT_EQ(page->total, 9);
  std::string without = R"({"contacts":[{"id":"a","searchAfter":[5,"a"]},{"id":"b"}]})";
  const auto open = codec.search_page(without);
  EXPECT_EQ(open->after, "") << "not that of an earlier row";
  EXPECT_EQ(open->rows[1].key, std::nullopt);
  EXPECT_EQ(open->total, -1);
}

TEST(Decode, DuplicatesDefinitionsAndTheLocation) {
  std::string none = R"({"contact":null,"traceId":"t"})",
              one = R"({"contact":{"id":"c9"},"matchingField":"contactId"})";
  EXPECT_EQ(*Codec::duplicate_id(none), "");
  EXPECT_EQ(*Codec::duplicate_id(one), "c9");
  for (std::string bad : {R"({"traceId":"t"})", "[]", R"({"contact":{}})"})
    EXPECT_FALSE(Codec::duplicate_id(bad)) << bad;

  std::string fields =
      R"({"customFields":[{"id":"f1","name":"Room","fieldKey":"contact.room","dataType":"TEXT"},{"id":"f2"}]})";
  const auto all = Codec::custom_fields(fields);
  ASSERT_EQ(all->size(), 1u);
  EXPECT_EQ(all->front().key, "contact.room");
  EXPECT_EQ(all->front().type, "TEXT");

  std::string location =
      R"({"location":{"id":"loc1","timezone":"America/Chicago","country":"US","phone":"+13125550100",
    "settings":{"allowDuplicateContact":true,"contactUniqueIdentifiers":["phone"]}}})";
  const auto read = Codec::location(location);
  EXPECT_EQ(read->timezone, "America/Chicago");
  EXPECT_TRUE(read->allows_duplicates);
  EXPECT_EQ(read->identifiers, (std::vector<std::string>{"phone"}));
  std::string bare = R"({"location":{"id":"loc1"}})";
  EXPECT_EQ(Codec::location(bare)->identifiers, (std::vector<std::string>{"email", "phone"}));
}

TEST(Definitions, EverythingThatIsMissingIsNamedAtOnce) {
  Codec codec(
      "loc1",
      {"email", "custom:contact.gone", "custom:contact.file", "custom:room", "custom:contact.also_gone"}, 1,
      {});
  EXPECT_TRUE(codec.needs_definitions());
  const auto problems = codec.define({{"f1", "contact.file", "FILE_UPLOAD"}, {"f2", "contact.room", "TEXT"}});
  ASSERT_EQ(problems.size(), 3u);
  EXPECT_NE(problems[0].find("custom:contact.gone"), std::string::npos);
  EXPECT_NE(problems[1].find("FILE_UPLOAD"), std::string::npos);
  EXPECT_NE(problems[2].find("custom:contact.also_gone"), std::string::npos);
  EXPECT_FALSE(Codec("loc1", {"email", "phone"}, 1, {}).needs_definitions());
}

WireValue text(std::string t) {
  WireValue v;
  v.blank = t.empty();
  v.text = std::move(t);
  return v;
}
WireValue items(std::vector<std::string> all) {
  WireValue v;
  v.blank = all.empty();
  v.items = std::move(all);
  return v;
}

TEST(Encode, ACreateCarriesValuesAndNoBlanks) {
  Write write;
  write.kind = WriteKind::create;
  write.whole = {{"first_name", text("Nora")},
                 {"last_name", text("")},
                 {"address1", text("9 \"Oak\"")},
                 {"custom:contact.budget", text("12500.50")},
                 {"custom:contact.colours", items({"red"})},
                 {"custom:contact.room", text("")},
                 {"unheard_of", text("x")}};
  EXPECT_EQ(codec_with().create_body(write),
            R"({"locationId":"loc1","firstName":"Nora","address1":"9 \"Oak\"","customFields":[)"
            R"({"id":"cfBudget","field_value":12500.50},{"id":"cfColours","field_value":["red"]}]})");
}

TEST(Encode, AnUpdateCarriesTheChangedKeysOnly) {
  const Codec codec = codec_with();
  EXPECT_EQ(codec.update_body({{"postal_code", text("60505")}, {"custom:contact.room", text("Bath")}}, true),
            R"({"postalCode":"60505","customFields":[{"id":"cfRoom","field_value":"Bath"}]})");
  EXPECT_EQ(codec.update_body({}, true), std::nullopt);
  EXPECT_EQ(codec.update_body({{"company", text("Tiles")}}, false), std::nullopt);
  EXPECT_EQ(codec.update_body({{"company", text("Tiles")}, {"city", text("Elgin")}}, false),
            R"({"city":"Elgin"})");
}

TEST(Encode, BlanksAreWrittenInTheFormOfTheirGroup) {
  const WireFields set{{"email", text("")},
                       {"postal_code", text("")},
                       {"country", text("")},
                       {"custom:contact.room", text("")},
                       {"custom:contact.budget", text("")},
                       {"custom:contact.colours", items({})}};
  EXPECT_EQ(codec_with().update_body(set, true),
            R"({"email":null,"postalCode":"","customFields":[{"id":"cfRoom","field_value":null},)"
            R"({"id":"cfBudget","field_value":null},{"id":"cfColours","field_value":[]}]})");
  ClearForms other;
  other.standard = other.custom_value = Blank::empty_text;
  other.postal_code = Blank::null_value;
  EXPECT_EQ(codec_with(7, other).update_body(set, true),
            R"({"email":"","postalCode":null,"customFields":[{"id":"cfRoom","field_value":""},)"
            R"({"id":"cfBudget","field_value":""},{"id":"cfColours","field_value":[]}]})");
  Codec plain("loc1", {"custom:contact.note"}, 1, {});
  ASSERT_TRUE(plain.define({{"cfNote", "contact.note", "LARGE_TEXT"}}).empty());
  EXPECT_EQ(plain.update_body({{"custom:contact.note", text("")}}, true),
            R"({"customFields":[{"id":"cfNote","field_value":""}]})");
  EXPECT_EQ(codec_with().update_body({{"country", text("")}}, true), std::nullopt)
      << "the country cannot be emptied";
}

TEST(Encode, ANumberIsSentAsOneAndAnythingElseAsItIs) {
  const Codec codec = codec_with();
  const auto sent = [&](const std::string& raw) {
    const std::string body = *codec.update_body({{"custom:contact.budget", text(raw)}}, true);
    const auto at = body.find("field_value\":") + 13;
    return body.substr(at, body.find('}', at) - at);
  };
  EXPECT_EQ(sent("12500"), "12500");
  EXPECT_EQ(sent("-0.5"), "-0.5");
  EXPECT_EQ(sent("0"), "0");
  EXPECT_EQ(sent("10.05"), "10.05");
  for (const char* odd : {"$5", "1.", ".5", "-.5", "nan", "inf", "0x10", "1e5", "5 ", "007", "-01", "00",
                          "00.5", "-", "--1", "+5", "1-2", "1.2.3", "-1."})
    EXPECT_EQ(sent(odd), '"' + std::string(odd) + '"');
}

TEST(Encode, ASearchSaysWhatItWantsAndGoesOnWhereItStood) {
  const Codec codec = codec_with();
  Search s;
  EXPECT_EQ(codec.search_body(s),
            R"({"locationId":"loc1","pageLimit":100,"sort":[{"field":"dateAdded","direction":"asc"}]})");
  s.sort = "dateUpdated";
  s.since_ms = 1'795'167'665'880;
  s.after = R"([1795167665884,"c1"])";
  EXPECT_EQ(codec.search_body(s),
            R"({"locationId":"loc1","pageLimit":100,"searchAfter":[1795167665884,"c1"],"filters":[)"
            R"({"field":"dateUpdated","operator":"range","value":{"gte":1795167665880}}],)"
            R"("sort":[{"field":"dateUpdated","direction":"asc"}]})");
  s.form = DateForm::iso;
  EXPECT_NE(codec.search_body(s).find(R"("gte":"2026-11-20T09:41:05.880Z")"), std::string::npos);
  Search who;
  who.phone = "+13125550142";
  who.email = "nora@tiles.example";
  EXPECT_NE(
      codec.search_body(who).find(
          R"("filters":[{"group":"OR","filters":[{"field":"phone","operator":"eq","value":"+13125550142"},)"
          R"({"field":"email","operator":"eq","value":"nora@tiles.example"}]}])"),
      std::string::npos);
  who.email = std::string(80, 'e');
  const std::string long_email = codec.search_body(who);
  EXPECT_NE(long_email.find(R"("field":"phone")"), std::string::npos);
  EXPECT_EQ(long_email.find("email"), std::string::npos) << "values over 75 are refused";
}

TEST(Encode, TagsAreEscaped) { EXPECT_EQ(Codec::tags_body({"a\"b", "c,d"}), R"({"tags":["a\"b","c,d"]})"); }

TEST(Refusals, NameTheFieldTheySpeakOf) {
  const Codec codec = codec_with();
  EXPECT_EQ(codec.field_in("email must be an email"), "email");
  EXPECT_EQ(codec.field_in("property companyName should not exist"), "company");
  EXPECT_EQ(codec.field_in("Invalid Custom Field Value \"Atrium\" for \"cfRoom\""), "custom:contact.room");
  EXPECT_EQ(codec.field_in("Invalid Custom Field Value \"Atrium\" for \"unmapped\""), "");
  EXPECT_EQ(codec.field_in("something else"), "");
}

TEST(Refusals, AreReadWithOneMessageOrMany) {
  EXPECT_EQ(refusal_of(R"({"message":["a b","c d"],"statusCode":422})").message, "a b; c d");
  const Refusal r = refusal_of(R"({"message":"no","meta":{"contactId":"c3","matchingField":"phone"}})");
  EXPECT_EQ(r.existing_id, "c3");
  EXPECT_EQ(r.matching, "phone");
  EXPECT_FALSE(refusal_of("<html>").is_json);
  EXPECT_TRUE(refusal_of("{}").is_json);
}

// The law behind a cheap sweep, over generated contacts: both shapes of the same values hash alike,
// and a different value does not.
struct Plain {
  std::vector<std::string> standard;  // "" = blank, in the order of kWire
  std::vector<std::string> tags, phones;
  std::string room;
};
constexpr std::pair<const char*, const char*> kWire[] = {
    {"firstName", "firstName"}, {"email", "email"}, {"address1", "address"}, {"postalCode", "postalCode"}};

std::string quoted(const std::string& t) { return t.empty() ? "null" : '"' + t + '"'; }
std::string shaped(const Plain& p, bool row, bool reversed) {
  std::vector<std::string> parts{R"("id":"c1")"};
  for (std::size_t i = 0; i < p.standard.size(); ++i)
    if (row || !p.standard[i].empty())
      parts.push_back(
          fmt::format("\"{}\":{}", row ? kWire[i].second : kWire[i].first, quoted(p.standard[i])));
  if (row) {
    for (const char* other : {"lastName", "phone", "companyName", "city", "state", "country", "website"})
      parts.push_back(fmt::format("\"{}\":null", other));
  }
  auto tags = p.tags;
  if (reversed) std::reverse(tags.begin(), tags.end());
  for (auto& t : tags) t = '"' + t + '"';
  parts.push_back(fmt::format("\"tags\":[{}]", fmt::join(tags, ",")));
  std::vector<std::string> phones;
  auto numbers = p.phones;
  if (reversed) std::reverse(numbers.begin(), numbers.end());
  for (const auto& n : numbers) phones.push_back(fmt::format("{{\"phone\":\"{}\"}}", n));
  parts.push_back(fmt::format("\"additionalPhones\":[{}]", fmt::join(phones, ",")));
  parts.push_back(p.room.empty() ? R"("customFields":[])"
                                 : fmt::format(R"("customFields":[{{"id":"cfRoom","value":"{}"}}])", p.room));
  if (reversed) std::reverse(parts.begin(), parts.end());
  return fmt::format("{{{}}}", fmt::join(parts, ","));
}

RC_GTEST_PROP(Decode, BothShapesOfTheSameValuesHashAlike, ()) {
  const auto word = rc::gen::element<std::string>("", "a", "b", "ab", "A", "\\u00e9");
  const auto tag = rc::gen::element<std::string>("a", "b", "ab");
  const auto plain = [&] {
    Plain p;
    p.standard = *rc::gen::container<std::vector<std::string>>(4, word);
    p.tags = *rc::gen::container<std::vector<std::string>>(tag);
    p.phones = *rc::gen::container<std::vector<std::string>>(tag);
    p.room = *word;
    return p;
  };
  const Codec codec = codec_with();
  const Plain one = plain(), other = plain();
  const auto row = row_of(codec, shaped(one, true, *rc::gen::arbitrary<bool>()));
  const auto by_id = by_id_of(codec, shaped(one, false, *rc::gen::arbitrary<bool>()));
  RC_ASSERT(row.hash == by_id.hash);
  RC_ASSERT(row.fields == by_id.fields);
  const auto set = [](std::vector<std::string> v) { return std::set<std::string>(v.begin(), v.end()); };
  const bool same = one.standard == other.standard && set(one.tags) == set(other.tags) &&
                    set(one.phones) == set(other.phones) && one.room == other.room;
  RC_ASSERT((row_of(codec, shaped(other, true, false)).hash == row.hash) == same);
}
}  // namespace
}  // namespace tandem::highlevel
