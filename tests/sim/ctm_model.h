// The simulated CallTrackingMetrics (CTM): what it remembers and what its operations do, without
// HTTP or JSON. Three faces use it: the wire (ctm_face.h), a person in the web app (ctm_ui.h), and a
// Replica port. Every reading the dossier leaves open is a switch, listed in ctm_switches.cpp.
// Time only through NowMs; ids and jitter from the seed: same seed and same calls, same bytes.
#pragma once
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "tests/sim/ctm_index.h"
#include "tests/sim/ctm_records.h"
#include "tests/sim/ctm_zone.h"
#include "tests/sim/wire.h"

namespace tandem::sim {

struct CtmSetup {
  std::int64_t agency_id = 4410, account_id = 20417;
  std::string account_name = "Larkspur Tile";
  std::string timezone = "Central Time (US & Canada)";                   // a Rails name or an IANA one
  std::string access_key = "a20417sim", secret_key = "s20417simsecret";  // of the account
  std::string sync_list = "HighLevel sync";                              // "" = none
  std::uint64_t seed = 1;
};

enum class CtmCode : std::uint8_t {
  ok,
  missing,  // no such record
  refused,  // validation: 406 on the wire
  soft,     // an error that CTM dresses as HTTP 200
};
struct CtmOutcome {
  CtmCode code = CtmCode::ok;
  std::string reason;
  std::int64_t id = 0;  // of what was made or meant
  [[nodiscard]] bool ok() const { return code == CtmCode::ok; }
};

// A call, text, form or chat that somebody makes. Blank where the system should choose.
struct CtmNewActivity {
  std::string direction = "inbound";  // outbound form chat msg_inbound msg_outbound
  std::string number;                 // the person's, E.164; "" or "+" = withheld
  std::string cnam, city, state;      // what the carrier says
  std::string name, email;            // set = this activity shows them, whatever the contact says
  std::map<std::string, std::string> custom;
  bool updates_contact = false;  // ... and the contact takes them too
  std::string agent_id, notes, message_body, form_name, summary;
  std::vector<std::string> tags;
  std::vector<std::pair<std::string, std::string>> form_fields;
  std::vector<CtmLine> transcript;
  bool answered = true, voicemail = false;
  std::int64_t start_ms = 0;                         // 0 = now; earlier = history, in the index at once
  int ring_s = -1, talk_s = -1;                      // -1 = from the seed
  int ready_after_s = 30, transcript_after_s = 120;  // after the end; no transcript lines, no transcript
};

// What the routes /calls and /calls/search understand. Rows come newest first.
struct CtmQuery {
  struct Term {
    std::string field, value;
    char relation = '=';
  };                                 // '=' '<' '>'
  std::string start_date, end_date;  // YYYY-MM-DD, inclusive; "" or not a date = open
  std::string contact_number, search, agent, call_status, form_name;
  std::vector<std::string> directions, tags;
  bool tags_excluded = false;  // multi_tags_operator=excludes
  std::vector<Term> terms;     // of `filter`; unknown fields are ignored
  std::string since, until;
};

class CtmModel;

class CtmAccount {
 public:
  using Rows = CtmIndex<std::int64_t, CtmRow>;
  using Contacts = CtmIndex<std::int64_t, CtmContact>;
  using ActivityKey = std::pair<std::int64_t, std::int64_t>;  // start second, id
  using Activities = CtmIndex<ActivityKey, CtmActivity>;
  using Found = std::vector<std::shared_ptr<const CtmActivity>>;

  CtmAccount(CtmModel& world, std::int64_t id, std::int64_t agency_id, std::string name,
             const std::string& timezone);

  std::int64_t id, agency_id;
  std::string name;
  std::int64_t created_ms = 0;
  std::vector<CtmUser> users;
  std::vector<CtmOwnNumber> numbers;  // tracking and receiving numbers
  std::vector<CtmCustomField> custom_fields;
  std::vector<CtmWebhook> webhooks;
  std::map<std::string, std::string> form_reactors;  // id -> name
  std::set<std::string> opt_outs;                    // E.164, texts

  [[nodiscard]] const std::string& timezone() const { return timezone_; }  // as the API shows it
  void set_timezone(const std::string& rails_or_iana);                     // throws std::invalid_argument
  [[nodiscard]] const CtmZone& zone() const { return zone_; }

