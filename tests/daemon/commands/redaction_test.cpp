// P31: no value of a contact reaches a log. Every value of these people is a word that stands nowhere
// else; every command runs at its most talkative, through every kind of trouble, and what it logs is
// searched for them.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <algorithm>
#include <csignal>
#include <filesystem>
#include <set>
#include "daemon/commands/output.h"
#include "daemon/http/transport.h"
#include "tests/daemon/commands/simulated.h"

namespace tandem::test {
namespace {
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

std::string lower(std::string text) {
  for (char& c : text) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
  return text;
}

std::string json_escaped(const std::string& text) {
  const std::string row = json_array(Table{{"a"}, {{text}}});
  return row.substr(7, row.size() - 10);  // [{"a":"..."}]
}

// One byte at a time would not do for letters outside ASCII; these tests use two-byte ones only.
std::string with_code_points_escaped(const std::string& text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (byte >= 0xc0 && i + 1 < text.size()) {
      const unsigned low = static_cast<unsigned char>(text[++i]) & 0x3fu;
      out += fmt::format("\\u{:04x}", (byte & 0x1fu) << 6 | low);
    } else {
      out += text[i];
    }
  }
  return out;
}

std::string without(std::string text, std::string_view characters) {
  std::erase_if(text, [&](char c) { return characters.find(c) != std::string_view::npos; });
  return text;
}

// Values that must not be seen, in any spelling that a program may give them.
class Taint {
 public:
  void add(const std::string& value) {
    for (const std::string& spelling : {value, json_escaped(value), with_code_points_escaped(value),
                                        with_code_points_escaped(json_escaped(value)), http::encode(value)})
      spellings_.insert(lower(spelling));
  }
  void add_phone(const std::string& e164) { national_.insert(e164.substr(2)); }  // +1

  [[nodiscard]] std::vector<std::string> found_in(const std::string& text) const {
    std::vector<std::string> found;
    const std::string plain = lower(text), dense = without(text, " ()-.+/"),
                      decoded = without(plain, "%");  // %2B1312...
    for (const std::string& one : spellings_)
      if (plain.find(one) != std::string::npos) found.push_back(one);
    for (const std::string& one : national_)
      if (dense.find(one) != std::string::npos || decoded.find(one) != std::string::npos)
        found.push_back(one);
    return found;
  }

 private:
  std::set<std::string> spellings_, national_;
};

TEST(Taint, IsFoundInEverySpelling) {
  Taint taint;
  taint.add("Quix\"m\xc3\xb6or");
  taint.add("Vexil@Quomzz.example");
  taint.add_phone("+13125550171");
  for (const char* text :
       {"of Quix\"m\xc3\xb6or.", "QUIX\"M\xc3\xb6OR", R"({"n":"quix\"mör"})", R"(quix\"m\u00f6or)",
        "name=Quix%22m%C3%B6or&", "to vexil@quomzz.example", "Vexil%40Quomzz.example", "+13125550171",
        "(312) 555-0171", "312.555.0171", "number=%2B13125550171", "tel:+1-312-555-0171"}) {
    const bool half = std::string(text) == R"({"n":"quix\"mör"})";  // another word: not found
    EXPECT_EQ(taint.found_in(text).empty(), half) << text;
  }
  EXPECT_THAT(taint.found_in("2026-10-04T13:12:55Z ctm: 550171 rows"), IsEmpty());
}

struct Person {
  std::string first, last, email, phone, street, city, postal_code, company, website, word, tag;
};

class Redaction : public Simulated {
 protected:
  void SetUp() override {
    start_simulators({"--people", "0", "--set", "highlevel.index_lag_ms=50", "--set",
                      "highlevel.delete_lag_ms=50", "--set", "highlevel.quota=off", "--set",
                      "ctm.index_lag_ms=50", "--set", "ctm.rate=off"});
    word_field_ = tell(Side::highlevel, "staff/add_field", R"({"name":"Dranko","data_type":"TEXT"})");
    choice_field_ = tell(Side::highlevel, "staff/add_field",
                         R"({"name":"Kind","data_type":"SINGLE_OPTIONS","options":["Roof","Bath"]})");
    use("first_run = \"ask\"\n");
  }

  void use(const std::string& more_of_link, const std::string& more = {}) {
    configure(
        more_of_link, "state",
        "[[link.field]]\nname = \"custom:dranko\"\nctm = \"custom:referred_by\"\nhighlevel = "
        "\"custom:contact.dranko\"\n[[link.field]]\nname = \"custom:kind\"\nctm = \"custom:project_type\"\n"
        "highlevel = \"custom:contact.kind\"\n" +
            more);
  }

