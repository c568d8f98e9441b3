// HighLevel as a Replica: contacts of one location through a private integration token or an OAuth
// installation. All facts about the remote: api/highlevel.md. One thread at a time.
#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/ports/clock.h"
#include "core/ports/replica.h"
#include "daemon/highlevel/highlevel_codec.h"
#include "daemon/highlevel/highlevel_errors.h"
#include "daemon/highlevel/highlevel_listing.h"
#include "daemon/highlevel/oauth_tokens.h"
#include "daemon/http/rate_gate.h"
#include "daemon/http/transport.h"

namespace tandem {

struct HighLevelSettings {
  std::string base_url = "https://services.leadconnectorhq.com";
  std::string location_id;
  std::string token;                         // a private integration token
  highlevel::OAuthTokens* tokens = nullptr;  // instead of it; outlives the replica
  std::string api_version = "2021-07-28";
  std::string user_agent;  // "" = tandem and its version; the front end refuses clients without one
  std::string ca_file;     // "" = the system's
  http::Budget budget{100, 10'000, 200'000, 10};
  std::vector<std::string> native_names;  // Mapping::native_names(Side::highlevel)
  std::uint64_t mapping_fingerprint = 0;  // Mapping::fingerprint()
  int page_size = 100;                    // 1 to 500
  int in_flight = 4;
  highlevel::DateForm date_form = highlevel::DateForm::epoch_ms;  // tried first
  highlevel::ClearForms clears;
  std::function<bool()> stop_requested;  // see http::Settings; empty = never
};

class HighLevelReplica final : public Replica {
 public:
  // `clock` and `shared_gate` outlive the replica; no gate = one of its own from settings.budget.
  HighLevelReplica(HighLevelSettings settings, Clock& clock, http::RateGate* shared_gate = nullptr);

  // A rotated token; the next open() reads settings and definitions anew.
  void set_token(std::string token);

  // Reads the location and, where custom fields are mapped, their definitions: once a day, after
  // set_token, and definitions also before every full listing (a deleted field must not look like
  // one that people cleared). A token without locations.readonly only loses the settings: defaults
  // stand, and learned()["location_settings"] says so.
  Result<void> open() override;

  [[nodiscard]] const Capabilities& capabilities() const override { return capabilities_; }
  [[nodiscard]] const std::set<std::string, std::less<>>& own_numbers() const override {
    return own_numbers_;
  }
  Result<Page> read_page(ReadKind kind, const std::string& cursor) override;
  std::vector<Result<std::vector<Evidence>>> fetch(std::span<const FetchRequest> requests) override;

  // The duplicate search by number and by e-mail, and contacts/search for either, because each of
  // them misses contacts (#289, location policy). Every hit is read by id; hits that show neither
  // key are dropped.
  Result<Found> find(const NaturalKey& key) override;

  // A create that is refused with 400 or 422 comes back as `rejected`, yet may have been stored
  // (#64): the caller runs find() before it believes the refusal. Fields of a create that read back
  // nothing are taken from the create's own answer. companyName refused on update is dropped once,
  // remembered for a week, and company is read-only until then.
  std::vector<Result<Receipt>> apply(std::span<const Write> writes) override;

  [[nodiscard]] std::map<std::string, std::string> learned() const override;
  void recall(const std::map<std::string, std::string>& facts) override;
  [[nodiscard]] Usage usage() const override;
  [[nodiscard]] int cost_of(WriteKind kind) const override;

  // The location's settings; defaults until open() could read them.
  [[nodiscard]] const highlevel::Location& location() const { return location_; }

 private:
  struct Attempt;

  [[nodiscard]] std::vector<std::string> common_headers() const;
  [[nodiscard]] http::Request read_of(const std::string& contact_id) const;
  [[nodiscard]] http::Request write_of(const Write& write, bool with_company,
                                       std::optional<std::string>& unsendable) const;
  // Both send with a token that is good now; what a 401 refused for its token is sent once more with a
  // renewed one, which is safe: it was not done.
  Result<http::Answer> send(const http::Request& request);
  std::vector<Result<http::Answer>> send_all(std::span<const http::Request> requests);
  Result<void> take_token(Result<std::string> token);
  Result<http::Answer> ask(const http::Request& request, const highlevel::Asked& asked);
  Result<void> read_location();
  Result<void> read_definitions();
  Result<highlevel::SearchPage> search(const highlevel::Search& search,
                                       std::int64_t* remote_now_ms = nullptr);
  Result<highlevel::SearchPage> search_since(highlevel::Search search, std::int64_t* remote_now_ms);
  Result<highlevel::Contact> contact_in(Result<http::Answer>& answer, const std::string& contact_id);
  [[nodiscard]] http::Request search_request(const highlevel::Search& search) const;
  [[nodiscard]] http::Request duplicate_request(std::string_view parameter, const std::string& value) const;
  Result<std::vector<std::string>> ids_with(const NaturalKey& key);
  void judge(const Write& write, Result<http::Answer>& answer, Attempt& attempt);
  void judge_create(http::Answer& answer, Attempt& attempt);
  void refuse_company(bool refused);
  [[nodiscard]] bool takes_company() const { return company_refused_at_ms_ == 0; }

  HighLevelSettings settings_;
  Clock& clock_;
  http::RateGate own_gate_;
  http::RateGate& gate_;
  http::Transport transport_;
  highlevel::Codec codec_;
  Capabilities capabilities_;
  highlevel::Location location_;
  std::set<std::string, std::less<>> own_numbers_;
  std::string location_note_;      // why the settings could not be read
  std::int64_t opened_at_ms_ = 0;  // 0 = due
  highlevel::DateForm date_form_;
  bool date_form_proved_ = false;           // a filtered search has found rows in this form
  std::int64_t company_refused_at_ms_ = 0;  // 0 = an update may carry the company
};
}  // namespace tandem
