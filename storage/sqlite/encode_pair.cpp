#include <algorithm>
#include <map>
#include <tuple>
#include "storage/sqlite/damage.h"
#include "storage/sqlite/encode.h"
#include "storage/sqlite/field_code.h"

namespace tandem {
namespace {
// Who agreed on a field, when and at which count: most fields of a pair share it.
struct Change {
  std::int64_t version = 0;
  std::string changed_by;
  std::int64_t changed_at_ms = 0;
  PerSide<std::int64_t> edited_at_ms{};
  int answers = 0;
  bool operator==(const Change&) const = default;
  bool operator<(const Change& o) const {
    return std::tie(version, changed_by, changed_at_ms, edited_at_ms.ctm, edited_at_ms.highlevel, answers) <
           std::tie(o.version, o.changed_by, o.changed_at_ms, o.edited_at_ms.ctm, o.edited_at_ms.highlevel,
                    o.answers);
  }
};

Change change_of(const PairField& f) {
  return {f.version, f.changed_by, f.changed_at_ms, f.edited_at_ms, f.answers};
}

template <class Key, class Range, class Of>
Key most_common(const Range& range, Of of) {
  std::map<Key, int> counts;
  for (const auto& [name, item] : range) ++counts[of(item)];
  Key best{};
  int most = 0;
  for (const auto& [key, count] : counts)
    if (count > most) std::tie(best, most) = std::tie(key, count);
  return best;
}

// Times as the distance from pair.since_ms, which is short; null = 0. Wraps around, so that any
// two times come back.
void write_time(JsonWriter& out, std::int64_t time_ms, std::int64_t since_ms) {
  if (time_ms == 0) return out.null();
  out.number(
      static_cast<std::int64_t>(static_cast<std::uint64_t>(time_ms) - static_cast<std::uint64_t>(since_ms)));
}

std::int64_t read_time(const JsonValue& value, std::int64_t since_ms) {
  if (value.type == JsonValue::Type::null) return 0;
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(value.as_number()) +
                                   static_cast<std::uint64_t>(since_ms));
}

void write_change(JsonWriter& out, const Change& c, std::int64_t since_ms) {
  const bool answered = c.answers != 0;
  const bool highlevel = answered || c.edited_at_ms.highlevel != 0;
  const bool ctm = highlevel || c.edited_at_ms.ctm != 0;
  const bool at = ctm || c.changed_at_ms != 0;
  const bool by = at || !c.changed_by.empty();
  out.open_array();
  if (by || c.version != 0) out.number(c.version);
  if (by) out.text(c.changed_by);
  if (at) write_time(out, c.changed_at_ms, since_ms);
  if (ctm) write_time(out, c.edited_at_ms.ctm, since_ms);
  if (highlevel) write_time(out, c.edited_at_ms.highlevel, since_ms);
  if (answered) out.number(c.answers);
  out.close_array();
}

Change read_change(const JsonValue& value, std::int64_t since_ms) {
  const auto& items = value.as_array();
  Change c;
  if (!items.empty()) c.version = items[0].as_number();
  if (items.size() > 1) c.changed_by = items[1].as_text();
  if (items.size() > 2) c.changed_at_ms = read_time(items[2], since_ms);
  if (items.size() > 3) c.edited_at_ms.ctm = read_time(items[3], since_ms);
  if (items.size() > 4) c.edited_at_ms.highlevel = read_time(items[4], since_ms);
  if (items.size() > 5) c.answers = static_cast<int>(items[5].as_number());
  return c;
}

std::int64_t bits(const PerSide<bool>& flags) { return (flags.ctm ? 1 : 0) + (flags.highlevel ? 2 : 0); }

void write_field(JsonWriter& out, const std::string& name, const PairField& f, const Change& shared,
                 std::int64_t since_ms) {
  const bool agreed =
      f.base.ctm == f.base.highlevel && f.seen.ctm == f.base.ctm && f.seen.highlevel == f.base.ctm;
  const bool changed_alike = change_of(f) == shared;
  if (agreed && changed_alike && bits(f.unconfirmed) == 0) return write_entry(out, name, f.base.ctm);
  const auto member = [&](const char* key, const FieldValue& value, const FieldValue& usual) {
    if (value == usual) return;
    out.key(key);
    write_value(out, value);
  };
  out.open_object();
  out.key("k");
  out.text(code_of(name));
  member("b", f.base.ctm, FieldValue());
  member("B", f.base.highlevel, f.base.ctm);
  member("c", f.seen.ctm, f.base.ctm);
  member("h", f.seen.highlevel, f.base.highlevel);
  if (!changed_alike) {
    out.key("m");
    write_change(out, change_of(f), since_ms);
  }
  if (bits(f.unconfirmed) != 0) {
    out.key("u");
    out.number(bits(f.unconfirmed));
  }
  out.close_object();
}

std::pair<std::string, PairField> read_field(const JsonValue& value, const Change& shared,
                                             std::int64_t since_ms) {
  std::string name;
  PairField f;
  Change change = shared;
  if (value.type != JsonValue::Type::object) {
    std::tie(name, f.base.ctm) = read_entry(value);
    f.base.highlevel = f.seen.ctm = f.seen.highlevel = f.base.ctm;
  } else {
    const auto member = [&](const char* key, const FieldValue& usual) {
      const JsonValue* found = value.find(key);
      return found == nullptr ? usual : read_value(*found);
    };
    if (const JsonValue* k = value.find("k")) name = name_of(k->as_text());
    f.base.ctm = member("b", FieldValue());
    f.base.highlevel = member("B", f.base.ctm);
    f.seen.ctm = member("c", f.base.ctm);
    f.seen.highlevel = member("h", f.base.highlevel);
    if (const JsonValue* m = value.find("m")) change = read_change(*m, since_ms);
    if (const JsonValue* u = value.find("u"))
      f.unconfirmed = {(u->as_number() & 1) != 0, (u->as_number() & 2) != 0};
  }
  f.version = change.version;
  f.changed_by = change.changed_by;
  f.changed_at_ms = change.changed_at_ms;
  f.edited_at_ms = change.edited_at_ms;
  f.answers = change.answers;
  return {name, f};
}

using Tags = std::optional<TagSet>;

void write_tags(JsonWriter& out, const Tags& tags) {
  if (tags)
    write_texts(out, *tags);
  else
    out.null();
}

Tags read_tags(const JsonValue* value, const Tags& usual) {
  if (value == nullptr) return usual;
  if (value->type == JsonValue::Type::null) return std::nullopt;
  TagSet out;
  for (const JsonValue& item : value->as_array()) out.insert(item.as_text());
  return out;
}

// What a side most likely shows under a native name: the pair's field; for the whole name, its parts.
FieldValue shown_by_pair(const PairState& pair, std::string_view name, Side side) {
  const auto seen = [&](std::string_view field) {
    const auto it = pair.fields.find(field);
    return it == pair.fields.end() ? FieldValue() : it->second.seen[side];
  };
  if (name != "name" || pair.fields.contains("name")) return seen(name);
  const std::string first = seen("first_name").text(), last = seen("last_name").text();
  return FieldValue::of(first + (first.empty() || last.empty() ? "" : " ") + last);
}

void write_fold(JsonWriter& out, const PairState& pair, Side side) {
  const FoldState& fold = pair.fold[side];
  const auto shared = most_common<std::int64_t>(fold, [](const FoldField& f) { return f.edited_at_ms; });
  std::string plain;
  const auto as_the_pair = [&](const std::string& name, const FoldField& f) {
    return f.value == shown_by_pair(pair, name, side);
  };
  const auto is_plain = [&](const std::string& name, const FoldField& f) {
    return code_of(name).size() == 1 && as_the_pair(name, f) && !f.unconfirmed && f.edited_at_ms == shared &&
           f.replaced.empty();
  };
  out.open_object();
  if (shared != 0) {
    out.key("0");
    write_time(out, shared, pair.since_ms);
  }
  for (const auto& [name, f] : fold)
    if (is_plain(name, f)) plain += code_of(name);
  if (!plain.empty()) {
    out.key("1");
    out.text(plain);
  }
  for (const auto& [name, f] : fold) {
    if (is_plain(name, f)) continue;
    out.key(code_of(name));
    out.open_object();
    if (!as_the_pair(name, f)) {
      out.key("v");
      write_value(out, f.value);
    }
    if (f.unconfirmed) {
      out.key("u");
      out.number(1);
    }
    if (f.edited_at_ms != shared) {
      out.key("e");
      write_time(out, f.edited_at_ms, pair.since_ms);
    }
    if (!f.replaced.empty()) {
      out.key("r");
      out.open_array();
      for (const FieldValue& value : f.replaced) write_value(out, value);
      out.close_array();
    }
    out.close_object();
  }
  out.close_object();
}

void read_fold(const JsonValue& value, PairState& pair, Side side) {
  FoldState& fold = pair.fold[side];
  const JsonValue* zero = value.find("0");
  const std::int64_t shared = zero == nullptr ? 0 : read_time(*zero, pair.since_ms);
  for (std::size_t i = 0; i < value.keys.size(); ++i) {
    if (value.keys[i] == "0") continue;
    const JsonValue& item = value.items[i];
    if (value.keys[i] == "1") {
      for (const char letter : item.as_text()) {
        const std::string name = name_of(std::string_view(&letter, 1));
        fold[name] = FoldField{shown_by_pair(pair, name, side), false, shared, {}};
      }
      continue;
    }
    const std::string name = name_of(value.keys[i]);
    FoldField f;
    const JsonValue* own = item.as_object().find("v");
    f.value = own == nullptr ? shown_by_pair(pair, name, side) : read_value(*own);
    f.unconfirmed = item.find("u") != nullptr;
    const JsonValue* edited = item.find("e");
    f.edited_at_ms = edited == nullptr ? shared : read_time(*edited, pair.since_ms);
    if (const JsonValue* replaced = item.find("r"))
      for (const JsonValue& old : replaced->as_array()) f.replaced.push_back(read_value(old));
    fold[name] = std::move(f);
  }
}
}  // namespace

