#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>
#include <algorithm>
#include <array>
#include <cctype>
#include <cstdio>
#include <random>
#include <vector>
#include "daemon/commands/commands.h"
#include "daemon/commands/output.h"
#include "daemon/commands/redirect_listener.h"
#include "daemon/commands/wall_clock.h"
#include "daemon/commands/wiring.h"

namespace tandem {
namespace {
constexpr const char* kRedirectUri = "http://localhost:8643/oauth/callback";
constexpr std::int64_t kBrowserPatienceMs = 600'000;  // to log in, choose and allow
constexpr std::int64_t kLockPatienceMs = 60'000, kLockPollMs = 100;

struct Wanted {
  std::string system;
  std::string redirect_uri = kRedirectUri;
  std::string code;
  bool agency = false;
};

std::string new_state() {
  std::random_device random;
  return fmt::format("{:08x}{:08x}{:08x}{:08x}", random(), random(), random(), random());
}

// What the browser brought, or a person pasted.
class Visit {
 public:
  explicit Visit(std::string state) : state_(std::move(state)) {}
  [[nodiscard]] bool is_over() const { return is_refused_ || !code_.empty(); }
  [[nodiscard]] bool is_refused() const { return is_refused_; }
  [[nodiscard]] const std::string& code() const { return code_; }

  // Why this is not what is waited for; "" = it is.
  std::string take(std::string_view text) {
    const auto values = highlevel::brought_back(text);
    const auto value = [&](const char* name) {
      const auto found = values.find(name);
      return found == values.end() ? std::string() : found->second;
    };
    const bool is_bare_code = text.find('=') == std::string_view::npos;
    if (!is_bare_code && value("state") != state_)
      return "this does not belong to the address that was shown (its state is another one)";
    code_ = value("code");
    is_refused_ = code_.empty() && !value("error").empty();
    return is_over() ? "" : "there is no code in it";
  }

 private:
  std::string state_, code_;
  bool is_refused_ = false;
};

// Standard input, without blocking for the rest of a line.
class PastedLines {
 public:
  [[nodiscard]] int descriptor() const { return is_open_ ? STDIN_FILENO : -1; }
  // Reads what is there; the lines that are whole by now and not blank. The last one needs no line end.
  std::vector<std::string> take() {
    std::array<char, 4096> part{};
    const auto n = read(STDIN_FILENO, part.data(), part.size());
    is_open_ = n > 0;
    if (n > 0) text_.append(part.data(), static_cast<std::size_t>(n));
    if (!is_open_) text_ += '\n';
    std::vector<std::string> lines;
    for (auto end = text_.find('\n'); end != std::string::npos; end = text_.find('\n')) {
      std::string line = text_.substr(0, end);
      text_.erase(0, end + 1);
      if (line.find_first_not_of(" \t\r") != std::string::npos) lines.push_back(std::move(line));
    }
    return lines;
  }

