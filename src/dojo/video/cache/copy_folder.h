// The folder of all small copies: opens them, keeps the folder within its size, removes the copies
// that were used longest ago. A copy that this object has opened is not removed by it, so a set of
// recordings larger than the bound is cached in part, and does not chase itself through the cache;
// nor is one that another process writes.
//
// Nothing here throws once the folder is open: a cache that cannot grow is a slower run, not a
// failed one. Several processes may use one folder; the bound may be overstepped for a while by
// what the others add (each looks again after adding 1/32 of it). Not thread-safe.
#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "dojo/video/cache/small_copy.h"

namespace dojo {

// One copy as `dojo cache info` shows it.
struct CopyInfo {
  std::string name;  // the folder's
  CopyKey key;       // empty path: no readable header
  int64_t bytes = 0, units_held = 0;
  int64_t last_used_ns = 0;  // since 1970
  bool written_now = false;  // somebody holds its lock
};

// $XDG_CACHE_HOME/opendojo/frames, or ~/.cache/opendojo/frames; empty where neither is known.
std::string default_copy_folder();

// The copies in `folder`, those used longest ago first; none where there is no folder. `with_keys`:
// reads the headers and indexes too.
std::vector<CopyInfo> list_copies(const std::string& folder, bool with_keys);

// Removes a copy, unless it is being written. True iff it is gone.
bool remove_copy(const std::string& folder, const std::string& name);

class CopyFolder {
 public:
  // Makes the folder if it is missing. Throws Error(kIo) where that fails, Error(kConfig) for a
  // bound below 1 MB.
  CopyFolder(std::string folder, int64_t max_bytes);

  // The copy with this key, made if it is missing. Null where that fails, see take_message(), and
  // where it is missing and the folder is full. It stays open for a while: up to kOpen copies are.
  std::shared_ptr<SmallCopy> open(const CopyKey& key);

  // copy->append() within the bound. False if the unit was not added.
  bool append(SmallCopy* copy, int64_t unit, std::span<const uint8_t> bytes);

  bool full() const { return full_; }  // nothing more is added by this object

  // What a person should know, each problem once; mostly empty.
  std::string take_message();

  static constexpr size_t kOpen = 64;

 private:
  void make_room(int64_t bytes);
  void note(const std::string& message);

  std::string folder_;
  int64_t max_bytes_;
  int64_t used_bytes_ = 0, added_since_look_ = 0;
  bool full_ = false;
  std::list<std::shared_ptr<SmallCopy>> open_;  // the last used first
  std::set<std::string> ours_;                  // names of copies opened here
  std::set<std::string> noted_;
  std::string message_;
};

}  // namespace dojo
