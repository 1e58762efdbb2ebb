// What is known of video files that were indexed before: one SQLite file in the user's cache
// folder. A file that has the same size and time stamp as then opens with one look-up. It is an
// optimisation and never a reason to fail: where its folder cannot be written it lives in memory, a
// damaged one is moved aside and built anew, and a message says so.
//
//   Catalogue catalogue(Catalogue::default_path());
//   const auto known = catalogue.find(real_path("a.mp4"));
//   if (known && known->fingerprint == fingerprint_of("a.mp4")) use(known->index);
//
// Rows carry a checksum of their own, for SQLite has none: a row that does not fit it is as good as
// none. No place on earth is ever stored here. Any number of threads and processes may use the same
// file.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "dojo/video/fingerprint.h"
#include "dojo/video/frame_index.h"
#include "dojo/video/recording.h"

namespace dojo {

class Catalogue {
 public:
  // What is known of one file.
  struct Entry {
    Fingerprint fingerprint;                  // when it was indexed
    std::shared_ptr<const FrameIndex> index;  // null: it has none, `problem` says why
    std::optional<Quarantined> problem;       // also one that decoding met later
  };

  // $XDG_CACHE_HOME/opendojo/catalogue.sqlite, else the same below ~/.cache; "" where neither
  // variable is set.
  static std::string default_path();

  // Opens or makes the file. "": in memory only. Throws Error(kConfig) where `path` is a folder or
  // the like.
  explicit Catalogue(const std::string& path);
  ~Catalogue();
  Catalogue(const Catalogue&) = delete;
  Catalogue& operator=(const Catalogue&) = delete;

  // By the file's real path (real_path()). Takes well below a millisecond.
  std::optional<Entry> find(const std::string& real_path);
  void store(const std::string& real_path, const Entry& entry);

  // Adds a problem that decoding met to what is known of the file; nothing where it is not known.
  void note(const std::string& real_path, const Quarantined& problem);

  // The real paths of all files that are known.
  std::vector<std::string> files();

  // Forgets these files and gives their room on the disk back. Returns how many are forgotten now:
  // none where another process is in the way.
  int64_t forget(std::span<const std::string> real_paths);

  // For people, since the last call: that it was rebuilt, or is not kept.
  std::vector<std::string> take_messages();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// Absolute and without links, so that a file has one row; `path` itself where that fails.
std::string real_path(const std::string& path);

}  // namespace dojo
