// How records are printed: as JSON whose keys are the columns of the view, or as text in columns.
#pragma once
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>
#include "core/model/field.h"
#include "storage/sqlite/sqlite_store.h"

namespace tandem {

[[nodiscard]] std::string json_array(const Table& table);   // [{...}, ...]
[[nodiscard]] std::string json_object(const Table& table);  // its first row; {} where there is none
// A JSON object of ready JSON texts by key.
[[nodiscard]] std::string json_of(std::initializer_list<std::pair<std::string_view, std::string>> parts);

// Columns padded to their widest cell, header first; the last one is not padded.
[[nodiscard]] std::string text_columns(const Table& table);

[[nodiscard]] std::string cell(const Table& table, std::size_t row, std::string_view column);  // "" for NULL
[[nodiscard]] std::string quoted(const FieldValue& value);  // "x" in quotes, or blank, unknown
[[nodiscard]] std::string ago(std::int64_t ms);             // 59 s, 12 min, 3 h, 2 d
void print(const std::string& text);                        // to standard output, with a line end
// How many pairs there are for each state and reason, linked first; with one pair as an example.
[[nodiscard]] Table pairs_by_reason(SqliteStore& store);
// A table's rows after another's; columns are those of the first that has any.
void append(Table& all, Table more);
}  // namespace tandem
