// What must hold when faults are over and everything has settled.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <functional>
#include <map>

#include "core/model/normalise.h"
#include "core/tuning.h"
#include "tests/scenario/soak/laws.h"
#include "tests/scenario/world_fields.h"

namespace tandem::soak {
namespace {
constexpr std::int64_t kPastEveryLagMs = 65'000;
constexpr std::int64_t kSkewedMs = 4 * 60'000;  // our clock may be set so far in the middle of a proof
constexpr std::size_t kStatePages = 400;        // of 4 KiB, for a handful of people
constexpr const char* kBases = "SELECT pair_id, field, base_ctm, base_highlevel FROM v_fields ORDER BY 1, 2";
}  // namespace

void Laws::at_the_end() {
  p4_convergence();
  p4_nobody_left_alone();
  p9_no_open_intent();
  p12_absence();
  p17_tags();
  p38_rows();
  p3_quiescence();
  p16_conservation();
  p30_completeness();
  p31_redaction();
  p32_bounded();
  p43_nobody_dialled();
  p28_undo();
  oscillation();
  forgotten_for_good();
}

void Laws::p3_quiescence() {
  const auto before = life_.rows(kBases);
  const std::size_t writes = life_.api_writes();
  const std::string history = life_.cell("SELECT count(*) FROM v_history");
  for (const ReadKind kind : {ReadKind::delta, ReadKind::full}) {
    life_.clock_.tick(kPastEveryLagMs);
    const CycleReport r = life_.run_cycle(kind);
    if (r.remaining != 0) life_.broken("P3 quiescence", "work is left: " + r.summary());
  }
  if (life_.api_writes() != writes) life_.broken("P3 quiescence", "a quiet cycle wrote");
  if (life_.rows(kBases) != before) life_.broken("P3 quiescence", "a quiet cycle moved a base");
  if (life_.cell("SELECT count(*) FROM v_history") != history)
    life_.broken("P3 quiescence", "a quiet cycle made history");
}

// ---- P4
bool Laws::excused(const std::string& pair, const std::string& field) {
  const auto any = [&](const char* sql) { return life_.cell(sql, {pair}) != "0"; };
  if (any("SELECT count(*) FROM pending WHERE pair = ? AND (decision IS NULL OR decision = 1)")) return true;
  for (const auto& row : life_.rows("SELECT field FROM v_conflicts WHERE is_open = 1 AND pair_id = ?1 "
                                    "UNION SELECT field FROM v_parked WHERE pair_id = ?1",
                                    {pair})) {
    const bool half = row[0] == "first_name" || row[0] == "last_name";
    if (row[0].empty() || row[0] == "*" || row[0] == field || (half && field == "name")) return true;
  }
  return false;
}

void Laws::p4_convergence() {
  for (const auto& row :
       life_.rows("SELECT pair_id, ctm_id, highlevel_id FROM v_pairs WHERE state = 'linked' ORDER BY 1"))
    compare(row[0], row[1], row[2]);
}

void Laws::compare(const std::string& pair, const std::string& number, const std::string& id) {
  const auto found = life_.highlevel_.read(id);
  if (!found && life_.cell("SELECT count(*) FROM pending WHERE pair = ? AND decision IS NULL", {pair}) != "0")
    return;  // proved, and a person is asked
  if (!found)
    return life_.broken("P14 deletions are noticed",
                        fmt::format("pair {}: HighLevel has no contact {}", pair, id));
  auto& account = life_.ctm_.account();
  const bool rows_show_email = !life_.ctm_.switches().is("list_row_email", "absent");
  std::vector<const sim::CtmIdentity*> newest, everywhere;
  std::set<const sim::CtmIdentity*> without_email;
  if (const auto* last = account.newest_of(number); last != nullptr && !last->redacted)
    newest.push_back(&last->who);
  const auto listed = rows_of(number);
  for (const auto& row : listed) {
    newest.push_back(&row.who);
    if (!rows_show_email) without_email.insert(&row.who);
  }
  for (const auto& own : life_.rows(
           "SELECT value FROM v_identities WHERE pair_id = ? AND side = 'ctm' AND kind = 'id'", {pair}))
    for (const std::int64_t activity : account.activities_of(own[0]))
      everywhere.push_back(&account.activity(activity)->who);
  for (const auto& row : listed) everywhere.push_back(&row.who);
  // A list that lost everything is not believed, and what was redacted is nobody's any more.
  const bool redacted = std::ranges::any_of(
      life_.ledger_.entries(), [&](const Entry& e) { return e.action == "redact" && e.person == number; });
  const bool dropped = std::ranges::any_of(life_.ledger_.entries(), [&](const Entry& e) {
    return e.action == "list_remove" && !e.by_us() && e.person == number;
  });
  const bool unlisted = dropped && account.live_rows(life_.ctm_.sync_list()).empty();
  const auto state = life_.store_->pair({std::stoll(pair)});
  const bool half_forgotten = state && state->resolutions.contains(Resolution::kForget) &&
                              may_be_forgotten(Side::ctm, number);  // the other half waits, for an approval
  if (everywhere.empty() && (redacted || unlisted || half_forgotten)) return;
  if (everywhere.empty())
    return life_.broken("P4 convergence",
                        fmt::format("pair {}: CTM knows nothing of its number {}", pair, number));
  // What an add that met a row nobody saw yet did not change there, an e-mail that no row shows, is not
  // known.
  const bool met = std::ranges::any_of(life_.ledger_.entries(),
                                       [&](const Entry& e) { return e.person == number && added_unseen(e); });
  const bool by_person = life_
                             .rows(
                                 "SELECT 1 FROM v_pairs WHERE pair_id = ? AND reason LIKE 'linked by a "
                                 "person%'",
                                 {pair})
                             .size() == 1;  // a first meeting, at which what no row shows is not sent (P37)
  const bool blind =
      !rows_show_email && (met || by_person || life_.ctm_.switches().is("add_contact_rejoin", "keeps_old"));
  const std::string group = life_.ledger_.group_of("h:" + id);
  const auto check = [&](const std::string& field, const std::string& theirs,
                         const std::function<std::string(const sim::CtmIdentity&)>& at_ctm) {
    if (!travels(field, Side::ctm) || !travels(field, Side::highlevel) || excused(pair, field)) return;
    if (field == "email" && blind) return;
    if (life_.blanked_.contains({id, field})) return;  // on one side alone, as it was before the undone run
    std::set<std::string> differing;
    for (const auto* who : newest) {
      const bool hidden = field == "email" && without_email.contains(who);
      if (const auto value = at_ctm(*who); !hidden && !value.empty() && value != theirs)
        differing.insert(value);
    }
    const bool shown = std::ranges::any_of(
        everywhere, [&](const auto* who) { return lowered(at_ctm(*who)) == lowered(theirs); });
    const bool silent = std::ranges::all_of(newest, [&](const auto* who) { return at_ctm(*who).empty(); });
    // Carriers' names and what tandem was told to leave are no difference.
    std::erase_if(differing, [&](const std::string& value) {
      const Words words = words_of(field, value);
      return std::ranges::all_of(words, [&](const auto& w) {
        return life_.ledger_.entered(group, field, w, life_.ledger_.now()) < 0;
      });
    });
    const bool cleared = life_.ledger_.cleared(group, field, life_.ledger_.now()) >= 0;
    // A part of a name that was taken away, where that does not travel.
    if (field == "name" && !(clears_travel(field, Side::ctm) && clears_travel(field, Side::highlevel)))
      std::erase_if(differing, [&](const std::string& value) {
        const Words a = words_of(field, value), b = words_of(field, theirs);
        return std::ranges::includes(a, b) || std::ranges::includes(b, a);
      });
    if (!differing.empty() && life_.policy_.correct_stale_identity && !theirs.empty())
      return life_.broken("P4 convergence",
                          fmt::format("pair {}, {}: CTM {} shows '{}', HighLevel {} '{}'", pair, field,
                                      number, fmt::join(differing, "', '"), id, theirs));
    if (theirs.empty() && !differing.empty() && life_.policy_.correct_stale_identity &&
        !((cleared || moved(group)) && !clears_travel(field, Side::ctm)))
      return life_.broken("P4 convergence",
                          fmt::format("pair {}, {}: HighLevel {} is blank, CTM {} shows '{}'", pair, field,
                                      id, number, fmt::join(differing, "', '")));
    if (!theirs.empty() && silent && !shown && !unlisted && !redacted &&
        life_.policy_.correct_stale_identity && !(cleared && !clears_travel(field, Side::highlevel)))
      life_.broken("P4 convergence",
                   fmt::format("pair {}, {}: HighLevel {} says '{}', CTM {} says it nowhere", pair, field, id,
                               theirs, number));
  };
  check("name",
        join_name(canonical_name(highlevel_value(id, "first_name")),
                  canonical_name(highlevel_value(id, "last_name"))),
        [](const auto& who) { return canonical_name(who.name); });
  for (const auto& rule : life_.policy_.mapping.rules()) {
    for (const auto& entry : kCtmKeys) {
      if (rule.name != entry.first || rule.name == "country") continue;
      const auto& key = entry.second;
      const auto canonical = [&](Side side, const std::string& text) {
        const FieldMap native =
            life_.policy_.mapping.normalise(side, {{rule.native[side], sim::wire_text(text)}});
        return value_of(life_.policy_.mapping.project(side, native, {}), rule.name).text();
      };
      check(rule.name, canonical(Side::highlevel, highlevel_value(id, rule.name)),
            [&](const auto& who) { return canonical(Side::ctm, sim::ctm_value(who, key)); });
    }
  }
  // A number that people gave the contact is one of its keys, unless somebody else shows it (P39).
  const std::string phone = highlevel_value(id, "phone");
  if (phone.empty() || phone == number || excused(pair, "phone")) return;
  // Given before anybody could see the contact, it is one of two numbers at first meeting.
  std::ptrdiff_t first_seen = -1;
  for (const Entry& e : life_.ledger_.entries())
    if (e.side == Side::highlevel && e.person == id && e.action == "create" && !e.by_us())
      first_seen = visible_from(e);
  const bool given = std::ranges::any_of(life_.ledger_.entries(), [&](const Entry& e) {
    return e.side == Side::highlevel && e.person == id && e.action == "update" && e.field == "phone" &&
           !e.by_us() && e.changes() && visible_from(e) > first_seen &&
           (!life_.forgot_ || std::ranges::any_of(life_.completed_at_ms_, [&](std::int64_t began) {
             return began >= life_.forgotten_ms_ && began < e.at_ms;
           }));
  });
  const bool known =
      life_.cell("SELECT count(*) FROM v_identities WHERE side = 'ctm' AND kind = 'id' AND value = ?",
                 {phone}) != "0";
  if (given && !known)
    life_.broken("P39 a new number is a new key",
                 fmt::format("pair {}: keyed {}, HighLevel {} says {}", pair, number, id, phone));
}

// Everybody has a counterpart, or a reason that a person can read.
void Laws::p4_nobody_left_alone() {
  for (const auto& row :
       life_.rows("SELECT pair_id, coalesce(ctm_id, ''), coalesce(highlevel_id, ''), state FROM v_pairs "
                  "WHERE state IN ('ctm_only', 'highlevel_only') ORDER BY 1")) {
    const bool at_ctm = row[3] == "ctm_only";
    const Side on = at_ctm ? Side::highlevel : Side::ctm;
    if (!life_.policy_.create[on] || excused(row[0], "")) continue;
    if (!at_ctm) {
      const auto contact = life_.highlevel_.read(row[2]);
      if (!contact || !(*contact)->at(Field::phone).starts_with("+")) continue;
    } else if (rows_of(row[1]).empty() && life_.ctm_.account().newest_of(row[1]) == nullptr) {
      continue;
    }
    const bool number_is_taken =  // by a person's word, and that is the reason
        std::ranges::any_of(life_.said_of_match_, [&](const Said& said) {
          const auto contact = life_.highlevel_.read(row[2]);
          return said.kind == Ruling::Kind::link && contact && (*contact)->at(Field::phone) == said.number &&
                 said.contact != row[2];
        });
    if (number_is_taken) continue;
    const FieldRule* phone = life_.policy_.mapping.find("phone");
    if (!flows_to(phone->direction, on)) continue;
    life_.broken("P4 convergence",
                 fmt::format("pair {} ({}{}) stays {} without a reason", row[0], row[1], row[2], row[3]));
  }
}

void Laws::p9_no_open_intent() {
  for (const auto& intent : life_.store_->open_intents())
    life_.broken("P9 crash refinement",
                 fmt::format("{} of pair {} is open for ever", to_text(intent.write.kind), intent.pair.row));
}

// P12: who is still there was not declared gone.
void Laws::p12_absence() {
  for (const auto& row : life_.rows(
           "SELECT pair_id, coalesce(ctm_id, ''), coalesce(highlevel_id, ''), state, reason FROM v_pairs "
           "WHERE state IN ('tombstone', 'ignored') ORDER BY 1")) {
    const bool left = row[4].find("list") != std::string::npos;
    if (row[3] == "tombstone" && !row[2].empty() && life_.highlevel_.read(row[2]))
      life_.broken("P12 absence is not deletion",
                   fmt::format("pair {}: contact {} is alive ({})", row[0], row[2], row[4]));
    if (row[3] == "ignored" && left && !row[1].empty() && !rows_of(row[1]).empty())
      life_.broken("P12 absence is not deletion",
                   fmt::format("pair {}: the row of {} is there ({})", row[0], row[1], row[4]));
  }
}

// P16: what we overwrote can be had again.
void Laws::p16_conservation() {
  std::set<std::string> told;
  const auto& all = life_.ledger_.entries();
  for (std::size_t i = life_.forgot_ ? life_.forgotten_at_ : 0; i < all.size(); ++i) {
    const Entry e = all[i];
    if (!e.by_us() || e.unseen || e.old_text.empty() || e.old_text == e.new_text || was_forgotten(e) ||
        audited(e))
      continue;
    if (told.insert(name_of(e)).second)
      life_.broken("P16 conflict conservation", name_of(e) + ": no history row has it");
  }
}

bool Laws::audited(const Entry& e) {
  std::string field;
  if (e.field == "name" || e.field == "tags" || e.field == "phone") field = e.field;
  for (const auto& [name, key] : kCtmKeys)
    if (e.field == name) field = name;
  for (const auto& [name, key] : kHighLevelFields)
    if (e.field == name) field = name;
  if (field.empty()) return true;  // a list, the half of a name, what nobody maps
  // What a row never shows, nobody can keep (P37).
  if (field == "email" && e.side == Side::ctm && life_.ctm_.switches().is("list_row_email", "absent") &&
      e.action != "modify")
    return true;
  const auto& all = life_.ledger_.entries();
  Words back;
  if (e.side == Side::ctm && e.action == "delete") {  // a replace brings it back, or it stands elsewhere
    const std::string group = life_.ledger_.group_of(e);
    for (std::size_t i = e.seq + 1; i < all.size(); ++i)
      if (all[i].side == e.side && all[i].field == e.field && life_.ledger_.group_of(all[i]) == group) {
        if (all[i].by_us()) back.insert(all[i].is.begin(), all[i].is.end());
        // What CTM itself had kept is not in its log until somebody takes it away.
        if (!all[i].by_us()) back.insert(all[i].was.begin(), all[i].was.end());
      }
    for (const auto& row : life_.ctm_.account().live_rows(life_.ctm_.sync_list())) {
      const Words words = words_of("name", row.who.name);
      if (e.field == "name" && std::ranges::includes(words, e.was)) return true;
    }
  }
  // Wherever tandem wrote it down: the pair may have another id by now.
  std::set<std::string> kept;
  for (const auto& row :
       life_.rows("SELECT field, old_value FROM v_history WHERE old_value IS NOT NULL UNION "
                  "SELECT field, new_value FROM v_history WHERE new_value IS NOT NULL UNION "
                  "SELECT field, base FROM v_conflicts WHERE base IS NOT NULL UNION "
                  "SELECT field, ctm FROM v_conflicts WHERE ctm IS NOT NULL UNION "
                  "SELECT field, highlevel FROM v_conflicts WHERE highlevel IS NOT NULL")) {
    const bool half = row[0] == "first_name" || row[0] == "last_name";
    if ((half ? "name" : row[0]) != field) continue;
    for (const auto& word : words_of(field, row[1])) kept.insert(word);
  }
  const auto lost = e.lost();
  return std::ranges::all_of(lost, [&](const auto& word) {
    if (kept.contains(word) || back.contains(word)) return true;
    if (e.action != "cascade" && e.side != Side::ctm) return false;
    for (const std::int64_t id : life_.ctm_.account().activities_of(e.person)) {  // it stands elsewhere still
      const auto& who = life_.ctm_.account().activity(id)->who;
      if (field == "name" && words_of(field, who.name).contains(word)) return true;
      for (const auto& [name, key] : kCtmKeys)
        if (name == field && words_of(field, sim::ctm_value(who, key)).contains(word)) return true;
    }
    return life_.ledger_.entered(life_.ledger_.group_of(e), e.field, word, e.seq) < 0;  // the server's own
  });
}

// P17, P45: HighLevel's tags are the union over the calls of the person.
void Laws::p17_tags() {
  if (life_.policy_.tags != Direction::both) return;
  for (const auto& row :
       life_.rows("SELECT pair_id, highlevel_id FROM v_pairs WHERE state = 'linked' ORDER BY 1")) {
    const auto contact = life_.highlevel_.read(row[1]);
    // What HighLevel drops is not there, and that is all: it must only not be sent again and again (P3).
    if (!contact || excused(row[0], "tags") || life_.highlevel_.switches().on("zoo.drop_unknown_tag"))
      continue;
    std::vector<std::string> at_ctm;
    bool called = false;
    for (const auto& own : life_.rows(
             "SELECT value FROM v_identities WHERE pair_id = ? AND side = 'ctm' AND kind = 'id'", {row[0]}))
      for (const std::int64_t id : life_.ctm_.account().activities_of(own[0])) {
        const auto* activity = life_.ctm_.account().activity(id);
        called = called || !activity->redacted;
        for (const auto& tag : activity->tags_at(life_.ctm_.now())) at_ctm.push_back(tag);
      }
    TagSet ctm = canonical_tags(at_ctm), highlevel = canonical_tags((*contact)->tags);
    const std::string group = life_.ledger_.group_of("h:" + row[1]);
    for (const Entry& e : life_.ledger_.entries())  // hidden, and no more than that (P46)
      if (e.action == "redact" && e.field == "tags" && life_.ledger_.group_of(e) == group)
        for (const auto& tag : e.lost()) ctm.erase(tag), highlevel.erase(tag);
    if (called && ctm != highlevel)
      life_.broken("P17 tag algebra", fmt::format("pair {}: CTM has [{}], HighLevel {} has [{}]", row[0],
                                                  fmt::join(ctm, ", "), row[1], fmt::join(highlevel, ", ")));
  }
}

// P30: every id is in exactly one pair.
void Laws::p30_completeness() {
  std::map<std::pair<std::string, std::string>, int> pairs;
  for (const auto& row : life_.rows("SELECT side, value FROM v_identities WHERE kind = 'id'"))
    ++pairs[{row[0], row[1]}];
  const auto own = own_numbers();
  const auto check = [&](const char* side, const std::string& id) {
    const int n = pairs[{side, id}];
    if (n != 1 && !(n == 0 && is_erased(side == std::string_view("ctm") ? Side::ctm : Side::highlevel, id)))
      life_.broken("P30 completeness", fmt::format("{} {} is in {} pairs", side, id, n));
  };
  for (const auto& contact : life_.highlevel_.contacts()) check("highlevel", contact->id);
  for (const auto& row : life_.ctm_.account().live_rows(life_.ctm_.sync_list()))
    if (!own.contains(row.membership.number)) check("ctm", row.membership.number);
}

// P31: nothing that the cycles say shows a value of anybody.
void Laws::p31_redaction() {
  std::set<std::string> values;
  for (const auto& e : life_.ledger_.entries())
    for (const auto& word : e.is)
      if (word.size() > 5 && e.action != "create" &&  // a custom field's own name is no value
          (e.field == "name" || canonical_of(e.side, e.field, life_.highlevel_) == e.field))
        values.insert(word);
  for (const auto& line : life_.said_) {
    const std::string low = lowered(line);
    for (const auto& value : values)
      if (low.find(value) != std::string::npos && low.find("/" + value) == std::string::npos)
        life_.broken("P31 redaction", "'" + value + "' is in: " + line);
  }
}

void Laws::p32_bounded() {
  const auto pages = life_.cell("SELECT page_count FROM pragma_page_count()");
  if (!pages.empty() && std::stoul(pages) > kStatePages)
    life_.broken("P32 bounded state", pages + " pages for a handful of people");
}

// P38, P39: a row we took away is back, unless it was ours and its person has another number or is gone.
void Laws::p38_rows() {
  std::map<std::string, bool> removed_by_us, made_by_us;
  std::map<std::string, std::int64_t> removed_at_ms;
  for (const auto& e : life_.ledger_.entries()) {
    if (e.side != Side::ctm) continue;
    if (e.action == "list_add") {
      // A replace keeps who made the row.
      if (!(e.by_us() && removed_by_us[e.person])) made_by_us[e.person] = e.by_us();
      // A cycle that adds it again before the index shows it cannot know that it was there.
      if (added_unseen(e)) made_by_us[e.person] = true;
      removed_by_us[e.person] = false;
    }
    if (e.action == "list_remove") {
      removed_by_us[e.person] = e.by_us();
      removed_at_ms[e.person] = e.at_ms;
    }
  }
  for (const auto& [person, ours] : removed_by_us) {
    // With the state went the note of what was under way.
    if (life_.forgot_ && removed_at_ms[person] < life_.forgotten_ms_) continue;
    const std::string& number = person;  // a structured binding cannot be captured by every compiler
    if (!ours || !rows_of(number).empty()) continue;
    if (may_be_forgotten(Side::ctm, number)) continue;  // its contact may wait for an approval of its own
    // Whose number it is now may be a question that waits for a person.
    const bool alive = std::ranges::any_of(life_.highlevel_.contacts(), [&](const auto& c) {
      const bool restored = std::ranges::any_of(life_.ledger_.entries(), [&](const Entry& e) {
        return e.person == c->id &&
               (e.action == "restore" || (e.action == "create" && e.by_us()) ||
                (e.field == "phone" && e.new_text == number)) &&
               e.at_ms > removed_at_ms[number];  // made, restored or given the number since
      });
      return !restored && c->at(Field::phone) == number &&
             life_.cell("SELECT count(*) FROM v_pairs WHERE highlevel_id = ? AND state = 'held'", {c->id}) ==
                 "0";
    });
    if (alive || !(made_by_us[number] || may_be_removed(number, removed_at_ms[number])))
      life_.broken("P38 replace without a hole",
                   fmt::format("the row of {} was taken away by us and is not back ({})", number,
                               made_by_us[number] ? "made by us" : "made by people"));
  }
}

// P12, P14: its contact was deleted by people, long enough before for a proof, and that is to travel.
bool Laws::may_be_removed(const std::string& number, std::int64_t at_ms) {
  const Policy& policy = life_.policy_;
  if (may_be_forgotten(Side::ctm, number)) return true;
  if (policy.on_delete.highlevel != OnDelete::propagate && !life_.allowed_.contains("c:" + number))
    return false;
  const std::string group = life_.ledger_.group_of("c:" + number);
  return std::ranges::any_of(life_.ledger_.entries(), [&](const Entry& e) {
    return e.side == Side::highlevel && e.action == "delete" && !e.by_us() &&
           e.at_ms + tuning::kDeletionProofMs - kSkewedMs <= at_ms && life_.ledger_.group_of(e) == group;
  });
}

void Laws::p43_nobody_dialled() {
  if (life_.ctm_.dial_attempts() != 0) life_.broken("P43 nobody is dialled", "somebody was dialled");
}

// ---- what they share
bool Laws::added_unseen(const Entry& e) const {
  if (e.by_us() || e.action != "list_add") return false;
  return std::ranges::any_of(life_.cycles_at_ms_, [&](std::int64_t at) {
    return at > e.at_ms && at <= e.at_ms + life_.ctm_.switches().number("index_lag_ms");
  });
}

std::vector<sim::CtmRow> Laws::rows_of(const std::string& number) {
  auto all = life_.ctm_.account().live_rows(life_.ctm_.sync_list());
  std::erase_if(all, [&](const sim::CtmRow& row) { return row.membership.number != number; });
  return all;
}

std::string Laws::highlevel_value(const std::string& id, const std::string& field) {
  const auto contact = life_.highlevel_.read(id);
  if (!contact) return "";
  for (const auto& [name, wire_field] : kHighLevelFields)
    if (name == field) return (*contact)->at(wire_field);
  const auto* defined = life_.highlevel_.definition(field == "custom:project_kind" ? "project_kind" : field);
  const auto value = defined == nullptr ? (*contact)->custom.end() : (*contact)->custom.find(defined->id);
  return value == (*contact)->custom.end() ? "" : sim::highlevel::to_text(value->second);
}
}  // namespace tandem::soak