 private:
  bool is_open_ = true;
  std::string text_;
};

std::string code_from_browser(const LinkSetup& setup, const highlevel::OAuthClient& client,
                              const Wanted& wanted, WallClock& clock) {
  const auto here = loopback_uri(wanted.redirect_uri);
  std::optional<RedirectListener> listener;
  if (here) listener.emplace(*here);
  const std::string state = new_state();
  print(fmt::format(
      "Open this address in a browser, log in, choose {} {} and allow access:\n\n{}\n\n{}",
      wanted.agency ? "the agency of sub-account" : "sub-account", setup.link.highlevel.location_id,
      highlevel::authorise_address(setup.link.highlevel.auth_url, client.id, wanted.redirect_uri,
                                   wanted.agency, state),
      here
          ? fmt::format(
                "Waiting for the browser at {}. Where it cannot get there, paste the address it ended up at.",
                wanted.redirect_uri)
          : "Then paste the address that the browser ended up at, or the code in it."));
  std::fflush(stdout);

  Visit visit(state);
  PastedLines pasted;
  const std::int64_t give_up_ms = clock.now_ms() + kBrowserPatienceMs;
  while (!visit.is_over()) {
    if (!listener && pasted.descriptor() < 0)
      throw Exit{kExitFailed, "no code was given; give it with --code, soon: it does not live long"};
    const std::int64_t left_ms = give_up_ms - clock.now_ms();
    pollfd sources[] = {{listener ? listener->descriptor() : -1, POLLIN, 0},
                        {pasted.descriptor(), POLLIN, 0}};
    if (left_ms <= 0 || poll(sources, std::size(sources), static_cast<int>(left_ms)) == 0)
      throw Exit{kExitFailed, "nobody came back within 10 minutes; begin again"};
    if (sources[0].revents != 0) {
      listener->serve([&](const std::string& target) -> RedirectListener::Page {
        if (target.substr(0, target.find('?')) != here->path) return {404, "There is nothing here."};
        const std::string wrong = visit.take(target);
        if (!wrong.empty()) return {400, fmt::format("Not accepted: {}.", wrong)};
        if (visit.is_refused()) return {200, "Access was not allowed, and tandem was told so."};
        return {200, "tandem has what it needs. This page can be closed; the terminal says how it went on."};
      });
    }
    if (sources[1].revents != 0) {
      for (const std::string& line : pasted.take()) {
        if (visit.is_over()) break;
        if (const auto wrong = visit.take(line); !wrong.empty())
          print(fmt::format("Not accepted: {}.", wrong));
      }
      std::fflush(stdout);
    }
  }
  if (visit.is_refused()) throw Exit{kExitUnauthorised, "access was not allowed; nothing was kept"};
  return visit.code();
}

void lock(FileShelf& shelf, WallClock& clock) {
  const std::int64_t began_ms = clock.now_ms();
  for (;;) {
    const auto mine = shelf.try_lock();
    if (!mine) throw Exit{kExitFailed, mine.error().message};
    if (*mine) return;
    if (clock.now_ms() - began_ms >= kLockPatienceMs)
      throw Exit{kExitFailed, "another tandem holds the token's lock; nothing was done, try again"};
    clock.sleep_until_ms(clock.now_ms() + kLockPollMs);
  }
}

std::string printable_id(const std::string& id) {
  const bool plain = !id.empty() && id.size() <= 64 &&
                     std::all_of(id.begin(), id.end(), [](unsigned char c) { return std::isalnum(c) != 0; });
  return plain ? id : "(unreadable)";
}

// Refused here means: nothing is kept.
void check_place(highlevel::OAuthEndpoint& endpoint, const highlevel::OAuthPair& pair,
                 const LinkSetup& setup) {
  const std::string& wanted = setup.link.highlevel.location_id;
  if (pair.refresh.empty())
    throw Exit{kExitUnauthorised, "HighLevel gave no refresh token with the access token; nothing was kept"};
  if (!pair.is_company) {
    if (pair.location_id == wanted) return;
    throw Exit{kExitUnauthorised,
               fmt::format(
                   "sub-account {} was chosen, and link {} is configured for {}: begin again and choose that "
                   "one, or change location_id; nothing was kept",
                   printable_id(pair.location_id), setup.link.name, wanted)};
  }
  if (const auto token = endpoint.location_token(pair, wanted); !token)
    throw Exit{kExitUnauthorised, fmt::format("{}; nothing was kept", token.error().message)};
}

std::string scopes_not_granted(const highlevel::OAuthPair& pair) {
  std::string missing;
  if (pair.scope.empty()) return missing;
  const std::string granted = fmt::format(" {} ", pair.scope);
  for (const std::string_view scope : highlevel::kScopes) {
    if (granted.find(fmt::format(" {} ", scope)) == std::string::npos)
      missing += fmt::format("{}{}", missing.empty() ? "" : ", ", scope);
  }
  return missing;
}

int exit_code_of(Fault fault) {
  return fault == Fault::stale || fault == Fault::unauthorised ? kExitUnauthorised
         : fault == Fault::malformed                           ? kExitConfig
                                                               : kExitUnreachable;
}

int authorise(const Invocation& invocation, const Wanted& wanted) {
  const config::Config config = load_config(invocation);
  const auto setup = make_setups(config, {chosen_link(config, invocation)}).front();
  const auto client = highlevel::oauth_client(setup->secrets.of.highlevel);
  if (!client)
    throw Exit{
        kExitConfig,
        fmt::format("the HighLevel credential of link {} is a private integration token, which needs no "
                    "authorisation; for OAuth put CLIENT_ID:CLIENT_SECRET there",
                    setup->link.name)};
  WallClock clock;
  std::string code = wanted.code;
  if (code.empty()) {
    code = code_from_browser(*setup, *client, wanted, clock);
  } else {
    code = highlevel::brought_back(code)["code"];
    if (code.empty()) throw Exit{kExitFailed, "--code holds no code"};
  }

  FileShelf shelf(token_file(*setup));
  lock(shelf, clock);
  if (const auto room = shelf.reserve(); !room) throw Exit{kExitFailed, room.error().message};
  highlevel::OAuthEndpoint endpoint(oauth_place(*setup, *client), clock);
  const auto pair = endpoint.exchange(code, wanted.redirect_uri, wanted.agency);
  if (!pair) {
    const Fault fault = pair.error().fault;
    throw Exit{
        exit_code_of(fault),
        fmt::format(
            "{}; nothing was kept{}", pair.error().message,
            fault == Fault::stale || fault == Fault::ambiguous
                ? ". A code can be used once, soon, and with the redirect URI it was made for: begin again"
                : "")};
  }
  check_place(endpoint, *pair, *setup);
  if (const auto kept = shelf.replace(highlevel::to_json(*pair)); !kept)
    throw Exit{kExitFailed, kept.error().message + "; begin again"};
  if (const auto missing = scopes_not_granted(*pair); !missing.empty())
    print(fmt::format("note: not granted: {}; add them to the app and authorise again", missing));
  print(fmt::format("{}: authorised for sub-account {}; kept in {}. A running daemon takes it up by itself.",
                    setup->link.name, setup->link.highlevel.location_id, token_file(*setup)));
  return kExitDone;
}
}  // namespace

void add_auth(CLI::App& app, Invocation& invocation) {
  CLI::App* command = app.add_subcommand("auth", "authorise an OAuth client at HighLevel, by browser");
  auto wanted = std::make_shared<Wanted>();
  command->add_option("SYSTEM", wanted->system, "highlevel")
      ->required()
      ->check([](const std::string& system) {
        return system == "highlevel" ? std::string() : std::string("must be highlevel; CTM has keys instead");
      });
  command->add_option("--redirect-uri", wanted->redirect_uri, "as registered with the app")
      ->default_str(kRedirectUri);
  command->add_option("--code", wanted->code, "what the browser brought back, instead of waiting for it");
  command->add_flag("--agency", wanted->agency, "the app is installed in the whole agency");
  command->group(kSetUpGroup);
  command->footer(
      "The app's CLIENT_ID:CLIENT_SECRET stand in the link's HighLevel credential file. The tokens are kept "
      "in\n"
      "<state_dir>/<link>.highlevel-token, mode 0600, and renewed by tandem itself.\n"
      "Examples:\n"
      "  tandem auth highlevel --link acme\n"
      "  tandem auth highlevel --redirect-uri https://example.com/back --code CODE");
  command->callback([&invocation, wanted] {
    invocation.action = [&invocation, wanted] { return authorise(invocation, *wanted); };
  });
}
}  // namespace tandem
