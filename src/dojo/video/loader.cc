#include "dojo/video/loader.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
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
#include <utility>

#include "dojo/base/check.h"
#include "dojo/base/error.h"
#include "dojo/video/frame_cache.h"
#include "dojo/video/worker_process.h"

namespace dojo {
namespace {

using Clock = std::chrono::steady_clock;

double since(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

// Frames further apart than this are not read in one request when a key frame lies between them.
constexpr int64_t kJoin = 32;

constexpr uint64_t kNever = UINT64_MAX;  // a position that is not reached

}  // namespace

// One thread, run(), does everything but waiting in next(): it asks the workers, keeps what they
// decode, and puts batches together. It sleeps in poll() on the sockets of the busy workers and on
// wake_, which the caller's thread writes.
struct ClipLoader::Impl {
  struct Job {
    std::unique_ptr<WorkerProcess> worker;
    int32_t recording = -1;
    std::vector<int64_t> frames;
  };

  Impl(std::vector<Recording> recordings_given, const SamplerOptions& sampler_options,
       const LoaderOptions& o)
      : recordings(std::move(recordings_given)),
        options(fill(o)),
        sampler(recordings, sampler_options),
        frame_bytes(options.decode_height * options.decode_width * 3),
        cache(options.cache_bytes, frame_bytes),
        gone_from(recordings.size(), kNever) {
    if (sampler.clips_per_epoch() == 0)
      throw Error(Category::kInput,
                  fmt::format("no recording has a clip of {} frames, {:g} s apart",
                              sampler_options.frames, sampler_options.interval_seconds),
                  {}, "take fewer frames or another interval");
    for (const Quarantined& q : options.quarantined)
      for (size_t i = 0; i < recordings.size(); ++i)
        if (recordings[i].path == q.path) {
          if (q.whole_file) gone_from[i] = 0;
          reported.insert(static_cast<int32_t>(i));
          quarantined.push_back(q);
        }
    frames_per_clip = sampler_options.frames;
    if (options.copy_tier != CopyTier::kNone) {
      copies.emplace(CopyCacheOptions{.tier = options.copy_tier,
                                      .folder = options.copy_folder,
                                      .max_bytes = options.max_copy_bytes,
                                      .height = options.decode_height,
                                      .width = options.decode_width});
      whole_units = sampler_options.order != SamplingOrder::kUniform;
    }
    for (int i = 0; i < options.workers; ++i) {
      jobs.emplace_back();
      jobs.back().worker = std::make_unique<WorkerProcess>(
          WorkerOptions{.deadline_seconds = options.deadline_seconds,
                        .max_bytes = options.max_worker_bytes,
                        .program = {}});
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

  static LoaderOptions fill(LoaderOptions o) {
    if (o.decode_height <= 0) o.decode_height = o.height;
    if (o.decode_width <= 0) o.decode_width = o.width;
    if (o.batch < 1 || o.height < 1 || o.width < 1 || o.workers < 1 || o.prefetch < 1)
      throw Error(Category::kConfig,
                  fmt::format("clips of {}x{} in batches of {} by {} workers, {} ahead", o.width,
                              o.height, o.batch, o.workers, o.prefetch));
    if (!o.transform && (o.decode_height != o.height || o.decode_width != o.width))
      throw Error(Category::kConfig,
                  "frames are kept at another size than that of the clips, and nothing crops them");
    return o;
  }

  void signal_thread() {
    const uint64_t one = 1;
    (void)!write(wake, &one, sizeof one);
  }

  // ---- the prefetch thread

  void run() {
    try {
      while (step()) {
      }
    } catch (...) {
      const std::lock_guard lock(mutex);
      failure = std::current_exception();
      list_given_up(kNever);
    }
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
        making = position;
        cache.release_kept();
        needed.clear();
      }
      begin = making;
      room = static_cast<int64_t>(ready.size()) < options.prefetch;
    }
    if (room && assemble(begin)) return true;
    plan(begin);
    wait(!store_next());
    return true;
  }

  // The clip of a position, as far as is known now: the first of clip(), replacement(0),
  // replacement(1) ... that has no bad frame.
  ClipRef usable_clip(uint64_t at) {
    ClipRef ref = planned(at);
    const int64_t attempts = 1000 + sampler.clips_per_epoch();
    for (int64_t attempt = 0; !usable(ref, at); ++attempt) {
      if (attempt >= attempts) {
        const std::lock_guard lock(mutex);
        const Quarantined* first = !quarantined.empty() ? &quarantined[0]
                                   : !given_up.empty()  ? &given_up.begin()->second.second
                                                        : nullptr;
        throw Error(Category::kInput, "no usable recording is left", first ? first->path : "",
                    first ? "the first problem was: " + first->reason : "");
      }
      ref = sampler.replacement(at, attempt);
    }
    return ref;
  }

