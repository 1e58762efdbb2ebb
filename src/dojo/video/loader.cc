#include "dojo/video/loader.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstring>
#include <deque>
#include <exception>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <thread>
#include <unordered_set>
#include <utility>

#include "dojo/base/check.h"
#include "dojo/base/error.h"
#include "dojo/base/interrupt.h"
#include "dojo/video/cache/copy_store.h"
#include "dojo/video/clip_plan.h"
#include "dojo/video/decode_pool.h"
#include "dojo/video/frame_cache.h"
#include "dojo/video/index_thread.h"

namespace dojo {
namespace {

using Clock = std::chrono::steady_clock;

double since(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

// The last frame up to `frame` from which decoding may start.
int64_t key_before(const Recording& r, int64_t frame) {
  const auto after = std::upper_bound(r.key_frames.begin(), r.key_frames.end(), frame);
  return after == r.key_frames.begin() ? 0 : *(after - 1);
}

bool is_within(const std::vector<std::pair<int64_t, int64_t>>& ranges, int64_t frame) {
  return std::any_of(ranges.begin(), ranges.end(), [&](const auto& range) {
    return frame >= range.first && frame <= range.second;
  });
}

// What the prefetch thread is at: one of the causes for which next() may have to wait.
using Cause = double WaitCauses::*;

// Says so for as long as this object lives.
class Doing {
 public:
  Doing(std::atomic<Cause>* cause, Cause now) : cause_(cause), before_(cause->exchange(now)) {}
  ~Doing() { *cause_ = before_; }
  Doing(const Doing&) = delete;
  Doing& operator=(const Doing&) = delete;

 private:
  std::atomic<Cause>* cause_;
  Cause before_;
};

constexpr std::chrono::milliseconds kTick{2};  // how finely waiting is told apart by cause

constexpr uint64_t kNever = UINT64_MAX;  // a position that is not reached

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

std::optional<CopyStore> make_copies(const LoaderOptions& o) {
  if (o.copy_tier == CopyTier::kNone) return std::nullopt;
  return std::optional<CopyStore>(std::in_place, CopyCacheOptions{.tier = o.copy_tier,
                                                                  .folder = o.copy_folder,
                                                                  .max_bytes = o.max_copy_bytes,
                                                                  .height = o.decode_height,
                                                                  .width = o.decode_width});
}

}  // namespace

// One thread, run(), does everything but waiting in next(): it asks the workers, keeps what they
// decode, and puts batches together. It sleeps in poll() on the sockets of the busy workers and on
// `wake`, which the caller's thread and the indexing write.
struct ClipLoader::Impl {
  Impl(std::vector<Recording> recordings, const SamplerOptions& sampler, const LoaderOptions& o)
      : options(checked(o)),
        frame_bytes(options.decode_height * options.decode_width * 3),
        frames_per_clip(sampler.frames),
        plan(std::move(recordings), sampler, options.quarantined),
        cache(options.cache_bytes, frame_bytes),
        copies(make_copies(options)),
        whole_units(sampler.order != SamplingOrder::kUniform),
        pool({.workers = options.workers,
              .worker = {.deadline_seconds = options.deadline_seconds,
                         .max_bytes = options.max_worker_bytes},
              .height = options.decode_height,
              .width = options.decode_width,
              .keep_damaged = options.keep_damaged,
              .unit_frames = copies ? copies->unit_frames() : 1}) {
    if (plan.sampler().is_complete() && plan.sampler().clips_per_epoch() == 0)
      throw Error(Category::kInput,
                  fmt::format("no recording has a clip of {} frames, {:g} s apart", sampler.frames,
                              sampler.interval_seconds),
                  {}, "take fewer frames or another interval");
    for (const Quarantined& q : options.quarantined)
      for (size_t i = 0; i < plan.recordings().size(); ++i)
        if (plan.recordings()[i].path == q.path) {
          reported.insert(static_cast<int32_t>(i));
          quarantined.push_back(q);
        }
    wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (wake < 0) throw Error(Category::kIo, "eventfd failed");
  }

  ~Impl() {
    {
      const std::lock_guard lock(mutex);
      stop = true;
    }
    signal_thread();
    if (thread.joinable()) thread.join();
    close(wake);
  }

  void signal_thread() {
    const uint64_t one = 1;
    (void)!write(wake, &one, sizeof one);
  }

  // ---- the prefetch thread

