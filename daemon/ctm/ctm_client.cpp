#include "daemon/ctm/ctm_client.h"
#include <fmt/format.h>
#include <algorithm>
#include <array>
#include "daemon/ctm/ctm_errors.h"

namespace tandem::ctm {
namespace {
constexpr std::string_view kApi = "/api/v1";

bool is_one_of(std::string_view text, std::initializer_list<std::string_view> all) {
  return std::find(all.begin(), all.end(), text) != all.end();
}

// An id as CTM makes them: digits or opaque letters. Anything that could change the path is none.
bool is_id(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](unsigned char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '-';
  });
}

std::vector<std::string_view> segments(std::string_view tail) {
  tail = tail.substr(0, tail.find('?'));
  if (tail.ends_with(".json")) tail.remove_suffix(5);
  std::vector<std::string_view> out;
  while (!tail.empty()) {
    if (tail.front() != '/') return {"?"};
    tail.remove_prefix(1);
    const std::size_t end = std::min(tail.find('/'), tail.size());
    out.push_back(tail.substr(0, end));
    tail.remove_prefix(end);
  }
  return out;
}

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](unsigned char c) { return static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c); });
  return out;
}

struct Base {
  std::string origin, prefix;
};

// https://Host:443/x/ -> https://host and /x: only the origin is compared with where next pages point.
Base split_url(std::string_view url) {
  const std::size_t host = url.find("://");
  if (host == url.npos) return {};
  const std::size_t path = std::min(url.find('/', host + 3), url.size());
  Base base{lower(url.substr(0, path)), std::string(url.substr(path))};
  for (const auto& [scheme, port] : {std::pair{"https://", ":443"}, std::pair{"http://", ":80"}}) {
    if (base.origin.starts_with(scheme) && base.origin.ends_with(port)) {
      base.origin.resize(base.origin.size() - std::string_view(port).size());
    }
  }
  return base;
}

Base base_of(std::string_view url) {
  Base base = split_url(url);
  while (base.prefix.ends_with('/')) base.prefix.pop_back();
  if (base.prefix.ends_with(kApi)) base.prefix.resize(base.prefix.size() - kApi.size());
  return base;
}

std::vector<std::string> headers_of(const std::string& credential, const std::string& user_agent) {
  return {"Authorization: Basic " + base64(credential), "Accept: application/json",
          "User-Agent: " + user_agent};
}

http::Settings transport_settings(const CtmSettings& settings) {
  http::Settings out;
  out.stop_requested = settings.stop_requested;
  out.base_url = base_of(settings.base_url).origin;
  out.headers = headers_of(settings.credential, settings.user_agent);
  out.ca_file = settings.ca_file;
  return out;
}

Reply reply_of(http::Answer answer) {
  Reply reply;
  reply.status = answer.status;
  reply.is_blank = answer.body.find_first_not_of(" \t\r\n") == answer.body.npos;
  if (reply.is_blank) return reply;
  if (auto body = Body::parse(std::move(answer.body))) {
    reply.is_json = true;
    Refusal refusal = refusal_of(body->root());
    reply.refused = refusal.is_error;
    reply.words = std::move(refusal.words);
    reply.field = std::move(refusal.field);
    reply.body = std::move(*body);
  }
  return reply;
}

tl::unexpected<Error> refused() {
  return fail(Fault::unsupported, "a request that is not on tandem's list was refused before it left");
}

Error error_of(Fault fault, std::string message, const Reply& reply) {
  Error error;
  error.fault = fault;
  error.message = std::move(message);
  error.remote_words = reply.words;
  return error;
}
}  // namespace

bool is_allowed(std::string_view method, std::string_view tail) {
  const auto s = segments(tail);
  for (const std::string_view part : s) {
    if (!is_id(part) || is_one_of(lower(part), {"sms", "formreactor"})) return false;  // not even as an id
  }
  if (method == "GET") {
    if (s.empty()) return true;  // the account itself
    if (is_one_of(s[0], {"numbers", "receiving_numbers", "users", "custom_fields"})) return s.size() == 1;
    if (s[0] == "lists") return s.size() <= 2 || (s.size() == 3 && s[2] == "contacts");
    return is_one_of(s[0], {"calls", "contacts"}) && s.size() <= 2;
  }
  if (s.size() == 3 && s[0] == "calls") {
    if (s[2] == "modify") return is_one_of(method, {"POST", "PUT"});
    return s[2] == "tag" && is_one_of(method, {"POST", "DELETE"});
  }
  if (s.size() == 3 && s[0] == "lists") {
    return (method == "POST" && s[2] == "add_contact") || (method == "DELETE" && s[2] == "remove_contacts");
  }
  if (s.empty() || s[0] != "contacts") return false;
  return s.size() == 1 ? method == "POST" : s.size() == 2 && is_one_of(method, {"PUT", "PATCH", "DELETE"});
}

