// Gives files an index: from the catalogue where it knows them, else by a worker process that reads
// them. Several files at a time, in the order in which they are wanted. What a file's bytes were
// when it was first indexed is not forgotten because of a new time stamp: see Note [Changed files].
// Not thread-safe; the thread that makes the first call of step() must outlive the object.
//
//   Indexer indexer(files, {.workers = 2, .catalogue = &catalogue});
//   while (!indexer.done())
//     for (Indexed& file : indexer.step()) use(file);
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "dojo/video/catalogue.h"
#include "dojo/video/recording.h"
#include "dojo/video/worker_process.h"

namespace dojo {

struct IndexOptions {
  int workers = 1;                 // files read at a time
  WorkerOptions worker = {};       // limits of each
  Catalogue* catalogue = nullptr;  // null: every file is read
  bool verify = false;             // read every file, also known ones, and compare
};

struct Indexed {
  size_t file = 0;         // its number in the list
  bool usable = false;     // then `recording`, else `problem`
  Recording recording;     // named as in the list
  Quarantined problem;     // also of a usable file: what decoding met in an earlier run
  bool was_known = false;  // to the catalogue
};

class Indexer {
 public:
  // `files`: with path and name. Nothing is read yet.
  Indexer(std::vector<Recording> files, const IndexOptions& options);

  // The file comes before those that nobody asked for; of several, the last asked for comes first.
  void want(size_t file);

  // Works until some files are done, or, where `wake` is given, until it can be read from; gives
  // those that are done. REQUIRES: !done(). Throws Error(kIo) where no worker can be started, and
  // Interrupted (base/interrupt.h).
  std::vector<Indexed> step(int wake = -1);

  bool done() const { return finished_ == files_.size(); }

  // What the sandbox of the workers lacks (sandbox.h), for a person; mostly empty. Once.
  std::string take_unguarded() { return std::exchange(unguarded_, {}); }

 private:
  struct Job {
    std::unique_ptr<WorkerProcess> worker;
    size_t file = 0;
    Fingerprint seen;  // of the file, before the worker read it
    bool settled = false;
    std::optional<Catalogue::Entry> before;
  };
  Catalogue* catalogue_for(const std::string& path) const;
  bool next(size_t* file);
  void begin(Job* job, size_t file, std::vector<Indexed>* done);
  Indexed known(size_t file, const Catalogue::Entry& entry) const;
  Indexed finish(Job* job, WorkerReply reply);
  Indexed unusable(size_t file, const std::string& category, const std::string& reason) const;

  std::vector<Recording> files_;
  IndexOptions options_;
  std::vector<Job> jobs_;
  std::vector<bool> taken_;    // [files] asked of a worker, or done
  std::deque<size_t> wanted_;  // in this order, then the others in theirs
  size_t next_ = 0, finished_ = 0;
  std::string unguarded_;
};

}  // namespace dojo
