// Preloaded by tests: what would go to the journal goes to standard error, one line per field.
#include <sys/uio.h>
#include <unistd.h>
#include <string>

extern "C" int sd_journal_sendv(const struct iovec* fields, int count) {
  std::string text;
  for (int i = 0; i < count; ++i) {
    text += "JOURNAL ";
    text.append(static_cast<const char*>(fields[i].iov_base), fields[i].iov_len);
    text += '\n';
  }
  return write(STDERR_FILENO, text.data(), text.size()) < 0 ? -1 : 0;
}
