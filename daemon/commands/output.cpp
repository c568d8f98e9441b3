#include "daemon/commands/output.h"
#include <fmt/format.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>
#include <algorithm>
#include <array>
#include <cstdio>

namespace tandem {
namespace {
using Writer = rapidjson::Writer<rapidjson::StringBuffer>;

// Columns that hold numbers; all others are text, ids included.
bool is_number(std::string_view column) {
  constexpr std::array kNumbers{std::string_view("pairs"),
                                std::string_view("held"),
                                std::string_view("conflicts"),
                                std::string_view("pending"),
                                std::string_view("parked"),
                                std::string_view("calls_today_ctm"),
                                std::string_view("calls_today_highlevel"),
                                std::string_view("version"),
                                std::string_view("is_open"),
                                std::string_view("count"),
                                std::string_view("attempts"),
                                std::string_view("requests"),
                                std::string_view("reads_ctm"),
                                std::string_view("reads_highlevel"),
                                std::string_view("writes_ctm"),
                                std::string_view("writes_highlevel")};
  return std::find(kNumbers.begin(), kNumbers.end(), column) != kNumbers.end();
}

bool is_whole(std::string_view text) {
  if (text.starts_with('-')) text.remove_prefix(1);
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

void write_text(Writer& writer, std::string_view text) {
  writer.String(text.data(), static_cast<rapidjson::SizeType>(text.size()));
}

void write_row(Writer& writer, const Table& table, std::size_t row) {
  writer.StartObject();
  for (std::size_t i = 0; i < table.columns.size(); ++i) {
    writer.Key(table.columns[i].c_str());
    const auto& value = table.rows[row][i];
    if (!value)
      writer.Null();
    else if (is_number(table.columns[i]) && is_whole(*value))  // a plan's `held` is a reason
      writer.RawValue(value->data(), value->size(), rapidjson::kNumberType);
    else
      write_text(writer, *value);
  }
  writer.EndObject();
}

std::size_t width(std::string_view text) {  // code points; good enough for alignment
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xc0) != 0x80; }));
}
}  // namespace

std::string json_array(const Table& table) {
  rapidjson::StringBuffer buffer;
  Writer writer(buffer);
  writer.StartArray();
  for (std::size_t row = 0; row < table.rows.size(); ++row) write_row(writer, table, row);
  writer.EndArray();
  return buffer.GetString();
}

std::string json_object(const Table& table) {
  if (table.rows.empty()) return "{}";
  rapidjson::StringBuffer buffer;
  Writer writer(buffer);
  write_row(writer, table, 0);
  return buffer.GetString();
}

std::string json_of(std::initializer_list<std::pair<std::string_view, std::string>> parts) {
  rapidjson::StringBuffer buffer;
  Writer writer(buffer);
  writer.StartObject();
  for (const auto& [key, json] : parts) {
    writer.Key(key.data(), static_cast<rapidjson::SizeType>(key.size()));
    writer.RawValue(json.data(), json.size(),
                    json.starts_with('[') ? rapidjson::kArrayType : rapidjson::kObjectType);
  }
  writer.EndObject();
  return buffer.GetString();
}

std::string text_columns(const Table& table) {
  std::vector<std::size_t> widest;
  for (const std::string& name : table.columns) widest.push_back(width(name));
  for (const auto& row : table.rows) {
    for (std::size_t i = 0; i < row.size(); ++i) widest[i] = std::max(widest[i], width(row[i].value_or("-")));
  }
  std::string text;
  const auto line = [&](const auto& cell_at) {
    if (!text.empty()) text += '\n';
    for (std::size_t i = 0; i < table.columns.size(); ++i) {
      const std::string value = cell_at(i);
      text += value;
      if (i + 1 < table.columns.size()) text.append(widest[i] - width(value) + 2, ' ');
    }
  };
  line([&](std::size_t i) { return table.columns[i]; });
  for (const auto& row : table.rows) line([&](std::size_t i) { return row[i].value_or("-"); });
  return text;
}

std::string cell(const Table& table, std::size_t row, std::string_view column) {
  const auto found = std::find(table.columns.begin(), table.columns.end(), column);
  if (found == table.columns.end() || row >= table.rows.size()) return {};
  return table.rows[row][static_cast<std::size_t>(found - table.columns.begin())].value_or("");
}

std::string quoted(const FieldValue& value) {
  if (value.is_value()) return fmt::format("\"{}\"", value.text());
  return value.is_cleared() ? "blank" : "unknown";
}

std::string ago(std::int64_t ms) {
  const std::int64_t seconds = std::max<std::int64_t>(0, ms / 1'000);
  if (seconds < 100) return fmt::format("{} s", seconds);
  if (seconds < 100 * 60) return fmt::format("{} min", seconds / 60);
  if (seconds < 48 * 3'600) return fmt::format("{} h", seconds / 3'600);
  return fmt::format("{} d", seconds / 86'400);
}

void print(const std::string& text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fputc('\n', stdout);
}

Table pairs_by_reason(SqliteStore& store) {
  // Reasons that name another pair differ by its number only.
  Table table = store.rows(
      "WITH p AS (SELECT state, CAST(pair_id AS INTEGER) AS id, reason, instr(reason, 'belongs to pair ') AS "
      "at FROM v_pairs), "
      "q AS (SELECT state, id, CASE at WHEN 0 THEN reason ELSE substr(reason, 1, at - 1) || 'belongs to "
      "another pair' END "
      "AS why FROM p) "
      "SELECT count(*), state, why, min(id) FROM q GROUP BY state, why ORDER BY state <> 'linked', 1 DESC, "
      "why");
  table.columns = {"pairs", "state", "reason", "for example"};
  return table;
}

void append(Table& all, Table more) {
  if (all.columns.empty()) all.columns = std::move(more.columns);
  all.rows.insert(all.rows.end(), std::make_move_iterator(more.rows.begin()),
                  std::make_move_iterator(more.rows.end()));
}
}  // namespace tandem
