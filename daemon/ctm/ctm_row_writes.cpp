// Writing rows. A row cannot be changed: it is removed and added again with its whole image, unless
// the server has been seen to update a row when its number is added once more (P38).
#include <fmt/format.h>
#include <algorithm>
#include <array>
#include "core/model/normalise.h"
#include "core/tuning.h"
#include "daemon/ctm/ctm_errors.h"
#include "daemon/ctm/ctm_lists.h"

namespace tandem::ctm {
namespace {
constexpr std::int64_t kSmallList = 500;  // rows: reading it again costs little
constexpr std::int64_t kTrialsMax = 3;
constexpr std::int64_t kTrustMs = 60 * 60'000;  // how long an add that was seen to update, late, vouches
constexpr std::array<std::int64_t, 4> kLooksMs{0, 1'000, 2'000,
                                               2'000};  // pauses before each look at a row just added

// Fields of `set` that the row shows and that differ from it: by them an add can be judged.
std::vector<std::string> judged_fields(const Write& write, const WireFields& shown) {
  std::vector<std::string> out;
  const auto differs = [&](std::string_view native, const std::string& wanted) {
    return value_in(shown, native) != nullptr &&
           canonical_text(text_in(shown, native)) != canonical_text(wanted);
  };
  if (changes_name(write.set) && differs("name", whole_name(write.set, write.whole)))
    out.emplace_back("name");
  for (const auto& [native, value] : write.set) {
    if (!is_name(native) && differs(native, text_in(write.set, native))) out.push_back(native);
  }
  return out;
}

// The write without its changes: what a row gets back when the new image is refused.
Write without_changes(Write write) {
  std::erase_if(write.whole,
                [&](const auto& f) { return !is_name(f.first) && value_in(write.set, f.first) != nullptr; });
  write.set.clear();
  return write;
}

bool changed(const std::vector<std::string>& judged, const WireFields& before, const WireFields& after) {
  return std::any_of(judged.begin(), judged.end(), [&](const std::string& native) {
    return value_in(after, native) != nullptr && text_in(after, native) != text_in(before, native);
  });
}

Error half_done(Error cause, const std::string& list_id) {
  cause.fault = Fault::ambiguous;
  cause.message = fmt::format(
      "a row of list {} was removed to be replaced and is not back yet ({}); the add is repeated "
      "from the note of it",
      list_id, cause.message);
  return cause;
}
}  // namespace

std::string Lists::adding() const {
  const std::string known = fact(facts_, "add_updates");
  if (!known.starts_with("no:")) return known;
  std::int64_t since_s = 0;
  std::from_chars(known.data() + 3, known.data() + known.size(), since_s);
  return clock_.now_ms() / 1000 - since_s > kAskAgainS ? "" : "no";
}

Result<Reply> Lists::add(const std::string& number, const Image& image) {
  const std::string what = "a row added to list " + list_id_;
  auto reply = client_.write("POST", resource_ + "/add_contact",
                             add_contact_json(number, image.fields, image.unmapped), Effect::once, what);
  if (!reply) {
    if (reply.error().fault == Fault::ambiguous) index_.complete = false;  // it may be there now
    return reply;
  }
  if (auto error = client_.refusal(*reply, what)) {
    if (error->fault == Fault::gone) {  // the route names the list, not the row
      error->fault = Fault::rejected;
      error->message = fmt::format("CTM does not find list {}: check list of [link.ctm]", list_id_);
    }
    return fail(std::move(*error));
  }
  written_at_[number_key(number)] = clock_.now_ms();
  return reply;
}

Result<void> Lists::take_out(const std::string& wire_number) {
  const std::string what = "the removal of a row from list " + list_id_;
  const auto reply = client_.write("DELETE", resource_ + "/remove_contacts",
                                   remove_contacts_json(wire_number), Effect::repeatable, what);
  if (!reply) return fail(reply.error());
  auto error = client_.refusal(*reply, what);
  if (error && error->fault != Fault::gone) return fail(std::move(*error));  // what is not there need not go
  forget(wire_number);
  return {};
}

void Lists::forget(const std::string& wire_number) {
  const std::uint64_t key = number_key(wire_number);
  const auto removed = std::erase_if(index_.entries, [key](const Entry& e) { return e.number == key; });
  total_ -= static_cast<std::int64_t>(removed);
}

// A removal that was refused and yet done would leave a hole: the listing has the last word, once it had
// time to catch up.
bool Lists::outlasts_refusal(const RowHit& row, const std::string& number) {
  for (const std::int64_t pause : kLooksMs) {
    if (pause > 0) clock_.sleep_until_ms(clock_.now_ms() + pause);
    seen_pages_.clear();
    const auto hits = near({number, row.row.source.id});
    if (!hits) return true;
    if (std::none_of(hits->begin(), hits->end(),
                     [&](const RowHit& h) { return h.row.source == row.row.source; }))
      return false;
  }
  return true;
}

// Rows of the number where it was and where a new row would be: at the end.
Result<std::vector<RowHit>> Lists::look_for(const std::string& number, std::int64_t old_page) {
  seen_pages_.clear();
  std::vector<std::int64_t> pages;
  for (const std::int64_t page : {(total_ + 9) / 10, total_ / 10 + 1, old_page}) {
    if (page > 0 && std::find(pages.begin(), pages.end(), page) == pages.end()) pages.push_back(page);
  }
  std::vector<RowHit> out;
  for (const std::int64_t page : pages) {
    const auto rows = page_rows(page);
    if (!rows) return fail(rows.error());
    for (const RowHit& hit : **rows) {
      const bool known = std::any_of(out.begin(), out.end(),
                                     [&](const RowHit& o) { return o.row.source == hit.row.source; });
      if (!known && matches(hit, {number, ""})) out.push_back(hit);
    }
  }
  return out;
}

// Rows of the number that came in spite of a refused add: putting the old one back would make two of it.
std::vector<RowHit> Lists::stored_all_the_same(const std::string& number, const RowHit* removed) {
  for (const std::int64_t pause : kLooksMs) {
    if (pause > 0) clock_.sleep_until_ms(clock_.now_ms() + pause);
    auto hits = look_for(number, removed == nullptr ? 0 : removed->page);
    if (!hits) break;
    if (removed != nullptr)
      std::erase_if(*hits, [&](const RowHit& h) { return h.row.source == removed->row.source; });
    if (!hits->empty()) return std::move(*hits);
  }
  return {};
}

Receipt Lists::receipt_of(const Write& write, std::vector<RowHit> hits) const {
  Receipt receipt;
  receipt.record = write.record;
  receipt.awaiting_index = hits.empty();
  for (RowHit& hit : hits) receipt.shown.push_back(std::move(hit.row));
  return receipt;
}

Result<Receipt> Lists::create(const Write& write) {
  seen_pages_.clear();
  const RowKey key{write.record.text, ""};
  if (!is_fresh() || is_indexed(key)) {
    auto hits = locate(key);
    if (!hits) return fail(std::move(hits.error()));
    if (!hits->empty()) return receipt_of(write, std::move(*hits));
  }
  const Image image = image_of(write, nullptr);
  auto added = add(write.record.text, image);
  if (!added) {
    if (added.error().fault != Fault::rejected || !says_present(added.error().remote_words))
      return fail(std::move(added.error()));
    auto scanned = scan({&key, 1});
    if (!scanned || scanned->front().empty()) return fail(std::move(added.error()));
    return receipt_of(write, std::move(scanned->front()));
  }
  index_.entries.push_back({number_key(write.record.text), 0});
  ++total_;
  auto hits = look_for(write.record.text, 0);
  return receipt_of(write, hits ? std::move(*hits) : std::vector<RowHit>{});
}

Result<Receipt> Lists::update(const Write& write) {
  seen_pages_.clear();
  auto hits = locate({write.record.text, ""});
  if (!hits) return fail(std::move(hits.error()));
  if (hits->empty()) {
    if (write.resume) return replace(write, nullptr, image_of(write, nullptr));
    return fail(Fault::stale,
                fmt::format("the row is not in list {} any more; it is read again before anything is written",
                            list_id_));
  }
  const std::string wanted_id = write.target ? write.target->id : "";
  auto row =
      std::find_if(hits->begin(), hits->end(), [&](const RowHit& h) { return h.row.source.id == wanted_id; });
  if (row == hits->end()) row = hits->begin();
  const Image image = image_of(write, &*row);
  const bool is_judged = !judged_fields(write, row->row.fields).empty();
  if (write.resume && !is_judged &&
      row->row.source.id != wanted_id) {  // the replace was done before the restart
    facts_.erase("replace:" + write.record.text);
    return receipt_of(write, {*row});
  }
  const std::string known = adding();
  if (hits->size() == 1 && (known == "yes" || (known.empty() && is_judged))) {
    auto done = try_add_alone(write, *row, image);
    if (!done) return fail(std::move(done.error()));
    if (*done) return std::move(**done);
  }
  return replace(write, &*row, image);
}

// nullopt: the row is as it was, or there are two of it; it has to be replaced.
Result<std::optional<Receipt>> Lists::try_add_alone(const Write& write, const RowHit& row,
                                                    const Image& image) {
  const std::string now = std::to_string(clock_.now_ms() / 1000);
  const auto judged = judged_fields(write, row.row.fields);
  const bool was_known = adding() == "yes";
  const auto answer = add(write.record.text, image);
  if (!answer) {
    const bool for_presence = says_present(answer.error().remote_words);
    if (answer.error().fault != Fault::rejected || (was_known && !for_presence)) return fail(answer.error());
    if (for_presence) facts_["add_updates"] = "no:" + now;
    return std::nullopt;  // refused for being there or for a value: the replace tells, and puts the row back
  }
  const auto said = codec_.record(answer->body.root());
  const bool says_kept = said && !judged.empty() &&
                         value_in(said->records.front().fields, judged.front()) != nullptr &&
                         !changed(judged, row.row.fields, said->records.front().fields);
  if (says_kept) {
    facts_["add_updates"] = "no:" + now;
    return std::nullopt;
  }
  const bool is_trusted = was_known && clock_.now_ms() - late_update_ms_ < kTrustMs &&
                          not_waited_for_.insert(number_key(write.record.text)).second;
  for (const std::int64_t pause : kLooksMs) {
    if (pause > 0) clock_.sleep_until_ms(clock_.now_ms() + pause);
    auto hits = look_for(write.record.text, row.page);
    if (!hits) break;
    if (hits->size() > 1) {
      facts_["add_updates"] = "no:" + now;
      return std::nullopt;
    }
    const bool is_shown =
        !hits->empty() && (judged.empty() || changed(judged, row.row.fields, hits->front().row.fields));
    if (is_shown && !judged.empty()) {
      facts_["add_updates"] = "yes";
      if (pause > 0) late_update_ms_ = clock_.now_ms();
      not_waited_for_.erase(number_key(write.record.text));
    }
    if (is_shown) return receipt_of(write, std::move(*hits));
    if (is_trusted) return receipt_of(write, {});
  }
  const std::int64_t trials = was_known ? 1 : fact_number(facts_, "add_trials", 0) + 1;
  facts_["add_trials"] = std::to_string(trials);
  if (trials >= kTrialsMax)
    facts_["add_updates"] = "no:" + now;
  else
    facts_.erase("add_updates");
  return std::nullopt;
}

Result<Receipt> Lists::replace(const Write& write, const RowHit* row, const Image& image) {
  const std::string& number = write.record.text;
  const std::string note = "replace:" + number;
  if (row != nullptr) {
    if (auto refused = would_lose(write, *row)) return fail(std::move(*refused));
    if (std::string kept = beyond_the_mapping(write, image); !kept.empty()) {
      facts_[note] = std::move(kept);
      if (settings_.save_learned) settings_.save_learned();
    }
    if (auto gone = take_out(row->row.person); !gone) {
      if (gone.error().fault != Fault::rejected || outlasts_refusal(*row, number))
        return fail(std::move(gone.error()));
      forget(row->row.person);
    }
  }
  auto added = add(number, image);
  if (!added && added.error().fault == Fault::rejected) {
    if (auto stored = stored_all_the_same(number, row); !stored.empty()) {
      index_.entries.push_back({number_key(number), 0});
      ++total_;
      facts_.erase(note);
      return receipt_of(write, std::move(stored));
    }
    // The new image is refused: the row goes back as it was.
    const auto restored = add(number, image_of(without_changes(write), row));
    if (!restored) return fail(half_done(restored.error(), list_id_));
    index_.entries.push_back({number_key(number), 0});
    ++total_;
    facts_.erase(note);
    return fail(std::move(added.error()));
  }
  if (!added) return fail(half_done(added.error(), list_id_));
  index_.entries.push_back({number_key(number), 0});
  ++total_;
  facts_.erase(note);
  auto hits = look_for(number, row == nullptr ? 0 : row->page);
  if (!hits) return receipt_of(write, {});
  if (row != nullptr) {  // a listing that lags still shows the row that was removed
    std::erase_if(*hits, [row](const RowHit& h) {
      return h.row.source == row->row.source && h.row.hash == row->row.hash;
    });
    if (!hits->empty()) learn_losses(image, *row, hits->front());
  }
  return receipt_of(write, std::move(*hits));
}

Result<Receipt> Lists::remove(const Write& write) {
  seen_pages_.clear();
  const auto hits = near({write.record.text, ""});
  const bool found = hits && !hits->empty();
  if (auto gone = take_out(found ? hits->front().row.person : write.record.text); !gone)
    return fail(std::move(gone.error()));
  Receipt receipt;
  receipt.record = write.record;
  if (!found) return receipt;
  const auto left = look_for(write.record.text, hits->front().page);
  receipt.awaiting_index = !left || !left->empty();
  return receipt;
}

void Lists::before_writes() {
  const bool is_long = static_cast<std::int64_t>(index_.entries.size()) > kSmallList;
  hints_settled_ = index_.complete && is_long && hints().digest == index_.hints;
}

void Lists::after_writes() {
  if (hints_settled_) index_.hints = hints().digest;
  hints_settled_ = false;
  const std::int64_t old_ms = clock_.now_ms() - tuning::kCtmIndexLagMs;
  std::erase_if(written_at_, [old_ms](const auto& w) { return w.second < old_ms; });
}
}  // namespace tandem::ctm
