#include "daemon/highlevel/oauth_tokens.h"

#include <fmt/format.h>

namespace tandem::highlevel {
namespace {
constexpr std::int64_t kLockPollMs = 100;
constexpr std::int64_t kLockPatienceMs = 120'000;  // two time-outs of a refresh, and some
constexpr std::int64_t kQuietMs = 30'000;
constexpr std::int64_t kRefusedEveryMs =
    600'000;  // a remote that refuses every token must not spend them all

struct Unlock {
  TokenShelf& shelf;
  ~Unlock() { shelf.unlock(); }
};
}  // namespace

OAuthTokens::OAuthTokens(Settings settings, TokenShelf& shelf, Clock& clock)
    : settings_(std::move(settings)), shelf_(shelf), clock_(clock), endpoint_(settings_.place, clock) {}

tl::unexpected<Error> OAuthTokens::needs_person(std::string why) const {
  return fail(Fault::unauthorised,
              fmt::format("{}: run `tandem auth highlevel --link {}`", why, settings_.link));
}

Result<std::string> OAuthTokens::token() { return give({}); }
Result<std::string> OAuthTokens::renew(const std::string& refused) { return give(refused); }

Result<std::string> OAuthTokens::give(const std::string& refused) {
  if (auto there = have_pair(refused); !there) return fail(std::move(there.error()));
  return pair_->is_company ? location_token(refused) : pair_->access;
}

Result<std::string> OAuthTokens::location_token(const std::string& refused) {
  const std::int64_t now = clock_.now_ms();
  const bool is_refused = !refused.empty() && location_.access == refused;
  if (!location_.access.empty() && !is_refused &&
      now < renewal_due_ms(location_.issued_at_ms, location_.expires_at_ms))
    return location_.access;
  auto given = endpoint_.location_token(*pair_, settings_.location_id);
  if (!given && given.error().fault == Fault::stale) {
    const std::string company = pair_->access;
    if (auto there = have_pair(company); !there) return fail(std::move(there.error()));
    if (pair_->access == company) return needs_person("HighLevel does not accept the agency's token");
    given = endpoint_.location_token(*pair_, settings_.location_id);
  }
  if (given) {
    location_ = std::move(*given);
  } else if (given.error().fault == Fault::stale || given.error().fault == Fault::unauthorised) {
    return needs_person(given.error().message);
  } else if (is_refused || location_.access.empty() || now >= location_.expires_at_ms) {
    return fail(std::move(given.error()));
  }
  return location_.access;
}

bool OAuthTokens::is_good(const std::string& refused) const {
  return pair_ && pair_->access != refused &&
         clock_.now_ms() < renewal_due_ms(pair_->issued_at_ms, pair_->expires_at_ms);
}

// A pair whose access token is good, or as good as can be had.
Result<void> OAuthTokens::have_pair(const std::string& refused) {
  if (!pair_) {  // no lock for a mere look: commands that cannot write use what is there
    if (auto there = take_stored(); !there) return there;
  }
  if (is_good(refused)) return {};
  const auto lives = [&] {
    return pair_ && pair_->access != refused && clock_.now_ms() < pair_->expires_at_ms;
  };
  if (lives() && clock_.now_ms() < quiet_until_ms_) return {};
  auto done = under_lock(refused);
  if (done || !lives()) return done;
  quiet_until_ms_ = clock_.now_ms() + kQuietMs;
  return {};
}

Result<void> OAuthTokens::lock() {
  const std::int64_t began_ms = clock_.now_ms();
  for (;;) {
    auto mine = shelf_.try_lock();
    if (!mine) return fail(std::move(mine.error()));
    if (*mine) return {};
    if ((settings_.stop_requested && settings_.stop_requested()) ||
        clock_.now_ms() - began_ms >= kLockPatienceMs)
      return fail(Fault::transient, "another tandem is renewing HighLevel's token; nothing was sent");
    clock_.sleep_until_ms(clock_.now_ms() + kLockPollMs);
  }
}

Result<void> OAuthTokens::under_lock(const std::string& refused) {
  if (auto locked = lock(); !locked) return locked;
  const Unlock unlock{shelf_};
  if (!unstored_.empty()) {  // it came after whatever is stored
    if (auto kept = shelf_.replace(unstored_); !kept) return kept;
    unstored_.clear();
  }
  if (auto there = take_stored(); !there) return there;
  if (is_good(refused)) return {};  // somebody else was faster
  if (settings_.stop_requested && settings_.stop_requested())
    return fail(Fault::transient, "asked to stop; HighLevel's token was not renewed");
  if (pair_->access == refused) {
    const std::int64_t now = clock_.now_ms();
    if (now >= refused_refresh_at_ms_ && now - refused_refresh_at_ms_ < kRefusedEveryMs) return {};
    refused_refresh_at_ms_ = now;
  }
  return refresh();
}

Result<void> OAuthTokens::take_stored() {
  auto text = shelf_.read();
  if (!text) return fail(std::move(text.error()));
  if (text->empty()) return needs_person("no token of HighLevel is stored for this link");
  auto stored = pair_from(std::move(*text));
  if (!stored) return needs_person("the stored token of HighLevel is damaged");
  if (stored->client_id != settings_.place.client.id)
    return needs_person("the stored token of HighLevel was given to another OAuth client");
  if (!stored->is_company && stored->location_id != settings_.location_id)
    return needs_person(fmt::format("the stored token of HighLevel is one of location {}, not of {}",
                                    stored->location_id, settings_.location_id));
  if (!pair_ || pair_->refresh != stored->refresh) location_ = {};
  pair_ = std::move(*stored);
  return {};
}

// Locked, and the stored pair is in hand.
Result<void> OAuthTokens::refresh() {
  const auto refused_for_good = [&] {
    dead_ = pair_->refresh;
    return needs_person(
        "HighLevel does not accept the stored refresh token; it is used up, revoked or too old");
  };
  if (pair_->refresh == dead_) return refused_for_good();
  if (auto room = shelf_.reserve(); !room) return room;
  auto next = endpoint_.refresh(*pair_);
  // A lost answer: the old token is dead if HighLevel had got the request, and good if not.
  if (!next && next.error().fault == Fault::ambiguous) next = endpoint_.refresh(*pair_);
  if (!next && next.error().fault == Fault::stale) {
    const std::string used = pair_->refresh;
    if (auto there = take_stored(); !there) return there;
    if (pair_->refresh == used) return refused_for_good();
    if (is_good({})) return {};  // by somebody who does not see our lock
    next = endpoint_.refresh(*pair_);
    if (!next && next.error().fault == Fault::stale) return refused_for_good();
  }
  if (!next) {
    Error error = std::move(next.error());
    if (error.fault == Fault::ambiguous || error.fault == Fault::malformed) error.fault = Fault::transient;
    if (error.fault == Fault::unauthorised) return fail(std::move(error));
    error.message = "HighLevel's token was not renewed: " + error.message;
    return fail(std::move(error));
  }
  return keep(*next);
}

Result<void> OAuthTokens::keep(const OAuthPair& next) {
  std::string text = to_json(next);
  if (auto kept = shelf_.replace(text); !kept) {
    unstored_ = std::move(text);
    return kept;
  }
  pair_ = next;
  location_ = {};
  return {};
}
}  // namespace tandem::highlevel
