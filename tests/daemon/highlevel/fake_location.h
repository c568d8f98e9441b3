// A small location behind ScriptedServer: enough of HighLevel to answer a client's tests, with a hook
// that may answer first. The whole remote system is played by tests/sim.
#pragma once
#include <fmt/format.h>
#include <rapidjson/document.h>

#include <algorithm>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "tests/daemon/http/scripted_server.h"

namespace tandem::test {

struct FakeContact {
  std::string id;
  std::int64_t added = 0, updated = 0;
  std::string first_name, email, phone;
  std::vector<std::string> more_phones;
  std::set<std::string> tags;
  std::string location = "loc1";
};

class FakeLocation {
 public:
  std::map<std::string, FakeContact> contacts;
  std::function<std::optional<Reply>(const Seen&)> first;  // nullopt = the usual answer
  std::string definitions = R"([{"id":"cfBudget","fieldKey":"contact.budget","dataType":"MONETORY"}])";
  std::string location =
      R"({"location":{"id":"loc1","timezone":"America/Chicago","country":"US","phone":"+13125550100"}})";

  FakeContact& add(std::string id, std::int64_t added, std::int64_t updated) {
    FakeContact& c = contacts[id];
    c.id = id;
    c.added = added;
    c.updated = updated;
    c.first_name = "N" + id;
    return c;
  }

  Reply operator()(const Seen& s) {
    if (first)
      if (auto reply = first(s)) return *reply;
    if (s.target == "/locations/loc1") return Reply::json(location);
    if (s.target.starts_with("/locations/loc1/customFields"))
      return Reply::json(R"({"customFields":)" + definitions + "}");
    if (s.target == "/contacts/search") return search(s.body);
    if (s.target.starts_with("/contacts/search/duplicate")) return duplicate(s.target);
    if (s.target == "/contacts/") return create(s.body);
    return one(s);
  }

  static std::string by_id(const FakeContact& c) {
    std::string out = fmt::format(R"({{"id":"{}","locationId":"{}")", c.id, c.location);
    if (!c.first_name.empty()) out += fmt::format(R"(,"firstName":"{}")", c.first_name);
    if (!c.email.empty()) out += fmt::format(R"(,"email":"{}")", c.email);
    if (!c.phone.empty()) out += fmt::format(R"(,"phone":"{}")", c.phone);
    return out + lists(c) + "}";
  }

 private:
  static std::string text(const std::string& t) { return t.empty() ? "null" : '"' + t + '"'; }
  static std::string lists(const FakeContact& c) {
    std::vector<std::string> tags, phones;
    for (const auto& t : c.tags) tags.push_back('"' + t + '"');
    for (const auto& p : c.more_phones) phones.push_back(R"({"phone":")" + p + "\"}");
    return fmt::format(R"(,"tags":[{}],"customFields":[],"additionalEmails":[],"additionalPhones":[{}])",
                       fmt::join(tags, ","), fmt::join(phones, ","));
  }
  static std::string row(const FakeContact& c, std::int64_t key) {
    return fmt::format(
        R"({{"id":"{}","locationId":"{}","firstName":{},"email":{},"phone":{}{},"searchAfter":[{},"{}"]}})",
        c.id, c.location, text(c.first_name), text(c.email), text(c.phone), lists(c), key, c.id);
  }

  static Reply not_found(const std::string& id) {
    return Reply::json(
        R"({"message":"Contact not found for id:)" + id + R"(","error":"Bad Request","statusCode":400})",
        400);
  }

