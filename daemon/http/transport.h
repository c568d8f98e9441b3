// One remote's HTTP: libcurl multi with keep-alive, HTTP/2 where offered, gzip, time-outs, bounded
// bodies. Credentials never follow a redirect to another host; plain http is refused except to a
// loopback address. One thread owns a transport.
#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>
#include "core/ports/clock.h"
#include "core/result.h"

namespace tandem::http {

class RateGate;

struct Request {
  std::string method = "GET";
  std::string path;                  // below the base URL, query included and encoded
  std::vector<std::string> headers;  // "Name: value", beyond those of Settings
  std::string body;
  bool effect = false;      // may change the remote: no answer means `ambiguous`, never resent here
  bool repeatable = false;  // an effect that may be sent again (PUT, DELETE, tag add): retried like a read
};

struct Answer {
  int status = 0;
  std::map<std::string, std::string> headers;  // names lower case
  std::string body;
};

struct Settings {
  std::string base_url;              // scheme://host[:port][/prefix], no trailing slash
  std::vector<std::string> headers;  // sent with every request: Authorization, Version, User-Agent ...
  std::string ca_file;               // "" = the system's
  std::int64_t connect_timeout_ms = 10'000;
  std::int64_t request_timeout_ms = 45'000;  // dossiers: 15-60 s in the wild
  std::size_t body_max = 32u << 20;          // a bigger answer is malformed
  int in_flight = 4;
  int read_attempts = 3;  // of a read or repeatable effect on transient failures, within one call
  // Asked several times a second while a call runs. True: nothing more is sent, and what is under way
  // gets five seconds more. Empty = never.
  std::function<bool()> stop_requested;
};

// True for http:// only where the host is a loopback literal or "localhost"; https:// always.
[[nodiscard]] bool is_allowed_base_url(const std::string& url, std::string* why_not);
[[nodiscard]] std::string encode(std::string_view text);  // percent-encoding of a query value

class Transport {
 public:
  // `gate` may be shared by transports of one credential; it and `clock` outlive the transport.
  Transport(Settings settings, RateGate& gate, Clock& clock);
  ~Transport();
  Transport(const Transport&) = delete;
  Transport& operator=(const Transport&) = delete;

  // Any HTTP status is an answer; an error is the want of one (transient for reads, ambiguous for
  // effects whose request may have left). 429 waits in the gate and is retried while `deadline` allows,
  // else rate_limited{retry_at}. 5xx on reads is retried, then returned as the answer it is.
  Result<Answer> send(const Request& request);
  // Overlapped up to in_flight, results one to one.
  std::vector<Result<Answer>> send_all(std::span<const Request> requests);

  void set_headers(std::vector<std::string> headers);  // a rotated credential
  [[nodiscard]] std::int64_t requests_sent() const;
  // Longest the gate may hold a request back before the call gives up with rate_limited. Default 20 s.
  void set_patience_ms(std::int64_t patience_ms);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};
}  // namespace tandem::http