  // --- Contact lists. `actor` is "api" or "staff".
  const CtmList& create_list(std::string_view actor, const std::string& title, const std::string& text = "",
                             const std::string& user_id = "");
  CtmOutcome change_list(std::string_view actor, const std::string& list_id, const std::string& title,
                         const std::string& text);
  CtmOutcome delete_list(std::string_view actor, const std::string& list_id);
  [[nodiscard]] const std::vector<CtmList>& lists() const { return lists_; }
  [[nodiscard]] const CtmList* list(std::string_view list_id) const;
  [[nodiscard]] const CtmList* list_named(std::string_view title) const;
  [[nodiscard]] const std::vector<Rows::Entry>& rows(const std::string& list_id);  // with index lag
  [[nodiscard]] std::vector<CtmRow> live_rows(std::string_view list_id) const;     // without
  [[nodiscard]] std::int64_t count(const std::string& list_id);  // contacts_count, per `list_count`
  // patch["number"] is the key. id = the contact's.
  CtmOutcome add_contact(std::string_view actor, const std::string& list_id, const CtmPatch& patch);
  CtmOutcome remove_contacts(std::string_view actor, const std::string& list_id,
                             std::span<const std::string> wanted);

  // --- Account-level contacts
  [[nodiscard]] const std::vector<Contacts::Entry>& contact_rows();  // with index lag
  [[nodiscard]] const CtmContact* contact(std::int64_t contact_id) const;
  [[nodiscard]] const CtmContact* contact_of(std::string_view number) const;  // the one calls are matched to
  CtmOutcome create_contact(std::string_view actor, const CtmPatch& patch);
  CtmOutcome change_contact(std::string_view actor, std::int64_t contact_id, const CtmPatch& patch);
  CtmOutcome delete_contact(std::string_view actor, std::int64_t contact_id);
  CtmOutcome merge_contacts(std::string_view actor, std::int64_t survivor, std::int64_t loser);
  CtmOutcome move_contact(std::string_view actor, const std::string& from_list, const std::string& to_list,
                          const std::string& number);

  // --- Activities
  std::int64_t record(std::string_view actor, const CtmNewActivity& activity);  // its id
  [[nodiscard]] const CtmActivity* activity(std::int64_t activity_id) const;    // no lag
  [[nodiscard]] const CtmActivity* activity_by_sid(std::string_view sid) const;
  [[nodiscard]] const CtmActivity* newest_of(std::string_view number) const;
  [[nodiscard]] std::vector<std::int64_t> activities_of(std::string_view number) const;  // oldest first
  [[nodiscard]] std::shared_ptr<const Found> search(const CtmQuery& query);              // with index lag
  CtmOutcome modify(std::string_view actor, std::int64_t activity_id, const CtmPatch& patch);
  CtmOutcome tag(std::string_view actor, std::int64_t activity_id, const std::string& text, bool add);
  CtmOutcome score(std::string_view actor, std::int64_t activity_id, const std::optional<CtmSale>& sale);
  CtmOutcome redact(std::string_view actor, std::int64_t activity_id);
  std::size_t redact_before(std::string_view actor, std::int64_t start_ms);  // how many it took
  [[nodiscard]] std::set<std::string> tag_catalogue() const;
  [[nodiscard]] std::int64_t index_time() const;  // what the index shows of a stage: now - index_lag_ms

  CtmOutcome register_custom_field(std::string_view actor, const CtmCustomField& field);
  CtmOutcome opt_out(std::string_view actor, const std::string& number, bool out);
  [[nodiscard]] std::vector<CtmEvent> take_events(std::int64_t until_ms);  // only kept while webhooks exist

 private:
  friend class CtmModel;
  struct ListRows {
    Rows index;
    std::map<std::int64_t, CtmMembership> live;
    std::unordered_map<std::string, std::vector<std::int64_t>> by_number;
    std::map<std::string, CtmIdentity> left;  // number -> what its own row held when it was removed
  };
  CtmContact& new_contact(std::string_view actor, const std::string& number, bool of_one_row);
  CtmContact* known(std::string_view number);
  // Applies a patch to a contact, row or activity, logging each field that changes; the changed fields.
  std::vector<std::string> apply(std::string_view actor, std::string_view action,
                                 const std::string& record_id, const std::string& person, CtmIdentity& who,
                                 const CtmPatch& patch);
  void edit_contact(std::string_view actor, std::string_view action, CtmContact& contact,
                    const CtmPatch& patch);
  void add_row(std::string_view actor, const std::string& list_id, CtmContact& contact,
               const std::string& number);
  void drop_row(std::string_view actor, const std::string& list_id, std::int64_t membership_id);
  void drop_contact(std::string_view actor, std::int64_t contact_id);
  void log_lost(std::string_view actor, const CtmContact& contact);
  void index_row(const CtmMembership& row, const CtmContact& contact);
  bool rekey(std::string_view actor, CtmContact& contact, const std::string& number);
  // nullopt = fine; otherwise the outcome that refuses it. May rewrite the number and drop fields.
  [[nodiscard]] std::optional<CtmOutcome> check_new(CtmPatch& patch) const;
  void reindex(const CtmContact& contact);  // its record and every row that shows it
  void reindex(CtmActivity& activity);
  void spread(std::string_view actor, const CtmContact& contact, const std::vector<std::string>& fields);
  void touch(const std::string& list_id);
  void contact_panel(std::string_view actor, const std::string& number, std::int64_t activity_id);
  void event(std::int64_t at_ms, std::string_view position, std::int64_t activity_id);
  [[nodiscard]] CtmPatch accepted(std::string_view actor, const CtmPatch& patch) const;  // clear_by_* rules
  [[nodiscard]] bool registered(std::string_view api_name) const;
  [[nodiscard]] bool matches(const CtmActivity& activity, const CtmQuery& query, std::int64_t as_of_ms) const;
  [[nodiscard]] std::pair<std::int64_t, std::int64_t> window(const CtmQuery& query) const;  // seconds, [a, b)
  [[nodiscard]] CtmActivity* find(std::int64_t activity_id);
  void log(std::string_view actor, std::string_view action, std::string record_id, std::string person,
           std::string_view field = "", std::string old_value = "", std::string new_value = "");
  [[nodiscard]] std::int64_t now() const;
  [[nodiscard]] std::int64_t due() const;  // when the index shows a change made now

