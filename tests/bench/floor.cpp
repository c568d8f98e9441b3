// The floor of a sweep: fetches the pages a full sweep of tandem reads, parses them, hashes the values
// of each record and looks its id up in the state file. Nothing else, so that tandem's own cost shows.
//   tandem-floor STATE.sqlite HIGHLEVEL_URL TOKEN LOCATION HIGHLEVEL_PAGE CTM_URL KEY ACCOUNT LIST
//   SINCE_DAYS                                             LIST is a name
#include <curl/curl.h>
#include <fmt/format.h>
#include <rapidjson/document.h>
#include <sqlite3.h>
#define XXH_STATIC_LINKING_ONLY  // the streaming state as a value
#include <xxhash.h>

#include <cstdlib>
#include <ctime>
#include <string>
#include <utility>
#include <vector>

namespace {
std::size_t append(char* data, std::size_t size, std::size_t n, void* to) {
  static_cast<std::string*>(to)->append(data, size * n);
  return size * n;
}

class Reader {
 public:
  explicit Reader(const char* state) {
    if (sqlite3_open_v2(state, &db_, SQLITE_OPEN_READONLY, nullptr) != SQLITE_OK ||
        sqlite3_prepare_v2(db_,
                           "SELECT hash_low, hash_high FROM source WHERE side = ?1 AND kind = ?2 AND id = ?3",
                           -1, &lookup_, nullptr) != SQLITE_OK) {
      fmt::print(stderr, "cannot read {}: {}\n", state, sqlite3_errmsg(db_));
      std::exit(1);
    }
    curl_ = curl_easy_init();
    curl_easy_setopt(curl_, CURLOPT_WRITEFUNCTION, append);
    curl_easy_setopt(curl_, CURLOPT_WRITEDATA, &body_);
    curl_easy_setopt(curl_, CURLOPT_USERAGENT, "tandem-floor/1");
    curl_easy_setopt(curl_, CURLOPT_ACCEPT_ENCODING, "");
    curl_easy_setopt(curl_, CURLOPT_TCP_NODELAY, 1L);
  }
  ~Reader() {
    curl_easy_cleanup(curl_);
    curl_slist_free_all(headers_);
    sqlite3_finalize(lookup_);
    sqlite3_close(db_);
  }
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;

  void headers(std::initializer_list<std::string> lines) {
    curl_slist_free_all(headers_);
    headers_ = nullptr;
    for (const auto& line : lines) headers_ = curl_slist_append(headers_, line.c_str());
    curl_easy_setopt(curl_, CURLOPT_HTTPHEADER, headers_);
  }

  rapidjson::Document& fetch(const std::string& url, const std::string* post) {
    body_.clear();
    curl_easy_setopt(curl_, CURLOPT_URL, url.c_str());
    if (post)
      curl_easy_setopt(curl_, CURLOPT_COPYPOSTFIELDS, post->c_str());
    else
      curl_easy_setopt(curl_, CURLOPT_HTTPGET, 1L);
    long status = 0;
    if (curl_easy_perform(curl_) != CURLE_OK ||
        curl_easy_getinfo(curl_, CURLINFO_RESPONSE_CODE, &status) != CURLE_OK || status >= 300) {
      fmt::print(stderr, "{}: status {} {}\n", url, status, body_.substr(0, 200));
      std::exit(1);
    }
    ++requests;
    page_ = rapidjson::Document();
    page_.ParseInsitu(body_.data());
    if (page_.HasParseError()) std::exit(1);
    return page_;
  }

  void record(int side, int kind, const rapidjson::Value& row) {
    XXH3_state_t hash;
    XXH3_128bits_reset(&hash);
    hash_value(&hash, row);
    const XXH128_hash_t h = XXH3_128bits_digest(&hash);
    const auto& id = row["id"];
    sqlite3_bind_int(lookup_, 1, side);
    sqlite3_bind_int(lookup_, 2, kind);
    if (id.IsString())
      sqlite3_bind_text(lookup_, 3, id.GetString(), static_cast<int>(id.GetStringLength()), SQLITE_STATIC);
    else
      sqlite3_bind_int64(lookup_, 3, id.GetInt64());
    if (sqlite3_step(lookup_) == SQLITE_ROW) {
      ++known;
      mixed_ ^= static_cast<std::uint64_t>(sqlite3_column_int64(lookup_, 0)) ^ h.low64;
    }
    sqlite3_reset(lookup_);
    ++records;
  }

  long requests = 0, records = 0, known = 0;
  [[nodiscard]] std::uint64_t mixed() const { return mixed_; }

