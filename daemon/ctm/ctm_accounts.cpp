#include "daemon/ctm/ctm_accounts.h"
#include <fmt/format.h>
#include <algorithm>
#include <array>
#include "core/model/normalise.h"
#include "core/model/phone.h"
#include "daemon/ctm/ctm_bodies.h"
#include "daemon/ctm/ctm_errors.h"

namespace tandem::ctm {
namespace {
constexpr std::string_view kResource =
    "/contacts.json";  // the form that every reading of the route has in common
constexpr std::string_view kQuery = "per_page=100&";  // reported cap (C)

std::string tail_of(const std::string& id) { return fmt::format("/contacts/{}.json", http::encode(id)); }
std::string name_of(const std::string& id) { return "contact " + id; }
}  // namespace

Accounts::Accounts(const CtmSettings& settings, Client& client, const Codec& codec, Facts& facts,
                   Clock& clock)
    : settings_(settings), client_(client), codec_(codec), facts_(facts), clock_(clock) {}

void Accounts::learn(const RecordPage& page) {
  if (page.shows_split) facts_["record_split"] = "yes";
  if (page.shows_stamp) facts_["record_stamp"] = "yes";
  if (page.flat_address) facts_["record_flat"] = "yes";
}

Result<RecordPage> Accounts::step(Cursor& cursor) {
  const std::string tail =
      cursor.next.empty() ? fmt::format("{}?{}page={}", kResource, kQuery, cursor.page) : cursor.next;
  Result<RecordPage> page;
  for (int attempt = 0;; ++attempt) {
    const auto body = client_.read(tail, fmt::format("the account's contacts, page {}", cursor.page));
    if (!body && body.error().fault == Fault::gone) {
      return fail(Fault::rejected,
                  "this account shows no contacts of its own (404): use contact_surface \"list+activity\" in "
                  "[link.ctm]");
    }
    if (!body) return fail(body.error());
    page = codec_.records(body->root());
    if (!page) return page;
    std::vector<std::string> ids;
    for (const Evidence& record : page->records) ids.push_back(record.source.id);
    const bool repeated = cursor.page > 1 && !ids.empty() && ids == last_ids_;
    const bool another = page->envelope.page > 0 && page->envelope.page != cursor.page;
    if (!repeated && !another) {
      last_ids_ = std::move(ids);
      break;
    }
    if (attempt == 1) {
      return fail(Fault::malformed,
                  fmt::format("CTM answered with another page than page {} of the account's contacts; it is "
                              "read again in the next cycle",
                              cursor.page));
    }
  }
  learn(*page);
  for (const std::string& id : last_ids_) ids_.insert(id);
  const auto rows = static_cast<std::int64_t>(page->records.size());
  cursor.seen += rows;
  if (cursor.page == 1)
    cursor.total = page->envelope.total_entries;
  else if (cursor.total != page->envelope.total_entries)
    cursor.total = -1;  // it shifts: no count to check against
  cursor.next = client_.following(
      page->envelope, {std::string(kResource), std::string(kQuery), cursor.page, rows, cursor.seen});
  ++cursor.page;
  return page;
}

Result<bool> Accounts::read(Cursor& cursor, Page& out) {
  if (cursor.page == 0 || pass_ == 0 || cursor.pass != pass_) {
    pass_ = static_cast<std::uint64_t>(clock_.now_ms()) << 8 | 1U;
    cursor.pass = pass_;
    cursor.page = 1;
    cursor.seen = 0;
    cursor.next.clear();
    ids_.clear();
    last_ids_.clear();
  }
  auto page = step(cursor);
  if (!page) return fail(std::move(page.error()));
  out.evidence = std::move(page->records);
  if (!cursor.next.empty()) {
    out.more = true;
    return false;
  }
  const bool complete = cursor.total >= 0 && static_cast<std::int64_t>(ids_.size()) == cursor.total;
  if (!complete && cursor.attempt == 0) {
    cursor.attempt = 1;
    pass_ = 0;
    out.more = true;
    return false;
  }
  if (complete) out.completed.push_back(SourceKind::record);
  cursor.page = 0;
  cursor.attempt = 0;
  cursor.pass = 0;
  pass_ = 0;
  return true;
}

std::vector<Result<Evidence>> Accounts::fetch(std::span<const std::string> ids) {
  std::vector<std::string> tails, names;
  for (const std::string& id : ids) {
    tails.push_back(tail_of(id));
    names.push_back(name_of(id));
  }
  std::vector<Result<Evidence>> out;
  auto bodies = client_.read_all(tails, names);
  for (std::size_t i = 0; i < bodies.size(); ++i) {
    if (!bodies[i]) {
      out.push_back(fail(std::move(bodies[i].error())));
      continue;
    }
    auto page = codec_.record(bodies[i]->root());
    if (!page) {
      out.push_back(fail(std::move(page.error())));
    } else if (page->records.front().source.id != ids[i]) {
      out.push_back(fail(
          Fault::malformed,
          fmt::format("CTM was asked for contact {} and answered with another; nothing was used", ids[i])));
    } else {
      out.push_back(std::move(page->records.front()));
    }
  }
  return out;
}

Result<Found> Accounts::find(const NaturalKey& key) {
  Found found;
  found.as_of_ms = clock_.now_ms();
  const auto carries = [&](const Evidence& record) {
    std::vector<std::string> phones = record.more_phones;
    phones.push_back(text_in(record.fields, "phone"));
    const bool phone =
        !key.phone.empty() && std::any_of(phones.begin(), phones.end(), [&](const std::string& p) {
          return !p.empty() && parse_phone(p, settings_.default_country).e164 == key.phone;
        });
    return phone || (!key.email.empty() && canonical_email(text_in(record.fields, "email")) == key.email);
  };
  for (Cursor cursor;;) {
    Page page;
    const auto over = read(cursor, page);
    if (!over) return fail(over.error());
    for (Evidence& record : page.evidence) {
      const bool known = std::any_of(found.evidence.begin(), found.evidence.end(),
                                     [&](const Evidence& e) { return e.source == record.source; });
      if (!known && carries(record)) found.evidence.push_back(std::move(record));
    }
    if (!*over) continue;
    if (page.completed.empty() && found.evidence.empty()) {
      return fail(Fault::transient,
                  "CTM counts more contacts than it shows; what it lacks is not known, tried again in the "
                  "next cycle");
    }
    return found;
  }
}

std::string Accounts::body_of(const WireFields& set, const std::string& number) const {
  WireFields fields = set;
  // A server that shows only the whole name may take either form, one that shows the split takes that.
  if (fact(facts_, "record_split") == "yes")
    std::erase_if(fields, [](const auto& f) { return f.first == "name"; });
  return contact_json(number.empty() ? text_in(set, "phone") : number, fields,
                      fact(facts_, "record_flat") == "yes");
}

Result<Receipt> Accounts::create(const Write& write) {
  WireFields image = write.whole;
  for (const auto& [native, value] : write.set) {
    if (value_in(image, native) == nullptr) image.emplace_back(native, value);
  }
  std::erase_if(image, [](const auto& f) { return f.second.blank; });
  const auto reply =
      client_.write("POST", std::string(kResource), body_of(image, ""), Effect::once, "a new contact");
  if (!reply) return fail(reply.error());
  if (auto error = client_.refusal(*reply, "a new contact")) {
    if (error->fault == Fault::gone || error->fault == Fault::unsupported) {
      facts_["record_write"] = "no";
      return fail(
          Fault::unsupported,
          "this account's contacts cannot be written; use contact_surface \"list+activity\" in [link.ctm]");
    }
    return fail(std::move(*error));
  }
  auto page = codec_.record(reply->body.root());
  if (!page)
    return fail(Fault::ambiguous,
                "CTM took a new contact without naming it; it is looked for before anything is sent again");
  Receipt receipt;
  receipt.record.text = page->records.front().source.id;
  const std::array ids{receipt.record.text};
  if (auto shown = fetch(ids); shown.front())
    receipt.shown.push_back(std::move(*shown.front()));
  else
    receipt.awaiting_index = true;
  return receipt;
}

Result<Receipt> Accounts::update(const Write& write) {
  const std::string& id = write.record.text;
  const bool patch_first = fact(facts_, "record_write") == "patch";
  for (const bool patch : {patch_first, !patch_first}) {
    const auto reply = client_.write(patch ? "PATCH" : "PUT", tail_of(id), body_of(write.set, ""),
                                     Effect::repeatable, name_of(id));
    if (!reply) return fail(reply.error());
    auto error = client_.refusal(*reply, "a change of " + name_of(id));
    // Words do not tell a plain "Not Found" of the route from one of the contact; the reading below does.
    if (error && (reply->status == 405 || reply->status == 404)) continue;
    if (error) return fail(std::move(*error));
    facts_["record_write"] = patch ? "patch" : "put";
    Receipt receipt;
    receipt.record = write.record;
    const std::array ids{id};
    if (auto shown = fetch(ids); shown.front())
      receipt.shown.push_back(std::move(*shown.front()));
    else
      receipt.awaiting_index = true;
    return receipt;
  }
  const std::array ids{id};
  if (auto shown = fetch(ids); !shown.front() && shown.front().error().fault == Fault::gone)
    return fail(shown.front().error());
  facts_["record_write"] = "no";
  return fail(
      Fault::unsupported,
      "this account's contacts cannot be written; use contact_surface \"list+activity\" in [link.ctm]");
}

Result<Receipt> Accounts::remove(const Write& write) {
  const std::string& id = write.record.text;
  const auto reply = client_.write("DELETE", tail_of(id), "", Effect::repeatable, name_of(id));
  if (!reply) return fail(reply.error());
  auto error = client_.refusal(*reply, "the removal of " + name_of(id));
  if (error && error->fault != Fault::gone) return fail(std::move(*error));
  Receipt receipt;
  receipt.record = write.record;
  const std::array ids{id};
  receipt.awaiting_index = fetch(ids).front().has_value();
  return receipt;
}
}  // namespace tandem::ctm