  CtmModel& world_;
  std::string timezone_;
  CtmZone zone_;
  std::vector<CtmList> lists_;
  std::map<std::string, ListRows, std::less<>> rows_;
  std::map<std::int64_t, CtmContact> contacts_;
  std::unordered_map<std::string, std::vector<std::int64_t>> by_number_;  // calls match the last one
  std::unordered_map<std::int64_t, std::set<std::pair<std::string, std::int64_t>>> rows_of_;
  Contacts contact_index_;
  std::unordered_map<std::int64_t, std::unique_ptr<CtmActivity>> activities_;
  std::unordered_map<std::string, std::int64_t> by_sid_;
  std::unordered_map<std::string, std::vector<ActivityKey>> calls_of_;  // sorted
  Activities activity_index_;
  struct Remembered {
    std::string question;
    std::uint64_t generation;
    std::shared_ptr<const Found> found;
  };
  std::deque<Remembered> answers_;  // so that a page costs a page, not a search
  std::multimap<std::int64_t, CtmEvent> events_;
};

// The whole system: accounts, keys, the log of writes. Not thread-safe by itself: CtmFace and CtmUi
// hold guard() during each of their operations, whoever calls accounts directly does the same.
class CtmModel {
 public:
  explicit CtmModel(NowMs now, CtmSetup setup = {});
  CtmModel(const CtmModel&) = delete;
  CtmModel& operator=(const CtmModel&) = delete;

  [[nodiscard]] Switches& switches() { return switches_; }
  [[nodiscard]] const Switches& switches() const { return switches_; }
  [[nodiscard]] CtmAccount& account() { return *accounts_.front(); }  // the one of CtmSetup
  [[nodiscard]] CtmAccount* account(std::int64_t account_id);
  CtmAccount& add_account(const std::string& name, const std::string& timezone, std::int64_t agency_id);
  [[nodiscard]] const std::vector<std::unique_ptr<CtmAccount>>& accounts() const { return accounts_; }
  // The list of CtmSetup; "" when there was none or it has been deleted.
  [[nodiscard]] std::string sync_list() const;

  [[nodiscard]] std::vector<CtmKey>& keys() { return keys_; }
  [[nodiscard]] const CtmKey& account_key() const { return keys_.front(); }
  [[nodiscard]] const CtmKey* key(std::string_view access) const;
  CtmKey make_key(std::int64_t agency_id, std::int64_t account_id = 0);
  CtmKey reset_key(const std::string& access);  // the old pair is dead at once; the new pair

  [[nodiscard]] const std::vector<WriteEntry>& writes() const { return writes_; }
  void clear_writes() { writes_.clear(); }
  [[nodiscard]] std::int64_t dial_attempts() const { return dial_attempts_; }  // must be 0 in every test
  void dialled() { ++dial_attempts_; }

  [[nodiscard]] std::int64_t now() const { return now_(); }
  [[nodiscard]] std::recursive_mutex& guard() { return guard_; }
  [[nodiscard]] std::uint64_t random();  // the seed's next number
  [[nodiscard]] std::string opaque_id(std::string_view prefix, std::size_t length);
  std::int64_t next_contact = 91'300'016, next_membership = 7'804'120, next_activity = 4'512'630'907,
               next_small = 50'210;
  void set_logging(bool on) { logging_ = on; }  // off while sample data is loaded
  void set_instant(bool on) { instant_ = on; }  // on: the index shows a change at once, whatever the lag

 private:
  friend class CtmAccount;
  NowMs now_;
  std::uint64_t state_;
  Switches switches_;
  std::recursive_mutex guard_;
  std::vector<std::unique_ptr<CtmAccount>> accounts_;
  std::vector<CtmKey> keys_;
  std::vector<WriteEntry> writes_;
  std::int64_t dial_attempts_ = 0;
  std::string sync_list_;
  bool logging_ = true, instant_ = false;
};

[[nodiscard]] std::vector<Switches::Spec> ctm_switch_specs();
}  // namespace tandem::sim