std::string base64(std::string_view bytes) {
  constexpr std::string_view kLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const auto byte = [&](std::size_t at) {
      return at < bytes.size() ? static_cast<unsigned char>(bytes[at]) : 0U;
    };
    const unsigned group = byte(i) << 16 | byte(i + 1) << 8 | byte(i + 2);
    for (std::size_t k = 0; k < 4; ++k) {
      out += i + k > bytes.size() ? '=' : kLetters[group >> (18 - 6 * k) & 63];
    }
  }
  return out;
}

Client::Client(const CtmSettings& settings, http::RateGate& gate, Clock& clock)
    : origin_(base_of(settings.base_url).origin),
      account_path_(
          fmt::format("{}{}/accounts/{}", base_of(settings.base_url).prefix, kApi, settings.account_id)),
      account_id_(settings.account_id),
      user_agent_(settings.user_agent),
      clock_(clock),
      transport_(transport_settings(settings), gate, clock) {}

void Client::set_credential(const std::string& credential) {
  transport_.set_headers(headers_of(credential, user_agent_));
}

std::optional<Error> Client::sort_status(const Reply& reply, std::string_view what, bool effect) const {
  switch (reply.status) {
    case 401:
      return error_of(
          Fault::unauthorised,
          fmt::format("CTM refused the key (401) for {}: check the credential of [link.ctm]; it is "
                      "ACCESS_KEY:SECRET_KEY, and a reset in CTM ends the old pair at once",
                      what),
          reply);
    case 403:
      return error_of(
          Fault::unauthorised,
          fmt::format("CTM does not let the key use {} (403): check the rights of the key's user, and "
                      "account_id = {} in [link.ctm]",
                      what, account_id_),
          reply);
    case 429: {
      Error error =
          error_of(Fault::rate_limited, fmt::format("CTM asks to slow down (429) at {}", what), reply);
      error.retry_at_ms = clock_.now_ms() + 5'000;  // staff's own tools wait this long (C)
      return error;
    }
    default:
      break;
  }
  if (reply.status >= 500) {
    return error_of(
        effect ? Fault::ambiguous : Fault::transient,
        fmt::format("CTM failed ({}) at {}{}", reply.status, what,
                    effect ? "; it may have been done, it is read back before anything is sent again"
                           : "; tried again in the next cycle"),
        reply);
  }
  if (reply.status >= 300 && reply.status < 400) {
    return error_of(effect ? Fault::transient : Fault::malformed,
                    fmt::format("{} was redirected ({}): check base_url of [link.ctm]", what, reply.status),
                    reply);
  }
  return std::nullopt;
}

Result<Body> Client::sort_reading(Result<http::Answer> answer, std::string_view what) const {
  if (!answer) return fail(std::move(answer.error()));
  Reply reply = reply_of(std::move(*answer));
  if (auto error = sort_status(reply, what, false)) return fail(std::move(*error));
  if (reply.status == 404 || reply.status == 410) {
    const bool said = reply.status == 410 || (reply.is_json && (reply.refused || says_missing(reply.words)));
    return fail(error_of(
        said ? Fault::gone : Fault::malformed,
        fmt::format("CTM answered {} to {}{}", reply.status, what,
                    said ? "" : " without saying that it does not exist; nothing is concluded from it"),
        reply));
  }
  if (reply.status == 405)
    return fail(error_of(Fault::unsupported, fmt::format("CTM does not read {} (405)", what), reply));
  if (reply.status >= 400) {
    return fail(
        error_of(Fault::rejected, fmt::format("CTM refused to read {} ({})", what, reply.status), reply));
  }
  if (!reply.is_json) {
    return fail(error_of(
        Fault::malformed,
        fmt::format("{}: the answer is not JSON, or cut off; nothing of it was used, it is read again in "
                    "the next cycle",
                    what),
        reply));
  }
  if (reply.refused) {
    return fail(error_of(says_missing(reply.words) ? Fault::gone : Fault::malformed,
                         fmt::format("{}: CTM answered with an error instead of data", what), reply));
  }
  return std::move(reply.body);
}

