// The planner's working state for one pair; plan.h is the way in. One file per kind of decision:
// plan.cpp what all share, plan_fields.cpp, plan_key.cpp, plan_records.cpp, plan_tags.cpp.
#pragma once
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include "core/merge/merge_set.h"
#include "core/merge/plan.h"
#include "core/model/digest.h"

namespace tandem {
inline constexpr std::string_view kPhone = "phone";
inline constexpr std::string_view kFirst = "first_name";
inline constexpr std::string_view kLast = "last_name";

class Planner {
 public:
  Planner(const PlanInput& input, const Policy& policy) : in_(input), pair_(*input.pair), policy_(policy) {
    out_.pair = pair_.id;
  }
  PairPlan make();

 private:
  enum class Place : std::uint8_t { none, record, activity, row, new_row };
  struct Draft {
    std::optional<SourceRef> target;
    FieldMap fields, before;
    std::map<std::string, std::string, std::less<>> why;
    std::string changed_by;
    bool overwrites = false;
  };

  [[nodiscard]] const Capabilities& can(Side s) const { return *in_.capabilities[s]; }
  [[nodiscard]] const PairField& field(std::string_view name) const;
  [[nodiscard]] Access access(Side s, SourceKind kind, const FieldRule& rule) const;
  [[nodiscard]] const SourceRow* newest(Side s, SourceKind kind) const;
  // Where a value for `rule` is written: the record; else the newest activity, else our row, else a
  // new row. A linked caller joins the list only for what its newest activity cannot take.
  [[nodiscard]] Place place(Side s, const FieldRule& rule) const;
  static SourceKind kind_of(Place p);
  void unavailable();
  void note(std::string text);
  [[nodiscard]] std::string key_of(const PlannedWrite& w) const;

  // What was refused stays parked while it is still what would be sent.
  void keep_parked();
  [[nodiscard]] bool is_parked(Side s, std::string_view name) const;
  void park(Side s, const FieldRule& rule, std::string reason);

  void plan_field(const FieldRule& rule);
  [[nodiscard]] static bool is_oscillation(const PairField& f, Side from);
  void hold_oscillation(const FieldRule& rule, const PairField& f);
  void follow(const FieldRule& rule, const PairField& f, const FieldMerge& merge);
  [[nodiscard]] bool fills_at_last(const FieldRule& rule, const PairField& f, Side to) const;
  void remember_blank(const FieldRule& rule, const PairField& f);
  void settle_without_write(const FieldRule& rule, const PairField& f, Verdict verdict);
  [[nodiscard]] ConflictRow conflict_row(const FieldRule& rule, const PairField& f, std::string decision,
                                         std::string by) const;
  bool resolved(const FieldRule& rule, const PairField& f);
  void take(const FieldRule& rule, const PairField& f, Side from, bool contested);
  void draft(const FieldRule& rule, const PairField& f, Side to, const FieldValue& value, std::string why,
             std::string changed_by);
  // What the write takes away, for the audit (P16): the target may show another value than the side as a
  // whole does. Where nothing is shown, what was sent last.
  [[nodiscard]] FieldValue replaced(Side s, Place where, const FieldRule& rule, const PairField& f) const;
  // What the whole record should show on `s` after `changed`: for a replace, which loses what it
  // does not send. What that side cannot show comes from its base, else from the other side.
  [[nodiscard]] const FieldValue* drafted_value(Side s, std::string_view name) const;
  // What else the write may replace: on the person's other sources, and, as a name is written whole, the
  // other half of a name on its target (P16).
  [[nodiscard]] FieldEntries shown_elsewhere(Side s, const PlannedWrite& write) const;
  [[nodiscard]] FieldMap image(Side s, const FieldMap& changed) const;
  [[nodiscard]] PlannedWrite write_of(Side s, WriteKind kind, const FieldMap& fields) const;
  static void keep_first(Draft& d);
  void flush_drafts();

  // The key (P39).
  void plan_phone();
  void rekey(const FieldRule& rule, const PairField& f, Side keyed);
  void add_new_key(Side keyed, const FieldValue& number);

  void plan_create(Side on);

  // Deletions (P12, P14, P15).
  void plan_deletion(Side deleted);
  void plan_forget();
  [[nodiscard]] bool is_edited(Side s) const;
  // The write that takes the person away there; false: nothing of it can be removed. Row nullptr: the record.
  bool remove(Side s, const SourceRow* row, std::string why, std::string ask);
  bool add_removal(Side s, std::string why, std::string ask);
  void end(PairStatus status, std::string reason, bool erase = false);

  // Stale sources (P33).
  void plan_corrections();
  [[nodiscard]] bool was_replaced(Side s, const std::string& native, const FieldValue& value) const;
  [[nodiscard]] bool is_drafted(Side s, const SourceRef& ref) const;
  [[nodiscard]] FieldMap lost_fields(Side s, const SourceRow& row, const FieldMap& agreed) const;
  // Native values that both the side as a whole and its base show, and that nobody contests.
  [[nodiscard]] FieldMap agreed_native(Side s) const;
  [[nodiscard]] const FieldValue& agreed_value(Side s, std::string_view name) const;
  [[nodiscard]] bool in_conflict(std::string_view name) const;

  [[nodiscard]] const TagSet* tags_seen(Side s) const;
  void plan_tags();
  void apply_tag_decisions(const PerSide<TagSet>& seen, SetMerge& merged);
  [[nodiscard]] bool tags_oscillate(Side from) const;
  [[nodiscard]] const SourceRow* newest_of_alias(Side s) const;
  void plan_tag_write(Side to, WriteKind kind, const TagSet& tags);

  const PlanInput& in_;
  const PairState& pair_;
  const Policy& policy_;
  PairPlan out_;
  std::map<std::pair<Side, Place>, Draft> drafts_;
  std::string tag_why_;  // a person decided on some tag; "" = nobody did
};

void add_value(Digest& digest, const FieldValue& value);
// As the merge sees it; with `ignore_unconfirmed` a caller-ID name counts as not observed.
[[nodiscard]] FieldSight sight_of(const PairField& field, bool ignore_unconfirmed);
}  // namespace tandem
