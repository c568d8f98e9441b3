#include <fmt/format.h>

#include "daemon/highlevel/highlevel_replica.h"

namespace tandem {
using highlevel::Asked;

namespace {
Asked asked_for(const Write& write) {
  switch (write.kind) {
    case WriteKind::create:
      return {"POST /contacts/", highlevel::kWriteContacts, "", true};
    case WriteKind::update:
      return {"PUT /contacts/{id}", highlevel::kWriteContacts, write.record.text, true};
    case WriteKind::tag_add:
      return {"POST /contacts/{id}/tags", highlevel::kWriteContacts, write.record.text, true};
    case WriteKind::tag_remove:
      return {"DELETE /contacts/{id}/tags", highlevel::kWriteContacts, write.record.text, true};
    case WriteKind::remove:
      return {"DELETE /contacts/{id}", highlevel::kWriteContacts, write.record.text, true};
  }
  return {};
}

// A refusal of `customFields...` names no field; where the update has one of them, it is meant. The others
// of the update are then not parked with it.
std::string only_custom_meant(const Write& write, const Error& error) {
  std::string found;
  if (write.kind != WriteKind::update || error.remote_words.find("customFields") == std::string::npos)
    return found;
  for (const auto& [name, value] : write.set) {
    if (!name.starts_with("custom:")) continue;
    if (!found.empty()) return {};
    found = name;
  }
  return found;
}

const WireValue* company_in(const WireFields& set) {
  for (const auto& [name, value] : set)
    if (name == "company") return &value;
  return nullptr;
}
}  // namespace

// How far one write of a batch has come.
struct HighLevelReplica::Attempt {
  enum class Next : std::uint8_t { send, read_back, done } next = Next::send;
  bool with_company = true;
  std::string record;
  std::vector<Evidence> own_answer;  // what the create's answer itself shows
  Result<Receipt> result;

