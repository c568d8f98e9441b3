#include "daemon/http/exchange.h"

#include <algorithm>
#include <charconv>

#include "daemon/http/base_url.h"
#include "daemon/http/rate_gate.h"

namespace tandem::http {
namespace {
constexpr std::size_t kReserveMax = 4u << 20;  // a Content-Length is a hint, not a promise
constexpr std::size_t kHeaderBytesMax = 64u << 10;
constexpr long kReadBuffer = 64L << 10;

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

std::size_t header_callback(char* data, std::size_t, std::size_t size, void* exchange) {
  return static_cast<Exchange*>(exchange)->on_header({data, size});
}
std::size_t body_callback(char* data, std::size_t, std::size_t size, void* exchange) {
  return static_cast<Exchange*>(exchange)->on_body({data, size});
}
int sending_callback(void* exchange, char* remote_address, char*, int, int) {
  return static_cast<Exchange*>(exchange)->on_sending(remote_address);
}
}  // namespace

void append(Slist& list, const std::string& line) {
  if (curl_slist* longer = curl_slist_append(list.get(), line.c_str())) {
    (void)list.release();
    list.reset(longer);
  }
}

Exchange::Exchange(Shared& shared) : shared_(shared), easy_(curl_easy_init()) {
  const Settings& settings = shared.settings;
  curl_easy_setopt(easy_, CURLOPT_PRIVATE, this);
  curl_easy_setopt(easy_, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy_, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(easy_, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(easy_, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  curl_easy_setopt(easy_, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_2TLS));
  curl_easy_setopt(easy_, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  curl_easy_setopt(easy_, CURLOPT_ACCEPT_ENCODING, "gzip");
  curl_easy_setopt(easy_, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(settings.connect_timeout_ms));
  curl_easy_setopt(easy_, CURLOPT_TIMEOUT_MS, static_cast<long>(settings.request_timeout_ms));
  curl_easy_setopt(easy_, CURLOPT_TCP_KEEPALIVE, 1L);
  curl_easy_setopt(easy_, CURLOPT_BUFFERSIZE, kReadBuffer);
  curl_easy_setopt(easy_, CURLOPT_HEADERFUNCTION, &header_callback);
  curl_easy_setopt(easy_, CURLOPT_HEADERDATA, this);
  curl_easy_setopt(easy_, CURLOPT_WRITEFUNCTION, &body_callback);
  curl_easy_setopt(easy_, CURLOPT_WRITEDATA, this);
  curl_easy_setopt(easy_, CURLOPT_PREREQFUNCTION, &sending_callback);
  curl_easy_setopt(easy_, CURLOPT_PREREQDATA, this);
  if (shared.plain) {
    curl_easy_setopt(easy_, CURLOPT_PROXY, "");  // a proxy would see the credential
  } else {
    curl_easy_setopt(easy_, CURLOPT_PIPEWAIT, 1L);  // share one HTTP/2 connection rather than open several
  }
  if (!settings.ca_file.empty()) curl_easy_setopt(easy_, CURLOPT_CAINFO, settings.ca_file.c_str());
}

Exchange::~Exchange() { curl_easy_cleanup(easy_); }

Exchange& Exchange::of(CURL* easy) {
  Exchange* exchange = nullptr;
  curl_easy_getinfo(easy, CURLINFO_PRIVATE, &exchange);
  return *exchange;
}

void Exchange::prepare(const Request& request, bool may_repeat) {
  may_repeat_ = may_repeat;
  answer_ = Answer{};
  header_bytes_ = 0;
  left_ = 0;
  too_big_ = refused_ = resend_stopped_ = false;
  url_.assign(shared_.settings.base_url).append(request.path);
  curl_easy_setopt(easy_, CURLOPT_URL, url_.c_str());
  if (request.body.empty() && request.method != "POST" && request.method != "PUT") {
    curl_easy_setopt(easy_, CURLOPT_HTTPGET, 1L);
  } else {
    curl_easy_setopt(easy_, CURLOPT_POST, 1L);
    curl_easy_setopt(easy_, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
    curl_easy_setopt(easy_, CURLOPT_POSTFIELDS, request.body.data());
  }
  curl_easy_setopt(easy_, CURLOPT_CUSTOMREQUEST, request.method.c_str());
  own_headers_.reset();
  if (!request.headers.empty()) {
    for (const curl_slist* line = shared_.headers.get(); line != nullptr; line = line->next)
      append(own_headers_, line->data);
    for (const auto& line : request.headers) append(own_headers_, line);
  }
  curl_easy_setopt(easy_, CURLOPT_HTTPHEADER, own_headers_ ? own_headers_.get() : shared_.headers.get());
}

Answer Exchange::take_answer() {
  long status = 0;
  curl_easy_getinfo(easy_, CURLINFO_RESPONSE_CODE, &status);
  answer_.status = static_cast<int>(status);
  return std::move(answer_);
}

std::size_t Exchange::on_header(std::string_view line) {
  if (line.substr(0, 5) == "HTTP/") {  // a new answer begins: an interim one or a proxy's came before
    answer_.headers.clear();
    return line.size();
  }
  header_bytes_ += line.size();
  if (header_bytes_ > kHeaderBytesMax) {
    too_big_ = true;
    return 0;
  }
  const auto colon = line.find(':');
  if (colon == std::string_view::npos) return line.size();
  std::string name = lower(trim(line.substr(0, colon)));
  const auto value = trim(line.substr(colon + 1));
  if (name == "content-length") {
    std::size_t size = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), size);
    if (error == std::errc{} && size <= std::min(kReserveMax, shared_.settings.body_max))
      answer_.body.reserve(size);
  }
  answer_.headers.insert_or_assign(std::move(name), std::string(value));
  return line.size();
}

std::size_t Exchange::on_body(std::string_view part) {
  if (answer_.body.size() + part.size() > shared_.settings.body_max) {
    too_big_ = true;
    return 0;
  }
  answer_.body.append(part);
  return part.size();
}

// Called each time the request is about to leave, libcurl's own resends over a connection that died
// included. Those must not repeat what is not repeatable, nor slip past the gate.
int Exchange::on_sending(const char* remote_address) {
  if (shared_.plain && !is_loopback_literal(remote_address)) {
    refused_ = true;
    return CURL_PREREQFUNC_ABORT;
  }
  if (left_ > 0 && (!may_repeat_ || shared_.gate.admit(shared_.clock.now_ms()) != 0)) {
    resend_stopped_ = true;
    return CURL_PREREQFUNC_ABORT;
  }
  ++left_;
  ++shared_.sent;
  return CURL_PREREQFUNC_OK;
}
}  // namespace tandem::http