  // sampler.clip(at), remembered for the window that lies ahead.
  const ClipRef& planned(uint64_t at) {
    const bool far = at < ahead_begin || at > ahead_begin + ahead.size();
    if (far) {
      ahead.clear();
      ahead_begin = at;
    }
    if (at == ahead_begin + ahead.size()) ahead.push_back(sampler.clip(at));
    return ahead[static_cast<size_t>(at - ahead_begin)];
  }

  // As far as is known now: what is not usable once stays so. The first position that needs a frame
  // that cannot be read is that from which the recording is given up, whenever this was found out.
  bool usable(const ClipRef& ref, uint64_t at) {
    if (at >= gone_from[static_cast<size_t>(ref.recording)]) return false;
    if (bad_frames.empty() && unreadable.empty()) return true;
    for (int64_t f : ref.frames)
      if (bad_frames.count(FrameCache::key(ref.recording, f))) return false;
    for (int64_t f : ref.frames) {
      const auto problem = unreadable.find(FrameCache::key(ref.recording, f));
      if (problem == unreadable.end()) continue;
      give_up(ref.recording, at, problem->second);
      return false;
    }
    return true;
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
    for (int64_t i = 0; i < options.batch; ++i)
      batch.refs.push_back(usable_clip(begin + static_cast<uint64_t>(i)));
    needed.clear();
    for (const ClipRef& ref : batch.refs)
      for (int64_t f : ref.frames)
        if (const uint64_t key = FrameCache::key(ref.recording, f);
            !cache.find(key, true) && !read_copy(ref, f))
          needed.insert(key);
    if (!needed.empty()) {
      const std::lock_guard lock(mutex);
      spare.push_back(std::move(batch));
      return false;
    }
    int64_t found = 0;
    const size_t clip_bytes =
        static_cast<size_t>(frames_per_clip * options.height * options.width * 3);
    batch.clips.resize(clip_bytes * static_cast<size_t>(options.batch));
    batch.first_position = begin;
    clip_frames_buffer.resize(static_cast<size_t>(frames_per_clip * frame_bytes));
    for (size_t i = 0; i < batch.refs.size(); ++i) {
      const ClipRef& ref = batch.refs[i];
      const std::span<uint8_t> clip(batch.clips.data() + i * clip_bytes, clip_bytes);
      uint8_t* to = options.transform ? clip_frames_buffer.data() : clip.data();
      for (int64_t f : ref.frames) {
        const uint64_t key = FrameCache::key(ref.recording, f);
        std::memcpy(to, cache.find(key, false), static_cast<size_t>(frame_bytes));
        found += cache.use(key);
        to += frame_bytes;
      }
      if (options.transform) options.transform(begin + i, ref, clip_frames_buffer, clip);
    }
    cache.release_kept();
    while (!ahead.empty() && ahead_begin < begin + batch.refs.size()) {
      ahead.pop_front();
      ++ahead_begin;
    }
    const std::lock_guard lock(mutex);
    statistics.assemble_seconds += since(start);
    statistics.frames_from_cache += found;
    if (generation == seen_generation) {
      ready.push_back(std::move(batch));
      making = begin + static_cast<uint64_t>(options.batch);
      ready_changed.notify_all();
    } else {
      spare.push_back(std::move(batch));
    }
    return true;
  }

