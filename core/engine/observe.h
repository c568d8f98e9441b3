// Evidence into pairs: what a reading showed becomes `seen`, new people become pairs. Writes nothing
// remotely and decides nothing; only differing evidence gets here.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>
#include "core/engine/context.h"
#include "core/merge/fold.h"
#include "core/merge/plan.h"

namespace tandem {

struct Staged {
  PairId pair;           // row 0: nobody (P35)
  bool changed = false;  // something of the pair is other than before
};

class Observer {
 public:
  explicit Observer(Context& context) : c_(context) {}

  // Reads one side to the end of its feed or sweep. False: incomplete, the reason is in the report.
  // `reread`: what looks as before is compared all the same.
  bool read(Side side, ReadKind kind, bool reread = false);

  // Inside a transaction.
  // `direct`: read by its id, so a listing may show an older state for a while yet.
  Staged stage(Side side, const Evidence& evidence, bool direct = false);
  // A direct read says that the record is not there: nothing is written for its pair until that is proved
  // or it shows itself again.
  void suspect_gone(Side side, const RecordId& record);
  // Suspects that a complete listing did not show are read once more; gone again: the deletion is agreed.
  // No transaction may be open. False: the remote could not be asked.
  bool prove_deletions(Side side);
  // The pair goes on as a tombstone: nothing is written for it, and nothing old brings it back (P15).
  void bury(PairState& pair, std::string reason);
  // The pair is a person on the other side only; the record's id stays as an alias.
  void lose_side(PairState& pair, Side side, const std::string& reason);
  // What was planned to become of the pair. False: it is erased, there is no pair any more.
  bool end(PairState& pair, const Ending& ending);

  // Recomputes what a side without records shows of the pair from its fold. True: something changed.
  bool show_fold(PairState& pair, Side side, std::int64_t edited_at_ms, const FieldMap& written = {});
  // The union of tags over the person's sources, aliases included (P45).
  bool show_tags(PairState& pair, Side side);
  // The phones and e-mails that `evidence`, just taken in, lets the pair be matched by.
  void identify(PairState& pair, Side side, const Evidence& evidence);
  [[nodiscard]] Reading reading_of(Side side, const Evidence& evidence) const;

 private:
  Staged stage_record(Side side, const Evidence& evidence);
  Staged stage_source(Side side, const Evidence& evidence, bool direct);
  bool show(PairState& pair, Side side, const FieldMap& canonical, std::int64_t edited_at_ms);
  bool stage_page(Side side, const std::vector<const Evidence*>& differing);
  void missing_from(Side side, const std::vector<std::uint64_t>& met);     // a complete listing; sorted
  bool sings(Side side, std::size_t lost, std::size_t known, bool empty);  // the canary
  void missing_records(Side side, const std::vector<Suspect>& missing);
  void missing_rows(Side side, const std::vector<Suspect>& missing);
  void leave_the_list(Side side, const Suspect& row);
  void agree_deletion(Side side, const RecordId& record);
  bool join_survivor(PairState& pair, Side side);
  void pass_over_from_now_on(Side side, const Evidence& row, const std::optional<SourceRow>& before);
  bool shows_as_seen(Side side, const Evidence& evidence);
  bool is_erased(Side side, const Evidence& evidence);
  void call_again(PairState& pair, Side side);
  void wake_those_with(const Identity& identity, PairId except);
  void wake_neighbours(const PairState& pair);
  void expect_echo(Side side, SourceRow& row);
  std::vector<RecordId> keys_of(const PairState& pair, Side side);

  Context& c_;
};

// A surface that shows a name whole was edited: the halves that another one showed are older.
void drop_outdated_halves(const Context& context, Side side, FoldResult& folded);

// The state's key of a fact that each side has its own of: cursor, listed, canary.
[[nodiscard]] std::string meta_key(std::string_view what, Side side);
// Two ids with one hash would only keep a missing one from being noticed.
[[nodiscard]] std::uint64_t id_hash(std::string_view id);

// Where a record's key is its number: the number is a phone to be matched by, too.
void add_key_as_phone(const Context& context, const PairState& pair, std::vector<Identity>& identities);

// How a name that is shown whole is split: as it was agreed, or as `over` sent it.
[[nodiscard]] FieldMap known_names(const PairState& pair, Side side, const FieldMap& over = {});

// Canonical tags as one text, for comparing what a source showed.
[[nodiscard]] std::string joined_tags(const std::vector<std::string>& tags);
}  // namespace tandem
