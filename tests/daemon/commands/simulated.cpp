#include "tests/daemon/commands/simulated.h"
#include <rapidjson/document.h>
#include "daemon/commands/wall_clock.h"
#include "daemon/http/rate_gate.h"
#include "daemon/http/transport.h"

namespace tandem::test {
void Simulated::start_simulators(std::vector<std::string> options) {
  options.insert(options.begin(), TANDEM_SIM_PROGRAM);
  simulators_.emplace(options);
  ASSERT_TRUE(simulators_->says("}}\n")) << simulators_->err();
  rapidjson::Document ports;
  ports.Parse(simulators_->out().c_str());
  ctm_url_ = ports["ctm"]["base_url"].GetString();
  highlevel_url_ = ports["highlevel"]["base_url"].GetString();
  account_ = std::to_string(ports["ctm"]["account_id"].GetInt64());
  location_ = ports["highlevel"]["location_id"].GetString();
  list_ = ports["ctm"]["list"].GetString();
  key_ = ports["ctm"]["key"].GetString();
  token_ = ports["highlevel"]["token"].GetString();
  folder_.put("ctm", key_);
  folder_.put("hl", token_);
  configure();
}

void Simulated::configure(const std::string& more_of_link, const std::string& state,
                          const std::string& more) {
  folder_.put("tandem.toml", "[service]\nstate_dir = \"" + (folder_ / state) +
                                 "\"\nlisten = \"\"\nlog_level = \"info\"\n[[link]]\nname = \"acme\"\n" +
                                 more_of_link + "poll_interval = \"1s\"\n[link.ctm]\nbase_url = \"" +
                                 ctm_url_ + "\"\naccount_id = " + account_ +
                                 "\ncredential = \"ctm\"\nlist = \"" + list_ +
                                 "\"\n[link.highlevel]\nbase_url = \"" + highlevel_url_ +
                                 "\"\nlocation_id = \"" + location_ + "\"\ncredential = \"hl\"\n" + more);
}

std::vector<std::string> Simulated::with_config(std::vector<std::string> arguments) {
  arguments.insert(arguments.end(), {"--config", folder_ / "tandem.toml"});
  return arguments;
}

namespace {
auto send(const std::string& url, const std::string& method, const std::string& what,
          const std::string& json) {
  http::Settings settings;
  settings.base_url = url;
  http::RateGate gate({});
  WallClock clock;
  http::Transport transport(settings, gate, clock);
  http::Request request;
  request.method = method;
  request.path = "/_sim/" + what;
  request.headers = {"Content-Type: application/json"};
  request.body = json;
  return transport.send(request);
}
}  // namespace

std::string Simulated::ask(Side side, const std::string& what) {
  const auto answer = send(side == Side::ctm ? ctm_url_ : highlevel_url_, "GET", what, {});
  if (answer && answer->status == 200) return answer->body;
  ADD_FAILURE() << what << ": " << (answer ? answer->body : answer.error().message);
  return {};
}

std::string Simulated::tell(Side side, const std::string& what, const std::string& json) {
  const auto answer =
      send(side == Side::ctm ? ctm_url_ : highlevel_url_, json.empty() ? "DELETE" : "POST", what, json);
  if (!answer || answer->status != 200) {
    ADD_FAILURE() << what << " " << json << ": " << (answer ? answer->body : answer.error().message);
    return {};
  }
  rapidjson::Document body;
  body.Parse(answer->body.c_str());
  if (!body.IsObject() || !body.HasMember("id")) return {};
  return body["id"].IsString() ? body["id"].GetString() : std::to_string(body["id"].GetInt64());
}
}  // namespace tandem::test
