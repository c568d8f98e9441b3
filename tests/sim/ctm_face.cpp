#include "tests/sim/ctm_face.h"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <algorithm>
#include <cctype>
#include <charconv>

#include "tests/sim/ctm_call.h"

namespace tandem::sim {
namespace {
constexpr std::int64_t kTokenLifeMs = 30LL * 86'400'000;

std::string from_base64(std::string_view text) {
  if (text.size() % 4 != 0) return "";
  std::string out(text.size() / 4 * 3, '\0');
  const int length =
      EVP_DecodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                      reinterpret_cast<const unsigned char*>(text.data()), static_cast<int>(text.size()));
  if (length < 0) return "";
  out.resize(static_cast<std::size_t>(length));
  while (text.ends_with('=') && !out.empty()) {
    text.remove_suffix(1);
    out.pop_back();
  }
  return out;
}

std::string header(const HttpRequest& request, const std::string& name) {
  const auto found = request.headers.find(name);
  return found == request.headers.end() ? "" : found->second;
}

std::string upper(std::string text) {
  for (char& c : text) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return text;
}

// The path behind /api/v1 in parts, without a ".json" at its end; false = another place altogether.
bool split_path(std::string_view path, CtmCall& call) {
  constexpr std::string_view kBase = "/api/v1/";
  if (!path.starts_with(kBase)) return false;
  path.remove_prefix(kBase.size());
  if (path.ends_with(".json")) {
    path.remove_suffix(5);
    call.json_suffix = true;
  }
  while (!path.empty()) {
    const std::size_t end = std::min(path.find('/'), path.size());
    if (end > 0) call.parts.emplace_back(path.substr(0, end));
    path.remove_prefix(std::min(end + 1, path.size()));
  }
  return !call.parts.empty();
}

HttpResponse too_many(const Switches& sw, std::int64_t retry_after_s) {
  const std::string& form = sw.text("rate_body");
  HttpResponse response = ctm_error(429, "rate limit exceeded");
  if (form == "text") response = {429, {{"content-type", "text/plain"}}, "Too Many Requests\n"};
  if (form == "empty") response.body.clear();
  if (sw.on("rate.retry_after")) response.headers["retry-after"] = std::to_string(retry_after_s);
  return response;
}

std::int64_t number_of(std::string_view text) {  // -1 = not a number
  std::int64_t number = -1;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc{} && end == text.data() + text.size() ? number : -1;
}
}  // namespace

CtmFace::CtmFace(CtmModel& model) : model_(model) {}

HttpResponse CtmFace::handle(const HttpRequest& request) {
  const std::lock_guard lock(model_.guard());
  CtmCall call{.request = request,
               .model = model_,
               .base_url = base_url_,
               .method = upper(request.method),
               .parts = {},
               .json_suffix = false,
               .query = request.query,
               .body = rapidjson::Document(),
               .form_body = false,
               .key = nullptr,
               .account = nullptr,
               .route = ""};
  if (call.base_url.empty()) call.base_url = "http://" + header(request, "host");
  HttpResponse response = answer(call);
  ++counters_[call.route.empty() ? "" : call.method + " " + call.route];
  if (response.status >= 400 && response.status != 429 && call.key != nullptr) {
    rate_.failed(call.key->access, model_.now(), model_.switches());
  }
  return response;
}

HttpResponse CtmFace::answer(CtmCall& call) {
  const Switches& sw = model_.switches();
  if (!split_path(call.request.path, call)) return ctm_no_route();
  if (call.is("DELETE") && !sw.is("delete_body_dropped", "off")) {
    call.body.SetObject();
  } else if (!ctm_read_body(call.request, call)) {
    return ctm_plain_error(400, "There was a problem in the JSON you submitted");
  }
  if (call.is("POST")) {  // as Rails lets a form stand for PUT and DELETE
    std::string other;
    if (const auto field = text_member(call.body, "_method"); field && call.form_body) other = *field;
    if (const std::string named = header(call.request, "x-http-method-override"); !named.empty())
      other = named;
    if (!other.empty()) call.method = upper(other);
  }
  if (call.part(0) == "formreactor") {  // may dial the person; needs no account in the path
    call.route = "formreactor";
    if (call.is("POST")) model_.dialled();
    return ctm_error(403, "form submissions are not allowed here");
  }
  if (call.parts.size() == 1 && call.part(0) == "authentication") return authenticate(call);

  call.key = who(call);
  if (call.key == nullptr) {
    return sw.is("auth_error_body", "error") ? ctm_plain_error(401, "unauthorized")
                                             : ctm_error(401, "unauthorized");
  }
  const std::string payer =
      sw.is("rate_scope", "agency") ? fmt::format("agency {}", call.key->agency_id) : call.key->access;
  if (!rate_.admit(payer, model_.now(), sw)) return too_many(sw, rate_.retry_after_s(payer, model_.now()));
  return route(call);
}

