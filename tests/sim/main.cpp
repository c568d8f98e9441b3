// tandem-sim: both remote systems on loopback, with sample people and, if wanted, staff at work.
#include <fmt/format.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <atomic>
#include <charconv>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <fstream>
#include <stdexcept>
#include <thread>

#include "tests/sim/admin.h"
#include "tests/sim/crew.h"
#include "tests/sim/ctm_face.h"
#include "tests/sim/highlevel_face.h"
#include "tests/sim/http_face.h"
#include "tests/sim/people.h"

namespace tandem::sim {
namespace {
constexpr std::string_view kUsage =
    "usage: tandem-sim [--highlevel-port N] [--ctm-port N] [--port-file FILE] [--seed S] [--people N]\n"
    "                  [--set SWITCH=VALUE ...] [--staff] [--staff-interval-ms N]\n"
    "Serves simulated HighLevel and CallTrackingMetrics APIs on 127.0.0.1 until TERM or INT, or until the\n"
    "program that started it ends. A port of 0 (the default) is any free one. SWITCH may be written\n"
    "highlevel.NAME or ctm.NAME; without a prefix it sets every system that knows the name.\n";

struct Options {
  int highlevel_port = 0, ctm_port = 0;
  std::string port_file;
  std::uint64_t seed = 1;
  std::size_t people = 50;
  bool staff = false;
  std::int64_t staff_interval_ms = 1000;
  std::vector<std::string> sets;
};

template <class Number>
Number number(std::string_view option, std::string_view text) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size())
    throw std::invalid_argument(fmt::format("{}: '{}' is not a number", option, text));
  return value;
}

Options read_options(int argc, char** argv) {
  Options out;
  for (int i = 1; i < argc; ++i) {
    std::string option = argv[i], inline_value;
    bool has_inline = false;
    if (const auto equals = option.find('='); option.starts_with("--") && equals != std::string::npos) {
      inline_value = option.substr(equals + 1);
      option.resize(equals);
      has_inline = true;
    }
    const auto value = [&]() -> std::string {
      if (has_inline) return inline_value;
      if (i + 1 >= argc) throw std::invalid_argument(option + " needs a value");
      return argv[++i];
    };
    if (option == "--highlevel-port")
      out.highlevel_port = number<int>(option, value());
    else if (option == "--ctm-port")
      out.ctm_port = number<int>(option, value());
    else if (option == "--port-file")
      out.port_file = value();
    else if (option == "--seed")
      out.seed = number<std::uint64_t>(option, value());
    else if (option == "--people")
      out.people = number<std::size_t>(option, value());
    else if (option == "--set")
      out.sets.push_back(value());
    else if (option == "--staff")
      out.staff = true;
    else if (option == "--staff-interval-ms")
      out.staff_interval_ms = std::max<std::int64_t>(1, number<std::int64_t>(option, value()));
    else if (option == "--help" || option == "-h")
      std::fputs(kUsage.data(), stdout), std::exit(0);
    else
      throw std::invalid_argument(fmt::format("unknown option '{}'", option));
  }
  return out;
}

void set_switch(const std::string& assignment, Switches& highlevel, Switches& ctm) {
  const auto equals = assignment.find('=');
  if (equals == std::string::npos)
    throw std::invalid_argument(fmt::format("--set {}: write SWITCH=VALUE", assignment));
  const std::string name = assignment.substr(0, equals), value = assignment.substr(equals + 1);
  if (name.starts_with("highlevel.")) return highlevel.set(name.substr(10), value);
  if (name.starts_with("ctm.")) return ctm.set(name.substr(4), value);
  if (!highlevel.knows(name) && !ctm.knows(name)) {
    std::string known;
    for (const auto& spec : highlevel.specs())
      known += fmt::format("\n  highlevel.{} = {} (default {})", spec.name, spec.allowed, spec.fallback);
    for (const auto& spec : ctm.specs())
      known += fmt::format("\n  ctm.{} = {} (default {})", spec.name, spec.allowed, spec.fallback);
    throw std::invalid_argument(fmt::format("no switch is called '{}'; there are:{}", name, known));
  }
  if (highlevel.knows(name)) highlevel.set(name, value);
  if (ctm.knows(name)) ctm.set(name, value);
}

// Whoever waits for the file must never see half of it.
void write_port_file(const std::string& path, const std::string& text) {
  const std::string draft = fmt::format("{}.{}.tmp", path, getpid());
  std::ofstream file(draft, std::ios::trunc);
  file << text << '\n';
  file.close();
  if (!file || std::rename(draft.c_str(), path.c_str()) != 0) {
    std::remove(draft.c_str());
    throw std::runtime_error("cannot write " + path);
  }
}

