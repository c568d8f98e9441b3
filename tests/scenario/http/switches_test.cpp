// The standard day under every reading of the remotes that the dossiers leave open: each value of each
// switch of both simulators, one at a time, taken from the simulators' own registries.
#include <fmt/format.h>

#include <algorithm>
#include <ostream>

#include "tests/scenario/http/day.h"

namespace tandem {
namespace {
struct Value {
  Side side;
  std::string name, value;
};
void PrintTo(const Value& v, std::ostream* out) {
  *out << to_text(v.side) << "." << v.name << "=" << v.value;
}

const std::vector<sim::Switches::Spec>& registry(Side side) {
  static const auto ctm = sim::ctm_switch_specs();
  static const auto highlevel = sim::highlevel::switch_specs();
  return side == Side::ctm ? ctm : highlevel;
}

// Switches that nothing of contacts and tags meets.
struct Excluded {
  Side side;
  const char *name, *why;
};
constexpr Excluded kExcluded[] = {
    {Side::highlevel, "oauth.error", "this day has a private token; tests/daemon/highlevel has them"},
    {Side::highlevel, "oauth.chosen", "this day has a private token"},
    {Side::highlevel, "oauth.state", "this day has a private token"},
    {Side::highlevel, "oauth.refresh_kills_access", "this day has a private token"},
    {Side::highlevel, "oauth.refresh_grace_ms", "this day has a private token"},
    {Side::ctm, "account_contacts.path", "the account's contacts are not this surface"},
    {Side::ctm, "account_contacts.write_verbs", "the account's contacts are not this surface"},
    {Side::ctm, "account_contacts.page_max", "the account's contacts are not this surface"},
    {Side::ctm, "account_contacts.over", "the account's contacts are not this surface"},
    {Side::ctm, "account_contacts.stamps", "the account's contacts are not this surface"},
    {Side::ctm, "account_contacts.address", "the account's contacts are not this surface"},
    {Side::ctm, "account_contacts.search", "the account's contacts are not this surface"},
    {Side::ctm, "webhook.sig", "webhooks"},
    {Side::ctm, "webhook.wrap", "webhooks"},
    {Side::ctm, "webhook.retry", "webhooks"},
    {Side::ctm, "webhook.order", "webhooks"},
    {Side::ctm, "trigger.contact_panel", "webhooks"},
    {Side::ctm, "redaction_scope", "nobody is redacted this day"},
    {Side::ctm, "redaction_style", "nobody is redacted this day"},
    {Side::ctm, "opt_out_none", "texts"},
    {Side::ctm, "auth_exchange_wrong", "tandem uses keys, no exchange"},
    {Side::ctm, "rate_scope", "one key"},
    {Side::ctm, "rate.error_throttle_ms", "only with rate.errors_per_minute"},
    {Side::highlevel, "token.expires_in", "a private integration token does not expire"},
    {Side::highlevel, "task_put.partial", "tasks"},
    {Side::highlevel, "bump.note", "notes"},
    {Side::highlevel, "bump.task", "tasks"},
    {Side::highlevel, "bump.appointment_create", "appointments"},
    {Side::highlevel, "bump.appointment_update", "appointments"},
    {Side::highlevel, "bump.business", "businesses"},
    {Side::highlevel, "bump.follower", "followers"},
};

// Values of switches that take a number or a text.
struct Free {
  Side side;
  const char* name;
  std::vector<std::string> values;
};
const Free kFree[] = {
    {Side::ctm, "contact_surfaces", {"list, activity", "list, activity, account_read, account_write"}},
    {Side::ctm, "lists.page_max", {"100"}},
    {Side::ctm, "index_lag_ms", {"0", "60000"}},
    {Side::ctm, "calls.page_max", {"100"}},
    {Side::ctm, "calls.window", {"4"}},
    {Side::ctm, "rate.per_second", {"9"}},
    {Side::ctm, "rate.errors_per_minute", {"5"}},
    {Side::highlevel, "location.country", {"CA"}},
    {Side::highlevel, "location.timezone", {"Asia/Kolkata"}},
    {Side::highlevel,
     "token.scopes",
     {"contacts.readonly contacts.write locations/customFields.readonly",
      "contacts.readonly contacts.write locations.readonly locations/customFields.readonly"}},
    {Side::highlevel, "quota.burst", {"20"}},
    {Side::highlevel, "quota.interval_ms", {"30000"}},
    {Side::highlevel, "quota.daily", {"3000"}},
    {Side::highlevel, "index_lag_ms", {"0", "30000"}},
    {Side::highlevel, "delete_lag_ms", {"0", "30000"}},
    {Side::highlevel, "index_stamp_ms", {"0", "1000"}},
    {Side::highlevel, "zoo.truncate_names", {"8"}},
};

// What a remote cannot take, or does by itself, need not agree; but where it refuses or ignores a write, a
// person must be told.
struct Allowed {
  Side side;
  const char *name, *value;
  std::set<std::string> apart;     // see Day::expect_ended_well
  std::set<std::string> reported;  // see Day::expect_reported
  const char* why;
};
const Allowed kAllowed[] = {
    {Side::ctm,
     "modify.custom_fields",
     "off",
     {"mara.custom:project_kind"},
     {"mara.custom:project_kind"},
     "an activity takes no custom fields"},
    {Side::ctm,
     "clear_by_empty_string",
     "ignored",
     {"mara.postal_code", "selma.address1"},
     {"mara.postal_code", "selma.address1"},
     "nothing can be cleared"},
    {Side::ctm,
     "delete_body_dropped",
     "error",
     {"mara.tags", "jonas.name", "selma.address1", "ramon.city"},
     {"mara.tags", "jonas.last_name", "selma.address1", "ramon.city"},
     "no tag and no row can be removed"},
    {Side::ctm,
     "delete_body_dropped",
     "silent",
     {"mara.tags", "jonas.name", "selma.address1", "ramon.city"},
     {"mara.tags", "jonas.last_name", "selma.address1", "ramon.city"},
     "no tag and no row can be removed"},
    {Side::ctm,
     "add_contact_rejoin",
     "keeps_old",
     {"jonas.name", "selma.address1", "ramon.city"},
     {"jonas.last_name", "selma.address1", "ramon.city"},
     "a row keeps what it was first given"},
    {Side::ctm,
     "list_address_write",
     "ignored",
     {"selma.address1", "ramon.address1", "ramon.city", "ramon.state", "wanda.state", "tomas.address1",
      "tomas.city", "tomas.state"},
     {"selma.address1", "ramon.address1", "ramon.city", "ramon.state", "wanda.state", "tomas.address1",
      "tomas.city", "tomas.state"},
     "a row takes no address"},
    {Side::highlevel, "clear.null", "ignored", {"quentin.city"}, {"quentin.city"}, "null clears nothing"},
    {Side::highlevel, "clear.null", "422", {"quentin.city"}, {"quentin.city"}, "null is refused"},
    {Side::highlevel,
     "clear.empty",
     "ignored",
     {"quentin.postal_code", "quentin.custom:project_kind"},
     {"quentin.postal_code", "quentin.custom:project_kind"},
     "an empty text clears nothing"},
    {Side::highlevel,
     "clear.empty",
     "422",
     {"quentin.postal_code", "quentin.custom:project_kind"},
     {"quentin.postal_code", "quentin.custom:project_kind"},
     "an empty text is refused"},
    {Side::highlevel, "zoo.truncate_names", "8", {"name", "last_name"}, {}, "cut by HighLevel, staff's too"},
    {Side::highlevel, "zoo.drop_unknown_tag", "on", {"tags"}, {}, "dropped by HighLevel, staff's too"},
};

bool is_excluded(Side side, const std::string& name) {
  return std::ranges::any_of(kExcluded, [&](const auto& e) { return e.side == side && e.name == name; });
}

std::vector<std::string> values_of(Side side, const sim::Switches::Spec& spec) {
  for (const auto& free : kFree)
    if (free.side == side && free.name == spec.name) return free.values;
  std::vector<std::string> out;
  for (std::size_t from = 0; from <= spec.allowed.size();) {
    const std::size_t bar = std::min(spec.allowed.find('|', from), spec.allowed.size());
    if (std::string value = spec.allowed.substr(from, bar - from); value != spec.fallback && value[0] != '<')
      out.push_back(std::move(value));
    from = bar + 1;
  }
  return out;
}

std::vector<Value> values(Side side) {
  std::vector<Value> out;
  for (const auto& spec : registry(side))
    if (!is_excluded(side, spec.name))
      for (auto& value : values_of(side, spec)) out.push_back({side, spec.name, std::move(value)});
  return out;
}

std::string name_of(const testing::TestParamInfo<Value>& info) {
  std::string out = info.param.name + "_" + info.param.value;
  for (char& c : out)
    if (!std::isalnum(static_cast<unsigned char>(c))) c = '_';
  return out;
}

TEST(Switches, AreAllTriedOrExcludedWithAReason) {
  for (const Side side : kSides)
    for (const auto& spec : registry(side))
      EXPECT_TRUE(is_excluded(side, spec.name) || !values_of(side, spec).empty())
          << to_text(side) << "." << spec.name << " is neither tried nor excluded";
  const auto known = [](Side side, const std::string& name) {
    return std::ranges::any_of(registry(side), [&](const auto& spec) { return spec.name == name; });
  };
  for (const auto& e : kExcluded) EXPECT_TRUE(known(e.side, e.name)) << e.name;
  for (const auto& f : kFree) EXPECT_TRUE(known(f.side, f.name)) << f.name;
  for (const auto& a : kAllowed) EXPECT_TRUE(known(a.side, a.name)) << a.name;
}

TEST(StandardDay, EndsAsItIsWritten) {
  Day day;
  day.live();
  day.expect_ended_well();
}

void live_with(const Value& one) {
  Day day;
  day.switches(one.side).set(one.name, one.value);
  day.live();
  const auto allowed = std::ranges::find_if(kAllowed, [&](const auto& a) {
    return a.side == one.side && a.name == one.name && a.value == one.value;
  });
  if (allowed == std::end(kAllowed)) return day.expect_ended_well();
  day.expect_ended_well(allowed->apart);
  day.expect_reported(allowed->reported);
}

class CtmSwitch : public testing::TestWithParam<Value> {};
TEST_P(CtmSwitch, EndsTheDayAsWritten) { live_with(GetParam()); }
INSTANTIATE_TEST_SUITE_P(, CtmSwitch, testing::ValuesIn(values(Side::ctm)), name_of);

class HighLevelSwitch : public testing::TestWithParam<Value> {};
TEST_P(HighLevelSwitch, EndsTheDayAsWritten) { live_with(GetParam()); }
INSTANTIATE_TEST_SUITE_P(, HighLevelSwitch, testing::ValuesIn(values(Side::highlevel)), name_of);
}  // namespace
}  // namespace tandem
