// What luck must not decide: in which order the writes of a batch are done (P6), when and how often a nudge
// starts a cycle (P19). And for whom tags are written while people are linked, held and parted (P27).
#include <gtest/gtest-spi.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <array>
#include <map>
#include <numeric>
#include <optional>
#include <random>

#include "tests/scenario/world.h"
#include "tests/scenario/world_fields.h"

namespace tandem {
namespace {
constexpr int kPeople = 8;
constexpr std::int64_t kRowsLagMs = 5'000;

// Does the writes of every batch one by one, in an order of its own, and reads back what they came to.
class Shuffler final : public Replica {
 public:
  Shuffler(Replica& inner, std::mt19937& dice) : inner_(inner), dice_(dice) {}
  Result<void> open() override { return inner_.open(); }
  const Capabilities& capabilities() const override { return inner_.capabilities(); }
  const std::set<std::string, std::less<>>& own_numbers() const override { return inner_.own_numbers(); }
  Result<Page> read_page(ReadKind kind, const std::string& cursor) override {
    return inner_.read_page(kind, cursor);
  }
  std::vector<Result<std::vector<Evidence>>> fetch(std::span<const FetchRequest> requests) override {
    return inner_.fetch(requests);
  }
  Result<Found> find(const NaturalKey& key) override { return inner_.find(key); }
  std::map<std::string, std::string> learned() const override { return inner_.learned(); }
  void recall(const std::map<std::string, std::string>& facts) override { inner_.recall(facts); }
  Usage usage() const override { return inner_.usage(); }
  int cost_of(WriteKind kind) const override { return inner_.cost_of(kind); }

  std::vector<Result<Receipt>> apply(std::span<const Write> writes) override {
    std::vector<std::size_t> order(writes.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::shuffle(order.begin(), order.end(), dice_);
    std::vector<std::optional<Result<Receipt>>> answers(writes.size());
    for (const std::size_t i : order) answers[i] = inner_.apply(writes.subspan(i, 1)).front();
    std::vector<Result<Receipt>> out;
    for (auto& answer : answers) out.push_back(read_back(std::move(*answer)));
    return out;
  }

 private:
  // Receipts are settled in the order of the writes: none may show less than an earlier one.
  Result<Receipt> read_back(Result<Receipt> answer) {
    if (!answer || answer->shown.empty()) return answer;
    FetchRequest request{answer->record, {}};
    for (const auto& e : answer->shown)
      if (e.source.kind != SourceKind::record) request.sources.push_back(e.source);
    auto now = inner_.fetch(std::span(&request, 1));
    if (now.front() && !now.front()->empty()) answer->shown = std::move(*now.front());
    return answer;
  }

  Replica& inner_;
  std::mt19937& dice_;
};

class Office : public World {
 public:
  explicit Office(std::optional<unsigned> shuffled = {}) {
    if (shuffled) dice_.emplace(*shuffled);
  }
  CycleReport cycle(ReadKind kind = ReadKind::delta) override {
    if (!dice_) return World::cycle(kind);
    Shuffler at_ctm(replica(Side::ctm), *dice_), at_highlevel(replica(Side::highlevel), *dice_);
    return run({&at_ctm, &at_highlevel}, kind);
  }

