// canonical_country of normalise.h: the names people type, for the countries these systems' users
// live in. A country that is not here keeps its text, unless it is two letters already.
#include <algorithm>
#include <array>
#include <string>
#include <string_view>

#include "core/model/normalise.h"

namespace tandem {
namespace {

struct Country {
  std::string_view alpha2;
  std::array<std::string_view, 5> spellings;  // alpha-3 first; as spelling_key leaves them
};

constexpr std::array kCountries{
    Country{"US", {"usa", "unitedstates", "unitedstatesofamerica", "theunitedstates", "america"}},
    Country{"GB", {"gbr", "unitedkingdom", "greatbritain", "britain", "england"}},
    Country{"CA", {"can", "canada"}},
    Country{"MX", {"mex", "mexico"}},
    Country{"PR", {"pri", "puertorico"}},
    Country{"AU", {"aus", "australia"}},
    Country{"NZ", {"nzl", "newzealand"}},
    Country{"IE", {"irl", "ireland", "republicofireland"}},
    Country{"DE", {"deu", "germany", "deutschland"}},
    Country{"AT", {"aut", "austria", "osterreich"}},
    Country{"CH", {"che", "switzerland", "schweiz", "suisse", "svizzera"}},
    Country{"FR", {"fra", "france"}},
    Country{"ES", {"esp", "spain", "espana"}},
    Country{"PT", {"prt", "portugal"}},
    Country{"IT", {"ita", "italy", "italia"}},
    Country{"NL", {"nld", "netherlands", "thenetherlands", "nederland", "holland"}},
    Country{"BE", {"bel", "belgium", "belgie", "belgique"}},
    Country{"LU", {"lux", "luxembourg"}},
    Country{"DK", {"dnk", "denmark", "danmark"}},
    Country{"SE", {"swe", "sweden", "sverige"}},
    Country{"NO", {"nor", "norway", "norge"}},
    Country{"FI", {"fin", "finland", "suomi"}},
    Country{"IS", {"isl", "iceland"}},
    Country{"PL", {"pol", "poland", "polska"}},
    Country{"CZ", {"cze", "czechia", "czechrepublic"}},
    Country{"HU", {"hun", "hungary"}},
    Country{"RO", {"rou", "romania"}},
    Country{"GR", {"grc", "greece"}},
    Country{"TR", {"tur", "turkey", "turkiye"}},
    Country{"UA", {"ukr", "ukraine"}},
    Country{"IL", {"isr", "israel"}},
    Country{"AE", {"are", "unitedarabemirates", "uae"}},
    Country{"SA", {"sau", "saudiarabia"}},
    Country{"ZA", {"zaf", "southafrica"}},
    Country{"NG", {"nga", "nigeria"}},
    Country{"KE", {"ken", "kenya"}},
    Country{"EG", {"egy", "egypt"}},
    Country{"IN", {"ind", "india"}},
    Country{"PK", {"pak", "pakistan"}},
    Country{"PH", {"phl", "philippines", "thephilippines"}},
    Country{"SG", {"sgp", "singapore"}},
    Country{"MY", {"mys", "malaysia"}},
    Country{"ID", {"idn", "indonesia"}},
    Country{"TH", {"tha", "thailand"}},
    Country{"VN", {"vnm", "vietnam"}},
    Country{"CN", {"chn", "china"}},
    Country{"HK", {"hkg", "hongkong"}},
    Country{"JP", {"jpn", "japan"}},
    Country{"KR", {"kor", "southkorea", "korea", "republicofkorea"}},
    Country{"BR", {"bra", "brazil", "brasil"}},
    Country{"AR", {"arg", "argentina"}},
    Country{"CL", {"chl", "chile"}},
    Country{"CO", {"col", "colombia"}},
    Country{"PE", {"per", "peru"}},
    Country{"CR", {"cri", "costarica"}},
    Country{"DO", {"dom", "dominicanrepublic"}},
};

}  // namespace

std::string canonical_country(std::string_view raw) {
  std::string text = canonical_name(raw);
  std::string letters = text;
  std::erase_if(letters, [](char c) { return c == '.' || c == ' '; });  // "U.S.", "U. K."
  const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  if (letters.size() == 2 && std::all_of(letters.begin(), letters.end(), is_letter)) {
    for (char& c : letters) c = static_cast<char>(c & ~0x20);  // ASCII upper case
    return letters == "UK" ? "GB" : letters;                   // not ISO, and what people write
  }
  const std::string key = spelling_key(text);
  if (key.empty()) return text;
  for (const auto& country : kCountries)
    for (const auto& spelling : country.spellings)
      if (key == spelling) return std::string(country.alpha2);
  return text;
}

}  // namespace tandem
