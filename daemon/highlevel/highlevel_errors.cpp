#include "daemon/highlevel/highlevel_errors.h"

#include <fmt/format.h>

namespace tandem::highlevel {
namespace {
constexpr std::size_t kWordsMax = 300;

bool has(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

std::string cut(std::string text) {
  if (text.size() <= kWordsMax) return text;
  std::size_t end = kWordsMax;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;  // not within a letter
  text.resize(end);
  return text;
}

bool says_gone(int status, const Refusal& refusal, const std::string& record) {
  if (!refusal.is_json || record.empty()) return false;
  if (status == 410) return true;
  if (has(refusal.message, record)) return has(refusal.message, "ot found");
  const bool names_another = has(refusal.message, "id:");
  return has(refusal.message, "ontact not found") && !names_another;
}

Error unauthorised(const http::Answer& answer, const Refusal& refusal, const Asked& asked,
                   const Codec& codec) {
  Error e;
  e.fault = Fault::unauthorised;
  if (answer.status == 403) {
    if (has(answer.body, "1010") || has(answer.body, "browser_signature_banned")) {
      e.message = fmt::format(
          "HighLevel's front end refused {} by its User-Agent (1010): set another user agent", asked.route);
    } else if (refusal.is_json) {
      e.message = fmt::format("HighLevel refused {}: the token does not have access to location {}",
                              asked.route, codec.location_id());
    } else {
      e.fault = Fault::transient;
      e.message =
          fmt::format("HighLevel's front end refused {} (403, no JSON); nothing was done", asked.route);
    }
  } else if (lacks_scope(answer)) {
    e.message = fmt::format("HighLevel refused {}: the token lacks the scope {}; add it to the integration",
                            asked.route, asked.scope);
  } else if (has(refusal.message, "ersion header")) {
    e.message = fmt::format("HighLevel refused {}: api_version is missing or unknown", asked.route);
  } else {
    e.message =
        fmt::format("HighLevel does not accept the token ({}): it is wrong, expired or revoked", asked.route);
  }
  return e;
}
}  // namespace

bool lacks_scope(const http::Answer& answer) {
  return answer.status == 401 && has(answer.body, "not authorized for this scope");
}

bool refuses_token(const http::Answer& answer) {
  return answer.status == 401 && !lacks_scope(answer) && !has(answer.body, "ersion header");
}

bool refuses_property(const http::Answer& answer, std::string_view property) {
  if (answer.status != 422 && answer.status != 400) return false;
  return has(refusal_of(answer.body).message, fmt::format("property {} should not exist", property));
}

Error error_of(const http::Answer& answer, const Asked& asked, const Codec& codec) {
  const Refusal refusal = refusal_of(answer.body);
  const int status = answer.status;
  const std::string to = asked.record.empty() ? std::string() : fmt::format(" for contact {}", asked.record);
  Error e;
  e.remote_words = cut(refusal.message);
  const auto sorted = [&](Fault fault, std::string message) {
    e.fault = fault;
    e.message = std::move(message);
    return e;
  };
  if (status == 401 || status == 403) {
    Error refused = unauthorised(answer, refusal, asked, codec);
    refused.remote_words = std::move(e.remote_words);
    return refused;
  }
  if (says_gone(status, refusal, asked.record) && (status == 400 || status == 404 || status == 410))
    return sorted(Fault::gone, fmt::format("HighLevel has no contact {}", asked.record));
  if (status >= 500 || status == 408)
    return sorted(asked.effect ? Fault::ambiguous : Fault::transient,
                  fmt::format("{}{} answered {}{}", asked.route, to, status,
                              asked.effect ? "; it may have been done" : ""));
  if (status < 400)
    return sorted(
        asked.effect ? Fault::ambiguous : Fault::malformed,
        fmt::format("{} answered {}, a redirect that is not followed: check base_url", asked.route, status));
  if (status == 404 || status == 405)
    return sorted(Fault::malformed,
                  fmt::format("{}{} answered {}: no such route there; check base_url and api_version",
                              asked.route, to, status));
  if (!refusal.is_json)
    return sorted(Fault::malformed, fmt::format("{}{} answered {} without JSON", asked.route, to, status));
  e.existing_id = refusal.existing_id;
  e.field = refusal.existing_id.empty()                                  ? codec.field_in(refusal.message)
            : refusal.matching == "email" || refusal.matching == "phone" ? refusal.matching
                                                                         : std::string();
  if (!e.existing_id.empty())
    return sorted(Fault::rejected, fmt::format("{}{}: contact {} already has that {}", asked.route, to,
                                               e.existing_id, e.field.empty() ? "identity" : e.field));
  return sorted(Fault::rejected, fmt::format("{}{} was refused with {}{}", asked.route, to, status,
                                             e.field.empty() ? "" : " because of field " + e.field));
}
}  // namespace tandem::highlevel