  // Gives work to idle workers: for the clips of the batch at `begin` first, then for those that
  // follow.
  void plan(uint64_t begin) {
    const bool idle =
        std::any_of(jobs.begin(), jobs.end(), [](const Job& j) { return !j.worker->busy(); });
    if (!idle) return;
    // Looking ahead must not push out of the cache what was read ahead before.
    const int64_t fits = static_cast<int64_t>(cache.capacity()) / (2 * frames_per_clip);
    const int64_t window = std::max(options.batch, std::min(sampler.window(), fits));
    std::map<int32_t, std::vector<int64_t>> missing;  // of the window, by recording
    std::vector<std::pair<int32_t, int64_t>>
        wanted;  // first missing frame of each clip, in order of need
    for (int64_t i = 0; i < window; ++i) {
      ClipRef ref;
      try {
        ref = usable_clip(begin + static_cast<uint64_t>(i));
      } catch (const Error&) {
        if (i < options.batch) throw;
        break;  // the clips before it come first
      }
      bool first = true;
      for (int64_t f : ref.frames) {
        const uint64_t key = FrameCache::key(ref.recording, f);
        if (cache.find(key, i < options.batch) || in_flight.count(key) ||
            has_copy(ref.recording, f))
          continue;
        if (!suspects.count(key)) add_unit(ref.recording, f, &missing[ref.recording]);
        if (first) wanted.emplace_back(ref.recording, f);
        first = false;
      }
    }
    for (auto& [recording, frames] : missing) {
      std::sort(frames.begin(), frames.end());
      frames.erase(std::unique(frames.begin(), frames.end()), frames.end());
    }
    for (Job& job : jobs) {
      if (job.worker->busy()) continue;
      while (!wanted.empty() && in_flight.count(FrameCache::key(wanted[0].first, wanted[0].second)))
        wanted.erase(wanted.begin());
      if (wanted.empty()) return;
      const auto [recording, frame] = wanted[0];
      job.recording = recording;
      job.frames.clear();
      if (suspects.count(FrameCache::key(recording, frame)))
        add_unit(recording, frame, &job.frames);
      else
        job.frames =
            neighbours(recordings[static_cast<size_t>(recording)], missing[recording], frame);
      for (int64_t f : job.frames) in_flight.insert(FrameCache::key(recording, f));
      std::erase_if(missing[recording],
                    [&](int64_t f) { return in_flight.count(FrameCache::key(recording, f)) > 0; });
      std::erase_if(wanted, [&](const auto& w) {
        return in_flight.count(FrameCache::key(w.first, w.second)) > 0;
      });
      job.worker->ask_read(
          recordings[static_cast<size_t>(recording)],
          {.frames = job.frames, .height = options.decode_height, .width = options.decode_width});
    }
  }

  // The missing frames around `frame` that one pass of the decoder gives with little waste.
  std::vector<int64_t> neighbours(const Recording& r, const std::vector<int64_t>& frames,
                                  int64_t frame) const {
    const int64_t most =
        std::max<int64_t>(1, std::min<int64_t>(256, (int64_t{256} << 20) / frame_bytes));
    const auto apart = [&](int64_t a, int64_t b) {
      const auto key = std::upper_bound(r.key_frames.begin(), r.key_frames.end(), a);
      return b - a > kJoin && key != r.key_frames.end() && *key <= b;
    };
    const auto here = std::lower_bound(frames.begin(), frames.end(), frame);
    auto begin = here, end = here + 1;
    while (end != frames.end() && end - begin < most && !apart(*(end - 1), *end)) ++end;
    while (begin != frames.begin() && end - begin < most && !apart(*(begin - 1), *begin)) --begin;
    if (copies) {  // whole units
      const auto same = [&](auto a, auto b) { return copies->unit_of(*a) == copies->unit_of(*b); };
      while (end != frames.end() && same(end - 1, end)) ++end;
      while (begin != frames.begin() && same(begin - 1, begin)) --begin;
    }
    return {begin, end};
  }

  // Takes the workers' answers. `sleep`: until there is one, a deadline passes or the caller calls.
  void wait(bool sleep) {
    std::vector<pollfd> waits{{wake, POLLIN, 0}};
    double patience = 1e6;
    for (const Job& job : jobs) {
      if (!job.worker->busy()) continue;
      waits.push_back({job.worker->socket(), POLLIN, 0});
      patience = std::min(patience, std::max(0.0, job.worker->seconds_left()) + 1e-3);
    }
    if (!sleep) patience = 0;
    poll(waits.data(), waits.size(), static_cast<int>(patience * 1000));
    uint64_t count = 0;
    (void)!read(wake, &count, sizeof count);
    for (Job& job : jobs)
      if (job.worker->busy())
        if (std::optional<WorkerReply> reply = job.worker->try_answer()) accept(job, *reply);
  }