  // What people see of each number on either side, without the ids that the systems give.
  std::map<std::string, std::string> shown() {
    std::map<std::string, std::string> out;
    for (const auto& contact : highlevel.contacts()) {
      std::string& card = out["contact " + contact->at(Field::phone) + " " + contact->at(Field::last_name)];
      for (const auto& [name, field] : kHighLevelFields) card += contact->at(field) + "|";
      card += highlevel_value(contact->id, "custom:project_kind") + "|";
      for (const auto& tag : canonical_tags(contact->tags)) card += "#" + tag;
    }
    for (int i = 0; i < kPeople; ++i)
      for (const std::string& number : {phone(i), other_phone(i)}) {
        std::string& card = out["number " + number];
        const auto add = [&](const sim::CtmIdentity& who) {
          card += who.name + "|";
          for (const auto& [name, key] : kCtmKeys) card += sim::ctm_value(who, std::string(key)) + "|";
        };
        if (ctm.account().newest_of(number) != nullptr) add(newest_call(number));
        for (const auto& row : rows_of(number)) add(row.who);
        for (const auto& tag : tags_of(number)) card += "#" + tag;
      }
    return out;
  }
  // What the state says of each, likewise.
  std::vector<std::vector<std::string>> remembered() {
    auto out = rows(
        "SELECT p.ctm_id, p.state, f.field, f.base_ctm, f.base_highlevel, f.seen_ctm, f.seen_highlevel, "
        "f.version, f.changed_by FROM v_fields AS f JOIN v_pairs AS p USING (pair_id)");
    for (auto& row :
         rows("SELECT i.value, h.side, h.action, h.field, h.old_value, h.new_value FROM v_history AS h JOIN "
              "v_identities AS i USING (pair_id) WHERE i.kind = 'id' AND i.side = 'ctm'"))
      out.push_back(std::move(row));
    std::sort(out.begin(), out.end());
    return out;
  }

  static std::string phone(int person) { return "+1630555012" + std::to_string(person); }
  static std::string other_phone(int person) { return "+1630555014" + std::to_string(person); }
  static sim::PersonCard card(int person) {
    sim::PersonCard card;
    card.first_name = "Person";
    card.last_name = std::string("Letter") + static_cast<char>('A' + person);
    card.phone = phone(person);
    card.email = "letter" + std::to_string(person) + "@example.com";
    card.city = "Aurora";
    card.address1 = "1 Road";
    card.tags = {"old"};
    return card;
  }

