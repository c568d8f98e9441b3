#include "core/result.h"

namespace tandem {
const char* to_text(Fault fault) {
  switch (fault) {
    case Fault::transient:
      return "transient";
    case Fault::rate_limited:
      return "rate_limited";
    case Fault::ambiguous:
      return "ambiguous";
    case Fault::stale:
      return "stale";
    case Fault::gone:
      return "gone";
    case Fault::rejected:
      return "rejected";
    case Fault::unauthorised:
      return "unauthorised";
    case Fault::malformed:
      return "malformed";
    case Fault::unsupported:
      return "unsupported";
  }
  return "?";
}
}  // namespace tandem
