#include "daemon/ctm/ctm_codec.h"
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>
#include "daemon/ctm/ctm_bodies.h"

namespace tandem::ctm {
namespace {
const std::vector<std::string> kNatives{"name",        "first_name", "last_name",   "email",
                                        "phone",       "address1",   "city",        "state",
                                        "postal_code", "country",    "custom:kind", "custom:rooms"};
const Codec& codec() {
  static const Codec kCodec(kNatives, 1, 7);
  return kCodec;
}
Evidence activity(const std::string& members) {
  const auto body =
      Body::parse(fmt::format(R"({{"id":9007199254740993,"unix_time":1795167665,{}}})", members));
  return codec().activity(body->root()).value();
}
Evidence row(const std::string& members) {
  const auto body = Body::parse(fmt::format(R"({{"contacts":[{{"id":11,{}}}]}})", members));
  return codec().rows(body->root(), false).value().rows.at(0);
}
// "-" = not observed, "" = blank
std::string shown(const Evidence& evidence, std::string_view native) {
  const WireValue* value = value_in(evidence.fields, native);
  return value == nullptr ? "-" : text_in(evidence.fields, native);
}

TEST(CtmCodec, ReadsAnActivity) {
  const Evidence e =
      activity(R"("direction":"inbound","caller_number":"3125550123","caller_number_complete":"+13125550123",
      "name":"Ida Brandt","cnam":"BRANDT IDA","email":"ida@example.org","street":"4 Mill Ln","city":"Elgin","state":"IL",
      "postal_code":60120,"country":"US","custom_fields":{"kind":"Bath","rooms":3},"tag_list":["tile","Vip"])");
  EXPECT_EQ(e.source, (SourceRef{SourceKind::activity, "9007199254740993"}));
  EXPECT_EQ(e.person, "+13125550123");
  EXPECT_EQ(e.at_ms, 1'795'167'665'000);
  EXPECT_EQ(shown(e, "name"), "Ida Brandt");
  EXPECT_EQ(shown(e, "address1"), "4 Mill Ln");
  EXPECT_EQ(shown(e, "postal_code"), "60120");
  EXPECT_EQ(shown(e, "custom:rooms"), "3");
  EXPECT_EQ(shown(e, "first_name"), "-") << "an activity shows one name";
  EXPECT_TRUE(e.shows_tags);
  EXPECT_EQ(e.tags, (std::vector<std::string>{"tile", "Vip"}));
  EXPECT_EQ(e.caller_id_name, "BRANDT IDA");
}

TEST(CtmCodec, TellsBlankFromMissingOnActivities) {
  const Evidence e = activity(
      R"("caller_number":"+13125550123","email":"","street":null,"tag_list":[],"custom_fields":{"kind":""})");
  EXPECT_EQ(shown(e, "email"), "");
  EXPECT_EQ(shown(e, "address1"), "");
  EXPECT_EQ(shown(e, "city"), "-");
  EXPECT_EQ(shown(e, "name"), "-");
  EXPECT_EQ(shown(e, "custom:kind"), "");
  EXPECT_EQ(shown(e, "custom:rooms"), "-");
  EXPECT_TRUE(e.shows_tags) << "an empty list counts";
  EXPECT_FALSE(activity(R"("caller_number":"+1")").shows_tags);
}

TEST(CtmCodec, NamesThePersonByTheDirection) {
  const struct {
    const char* members;
    const char* person;
  } cases[] = {
      {R"("direction":"inbound","caller_number":"+13125550123","contact_number":"+13125550999")",
       "+13125550123"},
      {R"("direction":"outbound","caller_number":"+16305550100","contact_number":"+13125550123")",
       "+13125550123"},
      {R"("direction":"msg_outbound","tracking_number":"+16305550100","contact_number":"+16305550100","caller_number":"+13125550123")",
       "+13125550123"},
      {R"("direction":"outbound","business_number":"+16305550188","caller_number":"+16305550188")", ""},
      {R"("direction":"form","caller_number":"","caller_number_bare":"3125550123")", "3125550123"},
      {R"("direction":"inbound","caller_number":"+")", ""},
      {R"("direction":"inbound","caller_number":"anonymous")", ""},
      {R"("direction":"inbound")", ""},
  };
  for (const auto& c : cases) EXPECT_EQ(activity(c.members).person, c.person) << c.members;
}

TEST(CtmCodec, ARedactedActivitySaysNothingOfThePerson) {
  const Evidence e = activity(
      R"("redacted":true,"caller_number":"[REDACTED]","name":"[REDACTED]","cnam":"[REDACTED]","email":"","tag_list":[])");
  EXPECT_TRUE(e.redacted);
  EXPECT_EQ(e.person, "");
  EXPECT_TRUE(e.fields.empty());
  EXPECT_FALSE(e.shows_tags) << "tags that went with the identity were not removed by a person";
  EXPECT_EQ(e.caller_id_name, "");
}

TEST(CtmCodec, ARowAlwaysShowsNameAddressAndCustomFieldsButNotItsEmail) {
  for (const char* members :
       {R"("number":"+13125550123")",
        R"("number":"+13125550123","name":null,"address":null,"custom_fields":null)",
        R"("number":"+13125550123","name":"","address":{},"custom_fields":[])",
        R"("number":"+13125550123","address":{"street":"","city":null},"custom_fields":{"kind":null})"}) {
    const Evidence e = row(members);
    for (const char* native : {"name", "address1", "city", "country", "custom:kind"})
      EXPECT_EQ(shown(e, native), "") << native << members;
    EXPECT_EQ(shown(e, "email"), "-") << members;
    EXPECT_EQ(shown(e, "first_name"), "-");
  }
  EXPECT_EQ(shown(row(R"("number":"+1312","email":null)"), "email"), "");
}

TEST(CtmCodec, ReadsEveryShapeOfARow) {
  const char* nested =
      R"("number":"+13125550123","name":"Ida Brandt","address":{"street":"4 Mill Ln","city":"Elgin"},"custom_fields":{"kind":["a","b"]})";
  const char* flat =
      R"("phone_number":{"number":"+13125550123"},"first_name":"Ida","last_name":"Brandt","street":"4 Mill Ln","city":"Elgin",
                        "custom_fields":[{"api_name":"other","value":"x"},{"api_name":"kind","value":["a","b"]}])";
  for (const char* members : {nested, flat}) {
    const Evidence e = row(members);
    EXPECT_EQ(e.person, "+13125550123");
    EXPECT_EQ(shown(e, "name"), "Ida Brandt");
    EXPECT_EQ(shown(e, "address1"), "4 Mill Ln");
    EXPECT_EQ(shown(e, "city"), "Elgin");
    EXPECT_EQ(value_in(e.fields, "custom:kind")->items, (std::vector<std::string>{"a", "b"}));
  }
  EXPECT_EQ(row(nested).hash, row(flat).hash) << "the same values in another shape are not news";
}

TEST(CtmCodec, FieldsComeInTheMappingsOrder) {
  const Evidence e = row(
      R"("number":"+13125550123","custom_fields":{"rooms":1,"kind":"x"},"name":"Ida","email":"i@example.org")");
  std::vector<std::string> names;
  for (const auto& field : e.fields) names.push_back(field.first);
  EXPECT_EQ(names, (std::vector<std::string>{"name", "email", "phone", "address1", "city", "state",
                                             "postal_code", "country", "custom:kind", "custom:rooms"}));
}

TEST(CtmCodec, UnderstandsEveryEndOfAListing) {
  const struct {
    const char* members;
    Next::Kind kind;
  } cases[] = {
      {R"("next_page":null)", Next::Kind::end}, {R"("next_page":false)", Next::Kind::end},
      {R"("next_page":"")", Next::Kind::end},   {R"("next_page":0)", Next::Kind::end},
      {R"("page":1)", Next::Kind::unsaid},      {R"("next_page":"https://x.example/api")", Next::Kind::url},
      {R"("next_page":2)", Next::Kind::page},   {R"("next_page":"2")", Next::Kind::page}};
  for (const auto& c : cases) {
    const auto body = Body::parse(fmt::format("{{{}}}", c.members));
    EXPECT_EQ(envelope_of(body->root()).next.kind, c.kind) << c.members;
  }
  const auto body = Body::parse(R"({"page":"3","total_entries":"41","total_pages":5,"next_page":4})");
  const Envelope e = envelope_of(body->root());
  EXPECT_EQ(std::tuple(e.page, e.total_entries, e.total_pages, e.next.page), std::tuple(3, 41, 5, 4));
}

TEST(CtmCodec, RefusesPagesThatAreNotWhatWasAsked) {
  for (const char* text : {"{}", R"({"status":"ok"})", R"({"a":[],"b":[]})", "null", "3"}) {
    const auto body = Body::parse(text);
    EXPECT_EQ(codec().rows(body->root(), false).error().fault, Fault::malformed) << text;
    EXPECT_EQ(codec().activities(body->root()).error().fault, Fault::malformed) << text;
  }
  const auto foreign = Body::parse(R"({"calls":[{"id":1,"account_id":7},{"id":2,"account_id":8}]})");
  EXPECT_EQ(codec().activities(foreign->root()).error().fault, Fault::malformed);
  EXPECT_FALSE(Body::parse(R"({"calls":[{"id":1)")) << "cut off";
  EXPECT_FALSE(Body::parse("<html></html>"));
  EXPECT_FALSE(Body::parse(R"({"calls":[]} trailing)"));
  EXPECT_FALSE(Body::parse(std::string(1'000'000, '[')));
}

TEST(CtmCodec, SkipsUsersPrivateLists) {
  const struct {
    const char* text;
    bool owned;
  } cases[] = {{R"({"id":"a","name":"User Ann","user_owned":true})", true},
               {R"({"id":"a","name":"User Ann","user_id":"USR1"})", true},
               {R"({"id":"a","name":"User Ann","user_id":null,"user_owned":false})", false},
               {R"({"id":"a","name":"Users","user_id":"USR1"})", false}};
  for (const auto& c : cases) EXPECT_EQ(list_info(Body::parse(c.text)->root()).user_owned, c.owned) << c.text;
}

TEST(CtmCodec, ReadsAccountContacts) {
  const auto body = Body::parse(
      R"({"contact":{"id":90,"first_name":"Ida","last_name":"Brandt","email":"i@example.org","updated_at":"2026-11-20T12:00:00Z",
      "contact_numbers":[{"number":"+13125550123"},{"number":"+13125550199"}],"address":{"city":"Elgin"}}})");
  const RecordPage page = codec().record(body->root()).value();
  const Evidence& e = page.records.at(0);
  EXPECT_EQ(e.source, (SourceRef{SourceKind::record, "90"}));
  EXPECT_EQ(e.at_ms, 1'795'176'000'000);
  EXPECT_EQ(shown(e, "phone"), "+13125550123");
  EXPECT_EQ(e.more_phones, (std::vector<std::string>{"+13125550199"}));
  EXPECT_EQ(shown(e, "first_name"), "Ida");
  EXPECT_EQ(shown(e, "name"), "-") << "the split is shown, the whole is not needed";
  EXPECT_EQ(shown(e, "state"), "-");
  EXPECT_TRUE(page.shows_split && page.shows_stamp);
}

