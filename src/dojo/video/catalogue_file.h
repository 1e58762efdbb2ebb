// The SQLite file of the catalogue: made where there is none, moved aside and made anew where it is
// damaged or not ours, replaced by a database in memory where the system does not let us. Each of
// these comes with a message. What is not named *.sqlite and is no catalogue stays as it is. Not
// thread-safe; any number of processes may do this at once.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "dojo/video/sqlite.h"

namespace dojo {

class CatalogueFile {
 public:
  // "": in memory. Throws Error(kConfig) where `path` is a folder or the like, or a file that is no
  // catalogue and is not named as one.
  explicit CatalogueFile(const std::string& path);

  sqlite::Database& db() { return *db_; }

  // After `failure` of a statement on db(): afterwards db() may be another one, so that statements
  // have to be made anew. REQUIRES: no statement of db() is left.
  void recover(const sqlite::Failure& failure);

  std::vector<std::string> take_messages();

 private:
  void open_in_memory();
  void open();
  void open_or_rebuild();
  void rebuild(const std::string& why);
  void move_aside(const std::string& why);
  void give_up(const std::string& why);

  std::string path_;
  bool in_memory_ = false;
  uint64_t inode_ = 0;  // of the open file
  std::unique_ptr<sqlite::Database> db_;
  std::vector<std::string> messages_;
};

}  // namespace dojo
