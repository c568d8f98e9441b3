#include "core/model/field.h"

namespace tandem {
const FieldValue& value_of(const FieldMap& fields, std::string_view name) {
  static const FieldValue unknown;
  const auto it = fields.find(name);
  return it == fields.end() ? unknown : it->second;
}
}  // namespace tandem
