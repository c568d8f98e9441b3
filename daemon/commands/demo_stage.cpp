#include "daemon/commands/demo_stage.h"
#include <fmt/format.h>
#include <rapidjson/document.h>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include "daemon/commands/invocation.h"
#include "daemon/http/transport.h"

namespace tandem {
namespace fs = std::filesystem;
namespace {
constexpr std::int64_t kStartPatienceMs = 20'000;
constexpr std::size_t kLogEnd = 2'000;

// Beside the program in a build, below libexec once installed.
std::string simulator_program() {
  const fs::path own = fs::read_symlink("/proc/self/exe").parent_path();
  for (const fs::path& place : {own / "tandem-sim", own / "../libexec/tandem/tandem-sim"}) {
    if (fs::exists(place)) return fs::canonical(place).string();
  }
  throw Exit{
      kExitFailed,
      fmt::format("tandem-sim is neither in {} nor in ../libexec/tandem; the demo needs it", own.string())};
}

std::string make_folder() {
  std::string name = (fs::temp_directory_path() / "tandem-demo-XXXXXX").string();
  if (mkdtemp(name.data()) == nullptr)
    throw Exit{kExitFailed, fmt::format("no folder can be made in {}", fs::temp_directory_path().string())};
  return name;
}

std::string content(const std::string& file) {
  std::ostringstream text;
  text << std::ifstream(file).rdbuf();
  return text.str();
}

std::string text_of(const rapidjson::Value& object, const char* key) {
  const auto found = object.FindMember(key);
  if (found == object.MemberEnd()) return {};
  return found->value.IsString()  ? found->value.GetString()
         : found->value.IsInt64() ? std::to_string(found->value.GetInt64())
                                  : std::string();
}
}  // namespace

DemoStage::DemoStage(WallClock& clock, int people) : clock_(clock), folder_(make_folder()) {
  simulators_ = std::make_unique<Child>(
      std::vector<std::string>{simulator_program(), "--port-file", folder_ + "/ports.json", "--people",
                               std::to_string(people)},
      folder_ + "/simulators.log");
  wait_for_ports();
  write_configuration();
}

void DemoStage::wait_for_ports() {
  const std::int64_t give_up_ms = clock_.now_ms() + kStartPatienceMs;
  while (!fs::exists(folder_ + "/ports.json")) {
    check_alive();
    if (clock_.now_ms() > give_up_ms)
      throw Exit{kExitFailed, "the simulators did not say where they listen; see " + folder_};
    clock_.sleep_until_ms(clock_.now_ms() + 50);
  }
  rapidjson::Document ports;
  ports.Parse(content(folder_ + "/ports.json").c_str());
  if (!ports.IsObject() || !ports.HasMember("ctm") || !ports.HasMember("highlevel")) {
    throw Exit{kExitFailed, "the simulators' port file is not as expected; see " + folder_};
  }
  const auto &ctm = ports["ctm"], &highlevel = ports["highlevel"];
  remotes_.ctm = {text_of(ctm, "base_url"), text_of(ctm, "key"), text_of(ctm, "account_id"),
                  text_of(ctm, "list")};
  remotes_.highlevel = {text_of(highlevel, "base_url"), text_of(highlevel, "token"),
                        text_of(highlevel, "location_id"), ""};
}

void DemoStage::put(const std::string& name, const std::string& text) const {
  const fs::path file = fs::path(folder_) / name;
  std::ofstream(file) << text;  // the folder is ours alone
  fs::permissions(file, fs::perms::owner_read | fs::perms::owner_write);
}

void DemoStage::write_configuration() {
  put("ctm.key", remotes_.ctm.secret);
  put("highlevel.token", remotes_.highlevel.secret);
  put("tandem.toml", fmt::format(R"(# The demo's configuration: both systems are simulated on this machine.
[service]
state_dir = "{0}/state"
listen = ""

[[link]]
name = "demo"
first_run = "auto"
poll_interval = "2s"
sweep_interval = "1h"

[link.ctm]
base_url = "{1}"
account_id = {2}
credential_file = "{0}/ctm.key"
list = "{3}"

[link.highlevel]
base_url = "{4}"
location_id = "{5}"
credential_file = "{0}/highlevel.token"
)",
                                 folder_, remotes_.ctm.base_url, remotes_.ctm.account, remotes_.ctm.list,
                                 remotes_.highlevel.base_url, remotes_.highlevel.account));
}

void DemoStage::start_daemon() {
  daemon_ = std::make_unique<Child>(
      std::vector<std::string>{fs::canonical("/proc/self/exe").string(), "run", "--config", config_file()},
      folder_ + "/tandem.log");
}

void DemoStage::clear() {
  daemon_.reset();
  simulators_.reset();
}

std::unique_ptr<SqliteStore> DemoStage::state() const {
  try {
    return SqliteStore::open_read_only(state_file());
  } catch (const StoreError&) {
    return nullptr;
  }
}

bool DemoStage::tell(Side side, const std::string& what, const std::string& json) {
  http::Settings settings;
  settings.base_url = remotes_[side].base_url;
  http::RateGate gate({});
  http::Transport transport(settings, gate, clock_);
  http::Request request;
  request.method = "POST";
  request.path = "/_sim/" + what;
  request.headers = {"Content-Type: application/json"};
  request.body = json;
  const auto answer = transport.send(request);
  return answer && answer->status == 200;
}

void DemoStage::check_alive() {
  for (const auto& [child, name] : {std::pair(simulators_.get(), "simulators"), {daemon_.get(), "tandem"}}) {
    if (child == nullptr || child->is_running()) continue;
    std::string log = content(fmt::format("{}/{}.log", folder_, name));
    if (log.size() > kLogEnd) log.erase(0, log.size() - kLogEnd);
    throw Exit{kExitFailed,
               fmt::format("{} ended before its time; the end of {}/{}.log:\n{}", name, folder_, name, log)};
  }
}
}  // namespace tandem
