#include "tests/sim/ctm_webhooks.h"

#include <fmt/format.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <array>

#include "tests/sim/ctm_shape.h"

namespace tandem::sim {
namespace {
using Lock = std::lock_guard<std::recursive_mutex>;
constexpr std::array<std::int64_t, 3> kThree = {60'000, 300'000, 1'800'000};
constexpr int kMany = 12;
constexpr std::int64_t kPatienceMs = 10'000;

bool meant(const CtmWebhook& hook, const CtmEvent& event) {
  return hook.position == event.position || (hook.position == "starts" && event.position == "start");
}
}  // namespace

std::string ctm_signature(std::string_view secret, std::string_view time, std::string_view body,
                          bool as_hex) {
  const std::string signed_text = std::string(time) + std::string(body);
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int length = 0;
  HMAC(EVP_sha1(), secret.data(), static_cast<int>(secret.size()),
       reinterpret_cast<const unsigned char*>(signed_text.data()), signed_text.size(), digest.data(),
       &length);
  std::string out;
  if (as_hex) {
    for (unsigned int i = 0; i < length; ++i) out += fmt::format("{:02x}", digest.at(i));
    return out;
  }
  out.resize(4 * ((length + 2) / 3));
  std::array<unsigned char, 4 * ((EVP_MAX_MD_SIZE + 2) / 3) + 1> text{};
  EVP_EncodeBlock(text.data(), digest.data(), static_cast<int>(length));
  std::copy_n(text.begin(), out.size(), out.begin());
  return out;
}

CtmWebhooks::CtmWebhooks(CtmModel& model, CtmAccount* account)
    : model_(model), account_(account != nullptr ? *account : model.account()) {}

void CtmWebhooks::enlist(const CtmWebhook& hook, const CtmEvent& event, std::int64_t due_ms) {
  const CtmActivity* activity = account_.activity(event.activity_id);
  if (activity == nullptr) return;
  const Switches& sw = model_.switches();
  JsonOut out;
  const bool wrapped = sw.is("webhook.wrap", "call");
  if (wrapped) out.begin_object().key("call");
  ctm_write_activity(out, *activity, account_, event.at_ms, sw);
  if (wrapped) out.end_object();

  CtmDelivery delivery{due_ms, hook.url, out.take(), {}, 1};
  const std::string time = std::to_string(due_ms / 1000);
  const auto key = std::ranges::find(model_.keys(), account_.id, &CtmKey::account_id);
  delivery.headers["content-type"] = "application/json";
  delivery.headers["x-ctm-time"] = time;
  if (key != model_.keys().end()) {
    delivery.headers["x-ctm-signature"] =
        ctm_signature(key->secret, time, delivery.body, sw.is("webhook.sig", "hex"));
  }
  if (!hook.username.empty()) {
    const std::string pair = hook.username + ":" + hook.password;
    std::string encoded(4 * ((pair.size() + 2) / 3) + 1, '\0');
    EVP_EncodeBlock(reinterpret_cast<unsigned char*>(encoded.data()),
                    reinterpret_cast<const unsigned char*>(pair.data()), static_cast<int>(pair.size()));
    encoded.pop_back();
    delivery.headers["authorization"] = "Basic " + encoded;
  }
  if (sw.is("webhook.retry", "duplicates")) waiting_.emplace(due_ms, delivery);
  waiting_.emplace(due_ms, std::move(delivery));
}

std::vector<CtmDelivery> CtmWebhooks::take_due() {
  const Lock lock(model_.guard());
  const Switches& sw = model_.switches();
  const std::int64_t now = model_.now();
  for (const auto& event : account_.take_events(now)) {
    for (const auto& hook : account_.webhooks) {
      if (!meant(hook, event)) continue;
      std::int64_t due_ms = event.at_ms;
      if (sw.is("webhook.order", "end_before_start") && event.position == "start") {
        due_ms = account_.activity(event.activity_id)->ready_ms + 1;
      }
      enlist(hook, event, due_ms);
    }
  }
  std::vector<CtmDelivery> due;
  const auto end = waiting_.upper_bound(now);
  for (auto it = waiting_.begin(); it != end; ++it) due.push_back(std::move(it->second));
  waiting_.erase(waiting_.begin(), end);
  if (sw.is("webhook.order", "shuffled")) {
    for (std::size_t i = due.size(); i > 1; --i) std::swap(due[i - 1], due[model_.random() % i]);
  }
  return due;
}

void CtmWebhooks::answered(const CtmDelivery& delivery, int status, std::int64_t took_ms) {
  const Lock lock(model_.guard());
  const Switches& sw = model_.switches();
  if ((status >= 200 && status < 300 && took_ms <= kPatienceMs) || sw.is("webhook.retry", "none")) return;
  const bool many = sw.is("webhook.retry", "many");
  const auto tries = static_cast<std::size_t>(delivery.attempt);
  if (many ? delivery.attempt >= kMany : tries > kThree.size()) return;
  CtmDelivery again = delivery;
  ++again.attempt;
  again.due_ms = model_.now() + (many ? kThree.front() : kThree.at(tries - 1));
  const std::int64_t due_ms = again.due_ms;
  waiting_.emplace(due_ms, std::move(again));
}

void CtmWebhooks::test(const std::string& webhook_id) {
  const Lock lock(model_.guard());
  const auto hook = std::ranges::find(account_.webhooks, webhook_id, &CtmWebhook::id);
  if (hook == account_.webhooks.end()) return;
  const auto newest = account_.search({});
  if (newest->empty()) return;
  enlist(*hook, {model_.now(), hook->position, newest->front()->id}, model_.now());
}
}  // namespace tandem::sim
