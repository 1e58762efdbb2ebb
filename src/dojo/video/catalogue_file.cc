#include "dojo/video/catalogue_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sqlite3.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <utility>

#include "dojo/base/error.h"
#include "dojo/base/file.h"

namespace dojo {
namespace {

namespace fs = std::filesystem;
using sqlite::Database;
using sqlite::Failure;

// What tells our files from those of other programs ("Dojo"), and from those of other versions.
constexpr int64_t kApplication = 0x446f6a6f;
constexpr int64_t kVersion = 1;

// The columns from `codec` on are for people with the sqlite3 program; ours reads none of them.
constexpr char kSchema[] = R"(
CREATE TABLE file (
  path BLOB PRIMARY KEY NOT NULL,
  size INTEGER NOT NULL, mtime_ns INTEGER NOT NULL, hash INTEGER NOT NULL,
  frame_index BLOB,                                             -- null: it cannot be used
  category TEXT, reason BLOB, noted_at INTEGER, whole INTEGER,  -- the problem, if there is one
  row_crc INTEGER NOT NULL,                                     -- of all before
  codec TEXT, width INTEGER, height INTEGER, frames INTEGER, seconds REAL
);
PRAGMA application_id = 1148152431;
PRAGMA user_version = 1;
)";
static_assert(kApplication == 1148152431 && kVersion == 1);

// Thrown for a file that is no catalogue of this version.
struct Rejected {
  std::string why;
};

bool is_damage(const Failure& e) {
  for (int code : {SQLITE_CORRUPT, SQLITE_NOTADB, SQLITE_ERROR, SQLITE_SCHEMA, SQLITE_FORMAT,
                   SQLITE_MISMATCH, SQLITE_CONSTRAINT})
    if (e.code == code) return true;
  return false;
}

uint64_t inode_of(const std::string& path) {
  struct stat s {};
  return stat(path.c_str(), &s) == 0 ? s.st_ino : 0;
}

// SQLite's write-ahead log wants memory that is shared between processes: not so on file systems
// that several computers may mount. Magic numbers: statfs(2).
bool on_network(const std::string& path) {
  struct statfs system {};
  if (statfs(path.c_str(), &system) != 0) return false;
  // NFS, CIFS, SMB2, SMB, Lustre, FUSE; Ceph, GPFS, BeeGFS, 9P
  for (unsigned kind : {0x6969u, 0xFF534D42u, 0xFE534D42u, 0x517Bu, 0x0BD00BD0u, 0x65735546u,
                        0x00C36400u, 0x47504653u, 0x19830326u, 0x01021997u})
    if (static_cast<unsigned>(system.f_type) == kind) return true;
  return false;
}

// Two processes that begin together may be in each other's way: then it stays as it is.
void set_write_ahead(Database* db) {
  try {
    db->run("PRAGMA journal_mode = WAL");
  } catch (const Failure& e) {
    if (e.code != SQLITE_BUSY) throw;
  }
}

// Held by one process at a time; where it cannot be had, work goes on without.
class Lock {
 public:
  explicit Lock(const std::string& path)
      : fd_(open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666)) {
    if (fd_ >= 0) flock(fd_, LOCK_EX);
  }
  ~Lock() {
    if (fd_ >= 0) close(fd_);
  }
  Lock(const Lock&) = delete;
  Lock& operator=(const Lock&) = delete;

 private:
  int fd_;
};

}  // namespace

CatalogueFile::CatalogueFile(const std::string& path) : path_(path) {
  if (path.empty()) {
    open_in_memory();
    return;
  }
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (fs::exists(status) && !fs::is_regular_file(status))
    throw Error(Category::kConfig, "the catalogue is no regular file", path,
                "name a file that exists or can be made");
  try {
    const fs::path folder = fs::path(path).parent_path();
    if (!folder.empty()) make_folder(folder);
    open_or_rebuild();
  } catch (const Error& e) {
    if (e.category() == Category::kConfig) throw;
    give_up(e.message());
  } catch (const Failure& e) {
    give_up(e.what());
  }
}

