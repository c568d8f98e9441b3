// What is said when the state holds what tandem never wrote: which table and row, and what to do.
#pragma once
#include <fmt/format.h>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>
#include "core/model/audit.h"
#include "core/model/pair.h"
#include "core/model/write.h"
#include "core/ports/state_store.h"

namespace tandem {

// StoreError::corrupt. `what` holds no contact's value.
[[noreturn]] void damaged(std::string_view what);
[[noreturn]] void damaged_number(std::int64_t number);  // of an enumeration that has no such member

// Enumerations are stored as numbers from 0; a new member goes to the end and becomes the last one here.
template <class E>
struct LastOf;
template <>
struct LastOf<Side> : std::integral_constant<Side, Side::highlevel> {};
template <>
struct LastOf<SourceKind> : std::integral_constant<SourceKind, SourceKind::activity> {};
template <>
struct LastOf<PairStatus> : std::integral_constant<PairStatus, PairStatus::tombstone> {};
template <>
struct LastOf<Identity::Kind> : std::integral_constant<Identity::Kind, Identity::Kind::email> {};
template <>
struct LastOf<Resolution::Take> : std::integral_constant<Resolution::Take, Resolution::Take::clear> {};
template <>
struct LastOf<WriteKind> : std::integral_constant<WriteKind, WriteKind::remove> {};
template <>
struct LastOf<IntentState> : std::integral_constant<IntentState, IntentState::awaiting> {};
template <>
struct LastOf<HoldClass> : std::integral_constant<HoldClass, HoldClass::create> {};
template <>
struct LastOf<Decision> : std::integral_constant<Decision, Decision::rejected> {};
template <>
struct LastOf<Ruling::Kind> : std::integral_constant<Ruling::Kind, Ruling::Kind::unlink> {};

template <class E>
[[nodiscard]] E stored_as(std::int64_t number) {
  if (number < 0 || number > static_cast<std::int64_t>(LastOf<E>::value)) damaged_number(number);
  return static_cast<E>(number);
}

// Of a source; a number, which is a contact's, is left out.
[[nodiscard]] std::string source_row_name(Side side, std::int64_t kind, const std::string& id);

// Decodes one row: damage met in it is told with its table and its row, which is an id or a key, or what
// `row()` says.
template <class Row, class Work>
auto in_row(std::string_view table, const Row& row, const Work& work) {
  try {
    return work();
  } catch (const StoreError& e) {
    if (e.kind != StoreError::Kind::corrupt) throw;
    if constexpr (std::is_invocable_v<Row>)
      throw StoreError(e.kind, fmt::format("table {}, row {}: {}", table, row(), e.what()));
    else
      throw StoreError(e.kind, fmt::format("table {}, row {}: {}", table, row, e.what()));
  }
}
}  // namespace tandem
