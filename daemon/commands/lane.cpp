#include "daemon/commands/lane.h"
#include <fmt/format.h>
#include <algorithm>
#include <chrono>

namespace tandem {
namespace {
constexpr std::int64_t kStateRetryMs =
    60'000;                                   // a full disk or a second instance goes away by itself, or not
constexpr std::int64_t kIndexPollMs = 2'000;  // `once --wait`: how often an index is asked again

Severity severity_of(const CycleReport& report) {
  switch (report.outcome) {
    case Outcome::unauthorised:
    case Outcome::misconfigured:
      return Severity::error;
    case Outcome::unreachable:
      return Severity::warning;
    default:
      break;
  }
  const std::int64_t moved =
      report.written.ctm + report.written.highlevel + report.linked_now + report.created;
  return moved > 0 ? Severity::notice : Severity::info;
}
}  // namespace

Lane::Lane(std::shared_ptr<const LinkSetup> setup, LaneOrders orders, GateRegistry& gates, WallClock& clock,
           std::function<void()> changed)
    : name_(setup->link.name),
      orders_(orders),
      gates_(gates),
      clock_(clock),
      changed_(std::move(changed)),
      log_(name_),
      setup_(std::move(setup)) {
  view_.progress_ms = clock_.now_ms();
}

Lane::~Lane() {
  stop();
  if (thread_.joinable()) thread_.join();
}

void Lane::start() {
  thread_ = std::thread([this] { work(); });
}

void Lane::stop() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  woken_.notify_all();
}

void Lane::resync() {
  {
    const std::lock_guard lock(mutex_);
    resync_ = wake_ = true;
  }
  woken_.notify_all();
}

void Lane::reload(std::shared_ptr<const LinkSetup> setup) {
  {
    const std::lock_guard lock(mutex_);
    setup_ = std::move(setup);
    reloaded_ = wake_ = true;
  }
  woken_.notify_all();
}

LaneView Lane::view() const {
  const std::lock_guard lock(mutex_);
  return view_;
}

bool Lane::stopping() const {
  const std::lock_guard lock(mutex_);
  return stop_;
}

void Lane::publish(const std::function<void(LaneView&)>& change) {
  {
    const std::lock_guard lock(mutex_);
    change(view_);
    view_.progress_ms = clock_.now_ms();
  }
  changed_();
}

void Lane::progress() {
  bool first = false;
  {
    const std::lock_guard lock(mutex_);
    first = view_.phase == LaneView::Phase::opening;
    view_.phase = LaneView::Phase::cycling;
    view_.progress_ms = clock_.now_ms();
  }
  if (first) changed_();
}

void Lane::wait_until(LaneView::Phase phase, std::int64_t when_ms) {
  publish([&](LaneView& view) {
    view.phase = phase;
    view.wake_ms = when_ms;
  });
  std::unique_lock lock(mutex_);
  const auto left = std::chrono::milliseconds(std::max<std::int64_t>(0, when_ms - clock_.now_ms()));
  woken_.wait_for(lock, left, [this] { return stop_ || wake_; });
  wake_ = false;
}

void Lane::work() {
  while (!stopping()) {
    std::string failure;
    try {
      live();
      break;
    } catch (const StoreError& error) {
      failure = error.what();
    } catch (const std::exception& error) {
      failure = fmt::format("the lane stopped by mistake: {}", error.what());
    }
    log_.say(Severity::error, failure);
    publish([&](LaneView& view) { view.failure = failure; });
    if (orders_.once) break;
    wait_until(LaneView::Phase::failed, clock_.now_ms() + kStateRetryMs);
  }
  publish([](LaneView& view) { view.phase = LaneView::Phase::ended; });
}

void Lane::live() {
  std::optional<Wiring> wiring;
  std::unique_ptr<SqliteStore> store;
  const std::int64_t give_up_ms = clock_.now_ms() + orders_.wait_ms;
  ReadKind kind = orders_.kind;
  bool reread = false;
  while (!stopping()) {
    std::shared_ptr<const LinkSetup> setup;
    {
      const std::lock_guard lock(mutex_);
      setup = setup_;
      if (reloaded_) wiring.reset();
      reloaded_ = false;
      reread = resync_;
      if (resync_) kind = ReadKind::full;
      resync_ = false;
    }
    if (!store) store = open_for_writing(*setup, clock_);
    if (!wiring) wiring.emplace(setup, *store, gates_, clock_, [this] { return stopping(); });
    const std::int64_t started_ms = clock_.now_ms();
    // A sweep that failed is not tried every minute: the side that answers would pay for the one that does
    // not.
    const bool due = next_sweep_ms(*store, setup->link.sweep_interval_ms) <= started_ms;
    if (!orders_.once && due && !troubled_) kind = ReadKind::full;
    const CycleReport report = cycle(*wiring, kind, reread);
    troubled_ = report.trouble.ctm.has_value() || report.trouble.highlevel.has_value();
    if (!stopping()) keep_trouble(*store, report);  // a request that was cut short is no trouble of theirs
    // `once` prints it; what went wrong was said when it happened.
    log_.say(orders_.once ? Severity::info : severity_of(report), report.summary(), report.run);
    publish([&](LaneView& view) {
      view.last = report;
      view.failure.clear();
    });
    kind = ReadKind::delta;

    std::int64_t next_ms = started_ms + setup->link.poll_interval_ms;
    if (orders_.once) {
      if (report.outcome != Outcome::awaiting_index || clock_.now_ms() >= give_up_ms) return;
      next_ms = std::min(give_up_ms, clock_.now_ms() + kIndexPollMs);
    }
    for (const Side side : kSides) {
      if (report.trouble[side]) next_ms = std::max(next_ms, report.trouble[side]->retry_at_ms);
    }
    wait_until(LaneView::Phase::waiting, next_ms);
  }
}

CycleReport Lane::cycle(Wiring& wiring, ReadKind kind, bool reread) {
  CycleHooks hooks;
  hooks.stop_requested = [this] { return stopping(); };
  hooks.advanced = [this] { progress(); };
  hooks.say = [this](Severity severity, const std::string& text) { log_.say(severity, text); };
  {
    const std::lock_guard lock(mutex_);
    if (view_.phase != LaneView::Phase::opening) view_.phase = LaneView::Phase::cycling;
    view_.progress_ms = clock_.now_ms();
  }
  return Cycle(wiring.replicas(), wiring.store(), clock_, wiring.setup().link.policy, std::move(hooks))
      .run({kind, false, false, reread});
}

// For `status`: why a side was not read or written completely. Written only when it changes.
void Lane::keep_trouble(SqliteStore& store, const CycleReport& report) {
  for (const Side side : kSides) {
    const std::string key = trouble_key(side);
    const std::string text = report.trouble[side] ? report.trouble[side]->message : std::string();
    if (store.meta(key).value_or("") != text) store.transact([&] { store.set_meta(key, text); });
  }
}

std::int64_t next_sweep_ms(SqliteStore& store, std::int64_t interval_ms) {
  const Table table = store.rows("SELECT CAST(strftime('%s', last_full_sweep_at) AS INTEGER) FROM v_status");
  if (table.rows.empty() || !table.rows[0][0]) return 0;
  return std::stoll(*table.rows[0][0]) * 1'000 + interval_ms;
}
}  // namespace tandem
