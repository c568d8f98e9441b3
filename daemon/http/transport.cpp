#include "daemon/http/transport.h"

#include <curl/curl.h>
#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <limits>
#include <mutex>

#include "daemon/http/base_url.h"
#include "daemon/http/exchange.h"
#include "daemon/http/rate_gate.h"
#include "daemon/http/retry.h"

namespace tandem::http {
namespace {
constexpr std::int64_t kLongestPollMs = 200;
constexpr std::int64_t kStopGraceMs = 5'000;  // half of what the service has to end in
constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();

void start_curl_once() {
  static std::once_flag once;
  std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
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
}  // namespace

struct Transport::Impl {
  struct Slot {
    explicit Slot(Shared& shared) : exchange(shared) {}
    Exchange exchange;
    Job* job = nullptr;  // nullptr = idle
  };

  Shared shared;
  std::string host, why_not;  // why_not: the base URL is refused
  CURLM* multi = nullptr;
  std::vector<std::unique_ptr<Slot>> slots;
  std::vector<Slot*> idle;
  std::deque<Job*> waiting;
  std::int64_t patience_ms = 20'000;
  std::uint64_t seed = 0;

  Impl(Settings settings, RateGate& gate, Clock& clock);
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;
  ~Impl();
  void set_common();
  void run(std::span<Job> jobs);
  Slot* take_slot();
  std::int64_t start_what_may_go(std::int64_t now_ms);
  bool collect();
  void finish(Slot& slot, CURLcode code);
  void finish_answered(Job& job, Answer answer, std::int64_t now_ms);
  void finish_unanswered(Job& job, const Exchange& exchange, const char* what);
  void again_after(Job& job, std::int64_t pause_ms);
  void give_up_waiting(std::int64_t retry_at_ms, const char* why);
  void give_up_running();
  [[nodiscard]] bool rest_until(std::int64_t when_ms);
  [[nodiscard]] bool asked_to_stop() const {
    return shared.settings.stop_requested && shared.settings.stop_requested();
  }
  [[nodiscard]] std::size_t running() const { return slots.size() - idle.size(); }
  [[nodiscard]] std::int64_t pause_after(const Job& job) const {
    return back_off_ms(job.attempts, seed + static_cast<std::uint64_t>(shared.sent));
  }
  [[nodiscard]] std::string where(const Request& request) const;
};

Transport::Impl::Impl(Settings settings, RateGate& gate, Clock& clock)
    : shared{std::move(settings), gate, clock, false, nullptr, 0} {
  start_curl_once();
  shared.settings.in_flight = std::max(1, shared.settings.in_flight);
  seed = seed_of(shared.settings);
  std::string reason;
  if (const auto address = parse_base_url(shared.settings.base_url, reason)) {
    host = address->host;
    shared.plain = address->scheme == "http";
  }
  (void)is_allowed_base_url(shared.settings.base_url, &why_not);
  multi = curl_multi_init();
  set_common();
}

Transport::Impl::~Impl() {
  slots.clear();
  curl_multi_cleanup(multi);
}

void Transport::Impl::set_common() {
  shared.headers.reset();
  for (const auto& line : shared.settings.headers) append(shared.headers, line);
}

std::string Transport::Impl::where(const Request& request) const {
  return fmt::format("{} {} at {}", request.method, request.path.substr(0, request.path.find('?')), host);
}

Transport::Impl::Slot* Transport::Impl::take_slot() {
  if (!idle.empty()) {
    Slot* slot = idle.back();
    idle.pop_back();
    return slot;
  }
  if (slots.size() == static_cast<std::size_t>(shared.settings.in_flight)) return nullptr;
  return slots.emplace_back(std::make_unique<Slot>(shared)).get();
}

// Sends what may be sent; the earliest time at which something more may, or kNever.
std::int64_t Transport::Impl::start_what_may_go(std::int64_t now_ms) {
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
    const std::int64_t until = shared.gate.admit(now_ms);
    if (until != 0) {
      idle.push_back(slot);
      if (job.held_since_ms == 0) job.held_since_ms = now_ms;
      if (until - job.held_since_ms <= patience_ms) return std::min(wake, until);
      give_up_waiting(until, "the request budget is used up");
      return kNever;
    }
    slot->job = &job;
    ++job.attempts;
    slot->exchange.prepare(*job.request, job.may_repeat());
    curl_multi_add_handle(multi, slot->exchange.easy());
    it = waiting.erase(it);
  }
  return wake;
}

void Transport::Impl::again_after(Job& job, std::int64_t pause_ms) {
  job.not_before_ms = shared.clock.now_ms() + pause_ms;
  waiting.push_back(&job);
}

void Transport::Impl::finish(Slot& slot, CURLcode code) {
  Job& job = *slot.job;
  curl_multi_remove_handle(multi, slot.exchange.easy());
  slot.job = nullptr;
  idle.push_back(&slot);
  if (code == CURLE_OK) return finish_answered(job, slot.exchange.take_answer(), shared.clock.now_ms());
  const char* what =
      slot.exchange.resend_stopped() ? "the connection closed without an answer" : curl_easy_strerror(code);
  finish_unanswered(job, slot.exchange, what);
}

void Transport::Impl::finish_answered(Job& job, Answer answer, std::int64_t now_ms) {
  shared.gate.learn(answer.headers, answer.status, now_ms);
  if (answer.status == 429) {
    if (job.held_since_ms == 0) job.held_since_ms = now_ms;
    --job.attempts;  // the gate bounds these, not the count
    waiting.push_front(&job);
    return;
  }
  if (answer.status >= 500 && job.may_repeat() && job.attempts < shared.settings.read_attempts) {
    const auto asked = retry_after_ms(answer.headers, now_ms).value_or(0);
    if (asked <= patience_ms) {
      job.maybe_done = true;
      return again_after(job, std::max(asked, pause_after(job)));
    }
  }
  *job.result = std::move(answer);
}

void Transport::Impl::finish_unanswered(Job& job, const Exchange& exchange, const char* what) {
  const Request& request = *job.request;
  job.maybe_done = job.maybe_done || exchange.left();
  if (exchange.refused()) {
    *job.result =
        fail(Fault::unauthorised, where(request) + ": the name is not loopback; nothing was sent. Use https");
    return;
  }
  if (exchange.too_big()) {
    *job.result =
        fail(request.effect ? Fault::ambiguous : Fault::malformed,
             fmt::format("{}: the answer is larger than {} bytes", where(request), shared.settings.body_max));
    return;
  }
  if (job.attempts < shared.settings.read_attempts && (job.may_repeat() || !exchange.left()))
    return again_after(job, pause_after(job));
  *job.result =
      request.effect && job.maybe_done
          ? fail(Fault::ambiguous, fmt::format("{}: {}; it may have been done", where(request), what))
          : fail(Fault::transient, fmt::format("{}: {}", where(request), what));
}

void Transport::Impl::give_up_waiting(std::int64_t retry_at_ms, const char* why) {
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

void Transport::Impl::give_up_running() {
  for (auto& slot : slots) {
    if (slot->job == nullptr) continue;
    slot->job->attempts = shared.settings.read_attempts;  // not again
    finish(*slot, CURLE_ABORTED_BY_CALLBACK);
  }
  give_up_waiting(0, "stopped before it was sent");
}

// False when the clock was asked to stop: it came back early more than by chance.
bool Transport::Impl::rest_until(std::int64_t when_ms) {
  for (int naps = 0; naps < 3; ++naps) {
    shared.clock.sleep_until_ms(when_ms);
    if (shared.clock.now_ms() >= when_ms) return true;
  }
  return false;
}

// True when a request came to its end.
bool Transport::Impl::collect() {
  int active = 0, queued = 0;
  curl_multi_perform(multi, &active);
  bool any = false;
  while (const CURLMsg* message = curl_multi_info_read(multi, &queued)) {
    if (message->msg != CURLMSG_DONE) continue;
    const CURLcode code = message->data.result;
    const Exchange* exchange = &Exchange::of(message->easy_handle);
    const auto slot =
        std::find_if(slots.begin(), slots.end(), [&](const auto& s) { return &s->exchange == exchange; });
    finish(**slot, code);
    any = true;
  }
  return any;
}

void Transport::Impl::run(std::span<Job> jobs) {
  waiting.clear();
  for (Job& job : jobs) waiting.push_back(&job);
  std::int64_t stop_since_ms = 0;
  while (!waiting.empty() || running() > 0) {
    const std::int64_t now = shared.clock.now_ms();
    if (asked_to_stop()) {
      give_up_waiting(0, "stopped before it was sent");
      if (stop_since_ms == 0) stop_since_ms = now;
      if (now - stop_since_ms >= kStopGraceMs) return give_up_running();
    }
    const std::int64_t wake = start_what_may_go(now);
    if (running() == 0) {
      if (!waiting.empty() && !rest_until(wake)) give_up_waiting(0, "stopped before it was sent");
      continue;
    }
    if (collect()) continue;
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
  impl_->shared.settings.headers = std::move(headers);
  impl_->set_common();
}

std::int64_t Transport::requests_sent() const { return impl_->shared.sent; }
void Transport::set_patience_ms(std::int64_t patience_ms) { impl_->patience_ms = patience_ms; }
}  // namespace tandem::http
