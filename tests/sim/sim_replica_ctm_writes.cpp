// The replica on CTM's model, writing: rows, activities and their tags.
#include <fmt/format.h>

#include <algorithm>

#include "core/model/normalise.h"
#include "tests/sim/sim_replica_ctm.h"
#include "tests/sim/sim_replica_ctm_keys.h"

namespace tandem::sim {
CtmPatch SimCtmReplica::patch_of(const WireFields& fields, bool for_row) const {
  CtmPatch patch;
  for (const auto& [native, value] : fields) {
    const std::string text = text_of(value);
    if (native == "name" && !for_row) patch["name"] = text;
    if ((native == "first_name" || native == "last_name") && for_row) patch[native] = text;
    if (native == "email") patch["email"] = text;
    for (const auto& [name, key] : kAddress)
      if (native == name && (!for_row || model_.switches().on("list_address_write")))
        patch[std::string(key)] = text;
    if (native.starts_with(kCustom)) patch[std::string(kCtmCustom) + native.substr(kCustom.size())] = text;
  }
  return patch;
}

Result<void> SimCtmReplica::remove_row(const std::string& number) {
  return wire_.send("DELETE", lists() + "/remove_contacts", [&](PageFault) -> std::optional<Error> {
    const std::vector<std::string> numbers = {number};
    const CtmOutcome outcome = account().remove_contacts(kApi, list_id_, numbers);
    if (!outcome.ok() && account().list(list_id_) == nullptr) return refusal(outcome, list_id_);
    return std::nullopt;  // a number that is not there is removed
  });
}

// What the row shows beyond what is mapped: a replace brings it back, as far as a row takes it.
void SimCtmReplica::keep_unmapped(const std::string& number) {
  const auto& rows = account().rows(list_id_);
  const auto row =
      std::ranges::find_if(rows, [&](const auto& entry) { return entry.row->membership.number == number; });
  if (row == rows.end()) return;
  CtmPatch kept;
  const auto mapped = mapping_.native_names(Side::ctm);
  const auto keep = [&](std::string_view native, const std::string& key, const std::string& text) {
    if (!text.empty() && std::ranges::find(mapped, native) == mapped.end()) kept[key] = text;
  };
  for (const auto& [native, key] : kAddress) keep(native, std::string(key), ctm_value(row->row->who, key));
  for (const auto& [api_name, text] : row->row->who.custom)
    keep(std::string(kCustom) + api_name, std::string(kCtmCustom) + api_name, text);
  unmapped_[number] = std::move(kept);
}

Result<void> SimCtmReplica::add_row(const Write& write) {
  return wire_.send("POST", lists() + "/add_contact", [&](PageFault) -> std::optional<Error> {
    const auto kept = unmapped_.find(write.record.text);
    CtmPatch patch = kept == unmapped_.end() ? CtmPatch{} : kept->second;
    if (!model_.switches().on("list_address_write"))
      for (const auto& [native, key] : kAddress) patch.erase(std::string(key));
    for (auto& [key, text] : patch_of(write.whole, true)) patch[key] = text;
    patch["number"] = write.record.text;
    const CtmOutcome outcome = account().add_contact(kApi, list_id_, patch);
    if (!outcome.ok()) return refusal(outcome, list_id_);
    unmapped_.erase(write.record.text);
    return std::nullopt;
  });
}

Result<Receipt> SimCtmReplica::put_row(const Write& write) {
  const std::string& number = write.record.text;
  const bool replaces = write.target.has_value() && learned_["add_alone"] != "updates";
  Write before = write;  // what to put back should the server take the old row and refuse the new one
  before.whole.clear();
  if (replaces || write.resume) {
    auto rows = all_rows(number);
    if (!rows) return fail(rows.error());
    for (auto& row : *rows) {
      // Made by the part of this write that was carried out before we died.
      if (write.resume && write.target && row.source != *write.target)
        return Receipt{write.record, {std::move(row)}, false};
      for (const auto& [native, value] : row.fields) {
        if (native != "name")
          before.whole.emplace_back(native, value);
        else if (const SplitName split = split_name(value.text); true) {
          before.whole.emplace_back("first_name", wire_text(split.first));
          before.whole.emplace_back("last_name", wire_text(split.last));
        }
      }
    }
  }
  if (replaces) {
    for (const auto& [native, value] : before.whole)
      if (!value.blank && learned_["row_loses"].find(native + ",") != std::string::npos &&
          std::ranges::find(write.set, native, &WireFields::value_type::first) == write.set.end())
        return fail(tandem::Fault::rejected, "ctm: the row shows " + native + ", which no row takes back");
    keep_unmapped(number);
  }
  if (replaces)
    if (const auto removed = remove_row(number); !removed) {
      // Refused, and perhaps done all the same: without the add there would be a hole.
      const auto left = removed.error().fault == tandem::Fault::rejected
                            ? all_rows(number)
                            : Result<std::vector<Evidence>>(fail(removed.error()));
      if (!left || !left->empty()) return fail(removed.error());
    }
  if (const auto added = add_row(write); !added) {
    if (replaces && added.error().fault == tandem::Fault::rejected && !before.whole.empty())
      if (const auto back = add_row(before); !back)
        return fail(tandem::Fault::ambiguous,
                    "ctm: a row was removed, and neither its new nor its old form is back; resume");
    return fail(added.error());
  }
  Receipt receipt{write.record, {}, true};
  auto rows = all_rows(number);
  if (!rows) return receipt;
  for (auto& row : *rows) {
    const bool old = replaces && row.source == *write.target;  // its removal is not in the index yet
    const bool lags = write.target && !replaces && std::ranges::any_of(write.set, [&](const auto& field) {
                        const auto shown =
                            std::ranges::find(row.fields, field.first, &WireFields::value_type::first);
                        return shown != row.fields.end() && shown->second != field.second;
                      });
    if (old || lags) continue;
    for (const auto& [native, value] : before.whole) {
      const auto now = std::ranges::find(row.fields, native, &WireFields::value_type::first);
      if (replaces && !value.blank && now != row.fields.end() && now->second.blank &&
          std::ranges::find(write.set, native, &WireFields::value_type::first) == write.set.end())
        learned_["row_loses"] += native + ",";
    }
    receipt.shown = {std::move(row)};
    receipt.awaiting_index = false;
  }
  return receipt;
}

Result<Receipt> SimCtmReplica::modify(const Write& write) {
  const std::string& id = write.target->id;
  const auto sent = wire_.send("POST", "/calls/" + id + "/modify", [&](PageFault) -> std::optional<Error> {
    const CtmOutcome outcome = account().modify(kApi, number_in(id), patch_of(write.set, false));
    if (!outcome.ok()) return refusal(outcome, id);
    return std::nullopt;
  });
  if (!sent) return fail(sent.error());
  auto shown = fetch_one({write.record, {*write.target}});
  if (!shown)
    return fail(tandem::Fault::ambiguous,
                fmt::format("ctm: activity {} was written and could not be read back", id));
  return Receipt{write.record, std::move(*shown), false};
}

Result<Receipt> SimCtmReplica::tag(const Write& write) {
  const bool add = write.kind == WriteKind::tag_add;
  bool any = false;
  for (const auto& source : write.tag_sources) {
    for (const auto& text : write.tags) {
      const auto sent = wire_.send(
          add ? "POST" : "DELETE", "/calls/" + source.id + "/tag", [&](PageFault) -> std::optional<Error> {
            const CtmOutcome outcome = account().tag(kApi, number_in(source.id), text, add);
            if (!outcome.ok()) return refusal(outcome, source.id);
            return std::nullopt;
          });
      if (!sent && any)
        return fail(tandem::Fault::ambiguous, "ctm: some of the tags were changed; " + sent.error().message);
      if (!sent) return fail(sent.error());
      any = true;
    }
  }
  auto shown = fetch_one({write.record, write.tag_sources});
  if (!shown) return fail(tandem::Fault::ambiguous, "ctm: tags were written and could not be read back");
  return Receipt{write.record, std::move(*shown), false};
}

Result<Receipt> SimCtmReplica::apply_one(const Write& write) {
  switch (write.kind) {
    case WriteKind::create:
      return put_row(write);
    case WriteKind::tag_add:
    case WriteKind::tag_remove:
      return tag(write);
    case WriteKind::remove: {
      const auto removed = remove_row(write.record.text);
      if (!removed) return fail(removed.error());
      return Receipt{write.record, {}, false};
    }
    case WriteKind::update:
      break;
  }
  if (!write.target)
    return fail(tandem::Fault::unsupported, "ctm: this surface writes rows and activities only");
  return write.target->kind == SourceKind::activity ? modify(write) : put_row(write);
}

std::vector<Result<Receipt>> SimCtmReplica::apply(std::span<const Write> writes) {
  std::vector<Result<Receipt>> out;
  out.reserve(writes.size());
  for (const auto& write : writes) out.push_back(apply_one(write));
  return out;
}

int SimCtmReplica::cost_of(WriteKind kind) const {
  switch (kind) {
    case WriteKind::create:
      return 2;
    case WriteKind::update:
      return 4;  // a row: read, remove, add, read
    case WriteKind::tag_add:
    case WriteKind::tag_remove:
      return 2;
    case WriteKind::remove:
      return 1;
  }
  return 1;
}
}  // namespace tandem::sim