void CatalogueFile::open_in_memory() {
  in_memory_ = true;
  db_.reset();
  db_ = std::make_unique<Database>(":memory:");
  db_->run(kSchema);
}

void CatalogueFile::give_up(const std::string& why) {
  messages_.push_back(fmt::format(
      "the catalogue {} cannot be used ({}): what is learned of files is forgotten at the end",
      path_, why));
  open_in_memory();
}

// Throws Failure where the system does not let us.
void CatalogueFile::open() {
  db_.reset();
  db_ = std::make_unique<Database>(path_);
  try {
    // Nothing is written before it is known whose file it is.
    constexpr char kTables[] = "SELECT count(*) FROM sqlite_master";
    if (db_->number(kTables) == 0 && db_->number("PRAGMA application_id") == 0) {
      if (!on_network(path_)) set_write_ahead(db_.get());
      db_->run("BEGIN IMMEDIATE");
      if (db_->number(kTables) == 0) db_->run(kSchema);
      db_->run("COMMIT");
    }
    if (db_->number("PRAGMA application_id") != kApplication)
      throw Rejected{"it is the database of another program"};
    if (db_->number("PRAGMA user_version") != kVersion)
      throw Rejected{"another version of the program wrote it"};
    db_->number("SELECT max(row_crc + seconds) FROM file WHERE path = ''");  // are they there?
    db_->run("PRAGMA synchronous = NORMAL");
    db_->run("BEGIN IMMEDIATE; COMMIT");  // may we write?
    inode_ = inode_of(path_);
  } catch (const Failure& e) {
    if (is_damage(e)) throw Rejected{e.what()};
    throw;
  }
}

void CatalogueFile::open_or_rebuild() {
  try {
    open();
  } catch (const Rejected& first) {
    db_.reset();
    if (!path_.ends_with(".sqlite"))  // somebody's video, perhaps
      throw Error(Category::kConfig, "not a catalogue: " + first.why, path_,
                  "name a new file, or one that ends in .sqlite");
    // One process at a time moves a file aside, and looks again first.
    const Lock lock(path_ + ".lock");
    try {
      open();
    } catch (const Rejected& rejected) {
      db_.reset();
      inode_ = inode_of(path_);
      rebuild(rejected.why);
    }
  }
}

// REQUIRES: the lock is held. Does nothing to a file that another process has made meanwhile.
void CatalogueFile::rebuild(const std::string& why) {
  db_.reset();
  if (inode_of(path_) == inode_) move_aside(why);
  try {
    open();
  } catch (const Rejected& again) {
    throw Failure(SQLITE_ERROR, again.why);
  }
}

void CatalogueFile::move_aside(const std::string& why) {
  std::string aside = path_ + ".damaged";
  for (int i = 2; fs::exists(aside); ++i) aside = fmt::format("{}.damaged-{}", path_, i);
  if (std::rename(path_.c_str(), aside.c_str()) != 0) throw Failure(SQLITE_CANTOPEN, why);
  for (const char* part : {"-wal", "-shm", "-journal"})
    std::rename((path_ + part).c_str(), (aside + part).c_str());
  messages_.push_back(
      fmt::format("the catalogue {} could not be used ({}): it is now {}, and a new one is built",
                  path_, why, aside));
}

void CatalogueFile::recover(const Failure& failure) {
  const bool busy = failure.code == SQLITE_BUSY || failure.code == SQLITE_LOCKED;
  if (in_memory_ || busy) return;  // what is not stored now is learned again
  try {
    if (!is_damage(failure)) throw failure;
    const Lock lock(path_ + ".lock");
    rebuild(failure.what());
  } catch (const Failure& last) {
    give_up(last.what());
  }
}

std::vector<std::string> CatalogueFile::take_messages() { return std::exchange(messages_, {}); }

}  // namespace dojo
