#include "tests/sim/people.h"

#include <fmt/format.h>
#include <phonenumbers/phonenumberutil.h>

#include <algorithm>
#include <array>
#include <random>
#include <string_view>

namespace tandem::sim {
namespace {
using i18n::phonenumbers::PhoneNumber;
using i18n::phonenumbers::PhoneNumberUtil;

struct Name {
  std::string_view text, plain;
};  // plain: as it goes into an e-mail address

constexpr std::array<Name, 56> kFirst{{{"Mara", "mara"},
                                       {"Robert", "robert"},
                                       {"Zoë", "zoe"},
                                       {"José", "jose"},
                                       {"Katherine", "katherine"},
                                       {"William", "william"},
                                       {"Łukasz", "lukasz"},
                                       {"Aisha", "aisha"},
                                       {"Elizabeth", "elizabeth"},
                                       {"Jean-Luc", "jeanluc"},
                                       {"Priya", "priya"},
                                       {"Michael", "michael"},
                                       {"Søren", "soren"},
                                       {"Ana María", "anamaria"},
                                       {"Thomas", "thomas"},
                                       {"Mei", "mei"},
                                       {"Oluwaseun", "oluwaseun"},
                                       {"Margaret", "margaret"},
                                       {"Björn", "bjorn"},
                                       {"Chloé", "chloe"},
                                       {"Daniel", "daniel"},
                                       {"Fatima", "fatima"},
                                       {"George", "george"},
                                       {"Hannah", "hannah"},
                                       {"Ivan", "ivan"},
                                       {"Jennifer", "jennifer"},
                                       {"Kenji", "kenji"},
                                       {"Laura", "laura"},
                                       {"Mateo", "mateo"},
                                       {"Nora", "nora"},
                                       {"Olga", "olga"},
                                       {"Patrick", "patrick"},
                                       {"Quentin", "quentin"},
                                       {"Rosa", "rosa"},
                                       {"Samuel", "samuel"},
                                       {"Tamika", "tamika"},
                                       {"Uma", "uma"},
                                       {"Victor", "victor"},
                                       {"Wendy", "wendy"},
                                       {"Xavier", "xavier"},
                                       {"Yusuf", "yusuf"},
                                       {"Zachary", "zachary"},
                                       {"Abigail", "abigail"},
                                       {"Benjamin", "benjamin"},
                                       {"Carmen", "carmen"},
                                       {"Dmitri", "dmitri"},
                                       {"Esther", "esther"},
                                       {"Franz", "franz"},
                                       {"Grace", "grace"},
                                       {"Hugo", "hugo"},
                                       {"Ingrid", "ingrid"},
                                       {"Joseph", "joseph"},
                                       {"Lin", "lin"},
                                       {"Moses", "moses"},
                                       {"Nadia", "nadia"},
                                       {"Owen", "owen"}}};
constexpr std::array<Name, 60> kLast{{{"O'Neil", "oneil"},
                                      {"Smith", "smith"},
                                      {"Müller", "mueller"},
                                      {"de la Cruz", "delacruz"},
                                      {"McDonald", "mcdonald"},
                                      {"Nguyễn", "nguyen"},
                                      {"Johnson", "johnson"},
                                      {"van der Berg", "vanderberg"},
                                      {"García", "garcia"},
                                      {"Kim", "kim"},
                                      {"Okafor", "okafor"},
                                      {"Brown", "brown"},
                                      {"Ångström", "angstrom"},
                                      {"MacLaren", "maclaren"},
                                      {"Patel", "patel"},
                                      {"Williams", "williams"},
                                      {"D'Angelo", "dangelo"},
                                      {"Kowalski", "kowalski"},
                                      {"Davis", "davis"},
                                      {"Ito", "ito"},
                                      {"Rodríguez", "rodriguez"},
                                      {"Miller", "miller"},
                                      {"Smith-Jones", "smithjones"},
                                      {"Øverland", "overland"},
                                      {"Wilson", "wilson"},
                                      {"Haddad", "haddad"},
                                      {"Moore", "moore"},
                                      {"Šimek", "simek"},
                                      {"Taylor", "taylor"},
                                      {"Adeyemi", "adeyemi"},
                                      {"Anderson", "anderson"},
                                      {"Rossi", "rossi"},
                                      {"Thomas", "thomas"},
                                      {"Popescu", "popescu"},
                                      {"Jackson", "jackson"},
                                      {"White", "white"},
                                      {"Harris", "harris"},
                                      {"Lefèvre", "lefevre"},
                                      {"Martin", "martin"},
                                      {"Thompson", "thompson"},
                                      {"Wójcik", "wojcik"},
                                      {"Martinez", "martinez"},
                                      {"Robinson", "robinson"},
                                      {"Clark", "clark"},
                                      {"Lewis", "lewis"},
                                      {"Lee", "lee"},
                                      {"Walker", "walker"},
                                      {"Hall", "hall"},
                                      {"Allen", "allen"},
                                      {"Young", "young"},
                                      {"King", "king"},
                                      {"Wright", "wright"},
                                      {"Hill", "hill"},
                                      {"Scott", "scott"},
                                      {"Green", "green"},
                                      {"Baker", "baker"},
                                      {"Adams", "adams"},
                                      {"Nelson", "nelson"},
                                      {"Carter", "carter"},
                                      {"St. John", "stjohn"}}};
constexpr std::array<std::array<std::string_view, 2>, 10> kNick{{{"Robert", "Bob"},
                                                                 {"William", "Bill"},
                                                                 {"Katherine", "Kate"},
                                                                 {"Elizabeth", "Liz"},
                                                                 {"Michael", "Mike"},
                                                                 {"Thomas", "Tom"},
                                                                 {"Margaret", "Peggy"},
                                                                 {"Jennifer", "Jen"},
                                                                 {"Samuel", "Sam"},
                                                                 {"Benjamin", "Ben"}}};
struct Place {
  std::string_view city, state, postal_code;
};
constexpr std::array<Place, 12> kPlaces{{{"Aurora", "IL", "60505"},
                                         {"Saint Louis", "MO", "63101"},
                                         {"Portland", "OR", "97205"},
                                         {"Austin", "TX", "78701"},
                                         {"Baltimore", "MD", "21201"},
                                         {"Columbus", "OH", "43215"},
                                         {"Denver", "CO", "80202"},
                                         {"Fresno", "CA", "93721"},
                                         {"Boston", "MA", "02108"},
                                         {"Tampa", "FL", "33602"},
                                         {"Newark", "NJ", "07102"},
                                         {"Tucson", "AZ", "85701"}}};
constexpr std::array<std::string_view, 10> kStreets{
    "Elm Street",  "Oak Avenue", "Maple Road",  "Second Street", "Lake Drive",
    "Hill Street", "Mill Road",  "Park Avenue", "Church Street", "Cedar Drive"};
constexpr std::array<std::string_view, 8> kTrades{"Tilework",  "Roofing",  "Plumbing",  "Gardens",
                                                  "Interiors", "Painting", "Carpentry", "Windows"};
constexpr std::array<std::string_view, 8> kTags{"VIP",       "Hot Lead",      "newsletter", "Referral",
                                                "call back", "Estimate sent", "customer",   "spring 2026"};
constexpr std::array<int, 60> kAreas{
    201, 202, 203, 205, 206, 207, 208, 209, 210, 212, 213, 214, 215, 216, 217, 218, 219, 224, 225, 228,
    229, 231, 234, 239, 240, 248, 251, 252, 253, 254, 256, 260, 262, 267, 269, 270, 276, 281, 301, 302,
    303, 304, 305, 307, 308, 309, 310, 312, 313, 314, 315, 316, 317, 318, 319, 320, 321, 323, 325, 330};

// Not std::uniform_int_distribution: its sequence differs between standard libraries.
class Dice {
 public:
  Dice(std::uint64_t seed, std::size_t index)
      : engine_((seed + 1) * 0x9E3779B97F4A7C15ULL ^ (index * 0xD1B54A32D192ED03ULL)) {
    engine_.discard(3);
  }
  std::size_t below(std::size_t n) { return static_cast<std::size_t>(engine_() % n); }
  bool chance(std::size_t percent) { return below(100) < percent; }
  template <class Array>
  const auto& of(const Array& choices) {
    return choices[below(choices.size())];
  }

