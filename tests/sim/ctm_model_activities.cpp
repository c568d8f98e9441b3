// Activities: how they come to be, what may be changed on them, and how far a change reaches.
#include <algorithm>
#include <cctype>
#include <tuple>

#include "tests/sim/ctm_model.h"
#include "tests/sim/ctm_phone.h"

namespace tandem::sim {
namespace {
std::string lower(std::string text) {
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

std::string place_name(const std::string& city, const std::string& state) {  // "Joliet", "IL" -> "Joliet Il"
  std::string region = lower(state);
  if (!region.empty()) region[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(region[0])));
  return city + (city.empty() || region.empty() ? "" : " ") + region;
}

std::string_view sid_prefix(std::string_view direction) {
  if (direction.starts_with("msg")) return "SM";
  if (direction == "form") return "FT";
  return direction == "chat" ? "CH" : "CA";
}
}  // namespace

CtmActivity* CtmAccount::find(std::int64_t activity_id) {
  const auto found = activities_.find(activity_id);
  return found == activities_.end() ? nullptr : found->second.get();
}

const CtmActivity* CtmAccount::activity(std::int64_t activity_id) const {
  const auto found = activities_.find(activity_id);
  return found == activities_.end() ? nullptr : found->second.get();
}

const CtmActivity* CtmAccount::activity_by_sid(std::string_view sid) const {
  const auto found = by_sid_.find(std::string(sid));
  return found == by_sid_.end() ? nullptr : activity(found->second);
}

const CtmActivity* CtmAccount::newest_of(std::string_view number) const {
  const auto found = calls_of_.find(std::string(number));
  return found == calls_of_.end() || found->second.empty() ? nullptr : activity(found->second.back().second);
}

std::vector<std::int64_t> CtmAccount::activities_of(std::string_view number) const {
  std::vector<std::int64_t> ids;
  const auto found = calls_of_.find(std::string(number));
  if (found == calls_of_.end()) return ids;
  for (const auto& [second, activity_id] : found->second) ids.push_back(activity_id);
  return ids;
}

void CtmAccount::reindex(CtmActivity& activity) {
  activity_index_.put({activity.start_ms / 1000, activity.id}, activity, due());
}

std::int64_t CtmAccount::record(std::string_view actor, const CtmNewActivity& given) {
  auto made = std::make_unique<CtmActivity>();
  CtmActivity& a = *made;
  a.id = world_.next_activity;
  world_.next_activity += 1 + static_cast<std::int64_t>(world_.random() % 90);
  a.direction = given.direction;
  a.sid = world_.opaque_id(sid_prefix(a.direction), 34);
  a.number = given.number;
  std::vector<const CtmOwnNumber*> tracking;
  for (const auto& own : numbers) {
    if (!own.receiving) tracking.push_back(&own);
  }
  const std::uint64_t pick = world_.random();
  if (!tracking.empty()) a.own_number = tracking[pick % tracking.size()]->number;
  a.cnam = given.cnam;
  a.tags.clear();
  a.final_tags = given.tags;
  a.notes = given.notes;
  a.message_body = given.message_body;
  a.summary = given.summary;
  a.agent_id = given.agent_id;
  a.form_name = given.form_name;
  a.form_fields = given.form_fields;
  a.transcript = given.transcript;
  a.answered = given.answered;
  a.voicemail = given.voicemail;

  const auto ring = static_cast<int>(3 + world_.random() % 22);
  const auto talk = static_cast<int>(20 + world_.random() % 580);
  const bool voice = a.direction == "inbound" || a.direction == "outbound";
  a.ring_s = !voice ? 0 : given.ring_s >= 0 ? given.ring_s : ring;
  a.talk_s = !voice || !(given.answered || given.voicemail) ? 0 : given.talk_s >= 0 ? given.talk_s : talk;
  const bool history = given.start_ms != 0 && given.start_ms < now();
  a.start_ms = given.start_ms != 0 ? given.start_ms : now();
  a.changed_ms = a.start_ms;
  a.end_ms = a.start_ms + (a.ring_s + a.talk_s) * 1000LL;
  a.ready_ms = a.end_ms + given.ready_after_s * 1000LL;
  if (!a.transcript.empty()) a.transcript_ms = a.end_ms + given.transcript_after_s * 1000LL;

  if (ctm_is_e164(a.number)) {
    const auto before = calls_of_.find(a.number);
    a.is_new_caller = before == calls_of_.end() || before->second.empty() ||
                      ActivityKey{a.start_ms / 1000, a.id} < before->second.front();
    CtmContact* contact = known(a.number);
    if (contact == nullptr) contact = &new_contact("server", a.number, false);
    contact->caller_name = !a.cnam.empty() ? a.cnam : place_name(given.city, given.state);
    if (given.updates_contact) {
      CtmPatch patch;
      if (!given.name.empty()) patch["name"] = given.name;
      if (!given.email.empty()) patch["email"] = given.email;
      for (const auto& [api_name, value] : given.custom) patch[std::string(kCtmCustom) + api_name] = value;
      edit_contact("server", "update", *contact, patch);
    }
    a.who = contact->who;
    if (a.who.country.empty() && a.number.starts_with("+1")) a.who.country = "US";
  }
  if (a.who.street.empty() && a.who.city.empty() && a.who.postal_code.empty()) {  // then the carrier's place
    a.who.city = given.city;
    a.who.state = given.state;
  }
  if (!given.name.empty()) a.who.name = given.name;
  if (!given.email.empty()) a.who.email = given.email;
  for (const auto& [api_name, value] : given.custom) a.who.custom[api_name] = value;
  if (a.who.name.empty()) a.who.name = !a.cnam.empty() ? a.cnam : place_name(given.city, given.state);

  if (ctm_is_e164(a.number)) {
    auto& calls = calls_of_[a.number];
    const ActivityKey key{a.start_ms / 1000, a.id};
    calls.insert(std::ranges::upper_bound(calls, key), key);
  }
  by_sid_[a.sid] = a.id;
  activity_index_.put({a.start_ms / 1000, a.id}, a, history ? now() : due());
  log(actor, "create", std::to_string(a.id), a.number);
  if (!history) {
    event(a.start_ms, "start", a.id);
    event(a.end_ms, "end_immediate", a.id);
    event(a.ready_ms, "end", a.id);
    if (a.transcript_ms != 0) event(a.transcript_ms, "transcript", a.id);
  }
  const std::int64_t activity_id = a.id;
  activities_[activity_id] = std::move(made);
  return activity_id;
}

CtmOutcome CtmAccount::modify(std::string_view actor, std::int64_t activity_id, const CtmPatch& patch) {
  CtmActivity* a = find(activity_id);
  if (a == nullptr) return {CtmCode::missing, "call not found", 0};
  if (a->redacted) return {CtmCode::refused, "call has been redacted", 0};
  const Switches& sw = world_.switches_;
  CtmPatch given = accepted(actor, patch);
  if (actor == "api" && !sw.on("modify.custom_fields")) {
    std::erase_if(given, [](const auto& entry) { return entry.first.starts_with(kCtmCustom); });
  }
  const std::string record = std::to_string(activity_id);
  bool changed = !apply(actor, "modify", record, a->number, a->who, given).empty();
  if (const auto notes = given.find("notes"); notes != given.end()) {
    if (a->notes != *notes->second) {
      log(actor, "modify", record, a->number, "notes", a->notes, *notes->second);
      a->notes = *notes->second;
      changed = true;
    }
    given.erase(notes);  // notes are the activity's own
  }
  if (changed) {
    a->changed_ms = now();
    reindex(*a);
  }
  if (!given.empty() && ctm_is_e164(a->number) && !sw.is("modify.scope", "activity_only")) {
    CtmContact* contact = known(a->number);
    if (contact == nullptr) contact = &new_contact("server", a->number, false);
    edit_contact(actor, "cascade", *contact, given);
  }
  contact_panel(actor, a->number, activity_id);
  return {CtmCode::ok, "", activity_id};
}

CtmOutcome CtmAccount::tag(std::string_view actor, std::int64_t activity_id, const std::string& text,
                           bool add) {
  CtmActivity* a = find(activity_id);
  if (a == nullptr) return {CtmCode::missing, "call not found", 0};
  if (text.empty()) return {CtmCode::refused, "tag is missing", 0};
  const std::string& rule = world_.switches_.text("tags.case");
  const std::string tag = rule == "lower" ? lower(text) : text;
  const auto same = [&](const std::string& other) {
    return rule == "keep" ? other == tag : lower(other) == lower(tag);
  };
  std::vector<std::string> held = a->tags;
  held.insert(held.end(), a->final_tags.begin(), a->final_tags.end());
  const auto found = std::ranges::find_if(held, same);
  if (add == (found != held.end())) {
    // Nothing to do, except that a tag of the flow shows before its time when a person adds it.
    if (add && std::ranges::find_if(a->tags, same) == a->tags.end()) {
      a->tags.push_back(*found);
      a->changed_ms = now();
      reindex(*a);
    }
    return {CtmCode::ok, "", activity_id};
  }
  if (add) {
    a->tags.push_back(tag);
    log(actor, "tag_add", std::to_string(activity_id), a->number, "tag_list", "", tag);
  } else {
    log(actor, "tag_remove", std::to_string(activity_id), a->number, "tag_list", *found, "");
    std::erase_if(a->tags, same);
    std::erase_if(a->final_tags, same);
  }
  a->changed_ms = now();
  reindex(*a);
  return {CtmCode::ok, "", activity_id};
}

CtmOutcome CtmAccount::score(std::string_view actor, std::int64_t activity_id,
                             const std::optional<CtmSale>& sale) {
  CtmActivity* a = find(activity_id);
  if (a == nullptr) return {CtmCode::missing, "call not found", 0};
  const auto shown = [](const std::optional<CtmSale>& s) {
    return s ? std::to_string(s->score) : std::string();
  };
  log(actor, "update", std::to_string(activity_id), a->number, "sale", shown(a->sale), shown(sale));
  a->sale = sale;
  a->changed_ms = now();
  reindex(*a);
  return {CtmCode::ok, "", activity_id};
}

// For good: identity, notes, tags, form and transcript go, the row stays.
CtmOutcome CtmAccount::redact(std::string_view actor, std::int64_t activity_id) {
  CtmActivity* a = find(activity_id);
  if (a == nullptr) return {CtmCode::missing, "call not found", 0};
  if (a->redacted) return {CtmCode::ok, "", activity_id};
  const std::string record = std::to_string(activity_id);
  const std::string number = a->number;
  CtmPatch blank;
  for (const char* field : {"name", "email", "street", "city", "state", "postal_code", "country"})
    blank[field] = "";
  for (const auto& [api_name, value] : a->who.custom) blank[std::string(kCtmCustom) + api_name] = "";
  apply(actor, "redact", record, number, a->who, blank);
  if (!a->notes.empty()) log(actor, "redact", record, number, "notes", a->notes);
  for (const auto& tag : a->tags_at(a->ready_ms)) log(actor, "redact", record, number, "tag_list", tag);
  log(actor, "redact", record, number, "number", number);
  a->redacted = true;
  for (std::string* text : {&a->number, &a->cnam, &a->notes, &a->message_body, &a->summary, &a->form_name}) {
    text->clear();
  }
  a->tags.clear();
  a->final_tags.clear();
  a->form_fields.clear();
  a->transcript.clear();
  a->transcript_ms = 0;
  a->changed_ms = now();
  reindex(*a);
  if (const auto calls = calls_of_.find(number); calls != calls_of_.end()) {
    std::erase(calls->second, ActivityKey{a->start_ms / 1000, a->id});
  }
  if (world_.switches_.is("redaction_scope", "activity+contact")) {
    if (CtmContact* contact = known(number)) {
      for (const auto& [api_name, value] : contact->who.custom)
        blank[std::string(kCtmCustom) + api_name] = "";
      contact->caller_name.clear();
      edit_contact(actor, "redact", *contact, blank);
    }
  }
  return {CtmCode::ok, "", activity_id};
}

std::size_t CtmAccount::redact_before(std::string_view actor, std::int64_t start_ms) {
  std::set<std::int64_t> due_ids;  // in order of id, or the log would depend on a hash table
  for (const auto& [activity_id, a] : activities_) {
    if (a->start_ms < start_ms && !a->redacted) due_ids.insert(activity_id);
  }
  for (const std::int64_t activity_id : due_ids) redact(actor, activity_id);
  return due_ids.size();
}

std::set<std::string> CtmAccount::tag_catalogue() const {
  std::set<std::string> all;
  for (const auto& [activity_id, a] : activities_) {
    all.insert(a->tags.begin(), a->tags.end());
    all.insert(a->final_tags.begin(), a->final_tags.end());
  }
  return all;
}
}  // namespace tandem::sim
