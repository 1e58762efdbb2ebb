#include "dojo/video/loader.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <chrono>
#include <condition_variable>
#include <deque>
#include <exception>
#include <map>
#include <mutex>
#include <thread>
#include <utility>

#include "dojo/base/clock.h"
#include "dojo/base/error.h"
#include "dojo/base/interrupt.h"
#include "dojo/video/batch_maker.h"

namespace dojo {
namespace {

constexpr std::chrono::milliseconds kTick{2};  // how finely waiting is told apart by cause

LoaderOptions checked(LoaderOptions o) {
  if (o.decode_height <= 0) o.decode_height = o.height;
  if (o.decode_width <= 0) o.decode_width = o.width;
  if (o.batch < 1 || o.height < 1 || o.width < 1 || o.workers < 1 || o.prefetch < 1)
    throw Error(Category::kConfig,
                fmt::format("clips of {}x{} in batches of {} by {} workers, {} ahead", o.width,
                            o.height, o.batch, o.workers, o.prefetch));
  if (o.rank < 0 || o.rank >= o.world)
    throw Error(Category::kConfig, fmt::format("loader {} of {}", o.rank, o.world));
  if (!o.transform && (o.decode_height != o.height || o.decode_width != o.width))
    throw Error(Category::kConfig,
                "frames are kept at another size than that of the clips, and nothing crops them");
  return o;
}

// Wakes a thread that sleeps in poll().
class Bell {
 public:
  Bell() : fd_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    if (fd_ < 0) throw Error(Category::kIo, "eventfd failed");
  }
  ~Bell() { close(fd_); }
  Bell(const Bell&) = delete;
  Bell& operator=(const Bell&) = delete;
  int fd() const { return fd_; }
  void ring() const {
    const uint64_t one = 1;
    (void)!write(fd_, &one, sizeof one);
  }

 private:
  int fd_;
};

}  // namespace

// One thread, run(), does everything but waiting in next(). It sleeps on the workers and on the
// bell, which the caller's thread and the indexing ring.
struct ClipLoader::Impl {
  Impl(std::vector<Recording> recordings, const SamplerOptions& sampler, const LoaderOptions& o)
      : options(checked(o)), maker(std::move(recordings), sampler, options, bell.fd()) {
    take_news();
  }

  ~Impl() {
    {
      const std::lock_guard lock(mutex);
      stop = true;
    }
    bell.ring();
    if (thread.joinable()) thread.join();
  }

  // ---- the prefetch thread

  void run() {
    try {
      maker.begin_indexing();
      while (step()) {
      }
    } catch (...) {
      const std::lock_guard lock(mutex);
      failure = std::current_exception();
      take_news();
      list_given_up(kNever);
    }
    maker.end_indexing();
    ready_changed.notify_all();
  }

  bool step() {
    Batch batch;
    bool room = false;
    {
      const std::lock_guard lock(mutex);
      if (stop) return false;
      if (std::exchange(moved, false)) maker.seek(position);
      maker.take_indexed();
      room = std::ssize(ready) < options.prefetch;
      if (room && !spare.empty()) {
        batch = std::move(spare.back());
        spare.pop_back();
      }
    }
    const bool made = room && maker.make(&batch);
    if (!made) maker.work();
    const std::lock_guard lock(mutex);
    take_news();
    if (made && !moved) {
      ready.push_back(std::move(batch));
      ready_changed.notify_all();
    } else if (room) {
      spare.push_back(std::move(batch));
    }
    return true;
  }

  // REQUIRES of these two: the mutex is held.
  void take_news() {
    BatchMaker::News news = maker.take_news();
    statistics = maker.stats();
    if (!news.message.empty()) message += (message.empty() ? "" : "; ") + news.message;
    for (Quarantined& q : news.damaged) quarantined.push_back(std::move(q));
    for (ClipPlan::GivenUp& g : news.given_up) given_up[g.recording] = {g.from, std::move(g.why)};
  }