 private:
  static void hash_value(XXH3_state_t* hash, const rapidjson::Value& v) {
    if (v.IsString()) {
      XXH3_128bits_update(hash, v.GetString(), v.GetStringLength());
    } else if (v.IsObject()) {
      for (const auto& m : v.GetObject()) hash_value(hash, m.value);
    } else if (v.IsArray()) {
      for (const auto& m : v.GetArray()) hash_value(hash, m);
    }
  }

  CURL* curl_ = nullptr;
  curl_slist* headers_ = nullptr;
  sqlite3* db_ = nullptr;
  sqlite3_stmt* lookup_ = nullptr;
  std::string body_;
  rapidjson::Document page_;
  std::uint64_t mixed_ = 0;
};
}  // namespace

namespace {
std::string day_ago(int days) {
  const std::time_t then = std::time(nullptr) - std::time_t{86'400} * days;
  char text[16];
  std::strftime(text, sizeof text, "%Y-%m-%d", std::gmtime(&then));
  return text;
}
}  // namespace

int main(int argc, char** argv) {
  if (argc != 11) {
    fmt::print(
        stderr,
        "usage: tandem-floor STATE HL_URL TOKEN LOCATION HL_PAGE CTM_URL KEY ACCOUNT LIST SINCE_DAYS\n");
    return 1;
  }
  const std::string highlevel = argv[2], location = argv[4], page = argv[5], ctm = argv[6], key = argv[7],
                    account = argv[8], list = argv[9];
  const int since_days = std::atoi(argv[10]);
  Reader reader(argv[1]);
  reader.headers({fmt::format("Authorization: Bearer {}", argv[3]), "Version: 2021-07-28",
                  "Content-Type: application/json"});
  std::string after;
  while (true) {
    const std::string body = fmt::format(
        R"({{"locationId":"{}","pageLimit":{},{}"sort":[{{"field":"dateAdded","direction":"asc"}}]}})",
        location, page, after);
    const auto& answer = reader.fetch(highlevel + "/contacts/search", &body);
    const auto& rows = answer["contacts"];
    if (rows.Empty()) break;
    for (const auto& row : rows.GetArray()) reader.record(1, 0, row);
    const auto& last = rows[rows.Size() - 1]["searchAfter"];
    after = fmt::format(R"("searchAfter":[{},"{}"],)", last[0].GetInt64(), last[1].GetString());
  }
  reader.headers({});
  const std::string auth = "Authorization: Basic " + key;  // already encoded
  reader.headers({auth});
  const std::string base = fmt::format("{}/api/v1/accounts/{}", ctm, account);
  std::string next;
  // A query reaches 10,000 rows: longer windows are halved, the newer half first.
  std::vector<std::pair<int, int>> windows{{since_days, 0}};
  while (!windows.empty()) {
    const auto [from, to] = windows.back();
    windows.pop_back();
    next = fmt::format("{}/calls?start_date={}&end_date={}&per_page=100", base, day_ago(from), day_ago(to));
    while (!next.empty()) {
      const auto& answer = reader.fetch(next, nullptr);
      if (answer["total_entries"].GetInt64() > 10'000 && from > to) {
        windows.emplace_back(from, (from + to) / 2 + 1);
        windows.emplace_back((from + to) / 2, to);
        break;
      }
      for (const auto& row : answer["calls"].GetArray()) reader.record(0, 2, row);
      next = answer["next_page"].IsString() ? answer["next_page"].GetString() : "";
    }
  }
  std::string list_id;
  for (next = base + "/lists?per_page=10"; list_id.empty();) {
    const auto& answer = reader.fetch(next, nullptr);
    for (const auto& row : answer["contact_lists"].GetArray())
      if (list == row["name"].GetString()) list_id = row["id"].GetString();
    if (list_id.empty() && !answer["next_page"].IsString()) {
      fmt::print(stderr, "no list of that name\n");
      return 1;
    }
    if (list_id.empty()) next = answer["next_page"].GetString();
  }
  next = fmt::format("{}/lists/{}/contacts?per_page=10", base, list_id);
  while (!next.empty()) {
    const auto& answer = reader.fetch(next, nullptr);
    for (const auto& row : answer["contacts"].GetArray()) reader.record(0, 1, row);
    next = answer["next_page"].IsString() ? answer["next_page"].GetString() : "";
  }
  fmt::print("requests={} records={} known={} mix={:x}\n", reader.requests, reader.records, reader.known,
             reader.mixed());
  return 0;
}
