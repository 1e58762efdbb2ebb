#include "dojo/video/sqlite.h"

#include <sqlite3.h>

namespace dojo::sqlite {

Database::Database(const std::string& path) {
  const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
  const int code = sqlite3_open_v2(path.c_str(), &db_, flags, nullptr);
  if (code != SQLITE_OK) {
    const std::string words = db_ ? sqlite3_errmsg(db_) : sqlite3_errstr(code);
    sqlite3_close(db_);
    throw Failure(code & 255, words);
  }
  sqlite3_busy_timeout(db_, 5000);
}

Database::~Database() { sqlite3_close_v2(db_); }

void Database::check(int code) const {
  if (code != SQLITE_OK) throw Failure(code & 255, sqlite3_errmsg(db_));
}

void Database::run(const char* statements) {
  check(sqlite3_exec(db_, statements, nullptr, nullptr, nullptr));
}

int64_t Database::number(const char* query) {
  Statement statement(*this, query);
  return statement.step() ? statement.number(0) : 0;
}

Statement::Statement(const Database& db, const char* text) : db_(db) {
  db.check(sqlite3_prepare_v2(db.db_, text, -1, &statement_, nullptr));
}

Statement::~Statement() { sqlite3_finalize(statement_); }

void Statement::bind(int at, int64_t value) {
  db_.check(sqlite3_bind_int64(statement_, at, value));
}

void Statement::bind(int at, double value) {
  db_.check(sqlite3_bind_double(statement_, at, value));
}

void Statement::bind(int at, std::string_view bytes) {
  const char* data = bytes.empty() ? "" : bytes.data();  // null would be no value
  db_.check(sqlite3_bind_blob64(statement_, at, data, bytes.size(), SQLITE_STATIC));
}

void Statement::bind_text(int at, std::string_view text) {
  const char* data = text.empty() ? "" : text.data();
  db_.check(sqlite3_bind_text64(statement_, at, data, text.size(), SQLITE_STATIC, SQLITE_UTF8));
}

bool Statement::step() {
  const int code = sqlite3_step(statement_);
  if (code != SQLITE_ROW && code != SQLITE_DONE) throw Failure(code & 255, sqlite3_errmsg(db_.db_));
  return code == SQLITE_ROW;
}

void Statement::reset() {
  sqlite3_reset(statement_);
  sqlite3_clear_bindings(statement_);
}

int64_t Statement::number(int column) const { return sqlite3_column_int64(statement_, column); }

std::string_view Statement::bytes(int column) const {
  const void* data = sqlite3_column_blob(statement_, column);
  const int size = sqlite3_column_bytes(statement_, column);
  return {static_cast<const char*>(data), data ? static_cast<size_t>(size) : 0};
}

bool Statement::is_null(int column) const {
  return sqlite3_column_type(statement_, column) == SQLITE_NULL;
}

}  // namespace dojo::sqlite
