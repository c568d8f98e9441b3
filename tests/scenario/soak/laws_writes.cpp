// What each single write of ours must answer for.
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "core/model/normalise.h"
#include "tests/scenario/soak/laws.h"

namespace tandem::soak {
namespace {
constexpr std::string_view kFields[] = {"name",  "email",       "phone",   "address1",           "city",
                                        "state", "postal_code", "company", "custom:project_kind"};
constexpr std::int64_t kIndexMs = 60'000;  // a search shows what is older than this
bool is_mapped(const std::string& field) { return std::ranges::count(kFields, field) > 0; }

// A replace takes a row away and brings it back under another contact; its parts are judged as a whole, at
// the end (P16, P38).
bool is_part_of_replace(const Entry& e) { return e.action == "delete" || e.action == "list_remove"; }
}  // namespace

bool is_not_yet(std::string_view law) { return std::ranges::count(kNotYet, law) > 0; }

std::string Laws::name_of(const Entry& e) const {
  return fmt::format("{} {} of {} ({}), {}: '{}' -> '{}'", to_text(e.side), e.action, e.record, e.person,
                     e.field, e.old_text, e.new_text);
}

void Laws::after_request(std::size_t from, const std::string& method, const std::string& path) {
  const bool dials = path.find("/formreactor") != std::string::npos ||
                     path.find("/sms") != std::string::npos || (method == "POST" && path == "/calls");
  if (dials) life_.broken("P43 nobody is dialled", method + " " + path);
  for (std::size_t i = from; i < life_.ledger_.now(); ++i) {
    const Entry e = life_.ledger_.entries()[i];
    if (!e.by_us()) continue;
    ++life_.tally_.writes;
    if (e.action == "create") p8_created_once(e);
    if (e.action == "create" || e.action == "list_add") p15_no_resurrection(e);
    if (e.action == "create" || e.action == "list_add" || e.field == "phone") p35_nobody(e);
    p12_deletes(e);
    p17_tag_calls(e);
    p40_opt_out(e);
    after_forget(e);
    unlinked_is_left_alone(e);
    if (!is_mapped(e.field) || is_part_of_replace(e) || !e.changes()) continue;
    p2_read_before(e);
    p11_echo(e);
    if (e.is.empty())
      p1_justified_clear(e);
    else
      p1_justified(e);
    p34_caller_id(e);
  }
}

// What needs the audit is asked when the cycle is over, or dead: the row is durable before the write.
void Laws::after_cycle(std::size_t from) {
  for (std::size_t i = from; i < life_.ledger_.now(); ++i) {
    const Entry e = life_.ledger_.entries()[i];
    if (!e.by_us() || !is_mapped(e.field) || is_part_of_replace(e) || !e.changes()) continue;
    p2_newer_wins(e);
    p23_brainwash(e);
    p44_alias(e);
  }
  note_forgotten();
  rulings_hold();
  p13_brakes(from);
  for (const auto& row : life_.rows("SELECT record_id FROM v_history WHERE action = 'gone'"))
    if (life_.agreed_.emplace(row[0], life_.ledger_.now()).second) p12_proof(row[0]);
}

// P1: what we write was entered by somebody, as this field of this person.
void Laws::p1_justified(const Entry& e) {
  if (e.field == "phone" || e.action == "cascade") return;
  Ledger& ledger = life_.ledger_;
  const std::string group = ledger.group_of(e);
  const bool cut = life_.highlevel_.switches().number("zoo.truncate_names") > 0;
  for (const auto& word : e.gained())
    if (ledger.entered(group, e.field, word, e.seq, true, cut) < 0)
      life_.broken("P1 justified writes",
                   name_of(e) + ": nobody ever entered '" + word + "' for that person");
}

// P1, P46: a blank over a value needs somebody who cleared it.
void Laws::p1_justified_clear(const Entry& e) {
  if (e.action == "cascade" || e.unseen) return;
  Ledger& ledger = life_.ledger_;
  const std::string group = ledger.group_of(e);
  if (!moved(group) && ledger.cleared(group, e.field, e.seq) < 0)
    life_.broken("P1 justified writes", name_of(e) + ": nobody cleared it");
}

// P2: what is written over was read by its id in this very cycle. (Rows have no id to read by.)
void Laws::p2_read_before(const Entry& e) {
  if (e.action != "update" && e.action != "modify") return;
  if (e.side == Side::ctm && e.action != "modify") return;
  const auto read = life_.readings_.find((e.side == Side::highlevel ? "h:" : "a:") + e.record);
  if (read == life_.readings_.end() || read->second.request <= life_.cycle_request_)
    life_.broken("P2 read right before", name_of(e) + ": its last reading was in an earlier cycle");
}

// P2, P33: what is overwritten is older than what is written, unless both were edited and the rule, or a
// person, decided so; then an audit row says it. Edits that no reading could show are counted, not judged.
void Laws::p2_newer_wins(const Entry& e) {
  if (e.unseen || e.lost().empty() || e.field == "phone") return;
  Ledger& ledger = life_.ledger_;
  const std::string group = ledger.group_of(e);
  if (ledger.contacts_of(group).size() > 1 || moved(group))
    return;  // whose value it is then is another question
  if (!travels(e.field, Side::ctm) || !travels(e.field, Side::highlevel)) return;
  if (!life_.policy_.correct_stale_identity) return;  // old values stay on purpose, and are shown again
  std::int64_t lost = -1, gained = -1;
  for (const auto& word : e.lost()) lost = std::max(lost, ledger.entered(group, e.field, word, e.seq));
  if (lost >= 0 && is_of_another_pair(e, ledger.entries()[static_cast<std::size_t>(lost)])) return;
  for (const auto& word : e.gained())
    gained = std::max(gained, ledger.entered(group, e.field, word, e.seq, true));
  if (e.gained().empty()) gained = ledger.cleared(group, e.field, e.seq);
  if (lost < 0 || gained >= lost || decided(e)) return;
  // A new state cannot know which of two things that CTM says of somebody was first.
  if (life_.forgot_ && e.side == Side::ctm &&
      std::ranges::all_of(e.gained(), [&](const auto& w) { return ledger.shown(e.side, group, e.field, w); }))
    return;
  // What comes to light later is the later edit, whenever it was made; and which of two edits of CTM that
  // come to light together was first, no reading can say.
  if (gained >= 0) {
    const Entry& old = ledger.entries()[static_cast<std::size_t>(lost)];
    const Entry& now = ledger.entries()[static_cast<std::size_t>(gained)];
    if (visible_from(now) > visible_from(old)) return;
    if (old.side == now.side && old.side == Side::ctm && visible_from(old) == visible_from(now)) return;
  }
  life_.broken(e.action == "cascade" ? "P2 cascade over an edit" : "P2 never over a newer edit",
               name_of(e) + fmt::format(": entered as entry {} of the ledger, and what replaced it as {}",
                                        lost, gained));
}

// P8: no second record of a number. What the system itself refuses, it refuses.
void Laws::p8_created_once(const Entry& e) {
  if (e.side != Side::highlevel) return;
  const auto made = life_.highlevel_.read(e.person);
  if (!made) return;
  const std::string phone = (*made)->at(sim::highlevel::Field::phone);
  for (const auto& other : life_.highlevel_.contacts()) {
    if (other->id == e.person || phone.empty() || other->at(sim::highlevel::Field::phone) != phone) continue;
    // Somebody typed it in just now, or while our request was on its way: no search can show it.
    const auto& all = life_.ledger_.entries();
    const bool too_new = std::ranges::any_of(all, [&](const Entry& x) {
      return !x.by_us() && x.side == e.side && x.person == other->id && x.at_ms + kIndexMs > e.at_ms &&
             (x.action == "create" || x.action == "restore" || x.field == "phone");
    });
    if (too_new)
      ++life_.tally_.unseen_twins;
    else
      life_.broken("P8 exactly-once creation",
                   fmt::format("contact {} was made though {} has {}", e.person, other->id, phone));
  }
}

// P11, P33: between two edits by people, no field of a record is written twice.
void Laws::p11_echo(const Entry& e) {
  if (e.action == "cascade" || e.action == "init" || e.field == "phone") return;
  Ledger& ledger = life_.ledger_;
  const std::string group = ledger.group_of(e);
  int same = 0, all = 0;
  for (std::size_t i = e.seq; i-- > 0;) {
    const Entry& before = ledger.entries()[i];
    if (!before.by_us() && ledger.group_of(before) == group) break;
    if (!before.by_us() || before.side != e.side || before.record != e.record || before.wire != e.wire ||
        before.action == "cascade" || before.action == "delete" || before.action == "init" ||
        !before.changes())
      continue;
    ++all;
    if (before.new_text == e.new_text && before.old_text == e.old_text) ++same;
  }
  if (same > 0 || all > 2)
    life_.broken("P11 echo suppression", name_of(e) + fmt::format(": written {} times", all + 1));
}

// P12: nothing is deleted because it was not seen, only who is to be forgotten. Rows of the list: see P38.
void Laws::p12_deletes(const Entry& e) {
  if (e.side != Side::highlevel || e.action != "delete" || may_be_forgotten(e.side, e.person)) return;
  life_.broken("P12 absence is not deletion", "contact " + e.person + " was deleted by us");
}

// P12: agreed, though nobody ever deleted it: a listing that missed it, or one answer, was believed.
void Laws::p12_proof(const std::string& contact) {
  const bool deleted = std::ranges::any_of(life_.ledger_.entries(), [&](const Entry& e) {
    return e.side == Side::highlevel && e.person == contact &&
           (e.action == "delete" || e.action == "merged_away");
  });
  if (!deleted && life_.highlevel_.read(contact))
    life_.broken("P12 absence is not deletion", "contact " + contact + " counts as deleted, and is there");
}

// P13: what is braked stays; nothing at all leaves before a first run is approved.
void Laws::p13_brakes(std::size_t from) {
  std::set<std::string> overwritten, created;
  std::map<std::string, std::set<std::string>> by_field;
  for (std::size_t i = from; i < life_.ledger_.now(); ++i) {
    const Entry& e = life_.ledger_.entries()[i];
    if (!e.by_us()) continue;
    if (life_.policy_.first_run_ask && !life_.approved_) {
      life_.broken("P13 brakes", name_of(e) + ": before the first run was approved");
      return;
    }
    if (e.side != Side::highlevel) continue;
    if (e.action == "create") created.insert(e.person);
    if (e.action == "update" && !e.was.empty() && e.changes() && !e.unseen) {
      overwritten.insert(e.person);
      by_field[e.wire].insert(e.person);
    }
  }
  if (life_.approved_) return;
  const auto judge = [&](const char* what, const std::set<std::string>& done, const Brake& brake) {
    if (brake.count > 0 && static_cast<std::int64_t>(done.size()) > brake.count)
      life_.broken("P13 brakes", fmt::format("{} contacts {} in one cycle, {} are allowed", done.size(), what,
                                             brake.count));
  };
  judge("overwritten", overwritten, life_.policy_.brake_updates);
  judge("created", created, life_.policy_.brake_creates);
  for (const auto& [field, contacts] : by_field)
    judge(("overwritten in " + field).c_str(), contacts, life_.policy_.brake_field);
}

// P15: who was deleted does not come back by itself, and a row that people took off the list stays off.
void Laws::p15_no_resurrection(const Entry& e) {
  const auto& all = life_.ledger_.entries();
  const std::size_t since = life_.forgot_ ? life_.forgotten_at_ : 0;  // a new state cannot know
  if (e.side == Side::ctm && e.action == "list_add") {
    bool off = false;
    const std::int64_t lag = life_.ctm_.switches().number("index_lag_ms");
    std::int64_t added_ms = since == 0 ? 0 : all[since - 1].at_ms;
    for (std::size_t i = since; i < e.seq; ++i) {
      const Entry& x = all[i];
      if (x.side == Side::ctm && x.person == e.person && x.action == "list_add") added_ms = x.at_ms;
      // A row that left before any reading could show it is one whose add did not arrive (P8).
      if (x.side == Side::ctm && x.person == e.person && x.action == "list_remove")
        off = !x.by_us() && e.at_ms > x.at_ms + lag &&  // a list that lags shows it still
              std::ranges::any_of(life_.completed_at_ms_, [&](std::int64_t began) {
                return began >= added_ms + lag && began < x.at_ms;
              });
      if (x.side == Side::ctm && x.person == e.person && x.action == "list_add") off = false;
      if (x.side == Side::highlevel && x.field == "phone" && !x.by_us() && x.new_text == e.person)
        off = false;
    }
    if (off)
      life_.broken("P22 scope stability",
                   "the row of " + e.person + " was taken off by people, and we put it back");
    return;
  }
  const auto made = life_.highlevel_.read(e.person);
  if (!made) return;
  const std::string phone = (*made)->at(sim::highlevel::Field::phone);
  std::string gone;  // whose deletion counts: nobody restored it, and no person gave the number to another
  std::size_t at = 0;
  bool ruled = false, news = false;
  for (std::size_t i = since; i < e.seq && !phone.empty(); ++i) {
    const Entry& x = all[i];
    if (x.side == Side::highlevel && !x.by_us() && x.action == "delete" && x.field.empty()) {
      const bool had = std::ranges::any_of(all, [&](const Entry& y) {
        return y.seq < x.seq && y.person == x.person && y.side == Side::highlevel && y.new_text == phone;
      });
      if (had) gone = x.person, at = i, news = false;
    }
    if (x.side == Side::highlevel && x.person == gone && x.action == "restore") gone.clear();
    if (x.side == Side::ctm && !x.by_us() && x.person == phone) news = true;
  }
  if (gone.empty()) return;
  const auto agreed = life_.agreed_.find(gone);
  if (agreed == life_.agreed_.end()) return;  // nobody knew of it, or nothing is agreed yet
  const std::size_t until = std::max(at, agreed->second);
  if (edited_unheard(phone, gone, until)) return;  // the edit beats the deletion (P14)
  const AfterDelete rule = life_.policy_.after_delete;
  ruled = rule == AfterDelete::create || (rule == AfterDelete::ask && life_.allowed_.contains("c:" + phone));
  if (!news || !ruled)
    life_.broken("P15 no resurrection",
                 fmt::format("contact {} was made for {}, whose contact {} people had deleted", e.person,
                             phone, gone));
}

// Something of the number at CTM that people set before `until`, and the contact never had.
bool Laws::edited_unheard(const std::string& number, const std::string& contact, std::size_t until) {
  const auto& all = life_.ledger_.entries();
  const std::string group = life_.ledger_.group_of("c:" + number);  // an old number's too
  for (std::size_t i = 0; i < std::min(until, all.size()); ++i) {
    const Entry& x = all[i];
    if (x.side != Side::ctm || x.by_us() || life_.ledger_.group_of(x) != group ||
        !(is_mapped(x.field) || x.field == "tags"))
      continue;
    const bool heard = std::ranges::any_of(all, [&](const Entry& y) {
      return y.side == Side::highlevel && y.person == contact && y.field == x.field && y.seq < until &&
             (x.field == "name" ? std::ranges::includes(x.is, y.is) && !y.is.empty() : y.is == x.is);
    });
    if (!heard) return true;
  }
  return false;
}

// P17: tags go one by one, each because somebody put it on or took it off.
void Laws::p17_tag_calls(const Entry& e) {
  if (e.field != "tags") return;
  Ledger& ledger = life_.ledger_;
  if (e.action != "tag_add" && e.action != "tag_remove" && e.action != "init" && e.action != "delete") {
    life_.broken("P17 tag algebra", name_of(e) + ": the whole set was written");
    return;
  }
  const std::string group = ledger.group_of(e);
  for (const auto& tag : e.gained())
    if (ledger.entered(group, "tags", tag, e.seq) < 0)
      life_.broken("P17 tag algebra", name_of(e) + ": nobody ever put it on");
  if (e.action != "tag_remove") return;
  for (const auto& tag : e.lost()) {
    const bool taken = std::ranges::any_of(ledger.entries(), [&](const Entry& x) {
      return x.seq < e.seq && !x.by_us() && x.field == "tags" && x.lost().contains(tag) &&
             ledger.group_of(x) == group;
    });
    if (!taken && !moved(group)) life_.broken("P17 tag algebra", name_of(e) + ": nobody took it off");
  }
}

// P23, P24: right after the state was lost, differing values are a conflict, not news.
void Laws::p23_brainwash(const Entry& e) {
  if (!life_.forgot_ || e.unseen || e.lost().empty() || e.action == "cascade" || e.field == "phone") return;
  Ledger& ledger = life_.ledger_;
  const std::string group = ledger.group_of(e);
  if (ledger.contacts_of(group).size() > 1 || moved(group)) return;
  if (!life_.policy_.correct_stale_identity || !travels(e.field, Side::ctm) ||
      !travels(e.field, Side::highlevel))
    return;
  const bool edited = std::any_of(
      ledger.entries().begin() + static_cast<std::ptrdiff_t>(life_.forgotten_at_),
      ledger.entries().begin() + static_cast<std::ptrdiff_t>(e.seq),
      [&](const Entry& x) { return !x.by_us() && x.field == e.field && ledger.group_of(x) == group; });
  if (edited || decided(e)) return;
  // Entered before, and shown by no listing of then: it comes to light as news.
  const bool late = std::ranges::any_of(e.gained(), [&](const auto& word) {
    const auto at = ledger.entered(group, e.field, word, e.seq);
    return at >= 0 && comes_late(ledger.entries()[static_cast<std::size_t>(at)]);
  });
  if (late) return;
  // CTM's own older words (an activity against its row) may be put right by what both sides agree on.
  const bool agreed =
      std::ranges::all_of(e.gained(), [&](const auto& w) { return ledger.shown(e.side, group, e.field, w); });
  if (e.side == Side::ctm && agreed) return;
  life_.broken(life_.went_back_ ? "P24 stale state" : "P23 brainwash safety",
               name_of(e) + ": nobody edited it since the state was lost");
}

// P34: the carrier's name fills a blank, and that only where the configuration says so.
void Laws::p34_caller_id(const Entry& e) {
  if (e.field != "name" || e.side != Side::highlevel) return;
  Ledger& ledger = life_.ledger_;
  const std::string group = ledger.group_of(e);
  for (const auto& word : e.gained()) {
    if (ledger.entered(group, "name", word, e.seq) >= 0 ||
        ledger.entered(group, "name", word, e.seq, true) < 0)
      continue;
    if (!life_.policy_.caller_id_names_fill)
      life_.broken("P34 caller-ID is not a name", name_of(e) + ": caller-ID names are to be ignored");
    else if (!e.was.empty())
      life_.broken("P34 caller-ID is not a name", name_of(e) + ": it was not blank");
  }
}

// P35: the account's own numbers and withheld ones are nobody.
void Laws::p35_nobody(const Entry& e) {
  const auto own = own_numbers();
  if (own.contains(e.person) || (e.field == "phone" && (own.contains(e.new_text) || e.new_text == "+")))
    life_.broken("P35 nobody is nobody", name_of(e));
}

// P40: no restriction is loosened by us.
void Laws::p40_opt_out(const Entry& e) {
  if (e.field.starts_with("dnd") || e.field == "opt_out")
    life_.broken("P40 opt-out only tightens", name_of(e));
}

// ---- what they share
// An e-mail that two callers have is each one's own.
bool Laws::is_of_another_pair(const Entry& write, const Entry& entered) {
  if (write.side != Side::ctm || entered.side != Side::ctm || write.person == entered.person) return false;
  const auto pair_of = [&](const std::string& number) {
    return life_.cell("SELECT pair_id FROM v_identities WHERE side = 'ctm' AND kind = 'id' AND value = ?",
                      {number});
  };
  return pair_of(write.person) != pair_of(entered.person);
}

bool Laws::decided(const Entry& e) {
  Ledger& ledger = life_.ledger_;
  for (const auto& row :
       life_.rows("SELECT field, ctm, highlevel, decided_by FROM v_conflicts WHERE decision <> 'held'")) {
    if (row[3] == "policy" && !life_.ruled_.contains(row[0])) continue;  // no rule says so
    const bool half = row[0] == "first_name" || row[0] == "last_name";
    if ((half ? "name" : row[0]) != e.field) continue;
    const Words theirs = words_of(e.field, row[e.side == Side::ctm ? 1 : 2]);
    for (const auto& word : e.lost())
      if (theirs.contains(word)) return true;
    // A cleared half of a name, or a clear that lost: nothing is left to look for.
    if (theirs.empty() && e.was.empty()) return true;
  }
  const std::string group = ledger.group_of(e);
  return std::ranges::any_of(ledger.entries(), [&](const Entry& x) {
    return x.action == "resolve" && x.field == e.field && x.seq < e.seq && ledger.group_of(x) == group;
  });
}

bool Laws::comes_late(const Entry& e) const {
  return life_.holed_listings_.contains(e.side) || lag_of(e.side) + e.at_ms > life_.forgotten_ms_;
}

std::int64_t Laws::lag_of(Side side) const {
  return side == Side::ctm ? life_.ctm_.switches().number("index_lag_ms")
                           : life_.highlevel_.switches().number("index_lag_ms") * 5 / 3;
}

std::ptrdiff_t Laws::visible_from(const Entry& e) const {
  const std::int64_t lag = lag_of(e.side);
  return std::ranges::count_if(life_.completed_at_ms_,
                               [&](std::int64_t began) { return began < e.at_ms + lag; });
}

bool Laws::travels(const std::string& field, Side to) const {
  const FieldRule* rule = life_.policy_.mapping.find(field == "name" ? "first_name" : field);
  if (rule == nullptr) return false;
  if (field == "name" && !flows_to(life_.policy_.mapping.find("last_name")->direction, to)) return false;
  return flows_to(rule->direction, to);
}

bool Laws::clears_travel(const std::string& field, Side to) const {
  const FieldRule* rule = life_.policy_.mapping.find(field == "name" ? "first_name" : field);
  if (rule == nullptr) return false;
  if (field == "name" && !flows_to(life_.policy_.mapping.find("last_name")->clears, to)) return false;
  return flows_to(rule->clears, to);
}

bool Laws::moved(const std::string& group) {
  Ledger& ledger = life_.ledger_;
  return std::ranges::any_of(ledger.entries(), [&](const Entry& x) {
    const bool moves = (x.field == "phone" && !x.was.empty() && x.changes()) || x.action == "merge" ||
                       x.action == "merged_away" || x.field == "additionalPhones";
    return moves && ledger.group_of(x) == group;
  });
}

std::set<std::string> Laws::own_numbers() const {
  std::set<std::string> own;
  const auto& account = *life_.ctm_.accounts().front();
  for (const auto& number : account.numbers) own.insert(number.number);
  for (const auto& user : account.users)
    if (!user.phone.empty()) own.insert(user.phone);
  return own;
}
}  // namespace tandem::soak
