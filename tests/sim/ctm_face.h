// CTM's API v1 as a function of requests: strict where CTM is strict, odd where CTM is odd.
// Thread-safe: one request at a time, under CtmModel::guard().
#pragma once
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tests/sim/ctm_model.h"
#include "tests/sim/ctm_rate.h"
#include "tests/sim/people.h"
#include "tests/sim/wire.h"

namespace tandem::sim {

struct CtmCall;  // one request on its way through the face, in ctm_call.h

class CtmFace {
 public:
  explicit CtmFace(CtmModel& model);
  [[nodiscard]] HttpResponse handle(const HttpRequest& request);

  // Where the absolute URLs of `next_page` point. "" (default) = http:// and the request's Host.
  void set_base_url(std::string url) { base_url_ = std::move(url); }
  [[nodiscard]] Switches& switches() { return model_.switches(); }
  [[nodiscard]] CtmModel& model() { return model_; }

  // Fills the account with sample people: those CTM knows become contacts and rows of the sync list,
  // with their calls as history; SampleField definitions are registered. Not in the log of writes,
  // visible at once.
  void load_people(std::span<const Person> people);

  // Requests per route, e.g. "GET lists/contacts", "POST calls/modify"; "" = what matched none.
  [[nodiscard]] const std::map<std::string, std::int64_t>& counters() const { return counters_; }
  void clear_counters() { counters_.clear(); }
  [[nodiscard]] std::int64_t dial_attempts() const { return model_.dial_attempts(); }

 private:
  HttpResponse answer(CtmCall& call);
  HttpResponse route(CtmCall& call);
  HttpResponse authenticate(CtmCall& call);  // POST /authentication
  const CtmKey* who(const CtmCall& call);

  CtmModel& model_;
  CtmRate rate_;
  std::string base_url_;
  std::map<std::string, std::int64_t> counters_;
  std::map<std::string, std::pair<std::string, std::int64_t>> tokens_;  // token -> access key, expiry ms
};
}  // namespace tandem::sim