const CtmKey* CtmFace::who(const CtmCall& call) {
  const std::string authorization = header(call.request, "authorization");
  if (authorization.size() > 6 && upper(authorization.substr(0, 6)) == "BASIC ") {
    const std::string pair = from_base64(std::string_view(authorization).substr(6));
    const std::size_t colon = pair.find(':');
    const CtmKey* key = model_.key(pair.substr(0, colon));
    return key != nullptr && colon != std::string::npos && pair.substr(colon + 1) == key->secret ? key
                                                                                                 : nullptr;
  }
  std::string token = call.param("auth_token");
  if (const auto field = text_member(call.body, "auth_token")) token = *field;
  const auto known = tokens_.find(token);
  if (known == tokens_.end() || known->second.second <= model_.now()) return nullptr;
  return model_.key(known->second.first);
}

HttpResponse CtmFace::authenticate(CtmCall& call) {
  call.route = "authentication";
  if (!call.is("POST")) return ctm_no_route();
  const std::string access = text_member(call.body, "token").value_or(call.param("token"));
  const std::string secret = text_member(call.body, "secret").value_or(call.param("secret"));
  const CtmKey* key = model_.key(access);
  JsonOut out;
  if (key == nullptr || key->secret != secret) {
    out.begin_object().field("success", false).field("message", "invalid token or secret").end_object();
    return ctm_reply(model_.switches().is("auth_exchange_wrong", "401") ? 401 : 200, out.take());
  }
  const std::string token = model_.opaque_id("t", 48);
  const std::int64_t expires = model_.now() + kTokenLifeMs;
  tokens_[token] = {access, expires};
  out.begin_object().field("success", true).field("token", token);
  out.field("expires", expires / 1000).key("first_account").begin_object();
  out.field("id", key->account_id != 0 ? key->account_id : model_.account().id).end_object().end_object();
  return ctm_reply(200, out.take());
}

HttpResponse CtmFace::route(CtmCall& call) {
  if (call.part(0) != "accounts") return ctm_no_route();
  const auto reaches = [&](const CtmAccount& account) {
    return call.key->account_id == 0 ? account.agency_id == call.key->agency_id
                                     : account.id == call.key->account_id;
  };
  if (call.parts.size() == 1) {
    call.route = "accounts";
    if (!call.is("GET")) return ctm_no_route();
    std::vector<const CtmAccount*> mine;
    for (const auto& account : model_.accounts()) {
      if (reaches(*account)) mine.push_back(account.get());
    }
    return ctm_accounts(call, mine);
  }
  CtmAccount* account = model_.account(number_of(call.part(1)));
  if (account == nullptr || !reaches(*account)) {
    return model_.switches().is("foreign_account", "404") ? ctm_error(404, "account not found")
                                                          : ctm_error(403, "access denied");
  }
  call.account = account;
  const std::string what = call.part(2);
  if (what == "lists") return ctm_lists(call);
  if (what == "contacts") return ctm_contacts(call);
  if (what == "calls") return ctm_calls(call);
  return ctm_settings(call);
}

void CtmFace::load_people(std::span<const Person> people) {
  const std::lock_guard lock(model_.guard());
  CtmAccount& account = model_.account();
  model_.set_logging(false);
  model_.set_instant(true);
  for (const auto& field : sample_fields()) {
    CtmCustomField defined;
    defined.name = field.name;
    defined.api_name = field.ctm_key;
    defined.field_type = field.data_type == "DATE"        ? "date"
                         : field.data_type == "NUMERICAL" ? "number"
                                                          : "text";
    defined.multipicker = field.data_type == "MULTIPLE_OPTIONS";
    account.register_custom_field("server", defined);
  }
  CtmCustomField company;  // CTM has no field for it
  company.name = "Company";
  company.api_name = "company";
  account.register_custom_field("server", company);
  const std::string list = model_.sync_list();
  for (const auto& person : people) {
    if (!person.ctm || person.ctm->phone.empty()) continue;
    const PersonCard& card = *person.ctm;
    CtmPatch patch = {
        {"number", card.phone}, {"first_name", card.first_name},   {"last_name", card.last_name},
        {"email", card.email},  {"street", card.address1},         {"city", card.city},
        {"state", card.state},  {"postal_code", card.postal_code}, {"country", card.country}};
    if (!card.company.empty()) patch[std::string(kCtmCustom) + "company"] = card.company;
    for (const auto& [field, value] : card.custom) {
      const auto& fields = sample_fields();
      const auto defined = std::ranges::find(fields, field, &SampleField::name);
      patch[std::string(kCtmCustom) + (defined == fields.end() ? field : defined->ctm_key)] = value;
    }
    std::erase_if(patch, [](const auto& entry) { return entry.second->empty(); });
    if (!list.empty())
      account.add_contact("server", list, patch);
    else
      account.create_contact("server", patch);
    for (int i = 0; i < person.calls; ++i) {
      CtmNewActivity call;
      call.number = card.phone;
      call.direction = i % 5 == 3 ? "msg_inbound" : i % 7 == 6 ? "form" : "inbound";
      if (call.direction == "msg_inbound") call.message_body = "Can you call me back?";
      if (call.direction == "form") call.form_name = "Quote request";
      call.answered = model_.random() % 5 != 0;
      call.start_ms =
          model_.now() - 3'600'000 - static_cast<std::int64_t>(model_.random() % (20ULL * 86'400'000));
      call.agent_id = account.users[model_.random() % account.users.size()].id;
      if (i == person.calls - 1) call.tags = card.tags;
      account.record("server", call);
    }
  }
  model_.set_logging(true);
  model_.set_instant(false);
}
}  // namespace tandem::sim
