#include "daemon/http/transport.h"

#include <curl/curl.h>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <deque>
#include <limits>
#include <mutex>

#include "daemon/http/base_url.h"
#include "daemon/http/rate_gate.h"
#include "daemon/http/retry.h"

namespace tandem::http {
namespace {
constexpr std::int64_t kLongestPollMs = 1'000;
constexpr std::size_t kReserveMax = 4u << 20;  // a Content-Length is a hint, not a promise
constexpr std::size_t kHeaderBytesMax = 64u << 10;
constexpr long kReadBuffer = 64L << 10;
constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();

void start_curl_once() {
  static std::once_flag once;
  std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
}

struct SlistFree {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using Slist = std::unique_ptr<curl_slist, SlistFree>;

void append(Slist& list, const std::string& line) {
  if (curl_slist* longer = curl_slist_append(list.get(), line.c_str())) {
    (void)list.release();
    list.reset(longer);
  }
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return out;
}

std::string_view trim(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

std::uint64_t seed_of(const Settings& settings) {  // FNV-1a: two accounts do not retry in step
  std::uint64_t h = 0xcbf29ce484222325ULL;
  const auto mix = [&h](const std::string& text) {
    for (const char c : text) h = (h ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
  };
  mix(settings.base_url);
  for (const auto& line : settings.headers) mix(line);
  return h;
}

// One request on its way to a result.
struct Job {
  const Request* request = nullptr;
  Result<Answer>* result = nullptr;
  int attempts = 0;
  std::int64_t not_before_ms = 0;
  std::int64_t held_since_ms = 0;  // since when the gate holds it back; 0 = it does not
  bool maybe_done = false;         // an earlier attempt left and got no final answer
  [[nodiscard]] bool may_repeat() const { return !request->effect || request->repeatable; }
};

bool is_read_again(const Job& job, int status) { return status >= 500 && job.may_repeat(); }
}  // namespace

struct Transport::Impl {
  // One easy handle, used over and over.
  struct Slot {
    Impl* owner = nullptr;
    CURL* easy = nullptr;
    Job* job = nullptr;  // nullptr = idle
    Answer answer;
    std::string url;
    Slist own_headers;
    std::size_t header_bytes = 0;
    int left = 0;  // how often the request was about to leave
    bool too_big = false, refused = false, resend_stopped = false;

    Slot() = default;
    Slot(const Slot&) = delete;
    Slot& operator=(const Slot&) = delete;
    ~Slot() {
      if (easy != nullptr) curl_easy_cleanup(easy);
    }
    std::size_t take_header(std::string_view line);
    std::size_t take_body(const char* data, std::size_t size);
    int before_sending(const char* remote_address);
  };

  Settings settings;
  RateGate& gate;
  Clock& clock;
  std::string host, why_not;  // why_not: the base URL is refused
  bool plain = false;
  CURLM* multi = nullptr;
  Slist common;
  std::vector<std::unique_ptr<Slot>> slots;
  std::vector<Slot*> idle;
  std::int64_t sent = 0, patience_ms = 20'000;
  std::uint64_t seed = 0;

  Impl(Settings s, RateGate& g, Clock& c);
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;
  ~Impl();
  void set_common();
  Slot* take_slot();
  void start(Slot& slot, Job& job);
  void run(std::span<Job> jobs);
  void finish(Slot& slot, CURLcode code, std::deque<Job*>& waiting);
  [[nodiscard]] bool rest_until(std::int64_t when_ms);
  std::int64_t start_what_may_go(std::deque<Job*>& waiting, std::int64_t now_ms);
  void again_after(Job& job, std::deque<Job*>& waiting, std::int64_t pause_ms);
  void give_up(std::deque<Job*>& waiting, std::int64_t retry_at_ms, const char* why);
  [[nodiscard]] std::string where(const Request& request) const;
};

std::size_t Transport::Impl::Slot::take_header(std::string_view line) {
  if (line.substr(0, 5) == "HTTP/") {  // a new answer begins: an interim one or a proxy's came before
    answer.headers.clear();
    return line.size();
  }
  header_bytes += line.size();
  if (header_bytes > kHeaderBytesMax) {
    too_big = true;
    return 0;
  }
  const auto colon = line.find(':');
  if (colon == std::string_view::npos) return line.size();
  std::string name = lower(trim(line.substr(0, colon)));
  const auto value = trim(line.substr(colon + 1));
  if (name == "content-length") {
    std::size_t size = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), size);
    if (error == std::errc{} && size <= std::min(kReserveMax, owner->settings.body_max))
      answer.body.reserve(size);
  }
  answer.headers.insert_or_assign(std::move(name), std::string(value));
  return line.size();
}

std::size_t Transport::Impl::Slot::take_body(const char* data, std::size_t size) {
  if (answer.body.size() + size > owner->settings.body_max) {
    too_big = true;
    return 0;
  }
  answer.body.append(data, size);
  return size;
}

// Called by libcurl each time the request is about to leave, its own resends over a connection that
// died included. Those must not repeat what is not repeatable, nor slip past the gate.
int Transport::Impl::Slot::before_sending(const char* remote_address) {
  if (owner->plain && !is_loopback_literal(remote_address)) {
    refused = true;
    return CURL_PREREQFUNC_ABORT;
  }
  if (left > 0 && (!job->may_repeat() || owner->gate.admit(owner->clock.now_ms()) != 0)) {
    resend_stopped = true;
    return CURL_PREREQFUNC_ABORT;
  }
  ++left;
  ++owner->sent;
  return CURL_PREREQFUNC_OK;
}

namespace {
template <class Slot>
std::size_t on_header(char* data, std::size_t, std::size_t size, void* slot) {
  return static_cast<Slot*>(slot)->take_header({data, size});
}
template <class Slot>
std::size_t on_body(char* data, std::size_t, std::size_t size, void* slot) {
  return static_cast<Slot*>(slot)->take_body(data, size);
}
template <class Slot>
int on_sending(void* slot, char* remote_address, char*, int, int) {
  return static_cast<Slot*>(slot)->before_sending(remote_address);
}
}  // namespace

Transport::Impl::Impl(Settings s, RateGate& g, Clock& c) : settings(std::move(s)), gate(g), clock(c) {
  start_curl_once();
  settings.in_flight = std::max(1, settings.in_flight);
  seed = seed_of(settings);
  std::string reason;
  if (const auto address = parse_base_url(settings.base_url, reason)) {
    host = address->host;
    plain = address->scheme == "http";
  }
  (void)is_allowed_base_url(settings.base_url, &why_not);
  multi = curl_multi_init();
  curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, static_cast<long>(settings.in_flight));
  curl_multi_setopt(multi, CURLMOPT_MAX_HOST_CONNECTIONS, static_cast<long>(settings.in_flight));
  set_common();
}

Transport::Impl::~Impl() {
  slots.clear();
  curl_multi_cleanup(multi);
}

void Transport::Impl::set_common() {
  common.reset();
  for (const auto& line : settings.headers) append(common, line);
}

Transport::Impl::Slot* Transport::Impl::take_slot() {
  if (!idle.empty()) {
    Slot* slot = idle.back();
    idle.pop_back();
    return slot;
  }
  if (slots.size() == static_cast<std::size_t>(settings.in_flight)) return nullptr;
  auto slot = std::make_unique<Slot>();
  slot->owner = this;
  slot->easy = curl_easy_init();
  CURL* easy = slot->easy;
  curl_easy_setopt(easy, CURLOPT_PRIVATE, slot.get());
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_2TLS));
  curl_easy_setopt(easy, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, "gzip");
  curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(settings.connect_timeout_ms));
  curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, static_cast<long>(settings.request_timeout_ms));
  curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
  curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, kReadBuffer);
  curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, &on_header<Slot>);
  curl_easy_setopt(easy, CURLOPT_HEADERDATA, slot.get());
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, &on_body<Slot>);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, slot.get());
  curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, &on_sending<Slot>);
  curl_easy_setopt(easy, CURLOPT_PREREQDATA, slot.get());
  if (plain) {
    curl_easy_setopt(easy, CURLOPT_PROXY, "");  // a proxy would see the credential
  } else {
    curl_easy_setopt(easy, CURLOPT_PIPEWAIT, 1L);  // share one HTTP/2 connection rather than open several
  }
  if (!settings.ca_file.empty()) curl_easy_setopt(easy, CURLOPT_CAINFO, settings.ca_file.c_str());
  slots.push_back(std::move(slot));
  return slots.back().get();
}

