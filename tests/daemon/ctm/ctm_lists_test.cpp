#include "daemon/ctm/ctm_lists.h"
#include <gtest/gtest.h>
#include "daemon/ctm/ctm_replica.h"
#include "fake_ctm.h"

namespace tandem::ctm {
namespace {
std::string number(int i) { return fmt::format("+1312555{:04}", i); }

struct CtmLists : testing::Test {
  FakeCtm ctm;
  ManualClock clock{kNoon * 1000};
  CtmSettings settings = ctm.settings();
  std::unique_ptr<CtmReplica> replica;

  CtmLists() {
    settings.contact_surface = ContactSurface::list;
    restart();
  }
  void restart() { replica = std::make_unique<CtmReplica>(settings, clock); }
  void fill(int rows) {
    for (int i = 0; i < rows; ++i) ctm.add_row(number(i), fmt::format("P{}", i));
  }
  struct Pass {
    std::set<std::string> ids;
    bool completed = false;
    std::string cursor;
    std::optional<Error> error;
  };
  Pass read(ReadKind kind, std::string cursor = "") {
    Pass pass;
    pass.cursor = std::move(cursor);
    for (int i = 0; i < 500; ++i) {
      const auto page = replica->read_page(kind, pass.cursor);
      if (!page) {
        pass.error = page.error();
        return pass;
      }
      for (const Evidence& e : page->evidence) pass.ids.insert(e.source.id);
      pass.completed = page->completed == std::vector{SourceKind::row};
      pass.cursor = page->next;
      if (!page->more) return pass;
    }
    ADD_FAILURE() << "the reading never ends";
    return pass;
  }
  std::size_t pages_read() { return ctm.asked("GET", "/contacts?").size(); }
  Result<std::vector<Evidence>> fetch(const std::string& of, const std::string& id = "m0") {
    return replica->fetch(std::vector<FetchRequest>{{{of}, {{SourceKind::row, id}}}})[0];
  }
  // Answers one page of the listing in another way, `times` times.
  void spoil(int page, int times, std::function<Said(int)> with) {
    ctm.instead = [=, left = times](const Asked& a) mutable -> std::optional<Said> {
      if (a.path.find("/contacts?") == a.path.npos || !a.path.ends_with(fmt::format("page={}", page)) ||
          left-- <= 0)
        return std::nullopt;
      return with(page);
    };
  }
  // Rows as the fake would write them, `from` counted from 0.
  [[nodiscard]] Said rows_said(int page, int from, int count, int total, bool last) const {
    std::string rows;
    for (int i = from; i < from + count; ++i)
      rows += fmt::format(R"({}{{"id":"m{}","number":"{}"}})", rows.empty() ? "" : ",", i + 1, number(i));
    return {200, fmt::format(R"({{"contacts":[{}],"page":{},"total_entries":{},"next_page":{}}})", rows, page,
                             total, last ? "null" : std::to_string(page + 1))};
  }
};

TEST_F(CtmLists, ACompleteListingSaysSo) {
  for (const char* form : {"url", "page", "unsaid"}) {
    ctm.rows.clear();
    ctm.next_form = form;
    fill(23);
    const Pass pass = read(ReadKind::delta);
    EXPECT_EQ(pass.ids.size(), 23U) << form;
    EXPECT_TRUE(pass.completed) << form;
  }
}

TEST_F(CtmLists, AnEmptyListIsCompleteOnlyWhenTheListSaysSoToo) {
  EXPECT_TRUE(read(ReadKind::full).completed);
  fill(3);
  spoil(1, 100, [this](int) { return rows_said(1, 0, 0, 0, true); });
  EXPECT_FALSE(read(ReadKind::full).completed);
}

TEST_F(CtmLists, ASkippedPageIsFoundByTheCount) {
  fill(35);
  spoil(2, 1, [this](int p) { return rows_said(p, 20, 10, 35, false); });  // page 3's rows on page 2, once
  const Pass healed = read(ReadKind::full);
  EXPECT_TRUE(healed.completed) << "read once more";
  EXPECT_EQ(healed.ids.size(), 35U);
  spoil(2, 100, [this](int p) { return rows_said(p, 25, 10, 35, false); });
  EXPECT_FALSE(read(ReadKind::full).completed);
}

TEST_F(CtmLists, AShiftedListingIsNotComplete) {
  fill(25);
  int readings = 0;
  ctm.instead = [&](const Asked& a) -> std::optional<Said> {
    // A row of page 1 goes before page 2 is read, each time: the row that moves up is never seen, and the
    // counts agree.
    if (a.path.find("/contacts?") != a.path.npos && a.path.ends_with("page=2") && ++readings <= 2)
      ctm.rows.erase(ctm.rows.begin());
    return std::nullopt;
  };
  EXPECT_FALSE(read(ReadKind::full).completed);
  EXPECT_TRUE(read(ReadKind::full).completed);
}

TEST_F(CtmLists, AChangeThatKeepsTheCountIsSeenByTheStamp) {
  fill(25);
  int readings = 0;
  ctm.instead = [&](const Asked& a) -> std::optional<Said> {
    if (a.path.find("/contacts?") != a.path.npos && a.path.ends_with("page=2") && ++readings <= 2) {
      ctm.rows.erase(ctm.rows.begin());
      ctm.add_row(number(900 + readings), "New");
      ++ctm.stamp;
    }
    return std::nullopt;
  };
  EXPECT_FALSE(read(ReadKind::full).completed);
}

TEST_F(CtmLists, ARepeatedPageIsReadAgainAndRefusedWhenItStays) {
  fill(35);
  spoil(2, 1, [this](int p) { return rows_said(p, 0, 10, 35, false); });
  EXPECT_TRUE(read(ReadKind::full).completed);
  spoil(2, 100, [this](int p) { return rows_said(p, 0, 10, 35, false); });
  const Pass pass = read(ReadKind::full);
  ASSERT_TRUE(pass.error);
  EXPECT_EQ(pass.error->fault, Fault::malformed);
}

TEST_F(CtmLists, AnotherPageThanAskedIsRefused) {
  fill(35);
  spoil(2, 100, [this](int) { return rows_said(3, 20, 10, 35, false); });
  const Pass pass = read(ReadKind::full);
  ASSERT_TRUE(pass.error);
  EXPECT_EQ(pass.error->fault, Fault::malformed);
}

TEST_F(CtmLists, HalfAListingOfAnotherProcessProvesNothing) {
  fill(25);
  const auto first = replica->read_page(ReadKind::full, "");
  ASSERT_TRUE(first && first->more);
  restart();
  ctm.forget();
  const Pass rest = read(ReadKind::full, first->next);
  EXPECT_EQ(rest.ids.size(), 25U);
  EXPECT_TRUE(rest.completed);
  EXPECT_EQ(pages_read(), 3U);
}

TEST_F(CtmLists, ALongListIsReadAgainOnlyWhenItMoved) {
  fill(505);
  const Pass first = read(ReadKind::delta);
  ASSERT_TRUE(first.completed);
  ctm.forget();
  const Pass second = read(ReadKind::delta, first.cursor);
  EXPECT_EQ(pages_read(), 0U);
  EXPECT_FALSE(second.completed);
  restart();  // the cursor knows
  EXPECT_EQ(read(ReadKind::delta, second.cursor).ids.size(), 0U);
  ++ctm.stamp;
  EXPECT_EQ(read(ReadKind::delta, second.cursor).ids.size(), 505U);
  ctm.forget();
  EXPECT_TRUE(read(ReadKind::full, second.cursor).completed) << "a full reading reads";
}

TEST_F(CtmLists, OurOwnWritesToALongListAreNoReasonToReadItAll) {
  fill(505);
  const Pass first = read(ReadKind::delta);
  Write w;
  w.kind = WriteKind::create;
  w.record = {number(800)};
  w.whole = {{"first_name", {false, "Ida", {}}}};
  ASSERT_TRUE(replica->apply(std::vector{w})[0]);
  ctm.forget();
  const Pass second = read(ReadKind::delta, first.cursor);
  EXPECT_EQ(pages_read(), 0U);
  ++ctm.stamp;
  EXPECT_EQ(read(ReadKind::delta, second.cursor).ids.size(), 506U);
}

TEST_F(CtmLists, AShortListIsReadInEveryDelta) {
  fill(12);
  const Pass first = read(ReadKind::delta);
  EXPECT_EQ(read(ReadKind::delta, first.cursor).ids.size(), 12U);
}

TEST_F(CtmLists, OneRowCostsOnePage) {
  fill(95);
  ASSERT_TRUE(read(ReadKind::full).completed);
  ctm.forget();
  const auto shown = fetch(number(42), "m43");
  ASSERT_TRUE(shown);
  ASSERT_EQ(shown->size(), 1U);
  EXPECT_EQ(shown->at(0).person, number(42));
  EXPECT_EQ(pages_read(), 1U);
}

TEST_F(CtmLists, ARowThatMovedIsFoundNearby) {
  fill(95);
  ASSERT_TRUE(read(ReadKind::full).completed);
  ctm.rows.erase(ctm.rows.begin(), ctm.rows.begin() + 4);
  ctm.forget();
  EXPECT_EQ(fetch(number(42), "m43")->size(), 1U);
  EXPECT_LE(pages_read(), 3U);
}

TEST_F(CtmLists, ARowIsAbsentOnlyAfterASecondCompleteReading) {
  fill(25);
  ASSERT_TRUE(read(ReadKind::full).completed);
  ctm.forget();
  const auto none = fetch(number(700), "m701");
  ASSERT_TRUE(none);
  EXPECT_TRUE(none->empty());
  EXPECT_EQ(pages_read(), 3U) << "the listing alone is not asked for proof";
  ctm.forget();
  EXPECT_TRUE(fetch(number(701), "m702")->empty());
  EXPECT_EQ(pages_read(), 0U) << "one scan answers for ten minutes";
  spoil(2, 100, [this](int p) { return rows_said(p, 15, 10, 25, false); });
  clock.pass(11 * 60'000);
  const auto unknown = fetch(number(702), "m703");
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().fault, Fault::transient);
}

TEST_F(CtmLists, ARowIsFoundByItsNumberAfterAReplaceGaveItANewId) {
  fill(25);
  ctm.rows[3].id = "m900";
  const auto shown = fetch(number(3), "m4");
  ASSERT_TRUE(shown && shown->size() == 1U);
  EXPECT_EQ(shown->at(0).source.id, "m900");
}

TEST_F(CtmLists, FindSaysSinceWhenItKnows) {
  fill(25);
  ASSERT_TRUE(read(ReadKind::full).completed);
  const std::int64_t listed = clock.now_ms();
  clock.pass(60'000);
  ctm.forget();
  const auto absent = replica->find({number(700), ""});
  ASSERT_TRUE(absent);
  EXPECT_TRUE(absent->evidence.empty());
  EXPECT_EQ(absent->as_of_ms, listed);
  EXPECT_EQ(pages_read(), 0U);
  const auto there = replica->find({number(7), ""});
  ASSERT_EQ(there->evidence.size(), 1U);
  EXPECT_EQ(there->as_of_ms, clock.now_ms());
  restart();
  ctm.forget();
  EXPECT_EQ(replica->find({number(700), ""})->as_of_ms, clock.now_ms());
  EXPECT_EQ(pages_read(), 3U) << "nothing is known: a scan";
}

TEST_F(CtmLists, FindDoesNotTakeAnUnreadableListForAbsence) {
  fill(3);
  spoil(1, 100, [this](int) { return rows_said(1, 0, 0, 0, true); });
  const auto found = replica->find({number(700), ""});
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().fault, Fault::transient);
}

TEST_F(CtmLists, ShowingTheEmailIsLearned) {
  fill(1);
  ASSERT_TRUE(read(ReadKind::full).completed);
  EXPECT_EQ(replica->capabilities().access(SourceKind::row, "email"), Access::write_only);
  ctm.email_on_rows = true;
  ASSERT_TRUE(read(ReadKind::full).completed);
  EXPECT_EQ(replica->capabilities().access(SourceKind::row, "email"), Access::read_write);
  CtmReplica next(settings, clock);
  next.recall(replica->learned());
  EXPECT_EQ(next.capabilities().access(SourceKind::row, "email"), Access::read_write);
}

TEST_F(CtmLists, ActivitiesComeBeforeRows) {
  settings.contact_surface = ContactSurface::list_and_activity;
  restart();
  fill(12);
  ctm.calls = {{1, kNoon - 60, "+13125550123", ""}};
  std::vector<SourceKind> kinds;
  std::string cursor;
  bool more = true;
  while (more) {
    const auto page = replica->read_page(ReadKind::delta, cursor);
    ASSERT_TRUE(page);
    for (const Evidence& e : page->evidence) kinds.push_back(e.source.kind);
    EXPECT_EQ(page->high_water_ms, (kNoon - 60) * 1000) << "known for the rows too";
    cursor = page->next;
    more = page->more;
  }
  ASSERT_EQ(kinds.size(), 13U);
  EXPECT_EQ(kinds.front(), SourceKind::activity);
  EXPECT_EQ(kinds.back(), SourceKind::row);
}
}  // namespace
}  // namespace tandem::ctm
