// The two simulated replicas behind the same suite as the real clients.
#include "tests/conformance/replica_conformance.h"
#include "tests/sim/ctm_ui.h"
#include "tests/sim/sim_replica_ctm.h"
#include "tests/sim/sim_replica_highlevel.h"

namespace tandem {
namespace {
class Still final : public Clock {
 public:
  std::int64_t now_ms() override { return now; }
  void sleep_until_ms(std::int64_t when_ms) override { now = std::max(now, when_ms); }
  std::int64_t now = 1'795'600'000'000;
};

sim::Fault fault(sim::FaultKind kind, const char* method) {
  sim::Fault out;
  out.kind = kind;
  out.method = method;
  return out;
}

class CtmUnderTest final : public ReplicaUnderTest {
 public:
  Replica& replica() override { return replica_; }
  Side side() const override { return Side::ctm; }
  const Mapping& mapping() const override { return mapping_; }
  void tick(std::int64_t ms) override { clock_.now += ms; }
  std::string add(const sim::PersonCard& card) override {
    const sim::CtmPatch patch{{"number", card.phone},        {"first_name", card.first_name},
                              {"last_name", card.last_name}, {"email", card.email},
                              {"street", card.address1},     {"city", card.city},
                              {"state", card.state}};
    EXPECT_TRUE(model_.account().add_contact("staff", model_.sync_list(), patch).ok());
    return card.phone;
  }
  void edit_city(const std::string& person, const std::string& city) override {
    staff_.edit_row(model_.sync_list(), person, "city", city);
  }
  void remove(const std::string& person) override { staff_.remove_from_list(model_.sync_list(), person); }
  std::string call(const std::string& person) override { return std::to_string(staff_.call_from(person)); }
  std::vector<std::string> tags(const std::string& person) override {
    return model_.account().newest_of(person)->tags_at(clock_.now);
  }
  std::size_t count() override { return model_.account().live_rows(model_.sync_list()).size(); }
  void lose_next_write(bool done) override {
    replica_.wire().faults.add(
        fault(done ? sim::FaultKind::lost_after : sim::FaultKind::lost_before, "POST"));
  }
  void lose_next_read() override { replica_.wire().faults.add(fault(sim::FaultKind::lost_after, "GET")); }
  void garble_next_page() override { replica_.wire().faults.add(fault(sim::FaultKind::wrong_json, "GET")); }
  void revoke() override { replica_.wire().revoked = true; }

 private:
  Still clock_;
  Mapping mapping_{Mapping::standard_rules(), "US"};
  sim::CtmModel model_{[this] { return clock_.now; }};
  sim::CtmUi staff_{model_};
  sim::SimCtmReplica replica_{model_, mapping_, clock_};
};

class HighLevelUnderTest final : public ReplicaUnderTest {
 public:
  Replica& replica() override { return replica_; }
  Side side() const override { return Side::highlevel; }
  const Mapping& mapping() const override { return mapping_; }
  void tick(std::int64_t ms) override { clock_.now += ms; }
  std::string add(const sim::PersonCard& card) override {
    using sim::highlevel::Field;
    sim::highlevel::Patch patch;
    patch.set(Field::first_name, card.first_name)
        .set(Field::last_name, card.last_name)
        .set(Field::email, card.email);
    patch.set(Field::phone, card.phone)
        .set(Field::address1, card.address1)
        .set(Field::city, card.city)
        .set(Field::state, card.state);
    const auto made = model_.create(patch, sim::highlevel::Actor::staff);
    EXPECT_TRUE(made);
    return made ? (*made)->id : "";
  }
  void edit_city(const std::string& person, const std::string& city) override {
    sim::highlevel::Patch patch;
    EXPECT_TRUE(
        model_.update(person, patch.set(sim::highlevel::Field::city, city), sim::highlevel::Actor::staff));
  }
  void remove(const std::string& person) override {
    EXPECT_TRUE(model_.erase(person, sim::highlevel::Actor::staff));
  }
  std::string call(const std::string&) override { return ""; }
  std::vector<std::string> tags(const std::string& person) override { return (*model_.read(person))->tags; }
  std::size_t count() override { return model_.contact_count(); }
  void lose_next_write(bool done) override {
    replica_.wire().faults.add(
        fault(done ? sim::FaultKind::lost_after : sim::FaultKind::lost_before, "POST"));
  }
  void lose_next_read() override {
    replica_.wire().faults.add(fault(sim::FaultKind::lost_after, "POST"));
  }  // a search is a POST
  void garble_next_page() override { replica_.wire().faults.add(fault(sim::FaultKind::wrong_json, "POST")); }
  void revoke() override { replica_.wire().revoked = true; }

 private:
  Still clock_;
  Mapping mapping_{Mapping::standard_rules(), "US"};
  sim::highlevel::Model model_{7, [this] { return clock_.now; }};
  sim::SimHighLevelReplica replica_{model_, mapping_, clock_, 10};
};

std::unique_ptr<ReplicaUnderTest> make_ctm() { return std::make_unique<CtmUnderTest>(); }
std::unique_ptr<ReplicaUnderTest> make_highlevel() { return std::make_unique<HighLevelUnderTest>(); }
INSTANTIATE_TEST_SUITE_P(SimulatedCtm, ReplicaConformance, testing::Values(&make_ctm));
INSTANTIATE_TEST_SUITE_P(SimulatedHighLevel, ReplicaConformance, testing::Values(&make_highlevel));
}  // namespace
}  // namespace tandem