  void end(Error error) {
    result = fail(std::move(error));
    next = Next::done;
  }
};

// The request of a write. `unsendable`: the update has nothing that can be sent; its first field.
http::Request HighLevelReplica::write_of(const Write& write, bool with_company,
                                         std::optional<std::string>& unsendable) const {
  http::Request request;
  request.headers = {"Content-Type: application/json"};
  request.effect = true;
  request.repeatable = write.kind != WriteKind::create;
  request.path = "/contacts/" + http::encode(write.record.text);
  switch (write.kind) {
    case WriteKind::create:
      request.method = "POST";
      request.path = "/contacts/";
      request.body = codec_.create_body(write);
      break;
    case WriteKind::update: {
      request.method = "PUT";
      auto body = codec_.update_body(write.set, with_company);
      if (body)
        request.body = std::move(*body);
      else
        unsendable = write.set.empty() ? std::string() : write.set.front().first;
      break;
    }
    case WriteKind::tag_add:
    case WriteKind::tag_remove:
      request.method = write.kind == WriteKind::tag_add ? "POST" : "DELETE";
      request.path += "/tags";
      request.body = highlevel::Codec::tags_body(write.tags);
      break;
    case WriteKind::remove:
      request.method = "DELETE";
      request.headers.clear();
      break;
  }
  return request;
}

void HighLevelReplica::judge_create(http::Answer& answer, Attempt& attempt) {
  auto contact = codec_.contact(answer.body);
  if (!contact) {
    Error e;
    e.fault = Fault::ambiguous;
    e.message =
        fmt::format("POST /contacts/ answered {} without the contact; it may have been made", answer.status);
    return attempt.end(std::move(e));
  }
  attempt.record = contact->evidence.source.id;
  attempt.own_answer.push_back(std::move(contact->evidence));
  attempt.next = Attempt::Next::read_back;
}

void HighLevelReplica::judge(const Write& write, Result<http::Answer>& answer, Attempt& attempt) {
  if (!answer) return attempt.end(std::move(answer.error()));
  if (highlevel::is_success(answer->status)) {
    if (write.kind == WriteKind::create) return judge_create(*answer, attempt);
    if (!highlevel::Codec::says_done(answer->body)) {
      Error e;
      e.fault = Fault::ambiguous;
      e.message = fmt::format("{} answered {} without saying what was done; it is read back",
                              asked_for(write).route, answer->status);
      return attempt.end(std::move(e));
    }
    attempt.next = write.kind == WriteKind::remove ? Attempt::Next::done : Attempt::Next::read_back;
    return;
  }
  if (write.kind == WriteKind::update && attempt.with_company &&
      highlevel::refuses_property(*answer, "companyName") && company_in(write.set) != nullptr) {
    refuse_company(true);
    attempt.with_company = false;
    return;  // Next::send: once more without it
  }
  Error error = highlevel::error_of(*answer, asked_for(write), codec_);
  if (error.fault == Fault::rejected && error.field.empty()) error.field = only_custom_meant(write, error);
  if (write.kind == WriteKind::remove &&
      error.fault == Fault::gone) {  // what was wanted; a repeated DELETE meets it
    attempt.next = Attempt::Next::done;
    return;
  }
  attempt.end(std::move(error));
}

std::vector<Result<Receipt>> HighLevelReplica::apply(std::span<const Write> writes) {
  std::vector<Attempt> attempts(writes.size());
  std::vector<http::Request> requests;
  std::vector<std::size_t> who;
  for (std::size_t i = 0; i < writes.size(); ++i) {
    attempts[i].record = writes[i].record.text;
    attempts[i].with_company = takes_company();
  }

  for (int round = 0; round < 2; ++round) {  // the second one is for updates that leave the company out
    requests.clear();
    who.clear();
    for (std::size_t i = 0; i < writes.size(); ++i) {
      if (attempts[i].next != Attempt::Next::send) continue;
      std::optional<std::string> unsendable;
      auto request = write_of(writes[i], attempts[i].with_company, unsendable);
      if (unsendable) {
        Error e;
        e.fault = Fault::rejected;
        e.field = *unsendable;
        e.message =
            fmt::format("PUT /contacts/{}: HighLevel does not take field {} in this form; nothing was sent",
                        writes[i].record.text, *unsendable);
        attempts[i].end(std::move(e));
        continue;
      }
      requests.push_back(std::move(request));
      who.push_back(i);
    }
    auto answers = send_all(requests);
    for (std::size_t k = 0; k < who.size(); ++k) judge(writes[who[k]], answers[k], attempts[who[k]]);
  }

  requests.clear();
  who.clear();
  for (std::size_t i = 0; i < writes.size(); ++i) {
    if (attempts[i].next != Attempt::Next::read_back) continue;
    requests.push_back(read_of(attempts[i].record));
    who.push_back(i);
  }
  auto answers = send_all(requests);
  for (std::size_t k = 0; k < who.size(); ++k) {
    Attempt& attempt = attempts[who[k]];
    auto contact = contact_in(answers[k], attempt.record);
    attempt.next = Attempt::Next::done;
    attempt.result = Receipt{RecordId{attempt.record}, {}, false};
    if (contact) {
      attempt.result->shown.push_back(std::move(contact->evidence));
    } else if (!attempt.own_answer.empty()) {
      attempt.result->shown = std::move(attempt.own_answer);
    } else if (contact.error().fault == Fault::gone) {
      attempt.end(std::move(contact.error()));
    } else {
      Error e = std::move(contact.error());
      e.fault = Fault::ambiguous;
      e.message = "accepted, but not read back: " + e.message;
      attempt.end(std::move(e));
    }
  }

  std::vector<Result<Receipt>> out;
  out.reserve(attempts.size());
  for (auto& attempt : attempts) {
    if (attempt.result && attempt.result->record.text.empty()) attempt.result->record.text = attempt.record;
    out.push_back(std::move(attempt.result));
  }
  return out;
}
}  // namespace tandem
