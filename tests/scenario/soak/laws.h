// The laws of ../../../LAWS.md as far as a life can show them, one function each. They look at the ledger of
// both systems' logs, at the models, and at the documented views of the state.
#pragma once
#include <array>
#include <cstddef>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "tests/scenario/soak/life.h"

namespace tandem::soak {

// Laws whose behaviour is not built yet: they are checked and counted, and break nothing.
inline constexpr std::array<std::string_view, 0> kNotYet{};
[[nodiscard]] bool is_not_yet(std::string_view law);

class Laws {
 public:
  explicit Laws(Life& life) : life_(life) {}

  void after_request(std::size_t from, const std::string& method, const std::string& path);
  void after_cycle(std::size_t from);
  void at_the_end();

 private:
  // ---- laws_writes.cpp: of each write of ours
  void p1_justified(const Entry& e);
  void p1_justified_clear(const Entry& e);
  void p2_read_before(const Entry& e);
  void p2_newer_wins(const Entry& e);
  void p8_created_once(const Entry& e);
  void p11_echo(const Entry& e);
  void p12_deletes(const Entry& e);
  void p12_proof(const std::string& contact);
  void p13_brakes(std::size_t from);
  void p15_no_resurrection(const Entry& e);
  void p17_tag_calls(const Entry& e);
  void p23_brainwash(const Entry& e);
  void p34_caller_id(const Entry& e);
  void p35_nobody(const Entry& e);
  void p40_opt_out(const Entry& e);

  // ---- laws_end.cpp: when everything has settled
  void p3_quiescence();
  void p4_convergence();
  void p4_nobody_left_alone();
  void p9_no_open_intent();
  void p12_absence();
  void p16_conservation();
  void p17_tags();
  void p30_completeness();
  void p31_redaction();
  void p32_bounded();
  void p38_rows();
  void p43_nobody_dialled();

  // ---- laws_decisions.cpp: what people said, and who answers us
  void after_forget(const Entry& e);
  void unlinked_is_left_alone(const Entry& e);
  void p44_alias(const Entry& e);
  void note_forgotten();
  void rulings_hold();
  void forgotten_for_good();
  void removed_and_kept(const Forgotten& f);
  void p28_undo();
  void oscillation();
  [[nodiscard]] bool may_be_forgotten(Side side, const std::string& id);  // asked for, and approved
  [[nodiscard]] bool is_erased(Side side, const std::string& id);
  [[nodiscard]] bool was_forgotten(const Entry& e) const;  // and the history of it with them
  [[nodiscard]] static bool is_kept(const std::string& field);
  [[nodiscard]] std::map<std::string, std::string> state_text();
  [[nodiscard]] std::string wire_value(const std::string& id, const std::string& wire);

  void compare(const std::string& pair, const std::string& number, const std::string& id);
  [[nodiscard]] bool audited(const Entry& e);
  [[nodiscard]] bool decided(const Entry& e);  // a conflict, audited, that was decided against what was lost
  [[nodiscard]] bool travels(const std::string& field, Side to) const;
  [[nodiscard]] bool clears_travel(const std::string& field, Side to) const;
  [[nodiscard]] bool moved(const std::string& group);  // a number went from one record to another
  [[nodiscard]] bool excused(const std::string& pair, const std::string& field);  // listed as open
  [[nodiscard]] bool may_be_removed(const std::string& number, std::int64_t at_ms);
  [[nodiscard]] bool edited_unheard(const std::string& number, const std::string& contact, std::size_t until);
  [[nodiscard]] bool added_unseen(const Entry& e) const;  // a row, and a cycle began before its list shows it
  [[nodiscard]] bool is_of_another_pair(const Entry& write, const Entry& entered);
  [[nodiscard]] bool comes_late(const Entry& e) const;  // no listing before the state was lost could show it
  [[nodiscard]] std::int64_t lag_of(Side side) const;
  [[nodiscard]] std::ptrdiff_t visible_from(const Entry& e) const;  // the number of the cycle that can see it
  [[nodiscard]] std::string name_of(const Entry& e) const;
  [[nodiscard]] std::vector<sim::CtmRow> rows_of(const std::string& number);
  [[nodiscard]] std::set<std::string> own_numbers() const;
  [[nodiscard]] std::string highlevel_value(const std::string& id, const std::string& field);

  Life& life_;
};
}  // namespace tandem::soak