 private:
  std::optional<std::mt19937> dice_;
};

// What fails inside RapidCheck's body is told to RapidCheck, which shrinks it.
template <class Work>
void told(const Work& work) {
  testing::TestPartResultArray failures;
  {
    testing::ScopedFakeTestPartResultReporter catcher(
        testing::ScopedFakeTestPartResultReporter::INTERCEPT_ONLY_CURRENT_THREAD, &failures);
    work();
  }
  for (int i = 0; i < failures.size(); ++i)
    if (failures.GetTestPartResult(i).failed()) RC_FAIL(failures.GetTestPartResult(i).message());
}

// ---- P6

// Who each person is, and what happened to them since all agreed: bits.
struct Case {
  int known = 0, happened = 0;
};
void showValue(const Case& c, std::ostream& out) { out << "(known " << c.known << ", " << c.happened << ")"; }

void arrange(Office& office, int person, int known) {
  const sim::PersonCard card = Office::card(person);
  if (known != 1) office.contact(card);
  if (known == 1 || known == 2)
    office.call(card.phone, card.first_name + " " + card.last_name, "", card.email);
  if (known == 3) office.row(card);
}

void happen(Office& office, int person, int what) {
  const std::string number = Office::phone(person), id = office.contact_with_phone(number);
  const auto* call = office.ctm.account().newest_of(number);
  const bool listed = !office.rows_of(number).empty();
  if ((what & 1) != 0) office.edit_contact(id, "city", "Geneva");
  if ((what & 2) != 0 && call != nullptr) office.edit_call(call->id, "street", "7 Mill Road");
  if ((what & 2) != 0 && call == nullptr && listed) office.edit_row(number, "street", "7 Mill Road");
  if ((what & 4) != 0) office.tag_contact(id, "hot");
  if ((what & 8) != 0 && call != nullptr) office.ctm_staff.tag(call->id, "tile");
  if ((what & 16) != 0) office.tag_contact(id, "old", false);
  if ((what & 32) != 0) office.edit_contact(id, "custom:project_kind", "Kitchen");
  if ((what & 64) != 0) office.edit_contact(id, "first_name", "Nora");
  if ((what & 128) != 0) office.edit_contact(id, "phone", Office::other_phone(person));
}

RC_GTEST_PROP(Order, OfTheWritesOfABatchDecidesNothing, ()) {
  const auto cases = *rc::gen::container<std::vector<Case>>(
      kPeople, rc::gen::build<Case>(rc::gen::set(&Case::known, rc::gen::inRange(0, 4)),
                                    rc::gen::set(&Case::happened, rc::gen::inRange(0, 256))));
  const auto seed = *rc::gen::arbitrary<unsigned>();
  told([&] {
    Office one, two(seed);
    for (Office* office : {&one, &two}) {
      for (int i = 0; i < kPeople; ++i) arrange(*office, i, cases[static_cast<std::size_t>(i)].known);
      office->settle();
      for (int i = 0; i < kPeople; ++i) happen(*office, i, cases[static_cast<std::size_t>(i)].happened);
      office->clock.tick(World::kPastEveryLagMs);
      office->cycle(ReadKind::full);
    }
    for (Office* office : {&one, &two}) office->settle();
    EXPECT_EQ(one.shown(), two.shown());
    EXPECT_EQ(one.remembered(), two.remembered());
    two.expect_converged({"country"});
  });
}

// ---- P19

struct Move {
  int person = 0, what = 0, value = 0;
  int nudges = 0;       // cycles that start at once because of it: lost, once, twice, of either kind
  int late_nudges = 0;  // cycles some time afterwards, or for nothing at all
};
void showValue(const Move& m, std::ostream& out) {
  out << "(person " << m.person << ", what " << m.what << ", value " << m.value << ", nudges " << m.nudges
      << " and " << m.late_nudges << ")";
}

// Each field of a person is edited on one side only: what both sides edit is decided by who is seen first.
void edit(Office& office, const Move& move) {
  const std::string number = Office::phone(move.person), id = office.contact_with_phone(number);
  const auto* call = office.ctm.account().newest_of(number);
  const std::string value = "Value " + std::to_string(move.value);
  switch (move.what) {
    case 0:
      return office.edit_contact(id, call == nullptr ? "state" : "city", value);
    case 1:
      return office.edit_contact(id, "custom:project_kind", value);
    case 2:
      return office.edit_contact(id, "first_name", "Name" + std::to_string(move.value));
    case 3:
      if (call == nullptr) return office.edit_row(number, "street", value);
      return office.edit_call(call->id, "street", value);
    case 4:
      if (call == nullptr) return office.edit_row(number, "city", value);
      return office.edit_call(call->id, "postal_code", "6050" + std::to_string(move.value));
    case 5:
      return office.tag_contact(id, "hot", move.value % 2 == 0);
    case 6:
      if (call == nullptr) return;
      if (move.value % 2 == 0)
        office.ctm_staff.tag(call->id, "tile");
      else
        office.ctm_staff.untag(call->id, "tile");
      return;
    default:
      break;
  }
  office.call("+1630555016" + std::to_string(move.value), "Caller Number" + std::to_string(move.value));
}

RC_GTEST_PROP(Nudges, ChangeTheMomentAndNothingElse, ()) {
  const auto moves = *rc::gen::container<std::vector<Move>>(rc::gen::build<Move>(
      rc::gen::set(&Move::person, rc::gen::inRange(0, 3)), rc::gen::set(&Move::what, rc::gen::inRange(0, 8)),
      rc::gen::set(&Move::value, rc::gen::inRange(0, 5)), rc::gen::set(&Move::nudges, rc::gen::inRange(0, 3)),
      rc::gen::set(&Move::late_nudges, rc::gen::inRange(0, 3))));
  told([&] {
    Office polled, nudged;
    for (Office* office : {&polled, &nudged}) {
      for (int i = 0; i < 3; ++i) arrange(*office, i, i + 1 == 3 ? 0 : i + 2);  // a caller, a row, a contact
      office->settle();
    }
    for (const Move& move : moves) {
      for (Office* office : {&polled, &nudged}) {
        edit(*office, move);
        office->clock.tick(
            kRowsLagMs);  // what no listing shows when its row is replaced, nobody can keep (P2)
      }
      for (int i = 0; i < move.nudges; ++i) nudged.cycle(i == 0 ? ReadKind::delta : ReadKind::full);
      for (Office* office : {&polled, &nudged}) office->clock.tick(World::kPastEveryLagMs);
      for (int i = 0; i < move.late_nudges; ++i) nudged.cycle();
      for (Office* office : {&polled, &nudged}) office->clock.tick(World::kPastEveryLagMs);
    }
    for (Office* office : {&polled, &nudged}) office->settle(8);
    EXPECT_EQ(nudged.shown(), polled.shown());
    nudged.expect_converged({"country"});
    nudged.expect_quiet();
  });
}

// ---- P27

// The pairs whose tags were written while they were no linked pair.
class TagWatch {
 public:
  explicit TagWatch(World& world) {
    for (const Side side : kSides) {
      auto& before = world.wire(side).before;
      before = [this, &world, side, inner = before](const std::string& method, const std::string& path) {
        inner(method, path);
        if (!path.ends_with("/tag") && !path.ends_with("/tags")) return;
        const auto begin = path.find('/', 1) + 1;
        std::string record = path.substr(begin, path.find('/', begin) - begin);
        if (side == Side::ctm) record = world.ctm.account().activity(std::stoll(record))->number;
        ++written_;
        EXPECT_EQ(world.state_of(record), "linked") << method << " " << path;
      };
    }
  }
  [[nodiscard]] int written() const { return written_; }

