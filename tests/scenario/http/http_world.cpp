#include "tests/scenario/http/http_world.h"

#include "core/engine/learned.h"
#include "tests/sim/json.h"

namespace tandem {
namespace {
sim::HttpResponse no_admin(const sim::HttpRequest&) { return {404, {}, ""}; }

sim::ErrorStyle ctm_errors() {
  return {[](int status) {
    sim::JsonOut out;
    out.begin_object().field("status", "error").field("reason", "Something went wrong").end_object();
    return sim::HttpResponse{status, {{"content-type", "application/json; charset=utf-8"}}, out.take()};
  }};
}
}  // namespace

HttpWorld::HttpWorld()
    : ctm_face_(ctm),
      highlevel_face_(highlevel),
      ctm_http_(watched(Side::ctm, [this](const auto& r) { return ctm_face_.handle(r); }), no_admin,
                ctm_errors()),
      highlevel_http_(watched(Side::highlevel, [this](const auto& r) { return highlevel_face_.handle(r); }),
                      no_admin) {
  ctm_http_.start(0);
  highlevel_http_.start(0);
  connect();
}

HttpWorld::~HttpWorld() {
  ctm_replica_.reset();  // connections that end by themselves let the faces stop at once
  highlevel_replica_.reset();
}

sim::Handler HttpWorld::watched(Side side, sim::Handler system) {
  return [this, side, system = std::move(system)](const sim::HttpRequest& request) {
    sim::HttpResponse answer = system(request);
    if (answer.status == 429) ++slowed_down_[static_cast<std::size_t>(side)];
    return answer;
  };
}

// As daemon/commands wires them, but for the size of a page and one request at a time.
void HttpWorld::connect() {
  ctm_replica_.reset();
  highlevel_replica_.reset();
  gates_.ctm = std::make_unique<http::RateGate>(CtmSettings{}.budget);
  gates_.highlevel = std::make_unique<http::RateGate>(HighLevelSettings{}.budget);
  CtmSettings at_ctm;
  at_ctm.base_url = ctm_http_.base_url();
  at_ctm.account_id = ctm.account().id;
  at_ctm.credential = ctm.account_key().access + ":" + ctm.account_key().secret;
  at_ctm.list = ctm.account().list(ctm.sync_list())->name;
  at_ctm.default_country = policy.mapping.default_country();
  at_ctm.shared_gate = gates_.ctm.get();
  at_ctm.native_names = policy.mapping.native_names(Side::ctm);
  at_ctm.mapping_fingerprint = policy.mapping.fingerprint();
  at_ctm.save_learned = [this] { keep_learned(*store, Side::ctm, *ctm_replica_); };
  ctm_replica_ = std::make_unique<CtmReplica>(std::move(at_ctm), clock);

  HighLevelSettings at_highlevel;
  at_highlevel.base_url = highlevel_http_.base_url();
  at_highlevel.location_id = highlevel.location().id;
  at_highlevel.token = highlevel_face_.token();
  at_highlevel.native_names = policy.mapping.native_names(Side::highlevel);
  at_highlevel.mapping_fingerprint = policy.mapping.fingerprint();
  at_highlevel.page_size = kHighLevelPage;
  at_highlevel.in_flight = 1;  // which of several requests under way a fault meets would be left to chance
  highlevel_replica_ =
      std::make_unique<HighLevelReplica>(std::move(at_highlevel), clock, gates_.highlevel.get());
}

void HttpWorld::restart() {
  reopen();
  connect();
}

CycleReport HttpWorld::cycle(ReadKind kind) {
  // The faces' threads and this one take turns with the models: each call passes a lock of the faces.
  const auto hand_over = [this] { return ctm_http_.requests() + highlevel_http_.requests(); };
  (void)hand_over();
  CycleReport report = run({ctm_replica_.get(), highlevel_replica_.get()}, kind);
  (void)hand_over();
  return report;
}

void HttpWorld::come_to_rest(int most) {
  int busy = 0;
  for (int idle = 0, cycles = 0; idle < 2; ++cycles) {
    clock.tick(kPastEveryLagMs);
    const CycleReport report = cycle(cycles % 2 == 0 ? ReadKind::delta : ReadKind::full);
    const bool still = !report.trouble.ctm && !report.trouble.highlevel && report.written.ctm == 0 &&
                       report.written.highlevel == 0 && report.changed.ctm == 0 &&
                       report.changed.highlevel == 0 && report.linked_now == 0 && report.awaiting == 0 &&
                       report.remaining == 0;
    idle = still ? idle + 1 : 0;
    if (still || ++busy <= most) continue;
    ADD_FAILURE() << "not at rest after " << most << " cycles: " << report.summary();
    for (const Side side : kSides)
      if (report.trouble[side]) ADD_FAILURE() << to_text(side) << ": " << report.trouble[side]->message;
    return;
  }
}
}  // namespace tandem