  // Lists the files given up before position `end`.
  void list_given_up(uint64_t end) {
    std::erase_if(given_up, [&](auto& entry) {
      if (entry.second.first >= end) return false;
      quarantined.push_back(std::move(entry.second.second));
      return true;
    });
  }

  const LoaderOptions options;
  const Bell bell;
  BatchMaker maker;  // of the prefetch thread; its recordings change under the mutex

  // Shared, under the mutex
  mutable std::mutex mutex;
  std::condition_variable ready_changed;
  std::deque<Batch> ready;
  std::vector<Batch> spare;  // used buffers
  uint64_t position = 0;
  bool moved = false;  // by seek(), which the prefetch thread has not seen yet
  bool stop = false;
  std::exception_ptr failure;
  LoaderStats statistics;   // of the maker
  double wait_seconds = 0;  // of the caller
  WaitCauses waited_for;
  std::string message;
  std::vector<Quarantined> quarantined;
  std::map<int32_t, std::pair<uint64_t, Quarantined>>
      given_up;  // from a position that is not handed out yet

  Batch current;  // of the caller
  std::thread thread;
};

ClipLoader::ClipLoader(std::vector<Recording> recordings, const SamplerOptions& sampler,
                       const LoaderOptions& options)
    : impl_(std::make_unique<Impl>(std::move(recordings), sampler, options)) {}

ClipLoader::~ClipLoader() = default;

void ClipLoader::seek(uint64_t position) {
  {
    const std::lock_guard lock(impl_->mutex);
    if (position == impl_->position) return;  // what is read ahead is what is wanted
    impl_->position = position;
    impl_->moved = true;
    while (!impl_->ready.empty()) {
      impl_->spare.push_back(std::move(impl_->ready.front()));
      impl_->ready.pop_front();
    }
  }
  impl_->bell.ring();
}

uint64_t ClipLoader::position() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->position;
}

bool ClipLoader::wait(double seconds) {
  const double start = steady_seconds();
  if (!impl_->thread.joinable()) impl_->thread = std::thread([impl = impl_.get()] { impl->run(); });
  std::unique_lock lock(impl_->mutex);
  const auto is_over = [&] { return !impl_->ready.empty() || impl_->failure; };
  double now = start;
  while (!is_over() && now - start < seconds) {
    const BatchMaker::Cause cause = impl_->maker.doing();
    impl_->ready_changed.wait_for(lock, kTick, is_over);
    impl_->waited_for.*cause += steady_seconds() - now;
    now = steady_seconds();
  }
  impl_->wait_seconds += now - start;
  return is_over();
}

const Batch& ClipLoader::next() {
  while (!wait(1)) throw_if_interrupted();
  {
    const std::lock_guard lock(impl_->mutex);
    if (impl_->ready.empty()) std::rethrow_exception(impl_->failure);
    impl_->spare.push_back(std::move(impl_->current));
    impl_->current = std::move(impl_->ready.front());
    impl_->ready.pop_front();
    impl_->position = impl_->current.first_position - static_cast<uint64_t>(impl_->options.rank) +
                      impl_->maker.positions_of_batch();
    impl_->list_given_up(impl_->position);
  }
  impl_->bell.ring();
  return impl_->current;
}

LoaderStats ClipLoader::stats() const {
  const std::lock_guard lock(impl_->mutex);
  LoaderStats stats = impl_->statistics;
  stats.wait_seconds = impl_->wait_seconds;
  stats.waited_for = impl_->waited_for;
  return stats;
}

std::string ClipLoader::take_message() {
  const std::lock_guard lock(impl_->mutex);
  return std::exchange(impl_->message, {});
}

std::vector<Quarantined> ClipLoader::quarantined() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->quarantined;
}

Recording ClipLoader::recording(int32_t i) const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->maker.recordings().at(static_cast<size_t>(i));
}

}  // namespace dojo
