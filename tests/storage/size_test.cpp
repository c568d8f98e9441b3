// A million contacts must fit in 1.2 GB.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include "tests/storage/state_folder.h"

namespace tandem {
namespace {
std::string pick(const std::vector<const char*>& from, int n) {
  return from[static_cast<std::size_t>(n) % from.size()];
}

void add_contact(SqliteStore& store, int n) {
  constexpr std::int64_t kAt = 1'795'509'106'123;
  const std::string first = pick({"Maximilian", "Ann", "Josephine", "Kim", "Roberto"}, n);
  const std::string last =
      pick({"Featherstonehaugh", "Li", "Okonkwo", "Lindqvist", "van den Berg", "Smith"}, n / 5);
  const std::string phone = fmt::format("+1415{:07}", n);
  const std::string highlevel = fmt::format("q{:019x}", static_cast<unsigned>(n) * 2654435761ULL);
  const std::string email = fmt::format("{}.{}{}@example.net", first, n, pick({"", "s", "work"}, n));
  const FieldMap values = {
      {"first_name", FieldValue::of(first)},
      {"last_name", FieldValue::of(last)},
      {"email", FieldValue::of(email)},
      {"phone", FieldValue::of(phone)},
      {"company", FieldValue::of(pick({"Harbour Dental", "Blue Door Plumbing & Heating", "Acme"}, n))},
      {"address1", FieldValue::of(fmt::format("{} {}", n % 9'999,
                                              pick({"Mission Street", "Elm Rd", "Old Mill Lane"}, n)))},
      {"city", FieldValue::of(pick({"San Francisco", "Reno", "Springfield"}, n))},
      {"state", FieldValue::of(pick({"CA", "NV", "IL"}, n))},
      {"postal_code", FieldValue::of(fmt::format("{:05}", n % 99'999))},
      {"country", FieldValue::of("US")},
  };
  FieldMap native = values;
  native.erase("first_name");
  native.erase("last_name");
  native.erase("phone");
  native["name"] = FieldValue::of(first + " " + last);

  PairState p;
  p.status = PairStatus::linked;
  p.reason = "same phone and name (90)";
  p.since_ms = kAt + n;
  p.record = {{phone}, {highlevel}};
  p.dirty = false;
  for (const auto& [name, value] : values) {
    PairField& f = p.fields[name];
    f.base = f.seen = {value, value};
    f.version = 1;
    f.changed_by = "ctm";
    f.changed_at_ms = kAt + n;
    f.edited_at_ms = {kAt - 1, kAt - n};
  }
  for (const auto& [name, value] : native) p.fold.ctm[name] = {value, false, kAt - 1, {}};
  p.base_tags = p.seen_tags = {TagSet{"customer"}, TagSet{"customer"}};
  p.tags_version = 1;
  p.tags_changed_by = "ctm";
  p.tags_changed_at_ms = kAt + n;
  store.put_pair(p);
  store.set_identities(p.id, {{Identity::Kind::id, Side::ctm, phone, false},
                              {Identity::Kind::id, Side::highlevel, highlevel, false},
                              {Identity::Kind::phone, Side::highlevel, phone, false},
                              {Identity::Kind::email, Side::highlevel, email, false}});
  const auto source = [&](Side side, SourceKind kind, const std::string& id, const RecordId& person) {
    SourceRow row;
    row.side = side;
    row.ref = {kind, id};
    row.person = person;
    row.at_ms = kind == SourceKind::row ? 0 : kAt - n;
    row.hash = {0x9e3779b97f4a7c15ULL * static_cast<unsigned>(n + 1),
                0xc2b2ae3d27d4eb4fULL * static_cast<unsigned>(n + 7)};
    if (kind != SourceKind::record) row.shown = native;
    if (kind == SourceKind::activity) row.tags = {"Customer"};
    store.put_source(row);
  };
  source(Side::highlevel, SourceKind::record, highlevel, p.record.highlevel);
  source(Side::ctm, SourceKind::row, std::to_string(70'000'000 + n), p.record.ctm);
  source(Side::ctm, SourceKind::activity, std::to_string(5'000'000'000 + n), p.record.ctm);
}

TEST(Size, AMillionContactsFit) {
  constexpr int kContacts = 20'000;
  constexpr std::int64_t kMostBytes = 1'150;
  StateFolder folder;
  const auto store = folder.open_scratch();
  for (int n = 0; n < kContacts; n += 500)
    store->transact([&] {
      for (int i = n; i < n + 500; ++i) add_contact(*store, i * 7'919 % kContacts);
    });
  const auto number = [&](const char* sql) { return std::stoll(one_row(*store, sql)[0]); };
  for (const auto& row : store
                             ->rows("SELECT name, sum(pgsize), sum(unused) FROM dbstat GROUP BY name ORDER "
                                    "BY 2 DESC LIMIT 7")
                             .rows)
    fmt::print("{:>16} {:>6} B per contact, {} of them unused\n", *row[0], std::stoll(*row[1]) / kContacts,
               std::stoll(*row[2]) / kContacts);
  EXPECT_EQ(number("SELECT count(*) FROM v_fields WHERE seen_ctm = base_highlevel"), kContacts * 11);
  const auto bytes = number("PRAGMA page_count") * number("PRAGMA page_size") / kContacts;
  fmt::print("{} bytes per contact\n", bytes);
  EXPECT_LT(bytes, kMostBytes);
}
}  // namespace
}  // namespace tandem
