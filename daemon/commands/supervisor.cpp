#include "daemon/commands/supervisor.h"
#include <fmt/format.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include <algorithm>
#include <csignal>
#include <cstdlib>
#include "daemon/commands/notify.h"
#include "daemon/commands/output.h"

namespace tandem {
namespace {
constexpr std::int64_t kStopPatienceMs = 9'000;  // promised: out within 10 s

std::initializer_list<int> signals_of(bool once) {
  static const std::initializer_list<int> few{SIGTERM, SIGINT},
      all{SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGUSR2};
  return once ? few : all;
}

bool has_failed(const LaneView& view) { return !view.failure.empty(); }

std::string_view word(LaneView::Phase phase) {
  switch (phase) {
    case LaneView::Phase::opening:
      return "opening";
    case LaneView::Phase::cycling:
      return "in a cycle";
    case LaneView::Phase::waiting:
      return "waiting";
    case LaneView::Phase::failed:
      return "state cannot be used";
    case LaneView::Phase::ended:
      break;
  }
  return "ended";
}
}  // namespace

bool is_alive(const LaneView& view, std::int64_t now_ms, std::int64_t patience_ms) {
  switch (view.phase) {
    case LaneView::Phase::opening:
    case LaneView::Phase::cycling:
      return now_ms - view.progress_ms < patience_ms;
    case LaneView::Phase::waiting:
    case LaneView::Phase::failed:
      return now_ms - view.wake_ms < patience_ms;
    case LaneView::Phase::ended:
      break;
  }
  return true;
}

Supervisor::Supervisor(const Invocation& invocation, config::Config config,
                       std::vector<std::shared_ptr<const LinkSetup>> setups, LaneOrders orders)
    : invocation_(invocation),
      config_(std::move(config)),
      orders_(orders),
      signals_(signals_of(orders.once)),
      changed_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)),
      watchdog_ms_(orders.once ? 0 : watchdog_ms()) {
  std::signal(SIGPIPE, SIG_IGN);
  for (auto& setup : setups) {
    lanes_.push_back(std::make_unique<Lane>(std::move(setup), orders_, gates_, clock_, [this] {
      const std::uint64_t one = 1;
      if (write(changed_, &one, sizeof one) < 0) return;  // full: a wake-up is already there
    }));
  }
}

Supervisor::~Supervisor() {
  lanes_.clear();
  close(changed_);
}

std::vector<Supervisor::Named> Supervisor::views() const {
  std::vector<Named> all;
  for (const auto& lane : lanes_) all.push_back({lane->name(), lane->view()});
  return all;
}

int Supervisor::run() {
  for (const auto& lane : lanes_) lane->start();
  pollfd sources[] = {{signals_.descriptor(), POLLIN, 0}, {changed_, POLLIN, 0}};
  while (true) {
    poll(sources, std::size(sources), rest_ms());
    std::uint64_t count = 0;
    if (read(changed_, &count, sizeof count) < 0) count = 0;
    serve_signals();
    const auto now = views();
    if (std::all_of(now.begin(), now.end(),
                    [](const Named& n) { return n.view.phase == LaneView::Phase::ended; })) {
      return std::any_of(now.begin(), now.end(), [](const Named& n) { return has_failed(n.view); }) &&
                     give_up_ms_ == 0
                 ? kExitFailed
                 : kExitDone;
    }
    if (give_up_ms_ != 0 && clock_.now_ms() > give_up_ms_) {
      log_.say(Severity::warning,
               "a request did not come back in time; the next start finds out what became of it");
      std::_Exit(kExitDone);
    }
    if (give_up_ms_ != 0 || orders_.once) continue;
    if (std::all_of(now.begin(), now.end(), [](const Named& n) { return has_failed(n.view); })) {
      stop_lanes();  // each has said why
      lanes_.clear();
      return kExitFailed;
    }
    tell_manager();
  }
}

