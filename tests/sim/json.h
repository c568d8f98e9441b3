// Building and reading JSON for the simulated wires, thin over RapidJSON.
#pragma once
#include <rapidjson/document.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tandem::sim {

using JsonValue = rapidjson::Value;

// Writes keys in the order of the calls. Every begin_ needs its end_; text() checks nothing.
class JsonOut {
 public:
  JsonOut() : writer_(buffer_) {}
  JsonOut& begin_object();
  JsonOut& end_object();
  JsonOut& begin_array();
  JsonOut& end_array();
  JsonOut& key(std::string_view name);
  JsonOut& value(std::string_view text);
  JsonOut& value(const char* text) { return value(std::string_view(text)); }
  JsonOut& value(const std::string& text) { return value(std::string_view(text)); }
  JsonOut& value(bool flag);
  JsonOut& value(std::int64_t number);
  JsonOut& value(int number) { return value(static_cast<std::int64_t>(number)); }
  JsonOut& value(std::size_t number) { return value(static_cast<std::int64_t>(number)); }
  JsonOut& value(double number);  // whole numbers without a fraction, as JavaScript writes them
  JsonOut& null();
  JsonOut& raw(std::string_view json);  // one complete JSON value
  template <class T>
  JsonOut& field(std::string_view name, const T& content) {
    return key(name).value(content);
  }
  JsonOut& null_field(std::string_view name) { return key(name).null(); }
  [[nodiscard]] std::string_view text() const { return {buffer_.GetString(), buffer_.GetSize()}; }
  [[nodiscard]] std::string take() const { return std::string(text()); }

 private:
  rapidjson::StringBuffer buffer_;
  rapidjson::Writer<rapidjson::StringBuffer> writer_;
};

// False when `text` is not one JSON value; trailing bytes count as an error.
[[nodiscard]] bool parse_json(std::string_view text, rapidjson::Document& into);
[[nodiscard]] std::string to_json(const JsonValue& value);

// nullptr when `object` is no object or has no such key.
[[nodiscard]] const JsonValue* member(const JsonValue& object, std::string_view name);
[[nodiscard]] std::string_view view(const JsonValue& string);
// nullopt when missing or not a string.
[[nodiscard]] std::optional<std::string> text_member(const JsonValue& object, std::string_view name);
[[nodiscard]] std::optional<std::int64_t> int_member(const JsonValue& object, std::string_view name);
}  // namespace tandem::sim
