// How CTM writes a value that may be blank, a number in its spellings, an address, custom fields.
// Only ctm_shape*.cpp include this.
#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "tests/sim/ctm_phone.h"
#include "tests/sim/ctm_shape.h"

namespace tandem::sim {

enum class CtmBlank : std::uint8_t { null, empty, absent };  // of an unset key under empty_style=mixed

class CtmShaper {
 public:
  CtmShaper(JsonOut& out, const Switches& sw, const CtmProjection* projection = nullptr);
  [[nodiscard]] bool wants(std::string_view key) const;
  void text(std::string_view key, std::string_view value, CtmBlank mixed);
  template <class T>
  void field(std::string_view key, const T& value) {
    if (wants(key)) out_.field(key, value);
  }
  void null_field(std::string_view key) {
    if (wants(key)) out_.null_field(key);
  }
  void empty_array(std::string_view key) {
    if (wants(key)) out_.key(key).begin_array().end_array();
  }
  void address(const CtmIdentity& who);        // flat keys
  void address_block(const CtmIdentity& who);  // one nested object
  void number(std::string_view stem, const CtmNumberForms& forms, bool split);
  void format(std::string_view stem, const CtmNumberForms& forms, bool split);
  void custom(const std::map<std::string, std::string>& values, const CtmAccount& account, CtmBlank mixed);

 private:
  JsonOut& out_;
  const Switches& sw_;
  const std::string& style_;
  const CtmProjection* projection_;
};
}  // namespace tandem::sim
