#include "tests/sim/ctm_shape.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "tests/sim/ctm_phone.h"
#include "tests/sim/ctm_shaper.h"

namespace tandem::sim {

std::string ctm_iso(std::int64_t unix_ms) {
  static const CtmZone kUtc("UTC");
  const CtmLocalTime t = kUtc.local(unix_ms / 1000);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z", t.year, t.month, t.day, t.hour, t.minute,
                     t.second);
}

CtmShaper::CtmShaper(JsonOut& out, const Switches& sw, const CtmProjection* projection)
    : out_(out), sw_(sw), style_(sw.text("empty_style")), projection_(projection) {}

bool CtmShaper::wants(std::string_view key) const {
  if (projection_ == nullptr) return true;
  return (projection_->only.empty() || projection_->only.contains(key)) && !projection_->except.contains(key);
}

void CtmShaper::text(std::string_view key, std::string_view value, CtmBlank mixed) {
  if (!wants(key)) return;
  if (!value.empty()) {
    out_.field(key, value);
    return;
  }
  CtmBlank blank = mixed;
  if (style_ == "null") blank = CtmBlank::null;
  if (style_ == "empty") blank = CtmBlank::empty;
  if (style_ == "absent") blank = CtmBlank::absent;
  if (blank == CtmBlank::null) out_.null_field(key);
  if (blank == CtmBlank::empty) out_.field(key, "");
}

// "street": null beside "city": "" is how one feed showed them.
void CtmShaper::address(const CtmIdentity& who) {
  text("street", who.street, CtmBlank::null);
  text("city", who.city, CtmBlank::empty);
  text("state", who.state, CtmBlank::empty);
  text("country", who.country, CtmBlank::null);
  text("postal_code", who.postal_code, CtmBlank::empty);
}

void CtmShaper::address_block(const CtmIdentity& who) {
  const bool any = !who.street.empty() || !who.city.empty() || !who.state.empty() || !who.country.empty() ||
                   !who.postal_code.empty();
  if (!any && style_ == "absent") return;
  if (!any && style_ == "null") {
    out_.null_field("address");
    return;
  }
  out_.key("address").begin_object();
  address(who);
  out_.end_object();
}

void CtmShaper::number(std::string_view stem, const CtmNumberForms& forms, bool split) {
  const std::string& form = sw_.text("caller_number_form");
  const std::string base(stem);
  text(base, form == "bare" ? forms.bare : form == "format" ? forms.format : forms.complete, CtmBlank::empty);
  text(base + "_complete", forms.complete, CtmBlank::empty);
  text(base + "_bare", forms.bare, CtmBlank::empty);
  format(base, forms, split);
}

void CtmShaper::format(std::string_view stem, const CtmNumberForms& forms, bool split) {
  const std::string base(stem);
  text(base + "_format", forms.format, CtmBlank::empty);
  if (!split || !wants(base + "_split")) return;
  out_.key(base + "_split").begin_array();
  for (const auto& part : forms.split) out_.value(part);
  out_.end_array();
}

void CtmShaper::custom(const std::map<std::string, std::string>& values, const CtmAccount& account,
                       CtmBlank mixed) {
  if (!wants("custom_fields")) return;
  if (values.empty() && (style_ == "absent" || (style_ == "mixed" && mixed == CtmBlank::absent))) return;
  if (values.empty() && style_ == "null") {
    out_.null_field("custom_fields");
    return;
  }
  const bool array = sw_.is("custom_fields_style", "array");
  out_.key("custom_fields");
  if (array)
    out_.begin_array();
  else
    out_.begin_object();
  for (const auto& [api_name, value] : values) {
    if (array)
      out_.begin_object().field("name", api_name).key("value");
    else
      out_.key(api_name);
    const auto defined = std::ranges::find(account.custom_fields, api_name, &CtmCustomField::api_name);
    const bool several = defined != account.custom_fields.end() && defined->multipicker;
    if (several && sw_.is("custom_multi_style", "array")) {
      out_.begin_array();
      for (std::size_t at = 0; at <= value.size();) {
        const std::size_t end = std::min(value.find_first_of(";|,", at), value.size());
        if (end > at) out_.value(value.substr(at, end - at));
        at = end + 1;
      }
      out_.end_array();
    } else {
      out_.value(value);
    }
    if (array) out_.end_object();
  }
  if (array)
    out_.end_array();
  else
    out_.end_object();
}

namespace {
std::string shown_name(const CtmIdentity& who, const std::string& caller_name, const Switches& sw) {
  return who.name.empty() && sw.is("row_name_fallback", "caller_id") ? caller_name : who.name;
}
}  // namespace

void ctm_write_row(JsonOut& out, const CtmRow& row, const CtmAccount& account, const Switches& sw) {
  CtmShaper shape(out, sw);
  const CtmNumberForms forms = ctm_number_forms(row.membership.number);
  out.begin_object().field("id", row.membership.id).field("contact_id", row.membership.contact_id);
  shape.text("name", shown_name(row.who, row.caller_name, sw), CtmBlank::empty);
  if (sw.is("list_row_name", "joined_plus_split")) {
    shape.text("first_name", row.who.first_name, CtmBlank::empty);
    shape.text("last_name", row.who.last_name, CtmBlank::empty);
  }
  const std::string& email = sw.text("list_row_email");
  if (email == "present")
    shape.text("email", row.who.email, CtmBlank::null);
  else if (email == "present_if_set" && !row.who.email.empty())
    out.field("email", row.who.email);
  shape.text("number", forms.complete, CtmBlank::empty);
  shape.format("caller_number", forms, true);
  out.field("favorite", row.membership.favorite);
  shape.address_block(row.who);
  shape.custom(row.who.custom, account, CtmBlank::empty);
  out.end_object();
}

