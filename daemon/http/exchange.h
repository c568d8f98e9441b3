// One libcurl easy handle, used over and over: a request goes in, an answer or the reason for none
// comes out. Driven by Transport's multi handle.
#pragma once
#include <curl/curl.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "daemon/http/transport.h"

namespace tandem::http {

struct SlistFree {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using Slist = std::unique_ptr<curl_slist, SlistFree>;
void append(Slist& list, const std::string& line);

// What the exchanges of a transport have in common.
struct Shared {
  Settings settings;
  RateGate& gate;
  Clock& clock;
  bool plain = false;     // http: loopback only, never through a proxy
  Slist headers;          // of settings
  std::int64_t sent = 0;  // requests that left, resends by libcurl included
};

class Exchange {
 public:
  explicit Exchange(Shared& shared);
  ~Exchange();
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;

  // `request` outlives the exchange; `may_repeat`: libcurl may send it again over a new connection.
  void prepare(const Request& request, bool may_repeat);
  [[nodiscard]] CURL* easy() const { return easy_; }
  [[nodiscard]] static Exchange& of(CURL* easy);

  // Valid once libcurl is done with it.
  [[nodiscard]] Answer take_answer();                    // status and all; only after CURLE_OK
  [[nodiscard]] bool left() const { return left_ > 0; }  // the request may have reached the remote
  [[nodiscard]] bool too_big() const { return too_big_; }
  [[nodiscard]] bool refused() const { return refused_; }  // plain http, and the name is not loopback
  [[nodiscard]] bool resend_stopped() const { return resend_stopped_; }

  // For libcurl's callbacks.
  std::size_t on_header(std::string_view line);
  std::size_t on_body(std::string_view part);
  int on_sending(const char* remote_address);

 private:
  Shared& shared_;
  CURL* easy_ = nullptr;
  bool may_repeat_ = true;
  Answer answer_;
  std::string url_;
  Slist own_headers_;
  std::size_t header_bytes_ = 0;
  int left_ = 0;
  bool too_big_ = false, refused_ = false, resend_stopped_ = false;
};
}  // namespace tandem::http
