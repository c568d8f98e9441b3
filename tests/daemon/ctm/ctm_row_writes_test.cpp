#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>
#include "daemon/ctm/ctm_lists.h"
#include "daemon/ctm/ctm_replica.h"
#include "fake_ctm.h"

namespace tandem::ctm {
namespace {
WireValue text(std::string value) { return {value.empty(), value, {}}; }

struct CtmRowWrites : testing::Test {
  FakeCtm ctm;
  ManualClock clock{kNoon * 1000};
  CtmSettings settings = ctm.settings();
  std::map<std::string, std::string> saved;  // what save_learned made durable
  std::unique_ptr<CtmReplica> replica;
  const std::string mara = "+13125550123";

  CtmRowWrites() {
    settings.contact_surface = ContactSurface::list;
    settings.save_learned = [this] { saved = replica->learned(); };
    restart();
    for (int i = 0; i < 12; ++i) ctm.add_row(fmt::format("+1312555{:04}", 500 + i), "Other", "Person");
    FakeRow& row = ctm.add_row(mara, "Maria", "de la Cruz");
    row.email = "mara@example.org";
    row.address = {{"street", "4 Mill Ln"}, {"city", "Elgin"}};
    row.custom = {{"kind", R"("Bath")"}, {"unmapped", R"("keep me")"}, {"several", R"(["a","b"])"}};
  }
  void restart() {
    replica = std::make_unique<CtmReplica>(settings, clock);
    replica->recall(saved);
  }
  Write update(WireFields set) {
    Write w;
    w.record = {mara};
    w.target = SourceRef{SourceKind::row, ctm.rows_of(mara).empty() ? "m13" : ctm.rows_of(mara).front().id};
    w.set = set;
    w.whole = {
        {"first_name", text("Maria")}, {"last_name", text("de la Cruz")}, {"email", text("mara@example.org")},
        {"phone", text(mara)},         {"address1", text("4 Mill Ln")},   {"city", text("Elgin")},
        {"state", text("")},           {"custom:kind", text("Bath")}};
    for (const auto& [native, value] : set) {
      std::erase_if(w.whole, [&native = native](const auto& f) { return f.first == native; });
      w.whole.emplace_back(native, value);
    }
    return w;
  }
  Result<Receipt> apply(const Write& w) { return replica->apply(std::vector{w})[0]; }
  FakeRow only() {
    const auto rows = ctm.rows_of(mara);
    EXPECT_EQ(rows.size(), 1U);
    return rows.empty() ? FakeRow{} : rows.front();
  }
  std::size_t removals() { return ctm.asked("DELETE", "remove_contacts").size(); }
  std::size_t adds() { return ctm.asked("POST", "add_contact").size(); }
};

TEST_F(CtmRowWrites, AnUpdateKeepsEverythingElseWhateverTheServerDoesWithAnAdd) {
  for (const char* existing : {"keep_old", "upsert", "duplicate_row", "error406"}) {
    SCOPED_TRACE(existing);
    saved.clear();
    restart();
    ctm.existing = existing;
    FakeRow want = only();
    for (const char* city : {"Aurora", "Geneva", "Elgin"}) {
      want.address["city"] = city;
      const auto out = apply(update({{"city", text(city)}}));
      ASSERT_TRUE(out) << out.error().message << out.error().remote_words;
      ASSERT_EQ(out->shown.size(), 1U);
      want.id = only().id;
      EXPECT_EQ(only(), want);
      EXPECT_EQ(out->shown[0].source.id, want.id);
      clock.pass(120'000);
    }
    EXPECT_EQ(ctm.rows.size(), 13U) << "no other row was touched";
  }
}

TEST_F(CtmRowWrites, WhereAnAddUpdatesNothingIsEverRemoved) {
  ctm.existing = "upsert";
  ctm.freeze(0);
  for (const char* city : {"Aurora", "Geneva"}) ASSERT_TRUE(apply(update({{"city", text(city)}})));
  EXPECT_EQ(removals(), 0U);
  EXPECT_EQ(replica->learned().at("add_updates"), "yes");
}

TEST_F(CtmRowWrites, ALaggingListingDoesNotHideThatAnAddUpdates) {
  ctm.existing = "upsert";
  ASSERT_TRUE(apply(update({{"city", text("Elgin")}})));  // nothing to judge: the index is built
  saved.clear();
  restart();
  ASSERT_TRUE(replica->read_page(ReadKind::full, ""));
  ctm.forget();
  bool frozen = false;
  ctm.instead = [&](const Asked& a) -> std::optional<Said> {
    if (a.path.ends_with("add_contact") && !frozen) {
      frozen = true;
      ctm.freeze(3);
    }
    return std::nullopt;
  };
  ASSERT_TRUE(apply(update({{"city", text("Aurora")}})));
  EXPECT_EQ(removals(), 0U);
  EXPECT_EQ(replica->learned().at("add_updates"), "yes");
  // Once seen, the next ones wait for the index like any other write, not in here.
  const std::int64_t before = clock.now_ms();
  frozen = false;
  const auto second = apply(update({{"city", text("Geneva")}}));
  ASSERT_TRUE(second);
  EXPECT_TRUE(second->awaiting_index);
  EXPECT_EQ(clock.now_ms(), before);
  EXPECT_EQ(removals(), 0U);
  EXPECT_EQ(only().address["city"], "Geneva");
  // What is planned again because it never appeared is looked at as the first was.
  ctm.existing = "keep_old";
  ctm.freeze(0);
  ASSERT_TRUE(apply(update({{"city", text("Batavia")}})));
  EXPECT_EQ(removals(), 1U);
  EXPECT_EQ(only().address["city"], "Batavia");
}

TEST_F(CtmRowWrites, AnAddThatUpdatesIsCheckedEachTime) {
  ctm.existing = "upsert";
  ASSERT_TRUE(apply(update({{"city", text("Aurora")}})));
  ctm.existing = "keep_old";
  ASSERT_TRUE(apply(update({{"city", text("Geneva")}})));
  EXPECT_EQ(only().address["city"], "Geneva");
  EXPECT_EQ(removals(), 1U);
  EXPECT_NE(replica->learned()["add_updates"], "yes");
}

TEST_F(CtmRowWrites, AnAddThatDoesNotUpdateIsRemembered) {
  ctm.existing = "duplicate_row";
  ASSERT_TRUE(apply(update({{"city", text("Aurora")}})));
  EXPECT_EQ(adds(), 2U);
  ctm.forget();
  ASSERT_TRUE(apply(update({{"city", text("Geneva")}})));
  EXPECT_EQ(adds(), 1U);
  EXPECT_EQ(removals(), 1U);
  clock.pass(40LL * 86'400'000);
  ctm.existing = "upsert";
  ctm.forget();
  ASSERT_TRUE(apply(update({{"city", text("Aurora")}})));
  EXPECT_EQ(removals(), 0U) << "asked again after a month";
}

TEST_F(CtmRowWrites, ANameKeepsItsSplitAndAClearIsSent) {
  ctm.existing = "error406";
  ASSERT_TRUE(apply(update({{"address1", text("")}})));
  EXPECT_EQ(only().first, "Maria");
  EXPECT_EQ(only().last, "de la Cruz");
  EXPECT_EQ(only().address["street"], "");
  EXPECT_NE(ctm.asked("POST", "add_contact").back().body.find(R"("street":"")"), std::string::npos);
  ASSERT_TRUE(apply(
      update({{"name", text("Ida Brandt")}, {"first_name", text("Ida")}, {"last_name", text("Brandt")}})));
  EXPECT_EQ(only().first + "|" + only().last, "Ida|Brandt");
  clock.pass(120'000);
  Write w =
      update({{"city", text("Aurora")}});  // somebody renamed the row meanwhile: the agreed split is void
  ctm.rows.back().first = "Jo";
  ctm.rows.back().last = "Anne Holt";
  ASSERT_TRUE(apply(w));
  EXPECT_EQ(only().first + "|" + only().last, "Jo Anne|Holt");
}

TEST_F(CtmRowWrites, AnEditOfAMomentAgoIsNotOverwritten) {
  ctm.existing = "keep_old";
  const Write w = update({{"custom:kind", text("Kitchen")}});
  ctm.rows.back().address["city"] = "Batavia";
  ctm.rows.back().address["state"] = "IL";
  ASSERT_TRUE(apply(w));
  EXPECT_EQ(only().address["city"], "Batavia");
  EXPECT_EQ(only().address["state"], "IL");
  EXPECT_EQ(only().custom["kind"], R"("Kitchen")");
  EXPECT_EQ(only().email, "mara@example.org") << "what the row does not show comes from what was agreed";
}

TEST_F(CtmRowWrites, AListingThatLagsBehindOurLastWriteDoesNotUndoIt) {
  ctm.existing = "keep_old";
  ASSERT_TRUE(apply(update({{"city", text("Aurora")}, {"custom:kind", text("")}})));
  ctm.rows.back().address["city"] = "Elgin";  // what a lagging index would go on showing
  ctm.rows.back().custom["kind"] = R"("Bath")";
  ctm.freeze(1'000);
  Write w = update({{"state", text("IL")}});
  for (auto& [native, value] : w.whole) {
    if (native == "city") value = text("Aurora");
    if (native == "custom:kind") value = text("");
  }
  const auto out = apply(w);
  ASSERT_TRUE(out);
  EXPECT_TRUE(out->awaiting_index);
  EXPECT_EQ(only().address["city"], "Aurora");
  EXPECT_EQ(only().custom.count("kind"), 0U);
  EXPECT_EQ(only().custom["unmapped"], R"("keep me")");
}

TEST_F(CtmRowWrites, AKillBetweenRemoveAndAddLosesNothing) {
  ctm.existing = "keep_old";
  FakeRow want = only();
  want.address["city"] = "Aurora";
  ASSERT_TRUE(apply(update({{"address1", text("4 Mill Ln")}})));  // learns that an add does not update
  saved = replica->learned();
  saved["add_updates"] = fmt::format("no:{}", clock.now_ms() / 1000);
  restart();
  Write w = update({{"city", text("Aurora")}});
  ctm.instead = [](const Asked& a) -> std::optional<Said> {
    if (a.path.ends_with("add_contact")) return Said{500, "<html>"};
    return std::nullopt;
  };
  const auto cut = apply(w);
  ASSERT_FALSE(cut);
  EXPECT_EQ(cut.error().fault, Fault::ambiguous);
  EXPECT_TRUE(ctm.rows_of(mara).empty());
  ctm.instead = nullptr;
  restart();  // with what was durable before the removal, and nothing else
  w.resume = true;
  ctm.forget();
  const auto out = apply(w);
  ASSERT_TRUE(out) << out.error().message;
  EXPECT_EQ(removals(), 0U) << "it was removed already";
  want.id = only().id;
  EXPECT_EQ(only(), want);
  EXPECT_EQ(replica->learned().count("replace:" + mara), 0U);
}

TEST_F(CtmRowWrites, AKillBetweenRemoveAndAddKeepsAnAddressThatIsNotMapped) {
  saved["add_updates"] = fmt::format("no:{}", clock.now_ms() / 1000);
  restart();
  Write w = update({{"custom:kind", text("Roof")}});
  std::erase_if(w.whole, [](const auto& f) { return f.first == "address1" || f.first == "city"; });
  ctm.instead = [](const Asked& a) -> std::optional<Said> {
    if (a.path.ends_with("add_contact")) return Said{500, "<html>"};
    return std::nullopt;
  };
  ASSERT_FALSE(apply(w));
  ctm.instead = nullptr;
  restart();
  w.resume = true;
  ctm.forget();
  ASSERT_TRUE(apply(w));
  EXPECT_EQ(only().address["street"], "4 Mill Ln");
  EXPECT_EQ(only().address["city"], "Elgin");
  EXPECT_EQ(only().custom["kind"], R"("Roof")");
}

TEST_F(CtmRowWrites, WhatARowDidNotGetBackIsNotThrownAwayOnTheNext) {
  saved["add_updates"] = fmt::format("no:{}", clock.now_ms() / 1000);
  restart();
  const std::string other = "+13125550199";
  ctm.add_row(other, "Ida", "Brandt").address = {{"city", "Geneva"}};
  const std::string third = "+13125550198";
  ctm.add_row(third, "Jonas", "Weber").address = {{"state", "IL"}};
  ctm.takes_address = false;
  ASSERT_TRUE(apply(update({{"custom:kind", text("Roof")}})));
  EXPECT_TRUE(only().address.empty()) << "nobody could know before";
  Write w = update({{"custom:kind", text("Roof")}});
  w.record = {other};
  w.target = SourceRef{SourceKind::row, ctm.rows_of(other).front().id};
  const auto refused = apply(w);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().fault, Fault::rejected);
  EXPECT_NE(refused.error().message.find("city"), std::string::npos) << refused.error().message;
  EXPECT_EQ(refused.error().message.find("Geneva"), std::string::npos);
  EXPECT_EQ(ctm.rows_of(other).front().address["city"], "Geneva");
  w.record = {third};  // shows what the first row did not: it is lost, and learned as well
  w.target = SourceRef{SourceKind::row, ctm.rows_of(third).front().id};
  ASSERT_TRUE(apply(w));
  w.record = {other};
  w.target = SourceRef{SourceKind::row, ctm.rows_of(other).front().id};
  ASSERT_FALSE(apply(w)) << "what was known before is known still";
  clock.pass(std::int64_t{32} * 86'400'000);  // asked again one day: it may have been mended
  ctm.takes_address = true;
  EXPECT_TRUE(apply(w));
  EXPECT_EQ(ctm.rows_of(other).front().custom["kind"], R"("Roof")");
}

TEST_F(CtmRowWrites, AResumeFindsAReplaceThatWasDone) {
  ctm.existing = "keep_old";
  Write w = update({{"city", text("Aurora")}});
  ASSERT_TRUE(apply(w));
  const FakeRow done = only();
  restart();
  w.resume = true;
  ctm.forget();
  const auto out = apply(w);
  ASSERT_TRUE(out);
  EXPECT_EQ(out->shown.at(0).source.id, done.id);
  EXPECT_EQ(adds() + removals(), 0U);
}

TEST_F(CtmRowWrites, ARefusedImagePutsTheRowBack) {
  ctm.existing = "keep_old";
  saved["add_updates"] = fmt::format("no:{}", clock.now_ms() / 1000);
  restart();
  FakeRow want = only();
  const auto out = apply(update({{"first_name", text("Refused")}}));
  ASSERT_FALSE(out);
  EXPECT_EQ(out.error().fault, Fault::rejected);
  EXPECT_EQ(out.error().remote_words, "name is not acceptable");
  want.id = only().id;
  EXPECT_EQ(only(), want);
}

TEST_F(CtmRowWrites, ARemovalThatIsRefusedAndYetDoneLeavesNoHole) {
  for (const bool done : {true, false}) {
    SCOPED_TRACE(done ? "done" : "not done");
    ctm.instead = [&](const Asked& a) -> std::optional<Said> {
      if (a.method != "DELETE") return std::nullopt;
      if (done) std::erase_if(ctm.rows, [&](const FakeRow& row) { return row.number == mara; });
      return Said{422, R"({"status":"error","reason":"something went wrong"})"};
    };
    const auto receipt = apply(update({{"city", text("Aurora")}}));
    EXPECT_EQ(receipt.has_value(), done);
    EXPECT_EQ(only().address["city"], done ? "Aurora" : "Elgin");
    EXPECT_EQ(only().custom["unmapped"], R"("keep me")");
    ctm.rows.clear();
    FakeRow& row = ctm.add_row(mara, "Maria", "de la Cruz");
    row.address = {{"city", "Elgin"}};
    row.custom = {{"unmapped", R"("keep me")"}};
  }
}

TEST_F(CtmRowWrites, AnAddThatIsRefusedAndYetDoneIsNotDoneTwice) {
  ctm.existing = "duplicate_row";
  replica->recall({{"add_updates", fmt::format("no:{}", kNoon)}});  // replaced, not tried alone
  ctm.instead = [&](const Asked& a) -> std::optional<Said> {
    if (a.method != "POST") return std::nullopt;
    ctm.add_row(mara, "Maria", "de la Cruz").address = {{"city", "Aurora"}};
    return Said{422, R"({"status":"error","reason":"something went wrong"})"};
  };
  EXPECT_TRUE(apply(update({{"city", text("Aurora")}})));
  EXPECT_EQ(only().address["city"], "Aurora");
}

TEST_F(CtmRowWrites, ARowThatIsGoneIsNotAddedBehindAPersonsBack) {
  const Write w = update({{"city", text("Aurora")}});
  ctm.rows.pop_back();
  EXPECT_EQ(apply(w).error().fault, Fault::stale);
  EXPECT_TRUE(ctm.rows_of(mara).empty());
}

TEST_F(CtmRowWrites, ACreateAddsOnceAndShowsTheRow) {
  Write w;
  w.kind = WriteKind::create;
  w.record = {"+13125550777"};
  w.whole = {{"first_name", text("Ida")},
             {"last_name", text("Brandt")},
             {"city", text("")},
             {"email", text("ida@example.org")}};
  const auto out = apply(w);
  ASSERT_TRUE(out);
  EXPECT_EQ(out->record.text, "+13125550777");
  ASSERT_EQ(out->shown.size(), 1U);
  EXPECT_EQ(
      ctm.asked("POST", "add_contact").at(0).body,
      R"({"contact":{"number":"+13125550777","first_name":"Ida","last_name":"Brandt","email":"ida@example.org"}})");
  const auto again = apply(w);
  ASSERT_TRUE(again);
  EXPECT_EQ(again->shown.at(0).source.id, out->shown[0].source.id);
  EXPECT_EQ(adds(), 1U) << "the row is there: shown, not added";
}

TEST_F(CtmRowWrites, ACreateThatTheListingDoesNotShowYetWaits) {
  ASSERT_TRUE(replica->find({"+13125550777", ""}));
  ctm.freeze(50);
  Write w;
  w.kind = WriteKind::create;
  w.record = {"+13125550777"};
  w.whole = {{"first_name", text("Ida")}};
  const auto out = apply(w);
  ASSERT_TRUE(out);
  EXPECT_TRUE(out->awaiting_index);
  EXPECT_TRUE(out->shown.empty());
}

TEST_F(CtmRowWrites, ARowThatIsNotShownYetIsNotLookedForInTheWholeList) {
  for (int i = 0; i < 60; ++i) ctm.add_row(fmt::format("+1312555{:04}", 900 + i), "More");
  ASSERT_TRUE(replica->find({"+13125550777", ""}));
  const std::int64_t listed = clock.now_ms();
  ctm.freeze(1'000);
  Write w;
  w.kind = WriteKind::create;
  w.record = {"+13125550777"};
  w.whole = {{"first_name", text("Ida")}};
  ASSERT_TRUE(apply(w));
  clock.pass(5'000);
  ctm.forget();
  const auto found = replica->find({"+13125550777", ""});
  ASSERT_TRUE(found);
  EXPECT_TRUE(found->evidence.empty());
  EXPECT_EQ(found->as_of_ms, listed) << "older than the write: proves nothing about it";
  const std::vector<FetchRequest> request{{{"+13125550777"}, {}}};
  EXPECT_TRUE(replica->fetch(request)[0]->empty());
  EXPECT_LE(ctm.asked("GET", "/contacts?").size(), 6U);
  clock.pass(120'000);
  ctm.freeze(0);
  EXPECT_EQ(replica->find({"+13125550777", ""})->evidence.size(), 1U);
}

TEST_F(CtmRowWrites, ALostAnswerToACreateIsLookedForInANewListing) {
  ASSERT_TRUE(replica->find({"+13125550777", ""}));
  ctm.instead = [this](const Asked& a) -> std::optional<Said> {
    if (!a.path.ends_with("add_contact")) return std::nullopt;
    ctm.add_row("+13125550777", "Ida");
    return Said{200, "", true};
  };
  Write w;
  w.kind = WriteKind::create;
  w.record = {"+13125550777"};
  w.whole = {{"first_name", text("Ida")}};
  EXPECT_EQ(apply(w).error().fault, Fault::ambiguous);
  EXPECT_EQ(adds(), 1U);
  EXPECT_EQ(replica->find({"+13125550777", ""})->evidence.size(), 1U);
}

TEST_F(CtmRowWrites, ARemovalTakesOneNumberOut) {
  Write w;
  w.kind = WriteKind::remove;
  w.record = {mara};
  const auto out = apply(w);
  ASSERT_TRUE(out);
  EXPECT_TRUE(ctm.rows_of(mara).empty());
  EXPECT_EQ(ctm.rows.size(), 12U);
  ASSERT_TRUE(apply(w)) << "a second time is harmless";
}

TEST_F(CtmRowWrites, NothingElseIsEverSent) {
  ctm.existing = "duplicate_row";
  ASSERT_TRUE(apply(update({{"city", text("Aurora")}})));
  for (const Asked& a : ctm.log) {
    if (a.method == "GET") continue;
    EXPECT_TRUE(a.path == "/lists/CL1/add_contact" || a.path == "/lists/CL1/remove_contacts")
        << a.method << a.path;
  }
}

RC_GTEST_PROP(CtmRowImage, ShownValuesStandAndChangesWin, ()) {
  const std::vector<std::string> natives{"address1", "city", "state", "postal_code", "country"};
  const auto value = [] { return text(*rc::gen::element<std::string>("", "x", "y", "z")); };
  RowDetail shown;
  Write write;
  for (const std::string& native : natives) {
    shown.standard.emplace_back(native, value());
    write.whole.emplace_back(native, value());
    if (*rc::gen::arbitrary<bool>()) write.set.emplace_back(native, value());
  }
  const bool is_old = *rc::gen::arbitrary<bool>();
  const WireFields image = row_image(write, &shown, is_old);
  for (const std::string& native : natives) {
    const bool is_set = value_in(write.set, native) != nullptr;
    const std::string want = text_in(is_set ? write.set : is_old ? write.whole : shown.standard, native);
    RC_ASSERT(text_in(image, native) == want);
    if (is_set) RC_ASSERT(value_in(image, native) != nullptr);  // a clear is said, not left out
  }
}
}  // namespace
}  // namespace tandem::ctm
