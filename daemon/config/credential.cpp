#include "daemon/config/credential.h"
#include <fmt/format.h>
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>

namespace tandem::config {
namespace fs = std::filesystem;
namespace {
std::string key_of(Side side, const CredentialPlace& place) {
  return fmt::format("link.{}.{}", to_text(side), place.file.empty() ? "credential" : "credential_file");
}

// systemd hands its files to the service's user with an ACL, whose mask shows as group bits; others'
// bits are never right. A file of one's own must be 0600.
bool too_open(const fs::path& path, bool from_systemd) {
  const auto forbidden = from_systemd ? fs::perms::others_all : fs::perms::others_all | fs::perms::group_all;
  return (fs::status(path).permissions() & forbidden) != fs::perms::none;
}

std::string why_malformed(Side side, const std::string& secret) {
  if (secret.empty()) return "is empty";
  if (std::any_of(secret.begin(), secret.end(), [](unsigned char c) { return c <= ' ' || c >= 0x7f; })) {
    return "must hold one line without blanks";
  }
  const auto colon = secret.find(':');
  if (side == Side::highlevel) {
    if (colon == std::string::npos) return {};
    const bool two_parts = colon > 0 && colon + 1 < secret.size() && !secret.starts_with("pit-");
    return two_parts ? std::string()
                     : "must hold a private integration token, or CLIENT_ID:CLIENT_SECRET, in one line";
  }
  if (colon == std::string::npos || colon == 0 || colon + 1 == secret.size()) {
    return "must hold ACCESS_KEY:SECRET_KEY in one line";
  }
  return {};
}

std::optional<std::string> content(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  if (!in) return std::nullopt;
  std::string secret = text.str();
  while (!secret.empty() && (secret.back() == '\n' || secret.back() == '\r' || secret.back() == ' '))
    secret.pop_back();
  return secret;
}

std::string read_one(Side side, const CredentialPlace& place, const std::string& directory,
                     std::vector<Problem>& problems) {
  const auto complain = [&](std::string message) {
    problems.push_back({place.line, key_of(side, place), std::move(message)});
    return std::string();
  };
  const bool by_name = place.file.empty();
  if (by_name && directory.empty()) {
    return complain(
        fmt::format("\"{}\" is looked up in $CREDENTIALS_DIRECTORY, which is not set; start under systemd "
                    "(LoadCredential=), set it to a directory of your own, or use `credential_file`",
                    place.name));
  }
  const fs::path path = by_name ? fs::path(directory) / place.name : fs::path(place.file);
  std::error_code error;
  if (!fs::is_regular_file(path, error)) {
    return complain(fmt::format("{} {}", path.string(),
                                error && error != std::errc::no_such_file_or_directory
                                    ? "cannot be read: " + error.message()
                                    : "does not exist or is not a file; create it with mode 0600"));
  }
  if (too_open(path, by_name)) {
    return complain(fmt::format("{} can be read by others; chmod 0600 it", path.string()));
  }
  const auto secret = content(path);
  if (!secret) return complain(fmt::format("{} cannot be read by this user", path.string()));
  if (const auto why = why_malformed(side, *secret); !why.empty()) {
    return complain(fmt::format("{} {}", path.string(), why));
  }
  return *secret;
}
}  // namespace

std::vector<Problem> read_secrets(const LinkConfig& link, const std::string& directory, Secrets& secrets) {
  std::vector<Problem> problems;
  secrets.of.ctm = read_one(Side::ctm, link.ctm.credential, directory, problems);
  secrets.of.highlevel = read_one(Side::highlevel, link.highlevel.credential, directory, problems);
  for (const auto& [side, file] :
       {std::pair{Side::ctm, link.ctm.ca_file}, {Side::highlevel, link.highlevel.ca_file}}) {
    if (!file.empty() && !std::ifstream(file)) {
      problems.push_back({link.line, fmt::format("link.{}.ca_file", to_text(side)),
                          fmt::format("{} cannot be read; it must hold certificates in PEM form", file)});
    }
  }
  sort_by_line(problems);
  return problems;
}

std::vector<Problem> check_token_file(const LinkConfig& link, const std::string& file) {
  std::error_code error;
  if (!fs::exists(file, error) || !too_open(file, false)) return {};
  return {{link.highlevel.credential.line, key_of(Side::highlevel, link.highlevel.credential),
           fmt::format("{} can be read by others; chmod 0600 it", file)}};
}

std::string credentials_directory() {
  const char* directory = std::getenv("CREDENTIALS_DIRECTORY");
  return directory == nullptr ? std::string() : std::string(directory);
}
}  // namespace tandem::config