  void run() {
    try {
      begin_indexing();
      while (step()) {
      }
    } catch (...) {
      const std::lock_guard lock(mutex);
      failure = std::current_exception();
      list_given_up(kNever);
    }
    indexing.reset();
    ready_changed.notify_all();
  }

  bool step() {
    uint64_t begin = 0;
    bool room = false;
    {
      const std::lock_guard lock(mutex);
      if (stop) return false;
      if (generation != seen_generation) {
        seen_generation = generation;
        is_first = true;
        making = position;
        cache.release_kept();
        needed.clear();
        settled_until = 0;
      }
      begin = making;
      room = static_cast<int64_t>(ready.size()) < options.prefetch;
    }
    take_indexed();
    if (room && assemble(begin)) return true;
    ask_workers(begin);
    wait(!store_next());
    return true;
  }

  // Position of clip `i` of the batches of this rank from `begin` on.
  uint64_t position_of(uint64_t begin, int64_t i) const {
    return begin + static_cast<uint64_t>(options.rank + i * options.world);
  }
  uint64_t step_of_positions() const {
    return static_cast<uint64_t>(options.batch * options.world);
  }

  void begin_indexing() {
    std::vector<Recording> files;
    for (int32_t i : plan.sampler().order_of_need()) {
      if (plan.is_settled(i)) continue;
      index_number[i] = files.size();
      index_recording.push_back(i);
      files.push_back(plan.recording(i));
    }
    if (!files.empty()) indexing.emplace(std::move(files), options.indexing, wake);
  }

  void take_indexed() {
    if (!indexing) return;
    std::vector<Indexed> files = indexing->take();
    if (files.empty()) return;
    const std::lock_guard lock(mutex);  // recording() may be called
    for (const Indexed& file : files) {
      plan.settle(index_recording[file.file], file);
      if (!file.recording.note.empty())
        add_message(file.recording.name + ": " + file.recording.note);
    }
    if (Catalogue* catalogue = options.indexing.catalogue)
      for (const std::string& text : catalogue->take_messages()) add_message(text);
    if (plan.sampler().is_complete()) indexing.reset();
  }

  // The clip of a position, as far as is known now; where it is not, what it lacks is asked for.
  std::optional<ClipRef> clip(uint64_t at) {
    std::optional<ClipRef> ref = plan.clip(at);
    if (ref || !indexing) return ref;
    std::vector<size_t> files;
    for (int32_t i : plan.missing(at)) files.push_back(index_number.at(i));
    if (files != wanted_files) indexing->want(files);
    wanted_files = std::move(files);
    return ref;
  }

  // Makes the batch that begins at `begin` if all of its frames are there.
  bool assemble(uint64_t begin) {
    const Clock::time_point start = Clock::now();
    Batch batch;
    {
      const std::lock_guard lock(mutex);
      if (!spare.empty()) {
        batch = std::move(spare.back());
        spare.pop_back();
      }
    }
    batch.refs.clear();
    needed.clear();
    bool known = true;
    for (int64_t i = 0; known && i < options.batch; ++i) {
      std::optional<ClipRef> ref = clip(position_of(begin, i));
      known = ref.has_value();
      if (known) batch.refs.push_back(*std::move(ref));
    }
    for (const ClipRef& ref : batch.refs)
      for (int64_t f : ref.frames)
        if (const uint64_t key = FrameCache::key(ref.recording, f);
            !cache.find(key, true) && !read_copy(ref, f))
          needed.insert(key);
    if (!known || !needed.empty()) {
      lacking = known ? &WaitCauses::decoding : &WaitCauses::indexing;
      const std::lock_guard lock(mutex);
      spare.push_back(std::move(batch));
      return false;
    }
    is_first = false;
    batch.first_position = position_of(begin, 0);
    const int64_t found = fill(begin, &batch);
    cache.release_kept();
    plan.forget_before(begin + step_of_positions());
    std::vector<ClipPlan::GivenUp> gone = plan.take_given_up();
    for (const ClipPlan::GivenUp& g : gone) note(g.recording, g.why);
    const std::lock_guard lock(mutex);
    for (ClipPlan::GivenUp& g : gone) given_up[g.recording] = {g.from, std::move(g.why)};
    statistics.assemble_seconds += since(start);
    statistics.frames_from_cache += found;
    if (generation == seen_generation) {
      ready.push_back(std::move(batch));
      making = begin + step_of_positions();
      ready_changed.notify_all();
    } else {
      spare.push_back(std::move(batch));
    }
    return true;
  }

