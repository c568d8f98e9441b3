// One CTM account on loopback, just enough of it for the client's tests: it keeps rows and calls, logs
// what it was asked, and a test may answer any request in its stead.
#pragma once
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <httplib.h>
#include <atomic>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>
#include "core/ports/clock.h"
#include "daemon/ctm/ctm_codec.h"
#include "daemon/ctm/ctm_settings.h"
#include "daemon/ctm/ctm_time.h"

namespace tandem::ctm {

class ManualClock final : public Clock {
 public:
  explicit ManualClock(std::int64_t now) : now_(now) {}
  std::int64_t now_ms() override { return now_; }
  void sleep_until_ms(std::int64_t when_ms) override { now_ = std::max(now_.load(), when_ms); }
  void pass(std::int64_t ms) { now_ += ms; }

 private:
  std::atomic<std::int64_t> now_;
};

struct FakeRow {
  std::string id, number, first, last, email;
  std::map<std::string, std::string> address, custom;  // custom values are raw JSON
  bool operator==(const FakeRow&) const = default;
};
struct FakeCall {
  std::int64_t id = 0, unix_time = 0;
  std::string number, more;  // more: further members, each with a comma before it
};
struct Asked {
  std::string method, path, body;  // path below /api/v1/accounts/7, query included
};
struct Said {
  int status = 200;
  std::string body;
  bool hang_up = false;  // close without an answer
};

inline constexpr std::int64_t kNoon = 1'795'176'000;  // 2026-11-20 12:00:00 UTC

class FakeCtm {
 public:
  FakeCtm() {
    const auto handle = [this](const httplib::Request& request, httplib::Response& response) {
      const std::lock_guard lock(mutex);
      Asked asked{request.method, request.target, request.body};
      const std::string prefix = "/api/v1/accounts/7";
      authorisation = request.get_header_value("Authorization");
      if (asked.path.starts_with(prefix)) asked.path.erase(0, prefix.size());
      log.push_back(asked);
      std::optional<Said> said;
      if (instead) said = instead(asked);
      if (!said) said = answer(asked, request);
      response.status = said->status;
      if (said->hang_up) {  // a length that is never reached
        response.set_content_provider(10, "application/json",
                                      [](size_t, size_t, httplib::DataSink&) { return false; });
      } else {
        response.set_content(said->body, said->body.starts_with("<") ? "text/html" : "application/json");
      }
    };
    server_.Get(".*", handle);
    server_.Post(".*", handle);
    server_.Put(".*", handle);
    server_.Patch(".*", handle);
    server_.Delete(".*", handle);
    server_.set_keep_alive_max_count(100'000);
    server_.set_keep_alive_timeout(1);
    server_.set_tcp_nodelay(true);
    port_ = server_.bind_to_any_port("127.0.0.1");
    thread_ = std::thread([this] { server_.listen_after_bind(); });
    while (!server_.is_running()) std::this_thread::yield();
  }
  ~FakeCtm() {
    server_.stop();
    thread_.join();
  }

  [[nodiscard]] std::string url() const { return fmt::format("http://127.0.0.1:{}", port_); }
  [[nodiscard]] CtmSettings settings() const {
    CtmSettings out;
    out.base_url = url();
    out.account_id = 7;
    out.credential = "key:secret";
    out.list = "Sync";
    out.budget = {};
    out.native_names = {"name", "first_name", "last_name",   "email",   "phone",      "address1",
                        "city", "state",      "postal_code", "country", "custom:kind"};
    out.mapping_fingerprint = 42;
    return out;
  }
  [[nodiscard]] std::vector<Asked> asked(std::string_view method, std::string_view part) {
    const std::lock_guard lock(mutex);
    std::vector<Asked> out;
    for (const Asked& a : log) {
      if (a.method == method && a.path.find(part) != a.path.npos) out.push_back(a);
    }
    return out;
  }
  void forget() {
    const std::lock_guard lock(mutex);
    log.clear();
  }
  FakeRow& add_row(std::string number, std::string first, std::string last = "") {
    rows.push_back(
        {fmt::format("m{}", ++last_id), std::move(number), std::move(first), std::move(last), "", {}, {}});
    return rows.back();
  }
  [[nodiscard]] std::vector<FakeRow> rows_of(std::string_view number) const {
    std::vector<FakeRow> out;
    for (const FakeRow& row : rows) {
      if (row.number == number) out.push_back(row);
    }
    return out;
  }
  // The listing goes on showing the rows of now for so many readings of a page.
  void freeze(int readings) {
    frozen_ = rows;
    frozen_readings_ = readings;
  }

  std::mutex mutex;
  std::vector<Asked> log;
  std::function<std::optional<Said>(const Asked&)> instead;
  std::string authorisation, timezone = "Central Time (US & Canada)";
  std::string existing = "keep_old";  // keep_old, upsert, duplicate_row, error406
  bool takes_address = true;          // of an added row
  std::string next_form = "url";      // url, page, unsaid
  bool email_on_rows = false;
  std::int64_t calls_reach = 10'000, utc_offset_s = -6 * 3600;
  std::size_t calls_page_max = 150;
  std::vector<std::string> custom_fields{"kind"};
  std::string lists = R"([{"id":"CL1","account_id":7,"name":"Sync","user_owned":false}])";
  std::string numbers = R"([{"id":"TPN1","number":"+16305550100"}])";
  std::vector<FakeRow> rows;
  std::vector<FakeCall> calls;  // any order
  std::map<std::int64_t, std::set<std::string>> tags;
  std::int64_t stamp = 1;  // moves with every change of the list
  int last_id = 0;

 private:
  static std::int64_t number_of(const httplib::Request& r, const char* key, std::int64_t otherwise) {
    return r.has_param(key) ? std::stoll(r.get_param_value(key)) : otherwise;
  }
  [[nodiscard]] std::string envelope(const httplib::Request& request, std::string_view key,
                                     const std::vector<std::string>& all, std::size_t per_page,
                                     std::size_t reach) const {
    const auto page = static_cast<std::size_t>(number_of(request, "page", 1));
    const std::size_t from = (page - 1) * per_page;
    std::vector<std::string> shown;
    for (std::size_t i = from; i < std::min({from + per_page, all.size(), reach}); ++i)
      shown.push_back(all[i]);
    std::string next = "null";
    if (from + per_page < all.size()) {
      std::string query;
      for (const auto& [name, value] : request.params)
        query += name == "page" ? "" : fmt::format("{}={}&", name, value);
      next = next_form == "page" ? std::to_string(page + 1)
                                 : fmt::format("\"{}{}?{}page={}\"", url(), request.path, query, page + 1);
    }
    return fmt::format(R"({{"{}":[{}],"page":{},"total_entries":{},"total_pages":{}{}}})", key,
                       fmt::join(shown, ","), page, all.size(), (all.size() + per_page - 1) / per_page,
                       next_form == "unsaid" ? "" : ",\"next_page\":" + next);
  }
  [[nodiscard]] std::string json_of(const FakeRow& row) const {
    std::vector<std::string> address, custom;
    for (const auto& [k, v] : row.address) address.push_back(fmt::format(R"("{}":"{}")", k, v));
    for (const auto& [k, v] : row.custom) custom.push_back(fmt::format(R"("{}":{})", k, v));
    const std::string name = row.first + (row.first.empty() || row.last.empty() ? "" : " ") + row.last;
    return fmt::format(
        R"({{"id":"{}","contact_id":5,"name":"{}","number":"{}"{},"address":{{{}}},"custom_fields":{{{}}}}})",
        row.id, name, row.number, email_on_rows ? fmt::format(R"(,"email":"{}")", row.email) : "",
        fmt::join(address, ","), fmt::join(custom, ","));
  }
  [[nodiscard]] std::string json_of(const FakeCall& call) const {
    std::vector<std::string> quoted;
    if (const auto found = tags.find(call.id); found != tags.end()) {
      for (const std::string& tag : found->second) quoted.push_back("\"" + tag + "\"");
    }
    return fmt::format(
        R"({{"id":{},"account_id":7,"direction":"inbound","unix_time":{},"caller_number_complete":"{}","tag_list":[{}]{}}})",
        call.id, call.unix_time, call.number, fmt::join(quoted, ","), call.more);
  }
  [[nodiscard]] Said list_calls(const httplib::Request& request) const {
    std::vector<FakeCall> chosen;
    for (const FakeCall& call : calls) {
      const std::string day = to_date((call.unix_time + utc_offset_s) / 86'400);
      if (request.has_param("start_date") && day < request.get_param_value("start_date")) continue;
      if (request.has_param("end_date") && day > request.get_param_value("end_date")) continue;
      if (request.has_param("contact_number") && call.number != request.get_param_value("contact_number"))
        continue;
      chosen.push_back(call);
    }
    std::sort(chosen.begin(), chosen.end(), [](const auto& a, const auto& b) {
      return std::pair(a.unix_time, a.id) > std::pair(b.unix_time, b.id);
    });
    std::vector<std::string> texts;
    for (const FakeCall& call : chosen) texts.push_back(json_of(call));
    const auto per_page =
        std::min(static_cast<std::size_t>(number_of(request, "per_page", 10)), calls_page_max);
    return {200, envelope(request, "calls", texts, per_page, static_cast<std::size_t>(calls_reach))};
  }
  Said add(const Asked& asked) {
    const auto body = Body::parse(asked.body);
    if (!body) return {400, R"({"error":"not json"})"};
    const Json* contact = member(body->root(), "contact");
    FakeRow row;
    for (const auto& entry : contact->GetObject()) {
      const std::string key = text_of(&entry.name), value = text_of(&entry.value);
      if (key == "number")
        row.number = value;
      else if (key == "first_name")
        row.first = value;
      else if (key == "last_name")
        row.last = value;
      else if (key == "email")
        row.email = value;
      else if (key.starts_with("custom_"))
        row.custom[key.substr(7)] = raw_json(entry.value);
      else if (takes_address)
        row.address[key] = value;
    }
    if (row.first == "Refused") return {406, R"({"status":"error","reason":"name is not acceptable"})"};
    ++stamp;
    auto there =
        std::find_if(rows.begin(), rows.end(), [&](const FakeRow& r) { return r.number == row.number; });
    if (there == rows.end() || existing == "duplicate_row") {
      row.id = fmt::format("m{}", ++last_id);
      rows.push_back(row);
    } else if (existing == "error406") {
      return {406, R"({"status":"error","reason":"number already in this list"})"};
    } else if (existing == "upsert") {
      row.id = there->id;
      *there = row;
    }
    return {200, R"({"status":"success"})"};
  }
  Said answer(const Asked& asked, const httplib::Request& request) {
    const std::string route = asked.path.substr(0, asked.path.find('?'));
    if (route.empty()) return {200, fmt::format(R"({{"id":7,"name":"Acme","timezone":"{}"}})", timezone)};
    if (route == "/numbers") return {200, fmt::format(R"({{"numbers":{},"next_page":null}})", numbers)};
    if (route == "/receiving_numbers") return {403, R"({"error":"not allowed"})"};
    if (route == "/users") return {200, R"({"users":[{"id":"USR1","inbound_number":"+16305550177"}]})"};
    if (route == "/custom_fields") {
      std::vector<std::string> fields;
      for (const std::string& name : custom_fields)
        fields.push_back(fmt::format(R"({{"id":"{0}","api_name":"{0}"}})", name));
      return {200, fmt::format(R"({{"custom_fields":[{}]}})", fmt::join(fields, ","))};
    }
    if (route == "/lists") return {200, fmt::format(R"({{"contact_lists":{}}})", lists)};
    if (route == "/lists/CL1")
      return {200, fmt::format(
                       R"({{"id":"CL1","account_id":7,"name":"Sync","contacts_count":{},"updated_at":"{}"}})",
                       rows.size(), stamp)};
    if (route == "/lists/CL1/contacts") {
      std::vector<std::string> texts;
      for (const FakeRow& row : frozen_readings_ > 0 ? frozen_ : rows) texts.push_back(json_of(row));
      if (frozen_readings_ > 0) --frozen_readings_;
      return {200, envelope(request, "contacts", texts, 10, texts.size())};
    }
    if (route == "/lists/CL1/add_contact") return add(asked);
    if (route == "/lists/CL1/remove_contacts") {
      const auto body = Body::parse(asked.body);
      const std::string number = text_of(&(*member(body->root(), "contacts_list"))[0]);
      std::erase_if(rows, [&](const FakeRow& r) { return r.number == number; });
      ++stamp;
      return {200, ""};
    }
    if (route == "/calls" || route == "/calls/search") return list_calls(request);
    for (FakeCall& call : calls) {
      const std::string one = fmt::format("/calls/{}", call.id);
      if (route == one) return {200, json_of(call)};
      if (route == one + "/modify") {
        const auto body = Body::parse(asked.body);
        call.more = fmt::format(R"(,"name":"{}")", text_of(member(*member(body->root(), "call"), "name")));
        return {200, R"({"status":"success"})"};
      }
      if (route == one + "/tag") {
        const auto body = Body::parse(asked.body);
        const std::string tag = text_of(member(body->root(), "tag"));
        if (asked.method == "POST")
          tags[call.id].insert(tag);
        else
          tags[call.id].erase(tag);
        return {200, R"({"status":"success"})"};
      }
    }
    return {404, R"({"status":"error","reason":"call not found"})"};
  }

  httplib::Server server_;
  std::thread thread_;
  int port_ = 0;
  std::vector<FakeRow> frozen_;
  int frozen_readings_ = 0;
};
}  // namespace tandem::ctm