  // A value nobody has used yet.
  std::string fresh(const std::string& stem) {
    const int n = made_++;
    const std::string value = stem + static_cast<char>('a' + n / 26 % 26) + static_cast<char>('a' + n % 26);
    taint_.add(value);
    return value;
  }

  Person person() {
    Person who;
    who.first = fresh("Zorbl\xc3\xa4t");
    who.last = fresh("Quix\"moor");
    who.email = fresh("Vexil.") + "@Quomzz.example";
    taint_.add("quomzz");
    who.phone = fmt::format("+13125550{:03}", 100 + made_ % 100);
    taint_.add_phone(who.phone);
    who.street = "77 " + fresh("Grobnitz");
    who.city = fresh("Mulvane");
    who.postal_code = fresh("QZ9WX");
    who.company = fresh("Plumbix");
    who.website = "https://" + fresh("wobblix") + ".example";
    who.word = fresh("Krudelt");
    who.tag = fresh("fizzwort");
    return who;
  }

  static std::string pair_of(const std::string& key, const std::string& value) {
    return fmt::format(R"("{}":"{}")", key, json_escaped(value));
  }

  std::string add_to_highlevel(const Person& p, bool with_phone = true) {
    std::string body = "{" + pair_of("firstName", p.first) + "," + pair_of("lastName", p.last) + "," +
                       pair_of("email", p.email) + ",";
    if (with_phone) body += pair_of("phone", p.phone) + ",";
    body += pair_of("address1", p.street) + "," + pair_of("city", p.city) + "," +
            pair_of("postalCode", p.postal_code) + "," + pair_of("companyName", p.company) + "," +
            pair_of("website", p.website) + "," + pair_of("customFields." + word_field_, p.word) +
            R"(,"tags":[")" + p.tag + R"("]})";
    return tell(Side::highlevel, "staff/create", body);
  }

  void add_to_ctm(const Person& p, bool row = true) {
    const std::string number = pair_of("number", p.phone);
    tell(Side::ctm, "staff/call", "{" + number + "," + pair_of("name", p.first + " " + p.last) + "}");
    if (row) tell(Side::ctm, "staff/add_to_list", "{" + number + "}");
    at_ctm(p, "email", p.email);
    at_ctm(p, "custom_fields.referred_by", p.word);
    tell(Side::ctm, "staff/tag", "{" + number + "," + pair_of("tag", p.tag) + "}");
  }

  void at_ctm(const Person& p, const std::string& field, const std::string& value) {
    tell(Side::ctm, "staff/edit_contact",
         "{" + pair_of("number", p.phone) + "," + pair_of("field", field) + "," + pair_of("value", value) +
             "}");
  }
  void at_highlevel(const std::string& id, const std::string& field, const std::string& value) {
    tell(Side::highlevel, "staff/edit",
         "{" + pair_of("id", id) + "," + pair_of("field", field) + "," + pair_of("value", value) + "}");
  }
  void trouble(const std::string& faults) {
    for (const Side side : kSides) tell(side, "faults", faults);
  }
  void calm() {
    for (const Side side : kSides) tell(side, "faults", "");
  }

  void expect_clean(const std::string& text, const std::string& whose) {
    EXPECT_THAT(taint_.found_in(text), IsEmpty()) << whose << "\n" << text;
    searched_ += text.size();
  }
  // Runs a command at its most talkative; what it logs must be clean, and its standard output too,
  // unless it is made to show values.
  Finished watched(std::vector<std::string> arguments) {
    static const std::set<std::string> kMayShow{"plan",   "match", "explain", "history", "conflicts",
                                                "verify", "undo",  "link",    "unlink",  "keep-apart"};
    const std::string name = fmt::format("tandem {}", fmt::join(arguments, " "));
    const bool may_show = kMayShow.contains(arguments.front());
    arguments.emplace_back("-v");
    const Finished finished = run(arguments);
    expect_clean(finished.err, "standard error of " + name);
    if (!may_show) expect_clean(finished.out, "standard output of " + name);
    return finished;
  }

  Taint taint_;
  std::string word_field_, choice_field_;
  std::size_t searched_ = 0;
  int made_ = 0;
};

