// The few lines between SQLite and our code: a connection, a statement, and an exception with
// SQLite's code and words. Not thread-safe.
//
//   sqlite::Database db("file.sqlite");
//   sqlite::Statement find(db, "SELECT size FROM file WHERE path = ?1");
//   find.bind(1, path);
//   if (find.step()) use(find.number(0));
//   find.reset();
#pragma once

#include <cstdint>
#include <exception>
#include <string>
#include <string_view>

struct sqlite3;
struct sqlite3_stmt;

namespace dojo::sqlite {

class Failure : public std::exception {
 public:
  Failure(int primary_code, std::string words) : code(primary_code), words_(std::move(words)) {}
  const char* what() const noexcept override { return words_.c_str(); }
  int code;  // SQLITE_CORRUPT, ...

 private:
  std::string words_;
};

class Database {
 public:
  // Made where it does not exist; ":memory:" is not kept. Waits up to 5 s for other processes.
  // Throws Failure, as all methods here do.
  explicit Database(const std::string& path);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  void run(const char* statements);
  int64_t number(const char* query);  // the first column of its first row; 0 without a row

 private:
  friend class Statement;
  void check(int code) const;
  sqlite3* db_ = nullptr;
};

class Statement {
 public:
  Statement(const Database& db, const char* text);  // `db` must outlive it
  ~Statement();
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;

  // Parameters count from 1; those that are not bound are null. Bytes must live until reset().
  void bind(int at, int64_t value);
  void bind(int at, double value);
  void bind(int at, std::string_view bytes);
  void bind_text(int at, std::string_view text);

  bool step();   // true iff there is another row
  void reset();  // ends the reading; forgets what was bound

  // Of the row; columns count from 0. Bytes are valid until the next step() or reset().
  int64_t number(int column) const;
  std::string_view bytes(int column) const;
  bool is_null(int column) const;

 private:
  const Database& db_;
  sqlite3_stmt* statement_ = nullptr;
};

}  // namespace dojo::sqlite
