// Laws of first linking over crowds in which keys are often shared: P5, P8, P23, P30, P35, P44.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <map>

#include "core/merge/match.h"

namespace tandem {
namespace {

rc::Gen<Candidate> candidate(bool highlevel) {
  const auto key = [](const char* prefix, int kinds) {
    return rc::gen::map(rc::gen::inRange(0, kinds), [prefix](int i) { return prefix + std::to_string(i); });
  };
  const auto names = rc::gen::element<std::string>("", "Mara", "Mara O'Neil", "Bob O'Neil", "M O'Neil");
  return rc::gen::map(
      rc::gen::tuple(names, key("+1312555", 7), key("+1312555", 9), key("mail", 7), rc::gen::inRange(0, 8)),
      [highlevel](const auto& t) {
        const auto& [name, phone, more, email, shape] = t;
        Candidate c;
        const auto blank = name.find(' ');
        c.first_name = name.substr(0, blank);
        if (blank != std::string::npos) c.last_name = name.substr(blank + 1);
        c.name_unconfirmed = shape == 7;
        c.linked = shape == 6;
        if (!highlevel || shape % 4 != 3) c.phones.push_back(phone);
        c.primary_phones = c.phones.size();
        if (highlevel && shape % 3 == 0) c.phones.push_back(more);
        if (shape % 2 == 0) c.emails.push_back(email);
        return c;
      });
}

struct Crowd {
  std::vector<Candidate> ctm, highlevel;
};

// A number is one person at CTM; pair ids are dealt out over both sides.
Crowd crowd() {
  Crowd out;
  std::map<std::string, bool> numbers;
  for (auto& c : *rc::gen::container<std::vector<Candidate>>(candidate(false)))
    if (!std::exchange(numbers[c.phones.front()], true)) out.ctm.push_back(c);
  out.highlevel = *rc::gen::container<std::vector<Candidate>>(candidate(true));
  std::int64_t next = 1;
  std::size_t c = 0, h = 0;
  while (c < out.ctm.size() || h < out.highlevel.size()) {
    if (c < out.ctm.size()) out.ctm[c++].pair = {next++};
    if (h < out.highlevel.size()) out.highlevel[h++].pair = {next++};
  }
  return out;
}

std::string told(const Matches& m) {
  std::string out;
  for (const auto& l : m.links)
    out += std::to_string(l.ctm.row) + "=" + std::to_string(l.highlevel.row) + "@" + std::to_string(l.score) +
           l.reason + ";";
  for (const auto& a : m.aliases)
    out += std::to_string(a.alias.row) + ">" + std::to_string(a.of.row) + a.reason + ";";
  for (const auto& h : m.holds) {
    for (const auto& p : h.pairs) out += std::to_string(p.row) + ",";
    out += h.reason + ";";
  }
  for (const auto& p : m.alone) out += std::to_string(p.row) + ";";
  return out;
}

bool share(const std::vector<std::string>& a, const std::vector<std::string>& b) {
  return std::any_of(a.begin(), a.end(),
                     [&](const auto& x) { return std::find(b.begin(), b.end(), x) != b.end(); });
}
std::vector<std::string> own(const Candidate& c) {
  if (c.primary_phones == 0) return c.phones;
  return {c.phones.begin(), c.phones.begin() + static_cast<std::ptrdiff_t>(c.primary_phones)};
}

RC_GTEST_PROP(MatchLaws, TheAnswerDoesNotDependOnTheOrder, ()) {  // P5
  Crowd people = crowd();
  const std::string before = told(match(people.ctm, people.highlevel));
  std::reverse(people.ctm.begin(), people.ctm.end());
  std::rotate(people.highlevel.begin(), people.highlevel.begin() + (people.highlevel.empty() ? 0 : 1),
              people.highlevel.end());
  RC_ASSERT(told(match(people.ctm, people.highlevel)) == before);
}

RC_GTEST_PROP(MatchLaws, EveryUnlinkedPairComesOutExactlyOnce, ()) {  // P30
  const Crowd people = crowd();
  const Matches m = match(people.ctm, people.highlevel);
  std::map<std::int64_t, int> times;
  for (const auto& l : m.links) ++times[l.ctm.row], ++times[l.highlevel.row];
  for (const auto& a : m.aliases) ++times[a.alias.row];
  for (const auto& h : m.holds)
    for (const auto& p : h.pairs) ++times[p.row];
  for (const auto& p : m.alone) ++times[p.row];
  for (const auto* side : {&people.ctm, &people.highlevel})
    for (const auto& c : *side) RC_ASSERT(times[c.pair.row] == (c.linked ? 0 : 1));
}

RC_GTEST_PROP(MatchLaws, ALinkIsTheSingleBestOfBothAndNeverAgainstTheNames, ()) {
  const Crowd people = crowd();
  const Matches m = match(people.ctm, people.highlevel);
  std::map<std::int64_t, const Candidate*> who;
  for (const auto* side : {&people.ctm, &people.highlevel})
    for (const auto& c : *side) who[c.pair.row] = &c;
  for (const auto& l : m.links) {
    const Candidate &c = *who[l.ctm.row], &h = *who[l.highlevel.row];
    RC_ASSERT(score(c, h).points == l.score);
    RC_ASSERT(l.score > 0);
    for (const auto& o : people.highlevel) RC_ASSERT(o.pair == h.pair || score(c, o).points < l.score);
    for (const auto& o : people.ctm) RC_ASSERT(o.pair == c.pair || score(o, h).points < l.score);
    if (l.score > 60) continue;
    for (const auto& o : people.highlevel) RC_ASSERT(o.pair == h.pair || !share(own(o), own(c)));
  }
}

// P8, P23: whoever is left to be created shares no key with anybody that would collide over there.
RC_GTEST_PROP(MatchLaws, NobodyIsAloneWhoseCreationWouldDouble, ()) {
  const Crowd people = crowd();
  const Matches m = match(people.ctm, people.highlevel);
  for (const auto& p : m.alone) {
    for (const auto& c : people.ctm) {
      if (c.pair != p) continue;
      for (const auto& o : people.ctm)
        RC_ASSERT(o.pair == p || !share(o.emails, c.emails) ||
                  std::any_of(m.aliases.begin(), m.aliases.end(),
                              [&](const Alias& a) { return a.alias == o.pair; }));
      for (const auto& h : people.highlevel) RC_ASSERT(!share(own(h), own(c)) && !share(h.emails, c.emails));
    }
    for (const auto& h : people.highlevel) {
      if (h.pair != p) continue;
      for (const auto& o : people.highlevel) RC_ASSERT(o.pair == p || !share(own(o), own(h)));
      for (const auto& c : people.ctm) RC_ASSERT(!share(own(c), own(h)));
    }
  }
}

// Its number is an additional phone of that one contact and nobody's own; or it is the own one of a contact
// that is linked by another number and of nobody else, and the names do not contradict.
RC_GTEST_PROP(MatchLaws, AnAliasHasOneOwner, ()) {  // P44
  const Crowd people = crowd();
  const Matches m = match(people.ctm, people.highlevel);
  for (const auto& a : m.aliases) {
    const auto c =
        std::find_if(people.ctm.begin(), people.ctm.end(), [&](const auto& x) { return x.pair == a.alias; });
    RC_ASSERT(c != people.ctm.end());
    int owners = 0;
    const bool by_own = std::any_of(people.highlevel.begin(), people.highlevel.end(),
                                    [&](const auto& h) { return share(own(h), own(*c)); });
    for (const auto& h : people.highlevel) {
      if (!share(by_own ? own(h) : h.phones, own(*c))) continue;
      ++owners;
      if (by_own) RC_ASSERT(score(*c, h).points > 0);
      const auto link =
          std::find_if(m.links.begin(), m.links.end(), [&](const Link& l) { return l.highlevel == h.pair; });
      RC_ASSERT(a.of == (link == m.links.end() ? h.pair : std::min(link->ctm, link->highlevel)));
    }
    RC_ASSERT(owners == 1);
  }
}

RC_GTEST_PROP(MatchLaws, UniqueTwinsAreAlwaysFound, ()) {
  Crowd people = crowd();
  for (auto* side : {&people.ctm, &people.highlevel}) {
    Candidate twin;
    twin.pair = {side == &people.ctm ? 10'001 : 10'002};
    twin.first_name = "Ida";
    twin.phones = {"+4930123456"};
    side->insert(
        side->begin() + *rc::gen::inRange<std::ptrdiff_t>(0, static_cast<std::ptrdiff_t>(side->size()) + 1),
        twin);
  }
  const Matches m = match(people.ctm, people.highlevel);
  RC_ASSERT(std::any_of(m.links.begin(), m.links.end(), [](const Link& l) {
    return l.ctm.row == 10'001 && l.highlevel.row == 10'002 && l.score == 90;
  }));
}

}  // namespace
}  // namespace tandem
