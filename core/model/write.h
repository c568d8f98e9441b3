// One write to one remote, in that side's native names.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>
#include "core/model/field.h"
#include "core/model/ids.h"

namespace tandem {

enum class WriteKind : std::uint8_t { create, update, tag_add, tag_remove, remove };
[[nodiscard]] std::string_view to_text(WriteKind kind);
[[nodiscard]] std::optional<WriteKind> write_kind_from(std::string_view text);

// One write as the replica needs it. Everything in it survives a restart (StateStore keeps it).
struct Write {
  WriteKind kind = WriteKind::update;
  RecordId record;                  // create: the natural key where the side is keyed by phone, else ""
  std::optional<SourceRef> target;  // update of a row or activity; nullopt = the record
  WireFields set;                   // native names to change; blank = clear; nothing else is touched
  WireFields whole;                 // the whole mapped image, for a create and for a replace (remove + add)
  std::vector<std::string> tags;    // tag_add, tag_remove: as that side spells them
  std::vector<SourceRef> tag_sources;  // activities that take or have the tag; empty = the record
  bool resume = false;                 // a replace of which the removal may already be done
  bool operator==(const Write&) const = default;
};
}  // namespace tandem
