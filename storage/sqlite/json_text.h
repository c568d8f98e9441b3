// JSON text as the state keeps it: written by us, read by us and by SQLite's json functions in the
// views. Not a general JSON library: no fractions, and a reader that refuses what the writer would
// not have written.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tandem {

class JsonWriter {
 public:
  void open_object() { open('{'); }
  void close_object() { close('}'); }
  void open_array() { open('['); }
  void close_array() { close(']'); }
  void key(std::string_view name);
  void text(std::string_view value);
  void number(std::int64_t value);
  void boolean(bool value);
  void null();
  [[nodiscard]] std::string take() { return std::move(out_); }

 private:
  void open(char bracket);
  void close(char bracket);
  void separate();
  void quote(std::string_view text);
  std::string out_;
  bool comma_ = false;
};

struct JsonValue {
  enum class Type : std::uint8_t { null, boolean, number, text, array, object };
  Type type = Type::null;
  bool truth = false;
  std::int64_t integer = 0;
  std::string text;
  std::vector<JsonValue> items;   // of an array, or of an object
  std::vector<std::string> keys;  // of an object, one per item

  [[nodiscard]] const JsonValue* find(std::string_view key) const;  // nullptr: not there
  // StoreError::corrupt when it is of another type.
  [[nodiscard]] const std::string& as_text() const;
  [[nodiscard]] std::int64_t as_number() const;
  [[nodiscard]] const std::vector<JsonValue>& as_array() const;
  [[nodiscard]] const std::vector<JsonValue>& as_array(std::size_t size) const;  // or of another size
  [[nodiscard]] const JsonValue& as_object() const;
};

// StoreError::corrupt when it is not exactly one value.
[[nodiscard]] JsonValue read_json(std::string_view text);
}  // namespace tandem
