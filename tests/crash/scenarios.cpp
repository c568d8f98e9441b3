#include "tests/crash/scenarios.h"

namespace tandem::crash {
std::string contact_of(Stage& stage, const sim::PersonCard& person) {
  const std::string id = stage.contact_with_phone(person.phone);
  if (id.empty()) throw std::runtime_error("HighLevel has no contact " + person.phone);
  return id;
}

std::int64_t call_of(Stage& stage, const sim::PersonCard& person) {
  return stage.ctm.account().newest_of(person.phone)->id;
}

void mara_and_odile(Stage& stage) {
  stage.contact(mara());
  stage.contact(odile());
  stage.call(mara().phone, "Mara Lindgren", "", mara().email);
}

namespace {
constexpr const char* kNewNumber = "+16305550188";

sim::Fault once(sim::FaultKind kind, const char* method, const char* path_ends) {
  sim::Fault fault;
  fault.kind = kind;
  fault.method = method;
  fault.path_ends = path_ends;
  return fault;
}

const Scenario kScenarios[] = {
    {"first linking with creates both ways",
     {},
     [](Stage& stage) {
       mara_and_odile(stage);
       stage.ctm_staff.tag(stage.call(jonas().phone, "Jonas Abara", "", jonas().email), "tile");
     }},
    {"edits both ways", mara_and_odile,
     [](Stage& stage) {
       stage.edit_call(call_of(stage, mara()), "city", "Elgin");
       stage.edit_contact(contact_of(stage, mara()), "address1", "7 Mill Road");  // modify
       stage.edit_contact(contact_of(stage, odile()), "city", "Wheaton");         // remove and add (P38)
       stage.edit_row(odile().phone, "street", "8 Quarry Lane");
       stage.edit_row(odile().phone, "custom_fields.gate_code",
                      "4411");  // nothing of ours, and not to be lost
     }},
    {"a row that keeps nothing when it is removed",
     [](Stage& stage) {
       stage.ctm.switches().set("contact_shared_across_lists", "off");
       mara_and_odile(stage);
     },
     [](Stage& stage) {
       stage.edit_row(odile().phone, "custom_fields.gate_code", "4411");
       stage.edit_contact(contact_of(stage, odile()), "city", "Wheaton");
     }},
    {"days without tandem",
     [](Stage& stage) {
       mara_and_odile(stage);
       stage.contact(jonas());
     },
     [](Stage& stage) {
       stage.edit_contact(contact_of(stage, odile()), "city", "Wheaton");
       stage.ctm_staff.tag(stage.call(jonas().phone, "Jonas Abara", "", jonas().email), "tile");
       stage.clock.tick(6 * World::kDayMs);
       stage.edit_contact(contact_of(stage, mara()), "address1", "7 Mill Road");
       stage.call(mara().phone, "Mara Lindgren", "", mara().email);
       stage.clock.tick(World::kDayMs);
     }},
    {"tags both ways",
     [](Stage& stage) {
       mara_and_odile(stage);
       stage.ctm_staff.tag(call_of(stage, mara()), "tile");
       stage.tag_contact(contact_of(stage, mara()), "old");
     },
     [](Stage& stage) {
       stage.ctm_staff.untag(call_of(stage, mara()), "tile");
       stage.ctm_staff.tag(call_of(stage, mara()), "hot");
       stage.tag_contact(contact_of(stage, mara()), "vip");
       stage.tag_contact(contact_of(stage, mara()), "old", false);
     }},
    {"a conflict", mara_and_odile,
     [](Stage& stage) {
       stage.edit_call(call_of(stage, mara()), "city", "Elgin");
       stage.edit_contact(contact_of(stage, mara()), "city", "Geneva");
       stage.edit_contact(contact_of(stage, mara()), "state", "WI");
     }},
    {"a decision of a conflict",
     [](Stage& stage) {
       mara_and_odile(stage);
       stage.clock.tick(World::kPastEveryLagMs);
       stage.live();
       stage.edit_call(call_of(stage, mara()), "city", "Elgin");
       stage.edit_contact(contact_of(stage, mara()), "city", "Geneva");
     },
     [](Stage& stage) {
       stage.decide(mara().phone, "city", Resolution::Take::ctm);
       stage.edit_contact(contact_of(stage, mara()), "state", "WI");
     }},
    {"a new number", mara_and_odile,
     [](Stage& stage) { stage.edit_contact(contact_of(stage, odile()), "phone", kNewNumber); }},

    {"two contacts exchange their numbers",
     [](Stage& stage) {
       mara_and_odile(stage);
       stage.call(odile().phone, "Odile Marchetti", "", odile().email);
     },
     [](Stage& stage) {
       const std::string one = contact_of(stage, mara()), two = contact_of(stage, odile());
       stage.edit_contact(one, "phone", "");
       stage.edit_contact(two, "phone", mara().phone);
       stage.edit_contact(one, "phone", odile().phone);
     }},
    {"a first run approved",
     [](Stage& stage) {
       stage.policy.first_run_ask = true;
       mara_and_odile(stage);
       stage.call(jonas().phone, "Jonas Abara");
     },
     [](Stage& stage) { stage.approve_all(); }},
    {"a refused field",
     [](Stage& stage) {
       stage.ctm.switches().set("modify.custom_fields", "off");
       mara_and_odile(stage);
     },
     [](Stage& stage) {
       stage.edit_contact(contact_of(stage, mara()), "custom:project_kind", "Roof");
       stage.edit_contact(contact_of(stage, mara()), "city", "Geneva");
     }},
    {"lost answers of creates",
     {},
     [](Stage& stage) {
       mara_and_odile(stage);
       stage.ctm_staff.tag(stage.call(jonas().phone, "Jonas Abara", "", jonas().email), "tile");
       stage.faults.highlevel.add(once(sim::FaultKind::lost_after, "POST", "/contacts/"));
       stage.faults.ctm.add(once(sim::FaultKind::lost_after, "POST", "/add_contact"));
     }},
    {"creates that no remote keeps from happening twice",
     {},
     [](Stage& stage) {
       stage.highlevel.switches().set("location.allow_duplicates", "on");
       stage.highlevel.switches().set("index_lag_ms", "30000");
       stage.ctm.switches().set("add_contact_existing", "duplicate_row");
       stage.ctm.switches().set("index_lag_ms", "60000");
       mara_and_odile(stage);
       stage.call(jonas().phone, "Jonas Abara", "", jonas().email);
     }},
    {"lost answers of updates", mara_and_odile,
     [](Stage& stage) {
       stage.edit_call(call_of(stage, mara()), "city", "Elgin");
       stage.edit_contact(contact_of(stage, mara()), "address1", "7 Mill Road");
       stage.edit_contact(contact_of(stage, odile()), "city", "Wheaton");
       stage.faults.highlevel.add(once(sim::FaultKind::lost_after, "PUT", ""));
       stage.faults.ctm.add(once(sim::FaultKind::lost_after, "", "/modify"));
       stage.faults.ctm.add(once(sim::FaultKind::lost_after, "POST", "/add_contact"));
     }},
};
}  // namespace

std::span<const Scenario> scenarios() { return kScenarios; }
}  // namespace tandem::crash