ErrorStyle ctm_errors() {
  return {[](int status) {
    JsonOut out;
    out.begin_object()
        .field("status", "error")
        .field("reason", status == 429 ? "Rate limit exceeded" : "Something went wrong")
        .end_object();
    return HttpResponse{status, {{"content-type", "application/json; charset=utf-8"}}, out.take()};
  }};
}

int run(const Options& options) {
  const NowMs now = [] {
    using namespace std::chrono;
    return duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count();
  };
  highlevel::Model highlevel_model(options.seed, now);
  highlevel::Face highlevel_face(highlevel_model);
  CtmSetup setup;
  setup.seed = options.seed;
  CtmModel ctm_model(now, setup);
  CtmFace ctm_face(ctm_model);
  for (const auto& assignment : options.sets)
    set_switch(assignment, highlevel_model.switches(), ctm_model.switches());
  const auto people = make_people(options.seed, options.people);
  highlevel_model.load_people(people);
  ctm_face.load_people(people);

  HttpFace* highlevel_port = nullptr;
  HttpFace* ctm_port = nullptr;
  const Administered highlevel_admin = administered(highlevel_face), ctm_admin = administered(ctm_face);
  HttpFace highlevel_http(
      [&](const HttpRequest& r) { return highlevel_face.handle(r); },
      [&](const HttpRequest& r) { return administer(r, highlevel_admin, *highlevel_port); });
  HttpFace ctm_http([&](const HttpRequest& r) { return ctm_face.handle(r); },
                    [&](const HttpRequest& r) { return administer(r, ctm_admin, *ctm_port); }, ctm_errors());
  highlevel_port = &highlevel_http;
  ctm_port = &ctm_http;
  highlevel_http.start(options.highlevel_port);
  ctm_http.start(options.ctm_port);

  const CtmKey& key = ctm_model.account_key();
  JsonOut ports;
  ports.begin_object()
      .key("highlevel")
      .begin_object()
      .field("base_url", highlevel_http.base_url())
      .field("token", highlevel_face.token());
  ports.field("location_id", highlevel_model.location().id);
  const auto& app = highlevel_face.oauth();
  ports.field("oauth_client", app.client_id + ":" + app.client_secret).end_object();
  ports.key("ctm")
      .begin_object()
      .field("base_url", ctm_http.base_url())
      .field("key", key.access + ":" + key.secret);
  ports.field("account_id", ctm_model.account().id).field("list", setup.sync_list).end_object().end_object();
  if (!options.port_file.empty())
    write_port_file(options.port_file, ports.take());
  else
    fmt::print("{}\n", ports.text());
  std::fflush(stdout);

  std::atomic<bool> stopping = false;
  std::thread crew;
  if (options.staff) {
    crew = std::thread([&] {
      StaffPlan plan;
      plan.every_ms = options.staff_interval_ms;
      Staff staff(options.seed, crew_of(highlevel_model), crew_of(ctm_model), plan);
      while (!stopping) {
        staff.step(now());
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
      }
    });
  }
  sigset_t wanted;
  sigemptyset(&wanted);
  sigaddset(&wanted, SIGTERM);
  sigaddset(&wanted, SIGINT);
  int received = 0;
  sigwait(&wanted, &received);
  stopping = true;
  if (crew.joinable()) crew.join();
  highlevel_http.stop();
  ctm_http.stop();
  if (!options.port_file.empty()) std::remove(options.port_file.c_str());
  return 0;
}
}  // namespace
}  // namespace tandem::sim

int main(int argc, char** argv) {
  // Before any thread starts: all of them inherit the mask, sigwait is the only one to take these.
  sigset_t wanted;
  sigemptyset(&wanted);
  sigaddset(&wanted, SIGTERM);
  sigaddset(&wanted, SIGINT);
  pthread_sigmask(SIG_BLOCK, &wanted, nullptr);
  const pid_t parent = getppid();
  prctl(PR_SET_PDEATHSIG, SIGTERM);
  if (getppid() != parent) return 0;  // it went before we asked
  try {
    return tandem::sim::run(tandem::sim::read_options(argc, argv));
  } catch (const std::invalid_argument& wrong) {
    fmt::print(stderr, "tandem-sim: {}\n{}", wrong.what(), tandem::sim::kUsage);
    return 78;
  } catch (const std::exception& failed) {
    fmt::print(stderr, "tandem-sim: {}\n", failed.what());
    return 1;
  }
}
