#include "core/model/phone.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace tandem {
namespace {

TEST(ParsePhone, GivesOneFormForEverySpelling) {
  const struct {
    const char *raw, *country, *want;
  } rows[] = {
      {"+13125550123", "US", "+13125550123"},
      {"(312) 555-0123", "US", "+13125550123"},
      {"312.555.0123", "us", "+13125550123"},
      {"1-312-555-0123", "US", "+13125550123"},
      {"+1 (312) 555-0123 ext. 45", "US", "+13125550123"},
      {"312-555-0123 x9", "US", "+13125550123"},
      {"tel:+1-312-555-0123", "US", "+13125550123"},
      {"sip:+13125550123@gw.example", "US", "+13125550123"},
      {"\xE2\x80\xAA+1 312 555 0123\xE2\x80\xAC", "US", "+13125550123"},
      {"\xEF\xBC\x8B\xEF\xBC\x91 312 555 0123", "US", "+13125550123"},  // full-width + and 1
      {"1-800-FLOWERS", "US", "+18003569377"},
      {"+1 888 555 0100", "GB", "+18885550100"},
      {"020 7946 0123", "GB", "+442079460123"},
      {"08-123 456 78", "SE", "+46812345678"},
      {"06 1234 5678", "IT", "+390612345678"},
      {"+52 1 55 1234 5678", "US", "+525512345678"},  // the old mobile prefix
      {"+54 9 11 2345 6789", "US", "+5491123456789"},
      {"+17378742833", "US", "+17378742833"},  // Austin, though it spells RESTRICTED
      {"7378742833", "US", "+17378742833"},
  };
  for (const auto& r : rows)
    EXPECT_EQ(parse_phone(r.raw, r.country), (Phone{PhoneKind::number, r.want})) << r.raw;
}

TEST(ParsePhone, KnowsNobody) {
  for (const char* raw : {"",
                          " ",
                          "+",
                          "-",
                          "()",
                          "anonymous",
                          "ANONYMOUS",
                          "Restricted",
                          "Unavailable",
                          "unknown",
                          "Private",
                          "private number",
                          "Blocked",
                          "No Caller ID",
                          "Out of Area",
                          "N/A",
                          "null",
                          "+266696687",
                          "+7378742833",
                          "+2562533",
                          "+8656696",
                          "+86282452253",
                          "sip:anonymous@anonymous.invalid",
                          "+10000000000",
                          "0000000000",
                          "1111111111",
                          "+15555555555",
                          "999-999-9999",
                          "123-456-7890"})
    EXPECT_EQ(parse_phone(raw, "US"), Phone{}) << raw;
}

TEST(ParsePhone, RefusesWhatCannotBeANumber) {
  for (const char* raw : {"555-0123", "72345", "911", "+1312555012345", "+1", "hello", "12", "+999123456789",
                          "+266123", "call 1", "1234567890123456789012345"})
    EXPECT_EQ(parse_phone(raw, "US"), (Phone{PhoneKind::invalid, {}})) << raw;
  EXPECT_EQ(parse_phone("312 555 0123", ""), (Phone{PhoneKind::invalid, {}})) << "no country to go by";
  EXPECT_EQ(parse_phone("+1 312 555 0123", "").kind, PhoneKind::number) << "needs none";
}

TEST(ParsePhone, TakesNumberingPlansNewerThanItsMetadata) {
  EXPECT_EQ(parse_phone("+1 235 555 0123", "US").e164, "+12355550123");
}

TEST(ParsePhone, RepeatedDigitsElsewhereMayBeSomebody) {
  EXPECT_EQ(parse_phone("+6588888888", "US").e164, "+6588888888");
}

TEST(ParsePhone, TheAccountsOwnNumbersAreNobody) {
  const std::set<std::string, std::less<>> own{"+16305550100"};
  EXPECT_EQ(parse_phone("(630) 555-0100", "US", own), Phone{});
  EXPECT_EQ(parse_phone("(630) 555-0101", "US", own).kind, PhoneKind::number);
}

TEST(ParsePhone, IsThreadSafe) {
  std::vector<int> right(4, 0);
  std::vector<std::thread> threads;
  for (auto& count : right)
    threads.emplace_back([&count] {
      for (int i = 0; i < 200; ++i)
        count += parse_phone("(312) 555-0123", "US").e164 == "+13125550123" ? 1 : 0;
    });
  for (auto& t : threads) t.join();
  EXPECT_EQ(right, std::vector<int>(4, 200));
}

}  // namespace
}  // namespace tandem