  void accept(Job& job, const WorkerReply& reply) {
    if (!reply.ok || !copies)
      for (int64_t f : job.frames) in_flight.erase(FrameCache::key(job.recording, f));
    {
      const std::lock_guard lock(mutex);
      statistics.decode_seconds += reply.cpu_seconds;
      statistics.frames_decoded += reply.frames_decoded;
    }
    if (!reply.ok) {
      // Which frames were asked for together is chance; whether one can be read alone is not, nor
      // whether all of one unit can.
      const bool one_unit = suspects.count(FrameCache::key(job.recording, job.frames[0])) > 0;
      for (int64_t f : job.frames) {
        suspects.insert(FrameCache::key(job.recording, f));
        if (one_unit) split_units.insert(FrameCache::key(job.recording, f));
      }
      if (job.frames.size() == 1)
        unreadable.emplace(FrameCache::key(job.recording, job.frames[0]),
                           Quarantined{recordings[static_cast<size_t>(job.recording)].path,
                                       reply.category, reply.reason});
      return;
    }
    std::set<int64_t> damaged;
    for (const auto& [frame, reason] : reply.damaged) {
      damaged.insert(frame);
      report_damage(job.recording, reason);
      bad_frames.insert(FrameCache::key(job.recording, frame));
    }
    const size_t size = static_cast<size_t>(frame_bytes);
    if (copies)
      stores.push_back({job.recording, job.frames, {reply.pixels.begin(), reply.pixels.end()}, 0});
    else
      for (size_t i = 0; i < job.frames.size(); ++i)
        if (!damaged.count(job.frames[i]))
          insert_frame(job.recording, job.frames[i], reply.pixels.subspan(i * size, size));
  }

  void insert_frame(int32_t recording, int64_t frame, std::span<const uint8_t> pixels) {
    const uint64_t key = FrameCache::key(recording, frame);
    cache.insert(key, pixels);
    if (needed.count(key)) cache.find(key, true);  // it stays until the batch is made
  }

  // ---- copies on disk

  // Its frames in the file, whichever of them are used.
  const CopySource* source_of(int32_t recording) {
    const auto known = sources.find(recording);
    if (known != sources.end()) return known->second ? &*known->second : nullptr;
    std::optional<CopySource>& source = sources[recording];
    try {
      source = copy_source(recordings[static_cast<size_t>(recording)]);
    } catch (const Error&) {  // the worker will say what is wrong with the file
    }
    return source ? &*source : nullptr;
  }

  bool has_copy(int32_t recording, int64_t frame) {
    if (!copies) return false;
    const CopySource* source = source_of(recording);
    return source && copies->has(*source, copies->unit_of(frame));
  }

  // The frames that are decoded together with `frame`: its unit, unless that failed as a whole.
  void add_unit(int32_t recording, int64_t frame, std::vector<int64_t>* frames) const {
    if (!copies || split_units.count(FrameCache::key(recording, frame))) {
      frames->push_back(frame);
      return;
    }
    const int64_t first = copies->unit_of(frame) * copies->unit_frames();
    const int64_t end = std::min(first + copies->unit_frames(),
                                 recordings[static_cast<size_t>(recording)].num_frames());
    for (int64_t f = first; f < end; ++f) frames->push_back(f);
  }

  // Reads a frame of a clip from its copy into the cache, and with it those of its unit that are
  // likely to be used soon.
  bool read_copy(const ClipRef& ref, int64_t frame) {
    if (!has_copy(ref.recording, frame)) return false;
    const Clock::time_point start = Clock::now();
    const CopySource& source = *source_of(ref.recording);
    const int64_t unit = copies->unit_of(frame), first = unit * copies->unit_frames();
    const size_t count =
        static_cast<size_t>(std::min(copies->unit_frames(), source.num_frames - first));
    const size_t size = static_cast<size_t>(frame_bytes);
    unit_buffer.resize(count * size);
    std::vector<uint8_t*> out(count, nullptr);
    for (size_t i = 0; i < count; ++i) {
      const int64_t f = first + static_cast<int64_t>(i);
      const bool wanted =
          whole_units || std::binary_search(ref.frames.begin(), ref.frames.end(), f);
      if (wanted && !cache.find(FrameCache::key(ref.recording, f), false))
        out[i] = unit_buffer.data() + i * size;
    }
    const bool good = copies->read(source, unit, out);
    int64_t read = 0;
    for (size_t i = 0; good && i < count; ++i)
      if (out[i]) {
        insert_frame(ref.recording, first + static_cast<int64_t>(i), {out[i], size});
        ++read;
      }
    const bool found = cache.find(FrameCache::key(ref.recording, frame), true);
    const std::lock_guard lock(mutex);
    statistics.frames_from_copies += read;
    statistics.copy_seconds += since(start);
    message += copies->take_message();
    return found;
  }

