#include "core/merge/fold.h"

#include <xxhash.h>

#include <algorithm>
#include <tuple>

#include <fmt/format.h>

#include "core/model/normalise.h"
#include "core/tuning.h"

namespace tandem {
namespace {

constexpr std::string_view kName = "name";

// Sources of one moment: a row was read after the activities of that moment, and a person's edit was
// seen after both. One millisecond apart is that order; remote stamps are whole seconds.
constexpr std::int64_t kRowRank = 1, kEditRank = 2;

bool is_one_of(const std::vector<FieldValue>& values, const FieldValue& v) {
  return std::find(values.begin(), values.end(), v) != values.end();
}

// What a value on its own is worth. Total and independent of order: the greatest of a set wins.
struct Weight {
  bool confirmed;
  std::int64_t at_ms;
  std::string_view text;
  auto tied() const { return std::tie(confirmed, at_ms, text); }
};

// A value on a source that never showed the field. True when the fold now shows another value.
bool weigh_in(FoldField& field, const FieldValue& value, bool unconfirmed, std::int64_t at_ms) {
  if (is_one_of(field.replaced, value)) return false;                         // stale, not news
  if (field.value.is_cleared() && at_ms <= field.edited_at_ms) return false;  // history, cleared since
  if (field.value.is_value()) {
    const Weight have{!field.unconfirmed, field.edited_at_ms, field.value.text()};
    const Weight come{!unconfirmed, at_ms, value.text()};
    if (come.tied() <= have.tied()) return false;
  }
  const bool changed = field.value != value;
  field.value = value;
  field.unconfirmed = unconfirmed;
  field.edited_at_ms = at_ms;
  return changed;
}

// A known source shows another value than before: a person was there, or it followed one.
bool edit(FoldField& field, const FieldValue& value, std::int64_t at_ms) {
  std::erase(field.replaced, value);
  if (field.value == value && !field.unconfirmed) return false;
  field.value = value;
  field.unconfirmed = false;
  field.edited_at_ms = std::max(field.edited_at_ms, at_ms);
  return true;
}

// Shows what it showed before our write, or before one of several in quick succession.
bool is_lagging(const SourceRow& known, const FoldState& fold, const Reading& reading) {
  if (reading.now_ms >= known.lag_until_ms) return false;
  return std::any_of(reading.shown.begin(), reading.shown.end(), [&](const auto& entry) {
    const auto& [native, now] = entry;
    if (!now.is_observed() || value_of(known.shown, native) == now) return false;
    const auto field = fold.find(native);
    return value_of(known.before, native) == now ||
           (field != fold.end() && is_one_of(field->second.replaced, now));
  });
}

void remember_replaced(std::vector<FieldValue>& replaced, const FieldValue& value) {
  if (!value.is_value()) return;
  std::erase(replaced, value);
  replaced.push_back(value);
  if (replaced.size() > static_cast<std::size_t>(tuning::kReplacedKept)) replaced.erase(replaced.begin());
}

}  // namespace

FoldResult fold(const FoldState& before, const SourceRow* known, const Reading& reading) {
  FoldResult out{before, known == nullptr ? FieldMap{} : known->shown, {}, false};
  if (reading.redacted) return out;
  if (known != nullptr && is_lagging(*known, before, reading)) {
    out.lagging = true;
    return out;
  }
  const std::int64_t seen_ms = reading.at_ms + (reading.kind == SourceKind::row ? kRowRank : 0);
  const std::int64_t edit_ms = std::max(reading.at_ms, reading.high_water_ms) + kEditRank;
  for (const auto& [native, value] : reading.shown) {
    if (!value.is_observed()) continue;
    const FieldValue last = known == nullptr ? FieldValue() : value_of(known->shown, native);
    if (value == last) continue;
    // A blank activity is mere absence: what it showed before stays its last word.
    if (value.is_cleared() && last.is_value() && reading.kind == SourceKind::activity) continue;
    out.shown.insert_or_assign(native, value);
    if (value.is_cleared() && !last.is_value()) continue;
    if (known != nullptr && reading.now_ms < known->expected_until_ms &&
        value_of(known->expected, native) == value)
      continue;  // our own write, carried on
    const bool unconfirmed = native == kName && value.is_value() &&
                             is_unconfirmed_name(value.text(), reading.caller_id_name, reading.shown,
                                                 value_of(reading.shown, "phone").text());
    FoldField& field = out.fold[native];
    // Who clears what a source showed says nothing of what another one has been showing since.
    if (value.is_cleared() && field.value.is_value() && field.value != last) continue;
    const bool differs = last.is_observed();
    const bool changed =
        differs && !unconfirmed
            ? edit(field, value, edit_ms)
            // The carrier's data may come late: newer than what that source showed, no person's edit.
            : weigh_in(field, value, unconfirmed, differs ? reading.at_ms + kEditRank : seen_ms);
    if (changed && !unconfirmed) out.edited.push_back(native);
  }
  return out;
}

FoldState fold_written(const FoldState& before, const FieldMap& fields,
                       const std::vector<SourceRow>& sources) {
  FoldState out = before;
  for (const auto& [native, value] : fields) {
    if (!value.is_observed()) continue;
    FoldField& field = out[native];
    for (auto source = sources.rbegin(); source != sources.rend();
         ++source) {  // oldest first: it falls out first
      if (const FieldValue& shown = value_of(source->shown, native); shown != value)
        remember_replaced(field.replaced, shown);
      field.edited_at_ms = std::max(field.edited_at_ms, source->at_ms);  // we wrote after all of them
    }
    if (field.value != value) remember_replaced(field.replaced, field.value);
    field.value = value;
    field.unconfirmed = false;
  }
  return out;
}

bool is_unconfirmed_name(std::string_view name, std::string_view caller_id_name, const FieldMap& shown,
                         std::string_view number) {
  if (name.empty()) return false;
  const std::string key = spelling_key(name);
  if (key.find_first_not_of("0123456789") == std::string::npos) return true;
  const std::string city = spelling_key(value_of(shown, "city").text());
  const std::string state = spelling_key(value_of(shown, "state").text());
  if (key == spelling_key(caller_id_name) || key == spelling_key(number)) return true;
  return !city.empty() && (key == city || key == city + state || key == state + city);
}

FieldMap stale_fields(const SourceRow& source, const FieldMap& agreed) {
  FieldMap out;
  for (const auto& [native, shown] : source.shown) {
    const FieldValue& right = value_of(agreed, native);
    if (!shown.is_value() || !right.is_observed() || shown == right) continue;
    if (!source.corrected.contains(correction_key(native, shown))) out.emplace(native, shown);
  }
  return out;
}

std::string correction_key(std::string_view field, const FieldValue& value) {
  const std::string& text = value.text();
  return fmt::format("{}={:016x}", field, XXH3_64bits(text.data(), text.size()));
}

}  // namespace tandem