void Supervisor::serve_signals() {
  bool sweep = false, reload_asked = false, summary = false;
  while (const auto number = signals_.take()) {
    if (*number == SIGTERM || *number == SIGINT) begin_stop();
    if (*number == SIGHUP) reload_asked = true;
    if (*number == SIGUSR1) sweep = true;
    if (*number == SIGUSR2) summary = true;
  }
  if (give_up_ms_ != 0) return;
  if (reload_asked) reload();
  if (sweep) {
    log_.say(Severity::notice, "a full resync was asked for");
    for (const auto& lane : lanes_) lane->resync();
  }
  if (summary) log_summary();
}

void Supervisor::begin_stop() {
  if (give_up_ms_ != 0) return;
  give_up_ms_ = clock_.now_ms() + kStopPatienceMs;
  if (!orders_.once) {
    notify_stopping();
    log_.say(Severity::notice, "stopping: the record in hand is finished first");
  }
  stop_lanes();
}

void Supervisor::stop_lanes() {
  for (const auto& lane : lanes_) lane->stop();
  clock_.stop();
}

void Supervisor::reload() {
  notify_reloading();
  try {
    config::Config next = load_config(invocation_);
    const auto obstacles = config::reload_obstacles(config_, next);
    if (!obstacles.empty()) throw Exit{kExitConfig, fmt::format("{}", fmt::join(obstacles, "\n"))};
    const auto setups = make_setups(next, chosen_links(next, invocation_));
    for (const auto& lane : lanes_) {
      const auto mine = std::find_if(setups.begin(), setups.end(),
                                     [&](const auto& setup) { return setup->link.name == lane->name(); });
      lane->reload(*mine);  // there: the set of links is the same
    }
    if (!invocation_.verbose) set_log_level(next.log_level);
    config_ = std::move(next);
    log_.say(Severity::notice, "the configuration was read again and is in force");
  } catch (const Exit& refused) {
    log_.say(Severity::error,
             fmt::format("the new configuration is refused, the old one stays: {}", refused.message));
  }
  notify_ready(status_line());
}

void Supervisor::log_summary() {
  for (const Named& lane : views()) {
    const Log log(lane.name);
    log.say(Severity::notice, lane.view.last ? lane.view.last->summary() : "no cycle has ended yet");
    try {
      const auto link = std::find_if(config_.links.begin(), config_.links.end(),
                                     [&](const config::LinkConfig& l) { return l.name == lane.name; });
      const Table status = open_for_reading(config_, *link)->rows("SELECT * FROM v_status");
      std::string text = std::string(word(lane.view.phase));
      for (std::size_t i = 1; i < status.columns.size(); ++i) {
        text += fmt::format(", {} {}", status.columns[i], status.rows.at(0)[i].value_or("never"));
      }
      log.say(Severity::notice, text);
    } catch (const StoreError& error) {
      log.say(Severity::warning, error.what());
    }
  }
}

std::string Supervisor::status_line() const {
  std::string text;
  for (const Named& lane : views()) {
    text += fmt::format("{}{}: {}", text.empty() ? "" : "; ", lane.name, word(lane.view.phase));
    if (has_failed(lane.view)) continue;
    if (lane.view.last) text += fmt::format(", last cycle {}", to_text(lane.view.last->outcome));
  }
  return text;
}

void Supervisor::tell_manager() {
  const auto now = views();
  const std::string status = status_line();
  if (!ready_ && std::none_of(now.begin(), now.end(),
                              [](const Named& n) { return n.view.phase == LaneView::Phase::opening; })) {
    ready_ = true;
    notify_ready(status);
  } else if (status != told_) {
    notify_status(status);
  }
  told_ = status;
  const std::int64_t now_ms = clock_.now_ms();
  if (watchdog_ms_ > 0 && std::all_of(now.begin(), now.end(), [&](const Named& n) {
        return is_alive(n.view, now_ms, watchdog_ms_ / 2);
      })) {
    notify_watchdog();
  }
}

int Supervisor::rest_ms() const {
  if (give_up_ms_ != 0) return 200;
  return watchdog_ms_ > 0 ? static_cast<int>(std::min<std::int64_t>(watchdog_ms_ / 4, 60'000)) : -1;
}
}  // namespace tandem
