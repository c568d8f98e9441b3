// What people said, and who answers us: undo, erasure, what overrules the matching, aliases, oscillation.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <iterator>

#include "core/merge/undo.h"
#include "core/tuning.h"
#include "tests/scenario/soak/laws.h"
#include "tests/scenario/world_fields.h"

namespace tandem::soak {
namespace {
constexpr const char* kOverruled = "people overrule the matching";
constexpr const char* kErased = "erasure leaves a digest";
constexpr const char* kOscillation = "oscillation is held";
constexpr std::int64_t kHourMs = 60 * 60'000;
// Of one field of one person in an hour: the rounds that the breaker allows, and one on each side that was
// under way.
constexpr std::size_t kMostAnswered = tuning::kAnswersHeld + 2;
constexpr std::size_t kTellingLetters = 6;  // shorter values are many people's

bool is_number_of_a_contact(const Entry& e) { return e.field == "phone" || e.field == "additionalPhones"; }

std::string bytes_of(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}
}  // namespace

// ---- forget
// Whose erasure was approved is deleted by us, nobody else; afterwards nothing of ours reaches them.
void Laws::after_forget(const Entry& e) {
  if (e.action == "cascade") return;
  for (const Forgotten& f : life_.forgotten_) {
    if (f.done == 0 || e.seq < f.done) continue;
    bool theirs = (e.side == Side::ctm ? f.numbers : f.contacts).contains(e.person);
    if (e.side == Side::highlevel && e.action == "create")
      if (const auto made = life_.highlevel_.read(e.person))
        theirs = f.numbers.contains((*made)->at(Field::phone));
    if (theirs) life_.broken(kErased, name_of(e) + ": the person was forgotten before");
  }
}

bool Laws::may_be_forgotten(Side side, const std::string& id) {
  const bool asked = std::ranges::any_of(life_.forgotten_, [&](const Forgotten& f) {
    return (side == Side::ctm ? f.numbers : f.contacts).contains(id);
  });
  return asked && life_.allowed_.contains((side == Side::ctm ? "c:" : "h:") + id);
}

bool Laws::was_forgotten(const Entry& e) const {
  return std::ranges::any_of(life_.forgotten_, [&](const Forgotten& f) {
    return f.done > e.seq && (e.side == Side::ctm ? f.numbers : f.contacts).contains(e.person);
  });
}

bool Laws::is_erased(Side side, const std::string& id) {
  using Kind = Identity::Kind;
  auto& store = *life_.store_;
  if (!store.has_erased()) return false;
  if (store.is_erased(Kind::id, id)) return true;
  if (side == Side::ctm) return store.is_erased(Kind::phone, id);
  const auto contact = life_.highlevel_.read(id);
  if (!contact) return false;
  const std::string phone = (*contact)->at(Field::phone), email = lowered((*contact)->at(Field::email));
  return store.is_erased(Kind::id, phone) || store.is_erased(Kind::phone, phone) ||
         store.is_erased(Kind::email, email);
}

void Laws::note_forgotten() {
  for (Forgotten& f : life_.forgotten_) {
    if (f.done != 0) continue;
    if (const auto pair = life_.store_->pair(f.pair)) {
      if (!pair->resolutions.contains(Resolution::kForget)) continue;
      for (const Identity& i : life_.store_->identities(f.pair))
        if (i.kind == Identity::Kind::id) (i.side == Side::ctm ? f.numbers : f.contacts).insert(i.value);
      continue;
    }
    const auto erased = [&](const std::string& id) {
      return life_.store_->is_erased(Identity::Kind::id, id);
    };
    if (std::ranges::any_of(f.numbers, erased) || std::ranges::any_of(f.contacts, erased))
      f.done = life_.ledger_.now();
  }
}

// Nothing of them is kept, on neither side and in the state, unless people brought it back.
void Laws::forgotten_for_good() {
  const auto& all = life_.ledger_.entries();
  std::map<std::string, std::string> image;
  for (const Forgotten& f : life_.forgotten_) {
    if (f.done == 0) {
      removed_and_kept(f);
      continue;
    }
    const auto theirs = [&](const Entry& e) {
      return (e.side == Side::ctm ? f.numbers : f.contacts).contains(e.person);
    };
    const auto back = [&](const std::string& who) {
      return std::ranges::any_of(all, [&](const Entry& e) {
        return e.seq >= f.asked && !e.by_us() && e.person == who &&
               (e.action == "list_add" || e.action == "restore" || e.action == "create");
      });
    };
    for (const auto& id : f.contacts)
      if (life_.highlevel_.read(id) && !back(id))
        life_.broken(kErased, fmt::format("pair {} is forgotten, contact {} is there", f.pair.row, id));
    for (const auto& number : f.numbers)
      if (!rows_of(number).empty() && !back(number))
        life_.broken(kErased,
                     fmt::format("pair {} is forgotten, the row of {} is there", f.pair.row, number));

    // Whom people restored shows all of it again, under another id maybe, and no log tells what.
    if (std::ranges::any_of(all, [&](const Entry& e) { return e.seq >= f.asked && e.action == "restore"; }))
      continue;
    std::set<std::string> values, others;
    for (const Entry& e : all) {
      if (e.person.empty() || (theirs(e) && e.seq >= f.done)) continue;
      for (const auto& word : e.is)
        if (word.size() >= kTellingLetters) (theirs(e) && is_kept(e.field) ? values : others).insert(word);
    }
    // A contact's id stays where a listing showed it after its deletion: it is passed over by it.
    for (const auto& number : f.numbers) values.insert(number);
    if (image.empty()) image = state_text();
    for (const auto& value : values) {
      const bool shared = std::ranges::any_of(
          others, [&](const auto& other) { return other.find(value) != std::string::npos; });
      const auto found = std::ranges::find_if(
          image, [&](const auto& part) { return part.second.find(value) != std::string::npos; });
      if (!shared && found != image.end())
        life_.broken(kErased, fmt::format("pair {} is forgotten, '{}' is still in {}", f.pair.row, value,
                                          found->first));
    }
  }
}

// Approved and removed on both sides, and the state keeps them.
void Laws::removed_and_kept(const Forgotten& f) {
  const auto here = [&](const Entry& e) {
    return (e.side == Side::ctm ? f.numbers : f.contacts).contains(e.person);
  };
  const bool removed = std::ranges::any_of(life_.ledger_.entries(), [&](const Entry& e) {
    return e.seq >= f.asked && e.by_us() && here(e) && may_be_forgotten(e.side, e.person) &&
           (e.action == "list_remove" || (e.side == Side::highlevel && e.action == "delete"));
  });
  const bool there =
      std::ranges::any_of(f.contacts,
                          [&](const auto& id) { return static_cast<bool>(life_.highlevel_.read(id)); }) ||
      std::ranges::any_of(f.numbers, [&](const auto& number) { return !rows_of(number).empty(); });
  if (removed && !there && life_.store_->pair(f.pair) && !excused(std::to_string(f.pair.row), ""))
    life_.broken(kErased,
                 fmt::format("pair {} was removed on both sides, and the state keeps it", f.pair.row));
}

// Every cell as text, by table; and the files as they lie on the disk. Lower case.
std::map<std::string, std::string> Laws::state_text() {
  std::map<std::string, std::string> text;
  for (const auto& table : life_.rows("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY 1")) {
    std::string& cells = text["table " + table[0]];
    for (const auto& row : life_.rows("SELECT * FROM " + table[0]))
      for (const auto& cell : row) cells += lowered(cell) + "\n+" + lowered(cell) + "\n";  // a number as such
  }
  for (const char* tail : {"", "-wal"})
    text[fmt::format("the file{}", tail)] = lowered(bytes_of(life_.file_ + tail));
  return text;
}

bool Laws::is_kept(const std::string& field) {
  return field == "name" || field == "phone" || field == "custom:project_kind" ||
         std::ranges::any_of(kCtmKeys, [&](const auto& entry) { return entry.first == field; });
}

// ---- link, unlink, keep_apart
void Laws::rulings_hold() {
  auto& store = *life_.store_;
  if (life_.said_of_match_.empty()) return;
  const auto waiting = store.new_rulings();
  const auto& all = life_.ledger_.entries();
  for (Said& said : life_.said_of_match_) {
    if (std::ranges::any_of(waiting, [&](const Ruling& r) {
          return r.ctm.text == said.number && r.highlevel.text == said.contact;
        }))
      continue;
    const auto ctm = store.pair_of(Side::ctm, {said.number});
    const auto highlevel = store.pair_of(Side::highlevel, {said.contact});
    if (!ctm || !highlevel) continue;  // forgotten
    const bool one = *ctm == *highlevel, first = !said.done;
    said.done = true;
    if (said.kind != Ruling::Kind::link) {
      if (one)
        life_.broken(kOverruled,
                     fmt::format("{} and {} are one pair, and a person {}", said.number, said.contact,
                                 said.kind == Ruling::Kind::unlink ? "unlinked them" : "keeps them apart"));
      continue;
    }
    // A number that people gave to somebody since, or a contact that is gone, is another question.
    const bool moved_on = std::ranges::any_of(all, [&](const Entry& e) {
      if (e.seq < said.seq || e.by_us()) return false;
      if (e.side == Side::ctm) return e.person == said.number && (e.action == "merge" || e.field == "phone");
      const bool gone = e.person == said.contact && (e.action == "delete" || e.action == "merged_away" ||
                                                     e.action == "merge" || e.action == "restore");
      return gone || (is_number_of_a_contact(e) && e.action != "link" &&
                      (e.person == said.contact || e.new_text == said.number));
    });
    if (!one && !moved_on)
      life_.broken(kOverruled, fmt::format("{} and {} are {} one pair, and a person linked them", said.number,
                                           said.contact, first ? "not made" : "no longer"));
  }
}

// Who was unlinked is left as it is, on both sides.
void Laws::unlinked_is_left_alone(const Entry& e) {
  if (e.action == "cascade" || e.action == "delete" || e.action == "list_remove") return;
  for (const Said& said : life_.said_of_match_) {
    if (said.kind != Ruling::Kind::unlink || !said.done || e.seq < said.seq) continue;
    if (e.person != (e.side == Side::ctm ? said.number : said.contact)) continue;
    const bool ruled_again = std::ranges::any_of(life_.said_of_match_, [&](const Said& later) {
      return later.seq > said.seq && (later.number == said.number || later.contact == said.contact);
    });
    const bool merged = std::ranges::any_of(life_.ledger_.entries(), [&](const Entry& x) {
      return x.seq > said.seq && !x.by_us() && (x.action == "merge" || is_number_of_a_contact(x)) &&
             (x.person == said.number || x.person == said.contact || x.new_text == said.number);
    });
    if (!ruled_again && !merged) life_.broken(kOverruled, name_of(e) + ": a person unlinked it");
  }
}

// ---- P28
void Laws::p28_undo() {
  const auto& all = life_.ledger_.entries();
  for (const Undone& u : life_.undone_) {
    const auto contact = life_.highlevel_.read(u.contact);
    const std::string group = life_.ledger_.group_of("h:" + u.contact);
    if (!contact || u.unknown) continue;
    bool before = false, after = false, elsewhere = false, back = false;
    Words then = u.left;  // at HighLevel when it was undone
    for (std::size_t i = u.written + 1; i < all.size(); ++i) {
      const Entry& e = all[i];
      if (e.field != u.field || life_.ledger_.group_of(e) != group) continue;
      if (e.action == "resolve") {
        after = after || i >= u.asked;
        continue;
      }
      const bool same = e.side == Side::highlevel && e.person == u.contact && e.wire == u.wire;
      if (same && i < u.asked) then = e.is;
      if (!e.by_us()) (i < u.asked ? before : after) = true;
      if (i >= u.asked && e.by_us() && same && e.changes()) {
        elsewhere = true;
        back = back || (e.is == u.was && !u.was.empty() && e.was == then);
      }
    }
    const std::string pair =
        life_.cell("SELECT pair_id FROM v_pairs WHERE highlevel_id = ? AND state = 'linked'", {u.contact});
    if (after || pair.empty() || excused(pair, u.field) || moved(group)) continue;
    const Words now = u.field == "name" ? words_of("name", wire_value(u.contact, u.wire))
                                        : words_of(u.field, highlevel_value(u.contact, u.field));
    // Nobody touched it since the run: it is what it was.
    if (!before && then == u.left && u.was != u.left && now != u.was)
      life_.broken("P28 undo", fmt::format("run {} was undone, and {} of contact {} is '{}', not '{}'", u.run,
                                           u.wire, u.contact, fmt::join(now, " "), fmt::join(u.was, " ")));
    // Changed at HighLevel since the run: it stays.
    if (before && then != u.left && elsewhere && back)
      life_.broken("P28 undo", fmt::format("run {} was undone, and {} of contact {} lost a later edit", u.run,
                                           u.wire, u.contact));
  }
  for (const auto& row : life_.rows("SELECT field, coalesce(new_value, ''), coalesce(old_value, ''), run_id "
                                    "FROM v_history WHERE reason LIKE 'undo of run %'")) {
    const std::string value = row[0] == "tags" ? row[1] + row[2] : row[1];
    if (!life_.undo_writes_.contains({row[0], value}))
      life_.broken("P28 undo", fmt::format("run {} wrote {} in the name of an undo that does not have it",
                                           row[3], row[0]));
  }
}

std::string Laws::wire_value(const std::string& id, const std::string& wire) {
  const auto contact = life_.highlevel_.read(id);
  return (*contact)->at(wire == "firstName" ? Field::first_name : Field::last_name);
}

// ---- P44: what an alias says overwrites nothing that the person's own number, or HighLevel, said.
void Laws::p44_alias(const Entry& e) {
  if (e.side != Side::highlevel || e.action != "update" || e.unseen || e.was.empty() || e.field == "phone")
    return;
  Ledger& ledger = life_.ledger_;
  const std::string pair = life_.cell(
      "SELECT pair_id FROM v_identities WHERE side = 'highlevel' AND kind = "
      "'id' AND value = ?",
      {e.person});
  std::set<std::string> aliases;
  std::string primary;
  for (const auto& row : life_.rows("SELECT value, role FROM v_identities WHERE pair_id = ? AND side = 'ctm' "
                                    "AND kind = 'id'",
                                    {pair})) {
    if (row[1] == "alias")
      aliases.insert(row[0]);
    else
      primary = row[0];
  }
  if (aliases.empty() || primary.empty() || life_.forgot_) return;
  const std::string group = ledger.group_of(e);
  for (const auto& word : e.gained()) {
    bool by_alias = false, else_where = false;
    for (const Entry& x : ledger.entries()) {
      if (x.by_us() || ledger.group_of(x) != group) continue;
      const bool moves = (x.field == "phone" && !x.was.empty() && x.changes()) || x.action == "merge" ||
                         x.action == "merged_away" || x.action == "link" || x.action == "delete";
      if (moves) return;  // whose number it was then is another question
      if (x.field != e.field || !x.is.contains(word)) continue;
      (x.side == Side::ctm && aliases.contains(x.person) ? by_alias : else_where) = true;
    }
    if (by_alias && !else_where)
      life_.broken("P44 many numbers, one person", name_of(e) + ": only an alias ever said '" + word + "'");
  }
}

// ---- oscillation
void Laws::oscillation() {
  if (std::ranges::none_of(life_.ledger_.entries(), &Entry::answer)) return;
  struct Rounds {
    bool answered = false;
    std::vector<std::int64_t> at_ms;  // our writes that an answer was the reason for, in a row
    std::string person;
  };
  std::map<std::pair<std::string, std::string>, Rounds> fields;  // group, field
  for (const Entry& e : life_.ledger_.entries()) {
    Rounds& r = fields[{life_.ledger_.group_of(e), e.field}];
    if (life_.forgot_ && e.seq == life_.forgotten_at_)
      for (auto& [key, rounds] : fields) rounds = {};
    if (e.answer) {
      r.answered = true;
      if (e.side == Side::highlevel) r.person = e.person;
    } else if (!e.by_us()) {
      r = {};
    } else if (r.answered && e.changes() && e.action != "cascade" && e.action != "delete") {
      r.answered = false;
      r.at_ms.push_back(e.at_ms);
      const auto recent = std::ranges::count_if(r.at_ms, [&](auto at) { return at > e.at_ms - kHourMs; });
      if (static_cast<std::size_t>(recent) == kMostAnswered + 1)
        life_.broken(kOscillation, name_of(e) + fmt::format(": answered {} times within the hour", recent));
    }
  }
  // What is held says so.
  for (const auto& [key, r] : fields) {
    const auto& [group, field] = key;
    if (r.person.empty() || r.at_ms.size() < static_cast<std::size_t>(tuning::kAnswersHeld) || !r.answered ||
        r.at_ms.back() - r.at_ms.front() > kHourMs)
      continue;
    const std::string pair =
        life_.cell("SELECT pair_id FROM v_pairs WHERE highlevel_id = ? AND state = 'linked'", {r.person});
    if (pair.empty() || moved(group)) continue;
    bool told = false, open = false;
    for (const auto& row :
         life_.rows("SELECT field, policy FROM v_conflicts WHERE is_open = 1 AND pair_id = ?1 "
                    "UNION SELECT field, reason FROM v_parked WHERE pair_id = ?1",
                    {pair})) {
      const bool half = row[0] == "first_name" || row[0] == "last_name";
      if ((half ? "name" : row[0]) != field) continue;
      open = true;
      told = told || row[1].starts_with("oscillation");
    }
    if (open && !told)
      life_.broken(kOscillation, fmt::format("pair {}, {}: held after {} answers, and the reason is another",
                                             pair, field, r.at_ms.size()));
  }
}
}  // namespace tandem::soak
