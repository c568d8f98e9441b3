#include "core/merge/match.h"

#include <algorithm>
#include <optional>
#include <set>
#include <tuple>
#include <unordered_map>

#include <fmt/format.h>

#include "core/model/normalise.h"
#include "core/tuning.h"

namespace tandem {
namespace {

constexpr int kEmailAndPhone = 100, kPhoneAndName = 90, kEmailAlone = 80, kPhoneAlone = 60;

enum class Names : std::uint8_t {
  silent,      // one of them says nothing: blank or only a caller-ID
  same,        // second evidence beside a phone
  compatible,  // no evidence, and none against
  contradicting,
};

std::vector<std::string> words_of(const Candidate& c) {
  std::vector<std::string> out;
  const std::string whole = join_name(c.first_name, c.last_name);
  std::size_t from = 0;
  while (from < whole.size()) {
    const auto to = std::min(whole.find(' ', from), whole.size());
    std::string word = spelling_key(std::string_view(whole).substr(from, to - from));
    if (!word.empty()) out.push_back(std::move(word));
    from = to + 1;
  }
  return out;
}

std::string run_together(const std::vector<std::string>& words) {
  std::string all;
  for (const auto& word : words) all += word;
  return all;
}

bool is_initial_of(const std::string& a, const std::string& b) {
  const auto letters = std::count_if(a.begin(), a.end(),
                                     [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; });
  return letters == 1 && b.starts_with(a);
}

// The same word, or one of them its initial.
bool may_be(const std::string& a, const std::string& b) {
  return a == b || is_initial_of(a, b) || is_initial_of(b, a);
}

Names compare_names(const Candidate& a, const Candidate& b) {
  if (a.name_unconfirmed || b.name_unconfirmed) return Names::silent;
  std::vector<std::string> one = words_of(a), two = words_of(b);
  if (one.empty() || two.empty()) return Names::silent;
  if (run_together(one) == run_together(two)) return Names::same;
  if (one.size() > two.size()) std::swap(one, two);
  if (one.size() == 1) {
    if (one.front() == two.front() && two.size() > 1) return Names::same;  // the last name is missing
    return two.size() > 1 && one.front() == two.back() ? Names::compatible : Names::contradicting;
  }
  if (one.front() == two.front() && one.back() == two.back()) return Names::same;  // a middle name more
  if (may_be(one.front(), two.front()) && may_be(one.back(), two.back())) return Names::compatible;
  std::sort(one.begin(), one.end());
  std::sort(two.begin(), two.end());
  return one == two ? Names::same : Names::contradicting;
}

bool share(const std::vector<std::string>& a, const std::vector<std::string>& b) {
  return std::any_of(a.begin(), a.end(), [&](const std::string& text) {
    return !text.empty() && std::find(b.begin(), b.end(), text) != b.end();
  });
}

std::vector<std::string> own_phones(const Candidate& c) {
  const std::size_t own =
      c.primary_phones == 0 ? c.phones.size() : std::min(c.primary_phones, c.phones.size());
  return {c.phones.begin(), c.phones.begin() + static_cast<std::ptrdiff_t>(own)};
}

}  // namespace

Score score(const Candidate& ctm, const Candidate& highlevel) {
  const bool phone = share(own_phones(ctm), own_phones(highlevel)),
             email = share(ctm.emails, highlevel.emails);
  if (phone && email) return {kEmailAndPhone, "same phone and e-mail"};
  if (!phone && !email) return {0, "no phone or e-mail in common"};
  const Names names = compare_names(ctm, highlevel);
  if (names == Names::contradicting)
    return {0, phone ? "same phone, but the names differ" : "same e-mail, but the names differ"};
  if (email)
    return {kEmailAlone, names == Names::same ? "same e-mail and name" : "same e-mail, names do not differ"};
  if (names == Names::same) return {kPhoneAndName, "same phone and name"};
  return {kPhoneAlone,
          names == Names::silent ? "same phone, no name to compare" : "same phone, names do not differ"};
}

namespace {

// Two records with a key in common. Indexes are places in Matcher::nodes_.
struct Edge {
  std::size_t to = 0;
  Score score;
  bool phone = false, email = false;
  bool only_two = false;  // nobody else has the phone they share
  bool apart = false;     // a person said so
};

struct Node {
  Candidate who;
  Side side = Side::ctm;
  bool crowded = false;                // one of its keys is too many people's: that key says nothing
  bool torn = false;                   // its number is several contacts' additional phone
  std::vector<Edge> edges;             // everyone on the other side with a key in common
  std::vector<std::size_t> siblings;   // same side, and creating both would collide on the other
  std::optional<std::size_t> owner;    // whose additional phone its number is
  std::optional<std::size_t> partner;  // linked to, now
};

using Index = std::unordered_map<std::string, PerSide<std::vector<std::size_t>>>;

// Why a record is held, worst first: a group is given the worst reason of its members.
enum class Doubt : std::uint8_t { apart, crowded, torn, taken, torn_keys, names, several };

class Matcher {
 public:
  Matcher(const std::vector<Candidate>& ctm, const std::vector<Candidate>& highlevel, const Apart& apart)
      : apart_(apart) {
    for (const auto& c : ctm) nodes_.push_back({c, Side::ctm, false, false, {}, {}, {}, {}});
    for (const auto& c : highlevel) nodes_.push_back({c, Side::highlevel, false, false, {}, {}, {}, {}});
    std::sort(nodes_.begin(), nodes_.end(), [](const Node& a, const Node& b) {
      return std::tie(a.who.pair, a.side, a.who.record) < std::tie(b.who.pair, b.side, b.who.record);
    });
    blank_crowded_keys();
    index();
    connect();
    find_owners();
  }

