// A HighLevel location under a clock that the test moves, and a client that always asks properly.
#pragma once
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/sim/highlevel_face.h"
#include "tests/sim/http_face.h"
#include "tests/sim/json.h"

namespace tandem::sim::highlevel {

struct Reply {
  HttpResponse http;
  rapidjson::Document json;
  [[nodiscard]] int status() const { return http.status; }
  // Walks members by name and array elements by number: text("contact", "email"). "" when there is none.
  template <class... Keys>
  const JsonValue* at(const Keys&... keys) const {
    const JsonValue* here = &json;
    ((here = here == nullptr ? nullptr : step(*here, keys)), ...);
    return here;
  }
  template <class... Keys>
  std::string text(const Keys&... keys) const {
    const JsonValue* found = at(keys...);
    if (found == nullptr) return "(missing)";
    return found->IsString() ? std::string(view(*found)) : to_json(*found);
  }
  [[nodiscard]] std::string message() const { return text("message"); }

 private:
  static const JsonValue* step(const JsonValue& here, std::string_view key) { return member(here, key); }
  static const JsonValue* step(const JsonValue& here, int index) {
    const auto place = static_cast<rapidjson::SizeType>(index);
    return here.IsArray() && place < here.Size() ? &here[place] : nullptr;
  }
};

class HighLevelTest : public testing::Test {
 protected:
  std::int64_t now = 1'795'000'000'000;
  Model model{7, [this] { return now; }};
  Face face{model};
  std::string here = model.location().id;

  HighLevelTest() { set("quota", "off"); }
  void set(std::string_view name, std::string_view value) { model.switches().set(name, value); }
  [[nodiscard]] HttpRequest request(std::string method, std::string_view target,
                                    std::string body = "") const {
    HttpRequest out{std::move(method),
                    "",
                    {},
                    {{"user-agent", "tandem/0.1"},
                     {"authorization", "Bearer " + face.token()},
                     {"version", "2021-07-28"},
                     {"content-type", "application/json"}},
                    std::move(body)};
    split_target(target, out);
    return out;
  }
  Reply send(const HttpRequest& request) {
    Reply out;
    out.http = face.handle(request);
    (void)parse_json(out.http.body, out.json);
    return out;
  }
  Reply send(std::string method, std::string_view target, std::string body = "") {
    return send(request(std::move(method), target, std::move(body)));
  }
  // Members of a JSON object without its braces; locationId is added.
  Reply create(std::string_view members) {
    return send("POST", "/contacts/", fmt::format(R"({{"locationId":"{}",{}}})", here, members));
  }
  std::string create_id(std::string_view members) {
    const Reply made = create(members);
    EXPECT_EQ(made.status(), 201) << made.http.body;
    return made.text("contact", "id");
  }
  Reply read(const std::string& id) { return send("GET", "/contacts/" + id); }
  Reply put(const std::string& id, std::string_view body) {
    return send("PUT", "/contacts/" + id, std::string(body));
  }
  Reply search(std::string_view members) {
    return send("POST", "/contacts/search",
                fmt::format(R"({{"locationId":"{}","pageLimit":100{}{}}})", here, members.empty() ? "" : ",",
                            members));
  }
  std::size_t found(std::string_view members) {
    const Reply reply = search(members);
    EXPECT_EQ(reply.status(), 200) << reply.http.body;
    return reply.status() == 200 ? reply.at("contacts")->Size() : 0;
  }
  void settle() {  // time passes until the index has caught up
    now += 60'000;
  }
};
}  // namespace tandem::sim::highlevel
