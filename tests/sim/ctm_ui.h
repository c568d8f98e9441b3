// A person at work in CTM's web app, and the outside world that calls in. Everything here is logged
// as actor "staff" ("server" where CTM acts by itself) and thread-safe.
#pragma once
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "tests/sim/ctm_model.h"

namespace tandem::sim {

class CtmUi {
 public:
  explicit CtmUi(CtmModel& model, CtmAccount* account = nullptr);  // nullptr = the account of CtmSetup

  // --- The Contacts page and contact lists. Fields as in CtmPatch: "name", "email", "street",
  // "custom_fields.phase" ...; "" clears, whatever the API's clear_by_* switches say.
  CtmOutcome edit_contact(const std::string& number, const std::string& field, const std::string& value);
  CtmOutcome edit_row(const std::string& list_id, const std::string& number, const std::string& field,
                      const std::string& value);
  CtmOutcome add_to_list(const std::string& list_id, const std::string& number);
  CtmOutcome remove_from_list(const std::string& list_id, const std::string& number);
  CtmOutcome move(const std::string& from_list, const std::string& to_list, const std::string& number);
  CtmOutcome merge(const std::string& surviving_number, const std::string& losing_number);
  CtmOutcome delete_contact(const std::string& number);
  std::string create_list(const std::string& name);  // its id
  CtmOutcome rename_list(const std::string& list_id, const std::string& name);
  CtmOutcome delete_list(const std::string& list_id);

  // --- The contact panel and the details of an activity
  CtmOutcome edit_activity(std::int64_t activity_id, const std::string& field, const std::string& value);
  CtmOutcome tag(std::int64_t activity_id, const std::string& text);
  CtmOutcome untag(std::int64_t activity_id, const std::string& text);
  CtmOutcome write_notes(std::int64_t activity_id, const std::string& text);
  CtmOutcome score(std::int64_t activity_id, int score, bool conversion, const std::string& value);
  CtmOutcome redact(std::int64_t activity_id);
  std::size_t redact_older_than(int days);  // the account's automatic redaction

  // --- Activities; each returns its id
  std::int64_t call(const CtmNewActivity& activity);
  std::int64_t call_from(const std::string& number, const std::string& name = "",
                         const std::string& cnam = "");
  std::int64_t anonymous_call(const std::string& number = "+");  // "" or "+"
  std::int64_t call_from_own_number(bool receiving = false);     // one of the account's own
  std::int64_t call_from_agent();                                // an agent's phone
  std::int64_t outbound_call(const std::string& number);
  std::int64_t missed_call(const std::string& number);
  std::int64_t text(const std::string& number, const std::string& body, bool outbound = false);
  std::int64_t form(const std::string& number, const std::string& name, const std::string& email,
                    const std::vector<std::pair<std::string, std::string>>& fields = {});
  std::int64_t chat(const std::string& number, const std::string& name, const std::string& body);

  // --- Settings
  CtmOutcome register_custom_field(const std::string& name, const std::string& api_name,
                                   const std::string& type = "text");
  CtmOutcome opt_out(const std::string& number, bool out = true);
  void set_timezone(const std::string& rails_or_iana);  // a move, or a change of DST rules
  CtmKey reset_key(const std::string& access);

  [[nodiscard]] CtmAccount& account() { return account_; }

 private:
  CtmModel& model_;
  CtmAccount& account_;
};
}  // namespace tandem::sim
