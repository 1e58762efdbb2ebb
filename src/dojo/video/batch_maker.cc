#include "dojo/video/batch_maker.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <unordered_set>
#include <utility>

#include "dojo/base/clock.h"
#include "dojo/base/error.h"

namespace dojo {
namespace {

// The last frames of a group of pictures are decoded with those before them, rather than later with
// all of the group again, if there are no more of them than so: 1.3 s of most recordings.
constexpr int64_t kFinish = 48;

struct FrameRange {
  int64_t begin, end;
};

// What the decoder passes on its way to the frames from `first` to `last`, and goes on to at little
// cost.
FrameRange one_pass(const Recording& r, int64_t first, int64_t last) {
  const auto begin = std::upper_bound(r.key_frames.begin(), r.key_frames.end(), first);
  const auto next = std::upper_bound(begin, r.key_frames.end(), last);
  const int64_t end = next == r.key_frames.end() ? r.end_frame : *next;
  return {begin == r.key_frames.begin() ? 0 : *(begin - 1), end - last <= kFinish ? end : last + 1};
}

// Calls use(recording, frame) for each picture of a clip, in the order of its bytes. Frame -1:
// there is none.
template <class Use>
void for_each_picture(const ClipRef& ref, const Use& use) {
  for (const CameraFrame& v : ref.views) use(static_cast<int32_t>(v.recording), v.frame);
  if (!ref.views.empty()) return;
  for (int64_t f : ref.frames) use(ref.recording, f);
}

// What a clip takes of each recording, from its first frame there to its last.
std::map<int32_t, FrameRange> spans_of(const ClipRef& ref) {
  std::map<int32_t, FrameRange> spans;
  for_each_picture(ref, [&](int32_t recording, int64_t f) {
    if (f >= 0) spans.try_emplace(recording, FrameRange{f, f}).first->second.end = f + 1;
  });
  return spans;
}

bool shows(const ClipRef& ref, int32_t recording, int64_t frame) {
  bool found = false;
  for_each_picture(ref, [&](int32_t r, int64_t f) { found |= r == recording && f == frame; });
  return found;
}

bool is_within(const std::vector<FrameRange>& ranges, int64_t frame) {
  return std::any_of(ranges.begin(), ranges.end(), [&](const FrameRange& range) {
    return frame >= range.begin && frame < range.end;
  });
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

// Says what is being done for as long as this object lives.
class BatchMaker::Doing {
 public:
  Doing(std::atomic<Cause>* doing, Cause now) : doing_(doing), before_(doing->exchange(now)) {}
  ~Doing() { *doing_ = before_; }
  Doing(const Doing&) = delete;
  Doing& operator=(const Doing&) = delete;

 private:
  std::atomic<Cause>* doing_;
  Cause before_;
};

BatchMaker::BatchMaker(std::vector<Recording> recordings, const SamplerOptions& sampler,
                       const LoaderOptions& options, int wake)
    : options_(options),
      frame_bytes_(options.decode_height * options.decode_width * 3),
      frames_per_clip_(sampler.frames * std::max<int64_t>(1, std::ssize(options.cameras.names))),
      wake_(wake),
      whole_units_(sampler.order != SamplingOrder::kUniform),
      plan_(std::move(recordings), sampler, options.quarantined, options.cameras),
      cache_(options.cache_bytes, frame_bytes_),
      copies_(make_copies(options)),
      pool_({.workers = options.workers,
             .worker = {.deadline_seconds = options.deadline_seconds,
                        .max_bytes = options.max_worker_bytes},
             .height = options.decode_height,
             .width = options.decode_width,
             .keep_damaged = options.keep_damaged,
             .unit_frames = copies_ ? copies_->unit_frames() : 1}) {
  if (plan_.sampler().is_complete() && plan_.sampler().clips_per_epoch() == 0)
    throw Error(Category::kInput,
                fmt::format("no recording has a clip of {} frames, {:g} s apart", sampler.frames,
                            sampler.interval_seconds),
                {}, "take fewer frames or another interval");
  if (plan_.views()) add_message(plan_.views()->message());
  for (const Quarantined& q : options.quarantined)
    for (size_t i = 0; i < plan_.recordings().size(); ++i)
      if (plan_.recordings()[i].path == q.path) {
        reported_.insert(static_cast<int32_t>(i));
        news_.damaged.push_back(q);
      }
}

void BatchMaker::seek(uint64_t position) {
  begin_ = position;
  is_first_ = true;
  cache_.release_kept();
  needed_.clear();
  settled_until_ = 0;
}

uint64_t BatchMaker::position_of(int64_t i) const {
  return begin_ + static_cast<uint64_t>(options_.rank + i * options_.world);
}

uint64_t BatchMaker::positions_of_batch() const {
  return static_cast<uint64_t>(options_.batch * options_.world);
}

BatchMaker::News BatchMaker::take_news() { return std::exchange(news_, {}); }

// ---- indexing

void BatchMaker::begin_indexing() {
  std::vector<Recording> files;
  for (int32_t i : plan_.sampler().order_of_need()) {
    if (plan_.is_settled(i)) continue;
    index_number_[i] = files.size();
    index_recording_.push_back(i);
    files.push_back(plan_.recording(i));
  }
  if (!files.empty()) indexing_.emplace(std::move(files), options_.indexing, wake_);
}

void BatchMaker::take_indexed() {
  if (!indexing_) return;
  const std::vector<Indexed> files = indexing_->take();
  if (files.empty()) return;
  for (const Indexed& file : files) {
    plan_.settle(index_recording_[file.file], file);
    if (const Recording& r = file.recording; !r.note.empty())
      news_.damaged.push_back({r.path, "input", r.note, /*whole_file=*/false});
  }
  if (Catalogue* catalogue = options_.indexing.catalogue)
    for (const std::string& text : catalogue->take_messages()) add_message(text);
  if (plan_.sampler().is_complete()) indexing_.reset();
}

// The clip of a position, as far as is known now; where it is not, what it lacks is asked for.
std::optional<ClipRef> BatchMaker::clip(uint64_t position) {
  std::optional<ClipRef> ref = plan_.clip(position);
  if (ref || !indexing_) return ref;
  std::vector<size_t> files;
  for (int32_t i : plan_.missing(position)) files.push_back(index_number_.at(i));
  if (files != wanted_files_) indexing_->want(files);
  wanted_files_ = std::move(files);
  return ref;
}

// ---- batches

bool BatchMaker::make(Batch* batch) {
  const double start = steady_seconds();
  batch->refs.clear();
  needed_.clear();
  for (int64_t i = 0; i < options_.batch; ++i) {
    std::optional<ClipRef> ref = clip(position_of(i));
    if (!ref) break;
    batch->refs.push_back(*std::move(ref));
  }
  for (const ClipRef& ref : batch->refs)
    for_each_picture(ref, [&](int32_t recording, int64_t f) {
      if (f < 0) return;
      const uint64_t key = FrameCache::key(recording, f);
      if (!cache_.find(key, true) && !read_copy(ref, recording, f)) needed_.insert(key);
    });
  const bool known = std::ssize(batch->refs) == options_.batch;
  if (!known || !needed_.empty()) {
    lacking_ = known ? &WaitCauses::decoding : &WaitCauses::indexing;
    return false;
  }
  batch->first_position = position_of(0);
  stats_.frames_from_cache += fill(batch);
  cache_.release_kept();
  is_first_ = false;
  begin_ += positions_of_batch();
  plan_.forget_before(begin_);
  for (ClipPlan::GivenUp& g : plan_.take_given_up()) {
    note(g.recording, g.why);
    news_.given_up.push_back(std::move(g));
  }
  stats_.assemble_seconds += steady_seconds() - start;
  return true;
}

// The pixels of the batch from frames in memory. Returns how many of these were used before.
int64_t BatchMaker::fill(Batch* batch) {
  int64_t found = 0;
  const size_t picture_bytes = static_cast<size_t>(options_.height * options_.width * 3);
  const size_t pictures = static_cast<size_t>(frames_per_clip_),
               clip_bytes = pictures * picture_bytes;
  batch->clips.resize(clip_bytes * static_cast<size_t>(options_.batch));
  batch->mask.clear();
  clip_frames_buffer_.resize(static_cast<size_t>(frames_per_clip_ * frame_bytes_));
  for (size_t i = 0; i < batch->refs.size(); ++i) {
    const ClipRef& ref = batch->refs[i];
    const std::span<uint8_t> clip(batch->clips.data() + i * clip_bytes, clip_bytes);
    uint8_t* to = options_.transform ? clip_frames_buffer_.data() : clip.data();
    for_each_picture(ref, [&](int32_t recording, int64_t f) {
      batch->mask.push_back(f >= 0);
      if (f < 0) {
        std::memset(to, 0, static_cast<size_t>(frame_bytes_));
      } else {
        const uint64_t key = FrameCache::key(recording, f);
        std::memcpy(to, cache_.find(key, false), static_cast<size_t>(frame_bytes_));
        found += cache_.use(key);
      }
      to += frame_bytes_;
    });
    if (!options_.transform) continue;
    options_.transform(position_of(static_cast<int64_t>(i)), ref, clip_frames_buffer_, clip);
    for (size_t k = 0; k < pictures; ++k)
      if (!batch->mask[i * pictures + k])
        std::memset(clip.data() + k * picture_bytes, 0, picture_bytes);
  }
  return found;
}

// ---- decoding

void BatchMaker::work() {
  ask_workers();
  wait(!store_next());
}

void BatchMaker::ask_workers() {
  if (!pool_.has_idle() || (needed_.empty() && begin_ < settled_until_)) return;
  pool_.ask(plan_.recordings(), wants());
}

// In order of need: the clips of the next batch first, then those that follow, in whole groups of
// mixed runs as far as their frames fit into the memory: of half a group, other frames of the same
// groups of pictures would be asked for later, and decoded again. Of the first batch after a start
// or a seek, for which the caller waits, only that is asked for which one pass to its frames gives:
// the rest of its runs comes after it.
std::vector<DecodePool::Want> BatchMaker::wants() {
  const int64_t window = std::max(options_.batch, plan_.sampler().window() / options_.world);
  const size_t fits = cache_.capacity() * 7 / 8;
  std::vector<DecodePool::Want> wants;
  size_t in_batch = 0;                                    // of `wants`
  std::optional<size_t> in_groups;                        // of `wants`: those of whole groups
  uint64_t group_end = 0, first_group_end = 0;            // positions
  std::unordered_set<uint64_t> seen;                      // frames
  std::map<int32_t, std::vector<FrameRange>> on_the_way;  // of the first batch
  for (int64_t i = 0; i < window; ++i) {
    const uint64_t at = position_of(i);
    std::optional<ClipRef> ref;
    try {
      ref = clip(at);
    } catch (const Error&) {
      if (i < options_.batch) throw;
    }
    if (!ref) break;  // the clips before it come first
    if (at >= group_end) {
      if (i > 0) in_groups = wants.size();
      if (first_group_end == 0) first_group_end = group_end;
      group_end = plan_.sampler().mixed_until(at);
    }
    if (is_first_ && i < options_.batch)
      for (const auto& [recording, span] : spans_of(*ref))
        on_the_way[recording].push_back(
            one_pass(plan_.recording(recording), span.begin, span.end - 1));
    const bool first_only = is_first_ && i >= options_.batch && in_batch > 0;
    for_each_picture(*ref, [&](int32_t recording, int64_t f) {
      if (f < 0 || (first_only && !is_within(on_the_way[recording], f))) return;
      const uint64_t key = FrameCache::key(recording, f);
      if (seen.insert(key).second && !cache_.find(key, i < options_.batch) &&
          !pool_.is_in_flight(recording, f) && !has_copy(recording, f))
        wants.push_back(
            {recording, f, plan_.is_suspect(recording, f), plan_.is_split(recording, f)});
    });
    if (i < options_.batch) in_batch = wants.size();
    if (i >= options_.batch && seen.size() > fits) break;
  }
  if (in_groups) wants.resize(std::max(in_batch, *in_groups));
  if (in_groups && wants.empty()) settled_until_ = first_group_end;
  return wants;
}

// Takes the workers' answers. `sleep`: until there is one, a deadline passes or somebody calls.
void BatchMaker::wait(bool sleep) {
  std::vector<pollfd> waits{{wake_, POLLIN, 0}};
  double patience = 1e6;
  pool_.add_waits(&waits, &patience);
  if (!sleep) patience = 0;
  const Doing waiting(&doing_, lacking_);
  poll(waits.data(), waits.size(), static_cast<int>(patience * 1000));
  uint64_t count = 0;
  (void)!read(wake_, &count, sizeof count);
  pool_.take_answers([this](int32_t recording, const std::vector<int64_t>& frames,
                            const WorkerReply& reply) { accept(recording, frames, reply); });
}

void BatchMaker::accept(int32_t recording, const std::vector<int64_t>& frames,
                        const WorkerReply& reply) {
  stats_.decode_seconds += reply.cpu_seconds;
  stats_.frames_decoded += reply.frames_decoded;
  if (!reply.unguarded.empty() && std::exchange(guarded_, false))
    add_message("decoding processes are less shut in than they could be: " + reply.unguarded);
  if (!reply.ok || !reply.damaged.empty()) settled_until_ = 0;  // other clips take their place
  if (!reply.ok || !copies_)
    for (int64_t f : frames) pool_.landed(recording, f);
  if (!reply.ok) {
    plan_.frames_failed(recording, frames,
                        {plan_.recording(recording).path, reply.category, reply.reason});
    return;
  }
  std::set<int64_t> not_kept;
  for (const auto& [frame, reason] : reply.damaged) {
    report_damage(recording, reason);
    if (std::binary_search(reply.kept.begin(), reply.kept.end(), frame)) continue;
    not_kept.insert(frame);
    plan_.frame_is_damaged(recording, frame);
  }
  const size_t size = static_cast<size_t>(frame_bytes_);
  for (size_t i = 0; i < frames.size(); ++i) {
    if (not_kept.count(frames[i])) continue;
    // A damaged frame that is used all the same is not worth a copy.
    const bool damaged = std::binary_search(reply.kept.begin(), reply.kept.end(), frames[i]);
    if (damaged || !copies_)
      insert_frame(recording, frames[i], reply.pixels.subspan(i * size, size));
    if (damaged) not_kept.insert(frames[i]);
  }
  if (copies_) copies_->add(recording, frames, reply.pixels, std::move(not_kept));
}

void BatchMaker::insert_frame(int32_t recording, int64_t frame, std::span<const uint8_t> pixels) {
  const uint64_t key = FrameCache::key(recording, frame);
  cache_.insert(key, pixels);
  if (needed_.count(key)) cache_.find(key, true);  // it stays until the batch is made
}

// ---- copies on disk

bool BatchMaker::has_copy(int32_t recording, int64_t frame) {
  return copies_ && copies_->has(recording, plan_.recording(recording), frame);
}

// Reads a frame of a clip from its copy into the memory, and with it those of its unit that are
// likely to be used soon.
bool BatchMaker::read_copy(const ClipRef& ref, int32_t recording, int64_t frame) {
  if (!has_copy(recording, frame)) return false;
  const double start = steady_seconds();
  const Doing reading(&doing_, &WaitCauses::copies);
  std::vector<uint64_t> reserved;
  const bool read = copies_->read(recording, plan_.recording(recording), frame, [&](int64_t f) {
    const uint64_t key = FrameCache::key(recording, f);
    if (!(whole_units_ || shows(ref, recording, f)) || cache_.find(key, false))
      return static_cast<uint8_t*>(nullptr);
    reserved.push_back(key);
    return cache_.reserve(key);
  });
  if (read)
    stats_.frames_from_copies += std::ssize(reserved);
  else
    for (uint64_t key : reserved) cache_.give_back(key);
  stats_.copy_seconds += steady_seconds() - start;
  add_message(copies_->take_message());
  return read;
}

// Keeps one unit of what workers have decoded. False if there is none.
bool BatchMaker::store_next() {
  if (!copies_ || !copies_->has_waiting()) return false;
  const double start = steady_seconds();
  const Doing storing(&doing_, &WaitCauses::copies);
  const int32_t recording = copies_->waiting_recording();
  const std::vector<int64_t> frames = copies_->store_next(
      plan_.recording(recording),
      [&](int64_t f, std::span<const uint8_t> pixels) { insert_frame(recording, f, pixels); });
  for (int64_t f : frames) pool_.landed(recording, f);
  stats_.copy_seconds += steady_seconds() - start;
  add_message(copies_->take_message());
  return true;
}

// ---- what a person should know

void BatchMaker::add_message(const std::string& text) {
  if (!text.empty()) news_.message += (news_.message.empty() ? "" : "; ") + text;
}

void BatchMaker::report_damage(int32_t recording, const std::string& reason) {
  if (!reported_.insert(recording).second) return;
  const Quarantined problem{plan_.recording(recording).path, "input", reason, false};
  note(recording, problem);
  news_.damaged.push_back(problem);
}

void BatchMaker::note(int32_t recording, const Quarantined& problem) {
  if (Catalogue* catalogue = options_.indexing.catalogue; catalogue && problem.was_used)
    catalogue->note(real_path(plan_.recording(recording).path), problem);
}

}  // namespace dojo