void Transport::Impl::start(Slot& slot, Job& job) {
  const Request& request = *job.request;
  CURL* easy = slot.easy;
  slot.job = &job;
  slot.answer = Answer{};
  slot.header_bytes = 0;
  slot.left = 0;
  slot.too_big = slot.refused = slot.resend_stopped = false;
  slot.url.assign(settings.base_url).append(request.path);
  curl_easy_setopt(easy, CURLOPT_URL, slot.url.c_str());
  if (request.body.empty() && request.method != "POST" && request.method != "PUT") {
    curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L);
  } else {
    curl_easy_setopt(easy, CURLOPT_POST, 1L);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request.body.data());
  }
  curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request.method.c_str());
  slot.own_headers.reset();
  if (!request.headers.empty()) {
    for (const curl_slist* line = common.get(); line != nullptr; line = line->next)
      append(slot.own_headers, line->data);
    for (const auto& line : request.headers) append(slot.own_headers, line);
  }
  curl_easy_setopt(easy, CURLOPT_HTTPHEADER, slot.own_headers ? slot.own_headers.get() : common.get());
  ++job.attempts;
  curl_multi_add_handle(multi, easy);
}

std::string Transport::Impl::where(const Request& request) const {
  return fmt::format("{} {} at {}", request.method, request.path.substr(0, request.path.find('?')), host);
}

