#include "storage/sqlite/json_text.h"
#include <fmt/format.h>
#include <charconv>
#include "storage/sqlite/damage.h"

namespace tandem {
namespace {
constexpr int kDepth = 8;  // the deepest thing we write has five levels

class Reader {
 public:
  explicit Reader(std::string_view text) : rest_(text) {}

  JsonValue whole() {
    JsonValue out = value(0);
    if (!rest_.empty()) damaged("text after its end");
    return out;
  }

 private:
  JsonValue value(int depth) {
    if (depth > kDepth) damaged("nested too deep");
    JsonValue out;
    if (accept('{')) {
      out.type = JsonValue::Type::object;
      if (accept('}')) return out;
      do {
        expect('"');
        out.keys.push_back(quoted());
        expect(':');
        out.items.push_back(value(depth + 1));
      } while (accept(','));
      expect('}');
    } else if (accept('[')) {
      out.type = JsonValue::Type::array;
      if (accept(']')) return out;
      do out.items.push_back(value(depth + 1));
      while (accept(','));
      expect(']');
    } else if (accept('"')) {
      out.type = JsonValue::Type::text;
      out.text = quoted();
    } else if (accept_word("null")) {
      out.type = JsonValue::Type::null;
    } else if (accept_word("true")) {
      out.type = JsonValue::Type::boolean;
      out.truth = true;
    } else if (accept_word("false")) {
      out.type = JsonValue::Type::boolean;
    } else {
      out.type = JsonValue::Type::number;
      const auto [end, error] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), out.integer);
      if (error != std::errc()) damaged("neither a value nor a number");
      rest_.remove_prefix(static_cast<std::size_t>(end - rest_.data()));
    }
    return out;
  }

  std::string quoted() {
    std::string out;
    while (true) {
      const auto stop = rest_.find_first_of("\"\\");
      if (stop == std::string_view::npos) damaged("text without an end");
      out.append(rest_.substr(0, stop));
      const char mark = rest_[stop];
      rest_.remove_prefix(stop + 1);
      if (mark == '"') return out;
      if (accept('"'))
        out += '"';
      else if (accept('\\'))
        out += '\\';
      else if (accept_word("u00"))
        out += control();
      else
        damaged("unknown escape");
    }
  }

  char control() {
    unsigned code = 0;
    if (rest_.size() < 2) damaged("text without an end");
    const auto [end, error] = std::from_chars(rest_.data(), rest_.data() + 2, code, 16);
    if (error != std::errc() || end != rest_.data() + 2 || code >= 0x20) damaged("unknown escape");
    rest_.remove_prefix(2);
    return static_cast<char>(code);
  }

  bool accept(char c) {
    if (rest_.empty() || rest_.front() != c) return false;
    rest_.remove_prefix(1);
    return true;
  }
  bool accept_word(std::string_view word) {
    if (rest_.substr(0, word.size()) != word) return false;
    rest_.remove_prefix(word.size());
    return true;
  }
  void expect(char c) {
    if (!accept(c)) damaged("cut or overwritten");
  }

  std::string_view rest_;
};
}  // namespace

void JsonWriter::separate() {
  if (comma_) out_ += ',';
  comma_ = true;
}

void JsonWriter::open(char bracket) {
  separate();
  out_ += bracket;
  comma_ = false;
}

void JsonWriter::close(char bracket) {
  out_ += bracket;
  comma_ = true;
}

void JsonWriter::quote(std::string_view text) {
  out_ += '"';
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out_ += '\\';
      out_ += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      fmt::format_to(std::back_inserter(out_), "\\u{:04x}", static_cast<unsigned>(c));
    } else {
      out_ += c;
    }
  }
  out_ += '"';
}

void JsonWriter::key(std::string_view name) {
  separate();
  quote(name);
  out_ += ':';
  comma_ = false;
}

void JsonWriter::text(std::string_view value) {
  separate();
  quote(value);
}

void JsonWriter::number(std::int64_t value) {
  separate();
  fmt::format_to(std::back_inserter(out_), "{}", value);
}

void JsonWriter::boolean(bool value) {
  separate();
  out_ += value ? "true" : "false";
}

void JsonWriter::null() {
  separate();
  out_ += "null";
}

const JsonValue* JsonValue::find(std::string_view key) const {
  for (std::size_t i = 0; i < keys.size(); ++i)
    if (keys[i] == key) return &items[i];
  return nullptr;
}

const std::string& JsonValue::as_text() const {
  if (type != Type::text) damaged("no text where text belongs");
  return text;
}

std::int64_t JsonValue::as_number() const {
  if (type != Type::number) damaged("no number where a number belongs");
  return integer;
}

const std::vector<JsonValue>& JsonValue::as_array() const {
  if (type != Type::array) damaged("no list where a list belongs");
  return items;
}

const std::vector<JsonValue>& JsonValue::as_array(std::size_t size) const {
  if (as_array().size() != size) damaged("a list of another length");
  return items;
}

const JsonValue& JsonValue::as_object() const {
  if (type != Type::object) damaged("no object where an object belongs");
  return *this;
}

JsonValue read_json(std::string_view text) { return Reader(text).whole(); }
}  // namespace tandem
