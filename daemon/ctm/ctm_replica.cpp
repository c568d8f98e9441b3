#include "daemon/ctm/ctm_replica.h"
#include <fmt/format.h>
#include <algorithm>
#include <optional>
#include "core/tuning.h"
#include "daemon/ctm/ctm_accounts.h"
#include "daemon/ctm/ctm_activities.h"
#include "daemon/ctm/ctm_lists.h"
#include "daemon/ctm/ctm_setup.h"

namespace tandem {
namespace {
constexpr std::int64_t kSettingsFreshMs = 60 * 60'000;
constexpr int kBatch = 4;

using ctm::Cursor;
using ctm::fact;

bool uses_list(ContactSurface s) {
  return s == ContactSurface::list || s == ContactSurface::list_and_activity;
}
bool uses_activities(ContactSurface s) {
  return s == ContactSurface::activity || s == ContactSurface::list_and_activity;
}

SurfaceAccess address_access() {
  return {{"address1", Access::read_write}, {"city", Access::read_write},
          {"state", Access::read_write},    {"postal_code", Access::read_write},
          {"country", Access::read_write},  {"custom:*", Access::read_write}};
}
}  // namespace

struct CtmReplica::Parts {
  Parts(CtmSettings s, Clock& c)
      : settings(std::move(s)),
        clock(c),
        own_gate(settings.budget),
        gate(settings.shared_gate != nullptr ? *settings.shared_gate : own_gate),
        client(settings, gate, clock),
        codec(settings.native_names, settings.mapping_fingerprint, settings.account_id),
        activities(settings, client, codec, facts, clock),
        lists(settings, client, codec, facts, clock),
        accounts(settings, client, codec, facts, clock),
        setup{.zone = {}, .own_numbers = {}, .surface = settings.contact_surface, .list_id = {}} {}

  CtmSettings settings;
  Clock& clock;
  http::RateGate own_gate;
  http::RateGate& gate;
  ctm::Client client;
  ctm::Codec codec;
  ctm::Facts facts;
  ctm::Activities activities;
  ctm::Lists lists;
  ctm::Accounts accounts;
  ctm::AccountSetup setup;
  std::optional<std::int64_t> set_up_at_ms;
  Capabilities capabilities;

