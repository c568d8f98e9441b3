// The spellings in which CTM shows one phone number.
#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace tandem::sim {

struct CtmNumberForms {
  std::string complete;            // "+12135550142"
  std::string bare;                // "2135550142"
  std::string format;              // "(213) 555-0142"
  std::vector<std::string> split;  // {"1", "213", "555", "0142"}; three parts outside +1
};

// Text that is no E.164 number comes back as it is in complete, bare and format, without a split.
[[nodiscard]] CtmNumberForms ctm_number_forms(std::string_view number);

// '+' and 8 to 15 digits, the first not 0: what CTM takes for E.164. Whether anybody has the number
// is not asked.
[[nodiscard]] bool ctm_is_e164(std::string_view number);

// A national US spelling as E.164; "" when it is none.
[[nodiscard]] std::string ctm_from_national_us(std::string_view text);
}  // namespace tandem::sim
