#include "storage/sqlite/json_text.h"
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>
#include <limits>
#include "core/ports/state_store.h"
#include "tests/conformance/state_generators.h"

namespace tandem {
namespace {
std::string written(const std::string& text) {
  JsonWriter out;
  out.text(text);
  return out.take();
}

TEST(JsonText, WritesWhatSqliteReads) {
  JsonWriter out;
  out.open_object();
  out.key("a");
  out.open_array();
  out.number(std::numeric_limits<std::int64_t>::min());
  out.boolean(true);
  out.null();
  out.close_array();
  out.key("b\"");
  out.text("line\nend\\");
  out.key("c");
  out.open_object();
  out.close_object();
  out.close_object();
  EXPECT_EQ(out.take(), R"({"a":[-9223372036854775808,true,null],"b\"":"line\u000aend\\","c":{}})");
}

RC_GTEST_PROP(JsonText, AnyTextComesBack, ()) {
  const std::string text = generate::text();
  RC_ASSERT(read_json(written(text)).as_text() == text);
}

RC_GTEST_PROP(JsonText, AnyNumberComesBack, ()) {
  const std::int64_t number = generate::number();
  JsonWriter out;
  out.number(number);
  RC_ASSERT(read_json(out.take()).as_number() == number);
}

TEST(JsonText, EveryByteButNulComesBackUnchanged) {
  std::string all;
  for (int c = 1; c < 256; ++c) all += static_cast<char>(c);
  EXPECT_EQ(read_json(written(all)).as_text(), all);
}

TEST(JsonText, RefusesWhatItWouldNotHaveWritten) {
  for (const char* text :
       {"", "nul", "{", "[1", "[1,]", "\"a", "{\"a\"}", "{a:1}", "[1] ", "1.5", "1e3", "\"\\x\"",
        "\"\\u0041\"", "\"\\u00\"", "99999999999999999999", "[[[[[[[[[[1]]]]]]]]]]", "{\"a\":1,}"}) {
    SCOPED_TRACE(text);
    try {
      static_cast<void>(read_json(text));
      ADD_FAILURE() << "was read";
    } catch (const StoreError& e) {
      EXPECT_EQ(e.kind, StoreError::Kind::corrupt);
    }
  }
}

TEST(JsonText, SaysWhenAValueIsOfAnotherType) {
  const JsonValue list = read_json("[1,\"a\",{}]");
  EXPECT_THROW(static_cast<void>(list.items[0].as_text()), StoreError);
  EXPECT_THROW(static_cast<void>(list.items[1].as_number()), StoreError);
  EXPECT_THROW(static_cast<void>(list.items[2].as_array()), StoreError);
  EXPECT_THROW(static_cast<void>(list.as_object()), StoreError);
}

RC_GTEST_PROP(JsonText, ACutTextIsNeverRead, ()) {
  JsonWriter out;
  out.open_array();
  out.text(generate::text());
  out.number(generate::below(1000));
  out.close_array();
  const std::string whole = out.take();
  const auto length = static_cast<std::size_t>(generate::below(static_cast<int>(whole.size())));
  RC_ASSERT_THROWS_AS(static_cast<void>(read_json(whole.substr(0, length))), StoreError);
}
}  // namespace
}  // namespace tandem