Encoded encode_fields(const PairState& pair) {
  if (pair.fields.empty()) return std::nullopt;
  const auto shared = most_common<Change>(pair.fields, change_of);
  JsonWriter out;
  out.open_array();
  write_change(out, shared, pair.since_ms);
  for (const auto& [name, field] : pair.fields) write_field(out, name, field, shared, pair.since_ms);
  out.close_array();
  return out.take();
}

void decode_fields(std::string_view text, PairState& pair) {
  const JsonValue all = read_json(text);
  Change shared;
  bool first = true;
  for (const JsonValue& item : all.as_array()) {
    if (first)
      shared = read_change(item, pair.since_ms);
    else
      pair.fields.insert(read_field(item, shared, pair.since_ms));
    first = false;
  }
}

Encoded encode_tags(const PairState& pair) {
  const Change change{
      pair.tags_version, pair.tags_changed_by, pair.tags_changed_at_ms, {}, pair.tags_answers};
  JsonWriter out;
  out.open_object();
  bool any = change != Change{};
  const auto member = [&](const char* key, const Tags& tags, const Tags& usual) {
    if (tags == usual) return;
    any = true;
    out.key(key);
    write_tags(out, tags);
  };
  member("b", pair.base_tags.ctm, std::nullopt);
  member("B", pair.base_tags.highlevel, pair.base_tags.ctm);
  member("c", pair.seen_tags.ctm, pair.base_tags.ctm);
  member("h", pair.seen_tags.highlevel, pair.base_tags.highlevel);
  if (change != Change{}) {
    out.key("m");
    write_change(out, change, pair.since_ms);
  }
  out.close_object();
  if (!any) return std::nullopt;
  return out.take();
}

