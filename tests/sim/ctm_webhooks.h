// The webhooks CTM sends, and sends again: who is owed which body, when. Sending is the caller's part,
// so that a test needs no socket.
#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "tests/sim/ctm_model.h"

namespace tandem::sim {

struct CtmDelivery {
  std::int64_t due_ms = 0;
  std::string url, body;
  std::map<std::string, std::string> headers;  // names lower case
  int attempt = 1;
};

// base64 (or, per webhook.sig, hex) of HMAC-SHA1 over the time header and the raw body.
[[nodiscard]] std::string ctm_signature(std::string_view secret, std::string_view time, std::string_view body,
                                        bool as_hex = false);

class CtmWebhooks {
 public:
  explicit CtmWebhooks(CtmModel& model, CtmAccount* account = nullptr);
  // What is due by now, each to be sent once; then say what came of it.
  [[nodiscard]] std::vector<CtmDelivery> take_due();
  // `status` 0 = no answer. Anything but 2xx within 10 s is tried again, as webhook.retry says.
  void answered(const CtmDelivery& delivery, int status, std::int64_t took_ms = 0);
  // The UI's "test" button: the newest activity, which is real but not new.
  void test(const std::string& webhook_id);

 private:
  void enlist(const CtmWebhook& hook, const CtmEvent& event, std::int64_t due_ms);

  CtmModel& model_;
  CtmAccount& account_;
  std::multimap<std::int64_t, CtmDelivery> waiting_;
};
}  // namespace tandem::sim
