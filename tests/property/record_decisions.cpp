#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <utility>

#include "core/merge/plan.h"
#include "tests/property/decisions.h"

namespace tandem::decisions {
namespace {

const char* const kField = "city";
const std::string kId[] = {"+13125550123", "aB3dE5fG7hJ9kL1mN2pQ"};  // by Side

const std::string& id_of(Side s) { return kId[static_cast<int>(s)]; }

void show(PairState& pair, Side s, const FieldValue& field) {
  pair.record[s] = RecordId{id_of(s)};
  for (const char* name : {"phone", "email", kField}) pair.fields[name];
  pair.fields["phone"].seen[s] = FieldValue::of(id_of(Side::ctm));
  pair.fields["email"].seen[s] = FieldValue::of("a@example.org");
  pair.fields[kField].seen[s] = field;
  pair.seen_tags[s] = TagSet{};
}

// What a pair holds of a record in that state. `status`: what the state makes of the whole pair, where it
// makes something of it.
struct RecordState {
  const char* name;
  const char* meaning;
  void (*hold)(PairState&, Side);
  std::optional<PairStatus> status;
};
const RecordState kRecords[] = {
    {"never", "that side never had it", [](PairState&, Side) {}, {}},
    {"present",
     "shows what it showed",
     [](PairState& p, Side s) { show(p, s, FieldValue::of("Aurora")); },
     {}},
    {"edited",
     "one field shows another value",
     [](PairState& p, Side s) { show(p, s, FieldValue::of(s == Side::ctm ? "Elgin" : "Joliet")); },
     {}},
    {"deleted",
     "its deletion is proved",
     [](PairState& p, Side s) {
       show(p, s, FieldValue::of("Aurora"));
       p.deleted_ms[s] = 1;
     },
     {}},
    {"out of scope", "left the list or the filter",
     [](PairState& p, Side s) { show(p, s, FieldValue::of("Aurora")); }, PairStatus::ignored},
    {"held", "ambiguous, waits for a person",
     [](PairState& p, Side s) { show(p, s, FieldValue::of("Aurora")); }, PairStatus::held},
};

// linked and tombstone: one pair of both records, which have agreed once. unlinked: a pair of each.
struct LinkState {
  const char* name;
  PairStatus both;
  bool joined;
};
const LinkState kLinks[] = {{"linked", PairStatus::linked, true},
                            {"unlinked", PairStatus::held, false},
                            {"tombstone", PairStatus::tombstone, true}};

struct Setting {
  const char* name;
  void (*apply)(Policy&);
};
const Setting kSettings[] = {
    {"defaults: deletes `ask`", [](Policy&) {}},
    {"deletes `propagate`",
     [](Policy& p) {
       p.on_delete = {OnDelete::propagate, OnDelete::propagate};
     }},
    {"deletes `keep`",
     [](Policy& p) {
       p.on_delete = {OnDelete::keep, OnDelete::keep};
     }},
    {"`create` off on both sides",
     [](Policy& p) {
       p.create = {false, false};
     }},
};

PerSide<Capabilities> both_can() {
  PerSide<Capabilities> can;
  for (const Side s : kSides) {
    can[s].create = can[s].update = can[s].remove = can[s].has_records = can[s].tags = true;
    for (const auto& rule : Mapping::standard_rules())
      can[s].surface[SourceKind::record][rule.name] = Access::read_write;
  }
  can.ctm.keyed_by_phone = true;
  return can;
}

void agree_once(PairState& pair) {
  for (auto& [name, field] : pair.fields) {
    const std::string value = name == "phone"  ? id_of(Side::ctm)
                              : name == kField ? "Aurora"
                                               : "a@example.org";
    field.base = {FieldValue::of(value), FieldValue::of(value)};
  }
  pair.base_tags = {TagSet{}, TagSet{}};
}

std::string title(Side s) { return s == Side::ctm ? "CTM" : "HighLevel"; }

void tell(const PairPlan& plan, std::vector<std::string>& out) {
  for (const auto& w : plan.writes) {
    std::string text = std::string(to_text(w.write.kind)) + " in " + title(w.side);
    if (w.write.kind == WriteKind::update) {
      std::vector<std::string> names;
      for (const auto& [name, value] : w.fields) names.push_back(name == kField ? "the edited field" : name);
      text += ": " + joined(names, ", ");
    }
    if (!w.ask.empty()) text += ", waits for approval";
    out.push_back(text);
  }
  for (const auto& c : plan.conflicts)
    out.push_back(c.field == kField ? "the field is **held**" : c.field + " held");
  for (const auto& b : plan.bases)
    if (!b.agreed) out.push_back("known as it is");
  if (plan.ending) out.push_back(plan.ending->reason + ": " + std::string(to_text(plan.ending->status)));
  if (!plan.note.empty()) out.push_back("nothing: " + plan.note);
}

std::string decide(const RecordState& ctm, const RecordState& highlevel, const LinkState& link,
                   const Setting& setting) {
  Policy policy;
  policy.mapping = Mapping(Mapping::standard_rules(), "US");
  setting.apply(policy);
  const PerSide<Capabilities> can = both_can();
  const PerSide<const RecordState*> states{&ctm, &highlevel};
  const auto ask = [&](const PairState& pair, std::vector<std::string>& out) {
    PlanInput input;
    input.pair = &pair;
    input.capabilities = {&can.ctm, &can.highlevel};
    tell(plan(input, policy), out);
  };
  std::vector<std::string> out;
  if (link.joined) {
    PairState pair;
    pair.id = PairId{1};
    pair.status = link.both;
    for (const Side s : kSides) states[s]->hold(pair, s);
    agree_once(pair);
    for (const Side s : kSides)
      if (link.both == PairStatus::linked && states[s]->status) pair.status = *states[s]->status;
    ask(pair, out);
  } else {
    for (const Side s : kSides) {
      PairState pair;
      pair.id = PairId{1 + static_cast<int>(s)};
      pair.status = states[s]->status.value_or(only(s));
      states[s]->hold(pair, s);
      if (!pair.record[s].text.empty()) ask(pair, out);
    }
  }
  return out.empty() ? "nothing" : joined(out, "; ");
}
}  // namespace

std::string records() {
  Answers answers("R");
  std::vector<std::vector<std::string>> decided;
  std::string matrices;
  for (const auto& link : kLinks) {
    std::vector<std::string> names{std::string(link.name) + ": CTM \\ HighLevel"};
    for (const auto& state : kRecords) names.emplace_back(state.name);
    matrices += head(names);
    for (const auto& ctm : kRecords) {
      std::vector<std::string> cells{"**" + std::string(ctm.name) + "**"};
      for (const auto& highlevel : kRecords) {
        std::vector<std::string> row;
        for (const auto& setting : kSettings) row.push_back(decide(ctm, highlevel, link, setting));
        const std::size_t known = answers.all().size();
        cells.push_back(answers.number_of(joined(row, "\n")));
        if (answers.all().size() > known) decided.push_back(row);
      }
      matrices += line(cells);
    }
    matrices += "\n";
  }
  std::vector<std::string> columns{""};
  for (const auto& setting : kSettings) columns.emplace_back(setting.name);
  std::string rows = head(columns);
  for (std::size_t i = 0; i < decided.size(); ++i) {
    std::vector<std::string> cells{"R" + std::to_string(i + 1)};
    cells.insert(cells.end(), decided[i].begin(), decided[i].end());
    rows += line(cells);
  }
  std::string words;
  for (const auto& state : kRecords)
    words += (words.empty() ? "" : "; ") + ("**" + std::string(state.name) + "** " + state.meaning);
  return "## Two records\n\nWhat a record is on its side: " + words +
         ".\n\n**linked**: one pair that has agreed before; it has both records, and `never` "
         "says what the planner would do if it had not. **unlinked**: a pair of each record, which found "
         "no "
         "partner. **tombstone**: a pair whose deletion was agreed.\n\n" +
         matrices + rows;
}
}  // namespace tandem::decisions
