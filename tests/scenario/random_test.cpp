// Random days at the office: staff edit on both sides, calls come in, requests are lost, the daemon dies;
// then it all ends and both sides must agree, each person once (P4, P8). RapidCheck prints the seed.
#include <gtest/gtest-spi.h>
#include <rapidcheck/gtest.h>
#include <stdlib.h>

#include <algorithm>
#include <array>
#include <ostream>

#include "tests/scenario/world.h"

namespace tandem {
namespace {
// A world is costly: fewer cases than usual, unless the environment says otherwise.
[[maybe_unused]] const int kFewer = setenv("RC_PARAMS", "max_success=25 max_size=40", 0);
constexpr int kCyclesToConverge = 6;
constexpr std::int64_t kListLagMs = 60'000;

enum class Act : std::uint8_t {
  edit_highlevel,
  edit_call,
  edit_row,
  tag_highlevel,
  tag_call,
  call,
  cycle,
  full_cycle,
  crash,
  fault,
  wait
};
constexpr std::array kActs{"edit at HighLevel",
                           "edit a call",
                           "edit a row",
                           "tag at HighLevel",
                           "tag a call",
                           "call",
                           "cycle",
                           "full cycle",
                           "crash",
                           "fault",
                           "wait"};
constexpr std::array kFields{"first_name", "city", "address1", "email", "custom:project_kind"};
constexpr std::array kKeys{"name", "city", "street", "email", "custom_fields.project_kind"};
constexpr std::array kTags{"vip", "tile", "hot"};
constexpr std::array kFaults{
    sim::FaultKind::lost_before, sim::FaultKind::lost_after, sim::FaultKind::reset,
    sim::FaultKind::html_5xx,    sim::FaultKind::too_many,   sim::FaultKind::truncated,
    sim::FaultKind::wrong_json,  sim::FaultKind::empty_list, sim::FaultKind::skip_page};
constexpr std::array kPaths{"/contacts/",   "/search",          "/calls", "/modify",
                            "/add_contact", "/remove_contacts", "/tag",   ""};

struct Move {
  Act act = Act::wait;
  int person = 0, what = 0, value = 0, more = 0;
};
void showValue(const Move& move, std::ostream& out) {
  out << kActs[static_cast<std::size_t>(move.act)] << " (person " << move.person << ", what " << move.what
      << ", value " << move.value << ", more " << move.more << ")";
}

rc::Gen<Move> any_move() {
  return rc::gen::build<Move>(
      rc::gen::set(&Move::act, rc::gen::map(rc::gen::inRange(0, static_cast<int>(kActs.size())),
                                            [](int n) { return static_cast<Act>(n); })),
      rc::gen::set(&Move::person, rc::gen::inRange(0, 4)), rc::gen::set(&Move::what, rc::gen::inRange(0, 10)),
      rc::gen::set(&Move::value, rc::gen::inRange(0, 6)), rc::gen::set(&Move::more, rc::gen::inRange(0, 40)));
}

class Office : public World {
 public:
  Office(ConflictRule on_conflict, bool rows_show_email) {
    ctm.switches().set("list_row_email", rows_show_email ? "present" : "absent");
    for (const char* field : kFields) rule(field, [&](FieldRule& r) { r.conflict = on_conflict; });
    rule("last_name", [&](FieldRule& r) { r.conflict = on_conflict; });
    contact(mara());
    call(mara().phone, "Mara Lindgren", "", mara().email);
    contact(odile());
    call(jonas().phone, "Jonas Abara");
    row(lone());
    settle();
  }
  void play(const Move& move) {
    const std::string number = people()[static_cast<std::size_t>(move.person)].phone;
    const auto what = static_cast<std::size_t>(move.what) % kFields.size();
    const std::string id = contact_with_phone(number);
    const auto* newest = ctm.account().newest_of(number);
    switch (move.act) {
      case Act::edit_highlevel:
        if (!id.empty()) edit_contact(id, kFields[what], value(kFields[what], move, "h"));
        return;
      case Act::edit_call:
        if (newest != nullptr) edit_call(newest->id, kKeys[what], at_ctm(kFields[what], move, "c"));
        clock.tick(kListLagMs);  // CTM carries it on to the row, which is no wiser
        return;
      case Act::edit_row:
        // Where a row does not show its e-mail, nobody can tell that it was edited there (P37).
        if (kKeys[what] == std::string("email") && ctm.switches().is("list_row_email", "absent")) return;
        if (!rows_of(number).empty()) edit_row(number, kKeys[what], at_ctm(kFields[what], move, "r"));
        clock.tick(
            kListLagMs);  // what no listing shows yet when its row is replaced, nobody can keep (P2, P16)
        return;
      case Act::tag_highlevel:
        if (!id.empty()) tag_contact(id, kTags[what % kTags.size()], move.value % 2 == 0);
        return;
      case Act::tag_call:
        if (newest != nullptr && move.value % 2 == 0)
          ctm_staff.tag(newest->id, kTags[what % kTags.size()]);
        else if (newest != nullptr)
          ctm_staff.untag(newest->id, kTags[what % kTags.size()]);
        return;
      case Act::call:
        clock.tick(1000);  // which of two calls of one second is the newer one, nobody can say
        call(number, move.value % 3 == 0 ? at_ctm("first_name", move, "n") : "");
        return;
      case Act::cycle:
        cycle(ReadKind::delta);
        return;
      case Act::full_cycle:
        cycle(ReadKind::full);
        return;
      case Act::crash:
        crash_at(move.more + 1, move.value % 2 == 0 ? ReadKind::delta : ReadKind::full);
        return;
      case Act::fault: {
        sim::Fault fault;
        fault.kind = kFaults[static_cast<std::size_t>(move.what) % kFaults.size()];
        fault.effect = move.value % 2 == 0;
        fault.path_has = kPaths[static_cast<std::size_t>(move.more) % kPaths.size()];
        fault.times = 1 + move.value % 2;
        wire(move.person % 2 == 0 ? Side::ctm : Side::highlevel).faults.add(fault);
        return;
      }
      case Act::wait:
        clock.tick((move.more + 1) * 5'000);
        return;
    }
  }
  static sim::PersonCard lone() {
    sim::PersonCard card;
    card.first_name = "Teodor";
    card.last_name = "Vaskelis";
    card.phone = "+16305550191";
    card.city = "Naperville";
    return card;
  }

 private:
  static std::vector<sim::PersonCard> people() { return {mara(), jonas(), odile(), lone()}; }
  // A name is whole there; one word alone would clear the last name, which does not travel.
  static std::string at_ctm(const std::string& field, const Move& move, const char* by) {
    return value(field, move, by) + (field == "first_name" ? " Person" + std::to_string(move.value) : "");
  }
  static std::string value(const std::string& field, const Move& move, const char* by) {
    const std::string n = std::to_string(move.value) + by;
    if (field == "email") return "p" + std::to_string(move.person) + "." + n + "@example.org";
    if (field == "first_name") return "Name" + n;
    return "Value " + n;
  }
};

RC_GTEST_PROP(Random, BothSidesAgreeAndEachPersonIsThereOnceWhenItEnds, ()) {
  const auto moves = *rc::gen::container<std::vector<Move>>(any_move());
  const bool ctm_wins = *rc::gen::arbitrary<bool>(), rows_show_email = *rc::gen::arbitrary<bool>();
  Office office(ctm_wins ? ConflictRule::ctm : ConflictRule::highlevel, rows_show_email);
  for (const auto& move : moves) office.play(move);
  for (const Side side : kSides) office.wire(side).faults.clear();
  testing::TestPartResultArray failures;
  {
    testing::ScopedFakeTestPartResultReporter catcher(
        testing::ScopedFakeTestPartResultReporter::INTERCEPT_ONLY_CURRENT_THREAD, &failures);
    office.settle(kCyclesToConverge);
    office.expect_converged({"country"});  // HighLevel sets it by itself: an image of our create, no edit
    office.expect_quiet();
  }
  for (int i = 0; i < failures.size(); ++i)
    if (failures.GetTestPartResult(i).failed()) RC_FAIL(failures.GetTestPartResult(i).message());
}
}  // namespace
}  // namespace tandem
