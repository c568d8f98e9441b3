// What tests look at in a state file and do to it behind the store's back.
#pragma once
#include <sys/stat.h>
#include <fstream>
#include <sstream>
#include <string>
#include "storage/sqlite/connection.h"
#include "storage/sqlite/sqlite_store.h"

namespace tandem {

inline std::string bytes_of(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  std::stringstream out;
  out << in.rdbuf();
  return out.str();
}

inline unsigned mode_of(const std::string& file) {
  struct stat found {};
  return stat(file.c_str(), &found) == 0 ? found.st_mode & 0777U : 0U;
}

inline bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

// Another process's change to the file, behind the store's back.
inline void alter(const std::string& file, const std::string& sql) {
  Connection(file, Connection::Access::write, {}).exec(sql);
}

inline PairId put_contact(SqliteStore& store, const std::string& ctm) {
  PairState p;
  p.status = PairStatus::linked;
  p.record.ctm.text = ctm;
  p.fields["city"].base = p.fields["city"].seen = {FieldValue::of("Bonn"), FieldValue::of("Bonn")};
  store.transact([&] { store.put_pair(p); });
  return p.id;
}
// Every table, row by row.
inline std::string dump(SqliteStore& store) {
  std::string out;
  for (const char* table :
       {"link", "meta", "pair", "parked", "identity", "source", "intent", "history", "conflict", "pending",
        "pending_group", "run", "lease", "suspect", "ruling", "erased"})
    for (const auto& row : store.rows("SELECT * FROM " + std::string(table)).rows)
      for (const auto& cell : row) out += cell.value_or("NULL") + "|";
  return out;
}
}  // namespace tandem