 private:
  int written_ = 0;
};

TEST(Tags, AreWrittenForLinkedPairsAloneWhateverTheOthersWaitFor) {
  World world;
  world.policy.create.highlevel = false;
  const std::string linked = world.contact(Office::card(0));
  const std::int64_t call = world.call(Office::phone(0), "Person LetterA");
  const std::string two_names = world.contact(Office::card(1));  // held: one number, two names
  const std::int64_t other_name = world.call(Office::phone(1), "Ruth Okafor");
  sim::PersonCard nobody = Office::card(2);  // no number: nothing at CTM
  nobody.phone.clear();
  const std::string without_number = world.contact(nobody);
  const std::int64_t caller = world.call(Office::phone(3), "Person LetterD");  // not created at HighLevel
  const std::string parted = world.contact(Office::card(4));                   // unlinked by a person
  const std::int64_t parted_call = world.call(Office::phone(4), "Person LetterE");
  const std::string deleted = world.contact(Office::card(5));
  const std::int64_t deleted_call = world.call(Office::phone(5), "Person LetterF");
  world.settle();
  world.rule_on_match(Ruling::Kind::unlink, Office::phone(4), parted);
  world.settle();
  for (const auto& [id, state] : {std::pair{linked, "linked"}, {two_names, "held"}, {parted, "ignored"}})
    ASSERT_EQ(world.state_of(id), state) << id;
  const TagWatch watch(world);
  for (const auto& id : {linked, two_names, without_number, parted, deleted}) world.tag_contact(id, "hot");
  for (const std::int64_t id : {call, other_name, caller, parted_call, deleted_call})
    world.ctm_staff.tag(id, "tile");
  world.highlevel.erase(deleted, sim::highlevel::Actor::staff);
  world.settle();
  world.clock.tick(World::kHourMs);  // its deletion is proved meanwhile
  world.settle();
  EXPECT_EQ(watch.written(), 2) << "each way for the one linked pair";
  EXPECT_EQ(world.tags_of(Office::phone(0)), (std::vector<std::string>{"hot", "old", "tile"}));
  EXPECT_EQ(canonical_tags(world.at_highlevel(linked).tags), (TagSet{"hot", "old", "tile"}));
  EXPECT_EQ(canonical_tags(world.at_highlevel(two_names).tags), (TagSet{"hot", "old"}));
  EXPECT_EQ(world.tags_of(Office::phone(4)), (std::vector<std::string>{"old", "tile"}));
}
}  // namespace
}  // namespace tandem
