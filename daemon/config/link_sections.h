// One reader per table below [[link]].
#pragma once
#include <vector>
#include "daemon/config/config.h"
#include "daemon/config/section.h"

namespace tandem::config {
void read_ctm(Section section, LinkConfig& link);
void read_highlevel(Section section, LinkConfig& link);
void read_activity(Section section, LinkConfig& link);
void read_create(Section section, LinkConfig& link);
void read_deletes(Section section, LinkConfig& link);
void read_brake(Section section, LinkConfig& link);
void read_budget(Section section, LinkConfig& link);
// [[link.field]] over the standard fields, then the round-trip law of the whole mapping (P21).
void read_fields(std::vector<Section> sections, LinkConfig& link, std::vector<Problem>& problems);
void read_rules(std::vector<Section> sections);

[[nodiscard]] bool is_file_name(std::string_view text);  // letters, digits, . _ - ; no path, not hidden
}  // namespace tandem::config
