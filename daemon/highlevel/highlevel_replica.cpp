#include "daemon/highlevel/highlevel_replica.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "core/tuning.h"
#include "daemon/highlevel/standard_fields.h"
#include "daemon/http/retry.h"

namespace tandem {
using highlevel::Asked;
using highlevel::Contact;
using highlevel::DateForm;
using highlevel::Listing;
using highlevel::Search;
using highlevel::SearchPage;

namespace {
constexpr std::int64_t kDayMs = 24 * 3'600'000;
constexpr std::int64_t kCompanyRetryMs = 7 * kDayMs;
constexpr std::int64_t kStampLeadMs =
    60'000;                    // a stamp further ahead of the remote's own clock is no watermark
constexpr int kPageMax = 500;  // D
constexpr int kBatch = 8;
constexpr std::size_t kFetchTogether = 64;  // bounds the answers held at once
constexpr const char* kJsonBody = "Content-Type: application/json";

const Asked kSearch{"POST /contacts/search", highlevel::kReadContacts, "", false};
const Asked kDuplicate{"GET /contacts/search/duplicate", highlevel::kReadContacts, "", false};

constexpr const char* kLearnedForm = "date_form";
constexpr const char* kLearnedCompany = "company_refused_at_ms";
constexpr const char* kLearnedLocation = "location_settings";

bool is_e164(std::string_view number) {
  return number.size() >= 9 && number.size() <= 16 && number.front() == '+' &&
         std::all_of(number.begin() + 1, number.end(), [](char c) { return c >= '0' && c <= '9'; });
}

std::string digits_of(std::string_view number) {
  std::string out;
  for (const char c : number)
    if (c >= '0' && c <= '9') out += c;
  return out;
}

// Spelled with or without a country: the national part is enough to say "that number".
bool same_number(std::string_view a, std::string_view b) {
  constexpr std::size_t kNational = 8;
  const std::string left = digits_of(a), right = digits_of(b);
  const std::size_t n = std::min({left.size(), right.size(), kNational});
  return n >= 6 && left.compare(left.size() - n, n, right, right.size() - n, n) == 0;
}

bool same_email(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
  return a.size() == b.size() &&
         std::equal(a.begin(), a.end(), b.begin(), [&](char x, char y) { return lower(x) == lower(y); });
}

bool carries(const Contact& contact, const NaturalKey& key) {
  const auto& e = contact.evidence;
  const auto any = [](const std::vector<std::string>& all, const std::string& one, auto same) {
    return std::any_of(all.begin(), all.end(), [&](const std::string& x) { return same(x, one); });
  };
  if (!key.phone.empty() &&
      (same_number(contact.phone, key.phone) || any(e.more_phones, key.phone, same_number)))
    return true;
  return !key.email.empty() &&
         (same_email(contact.email, key.email) || any(e.more_emails, key.email, same_email));
}

// A refused listing is no record to park: the page is refused, the cursor stays.
Error refused_page(Error error) {
  if (error.fault == Fault::rejected) error.fault = Fault::malformed;
  return error;
}

http::Settings transport_settings(const HighLevelSettings& settings, std::vector<std::string> headers) {
  http::Settings out;
  out.base_url = settings.base_url;
  out.headers = std::move(headers);
  out.ca_file = settings.ca_file;
  out.body_max = 16u << 20;  // 500 rows are about one megabyte
  out.in_flight = settings.in_flight;
  out.stop_requested = settings.stop_requested;
  return out;
}
}  // namespace

HighLevelReplica::HighLevelReplica(HighLevelSettings settings, Clock& clock, http::RateGate* shared_gate)
    : settings_(std::move(settings)),
      clock_(clock),
      own_gate_(settings_.budget),
      gate_(shared_gate != nullptr ? *shared_gate : own_gate_),
      transport_(transport_settings(settings_, common_headers()), gate_, clock),
      codec_(settings_.location_id, settings_.native_names, settings_.mapping_fingerprint, settings_.clears),
      date_form_(settings_.date_form) {
  settings_.page_size = std::clamp(settings_.page_size, 1, kPageMax);
  capabilities_.create = capabilities_.update = capabilities_.remove = true;
  capabilities_.creates = SourceKind::record;
  capabilities_.has_records = true;
  capabilities_.tags = true;
  capabilities_.direct_proof = true;
  capabilities_.has_edit_times = true;
  capabilities_.index_lag_ms = tuning::kHighLevelIndexLagMs;
  capabilities_.page_max = settings_.page_size;
  capabilities_.batch = kBatch;
  auto& record = capabilities_.surface[SourceKind::record];
  for (const auto& field : highlevel::kStandardFields) record[std::string(field.native)] = Access::read_write;
  record["custom:*"] = Access::read_write;
}

std::vector<std::string> HighLevelReplica::common_headers() const {
  return {"Authorization: Bearer " + settings_.token, "Version: " + settings_.api_version,
          "Accept: application/json",
          "User-Agent: " + (settings_.user_agent.empty() ? "tandem/" TANDEM_VERSION : settings_.user_agent)};
}

void HighLevelReplica::set_token(std::string token) {
  settings_.token = std::move(token);
  transport_.set_headers(common_headers());
  opened_at_ms_ = 0;
}

Result<void> HighLevelReplica::take_token(Result<std::string> token) {
  if (!token) return fail(std::move(token.error()));
  if (*token == settings_.token) return {};
  settings_.token = std::move(*token);
  transport_.set_headers(common_headers());
  return {};
}

Result<http::Answer> HighLevelReplica::send(const http::Request& request) {
  return std::move(send_all(std::span(&request, 1)).front());
}

std::vector<Result<http::Answer>> HighLevelReplica::send_all(std::span<const http::Request> requests) {
  if (settings_.tokens == nullptr || requests.empty()) return transport_.send_all(requests);
  if (auto ready = take_token(settings_.tokens->token()); !ready)
    return std::vector<Result<http::Answer>>(requests.size(), fail(std::move(ready.error())));
  auto answers = transport_.send_all(requests);
  std::vector<std::size_t> refused;
  std::vector<http::Request> again;
  for (std::size_t i = 0; i < answers.size(); ++i) {
    if (!answers[i] || !highlevel::refuses_token(*answers[i])) continue;
    refused.push_back(i);
    again.push_back(requests[i]);
  }
  if (refused.empty()) return answers;
  const std::string before = settings_.token;
  auto renewed = take_token(settings_.tokens->renew(before));
  if (renewed && settings_.token == before) return answers;
  auto better = renewed ? transport_.send_all(again)
                        : std::vector<Result<http::Answer>>(again.size(), fail(std::move(renewed.error())));
  for (std::size_t k = 0; k < refused.size(); ++k) answers[refused[k]] = std::move(better[k]);
  return answers;
}

// An answer that is a success, or the reason why not.
Result<http::Answer> HighLevelReplica::ask(const http::Request& request, const Asked& asked) {
  auto answer = send(request);
  if (answer && !highlevel::is_success(answer->status))
    return fail(highlevel::error_of(*answer, asked, codec_));
  return answer;
}

Result<void> HighLevelReplica::open() {
  const std::int64_t now = clock_.now_ms();
  if (company_refused_at_ms_ != 0 && now - company_refused_at_ms_ >= kCompanyRetryMs) refuse_company(false);
  if (opened_at_ms_ != 0 && now >= opened_at_ms_ && now - opened_at_ms_ < kDayMs) return {};
  if (auto read = read_location(); !read) return read;
  if (auto read = read_definitions(); !read) return read;
  opened_at_ms_ = now;
  return {};
}

Result<void> HighLevelReplica::read_location() {
  http::Request request;
  request.path = "/locations/" + http::encode(settings_.location_id);
  auto answer = send(request);
  if (!answer) return fail(std::move(answer.error()));
  if (highlevel::lacks_scope(*answer)) {
    location_note_ = fmt::format("not readable: the token lacks the scope {}", highlevel::kReadLocation);
    return {};
  }
  if (!highlevel::is_success(answer->status)) {
    Error e =
        highlevel::error_of(*answer, {"GET /locations/{id}", highlevel::kReadLocation, "", false}, codec_);
    if (e.fault == Fault::rejected || e.fault == Fault::gone) {
      e.fault = Fault::rejected;
      e.message = fmt::format("HighLevel has no location {}, or the token cannot see it: check location_id",
                              settings_.location_id);
    }
    return fail(std::move(e));
  }
  auto location = highlevel::Codec::location(answer->body);
  if (!location) return fail(std::move(location.error()));
  if (!location->id.empty() && location->id != settings_.location_id)
    return fail(Fault::malformed, "HighLevel answered with another location than was asked for");
  location_ = std::move(*location);
  location_note_.clear();
  own_numbers_.clear();
  if (is_e164(location_.phone)) own_numbers_.insert(location_.phone);
  return {};
}

Result<void> HighLevelReplica::read_definitions() {
  if (!codec_.needs_definitions()) return {};
  http::Request request;
  request.path = "/locations/" + http::encode(settings_.location_id) + "/customFields?model=contact";
  auto answer = ask(request, {"GET /locations/{id}/customFields", highlevel::kReadCustomFields, "", false});
  if (!answer) return fail(refused_page(std::move(answer.error())));
  auto fields = highlevel::Codec::custom_fields(answer->body);
  if (!fields) return fail(std::move(fields.error()));
  const auto problems = codec_.define(*fields);
  if (problems.empty()) return {};
  opened_at_ms_ = 0;
  std::string text;
  for (const auto& problem : problems) text.append(text.empty() ? "" : "; ").append(problem);
  return fail(Fault::rejected,
              fmt::format("mapped fields of HighLevel location {}: {}", settings_.location_id, text));
}

http::Request HighLevelReplica::search_request(const Search& search) const {
  http::Request request;
  request.method = "POST";
  request.path = "/contacts/search";
  request.headers = {kJsonBody};
  request.body = codec_.search_body(search);
  return request;
}

Result<SearchPage> HighLevelReplica::search(const Search& search, std::int64_t* remote_now_ms) {
  auto answer = ask(search_request(search), kSearch);
  if (!answer) return fail(std::move(answer.error()));
  if (remote_now_ms != nullptr) {
    const auto date = answer->headers.find("date");
    if (date != answer->headers.end()) *remote_now_ms = http::http_date_ms(date->second).value_or(0);
  }
  auto page = codec_.search_page(answer->body);
  if (!page) page.error().message += " (POST /contacts/search)";
  return page;
}

// Until one form of the date filter is proved, a refusal, silence, or rows from before the date are
// answered by trying the other form once.
Result<SearchPage> HighLevelReplica::search_since(Search wanted, std::int64_t* remote_now_ms) {
  wanted.form = date_form_;
  auto page = search(wanted, remote_now_ms);
  const auto honoured = [&](const Result<SearchPage>& p) {
    return p && !p->rows.empty() && p->rows.front().key.value_or(0) >= wanted.since_ms;
  };
  const bool refused = !page && page.error().fault == Fault::rejected;
  if (!refused && (date_form_proved_ || !page || honoured(page))) {
    date_form_proved_ = date_form_proved_ || honoured(page);
    return page;
  }
  wanted.form = wanted.form == DateForm::iso ? DateForm::epoch_ms : DateForm::iso;
  auto other = search(wanted, remote_now_ms);
  if (!honoured(other) && !(refused && other)) return page;
  date_form_ = wanted.form;
  date_form_proved_ = honoured(other);
  return other;
}

Result<Page> HighLevelReplica::read_page(ReadKind kind, const std::string& cursor) {
  Listing at = highlevel::listing_from(kind, cursor);
  const bool first = at.after.empty();
  std::int64_t remote_now_ms = 0;
  if (kind == ReadKind::full && first && at.pass == 1) {
    if (auto read = read_definitions(); !read) return fail(std::move(read.error()));
    // The change feed goes on from where this listing begins, not from where it ends.
    auto newest = search({.sort = "dateUpdated", .newest_first = true, .limit = 1}, &remote_now_ms);
    if (!newest) return fail(refused_page(std::move(newest.error())));
    if (!newest->rows.empty()) at.watermark_ms = newest->rows.front().key.value_or(0);
    if (remote_now_ms != 0) at.watermark_ms = std::min(at.watermark_ms, remote_now_ms + kStampLeadMs);
  }
  Search wanted;
  wanted.sort = kind == ReadKind::full ? "dateAdded" : "dateUpdated";
  wanted.since_ms = at.since_ms();
  wanted.form = date_form_;
  wanted.after = at.after;
  wanted.limit = settings_.page_size;
  auto page =
      wanted.since_ms != 0 && first ? search_since(wanted, &remote_now_ms) : search(wanted, &remote_now_ms);
  if (!page) return fail(refused_page(std::move(page.error())));
  auto step = highlevel::advance(at, *page, settings_.page_size,
                                 remote_now_ms == 0 ? 0 : remote_now_ms + kStampLeadMs);
  if (!step) return fail(std::move(step.error()));
  Page out;
  out.evidence.reserve(page->rows.size());
  for (auto& row : page->rows) out.evidence.push_back(std::move(row.evidence));
  out.next = std::move(step->cursor);
  out.more = step->more;
  if (step->complete) out.completed.push_back(SourceKind::record);
  return out;
}

http::Request HighLevelReplica::read_of(const std::string& contact_id) const {
  http::Request request;
  request.path = "/contacts/" + http::encode(contact_id);
  return request;
}

// The contact that was asked for, of this location (a proxy may serve somebody else's answer).
Result<Contact> HighLevelReplica::contact_in(Result<http::Answer>& answer, const std::string& contact_id) {
  if (!answer) return fail(std::move(answer.error()));
  if (!highlevel::is_success(answer->status))
    return fail(highlevel::error_of(
        *answer, {"GET /contacts/{id}", highlevel::kReadContacts, contact_id, false}, codec_));
  auto contact = codec_.contact(answer->body);
  if (!contact) {
    contact.error().message += fmt::format(" (GET /contacts/{})", contact_id);
    return contact;
  }
  if (contact->evidence.source.id != contact_id)
    return fail(Fault::malformed,
                fmt::format("asked for contact {}, HighLevel answered with another", contact_id));
  if (!contact->location_id.empty() && contact->location_id != settings_.location_id)
    return fail(Fault::malformed, fmt::format("contact {} belongs to another location now", contact_id));
  return contact;
}

std::vector<Result<std::vector<Evidence>>> HighLevelReplica::fetch(std::span<const FetchRequest> requests) {
  std::vector<Result<std::vector<Evidence>>> out;
  out.reserve(requests.size());
  std::vector<http::Request> asked;
  for (std::size_t from = 0; from < requests.size(); from += kFetchTogether) {
    const auto part = requests.subspan(from, std::min(kFetchTogether, requests.size() - from));
    asked.clear();
    for (const auto& request : part) asked.push_back(read_of(request.record.text));
    auto answers = send_all(asked);
    for (std::size_t i = 0; i < part.size(); ++i) {
      auto contact = contact_in(answers[i], part[i].record.text);
      if (!contact) {
        out.emplace_back(fail(std::move(contact.error())));
        continue;
      }
      std::vector<Evidence> one;
      one.push_back(std::move(contact->evidence));
      out.emplace_back(std::move(one));
    }
  }
  return out;
}

http::Request HighLevelReplica::duplicate_request(std::string_view parameter,
                                                  const std::string& value) const {
  http::Request request;
  request.path = fmt::format("/contacts/search/duplicate?locationId={}&{}={}",
                             http::encode(settings_.location_id), parameter, http::encode(value));
  return request;
}

// Contacts that either search names, each once.
Result<std::vector<std::string>> HighLevelReplica::ids_with(const NaturalKey& key) {
  std::vector<http::Request> asked;
  if (!key.phone.empty()) asked.push_back(duplicate_request("number", key.phone));
  if (!key.email.empty()) asked.push_back(duplicate_request("email", key.email));
  const std::size_t duplicates = asked.size();
  if (!key.phone.empty() ||
      key.email.size() <= highlevel::kFilterValueMax)  // without a filter it lists everybody
    asked.push_back(
        search_request({.phone = key.phone, .email = key.email, .limit = tuning::kMatchGroupMax}));

  std::vector<std::string> ids;
  const auto add = [&ids](const std::string& id) {
    if (!id.empty() && std::find(ids.begin(), ids.end(), id) == ids.end()) ids.push_back(id);
  };
  auto answers = send_all(asked);
  for (std::size_t i = 0; i < answers.size(); ++i) {
    auto& answer = answers[i];
    if (!answer) return fail(std::move(answer.error()));
    if (!highlevel::is_success(answer->status))
      return fail(highlevel::error_of(*answer, i < duplicates ? kDuplicate : kSearch, codec_));
    if (i < duplicates) {
      auto id = highlevel::Codec::duplicate_id(answer->body);
      if (!id) return fail(std::move(id.error()));
      add(*id);
    } else {
      auto page = codec_.search_page(answer->body);
      if (!page) return fail(std::move(page.error()));
      for (const auto& row : page->rows) add(row.evidence.source.id);
    }
  }
  return ids;
}

Result<Found> HighLevelReplica::find(const NaturalKey& key) {
  Found found;
  found.as_of_ms = clock_.now_ms();
  if (key.phone.empty() && key.email.empty()) return found;
  auto known = ids_with(key);
  if (!known) return fail(std::move(known.error()));
  const auto& ids = *known;

  std::vector<http::Request> asked;
  for (const auto& id : ids) asked.push_back(read_of(id));
  auto answers = send_all(asked);
  for (std::size_t i = 0; i < ids.size(); ++i) {
    auto contact = contact_in(answers[i], ids[i]);
    if (contact) {
      if (carries(*contact, key)) found.evidence.push_back(std::move(contact->evidence));
    } else if (contact.error().fault != Fault::gone) {  // the index shows deleted rows for a while
      return fail(std::move(contact.error()));
    }
  }
  return found;
}

std::map<std::string, std::string> HighLevelReplica::learned() const {
  std::map<std::string, std::string> facts;
  if (date_form_proved_) facts[kLearnedForm] = date_form_ == DateForm::iso ? "iso" : "epoch_ms";
  if (!takes_company()) facts[kLearnedCompany] = std::to_string(company_refused_at_ms_);
  if (!location_note_.empty()) facts[kLearnedLocation] = location_note_;
  return facts;
}

void HighLevelReplica::recall(const std::map<std::string, std::string>& facts) {
  if (const auto it = facts.find(kLearnedForm);
      it != facts.end() && (it->second == "iso" || it->second == "epoch_ms")) {
    date_form_ = it->second == "iso" ? DateForm::iso : DateForm::epoch_ms;
    date_form_proved_ = true;
  }
  if (const auto it = facts.find(kLearnedCompany); it != facts.end()) {
    std::int64_t at = 0;
    std::from_chars(it->second.data(), it->second.data() + it->second.size(), at);
    const std::int64_t age = clock_.now_ms() - at;
    if (at > 0 && age >= 0 && age < kCompanyRetryMs) {
      refuse_company(true);
      company_refused_at_ms_ = at;
    }
  }
}

void HighLevelReplica::refuse_company(bool refused) {
  company_refused_at_ms_ = refused ? clock_.now_ms() : 0;
  capabilities_.surface[SourceKind::record]["company"] = refused ? Access::read_only : Access::read_write;
}

Replica::Usage HighLevelReplica::usage() const {
  return {transport_.requests_sent(), gate_.day_limit(), gate_.day_remaining()};
}

int HighLevelReplica::cost_of(WriteKind kind) const { return kind == WriteKind::remove ? 1 : 2; }
}  // namespace tandem