  void refresh_capabilities();
  // False: the cursor is from another contact_surface.
  [[nodiscard]] bool has_phase(Cursor::Phase phase) const {
    if (phase == Cursor::Phase::rows) return uses_list(setup.surface);
    return phase == Cursor::Phase::activities ? uses_activities(setup.surface)
                                              : setup.surface == ContactSurface::account;
  }
  Result<bool> advance(Cursor& cursor, Page& out);
  Result<Receipt> apply_one(const Write& write);
};

// From the surface and what was learned; learned facts change it while running.
void CtmReplica::Parts::refresh_capabilities() {
  Capabilities c;
  const bool list = uses_list(setup.surface), activity = uses_activities(setup.surface);
  const bool account = setup.surface == ContactSurface::account;
  const bool account_writes = account && fact(facts, "record_write") != "no";
  c.create = c.remove = list || account_writes;
  c.update = list || activity || account_writes;
  c.creates = account ? SourceKind::record : SourceKind::row;
  c.has_records = account;
  c.keyed_by_phone = !account;
  c.joined_name = !account || fact(facts, "record_split") != "yes";
  c.tags = c.tags_on_activities = activity;
  c.has_edit_times = account && fact(facts, "record_stamp") == "yes";
  c.index_lag_ms = tuning::kCtmIndexLagMs;
  c.page_max = list ? 10 : 100;
  c.batch = kBatch;
  if (activity) {
    SurfaceAccess& access = c.surface[SourceKind::activity];
    access = address_access();
    access["name"] = access["email"] = Access::read_write;
    access["phone"] = Access::read_only;
  }
  if (list) {
    SurfaceAccess& access = c.surface[SourceKind::row];
    access = address_access();
    access["name"] = access["phone"] = Access::read_only;
    access["first_name"] = access["last_name"] = Access::write_only;
    access["email"] = fact(facts, "row_email") == "shown" ? Access::read_write : Access::write_only;
  }
  if (account) {
    SurfaceAccess& access = c.surface[SourceKind::record];
    access = address_access();
    access["email"] = access["phone"] = Access::read_write;
    access["name"] = c.joined_name ? Access::read_write : Access::none;
    access["first_name"] = access["last_name"] = c.joined_name ? Access::write_only : Access::read_write;
    if (!account_writes) {
      for (auto& [native, how] : access) how = can_read(how) ? Access::read_only : Access::none;
    }
  }
  capabilities = std::move(c);
}

CtmReplica::CtmReplica(CtmSettings settings, Clock& clock)
    : parts_(std::make_unique<Parts>(std::move(settings), clock)) {
  parts_->refresh_capabilities();
}
CtmReplica::~CtmReplica() = default;

Result<void> CtmReplica::open() {
  Parts& p = *parts_;
  const std::int64_t now = p.clock.now_ms();
  if (p.set_up_at_ms && now >= *p.set_up_at_ms && now - *p.set_up_at_ms < kSettingsFreshMs) return {};
  p.set_up_at_ms.reset();
  auto setup = ctm::set_up(p.client, p.codec, p.settings, p.facts);
  if (!setup) return fail(std::move(setup.error()));
  p.setup = std::move(*setup);
  p.set_up_at_ms = now;
  p.activities.set_zone(p.setup.zone);
  if (!p.setup.list_id.empty()) p.lists.use(p.setup.list_id);
  p.refresh_capabilities();
  return {};
}

const Capabilities& CtmReplica::capabilities() const { return parts_->capabilities; }
const std::set<std::string, std::less<>>& CtmReplica::own_numbers() const {
  return parts_->setup.own_numbers;
}
std::string_view CtmReplica::surface() const { return to_text(parts_->setup.surface); }

// One page of the phase under way. True: the pass is over.
Result<bool> CtmReplica::Parts::advance(Cursor& cursor, Page& out) {
  using Phase = Cursor::Phase;
  if (cursor.phase == Phase::idle) {
    cursor.phase = setup.surface == ContactSurface::account ? Phase::records
                   : uses_activities(setup.surface)         ? Phase::activities
                                                            : Phase::rows;
  }
  if (cursor.phase == Phase::records) return accounts.read(cursor, out);
  if (cursor.phase == Phase::rows) return lists.read(cursor, out);
  const auto over = activities.read(cursor, out);
  if (!over || !*over || !uses_list(setup.surface)) return over;
  cursor.phase = Phase::rows;
  cursor.next.clear();
  cursor.windows.clear();
  return false;
}

Result<Page> CtmReplica::read_page(ReadKind kind, const std::string& text) {
  Parts& p = *parts_;
  if (auto opened = open(); !opened) return fail(std::move(opened.error()));
  Cursor cursor = ctm::cursor_from(text);
  if (cursor.phase == Cursor::Phase::idle || cursor.kind != kind || !p.has_phase(cursor.phase))
    cursor = cursor.restarted(kind);
  Page page;
  const auto over = p.advance(cursor, page);
  if (!over) {
    Error error = over.error();
    if (error.fault == Fault::rejected) error.fault = Fault::malformed;  // no configuration to mend
    return fail(std::move(error));
  }
  page.more = !*over;
  page.high_water_ms = std::max(cursor.watermark_s, cursor.newest_s) * 1000;
  page.next = ctm::to_text(*over ? cursor.restarted(kind) : cursor);
  p.refresh_capabilities();
  return page;
}

std::vector<Result<std::vector<Evidence>>> CtmReplica::fetch(std::span<const FetchRequest> requests) {
  Parts& p = *parts_;
  if (auto opened = open(); !opened)
    return std::vector<Result<std::vector<Evidence>>>(requests.size(), fail(opened.error()));
  const bool account = p.setup.surface == ContactSurface::account;
  std::vector<std::string> direct;  // ids read directly: activities or account contacts
  std::vector<ctm::RowKey> rows;
  for (const FetchRequest& request : requests) {
    if (request.sources.empty()) {
      if (account)
        direct.push_back(request.record.text);
      else
        rows.push_back({request.record.text, ""});
    }
    for (const SourceRef& source : request.sources) {
      if (source.kind == SourceKind::row)
        rows.push_back({request.record.text, source.id});
      else
        direct.push_back(source.id);
    }
  }
  auto direct_out = account ? p.accounts.fetch(direct) : p.activities.fetch(direct);
  std::vector<Result<std::vector<Evidence>>> rows_out;
  if (uses_list(p.setup.surface))
    rows_out = p.lists.fetch(rows);
  else
    rows_out.assign(rows.size(), std::vector<Evidence>{});

  std::vector<Result<std::vector<Evidence>>> out;
  std::size_t next_direct = 0, next_row = 0;
  for (const FetchRequest& request : requests) {
    Result<std::vector<Evidence>> shown = std::vector<Evidence>{};
    std::optional<Error> gone;
    const auto take_row = [&] {
      auto& got = rows_out[next_row++];
      if (!shown) return;
      if (!got)
        shown = fail(std::move(got.error()));
      else
        std::move(got->begin(), got->end(), std::back_inserter(*shown));
    };
    const auto take_direct = [&] {
      auto& got = direct_out[next_direct++];
      if (!shown) return;
      if (got)
        shown->push_back(std::move(*got));
      else if (got.error().fault == Fault::gone)
        gone = std::move(got.error());
      else
        shown = fail(std::move(got.error()));
    };
    if (request.sources.empty()) account ? take_direct() : take_row();
    for (const SourceRef& source : request.sources)
      source.kind == SourceKind::row ? take_row() : take_direct();
    if (shown && shown->empty() && gone) shown = fail(std::move(*gone));
    out.push_back(std::move(shown));
  }
  p.refresh_capabilities();
  return out;
}

Result<Found> CtmReplica::find(const NaturalKey& key) {
  Parts& p = *parts_;
  if (auto opened = open(); !opened) return fail(std::move(opened.error()));
  if (p.setup.surface == ContactSurface::account) return p.accounts.find(key);
  Found found;
  found.as_of_ms = p.clock.now_ms();
  if (key.phone.empty()) return found;  // an e-mail is no key here
  if (uses_list(p.setup.surface)) {
    auto rows = p.lists.find(key.phone);
    if (!rows) return rows;
    found = std::move(*rows);
  }
  if (uses_activities(p.setup.surface)) {
    auto activities = p.activities.search(key.phone);
    if (!activities) return fail(std::move(activities.error()));
    std::move(activities->begin(), activities->end(), std::back_inserter(found.evidence));
  }
  return found;
}

Result<Receipt> CtmReplica::Parts::apply_one(const Write& write) {
  const bool list = uses_list(setup.surface);
  const bool account = setup.surface == ContactSurface::account;
  const bool on_activity = write.target && write.target->kind == SourceKind::activity;
  switch (write.kind) {
    case WriteKind::create:
      if (account) return accounts.create(write);
      if (list) return lists.create(write);
      return fail(Fault::unsupported,
                  "CTM has no place for a new contact without a list; set list in [link.ctm]");
    case WriteKind::update:
      if (account) return accounts.update(write);
      if (on_activity) return activities.modify(write);
      if (list) return lists.update(write);
      return fail(Fault::unsupported, "only activities can be changed with this contact_surface");
    case WriteKind::remove:
      if (account) return accounts.remove(write);
      if (list) return lists.remove(write);
      return fail(Fault::unsupported, "only rows of the configured list can be removed at CTM");
    case WriteKind::tag_add:
    case WriteKind::tag_remove:
      if (!uses_activities(setup.surface))
        return fail(Fault::unsupported,
                    "CTM keeps tags on activities, which this contact_surface leaves out");
      return write.kind == WriteKind::tag_add ? activities.add_tags(write) : activities.remove_tags(write);
  }
  return fail(Fault::unsupported, "an unknown kind of write");
}

std::vector<Result<Receipt>> CtmReplica::apply(std::span<const Write> writes) {
  Parts& p = *parts_;
  if (auto opened = open(); !opened) return std::vector<Result<Receipt>>(writes.size(), fail(opened.error()));
  const bool on_list =
      uses_list(p.setup.surface) && std::any_of(writes.begin(), writes.end(), [](const Write& w) {
        const bool on_activity = w.target && w.target->kind == SourceKind::activity;
        return w.kind == WriteKind::create || w.kind == WriteKind::remove ||
               (w.kind == WriteKind::update && !on_activity);
      });
  if (on_list) p.lists.before_writes();
  std::vector<Result<Receipt>> out;
  // One after the other: the budget is eight requests a second, which one connection fills.
  for (const Write& write : writes) out.push_back(p.apply_one(write));
  if (on_list) p.lists.after_writes();
  p.refresh_capabilities();
  return out;
}

std::map<std::string, std::string> CtmReplica::learned() const { return parts_->facts; }

void CtmReplica::recall(const std::map<std::string, std::string>& facts) {
  parts_->facts = facts;
  parts_->refresh_capabilities();
}

Replica::Usage CtmReplica::usage() const {
  return {parts_->client.requests_sent(), parts_->gate.day_limit(), parts_->gate.day_remaining()};
}

int CtmReplica::cost_of(WriteKind kind) const {
  const bool list = uses_list(parts_->setup.surface);
  switch (kind) {
    case WriteKind::create:
      return list ? 4 : 2;  // look for it in the activities, add, read back
    case WriteKind::update:
      return list ? 4 : 2;  // find the row, remove, add, read back
    case WriteKind::tag_add:
    case WriteKind::tag_remove:
      return 2;
    case WriteKind::remove:
      return list ? 3 : 2;
  }
  return 2;
}

void CtmReplica::set_credential(const std::string& credential) {
  parts_->settings.credential = credential;
  parts_->client.set_credential(credential);
  parts_->set_up_at_ms.reset();
}
}  // namespace tandem