  // The pixels of the batch from frames in the cache. Returns how many of these were used before.
  int64_t fill(uint64_t begin, Batch* batch) {
    int64_t found = 0;
    const size_t clip_bytes =
        static_cast<size_t>(frames_per_clip * options.height * options.width * 3);
    batch->clips.resize(clip_bytes * static_cast<size_t>(options.batch));
    clip_frames_buffer.resize(static_cast<size_t>(frames_per_clip * frame_bytes));
    for (size_t i = 0; i < batch->refs.size(); ++i) {
      const ClipRef& ref = batch->refs[i];
      const std::span<uint8_t> clip(batch->clips.data() + i * clip_bytes, clip_bytes);
      uint8_t* to = options.transform ? clip_frames_buffer.data() : clip.data();
      for (int64_t f : ref.frames) {
        const uint64_t key = FrameCache::key(ref.recording, f);
        std::memcpy(to, cache.find(key, false), static_cast<size_t>(frame_bytes));
        found += cache.use(key);
        to += frame_bytes;
      }
      if (options.transform)
        options.transform(position_of(begin, static_cast<int64_t>(i)), ref, clip_frames_buffer,
                          clip);
    }
    return found;
  }

  // Gives work to idle workers: for the clips of the batch at `begin` first, then for those that
  // follow, in whole groups of mixed runs as far as their frames fit into the cache: of half a
  // group, other frames of the same groups of pictures would be asked for later, and decoded
  // again. Of the first batch after a start or a seek, for which the caller waits, only that is
  // asked for which is decoded on the way to its frames: the rest of its runs comes after it.
  void ask_workers(uint64_t begin) {
    if (!pool.has_idle() || (needed.empty() && begin < settled_until)) return;
    const int64_t window = std::max(options.batch, plan.sampler().window() / options.world);
    const size_t fits = cache.capacity() * 7 / 8;
    std::vector<DecodePool::Want> wants;          // in order of need
    size_t in_batch = 0;                          // of `wants`
    std::optional<size_t> in_groups;              // of `wants`: those of whole groups
    uint64_t group_end = 0, first_group_end = 0;  // positions
    std::unordered_set<uint64_t> seen;            // frames
    std::map<int32_t, std::vector<std::pair<int64_t, int64_t>>> on_the_way;  // of the first batch
    for (int64_t i = 0; i < window; ++i) {
      const uint64_t at = position_of(begin, i);
      std::optional<ClipRef> ref;
      try {
        ref = clip(at);
      } catch (const Error&) {
        if (i < options.batch) throw;
      }
      if (!ref) break;  // the clips before it come first
      if (at >= group_end) {
        if (i > 0) in_groups = wants.size();
        if (first_group_end == 0) first_group_end = group_end;
        group_end = plan.sampler().mixed_until(at);
      }
      if (is_first && i < options.batch)
        on_the_way[ref->recording].emplace_back(
            key_before(plan.recording(ref->recording), ref->frames.front()), ref->frames.back());
      const bool first_only = is_first && i >= options.batch && in_batch > 0;
      for (int64_t f : ref->frames) {
        const uint64_t key = FrameCache::key(ref->recording, f);
        if (first_only && !is_within(on_the_way[ref->recording], f)) continue;
        if (seen.insert(key).second && !cache.find(key, i < options.batch) &&
            !pool.is_in_flight(ref->recording, f) && !has_copy(ref->recording, f))
          wants.push_back({ref->recording, f, plan.is_suspect(ref->recording, f),
                           plan.is_split(ref->recording, f)});
      }
      if (i < options.batch) in_batch = wants.size();
      if (i >= options.batch && seen.size() > fits) break;
    }
    if (in_groups) wants.resize(std::max(in_batch, *in_groups));
    if (in_groups && wants.empty()) settled_until = first_group_end;
    pool.ask(plan.recordings(), wants);
  }

  // Takes the workers' answers. `sleep`: until there is one, a deadline passes or somebody calls.
  void wait(bool sleep) {
    std::vector<pollfd> waits{{wake, POLLIN, 0}};
    double patience = 1e6;
    pool.add_waits(&waits, &patience);
    if (!sleep) patience = 0;
    const Doing waiting(&cause, lacking);
    poll(waits.data(), waits.size(), static_cast<int>(patience * 1000));
    uint64_t count = 0;
    (void)!read(wake, &count, sizeof count);
    pool.take_answers([this](int32_t recording, const std::vector<int64_t>& frames,
                             const WorkerReply& reply) { accept(recording, frames, reply); });
  }

