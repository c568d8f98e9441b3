// An activity as JSON: one object for calls, texts, forms and chats, growing through its stages.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "tests/sim/ctm_phone.h"
#include "tests/sim/ctm_shape.h"
#include "tests/sim/ctm_shaper.h"

namespace tandem::sim {
namespace {
constexpr std::array<std::string_view, 7> kDays = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
constexpr std::array<std::string_view, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
constexpr std::string_view kRedacted = "[REDACTED]";

int twelve(int hour) { return hour % 12 == 0 ? 12 : hour % 12; }

std::string called_at(const CtmLocalTime& t) {  // no seconds: use unix_time
  const std::int64_t minutes = (t.offset_s < 0 ? -t.offset_s : t.offset_s) / 60;
  return fmt::format("{:04}-{:02}-{:02} {:02}:{:02} {} {}{:02}:{:02}", t.year, t.month, t.day, twelve(t.hour),
                     t.minute, t.hour < 12 ? "AM" : "PM", t.offset_s < 0 ? '-' : '+', minutes / 60,
                     minutes % 60);
}

void write_time(CtmShaper& shape, JsonOut& out, const CtmActivity& a, const CtmAccount& account,
                std::int64_t as_of_ms, std::int64_t lag_ms) {
  const CtmLocalTime t = account.zone().local(a.start_ms / 1000);
  shape.field("called_at", called_at(t));
  shape.field("unix_time", a.start_ms / 1000);
  shape.field("day", kDays[static_cast<std::size_t>(t.weekday)]);
  shape.field("month", kMonths[static_cast<std::size_t>(t.month - 1)]);
  shape.field("hour", fmt::format("{} {}", twelve(t.hour), t.hour < 12 ? "AM" : "PM"));
  shape.field("indexed_at", static_cast<double>(a.touched_ms(as_of_ms) + lag_ms) / 1000.0);
  if (as_of_ms >= a.end_ms && shape.wants("duration_period")) {
    out.key("duration_period").begin_object();
    out.field("gte", a.start_ms / 1000).field("lte", a.end_ms / 1000).end_object();
  }
}

// The three states disagree on purpose: a voicemail is a completed call that nobody took.
void write_status(CtmShaper& shape, const CtmActivity& a, std::int64_t as_of_ms) {
  const bool voice = a.direction == "inbound" || a.direction == "outbound";
  const bool over = as_of_ms >= a.end_ms;
  shape.field("duration", over ? a.ring_s + a.talk_s : 0);
  shape.field("talk_time", over ? a.talk_s : 0);
  shape.field("ring_time", over ? a.ring_s : 0);
  shape.field("hold_time", 0);
  shape.field("wait_time", 0);
  if (!voice) {
    shape.field("status", a.direction == "msg_outbound" ? "sent" : "received");
    return;
  }
  shape.field("dial_status", !over ? "ringing" : a.answered || a.voicemail ? "completed" : "no-answer");
  shape.text("call_status",
             !over         ? ""
             : a.answered  ? "answered"
             : a.voicemail ? "voicemail"
                           : "no answer",
             CtmBlank::empty);
  shape.field("status", !over ? "in-progress" : a.answered || a.voicemail ? "completed" : "no answer");
}

// On the way out the caller is the account itself, and only contact_number is the person.
void write_numbers(CtmShaper& shape, const CtmActivity& a, const CtmAccount& account, const Switches& sw) {
  const bool out = a.direction == "outbound" || a.direction == "msg_outbound";
  std::string person = a.number;
  if (a.redacted && sw.is("redaction_style", "placeholder")) person = kRedacted;
  const bool own = out && sw.is("outbound_caller_number", "own");
  shape.number("caller_number", ctm_number_forms(own ? a.own_number : person), true);
  shape.text("contact_number", person, CtmBlank::empty);
  shape.text("alternative_number", person, CtmBlank::null);
  const CtmNumberForms forms = ctm_number_forms(a.own_number);
  shape.text("tracking_number", forms.complete, CtmBlank::empty);
  shape.text("tracking_number_format", forms.format, CtmBlank::empty);
  shape.text("tracking_number_bare", forms.bare, CtmBlank::empty);
  const auto own_number = std::ranges::find(account.numbers, a.own_number, &CtmOwnNumber::number);
  if (own_number != account.numbers.end()) {
    shape.field("tracking_number_id", own_number->filter_id);
    shape.field("tracking_number_sid", own_number->id);
  }
  shape.text("tracking_label", "", CtmBlank::empty);
  const auto desk = std::ranges::find(account.numbers, true, &CtmOwnNumber::receiving);
  if (desk != account.numbers.end()) {
    shape.field("business_number", desk->number);
    shape.field("business_label", desk->label);
    shape.field("receiving_number_id", desk->filter_id);
    shape.field("receiving_number_sid", desk->id);
  }
}

void write_who(CtmShaper& shape, const CtmActivity& a, const CtmAccount& account, const Switches& sw) {
  CtmIdentity who = a.who;
  std::string cnam = a.cnam;
  std::string notes = a.notes;
  if (a.redacted && sw.is("redaction_style", "placeholder")) {
    who.name = who.email = who.street = cnam = notes = kRedacted;
  }
  shape.text("name", who.name, CtmBlank::null);
  shape.text("cnam", cnam, CtmBlank::empty);
  shape.text("email", who.email, CtmBlank::null);
  shape.address(who);
  shape.text("notes", notes, CtmBlank::empty);
  shape.custom(who.custom, account, CtmBlank::absent);
}

void write_late(CtmShaper& shape, JsonOut& out, const CtmActivity& a, const CtmAccount& account,
                std::int64_t as_of_ms) {
  if (shape.wants("tag_list")) {
    out.key("tag_list").begin_array();
    for (const auto& tag : a.tags_at(as_of_ms)) out.value(tag);
    out.end_array();
  }
  const auto agent = std::ranges::find(account.users, a.agent_id, &CtmUser::id);
  if (as_of_ms >= a.ready_ms && agent != account.users.end()) {
    shape.field("agent_id", agent->id);
    if (shape.wants("agent")) {
      out.key("agent").begin_object().field("id", agent->id);
      out.field("name", agent->first_name + " " + agent->last_name).field("email", agent->email).end_object();
    }
  }
  if (a.sale && shape.wants("sale")) {
    out.key("sale");
    ctm_write_sale(out, a);
  }
  const bool talked = a.talk_s > 0 && (a.direction == "inbound" || a.direction == "outbound");
  if (as_of_ms >= a.ready_ms && talked && !a.redacted) {
    shape.field("audio",
                fmt::format("https://api.calltrackingmetrics.com/api/v1/accounts/{}/calls/{}/recording",
                            account.id, a.sid));
    shape.field("is_s3_link", true);
    shape.field("billed_amount", 4.5);
    const std::string stamp = ctm_iso(a.ready_ms);
    shape.field("billed_at", stamp.substr(0, stamp.size() - 1));  // ISO without a zone
  }
  if (a.transcript_ms != 0 && as_of_ms >= a.transcript_ms) {
    shape.field("transcription",
                fmt::format("/api/v1/accounts/{}/calls/{}/transcription.json", account.id, a.id));
    std::string all;
    for (const auto& line : a.transcript) all += (all.empty() ? "" : "\n") + line.text;
    shape.field("transcription_text", all);
    shape.text("summary", a.summary, CtmBlank::absent);
  }
}

void write_medium(CtmShaper& shape, JsonOut& out, const CtmActivity& a) {
  if (a.direction.starts_with("msg")) shape.text("message_body", a.message_body, CtmBlank::empty);
  if (a.direction == "chat" && shape.wants("chat_messages")) {
    out.key("chat_messages").begin_array();
    if (!a.message_body.empty()) out.begin_object().field("body", a.message_body).end_object();
    out.end_array();
  }
  if (a.direction != "form" || a.redacted || !shape.wants("form")) return;
  out.key("form").begin_object().field("form_name", a.form_name).field("name", a.who.name);
  out.field("email", a.who.email).field("customer_number_to_dial", a.number).key("custom").begin_array();
  for (const auto& [id, value] : a.form_fields)
    out.begin_object().field("id", id).field("value", value).end_object();
  out.end_array().end_object();
}

void write_rest(CtmShaper& shape, JsonOut& out, const CtmActivity& a, std::int64_t as_of_ms) {
  shape.field("source", "Google Ads");
  shape.field("source_id", 36);
  for (const char* key :
       {"search", "referrer", "location", "last_location", "visitor_sid", "parent_id", "likelihood"}) {
    shape.null_field(key);
  }
  shape.field("visitor", false);
  for (const char* key : {"legs", "transfers", "callbacks", "emails", "spotted"}) shape.empty_array(key);
  if (as_of_ms >= a.end_ms && shape.wants("call_path")) {
    out.key("call_path")
        .begin_array()
        .begin_object()
        .field("route_name", a.voicemail ? "After hours" : "Front desk");
    out.field("route_type", a.voicemail ? "VoiceMenu" : "CallQueue");
    out.field("started_at", ctm_iso(a.start_ms + 1000)).end_object().end_array();
  }
  if (shape.wants("salesforce")) out.key("salesforce").begin_object().end_object();
  if (shape.wants("paid"))
    out.key("paid").begin_object().null_field("source").null_field("medium").end_object();
  if (shape.wants("ga")) out.key("ga").begin_object().null_field("cid").end_object();
  shape.field("excluded", a.excluded);
  shape.field("redacted", a.redacted);
  shape.field("extended_lookup_on", false);
}
}  // namespace

void ctm_write_sale(JsonOut& out, const CtmActivity& activity) {
  out.begin_object().field("call_id", activity.id);
  if (!activity.sale) {
    for (const char* key : {"service_rep_name", "name", "score", "value", "sale_date", "notes"})
      out.null_field(key);
    out.null_field("conversion").end_object();
    return;
  }
  const CtmSale& sale = *activity.sale;
  out.field("service_rep_name", sale.name).field("name", sale.name).key("score");
  if (sale.score == 0)
    out.null();
  else
    out.value(sale.score);
  out.field("none", sale.score == 0).field("conversion", sale.conversion).field("notes", sale.notes);
  out.field("value", sale.value).field("sale_date", sale.sale_date).end_object();
}

void ctm_write_transcription(JsonOut& out, const CtmActivity& activity) {
  out.begin_object().key("outline").begin_array();
  double at = 0;
  for (const auto& line : activity.transcript) {
    out.begin_object()
        .field("speaker", line.channel == 1 ? "Caller" : "Agent")
        .field("channel", line.channel);
    out.field("text", line.text).field("s", at).field("e", at + 2.5).end_object();
    at += 3;
  }
  out.end_array().end_object();
}

void ctm_write_activity(JsonOut& out, const CtmActivity& a, const CtmAccount& account, std::int64_t as_of_ms,
                        const Switches& sw, const CtmProjection& projection) {
  const bool all = projection.only.empty() && projection.except.empty();
  CtmShaper shape(out, sw, all ? nullptr : &projection);
  out.begin_object().field("id", a.id);
  shape.field("sid", a.sid);
  shape.field("account_id", account.id);
  shape.field("direction", a.direction);
  shape.field("is_new_caller", a.is_new_caller);
  write_who(shape, a, account, sw);
  write_status(shape, a, as_of_ms);
  write_time(shape, out, a, account, as_of_ms, sw.number("index_lag_ms"));
  write_numbers(shape, a, account, sw);
  write_late(shape, out, a, account, as_of_ms);
  write_medium(shape, out, a);
  write_rest(shape, out, a, as_of_ms);
  out.end_object();
}
}  // namespace tandem::sim
