// What both simulated remote systems share: messages without sockets, time as a function,
// switches, faults and the log of every write. No simulator file includes anything of core/,
// storage/ or daemon/ except sim_replica.*, the face behind the Replica port.
#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace tandem::sim {

using NowMs = std::function<std::int64_t()>;  // Unix ms; a virtual clock in tests

// What a list route is asked to do wrong with this one answer; set by Faults, honoured by the systems.
enum class PageFault : std::uint8_t {
  none,
  empty,        // no rows, the total as it is: a page lost in the middle of a sweep
  empty_total,  // no rows and a total of 0: the whole account looks empty
  repeat,       // the rows of the page before once more
  skip,         // the rows of the page after
};

struct HttpRequest {
  std::string method;                             // upper case
  std::string path;                               // without query, percent-decoded
  std::multimap<std::string, std::string> query;  // decoded, order within a key kept
  std::map<std::string, std::string> headers;     // names lower case
  std::string body;
  PageFault page_fault = PageFault::none;
};

struct HttpResponse {
  int status = 200;
  std::map<std::string, std::string> headers;  // content-type is set by the maker
  std::string body;
};

// One behaviour the dossiers leave open or name as a quirk. Every switch has a default; setting
// an unknown name or value throws std::invalid_argument that lists what is allowed.
class Switches {
 public:
  struct Spec {
    std::string name, fallback, allowed;
  };  // allowed: "a|b|c", "<int>" or "<text>"
  explicit Switches(std::vector<Spec> specs);
  void set(std::string_view name, std::string_view value);
  [[nodiscard]] bool knows(std::string_view name) const;
  [[nodiscard]] const std::string& text(std::string_view name) const;
  [[nodiscard]] bool is(std::string_view name, std::string_view value) const;
  [[nodiscard]] bool on(std::string_view name) const;  // "on"
  [[nodiscard]] std::int64_t number(std::string_view name) const;
  [[nodiscard]] const std::vector<Spec>& specs() const { return specs_; }

 private:
  std::vector<Spec> specs_;
  std::map<std::string, std::string, std::less<>> values_;
};

// One field changed by one write, by whomever: the checkers of the laws read this.
struct WriteEntry {
  std::int64_t at_ms = 0;
  std::string actor;      // "api" (a client with a credential), "staff" (a person in the UI), "server"
  std::string action;     // create update delete tag_add tag_remove list_add list_remove modify ...
  std::string record_id;  // contact id, activity id, membership id ...
  std::string person;     // contact id (HighLevel) or E.164 number (CTM)
  std::string field;      // the system's own name; "" for create and delete
  std::string old_value, new_value;
};

// What goes wrong with a request. `times` < 0 = for ever. The first fault whose route matches and
// whose `skip` has run out is used.
enum class FaultKind : std::uint8_t {
  lost_before,
  lost_after,
  reset,
  stall,
  html_5xx,
  json_5xx,
  too_many,
  truncated,
  empty_list,
  repeat_page,
  skip_page,
  stored_but_422,
  wrong_json,
  quoting
};
struct Fault {
  FaultKind kind{};
  std::string method;    // "" = any
  std::string path_has;  // substring of the path; "" = any
  int skip = 0;          // let this many matching requests through first
  int times = 1;
  std::int64_t param =
      0;  // status for 5xx and quoting, Retry-After seconds for too_many, ms for stall; lost_* and
          // reset: ms before the connection drops; empty_list: 1 = total 0 as well
  bool effect = false;         // 5xx, too_many, wrong_json: the request is carried out all the same
  std::string path_ends = {};  // what the path must end in; "" = any
};
}  // namespace tandem::sim