  Matches run() {
    link();
    follow_own_numbers();
    collect();
    return std::move(out_);
  }

 private:
  // A key that dozens share (none@example.com) tells nobody apart.
  void blank_crowded_keys() {
    std::unordered_map<std::string, int> uses;
    const auto keys = [](Node& n) {
      std::vector<std::string*> all;
      for (auto& text : n.who.phones) all.push_back(&text);
      for (auto& text : n.who.emails) all.push_back(&text);
      return all;
    };
    for (auto& n : nodes_)
      for (const auto* key : keys(n)) ++uses[*key];
    for (auto& n : nodes_)
      for (auto* key : keys(n)) {
        if (key->empty() || uses[*key] <= tuning::kMatchGroupMax) continue;
        key->clear();
        n.crowded = true;
      }
  }

  void index() {
    const auto add = [](Index& index, const std::string& key, const Node& n, std::size_t at) {
      auto& list = index[key][n.side];
      if (!key.empty() && (list.empty() || list.back() != at)) list.push_back(at);
    };
    for (std::size_t i = 0; i < nodes_.size(); ++i) {
      const auto own = own_phones(nodes_[i].who);
      for (const auto& phone : own) add(phones_, phone, nodes_[i], i);
      for (std::size_t p = own.size(); p < nodes_[i].who.phones.size(); ++p)
        add(additional_, nodes_[i].who.phones[p], nodes_[i], i);
      for (const auto& email : nodes_[i].who.emails) add(emails_, email, nodes_[i], i);
    }
  }

  void connect() {
    std::set<std::pair<std::size_t, std::size_t>> met;
    for (const Index* index : {&phones_, &emails_}) {
      for (const auto& [key, at] : *index) {
        for (const std::size_t c : at.ctm)
          for (const std::size_t h : at.highlevel)
            if (!(nodes_[c].who.linked && nodes_[h].who.linked)) met.emplace(c, h);
        // Numbers are keys at CTM and e-mails must be single at HighLevel: two creates would collide.
        const auto& same = index == &phones_ ? at.highlevel : at.ctm;
        for (const std::size_t a : same)
          for (const std::size_t b : same)
            if (a != b) nodes_[a].siblings.push_back(b);
      }
    }
    for (const auto& [c, h] : met) {
      Edge edge{h, score(nodes_[c].who, nodes_[h].who), false, false, false, keeps_apart(c, h)};
      if (edge.apart) edge.score = {0, "kept apart by a person"};
      for (const auto& phone : own_phones(nodes_[c].who)) {
        const auto& at = phones_.at(phone);
        if (std::find(at.highlevel.begin(), at.highlevel.end(), h) == at.highlevel.end()) continue;
        edge.only_two = at.ctm.size() == 1 && at.highlevel.size() == 1 && (!edge.phone || edge.only_two);
        edge.phone = true;
      }
      edge.email = share(nodes_[c].who.emails, nodes_[h].who.emails);
      nodes_[c].edges.push_back(edge);
      edge.to = c;
      nodes_[h].edges.push_back(edge);
    }
  }

  bool keeps_apart(std::size_t ctm, std::size_t highlevel) const {
    return apart_.contains({nodes_[ctm].who.pair, nodes_[highlevel].who.pair});
  }

