#include "daemon/highlevel/json.h"

#include <fmt/format.h>
#include <rapidjson/reader.h>

#include <charconv>
#include <chrono>
#include <cmath>

namespace tandem::highlevel {
namespace {
constexpr int kDepthMax = 64;
constexpr double kExactMax = 9e15;  // whole numbers are exact in a double up to there

// Passes everything on to the document and stops at a depth no answer has: the reader recurses, and
// a megabyte of "[" must not end the process.
struct Shallow {
  rapidjson::Document& to;
  int depth = 0;
  using Size = rapidjson::SizeType;
  bool Null() { return to.Null(); }
  bool Bool(bool b) { return to.Bool(b); }
  bool Int(int i) { return to.Int(i); }
  bool Uint(unsigned u) { return to.Uint(u); }
  bool Int64(std::int64_t i) { return to.Int64(i); }
  bool Uint64(std::uint64_t u) { return to.Uint64(u); }
  bool Double(double d) { return to.Double(d); }
  bool RawNumber(const char* s, Size n, bool copy) { return to.RawNumber(s, n, copy); }
  bool String(const char* s, Size n, bool copy) { return to.String(s, n, copy); }
  bool Key(const char* s, Size n, bool copy) { return to.Key(s, n, copy); }
  bool StartObject() { return ++depth <= kDepthMax && to.StartObject(); }
  bool EndObject(Size n) { return --depth, to.EndObject(n); }
  bool StartArray() { return ++depth <= kDepthMax && to.StartArray(); }
  bool EndArray(Size n) { return --depth, to.EndArray(n); }
};

struct InPlace {
  std::string& body;
  bool done = false;
  bool operator()(rapidjson::Document& document) {
    rapidjson::InsituStringStream stream(body.data());
    rapidjson::Reader reader;
    Shallow shallow{document};
    done = !reader.Parse<rapidjson::kParseInsituFlag>(stream, shallow).IsError();
    return done;
  }
};

bool digits(std::string_view text, std::size_t at, std::size_t count, int& out) {
  if (at + count > text.size()) return false;
  const char* end = text.data() + at + count;
  const auto [stopped, error] = std::from_chars(text.data() + at, end, out);
  return error == std::errc{} && stopped == end && out >= 0;
}
}  // namespace

bool parse_in_place(std::string& body, rapidjson::Document& document) {
  InPlace in_place{body};
  document.Populate(in_place);
  return in_place.done;
}

const Json* member(const Json& object, std::string_view name) {
  if (!object.IsObject()) return nullptr;
  for (const auto& m : object.GetObject())
    if (text_of(m.name) == name) return &m.value;
  return nullptr;
}

std::string_view text_member(const Json& object, std::string_view name) {
  const Json* value = member(object, name);
  return value != nullptr && value->IsString() ? text_of(*value) : std::string_view();
}

std::optional<std::string> scalar_text(const Json& value) {
  if (value.IsString()) return std::string(text_of(value));
  if (value.IsNull()) return std::string();
  if (value.IsBool()) return std::string(value.GetBool() ? "true" : "false");
  if (value.IsInt64()) return std::to_string(value.GetInt64());
  if (value.IsUint64()) return std::to_string(value.GetUint64());
  if (value.IsDouble()) return fmt::format("{}", value.GetDouble());
  return std::nullopt;
}

std::int64_t iso_ms(std::string_view text) {
  using namespace std::chrono;
  int y = 0, mo = 0, d = 0, h = 0, mi = 0, s = 0;
  if (!digits(text, 0, 4, y) || !digits(text, 5, 2, mo) || !digits(text, 8, 2, d) || text[4] != '-' ||
      text[7] != '-')
    return 0;
  const year_month_day day{year(y), month(static_cast<unsigned>(mo)),
                           std::chrono::day(static_cast<unsigned>(d))};
  if (!day.ok()) return 0;
  std::int64_t ms = duration_cast<milliseconds>(sys_days(day).time_since_epoch()).count();
  if (text.size() == 10) return ms;
  if (!digits(text, 11, 2, h) || !digits(text, 14, 2, mi) || !digits(text, 17, 2, s)) return 0;
  ms += ((h * 60 + mi) * 60 + s) * std::int64_t{1000};
  std::size_t at = 19;
  if (at < text.size() && text[at] == '.') {
    std::int64_t scale = 100;
    for (++at; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at, scale /= 10)
      ms += (text[at] - '0') * scale;
  }
  if (at < text.size() && (text[at] == '+' || text[at] == '-')) {
    int zone_h = 0, zone_m = 0;
    if (!digits(text, at + 1, 2, zone_h)) return 0;
    if (!digits(text, at + 4, 2, zone_m)) zone_m = 0;
    const std::int64_t offset_ms = (zone_h * 60 + zone_m) * std::int64_t{60'000};
    ms += text[at] == '+' ? -offset_ms : offset_ms;
  }
  return ms;
}

std::int64_t time_ms(const Json& value) {
  if (value.IsInt64()) return value.GetInt64();
  if (value.IsDouble() && std::abs(value.GetDouble()) < kExactMax)
    return static_cast<std::int64_t>(value.GetDouble());
  return value.IsString() ? iso_ms(text_of(value)) : 0;
}

std::string iso_text(std::int64_t unix_ms) {
  using namespace std::chrono;
  const sys_time<milliseconds> at{milliseconds(unix_ms)};
  const auto midnight = floor<days>(at);
  const year_month_day day(midnight);
  const hh_mm_ss<milliseconds> time(at - midnight);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", static_cast<int>(day.year()),
                     static_cast<unsigned>(day.month()), static_cast<unsigned>(day.day()),
                     time.hours().count(), time.minutes().count(), time.seconds().count(),
                     time.subseconds().count());
}
}  // namespace tandem::highlevel
