#include "core/merge/match.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "core/tuning.h"

namespace tandem {
namespace {

using Ids = std::vector<std::int64_t>;

// "Mara O'Neil" splits at the last blank. Phones: "1" is +13125550001; "1+2" has an additional one.
Candidate person(std::int64_t pair, const char* name, const char* phones = "", const char* email = "") {
  Candidate c;
  c.pair = {pair};
  const std::string whole = name;
  const auto blank = whole.rfind(' ');
  c.first_name = whole.substr(0, blank);
  if (blank != std::string::npos) c.last_name = whole.substr(blank + 1);
  for (const char* p = phones; *p != '\0'; ++p)
    if (*p != '+') c.phones.push_back("+1312555000" + std::string(1, *p));
  if (*email != '\0') c.emails.push_back(std::string(email) + "@x.test");
  c.primary_phones = 1;
  return c;
}
Candidate linked(Candidate c) {
  c.linked = true;
  return c;
}
Candidate unsure(Candidate c) {
  c.name_unconfirmed = true;
  return c;
}

// The whole answer as one line: links a=b@score, aliases a>of, holds {a b}, alone.
std::string told(const Matches& m) {
  std::string out;
  const auto id = [](PairId p) { return std::to_string(p.row); };
  for (const auto& l : m.links)
    out += id(l.ctm) + "=" + id(l.highlevel) + "@" + std::to_string(l.score) + " ";
  for (const auto& a : m.aliases) out += id(a.alias) + ">" + id(a.of) + " ";
  for (const auto& h : m.holds) {
    out += "{";
    for (const auto& p : h.pairs) out += id(p) + (p == h.pairs.back() ? "" : " ");
    out += "} ";
  }
  for (const auto& p : m.alone) out += id(p) + " ";
  if (!out.empty()) out.pop_back();
  return out;
}

using People = std::vector<Candidate>;
std::string ask(const People& ctm, const People& highlevel) { return told(match(ctm, highlevel)); }
std::string why(const People& ctm, const People& highlevel) {
  const Matches m = match(ctm, highlevel);
  return m.holds.empty() ? "" : m.holds.front().reason;
}

TEST(Score, WeighsTheEvidence) {
  const auto points = [](const Candidate& a, const Candidate& b) { return score(a, b).points; };
  const auto mara = person(1, "Mara O'Neil", "1", "mara");
  EXPECT_EQ(points(mara, person(2, "Mara O'Neil", "1", "mara")), 100);
  EXPECT_EQ(points(mara, person(2, "Bob Smith", "1", "mara")), 100) << "two keys outweigh a name";
  EXPECT_EQ(points(mara, person(2, "Mara O'Neil", "1")), 90);
  EXPECT_EQ(points(mara, person(2, "Mara O'Neil", "2", "mara")), 80);
  EXPECT_EQ(points(mara, person(2, "", "2", "mara")), 80);
  EXPECT_EQ(points(mara, person(2, "Bob Smith", "2", "mara")), 0);
  EXPECT_EQ(points(mara, person(2, "", "1")), 60);
  EXPECT_EQ(points(mara, person(2, "Bob Smith", "1")), 0);
  EXPECT_EQ(points(mara, unsure(person(2, "BOB SMITH", "1"))), 60);
  EXPECT_EQ(points(mara, person(2, "Mara O'Neil", "2", "other")), 0) << "a name alone is no evidence";
  EXPECT_EQ(points(mara, person(2, "Mara O'Neil", "21", "other")), 0)
      << "an additional phone makes an alias, no link";
  EXPECT_EQ(points(person(1, "", "", ""), person(2, "", "", "")), 0);
  EXPECT_NE(score(mara, person(2, "Bob Smith", "1")).reason.find("names differ"), std::string::npos);
}

TEST(Score, ComparesNames) {
  const auto points = [](const char* a, const char* b) {
    const int one = score(person(1, a, "1"), person(2, b, "1")).points;
    EXPECT_EQ(score(person(1, b, "1"), person(2, a, "1")).points, one) << a << " / " << b;
    return one;
  };
  EXPECT_EQ(points("Mara O'Neil", "MARA ONEIL"), 90);
  EXPECT_EQ(points("Jos\xC3\xA9 Garc\xC3\xAD"
                   "a",
                   "Jose Garcia"),
            90);
  EXPECT_EQ(points("Mara O'Neil", "O'Neil Mara"), 90);
  EXPECT_EQ(points("Mara O'Neil-Li", "Mara O'Neil Li"), 90);
  EXPECT_EQ(points("Mara Lee O'Neil", "Mara O'Neil"), 90) << "a middle name";
  EXPECT_EQ(points("Mara", "Mara O'Neil"), 90) << "the last name is missing";
  EXPECT_EQ(points("O'Neil", "Mara O'Neil"), 60) << "only the last name: any of the family";
  EXPECT_EQ(points("M. O'Neil", "Mara O'Neil"), 60);
  EXPECT_EQ(points("Mara O.", "Mara O'Neil"), 60);
  EXPECT_EQ(points("\xC3\x89. Roy", "\xC3\x89va Roy"), 60) << "an initial may be two bytes";
  EXPECT_EQ(points("--", "Mara O'Neil"), 60) << "no letters, no name";
  EXPECT_EQ(points("B. O'Neil", "Mara O'Neil"), 0);
  EXPECT_EQ(points("Bob O'Neil", "Mara O'Neil"), 0);
  EXPECT_EQ(points("Mara Smith", "Mara O'Neil"), 0);
  EXPECT_EQ(points("Ma O'Neil", "Mara O'Neil"), 0) << "two letters are no initial";
  EXPECT_EQ(points("Bob", "Mara"), 0);
  EXPECT_EQ(points("M", "Mara"), 0) << "a single letter is nobody's name to compare";
}

TEST(Match, LinksWhatIsEachOthersSingleBest) {
  EXPECT_EQ(ask({person(1, "Mara O'Neil", "1", "mara")}, {person(2, "Mara O'Neil", "1", "mara")}), "1=2@100");
  EXPECT_EQ(ask({person(1, "Mara O'Neil", "1")}, {person(2, "Mara O'Neil", "1")}), "1=2@90");
  EXPECT_EQ(ask({person(1, "Mara O'Neil", "1", "mara")}, {person(2, "Mara O'Neil", "", "mara")}), "1=2@80");
  EXPECT_EQ(ask({person(1, "", "1")}, {person(2, "Mara O'Neil", "1")}), "1=2@60");
  EXPECT_EQ(
      ask({person(1, "Mara", "1"), person(2, "Bob", "2")}, {person(3, "Bob", "2"), person(4, "Mara", "1")}),
      "1=4@90 2=3@90");
  EXPECT_EQ(ask({}, {}), "");
}

TEST(Match, LeavesAloneWhoHasNoCandidate) {
  EXPECT_EQ(ask({person(1, "Mara", "1", "m")}, {person(2, "Mara", "2", "n"), person(3, "Mara")}), "1 2 3");
}

TEST(Match, HoldsContradictingNames) {
  const People ctm{person(1, "Mara O'Neil", "1")}, highlevel{person(2, "Bob Smith", "1")};
  EXPECT_EQ(ask(ctm, highlevel), "{1 2}");
  EXPECT_NE(why(ctm, highlevel).find("names differ"), std::string::npos);
  EXPECT_EQ(ask({person(1, "Mara O'Neil", "1", "m")}, {person(2, "Bob Smith", "2", "m")}), "{1 2}");
}

TEST(Match, ASharedPhoneNeedsSecondEvidenceForExactlyOne) {
  const Candidate caller = person(1, "Mara O'Neil", "1", "m");
  EXPECT_EQ(ask({caller}, {person(2, "Mara O'Neil", "1"), person(3, "Bob O'Neil", "1")}), "1=2@90 {3}");
  EXPECT_EQ(ask({caller}, {person(2, "", "1", "m"), person(3, "Bob O'Neil", "1")}), "1=2@100 {3}");
  EXPECT_EQ(ask({caller}, {person(2, "Mara O'Neil", "1"), person(3, "", "1")}), "1=2@90 {3}");
  EXPECT_EQ(ask({caller}, {person(2, "", "1"), person(3, "", "1"), person(4, "Mara O'Neil", "1")}),
            "1=4@90 {2 3}");
  EXPECT_EQ(ask({caller}, {person(2, "", "1"), person(3, "Bob O'Neil", "1")}), "{1 2 3}")
      << "no name is no evidence";
  EXPECT_EQ(ask({caller}, {person(2, "Mara O'Neil", "1"), person(3, "Mara O'Neil", "1")}), "{1 2 3}")
      << "twice the same";
  EXPECT_EQ(ask({person(1, "", "1")}, {person(2, "Mara O'Neil", "1"), person(3, "Bob O'Neil", "1")}),
            "{1 2 3}");
  EXPECT_NE(why({caller}, {person(2, "Mara O'Neil", "1"), person(3, "", "1")}).find("pair 1"),
            std::string::npos)
      << "says whose number it is";
}

TEST(Match, ANumberIsNeverGivenASecondRow) {
  EXPECT_EQ(ask({}, {person(2, "Mara", "1"), person(3, "Bob", "1")}), "{2 3}");
  EXPECT_EQ(ask({linked(person(1, "Mara", "1"))}, {person(3, "Bob", "1")}), "{3}");
  EXPECT_EQ(ask({}, {linked(person(2, "Mara", "1")), person(3, "Bob", "1")}), "{3}");
}

TEST(Match, OneEMailOfSeveralNumbersIsHeld) {
  EXPECT_EQ(ask({person(1, "Mara", "1", "m"), person(2, "Mara", "2", "m")}, {}), "{1 2}");
  EXPECT_EQ(ask({person(1, "Mara", "1", "m"), person(2, "Mara", "2", "m")}, {person(3, "Mara", "3", "m")}),
            "{1 2 3}");
  EXPECT_EQ(ask({person(1, "Mara", "1", "m"), person(2, "Mara", "2", "m")}, {person(3, "Mara", "1", "m")}),
            "1=3@100 {2}");
  EXPECT_EQ(ask({}, {person(1, "Mara", "1", "m"), person(2, "Mara", "2", "m")}), "1 2")
      << "two numbers are two rows at CTM: nothing collides";
}

TEST(Match, PhoneAndEMailThatPointAtDifferentPeopleAreHeld) {
  const Candidate caller = person(1, "Mara O'Neil", "1", "m");
  const People highlevel{person(2, "Mara O'Neil", "1"), person(3, "Mara O'Neil", "2", "m")};
  EXPECT_EQ(ask({caller}, highlevel), "{1 2 3}");
  EXPECT_NE(why({caller}, highlevel).find("e-mail at another"), std::string::npos);
  EXPECT_EQ(ask({person(1, "Mara", "1"), person(2, "Mara", "2", "m")}, {person(3, "Mara", "1", "m")}),
            "{1 2 3}");
  EXPECT_EQ(ask({caller}, {person(2, "Mara O'Neil", "1"), person(3, "Bob Smith", "2", "m")}), "1=2@90 {3}")
      << "an e-mail of somebody else by name points at nobody";
  EXPECT_EQ(ask({caller}, {person(2, "", "1", "m"), person(3, "", "2", "m")}), "1=2@100 {3}");
}

TEST(Match, ALinkedContactTakesNoNewPartner) {
  EXPECT_EQ(ask({person(1, "Bob", "1", "m")}, {linked(person(2, "Mara", "1"))}), "{1}");
  EXPECT_NE(why({person(1, "Bob", "1")}, {linked(person(7, "Mara", "1"))}).find("pair 7"), std::string::npos);
  EXPECT_EQ(ask({person(1, "Mara", "2", "m")}, {linked(person(2, "Mara", "1", "m"))}), "{1}");
  EXPECT_EQ(ask({linked(person(1, "Mara", "1"))}, {linked(person(1, "Mara", "1"))}), "");
  EXPECT_EQ(ask({person(1, "Mara", "1")}, {linked(person(2, "Mara", "1")), person(3, "", "1")}), "{1 3}")
      << "the linked one is the better one";
}

TEST(Match, AnAdditionalPhoneMakesAnAlias) {  // P44
  EXPECT_EQ(ask({person(1, "Anybody", "2")}, {linked(person(5, "Mara", "12"))}), "1>5");
  EXPECT_EQ(ask({person(1, "Mara", "1"), person(2, "", "2")}, {person(3, "Mara", "12")}), "1=3@90 2>1")
      << "of the pair that remains";
  EXPECT_EQ(ask({person(4, "Mara", "1"), person(2, "", "2")}, {person(3, "Mara", "12")}), "4=3@90 2>3");
  EXPECT_EQ(ask({person(2, "", "2")}, {person(3, "Mara", "12")}), "2>3 3")
      << "its own number is still to be made";
  EXPECT_EQ(ask({person(2, "Mara", "2", "m")}, {person(3, "Mara", "12", "m")}), "2>3 3")
      << "also with the same e-mail";
  EXPECT_EQ(ask({person(1, "Mara", "1", "m"), person(2, "Mara", "2", "m")}, {person(3, "Mara", "12", "m")}),
            "1=3@100 2>1");
  EXPECT_EQ(ask({person(1, "", "2"), person(2, "", "3")}, {linked(person(5, "Mara", "123"))}), "1>5 2>5");
}

// The contact was linked by e-mail to another number of the same person, or changed its number since.
TEST(Match, ANumberThatIsTheContactsOwnFollowsItToo) {
  EXPECT_EQ(ask({person(1, "Mara", "1")}, {linked(person(2, "Mara", "1"))}), "1>2");
  EXPECT_EQ(ask({person(1, "", "1")}, {linked(person(2, "Mara", "1"))}), "1>2")
      << "nothing speaks against it";
  EXPECT_EQ(ask({person(1, "Bob", "1")}, {linked(person(2, "Mara", "1"))}), "{1}");
  EXPECT_EQ(ask({person(1, "Mara", "1")}, {linked(person(2, "Mara", "1")), linked(person(3, "Mara", "1"))}),
            "{1}")
      << "two of them";
  EXPECT_EQ(ask({person(4, "Mara", "4", "m"), person(1, "Mara", "1")}, {person(2, "Mara", "1", "m")}),
            "{1 2 4}")
      << "which of the two it is, nothing tells";
  EXPECT_EQ(ask({linked(person(1, "Mara", "1"))}, {person(2, "Mara", "1")}), "{2}")
      << "a second contact with one number is a duplicate, no alias";
}

TEST(Match, AnAliasNeedsOneOwner) {
  EXPECT_EQ(ask({person(1, "", "3")}, {linked(person(5, "Mara", "13")), linked(person(6, "Bob", "23"))}),
            "{1}");
  EXPECT_EQ(ask({person(1, "Bob", "2")}, {person(5, "Mara", "12"), person(6, "Bob", "2")}), "1=6@90 5")
      << "somebody's own number is nobody's alias";
  EXPECT_EQ(ask({person(1, "Bob", "2", "b")}, {linked(person(5, "Mara", "12")), person(6, "Bob", "4", "b")}),
            "{1 6}");
  EXPECT_EQ(ask({linked(person(1, "Bob", "2"))}, {person(5, "Mara", "12")}), "5") << "linked already";
  EXPECT_EQ(ask({linked(person(1, "", "2", "m"))}, {person(5, "Mara", "12", "m")}), "{5}")
      << "and so is its e-mail";
}

TEST(Match, AnAliasWaitsWithItsContact) {
  EXPECT_EQ(ask({person(1, "Bob Smith", "1"), person(2, "", "2")}, {person(3, "Mara O'Neil", "12")}),
            "{1 2 3}");
  EXPECT_EQ(ask({person(1, "Bob Smith", "1"), person(2, "", "2", "m"), person(4, "Mara", "4", "m")},
                {person(3, "Mara O'Neil", "12")}),
            "{1 2 3 4}")
      << "and whoever has its e-mail waits too";
  EXPECT_EQ(ask({person(2, "", "2", "m"), person(4, "Mara", "4", "m")}, {person(3, "Mara O'Neil", "12")}),
            "2>3 3 4");
}

TEST(Match, AnAdditionalPhoneIsTheirsWhereThereIsNoOther) {
  Candidate contact = person(3, "Mara", "2");
  contact.primary_phones = 0;
  EXPECT_EQ(ask({person(1, "Mara", "2")}, {contact}), "1=3@90");
}

TEST(Match, AKeyThatDozensShareSaysNothing) {
  People ctm{person(1, "Mara", "1", "none")},
      highlevel{person(2, "Mara", "1", "none"), person(3, "Bob", "2", "none")};
  for (int i = 0; i < tuning::kMatchGroupMax; ++i) highlevel.push_back(person(100 + i, "", "", "none"));
  const Matches m = match(ctm, highlevel);
  ASSERT_EQ(m.links.size(), 1U);
  EXPECT_EQ(m.links[0].score, 90) << "the phone and name are enough, the e-mail counts for nothing";
  EXPECT_EQ(m.holds.size(), static_cast<std::size_t>(tuning::kMatchGroupMax) + 1);
  EXPECT_NE(m.holds[0].reason.find(std::to_string(tuning::kMatchGroupMax)), std::string::npos);
  EXPECT_TRUE(m.alone.empty());
  highlevel.resize(static_cast<std::size_t>(tuning::kMatchGroupMax) - 1);
  EXPECT_EQ(match(ctm, highlevel).links.at(0).score, 100) << "one fewer and it is read";
}

TEST(Match, BlankKeysLinkNobody) {  // P35
  Candidate a = person(1, "Mara"), b = person(2, "Mara");
  a.phones = b.phones = {""};
  a.emails = b.emails = {""};
  EXPECT_EQ(ask({a}, {b}), "1 2");
}

TEST(Match, ReasonsNameNoValues) {
  const People ctm{person(1, "Mara O'Neil", "1", "mara"), person(2, "Zoe", "2"), person(3, "Zoe", "4", "zz")};
  const People highlevel{person(4, "Mara O'Neil", "1", "mara"), linked(person(5, "Zoe", "32")),
                         person(6, "Bob", "4")};
  const Matches m = match(ctm, highlevel);
  std::string all;
  for (const auto& l : m.links) all += l.reason;
  for (const auto& a : m.aliases) all += a.reason;
  for (const auto& h : m.holds) all += h.reason;
  ASSERT_EQ(told(m), "1=4@100 2>5 {3 6}");
  for (const char* text : {"Mara", "Zoe", "Bob", "312555", "x.test"})
    EXPECT_EQ(all.find(text), std::string::npos) << all;
}

}  // namespace
}  // namespace tandem