void Transport::Impl::again_after(Job& job, std::deque<Job*>& waiting, std::int64_t pause_ms) {
  job.not_before_ms = clock.now_ms() + pause_ms;
  waiting.push_back(&job);
}

void Transport::Impl::finish(Slot& slot, CURLcode code, std::deque<Job*>& waiting) {
  Job& job = *slot.job;
  const Request& request = *job.request;
  const std::int64_t now = clock.now_ms();
  curl_multi_remove_handle(multi, slot.easy);
  slot.job = nullptr;
  idle.push_back(&slot);
  const bool last_attempt = job.attempts >= settings.read_attempts;

  if (code == CURLE_OK) {
    long status = 0;
    curl_easy_getinfo(slot.easy, CURLINFO_RESPONSE_CODE, &status);
    slot.answer.status = static_cast<int>(status);
    gate.learn(slot.answer.headers, slot.answer.status, now);
    if (status == 429) {
      if (job.held_since_ms == 0) job.held_since_ms = now;
      --job.attempts;  // the gate bounds these, not the count
      waiting.push_front(&job);
      return;
    }
    if (!last_attempt && is_read_again(job, slot.answer.status)) {
      job.maybe_done = true;
      const auto asked = retry_after_ms(slot.answer.headers, now).value_or(0);
      if (asked <= patience_ms) {
        again_after(job, waiting,
                    std::max(asked, back_off_ms(job.attempts, seed + static_cast<std::uint64_t>(sent))));
        return;
      }
    }
    *job.result = std::move(slot.answer);
    return;
  }

  const bool left = slot.left > 0;
  job.maybe_done = job.maybe_done || left;
  if (slot.refused) {
    *job.result =
        fail(Fault::unauthorised, where(request) + ": the name is not loopback; nothing was sent. Use https");
    return;
  }
  if (slot.too_big) {
    *job.result =
        fail(request.effect ? Fault::ambiguous : Fault::malformed,
             fmt::format("{}: the answer is larger than {} bytes", where(request), settings.body_max));
    return;
  }
  if (!last_attempt && (job.may_repeat() || !left)) {
    again_after(job, waiting, back_off_ms(job.attempts, seed + static_cast<std::uint64_t>(sent)));
    return;
  }
  const char* what =
      slot.resend_stopped ? "the connection closed without an answer" : curl_easy_strerror(code);
  *job.result =
      request.effect && job.maybe_done
          ? fail(Fault::ambiguous, fmt::format("{}: {}; it may have been done", where(request), what))
          : fail(Fault::transient, fmt::format("{}: {}", where(request), what));
}