  // Keeps one unit of what workers have decoded, so that they are not kept waiting for long. False
  // if there is none.
  bool store_next() {
    if (stores.empty()) return false;
    const Clock::time_point start = Clock::now();
    Store& s = stores.front();
    const CopySource* source = source_of(s.recording);
    const size_t size = static_cast<size_t>(frame_bytes);
    const int64_t unit = copies->unit_of(s.frames[s.done]);
    const int64_t first = unit * copies->unit_frames();
    const int64_t whole = std::min(
        copies->unit_frames(), recordings[static_cast<size_t>(s.recording)].num_frames() - first);
    std::vector<uint8_t*> rgb;
    std::vector<int64_t> frames;
    for (; s.done < s.frames.size() && copies->unit_of(s.frames[s.done]) == unit; ++s.done) {
      const uint64_t key = FrameCache::key(s.recording, s.frames[s.done]);
      in_flight.erase(key);
      if (bad_frames.count(key)) continue;
      frames.push_back(s.frames[s.done]);
      rgb.push_back(s.pixels.data() + s.done * size);
    }
    if (source && static_cast<int64_t>(frames.size()) == whole) copies->store(*source, unit, rgb);
    for (size_t i = 0; i < frames.size(); ++i) insert_frame(s.recording, frames[i], {rgb[i], size});
    if (s.done == s.frames.size()) stores.pop_front();
    const std::lock_guard lock(mutex);
    statistics.copy_seconds += since(start);
    message += copies->take_message();
    return true;
  }

  // The whole recording, from this position on.
  void give_up(int32_t recording, uint64_t at, const Quarantined& why) {
    gone_from[static_cast<size_t>(recording)] = at;
    const std::lock_guard lock(mutex);
    given_up[recording] = {at, why};
  }

  // Lists the files given up before position `end`. REQUIRES: the mutex is held.
  void list_given_up(uint64_t end) {
    for (auto at = given_up.begin(); at != given_up.end();) {
      if (at->second.first < end) {
        quarantined.push_back(std::move(at->second.second));
        at = given_up.erase(at);
      } else {
        ++at;
      }
    }
  }

  void report_damage(int32_t recording, const std::string& reason) {
    if (!reported.insert(recording).second) return;
    const std::lock_guard lock(mutex);
    quarantined.push_back(
        {recordings[static_cast<size_t>(recording)].path, "input", reason, false});
  }

  // Set once
  const std::vector<Recording> recordings;
  const LoaderOptions options;
  const ClipSampler sampler;
  const int64_t frame_bytes;
  int64_t frames_per_clip = 0;

  // Of the prefetch thread
  FrameCache cache;
  std::vector<Job> jobs;
  std::set<uint64_t> in_flight;  // frames that a worker decodes now
  std::set<uint64_t> needed;     // frames that the batch at `making` lacks
  std::deque<ClipRef> ahead;     // clips of the positions from ahead_begin on
  uint64_t ahead_begin = 0;
  std::set<uint64_t> bad_frames;               // damaged
  std::set<uint64_t> suspects;                 // of requests that failed: asked for by unit,
  std::set<uint64_t> split_units;              // and of units that failed: one by one
  std::map<uint64_t, Quarantined> unreadable;  // frames that failed alone, and why
  std::vector<uint64_t> gone_from;             // [recordings] not touched from this position on
  std::set<int32_t> reported;                  // damaged
  std::vector<uint8_t> clip_frames_buffer, unit_buffer;
  struct Store {
    int32_t recording;
    std::vector<int64_t> frames;
    std::vector<uint8_t> pixels;  // [frames, decode_height, decode_width, 3]
    size_t done;                  // frames
  };
  std::optional<CopyCache> copies;
  std::map<int32_t, std::optional<CopySource>> sources;  // of recordings met so far
  std::deque<Store> stores;  // decoded, and not yet kept; their frames are in flight
  bool whole_units = true;   // all frames of a unit are used at about the same time
  uint64_t seen_generation = 0;

  // Shared, under the mutex
  mutable std::mutex mutex;
  std::condition_variable ready_changed;
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

const Batch& ClipLoader::next() {
  const Clock::time_point start = Clock::now();
  if (!impl_->thread.joinable()) impl_->thread = std::thread([impl = impl_.get()] { impl->run(); });
  {
    std::unique_lock lock(impl_->mutex);
    impl_->ready_changed.wait(lock, [&] { return !impl_->ready.empty() || impl_->failure; });
    if (impl_->ready.empty()) std::rethrow_exception(impl_->failure);
    impl_->spare.push_back(std::move(impl_->current));
    impl_->current = std::move(impl_->ready.front());
    impl_->ready.pop_front();
    impl_->position = impl_->current.first_position + static_cast<uint64_t>(impl_->options.batch);
    impl_->list_given_up(impl_->position);
    impl_->statistics.wait_seconds += since(start);
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

}  // namespace dojo
