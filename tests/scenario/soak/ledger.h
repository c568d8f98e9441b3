// Everything that either system's log says, in the order it happened and in one vocabulary: who set which
// field of whom to what. The laws are judged by this, never by what the engine believes.
#pragma once
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "core/model/side.h"
#include "tests/sim/ctm_model.h"
#include "tests/sim/highlevel_model.h"

namespace tandem::soak {

using Words = std::set<std::string>;

struct Entry {
  std::size_t seq = 0;
  std::int64_t at_ms = 0;  // the remote systems' clock
  Side side = Side::ctm;
  std::string actor;   // api, or anybody else: staff, server, caller, person
  std::string action;  // as in the log; "call": what a new activity shows by itself
  std::string record;  // contact, row's contact or activity
  std::string person;  // contact id, or number
  std::string field;   // name email phone address1 ... tags; "" = the record itself, else the wire's own
  std::string wire;    // the field as the system calls it
  std::string old_text, new_text;  // as stored
  Words was, is;                   // lower case: the words of a name, else the value
  int cycle = 0;
  std::int64_t request = 0;  // of this life, counted over both sides; 0 = between cycles
  bool unconfirmed = false;  // a caller-ID name
  bool repeated =
      false;  // shown by a new call or row because CTM's record has it; or carried on to another record
  bool unseen = false;  // api: it replaced what somebody entered after the last reading of it (P2)
  bool answer = false;  // of a workflow or a second tool, to a write of ours
  [[nodiscard]] bool by_us() const { return actor == "api"; }
  [[nodiscard]] bool changes() const { return old_text != new_text; }
  [[nodiscard]] Words lost() const;
  [[nodiscard]] Words gained() const;
};

class Ledger {
 public:
  Ledger(const sim::CtmModel& ctm, const sim::highlevel::Model& highlevel)
      : ctm_(ctm), highlevel_(highlevel) {}

  // Takes over what the systems have logged since the last time.
  void drain(int cycle, std::int64_t request);
  // What no log shows: the name and address an activity came with, a value that a person decided on.
  void add(Entry entry);

  [[nodiscard]] const std::vector<Entry>& entries() const { return entries_; }
  [[nodiscard]] std::vector<Entry>& entries() { return entries_; }
  [[nodiscard]] std::size_t now() const { return entries_.size(); }

  // Who may be one person: whatever ever shared a number or an address. "c:NUMBER", "h:ID", "e:ADDRESS".
  [[nodiscard]] std::string group_of(const std::string& key);
  [[nodiscard]] std::string group_of(const Entry& entry);
  [[nodiscard]] std::set<std::string> contacts_of(const std::string& group);  // ids, gone ones too

  // When somebody (not us) last set the field of that group to a value with this word, before `until`;
  // -1 = never. Unconfirmed names and repeated values only where asked.
  [[nodiscard]] std::int64_t entered(const std::string& group, const std::string& field,
                                     const std::string& word, std::size_t until, bool weak = false,
                                     bool as_prefix = false);
  // The same side's log shows the word there after `since`, whoever wrote it.
  [[nodiscard]] bool shown(Side side, const std::string& group, const std::string& field,
                           const std::string& word);
  // When somebody last took the value away, or a word of a name; -1 = never.
  [[nodiscard]] std::int64_t cleared(const std::string& group, const std::string& field, std::size_t until);

 private:
  void take(Side side, const sim::WriteEntry& write, int cycle, std::int64_t request);
  void join(const std::string& a, const std::string& b);

  const sim::CtmModel& ctm_;
  const sim::highlevel::Model& highlevel_;
  std::size_t from_ctm_ = 0, from_highlevel_ = 0;
  std::vector<Entry> entries_;
  std::map<std::string, std::string> above_;    // union-find
  std::map<std::string, std::string> callers_;  // activity -> number; one that is redacted names nobody
};

[[nodiscard]] std::string lowered(std::string text);
[[nodiscard]] Words words_of(const std::string& field, const std::string& value);
[[nodiscard]] std::string canonical_of(Side side, const std::string& wire_field,
                                       const sim::highlevel::Model& highlevel);
}  // namespace tandem::soak