Result<Body> Client::read(const std::string& tail, std::string_view what) {
  const std::string name(what);
  return std::move(read_all({&tail, 1}, {&name, 1}).front());
}

std::vector<Result<Body>> Client::read_all(std::span<const std::string> tails,
                                           std::span<const std::string> whats) {
  std::vector<Result<Body>> out;
  std::vector<http::Request> requests;
  for (const std::string& tail : tails) requests.emplace_back().path = account_path_ + tail;
  if (!std::all_of(tails.begin(), tails.end(), [](const std::string& t) { return is_allowed("GET", t); })) {
    for (std::size_t i = 0; i < tails.size(); ++i)
      out.push_back(refused());  // a mistake in the caller: nothing is sent
    return out;
  }
  auto answers = transport_.send_all(requests);
  for (std::size_t i = 0; i < answers.size(); ++i)
    out.push_back(sort_reading(std::move(answers[i]), whats[i]));
  return out;
}

Result<Reply> Client::write(const std::string& method, const std::string& tail, std::string body,
                            Effect effect, std::string_view what, std::string_view content_type) {
  if (!is_allowed(method, tail)) return refused();
  http::Request request;
  request.method = method;
  request.path = account_path_ + tail;
  request.headers = {fmt::format("Content-Type: {}", content_type)};
  request.body = std::move(body);
  request.effect = true;
  request.repeatable = effect == Effect::repeatable;
  auto answer = transport_.send(request);
  if (!answer) return fail(std::move(answer.error()));
  Reply reply = reply_of(std::move(*answer));
  if (auto error = sort_status(reply, what, true)) return fail(std::move(*error));
  if (reply.status < 300 && !reply.is_json && !reply.is_blank) {
    return fail(error_of(
        Fault::ambiguous,
        fmt::format("{}: the answer is not JSON, or cut off; it may have been done, it is read back before "
                    "anything is sent again",
                    what),
        reply));
  }
  if (reply.status < 300 && reply.is_json && !reply.refused && !says_done(reply.body.root())) {
    return fail(
        error_of(Fault::ambiguous,
                 fmt::format("{}: the answer does not say whether it was done; it is read back before "
                             "anything is sent again",
                             what),
                 reply));
  }
  return reply;
}

std::optional<Error> Client::refusal(const Reply& reply, std::string_view what) const {
  if (reply.status < 300 && !reply.refused) return std::nullopt;
  if (reply.status == 404 || reply.status == 410) {
    return error_of(Fault::gone, fmt::format("CTM answered {} to {}", reply.status, what), reply);
  }
  if (reply.status == 405)
    return error_of(Fault::unsupported, fmt::format("CTM does not take {} (405)", what), reply);
  Error error = error_of(Fault::rejected, fmt::format("CTM refused {} ({})", what, reply.status), reply);
  error.field = reply.field;
  return error;
}

std::string Client::following(const Envelope& envelope, const Place& place) const {
  const auto numbered = [&](std::int64_t n) {
    return fmt::format("{}?{}page={}", place.resource, place.query, n);
  };
  if (envelope.next.kind == Next::Kind::end || place.rows == 0) return {};
  if (envelope.next.kind == Next::Kind::page) {
    return envelope.next.page > place.page ? numbered(envelope.next.page) : std::string{};
  }
  if (envelope.next.kind == Next::Kind::unsaid) {
    const bool more =
        envelope.total_pages >= 0 ? envelope.total_pages > place.page : envelope.total_entries > place.seen;
    return more ? numbered(place.page + 1) : std::string{};
  }
  const std::string_view url = envelope.next.url;
  const bool is_relative = url.starts_with('/') && !url.starts_with("//");
  const Base target = is_relative ? Base{origin_, std::string(url)} : split_url(url);
  if (target.origin == origin_ && target.prefix.starts_with(account_path_)) {
    const std::string below = target.prefix.substr(account_path_.size());
    if (segments(below) == segments(place.resource) && is_allowed("GET", below)) return below;
  }
  return numbered(place.page + 1);  // another host must not see the key; our own answers the page by number
}
}  // namespace tandem::ctm
