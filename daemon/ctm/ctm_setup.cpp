#include "daemon/ctm/ctm_setup.h"
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <algorithm>
#include <functional>
#include "core/model/normalise.h"
#include "core/model/phone.h"

namespace tandem {
std::optional<ContactSurface> contact_surface_from(std::string_view text) {
  for (const auto s : {ContactSurface::list_and_activity, ContactSurface::list, ContactSurface::account,
                       ContactSurface::activity, ContactSurface::automatic}) {
    if (text == to_text(s)) return s;
  }
  return std::nullopt;
}

std::string_view to_text(ContactSurface surface) {
  switch (surface) {
    case ContactSurface::list_and_activity:
      return "list+activity";
    case ContactSurface::list:
      return "list";
    case ContactSurface::account:
      return "account";
    case ContactSurface::activity:
      return "activity";
    case ContactSurface::automatic:
      return "auto";
  }
  return "";
}
}  // namespace tandem

namespace tandem::ctm {
namespace {
constexpr int kPagesMax = 10'000;

struct Resource {
  std::string path, query;                       // query ends in '&' or is empty
  std::initializer_list<std::string_view> keys;  // of the element array
  int per_page = 100;
};

struct Walk {
  bool complete = false;
};

// Visits every element of a paged resource, by id once. Not complete: fewer than the remote counts.
Result<Walk> walk(Client& client, const Resource& resource, const std::function<void(const Json&)>& visit) {
  std::set<std::string, std::less<>> ids;
  Walk out;
  const std::string query = fmt::format("{}per_page={}&", resource.query, resource.per_page);
  std::string tail = fmt::format("{}?{}page=1", resource.path, query);
  std::int64_t seen = 0;
  for (int page = 1; page <= kPagesMax && !tail.empty(); ++page) {
    const auto body = client.read(tail, fmt::format("{}, page {}", resource.path.substr(1), page));
    if (!body) return fail(body.error());
    const Json* list = elements(body->root(), resource.keys);
    if (list == nullptr) {
      return fail(Fault::malformed,
                  fmt::format("CTM's answer for {} holds no list of them; tried again in the next cycle",
                              resource.path.substr(1)));
    }
    const std::size_t before = ids.size();
    for (const Json& element : list->GetArray()) {
      std::string id = text_of(member(element, "id"));
      if (id.empty()) id = fmt::format("#{}", seen + static_cast<std::int64_t>(ids.size()));
      if (ids.insert(std::move(id)).second) visit(element);
    }
    const auto rows = static_cast<std::int64_t>(list->Size());
    seen += rows;
    const Envelope envelope = envelope_of(body->root());
    out.complete = static_cast<std::int64_t>(ids.size()) >= envelope.total_entries;
    if (rows > 0 && ids.size() == before) return out;  // the same page again: as far as it goes
    tail = client.following(envelope, {resource.path, query, page, rows, seen});
  }
  return out;
}

// As above; short: once more in pages of ten, the default that no resource cuts.
Result<Walk> walk_all(Client& client, Resource resource, const std::function<void(const Json&)>& visit) {
  auto first = walk(client, resource, visit);
  if (!first || first->complete) return first;
  resource.per_page = 10;
  return walk(client, resource, visit);
}

bool is_closed_to_us(const Error& error) {
  return error.fault == Fault::gone || error.fault == Fault::unsupported ||
         error.fault == Fault::unauthorised || error.fault == Fault::rejected ||
         error.fault == Fault::malformed;
}

void collect_numbers(const Json& object, std::string_view country, int levels,
                     std::set<std::string, std::less<>>& out) {
  for (const std::string_view key :
       {"number", "phone_number", "inbound_number", "outbound_number", "mobile_number", "cell_phone"}) {
    const Json* value = member(object, key);
    if (value == nullptr) continue;
    if (value->IsObject() && levels > 0) collect_numbers(*value, country, levels - 1, out);
    const Phone phone = parse_phone(text_of(value), country);
    if (phone.kind == PhoneKind::number) out.insert(phone.e164);
  }
}

// The key may be kept from some of these (a restricted user): then what can be read has to do.
Result<void> read_own_numbers(Client& client, const CtmSettings& settings, AccountSetup& out) {
  const auto visit = [&](const Json& element) {
    collect_numbers(element, settings.default_country, 2, out.own_numbers);
  };
  for (const Resource& resource :
       {Resource{"/numbers", "", {"numbers"}}, Resource{"/receiving_numbers", "", {"receiving_numbers"}},
        Resource{"/users", "", {"users"}}}) {
    const auto walked = walk_all(client, resource, visit);
    if (!walked && !is_closed_to_us(walked.error())) return fail(walked.error());
  }
  return {};
}

Result<void> check_custom_fields(Client& client, const Codec& codec, std::vector<std::string>& problems) {
  if (codec.custom_names().empty()) return {};
  std::set<std::string, std::less<>> known;
  const auto walked = walk_all(client, {"/custom_fields", "all=true&", {"custom_fields"}},
                               [&](const Json& field) { known.insert(text_of(member(field, "api_name"))); });
  if (!walked) {
    if (is_closed_to_us(walked.error())) return {};  // not readable for this key: nothing to check against
    return fail(walked.error());
  }
  std::vector<std::string> missing;
  for (const std::string& name : codec.custom_names()) {
    if (!known.contains(name)) missing.push_back(name);
  }
  if (missing.empty()) return {};
  if (!walked->complete)
    return fail(Fault::transient,
                "CTM counts more custom fields than it shows; tried again in the next cycle");
  problems.push_back(fmt::format("no custom field with api_name {} (create it in CTM or correct the mapping)",
                                 fmt::join(missing, ", ")));
  return {};
}

Result<std::string> resolve_list(Client& client, const CtmSettings& settings,
                                 std::vector<std::string>& problems) {
  const std::string wanted = canonical_text(settings.list);
  std::set<std::string> named;  // a list that two walks show is still one
  bool by_id = false, owned = false;
  const auto walked =
      walk_all(client, {"/lists", "", {"contact_lists", "lists"}, 10}, [&](const Json& element) {
        const ListInfo list = list_info(element);
        const bool is_it = list.id == settings.list, has_name = canonical_text(list.name) == wanted;
        if (list.id.empty() || (!is_it && !has_name)) return;
        if (list.account_id != 0 && list.account_id != settings.account_id) return;
        if (list.user_owned)
          owned = true;
        else if (is_it)
          by_id = true;
        else
          named.insert(list.id);
      });
  if (!walked) return fail(walked.error());
  if (by_id) return settings.list;
  if (named.size() == 1) return *named.begin();
  if (named.size() > 1) {
    problems.push_back(fmt::format("several lists are called \"{}\": put one of the ids {} into list",
                                   settings.list, fmt::join(named, ", ")));
  } else if (owned) {
    problems.push_back(fmt::format(
        "list \"{}\" is a user's private list; name one that belongs to the account", settings.list));
  } else if (!walked->complete) {
    return fail(Fault::transient,
                "CTM counts more lists than it shows, the configured one is not among them; tried again in "
                "the next cycle");
  } else {
    problems.push_back(
        fmt::format("no list with the name or id \"{}\" (create it in CTM or correct list)", settings.list));
  }
  return std::string{};
}

bool answers(Client& client, const std::string& tail, std::initializer_list<std::string_view> keys) {
  const auto body = client.read(tail, "a probe of the contact surfaces");
  return body && elements(body->root(), keys) != nullptr;
}

bool has_list(ContactSurface s) {
  return s == ContactSurface::list || s == ContactSurface::list_and_activity;
}

// Reads only. An answer that is not there for a moment must not decide for good: transient trouble is
// an error of the account's reading before this, so a surface that stays silent here does not exist.
ContactSurface probe(Client& client, const std::string& list_id) {
  const bool activities = answers(client, "/calls?per_page=1&page=1", {"calls", "activities"});
  const bool rows =
      !list_id.empty() &&
      answers(client, fmt::format("/lists/{}/contacts?per_page=1&page=1", http::encode(list_id)),
              {"contacts"});
  if (rows) return activities ? ContactSurface::list_and_activity : ContactSurface::list;
  if (answers(client, "/contacts.json?per_page=1&page=1", {"contacts"})) return ContactSurface::account;
  return ContactSurface::activity;
}
}  // namespace

Result<AccountSetup> set_up(Client& client, const Codec& codec, const CtmSettings& settings, Facts& facts) {
  const auto account = client.read("", fmt::format("account {}", settings.account_id));
  if (!account) {
    Error error = account.error();
    if (error.fault == Fault::gone) {
      error.fault = Fault::unauthorised;
      error.message = fmt::format(
          "CTM does not show account {} to this key (404): check account_id and credential of [link.ctm]",
          settings.account_id);
    }
    return fail(std::move(error));
  }
  const Json& root = unwrapped(account->root(), {"account"});
  const auto id = integer_of(member(root, "id"));
  if (id && *id != settings.account_id) {
    return fail(Fault::malformed,
                fmt::format("CTM was asked for account {} and answered with another; nothing was used",
                            settings.account_id));
  }
  AccountSetup out;
  if (const std::string name = text_of(first_member(root, {"timezone", "time_zone", "timezone_hint"}));
      !name.empty())
    out.zone = Zone::load(name);
  if (auto read = read_own_numbers(client, settings, out); !read) return fail(std::move(read.error()));

  std::vector<std::string> problems;
  if (auto checked = check_custom_fields(client, codec, problems); !checked)
    return fail(std::move(checked.error()));
  out.surface = settings.contact_surface;
  const bool automatic = out.surface == ContactSurface::automatic;
  if (automatic) {
    if (const auto known = contact_surface_from(fact(facts, "surface"))) out.surface = *known;
  }
  if (has_list(out.surface) || (out.surface == ContactSurface::automatic && !settings.list.empty())) {
    auto list = resolve_list(client, settings, problems);
    if (!list) return fail(std::move(list.error()));
    out.list_id = std::move(*list);
  }
  if (!problems.empty()) {
    return fail(Fault::rejected, fmt::format("CTM account {} contradicts the configuration: {}",
                                             settings.account_id, fmt::join(problems, "; ")));
  }
  if (out.surface == ContactSurface::automatic) out.surface = probe(client, out.list_id);
  if (automatic) facts["surface"] = to_text(out.surface);
  if (!has_list(out.surface)) out.list_id.clear();
  return out;
}
}  // namespace tandem::ctm