// Sends what may be sent; the earliest time at which something more may, or kNever.
std::int64_t Transport::Impl::start_what_may_go(std::deque<Job*>& waiting, std::int64_t now_ms) {
  std::int64_t wake = kNever;
  for (auto it = waiting.begin(); it != waiting.end();) {
    Job& job = **it;
    if (job.not_before_ms > now_ms) {
      wake = std::min(wake, job.not_before_ms);
      ++it;
      continue;
    }
    Slot* slot = take_slot();
    if (slot == nullptr) break;
    const std::int64_t until = gate.admit(now_ms);
    if (until != 0) {
      idle.push_back(slot);
      if (job.held_since_ms == 0) job.held_since_ms = now_ms;
      if (until - job.held_since_ms > patience_ms) {
        give_up(waiting, until, "the request budget is used up");
        return kNever;
      }
      return std::min(wake, until);
    }
    start(*slot, job);
    it = waiting.erase(it);
  }
  return wake;
}

void Transport::Impl::give_up(std::deque<Job*>& waiting, std::int64_t retry_at_ms, const char* why) {
  for (Job* job : waiting) {
    Error error;
    error.message = fmt::format("{}: {}", where(*job->request), why);
    error.fault = retry_at_ms != 0 ? Fault::rate_limited : Fault::transient;
    error.retry_at_ms = retry_at_ms;
    if (job->request->effect && job->maybe_done) error.fault = Fault::ambiguous;
    *job->result = fail(std::move(error));
  }
  waiting.clear();
}

// False when the clock was asked to stop: it came back early more than by chance.
bool Transport::Impl::rest_until(std::int64_t when_ms) {
  for (int naps = 0; naps < 3; ++naps) {
    clock.sleep_until_ms(when_ms);
    if (clock.now_ms() >= when_ms) return true;
  }
  return false;
}

void Transport::Impl::run(std::span<Job> jobs) {
  std::deque<Job*> waiting;
  for (Job& job : jobs) waiting.push_back(&job);
  const auto running = [this] { return slots.size() - idle.size(); };
  while (!waiting.empty() || running() > 0) {
    const std::int64_t now = clock.now_ms();
    const std::int64_t wake = start_what_may_go(waiting, now);
    if (running() == 0) {
      if (!waiting.empty() && wake != kNever && !rest_until(wake))
        give_up(waiting, 0, "stopped while waiting");
      continue;
    }
    int active = 0;
    curl_multi_perform(multi, &active);
    bool finished = false;
    int queued = 0;
    while (const CURLMsg* message = curl_multi_info_read(multi, &queued)) {
      if (message->msg != CURLMSG_DONE) continue;
      const CURLcode code = message->data.result;
      Slot* slot = nullptr;
      curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &slot);
      finish(*slot, code, waiting);
      finished = true;
    }
    if (finished) continue;
    const std::int64_t pause =
        wake == kNever ? kLongestPollMs : std::clamp<std::int64_t>(wake - now, 1, kLongestPollMs);
    curl_multi_poll(multi, nullptr, 0, static_cast<int>(pause), nullptr);
  }
}

Transport::Transport(Settings settings, RateGate& gate, Clock& clock)
    : impl_(std::make_unique<Impl>(std::move(settings), gate, clock)) {}
Transport::~Transport() = default;

Result<Answer> Transport::send(const Request& request) {
  return std::move(send_all(std::span(&request, 1)).front());
}

std::vector<Result<Answer>> Transport::send_all(std::span<const Request> requests) {
  std::vector<Result<Answer>> results(requests.size());
  if (!impl_->why_not.empty()) {
    for (auto& result : results)
      result =
          fail(Fault::unauthorised, fmt::format("base_url refused, nothing was sent: {}", impl_->why_not));
    return results;
  }
  std::vector<Job> jobs(requests.size());
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    jobs[i].request = &requests[i];
    jobs[i].result = &results[i];
  }
  impl_->run(jobs);
  return results;
}

void Transport::set_headers(std::vector<std::string> headers) {
  impl_->settings.headers = std::move(headers);
  impl_->set_common();
}

std::int64_t Transport::requests_sent() const { return impl_->sent; }
void Transport::set_patience_ms(std::int64_t patience_ms) { impl_->patience_ms = patience_ms; }
}  // namespace tandem::http
