// The JSON in which CTM shows its records. Only ctm_*.cpp include this.
#pragma once
#include <cstdint>
#include <set>
#include <string>

#include "tests/sim/ctm_model.h"
#include "tests/sim/json.h"

namespace tandem::sim {

// Which top-level keys of an activity a request asked for.
struct CtmProjection {
  std::set<std::string, std::less<>> only, except;  // empty `only` = all
};

void ctm_write_row(JsonOut& out, const CtmRow& row, const CtmAccount& account, const Switches& sw);
void ctm_write_contact(JsonOut& out, const CtmContact& contact, const CtmAccount& account,
                       const Switches& sw);
void ctm_write_list(JsonOut& out, const CtmList& list, CtmAccount& account);
// What is known of the activity at `as_of_ms`: later stages do not show.
void ctm_write_activity(JsonOut& out, const CtmActivity& activity, const CtmAccount& account,
                        std::int64_t as_of_ms, const Switches& sw, const CtmProjection& projection = {});
void ctm_write_sale(JsonOut& out, const CtmActivity& activity);
void ctm_write_transcription(JsonOut& out, const CtmActivity& activity);
void ctm_write_account(JsonOut& out, const CtmAccount& account, const Switches& sw, bool whole);
void ctm_write_user(JsonOut& out, const CtmUser& user, const CtmAccount& account);
void ctm_write_number(JsonOut& out, const CtmOwnNumber& number, const CtmAccount& account);
void ctm_write_custom_field(JsonOut& out, const CtmCustomField& field, const CtmAccount& account);
void ctm_write_webhook(JsonOut& out, const CtmWebhook& webhook);

[[nodiscard]] std::string ctm_iso(std::int64_t unix_ms);  // "2026-11-20T09:41:05Z"
}  // namespace tandem::sim
