// What a side can do, as data. Filled by the replica when it opens; learned facts (an add that does
// not update, a field that a surface never shows) are added while running and remembered.
#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include "core/model/ids.h"

namespace tandem {

enum class Access : std::uint8_t { none, read_only, write_only, read_write };
constexpr bool can_read(Access a) { return a == Access::read_only || a == Access::read_write; }
constexpr bool can_write(Access a) { return a == Access::write_only || a == Access::read_write; }

// Access of one source kind, by native standard name; custom fields by "custom:*".
using SurfaceAccess = std::map<std::string, Access, std::less<>>;

struct Capabilities {
  bool create = false, update = false, remove = false;
  SourceKind creates = SourceKind::record;  // what a create makes
  bool has_records = false;                 // a person is one record, readable by id
  bool keyed_by_phone = false;              // the record id is the number: a new number is a new key (P39)
  bool joined_name = false;                 // shows one name; canonical first and last are split by us
  bool tags_on_activities = false;          // a person's tags are the union over activities (P45)
  bool tags = false;                        // tags can be added and removed
  bool direct_proof = false;                // "not found" by id is proof; else only a listing after the lag
  bool has_edit_times = false;              // evidence carries a usable modification stamp
  std::map<SourceKind, SurfaceAccess> surface;
  std::int64_t index_lag_ms = 0;  // "not found" in a search is believed after this long
  int page_max = 0;
  int batch = 1;  // records per fetch/apply call that are worth overlapping

  [[nodiscard]] Access access(SourceKind kind, std::string_view native) const;
};
}  // namespace tandem
