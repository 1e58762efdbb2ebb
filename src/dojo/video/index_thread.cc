#include "dojo/video/index_thread.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <utility>

#include "dojo/base/error.h"

namespace dojo {
namespace {

void signal(int event) {
  const uint64_t one = 1;
  (void)!write(event, &one, sizeof one);
}

IndexOptions in_the_background(IndexOptions options) {
  options.worker.low_priority = true;
  return options;
}

}  // namespace

IndexThread::IndexThread(std::vector<Recording> files, const IndexOptions& options, int wake)
    : indexer_(std::move(files), in_the_background(options)), caller_(wake) {
  wake_ = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (wake_ < 0) throw Error(Category::kIo, "eventfd failed");
  thread_ = std::thread([this] { run(); });
}

IndexThread::~IndexThread() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  signal(wake_);
  thread_.join();
  close(wake_);
}

void IndexThread::want(std::span<const size_t> files) {
  {
    const std::lock_guard lock(mutex_);
    wanted_.insert(wanted_.end(), files.begin(), files.end());
  }
  signal(wake_);
}

std::vector<Indexed> IndexThread::take() {
  const std::lock_guard lock(mutex_);
  if (done_.empty() && failure_) std::rethrow_exception(failure_);
  return std::exchange(done_, {});
}

void IndexThread::run() {
  try {
    while (!indexer_.done()) {
      uint64_t count = 0;
      (void)!read(wake_, &count, sizeof count);
      {
        const std::lock_guard lock(mutex_);
        if (stop_) return;
        for (size_t file : std::exchange(wanted_, {})) indexer_.want(file);
      }
      std::vector<Indexed> done = indexer_.step(wake_);
      if (done.empty()) continue;
      {
        const std::lock_guard lock(mutex_);
        for (Indexed& file : done) done_.push_back(std::move(file));
      }
      signal(caller_);
    }
  } catch (...) {
    {
      const std::lock_guard lock(mutex_);
      failure_ = std::current_exception();
    }
    signal(caller_);
  }
}

}  // namespace dojo
