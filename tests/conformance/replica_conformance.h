// What every Replica must do, the simulated ones and the real clients alike. Include it in one test file
// per implementation and instantiate:
//   INSTANTIATE_TEST_SUITE_P(Mine, ReplicaConformance, testing::Values(&make_mine));
#pragma once
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "core/model/mapping.h"
#include "core/model/normalise.h"
#include "core/ports/replica.h"
#include "tests/sim/people.h"

namespace tandem {

// A replica and the system behind it, with the people who work there. Time stands still until it is moved.
class ReplicaUnderTest {
 public:
  virtual ~ReplicaUnderTest() = default;
  virtual Replica& replica() = 0;
  [[nodiscard]] virtual Side side() const = 0;
  [[nodiscard]] virtual const Mapping& mapping() const = 0;
  virtual void tick(std::int64_t ms) = 0;

  // Someone whom the system holds as the kind of source that a create makes. Returns what
  // RecordId::text is for them: the id, or the number.
  virtual std::string add(const sim::PersonCard& card) = 0;
  virtual void edit_city(const std::string& person, const std::string& city) = 0;
  virtual void remove(const std::string& person) = 0;
  // One more activity of theirs; "" where the system has none. Its source id.
  virtual std::string call(const std::string& person) = 0;
  [[nodiscard]] virtual std::vector<std::string> tags(const std::string& person) = 0;
  [[nodiscard]] virtual std::size_t count() = 0;  // how many such sources there are

  virtual void lose_next_write(bool done) = 0;  // the answer is lost; done = the system carried it out
  virtual void lose_next_read() = 0;
  virtual void garble_next_page() = 0;  // good JSON, no answer of that route
  virtual void revoke() = 0;
};
using MakeReplica = std::unique_ptr<ReplicaUnderTest> (*)();

class ReplicaConformance : public testing::TestWithParam<MakeReplica> {
 protected:
  static constexpr std::int64_t kPastTheIndexMs = 65'000;
  struct Reading {
    std::vector<Evidence> evidence;
    std::vector<SourceKind> completed;
    std::string cursor;
    std::int64_t high_water_ms = 0;
  };

  void SetUp() override {
    const auto opened = replica().open();
    ASSERT_TRUE(opened) << opened.error().message;
  }
  Replica& replica() { return under_test_->replica(); }
  const Capabilities& can() { return replica().capabilities(); }
  void settle() { under_test_->tick(kPastTheIndexMs); }

  Reading read(ReadKind kind, std::string cursor = "") {
    Reading out;
    for (int pages = 0; pages < 1000; ++pages) {
      const auto page = replica().read_page(kind, cursor);
      if (!page) {
        ADD_FAILURE() << page.error().message;
        return out;
      }
      out.evidence.insert(out.evidence.end(), page->evidence.begin(), page->evidence.end());
      out.completed.insert(out.completed.end(), page->completed.begin(), page->completed.end());
      out.high_water_ms = std::max(out.high_water_ms, page->high_water_ms);
      EXPECT_TRUE(!page->more || page->next != cursor) << "the same page for ever";
      out.cursor = cursor = page->next;
      if (!page->more) return out;
    }
    ADD_FAILURE() << "a listing without an end";
    return out;
  }
  // Of the kind that creates make.
  std::vector<Evidence> shown(const Reading& reading, const std::string& person) {
    std::vector<Evidence> out;
    for (const auto& e : reading.evidence)
      if (e.source.kind == can().creates && person_of(e) == person) out.push_back(e);
    return out;
  }
  std::string person_of(const Evidence& e) { return can().has_records ? e.source.id : e.person; }
  FieldMap canonical(const Evidence& e) {
    return under_test_->mapping().project(
        under_test_->side(), under_test_->mapping().normalise(under_test_->side(), e.fields), {});
  }
  static std::string text(const FieldMap& fields, const char* name) { return value_of(fields, name).text(); }
  FetchRequest direct(const std::string& person, const SourceRef& source) {
    return {RecordId{person}, can().has_records ? std::vector<SourceRef>{} : std::vector<SourceRef>{source}};
  }
  static sim::PersonCard card(int n) {
    sim::PersonCard out;
    out.first_name = "Wanda";
    out.last_name = "Number" + std::to_string(n);
    out.email = "wanda" + std::to_string(n) + "@example.org";
    out.phone = "+1312555" + std::to_string(2100 + n);
    out.address1 = std::to_string(n) + " Quay Street";
    out.city = "Aurora";
    out.state = "IL";
    return out;
  }
  Write create_of(const sim::PersonCard& who) {
    FieldMap fields{
        {"first_name", FieldValue::of(who.first_name)}, {"last_name", FieldValue::of(who.last_name)},
        {"email", FieldValue::of(who.email)},           {"phone", FieldValue::of(who.phone)},
        {"address1", FieldValue::of(who.address1)},     {"city", FieldValue::of(who.city)}};
    Write write;
    write.kind = WriteKind::create;
    if (can().keyed_by_phone) write.record = RecordId{who.phone};
    write.set = write.whole = under_test_->mapping().to_native(under_test_->side(), fields, fields, can());
    return write;
  }
  // Changes `fields` of what is shown now.
  Write update_of(const std::string& person, const Evidence& now, const FieldMap& fields) {
    FieldMap whole = canonical(now);
    for (const auto& [name, value] : fields) whole[name] = value;
    if (can().keyed_by_phone) whole["phone"] = FieldValue::of(person);
    Write write;
    write.kind = WriteKind::update;
    write.record = RecordId{person};
    if (!can().has_records) write.target = now.source;
    write.set = under_test_->mapping().to_native(under_test_->side(), fields, whole, can());
    write.whole = under_test_->mapping().to_native(under_test_->side(), whole, whole, can());
    return write;
  }
  Result<Receipt> apply(const Write& write) {
    auto answers = replica().apply(std::span(&write, 1));
    if (answers.size() != 1) ADD_FAILURE() << answers.size() << " answers to one write";
    return std::move(answers.front());
  }
  Evidence only(const std::string& person) {
    const auto found = shown(read(ReadKind::full), person);
    EXPECT_EQ(found.size(), 1U) << "sources of one person";
    return found.empty() ? Evidence{} : found.front();
  }