void ctm_write_contact(JsonOut& out, const CtmContact& contact, const CtmAccount& account,
                       const Switches& sw) {
  CtmShaper shape(out, sw);
  const CtmNumberForms forms = ctm_number_forms(contact.numbers.front());
  out.begin_object().field("id", contact.id).field("account_id", account.id);
  shape.text("name", shown_name(contact.who, contact.caller_name, sw), CtmBlank::empty);
  shape.text("first_name", contact.who.first_name, CtmBlank::null);
  shape.text("last_name", contact.who.last_name, CtmBlank::null);
  shape.text("email", contact.who.email, CtmBlank::null);
  shape.text("number", forms.complete, CtmBlank::empty);
  out.key("contact_numbers").begin_array();
  for (const auto& number : contact.numbers) {
    out.begin_object().field("number", number).null_field("label").end_object();
  }
  out.end_array();
  shape.format("caller_number", forms, true);
  if (sw.is("account_contacts.address", "nested"))
    shape.address_block(contact.who);
  else
    shape.address(contact.who);
  shape.custom(contact.who.custom, account, CtmBlank::empty);
  if (sw.is("account_contacts.stamps", "present")) {
    out.field("created_at", ctm_iso(contact.created_ms)).field("updated_at", ctm_iso(contact.updated_ms));
  }
  out.end_object();
}

void ctm_write_list(JsonOut& out, const CtmList& list, CtmAccount& account) {
  out.begin_object().field("id", list.id).field("account_id", account.id).field("name", list.name);
  out.field("description", list.description).field("contacts_count", account.count(list.id));
  if (list.user_id.empty())
    out.null_field("user_id");
  else
    out.field("user_id", list.user_id);
  out.field("user_owned", !list.user_id.empty());
  out.field("created_at", ctm_iso(list.created_ms))
      .field("updated_at", ctm_iso(list.updated_ms))
      .end_object();
}

void ctm_write_account(JsonOut& out, const CtmAccount& account, const Switches& sw, bool whole) {
  out.begin_object().field("id", account.id).field("name", account.name).field("status", "active");
  out.field("user_role", "admin").field("agency_id", account.agency_id);
  out.field("created", ctm_iso(account.created_ms)).field("updated", ctm_iso(account.created_ms));
  out.null_field("canceled");
  if (whole) {
    out.field("timezone", sw.is("timezone_form", "iana") ? account.zone().iana() : account.timezone());
    out.field("website", "").field("shared_billing", false);
    out.key("balance").begin_object().field("cents", 12500).end_object();
  }
  out.end_object();
}

void ctm_write_user(JsonOut& out, const CtmUser& user, const CtmAccount& account) {
  const CtmNumberForms forms = ctm_number_forms(user.phone);
  out.begin_object().field("id", user.id).field("uid", user.uid);
  out.field("first_name", user.first_name).field("last_name", user.last_name).field("email", user.email);
  out.field("role", user.role)
      .field("status", "active")
      .field("account_id", account.id)
      .field("language", "en");
  out.field("inbound_number", user.phone).key("outbound_number").begin_object();
  out.field("number", user.phone).field("format", forms.format).end_object().end_object();
}

void ctm_write_number(JsonOut& out, const CtmOwnNumber& number, const CtmAccount& account) {
  const CtmNumberForms forms = ctm_number_forms(number.number);
  // Text here, a number elsewhere: so it is documented.
  out.begin_object().field("id", number.id).field("account_id", std::to_string(account.id));
  out.field("filter_id", number.filter_id).field("name", number.label).field("number", number.number);
  out.field("formatted", forms.format).field("country_code", "1").field("status", "active").end_object();
}

void ctm_write_custom_field(JsonOut& out, const CtmCustomField& field, const CtmAccount& account) {
  const auto at = std::ranges::find(account.custom_fields, field.id, &CtmCustomField::id);
  out.begin_object().field("id", field.id).field("name", field.name).field("api_name", field.api_name);
  out.field("field_type", field.field_type).field("object_type", field.object_type);
  out.null_field("custom_panel_id").field("panel", field.panel).field("required", field.required);
  out.field("log_visible", field.log_visible).field("should_redact", field.should_redact);
  out.field("multipicker", field.multipicker);
  out.field("position", static_cast<std::int64_t>(at - account.custom_fields.begin()) + 1);
  out.field("released", true).end_object();
}

void ctm_write_webhook(JsonOut& out, const CtmWebhook& webhook) {
  out.begin_object().field("id", webhook.id).field("name", webhook.name).field("weburl", webhook.url);
  out.field("with_resource_url", webhook.url).field("position", webhook.position).field("hooktype", "call");
  out.field("username", webhook.username).end_object();
}
}  // namespace tandem::sim
