// Result<T>: a value, or a remote failure sorted by what to do next. Failures that a caller can
// meet in ordinary work are values; a broken database is an exception (see ports/state_store.h).
#pragma once
#include <cstdint>
#include <string>
#include <tl/expected.hpp>
#include <utility>

namespace tandem {

enum class Fault : std::uint8_t {
  transient,     // could not be reached, 5xx on a read: try again later, nothing happened
  rate_limited,  // not before retry_at_ms
  ambiguous,     // sent, no usable answer: it may have happened; read back, never resend blindly
  stale,         // the record changed since it was read: observe and plan again
  gone,          // the remote says the record does not exist
  rejected,      // refused for what it contains: park until either side or the mapping changes
  unauthorised,  // key, scope or location: stop this side, go on observing the other
  malformed,     // an answer that is not what this route answers: refuse the page, keep the cursor
  unsupported,   // this surface cannot do it
};

// `message` is safe to log: what happened, to which id, what to do next; never a contact's value.
// `remote_words` may hold values (a server quotes what it refuses): state and `explain` only.
struct Error {
  Fault fault = Fault::transient;
  std::string message;
  std::string remote_words;
  std::string field;             // rejected: canonical or native field name where the remote named one
  std::string existing_id;       // rejected duplicate: the id the remote says already exists
  std::int64_t retry_at_ms = 0;  // rate_limited: Unix ms
};

template <class T>
using Result = tl::expected<T, Error>;

inline tl::unexpected<Error> fail(Fault fault, std::string message) {
  Error e;
  e.fault = fault;
  e.message = std::move(message);
  return tl::unexpected<Error>(std::move(e));
}
inline tl::unexpected<Error> fail(Error error) { return tl::unexpected<Error>(std::move(error)); }

[[nodiscard]] const char* to_text(Fault fault);
}  // namespace tandem
