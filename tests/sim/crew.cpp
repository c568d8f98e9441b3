#include "tests/sim/crew.h"

#include <algorithm>

#include "tests/sim/ctm_ui.h"

namespace tandem::sim {
namespace {
std::string highlevel_contact(highlevel::Model& model, const std::string& phone) {
  std::string found_by;
  const auto found = model.find_duplicate("", phone, found_by);
  return found == nullptr ? "" : found->id;
}

std::optional<highlevel::Field> highlevel_field(const std::string& name) {
  using highlevel::Field;
  if (name == "first_name") return Field::first_name;
  if (name == "last_name") return Field::last_name;
  if (name == "company") return Field::company_name;
  if (name == "postal_code") return Field::postal_code;
  return highlevel::field_called(name);
}
}  // namespace

StaffSide crew_of(highlevel::Model& model) {
  using namespace highlevel;
  StaffSide side;
  side.phones = [&model] {
    const std::lock_guard lock(model.guard());
    std::vector<std::string> phones;
    for (const auto& contact : model.contacts())
      if (!contact->at(Field::phone).empty()) phones.push_back(contact->at(Field::phone));
    return phones;
  };
  side.edit = [&model](const std::string& phone, const std::string& name, const std::string& value) {
    const std::lock_guard lock(model.guard());
    const auto field = highlevel_field(name);
    const std::string id = highlevel_contact(model, phone);
    return field && !id.empty() && model.update(id, Patch().set(*field, value), Actor::staff);
  };
  side.tag = [&model](const std::string& phone, const std::string& tag, bool add) {
    const std::lock_guard lock(model.guard());
    const std::string id = highlevel_contact(model, phone);
    return !id.empty() && model.change_tags(id, {tag}, add, Actor::staff);
  };
  side.arrive = [&model](const PersonCard& card) {
    const std::lock_guard lock(model.guard());
    Patch patch;
    patch.set(Field::first_name, card.first_name)
        .set(Field::last_name, card.last_name)
        .set(Field::phone, card.phone);
    if (!card.email.empty()) patch.set(Field::email, card.email);
    (void)model.create(patch, Actor::staff);
  };
  return side;
}

StaffSide crew_of(CtmModel& model) {
  StaffSide side;
  side.phones = [&model] {
    const std::lock_guard lock(model.guard());
    std::vector<std::string> phones;
    for (const auto& row : model.account().live_rows(model.sync_list()))
      phones.push_back(row.membership.number);
    return phones;
  };
  side.edit = [&model](const std::string& phone, const std::string& name, const std::string& value) {
    const std::string field = name == "company"    ? "custom_fields.company"
                              : name == "address1" ? "street"
                                                   : name;
    return CtmUi(model).edit_contact(phone, field, value).ok();
  };
  side.tag = [&model](const std::string& phone, const std::string& tag, bool add) {
    const std::lock_guard lock(model.guard());
    const CtmActivity* newest = model.account().newest_of(phone);
    if (newest == nullptr) return false;
    CtmUi ui(model);
    return (add ? ui.tag(newest->id, tag) : ui.untag(newest->id, tag)).ok();
  };
  side.arrive = [&model](const PersonCard& card) { CtmUi(model).call_from(card.phone, card.name()); };
  side.call = [&model](const std::string& phone) { CtmUi(model).call_from(phone); };
  return side;
}
}  // namespace tandem::sim