RC_GTEST_PROP(CtmCodec, TheHashChangesWithEverythingEvidenceSays, (std::string text)) {
  RC_PRE(!text.empty());
  Evidence e;
  e.person = "+13125550123";
  e.fields = {{"name", {false, "Ida", {}}}, {"city", {true, "", {}}}};
  std::vector<Evidence> variants(9, e);
  variants[1].person += text;
  variants[2].fields[0].second.text += text;
  variants[3].fields[1].second.blank = false;
  variants[4].fields.pop_back();
  variants[5].shows_tags = true;
  variants[6].tags.push_back(text);
  variants[7].caller_id_name = text;
  variants[8].redacted = true;
  for (std::size_t i = 0; i < variants.size(); ++i) {
    for (std::size_t k = 0; k < i; ++k)
      RC_ASSERT(!(codec().hash_of(variants[i]) == codec().hash_of(variants[k])));
  }
  RC_ASSERT(!(Codec(kNatives, 2, 7).hash_of(e) == codec().hash_of(e)));
}

TEST(CtmBodies, SendOnlyWhatEachRouteTakes) {
  const WireFields set{{"name", {false, "Ida Brandt", {}}},
                       {"first_name", {false, "Ida", {}}},
                       {"last_name", {false, "Brandt", {}}},
                       {"phone", {false, "+1312", {}}},
                       {"email", {true, "", {}}},
                       {"address1", {false, "4 \"Mill\" Ln", {}}},
                       {"custom:kind", {false, "", {"a", "b"}}}};
  EXPECT_EQ(
      modify_json(set),
      R"({"call":{"name":"Ida Brandt","email":"","street":"4 \"Mill\" Ln","custom_fields":{"kind":"a;b"}}})");
  EXPECT_EQ(modify_form({{"name", {false, "A&B", {}}}, {"custom:kind", {false, "x", {}}}}),
            "call%5Bname%5D=A%26B&call%5Bcustom_fields%5D%5Bkind%5D=x");
  EXPECT_EQ(modify_json({{"phone", {false, "+1312", {}}}}), "");
  EXPECT_EQ(
      add_contact_json("+1312", set, {{"note", R"(["x"])"}}),
      R"({"contact":{"number":"+1312","first_name":"Ida","last_name":"Brandt","email":"","street":"4 \"Mill\" Ln","custom_kind":"a;b","custom_note":["x"]}})");
  EXPECT_EQ(add_contact_json("+1312", {{"name", {false, "Ida Brandt", {}}}}, {}),
            R"({"contact":{"number":"+1312","first_name":"Ida","last_name":"Brandt"}})");
  EXPECT_EQ(remove_contacts_json("+1312"), R"({"contacts_list":["+1312"]})");
  EXPECT_EQ(tag_json("vip"), R"({"tag":"vip"})");
  EXPECT_EQ(contact_json("", {{"city", {false, "Elgin", {}}}, {"custom:kind", {false, "x", {}}}}, false),
            R"({"contact":{"address":{"city":"Elgin"},"custom_fields":{"kind":"x"}}})");
}
}  // namespace
}  // namespace tandem::ctm
