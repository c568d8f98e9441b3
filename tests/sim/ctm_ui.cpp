#include "tests/sim/ctm_ui.h"

#include <algorithm>

namespace tandem::sim {
namespace {
constexpr std::string_view kStaff = "staff";
using Lock = std::lock_guard<std::recursive_mutex>;
}  // namespace

CtmUi::CtmUi(CtmModel& model, CtmAccount* account)
    : model_(model), account_(account != nullptr ? *account : model.account()) {}

CtmOutcome CtmUi::edit_contact(const std::string& number, const std::string& field,
                               const std::string& value) {
  const Lock lock(model_.guard());
  const CtmContact* contact = account_.contact_of(number);
  if (contact == nullptr) return {CtmCode::missing, "contact not found", 0};
  return account_.change_contact(kStaff, contact->id, {{field, value}});
}

CtmOutcome CtmUi::edit_row(const std::string& list_id, const std::string& number, const std::string& field,
                           const std::string& value) {
  const Lock lock(model_.guard());
  for (const auto& row : account_.live_rows(list_id)) {
    if (row.membership.number == number) {
      return account_.change_contact(kStaff, row.membership.contact_id, {{field, value}});
    }
  }
  return {CtmCode::missing, "contact not found", 0};
}

CtmOutcome CtmUi::add_to_list(const std::string& list_id, const std::string& number) {
  const Lock lock(model_.guard());
  return account_.add_contact(kStaff, list_id, {{"number", number}});
}

CtmOutcome CtmUi::remove_from_list(const std::string& list_id, const std::string& number) {
  const Lock lock(model_.guard());
  const std::vector<std::string> numbers = {number};
  return account_.remove_contacts(kStaff, list_id, numbers);
}

CtmOutcome CtmUi::move(const std::string& from_list, const std::string& to_list, const std::string& number) {
  const Lock lock(model_.guard());
  return account_.move_contact(kStaff, from_list, to_list, number);
}

CtmOutcome CtmUi::merge(const std::string& surviving_number, const std::string& losing_number) {
  const Lock lock(model_.guard());
  const CtmContact* kept = account_.contact_of(surviving_number);
  const CtmContact* gone = account_.contact_of(losing_number);
  if (kept == nullptr || gone == nullptr) return {CtmCode::missing, "contact not found", 0};
  return account_.merge_contacts(kStaff, kept->id, gone->id);
}

CtmOutcome CtmUi::delete_contact(const std::string& number) {
  const Lock lock(model_.guard());
  const CtmContact* contact = account_.contact_of(number);
  if (contact == nullptr) return {CtmCode::missing, "contact not found", 0};
  return account_.delete_contact(kStaff, contact->id);
}

std::string CtmUi::create_list(const std::string& name) {
  const Lock lock(model_.guard());
  return account_.create_list(kStaff, name).id;
}

CtmOutcome CtmUi::rename_list(const std::string& list_id, const std::string& name) {
  const Lock lock(model_.guard());
  return account_.change_list(kStaff, list_id, name, "");
}

CtmOutcome CtmUi::delete_list(const std::string& list_id) {
  const Lock lock(model_.guard());
  return account_.delete_list(kStaff, list_id);
}

CtmOutcome CtmUi::edit_activity(std::int64_t activity_id, const std::string& field,
                                const std::string& value) {
  const Lock lock(model_.guard());
  return account_.modify(kStaff, activity_id, {{field, value}});
}

CtmOutcome CtmUi::tag(std::int64_t activity_id, const std::string& text) {
  const Lock lock(model_.guard());
  return account_.tag(kStaff, activity_id, text, true);
}

CtmOutcome CtmUi::untag(std::int64_t activity_id, const std::string& text) {
  const Lock lock(model_.guard());
  return account_.tag(kStaff, activity_id, text, false);
}

CtmOutcome CtmUi::write_notes(std::int64_t activity_id, const std::string& text) {
  return edit_activity(activity_id, "notes", text);
}

CtmOutcome CtmUi::score(std::int64_t activity_id, int score, bool conversion, const std::string& value) {
  const Lock lock(model_.guard());
  CtmSale sale;
  sale.score = score;
  sale.conversion = conversion;
  sale.value = value;
  return account_.score(kStaff, activity_id, sale);
}

CtmOutcome CtmUi::redact(std::int64_t activity_id) {
  const Lock lock(model_.guard());
  return account_.redact(kStaff, activity_id);
}

std::size_t CtmUi::redact_older_than(int days) {
  const Lock lock(model_.guard());
  return account_.redact_before("server", model_.now() - days * 86'400'000LL);
}

std::int64_t CtmUi::call(const CtmNewActivity& activity) {
  const Lock lock(model_.guard());
  return account_.record(kStaff, activity);
}

std::int64_t CtmUi::call_from(const std::string& number, const std::string& name, const std::string& cnam) {
  CtmNewActivity made;
  made.number = number;
  made.name = name;
  made.cnam = cnam;
  return call(made);
}

std::int64_t CtmUi::anonymous_call(const std::string& number) {
  CtmNewActivity made;
  made.number = number;
  made.cnam = "ANONYMOUS";
  return call(made);
}

std::int64_t CtmUi::call_from_own_number(bool receiving) {
  const auto own = std::ranges::find(account_.numbers, receiving, &CtmOwnNumber::receiving);
  return call_from(own == account_.numbers.end() ? "" : own->number);
}

std::int64_t CtmUi::call_from_agent() {
  return call_from(account_.users.empty() ? "" : account_.users.front().phone);
}

std::int64_t CtmUi::outbound_call(const std::string& number) {
  CtmNewActivity made;
  made.direction = "outbound";
  made.number = number;
  return call(made);
}

std::int64_t CtmUi::missed_call(const std::string& number) {
  CtmNewActivity made;
  made.number = number;
  made.answered = false;
  return call(made);
}

std::int64_t CtmUi::text(const std::string& number, const std::string& body, bool outbound) {
  CtmNewActivity made;
  made.direction = outbound ? "msg_outbound" : "msg_inbound";
  made.number = number;
  made.message_body = body;
  const std::int64_t activity_id = call(made);
  if (!outbound && (body == "STOP" || body == "stop" || body == "Stop")) {  // carriers demand it
    const Lock lock(model_.guard());
    account_.opt_out("server", number, true);
  }
  return activity_id;
}

std::int64_t CtmUi::form(const std::string& number, const std::string& name, const std::string& email,
                         const std::vector<std::pair<std::string, std::string>>& fields) {
  CtmNewActivity made;
  made.direction = "form";
  made.number = number;
  made.name = name;
  made.email = email;
  made.form_name = "Quote request";
  made.form_fields = fields;
  made.updates_contact = true;
  return call(made);
}

std::int64_t CtmUi::chat(const std::string& number, const std::string& name, const std::string& body) {
  CtmNewActivity made;
  made.direction = "chat";
  made.number = number;
  made.name = name;
  made.message_body = body;
  return call(made);
}

CtmOutcome CtmUi::register_custom_field(const std::string& name, const std::string& api_name,
                                        const std::string& type) {
  const Lock lock(model_.guard());
  CtmCustomField field;
  field.name = name;
  field.api_name = api_name;
  field.field_type = type;
  return account_.register_custom_field(kStaff, field);
}

CtmOutcome CtmUi::opt_out(const std::string& number, bool out) {
  const Lock lock(model_.guard());
  return account_.opt_out(kStaff, number, out);
}

void CtmUi::set_timezone(const std::string& rails_or_iana) {
  const Lock lock(model_.guard());
  account_.set_timezone(rails_or_iana);
}

CtmKey CtmUi::reset_key(const std::string& access) {
  const Lock lock(model_.guard());
  return model_.reset_key(access);
}
}  // namespace tandem::sim