  // A number that is a contact's additional phone, and nobody's own, follows that contact (P44).
  void find_owners() {
    for (std::size_t i = 0; i < nodes_.size(); ++i) {
      Node& n = nodes_[i];
      if (n.side != Side::ctm || n.who.linked) continue;
      std::set<std::size_t> owners;
      for (const auto& phone : own_phones(n.who))
        if (const auto it = additional_.find(phone); it != additional_.end())
          owners.insert(it->second.highlevel.begin(), it->second.highlevel.end());
      std::erase_if(owners, [&](std::size_t h) { return keeps_apart(i, h); });
      const bool is_own_of_another =
          std::any_of(n.edges.begin(), n.edges.end(), [](const Edge& e) { return e.phone; });
      if (owners.empty() || is_own_of_another) continue;
      const bool points_elsewhere =
          std::any_of(n.edges.begin(), n.edges.end(), [&](const Edge& e) { return !owners.contains(e.to); });
      n.torn = owners.size() > 1 || points_elsewhere;
      if (n.torn) continue;
      n.owner = *owners.begin();
      std::erase_if(nodes_[*n.owner].edges, [&](const Edge& e) { return e.to == i; });
    }
  }

  static const Edge* single_best(const Node& n) {
    const Edge* best = nullptr;
    bool tied = false;
    for (const Edge& e : n.edges) {
      if (e.score.points == 0) continue;
      tied = best != nullptr &&
             (tied ? e.score.points <= best->score.points : e.score.points == best->score.points);
      if (best == nullptr || e.score.points > best->score.points) best = &e;
    }
    return tied ? nullptr : best;
  }

  // The phone says one person and the e-mail another: neither is believed.
  static bool keys_disagree(const Node& n) {
    bool by_phone = false, by_email = false, by_both = false;
    for (const Edge& e : n.edges) {
      if (e.score.points == 0) continue;
      by_both = by_both || (e.phone && e.email);
      by_phone = by_phone || (e.phone && !e.email);
      by_email = by_email || (e.email && !e.phone);
    }
    return by_phone && by_email && !by_both;
  }

  void link() {
    for (std::size_t c = 0; c < nodes_.size(); ++c) {
      Node& ctm = nodes_[c];
      if (ctm.side != Side::ctm || ctm.who.linked || ctm.torn) continue;
      const Edge* best = single_best(ctm);
      if (best == nullptr) continue;
      Node& highlevel = nodes_[best->to];
      const Edge* back = single_best(highlevel);
      if (highlevel.who.linked || back == nullptr || back->to != c) continue;
      if (keys_disagree(ctm) || keys_disagree(highlevel)) continue;
      if (best->score.points <= kPhoneAlone && !best->only_two) continue;
      ctm.partner = best->to;
      highlevel.partner = c;
      out_.links.push_back({ctm.who.pair, highlevel.who.pair, best->score.points, best->score.reason});
    }
  }

  // A number that is a contact's own, and that contact is known at CTM by another number: one person
  // with two, unless the names contradict or somebody else has a claim too (P44).
  void follow_own_numbers() {
    for (Node& n : nodes_) {
      if (n.side != Side::ctm || settled(n) || n.torn || n.owner || n.edges.size() != 1) continue;
      const Edge& only = n.edges.front();
      if (only.phone && only.score.points > 0 && settled(nodes_[only.to])) n.owner = only.to;
    }
  }

  bool settled(const Node& n) const { return n.who.linked || n.partner; }

  // The pair that a record is or has become part of; joined pairs keep the lower id.
  PairId pair_of(const Node& n) const {
    return n.partner ? std::min(n.who.pair, nodes_[*n.partner].who.pair) : n.who.pair;
  }

  std::optional<Doubt> doubt_of(const Node& n) const {
    const auto any = [&](auto test) { return std::any_of(n.edges.begin(), n.edges.end(), test); };
    const auto is_settled = [&](std::size_t i) { return settled(nodes_[i]); };
    if (any([](const Edge& e) { return e.apart; })) return Doubt::apart;
    if (n.crowded) return Doubt::crowded;
    if (n.owner) return std::nullopt;
    if (n.torn) return Doubt::torn;
    if (any([&](const Edge& e) { return is_settled(e.to); }) ||
        std::any_of(n.siblings.begin(), n.siblings.end(), is_settled))
      return Doubt::taken;
    if (keys_disagree(n)) return Doubt::torn_keys;
    if (any([](const Edge& e) { return e.score.points == 0; })) return Doubt::names;
    const bool twins = std::any_of(n.siblings.begin(), n.siblings.end(), [&](std::size_t i) {
      return !nodes_[i].owner;
    });  // an alias is not created
    if (!n.edges.empty() || twins) return Doubt::several;
    return std::nullopt;
  }