  void accept(int32_t recording, const std::vector<int64_t>& frames, const WorkerReply& reply) {
    {
      const std::lock_guard lock(mutex);
      statistics.decode_seconds += reply.cpu_seconds;
      statistics.frames_decoded += reply.frames_decoded;
      if (!reply.unguarded.empty() && std::exchange(guarded, false))
        add_message("decoding processes are less shut in than they could be: " + reply.unguarded);
    }
    if (!reply.ok || !reply.damaged.empty()) settled_until = 0;  // other clips take their place
    if (!reply.ok || !copies)
      for (int64_t f : frames) pool.landed(recording, f);
    if (!reply.ok) {
      plan.frames_failed(recording, frames,
                         {plan.recording(recording).path, reply.category, reply.reason});
      return;
    }
    std::set<int64_t> without_pixels;
    for (const auto& [frame, reason] : reply.damaged) {
      report_damage(recording, reason);
      if (std::binary_search(reply.kept.begin(), reply.kept.end(), frame)) continue;
      without_pixels.insert(frame);
      plan.frame_is_damaged(recording, frame);
    }
    const size_t size = static_cast<size_t>(frame_bytes);
    std::set<int64_t> not_kept = std::move(without_pixels);
    for (size_t i = 0; i < frames.size(); ++i) {
      if (not_kept.count(frames[i])) continue;
      // A damaged frame that is used all the same is not worth a copy.
      const bool damaged = std::binary_search(reply.kept.begin(), reply.kept.end(), frames[i]);
      if (damaged || !copies)
        insert_frame(recording, frames[i], reply.pixels.subspan(i * size, size));
      if (damaged) not_kept.insert(frames[i]);
    }
    if (copies) copies->add(recording, frames, reply.pixels, std::move(not_kept));
  }

  void insert_frame(int32_t recording, int64_t frame, std::span<const uint8_t> pixels) {
    const uint64_t key = FrameCache::key(recording, frame);
    cache.insert(key, pixels);
    if (needed.count(key)) cache.find(key, true);  // it stays until the batch is made
  }

  // ---- copies on disk

  bool has_copy(int32_t recording, int64_t frame) {
    return copies && copies->has(recording, plan.recording(recording), frame);
  }

  // Reads a frame of a clip from its copy into the cache, and with it those of its unit that are
  // likely to be used soon.
  bool read_copy(const ClipRef& ref, int64_t frame) {
    if (!has_copy(ref.recording, frame)) return false;
    const Clock::time_point start = Clock::now();
    const Doing reading(&cause, &WaitCauses::copies);
    const auto wanted = [&](int64_t f) {
      return (whole_units || std::binary_search(ref.frames.begin(), ref.frames.end(), f)) &&
             !cache.find(FrameCache::key(ref.recording, f), false);
    };
    const int64_t read = copies->read(ref.recording, plan.recording(ref.recording), frame, wanted,
                                      [&](int64_t f, std::span<const uint8_t> pixels) {
                                        insert_frame(ref.recording, f, pixels);
                                      });
    note_copies(start, read);
    return cache.find(FrameCache::key(ref.recording, frame), true) != nullptr;
  }

  // Keeps one unit of what workers have decoded. False if there is none.
  bool store_next() {
    if (!copies || !copies->has_waiting()) return false;
    const Clock::time_point start = Clock::now();
    const Doing storing(&cause, &WaitCauses::copies);
    const int32_t recording = copies->waiting_recording();
    const std::vector<int64_t> frames = copies->store_next(
        plan.recording(recording),
        [&](int64_t f, std::span<const uint8_t> pixels) { insert_frame(recording, f, pixels); });
    for (int64_t f : frames) pool.landed(recording, f);
    note_copies(start, 0);
    return true;
  }

  void note_copies(Clock::time_point start, int64_t read) {
    const std::lock_guard lock(mutex);
    statistics.frames_from_copies += read;
    statistics.copy_seconds += since(start);
    add_message(copies->take_message());
  }

  // REQUIRES: the mutex is held.
  void add_message(const std::string& text) {
    if (!text.empty()) message += (message.empty() ? "" : "; ") + text;
  }

