#include "tests/scenario/http/day.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gmock/gmock.h>

#include <algorithm>

namespace tandem {
namespace {
using sim::PersonCard;

PersonCard card(const char* first, const char* last, const char* phone, const char* street = "",
                const char* city = "") {
  PersonCard out;
  out.first_name = first;
  out.last_name = last;
  out.phone = phone;
  out.address1 = street;
  out.city = city;
  out.state = "IL";
  return out;
}

PersonCard with_email(PersonCard person, const char* email) {
  person.email = email;
  return person;
}

PersonCard priya() { return card("Priya", "Raman", "+13125550144", "9 Lake Street", "Berwyn"); }
PersonCard quentin() { return card("Quentin", "Osei", "+13125550145", "31 Depot Road", "Cicero"); }
PersonCard ramon() {
  return with_email(card("Ramon", "Ibarra", "+13125550146", "5 Canal Walk", "Lockport"),
                    "ramon.ibarra@example.com");
}
constexpr const char* kRamonsNewNumber = "+16305550146";
PersonCard selma() { return card("Selma", "Thorsen", "+13125550147", "77 Orchard Way", "Batavia"); }
PersonCard tomas() {
  return with_email(card("Tomas", "Keller", "+13125550148", "2 Foundry Lane", "Elgin"), "tomas@example.org");
}
PersonCard uma() { return card("Uma", "Castellan", "+13125550149"); }
PersonCard viktor() { return card("Viktor", "Halloran", "+16305550150", "18 Bridge Street", "Geneva"); }
PersonCard wanda() { return with_email(card("Wanda", "Okafor", ""), "wanda.okafor@example.org"); }
constexpr const char* kWandasNumber = "+16305550151";

// People nothing happens to; a list of more than ten rows has a second page.
std::vector<PersonCard> bystanders() {
  return {card("Abel", "Quist", "+13125550160", "1 Ash Court", "Oswego"),
          card("Bela", "Fontaine", "+13125550161", "2 Birch Court", "Plano"),
          card("Cleo", "Marsh", "+13125550162", "3 Cedar Court", "Yorkville"),
          card("Dario", "Lunt", "+13125550163", "4 Dogwood Court", "Sandwich"),
          card("Esme", "Haldane", "+13125550164", "5 Elder Court", "Ottawa"),
          card("Fritz", "Bauer", "+13125550165", "6 Fir Court", "Morris")};
}

struct Ending {
  const char *who, *field, *value;
};
constexpr Ending kEndings[] = {
    {"mara", "city", "Elgin"},            // edited on her call
    {"mara", "address1", "7 Mill Road"},  // edited at HighLevel
    {"mara", "custom:project_kind", "Roof"},
    {"mara", "postal_code", ""},      // cleared at HighLevel
    {"jonas", "city", "Romeoville"},  // edited in his row
    {"jonas", "address1", "1 Station Way"},
    {"jonas", "first_name", "Jonas"},
    {"jonas", "last_name", "Abara-Novak"},  // edited at HighLevel
    {"jonas", "custom:project_kind", "Garden"},
    {"odile", "email", "o.marchetti@example.com"},
    {"odile", "state", "WI"},
    {"priya", "city", "Oak Park"},  // a conflict, decided for CTM
    {"quentin", "state", "IN"},     // a conflict, still open: what HighLevel has
    {"ramon", "phone", kRamonsNewNumber},
    {"ramon", "city", "Lemont"},
    {"ramon", "email", "ramon.ibarra@example.com"},
    {"selma", "address1", ""},  // cleared at HighLevel
    {"selma", "city", "Batavia"},
    {"tomas", "city", "Elgin"},
    {"uma", "first_name", "Uma"},  // called in the morning
    {"uma", "last_name", "Castellan"},
    {"uma", "city", "Wheaton"},
    {"viktor", "address1", "18 Bridge Street"},
    {"wanda", "phone", kWandasNumber},
};
}  // namespace

Day::Day() {
  // By default no clear of CTM's travels, and HighLevel would never be asked to clear anything.
  for (const char* field : {"city", "postal_code", "custom:project_kind"})
    rule(field, [](FieldRule& r) { r.clears = Direction::both; });
  restart();
  add_people();
}

void Day::add_people() {
  const auto both = [this](const char* who, const PersonCard& person, bool calls, bool listed) {
    ids_[who] = contact(person);
    if (calls) calls_[who] = call(person.phone, person.name(), "", person.email);
    if (listed) row(person);
  };
  PersonCard first = mara();
  first.custom["project_kind"] = "Kitchen";
  both("mara", first, true, false);
  edit_call(calls_["mara"], "street", first.address1);
  both("jonas", jonas(), false, true);
  both("odile", odile(), true, true);
  both("priya", priya(), true, false);
  PersonCard cleared = quentin();  // of what staff will clear in the row
  cleared.custom["project_kind"] = "Patio";
  cleared.postal_code = "60804";
  both("quentin", cleared, false, true);
  both("selma", selma(), false, true);
  for (const auto& person : bystanders()) both(person.first_name.c_str(), person, false, true);
  ids_["ramon"] = contact(ramon());
  ids_["wanda"] = contact(wanda());
  row(viktor());
  clock.tick(kHourMs);
}

void Day::live(const std::function<void(Part)>& before) {
  before(Part::night);
  come_to_rest();
  ids_["viktor"] = contact_with_phone(viktor().phone);
  before(Part::morning);
  morning();
  come_to_rest();
  ids_["uma"] = contact_with_phone(uma().phone);
  for (const char* who : {"uma", "viktor"})
    ASSERT_NE(id_of(who), "") << "HighLevel has no contact for " << who;
  restart();
  before(Part::afternoon);
  afternoon();
  come_to_rest();
}

void Day::morning() {
  edit_call(calls_["mara"], "city", "Elgin");
  edit_contact(id_of("mara"), "address1", "7 Mill Road");
  tag_contact(id_of("mara"), "vip");
  ctm_staff.tag(calls_["mara"], "roof");
  edit_row(jonas().phone, "city", "Romeoville");
  edit_contact(id_of("jonas"), "last_name", "Abara-Novak");
  edit_contact(id_of("odile"), "email", "o.marchetti@example.com");
  edit_call(calls_["priya"], "city", "Oak Park");
  ctm_staff.tag(calls_["priya"], "tile");
  edit_contact(id_of("priya"), "city", "Forest Park");
  edit_row(quentin().phone, "state", "WI");
  for (const char* key : {"city", "postal_code", "custom_fields.project_kind"})
    edit_row(quentin().phone, key, "");
  edit_contact(id_of("quentin"), "state", "IN");
  edit_contact(id_of("ramon"), "phone", kRamonsNewNumber);
  edit_contact(id_of("selma"), "address1", "");
  ids_["tomas"] = contact(tomas());
  calls_["uma"] = call(uma().phone, uma().name());
}

void Day::afternoon() {
  edit_contact(id_of("mara"), "custom:project_kind", "Roof");
  edit_contact(id_of("mara"), "postal_code", "");
  tag_contact(id_of("mara"), "roof", false);
  ctm_staff.tag(calls_["mara"], "called back");
  edit_row(jonas().phone, "street", "1 Station Way");
  edit_row(jonas().phone, "custom_fields.project_kind", "Garden");
  edit_call(calls_["odile"], "state", "WI");
  decide(id_of("priya"), "city", Resolution::Take::ctm);
  ctm_staff.untag(calls_["priya"], "tile");
  edit_contact(id_of("ramon"), "city", "Lemont");
  call(uma().phone, uma().name());
  edit_contact(id_of("uma"), "city", "Wheaton");
  edit_contact(id_of("wanda"), "phone", kWandasNumber);
}

void Day::expect_reported(const std::set<std::string>& fields) {
  for (const auto& one : fields) {
    const auto dot = one.find('.');
    const std::string id = id_of(one.substr(0, dot)), field = one.substr(dot + 1);
    EXPECT_FALSE(rows("SELECT reason FROM v_parked WHERE pair_id = ? AND field = ?",
                      {std::to_string(pair_of(id).row), field})
                     .empty())
        << one << " cannot be written there, and nobody is told";
  }
}

void Day::expect_ended_well(const std::set<std::string>& except) {
  std::set<std::string> fields{"country"};  // HighLevel sets it by itself: nobody's edit
  for (const auto& one : except)
    if (one.find('.') == std::string::npos) fields.insert(one);
  std::map<std::string, std::set<std::string>> apart;  // HighLevel's id -> fields
  apart[id_of("quentin")].insert("state");             // the open conflict
  for (const auto& one : except)
    if (const auto dot = one.find('.'); dot != std::string::npos)
      apart[id_of(one.substr(0, dot))].insert(one.substr(dot + 1));
  expect_converged(fields, apart);
  expect_written_end(fields);
  expect_quiet();
  for (const Side side : kSides) EXPECT_EQ(slowed_down(side), 0) << to_text(side) << " answered 429 (P20)";
}

void Day::expect_written_end(const std::set<std::string>& except) {
  for (const auto& [who, field, value] : kEndings) {
    if (except.contains(field)) continue;
    EXPECT_EQ(highlevel_value(id_of(who), field), value) << who << ", " << field;
  }
  EXPECT_EQ(highlevel.contact_count(), ids_.size()) << "one contact per person";
  EXPECT_EQ(rows("SELECT field, ctm, highlevel FROM v_conflicts WHERE is_open"),
            (std::vector<std::vector<std::string>>{{"state", "WI", "IN"}}));
  EXPECT_EQ(rows("SELECT ctm, highlevel, decision, decided_by FROM v_conflicts WHERE field = 'city'"),
            (std::vector<std::vector<std::string>>{{"Oak Park", "Forest Park", "ctm", "person"}}));
  if (except.contains("tags")) return;
  EXPECT_THAT(at_highlevel(id_of("mara")).tags, testing::UnorderedElementsAre("called back", "vip"));
  EXPECT_EQ(at_highlevel(id_of("priya")).tags, std::vector<std::string>{}) << "removed at CTM";
}

std::vector<std::string> Day::image() {
  using sim::highlevel::Field;
  std::vector<std::string> lines;
  // Without the country: HighLevel sets it on what we create, and whether that is met as an image of the
  // create or later, as a value that fills a blank row, depends on what the create's answer was.
  for (const auto& contact : highlevel.contacts()) {
    std::vector<std::string> values(contact->text.begin(), contact->text.end());
    values[static_cast<std::size_t>(Field::country)].clear();
    for (const auto& [id, value] : contact->custom) values.push_back(sim::highlevel::to_text(value));
    std::vector<std::string> tags = contact->tags;
    std::ranges::sort(tags);
    lines.push_back(fmt::format("HighLevel {}: {} tags {}", contact->at(Field::phone), fmt::join(values, "|"),
                                fmt::join(tags, ",")));
  }
  const auto identity = [](const sim::CtmIdentity& who) {
    std::vector<std::string> custom;
    for (const auto& [name, value] : who.custom) custom.push_back(name + "=" + value);
    return fmt::format("{}|{}|{}|{}|{}|{}|{}|{}|{}", who.name, who.first_name, who.last_name, who.email,
                       who.street, who.city, who.state, who.postal_code, fmt::join(custom, ","));
  };
  for (const auto& listed : ctm.account().live_rows(ctm.sync_list()))
    lines.push_back(fmt::format("CTM row {}: {}", listed.membership.number, identity(listed.who)));
  for (const auto& person : {mara(), odile(), priya(), uma()})
    for (const std::int64_t id : ctm.account().activities_of(person.phone))
      lines.push_back(fmt::format("CTM call {}: {} tags {}", person.phone,
                                  identity(ctm.account().activity(id)->who),
                                  fmt::join(ctm.account().activity(id)->tags_at(clock.now_ms()), ",")));
  std::ranges::sort(lines);
  return lines;
}
}  // namespace tandem
