// First linking: who on one side is who on the other, with scores and reasons (P23, P30, P35, P44).
// Pure; the answer does not depend on the order of the candidates.
#pragma once
#include <cstdint>
#include <set>
#include <string>
#include <utility>
#include <vector>
#include "core/model/field.h"
#include "core/model/ids.h"
#include "core/model/side.h"

namespace tandem {

struct Candidate {
  PairId pair;
  RecordId record;
  bool linked = false;                // already part of a pair: takes aliases, no new partner
  std::string first_name, last_name;  // canonical; "" = blank
  bool name_unconfirmed = false;
  std::vector<std::string> phones, emails;  // canonical; primary first
  std::size_t primary_phones = 1;           // how many of `phones` are the record's own, the rest additional
};

struct Link {
  PairId ctm, highlevel;
  int score = 0;
  std::string reason;
};
struct Alias {
  PairId of, alias;
  std::string reason;
};  // alias' number is an additional phone of `of`
struct Hold {
  std::vector<PairId> pairs;
  std::string reason;
  bool by_person = false;  // a person keeps apart what would match: nobody has to look at it again
};                         // ambiguous: listed, left alone
struct Matches {
  std::vector<Link> links;
  std::vector<Alias> aliases;
  std::vector<Hold> holds;
  std::vector<PairId> alone;  // no candidate on the other side
};

// Scores: e-mail and phone 100, phone and name 90, e-mail 80 (names not contradicting), phone alone
// 60 where it is one record's on each side and the names do not contradict. Links only where each is
// the other's single best; equal bests, contradicting names, or one phone with several people and no
// second evidence are held. Every unlinked pair given comes out in exactly one list; linked ones only
// as `of`. An alias' `of` is named as it will be called after `links`: joined pairs keep the lower id.
// `apart`: a person said that these are never one.
using Apart = std::set<std::pair<PairId, PairId>>;  // ctm, highlevel
[[nodiscard]] Matches match(const std::vector<Candidate>& ctm, const std::vector<Candidate>& highlevel,
                            const Apart& apart = {});

struct Score {
  int points = 0;
  std::string reason;
};  // 0 points: no evidence, or evidence against
[[nodiscard]] Score score(const Candidate& ctm, const Candidate& highlevel);
}  // namespace tandem