 private:
  std::mt19937_64 engine_;
};

bool is_valid(const std::string& e164) {
  PhoneNumber number;
  const auto& util = *PhoneNumberUtil::GetInstance();
  return util.Parse(e164, "ZZ", &number) == PhoneNumberUtil::NO_PARSING_ERROR && util.IsValidNumber(number);
}

// The 555 exchange belongs to nobody; 0100-0199 are set aside for fiction and come first.
std::string us_phone(std::size_t index) {
  for (std::size_t step = 0;; ++step) {  // an area code libphonenumber does not know: take the next
    const std::size_t at = (index + step) % kAreas.size();
    const std::size_t line = 100 + (index / kAreas.size()) % 9900;
    std::string phone = fmt::format("+1{}555{:04}", kAreas[at], line);
    if (step > kAreas.size() || is_valid(phone)) return phone;
  }
}

std::string abroad_phone(std::size_t index, bool german) {
  return german ? fmt::format("+493023125{:03}", index % 1000) : fmt::format("+44207946{:04}", index % 1000);
}

std::string shortened(std::string street) {
  for (const auto& [full, brief] :
       {std::pair{"Street", "St"}, {"Avenue", "Ave"}, {"Road", "Rd"}, {"Drive", "Dr"}}) {
    if (const auto at = street.find(full); at != std::string::npos)
      street.replace(at, std::string_view(full).size(), brief);
  }
  return street;
}

void upper_ascii(std::string& text) {
  for (char& c : text)
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
}

void misspell(PersonCard& card, Dice& dice) {  // as the other system's staff typed it
  switch (dice.below(8)) {
    case 0:
      upper_ascii(card.first_name);
      upper_ascii(card.last_name);
      break;
    case 1: {
      const auto nick =
          std::ranges::find(kNick, std::string_view(card.first_name), [](const auto& n) { return n[0]; });
      if (nick != kNick.end())
        card.first_name = (*nick)[1];
      else if (card.first_name.size() > 4)
        card.first_name.pop_back();
      break;
    }
    case 2:
      if (!card.email.empty()) card.email.front() = static_cast<char>(card.email.front() - 'a' + 'A');
      break;
    case 3:
      card.email.clear();
      break;
    case 4:
      card.last_name.clear();
      break;
    case 5:
      card.address1 = shortened(card.address1);
      break;
    case 6:
      if (card.city == "Saint Louis")
        card.city = "St. Louis";
      else
        upper_ascii(card.city);
      break;
    default:
      card.company += card.company.empty() ? "" : ", Inc.";
      card.postal_code += card.postal_code.empty() ? "" : "-0001";
  }
}
}  // namespace

std::string PersonCard::name() const {
  return first_name.empty() || last_name.empty() ? first_name + last_name : first_name + " " + last_name;
}

const std::vector<SampleField>& sample_fields() {
  static const std::vector<SampleField> fields{
      {"Project type", "project_type", "SINGLE_OPTIONS", {"Bathroom", "Kitchen", "Roof", "Garden"}},
      {"Budget", "budget", "NUMERICAL", {}},
      {"Referred by", "referred_by", "TEXT", {}},
      {"Preferred date", "preferred_date", "DATE", {}},
      {"Interests", "interests", "MULTIPLE_OPTIONS", {"tiles", "paint", "wood", "solar"}}};
  return fields;
}

Person make_person(std::uint64_t seed, std::size_t index) {
  Dice dice(seed, index);
  // The last two of every 25 live together: one number, one surname, two people.
  const std::size_t in_group = index % 25;
  const bool shares = in_group >= 23;
  Dice household(seed ^ 0xFA3171ULL, index / 25);
  PersonCard card;
  const Name& first = dice.of(kFirst);
  const Name& last = shares ? household.of(kLast) : dice.of(kLast);
  card.first_name = first.text;
  card.last_name = last.text;
  if (!dice.chance(12)) {
    card.email =
        fmt::format("{}.{}{}@example.{}", first.plain, last.plain, index, dice.chance(50) ? "org" : "com");
    if (dice.chance(5)) card.email.insert(card.email.find('@'), "+home");
  }
  const std::size_t phone_index = shares ? index - index % 25 + 23 : index;
  const bool abroad = !shares && index < 25000 && in_group == 7;
  if (abroad) {
    const bool german = (index / 25) % 2 == 0;
    card.phone = abroad_phone(index / 25, german);
    card.country = german ? "DE" : "GB";
    card.city = german ? "Köln" : "Leeds";
    card.postal_code = german ? "50667" : "LS1 4AP";
    card.address1 = german ? "Domstraße 3" : "9 Wharf Approach";
  } else {
    card.phone = us_phone(phone_index);
    if (!dice.chance(25)) {
      const Place& place = shares ? household.of(kPlaces) : dice.of(kPlaces);
      card.address1 = fmt::format("{} {}", dice.below(990) + 1, dice.of(kStreets));
      card.city = place.city;
      card.state = place.state;
      card.postal_code = place.postal_code;
    }
  }
  if (dice.chance(30)) card.company = fmt::format("{} {}", last.text, dice.of(kTrades));
  for (const auto tag : kTags)
    if (dice.chance(9)) card.tags.emplace_back(tag);
  if (dice.chance(40)) card.custom["Project type"] = dice.of(sample_fields()[0].options);
  if (dice.chance(30)) card.custom["Budget"] = std::to_string(500 * (1 + dice.below(60)));
  if (dice.chance(15)) card.custom["Referred by"] = std::string(dice.of(kFirst).text);
  if (dice.chance(15))
    card.custom["Preferred date"] = fmt::format("2027-{:02}-{:02}", dice.below(12) + 1, dice.below(28) + 1);
  if (dice.chance(12)) card.custom["Interests"] = dice.of(sample_fields()[4].options);

  Person person;
  person.key = fmt::format("person-{:06}", index + 1);
  person.household = shares ? static_cast<int>(index / 25) + 1 : 0;
  const std::size_t where = dice.below(10);
  if (where != 0) person.highlevel = card;
  if (where != 1) {
    person.ctm = card;
    person.calls = static_cast<int>(dice.below(7));
    if (where != 0 && dice.chance(20)) misspell(*person.ctm, dice);
  }
  if (where == 1 && !shares && dice.chance(25)) {  // HighLevel alone also knows people without a number
    if (!card.email.empty()) person.highlevel->phone.clear();
  }
  return person;
}

std::vector<Person> make_people(std::uint64_t seed, std::size_t count) {
  std::vector<Person> people;
  people.reserve(count);
  for (std::size_t i = 0; i < count; ++i) people.push_back(make_person(seed, i));
  return people;
}
}  // namespace tandem::sim