  Reply search(const std::string& body) {
    rapidjson::Document d;
    d.Parse(body.c_str());
    const auto& sort = d["sort"][0];
    const bool by_update = std::string(sort["field"].GetString()) == "dateUpdated";
    const bool newest_first = std::string(sort["direction"].GetString()) == "desc";
    std::int64_t since = 0;
    std::set<std::string> wanted;
    if (d.HasMember("filters")) {
      const auto& filter = d["filters"][0];
      if (filter.HasMember("group"))
        for (const auto& f : filter["filters"].GetArray()) wanted.insert(f["value"].GetString());
      else if (filter["value"].IsString())
        wanted.insert(filter["value"].GetString());
      else if (filter["value"]["gte"].IsInt64())
        since = filter["value"]["gte"].GetInt64();
    }
    std::vector<std::pair<std::int64_t, const FakeContact*>> found;
    for (const auto& [id, c] : contacts)
      if (c.updated >= since && (wanted.empty() || wanted.contains(c.phone) || wanted.contains(c.email)))
        found.emplace_back(by_update ? c.updated : c.added, &c);
    std::sort(found.begin(), found.end(), [&](const auto& a, const auto& b) {
      const auto left = std::tie(a.first, a.second->id), right = std::tie(b.first, b.second->id);
      return newest_first ? right < left : left < right;
    });
    std::vector<std::string> rows;
    for (const auto& [key, c] : found) {
      if (static_cast<int>(rows.size()) == d["pageLimit"].GetInt()) break;
      if (d.HasMember("searchAfter")) {
        const std::pair<std::int64_t, std::string> after{d["searchAfter"][0].GetInt64(),
                                                         d["searchAfter"][1].GetString()};
        if (std::pair<std::int64_t, std::string>(key, c->id) <= after) continue;
      }
      rows.push_back(row(*c, key));
    }
    return Reply::json(
        fmt::format(R"({{"contacts":[{}],"total":{},"traceId":"t"}})", fmt::join(rows, ","), found.size()));
  }

  Reply duplicate(const std::string& target) {
    for (const auto& [id, c] : contacts) {
      const std::string number = "number=%2B" + (c.phone.empty() ? "-" : c.phone.substr(1));
      if (target.ends_with(number) || (!c.email.empty() && target.ends_with("email=" + at_escaped(c.email))))
        return Reply::json(R"({"contact":)" + by_id(c) + R"(,"matchingField":"contactId"})");
    }
    return Reply::json(R"({"contact":null})");
  }
  static std::string at_escaped(const std::string& email) {
    const auto at = email.find('@');
    return email.substr(0, at) + "%40" + email.substr(at + 1);
  }

  Reply create(const std::string& body) {
    FakeContact& c = add(fmt::format("new{}", contacts.size()), 0, 0);
    take(c, body);
    return Reply::json(R"({"contact":)" + by_id(c) + "}", 201);
  }
  static void take(FakeContact& c, const std::string& body) {
    rapidjson::Document d;
    d.Parse(body.c_str());
    const auto field = [&](const char* name, std::string& to) {
      if (d.HasMember(name)) to = d[name].IsString() ? d[name].GetString() : "";
    };
    field("firstName", c.first_name);
    field("email", c.email);
    field("phone", c.phone);
  }

  Reply one(const Seen& s) {
    const std::string rest = s.target.substr(std::string("/contacts/").size());
    const std::string id = rest.substr(0, rest.find('/'));
    const auto it = contacts.find(id);
    if (it == contacts.end()) return not_found(id);
    FakeContact& c = it->second;
    if (rest.ends_with("/tags")) {
      rapidjson::Document d;
      d.Parse(s.body.c_str());
      for (const auto& tag : d["tags"].GetArray()) {
        if (s.method == "POST")
          c.tags.insert(tag.GetString());
        else
          c.tags.erase(tag.GetString());
      }
      return Reply::json(R"({"tags":[]})");
    }
    if (s.method == "PUT") take(c, s.body);
    if (s.method == "DELETE") contacts.erase(it);
    if (s.method == "DELETE" || s.method == "PUT") return Reply::json(R"({"succeded":true})");
    return Reply::json(R"({"contact":)" + by_id(c) + "}");
  }
};
}  // namespace tandem::test
