// Facts learned by doing, kept with the state (see Replica::learned). Keys:
//   add_updates   yes | no:<unix s>: does add_contact change a row that is there already (P38)
//   add_trials    inconclusive tries to learn it
//   modify_verb   post | put
//   calls_page    rows per page of the activities, when the remote gives fewer than asked for
//   short:<date>  a day whose count says more activities than it shows, and how many
//   row_email     shown: list rows have the key
//   surface       what contact_surface = "auto" came to
//   record_*      split, stamp, flat: shape of account contacts; write: put | patch | no
//   replace:<number>  what a row under replacement shows beyond the mapping, as JSON
//   row_loses     <unix s>:<native fields>: what a replaced row showed and did not get back
#pragma once
#include <charconv>
#include <cstdint>
#include <map>
#include <string>

namespace tandem::ctm {

using Facts = std::map<std::string, std::string>;
// What a server was seen not to do with rows is tried again after this.
inline constexpr std::int64_t kAskAgainS = 30 * 86'400;

inline std::string fact(const Facts& facts, const std::string& key) {
  const auto found = facts.find(key);
  return found == facts.end() ? std::string{} : found->second;
}
inline std::int64_t fact_number(const Facts& facts, const std::string& key, std::int64_t otherwise) {
  const std::string text = fact(facts, key);
  std::int64_t value = otherwise;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}
}  // namespace tandem::ctm