  std::unique_ptr<ReplicaUnderTest> under_test_ = GetParam()();
};

TEST_P(ReplicaConformance, SaysWhatItCanDo) {
  EXPECT_GT(can().index_lag_ms, 0);
  EXPECT_GT(can().page_max, 0);
  EXPECT_GE(can().batch, 1);
  EXPECT_EQ(can().has_records, can().creates == SourceKind::record);
  EXPECT_TRUE(can_write(can().access(can().creates, "city")));
  EXPECT_TRUE(can_write(can().access(can().creates, "custom:anything")));
  EXPECT_EQ(can().access(can().creates, "no such field"), Access::none);
  for (const auto kind :
       {WriteKind::create, WriteKind::update, WriteKind::tag_add, WriteKind::tag_remove, WriteKind::remove})
    EXPECT_GE(replica().cost_of(kind), 1);
}

TEST_P(ReplicaConformance, AFullReadingShowsEverybodyOnceAndSaysThatItIsComplete) {
  std::set<std::string> people;
  for (int n = 0; n < 33; ++n) people.insert(under_test_->add(card(n)));
  settle();
  const Reading reading = read(ReadKind::full);
  std::set<std::string> met;
  std::set<SourceRef> sources;
  for (const auto& e : reading.evidence) {
    EXPECT_TRUE(sources.insert(e.source).second) << "twice";
    if (e.source.kind == can().creates) met.insert(person_of(e));
  }
  EXPECT_EQ(met, people);
  EXPECT_EQ(std::count(reading.completed.begin(), reading.completed.end(), can().creates), 1);
  EXPECT_FALSE(reading.cursor.empty());
}

TEST_P(ReplicaConformance, AnEmptySystemIsACompleteReadingToo) {
  settle();
  const Reading reading = read(ReadKind::full);
  EXPECT_TRUE(reading.evidence.empty());
  EXPECT_EQ(std::count(reading.completed.begin(), reading.completed.end(), can().creates), 1);
  EXPECT_TRUE(read(ReadKind::delta, reading.cursor).evidence.empty());
}

TEST_P(ReplicaConformance, EvidenceHoldsTheValuesUnderNativeNames) {
  const std::string person = under_test_->add(card(1));
  settle();
  const FieldMap fields = canonical(only(person));
  EXPECT_EQ(join_name(text(fields, "first_name"), text(fields, "last_name")), "Wanda Number1");
  EXPECT_EQ(text(fields, "address1"), "1 Quay Street");
  EXPECT_EQ(text(fields, "city"), "Aurora");
  EXPECT_TRUE(value_of(fields, "postal_code").is_cleared()) << "always shown there: a blank, not an unknown";
}

TEST_P(ReplicaConformance, AHashChangesWithTheContentAndWithNothingElse) {
  std::vector<std::string> people;
  for (int n = 0; n < 3; ++n) people.push_back(under_test_->add(card(n)));
  settle();
  std::map<SourceRef, WireHash> before, after;
  for (const auto& e : read(ReadKind::full).evidence) before[e.source] = e.hash;
  under_test_->tick(3'600'000);
  for (const auto& e : read(ReadKind::full).evidence) after[e.source] = e.hash;
  EXPECT_TRUE(before == after);
  under_test_->edit_city(people[1], "Geneva");
  settle();
  const Reading reading = read(ReadKind::full);
  for (const auto& e : reading.evidence)
    EXPECT_EQ(before[e.source] == e.hash, person_of(e) != people[1]) << e.source.id;
}

TEST_P(ReplicaConformance, TheDirectReadingHasTheHashOfTheListing) {
  const std::string person = under_test_->add(card(1));
  settle();
  const Evidence listed = only(person);
  const FetchRequest request = direct(person, listed.source);
  const auto answers = replica().fetch(std::span(&request, 1));
  ASSERT_EQ(answers.size(), 1U);
  ASSERT_TRUE(answers[0]);
  ASSERT_EQ(answers[0]->size(), 1U);
  EXPECT_EQ(answers[0]->front().source, listed.source);
  EXPECT_TRUE(answers[0]->front().hash == listed.hash);
}

TEST_P(ReplicaConformance, ADeltaShowsWhatChangedSinceTheCursor) {
  std::vector<std::string> people;
  for (int n = 0; n < 5; ++n) people.push_back(under_test_->add(card(n)));
  settle();
  const Reading full = read(ReadKind::full);
  under_test_->tick(86'400'000);
  under_test_->edit_city(people[2], "Geneva");
  const std::string late = under_test_->add(card(7));
  settle();
  const Reading delta = read(ReadKind::delta, full.cursor);
  const auto edited = shown(delta, people[2]);
  ASSERT_FALSE(edited.empty());
  EXPECT_EQ(text(canonical(edited.back()), "city"), "Geneva");
  EXPECT_FALSE(shown(delta, late).empty());
  EXPECT_FALSE(delta.cursor.empty());
}

TEST_P(ReplicaConformance, AnEditThatTheIndexShowsLateIsNotPassedOver) {
  std::vector<std::string> people;
  for (int n = 0; n < 3; ++n) people.push_back(under_test_->add(card(n)));
  settle();
  std::string cursor = read(ReadKind::full).cursor;
  under_test_->tick(3'600'000);
  under_test_->edit_city(people[0], "Geneva");
  cursor = read(ReadKind::delta, cursor).cursor;  // too early to see it
  under_test_->edit_city(people[1], "Elgin");
  cursor = read(ReadKind::delta, cursor).cursor;
  settle();
  const Reading delta = read(ReadKind::delta, cursor);
  std::set<std::string> cities;
  for (const auto& e : delta.evidence) cities.insert(text(canonical(e), "city"));
  EXPECT_TRUE(cities.contains("Geneva") && cities.contains("Elgin"));
}

TEST_P(ReplicaConformance, AnswersMatchRequestsOneToOneAndInOrder) {
  const std::string one = under_test_->add(card(1)), two = under_test_->add(card(2));
  settle();
  const Evidence first = only(one), second = only(two);
  const std::vector<FetchRequest> requests{
      direct(two, second.source),
      direct(can().has_records ? "nobodyhasthisid00000" : "+13125559999", {can().creates, "999999999"}),
      direct(one, first.source)};
  const auto answers = replica().fetch(requests);
  ASSERT_EQ(answers.size(), 3U);
  ASSERT_TRUE(answers[0] && answers[2]);
  EXPECT_EQ(answers[0]->front().source, second.source);
  EXPECT_EQ(answers[2]->front().source, first.source);
  if (can().has_records) {
    ASSERT_FALSE(answers[1]);
    EXPECT_EQ(answers[1].error().fault, Fault::gone);
  } else {
    ASSERT_TRUE(answers[1]) << answers[1].error().message;
    EXPECT_TRUE(answers[1]->empty()) << "a row that its list does not show";
  }
}

TEST_P(ReplicaConformance, FindsByNumberAndProvesAbsence) {
  const std::string person = under_test_->add(card(1));
  under_test_->add(card(2));
  settle();
  const auto found = replica().find({card(1).phone, ""});
  ASSERT_TRUE(found);
  std::set<std::string> met;
  for (const auto& e : found->evidence)
    if (e.source.kind == can().creates) met.insert(person_of(e));
  EXPECT_EQ(met, std::set<std::string>{person});
  const auto nobody = replica().find({"+13125552999", "nobody@example.org"});
  ASSERT_TRUE(nobody);
  EXPECT_TRUE(nobody->evidence.empty());
  EXPECT_GT(nobody->as_of_ms, 0);
}

TEST_P(ReplicaConformance, ACreateMakesOneThatIsFoundAfterTheIndexHadTime) {
  const auto receipt = apply(create_of(card(4)));
  ASSERT_TRUE(receipt) << receipt.error().message;
  EXPECT_FALSE(receipt->record.text.empty());
  EXPECT_TRUE(receipt->awaiting_index || !receipt->shown.empty());
  settle();
  EXPECT_EQ(under_test_->count(), 1U);
  const FieldMap fields = canonical(only(receipt->record.text));
  EXPECT_EQ(join_name(text(fields, "first_name"), text(fields, "last_name")), "Wanda Number4");
  EXPECT_EQ(text(fields, "address1"), "4 Quay Street");
  const auto found = replica().find({card(4).phone, card(4).email});
  ASSERT_TRUE(found);
  EXPECT_EQ(found->evidence.size(), 1U);
}

TEST_P(ReplicaConformance, AnUpdateChangesWhatItNamesAndNothingElse) {
  const std::string person = under_test_->add(card(1)), other = under_test_->add(card(2));
  settle();
  const Evidence untouched = only(other);
  const auto receipt = apply(update_of(person, only(person), {{"city", FieldValue::of("Geneva")}}));
  ASSERT_TRUE(receipt) << receipt.error().message;
  settle();
  EXPECT_EQ(under_test_->count(), 2U);
  const FieldMap fields = canonical(only(person));
  EXPECT_EQ(text(fields, "city"), "Geneva");
  EXPECT_EQ(text(fields, "address1"), "1 Quay Street");
  EXPECT_EQ(text(fields, "state"), "IL");
  EXPECT_EQ(join_name(text(fields, "first_name"), text(fields, "last_name")), "Wanda Number1");
  EXPECT_TRUE(only(other).hash == untouched.hash) << "somebody else was touched";
}

TEST_P(ReplicaConformance, ABlankClears) {
  const std::string person = under_test_->add(card(1));
  settle();
  const auto receipt = apply(update_of(person, only(person), {{"city", FieldValue::cleared()}}));
  ASSERT_TRUE(receipt) << receipt.error().message;
  settle();
  const FieldMap fields = canonical(only(person));
  EXPECT_TRUE(value_of(fields, "city").is_cleared());
  EXPECT_EQ(text(fields, "address1"), "1 Quay Street");
}

TEST_P(ReplicaConformance, TagsAreAddedAndRemovedOneByOne) {
  const std::string person = under_test_->add(card(1));
  const std::string activity = under_test_->call(person);
  settle();
  Write write;
  write.kind = WriteKind::tag_add;
  write.record = RecordId{person};
  write.tags = {"vip", "tile"};
  if (can().tags_on_activities) write.tag_sources = {{SourceKind::activity, activity}};
  const auto added = apply(write);
  ASSERT_TRUE(added) << added.error().message;
  ASSERT_FALSE(added->shown.empty());
  EXPECT_TRUE(added->shown.front().shows_tags);
  EXPECT_EQ(canonical_tags(added->shown.front().tags), (TagSet{"tile", "vip"}));
  EXPECT_TRUE(apply(write)) << "adding what is there is no error";
  write.kind = WriteKind::tag_remove;
  write.tags = {"vip", "never there"};
  const auto removed = apply(write);
  ASSERT_TRUE(removed) << removed.error().message;
  EXPECT_EQ(canonical_tags(under_test_->tags(person)), TagSet{"tile"});
}

TEST_P(ReplicaConformance, WhatIsRemovedIsGone) {
  const std::string person = under_test_->add(card(1));
  under_test_->add(card(2));
  settle();
  const Evidence before = only(person);
  Write write;
  write.kind = WriteKind::remove;
  write.record = RecordId{person};
  if (!can().has_records) write.target = before.source;
  const auto receipt = apply(write);
  ASSERT_TRUE(receipt) << receipt.error().message;
  settle();
  EXPECT_EQ(under_test_->count(), 1U);
  EXPECT_TRUE(shown(read(ReadKind::full), person).empty());
}

TEST_P(ReplicaConformance, APersonsRemovalIsSeenByADirectReading) {
  const std::string person = under_test_->add(card(1));
  under_test_->add(card(2));
  settle();
  const FetchRequest request = direct(person, only(person).source);
  under_test_->remove(person);
  settle();
  const auto answers = replica().fetch(std::span(&request, 1));
  ASSERT_EQ(answers.size(), 1U);
  EXPECT_TRUE(answers[0] ? answers[0]->empty() : answers[0].error().fault == Fault::gone);
}

TEST_P(ReplicaConformance, EveryWriteOfABatchIsAnsweredForItself) {
  under_test_->add(card(1));
  settle();
  sim::PersonCard refused = card(2);
  if (can().keyed_by_phone)
    refused.phone = "12";
  else
    refused.email = "no address";
  const std::vector<Write> writes{create_of(card(3)), create_of(refused), create_of(card(4))};
  const auto answers = replica().apply(writes);
  ASSERT_EQ(answers.size(), 3U);
  EXPECT_TRUE(answers[0] && answers[2]);
  ASSERT_FALSE(answers[1]);
  EXPECT_EQ(answers[1].error().fault, Fault::rejected);
  EXPECT_FALSE(answers[1].error().remote_words.empty());
  EXPECT_EQ(answers[1].error().message.find(refused.email), std::string::npos) << "a value in what is logged";
  EXPECT_EQ(under_test_->count(), 3U);
}

TEST_P(ReplicaConformance, AWriteWithoutAnAnswerIsAmbiguousAndSentOnce) {
  for (const bool done : {true, false}) {
    under_test_ = GetParam()();
    ASSERT_TRUE(replica().open());
    under_test_->lose_next_write(done);
    const auto receipt = apply(create_of(card(1)));
    ASSERT_FALSE(receipt);
    EXPECT_EQ(receipt.error().fault, Fault::ambiguous);
    settle();
    EXPECT_EQ(under_test_->count(), done ? 1U : 0U) << "never sent again by itself";
  }
}

TEST_P(ReplicaConformance, AReadingWithoutAnAnswerIsTransient) {
  under_test_->add(card(1));
  settle();
  under_test_->lose_next_read();
  const auto page = replica().read_page(ReadKind::full, "");
  ASSERT_FALSE(page);
  EXPECT_EQ(page.error().fault, Fault::transient);
  EXPECT_FALSE(read(ReadKind::full).evidence.empty()) << "and works the next time";
}

TEST_P(ReplicaConformance, APageThatIsNoneIsMalformed) {
  under_test_->add(card(1));
  settle();
  under_test_->garble_next_page();
  const auto page = replica().read_page(ReadKind::full, "");
  ASSERT_FALSE(page);
  EXPECT_EQ(page.error().fault, Fault::malformed);
}

TEST_P(ReplicaConformance, ARefusedCredentialIsUnauthorisedEverywhere) {
  const std::string person = under_test_->add(card(1));
  settle();
  const Evidence before = only(person);
  under_test_->revoke();
  const auto fault_of = [](const auto& result) { return result ? Fault::unsupported : result.error().fault; };
  const FetchRequest request = direct(person, before.source);
  EXPECT_EQ(fault_of(replica().read_page(ReadKind::full, "")), Fault::unauthorised);
  EXPECT_EQ(fault_of(replica().fetch(std::span(&request, 1)).front()), Fault::unauthorised);
  EXPECT_EQ(fault_of(replica().find({card(1).phone, ""})), Fault::unauthorised);
  EXPECT_EQ(fault_of(apply(update_of(person, before, {{"city", FieldValue::of("Geneva")}}))),
            Fault::unauthorised);
}

TEST_P(ReplicaConformance, RequestsAreCountedAndLearnedFactsComeBack) {
  under_test_->add(card(1));
  settle();
  const std::int64_t before = replica().usage().requests;
  read(ReadKind::full);
  EXPECT_GT(replica().usage().requests, before);
  const auto facts = replica().learned();
  replica().recall(facts);
  EXPECT_EQ(replica().learned(), facts);
}

TEST_P(ReplicaConformance, AnActivityFeedIsReadBeforeTheRows) {
  const std::string person = under_test_->add(card(1));
  const std::string activity = under_test_->call(person);
  if (activity.empty()) GTEST_SKIP() << "no activities there";
  settle();
  bool rows = false, met = false;
  const Reading reading = read(ReadKind::full);
  for (const auto& e : reading.evidence) {
    rows = rows || e.source.kind == SourceKind::row;
    if (e.source.kind != SourceKind::activity) continue;
    EXPECT_FALSE(rows);
    met = met || e.source.id == activity;
    EXPECT_TRUE(e.shows_tags);
    EXPECT_LE(e.at_ms, reading.high_water_ms);
  }
  EXPECT_TRUE(met);
  EXPECT_GT(reading.high_water_ms, 0);
}
}  // namespace tandem
