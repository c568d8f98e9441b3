// The simulated HighLevel location: what it remembers and what its operations do, without HTTP or JSON.
// The wire (highlevel_face.h), people at work in the UI (actor staff) and a Replica port all call these.
// Every reading that the dossier leaves open is a switch, listed in highlevel_switches.cpp.
// Time only through NowMs; ids and jitter from the seed: same seed and same calls, same bytes.
// Not thread-safe: hold guard() while calling, as the face does.
#pragma once
#include <cstdint>
#include <map>
#include <mutex>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "tests/sim/highlevel_index.h"
#include "tests/sim/highlevel_quota.h"
#include "tests/sim/highlevel_records.h"
#include "tests/sim/people.h"
#include "tests/sim/wire.h"

namespace tandem::sim::highlevel {

enum class Actor : std::uint8_t { api, staff, server };
enum class Route : std::uint8_t { create, update, upsert };

struct Upserted {
  ContactPtr contact;
  bool is_new = false;
};
struct Changed {
  std::vector<std::string> all, changed;
};  // tags or followers after the call; added or removed
struct BulkTags {
  std::string contact_id, error;
  std::vector<std::string> old_tags, changed;
};

// A filter of /contacts/search, as sent; compiled and judged by search(). Values keep their JSON type.
struct FilterValue {
  enum class Kind : std::uint8_t { none, text, number, flag, list, range } kind = Kind::none;
  std::string text;
  double number = 0;
  bool flag = false;
  std::vector<std::string> list;
  std::map<std::string, FilterValue> range;  // gt gte lt lte
};
struct Filter {
  std::string group;  // "AND", "OR": members count; "" = a condition
  std::vector<Filter> members;
  std::string field, op;
  FilterValue value;
};
struct Sort {
  std::string field;
  bool descending = false;
};
struct SortValue {
  bool is_null = false, is_text = false;
  std::int64_t number = 0;
  std::string text;
};
struct SearchQuery {
  std::int64_t page_limit = 20;
  std::int64_t page = 0;                // 0 = not given
  std::vector<SortValue> search_after;  // empty = not given; the last one is the contact id
  std::string query;
  std::vector<Filter> filters;
  std::vector<Sort> sort;  // empty = dateAdded, newest first
  PageFault fault = PageFault::none;
};
struct FoundRow {
  const Contact* contact;
  std::vector<SortValue> search_after;
};  // until the next call
struct SearchPage {
  std::vector<FoundRow> rows;
  std::int64_t total = 0, first = 0;
};  // first: its place among all

struct NewAppointment {
  std::string contact_id, title;
  std::int64_t start_ms = 0, end_ms = 0;
};

class Model {
 public:
  Model(std::uint64_t seed, NowMs now);
  Model(const Model&) = delete;
  Model& operator=(const Model&) = delete;

  [[nodiscard]] Switches& switches() { return switches_; }
  [[nodiscard]] const Switches& switches() const { return switches_; }
  [[nodiscard]] std::recursive_mutex& guard() { return guard_; }
  [[nodiscard]] std::int64_t now() const { return now_(); }
  [[nodiscard]] Quota& quota() { return quota_; }
  // Those HighLevel knows become contacts, as made by hand over the last two years: not in the log,
  // visible at once, and past the duplicate policy (people with one number existed before it was set).
  void load_people(std::span<const Person> people);

  // --- Contacts. For staff a blank always clears, and neither e-mail nor phone is needed.
  Answer<ContactPtr> create(const Patch& patch, Actor actor = Actor::api);
  Answer<ContactPtr> update(const std::string& id, const Patch& patch, Actor actor = Actor::api);
  Answer<Upserted> upsert(const Patch& patch, bool new_if_allowed);
  Answer<Done> erase(const std::string& id, Actor actor = Actor::api);
  [[nodiscard]] Answer<ContactPtr> read(const std::string& id) const;
  Answer<Changed> change_tags(const std::string& id, const std::vector<std::string>& tags, bool add,
                              Actor actor = Actor::api);
  std::vector<BulkTags> bulk_tags(const std::vector<std::string>& ids, const std::vector<std::string>& tags,
                                  bool add, bool all);
  Answer<Changed> change_followers(const std::string& id, const std::vector<std::string>& users, bool add);
  Answer<std::vector<std::string>> link_business(const std::vector<std::string>& ids,
                                                 const std::string& business_id);
  // nullptr = nobody. `found_by`: what matched, email or phone.
  [[nodiscard]] ContactPtr find_duplicate(const std::string& email, const std::string& number,
                                          std::string& found_by);
  [[nodiscard]] std::vector<ContactPtr> contacts() const;  // primary store, by id
  [[nodiscard]] std::size_t contact_count() const { return contacts_.size(); }

  // --- Search index
  [[nodiscard]] Answer<SearchPage> search(const SearchQuery& query);
  [[nodiscard]] std::int64_t index_settled_at_ms() const {
    return index_.settled_at_ms();
  }                     // 0 = it is up to date
  void settle_index();  // everything arrives now, whatever the lag
  // A contact that is there is in no listing until then, or until its next change.
  void lose_from_index(const std::string& id, std::int64_t until_ms);

  // --- Only people can do these
  Answer<Done> merge(const std::string& survivor, const std::string& gone);
  Answer<ContactPtr> restore(const std::string& id);
  Answer<Done> add_other_phone(const std::string& id, const std::string& phone);
  Answer<Done> add_other_email(const std::string& id, const std::string& email);
  void set_dedupe(bool allow_duplicates, std::vector<std::string> unique_identifiers);
  bool rename_custom_field(const std::string& id, const std::string& name);  // its key stays

