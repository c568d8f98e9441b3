// The standard day with one thing gone wrong: every kind of fault on every route that writes and every
// listing, once, in each part of the day. It must end as if nothing had happened.
#include <fmt/format.h>

#include <algorithm>
#include <ostream>

#include "tests/scenario/http/day.h"

namespace tandem {
namespace {
using sim::FaultKind;

struct Route {
  const char* name;
  Side side;
  const char *method, *path_has, *path_ends;
  const char *switch_name = nullptr, *value = nullptr;  // set besides
};
constexpr Route kWrites[] = {
    {"highlevel_create", Side::highlevel, "POST", "", "/contacts/"},
    // Where the remote itself does not keep a second record out.
    {"highlevel_create_allowing_duplicates", Side::highlevel, "POST", "", "/contacts/",
     "location.allow_duplicates", "on"},
    {"ctm_add_row_allowing_duplicates", Side::ctm, "POST", "", "/add_contact", "add_contact_existing",
     "duplicate_row"},
    {"highlevel_update", Side::highlevel, "PUT", "/contacts/", ""},
    {"highlevel_tag", Side::highlevel, "POST", "", "/tags"},
    {"highlevel_untag", Side::highlevel, "DELETE", "", "/tags"},
    {"ctm_add_row", Side::ctm, "POST", "", "/add_contact"},
    {"ctm_remove_row", Side::ctm, "DELETE", "", "/remove_contacts"},
    {"ctm_modify", Side::ctm, "", "", "/modify"},
    {"ctm_tag", Side::ctm, "POST", "", "/tag"},
    {"ctm_untag", Side::ctm, "DELETE", "", "/tag"},
};
constexpr Route kListings[] = {
    {"highlevel_search", Side::highlevel, "POST", "", "/contacts/search"},
    {"ctm_activities", Side::ctm, "GET", "", "/calls"},
    {"ctm_rows", Side::ctm, "GET", "/lists/", "/contacts"},
    {"ctm_lists", Side::ctm, "GET", "", "/lists"},
};
constexpr Route kReads[] = {
    {"highlevel_contact", Side::highlevel, "GET", "/contacts/", ""},
    {"highlevel_duplicate", Side::highlevel, "GET", "", "/search/duplicate"},
    {"ctm_activity", Side::ctm, "GET", "/calls/", ""},
    {"ctm_activities_of_a_number", Side::ctm, "GET", "", "/calls/search"},
};

constexpr FaultKind kOfOneAnswer[] = {
    FaultKind::lost_before, FaultKind::lost_after, FaultKind::reset,
    FaultKind::html_5xx,    FaultKind::json_5xx,   FaultKind::too_many,
    FaultKind::truncated,   FaultKind::wrong_json, FaultKind::stored_but_422};
constexpr FaultKind kOfPages[] = {FaultKind::empty_list, FaultKind::repeat_page, FaultKind::skip_page};

struct Trouble {
  Route route{};
  FaultKind kind{};
  bool effect = false;     // an error, and yet it was done
  bool total_too = false;  // of empty_list: the total is 0 as well
  int skip = 0;
};
void PrintTo(const Trouble& t, std::ostream* out) { *out << t.route.name << " " << sim::name_of(t.kind); }

std::string name_of(const testing::TestParamInfo<Trouble>& info) {
  const Trouble& t = info.param;
  return fmt::format("{}_{}{}{}{}", t.route.name, sim::name_of(t.kind), t.effect ? "_but_done" : "",
                     t.total_too ? "_of_0" : "", t.skip > 0 ? fmt::format("_page_{}", t.skip + 1) : "");
}

std::vector<Trouble> with_writes() {
  std::vector<Trouble> out;
  for (const Route& route : kWrites) {
    for (const FaultKind kind : kOfOneAnswer) out.push_back({route, kind});
    // Not 429: who slows a client down has done nothing.
    for (const FaultKind kind : {FaultKind::html_5xx, FaultKind::json_5xx, FaultKind::wrong_json})
      out.push_back({route, kind, true});
  }
  return out;
}

std::vector<Trouble> with_listings() {
  std::vector<Trouble> out;
  for (const Route& route : kListings)
    for (const int skip : {0, 1}) {
      for (const FaultKind kind : kOfOneAnswer) {
        // In the middle of a listing: one that is retried, one whose page is refused.
        if (skip == 0 || kind == FaultKind::reset || kind == FaultKind::truncated)
          out.push_back({route, kind, false, false, skip});
      }
      for (const FaultKind kind : kOfPages) out.push_back({route, kind, false, false, skip});
      out.push_back({route, FaultKind::empty_list, false, true, skip});
    }
  return out;
}

std::vector<Trouble> with_reads() {
  std::vector<Trouble> out;
  for (const Route& route : kReads)
    for (const FaultKind kind : kOfOneAnswer) out.push_back({route, kind});
  return out;
}

// What a day without faults leaves behind.
const std::vector<std::string>& untroubled() {
  static const std::vector<std::string> image = [] {
    Day day;
    day.live();
    return day.image();
  }();
  return image;
}

void live_through(const Trouble& trouble) {
  Day day;
  const Route& route = trouble.route;
  if (route.switch_name != nullptr) day.switches(route.side).set(route.switch_name, route.value);
  sim::HttpFace& face = day.http(route.side);
  bool waits = false, met = false;
  const auto look = [&] { met = met || (waits && face.faults().empty()); };
  day.live([&](Day::Part) {
    look();
    sim::Fault fault;
    fault.kind = trouble.kind;
    fault.method = route.method;
    fault.path_has = route.path_has;
    fault.path_ends = route.path_ends;
    fault.skip = trouble.skip;
    fault.effect = trouble.effect;
    fault.param = trouble.total_too ? 1 : 0;
    face.clear_faults();
    face.add_fault(fault);
    waits = true;
  });
  look();
  EXPECT_TRUE(met) << "no request came where the fault waited";
  face.clear_faults();
  day.expect_ended_well();
  const auto image = day.image();
  std::vector<std::string> more, less;
  std::ranges::set_difference(image, untroubled(), std::back_inserter(more));
  std::ranges::set_difference(untroubled(), image, std::back_inserter(less));
  EXPECT_EQ(more, less) << "what there is, and what a day without faults leaves instead";
}

class WriteFault : public testing::TestWithParam<Trouble> {};
TEST_P(WriteFault, ChangesNothingInTheEnd) { live_through(GetParam()); }
INSTANTIATE_TEST_SUITE_P(, WriteFault, testing::ValuesIn(with_writes()), name_of);

class ListingFault : public testing::TestWithParam<Trouble> {};
TEST_P(ListingFault, ChangesNothingInTheEnd) { live_through(GetParam()); }
INSTANTIATE_TEST_SUITE_P(, ListingFault, testing::ValuesIn(with_listings()), name_of);

class ReadFault : public testing::TestWithParam<Trouble> {};
TEST_P(ReadFault, ChangesNothingInTheEnd) { live_through(GetParam()); }
INSTANTIATE_TEST_SUITE_P(, ReadFault, testing::ValuesIn(with_reads()), name_of);
}  // namespace
}  // namespace tandem
