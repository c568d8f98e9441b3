// What people do in a life: on either side and at the telephone.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <stdexcept>

#include "tests/scenario/soak/life.h"
#include "tests/scenario/world_fields.h"

namespace tandem::soak {
namespace {
using sim::highlevel::Actor;

struct Pair {
  std::string key, value;
};
Pair split(const std::string& word) {  // key=value
  const std::size_t eq = word.find('=');
  if (eq == std::string::npos) throw std::runtime_error("not KEY=VALUE: " + word);
  return {word.substr(0, eq), word.substr(eq + 1)};
}

int number_at(const std::vector<std::string>& words, std::size_t at, int otherwise = 0) {
  int number = otherwise;
  if (words.size() > at) std::from_chars(words[at].data(), words[at].data() + words[at].size(), number);
  return number;
}

bool is_on(const std::string& word) { return word == "on" || word == "yes"; }

sim::highlevel::Patch patch_of(const std::vector<Pair>& fields) {
  sim::highlevel::Patch patch;
  for (const auto& [key, value] : fields) {
    for (const auto& [name, field] : kHighLevelFields)
      if (name == key) patch.set(field, value);
    if (key == "custom:project_kind")
      patch.custom.push_back({"", "project_kind", sim::highlevel::CustomValue::of(value)});
  }
  return patch;
}

}  // namespace

std::string ctm_key(const std::string& field) {
  for (const auto& [name, key] : kCtmKeys)
    if (name == field) return std::string(key);
  return field;  // name
}

sim::highlevel::Patch patch_of(const std::string& field, const std::string& value) {
  return patch_of({{field, value}});
}

std::string Life::contact_id(const std::string& ref) {
  if (const auto named = contacts_.find(ref); named != contacts_.end())
    return highlevel_.read(named->second) ? named->second : "";
  for (const auto& contact : highlevel_.contacts())
    if (contact->at(Field::phone) == ref) return contact->id;
  return "";
}

std::string Life::number_of(const std::string& word) const {
  const auto& account = *ctm_.accounts().front();
  if (word == "tracking" || word == "receiving")
    for (const auto& own : account.numbers)
      if (own.receiving == (word == "receiving")) return own.number;
  if (word == "agent" && !account.users.empty()) return account.users.front().phone;
  return word;
}

const sim::CtmActivity* Life::newest(const std::string& number) { return ctm_.account().newest_of(number); }

void Life::rule(const std::string& field, const std::function<void(FieldRule&)>& change) {
  auto rules = policy_.mapping.rules();
  for (auto& one : rules)
    if (one.name == field) change(one);
  policy_.mapping = Mapping(std::move(rules), policy_.mapping.default_country());
}

// ---- the configuration and the network
bool Life::play_policy(const Words& w) {
  const std::string& verb = w.front();
  if (verb == "switch" && w.size() == 4) {
    (w[1] == "ctm" ? ctm_.switches() : highlevel_.switches()).set(w[2], w[3]);
  } else if (verb == "rule" && w.size() == 4) {
    const auto before = policy_.mapping;
    rule(w[1], [&](FieldRule& r) {
      if (w[2] == "conflict" && w[3] != "hold") ruled_.insert(w[1]);
      if (w[2] == "conflict") r.conflict = conflict_rule_from(w[3]).value();
      if (w[2] == "direction") r.direction = direction_from(w[3]).value();
      if (w[2] == "clears") r.clears = direction_from(w[3]).value();
    });
    // What `tandem check` refuses never runs.
    if (!policy_.mapping.check().empty()) policy_.mapping = before;
  } else if (verb == "policy" && w.size() >= 3) {
    if (w[1] == "tags") policy_.tags = direction_from(w[2]).value();
    if (w[1] == "create_in_ctm") policy_.create.ctm = is_on(w[2]);
    if (w[1] == "create_in_highlevel") policy_.create.highlevel = is_on(w[2]);
    if (w[1] == "caller_id_names") policy_.caller_id_names_fill = w[2] == "fill";
    if (w[1] == "stale_identity") policy_.correct_stale_identity = w[2] == "correct";
    if (w[1] == "first_run") policy_.first_run_ask = w[2] == "ask";
    if (w[1] == "after_delete")
      policy_.after_delete = w[2] == "ask"      ? AfterDelete::ask
                             : w[2] == "create" ? AfterDelete::create
                                                : AfterDelete::never;
    const auto on_delete = w[2] == "propagate" ? OnDelete::propagate
                           : w[2] == "keep"    ? OnDelete::keep
                                               : OnDelete::ask;
    if (w[1] == "deletes_from_ctm") policy_.on_delete.ctm = on_delete;
    if (w[1] == "deletes_from_highlevel") policy_.on_delete.highlevel = on_delete;
    if (w[1] == "brake_field") policy_.brake_field = {100, number_at(w, 2)};
    if (w[1] == "brake_deletes") policy_.brake_deletes = {100, number_at(w, 2)};
    if (w[1] == "brake_updates") policy_.brake_updates = {100, number_at(w, 2)};
    if (w[1] == "brake_creates") policy_.brake_creates = {100, number_at(w, 2)};
  } else if (verb == "fault" && w.size() >= 3) {  // SIDE KIND, then KEY=VALUE
    sim::Fault fault;
    if (!sim::fault_kind(w[2], fault.kind)) throw std::runtime_error("no fault is called " + w[2]);
    for (std::size_t i = 3; i < w.size(); ++i) {
      const auto [key, value] = split(w[i]);
      if (key == "method") fault.method = value;
      if (key == "path") fault.path_has = value;
      if (key == "ends") fault.path_ends = value;
      if (key == "skip") fault.skip = number_at({value}, 0);
      if (key == "times") fault.times = number_at({value}, 0, 1);
      if (key == "param") fault.param = number_at({value}, 0);
      if (key == "effect") fault.effect = is_on(value);
    }
    const Side side = w[1] == "ctm" ? Side::ctm : Side::highlevel;
    if (w[2] == "skip_page") holed_listings_.insert(side);
    wire(side).faults.add(fault);
  } else if ((verb == "unreachable" || verb == "revoked") && w.size() == 3) {
    auto& of = wire(w[1] == "ctm" ? Side::ctm : Side::highlevel);
    (verb == "revoked" ? of.revoked : of.answers_lost) = is_on(w[2]);
  } else {
    return false;
  }
  return true;
}

// ---- HighLevel
void Life::add_contact(const Words& w) {
  std::vector<Pair> fields;
  std::vector<std::string> tags;
  for (std::size_t i = 2; i < w.size(); ++i) {
    fields.push_back(split(w[i]));
    if (fields.back().key == "tag") tags.push_back(fields.back().value);
  }
  auto patch = patch_of(fields);
  if (!tags.empty()) patch.tags = tags;
  const auto made = highlevel_.create(patch, Actor::staff);
  if (made)
    contacts_[w[1]] = (*made)->id;
  else
    trace("  refused");
}

bool Life::play_highlevel(const Words& w) {
  const std::string& verb = w.front();
  if (verb == "contact" && w.size() > 2) {
    add_contact(w);
    return true;
  }
  if (w.size() < 2 ||
      !(verb == "edit_contact" || verb == "tag_contact" || verb == "untag_contact" ||
        verb == "delete_contact" || verb == "restore_contact" || verb == "merge_contacts" ||
        verb == "other_phone" || verb == "other_email" || verb == "swap_phones" || verb == "hide"))
    return false;
  if (verb == "restore_contact") {
    if (const auto named = contacts_.find(w[1]); named != contacts_.end())
      if (const auto back = highlevel_.restore(named->second)) named->second = (*back)->id;
    return true;
  }
  const std::string id = contact_id(w[1]);
  if (id.empty()) return true;
  bool done = true;
  if (verb == "edit_contact" && w.size() == 4) {
    done = static_cast<bool>(highlevel_.update(id, patch_of({{w[2], w[3]}}), Actor::staff));
  } else if (verb == "tag_contact" || verb == "untag_contact") {
    highlevel_.change_tags(id, {w.at(2)}, verb == "tag_contact", Actor::staff);
  } else if (verb == "delete_contact") {
    highlevel_.erase(id, Actor::staff);
  } else if (verb == "merge_contacts") {
    const std::string gone = contact_id(w.at(2));
    done = !gone.empty() && gone != id && static_cast<bool>(highlevel_.merge(id, gone));
    if (done) note_merged(id);
  } else if (verb == "hide") {  // it is there, and HighLevel says otherwise
    const std::int64_t until_ms = clock_.true_ms() + number_at(w, 3) * 1'000LL;
    if (w.at(2) == "listing")
      highlevel_.lose_from_index(id, until_ms);
    else
      denied_until_ms_[id] = until_ms;
  } else if (verb == "other_phone") {
    highlevel_.add_other_phone(id, w.at(2));
  } else if (verb == "other_email") {
    highlevel_.add_other_email(id, w.at(2));
  } else if (verb == "swap_phones") {  // by way of nothing: the location may refuse to have one twice
    const std::string second = contact_id(w.at(2));
    if (second.empty() || second == id) return true;
    const std::string one = (*highlevel_.read(id))->at(Field::phone);
    const std::string two = (*highlevel_.read(second))->at(Field::phone);
    const auto set = [&](const std::string& of, const std::string& phone) {
      return static_cast<bool>(highlevel_.update(of, patch_of({{"phone", phone}}), Actor::staff));
    };
    if (!one.empty() && !two.empty()) done = set(id, "") && set(second, one) && set(id, two);
  }
  if (!done) trace("  refused");
  return true;
}

// What a survivor took over, and the log does not tell.
void Life::note_merged(const std::string& id) {
  drain();
  const auto& now = **highlevel_.read(id);
  const auto add = [&](const std::string& field, const std::string& value) {
    Entry e;
    e.at_ms = clock_.true_ms();
    e.side = Side::highlevel;
    e.actor = "staff";
    e.action = "merge";
    e.record = e.person = id;
    e.field = field;
    e.new_text = value;
    ledger_.add(std::move(e));
  };
  for (const auto& tag : now.tags) add("tags", tag);
  for (const auto& phone : now.additional_phones) add("additionalPhones", phone);
  for (const auto& email : now.additional_emails) add("additionalEmails", email);
  for (const auto& [field, value] : now.custom) add("custom:project_kind", sim::highlevel::to_text(value));
}

// ---- CTM
void Life::add_call(const Words& w) {
  sim::CtmNewActivity made;
  made.number = number_of(w[1]);
  std::vector<Pair> shown;
  for (std::size_t i = 2; i < w.size(); ++i) {
    const auto [key, value] = split(w[i]);
    if (key == "name") made.name = value;
    if (key == "cnam") made.cnam = value;
    if (key == "email") made.email = value;
    if (key == "kind") made.direction = value;
    if (key == "updates_contact") made.updates_contact = is_on(value);
    if (key == "tag") made.tags.push_back(value);
    if (key == "custom:project_kind") made.custom["project_kind"] = value;
    shown.push_back({key, value});
  }
  const std::int64_t id = ctm_staff_.call(made);
  drain();
  const std::string group = ledger_.group_of("c:" + made.number);
  for (const auto& [key, value] : shown) {
    Entry e;
    e.at_ms = clock_.true_ms();
    e.side = Side::ctm;
    e.actor = "caller";
    e.action = "call";
    e.record = std::to_string(id);
    e.person = made.number;
    e.field = key == "cnam" ? "name" : key == "tag" ? "tags" : key;
    e.new_text = value;
    e.unconfirmed = key == "cnam";
    e.cycle = static_cast<int>(tally_.cycles);
    // A value that was there before is stale where it comes with a call, and nobody's news (P33).
    bool known = !e.unconfirmed && e.field != "tags" && !made.updates_contact;
    for (const auto& word : words_of(e.field, value))
      known = known && ledger_.entered(group, e.field, word, ledger_.now()) >= 0;
    if (!known) ledger_.add(std::move(e));
  }
  note_repeated(std::to_string(id), made.number, ctm_.account().activity(id)->who);
}

// A call, or a new row, shows what CTM's record of the person has. That is stale where a write of ours
// replaced it, and else as good as news (P33).
void Life::note_repeated(const std::string& record, const std::string& number,
                         const sim::CtmIdentity& shown) {
  const std::string group = ledger_.group_of("c:" + number);
  const auto repeat = [&](const std::string& field, const std::string& value) {
    const auto words = words_of(field, value);
    const bool replaced = std::ranges::any_of(ledger_.entries(), [&](const Entry& e) {
      return e.by_us() && e.side == Side::ctm && e.field == field && ledger_.group_of(e) == group &&
             std::ranges::any_of(e.lost(), [&](const auto& word) { return words.contains(word); });
    });
    if (words.empty() || replaced) return;
    Entry e;
    e.at_ms = clock_.true_ms();
    e.side = Side::ctm;
    e.actor = "server";
    e.action = "call";
    e.record = record;
    e.person = number;
    e.field = field;
    e.new_text = value;
    e.repeated = true;
    ledger_.add(std::move(e));
  };
  repeat("name", shown.name);
  for (const auto& [name, key] : kCtmKeys) repeat(std::string(name), sim::ctm_value(shown, key));
}

void Life::note_row(const std::string& number) {
  drain();
  for (const auto& row : ctm_.account().live_rows(ctm_.sync_list()))
    if (row.membership.number == number) note_repeated(std::to_string(row.membership.id), number, row.who);
}

bool Life::play_ctm(const Words& w) {
  const std::string& verb = w.front();
  if (w.size() < 2) return false;
  const std::string number = number_of(w[1]);
  const std::string& list = ctm_.sync_list();
  const auto* last = newest(number);
  sim::CtmOutcome done;
  if (verb == "call") {
    add_call(w);
  } else if (verb == "row") {
    sim::CtmPatch patch{{"number", number}};
    for (std::size_t i = 2; i < w.size(); ++i) {
      const auto [key, value] = split(w[i]);
      patch[ctm_key(key)] = value;
    }
    done = ctm_.account().add_contact("staff", list, patch);
    note_row(number);
  } else if (verb == "edit_row" && w.size() == 4) {
    done = ctm_staff_.edit_row(list, number, ctm_key(w[2]), w[3]);
  } else if (verb == "edit_person" && w.size() == 4) {
    done = ctm_staff_.edit_contact(number, ctm_key(w[2]), w[3]);
  } else if (verb == "edit_call" && w.size() == 4) {
    if (last != nullptr) done = ctm_staff_.edit_activity(last->id, ctm_key(w[2]), w[3]);
  } else if (verb == "edit_old_call" && w.size() == 4) {
    const auto all = ctm_.account().activities_of(number);
    if (!all.empty()) done = ctm_staff_.edit_activity(all.front(), ctm_key(w[2]), w[3]);
  } else if (verb == "tag_call" && w.size() == 3) {
    if (last != nullptr) done = ctm_staff_.tag(last->id, w[2]);
  } else if (verb == "untag_calls" && w.size() == 3) {
    for (const std::int64_t id : ctm_.account().activities_of(number)) ctm_staff_.untag(id, w[2]);
  } else if (verb == "drop_row") {
    done = ctm_staff_.remove_from_list(list, number);
  } else if (verb == "join_list") {
    done = ctm_staff_.add_to_list(list, number);
    note_row(number);
  } else if (verb == "delete_person") {
    done = ctm_staff_.delete_contact(number);
  } else if (verb == "merge_people" && w.size() == 3) {
    done = ctm_staff_.merge(number, w[2]);
  } else if (verb == "redact_call") {
    if (last != nullptr) done = ctm_staff_.redact(last->id);
  } else {
    return false;
  }
  if (!done.ok()) trace("  refused");
  return true;
}
}  // namespace tandem::soak
