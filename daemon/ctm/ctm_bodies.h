// CTM's wire names, writing half: request bodies from native fields. Pure.
#pragma once
#include <string>
#include <string_view>
#include <utility>
#include <vector>
#include "core/model/field.h"

namespace tandem::ctm {

using RawCustom = std::vector<std::pair<std::string, std::string>>;  // api_name, value as raw JSON

// Every body skips native names that its route cannot take; a blank goes out as "", which CTM takes
// for a clear (null is ignored). Multi-value fields go out joined by ';', as CTM shows them (C).

// {"call":{...}}: name, e-mail, address, custom fields. Never notes. "" = nothing of `set` fits.
[[nodiscard]] std::string modify_json(const WireFields& set);
[[nodiscard]] std::string modify_form(const WireFields& set);  // call[name]=..., for servers that want PUT
// {"contact":{"number":...}}: first and last name apart, address flat, custom fields as custom_<api_name>.
[[nodiscard]] std::string add_contact_json(std::string_view number, const WireFields& image,
                                           const RawCustom& unmapped);
[[nodiscard]] std::string remove_contacts_json(std::string_view number);
[[nodiscard]] std::string tag_json(std::string_view tag);
// {"contact":{...}} of the account's own contacts: names whole and split, address nested or flat.
[[nodiscard]] std::string contact_json(std::string_view number, const WireFields& set, bool flat_address);

[[nodiscard]] const WireValue* value_in(const WireFields& fields,
                                        std::string_view native);  // nullptr: not there
[[nodiscard]] std::string text_in(const WireFields& fields,
                                  std::string_view native);  // "" when blank or not there
[[nodiscard]] bool is_name(std::string_view native);         // name, first_name or last_name
[[nodiscard]] bool changes_name(const WireFields& set);      // name, first_name or last_name is in it
// "name" of `set`, else first and last joined; the half that `set` lacks comes from `whole`.
[[nodiscard]] std::string whole_name(const WireFields& set, const WireFields& whole);
}  // namespace tandem::ctm