void decode_tags(std::string_view text, PairState& pair) {
  const JsonValue all = read_json(text);
  pair.base_tags.ctm = read_tags(all.as_object().find("b"), std::nullopt);
  pair.base_tags.highlevel = read_tags(all.find("B"), pair.base_tags.ctm);
  pair.seen_tags.ctm = read_tags(all.find("c"), pair.base_tags.ctm);
  pair.seen_tags.highlevel = read_tags(all.find("h"), pair.base_tags.highlevel);
  if (const JsonValue* m = all.find("m")) {
    const Change change = read_change(*m, pair.since_ms);
    pair.tags_version = change.version;
    pair.tags_changed_by = change.changed_by;
    pair.tags_changed_at_ms = change.changed_at_ms;
    pair.tags_answers = change.answers;
  }
}

Encoded encode_fold(const PairState& pair) {
  if (pair.fold.ctm.empty() && pair.fold.highlevel.empty()) return std::nullopt;
  JsonWriter out;
  out.open_object();
  for (const Side side : kSides)
    if (!pair.fold[side].empty()) {
      out.key(side == Side::ctm ? "c" : "h");
      write_fold(out, pair, side);
    }
  out.close_object();
  return out.take();
}

void decode_fold(std::string_view text, PairState& pair) {
  const JsonValue all = read_json(text);
  for (const Side side : kSides)
    if (const JsonValue* one = all.as_object().find(side == Side::ctm ? "c" : "h"))
      read_fold(*one, pair, side);
}

