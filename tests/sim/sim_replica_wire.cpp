#include "tests/sim/sim_replica_wire.h"

#include <fmt/format.h>
#include <xxhash.h>

#include <charconv>

namespace tandem::sim {
namespace {
constexpr const char* kWhole = "a whole answer";
constexpr std::int64_t kPauseMs = 10'000;  // after a 429 that does not say how long

std::int64_t pause_ms(const HttpResponse& response) {
  const auto header = response.headers.find("retry-after");
  if (header == response.headers.end()) return kPauseMs;
  std::int64_t seconds = 0;
  std::from_chars(header->second.data(), header->second.data() + header->second.size(), seconds);
  return seconds * 1000;
}
}  // namespace

Result<void> SimWire::send(const std::string& method, const std::string& path, const Work& work) {
  Result<void> got = exchange(method, path, work);
  if (heard) heard(method, path, got);
  return got;
}

Result<void> SimWire::exchange(const std::string& method, const std::string& path, const Work& work) {
  const bool reads = method == "GET" || path.find("/search") != std::string::npos;
  const std::string what = fmt::format("{} {}", method, path);
  ++requests_;
  if (before) before(method, path);
  if (revoked)
    return fail(tandem::Fault::unauthorised, what + ": 401, the credential is refused; replace it");
  if (answers_lost) return fail(tandem::Fault::transient, what + ": no connection; try again later");
  if (denies && denies(method, path)) {
    if (after) after(method, path);
    return fail(tandem::Fault::gone, what + ": 404, there is no such record");
  }
  std::optional<Error> refusal;
  HttpRequest request;
  request.method = method;
  request.path = path;
  const Delivered got = faults.deliver(request, [&](const HttpRequest& sent) {
    refusal = work(sent.page_fault);
    HttpResponse response;
    response.status = refusal ? 400 : 200;
    response.body = kWhole;
    return response;
  });
  if (after) after(method, path);
  const auto unknown = [&](const std::string& why) {
    return reads ? fail(tandem::Fault::transient, what + ": " + why + "; try again later")
                 : fail(tandem::Fault::ambiguous, what + ": " + why + "; read back before it is sent again");
  };
  if (got.delivery != Delivery::answered) return unknown("no answer");
  if (got.response.status == 429) {
    Error error;
    error.fault = tandem::Fault::rate_limited;
    error.message = what + ": 429, too many requests";
    error.retry_at_ms = now_ms() + pause_ms(got.response);
    return fail(std::move(error));
  }
  if (got.response.status >= 500) return unknown(fmt::format("status {}", got.response.status));
  const int status = got.response.status;
  if (status == 401 || status == 403)
    return fail(tandem::Fault::unauthorised, fmt::format("{}: {}", what, status));
  if (status >= 400 && !refusal) return fail(tandem::Fault::rejected, fmt::format("{}: {}", what, status));
  if (got.response.body != kWhole)
    return fail(tandem::Fault::malformed, what + ": not an answer of this route");
  if (refusal) return fail(std::move(*refusal));
  return {};
}

WireHash sim_hash(const Evidence& e, const Mapping& mapping) {
  std::string all;
  const auto add = [&](std::string_view part) { all += fmt::format("{}:{}", part.size(), part); };
  const auto list = [&](std::string_view kind, const std::vector<std::string>& parts) {
    add(kind);
    for (const auto& part : parts) add(part);
  };
  add(std::to_string(mapping.fingerprint()));
  add(e.person);
  add(e.caller_id_name);
  add(e.redacted ? "redacted" : "");
  for (const auto& [name, value] : e.fields) {
    add(name);
    add(value.blank ? "blank" : value.text);
    list("items", value.items);
  }
  list(e.shows_tags ? "tags" : "no tags", e.tags);
  list("phones", e.more_phones);
  list("emails", e.more_emails);
  const XXH128_hash_t hash = XXH3_128bits(all.data(), all.size());
  return {hash.low64, hash.high64};
}

WireValue wire_text(std::string text) {
  WireValue value;
  value.blank = text.empty();
  value.text = std::move(text);
  return value;
}

std::string text_of(const WireValue& value) {
  std::string text = value.text;
  for (const auto& item : value.items) text += (text.empty() ? "" : ";") + item;
  return text;
}
}  // namespace tandem::sim