  // --- Definitions and catalogues
  [[nodiscard]] const std::vector<FieldDefinition>& custom_fields() const { return definitions_; }
  [[nodiscard]] const FieldDefinition* definition(std::string_view id_key_or_name) const;
  FieldDefinition& add_custom_field(const std::string& name, const std::string& data_type,
                                    std::vector<std::string> options = {},
                                    const std::string& model = "contact");
  bool remove_custom_field(const std::string& id);  // its values vanish from reads
  [[nodiscard]] std::vector<Tag>& tags() { return tags_; }
  Tag& tag_called(const std::string& name);                           // made when missing
  [[nodiscard]] std::vector<std::string> unique_identifiers() const;  // email, phone: in order
  [[nodiscard]] Location& location() { return location_; }
  [[nodiscard]] const std::string& country() const { return switches_.text("location.country"); }
  [[nodiscard]] std::vector<User>& users() { return users_; }
  [[nodiscard]] std::vector<Business>& businesses() { return businesses_; }
  [[nodiscard]] Business* business(std::string_view id);
  Business& add_business(const std::string& name);

  // --- Notes, tasks, appointments of a contact
  [[nodiscard]] Answer<std::vector<Note>> notes(const std::string& contact_id) const;
  Answer<Note> add_note(const std::string& contact_id, const NotePatch& patch, Actor actor = Actor::api);
  Answer<Note> change_note(const std::string& contact_id, const std::string& id, const NotePatch& patch,
                           Actor actor = Actor::api);
  Answer<Done> remove_note(const std::string& contact_id, const std::string& id, Actor actor = Actor::api);
  [[nodiscard]] Answer<std::vector<Task>> tasks(const std::string& contact_id) const;
  [[nodiscard]] std::vector<Task> all_tasks() const;
  Answer<Task> add_task(const std::string& contact_id, const TaskPatch& patch, Actor actor = Actor::api);
  Answer<Task> change_task(const std::string& contact_id, const std::string& id, const TaskPatch& patch,
                           Actor actor = Actor::api);
  Answer<Done> remove_task(const std::string& contact_id, const std::string& id, Actor actor = Actor::api);
  [[nodiscard]] std::vector<Appointment>& appointments() { return appointments_; }
  Answer<Appointment> add_appointment(const NewAppointment& wanted, Actor actor = Actor::staff);
  void appointment_changed(Appointment& appointment);  // stamps it, and the contact as the switch says

  // --- What was written, by whom, and over what
  [[nodiscard]] const std::vector<WriteEntry>& writes() const { return writes_; }
  void clear_writes() { writes_.clear(); }

  [[nodiscard]] std::string new_id(std::size_t length = 20);
  [[nodiscard]] std::string new_uuid();
  [[nodiscard]] std::string new_trace_id();  // from its own stream: reads do not shift the ids of records
  [[nodiscard]] Refusal not_found(const std::string& id) const;

 private:
  struct Deleted {
    ContactPtr contact;
    std::vector<Note> notes;
    std::vector<Task> tasks;
  };
  // Field values as they will be stored, or why not. `before` null on create.
  Answer<Contact> applied(const Contact* before, const Patch& patch, Route route, Actor actor);
  void apply_text(Contact& next, const Patch& patch, Route route, Actor actor, bool creating,
                  std::vector<std::string>& errors);
  std::string stored_text(Field field, std::string value, std::vector<std::string>& errors) const;
  void apply_name(Contact& next, const Patch& patch) const;
  std::optional<Refusal> apply_custom(Contact& next, const Patch& patch, Actor actor) const;
  [[nodiscard]] std::vector<std::string> stored_tags(const std::vector<std::string>& tags);
  [[nodiscard]] std::optional<Refusal> duplicate(const Contact& next, const Patch& patch,
                                                 std::string_view except) const;
  [[nodiscard]] const Contact* live(const std::string& id) const;
  void insert(Contact contact, Actor actor, const Patch& patch);
  // Stores a new version; `bump` moves dateUpdated.
  ContactPtr store(Contact next, bool bump);
  void drop(const std::string& id, Actor actor, std::string_view action);
  void touch(const std::string& id, std::string_view bump_switch);
  void log_patch(Actor actor, std::string_view action, const Contact& before, const Contact& after,
                 const Patch& patch);
  void log(Actor actor, std::string_view action, const std::string& record, const std::string& person,
           std::string_view field = "", std::string old_value = "", std::string new_value = "");
  [[nodiscard]] std::int64_t lag(std::string_view name, std::int64_t low_percent, std::int64_t high_percent);

  NowMs now_;
  Switches switches_;
  Quota quota_;
  std::recursive_mutex guard_;
  std::mt19937_64 ids_, jitter_, traces_;
  std::uint64_t versions_ = 0;
  Location location_;
  std::map<std::string, ContactPtr> contacts_;
  std::map<std::string, Deleted> deleted_;
  Identities identities_;
  SearchIndex index_;
  std::vector<FieldDefinition> definitions_;
  std::vector<Tag> tags_;
  std::vector<User> users_;
  std::vector<Business> businesses_;
  std::unordered_map<std::string, std::vector<Note>> notes_;
  std::unordered_map<std::string, std::vector<Task>> tasks_;
  std::vector<Appointment> appointments_;
  std::vector<WriteEntry> writes_;
};

[[nodiscard]] std::vector<Switches::Spec> switch_specs();
}  // namespace tandem::sim::highlevel