Encoded encode_resolutions(const std::map<std::string, Resolution, std::less<>>& resolutions) {
  if (resolutions.empty()) return std::nullopt;
  JsonWriter out;
  out.open_object();
  for (const auto& [field, r] : resolutions) {
    out.key(code_of(field));
    out.open_array();
    out.number(static_cast<std::int64_t>(r.take));
    out.text(r.value);
    write_value(out, r.decided_on.ctm);
    write_value(out, r.decided_on.highlevel);
    if (!r.why.empty() || r.only) out.text(r.why);
    if (r.only) out.number(static_cast<std::int64_t>(*r.only));
    out.close_array();
  }
  out.close_object();
  return out.take();
}

void decode_resolutions(std::string_view text, PairState& pair) {
  const JsonValue all = read_json(text);
  for (std::size_t i = 0; i < all.as_object().keys.size(); ++i) {
    const auto& parts = all.items[i].as_array(std::clamp<std::size_t>(all.items[i].items.size(), 4, 6));
    Resolution r;
    if (parts.size() > 4) r.why = parts[4].as_text();
    if (parts.size() > 5) r.only = stored_as<Side>(parts[5].as_number());
    r.take = stored_as<Resolution::Take>(parts[0].as_number());
    r.value = parts[1].as_text();
    r.decided_on = {read_value(parts[2]), read_value(parts[3])};
    pair.resolutions.emplace(name_of(all.keys[i]), std::move(r));
  }
}

Encoded encode_fate(const PairState& pair) {
  if (pair.deleted_ms == PerSide<std::int64_t>{} && pair.dead_mark_ms == 0 && !pair.left_alone)
    return std::nullopt;
  JsonWriter out;
  out.open_array();
  for (const Side side : kSides) out.number(pair.deleted_ms[side]);
  out.number(pair.dead_mark_ms);
  out.boolean(pair.left_alone);
  out.close_array();
  return out.take();
}

void decode_fate(std::string_view text, PairState& pair) {
  const JsonValue all = read_json(text);
  const auto& items = all.as_array(4);
  pair.deleted_ms = {items[0].as_number(), items[1].as_number()};
  pair.dead_mark_ms = items[2].as_number();
  pair.left_alone = items[3].truth;
}
}  // namespace tandem
