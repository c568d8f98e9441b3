// Base URLs, credential files and the headers that say when to come back.
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <algorithm>
#include "daemon/config/credential.h"
#include "daemon/http/base_url.h"
#include "daemon/http/retry.h"
#include "daemon/http/transport.h"
#include "tests/fuzz/law.h"

namespace {
using tandem::fuzz::must;

void check_url(const std::string& text) {
  std::string reason;
  const auto address = tandem::http::parse_base_url(text, reason);
  must(address.has_value() == reason.empty(), "a refused address has its reason");
  std::string why_not;
  if (!tandem::http::is_allowed_base_url(text, &why_not))
    return must(!why_not.empty(), "and so has a forbidden one");
  must(address.has_value() && !address->host.empty(), "an allowed address names a host");
  const bool local = address->host == "localhost" || tandem::http::is_loopback_literal(address->host);
  must(address->scheme == "https" || (address->scheme == "http" && local),
       "a credential goes out only over TLS");
}

// A file in memory, of mode 0600.
void check_credential(std::string_view text) {
  static const int file = [] {
    const int fd = memfd_create("credential", MFD_CLOEXEC);
    must(fd >= 0 && fchmod(fd, 0600) == 0, "a file in memory can be made");
    return fd;
  }();
  must(ftruncate(file, 0) == 0 &&
           pwrite(file, text.data(), text.size(), 0) == static_cast<ssize_t>(text.size()),
       "the file takes the text");
  tandem::config::LinkConfig link;
  link.ctm.credential.file = link.highlevel.credential.file = "/proc/self/fd/" + std::to_string(file);
  tandem::config::Secrets secrets;
  const auto problems = tandem::config::read_secrets(link, "", secrets);
  for (const tandem::Side side : tandem::kSides) {
    const std::string& secret = secrets.of[side];
    const bool refused = std::any_of(problems.begin(), problems.end(), [&](const auto& p) {
      return p.key.find(tandem::to_text(side)) != std::string::npos;
    });
    must(refused == secret.empty(), "a credential is either taken or complained about");
    must(std::none_of(secret.begin(), secret.end(), [](unsigned char c) { return c <= ' ' || c >= 0x7f; }),
         "a credential fits into a header");
    must(side == tandem::Side::highlevel || secret.empty() ||
             (secret.find(':') != std::string::npos && secret.front() != ':'),
         "CTM's has two parts");
  }
  const auto& path = link.ctm.credential.file;
  for (const auto& p : problems) {
    must(p.message.starts_with(path), "a complaint names the file");
    const std::string words = p.message.substr(path.size());
    must(words == " is empty" || words == " must hold one line without blanks" ||
             words == " must hold ACCESS_KEY:SECRET_KEY in one line" ||
             words == " must hold a private integration token, or CLIENT_ID:CLIENT_SECRET, in one line",
         "and nothing that is in it");
  }
}

void check_retry(const std::string& text) {
  const auto wait = tandem::http::retry_after_ms({{"retry-after", text}, {"date", text}}, 1'795'167'665'000);
  must(!wait || (*wait >= 0 && *wait <= 86'400'000), "a pause is at most a day");
  static_cast<void>(tandem::http::http_date_ms(text));
}
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(tandem::fuzz::text_of(data, size));
  check_url(text);
  check_credential(text);
  check_retry(text);
  return 0;
}
