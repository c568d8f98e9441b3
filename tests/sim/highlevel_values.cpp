// From a request's values to what HighLevel stores: validation, normalisation, clearing.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "tests/sim/highlevel_model.h"
#include "tests/sim/highlevel_text.h"

namespace tandem::sim::highlevel {
namespace {
Refusal unprocessable(std::vector<std::string> messages) {
  return {422, std::move(messages), true, "Unprocessable Entity", {}, {}, {}};
}

bool nullable(Field field, Route route) {
  switch (field) {
    case Field::postal_code:
    case Field::country:
    case Field::gender:
      return false;
    case Field::source:
    case Field::assigned_to:
      return route == Route::update;
    default:
      return true;
  }
}

std::string wrong_type(Field field) {
  if (field == Field::country) return "country must be a valid enum value";
  if (field == Field::email) return "email must be an email";
  return fmt::format("{} must be a string", wire_name(field));
}

Refusal bad_custom(const CustomValue& value, const std::string& field_id) {
  return {400,   {fmt::format("Invalid Custom Field Value \"{}\" for \"{}\"", to_text(value), field_id)},
          false, "Bad Request",
          {},    {},
          {}};
}
}  // namespace

Answer<Contact> Model::applied(const Contact* before, const Patch& patch, Route route, Actor actor) {
  std::vector<std::string> errors;
  Contact next = before == nullptr ? Contact{} : *before;
  const bool staff = actor == Actor::staff;
  if (before == nullptr) {
    next.at(Field::type) = "lead";
    next.at(Field::country) = country();
  }
  apply_text(next, patch, route, actor, before == nullptr, errors);
  if (!errors.empty()) return unprocessable(std::move(errors));
  apply_name(next, patch);
  if (patch.tags) next.tags = stored_tags(*patch.tags);
  if (patch.dnd) next.dnd = *patch.dnd;
  if (patch.dnd_settings)
    for (const auto& [channel, setting] : *patch.dnd_settings) next.dnd_settings[channel] = setting;
  if (patch.inbound_dnd_settings)
    for (const auto& [channel, setting] : *patch.inbound_dnd_settings)
      next.inbound_dnd_settings[channel] = setting;

  const bool nameless = next.at(Field::email).empty() && next.at(Field::phone).empty();
  if (!staff && nameless) {
    const bool refused = before == nullptr
                             ? switches_.on("require_identifier")
                             : switches_.is("put.both_cleared", "400") &&
                                   !(before->at(Field::email).empty() && before->at(Field::phone).empty());
    if (refused)
      return Refusal{
          400, {"Email or phone is required to create or update a contact"}, false, "Bad Request", {}, {},
          {}};
  }
  if (auto refusal = apply_custom(next, patch, actor)) return *refusal;
  return next;
}

void Model::apply_text(Contact& next, const Patch& patch, Route route, Actor actor, bool creating,
                       std::vector<std::string>& errors) {
  const bool staff = actor == Actor::staff;
  for (const auto& [field, wanted] : patch.text) {
    if (staff && (!wanted || wanted->empty())) {
      next.at(field).clear();
      continue;
    }
    if (!wanted) {
      if (!nullable(field, route) || (!creating && switches_.is("clear.null", "422")))
        errors.push_back(wrong_type(field));
      else if (creating || switches_.is("clear.null", "clears"))
        next.at(field).clear();
      continue;
    }
    if (wanted->empty()) {
      if (field == Field::country)
        errors.push_back(wrong_type(field));
      else if (field == Field::email && switches_.is("clear.empty_email", "422"))
        errors.push_back(wrong_type(field));
      else if (!creating && switches_.is("clear.empty", "422"))
        errors.push_back(fmt::format("{} should not be empty", wire_name(field)));
      else if (creating || switches_.is("clear.empty", "clears"))
        next.at(field).clear();
      continue;
    }
    std::string stored = stored_text(field, *wanted, errors);
    if (field == Field::phone && stored.empty()) continue;  // dropped: what was there stays
    next.at(field) = std::move(stored);
  }
}

std::string Model::stored_text(Field field, std::string value, std::vector<std::string>& errors) const {
  switch (field) {
    case Field::first_name:
    case Field::last_name: {
      if (switches_.on("zoo.trim_names")) value = trimmed(value);
      if (switches_.on("zoo.title_case_names")) value = title_case(value);
      if (const auto most = switches_.number("zoo.truncate_names"); most > 0)
        value = truncated(value, static_cast<std::size_t>(most));
      return value;
    }
    case Field::email:
      if (!is_email(value)) errors.emplace_back("email must be an email");
      return switches_.on("zoo.lower_email") ? lower(value) : value;
    case Field::phone: {
      const auto number = e164(value, country());
      if (number && (*number == value || switches_.is("phone.format", "any"))) return *number;
      if (number || switches_.is("phone.unparsable", "422"))
        errors.emplace_back("phone must be a valid phone number");
      return switches_.is("phone.unparsable", "store") ? value : std::string{};
    }
    case Field::country:
      if (!is_country(value)) errors.emplace_back("country must be a valid enum value");
      return value;
    case Field::timezone:
      if (!is_timezone(value)) errors.emplace_back("timezone must be a valid enum value");
      return value;
    case Field::date_of_birth: {
      const auto date = birth_date(value);
      if (!date) errors.emplace_back("dateOfBirth must be a valid date");
      return date.value_or("");
    }
    default:
      return value;
  }
}

// `name` counts only where neither part of it is given.
void Model::apply_name(Contact& next, const Patch& patch) const {
  if (!patch.name || patch.text.contains(Field::first_name) || patch.text.contains(Field::last_name)) return;
  const std::string whole = trimmed(patch.name->value_or(""));
  if (whole.empty() && !switches_.is(*patch.name ? "clear.empty" : "clear.null", "clears")) return;
  const auto blank = switches_.is("name.split", "first_blank") ? whole.find(' ') : whole.rfind(' ');
  std::vector<std::string> none;
  next.at(Field::first_name) =
      whole.empty() ? "" : stored_text(Field::first_name, whole.substr(0, blank), none);
  next.at(Field::last_name) =
      blank == std::string::npos ? "" : stored_text(Field::last_name, trimmed(whole.substr(blank + 1)), none);
}

std::vector<std::string> Model::stored_tags(const std::vector<std::string>& tags) {
  std::vector<std::string> stored;
  for (const auto& tag : tags) {
    const std::string name = lower(trimmed(tag));
    if (name.empty() || std::ranges::count(stored, name) > 0) continue;
    if (switches_.on("zoo.drop_unknown_tag") && std::ranges::count(tags_, name, &Tag::name) == 0) continue;
    tag_called(name);
    stored.push_back(name);
  }
  return stored;
}

std::optional<Refusal> Model::apply_custom(Contact& next, const Patch& patch, Actor actor) const {
  if (patch.custom.empty()) return std::nullopt;
  if (switches_.is("custom.absent", "clear")) next.custom.clear();
  using Kind = CustomValue::Kind;
  for (const auto& write : patch.custom) {
    const FieldDefinition* field = definition(write.id.empty() ? write.key : write.id);
    const std::string& type = field == nullptr ? write.id : field->data_type;
    if (field == nullptr || field->model != "contact") {
      if (switches_.is("custom.unknown_id", "400"))
        return Refusal{
            400,   {fmt::format("Invalid Custom Field Id \"{}\"", write.id.empty() ? write.key : write.id)},
            false, "Bad Request",
            {},    {},
            {}};
      continue;
    }
    CustomValue value = write.value;
    const auto refuse = [&] { return bad_custom(write.value, field->id); };
    const bool is_text = type == "TEXT" || type == "LARGE_TEXT" || type == "PHONE" || type == "TIME";
    const bool is_number = type == "NUMERICAL" || type == "FLOAT" || type == "MONETORY";
    const bool is_single = type == "SINGLE_OPTIONS" || type == "RADIO";
    const bool is_multi = type == "MULTIPLE_OPTIONS" || type == "CHECKBOX";
    const bool empty_text = value.kind == Kind::text && value.text.empty();
    if (value.kind == Kind::none || empty_text ||
        (is_multi && value.kind == Kind::list && value.list.empty())) {
      if (actor != Actor::staff && empty_text && !is_text && switches_.is("clear.empty_option", "400"))
        return refuse();
      const std::string& rule = switches_.text(value.kind == Kind::none ? "clear.null" : "clear.empty");
      if (actor != Actor::staff && value.kind != Kind::list) {
        if (rule == "422")
          return Refusal{
              422, {"customFields.field_value should not be empty"}, true, "Unprocessable Entity", {}, {},
              {}};
        if (rule == "ignored") continue;
      }
      next.custom.erase(field->id);
      continue;
    }
    const auto offered = [&](const std::string& option) {
      return switches_.is("picklist", "store") || std::ranges::count(field->options, option) > 0;
    };
    if (is_text) {
      if (value.kind != Kind::text) return refuse();
    } else if (is_number) {
      if (value.kind == Kind::text && switches_.is("custom.numeric_string", "accept")) {
        double number = 0;
        const auto [end, error] =
            std::from_chars(value.text.data(), value.text.data() + value.text.size(), number);
        if (error == std::errc{} && end == value.text.data() + value.text.size())
          value = CustomValue::of(number);
      }
      if (value.kind != Kind::number) return refuse();
    } else if (type == "DATE") {
      if (value.kind != Kind::text || !is_date(value.text)) return refuse();
      value.text = value.text.substr(0, 10);
    } else if (is_single) {
      if (value.kind != Kind::text || !offered(value.text)) return refuse();
    } else if (is_multi) {
      if (value.kind != Kind::list || !std::ranges::all_of(value.list, offered)) return refuse();
    } else if (value.kind != Kind::object) {
      continue;  // TEXTBOX_LIST, FILE_UPLOAD, SIGNATURE: other shapes are passed over in silence
    }
    next.custom[field->id] = std::move(value);
  }
  return std::nullopt;
}
}  // namespace tandem::sim::highlevel
