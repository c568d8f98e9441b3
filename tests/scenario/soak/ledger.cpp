#include "tests/scenario/soak/ledger.h"

#include <algorithm>
#include <cctype>
#include <iterator>

#include "tests/scenario/world_fields.h"

namespace tandem::soak {
namespace {
Words minus(const Words& a, const Words& b) {
  Words out;
  std::set_difference(a.begin(), a.end(), b.begin(), b.end(), std::inserter(out, out.end()));
  return out;
}
}  // namespace

std::string lowered(std::string text) {
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

Words words_of(const std::string& field, const std::string& value) {
  Words out;
  const std::string text = lowered(value);
  if (field != "name" && field != "tags") {
    if (!text.empty()) out.insert(text);
    return out;
  }
  const char* gaps = field == "name" ? " " : ",;[]\"";  // tags come as a JSON list, too
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find_first_of(gaps, at), text.size());
    std::size_t from = at, to = end;
    while (from < to && text[from] == ' ') ++from;
    while (to > from && text[to - 1] == ' ') --to;
    if (to > from) out.insert(text.substr(from, to - from));
    at = end + 1;
  }
  return out;
}

std::string canonical_of(Side side, const std::string& wire_field, const sim::highlevel::Model& highlevel) {
  if (side == Side::ctm) {
    if (wire_field == "tag_list") return "tags";
    if (wire_field == "number") return "phone";
    for (const auto& [name, key] : kCtmKeys)
      if (wire_field == key) return std::string(name);
    return wire_field;  // name; the halves of one stay what they are
  }
  if (wire_field == "firstName" || wire_field == "lastName") return "name";
  for (const auto& [name, field] : kHighLevelFields)
    if (wire_field == sim::highlevel::wire_name(field)) return std::string(name);
  const auto* defined = highlevel.definition("project_kind");
  if (defined != nullptr && wire_field == "customFields." + defined->id) return "custom:project_kind";
  return wire_field;
}

Words Entry::lost() const { return minus(was, is); }
Words Entry::gained() const { return minus(is, was); }

void Ledger::drain(int cycle, std::int64_t request) {
  for (; from_ctm_ < ctm_.writes().size(); ++from_ctm_)
    take(Side::ctm, ctm_.writes()[from_ctm_], cycle, request);
  for (; from_highlevel_ < highlevel_.writes().size(); ++from_highlevel_)
    take(Side::highlevel, highlevel_.writes()[from_highlevel_], cycle, request);
}

void Ledger::take(Side side, const sim::WriteEntry& write, int cycle, std::int64_t request) {
  Entry e;
  e.at_ms = write.at_ms;
  e.side = side;
  e.actor = write.actor;
  e.action = write.action;
  e.record = write.record_id;
  e.person = write.person;
  e.field = canonical_of(side, write.field, highlevel_);
  e.repeated = e.action == "cascade" && e.actor != "api";  // of the edit that stands beside it
  e.wire = write.field;
  e.old_text = write.old_value;
  e.new_text = write.new_value;
  e.cycle = cycle;
  e.request = request;
  add(std::move(e));
}

void Ledger::add(Entry entry) {
  entry.seq = entries_.size();
  entry.was = words_of(entry.field, entry.old_text);
  entry.is = words_of(entry.field, entry.new_text);
  if (entry.side == Side::ctm && !entry.person.empty()) callers_.emplace(entry.record, entry.person);
  if (entry.side == Side::ctm && entry.person.empty())
    if (const auto caller = callers_.find(entry.record); caller != callers_.end())
      entry.person = caller->second;
  const std::string self = (entry.side == Side::ctm ? "c:" : "h:") + entry.person;
  if (!entry.person.empty() && entry.person != "+") {
    for (const auto* text : {&entry.old_text, &entry.new_text}) {
      if (text->empty()) continue;
      if (entry.field == "phone") join(self, "c:" + *text);
      if (entry.field == "email") join(self, "e:" + lowered(*text));
      if (entry.field == "additionalPhones")
        for (const auto& phone : words_of("tags", *text)) join(self, "c:" + phone);  // a list, as tags are
      if (entry.field == "additionalEmails")
        for (const auto& email : words_of("tags", *text)) join(self, "e:" + email);
    }
  }
  entries_.push_back(std::move(entry));
}

std::string Ledger::group_of(const std::string& key) {
  std::string top = key;
  while (true) {
    const auto found = above_.find(top);
    if (found == above_.end() || found->second == top) break;
    top = found->second;
  }
  if (top != key) above_[key] = top;
  return top;
}

std::string Ledger::group_of(const Entry& entry) {
  return group_of((entry.side == Side::ctm ? "c:" : "h:") + entry.person);
}

void Ledger::join(const std::string& a, const std::string& b) {
  const std::string x = group_of(a), y = group_of(b);
  above_.emplace(x, x);
  above_.emplace(y, x);
  above_[y] = x;
  above_.emplace(a, x);
  above_.emplace(b, x);
}

std::set<std::string> Ledger::contacts_of(const std::string& group) {
  std::set<std::string> out;
  for (const auto& e : entries_)
    if (e.side == Side::highlevel && e.action == "create" && group_of(e) == group) out.insert(e.person);
  return out;
}

std::int64_t Ledger::entered(const std::string& group, const std::string& field, const std::string& word,
                             std::size_t until, bool weak, bool as_prefix) {
  for (std::size_t i = std::min(until, entries_.size()); i-- > 0;) {
    const Entry& e = entries_[i];
    if (e.by_us() || !e.changes() || e.field != field || ((e.unconfirmed || e.repeated) && !weak)) continue;
    const bool has = as_prefix ? std::ranges::any_of(e.is, [&](const auto& w) { return w.starts_with(word); })
                               : e.is.contains(word);
    if (has && group_of(e) == group) return static_cast<std::int64_t>(i);
  }
  return -1;
}

bool Ledger::shown(Side side, const std::string& group, const std::string& field, const std::string& word) {
  return std::ranges::any_of(entries_, [&](const Entry& e) {
    return e.side == side && e.field == field && e.is.contains(word) && group_of(e) == group;
  });
}

std::int64_t Ledger::cleared(const std::string& group, const std::string& field, std::size_t until) {
  for (std::size_t i = std::min(until, entries_.size()); i-- > 0;) {
    const Entry& e = entries_[i];
    if (e.by_us() || e.field != field || e.action == "redact") continue;
    // A name of fewer words takes a half away, on a call too.
    const bool blank = field == "name"
                           ? !e.lost().empty() || (e.action == "call" && !e.repeated && e.is.size() == 1)
                           : e.is.empty() && !e.was.empty();
    if (blank && group_of(e) == group) return static_cast<std::int64_t>(i);
  }
  return -1;
}
}  // namespace tandem::soak
