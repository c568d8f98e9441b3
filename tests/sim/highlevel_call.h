// One request within the HighLevel face: what the routes need to read it and to answer.
#pragma once
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "tests/sim/highlevel_face.h"
#include "tests/sim/json.h"

namespace tandem::sim::highlevel {

struct Call {
  const HttpRequest& request;
  Model& model;
  const Credential& credential;
  std::string version;                      // of the API: 2021-07-28 ...
  std::map<std::string, std::string> path;  // :id and so on
  rapidjson::Document body;                 // {} when there was none

  [[nodiscard]] const std::string& at(const std::string& name) const { return path.at(name); }
  [[nodiscard]] std::string query(const std::string& name) const;  // "" = not given
  [[nodiscard]] bool has_query(const std::string& name) const { return request.query.contains(name); }
  [[nodiscard]] const Switches& switches() const { return model.switches(); }
};

// One line of the route table.
struct RouteSpec {
  std::string_view method, pattern;  // ":x" matches one segment
  std::string_view scope;
  enum class Place : std::uint8_t { none, path, query, body, body_optional } location;  // where locationId is
  HttpResponse (*run)(Call&);
};
[[nodiscard]] const std::vector<RouteSpec>& routes();

[[nodiscard]] HttpResponse json_answer(int status, const JsonOut& out);
[[nodiscard]] HttpResponse refused(const Refusal& refusal, Model& model);
[[nodiscard]] HttpResponse refused(int status, std::string message, std::string error = "");
[[nodiscard]] HttpResponse unprocessable(std::vector<std::string> messages, Model& model);
[[nodiscard]] int created(const Call& call);  // 201, or what create_status says

// The checks of a DTO. Errors are collected, as the live validator does.
class Dto {
 public:
  Dto(const JsonValue& body, std::vector<std::string>& errors, std::string prefix = "");
  Dto& only(std::initializer_list<std::string_view> keys);  // "property x should not exist"
  Dto& needs_text(std::string_view key);                    // present, a string, not empty
  Dto& text(std::string_view key);                          // a string when present
  Dto& flag(std::string_view key, bool required = false);
  Dto& number(std::string_view key, bool required = false);
  Dto& texts(std::string_view key, bool required = false);  // an array of strings

 private:
  const JsonValue* get(std::string_view key) const { return member(body_, key); }
  void fail(std::string_view key, std::string_view rule);
  const JsonValue& body_;
  std::vector<std::string>& errors_;
  std::string prefix_;
};
[[nodiscard]] std::vector<std::string> texts_of(const JsonValue& body, std::string_view key);

// Contact bodies of POST, PUT and upsert; errors as a DTO gives them.
[[nodiscard]] Patch read_patch(const Call& call, Route route, std::vector<std::string>& errors);
[[nodiscard]] SearchQuery read_search(const Call& call, std::vector<std::string>& errors);

// Shapes. `create` is the fuller one that only the answer to a POST has.
enum class Shape : std::uint8_t { read, create };
void write_contact(JsonOut& out, const Contact& contact, Model& model, Shape shape);
void write_row(JsonOut& out, const Contact& contact, Model& model,
               const std::vector<SortValue>* search_after);
void write_trace(JsonOut& out, Model& model);
void write_success(JsonOut& out, Model& model);  // {succeded, succeeded, traceId}

// Handlers, by file.
HttpResponse create_contact(Call& call);
HttpResponse read_contact(Call& call);
HttpResponse update_contact(Call& call);
HttpResponse delete_contact(Call& call);
HttpResponse upsert_contact(Call& call);
HttpResponse search_contacts(Call& call);
HttpResponse search_duplicate(Call& call);
HttpResponse list_contacts(Call& call);
HttpResponse add_tags(Call& call);
HttpResponse remove_tags(Call& call);
HttpResponse bulk_tags(Call& call);
HttpResponse bulk_business(Call& call);
HttpResponse contacts_of_business(Call& call);
HttpResponse add_followers(Call& call);
HttpResponse remove_followers(Call& call);

HttpResponse list_notes(Call& call);
HttpResponse create_note(Call& call);
HttpResponse read_note(Call& call);
HttpResponse update_note(Call& call);
HttpResponse delete_note(Call& call);
HttpResponse list_tasks(Call& call);
HttpResponse create_task(Call& call);
HttpResponse read_task(Call& call);
HttpResponse update_task(Call& call);
HttpResponse complete_task(Call& call);
HttpResponse delete_task(Call& call);
HttpResponse search_tasks(Call& call);
HttpResponse list_appointments(Call& call);
HttpResponse read_appointment(Call& call);
HttpResponse delete_appointment(Call& call);

HttpResponse read_location(Call& call);
HttpResponse list_location_tags(Call& call);
HttpResponse create_location_tag(Call& call);
HttpResponse read_location_tag(Call& call);
HttpResponse delete_location_tag(Call& call);
HttpResponse list_custom_fields(Call& call);
HttpResponse create_custom_field(Call& call);
HttpResponse read_custom_field(Call& call);
HttpResponse rename_custom_field(Call& call);
HttpResponse delete_custom_field(Call& call);
HttpResponse list_timezones(Call& call);
HttpResponse list_users(Call& call);
HttpResponse search_users(Call& call);
HttpResponse read_user(Call& call);
HttpResponse list_businesses(Call& call);
HttpResponse create_business(Call& call);
HttpResponse read_business(Call& call);
HttpResponse update_business(Call& call);
HttpResponse delete_business(Call& call);
}  // namespace tandem::sim::highlevel