  // Lists the files given up before position `end`. REQUIRES: the mutex is held.
  void list_given_up(uint64_t end) {
    std::erase_if(given_up, [&](auto& entry) {
      if (entry.second.first >= end) return false;
      quarantined.push_back(std::move(entry.second.second));
      return true;
    });
  }

  void report_damage(int32_t recording, const std::string& reason) {
    if (!reported.insert(recording).second) return;
    const Quarantined problem{plan.recording(recording).path, "input", reason, false};
    note(recording, problem);
    const std::lock_guard lock(mutex);
    quarantined.push_back(problem);
  }

  void note(int32_t recording, const Quarantined& problem) {
    if (Catalogue* catalogue = options.indexing.catalogue; catalogue && problem.was_used)
      catalogue->note(real_path(plan.recording(recording).path), problem);
  }

  // Set once
  const LoaderOptions options;
  const int64_t frame_bytes, frames_per_clip;

  // Of the prefetch thread; the recordings of `plan` change under the mutex
  ClipPlan plan;
  FrameCache cache;
  std::optional<CopyStore> copies;
  const bool whole_units;  // all frames of a unit are used at about the same time
  DecodePool pool;
  std::optional<IndexThread> indexing;     // as long as a recording is not indexed
  std::map<int32_t, size_t> index_number;  // of the recording in `indexing`
  std::vector<int32_t> index_recording;    // the other way round
  std::vector<size_t> wanted_files;        // asked for last
  std::set<uint64_t> needed;               // frames that the batch at `making` lacks
  uint64_t settled_until = 0;              // nothing is left to ask for before this position
  std::set<int32_t> reported;              // damaged
  std::vector<uint8_t> clip_frames_buffer;
  uint64_t seen_generation = 0;
  Cause lacking = &WaitCauses::decoding;  // what the batch at `making` waits for
  bool is_first = true;                   // no batch was made since the last seek()
  bool guarded = true;                    // no worker has said that its sandbox lacks something

  // Shared, under the mutex
  mutable std::mutex mutex;
  std::condition_variable ready_changed;
  std::atomic<Cause> cause = &WaitCauses::assembling;  // needs no mutex
  std::deque<Batch> ready;
  std::vector<Batch> spare;  // used buffers
  uint64_t position = 0, making = 0;
  uint64_t generation = 0;  // counts seek()
  bool stop = false;
  std::exception_ptr failure;
  LoaderStats statistics;
  std::string message;
  std::vector<Quarantined> quarantined;
  std::map<int32_t, std::pair<uint64_t, Quarantined>>
      given_up;  // from a position that is not handed out yet

  Batch current;  // of the caller
  int wake = -1;
  std::thread thread;
};

ClipLoader::ClipLoader(std::vector<Recording> recordings, const SamplerOptions& sampler,
                       const LoaderOptions& options)
    : impl_(std::make_unique<Impl>(std::move(recordings), sampler, options)) {}

ClipLoader::~ClipLoader() = default;

void ClipLoader::seek(uint64_t position) {
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->position = position;
    ++impl_->generation;
    while (!impl_->ready.empty()) {
      impl_->spare.push_back(std::move(impl_->ready.front()));
      impl_->ready.pop_front();
    }
  }
  impl_->signal_thread();
}

uint64_t ClipLoader::position() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->position;
}

bool ClipLoader::wait(double seconds) {
  const Clock::time_point start = Clock::now();
  if (!impl_->thread.joinable()) impl_->thread = std::thread([impl = impl_.get()] { impl->run(); });
  std::unique_lock lock(impl_->mutex);
  const auto is_over = [&] { return !impl_->ready.empty() || impl_->failure; };
  while (!is_over() && since(start) < seconds) {
    const Clock::time_point tick = Clock::now();
    const Cause cause = impl_->cause;
    impl_->ready_changed.wait_for(lock, kTick, is_over);
    impl_->statistics.waited_for.*cause += since(tick);
  }
  impl_->statistics.wait_seconds += since(start);
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
                      impl_->step_of_positions();
    impl_->list_given_up(impl_->position);
  }
  impl_->signal_thread();
  return impl_->current;
}

LoaderStats ClipLoader::stats() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->statistics;
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
  return impl_->plan.recordings().at(static_cast<size_t>(i));
}

}  // namespace dojo
