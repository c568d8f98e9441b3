// The location itself, its tag catalogue and custom fields, its users and businesses.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "tests/sim/highlevel_call.h"
#include "tests/sim/highlevel_text.h"

namespace tandem::sim::highlevel {
namespace {
constexpr std::array<std::string_view, 15> kDataTypes{
    "TEXT",         "LARGE_TEXT",     "NUMERICAL",        "FLOAT", "PHONE", "MONETORY",
    "CHECKBOX",     "SINGLE_OPTIONS", "MULTIPLE_OPTIONS", "RADIO", "DATE",  "TIME",
    "TEXTBOX_LIST", "FILE_UPLOAD",    "SIGNATURE"};
constexpr std::array<std::string_view, 9> kBusinessText{
    "phone", "email", "website", "address", "city", "state", "postalCode", "country", "description"};

HttpResponse missing(std::string_view what, const std::string& id, Call& call) {
  return refused(
      Refusal{
          400, {fmt::format("{} not found for id:{}", what, id)}, false, "Bad Request", {}, {}, {}, false},
      call.model);
}

void write_tag(JsonOut& out, const Tag& tag, Model& model) {
  out.begin_object()
      .field("id", tag.id)
      .field("name", tag.name)
      .field("locationId", model.location().id)
      .end_object();
}

void write_definition(JsonOut& out, const FieldDefinition& field, Model& model) {
  out.begin_object()
      .field("id", field.id)
      .field("name", field.name)
      .field("model", field.model)
      .field("fieldKey", field.field_key);
  out.field("placeholder", field.placeholder)
      .field("dataType", field.data_type)
      .field("position", field.position);
  out.field("documentType", "field")
      .field("parentId", "grp-" + model.location().id.substr(0, 8))
      .field("locationId", model.location().id);
  out.field("dateAdded", iso_time(field.date_added_ms)).field("standard", false);
  if (!field.options.empty()) {
    out.key("picklistOptions").begin_array();
    for (const auto& option : field.options) out.value(option);
    out.end_array();
  }
  out.end_object();
}

void write_user_keys(JsonOut& out, const User& user, Model& model) {
  out.field("id", user.id)
      .field("name", user.first_name + " " + user.last_name)
      .field("firstName", user.first_name)
      .field("lastName", user.last_name);
  out.field("email", user.email).field("phone", user.phone);
  out.key("roles")
      .begin_object()
      .field("type", "account")
      .field("role", user.role)
      .key("locationIds")
      .begin_array()
      .value(model.location().id)
      .end_array()
      .end_object();
}

void write_users(JsonOut& out, Model& model) {
  out.key("users").begin_array();
  for (const auto& user : model.users()) {
    out.begin_object();
    write_user_keys(out, user, model);
    out.end_object();
  }
  out.end_array();
}

void write_business(JsonOut& out, const Business& business, Model& model) {
  out.begin_object()
      .field("id", business.id)
      .field("name", business.name)
      .field("locationId", model.location().id);
  for (const auto& [key, value] : business.text) out.field(key, value);
  out.field("createdAt", iso_time(business.created_ms))
      .field("updatedAt", iso_time(business.updated_ms))
      .end_object();
}

HttpResponse definition_answer(Call& call, int status, const FieldDefinition& field) {
  JsonOut out;
  out.begin_object().key("customField");
  write_definition(out, field, call.model);
  write_trace(out, call.model);
  return json_answer(status, out.end_object());
}

HttpResponse tag_answer(Call& call, const Tag& tag) {
  JsonOut out;
  out.begin_object().key("tag");
  write_tag(out, tag, call.model);
  write_trace(out, call.model);
  return json_answer(200, out.end_object());
}

const FieldDefinition* definition_at(Call& call) {
  const FieldDefinition* field = call.model.definition(call.at("id"));
  return field != nullptr && field->id == call.at("id") ? field : nullptr;
}

HttpResponse succeded(Call& call) {  // only the misspelt key here
  JsonOut out;
  out.begin_object().field("succeded", true);
  write_trace(out, call.model);
  return json_answer(200, out.end_object());
}

void read_business_body(Call& call, Business& business) {
  if (const auto name = text_member(call.body, "name")) business.name = *name;
  for (const auto key : kBusinessText)
    if (const auto value = text_member(call.body, key)) business.text[std::string(key)] = *value;
}

std::vector<std::string> business_errors(Call& call, bool create) {
  std::vector<std::string> errors;
  Dto dto(call.body, errors);
  create ? dto.only({"name", "locationId", "phone", "email", "website", "address", "city", "state",
                     "postalCode", "country", "description"})
               .needs_text("name")
               .needs_text("locationId")
         : dto.only({"name", "phone", "email", "website", "address", "city", "state", "postalCode", "country",
                     "description"});
  return errors;
}

HttpResponse business_written(Call& call, const Business& business) {
  JsonOut out;
  out.begin_object().field("success", true).key("buiseness");  // sic
  write_business(out, business, call.model);
  write_trace(out, call.model);
  return json_answer(200, out.end_object());
}
}  // namespace

HttpResponse read_location(Call& call) {
  const Location& location = call.model.location();
  JsonOut out;
  out.begin_object()
      .key("location")
      .begin_object()
      .field("id", location.id)
      .field("companyId", location.company_id)
      .field("name", location.name);
  out.field("email", location.email)
      .field("phone", location.phone)
      .field("address", location.address)
      .field("city", location.city)
      .field("state", location.state);
  out.field("postalCode", location.postal_code)
      .field("website", location.website)
      .field("country", call.model.country())
      .field("timezone", call.switches().text("location.timezone"));
  out.key("settings")
      .begin_object()
      .field("allowDuplicateContact", call.switches().on("location.allow_duplicates"));
  out.field("allowDuplicateOpportunity", false)
      .field("allowFacebookNameMerge", false)
      .field("disableContactTimezone", false);
  if (call.switches().on("location.show_identifiers")) {
    out.key("contactUniqueIdentifiers").begin_array();
    for (const auto& kind : call.model.unique_identifiers()) out.value(kind);
    out.end_array();
  }
  out.end_object().end_object();
  write_trace(out, call.model);
  return json_answer(200, out.end_object());
}

HttpResponse list_location_tags(Call& call) {
  JsonOut out;
  out.begin_object().key("tags").begin_array();
  for (const auto& tag : call.model.tags()) write_tag(out, tag, call.model);
  out.end_array();
  write_trace(out, call.model);
  return json_answer(200, out.end_object());
}

HttpResponse create_location_tag(Call& call) {
  std::vector<std::string> errors;
  Dto(call.body, errors).only({"name"}).needs_text("name");
  if (!errors.empty()) return unprocessable(errors, call.model);
  return tag_answer(call, call.model.tag_called(lower(trimmed(*text_member(call.body, "name")))));
}

HttpResponse read_location_tag(Call& call) {
  const auto found = std::ranges::find(call.model.tags(), call.at("tagId"), &Tag::id);
  return found == call.model.tags().end() ? missing("Tag", call.at("tagId"), call) : tag_answer(call, *found);
}

HttpResponse delete_location_tag(Call& call) {
  const auto gone =
      std::erase_if(call.model.tags(), [&](const Tag& tag) { return tag.id == call.at("tagId"); });
  return gone == 0 ? missing("Tag", call.at("tagId"), call) : succeded(call);
}

HttpResponse list_custom_fields(Call& call) {
  const std::string model = call.has_query("model") ? call.query("model") : "all";
  if (model != "all" && model != "contact" && model != "opportunity")
    return unprocessable({"model must be one of the following values: contact, opportunity, all"},
                         call.model);
  JsonOut out;
  out.begin_object().key("customFields").begin_array();
  for (const auto& field : call.model.custom_fields())
    if (model == "all" || field.model == model) write_definition(out, field, call.model);
  out.end_array();
  write_trace(out, call.model);
  return json_answer(200, out.end_object());
}

HttpResponse create_custom_field(Call& call) {
  std::vector<std::string> errors;
  Dto(call.body, errors)
      .only({"name", "dataType", "placeholder", "acceptedFormat", "isMultipleFile", "maxNumberOfFiles",
             "textBoxListOptions", "options", "position", "model"})
      .needs_text("name")
      .needs_text("dataType")
      .text("placeholder")
      .texts("options")
      .number("position")
      .text("model");
  const std::string type = text_member(call.body, "dataType").value_or(""),
                    model = text_member(call.body, "model").value_or("contact");
  if (!type.empty() && std::ranges::count(kDataTypes, type) == 0)
    errors.emplace_back("dataType must be a valid enum value");
  if (model != "contact" && model != "opportunity")
    errors.emplace_back("model must be one of the following values: contact, opportunity");
  if (!errors.empty()) return unprocessable(errors, call.model);
  FieldDefinition& field = call.model.add_custom_field(*text_member(call.body, "name"), type,
                                                       texts_of(call.body, "options"), model);
  field.placeholder = text_member(call.body, "placeholder").value_or("");
  return definition_answer(call, created(call), field);
}

HttpResponse read_custom_field(Call& call) {
  const FieldDefinition* field = definition_at(call);
  return field == nullptr ? missing("Custom field", call.at("id"), call)
                          : definition_answer(call, 200, *field);
}

HttpResponse rename_custom_field(Call& call) {
  std::vector<std::string> errors;
  Dto(call.body, errors)
      .only({"name", "placeholder", "acceptedFormat", "isMultipleFile", "maxNumberOfFiles",
             "textBoxListOptions", "position", "model"})
      .needs_text("name");
  if (!errors.empty()) return unprocessable(errors, call.model);
  if (definition_at(call) == nullptr) return missing("Custom field", call.at("id"), call);
  call.model.rename_custom_field(call.at("id"), *text_member(call.body, "name"));
  return definition_answer(call, 200, *definition_at(call));
}

HttpResponse delete_custom_field(Call& call) {
  return call.model.remove_custom_field(call.at("id")) ? succeded(call)
                                                       : missing("Custom field", call.at("id"), call);
}

HttpResponse list_timezones(Call& call) {
  JsonOut out;
  out.begin_object().key("timeZones").begin_array();
  for (const auto& zone : timezones()) out.value(zone);
  out.end_array();
  write_trace(out, call.model);
  return json_answer(200, out.end_object());
}

HttpResponse list_users(Call& call) {
  JsonOut out;
  out.begin_object();
  write_users(out, call.model);
  write_trace(out, call.model);
  return json_answer(200, out.end_object());
}

HttpResponse search_users(Call& call) {
  if (!call.has_query("companyId")) return unprocessable({"companyId should not be empty"}, call.model);
  JsonOut out;
  out.begin_object();
  write_users(out, call.model);
  out.field("count", call.model.users().size());
  write_trace(out, call.model);
  return json_answer(200, out.end_object());
}

HttpResponse read_user(Call& call) {  // the bare object
  const auto found = std::ranges::find(call.model.users(), call.at("userId"), &User::id);
  if (found == call.model.users().end()) return missing("User", call.at("userId"), call);
  JsonOut out;
  out.begin_object();
  write_user_keys(out, *found, call.model);
  write_trace(out, call.model);
  return json_answer(200, out.end_object());
}

HttpResponse list_businesses(Call& call) {
  JsonOut out;
  out.begin_object().key("businesses").begin_array();
  for (const auto& business : call.model.businesses()) write_business(out, business, call.model);
  out.end_array();
  write_trace(out, call.model);
  return json_answer(200, out.end_object());
}

HttpResponse create_business(Call& call) {
  if (const auto errors = business_errors(call, true); !errors.empty())
    return unprocessable(errors, call.model);
  Business& made = call.model.add_business(*text_member(call.body, "name"));
  read_business_body(call, made);
  HttpResponse answer = business_written(call, made);
  answer.status = created(call);
  return answer;
}

HttpResponse read_business(Call& call) {
  const Business* business = call.model.business(call.at("businessId"));
  if (business == nullptr) return missing("Business", call.at("businessId"), call);
  JsonOut out;
  out.begin_object().key("business");
  write_business(out, *business, call.model);
  write_trace(out, call.model);
  return json_answer(200, out.end_object());
}

HttpResponse update_business(Call& call) {
  if (member(call.body, "customFields") != nullptr)
    return unprocessable({"customFields must be an object"}, call.model);
  if (const auto errors = business_errors(call, false); !errors.empty())
    return unprocessable(errors, call.model);
  Business* business = call.model.business(call.at("businessId"));
  if (business == nullptr) return missing("Business", call.at("businessId"), call);
  read_business_body(call, *business);
  business->updated_ms = call.model.now();
  return business_written(call, *business);
}

HttpResponse delete_business(Call& call) {
  const auto gone = std::erase_if(call.model.businesses(),
                                  [&](const Business& b) { return b.id == call.at("businessId"); });
  if (gone == 0) return missing("Business", call.at("businessId"), call);
  JsonOut out;
  out.begin_object().field("success", true);
  write_trace(out, call.model);
  return json_answer(200, out.end_object());
}
}  // namespace tandem::sim::highlevel