TEST_F(Redaction, HoldsFromTheFirstLinkingToConflictsBrakesAndDuplicates) {
  const Person both = person(), other = person(), caller = person(), mail_only = person();
  const std::string id = add_to_highlevel(both), other_id = add_to_highlevel(other);
  add_to_ctm(both);
  add_to_ctm(other);
  add_to_ctm(caller, false);
  add_to_highlevel(mail_only, false);
  tell(Side::highlevel, "staff/dedupe", R"({"allow":true})");
  Person shared = person();  // one phone, two people at HighLevel: nobody can tell whose it is
  add_to_highlevel(shared);
  Person sibling = person();
  sibling.phone = shared.phone;
  add_to_highlevel(sibling);
  shared.first = fresh("Ambigua");
  add_to_ctm(shared);
  tell(Side::highlevel, "staff/dedupe", R"({"allow":false})");

  EXPECT_EQ(watched({"check", "--online"}).code, 0);
  const Finished match = watched({"match"}), plan = watched({"plan"});
  EXPECT_FALSE(taint_.found_in(match.out).empty()) << match.out;
  EXPECT_FALSE(taint_.found_in(plan.out).empty()) << "values can be found where they may be: " << plan.out;
  EXPECT_FALSE(taint_.found_in(watched({"plan", "--json"}).out).empty());
  EXPECT_EQ(watched({"once", "--full"}).code, 3);
  ASSERT_NE(cell(rows("SELECT count(*) AS n FROM v_pairs WHERE state = 'held'"), 0, "n"), "0");
  ASSERT_EQ(watched({"pending"}).code, 0);
  const std::string digest = cell(rows("SELECT digest FROM v_pending"), 0, "digest");
  EXPECT_EQ(watched({"approve", digest}).code, 0);
  watched({"once", "--wait", "10s"});
  ASSERT_NE(cell(rows("SELECT count(*) AS n FROM v_history WHERE action = 'create'"), 0, "n"), "0");

  // The same field on both sides.
  at_ctm(both, "city", fresh("Mulvane"));
  at_highlevel(id, "city", fresh("Mulvane"));
  at_ctm(other, "name", fresh("Zorblat") + " " + fresh("Quixmoor"));
  at_highlevel(other_id, "lastName", fresh("Quixmoor"));
  EXPECT_EQ(watched({"once", "--full", "--wait", "10s"}).code, 3);
  const Table open = rows("SELECT conflict_id FROM v_conflicts WHERE is_open = 1");
  ASSERT_GE(open.rows.size(), 2u);
  EXPECT_FALSE(taint_.found_in(watched({"conflicts"}).out).empty());
  const std::string settled = fresh("Mulvane");
  EXPECT_EQ(watched({"resolve", cell(open, 0, "conflict_id"), "--value", settled}).code, 0);
  EXPECT_EQ(watched({"resolve", cell(open, 1, "conflict_id"), "--take", "ctm"}).code, 0);
  watched({"once", "--wait", "10s"});

  // Refused in words that quote the value, and parked.
  at_ctm(both, "custom_fields.project_type", fresh("Grobfeld"));
  EXPECT_EQ(watched({"once", "--full"}).code, 3);
  EXPECT_FALSE(taint_.found_in(cell(rows("SELECT reason FROM v_parked"), 0, "reason")).empty());
  EXPECT_FALSE(taint_.found_in(watched({"explain", id}).out).empty());
  EXPECT_FALSE(taint_.found_in(watched({"history", both.email}).out).empty());

  // A duplicate that no search shows in time.
  tell(Side::highlevel, "switches", R"({"duplicate_search.reads":"index","index_lag_ms":"60000"})");
  const Person twice = person();
  add_to_ctm(twice, false);
  add_to_highlevel(twice);
  watched({"once", "--full"});
  tell(Side::highlevel, "switches", R"({"duplicate_search.reads":"primary","index_lag_ms":"50"})");
  tell(Side::highlevel, "staff/settle_index", "{}");
  watched({"once", "--full", "--wait", "10s"});

  // Held by a brake, and refused by a person.
  use("first_run = \"auto\"\n", "[link.brake]\nupdates = { count = 1, percent = 1 }\n");
  for (const char* field : {"city", "address1", "postalCode"}) at_highlevel(id, field, fresh("Brakix"));
  for (const char* field : {"city", "address1"}) at_highlevel(other_id, field, fresh("Brakix"));
  EXPECT_EQ(watched({"once", "--full"}).code, 3);
  watched({"pending"});
  watched({"pending", "--json"});
  const Table waiting = rows("SELECT digest FROM v_pending WHERE decision IS NULL");
  ASSERT_FALSE(waiting.rows.empty());
  EXPECT_EQ(watched({"reject", cell(waiting, 0, "digest")}).code, 0);
  watched({"status"});
  watched({"status", "--json"});
  watched({"backup", folder_ / "copy.sqlite"});

  // A person looks behind it and overrules it.
  EXPECT_EQ(watched({"verify"}).code, 3);
  EXPECT_FALSE(taint_.found_in(watched({"verify", "--json"}).out).empty());
  const std::string wrote =
      cell(rows("SELECT max(CAST(run_id AS INTEGER)) AS run FROM v_history WHERE action "
                "= 'update' AND field = 'city'"),
           0, "run");
  ASSERT_NE(wrote, "");
  EXPECT_FALSE(taint_.found_in(watched({"undo", wrote, "--plan"}).out).empty());
  watched({"undo", wrote});
  EXPECT_EQ(watched({"unlink", other.email}).code, 0);
  watched({"once", "--full"});
  EXPECT_EQ(watched({"link", other.phone, other_id, "--plan"}).code, 0);
  EXPECT_EQ(watched({"link", other.phone, other_id}).code, 0);
  watched({"once", "--full"});
  EXPECT_EQ(watched({"keep-apart", other.phone, other_id}).code, 0);
  watched({"once", "--full"});
  EXPECT_EQ(watched({"forget", caller.phone}).code, 0);
  watched({"once", "--full"});
  watched({"pending"});
  const Table leaving = rows("SELECT digest FROM v_pending WHERE class = 'delete' AND decision IS NULL");
  EXPECT_FALSE(leaving.rows.empty());
  for (std::size_t row = 0; row < leaving.rows.size(); ++row)
    EXPECT_EQ(watched({"approve", cell(leaving, row, "digest")}).code, 0);
  watched({"once", "--full", "--wait", "10s"});
  EXPECT_GT(searched_, 4'000u) << "the logs said something";
}

TEST_F(Redaction, HoldsWhateverARemoteAnswers) {
  use("first_run = \"auto\"\n");
  const Person who = person();
  const std::string id = add_to_highlevel(who);
  add_to_ctm(who);
  watched({"once", "--full", "--wait", "10s"});
  ASSERT_EQ(cell(rows("SELECT count(*) AS n FROM v_pairs WHERE state = 'linked'"), 0, "n"), "1");
  const char* const kReads[] = {R"("method":"GET","path_has":"/calls")",
                                R"("method":"GET","path_has":"/contacts")",
                                R"("method":"POST","path_has":"/search")"};
  const char* const kWrites[] = {R"("method":"PUT")", R"("method":"POST","path_has":"/contacts")",
                                 R"("method":"POST","path_has":"/modify")",
                                 R"("method":"POST","path_has":"/tag")"};
  const auto round = [&](std::span<const char* const> requests, const std::string& kind) {
    at_highlevel(id, "city", fresh("Mulvane"));
    at_ctm(who, "street", fresh("Grobnitz"));
    const Person caller = person();
    add_to_ctm(caller, false);
    tell(Side::highlevel, "staff/add_tag",
         "{" + pair_of("id", id) + "," + pair_of("tag", fresh("fizzwort")) + "}");
    std::string faults;
    for (const char* request : requests)
      faults += fmt::format("{}{{{},{},\"times\":-1}}", faults.empty() ? "[" : ",", kind, request);
    trouble(faults + "]");
    const Finished once = watched({"once", "--full"});
    EXPECT_NE(once.code, 0) << kind << "\n" << once.out;
    watched({"status"});
    calm();
  };
  for (const char* kind :
       {R"("kind":"quoting")", R"("kind":"quoting","param":400)", R"("kind":"quoting","param":401)",
        R"("kind":"quoting","param":403)", R"("kind":"quoting","param":404)",
        R"("kind":"quoting","param":502)", R"("kind":"truncated")", R"("kind":"wrong_json")"}) {
    round(kReads, kind);
    round(kWrites, kind);
  }
  watched({"check", "--online"});
  trouble(R"({"kind":"quoting","param":403,"times":-1})");
  EXPECT_EQ(watched({"check", "--online"}).code, 77);
  watched({"plan", "--full"});
  watched({"match"});
  calm();
  for (const char* file : {"hl", "ctm"}) {
    folder_.put(file, std::string(file) == "hl" ? "pit-wrong" : "wrong:key");
    EXPECT_EQ(watched({"once"}).code, 77);
    EXPECT_EQ(watched({"check", "--online"}).code, 77);
    folder_.put("hl", token_);
    folder_.put("ctm", key_);
  }
  EXPECT_FALSE(taint_.found_in(watched({"explain", id}).out).empty());
  simulators_.reset();
  EXPECT_EQ(watched({"once"}).code, 75);
}

// What is typed may be a value too; it is not repeated.
TEST_F(Redaction, HoldsForTheCommandLine) {
  const Person who = person();
  watched({"once"});
  EXPECT_EQ(watched({"explain", who.email}).code, 1);
  EXPECT_EQ(watched({"history", who.phone}).code, 1);
  EXPECT_EQ(watched({"explain", "(312)", who.phone.substr(5, 3), who.phone.substr(8), who.last}).code, 1);
  EXPECT_EQ(watched({"resolve", who.last, "--clear"}).code, 1);
  EXPECT_EQ(watched({"resolve", "1", "--take", who.first}).code, 1);
  EXPECT_EQ(watched({"resolve", "1", "--value", who.first, who.last}).code, 1);
  EXPECT_EQ(watched({"once", "--wait", who.word}).code, 1);
  EXPECT_EQ(watched({"undo", who.last}).code, 1);
  EXPECT_EQ(watched({"unlink", who.email}).code, 1);
  EXPECT_EQ(watched({"link", who.phone, who.last}).code, 1);
  EXPECT_EQ(watched({"keep-apart", who.last, who.phone}).code, 1);
  EXPECT_EQ(watched({"forget", who.email}).code, 1);
  EXPECT_EQ(watched({"verify", who.last}).code, 1);
}

// Both ways of logging: standard error, and the journal's fields, which a stand-in writes there.
TEST_F(Redaction, HoldsForTheDaemonAndItsJournal) {
  use("first_run = \"auto\"\n");
  const Person who = person();
  const std::string id = add_to_highlevel(who);
  add_to_ctm(who);
  watched({"once", "--full", "--wait", "10s"});
  ASSERT_EQ(watched({"once", "--wait", "10s"}).code, 0);
  for (const bool journal : {false, true}) {
    Environment all = environment();
    if (journal) {
      all["JOURNAL_STREAM"] = "of standard error";
      all["LD_PRELOAD"] = TANDEM_JOURNAL;
      all["ASAN_OPTIONS"] = "verify_asan_link_order=0";  // the stand-in comes before its run-time
    }
    auto arguments = with_config({"run", "-v"});
    arguments.insert(arguments.begin(), TANDEM_PROGRAM);
    Program daemon(arguments, all);
    ASSERT_TRUE(daemon.says("cycle")) << daemon.err();
    at_highlevel(id, "city", fresh("Mulvane"));
    at_ctm(who, "custom_fields.project_type", fresh("Grobfeld"));
    daemon.signal(SIGUSR1);  // an edit without a call is seen by a sweep
    ASSERT_TRUE(daemon.says("is parked")) << daemon.err();
    trouble(R"([{"kind":"quoting","method":"GET","times":2},{"kind":"quoting","path_has":"/search"}])");
    daemon.signal(SIGUSR1);
    daemon.forget();
    ASSERT_TRUE(daemon.says("unreachable")) << daemon.err();
    calm();
    daemon.signal(SIGUSR2);
    ASSERT_TRUE(daemon.says("calls_today_ctm")) << daemon.err();
    folder_.put("hl", "pit-wrong");
    daemon.signal(SIGHUP);
    ASSERT_TRUE(daemon.says("unauthorised")) << daemon.err();
    folder_.put("hl", token_);
    daemon.signal(SIGHUP);
    daemon.signal(SIGTERM);
    EXPECT_EQ(daemon.wait(), 0);
    EXPECT_EQ(daemon.err().find("JOURNAL MESSAGE=acme: ") != std::string::npos, journal) << daemon.err();
    if (journal) {
      EXPECT_THAT(daemon.err(), HasSubstr("JOURNAL TANDEM_LINK=acme\n"));
      EXPECT_THAT(daemon.err(), HasSubstr("JOURNAL TANDEM_RUN="));
      EXPECT_THAT(daemon.err(), Not(HasSubstr("CODE_FILE"))) << "where it was built";
    }
    expect_clean(daemon.err(), "standard error of tandem run");
    expect_clean(daemon.out(), "standard output of tandem run");
  }
  EXPECT_FALSE(taint_.found_in(run({"explain", id}).out).empty());
}
}  // namespace
}  // namespace tandem::test
