// Indexes files in the background, with worker processes of low priority, while something else goes
// on: those that are wanted first, then the others in their order.
//
//   IndexThread thread(files, options, /*wake=*/event_fd);
//   thread.want({7, 9});
//   for (Indexed& file : thread.take()) use(file);
//
// Its methods may be called from one other thread.
#pragma once

#include <cstdint>
#include <exception>
#include <mutex>
#include <span>
#include <thread>
#include <vector>

#include "dojo/video/indexer.h"

namespace dojo {

class IndexThread {
 public:
  // Begins at once. `wake`: an eventfd that is written when take() has something to give.
  IndexThread(std::vector<Recording> files, const IndexOptions& options, int wake);
  ~IndexThread();  // the rest is left undone
  IndexThread(const IndexThread&) = delete;
  IndexThread& operator=(const IndexThread&) = delete;

  void want(std::span<const size_t> files);

  // The files that are done, each once. Throws the Error that ended the thread.
  std::vector<Indexed> take();

 private:
  void run();

  Indexer indexer_;  // of the thread
  const int caller_;
  int wake_ = -1;

  std::mutex mutex_;
  std::vector<size_t> wanted_;
  std::vector<Indexed> done_;
  std::exception_ptr failure_;
  bool stop_ = false;
  std::thread thread_;
};

}  // namespace dojo
