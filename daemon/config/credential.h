// Secrets and other files that the configuration points at. Read when they are needed, so that
// commands which only look at the state work without them.
#pragma once
#include <string>
#include <vector>
#include "daemon/config/config.h"

namespace tandem::config {

struct Secrets {  // never logged, never printed
  // ctm: ACCESS_KEY:SECRET_KEY; highlevel: a private integration token, or CLIENT_ID:CLIENT_SECRET
  PerSide<std::string> of;
};

// `directory`: $CREDENTIALS_DIRECTORY, "" = not set. Reports every missing, unreadable, too open or
// malformed file, ca_file included; messages name the file and never what is in it.
[[nodiscard]] std::vector<Problem> read_secrets(const LinkConfig& link, const std::string& directory,
                                                Secrets& secrets);
// Of the file that keeps the tokens of an OAuth client: what is wrong with its mode; it need not exist.
[[nodiscard]] std::vector<Problem> check_token_file(const LinkConfig& link, const std::string& file);
[[nodiscard]] std::string credentials_directory();  // from the environment
}  // namespace tandem::config
