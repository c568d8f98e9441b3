// The two shapes of a contact: read by id (unset keys left out) and search row (unset keys null).
#include <fmt/format.h>

#include <algorithm>

#include "tests/sim/highlevel_call.h"
#include "tests/sim/highlevel_text.h"

namespace tandem::sim::highlevel {
namespace {
HttpResponse with_body(int status, std::string body) {
  return {status, {{"content-type", "application/json; charset=utf-8"}}, std::move(body)};
}

void write_texts(JsonOut& out, std::string_view key, const std::vector<std::string>& texts) {
  out.key(key).begin_array();
  for (const auto& text : texts) out.value(text);
  out.end_array();
}

void write_wrapped(JsonOut& out, std::string_view key, std::string_view inner,
                   const std::vector<std::string>& texts) {
  out.key(key).begin_array();
  for (const auto& text : texts) out.begin_object().field(inner, text).end_object();
  out.end_array();
}

void write_custom(JsonOut& out, const Contact& contact, Model& model) {
  const std::string& dates = model.switches().text("custom.date_read");
  out.key("customFields").begin_array();
  for (const auto& [id, value] : contact.custom) {
    const FieldDefinition* field = model.definition(id);
    if (field == nullptr) continue;  // deleted: its values are gone from reads
    out.begin_object().field("id", id).key("value");
    switch (value.kind) {
      case CustomValue::Kind::number:
        out.value(value.number);
        break;
      case CustomValue::Kind::object:
        out.raw(value.text);
        break;
      case CustomValue::Kind::list:
        out.begin_array();
        for (const auto& item : value.list) out.value(item);
        out.end_array();
        break;
      default:
        if (field->data_type == "DATE" && dates == "epoch")
          out.value(parse_iso_time(value.text).value_or(0));
        else if (field->data_type == "DATE" && dates == "iso")
          out.value(value.text + "T00:00:00.000Z");
        else
          out.value(value.text);
    }
    out.end_object();
  }
  out.end_array();
}

void write_dnd(JsonOut& out, std::string_view key, const DndSettings& settings) {
  out.key(key).begin_object();
  for (const auto& [channel, setting] : settings) {
    out.key(channel).begin_object().field("status", setting.status);
    if (!setting.message.empty()) out.field("message", setting.message);
    if (!setting.code.empty()) out.field("code", setting.code);
    out.end_object();
  }
  out.end_object();
}

void write_stamp(JsonOut& out, std::string_view key, const Stamp& stamp) {
  out.key(key).begin_object().field("source", stamp.source).field("channel", stamp.channel);
  out.field("sourceId", stamp.source_id).field("timestamp", iso_time(stamp.at_ms)).end_object();
}

std::string birth_text(const std::string& stored, bool iso) {
  return iso && !stored.empty() ? stored + "T00:00:00.000Z" : stored;
}

std::string without_punctuation(std::string_view text) {
  std::string out;
  for (const char c : text)
    if (std::string_view("'\".,;:!?&()").find(c) == std::string_view::npos) out += c;
  return out;
}
}  // namespace

HttpResponse json_answer(int status, const JsonOut& out) { return with_body(status, out.take()); }

HttpResponse refused(int status, std::string message, std::string error) {
  JsonOut out;
  out.begin_object().field("statusCode", status).field("message", message);
  if (!error.empty()) out.field("error", error);
  return json_answer(status, out.end_object());
}

HttpResponse refused(const Refusal& refusal, Model& model) {
  JsonOut out;
  out.begin_object().field("statusCode", refusal.status);
  if (refusal.array)
    write_texts(out, "message", refusal.messages);
  else
    out.field("message", refusal.messages.front());
  if (!refusal.error.empty()) out.field("error", refusal.error);
  if (!refusal.contact_id.empty()) {
    out.key("meta")
        .begin_object()
        .field("contactId", refusal.contact_id)
        .field("matchingField", refusal.matching_field);
    out.field("contactName", refusal.contact_name).end_object();
  }
  if (refusal.trace_id) write_trace(out, model);
  return json_answer(refusal.status, out.end_object());
}

HttpResponse unprocessable(std::vector<std::string> messages, Model& model) {
  return refused(Refusal{422, std::move(messages), true, "Unprocessable Entity", {}, {}, {}}, model);
}

int created(const Call& call) { return static_cast<int>(call.switches().number("create_status")); }

void write_trace(JsonOut& out, Model& model) { out.field("traceId", model.new_trace_id()); }

void write_success(JsonOut& out, Model& model) {
  out.field("succeded", true).field("succeeded", true);
  write_trace(out, model);
}

void write_contact(JsonOut& out, const Contact& contact, Model& model, Shape shape) {
  const bool create = shape == Shape::create;
  const auto text = [&](Field field) {
    if (!contact.at(field).empty()) out.field(wire_name(field), contact.at(field));
  };
  const auto lowered = [&](std::string_view key, const std::string& value) {
    if (!value.empty()) out.field(key, lower(value));
  };
  out.begin_object()
      .field("id", contact.id)
      .field("dateAdded", iso_time(contact.date_added_ms))
      .field("dateUpdated", iso_time(contact.date_updated_ms));
  if (create) out.field("deleted", false);
  text(Field::type);
  out.field("locationId", model.location().id);
  text(Field::first_name);
  lowered("firstNameLowerCase", contact.at(Field::first_name));
  text(Field::last_name);
  lowered("lastNameLowerCase", contact.at(Field::last_name));
  lowered("fullNameLowerCase", contact.full_name());
  text(Field::email);
  lowered("emailLowerCase", contact.at(Field::email));
  if (create) out.field("bounceEmail", false).field("unsubscribeEmail", false);
  for (const Field field :
       {Field::phone, Field::phone_label, Field::company_name, Field::address1, Field::city, Field::state,
        Field::postal_code, Field::country, Field::timezone, Field::website, Field::source,
        Field::assigned_to, Field::gender, Field::business_id})
    text(field);
  const bool iso = create && model.switches().is("date_of_birth.create", "iso");
  if (!contact.at(Field::date_of_birth).empty())
    out.field("dateOfBirth", birth_text(contact.at(Field::date_of_birth), iso));
  if (!create || contact.dnd) out.field("dnd", contact.dnd);
  if (!contact.dnd_settings.empty()) write_dnd(out, "dndSettings", contact.dnd_settings);
  if (!contact.inbound_dnd_settings.empty())
    write_dnd(out, "inboundDndSettings", contact.inbound_dnd_settings);
  write_texts(out, "tags", contact.tags);
  write_custom(out, contact, model);
  if (!create) {
    write_wrapped(out, "additionalEmails", "email", contact.additional_emails);
    write_wrapped(out, "additionalPhones", "phone", contact.additional_phones);
    write_texts(out, "followers", contact.followers);
    if (contact.created_by.source == "WEB_USER") {
      out.key("attributionSource")
          .begin_object()
          .field("sessionSource", "CRM UI")
          .field("medium", "manual")
          .null_field("mediumId")
          .end_object();
    }
  }
  write_stamp(out, "createdBy", contact.created_by);
  if (create) {
    write_stamp(out, "lastUpdatedBy", contact.created_by);
    out.field("lastSessionActivityAt", iso_time(contact.date_added_ms + 1))
        .null_field("validEmail")
        .null_field("validEmailDate");
  }
  out.end_object();
}

void write_row(JsonOut& out, const Contact& contact, Model& model,
               const std::vector<SortValue>* search_after) {
  // Only the rows of /contacts/search are known to carry nulls and to call the street `address`; the
  // deprecated listing keeps to its description.
  const bool is_search = search_after != nullptr;
  const auto text = [&](std::string_view key, const std::string& value) {
    if (!value.empty())
      out.field(key, value);
    else if (is_search)
      out.null_field(key);
  };
  const auto field = [&](Field which) { text(wire_name(which), contact.at(which)); };
  out.begin_object().field("id", contact.id).field("locationId", model.location().id);
  field(Field::type);
  field(Field::first_name);
  field(Field::last_name);
  text("firstNameLowerCase", lower(contact.at(Field::first_name)));
  text("lastNameLowerCase", lower(contact.at(Field::last_name)));
  text("contactName", lower(contact.full_name()));
  field(Field::email);
  field(Field::phone);
  field(Field::phone_label);
  write_wrapped(out, "additionalEmails", "email", contact.additional_emails);
  write_wrapped(out, "additionalPhones", "phone", contact.additional_phones);
  field(Field::company_name);
  const Business* business =
      contact.at(Field::business_id).empty() ? nullptr : model.business(contact.at(Field::business_id));
  text("businessName", business == nullptr ? "" : without_punctuation(business->name));
  field(Field::business_id);
  text(is_search ? "address" : "address1", contact.at(Field::address1));
  for (const Field plain : {Field::city, Field::state, Field::postal_code, Field::country, Field::timezone,
                            Field::website, Field::source, Field::assigned_to})
    field(plain);
  write_texts(out, "followers", contact.followers);
  text("dateOfBirth",
       birth_text(contact.at(Field::date_of_birth), model.switches().is("date_of_birth.row", "iso")));
  text("validEmail", "");
  out.field("dnd", contact.dnd);
  write_dnd(out, "dndSettings", contact.dnd_settings);
  write_dnd(out, "inboundDndSettings", contact.inbound_dnd_settings);
  if (is_search)
    out.key("attributionSource")
        .begin_object()
        .end_object()
        .key("lastAttributionSource")
        .begin_object()
        .end_object();
  else
    out.key("attributions").begin_array().end_array();
  write_texts(out, "tags", contact.tags);
  write_custom(out, contact, model);
  out.field("dateAdded", iso_time(contact.date_added_ms))
      .field("dateUpdated", iso_time(contact.index_stamp_ms));
  if (is_search) {
    out.key("searchAfter").begin_array();
    for (const auto& value : *search_after)
      value.is_null ? out.null() : value.is_text ? out.value(value.text) : out.value(value.number);
    out.end_array();
  }
  out.end_object();
}
}  // namespace tandem::sim::highlevel
