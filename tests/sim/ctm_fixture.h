// What the tests of the simulated CTM start from: one account, a clock that stands still until it is
// moved, and requests as short calls. Requests are not throttled unless a test switches that on.
#pragma once
#include <gtest/gtest.h>
#include <openssl/evp.h>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "tests/sim/ctm_face.h"
#include "tests/sim/ctm_ui.h"
#include "tests/sim/json.h"

namespace tandem::sim {

struct CtmReply {
  int status = 0;
  rapidjson::Document json;
  std::map<std::string, std::string> headers;
  std::string body;

  [[nodiscard]] const JsonValue& operator[](const char* key) const { return at(json, key); }
  [[nodiscard]] std::string text(const char* key) const { return text_at(json, key); }
  static const JsonValue& at(const JsonValue& object, const char* key) {
    static const JsonValue kMissing;
    const JsonValue* found = member(object, key);
    return found == nullptr ? kMissing : *found;
  }
  // "<none>" for a missing key, "<null>" for null, other values as JSON.
  static std::string text_at(const JsonValue& object, const char* key) {
    const JsonValue* found = member(object, key);
    if (found == nullptr) return "<none>";
    if (found->IsNull()) return "<null>";
    return found->IsString() ? std::string(view(*found)) : to_json(*found);
  }
};

class CtmFixture : public ::testing::Test {
 protected:
  static constexpr std::int64_t kStart = 1'795'543'200'000;  // 2026-11-24, noon in Chicago
  static constexpr const char* kAnna = "+13125550142";
  static constexpr const char* kBela = "+13125550143";
  static constexpr const char* kCleo = "+442071838750";

  CtmFixture() { set("rate", "off"); }

  using Query = std::multimap<std::string, std::string>;
  CtmReply send(const std::string& method, const std::string& path, const std::string& body = "",
                const Query& query = {}, const std::string& type = "application/json") {
    HttpRequest request;
    request.method = method;
    request.path = "/api/v1" + path;
    request.query = query;
    request.headers = {{"host", "ctm.test:8000"}, {"authorization", "Basic " + base64(credential)}};
    if (!body.empty() && !type.empty()) request.headers["content-type"] = type;
    request.body = body;
    request.page_fault = page_fault;
    const HttpResponse response = face.handle(request);
    CtmReply reply;
    reply.status = response.status;
    reply.headers = response.headers;
    reply.body = response.body;
    if (!parse_json(response.body, reply.json)) reply.json.SetNull();
    return reply;
  }
  CtmReply get(const std::string& path, const Query& query = {}) {
    return send("GET", account(path), "", query);
  }
  CtmReply post(const std::string& path, const std::string& body) {
    return send("POST", account(path), body);
  }
  CtmReply del(const std::string& path, const std::string& body) {
    return send("DELETE", account(path), body);
  }
  [[nodiscard]] static std::string account(const std::string& path) { return "/accounts/20417" + path; }

  CtmReply add(const std::string& fields) {
    return post("/lists/" + list + "/add_contact", "{\"contact\":{" + fields + "}}");
  }
  CtmReply remove(const std::string& number) {
    return del("/lists/" + list + "/remove_contacts", "{\"contacts_list\":[\"" + number + "\"]}");
  }
  // The first row of a number in the sync list as the API shows it, after the index has caught up.
  rapidjson::Document row(const std::string& number) {
    settle();
    rapidjson::Document found;
    for (std::int64_t page = 1; page < 100; ++page) {
      const CtmReply reply = get("/lists/" + list + "/contacts", {{"page", std::to_string(page)}});
      if (!reply["contacts"].IsArray() || reply["contacts"].Empty()) break;
      for (const auto& each : reply["contacts"].GetArray()) {
        if (CtmReply::text_at(each, "number") != number) continue;
        found.CopyFrom(each, found.GetAllocator());
        return found;
      }
    }
    return found;
  }
  CtmReply activity(std::int64_t id) { return get("/calls/" + std::to_string(id)); }
  CtmReply modify(std::int64_t id, const std::string& fields) {
    return post("/calls/" + std::to_string(id) + "/modify", "{\"call\":{" + fields + "}}");
  }
  static std::string text(const JsonValue& object, const char* key) { return CtmReply::text_at(object, key); }

  void set(const char* name, const char* value) { model.switches().set(name, value); }
  void tick(std::int64_t ms) { now += ms; }
  void settle() { tick(model.switches().number("index_lag_ms") + 1); }
  static std::string base64(const std::string& plain) {
    std::string out(4 * ((plain.size() + 2) / 3) + 1, '\0');
    EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                    reinterpret_cast<const unsigned char*>(plain.data()), static_cast<int>(plain.size()));
    out.pop_back();
    return out;
  }

  std::int64_t now = kStart;
  CtmModel model{[this] { return now; }};
  CtmFace face{model};
  CtmUi ui{model};
  std::string list = model.sync_list();
  std::string credential = "a20417sim:s20417simsecret";
  PageFault page_fault = PageFault::none;
};
}  // namespace tandem::sim
