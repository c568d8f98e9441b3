// A person in front of tandem's own questions: what is decided there, what the matching is overruled in,
// what is undone and who is forgotten. Through the calls that the commands make.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "core/merge/undo.h"
#include "storage/sqlite/sqlite_decisions.h"
#include "tests/scenario/soak/life.h"
#include "tests/scenario/world_fields.h"

namespace tandem::soak {
namespace {
int number_at(const std::vector<std::string>& words, std::size_t at) {
  int number = 0;
  if (words.size() > at) std::from_chars(words[at].data(), words[at].data() + words[at].size(), number);
  return number;
}

std::string whole(const std::string& field) {
  return field == "first_name" || field == "last_name" ? "name" : field;
}

bool goes_back(const std::string& field) {
  constexpr std::string_view kNative[] = {"name", "custom:project_kind"};
  return field != "phone" && (std::ranges::count(kNative, field) > 0 ||
                              std::ranges::count(kHighLevelFields, field, [](const auto& known) {
                                return std::string(known.first);
                              }) > 0);
}
}  // namespace

bool Life::play_decision(const Words& w) {
  const std::string& verb = w.front();
  if ((verb == "approve" || verb == "reject") && w.size() == 2) {
    if (in_cycle_) return true;
    const auto groups = store_->pending_groups();
    if (groups.empty()) return true;
    const auto& group = groups[static_cast<std::size_t>(number_at(w, 1)) % groups.size()];
    SqliteDecisions person(file_);
    if (!person.decide(group.digest, verb == "approve" ? Decision::approved : Decision::rejected,
                       clock_.now_ms()))
      broken("P13 brakes", "a group of pending writes cannot be decided by its digest");
    approved_ = approved_ || verb == "approve";
    if (verb == "approve")
      for (const auto& own : rows("SELECT i.side, i.value FROM v_identities AS i JOIN pending AS p ON "
                                  "CAST(p.pair AS TEXT) = i.pair_id WHERE i.kind = 'id' AND p.decision = 0"))
        allowed_.insert((own[0] == "ctm" ? "c:" : "h:") + own[1]);
    return true;
  }
  if (verb == "forget" || verb == "undo" || verb == "link" || verb == "unlink" || verb == "keep_apart") {
    if (in_cycle_) return true;
    if (verb == "forget")
      ask_to_forget(w.at(1));
    else if (verb == "undo")
      undo_run(number_at(w, 1));
    else
      overrule(w);
    return true;
  }
  if (verb != "resolve" || w.size() < 3) return false;
  if (in_cycle_) return true;
  const auto open =
      rows("SELECT pair_id, field FROM v_conflicts WHERE is_open = 1 ORDER BY CAST(conflict_id AS INTEGER)");
  if (open.empty()) return true;
  const auto& chosen = open[static_cast<std::size_t>(number_at(w, 1)) % open.size()];
  const PairId id{std::stoll(chosen[0])};
  using Take = Resolution::Take;
  const Take take = w[2] == "ctm"         ? Take::ctm
                    : w[2] == "highlevel" ? Take::highlevel
                    : w[2] == "clear"     ? Take::clear
                                          : Take::value;
  const std::string value = take == Take::value && w.size() > 3 ? w[3] : "";
  const auto pair = store_->pair(id);
  if (!pair) return true;
  SqliteDecisions person(file_);
  if (!person.set_resolution(id, chosen[1], Resolution{take, value, pair->fields.at(chosen[1]).seen}))
    return true;
  trace(fmt::format("  pair {}, {}", id.row, chosen[1]));
  const auto& seen = pair->fields.at(chosen[1]).seen;
  for (const Side s : kSides)
    note_wanted(s, *pair, chosen[1], take == Take::ctm ? seen.highlevel.text() : seen.ctm.text(),
                take == Take::ctm         ? seen.ctm.text()
                : take == Take::highlevel ? seen.highlevel.text()
                                          : value);
  return true;
}

// From now on it is what a person wants there.
void Life::note_wanted(Side side, const PairState& pair, const std::string& field, const std::string& was,
                       const std::string& is) {
  Entry e;
  e.at_ms = clock_.true_ms();
  e.side = side;
  e.actor = "person";
  e.action = "resolve";
  e.person = pair.record[side].text;
  e.field = whole(field);
  e.old_text = was;
  e.new_text = is;
  ledger_.add(std::move(e));
}

// ---- link NUMBER REF, unlink REF, keep_apart NUMBER REF
void Life::overrule(const Words& w) {
  const std::string& verb = w.front();
  RecordId number{verb == "unlink" ? "" : number_of(w.at(1))}, id{contact_id(w.back())};
  const auto of_contact = store_->pair_of(Side::highlevel, id);
  if (!of_contact) return;
  if (verb == "unlink") {
    const PairState pair = *store_->pair(*of_contact);
    number = pair.record.ctm;
    id = pair.record.highlevel;
  }
  if (number.text.empty() || id.text.empty() || !store_->pair_of(Side::ctm, number)) return;
  const auto kind = verb == "link"     ? Ruling::Kind::link
                    : verb == "unlink" ? Ruling::Kind::unlink
                                       : Ruling::Kind::keep_apart;
  const bool one = store_->pair_of(Side::ctm, number) == of_contact;
  SqliteDecisions(file_).add_ruling(kind, number, id, clock_.now_ms());
  if (kind == Ruling::Kind::link || one) {  // one person, or one who becomes two: whose a value is, is open
    Entry e;
    e.at_ms = clock_.true_ms();
    e.side = Side::highlevel;
    e.actor = "person";
    e.action = verb;
    e.person = id.text;
    e.field = "additionalPhones";
    e.new_text = number.text;
    ledger_.add(std::move(e));
  }
  std::erase_if(said_of_match_, [&](const Said& old) {
    const bool same = old.number == number.text && old.contact == id.text;
    const bool other = old.number == number.text || old.contact == id.text;
    return same || (kind == Ruling::Kind::link && old.kind == kind && other);
  });
  said_of_match_.push_back({kind, number.text, id.text, ledger_.now(), false});
  trace(fmt::format("  {} and {}", number.text, id.text));
}

// ---- forget REF
void Life::ask_to_forget(const std::string& ref) {
  auto id = store_->pair_of(Side::highlevel, {contact_id(ref)});
  if (!id) id = store_->pair_of(Side::ctm, {number_of(ref)});
  if (!id) return;
  Resolution request;
  request.take = Resolution::Take::clear;
  if (!SqliteDecisions(file_).set_resolution(*id, std::string(Resolution::kForget), request)) return;
  trace(fmt::format("  pair {}", id->row));
  Forgotten asked;
  asked.pair = *id;
  asked.asked = ledger_.now();
  forgotten_.push_back(std::move(asked));
}

// ---- undo N: the Nth last run that wrote something
void Life::undo_run(int nth) {
  const auto runs = rows(
      "SELECT DISTINCT CAST(run_id AS INTEGER) FROM v_history WHERE action IN "
      "('create', 'update', 'delete', 'tag_add', 'tag_remove') ORDER BY 1 DESC");
  if (runs.empty()) return;
  const std::int64_t run = std::stoll(runs[static_cast<std::size_t>(nth) % runs.size()][0]);
  const auto present = [&](PairId id) { return store_->pair(id); };
  const Undo found = undo(run, store_->history_of(run), present);
  SqliteDecisions person(file_);
  for (const auto& [id, fields] : found.decisions) {
    const PairState pair = *store_->pair(id);
    for (const auto& [field, decision] : fields) {
      if (!person.set_resolution(id, field, decision)) continue;
      const bool is_value = decision.take == Resolution::Take::value;
      const bool is_tag = field.starts_with(Resolution::kTagPrefix);
      const std::string tag = is_tag ? field.substr(Resolution::kTagPrefix.size()) : "";
      undo_writes_.insert({is_tag ? "tags" : field, is_tag ? tag : is_value ? decision.value : ""});
      for (const Side s : kSides) {
        if (decision.only && *decision.only != s) continue;
        if (is_tag)
          note_wanted(s, pair, "tags", is_value ? "" : tag, is_value ? tag : "");
        else
          note_wanted(s, pair, field, pair.fields.at(field).seen[s].text(), is_value ? decision.value : "");
      }
      if (decision.only) blanked_.insert({pair.record.highlevel.text, whole(field)});
    }
  }
  trace(fmt::format("  run {}: {} writes, {} pairs", run, found.lines.size(), found.decisions.size()));
  note_undo(run);
}

// What P28 promises, from the systems' logs: the run's overwrites at HighLevel whose value is still there,
// and nobody touched the field since, are what they were; what was changed since stays.
void Life::note_undo(std::int64_t run) {
  const auto of = cycle_of_run_.find(run);
  if (of == cycle_of_run_.end()) return;
  std::map<std::pair<std::string, std::string>, Undone> written;  // contact, wire field
  const auto& all = ledger_.entries();
  for (const Entry& e : all) {
    if (e.cycle != of->second || !e.by_us() || e.side != Side::highlevel || e.action != "update" ||
        !e.changes() || !goes_back(e.field))
      continue;
    const auto [place, is_new] = written.try_emplace({e.person, e.wire});
    Undone& u = place->second;
    if (is_new) u = {run, e.seq, ledger_.now(), e.person, e.field, e.wire, e.was, {}, e.unseen};
    u.left = e.is;
    u.unknown = u.unknown || e.unseen;
  }
  for (auto& entry : written) {
    auto& u = entry.second;
    const auto both = std::ranges::any_of(all, [&](const Entry& x) {
      return x.by_us() && x.side == Side::ctm && x.cycle == of->second && x.field == u.field && x.changes() &&
             ledger_.group_of(x) == ledger_.group_of("h:" + u.contact);
    });
    const auto pair = store_->pair_of(Side::highlevel, {u.contact});
    const std::string of_pair = pair ? std::to_string(pair->row) : "";
    const bool told = rows(
                          "SELECT 1 FROM v_history WHERE run_id = ? AND record_id = ? AND pair_id = ? AND "
                          "action = 'update' AND side = 'highlevel' LIMIT 1",
                          {std::to_string(run), u.contact, of_pair})
                          .size() == 1;
    u.unknown = u.unknown || both || !told || store_->pair(*pair)->status != PairStatus::linked;
    undone_.push_back(u);
  }
}
}  // namespace tandem::soak