  std::string reason(Doubt doubt, const std::vector<std::size_t>& group) const {
    switch (doubt) {
      case Doubt::apart:
        return "a person keeps it apart from the record that has its phone or e-mail: it stays as it is";
      case Doubt::crowded:
        return fmt::format("more than {} records share its phone or e-mail", tuning::kMatchGroupMax);
      case Doubt::torn:
        return "its number is an additional phone of one contact and points at another one too";
      case Doubt::taken:
        return fmt::format("its phone or e-mail belongs to pair {}, which is linked", taken_by(group).row);
      case Doubt::torn_keys:
        return "its phone points at one record and its e-mail at another";
      case Doubt::names:
        return "same phone or e-mail, but the names differ";
      case Doubt::several:
        break;
    }
    return "several records share one phone or e-mail, and nothing else tells them apart";
  }

  PairId taken_by(const std::vector<std::size_t>& group) const {
    std::optional<PairId> lowest;
    const auto see = [&](std::size_t i) {
      if (settled(nodes_[i]) && (!lowest || pair_of(nodes_[i]) < *lowest)) lowest = pair_of(nodes_[i]);
    };
    for (const std::size_t member : group) {
      for (const Edge& e : nodes_[member].edges) see(e.to);
      for (const std::size_t s : nodes_[member].siblings) see(s);
    }
    return lowest.value_or(PairId{});
  }

  void collect() {
    std::vector<std::optional<Doubt>> doubts(nodes_.size());
    for (std::size_t i = 0; i < nodes_.size(); ++i)
      if (!settled(nodes_[i])) doubts[i] = doubt_of(nodes_[i]);
    for (std::size_t i = 0; i < nodes_.size(); ++i)  // whose contact is held waits with it
      if (nodes_[i].owner && doubts[*nodes_[i].owner]) {
        doubts[i] = Doubt::several;
        for (const std::size_t s : nodes_[i].siblings)
          if (!settled(nodes_[s]) && !nodes_[s].owner && !doubts[s]) doubts[s] = Doubt::several;
        nodes_[i].siblings.push_back(*nodes_[i].owner);
        nodes_[*nodes_[i].owner].siblings.push_back(i);
      }
    std::vector<bool> done(nodes_.size(), false);
    for (std::size_t i = 0; i < nodes_.size(); ++i) {
      const Node& n = nodes_[i];
      if (settled(n) || done[i]) continue;
      if (doubts[i]) {
        hold_group(i, doubts, done);
      } else if (n.owner) {
        out_.aliases.push_back({pair_of(nodes_[*n.owner]), n.who.pair,
                                n.edges.empty()
                                    ? "its number is an additional phone of the contact"
                                    : "its number is the contact's, who is linked by another one"});
      } else {
        out_.alone.push_back(n.who.pair);
      }
    }
  }

  void hold_group(std::size_t start, const std::vector<std::optional<Doubt>>& doubts,
                  std::vector<bool>& done) {
    std::vector<std::size_t> group{start};
    done[start] = true;
    Doubt worst = *doubts[start];
    for (std::size_t at = 0; at < group.size(); ++at) {
      const Node& n = nodes_[group[at]];
      worst = std::min(worst, *doubts[group[at]]);
      std::vector<std::size_t> near = n.siblings;
      for (const Edge& e : n.edges) near.push_back(e.to);
      for (const std::size_t next : near) {
        if (done[next] || !doubts[next]) continue;
        done[next] = true;
        group.push_back(next);
      }
    }
    std::sort(group.begin(), group.end());
    Hold hold{{}, reason(worst, group), worst == Doubt::apart};
    for (const std::size_t member : group) hold.pairs.push_back(nodes_[member].who.pair);
    out_.holds.push_back(std::move(hold));
  }

  const Apart& apart_;
  std::vector<Node> nodes_;
  Index phones_, additional_, emails_;
  Matches out_;
};

}  // namespace

Matches match(const std::vector<Candidate>& ctm, const std::vector<Candidate>& highlevel,
              const Apart& apart) {
  return Matcher(ctm, highlevel, apart).run();
}

}  // namespace tandem
