// A linked pair on the table, with both systems' real capabilities: what tests of the planner start from.
#pragma once
#include <rapidcheck.h>

#include <string>
#include <utility>
#include <vector>

#include "core/merge/plan.h"

namespace tandem {

inline Capabilities highlevel_can() {
  Capabilities c;
  c.create = c.update = c.remove = c.has_records = c.tags = c.direct_proof = true;
  for (const auto& rule : Mapping::standard_rules())
    c.surface[SourceKind::record][rule.name] = Access::read_write;
  c.surface[SourceKind::record]["custom:*"] = Access::read_write;
  return c;
}

inline Capabilities ctm_can() {
  Capabilities c;
  c.create = c.update = c.remove = c.keyed_by_phone = c.joined_name = c.tags_on_activities = c.tags = true;
  c.creates = SourceKind::row;
  for (const char* name :
       {"name", "email", "address1", "city", "state", "postal_code", "country", "custom:*"})
    c.surface[SourceKind::activity][name] = Access::read_write;
  for (const char* name : {"address1", "city", "state", "postal_code", "country", "custom:*"})
    c.surface[SourceKind::row][name] = Access::read_write;
  c.surface[SourceKind::row]["name"] = Access::read_only;
  for (const char* name : {"first_name", "last_name", "email"})
    c.surface[SourceKind::row][name] = Access::write_only;
  return c;
}

struct Table {
  Capabilities ctm = ctm_can(), highlevel = highlevel_can();
  Policy policy;
  PairState pair;
  PlanInput input;

  Table() {
    policy.mapping = Mapping(Mapping::standard_rules(), "US");
    pair.id = PairId{7};
    pair.status = PairStatus::linked;
    pair.record = {RecordId{"+13125550123"}, RecordId{"aB3dE5fG7hJ9kL1mN2pQ"}};
    set("phone", FieldValue::of("+13125550123"), FieldValue::of("+13125550123"),
        FieldValue::of("+13125550123"), FieldValue::of("+13125550123"));
    pair.base_tags = {TagSet{}, TagSet{}};
    pair.seen_tags = {TagSet{}, TagSet{}};
    input.pair = &pair;
    input.capabilities = {&ctm, &highlevel};
    input.policy_digest = "p";
  }
  void set(const std::string& name, FieldValue base_ctm, FieldValue base_highlevel, FieldValue ctm_now,
           FieldValue highlevel_now) {
    PairField& f = pair.fields[name];
    f.base = {std::move(base_ctm), std::move(base_highlevel)};
    f.seen = {std::move(ctm_now), std::move(highlevel_now)};
  }
  void agreed(const std::string& name, const std::string& value) {
    const auto v = FieldValue::of(value);
    set(name, v, v, v, v);
  }
  void activity(const std::string& id, std::vector<std::string> tags = {}) {
    SourceRow row;
    row.ref = {SourceKind::activity, id};
    row.person = pair.record.ctm;
    row.tags = std::move(tags);
    input.sources.ctm.insert(input.sources.ctm.begin(), row);
  }
  void row(const std::string& id) {
    SourceRow row;
    row.ref = {SourceKind::row, id};
    row.person = pair.record.ctm;
    input.sources.ctm.push_back(row);
  }
  PairPlan make() const { return plan(input, policy); }
};

inline rc::Gen<FieldValue> any_value() {
  return rc::gen::element(FieldValue(), FieldValue::cleared(), FieldValue::of("x"), FieldValue::of("y"),
                          FieldValue::of("z"));
}

// Any state of its fields and tags under any directions and rules; its one activity shows the tags.
inline Table any_table() {
  Table t;
  auto rules = Mapping::standard_rules();
  for (auto& r : rules) {
    if (r.name == "phone") continue;
    r.direction =
        *rc::gen::element(Direction::both, Direction::to_ctm, Direction::to_highlevel, Direction::off);
    r.clears = *rc::gen::element(Direction::both, Direction::to_ctm, Direction::to_highlevel, Direction::off);
    r.conflict = *rc::gen::element(ConflictRule::hold, ConflictRule::ctm, ConflictRule::highlevel);
  }
  t.policy.mapping = Mapping(rules, "US");
  for (const char* name : {"first_name", "last_name", "email", "city", "country"})
    t.set(name, *any_value(), *any_value(), *any_value(), *any_value());
  const auto any_tags = [] {
    TagSet tags;
    for (const char* tag : {"a", "b", "c"})
      if (*rc::gen::arbitrary<bool>()) tags.insert(tag);
    return tags;
  };
  t.pair.base_tags = {any_tags(), any_tags()};
  t.pair.seen_tags = {any_tags(), any_tags()};
  t.policy.tags = *rc::gen::element(Direction::both, Direction::to_ctm, Direction::to_highlevel);
  t.activity("a1", {t.pair.seen_tags.ctm->begin(), t.pair.seen_tags.ctm->end()});
  t.policy.correct_stale_identity = false;
  return t;
}
}  // namespace tandem
